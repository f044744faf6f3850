"""Stories in eight languages and six scripts over three months, with back-fills."""

from typing import Any

import pytest

from benchmarks.story_streams import score
from newsloom.rules.words.terms import UNIT, dot_product, vectorise
from tests.support.lanes import DAY_S, START_S, assert_sound, event, new_pipeline, take
from tests.support.multilingual import KINDS, Labelled, articles
from tests.support.pipeline import Pipeline
from tests.support.unspaced_texts import UNSPACED

LABELLED = list(articles())


def _run(labelled: list[Labelled]) -> tuple[Pipeline, dict[str, str]]:
    """The lane after all articles, and the story id last published for each URL."""
    pipeline, story_of = new_pipeline(), dict[str, str]()
    for article in labelled:
        result = pipeline.take(article.event, START_S + 120 * DAY_S)
        for record in map(dict[str, Any], result.curated):
            story_of[record["webUrl"]] = record["storyId"]
    assert_sound(pipeline.state)
    return pipeline, story_of


def _scores(language: str) -> tuple[float, float, float]:
    own = [article for article in LABELLED if article.event["locale"] == language]
    _, story_of = _run(own)
    precision, recall, f1, _ = score(
        [article.story for article in own], [story_of[article.event["webUrl"]] for article in own]
    )
    return precision, recall, f1


def test_the_stream_has_enough_articles_and_back_fills() -> None:
    assert len(LABELLED) >= 200
    times = [article.event["publishedDateTime"] for article in LABELLED]
    assert times != sorted(times), "some articles arrive late"
    assert len({article.event["title"] for article in LABELLED}) == len(LABELLED)


def test_grouping_is_good_in_each_language() -> None:
    # The errors are merges of two stories in one town within two days: each title has the town's
    # name.
    scores = {language: _scores(language) for language in KINDS}
    assert min(f1 for _, _, f1 in scores.values()) >= 0.9, scores
    assert min(recall for _, recall, _ in scores.values()) == 1, scores


def test_grouping_is_good_when_all_languages_share_a_lane() -> None:
    _, story_of = _run(LABELLED)
    found = score(
        [article.story for article in LABELLED],
        [story_of[article.event["webUrl"]] for article in LABELLED],
    )
    assert found.f1 >= 0.93, found
    assert found.recall >= 0.99, found


@pytest.mark.parametrize("language", UNSPACED)
def test_long_texts_without_spaces_are_similar_by_subject_not_by_grammar(language: str) -> None:
    bridge, again, other = (vectorise(*text, language) for text in UNSPACED[language])
    of_one = dot_product(bridge, again) // UNIT
    of_two = max(dot_product(bridge, other), dot_product(again, other)) // UNIT
    assert of_one > 350 > 160 > of_two, (of_one, of_two)


def test_a_later_archive_is_grouped_separately_and_does_not_change_newer_stories() -> None:
    archive = [article for article in LABELLED if article.story.endswith("-3")]
    news = [article for article in LABELLED if not article.story.endswith("-3")]
    today, today_stories = _run(news)
    both, both_stories = _run(news + archive)
    alone, alone_stories = _run(archive)
    assert {url: both_stories[url] for url in today_stories} == today_stories
    assert {url: both_stories[url] for url in alone_stories} == alone_stories
    assert both.state.lane.clock == today.state.lane.clock
    for article_id, live in today.state.articles.items():
        after = both.state.articles[article_id]
        assert (after.revision, after.related) == (live.revision, live.related), (
            "not published again"
        )
    assert alone.state.articles.keys() <= both.state.articles.keys()


def test_one_date_in_the_far_future_does_not_expire_articles() -> None:
    pipeline, _ = _run(LABELLED)
    before, clock = dict(pipeline.state.articles), pipeline.state.lane.clock
    assert clock is not None
    wild = event("outlet9.example/wild", "A date from another century", 99_999 * DAY_S)
    assert take(pipeline, wild, arrived_s=120 * DAY_S).curated
    assert pipeline.state.lane.clock == clock
    assert before.keys() < pipeline.state.articles.keys(), "all articles are still live"
    # Three articles that agree on a time move the clock.
    for number in range(3):
        at_s = clock - START_S + 11 * DAY_S + number
        take(pipeline, event(f"outlet9.example/{number}", f"Quiet day {number}", at_s))
    assert not before.keys() & pipeline.state.articles.keys(), (
        "all earlier articles have left the window"
    )
