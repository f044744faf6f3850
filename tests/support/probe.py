"""Prints what a process can see of its start, as JSON, then ends in a given way.

In: how to end: `exit`, `message`, `raise`, or the name of a signal; and anything on standard
input. Out: one line on standard output.
"""

import gc
import json
import os
import signal
import sys
import threading
from typing import Any


def _state() -> dict[str, Any]:
    main = sys.modules["__main__"]
    streams: list[Any] = [sys.stdin, sys.stdout, sys.stderr]
    return {
        "arguments": sys.argv[1:],
        "first path": sys.path[0],
        "main": [main.__name__, main.__file__],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "parent": os.getppid(),
        "group": os.getpgrp(),
        "session": os.getsid(0),
        "mask": os.umask(0o22),
        "handlers": {int(n): str(signal.getsignal(n)) for n in signal.valid_signals()},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": [thread.name for thread in threading.enumerate()],
        "collection": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "streams": [
            [s.fileno(), s.encoding, s.errors, s.line_buffering, s.write_through, s.isatty()]
            for s in streams
        ],
        "given": sys.stdin.read(),
    }


def main() -> None:
    """Prints the state, then ends as the first argument says."""
    print(json.dumps(_state()), flush=True)
    how = sys.argv[1]
    if how == "raise":
        raise ValueError("as the caller asked")
    if how in ("exit", "message"):
        sys.exit(3 if how == "exit" else "as the caller asked")
    os.kill(os.getpid(), signal.Signals[how])


if __name__ == "__main__":
    main()
