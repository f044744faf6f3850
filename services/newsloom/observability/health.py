"""Whether a worker lives and is ready: its signs of life go in, a reason against it comes out.

The event loop writes, the endpoint's threads read: an answer does not need the loop. It ends
nothing by itself; whoever asks decides.
"""

import time
from collections import deque
from collections.abc import Callable

BEAT_S = 0.5
"""How often the loop is to give a sign of life."""
_REMEMBERED_BEATS = 30
"""Those of the last 15 seconds."""


class Health:
    """The state of one worker. `clock` tells seconds that only go forward."""

    def __init__(
        self,
        stall_s: float,
        clock: Callable[[], float] = time.monotonic,
        is_ready: bool = False,
    ) -> None:
        self._stall_s = stall_s
        self._clock = clock
        self._beat_at = clock()
        self._lags_s: deque[float] = deque(maxlen=_REMEMBERED_BEATS)
        self._unready = None if is_ready else "starting"
        self._waiting_since: dict[int, float] = {}

    def beat(self) -> None:
        """A sign of life, due `BEAT_S` after the last."""
        now = self._clock()
        self._lags_s.append(max(0.0, now - self._beat_at - BEAT_S))
        self._beat_at = now

    def note_unready(self, why: str) -> None:
        """No partition is worked on, for this reason."""
        self._waiting_since = {}
        self._unready = why

    def note_ready(self) -> None:
        """The partitions that were assigned are worked on."""
        self._waiting_since = {}
        self._unready = None

    def note_lag(self, partition: int, records: int) -> None:
        """So many records wait in a partition."""
        if not records:
            self._waiting_since.pop(partition, None)
        else:
            self._waiting_since.setdefault(partition, self._clock())

    def note_commit(self, partition: int) -> None:
        """A batch of a partition was committed; others may wait."""
        if partition in self._waiting_since:
            self._waiting_since[partition] = self._clock()

    @property
    def loop_lag_s(self) -> float:
        """The longest that the loop let a beat wait lately, or is doing so now."""
        now_s = self._clock() - self._beat_at - BEAT_S
        return max([0.0, now_s, *tuple(self._lags_s)])

    def unhealthy(self) -> str | None:
        """Why the process is better started again; None if it is not.

        A restore is no reason: it has a limit of its own, at which the process ends itself.
        """
        now = self._clock()
        silent_s = now - self._beat_at
        if silent_s > self._stall_s:
            return f"the event loop has not answered for {silent_s:.0f} s"
        for partition, since in list(self._waiting_since.items()):
            if now - since > self._stall_s:
                return (
                    f"records wait in partition {partition}, and none was committed for "
                    f"{now - since:.0f} s"
                )
        return None

    def unready(self) -> str | None:
        """Why nothing is worked on yet; None once partitions are assigned and restored."""
        return self._unready
