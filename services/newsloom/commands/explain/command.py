"""`newsloom explain`: shows why one article was curated as it was.

In: a URL or article id, the output folder of a run, and settings. Out: text for a person. It only
reads the folder.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.adapters.failures import OutageError
from newsloom.bootstrap import build_policy, read_state
from newsloom.commands.display.terminal import plain, result_console
from newsloom.commands.explain.articles import duplicate_lines, related_heading, related_table
from newsloom.commands.explain.stories import story_lines
from newsloom.commands.options import catalogue_option
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.enrich import quality_parts_of
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.addresses.urls import article_id, canonical_url, url_fault
from newsloom.rules.evidence import StoryWeights
from newsloom.rules.provider import Evidence, Outlet, Resolution, resolve_provider
from newsloom.rules.scoring import UNKNOWN_STANDING, is_published, lead_heat
from newsloom.settings import read_settings

_PROVIDER_EVIDENCE: dict[Evidence, str] = {
    "host": "the catalogue lists its host",
    "domain": "the catalogue lists its domain",
    "title": "the title ends with its name",
    "hint": "stated by the crawler",
    "unknown": "the domain of the URL, which the catalogue does not list",
    "carrier": "a carrier of other sites' articles; nothing names the publisher of this one",
}
_LABEL_WIDTH = 15
_ID = re.compile("[0-9a-f]{32}")
STORY_NOTES = (
    "An article joins the story with the highest score if that score is 0 or more, else it opens a "
    "new story.",
    "A duplicate joins the story of its root. A score is the sum of the lines below it (in "
    "thousandths, rounded).",
    "The weights were tuned together, so a single figure can count in an unexpected direction: "
    "compare the sums.",
)


@click.command()
@click.argument("article", metavar="URL|ID")
@click.option(
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The output folder of a `newsloom run`. The run may still be going on.",
)
@catalogue_option
def explain(article: str, folder: Path, catalogue: tuple[Path, ...]) -> None:
    """Show why one article was curated as it was.

    URL|ID names the article: its URL (`originalUrl` if its event has one, else `webUrl`), or its
    article id of 32 hex digits. The article must be live, that is, still in the ten-day window.

    \b
    The output shows:
      - the provider, and how it was found
      - the quality as a sum of its parts, and the result of each image check
      - the story, its lead, and why the article is published or not
      - its duplicates, and near misses: articles that are nearly duplicates
      - the related articles, with the words they share
      - the evidence for and against each of the nearest stories

    The evidence compares the article with the stories as they are now, not as they were when the
    article arrived. The settings `story_weights` and `publish_threshold` apply.

    \b
    Exit codes:
      0  the article was explained
      1  DIR cannot be read, or holds no live article with that URL or id
      2  unusable arguments, settings, weights or catalogue files

    \b
    Example:
      newsloom explain https://daily.example/ferry --output out
    """
    settings = read_settings(catalogue=catalogue)
    policy = build_policy(settings)
    loaded = load_catalogue(settings.catalogue)
    state = read_state(folder)
    live = _find(state, article)
    console = result_console()
    _print_article(console, state, live, loaded, policy.publish_threshold)
    _print_stories(console, state, live, policy.weights)


def _print_article(
    console: Console, state: State, live: LiveArticle, catalogue: Catalogue, threshold: int
) -> None:
    similarities = state.index.search(live, [live.article["id"]]).nearest()
    console.print(plain(live.article["title"], style="bold"))
    for name, value in _identity(live, catalogue).items():
        _print(console, name, [value])
    _print(console, "quality", [_quality(live, catalogue)])
    _print(console, "images", _images(live))
    _print(console, "story", [_story(state, live)])
    _print(console, "decision", [_decision(state, live, threshold)])
    _print(console, "duplicates", duplicate_lines(state, live, similarities))
    console.print(plain(related_heading(), style="italic"), soft_wrap=True)
    console.print(related_table(state, live, similarities) or "  none")


def _print_stories(
    console: Console, state: State, live: LiveArticle, weights: StoryWeights
) -> None:
    """Prints the nearest stories. Removes the article from `state`, which is a copy in memory, so
    that its own story is weighed as for a new article.
    """
    titles = {story_id: _title(state, story_id) for story_id in state.stories}
    state.remove_article(live.article["id"])
    console.print(plain("the nearest stories, if the article arrived now", style="italic"))
    for line in (*STORY_NOTES, *story_lines(state, live, weights, titles)):
        console.print(plain(line), soft_wrap=True)


def _print(console: Console, name: str, lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        console.print(plain(f"{'' if number else name:{_LABEL_WIDTH}}{line}"), soft_wrap=True)


def _find(state: State, article: str) -> LiveArticle:
    found_id = article if url_fault(article) else article_id(canonical_url(article))
    live = state.articles.get(found_id) if _ID.fullmatch(found_id) else None
    if live is None:
        raise OutageError(
            f"no live article has the URL or id {article}: it was never curated in this folder, "
            "was withdrawn, or has left the ten-day window; look for it in curated.jsonl"
        )
    return live


def _identity(live: LiveArticle, catalogue: Catalogue) -> dict[str, str]:
    content = live.article
    return {
        "id": content["id"],
        "canonical URL": canonical_url(content.get("originalUrl") or content["webUrl"]),
        "provider": _provider(live, catalogue),
        "language": content["locale"],
        "published at": content["publishedDateTime"],
        "leaves window": f"at {datetime.fromtimestamp(live.leaves_at, UTC):%Y-%m-%d %H:%M}Z "
        "by the lane clock",
    }


def _provider(live: LiveArticle, catalogue: Catalogue) -> str:
    provider, version = live.article["provider"], live.article.get("catalogueVersion")
    name = f"{provider['name']} ({provider['domain']})"
    resolution = _resolve(live, catalogue)
    outlet, carrier = resolution.outlet, resolution.carried_by
    if (outlet.name, outlet.domain) == (provider["name"], provider["domain"]):
        why = _PROVIDER_EVIDENCE[resolution.evidence]
        if carrier is not None and carrier != outlet.domain:
            why += f"; the URL is of {carrier}, a carrier of other sites' articles"
    elif version == catalogue.version:
        why = _PROVIDER_EVIDENCE["hint"]
    else:
        now = f"{outlet.name} ({outlet.domain})"
        why = f"found with catalogue {version}; the catalogue in use now gives {now}"
    kind = f"{outlet.kind}, " if outlet.kind and outlet.domain == provider["domain"] else ""
    return f"{name}: {kind}{why}"


def _resolve(live: LiveArticle, catalogue: Catalogue) -> Resolution:
    """Finds the provider again, from the URL and the title only: crawlers' hints are not stored."""
    content = live.article
    url = content.get("originalUrl") or content["webUrl"]
    return resolve_provider(url, content["title"], catalogue.outlets, catalogue.names)


def _quality(live: LiveArticle, catalogue: Catalogue) -> str:
    content = live.article
    domain = content["provider"]["domain"]
    outlet = _resolve(live, catalogue).outlet
    if outlet.domain != domain:
        outlet = catalogue.outlets.get(domain, Outlet(domain, domain, standing=UNKNOWN_STANDING))
    parts = quality_parts_of(content, outlet.standing)
    if sum(parts.values()) != content["quality"]:
        version = content.get("catalogueVersion")
        other = "" if version == catalogue.version else f", or computed with catalogue {version}"
        return f"{content['quality']}, stated by the crawler{other}"
    summands = " + ".join(f"{name} {points}" for name, points in parts.items())
    return f"{content['quality']} = {summands}"


def _images(live: LiveArticle) -> list[str]:
    """One line for each image: the verdict of its check, the size if known, and the URL."""
    lines = []
    for check in live.image_checks:
        size = f" {check['width']}×{check['height']}" if "width" in check else ""
        lines.append(f"{check['verdict']}{size}: {check['url']}")
    if not lines:
        lines = [f"not checked: {image['url']}" for image in live.article.get("images", ())]
    return lines or ["none"]


def _story(state: State, live: LiveArticle) -> str:
    story, stories = state.stories[live.story_id], Changeset(state, Outcome.UNCHANGED).stories
    lead = state.stories.led_by(live.story_id)
    title = state.articles[lead].article["title"]
    leader = "this article" if lead == live.article["id"] else f"“{title}” ({lead})"
    providers = ", ".join(sorted(name for name, _ in stories.providers(story.id).values()))
    aliases = sorted(state.aliases_of.get(live.story_id, ()))
    was_were = "was" if len(aliases) == 1 else "were"
    merged = f"; {', '.join(aliases)} {was_were} merged into it" if aliases else ""
    count = _count(story.article_count, "article")
    return f"{story.id}, led by {leader}; {count} from {providers}{merged}"


def _title(state: State, story_id: str) -> str:
    story = state.stories[story_id]
    lead = state.articles[state.stories.led_by(story_id)].article
    return f"“{lead['title']}” ({_count(story.article_count, 'article')})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _decision(state: State, live: LiveArticle, threshold: int) -> str:
    lead = state.stories.led_by(live.story_id)
    if lead != live.article["id"]:
        return _not_lead_text(live, state.articles[lead])
    providers = Changeset(state, Outcome.UNCHANGED).stories.provider_count(live.story_id)
    quality = live.article["quality"]
    heat = lead_heat(quality, providers)
    decision = "published" if is_published(heat, threshold) else "not published"
    return (
        f"{decision}: it leads its story; heat {heat} = quality {quality} + {heat - quality} for "
        f"{_count(providers - 1, 'further provider')}; leads are published from heat {threshold}"
    )


def _not_lead_text(live: LiveArticle, lead: LiveArticle) -> str:
    return (
        f"not published: the lead of its story is an article of {lead.article['provider']['name']} "
        f"with quality {lead.article['quality']}; this one has {live.article['quality']}. The "
        "highest quality leads, then the earliest article, then the lowest id"
    )
