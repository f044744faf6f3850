"""The supervisor and its children on real processes: signals during a fork, and crashes."""

import subprocess
import sys

import pytest

_SUPERVISE = """
import os, signal, sys, time
from newsloom.runtimes.kafka.worker.shared_memory import BatchInWork
from newsloom.runtimes.kafka.worker.supervisor import Supervisor

def send_sigterm():
    os.kill(os.getpid(), signal.SIGTERM)

os.register_at_fork({moment}=send_sigterm)
works, in_work = {{"a": lambda: time.sleep(600)}}, {{"a": BatchInWork()}}
sys.exit(Supervisor(works, {restart}, in_work).run())
"""


_CRASH = """
from newsloom.runtimes.kafka.worker.shared_memory import BatchInWork
from newsloom.runtimes.kafka.worker.supervisor import Supervisor

def work():
    raise RuntimeError("why")

raise SystemExit(Supervisor({"a": work}, False, {"a": BatchInWork()}).run())
"""


_END_IN_WORK = """
import os, signal, time
from newsloom.runtimes.hang_limit import HangLimit
from newsloom.runtimes.kafka.worker.shared_memory import Batch, BatchInWork
from newsloom.runtimes.kafka.worker.supervisor import Supervisor

memory, lives = BatchInWork(), BatchInWork()

def work():
    print(memory.take_left(), flush=True)
    life = lives.left.inputs if lives.left else 1
    lives.begin(Batch("", 0, 0, life + 1))
    memory.begin(Batch("events", 1, 107, life))
    if life == 1:
        HangLimit().start(0.1)
        time.sleep(60)
    os.kill(os.getpid() if life == 2 else os.getppid(), (signal.SIGKILL, signal.SIGTERM)[life - 2])
    time.sleep(60)

raise SystemExit(Supervisor({"a": work}, True, {"a": memory}).run())
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


def test_the_parent_says_during_which_records_a_child_ended_and_passes_on_only_hangs() -> None:
    """The first child takes too long, the second is killed, the third is told to end."""
    command = [sys.executable, "-c", _END_IN_WORK]
    ended = subprocess.run(command, capture_output=True, timeout=20, text=True)
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "worker a was ended: events-1@107 took longer than 60 s; restarted in 0.5 s",
        "worker a was ended by signal 9 during work on one of 2 records from events-1@107 on; "
        "restarted in 1 s",
    ]
    assert ended.stdout.splitlines() == ["None", "events-1@107", "None"]
