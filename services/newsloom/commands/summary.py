"""The closing summary of a run: what became of every input, and the stories that lead now."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsloom.observability.metrics import Metrics, totals
from newsloom.pipeline.curation.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.scoring import decayed_heat, is_published, lead_heat

TOP_STORIES = 8


def print_summary(console: Console, metrics: Metrics, state: State, elapsed_s: float) -> None:
    """Prints how many inputs ended how (they add up), why some failed, and the top stories."""
    inputs = totals(metrics.inputs)
    total = sum(inputs.values())
    publications = totals(metrics.publications)
    parts = [f"{inputs[o.value]:,} {_words(o)}" for o in Outcome]
    rate = f", {total / elapsed_s:,.0f}/s" if total and elapsed_s else ""
    console.print(
        f"{total:,} inputs = {' + '.join(parts)}  ({elapsed_s:.1f} s{rate})", highlight=False
    )
    console.print(
        f"published {publications['curated']:,} records of articles and "
        f"{publications['story']:,} of stories; in the window now: "
        f"{len(state.articles):,} articles in {len(state.stories):,} stories",
        highlight=False,
    )
    _print_counts(console, "dead letters", totals(metrics.dead_letters))
    _print_counts(console, "fields dropped for a fault", totals(metrics.faulty_fields))
    if total and state.stories:
        console.print(_top_stories(state))


def _words(outcome: Outcome) -> str:
    return outcome.value.replace("-", " ")


def _print_counts(console: Console, title: str, counts: Counter[str]) -> None:
    if counts:
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
        console.print(f"{title}: {listed}", highlight=False)


def _top_stories(state: State) -> Table:
    now = state.lane.clock or 0
    ranked = []
    for story_id, story in state.stories.items():
        lead = state.articles[state.leads[story_id][2]]
        heat = lead_heat(lead.article["quality"], len(story.providers))
        left = decayed_heat(heat, now - lead.event_at)
        ranked.append((-is_published(heat), -left, story_id, story, lead.article, heat))
    ranked.sort(key=lambda entry: entry[:3])
    table = Table(title="Top stories (heat decays with age)", title_justify="left", box=None)
    for name in ("now", "heat", "articles", "providers"):
        table.add_column(name, justify="right")
    table.add_column("lead")
    for _, minus_left, _, story, article, heat in ranked[:TOP_STORIES]:
        # Text, not markup: a title may hold anything.
        lead_line = Text(f"{article['title']} ({article['provider']['name']})")
        lead_line.truncate(90, overflow="ellipsis")
        counts = str(story.article_count), str(len(story.providers))
        table.add_row(f"{-minus_left:.0f}", str(heat), *counts, lead_line)
    return table
