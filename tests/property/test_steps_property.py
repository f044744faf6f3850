"""An input that takes several steps: each step leaves a sound lane, wherever a process ends."""

from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
import pytest

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import decode_row, encode_row
from newsloom.pipeline.lane.state import State, state_digest
from newsloom.pipeline.process import Curator, Enriched, Enricher, Result
from newsloom.rules.topics import TopicIndex
from tests.support.lanes import DAY_S, START_S, event
from tests.support.pipeline import raw_input

MAX_STEP = 30
"""So small that a merge of few articles takes several steps."""
_WORDS = ("harbour", "ferry", "Selkie", "pier", "Northfield", "divers", "inquiry", "comet")
_TEXTS = [
    "The car ferry struck the disused coal pier on Monday evening with many passengers aboard.",
    "Astronomers at the mountain observatory photographed it through a gap in the clouds again.",
]
_ENRICHER = Enricher(Catalogue({}, TopicIndex([]), "none"), "trust")


def _stream(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Articles with few texts and many outlets, updates, withdrawals, and leaps in time."""
    random, at_s = Random(seed), 0
    for _ in range(count):
        at_s += 6 * DAY_S if random.random() < 0.03 else random.randint(0, 4000)
        name = f"outlet{random.randrange(40)}.example/{random.randrange(2)}"
        if random.random() < 0.12:
            yield {"webUrl": f"https://{name}", "withdrawn": True}
            continue
        fields: dict[str, Any] = {"quality": random.choice([40, 60, 80])}
        if random.random() < 0.6:
            fields["excerpt"] = random.choice(_TEXTS)
        title = " ".join(random.sample(_WORDS, random.choice([3, 4, 5])))
        yield event(name, random.choice([title, "Selkie ferry aground at pier"]), at_s, **fields)


def _enriched(seed: int, count: int = 130) -> list[Enriched]:
    arrived_at = START_S + 400 * DAY_S
    return [_ENRICHER.enrich(raw_input(record), arrived_at) for record in _stream(seed, count)]


def _records(step: Result) -> list[bytes]:
    return [record.value for record in (*step.curated, *step.stories)]


def _continued(curator: Curator, enriched: Enriched, is_decided: bool) -> Iterator[Result]:
    """What a process does that starts after a step of `enriched`."""
    return curator.continue_pending() if is_decided else curator.curate(enriched)


def _restored(state: State, random: Random) -> State:
    rows = [(key, encode_row(row)) for key, row in state.rows()]
    random.shuffle(rows)
    return restore(decode_row(key, row) for key, row in rows)


@pytest.mark.parametrize("seed", range(3))
def test_an_input_that_is_interrupted_after_any_step_gives_the_same_records(seed: int) -> None:
    random = Random(seed)
    whole, interrupted = Curator(State(), max_step=MAX_STEP), Curator(State(), max_step=MAX_STEP)
    interruptions = 0
    for enriched in _enriched(seed):
        expected = [record for step in whole.curate(enriched) for record in _records(step)]
        published: list[bytes] = []
        steps = interrupted.curate(enriched)
        is_decided = False
        while (step := next(steps, None)) is not None:
            published += _records(step)
            is_decided = is_decided or step.outcome is not None
            if random.random() < 0.5:
                interruptions += bool(interrupted.state.pending.tasks)
                interrupted = Curator(_restored(interrupted.state, random), max_step=MAX_STEP)
                steps = _continued(interrupted, enriched, is_decided)
        assert published == expected
    assert interruptions > 3, "some steps left work"
    assert state_digest(whole.state) == state_digest(interrupted.state)


@pytest.mark.parametrize("seed", range(10, 13))
def test_a_lane_and_what_it_published_are_sound_after_every_step(seed: int) -> None:
    random, curator = Random(seed), Curator(State(), max_step=MAX_STEP)
    rows: dict[str, bytes | None] = {}
    subscriber = _Subscriber()
    for enriched in _enriched(seed):
        for step in curator.curate(enriched):
            assert step.fault is None, step.fault
            assert len(step.rows) + len(_records(step)) <= 2 * MAX_STEP
            rows.update(step.rows)
            state = curator.state
            assert state_digest(state) == state_digest(_restored(state, random))
            assert {key: encode_row(row) for key, row in state.rows()} == {
                key: row for key, row in rows.items() if row is not None
            }
            subscriber.take(step)
            subscriber.check_step(state)
            _check_lists(state)
        subscriber.check_relations(curator.state)


def _check_lists(state: State) -> None:
    """The lists by sequence are in order, which the digest of a state does not show."""
    for story_id in state.stories:
        members = state.stories.latest(story_id, len(state.articles))
        assert members == sorted(members, key=state.articles.sequence)


class _Subscriber:
    """The latest record of each article and story."""

    def __init__(self) -> None:
        self.articles: dict[str, dict[str, Any]] = {}
        self.stories: dict[str, dict[str, Any]] = {}
        self._sequences: dict[str, int] = {}
        self._returned: set[str] = set()

    def take(self, step: Result) -> None:
        for latest, published in ((self.articles, step.curated), (self.stories, step.stories)):
            for publication in published:
                latest[publication.id] = orjson.loads(publication.value)

    def story(self, story_id: str) -> dict[str, Any]:
        story = self.stories[story_id]
        return self.story(story["mergedInto"]) if "mergedInto" in story else story

    def check_step(self, state: State) -> None:
        """What a subscriber holds of live articles agrees."""
        for article_id, live in state.articles.items():
            record = self.articles[article_id]
            if self._sequences.setdefault(article_id, live.sequence) != live.sequence:
                self._returned.add(article_id)
            assert record["revision"] == live.revision
            story = self.story(record["storyId"])
            assert (record["heat"] != -1) == (story["lead"] == article_id)
            root = self.articles.get(record.get("duplicateOf", ""), {})
            assert "duplicateOf" not in root, "a root is not a duplicate"

    def check_relations(self, state: State) -> None:
        """Each record states whether a related article that never left is in the same story."""
        for article_id, live in state.articles.items():
            for item in self.articles[article_id].get("related", ()):
                other = state.articles.get(item["id"])
                if other is None or item["id"] in self._returned:
                    continue
                if item["relation"] != "duplicate":
                    same = "same-story" if other.story_id == live.story_id else "related"
                    assert item["relation"] == same
