"""Starts processes for tests; none outlives its test, even if the test fails."""

import subprocess
from typing import Any

from tests.support.forked import fork_newsloom

_started: list[subprocess.Popen[bytes]] = []


def start_process(
    command: list[Any], *, is_fresh: bool = False, **options: Any
) -> subprocess.Popen[bytes]:
    """Starts a process that is killed when the test ends, if it still runs then.

    `newsloom` is forked from a process that has imported it, which saves most of its processor
    time. With `is_fresh` it starts in a new interpreter, as for users.
    """
    words = list(map(str, command))
    process = None if is_fresh else fork_newsloom(words, **options)
    process = process or subprocess.Popen(words, **options)
    _started.append(process)
    return process


def kill_processes() -> None:
    """Kills all started processes, so that no reader waits for their pipes any longer."""
    for process in _started:
        process.kill()


def end_processes() -> None:
    """Kills the started processes that still run, and closes their pipes."""
    kill_processes()
    while _started:
        process = _started.pop()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()
