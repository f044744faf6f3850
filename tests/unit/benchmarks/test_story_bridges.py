"""Our own labelled stream: its content, and how well the default weights group it."""

from benchmarks.stories import prepare
from benchmarks.story_bridges import bridges
from benchmarks.story_replay import Replay
from benchmarks.story_streams import score
from newsloom.pipeline.catalogue import Catalogue
from newsloom.rules.evidence import DEFAULT_WEIGHTS
from newsloom.rules.topics import TopicIndex


def test_each_subject_has_a_second_story_that_must_stay_separate() -> None:
    labelled = bridges()
    stories = {article.story for article in labelled}
    subjects = {story.removesuffix(", other") for story in stories}
    assert len(subjects) >= 28
    assert stories == subjects | {f"{subject}, other" for subject in subjects}
    texts = [(article.event["title"], article.event["webUrl"]) for article in labelled]
    assert [len(set(column)) for column in zip(*texts, strict=True)] == [len(labelled)] * 2
    assert 0.5 < sum("excerpt" in article.event for article in labelled) / len(labelled) < 0.8


def test_bridges_merge_stories_more_often_than_touches() -> None:
    replay = Replay(prepare(bridges(), Catalogue({}, TopicIndex([]), "none")))
    found = score(replay.gold, replay.group(DEFAULT_WEIGHTS))
    assert found.precision >= 0.92, found
    assert found.recall >= 0.7, found
    never = DEFAULT_WEIGHTS._replace(merge_bias=-100_000)
    without = score(replay.gold, replay.group(never))
    assert without.recall < found.recall - 0.05, "without merges, each bridge leaves two stories"
    eager = DEFAULT_WEIGHTS._replace(merge_bias=0)
    assert score(replay.gold, replay.group(eager)).precision < 0.8, (
        "weights that merge too easily also merge touches"
    )
