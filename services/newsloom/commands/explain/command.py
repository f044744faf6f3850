"""`newsloom explain`: why an article stands where it stands, in words."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.adapters.failures import OutageError
from newsloom.bootstrap import build_policy, read_state
from newsloom.commands.display.terminal import result_console
from newsloom.commands.explain.articles import duplicate_lines, related_table
from newsloom.commands.explain.stories import story_lines
from newsloom.commands.options import catalogue_option
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.enrich import quality_parts_of
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.rules.addresses.urls import article_id, canonical_url, url_fault
from newsloom.rules.provider import Evidence, Outlet, Resolution, resolve_provider
from newsloom.rules.scoring import UNKNOWN_STANDING, is_published, lead_heat
from newsloom.settings import read_settings

_EVIDENCE: dict[Evidence, str] = {
    "host": "its host's name in the catalogue",
    "domain": "its domain's name in the catalogue",
    "title": "the outlet that its title ends in",
    "hint": "as the crawler hints",
    "unknown": "its domain, which the catalogue does not know",
    "carrier": "it carries what others publish, and nothing says who did",
}
_ID = re.compile("[0-9a-f]{32}")


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

    Shows who published it, the parts of its quality, what became of its images, its story, why it
    is (not) published, which articles are the same text and which nearly are, what is related, and
    what speaks for and against the stories near it. For articles still in the window.
    """
    settings = read_settings(catalogue=catalogue)
    policy = build_policy(settings)
    known = load_catalogue(settings.catalogue)
    state = read_state(folder)
    live = _find(state, article)
    near = state.index.search(live, [live.article["id"]]).nearest()
    console = result_console()
    console.print(Text(live.article["title"], style="bold"))
    for name, value in _identity(live, known).items():
        _print(console, name, [value])
    _print(console, "quality", [_quality(live, known)])
    _print(console, "images", _images(live))
    _print(console, "story", [_story(state, live)])
    _print(console, "verdict", [_verdict(state, live, policy.publish_threshold)])
    _print(console, "duplicates", duplicate_lines(state, live, near))
    console.print(related_table(state, live, near))
    titles = {story_id: _title(state, story_id) for story_id in state.stories}
    state.remove_article(live.article["id"])  # ours alone: it is weighed as if it came now
    console.print(Text("stories it would be held against if it came now", style="italic"))
    console.print(Text("(thousandths that add up; from 0 on it may join, and joins the best)"))
    for line in story_lines(state, live, policy.weights, titles):
        console.print(Text(line), soft_wrap=True)


def _print(console: Console, name: str, lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        console.print(Text(f"{'' if number else name:12}{line}"), soft_wrap=True)


def _find(state: State, article: str) -> LiveArticle:
    ident = article if url_fault(article) else article_id(canonical_url(article))
    live = state.articles.get(ident) if _ID.fullmatch(ident) else None
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


def _images(live: LiveArticle) -> list[str]:
    """A line for each image: what became of it, if anybody looked, and its size."""
    lines = []
    for check in live.image_checks:
        size = f" {check['width']}×{check['height']}" if "width" in check else ""
        lines.append(f"{check['verdict']}{size}: {check['url']}")
    if not lines:
        lines = [f"not checked: {image['url']}" for image in live.article.get("images", ())]
    return lines or ["none"]


def _story(state: State, live: LiveArticle) -> str:
    story = state.stories[live.story_id]
    lead = state.stories.led_by(live.story_id)
    title = state.articles[lead].article["title"]
    who = "which it leads" if lead == live.article["id"] else f"led by “{title}” ({lead})"
    providers = ", ".join(sorted(name for name, _ in story.providers.values()))
    merged = sorted(state.aliases_of.get(live.story_id, ()))
    also = f"; {', '.join(merged)} went up in it" if merged else ""
    return f"{story.id}, {who}; {story.article_count} articles by {providers}{also}"


def _title(state: State, story_id: str) -> str:
    story = state.stories[story_id]
    lead = state.articles[state.stories.led_by(story_id)].article
    count = f"{story.article_count} articles" if story.article_count > 1 else "1 article"
    return f"“{lead['title']}” ({count})"


def _verdict(state: State, live: LiveArticle, threshold: int) -> str:
    lead = state.stories.led_by(live.story_id)
    if lead != live.article["id"]:
        better = state.articles[lead].article
        return (
            "not published: its story is led by an article of "
            f"{better['provider']['name']} (quality {better['quality']}, its own "
            f"{live.article['quality']}; then the earlier, then the lower id leads)"
        )
    providers = len(state.stories[live.story_id].providers)
    heat = lead_heat(live.article["quality"], providers)
    word = "published" if is_published(heat, threshold) else "not published"
    return (
        f"{word}: heat {heat} = quality {live.article['quality']} + "
        f"{heat - live.article['quality']} for {providers - 1} further providers; "
        f"from {threshold} on it is published"
    )
