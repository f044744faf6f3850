"""Labelled streams about one large subject, made from other streams or from invented texts.

In: labelled events, or a seed. Out: labelled events whose titles hold the words of one subject that
all articles share, as in a feed about an election or about the games: a few words in most titles,
others in some, and the words of a field of the subject that about one story in twelve shares.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from benchmarks.story_streams import LabelledEvent
from tests.support.generator_articles import open_subject, write_article
from tests.support.generator_languages import LANGUAGES, invent_word

SHARED = (0.75, 0.35, 0.2, 0.15, 0.12, 0.1, 0.08, 0.08)
"""The share of all titles that hold each of the subject's words."""
FIELDS = 12
IN_FIELD = (0.6, 0.4, 0.25, 0.15, 0.1, 0.08)
"""The share of a field's titles that hold each of its words."""
START = datetime(2026, 3, 2, tzinfo=UTC)
LARGEST = 60
"""The most articles of a story in `invented`; most have a few (Zipf's law, exponent 1.3)."""
SPREAD_S = 20 * 3600
"""The mean time from the start of a story to one of its articles, in `invented`."""


def densify(events: Sequence[LabelledEvent], seed: int) -> list[LabelledEvent]:
    """The same articles, with words of one subject at the front of their titles."""
    random = Random(seed)
    shared = _words(random, len(SHARED))
    fields = [_words(random, len(IN_FIELD)) for _ in range(FIELDS)]
    field_of: dict[str, list[str]] = {}
    dense = []
    for labelled in events:
        # The first fields have the most stories.
        field = field_of.setdefault(labelled.story, fields[int(FIELDS * random.random() ** 1.5)])
        added = [w for w, share in zip(shared, SHARED, strict=True) if random.random() < share]
        added += [w for w, share in zip(field, IN_FIELD, strict=True) if random.random() < share]
        title = " ".join([*added, labelled.event["title"]])
        dense.append(labelled._replace(event=labelled.event | {"title": title}))
    return dense


def invented(
    seed: int, articles: int = 20_000, stories: int = 2_000, days: int = 60
) -> list[LabelledEvent]:
    """A stream of invented texts in English about one subject, in order of publication."""
    random = Random(seed)
    reports = sorted(_reports(random, articles, stories, days), key=lambda report: report[0])
    labels = [label for _, label in reports]
    subjects = {}
    for number, label in enumerate(dict.fromkeys(labels)):
        subject = open_subject(random, number, {})
        while subject.language != "en":
            subject = open_subject(random, number, {})
        subjects[label] = subject
    events = []
    for number, (at_s, label) in enumerate(reports):
        moment = START + timedelta(seconds=at_s)
        event = write_article(random, subjects[label], number, moment, moment)
        event |= {"locale": "en", "publishedDateTime": f"{moment:%FT%TZ}"}
        for name in ("updatedDateTime", "originalUrl"):
            event.pop(name, None)
        events.append(LabelledEvent(event, label))
    return densify(events, seed)


def _reports(random: Random, articles: int, stories: int, days: int) -> Iterator[tuple[float, str]]:
    """The time of each article in seconds from START, and its story."""
    weights = list(accumulate(size**-1.3 for size in range(1, LARGEST + 1)))
    sizes = random.choices(range(1, LARGEST + 1), cum_weights=weights, k=stories)
    while sum(sizes) != articles:  # up or down by one somewhere
        place = random.randrange(stories)
        step = 1 if sum(sizes) < articles else -1
        sizes[place] += step if 1 <= sizes[place] + step <= LARGEST else 0
    for number, size in enumerate(sizes):
        began = random.random() * days * 86_400
        yield began, f"story-{number}"
        for _ in range(size - 1):
            yield began + random.expovariate(1 / SPREAD_S), f"story-{number}"


def _words(random: Random, count: int) -> list[str]:
    return [invent_word(random, LANGUAGES["en"], 2).capitalize() for _ in range(count)]
