"""Identify a process by id and start time, and build commands that end with their parent.

In: process ids and signals. Out: start times, because a later process can have the same id; and the
prefix of such a command. Never sends a signal.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.py")


def read_start_time(pid: int) -> str | None:
    """The start time of a process as text, only for comparison; None if the process has ended."""
    if sys.platform == "linux":
        # proc(5): the text after the name starts with field 3 (state); 20 is the number of threads,
        # 22 the start time.
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        # A zombie with other threads has not ended: the threads still hold its ports and files.
        return None if fields[0] in "ZX" and int(fields[17]) <= 1 else fields[19]
    done = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True)
    state, _, start = done.stdout.decode().strip().partition(" ")
    return None if state[:1] in ("", "Z") else start.strip()


def exit_with_parent(number: signal.Signals) -> list[str]:
    """The prefix for a command that must get a signal when this process ends.

    Empty on systems other than Linux, where this is not possible.
    """
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", str(EXIT_WITH_PARENT), str(int(number)), str(os.getpid())]
