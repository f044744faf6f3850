"""Thirteen articles with the structure of a real record: one data theft and its wider subject.

The last article has low quality and arrives after better ones. All others are related to it, in
order of quality, and it is not published itself. Outlets, names and sentences are invented.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from newsloom.rules.clock import format_time
from tests.support.generator import generate
from tests.support.lanes import DAY_S, HOUR_S, START_S, assert_sound, new_pipeline
from tests.support.newsstand import Record, ident
from tests.support.pipeline import Pipeline

# (outlet, hours after the start, quality, title, excerpt): ten days, several events, one subject.
ARTICLES = [
    (
        "the-lantern",
        0,
        126,
        "Leaked papers show northern police plan a network of face recognition databases",
        "Ten national police forces want to join their face recognition databases in one network, "
        "according to a draft seen by the Lantern. Officers could search portraits held abroad; "
        "the authors urge ministers to pass a law for it before the end of the year.",
    ),
    (
        "skarra-post",
        20,
        38,
        "Northern police poised to link face recognition databases across borders",
        "Campaigners warn of a vast system in the making: a plan to let ten countries' police run "
        "face recognition searches across each other's databases, from passports to mugshots, "
        "would need little more than a treaty and a few cables.",
    ),
    (
        "northfield-echo",
        44,
        15,
        "Video site tells Visagen to stop scraping photos for face recognition",
        "The site's lawyers have demanded that Visagen AI delete whatever it copied from public "
        "profiles. The start-up boasts of three billion photos in the database it rents to law "
        "enforcement agencies, and says scraping them is free speech.",
    ),
    (
        "harbour-ledger",
        70,
        21,
        "Announcement: commissioners open joint investigation into Visagen AI",
        "Four privacy commissioners will examine together whether the company's face recognition "
        "technology complies with the law, given reports that it collects images of people and "
        "makes them available to law enforcement agencies without consent.",
    ),
    (
        "tidewater-times",
        75,
        42,
        "Privacy officials will investigate controversial face recognition company",
        "Privacy officials said on Friday that they were opening an investigation of Visagen AI, "
        "whose technology identifies strangers by images taken from the web, after several police "
        "services admitted that detectives had tried it.",
    ),
    (
        "privacy-week",
        95,
        53,
        "Editorial: face recognition takes the invasion of privacy too far",
        "Imagine a stranger who points a telephone at you and learns your name. Face recognition "
        "software that makes it possible is already with the police, and no law in this country "
        "says what becomes of the images, or of the privacy of those who never agreed.",
    ),
    (
        "school-gazette",
        120,
        39,
        "Face recognition at school still debated a month after it was switched on",
        "Parents in the lake district say the software that watches the doors of eight schools is "
        "a threat to the privacy of pupils. The board calls face recognition a matter of "
        "safety and keeps a database of people who may not enter.",
    ),
    (
        "long-view",
        150,
        39,
        "Beware the long arm of the algorithm: face recognition errs",
        "Face recognition software mistakes darker faces far more often, a government laboratory "
        "found, yet police departments buy the technology faster than any law can follow. An essay "
        "on what happens to innocent people whose images resemble another's.",
    ),
    (
        "daily-beacon",
        205,
        59,
        "Yikes! Intruder steals client list from face recognition firm with three billion photos",
        "Visagen AI has told customers that somebody gained unauthorised access to its list of "
        "clients, the accounts they had set up and the number of searches they ran. The database "
        "of photos itself was not breached, the firm insists.",
    ),
    (
        "wire-service",
        209,
        74,
        "City police are on the client list stolen from face recognition firm",
        "The city's police department is a client of the firm. Visagen AI, criticised for scraping "
        "together a database of three billion images, has been hit by a data theft in which its "
        "list of customers, many of them law enforcement agencies, was stolen.",
    ),
    (
        "metro-herald",
        212,
        45,
        "Company behind controversial face recognition software used by police had clients stolen",
        "The company under investigation by privacy officials for the face recognition software "
        "that police here have tested says an intruder made off with its entire client list. A "
        "lawyer for Visagen AI called breaches part of life in this century.",
    ),
    (
        "crime-desk",
        214,
        39,
        "Immigration agents ran face recognition on millions of driving licences",
        "Agents searched the state's database of driving licences without a warrant, senators were "
        "told, using face recognition software on images of seven million people. Law enforcement "
        "agencies elsewhere have turned to private firms such as Visagen.",
    ),
    (
        "national-today",
        217,
        25,
        "Visagen AI, which has face recognition database of three billion images, faces data theft",
        "Face recognition software firm Visagen AI, criticised by privacy experts for a database "
        "of some three billion images, has had data stolen. The firm's list of customers, which "
        "include numerous law enforcement agencies, was taken by an intruder, it told them.",
    ),
]
LAST = "national-today"
QUALITIES = [126, 74, 59, 53, 45, 42, 39, 39, 39, 38, 21, 15]


def _url(outlet: str) -> str:
    return f"{outlet}.example/visagen"


def _event(outlet: str, hours: int, quality: int, title: str, excerpt: str) -> dict[str, Any]:
    return {
        "webUrl": f"https://{_url(outlet)}",
        "title": title,
        "excerpt": excerpt,
        "publishedDateTime": format_time(START_S + hours * HOUR_S),
        "quality": quality,
        "locale": "en",
    }


def _take(pipeline: Pipeline, event: dict[str, Any]) -> Record:
    """The record of the article that an event reports."""
    result = pipeline.take(event, START_S + 20 * DAY_S)
    assert result.fault is None
    return dict(result.curated[0]) if result.curated else {}


def _curate_only_these() -> list[Record]:
    pipeline = new_pipeline()
    records = [_take(pipeline, _event(*article)) for article in ARTICLES]
    assert_sound(pipeline.state)
    return records


def test_the_other_twelve_are_related_to_the_last_in_order_of_quality() -> None:
    last = _curate_only_these()[-1]
    assert [item["quality"] for item in last["related"]] == QUALITIES
    outlets = {_url(outlet) for outlet, *_ in ARTICLES if outlet != LAST}
    assert {item["webUrl"].removeprefix("https://") for item in last["related"]} == outlets


def test_the_last_does_not_lead_and_is_not_published() -> None:
    last = _curate_only_these()[-1]
    assert (last["quality"], last["heat"], last["published"]) == (25, -1, False)


def test_the_last_is_in_the_story_of_the_theft() -> None:
    pipeline = new_pipeline()
    for article in ARTICLES:
        _take(pipeline, _event(*article))
    live = pipeline.state.articles.values()
    stories = {a.article["provider"]["domain"]: a.story_id for a in live}
    theft = ("daily-beacon", "wire-service", "metro-herald", LAST)
    assert len({stories[f"{outlet}.example"] for outlet in theft}) == 1


def test_none_is_a_duplicate_of_another() -> None:
    assert not [record for record in _curate_only_these() if "duplicateOf" in record]


def test_they_are_related_among_two_thousand_other_articles() -> None:
    start = datetime.fromtimestamp(START_S, UTC)
    # Four fifths of the others arrive between the first and the last of ours, the rest before.
    others = list(generate(7, 2_000, start=start - timedelta(days=2), articles_per_day=180))
    ours = [_event(*article) for article in ARTICLES]
    pipeline, records = new_pipeline(), []
    for event in others[:400]:
        _take(pipeline, event)
    places = {round(n * 1_600 / (len(ours) - 1)): event for n, event in enumerate(ours)}
    for n, event in enumerate([*others[400:], {}]):
        if n in places:
            records.append(_take(pipeline, places[n]))
        if event:
            _take(pipeline, event)
    assert_sound(pipeline.state)
    last, ids = records[-1], {ident(_url(outlet)) for outlet, *_ in ARTICLES}
    related = [item["id"] for item in last["related"]]
    assert len(records) == len(ARTICLES)
    assert len(related) >= 10
    assert set(related) <= ids, "only our articles are related"
    assert (last["heat"], last["published"]) == (-1, False)
    order = [item["quality"] for item in last["related"]]
    assert order == sorted(order, reverse=True)
