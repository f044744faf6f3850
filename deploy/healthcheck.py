"""The health check of the image: exit code 0 if /healthz of every worker in the container succeeds.

In: NEWSLOOM_METRICS_PORT; it asks the ports of both stages on loopback. Out: an exit code, and the
reason on standard error. A refused connection means that the stage does not run in this container.
"""

import os
import sys
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

DEFAULT_PORT = 9780
TIMEOUT_S = 2.0


def main() -> int:
    """0 if at least one worker answers and every worker that answers is healthy, else 1."""
    enrich = int(os.environ.get("NEWSLOOM_METRICS_PORT", DEFAULT_PORT))
    answered = 0
    for port in (enrich, enrich + 1):
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=TIMEOUT_S).close()
        except HTTPError as error:
            print(f"port {port}: {error.read(1000).decode(errors='replace')}", file=sys.stderr)
            return 1
        except URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                continue
            print(f"port {port}: {error.reason}", file=sys.stderr)
            return 1
        except OSError as error:
            print(f"port {port}: {error}", file=sys.stderr)
            return 1
        answered += 1
    return 0 if answered else 1


if __name__ == "__main__":
    sys.exit(main())
