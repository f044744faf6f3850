"""The closing summary of a run: what became of every input, and the stories that lead now."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsloom.commands.display.terminal import result_console
from newsloom.observability import definitions
from newsloom.observability.metrics import Metrics, totals
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.scoring import decayed_heat, is_published, lead_heat

TOP_STORIES = 8


def print_summary(metrics: Metrics, state: State, elapsed_s: float, threshold: int) -> None:
    """Prints how many inputs ended how (they add up), why some failed, and the top stories.

    Stories are published from heat `threshold` on.
    """
    console = result_console()
    inputs, publications = (
        totals(metrics[definitions.INPUTS]),
        totals(metrics[definitions.PUBLICATIONS]),
    )
    total = sum(inputs.values())
    parts = " + ".join(f"{inputs[outcome.value]:,} {_words(outcome)}" for outcome in Outcome)
    rate = f", {total / elapsed_s:,.0f}/s" if total and elapsed_s else ""
    duplicates = sum(1 for live in state.articles.values() if live.duplicate_of)
    console.print(f"{total:,} inputs = {parts}  ({elapsed_s:.1f} s{rate})", soft_wrap=True)
    console.print(
        f"published {publications['curated']:,} records of articles, "
        f"{publications['story']:,} of stories"
    )
    console.print(
        f"in the window now: {len(state.articles):,} articles ({duplicates:,} of them duplicates) "
        f"in {len(state.stories):,} stories"
    )
    _print_counts(
        console, "articles without a good image", totals(metrics[definitions.IMAGELESS_ARTICLES])
    )
    _print_counts(console, "dead letters", totals(metrics[definitions.DEAD_LETTERS]))
    _print_counts(console, "fields dropped for a fault", totals(metrics[definitions.FAULTY_FIELDS]))
    if dropped := metrics.registry.get_sample_value("newsloom_private_dropped_total"):
        console.print(f"private objects dropped, with no key to seal them: {dropped:,.0f}")
    if total and state.stories:
        console.print(_top_stories(state, threshold))


def _words(outcome: Outcome) -> str:
    return outcome.value.replace("-", " ")


def _print_counts(console: Console, title: str, counts: Counter[str]) -> None:
    if counts:
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
        console.print(f"{title}: {listed}", soft_wrap=True)


def _age(age_s: int) -> str:
    hours = age_s // 3600
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def _top_stories(state: State, threshold: int) -> Table:
    """The stories that a reader would see first now: published ones, by what is left of heat."""
    now = state.lane.clock or 0
    ranked = []
    for story_id, story in state.stories.items():
        lead = state.articles[state.stories.led_by(story_id)]
        heat = lead_heat(lead.article["quality"], len(story.providers))
        age_s = max(0, now - lead.event_at)
        order = -is_published(heat, threshold), -decayed_heat(heat, age_s), story_id
        ranked.append((order, heat, age_s, story, lead.article))
    ranked.sort(key=lambda entry: entry[0])
    table = Table(title="Top stories (heat halves in a day)", title_justify="left", box=None)
    for name in ("heat", "age", "articles", "outlets"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    table.add_column("lead", no_wrap=True, overflow="ellipsis")
    for _, heat, age_s, story, article in ranked[:TOP_STORIES]:
        # Text, not markup: a title may hold anything.
        lead_line = Text(f"{article['title']} ({article['provider']['name']})")
        counts = str(story.article_count), str(len(story.providers))
        table.add_row(str(heat), _age(age_s), *counts, lead_line)
    return table
