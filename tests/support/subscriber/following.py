"""Runs the pipeline in memory over a stream, and checks what a subscriber holds after every input.

In: the steps of a long stream. Out: the views of all lanes with the violations. This is the only
module of the verifier that imports newsloom: it runs it. An input is one transaction.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from newsloom.pipeline.arrival import WithdrawalArrival, moved_away
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Enricher
from newsloom.records.faults import Fault
from newsloom.rules.lanes import LaneTable
from newsloom.rules.topics import TopicIndex
from tests.support.long_streams import Step
from tests.support.pipeline import Taken, raw_input
from tests.support.subscriber.inputs import Inputs
from tests.support.subscriber.view import View, Violation

ONE_LANE = LaneTable()
TWO_LANES = LaneTable({"de": 1})


@dataclass(frozen=True, slots=True)
class Followed:
    """What was found on a stream."""

    views: list[View]
    inputs: Inputs

    @property
    def violations(self) -> list[Violation]:
        """All violations, in the order of transactions."""
        found = [violation for view in self.views for violation in view.violations]
        return sorted([*found, *self.inputs.violations], key=lambda v: v.transaction)

    @property
    def counts(self) -> Counter[str]:
        """The number of violations of each rule."""
        return Counter(violation.rule for violation in self.violations)


class Lanes:
    """The pipeline with several lanes, connected as the workers connect them."""

    def __init__(self, table: LaneTable) -> None:
        self._table = table
        self._enricher = Enricher(Catalogue({}, TopicIndex([]), "none"), images="trust")
        self._curators = [Curator(State()) for _ in range(table.count)]

    def take(self, step: Step) -> dict[int, Taken]:
        """The results of one input, by lane."""
        raw = RawInput(None, step.key) if step.event is None else raw_input(dict(step.event))
        arrivals = self._route(self._enricher.enrich(raw, step.arrived_at))
        return {lane: Taken.of(self._curators[lane].curate(one)) for lane, one in arrivals.items()}

    def _route(self, enriched: Enriched) -> dict[int, Enriched]:
        """The arrivals of one input, by lane. Every lane gets a withdrawal."""
        arrival = enriched.arrival
        if isinstance(arrival, Fault):
            return {0: enriched}
        if isinstance(arrival, WithdrawalArrival):
            copies = [arrival._replace(is_counted=n == 0) for n in range(self._table.count)]
            return {n: enriched._replace(arrival=copy) for n, copy in enumerate(copies)}
        own, moved = self._table.lane_of(arrival.article["locale"]), Enriched(moved_away(arrival))
        return {n: enriched if n == own else moved for n in range(self._table.count)}

    def outcomes(self) -> Counter[str]:
        """The counts of outcomes of all lanes. Some may be negative."""
        totals: Counter[str] = Counter()
        for curator in self._curators:
            totals.update(curator.state.lane.outcomes)
        return totals


def follow(
    steps: Iterable[Step], table: LaneTable = ONE_LANE, *, is_strict: bool = False
) -> Followed:
    """Takes all steps, and checks after each. At the end it checks everything once more.

    Raises AssertionError at the first violation if `is_strict`.
    """
    lanes = Lanes(table)
    followed = Followed([View() for _ in range(table.count)], Inputs())
    before: Counter[str] = Counter()
    for step in steps:
        expected = followed.inputs.take(step.truth)
        found = _take(followed.views, lanes.take(step), step.arrived_at)
        after = lanes.outcomes()
        outcome = _describe({name: after[name] - before[name] for name in after})
        found += followed.inputs.check(step.truth, expected, outcome, after, followed.views)
        assert not (is_strict and found), "\n".join(map(str, found))
        before = after
    for view in followed.views:
        view.check_all()
    followed.inputs.check_all(followed.views)
    return followed


def _take(views: list[View], results: dict[int, Taken], arrived_at: int) -> list[Violation]:
    """Gives every view the records of one transaction of its lane. Returns the violations."""
    found = []
    for lane, view in enumerate(views):
        result = results.get(lane)
        view.take(result.curated if result else (), result.stories if result else (), arrived_at)
        found += view.check()
    return found


def _describe(changes: dict[str, int]) -> str:
    """How one input ended: a single outcome, or what the counters of the lanes say instead."""
    changed = {name: change for name, change in changes.items() if change}
    return next(iter(changed)) if list(changed.values()) == [1] else str(changed)
