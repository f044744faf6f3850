"""The parent of worker processes: starts them, restarts them if asked to, and ends with them.

In: a function for each child. Out: an exit code. No child outlives the parent, even if the parent
is killed (on Linux).
"""

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

from newsloom.runtimes.hang_limit import MAX_WORK_S
from newsloom.runtimes.kafka.worker.shared_memory import Batch, BatchInWork

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""A child that ran longer than this is restarted after the shortest pause."""
POLL_S = 0.1

_END_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_CRASH_SIGNALS = (
    signal.SIGABRT, signal.SIGALRM, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV
)  # fmt: skip
"""Signals by which a process ends because of its own work."""
_PR_SET_PDEATHSIG = 1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    name: str
    work: Callable[[], None]
    in_work: BatchInWork
    pid: int | None = None
    started_at: float = 0.0
    pause_s: float = 0.0
    due_at: float = 0.0


class Supervisor:
    """Runs each of `works` in its own process, and restarts those that fail if `should_restart`.

    Without restarts, the first failure ends the other children. SIGTERM and SIGINT are passed on to
    all children every time they are received.
    """

    def __init__(
        self,
        works: Mapping[str, Callable[[], None]],
        should_restart: bool,
        in_work: Mapping[str, BatchInWork],
    ) -> None:
        """`in_work` is where each child notes the batch it works on."""
        self._children = [_Child(name, work, in_work[name]) for name, work in works.items()]
        self._should_restart = should_restart
        self._received: list[int] = []
        self._is_ending = False
        self._has_failed = False

    def run(self) -> int:
        """Returns when all children have ended: 0 if they ended with 0 after a signal, else 1."""
        for number in _END_SIGNALS:
            signal.signal(number, self._receive)
        while True:
            while self._received:
                self._pass_on(self._received.pop(0))
            self._start_due()
            self._reap()
            if all(c.pid is None for c in self._children) and self._is_ending:
                return 1 if self._has_failed else 0
            time.sleep(POLL_S)

    def _receive(self, number: int, _: FrameType | None) -> None:
        """Stores the signal for the loop: a child that is being started has no process id yet."""
        self._is_ending = True
        self._received.append(number)

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid is None and not self._is_ending and now >= child.due_at:
                child.started_at = now
                child.pid = _fork(child.work)

    def _reap(self) -> None:
        for child in self._children:
            if child.pid is None:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                child.pid = None
                self._note_end(child, os.waitstatus_to_exitcode(status))

    def _note_end(self, child: _Child, code: int) -> None:
        if self._is_ending:
            self._has_failed = self._has_failed or code != 0
            return
        how = _describe_end(code, child.in_work.left)
        if code < 0 and -code not in _CRASH_SIGNALS:
            child.in_work.end()  # somebody killed it: that is not the fault of its inputs
        if not self._should_restart:
            log.error("worker %s %s", child.name, how)
            self._has_failed = True
            self._pass_on(signal.SIGTERM)
            return
        now = time.monotonic()
        is_steady = now - child.started_at > STEADY_S
        longer_s = min(LONGEST_PAUSE_S, 2 * child.pause_s)
        child.pause_s = FIRST_PAUSE_S if is_steady else max(FIRST_PAUSE_S, longer_s)
        child.due_at = now + child.pause_s
        log.error("worker %s %s; restarted in %g s", child.name, how, child.pause_s)

    def _pass_on(self, number: int) -> None:
        self._is_ending = True
        for child in self._children:
            if child.pid is not None:
                os.kill(child.pid, number)


def _describe_end(code: int, batch: Batch | None) -> str:
    if batch is not None and code == -signal.SIGALRM:
        return f"was ended: {batch} took longer than {MAX_WORK_S:g} s"
    how = f"ended with code {code}" if code >= 0 else f"was ended by signal {-code}"
    return how if batch is None else f"{how} during work on {batch}"


def exit_at_once_on_signals() -> None:
    """Makes SIGTERM and SIGINT exit at once with 0, for the second before a worker has started.

    It does not raise an exception: one raised in a library's callback is printed and lost.
    """
    for number in _END_SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))


def _fork(work: Callable[[], None]) -> int:
    """Forks a child that runs `work` and gets a SIGTERM when this process ends; its process id."""
    parent = os.getpid()
    # A signal that reaches the child before its handlers are set is delivered after that.
    signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _END_SIGNALS)
        return pid
    code = 1
    try:
        exit_at_once_on_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _END_SIGNALS)
        os.setpgid(0, 0)  # a terminal's Ctrl-C reaches only the parent, which passes it on
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:
            work()
            code = 0
    except Exception:
        log.exception("a worker failed because of a bug in Newsloom")
    finally:
        os._exit(code)
