"""Runs `newsloom` in which inputs with a marker in their text kill, hang or break a stage.

In: for each stage what happens there, the time limit of a batch in seconds, and the arguments of
`newsloom`. Out: a `newsloom` process, whose code is otherwise unchanged.

    python -m tests.support.deadly enrich=kill,curate=hang 3 worker all --restart
    python -m tests.support.deadly curate=break 60x4 run events.jsonl --output out

`60x4` runs the command four times, in processes that share the time of the imports, and prints how
each ended.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

MARKERS = {"enrich": "Wreck of the Merganser", "curate": "Wreck of the Goosander"}
"""The text that makes an input deadly for a stage."""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hang() -> None:
    """Stays in one call into C, which holds the interpreter."""
    ctypes.PyDLL(None).sleep(3600)


def _break() -> None:
    raise ValueError("an oversight")


ACTIONS: dict[str, Callable[[], None]] = {"kill": _kill, "hang": _hang, "break": _break}


def _strike(stage: str, action: str) -> None:
    """Makes `stage` act on inputs with its marker."""
    from newsloom.pipeline import process

    name = {"enrich": "decode", "curate": "decide"}[stage]
    original, marker = getattr(process, name), MARKERS[stage]

    def wrapped(*arguments: Any) -> Any:
        if marker in repr(arguments[0] if stage == "enrich" else arguments[1]):
            ACTIONS[action]()
        return original(*arguments)

    setattr(process, name, wrapped)


def _run_often(times: int) -> None:
    """Returns in `times` children, one after the other, and never in this process."""
    import newsloom.commands.run
    import newsloom.runtimes.embedded  # noqa: F401

    for _ in range(times):
        sys.stdout.flush()
        child = os.fork()
        if not child:
            return
        _, status = os.waitpid(child, 0)
        print("ended:", os.waitstatus_to_exitcode(status), file=sys.stderr, flush=True)
    os._exit(0)


def main() -> None:
    """Changes the stages and the limit, then runs `newsloom`."""
    stages, limits, *arguments = sys.argv[1:]
    limit_s, _, times = limits.partition("x")
    from newsloom.runtimes import hang_limit

    # Other modules import the constant after this.
    hang_limit.MAX_WORK_S = float(limit_s)
    for pair in stages.split(","):
        _strike(*pair.split("="))
    if times:
        _run_often(int(times))
    sys.argv = ["newsloom", *arguments]
    from newsloom.cli import main

    main()


if __name__ == "__main__":
    main()
