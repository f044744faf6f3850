"""A forked `newsloom` starts, runs and ends as one in a new interpreter does."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.forked import COMMAND, ROOT, fork_newsloom
from tests.support.processes import start_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux only")

PIPES: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)


def _probe(is_fresh: bool, how: str) -> tuple[int, bytes, bytes]:
    process = start_process(
        [sys.executable, "-m", "tests.support.probe", how, "an argument"],
        is_fresh=is_fresh,
        cwd=ROOT,
        env={**os.environ, "NEWSLOOM_OPERATOR_CONTACT": "desk@ledger.example"},
        **PIPES,
    )
    assert (type(process) is subprocess.Popen) == is_fresh
    out, err = process.communicate(b"two\nlines", timeout=30)
    return process.returncode, out, err


def test_it_sees_the_same_process() -> None:
    (_, forked, _), (_, fresh, _) = (_probe(is_fresh, "exit") for is_fresh in (False, True))
    state = json.loads(forked)
    assert state == json.loads(fresh)
    assert state["given"] == "two\nlines"
    assert state["parent"] == os.getpid()
    assert state["folder"] == str(ROOT)
    assert state["environment"]["NEWSLOOM_OPERATOR_CONTACT"] == "desk@ledger.example"


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("exit", 3, b""),
        ("message", 1, b"as the caller asked\n"),
        ("raise", 1, b"ValueError: as the caller asked\n"),
        ("SIGKILL", -9, b""),
        ("SIGTERM", -15, b""),
        ("SIGINT", -2, b"KeyboardInterrupt\n"),
    ],
)
def test_it_ends_in_the_same_way(how: str, code: int, said: bytes) -> None:
    for is_fresh in (False, True):
        ended, _, err = _probe(is_fresh, how)
        assert (ended, err[-len(said) :] if said else err) == (code, said), is_fresh


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["doctor-who"], ["worker"]])
def test_it_prints_the_same(arguments: list[str]) -> None:
    ends = []
    for is_fresh in (False, True):
        process = start_process([COMMAND, *arguments], is_fresh=is_fresh, **PIPES)
        ends.append((process.communicate(timeout=30), process.returncode))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    "options",
    [
        {"env": {**os.environ, "TMPDIR": "/var/tmp"}},
        {"env": {}},
        {"preexec_fn": os.getpid},
        {"start_new_session": True},
    ],
    ids=["another variable", "no variables", "preexec_fn", "start_new_session"],
)
def test_what_a_fork_cannot_do_needs_a_new_interpreter(options: dict[str, Any]) -> None:
    assert fork_newsloom([str(COMMAND), "--version"], **options) is None
    assert fork_newsloom([sys.executable, "-m", "tests.support.canary"]) is None


def test_the_process_that_is_forked_ends_when_its_owner_is_killed() -> None:
    script = (
        "import time\n"
        "from tests.support.forked import COMMAND, fork_newsloom\n"
        "fork_newsloom([str(COMMAND), '--version']).wait()\n"
        "time.sleep(60)\n"
    )
    owner = start_process([sys.executable, "-c", script], cwd=ROOT, **PIPES)
    assert owner.stdout is not None
    assert owner.stdout.readline().startswith(b"newsloom")
    owner.kill()
    # Standard error is inherited: it ends with the last process that has it.
    assert owner.communicate(timeout=30) == (b"", b"")
