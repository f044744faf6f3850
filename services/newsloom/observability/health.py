"""Whether a worker is healthy and ready.

In: heartbeats, lags and commits of a worker. Out: the reason why it is not healthy or not ready, or
None. The event loop writes and the endpoint's threads read, so an answer does not need the event
loop. It never ends a process: the program that probes the endpoint decides.
"""

import time
from collections import deque
from collections.abc import Callable

BEAT_S = 0.5
"""Seconds between two heartbeats of the event loop."""
STANDS_BY = "ok: this worker stands by, no partition is assigned to it"
"""What a worker without a partition answers when it is asked whether it is ready."""
_REMEMBERED_BEATS = 30
"""The heartbeats of about the last 15 seconds."""


class Health:
    """The state of one worker.

    `stall_s` is how many seconds the event loop may be silent, or commits may not advance while
    records wait. `clock` is monotonic, in seconds.
    """

    def __init__(
        self, stall_s: float, clock: Callable[[], float] = time.monotonic, is_ready: bool = False
    ) -> None:
        self._stall_s = stall_s
        self._clock = clock
        self._beat_at = clock()
        self._lags_s: deque[float] = deque(maxlen=_REMEMBERED_BEATS)
        self._unready = None if is_ready else "starting"
        self.ready_text = "ok"
        self._stopped: dict[int, str] = {}
        self._waits_for: str | None = None
        self._waiting_since: dict[int, float] = {}

    def beat(self) -> None:
        """Records a heartbeat. The next one is due after `BEAT_S`."""
        now = self._clock()
        self._lags_s.append(max(0.0, now - self._beat_at - BEAT_S))
        self._beat_at = now

    def note_unready(self, why: str) -> None:
        """Records that no partition is processed, and why."""
        self._waiting_since = {}
        self._stopped = {}
        self._unready = why

    def note_ready(self, stands_by: bool = False) -> None:
        """Records that the assigned partitions are processed, except those that are stopped.

        A worker that stands by has none, and is ready to get some.
        """
        self._waiting_since = {}
        self._unready = None
        self.ready_text = STANDS_BY if stands_by else "ok"

    def note_stopped(self, partition: int, why: str) -> None:
        """Records that a partition is not processed until somebody acts, and why."""
        self._stopped = {**self._stopped, partition: why}
        self._waiting_since.pop(partition, None)

    def note_going_on(self, partition: int) -> None:
        """Records that a partition which was stopped is processed again."""
        self._stopped = {p: why for p, why in self._stopped.items() if p != partition}

    def note_waiting(self, why: str | None) -> None:
        """Records what the worker waits for, whatever else it does; None if for nothing."""
        self._waits_for = why

    def note_lags_unknown(self) -> None:
        """Records that nobody says whether records wait."""
        self._waiting_since = {}

    def note_lag(self, partition: int, records: int) -> None:
        """Records how many records wait in a partition. While it is stopped, they may wait."""
        if not records or partition in self._stopped:
            self._waiting_since.pop(partition, None)
        else:
            self._waiting_since.setdefault(partition, self._clock())

    def note_commit(self, partition: int) -> None:
        """Records that a batch of a partition was committed. Other records may wait."""
        if partition in self._waiting_since:
            self._waiting_since[partition] = self._clock()

    @property
    def loop_lag_s(self) -> float:
        """The longest delay, in seconds, of the recent heartbeats and of the one that is due."""
        overdue_s = self._clock() - self._beat_at - BEAT_S
        return max([0.0, overdue_s, *tuple(self._lags_s)])

    def unhealthy_reason(self) -> str | None:
        """Why the process should be restarted; None if it should not.

        A restore is not a reason: the process ends itself when a restore takes too long.
        """
        now = self._clock()
        silent_s = now - self._beat_at
        if silent_s > self._stall_s:
            return f"the event loop has not answered for {silent_s:.0f} s"
        for partition, since in list(self._waiting_since.items()):
            if now - since > self._stall_s:
                waited = f"none was committed for {now - since:.0f} s"
                return f"records wait in partition {partition}, and {waited}"
        return None

    def unready_reason(self) -> str | None:
        """Why a partition is not processed, one line for each cause; None if all are."""
        stopped = self._stopped
        causes = [self._waits_for or self._unready, *(stopped[p] for p in sorted(stopped))]
        return "\n".join(filter(None, causes)) or None
