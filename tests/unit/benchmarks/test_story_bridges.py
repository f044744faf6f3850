"""Our own labelled stream: what it is made of, and how far the shipped weights master it."""

from benchmarks.stories import prepare
from benchmarks.story_bridges import bridges
from benchmarks.story_replay import Replay
from benchmarks.story_streams import score
from newsloom.pipeline.catalogue import Catalogue
from newsloom.rules.evidence import DEFAULT_WEIGHTS
from newsloom.rules.topics import TopicIndex


def test_every_matter_has_an_other_that_is_to_stay_apart() -> None:
    labelled = bridges()
    stories = {each.story for each in labelled}
    matters = {story.removesuffix(", other") for story in stories}
    assert len(matters) >= 28
    assert stories == matters | {f"{subject}, other" for subject in matters}
    texts = [(each.event["title"], each.event["webUrl"]) for each in labelled]
    assert [len(set(column)) for column in zip(*texts, strict=True)] == [len(labelled)] * 2
    assert 0.5 < sum("excerpt" in each.event for each in labelled) / len(labelled) < 0.8


def test_bridges_make_one_story_more_often_than_touches_do() -> None:
    replay = Replay(prepare(bridges(), Catalogue({}, TopicIndex([]), "none")))
    found = score(replay.gold, replay.group(DEFAULT_WEIGHTS))
    assert found.precision >= 0.92, found
    assert found.recall >= 0.7, found
    never = DEFAULT_WEIGHTS._replace(merge_bias=-100_000)
    without = score(replay.gold, replay.group(never))
    assert without.recall < found.recall - 0.05, "without merging, bridges leave two stories"
    eager = DEFAULT_WEIGHTS._replace(merge_bias=0)
    assert score(replay.gold, replay.group(eager)).precision < 0.8, "touches could be merged"
