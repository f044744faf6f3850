"""Rebuilds a lane in memory, as `newsloom lanes rebuild` does in an output folder.

In: a lane that curated a stream, and the inputs that are left. Out: the new lane, and the records
that a subscriber receives in one transaction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.lane.rows import LaneRow
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enricher, Result
from newsloom.pipeline.rebuilding.adopting import Adoption
from newsloom.pipeline.rebuilding.held import Kind
from newsloom.rules.topics import TopicIndex
from tests.support.long_streams import Step
from tests.support.pipeline import raw_input

KINDS: tuple[Kind, Kind] = ("curated", "stories")
Published = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Articles and stories."""
Records = dict[Kind, dict[str, dict[str, Any]]]


class RecordedLane:
    """A lane with the last record of each article and story that it published."""

    def __init__(self, policy: Policy = DEFAULT_POLICY, revision: int = 0) -> None:
        state = State()
        state.lane = LaneRow(revision=revision)
        self.policy = policy
        self.curator = Curator(state, policy)
        self.records: Records = {"curated": {}, "stories": {}}
        self._enricher = Enricher(Catalogue({}, TopicIndex([]), "none"), images="trust")

    def take(self, step: Step) -> Published:
        """Curates one input; returns the articles and the stories that it publishes."""
        raw = RawInput(None, step.key) if step.event is None else raw_input(dict(step.event))
        return self.note(self.curator.curate(self._enricher.enrich(raw, step.arrived_at)))

    def note(self, results: Iterable[Result]) -> Published:
        """Keeps the records of the results; returns the articles and the stories."""
        found: Published = [], []
        for result in results:
            for records, published in zip(found, (result.curated, result.stories), strict=True):
                records += [orjson.loads(record.value) for record in published]
        for kind, records in zip(KINDS, found, strict=True):
            self.records[kind].update({record["id"]: record for record in records})
        return found


class _Held:
    def __init__(self, former: Records, new: Records) -> None:
        self._former, self._new = former, new

    def former(self, kind: Kind, ident: str) -> dict[str, Any] | None:
        return self._former[kind].get(ident)

    def new(self, kind: Kind, ident: str) -> dict[str, Any] | None:
        return self._new[kind].get(ident)

    def stories_without_new(self) -> Iterator[str]:
        yield from sorted(self._former["stories"].keys() - self._new["stories"].keys())


@dataclass(frozen=True, slots=True)
class Anew:
    """A lane that was curated anew, its articles and stories to publish, and the lost articles."""

    lane: RecordedLane
    published: Published
    lost: list[str]

    def leaves_at(self) -> dict[str, int]:
        """When each live article leaves the window, in Unix seconds."""
        articles = self.lane.curator.state.articles
        return {article_id: articles[article_id].leaves_at for article_id in articles}


def rebuild(lane: RecordedLane, steps: Iterable[Step], policy: Policy) -> Anew:
    """Curates `steps` anew and takes over what they do not hold of `lane`."""
    anew = RecordedLane(policy, lane.curator.state.lane.revision)
    for step in steps:
        anew.take(step)
    adoption = Adoption(lane.curator.state, anew.curator, policy, _Held(lane.records, anew.records))
    anew.note(adoption.take_over())
    anew.note(adoption.finish())
    published: Published = [], []
    for kind, records in zip(KINDS, published, strict=True):
        differing = list(_differing(lane.records[kind], anew.records[kind]))
        records += sorted(differing, key=lambda record: int(record["revision"]))
        anew.records[kind] = lane.records[kind] | {r["id"]: r for r in differing}
    return Anew(anew, published, adoption.lost_ids)


def _differing(
    former: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for ident, record in new.items():
        if former.get(ident, {}) | {"revision": 0} != record | {"revision": 0}:
            yield record
