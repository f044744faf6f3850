"""Stories in eight languages and six scripts over three months, back-fills and all."""

from typing import Any

import pytest

from benchmarks.story_streams import score
from newsloom.rules.words.terms import UNIT, dot_product, vectorise
from tests.support.lanes import DAY_S, START_S, assert_sound, event, new_pipeline, take
from tests.support.multilingual import KINDS, UNSPACED, Labelled, articles
from tests.support.pipeline import Pipeline

LABELLED = list(articles())


def _run(labelled: list[Labelled]) -> tuple[Pipeline, dict[str, str]]:
    """A lane that took all of them, and the story that each URL was last told to be in."""
    pipeline, told = new_pipeline(), dict[str, str]()
    for each in labelled:
        result = pipeline.take(each.event, START_S + 120 * DAY_S)
        for record in map(dict[str, Any], result.curated):
            told[record["webUrl"]] = record["storyId"]
    assert_sound(pipeline.state)
    return pipeline, told


def _scores(language: str) -> tuple[float, float, float]:
    own = [each for each in LABELLED if each.event["locale"] == language]
    _, told = _run(own)
    precision, recall, f1, _ = score(
        [each.story for each in own], [told[each.event["webUrl"]] for each in own]
    )
    return precision, recall, f1


def test_there_are_enough() -> None:
    assert len(LABELLED) >= 200
    times = [each.event["publishedDateTime"] for each in LABELLED]
    assert times != sorted(times), "with back-fills"
    assert len({each.event["title"] for each in LABELLED}) == len(LABELLED)


def test_every_language_groups_well() -> None:
    # What is lost: in one town two matters within two days, its name in every title of both.
    scores = {language: _scores(language) for language in KINDS}
    assert min(f1 for _, _, f1 in scores.values()) >= 0.9, scores
    assert min(recall for _, recall, _ in scores.values()) == 1, scores


def test_languages_share_a_lane_without_harm() -> None:
    _, told = _run(LABELLED)
    found = score(
        [each.story for each in LABELLED], [told[each.event["webUrl"]] for each in LABELLED]
    )
    assert found.f1 >= 0.93, found
    assert found.recall >= 0.99, found


@pytest.mark.parametrize("language", UNSPACED)
def test_long_texts_without_spaces_are_alike_by_matter_and_not_by_grammar(language: str) -> None:
    bridge, again, other = (vectorise(*text, language) for text in UNSPACED[language])
    of_one = dot_product(bridge, again) // UNIT
    of_two = max(dot_product(bridge, other), dot_product(again, other)) // UNIT
    assert of_one > 350 > 160 > of_two, (of_one, of_two)


def test_an_archive_fed_after_the_news_groups_by_itself_and_changes_nothing_of_today() -> None:
    archive = [each for each in LABELLED if each.story.endswith("-3")]
    news = [each for each in LABELLED if not each.story.endswith("-3")]
    today, told_today = _run(news)
    both, told_both = _run(news + archive)
    alone, told_alone = _run(archive)
    assert {url: told_both[url] for url in told_today} == told_today
    assert {url: told_both[url] for url in told_alone} == told_alone
    assert both.state.lane.clock == today.state.lane.clock
    for article_id, live in today.state.articles.items():
        after = both.state.articles[article_id]
        assert (after.revision, after.related) == (live.revision, live.related), "not told again"
    assert alone.state.articles.keys() <= both.state.articles.keys()


def test_expiry_follows_the_lane_clock_which_one_wild_date_cannot_move() -> None:
    pipeline, _ = _run(LABELLED)
    before, clock = dict(pipeline.state.articles), pipeline.state.lane.clock
    assert clock is not None
    wild = event("outlet9.example/wild", "A date from another century", 99_999 * DAY_S)
    assert take(pipeline, wild, arrived_s=120 * DAY_S).curated
    assert pipeline.state.lane.clock == clock
    assert before.keys() < pipeline.state.articles.keys(), "nothing has left"
    for number in range(3):  # three that agree on the time do move it
        at_s = clock - START_S + 11 * DAY_S + number
        take(pipeline, event(f"outlet9.example/{number}", f"Quiet day {number}", at_s))
    assert not before.keys() & pipeline.state.articles.keys(), "the window has passed"
