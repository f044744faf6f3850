"""The rules about the articles that a subscriber holds. `rules` states how they are read."""

from typing import TYPE_CHECKING, Any

from tests.support.subscriber.rules import NOT_LEADING, difference, has_grown, rank, rule, state

if TYPE_CHECKING:
    from tests.support.subscriber.view import View

MAX_RELATED, MAX_DUPLICATES = 12, 50


@rule("story-held", "article")
def _story_held(view: "View", ident: str) -> str | None:
    story_id = view.articles[ident].record["storyId"]
    end = view.resolve(story_id)
    if end is None:
        return f"its story {story_id} is merged in a circle"
    if end in view.stories or view.may_be_forgotten(ident):
        return None
    state = "withdrawn" if end in view.withdrawn else "not held"
    return f"its story {story_id} is {state}" + (f" as {end}" if end != story_id else "")


@rule("heat-leads", "article")
def _heat_leads(view: "View", ident: str) -> str | None:
    heat = view.articles[ident].record["heat"]
    story_id = view.story_of(ident)
    story = view.stories.get(story_id or "")
    if heat == NOT_LEADING or story is None or view.may_be_forgotten(ident):
        return None
    lead = story.record.get("lead")
    return None if lead == ident else f"it has heat {heat}, but {lead} leads story {story_id}"


@rule("published", "article")
def _published(view: "View", ident: str) -> str | None:
    record = view.articles[ident].record
    expected = record["heat"] != NOT_LEADING and record["heat"] >= view.threshold
    if record["published"] == expected:
        return None
    return f"heat {record['heat']} but published is {record['published']}"


@rule("root-held", "article", needs_settled=True)
def _root_held(view: "View", ident: str) -> str | None:
    root = view.articles[ident].record.get("duplicateOf")
    if root is None or root in view.articles or not view.is_live(ident):
        return None
    return f"duplicateOf names {root}, which is {state(view, root)}"


@rule("root-same-story", "article")
def _root_same_story(view: "View", ident: str) -> str | None:
    root = view.articles[ident].record.get("duplicateOf")
    if root not in view.articles or not view.is_live(ident):
        return None
    own, other = view.story_of(ident), view.story_of(root)
    if view.resolve(ident) == own:
        return None  # its id names its story, which goes before
    return None if own == other else f"it is in story {own}, its root {root} in {other}"


@rule("duplicate-chain", "article")
def _duplicate_chain(view: "View", ident: str) -> str | None:
    return _chain(view, ident) if view.is_live(ident) else None


@rule("duplicate-chain-departed", "article")
def _duplicate_chain_departed(view: "View", ident: str) -> str | None:
    is_concerned = not view.is_live(ident) and not view.may_be_forgotten(ident)
    return _chain(view, ident) if is_concerned else None


def _chain(view: "View", ident: str) -> str | None:
    root = view.articles[ident].record.get("duplicateOf")
    if root is None or root not in view.articles:
        return None
    above = view.articles[root].record.get("duplicateOf")
    return f"it duplicates {root}, which duplicates {above}" if above else None


@rule("names-withdrawn", "article", needs_settled=True)
def _names_withdrawn(view: "View", ident: str) -> str | None:
    if not view.is_live(ident):
        return None
    record = view.articles[ident].record
    for name in ("related", "duplicates"):
        for item in record.get(name, ()):
            if item["id"] not in view.articles:
                return f"{name} names {item['id']}, which is {state(view, item['id'])}"
    return None


@rule("duplicates-match", "article", needs_settled=True)
def _duplicates_match(view: "View", ident: str) -> str | None:
    if not view.is_live(ident):
        return None
    held = view.articles[ident]
    listed = [item["id"] for item in held.record.get("duplicates", ())]
    wrong = [i for i in listed if i in view.articles and i not in view.copies[ident]]
    if wrong:
        root = view.articles[wrong[0]].record.get("duplicateOf")
        return f"duplicates names {wrong[0]}, which is a duplicate of {root}"
    missing = [
        i
        for i in view.copies.get(ident, set()) - held.later_copies - set(listed)
        if view.is_live(i)
    ]
    if len(listed) >= MAX_DUPLICATES:
        first = min(view.articles[i].seen for i in listed if i in view.articles)
        missing = [i for i in missing if view.articles[i].seen > first]
    return f"duplicates lacks {sorted(missing)}" if missing else None


@rule("duplicates-grown", "article", needs_settled=True)
def _duplicates_grown(view: "View", ident: str) -> str | None:
    held = view.articles[ident]
    if not view.is_live(ident) or not held.later_copies:
        return None
    copies = {i for i in view.copies.get(ident, ()) if view.is_live(i)}
    listed = len(held.record.get("duplicates", ()))
    before = max(listed, len(view.copies[ident] - held.later_copies))
    if not has_grown(len(copies), before):
        return None
    return f"it has {len(copies)} duplicates, but was published with {before}"


@rule("relation-story", "article", needs_settled=True)
def _relation_story(view: "View", ident: str) -> str | None:
    for item, expected in _relations(view, ident):
        if expected != item["relation"] and "duplicate" not in (expected, item["relation"]):
            return f"{item['id']} is shown as {item['relation']}, but is {expected}"
    return None


@rule("relation-duplicate", "article", needs_settled=True)
def _relation_duplicate(view: "View", ident: str) -> str | None:
    for item, expected in _relations(view, ident):
        if expected != item["relation"] and "duplicate" in (expected, item["relation"]):
            return f"{item['id']} is shown as {item['relation']}, but is {expected}"
    return None


def _relations(view: "View", ident: str) -> list[tuple[dict[str, Any], str]]:
    """The related articles that are held, each with the relation that it has."""
    record = view.articles[ident].record
    root, story_id = record.get("duplicateOf", ident), view.story_of(ident)
    if story_id is None or not view.is_live(ident):
        return []
    relations = []
    for item in record.get("related", ()):
        other = view.articles.get(item["id"])
        if other is None:
            continue
        relation = "related"
        if other.record.get("duplicateOf", item["id"]) == root:
            relation = "duplicate"
        elif view.story_of(item["id"]) == story_id:
            relation = "same-story"
        relations.append((item, relation))
    return relations


@rule("limits", "article", is_standing=False)
def _limits(view: "View", ident: str) -> str | None:
    record = view.articles[ident].record
    for name, limit in (("related", MAX_RELATED), ("duplicates", MAX_DUPLICATES)):
        ids = [item["id"] for item in record.get(name, ())]
        if len(ids) > limit:
            return f"{name} has {len(ids)} items"
        if len(ids) != len(set(ids)) or ident in ids:
            return f"{name} names an article twice, or the article itself"
    return None


@rule("related-order", "article", is_standing=False)
def _related_order(view: "View", ident: str) -> str | None:
    related = view.articles[ident].record.get("related", [])
    order = [rank(item) for item in related]
    if order != sorted(order):
        return f"related is in the order {[item['id'] for item in related]}"
    wrong = [item["similarity"] for item in related if not 0 <= item["similarity"] <= 1]
    return f"similarities {wrong}" if wrong else None


@rule("related-current", "article", is_standing=False)
def _related_current(view: "View", ident: str) -> str | None:
    record = view.articles[ident].record
    for name in ("related", "duplicates"):
        for item in record.get(name, ()):
            if wrong := difference(view, item):
                return f"{name} shows {wrong}"
    return None


@rule("related-window", "article", is_standing=False)
def _related_window(view: "View", ident: str) -> str | None:
    for item in view.articles[ident].record.get("related", ()):
        if item["id"] in view.articles and view.has_left(item["id"]):
            return f"related names {item['id']}, which has left the window"
    return None
