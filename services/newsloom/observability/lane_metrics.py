"""The metrics of one lane.

In: the result of each input. Out: the size of the lane, and the inputs by outcome. They are checked
against the committed counts in the lane's row: the difference is `newsloom_unaccounted_inputs`.
"""

from newsloom.observability import definitions
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Result
from newsloom.records.faults import Outcome


class LaneMetrics:
    """Counts the inputs that this process reads for a lane. It does not change `state`."""

    def __init__(self, metrics: Metrics, lane: int, state: State) -> None:
        self._metrics = metrics
        self._label = str(lane)
        self._state = state
        self._counted_before = _counted(state)
        self._ended = 0

    def count(self, result: Result, is_input: bool = True, arrived_at: int | None = None) -> None:
        """Counts a step of one input; see `Metrics.count`."""
        self._metrics.count(result, is_input, arrived_at)
        self._ended += is_input and result.outcome is not None

    def count_passed(self, offsets: int) -> None:
        """Counts input offsets that nobody reads; see `Metrics.count_passed`."""
        self._metrics.count_passed(offsets)
        self._ended += offsets

    def commit(self) -> None:
        """Publishes the counts of the batch that was just committed, and the size of the lane."""
        self._metrics.commit()
        self.update_gauges()

    def update_gauges(self) -> None:
        """Sets the gauges of the lane: its size, and its inputs by outcome."""
        metrics, state, label = self._metrics, self._state, self._label
        for outcome in Outcome:
            count = state.lane.outcomes.get(outcome.value, 0)
            metrics[definitions.COMMITTED_INPUTS].labels(label, outcome.value).set(count)
        unaccounted = self._counted_before + self._ended - _counted(state)
        metrics[definitions.UNACCOUNTED_INPUTS].labels(label).set(unaccounted)
        metrics[definitions.LIVE_ARTICLES].labels(label).set(len(state.articles))
        metrics[definitions.LIVE_STORIES].labels(label).set(len(state.stories))
        metrics[definitions.LANE_CAP].labels(label).set(state.cap)


def _counted(state: State) -> int:
    return sum(state.lane.outcomes.values())
