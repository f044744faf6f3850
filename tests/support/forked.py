"""Starts `newsloom` by a fork of a process that has imported it already, on Linux.

In: the command line and the options of subprocess.Popen. Out: a Popen, or None where only a new
interpreter does the same. The process is a child of this one, with a pid of its own.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("newsloom")
WRAPPERS = ("tests.support.saboteur", "tests.support.probe", "tests.support.release")
"""Modules that run `newsloom`, or what stands for it in a test, as the main program."""
OPTIONS = {"stdin", "stdout", "stderr", "cwd", "env"}
"""The options of subprocess.Popen that a forked process supports."""

_PR_SET_CHILD_SUBREAPER = 36


def fork_newsloom(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes] | None:
    """Starts `newsloom` or one of WRAPPERS; None for other programs and unsupported options.

    None too if the environment differs from that of this process in a variable that is not
    `NEWSLOOM_*`: Python and libraries read such variables when they are imported.
    """
    wrapped = (sys.executable, "-m", *command[2:3])
    is_newsloom = command[0] == str(COMMAND) or (
        wrapped == tuple(command[:3]) and command[2] in WRAPPERS
    )
    environment = os.environ if options.get("env") is None else options["env"]
    if sys.platform != "linux" or not is_newsloom or not options.keys() <= OPTIONS:
        return None
    if _other_variables(environment) != _other_variables(os.environ):
        return None
    return _Forked(command, **options)


def end_fork_server() -> None:
    """Ends the process that is forked, if it runs; it also ends when this process does."""
    if _server.cache_info().currsize:
        _server().end()
        _server.cache_clear()


def _other_variables(environment: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if not k.startswith(("NEWSLOOM_", "PYTEST_"))}


class _Forked(subprocess.Popen[bytes]):
    """A process that was forked instead of executed. All else is inherited."""

    def _execute_child(self, *parts: Any) -> None:
        command, folder, environment, pipes = parts[0], parts[5], parts[6], parts[10:16]
        request = {
            "command": command,
            "environment": dict(os.environ if environment is None else environment),
            "folder": str(folder or Path.cwd()),
        }
        ends = (pipes[0], pipes[3], pipes[5])  # -1: the stream of this process
        descriptors = [number if end == -1 else end for number, end in enumerate(ends)]
        self.pid = _server().fork(json.dumps(request).encode(), descriptors)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


class _Server:
    """The process that is forked."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=_other_variables(os.environ),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )

    def fork(self, request: bytes, descriptors: Sequence[int]) -> int:
        """The pid of a new child of this process."""
        with self._lock:
            # The parent of the new process ends at once, and this process takes its place.
            _set_subreaper(True)
            try:
                socket.send_fds(self._connection, [request], descriptors)
                pid = self._connection.recv(32)
                assert self._connection.recv(32), "the server ended: its standard error says why"
                return int(pid)
            finally:
                _set_subreaper(False)

    def end(self) -> None:
        self._connection.close()
        self._process.communicate()


_server = cache(_Server)


def _set_subreaper(is_on: bool) -> None:
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(is_on), 0, 0, 0):
        raise OSError("this process cannot become the parent of orphans")
