"""The supervisor and its children on real processes: signals during a fork, and crashes."""

import subprocess
import sys

import pytest

_SUPERVISE = """
import os, signal, sys, time
from newsloom.runtimes.kafka.worker.supervisor import Supervisor

def send_sigterm():
    os.kill(os.getpid(), signal.SIGTERM)

os.register_at_fork({moment}=send_sigterm)
sys.exit(Supervisor({{"a": lambda: time.sleep(600)}}, should_restart={restart}).run())
"""


_CRASH = """
from newsloom.runtimes.kafka.worker.supervisor import Supervisor

def work():
    raise RuntimeError("why")

raise SystemExit(Supervisor({"a": work}, should_restart=False).run())
"""


def supervise(moment: str, restart: bool) -> subprocess.CompletedProcess[bytes]:
    script = _SUPERVISE.format(moment=moment, restart=restart)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20)


@pytest.mark.parametrize("restart", [False, True])
def test_a_signal_to_the_parent_right_after_the_fork_also_ends_the_child(restart: bool) -> None:
    ended = supervise("after_in_parent", restart)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_signal_to_the_child_right_after_the_fork_ends_it() -> None:
    ended = supervise("after_in_child", restart=False)
    assert (ended.returncode, ended.stderr) == (1, b"worker a ended with code 0\n")


def test_a_bug_in_a_child_is_reported_with_a_traceback() -> None:
    command = [sys.executable, "-c", _CRASH]
    ended = subprocess.run(command, capture_output=True, timeout=20, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("a worker failed because of a bug in Newsloom\nTraceback")
    assert ended.stderr.endswith("RuntimeError: why\nworker a ended with code 1\n")
