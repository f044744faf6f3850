"""`benchmarks.stories` groups streams that are longer than the window of ten days."""

import sys
from pathlib import Path

import orjson
import pytest

from benchmarks import stories
from benchmarks.story_replay import Replay
from benchmarks.story_streams import LabelledEvent
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched
from newsloom.rules.topics import TopicIndex
from tests.support.generator import generate, gold
from tests.support.multilingual import articles

DAYS, ARTICLES_PER_DAY = 20, 40


def _labelled_events() -> list[LabelledEvent]:
    events = generate(1, DAYS * ARTICLES_PER_DAY, articles_per_day=ARTICLES_PER_DAY)
    labelled = [(event, gold(event)) for event in events]
    return [LabelledEvent(event, story) for event, story in labelled if story is not None]


def _stream(events: list[LabelledEvent]) -> stories.Stream:
    return stories.prepare(events, Catalogue({}, TopicIndex([]), "none"))


def _stories_for_a_subscriber(stream: stories.Stream) -> tuple[list[str], int]:
    """The story of each arrival from the published records, and the number of live articles."""
    curator = Curator(State())
    story_of: dict[str, str] = {}
    merged_into: dict[str, str] = {}
    for arrival in stream.arrivals:
        for step in curator.curate(Enriched(arrival)):
            for publication in step.curated:
                story_of[publication.id] = orjson.loads(publication.value)["storyId"]
            for publication in step.stories:
                record = orjson.loads(publication.value)
                if "mergedInto" in record:
                    merged_into[publication.id] = record["mergedInto"]
    found = []
    for arrival in stream.arrivals:
        story = story_of[arrival.article["id"]]
        while story in merged_into:
            story = merged_into[story]
        found.append(story)
    return found, len(curator.state.articles)


@pytest.mark.parametrize(
    "events",
    [
        _labelled_events(),
        [LabelledEvent(labelled.event, labelled.story) for labelled in articles()],
    ],
    ids=["twenty days", "three months"],
)
def test_departed_articles_keep_the_story_that_subscribers_know(
    events: list[LabelledEvent],
) -> None:
    stream = _stream(events)
    expected, live = _stories_for_a_subscriber(stream)
    distinct = {arrival.article["id"] for arrival in stream.arrivals}
    assert live < len(distinct), "some articles have left the window"
    assert stories.group(stream.arrivals) == expected


def test_the_command_scores_a_stream_of_twenty_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = _labelled_events()
    lines = [orjson.dumps(labelled.event) for labelled in events]
    (tmp_path / "made.events.jsonl").write_bytes(b"\n".join(lines))
    labels = [f"{labelled.event['webUrl']}\t{labelled.story}" for labelled in events]
    (tmp_path / "made.gold.tsv").write_text("\n".join(labels), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["stories", str(tmp_path)])
    stories.main()
    printed = capsys.readouterr().out
    for method in ("Newsloom", "MinHash", "nearest article", "single pass"):
        assert f"\n  {method}" in printed


def test_a_folder_without_streams_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stories", str(tmp_path)])
    with pytest.raises(SystemExit, match="no labelled stream found"):
        stories.main()


def test_a_stream_in_which_an_article_arrives_twice_cannot_be_replayed() -> None:
    with pytest.raises(ValueError, match=r"arrival \d+ \(http.* arrived before"):
        Replay(_stream(_labelled_events()))
