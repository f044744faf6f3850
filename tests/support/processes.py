"""Processes that a test starts: none outlives it, whatever becomes of the test."""

import subprocess
from typing import Any

_started: list[subprocess.Popen[bytes]] = []


def start_process(order: list[Any], **options: Any) -> subprocess.Popen[bytes]:
    """Starts a process that is killed once the test is over, if it has not ended before."""
    process = subprocess.Popen(order, **options)
    _started.append(process)
    return process


def kill_processes() -> None:
    """Kills them all, so that nobody waits at their pipes any more."""
    for process in _started:
        process.kill()


def end_processes() -> None:
    """Kills what is left of them, and closes their pipes."""
    kill_processes()
    while _started:
        process = _started.pop()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()
