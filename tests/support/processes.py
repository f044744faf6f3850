"""Starts processes for tests, none of which outlives its test; measures processes."""

import os
import subprocess
from pathlib import Path
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


def status(pid: int | str) -> dict[str, str]:
    """What the kernel says of a running process, by name; of this one for `self` (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def memory_kib(pid: int | str, name: str) -> int:
    """The memory of a running process: VmRSS is the present one, VmHWM the most that it had."""
    return int(status(pid)[name].split()[0])


def peak_mib(pid: int) -> float:
    """The most memory that a running process has had, in MiB."""
    return memory_kib(pid, "VmHWM") / 1024


def processor_s(pid: int) -> float:
    """The processor time that a running process has used, in seconds."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
