"""Processes that a test starts: none outlives it, whatever becomes of the test."""

import subprocess
from threading import Timer
from typing import Any

LONGEST_S = 600.0
"""Nobody waits at a pipe for longer."""

_started: list[tuple[subprocess.Popen[bytes], Timer]] = []


def start_process(order: list[Any], **options: Any) -> subprocess.Popen[bytes]:
    """Starts a process that is killed once the test is over, if it has not ended before."""
    process = subprocess.Popen(order, **options)
    timer = Timer(LONGEST_S, process.kill)
    timer.daemon = True
    timer.start()
    _started.append((process, timer))
    return process


def end_processes() -> None:
    """Kills what is left of them, and closes their pipes."""
    while _started:
        process, timer = _started.pop()
        timer.cancel()
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()
