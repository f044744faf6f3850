"""Topics: first those of the event, then those whose phrases are in the text."""

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.adapters.catalogue.files import BUNDLED
from newsloom.rules.topics import MAX_TOPICS, TopicEntry, TopicIndex
from newsloom.rules.words.text import words
from tests.support.generator import generate

INDEX = TopicIndex(
    [
        TopicEntry("Railways", ("rail strike", "train drivers", "Укрзалізниця")),
        TopicEntry("Labour", ("rail strike", "picket line", "strike")),
        TopicEntry("Climate", ("changement climatique", "气候变化", "sea-level rise")),
        TopicEntry("Football", ("Ballon d'Or", "the women's world cup")),
    ]
)

MATCHES = {
    "one phrase, one topic": ("Train drivers wanted", [], ["Railways"]),
    "a phrase of two topics, in the catalogue's order": (
        "Rail strike off",
        [],
        ["Railways", "Labour"],
    ),
    "in the text's order": (
        "Picket line blocks train drivers",
        [],
        ["Labour", "Railways"],
    ),
    "each topic once": ("Rail strike: train drivers strike", [], ["Railways", "Labour"]),
    "topics of the event come first": (
        "Train drivers on the picket line",
        ["Weather", "Labour"],
        ["Weather", "Labour", "Railways"],
    ),
    "a topic given twice appears once": ("Nothing here", ["Weather", "Weather"], ["Weather"]),
    "only topics of the event": ("", ["Weather"], ["Weather"]),
    "no topic": ("Nothing here", [], []),
    "capitals": ("RAIL STRIKE", [], ["Railways", "Labour"]),
    "accents": ("Le changement climatiqué", [], ["Climate"]),
    "a hyphen for a space": ("Rail-strike talks", [], ["Railways", "Labour"]),
    "a space for a hyphen": ("A sea level rise", [], ["Climate"]),
    "an apostrophe": ("Wins the Ballon d’Or", [], ["Football"]),
    "four words": ("At the Women’s World Cup final", [], ["Football"]),
    "the last words of the text": ("On with the picket line", [], ["Labour"]),
    "a script without spaces": ("全球气候变化会议", [], ["Climate"]),
    "Cyrillic": ("Нові потяги «Укрзалізниці»: Укрзалізниця купує", [], ["Railways"]),
    "within a longer word": ("Trail strikers and monorail strikes", [], []),
    "a plural is another word": ("Picket lines", [], []),
    "words with another word between": ("Train the drivers", [], []),
    "words in reverse order": ("Drivers train", [], []),
    "a phrase cut short": ("They train", [], []),
}


@pytest.mark.parametrize(("text", "own", "expected"), MATCHES.values(), ids=MATCHES)
def test_the_topics_of_a_text(text: str, own: list[str], expected: list[str]) -> None:
    assert INDEX.match(words(text), own) == expected


def test_there_are_at_most_twenty_topics_and_those_of_the_event_are_kept() -> None:
    many = TopicIndex(TopicEntry(f"Topic {n}", (f"word{n}",)) for n in range(30))
    tokens = [f"word{n}" for n in range(30)]
    assert many.match(tokens, []) == [f"Topic {n}" for n in range(MAX_TOPICS)]
    assert many.match(tokens, ["Own"]) == ["Own", *(f"Topic {n}" for n in range(MAX_TOPICS - 1))]
    own = [f"Own {n}" for n in range(25)]
    assert many.match(tokens, own) == own[:MAX_TOPICS]
    assert MAX_TOPICS == 20


PHRASES = ("a", "a b", "b c a", "c c c c", "d b")


@given(tokens=st.lists(st.sampled_from("abcde")), own=st.lists(st.sampled_from("xyz"), max_size=4))
def test_a_topic_is_found_exactly_if_its_phrase_is_in_the_text(
    tokens: list[str], own: list[str]
) -> None:
    found = TopicIndex(TopicEntry(phrase, phrases=(phrase,)) for phrase in PHRASES).match(
        tokens, own
    )
    text = f" {' '.join(tokens)} "
    assert found[: len(set(own))] == list(dict.fromkeys(own))
    assert set(found) - set(own) == {phrase for phrase in PHRASES if f" {phrase} " in text}
    assert len(found) == len(set(found))


HIERARCHY = TopicIndex(
    [
        TopicEntry("Transport"),
        TopicEntry("Railways", ("rail", "tram", "sleeper train"), ("SNCF",), parent="Transport"),
        TopicEntry("High-speed rail", ("TGV", "rail"), hashtags=("HighSpeed",), parent="Railways"),
        TopicEntry("Rare", ("鉄道", "東京駅")),
    ]
)
SIGNALS = {
    "only a short keyword": ("By rail to the coast", [], []),
    "the same one twice": ("Rail, and rail again", [], []),
    "two short ones": ("By rail or tram", [], ["Railways", "Transport"]),
    "two short ones of another topic too": (
        "The TGV is rail",
        [],
        ["High-speed rail", "Railways", "Transport"],
    ),
    "a short and a long one": ("Rail: the sleeper train", [], ["Railways", "Transport"]),
    "a long one": ("A sleeper train", [], ["Railways", "Transport"]),
    "a short phrase": ("SNCF says so", [], ["Railways", "Transport"]),
    "a short word without case": ("新しい鉄道", [], ["Rare"]),
    "a hashtag": ("So fast #highspeed", [], ["High-speed rail", "Railways", "Transport"]),
    "a hashtag of other width": (
        "So fast ＃HighSpeed",
        [],
        ["High-speed rail", "Railways", "Transport"],
    ),
    "its word without the sign": ("So highspeed", [], []),
    "a longer hashtag": ("#HighSpeeding", [], []),
    "parents of a topic of the event come last": (
        "A sleeper train",
        ["High-speed rail", "Own"],
        ["High-speed rail", "Own", "Railways", "Transport"],
    ),
    "a topic of the event is not a second signal": ("By rail", ["Own"], ["Own"]),
}


@pytest.mark.parametrize(("text", "own", "expected"), SIGNALS.values(), ids=SIGNALS)
def test_signals_and_parents_of_topics(text: str, own: list[str], expected: list[str]) -> None:
    assert HIERARCHY.match(words(text), own, text) == expected


def test_a_phrase_does_not_span_title_and_excerpt() -> None:
    assert INDEX.match([*words("No rail"), "", *words("strike")], []) == ["Labour"]


def test_a_thousand_topics_cost_less_than_twice_as_much_as_forty() -> None:
    """Measures both alternately and compares the best times, because the machine may be busy."""
    events = [event for event in generate(3, 400) if "title" in event]
    texts = [words(f"{event['title']} {event.get('excerpt', '')}") for event in events]
    bundled = tomllib.loads(BUNDLED[1].read_text("utf-8"))["topic"]
    real = [[*topic.get("keywords", ()), *topic.get("phrases", ())] for topic in bundled]

    def index_of(topics: int) -> TopicIndex:
        # Real keywords; each copy of a topic gets another ending.
        return TopicIndex(
            TopicEntry(f"T{n}", tuple(f"{keyword}{n}" for keyword in real[n % len(real)]))
            for n in range(topics)
        )

    def cost_s(index: TopicIndex) -> float:
        began = time.process_time()
        for text in texts:
            index.match(text, [])
        return time.process_time() - began

    few, many = index_of(40), index_of(1_000)
    costs = [(cost_s(few), cost_s(many)) for _ in range(25)]
    cost_few, cost_many = (min(column) for column in zip(*costs, strict=True))
    per_text_us = [f"{cost / len(texts) * 1e6:.1f}" for cost in (cost_few, cost_many)]
    assert cost_many < 2 * cost_few, f"{per_text_us} µs a text"
