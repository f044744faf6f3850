"""`newsloom explain`: why an article stands where it stands, in words."""

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from newsloom.adapters.catalogue_files import load_catalogue
from newsloom.adapters.failures import OutageError
from newsloom.bootstrap import read_state
from newsloom.commands.options import catalogue_option
from newsloom.commands.terminal import result_console
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.draft import Draft
from newsloom.pipeline.curation.grouping import weigh_stories
from newsloom.pipeline.curation.rows import LiveArticle
from newsloom.pipeline.curation.state import State
from newsloom.pipeline.enrich import quality_parts_of
from newsloom.records.faults import Outcome
from newsloom.rules.evidence import DEFAULT_WEIGHTS, join_parts
from newsloom.rules.provider import Evidence, Outlet, Resolution, resolve_provider
from newsloom.rules.scoring import PUBLISH_THRESHOLD, UNKNOWN_STANDING, is_published, lead_heat
from newsloom.rules.stories import RELATED_FLOOR
from newsloom.rules.urls import article_id, canonical_url, url_fault
from newsloom.settings import read_settings

_EVIDENCE: dict[Evidence, str] = {
    "host": "its host's name in the catalogue",
    "domain": "its domain's name in the catalogue",
    "title": "the outlet that its title ends in",
    "hint": "as the crawler hints",
    "unknown": "its domain, which the catalogue does not know",
    "carrier": "it carries what others publish, and nothing says who did",
}
MAX_NEIGHBOURS = 8
MAX_SHARED_TERMS = 6
MAX_PARTS = 4


@click.command()
@click.argument("article", metavar="URL|ID")
@click.option(
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of a `newsloom run`, which may be running.",
)
@catalogue_option
def explain(article: str, folder: Path, catalogue: tuple[Path, ...]) -> None:
    """Say why an article was curated as it was.

    Shows who published it, the parts of its quality, what became of its images, its story and what
    spoke for it, its duplicates, its related, and why it is (not) published. For articles still in
    the window.
    """
    settings = read_settings(catalogue=catalogue)
    known = load_catalogue(settings.catalogue)
    state = read_state(folder)
    live = _find(state, article)
    console = result_console()
    content = live.article
    console.print(Text(content["title"], style="bold"))
    for name, value in _identity(live, known).items():
        console.print(Text(f"{name:12}{value}"), soft_wrap=True)
    console.print(Text(f"{'quality':12}{_quality(live, known)}"), soft_wrap=True)
    for name, line in _images(live):
        console.print(Text(f"{name:12}{line}"), soft_wrap=True)
    console.print(Text(f"{'story':12}{_story(state, live)}"), soft_wrap=True)
    console.print(Text(f"{'duplicates':12}{_duplicates(state, live)}"), soft_wrap=True)
    console.print(Text(f"{'verdict':12}{_verdict(state, live)}"), soft_wrap=True)
    console.print(_neighbours(state, live))
    console.print(_stories(state, live))


def _find(state: State, article: str) -> LiveArticle:
    ident = article if url_fault(article) else article_id(canonical_url(article))
    live = state.articles.get(ident)
    if live is None:
        raise OutageError(
            f"no article in the window has the URL or id {article}: it was never curated here, "
            "was withdrawn, or has left the window of ten days (see curated.jsonl)"
        )
    return live


def _identity(live: LiveArticle, known: Catalogue) -> dict[str, str]:
    content = live.article
    return {
        "id": content["id"],
        "canonical": canonical_url(content.get("originalUrl") or content["webUrl"]),
        "provider": _provider(live, known),
        "language": content["locale"],
        "published": content["publishedDateTime"],
        "leaves": f"the window at {datetime.fromtimestamp(live.leaves_at, UTC):%Y-%m-%d %H:%M}Z",
    }


def _provider(live: LiveArticle, known: Catalogue) -> str:
    provider, version = live.article["provider"], live.article.get("catalogueVersion")
    name = f"{provider['name']} ({provider['domain']})"
    resolution = _resolve(live, known)
    outlet, carrier = resolution.outlet, resolution.carried_by
    if (outlet.name, outlet.domain) == (provider["name"], provider["domain"]):
        why = _EVIDENCE[resolution.evidence]
        if carrier is not None and carrier != outlet.domain:
            why += f", behind a URL of {carrier}, which carries others"
    elif version == known.version:
        why = _EVIDENCE["hint"]
    else:
        why = f"as catalogue {version} had it; this one says {outlet.name} ({outlet.domain})"
    kind = f"{outlet.kind}, " if outlet.kind and outlet.domain == provider["domain"] else ""
    return f"{name}: {kind}{why}"


def _resolve(live: LiveArticle, known: Catalogue) -> Resolution:
    """Who published it by the URL and title alone: hints are not kept."""
    content = live.article
    url = content.get("originalUrl") or content["webUrl"]
    return resolve_provider(url, content["title"], known.outlets, known.names)


def _quality(live: LiveArticle, known: Catalogue) -> str:
    content = live.article
    domain = content["provider"]["domain"]
    outlet = _resolve(live, known).outlet
    if outlet.domain != domain:
        outlet = known.outlets.get(domain, Outlet(domain, domain, standing=UNKNOWN_STANDING))
    parts = quality_parts_of(content, outlet.standing)
    if sum(parts.values()) != content["quality"]:
        return f"{content['quality']}, given by the crawler"
    summands = " + ".join(f"{name} {points}" for name, points in parts.items())
    return f"{content['quality']} = {summands}"


def _images(live: LiveArticle) -> list[tuple[str, str]]:
    """A line for each image: what became of it, if anybody looked, and its size."""
    lines = []
    for check in live.image_checks:
        size = f" {check['width']}×{check['height']}" if "width" in check else ""
        lines.append(f"{check['verdict']}{size}: {check['url']}")
    if not lines:
        lines = [f"not checked: {image['url']}" for image in live.article.get("images", ())]
    return [("images" if n == 0 else "", line) for n, line in enumerate(lines or ["none"])]


def _story(state: State, live: LiveArticle) -> str:
    story = state.stories[live.story_id]
    lead = state.leads[live.story_id][2]
    title = state.articles[lead].article["title"]
    who = "which it leads" if lead == live.article["id"] else f"led by “{title}” ({lead})"
    providers = ", ".join(sorted(name for name, _ in story.providers.values()))
    merged = sorted(state.aliases_of.get(live.story_id, ()))
    also = f"; {', '.join(merged)} went up in it" if merged else ""
    return f"{story.id}, {who}; {story.article_count} articles by {providers}{also}"


def _duplicates(state: State, live: LiveArticle) -> str:
    if live.duplicate_of is not None:
        return f"it is a duplicate of {live.duplicate_of}"
    copies = sorted(state.copies.get(live.article["id"], ()))
    return ", ".join(copies) or "none"


def _verdict(state: State, live: LiveArticle) -> str:
    lead = state.leads[live.story_id][2]
    if lead != live.article["id"]:
        better = state.articles[lead].article
        return (
            "not published: its story is led by an article of "
            f"{better['provider']['name']} (quality {better['quality']}, its own "
            f"{live.article['quality']}; then the earlier, then the lower id leads)"
        )
    providers = len(state.stories[live.story_id].providers)
    heat = lead_heat(live.article["quality"], providers)
    word = "published" if is_published(heat) else "not published"
    return (
        f"{word}: heat {heat} = quality {live.article['quality']} + "
        f"{heat - live.article['quality']} for {providers - 1} further providers; "
        f"from {PUBLISH_THRESHOLD} on it is published"
    )


def _neighbours(state: State, live: LiveArticle) -> Table:
    own = live.vector
    comparison = state.index.compare(own, without=[live.article["id"]])
    near = comparison.nearest(live.event_at)
    table = Table(
        title=f"nearest articles, in thousandths (related from {RELATED_FLOOR})",
        title_justify="left",
        box=None,
    )
    table.add_column("near", justify="right", no_wrap=True, min_width=4)
    table.add_column("relation", no_wrap=True, min_width=11)
    table.add_column("shared words, heaviest first", no_wrap=True, min_width=38, max_width=38)
    table.add_column("article", no_wrap=True)
    for similarity, other_id in sorted(((s, i) for i, s in near.items()), reverse=True)[
        :MAX_NEIGHBOURS
    ]:
        other = state.articles[other_id]
        products = {t: own[t] * weight for t, weight in other.vector.items() if t in own}
        shared = sorted(products, key=lambda term: (-products[term], term))
        same = "same story" if other.story_id == live.story_id else "other story"
        title = Text(f"{other.article['title']} ({other.article['provider']['name']})")
        title.truncate(58, overflow="ellipsis")
        table.add_row(str(similarity), same, Text(", ".join(shared[:MAX_SHARED_TERMS])), title)
    return table


def _stories(state: State, live: LiveArticle) -> Table:
    """The nearest stories as they are now, with what speaks for its joining them, and against."""
    comparison = state.index.compare(live.vector, without=[live.article["id"]])
    near = comparison.nearest(live.event_at)
    table = Table(
        title=(
            "nearest stories as they are now: joined from 0 on, the best of them "
            f"({DEFAULT_WEIGHTS.join_bias} + for + against; docs/adr/0003-grouping.md)"
        ),
        title_justify="left",
        box=None,
    )
    table.add_column("score", justify="right", no_wrap=True, min_width=5)
    for heading in ("story", "for", "against"):
        table.add_column(heading, no_wrap=heading == "story", ratio=1)
    for candidate in weigh_stories(
        Draft(state, Outcome.UNCHANGED), live, comparison, near, DEFAULT_WEIGHTS
    ):
        parts = join_parts(candidate.evidence, DEFAULT_WEIGHTS)
        ranked = sorted(parts, key=lambda name: (-abs(parts[name]), name))
        spoken_for = [f"{name} {parts[name]:+}" for name in ranked if parts[name] > 0]
        against = [f"{name} {parts[name]:+}" for name in ranked if parts[name] < 0]
        lead = state.articles[state.leads[candidate.story_id][2]].article["title"]
        title = Text("its own" if candidate.story_id == live.story_id else lead)
        title.truncate(40, overflow="ellipsis")
        told = [Text(", ".join(each[:MAX_PARTS])) for each in (spoken_for, against)]
        table.add_row(str(candidate.score), title, *told)
    return table
