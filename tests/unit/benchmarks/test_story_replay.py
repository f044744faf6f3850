"""The replay of grouping for tuning gives the same stories as the product, for any weights."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.stories import Stream, group, prepare, shuffle
from benchmarks.story_regression import collect
from benchmarks.story_replay import Replay
from benchmarks.story_streams import LabelledEvent
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.state import State
from newsloom.rules.evidence import DEFAULT_WEIGHTS, StoryWeights
from tests.support.multilingual import articles

LOOSE = DEFAULT_WEIGHTS._replace(join_bias=-500, merge_bias=-2500)
STRICT = DEFAULT_WEIGHTS._replace(join_bias=-4000)


def _stream() -> Stream:
    """Articles in eight languages, all at one time, so that none leaves the window."""
    labelled = [
        LabelledEvent(article.event | {"publishedDateTime": "2026-03-02T10:00:00Z"}, article.story)
        for article in articles()
    ]
    return prepare(labelled, load_catalogue())


STREAM = _stream()
REPLAY = Replay(STREAM)


def _group(stream: Stream, weights: StoryWeights) -> list[str]:
    state = State()
    for arrival in stream.arrivals:
        decide(state, arrival, Policy(weights)).apply()
    return [state.articles[arrival.article["id"]].story_id for arrival in stream.arrivals]


def _numbered(groups: Sequence[object]) -> list[int]:
    """Each group as the position of its first article."""
    return [groups.index(group) for group in groups]


@pytest.mark.parametrize("weights", [DEFAULT_WEIGHTS, LOOSE, STRICT], ids=["ours", "loose", "no"])
def test_repeated_replays_group_as_the_product_does(weights: StoryWeights) -> None:
    expected = _numbered(_group(STREAM, weights))
    assert _numbered(REPLAY.group(weights)) == expected
    assert _numbered(REPLAY.group(weights)) == expected


def test_a_replay_in_another_order_groups_as_the_product_does() -> None:
    shuffled = shuffle(STREAM, 3)
    expected = _numbered(_group(shuffled, LOOSE))
    assert len(set(expected)) < len(expected)
    assert _numbered(Replay(shuffled).group(LOOSE)) == expected


def test_a_replay_of_a_stream_longer_than_the_window_groups_as_the_product_does() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    labelled = [
        LabelledEvent(
            article.event | {"publishedDateTime": f"{start + timedelta(hours=3 * number):%FT%TZ}"},
            article.story,
        )
        for number, article in enumerate(articles())
    ]
    stream = prepare(labelled, load_catalogue())
    replay = Replay(stream)
    assert any(facts.leaving for facts in replay._articles)
    expected = _numbered(group(stream.arrivals))
    assert len(set(expected)) < len(expected)
    assert _numbered(replay.group(DEFAULT_WEIGHTS)) == expected


def test_evidence_is_collected_for_counted_articles_with_its_correctness() -> None:
    met = collect("all", REPLAY, LOOSE, [True] * len(STREAM.gold))
    assert met.joins
    assert met.merges
    assert all(0 <= row.right <= 1 for row in (*met.joins, *met.merges))
    assert {row.right for row in met.joins} >= {0.0, 1.0}
    none = collect("all", REPLAY, LOOSE, [False] * len(STREAM.gold))
    assert none == ([], [])
