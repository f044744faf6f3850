"""The notice about compiling is printed once, where a person sees it, and only if it is true."""

import subprocess
import sys

import pytest
from numba.core import event

from newsloom.cli import COMMANDS
from newsloom.commands.display.compile_notice import NOTICE, SEARCHING, compile_notice


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str, loops: int) -> str:
    """What is printed while `loops` loops are compiled for a command."""
    with compile_notice(arguments):
        for _ in range(loops):
            with event.trigger_event("numba:compile"):
                pass
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


# case: (arguments, how many loops are compiled, whether the notice is printed)
CASES: dict[str, tuple[tuple[str, ...], int, bool]] = {
    "several loops": (("run", "events.jsonl"), 7, True),
    "all loops are cached": (("run", "events.jsonl"), 0, False),
    "--quiet": (("run", "events.jsonl", "--quiet"), 7, False),
    "a command that does not search": (("topics", "check"), 7, False),
    "no command": ((), 7, False),
    "a worker whose standard error is a log": (("worker", "all"), 7, False),
}


@pytest.mark.parametrize("case", CASES)
def test_the_notice_is_printed(capsys: pytest.CaptureFixture[str], case: str) -> None:
    arguments, loops, is_printed = CASES[case]
    assert _printed(capsys, *arguments, loops=loops) == (f"{NOTICE}\n" if is_printed else "")


def test_a_worker_on_a_terminal_prints_the_notice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert _printed(capsys, "worker", "all", loops=7) == f"{NOTICE}\n"


def test_nothing_is_printed_after_the_block(capsys: pytest.CaptureFixture[str]) -> None:
    _printed(capsys, "run", loops=0)
    with event.trigger_event("numba:compile"):
        pass
    assert capsys.readouterr().err == ""


def test_the_other_commands_do_not_load_the_loops() -> None:
    modules = [COMMANDS[name] for name in COMMANDS if name not in SEARCHING]
    script = (
        "import sys; from importlib import import_module\n"
        f"for name in {modules}: import_module(f'newsloom.commands.{{name}}')\n"
        "print([m for m in sys.modules if m == 'numba' or 'newsloom.pipeline.search' in m])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == "[]\n"
