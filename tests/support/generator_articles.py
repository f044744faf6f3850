"""The texts of the generator: subjects, articles about them, and edited copies.

In: a random source and a subject. Out: text by Zipf's law, in which articles of one subject share
some of its names, rare words and numbers. The functions keep no state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from tests.support.generator_languages import LANGUAGES, invent_word, vocabulary

Event = dict[str, Any]

_OUTLETS = 400
_TOPICS = 60
_TOPIC_WORDS = 60
# Of 1,000 subjects, how many have 1, 2, ... 12 articles: Zipf's law with exponent 1.5. A few have
# far more.
_SIZES = tuple(accumulate((490, 173, 94, 61, 44, 33, 26, 22, 18, 15, 13, 11)))
_LARGE_SUBJECT_SHARE = 0.001
# The share of subjects that take their topic and one name from another recent subject.
_SIBLING_SHARE = 0.15
# The share of a subject's particulars and names that one article mentions.
_MENTION_SHARE = 0.6
# A text with at most this many words is not cut further by copies.
_MIN_WORDS = 24

_CODES = tuple(LANGUAGES)
_CODE_SHARES = tuple(accumulate(language.share for language in LANGUAGES.values()))


@dataclass(slots=True)
class Subject:
    """The subject of several articles. `left` is the number of articles still to be written."""

    label: str
    language: str
    topic: int
    names: list[str]
    particulars: list[str]
    left: int


class Outlet(NamedTuple):
    """A publisher. `url_form` is the form of its URLs, 0 to 4."""

    name: str
    domain: str
    host: str
    url_form: int


def index(rng: Random, size: int) -> int:
    """A random index below `size`. It takes a third of the time of randrange; its bias is tiny."""
    return int(rng.random() * size)


@cache
def outlets() -> tuple[Outlet, ...]:
    """The same outlets for every seed."""
    rng, english = Random("outlets"), LANGUAGES["en"]
    invented = []
    for number in range(_OUTLETS):
        town, kind = invent_word(rng, english, 2), rng.choice(("Post", "Herald", "Times", "Echo"))
        domain = f"{town}{kind.lower()}{number}.example"
        host = rng.choice(("www.", "", "news.")) + domain
        invented.append(Outlet(f"{town.title()} {kind}", domain, host, index(rng, 5)))
    return tuple(invented)


def open_subject(rng: Random, number: int, latest: dict[str, Subject]) -> Subject:
    """A new subject, made the `latest` of its language; it may share a name with the former one."""
    code = rng.choices(_CODES, cum_weights=_CODE_SHARES)[0]
    known, language = vocabulary(code), LANGUAGES[code]
    names = rng.choices(known.name_urn, k=2)
    topic = index(rng, _TOPICS)
    sibling = latest.get(code)
    if sibling is not None and rng.random() < _SIBLING_SHARE:
        topic, names[0] = sibling.topic, sibling.names[0]
    names.append(invent_word(rng, language, 2).capitalize())
    # The 200 most frequent words belong to no topic.
    first = 200 + topic * _TOPIC_WORDS
    particulars = [known.words[first + index(rng, _TOPIC_WORDS)] for _ in range(6)]
    particulars += [invent_word(rng, language, 2 + (language.space != "")) for _ in range(5)]
    particulars += [str(2 + index(rng, 98)), f"{1 + index(rng, 40)},{100 + index(rng, 900)}"]
    size = rng.choices(range(1, 13), cum_weights=_SIZES)[0]
    if rng.random() < _LARGE_SUBJECT_SHARE:
        size = 40 + index(rng, 120)
    subject = Subject(f"s{number:07d}", code, topic, names, particulars, size)
    latest[code] = subject
    return subject


def write_article(
    rng: Random, subject: Subject, number: int, now: datetime, published: datetime
) -> Event:
    """An article about a subject, at a URL that `number` makes unique."""
    # The first outlets publish the most articles.
    outlet = outlets()[min(index(rng, _OUTLETS), index(rng, _OUTLETS))]
    title = _title(rng, subject)
    event: Event = {
        "title": title,
        "excerpt": _excerpt(rng, subject),
        "publishedDateTime": _format_time(rng, published),
        "webUrl": _url(rng, outlet, title, now, number),
    }
    _add_optional_fields(rng, event, outlet, subject, number)
    return event


def write_copy(rng: Random, original: Event, number: int, published: datetime) -> Event:
    """The same text, slightly changed, at another outlet's URL."""
    outlet = outlets()[index(rng, _OUTLETS)]
    label = original["eventId"].partition(".")[0]
    event: Event = {
        "title": original["title"].partition(" | ")[0],
        "excerpt": _edit(rng, original["excerpt"]),
        "publishedDateTime": _format_time(rng, published),
        "webUrl": f"https://{outlet.host}/syndicated/{number}",
        "provider": {"name": outlet.name, "domain": outlet.domain},
        "source": "feedline",
        "eventId": f"{label}.{number}",
    }
    if "locale" in original:
        event["locale"] = original["locale"]
    return event


def write_update(rng: Random, old: Event, number: int, now: datetime) -> Event:
    """The next version of an article: a word changes, and in half of the cases the URL variant."""
    words, space = _split(old["excerpt"])
    words[index(rng, len(words))] = str(number)
    event = old | {
        "excerpt": space.join(words),
        "updatedDateTime": f"{now.isoformat()[:19]}Z",
        "eventId": f"{old['eventId'].partition('.')[0]}.{number}",
    }
    if "originalUrl" not in old and rng.random() < 0.5:
        base = old["webUrl"].partition("#")[0].partition("utm_")[0].rstrip("?&")
        event["webUrl"] = f"{base}{'&' if '?' in base else '?'}utm_medium=social#latest"
    return event


def _title(rng: Random, subject: Subject) -> str:
    words = rng.choices(vocabulary(subject.language).word_urn, k=4)
    words.insert(index(rng, 3), subject.names[min(index(rng, 3), index(rng, 3))])
    words[3:3] = rng.sample(subject.particulars, 3)
    return _sentence(subject.language, words)


def _excerpt(rng: Random, subject: Subject) -> str:
    """Two or three sentences: words by frequency, and most particulars of the subject."""
    stop = LANGUAGES[subject.language].full_stop
    length = 34 + index(rng, 18)
    words = rng.choices(vocabulary(subject.language).word_urn, k=length)
    for particular in subject.particulars + subject.names:
        if rng.random() < _MENTION_SHARE:
            words[int(rng.random() * length)] = particular
    count = 2 if length < 42 else 3
    cuts = [length * n // count for n in range(count + 1)]
    text = stop.join(
        _sentence(subject.language, words[cuts[n] : cuts[n + 1]]) for n in range(count)
    )
    return text + (" ..." if rng.random() < 0.25 else stop.rstrip())


def _sentence(code: str, words: list[str]) -> str:
    text = LANGUAGES[code].space.join(words)
    return text[0].upper() + text[1:]


def _edit(rng: Random, text: str) -> str:
    """Swaps two neighbouring words or drops one, once or twice; sometimes cuts off the end."""
    words, space = _split(text)
    for _ in range(1 + index(rng, 2)):
        at = index(rng, len(words) - 1)
        if rng.random() < 0.5 and len(words) > _MIN_WORDS:
            del words[at]
        else:
            words[at], words[at + 1] = words[at + 1], words[at]
    if rng.random() < 0.3 and len(words) > _MIN_WORDS:
        words = [*words[: -(len(words) // 8)], "..."]
    return space.join(words)


def _split(text: str) -> tuple[list[str], str]:
    """The words of a text and the string between them; its characters if it has no spaces."""
    return (text.split(" "), " ") if " " in text[:40] else (list(text), "")


def _add_optional_fields(
    rng: Random, event: Event, outlet: Outlet, subject: Subject, number: int
) -> None:
    """Adds optional fields: to most events a locale and a provider, to some others too."""
    locales = LANGUAGES[subject.language].locales
    if rng.random() < 0.1:
        event["title"] += (" - " if rng.random() < 0.6 else " | ") + outlet.name
    if rng.random() < 0.2:
        event["ampWebUrl"] = f"https://amp.{outlet.domain}/{number}"
    if rng.random() < 0.02:
        event["originalUrl"] = event["webUrl"]
        event["webUrl"] = f"https://www.newsriver.example/go?id={number}"
    if rng.random() < 0.85:
        event["locale"] = locales[index(rng, len(locales))]
    if rng.random() < 0.7:
        event["provider"] = {"name": outlet.name, "domain": outlet.domain}
    if rng.random() < 0.2:
        event["topics"] = [f"Topic {subject.topic}"]
    if rng.random() < 0.6:
        image: Event = {"url": f"https://img.{outlet.domain}/{number}.jpg"}
        if rng.random() < 0.8:
            image |= {"width": 400 + index(rng, 1600), "height": 300 + index(rng, 900)}
        event["images"] = [image]
    if rng.random() < 0.25:
        event["quality"] = index(rng, 140)
    event["source"] = ("loom-spider", "feedline", "scoutbee")[index(rng, 3)]
    event["eventId"] = f"{subject.label}.{number}"


def _url(rng: Random, outlet: Outlet, title: str, now: datetime, number: int) -> str:
    if outlet.url_form == 0:
        return f"https://{outlet.host}/?p={number}"
    if outlet.url_form == 1:
        return f"https://{outlet.host}/a/{number:010x}.html"
    slug = "-".join(title.lower().split()[:5]).replace(",", "") if title.isascii() else "story"
    url = f"https://{outlet.host}/{now:%Y/%m/%d}/{slug}-{number}"
    return url + "?utm_source=feed" if rng.random() < 0.1 else url


def _format_time(rng: Random, when: datetime) -> str:
    if rng.random() < 0.05:
        return (when + timedelta(hours=2)).isoformat()[:19] + "+02:00"
    return f"{when.isoformat()[:19]}Z"
