"""One lane in a process: its state, the curation of its inputs, and its metrics."""

from collections.abc import Iterator

from newsloom.observability.lane_metrics import LaneMetrics
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.rows import LANE_KEY, encode_row
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Result

FULL_TRANSACTION = 1_300
"""A transaction with this many records and rows is committed before the next step. A step adds
about MAX_STEP, so no transaction has 2,000."""


class Lane:
    """A lane by its number. It curates one input after another, and counts."""

    def __init__(self, number: int, state: State, policy: Policy, metrics: Metrics) -> None:
        self._curator = Curator(state, policy)
        self._metrics = LaneMetrics(metrics, number, state)

    @property
    def form(self) -> int:
        """The form in which its rows are written."""
        return self._curator.state.lane.form

    def upgrade(self) -> dict[str, bytes | None]:
        """Writes its rows in the newest form from now on. Returns the row to commit."""
        self._curator.state.upgrade()
        return {LANE_KEY: encode_row(self._curator.state.lane)}

    def curate(self, enriched: Enriched) -> Iterator[Result]:
        """Curates one input, see `Curator.curate`. Count each step that will be committed."""
        return self._curator.curate(enriched)

    def count(self, step: Result, is_input: bool = True, arrived_at: int | None = None) -> None:
        """Counts a step; for `is_input` and `arrived_at` see `Metrics.count`."""
        self._metrics.count(step, is_input, arrived_at)

    def pass_over(self, offsets: int) -> dict[str, bytes | None]:
        """Accounts for input offsets that nobody reads. Returns the row to commit."""
        self._metrics.count_passed(offsets)
        self._curator.state.pass_over(offsets)
        return {LANE_KEY: encode_row(self._curator.state.lane)}

    @property
    def is_pending(self) -> bool:
        """Whether work of earlier inputs is left."""
        return self._curator.is_pending

    def continue_pending(self) -> Iterator[Result]:
        """The steps that finish the work of earlier inputs. Count each, as for `curate`."""
        return self._curator.continue_pending()

    def note_commit(self) -> None:
        """Publishes the counts of the batch that was just committed, and the size of the lane."""
        self._metrics.commit()
