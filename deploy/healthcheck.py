"""The image's health check: 0 if the workers in this container say at /healthz that they are well.

Enters: NEWSLOOM_METRICS_PORT; it asks the ports of both stages on loopback. Leaves: an exit code,
and on standard error what is wrong. Where nobody listens, that stage does not run here.
"""

import os
import sys
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

DEFAULT_PORT = 9780
TIMEOUT_S = 2.0


def main() -> int:
    """0 if somebody answers and all who answer are well, else 1."""
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
