"""A lane for tests: events in a short form, and the invariants of every lane."""

import random
from typing import Any

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.changes.changeset import MAX_STEP, Changeset
from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, Row, decode_row, encode_row
from newsloom.pipeline.lane.state import State, state_digest
from newsloom.pipeline.process import Curator
from newsloom.records.faults import Outcome
from newsloom.rules.clock import format_time
from newsloom.rules.topics import TopicIndex
from tests.support.pipeline import Pipeline, Taken

START_S = 1_772_445_600
"""2026-03-02T10:00:00Z"""
HOUR_S = 3600
DAY_S = 24 * HOUR_S


def new_pipeline(state: State | None = None, max_step: int = MAX_STEP) -> Pipeline:
    """A pipeline with an empty catalogue, over the given state or a new one."""
    state = State() if state is None else state
    pipeline = Pipeline(state, Catalogue({}, TopicIndex([]), "none"), images="trust")
    pipeline.curator = Curator(state, max_step=max_step)
    return pipeline


def event(name: str, title: str, at_s: int = 0, **fields: Any) -> dict[str, Any]:
    """An article event at `https://<name>`, published `at_s` seconds after `START_S`."""
    return {
        "webUrl": f"https://{name}",
        "title": title,
        "publishedDateTime": format_time(START_S + at_s),
        "locale": "en",
        **fields,
    }


def take(pipeline: Pipeline, record: dict[str, Any], arrived_s: int = 400 * DAY_S) -> Taken:
    """Processes one event, then checks that the lane is sound."""
    result = pipeline.take(record, START_S + arrived_s)
    assert_sound(pipeline.state)
    return result


def _encode_again(row: Row) -> bytes:
    """A row encoded from its fields, not from its cached encoding."""
    return encode_row(row.copy() if isinstance(row, LiveArticle | LiveStory) else row)


def assert_sound(state: State) -> None:
    """Asserts the invariants that hold for every lane after every event."""
    rows = [(key, encode_row(row)) for key, row in state.rows()]
    assert rows == [(k, _encode_again(row)) for k, row in state.rows()], (
        "each cached encoding is current"
    )
    random.Random(len(rows)).shuffle(rows)
    assert state_digest(state) == state_digest(restore(decode_row(k, v) for k, v in rows))
    stories = {story_id: list(state.stories.members(story_id)) for story_id in state.stories}
    members = [article_id for ids in stories.values() for article_id in ids]
    assert sorted(members) == sorted(state.articles), "every article is in exactly one story"
    assert all(stories.values()), "every story has a live article"
    for story_id, ids in stories.items():
        best = min(
            (-a["quality"], a["publishedDateTime"], a["id"])
            for a in (state.articles[article_id].article for article_id in ids)
        )
        assert state.stories.lead(story_id) == best, "the best article leads"
        story = state.stories[story_id]
        assert story.article_count >= len(ids)
        providers = Changeset(state, Outcome.UNCHANGED).stories.providers(story_id)
        assert sum(count for _, count in providers.values()) == story.article_count
        assert story.published_lead is not None
    for live in state.articles.values():
        root = state.articles.get(live.duplicate_of) if live.duplicate_of else None
        assert root is None or root.duplicate_of is None, "a root is not a duplicate"
    assert not state.stories.keys() & state.aliases.keys()
    assert all(state.has_story(alias.merged_into) for alias in state.aliases.values())
    assert not any(state.stories.size_of(i) for i in state.dormant.ids_of_rows())
    assert all(live.leaves_at > (state.lane.clock or 0) for live in state.articles.values())
