"""Topics: the event's own first, then what whole phrases of the text speak of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.adapters.catalogue_files import load_catalogue
from newsloom.rules.text import words
from newsloom.rules.topics import MAX_TOPICS, TopicEntry, TopicIndex

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
    "each once": ("Rail strike: train drivers strike", [], ["Railways", "Labour"]),
    "what the event gives stands first": (
        "Train drivers on the picket line",
        ["Weather", "Labour"],
        ["Weather", "Labour", "Railways"],
    ),
    "given twice is given once": ("Nothing here", ["Weather", "Weather"], ["Weather"]),
    "given alone": ("", ["Weather"], ["Weather"]),
    "nothing": ("Nothing here", [], []),
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
    "parted words": ("Train the drivers", [], []),
    "words the other way round": ("Drivers train", [], []),
    "a phrase cut short": ("They train", [], []),
}


@pytest.mark.parametrize(("text", "own", "expected"), MATCHES.values(), ids=MATCHES)
def test_match(text: str, own: list[str], expected: list[str]) -> None:
    assert INDEX.match(words(text), own) == expected


def test_at_most_twenty_and_the_events_own_are_kept() -> None:
    many = TopicIndex(TopicEntry(f"Topic {n}", (f"word{n}",)) for n in range(30))
    tokens = [f"word{n}" for n in range(30)]
    assert many.match(tokens, []) == [f"Topic {n}" for n in range(MAX_TOPICS)]
    assert many.match(tokens, ["Own"]) == ["Own", *(f"Topic {n}" for n in range(MAX_TOPICS - 1))]
    own = [f"Own {n}" for n in range(25)]
    assert many.match(tokens, own) == own[:MAX_TOPICS]
    assert MAX_TOPICS == 20


PHRASES = ("a", "a b", "b c a", "c c c c", "d b")


@given(tokens=st.lists(st.sampled_from("abcde")), own=st.lists(st.sampled_from("xyz"), max_size=4))
def test_a_topic_is_found_exactly_where_its_phrase_stands(
    tokens: list[str], own: list[str]
) -> None:
    found = TopicIndex(TopicEntry(phrase, (phrase,)) for phrase in PHRASES).match(tokens, own)
    text = f" {' '.join(tokens)} "
    assert found[: len(set(own))] == list(dict.fromkeys(own))
    assert set(found) - set(own) == {phrase for phrase in PHRASES if f" {phrase} " in text}
    assert len(found) == len(set(found))


# What the bundled keywords must not be taken in by, and the topic each could be mistaken for.
FALSE_FRIENDS = {
    "French contraction": ("J’ai modelé un vase, et j’ai vu la mer", "AI"),
    "Tagalog preposition": ("Ang mga bata ay nasa paaralan na", "Space"),
    "a metaphor of ships": ("Budget talks ran aground on Thursday", "Shipping"),
    "another game with a league": ("Mumbai win the Indian Premier League", "Football"),
    "another football club": ("Collingwood Football Club names its captain", "Football"),
    "Italian for a series": ("Una serie A fumetti per ragazzi", "Football"),
    "a legislature's strike": ("Senators vote to strike the clause", "Labour"),
    "a strike in the air": ("Air strike hits a depot", "Labour"),
    "a party's name": ("Labour gains two seats in the north", "Labour"),
    "a trade of players": ("Trade talks for the quarterback go on", "Trade"),
    "a listing in small print": ("Acme (NASDAQ: ACME) names a new chief", "Markets"),
    "a supermarket shelf": ("A stock exchange of garden plants", "Markets"),
    "advice": ("Why drinking water before meals may help", "Drinking water"),
    "a retailer": ("Comet closes its last shops", "Astronomy"),
    "a rocket's fault": ("Fuel leak delays moon launch", "Environment"),
    "a vision of a computer maker": ("The computer maker's vision", "Computer Vision"),
    "an election to a hall of fame": ("His election to the academy", "Elections"),
    "a political climate": ("A climate of change in politics", "Climate"),
}


@pytest.mark.parametrize(("text", "topic"), FALSE_FRIENDS.values(), ids=FALSE_FRIENDS)
def test_the_bundled_topics_are_not_taken_in(text: str, topic: str) -> None:
    assert topic not in load_catalogue().topics.match(words(text), [])


FINDS = {
    "two topics of one matter": (
        "Police may not use facial recognition, judge says",
        ["AI", "Computer Vision"],
    ),
    "an election": ("Polling stations open in snap election", ["Elections"]),
    "French": ("Le changement climatique assèche la Loire", ["Climate"]),
    "German": ("Streit um Gesichtserkennung am Bahnhof", ["Computer Vision"]),
    "Japanese": ("気候変動の会議が開幕", ["Climate"]),
    "Arabic": ("افتتاح مشروع لتحلية مياه البحر", ["Drinking water"]),
    "a cup": ("Quarter-final draw of the FA Cup", ["Football"]),
}


@pytest.mark.parametrize(("text", "expected"), FINDS.values(), ids=FINDS)
def test_the_bundled_topics_are_found(text: str, expected: list[str]) -> None:
    assert load_catalogue().topics.match(words(text), []) == expected
