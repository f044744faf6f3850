"""The long streams are the same in every process, and contain all that they promise."""

import json
from collections import Counter
from functools import cache

from newsloom.rules.addresses.urls import article_id, canonical_url
from tests.support.long_streams import AGGREGATOR, DAY_S, ONE_DOMAIN, START, Step, long_stream


@cache
def _steps() -> tuple[Step, ...]:
    return tuple(long_stream(7, per_day=20, troubled=0.3))


def _events(kind: str = "article") -> list[tuple[Step, dict[str, object]]]:
    return [(s, s.event) for s in _steps() if s.event is not None and s.truth.kind == kind]


def test_the_same_arguments_give_the_same_steps() -> None:
    assert list(long_stream(3, days=3)) == list(long_stream(3, days=3))
    assert list(long_stream(3, days=3)) != list(long_stream(4, days=3))


def test_steps_are_in_the_order_of_arrival_over_all_days() -> None:
    times = [step.arrived_at for step in _steps()]
    assert times == sorted(times)
    assert times[0] == int(START.timestamp())
    assert times[-1] - times[0] > 59 * DAY_S


def test_the_ids_are_those_of_the_documented_canonical_form() -> None:
    spellings = Counter[str]()
    for step, event in _events():
        url = str(event.get("originalUrl") or event["webUrl"])
        assert article_id(canonical_url(url)) == step.truth.article
        spellings[url.partition(":")[0]] += 1
        spellings["tracking"] += "utm_" in url
        spellings["aggregator"] += str(event["webUrl"]).startswith(AGGREGATOR)
    assert min(spellings[name] for name in ("http", "https", "tracking", "aggregator")) > 20


def test_withdrawals_use_every_name_at_every_time() -> None:
    seen: dict[str, int] = {}
    given: dict[str, object] = {}
    names, delays = Counter[str](), Counter[str]()
    for step in _steps():
        truth = step.truth
        if truth.kind == "article" and step.event is not None:
            seen.setdefault(truth.article, step.arrived_at)
            given[truth.article] = step.event["webUrl"]
        if truth.kind != "withdrawal":
            continue
        days = (step.arrived_at - seen[truth.article]) / DAY_S
        delays["at once" if days < 1 else "later" if days < 10 else "after"] += 1
        delays["after 30 days"] += days > 30
        delays["forgotten"] += truth.is_late
        if step.event is None:
            is_id = step.key == truth.article.encode()
            names["tombstone by id" if is_id else "tombstone by URL"] += 1
        elif "originalUrl" in step.event:
            names["both"] += 1
        else:
            is_given = step.event["webUrl"] == given[truth.article]
            names["as given" if is_given else "another spelling"] += 1
    assert len(delays) == 5, delays
    assert len(names) == 5, names


def test_there_are_wild_dates_second_names_returns_and_faulty_inputs() -> None:
    found = Counter[str]()
    state: dict[str, str] = {}
    for step in _steps():
        truth = step.truth
        found[truth.kind] += 1
        if truth.kind == "article":
            found["return"] += state.get(truth.article) == "withdrawal"
            found["again"] += truth.article in state
            found[truth.times[0][:4]] += 1
            found["second name"] += ONE_DOMAIN in json.dumps(step.event)
        state[truth.article] = truth.kind
    wanted = ("faulty", "withdrawal", "return", "again", "1990", "2090", "second name")
    assert min(found[name] for name in wanted) >= 4, found
