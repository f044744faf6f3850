"""One lane in a process: its state, the curation of its inputs, and its metrics."""

from newsloom.observability.lane_metrics import LaneMetrics
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Result


class Lane:
    """A lane by its number. It curates one input after another."""

    def __init__(self, number: int, state: State, policy: Policy, metrics: Metrics) -> None:
        self._curator = Curator(state, policy)
        self._metrics = LaneMetrics(metrics, number, state)

    def curate(
        self, enriched: Enriched, is_input: bool = True, arrived_at: int | None = None
    ) -> Result:
        """Curates and counts one input. For `is_input` and `arrived_at` see `Metrics.count`."""
        result = self._curator.curate(enriched)
        self._metrics.count(result, is_input, arrived_at)
        return result

    def note_commit(self) -> None:
        """Publishes the counts of the batch that was just committed, and the size of the lane."""
        self._metrics.commit()
