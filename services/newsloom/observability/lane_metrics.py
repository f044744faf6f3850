"""What is told of one lane: what became of its inputs goes in; its size and its account come out.

The account holds what was taken here against what the lane's own row counts, which is committed.
"""

from newsloom.observability import definitions
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Result
from newsloom.records.faults import Outcome


class LaneMetrics:
    """The metrics of a lane from now on, whose state it reads."""

    def __init__(self, metrics: Metrics, lane: int, state: State) -> None:
        self._metrics = metrics
        self._label = str(lane)
        self._state = state
        self._counted_before = _counted(state)
        self._taken = 0

    def count(self, result: Result, is_input: bool = True, arrived_at: int | None = None) -> None:
        """Counts what became of one input, as `Metrics.count` does."""
        self._metrics.count(result, is_input, arrived_at)
        self._taken += is_input

    def commit(self) -> None:
        """Makes visible what was counted, and describes the lane: its batch is committed."""
        self._metrics.commit()
        self.describe()

    def describe(self) -> None:
        """Tells the size of the lane, and how it accounts for its inputs."""
        metrics, state, label = self._metrics, self._state, self._label
        for outcome in Outcome:
            count = state.lane.outcomes.get(outcome.value, 0)
            metrics[definitions.COMMITTED_INPUTS].labels(label, outcome.value).set(count)
        unaccounted = self._counted_before + self._taken - _counted(state)
        metrics[definitions.UNACCOUNTED_INPUTS].labels(label).set(unaccounted)
        metrics[definitions.LIVE_ARTICLES].labels(label).set(len(state.articles))
        metrics[definitions.LIVE_STORIES].labels(label).set(len(state.stories))
        metrics[definitions.LANE_CAP].labels(label).set(state.cap)


def _counted(state: State) -> int:
    return sum(state.lane.outcomes.values())
