"""The rules about the stories that a subscriber holds. `rules` states how they are read."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.subscriber.rules import (
    NOT_LEADING,
    Check,
    difference,
    has_grown,
    rank,
    rule,
    seconds,
    state,
)

if TYPE_CHECKING:
    from tests.support.subscriber.view import View

MAX_LISTED, MAX_PROVIDERS = 100, 100
RENEWED_S = 10 * 86_400


def _live_story(name: str, **options: bool) -> Callable[[Check], Check]:
    """A rule about stories that are not merged and have no article that may be forgotten."""

    def add(check: Check) -> Check:
        def of_live(view: "View", ident: str) -> str | None:
            if "mergedInto" in view.stories[ident].record or ident in view.inexact:
                return None
            if any(view.may_be_forgotten(member) for member in view.members(ident)):
                return None
            return check(view, ident)

        return rule(name, "story", **options)(of_live)

    return add


@rule("merge-chain", "story")
def _merge_chain(view: "View", ident: str) -> str | None:
    record = view.stories[ident].record
    if "mergedInto" not in record:
        return None
    end = view.resolve(ident)
    if end is None:
        return "it is merged in a circle"
    if end in view.stories or end in view.withdrawn:
        return None
    return f"it is merged into {end}, which was never published"


@_live_story("story-empty")
def _story_empty(view: "View", ident: str) -> str | None:
    return None if view.members(ident) else "it is held, but none of its articles is"


@_live_story("lead-held")
def _lead_held(view: "View", ident: str) -> str | None:
    record = view.stories[ident].record
    lead = record.get("lead")
    if lead is None:
        live = sorted(i for i in view.members(ident) if view.is_live(i))
        if live:
            return f"it has no lead, but live articles {live}"
        return None if record["heat"] == NOT_LEADING else f"no lead, but heat {record['heat']}"
    if lead not in view.articles:
        return f"its lead {lead} is {state(view, lead)}"
    if view.story_of(lead) != ident:
        return f"its lead {lead} is in story {view.story_of(lead)}"
    if view.articles[lead].record["heat"] == NOT_LEADING:
        return f"its lead {lead} has heat {NOT_LEADING}"
    return None


@_live_story("lead-best")
def _lead_best(view: "View", ident: str) -> str | None:
    lead = view.stories[ident].record.get("lead")
    live = [i for i in view.members(ident) if view.is_live(i)]
    if lead not in view.articles or not live:
        return None
    best = min(live, key=lambda i: rank(view.articles[i].record))
    if view.has_left(lead):
        return f"its lead {lead} has left the window, but {best} has not"
    if rank(view.articles[best].record) < rank(view.articles[lead].record):
        return f"{lead} leads, but {best} is better"
    return None


@_live_story("lead-heat")
def _lead_heat(view: "View", ident: str) -> str | None:
    record = view.stories[ident].record
    lead = view.articles.get(record.get("lead", ""))
    if lead is None or lead.record["heat"] == NOT_LEADING:
        return None
    expected = lead.record["quality"] + min(100, 10 * max(0, len(record["providers"]) - 1))
    heats = record["heat"], lead.record["heat"]
    if heats[0] != heats[1] or (heats[0] != expected and view.is_live(record["lead"])):
        return f"heat {heats[0]}, of the lead {heats[1]}; {expected} is right"
    if record["locale"] != lead.record["locale"]:
        return f"locale {record['locale']}, but the lead has {lead.record['locale']}"
    return None


@_live_story("lead-renewed")
def _lead_renewed(view: "View", ident: str) -> str | None:
    story = view.stories[ident]
    members = view.members(ident)
    joined = [clock for member, clock in story.joined.items() if member in members]
    joined_at = max(joined, default=story.published_clock)
    if joined_at < story.published_clock + RENEWED_S:
        return None
    return "articles join it, but it was published more than ten days ago"


def _counted(view: "View", ident: str) -> list[str]:
    """The members that the record of a story must count."""
    return sorted(view.members(ident) - view.stories[ident].joined.keys())


@_live_story("story-count")
def _story_count(view: "View", ident: str) -> str | None:
    count, expected = view.stories[ident].record["articleCount"], len(_counted(view, ident))
    return None if count == expected else f"articleCount is {count}, but it has {expected}"


@_live_story("story-grown", needs_settled=True)
def _story_grown(view: "View", ident: str) -> str | None:
    count, members = view.stories[ident].record["articleCount"], len(view.members(ident))
    if not view.stories[ident].joined or not has_grown(members, count):
        return None
    return f"it has {members} articles, but was published with {count}"


@_live_story("story-providers")
def _story_providers(view: "View", ident: str) -> str | None:
    providers = view.stories[ident].record["providers"]
    names: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for member in _counted(view, ident):
        provider = view.articles[member].record["provider"]
        counts[provider["domain"]] += 1
        names.setdefault(provider["domain"], set()).add(provider["name"])
    shown = {provider["domain"]: provider["articleCount"] for provider in providers}
    if len(providers) < MAX_PROVIDERS and shown != counts:
        return f"providers are {shown}, but its articles have {dict(counts)}"
    for provider in providers:
        if provider["name"] not in names.get(provider["domain"], ()):
            return f"no article of it has the provider {provider['name']}"
    order = [(-provider["articleCount"], provider["domain"]) for provider in providers]
    return None if order == sorted(order) else f"providers are in the order {order}"


@_live_story("story-times")
def _story_times(view: "View", ident: str) -> str | None:
    record = view.stories[ident].record
    times = [view.articles[member].event_at for member in _counted(view, ident)]
    known = [at for at in times if at is not None]
    if len(known) < len(times) or not known:
        return None
    for name, expected in (("first", min(known)), ("last", max(known))):
        shown = record[f"{name}PublishedDateTime"]
        if seconds(shown) != expected:
            wrong = seconds(shown) - expected
            return f"{name}PublishedDateTime is {shown}, {wrong} s from that of its articles"
    return None


@_live_story("story-articles")
def _story_articles(view: "View", ident: str) -> str | None:
    listed = [item["id"] for item in view.stories[ident].record["articles"]]
    if wrong := sorted(set(listed) - view.members(ident)):
        where = f"in story {view.story_of(wrong[0])}" if wrong[0] in view.articles else ""
        return f"articles names {wrong[0]}, which is {where or state(view, wrong[0])}"
    if len(listed) != len(set(listed)) or len(listed) > MAX_LISTED:
        return f"articles has {len(listed)} items, {len(set(listed))} different ones"
    return None


@_live_story("story-articles-missing", needs_settled=True)
def _story_articles_missing(view: "View", ident: str) -> str | None:
    listed = [item["id"] for item in view.stories[ident].record["articles"]]
    missing = [i for i in _counted(view, ident) if i not in listed and view.is_live(i)]
    if len(listed) >= MAX_LISTED:
        first = min((view.articles[i].seen for i in listed if i in view.articles), default=0)
        missing = [i for i in missing if view.articles[i].seen > first]
    return f"articles lacks {missing}" if missing else None


@_live_story("story-articles-current", is_standing=False)
def _story_articles_current(view: "View", ident: str) -> str | None:
    for item in view.stories[ident].record["articles"]:
        if wrong := difference(view, item):
            return f"articles shows {wrong}"
    return None
