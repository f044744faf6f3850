"""Imports all of Newsloom once, then forks itself for each command that a test starts.

In: requests over a Unix socket: the command line, the environment, the folder, and descriptors for
standard input, output and error. Out: a process that runs the command as a new interpreter would.
Imports take most of the processor time of a short command; a forked process needs none.
"""

import json
import os
import runpy
import socket
import sys
from importlib import import_module
from pathlib import Path

MAX_REQUEST_BYTES = 131_072
LATE_IMPORTS = ("adapters.images.checks", "adapters.web.client", "runtimes.kafka.worker.worker")
"""Modules that commands import while they run."""


def _import_all() -> None:
    from newsloom.cli import COMMANDS

    for name in (*(f"commands.{module}" for module in COMMANDS.values()), *LATE_IMPORTS):
        import_module(f"newsloom.{name}")


def _serve(connection: socket.socket) -> bytes:
    """Forks for each request, and returns the request in the new process.

    Returns no bytes in this process, when the other end of the connection is closed.
    """
    while True:
        request, descriptors, *_ = socket.recv_fds(connection, MAX_REQUEST_BYTES, 3)
        if not request:
            return b""
        middle = os.fork()
        if middle == 0:
            middle = os.getpid()
            pid = os.fork()
            if pid == 0:
                while os.getppid() == middle:
                    os.sched_yield()
                for number, descriptor in enumerate(descriptors):
                    os.dup2(descriptor, number)
                    os.close(descriptor)
                connection.close()
                return request
            connection.send(str(pid).encode())
            os._exit(0)
        # The new process has lost its parent now: it is a child of the process that asked for it.
        os.waitpid(middle, 0)
        connection.send(b"ready")
        for descriptor in descriptors:
            os.close(descriptor)


def _run(command: list[str], environment: dict[str, str], folder: str) -> None:
    """Runs a script, or `python -m MODULE`, as the main program of this process."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if command[1:2] == ["-m"]:
        sys.argv, sys.path[0] = command[2:], folder
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = command, str(Path(command[0]).parent)
        runpy.run_path(command[0], run_name="__main__")


def main() -> None:
    """Serves the socket whose descriptor is the first argument."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    request = _serve(connection)
    if not request:
        os._exit(0)  # Freeing all modules one by one would take half a second.
    _run(**json.loads(request))


if __name__ == "__main__":
    main()
