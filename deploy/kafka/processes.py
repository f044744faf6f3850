"""Processes by more than their number, and processes that end with their parent.

Enters: process ids and signals. Leaves: what tells a process from a later one with the same id, and
the words that tie a command to us. Never signals anything itself.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.py")


def read_start_time(pid: int) -> str | None:
    """When the process started, in a form only good for comparing; None when it has ended."""
    if sys.platform == "linux":
        try:  # fields 3 (state), 20 (threads) and 22 (start) of proc(5), counted behind the name
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        # A zombie with threads has not ended: they still hold its ports and files.
        return None if fields[0] in "ZX" and int(fields[17]) <= 1 else fields[19]
    said = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True)
    state, _, start = said.stdout.decode().strip().partition(" ")
    return None if state[:1] in ("", "Z") else start.strip()


def exit_with_parent(number: signal.Signals) -> list[str]:
    """Words before a command that send it a signal when this process dies (Linux; else none)."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", str(EXIT_WITH_PARENT), str(int(number)), str(os.getpid())]
