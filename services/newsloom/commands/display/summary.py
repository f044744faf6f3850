"""The summary at the end of a run: how the inputs ended, what was published, the top stories."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from newsloom.commands.display.terminal import plain, result_console
from newsloom.observability import definitions
from newsloom.observability.metrics import Metrics, totals
from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.rows import LiveStory
from newsloom.pipeline.lane.state import State
from newsloom.records.curated import Article
from newsloom.records.faults import Outcome
from newsloom.rules.scoring import decayed_heat, is_published, lead_heat

TOP_STORIES = 8
MIN_FIGURE_WIDTH = 4
"""Columns for an age such as `47 h`."""
_COUNTS = (
    ("articles without a usable image", definitions.IMAGELESS_ARTICLES),
    ("dead letters", definitions.DEAD_LETTERS),
    ("invalid optional fields dropped", definitions.FAULTY_FIELDS),
)
TOP_TITLE = "Top stories (published ones first, ordered by heat, which halves every 24 hours)"


def print_summary(metrics: Metrics, state: State, elapsed_s: float, threshold: int) -> None:
    """Prints the inputs by outcome, the publications, what was dropped, and the top stories.

    The counts are those of this run, except that live articles and stories are those of the state.
    `threshold` is the heat from which a lead is published.
    """
    console = result_console()
    _print_inputs(console, totals(metrics[definitions.INPUTS]), elapsed_s)
    publications = totals(metrics[definitions.PUBLICATIONS])
    console.print(
        f"published: {publications['curated']:,} article records, "
        f"{publications['story']:,} story records"
    )
    _print_live(console, state)
    for title, definition in _COUNTS:
        _print_counts(console, title, totals(metrics[definition]))
    if dropped := metrics.registry.get_sample_value("newsloom_private_dropped_total"):
        console.print(f"private objects dropped because no sealing key is set: {dropped:,.0f}")
    if totals(metrics[definitions.INPUTS]) and state.stories:
        console.print(_top_stories(state, threshold))


def _print_inputs(console: Console, inputs: Counter[str], elapsed_s: float) -> None:
    total = inputs.total()
    outcomes = [outcome for outcome in Outcome if outcome is not Outcome.PASSED]  # only on Kafka
    parts = " + ".join(f"{inputs[outcome.value]:,} {_name(outcome)}" for outcome in outcomes)
    rate = f", {total / elapsed_s:,.0f}/s" if total and elapsed_s else ""
    console.print(f"{total:,} inputs = {parts}  ({elapsed_s:.1f} s{rate})", soft_wrap=True)


def _print_live(console: Console, state: State) -> None:
    duplicates = sum(1 for live in state.articles.values() if live.duplicate_of)
    console.print(
        f"live articles: {len(state.articles):,} (duplicates: {duplicates:,}) "
        f"in {len(state.stories):,} stories"
    )


def _name(outcome: Outcome) -> str:
    return outcome.value.replace("-", " ")


def _print_counts(console: Console, title: str, counts: Counter[str]) -> None:
    if counts:
        parts = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
        console.print(f"{title}: {parts}", soft_wrap=True)


def _age(age_s: int) -> str:
    hours = age_s // 3600
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def _top_stories(state: State, threshold: int) -> Table:
    table = Table(title=TOP_TITLE, title_justify="left", box=None)
    for name in ("heat", "age", "articles", "providers"):
        width = max(MIN_FIGURE_WIDTH, len(name))
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    table.add_column("lead", no_wrap=True, overflow="ellipsis")
    ranked = sorted(_rank(state, threshold), key=lambda entry: entry.order)
    for _, heat, age_s, story, providers, article in ranked[:TOP_STORIES]:
        lead_line = plain(f"{article['title']} ({article['provider']['name']})")
        counts = str(story.article_count), str(providers)
        table.add_row(str(heat), _age(age_s), *counts, lead_line)
    return table


class _Ranked(NamedTuple):
    """A story with the heat and the age of its lead. The story with the lowest order is first."""

    order: tuple[int, float, str]
    heat: int
    age_s: int
    story: LiveStory
    providers: int
    lead: Article


def _rank(state: State, threshold: int) -> Iterator[_Ranked]:
    """All stories: published ones first, then by the heat that is left at the lane clock's time."""
    now, stories = state.lane.clock or 0, Changeset(state, Outcome.UNCHANGED).stories
    for story_id, story in state.stories.items():
        lead = state.articles[state.stories.led_by(story_id)]
        providers = stories.provider_count(story_id)
        heat = lead_heat(lead.article["quality"], providers)
        age_s = max(0, now - lead.event_at)
        order = -is_published(heat, threshold), -decayed_heat(heat, age_s), story_id
        yield _Ranked(order, heat, age_s, story, providers, lead.article)
