"""One lane at work in a process: its state, the curation of its inputs, and its metrics."""

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
        """Curates one input and counts it; `is_input` and `arrived_at` as in `Metrics.count`."""
        result = self._curator.curate(enriched)
        self._metrics.count(result, is_input, arrived_at)
        return result

    def note_commit(self) -> None:
        """Shows in the metrics what was counted, and how the lane stands: it is committed."""
        self._metrics.commit()
