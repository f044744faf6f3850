"""`newsloom crawl`: visits feeds and writes article events.

In: an OPML file, a list of URLs or one URL. Out: events on standard output or in a file, and a line
for each feed on standard error.
"""

import asyncio
import sys
from pathlib import Path

import click

from newsloom.adapters.failures import OutageError
from newsloom.bootstrap import run_crawl
from newsloom.commands.display.printable import printable
from newsloom.feeds.crawling.crawler import Visit
from newsloom.feeds.crawling.outputs import FileOutput, StreamOutput
from newsloom.feeds.crawling.state import CrawlState
from newsloom.feeds.crawling.subscriptions import read_subscriptions
from newsloom.settings import Settings


@click.command()
@click.argument("feeds", metavar="FEEDS")
@click.option("--once", is_flag=True, required=True, help="Visit each feed that is due once.")
@click.option(
    "--output",
    default="-",
    show_default=True,
    metavar="-|FILE",
    help="Write the events to standard output (-), or append them to FILE.",
)
@click.option(
    "--state",
    "state_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the state of the feeds is kept; default: beside the output, as FILE.crawl.db.",
)
def crawl(feeds: str, once: bool, output: str, state_path: Path | None) -> None:  # noqa: ARG001
    """Visit feeds and write what they hold as article events.

    FEEDS is an OPML file, a file with one URL a line, or one URL. The URL of a web page stands for
    the first feed that the page names. RSS, RDF, Atom and JSON Feed are read.

    With --output FILE the crawler remembers which entries it has written, and visits a feed only
    when it is due. An entry is remembered after it is on disk: if the crawl is killed, an entry can
    come twice, and none is lost. With standard output nothing is remembered: each run writes all
    entries.

    Standard error gets one line for each feed: how the visit ended, and its entries.

    \b
    Exit codes:
      0    at least one feed was read, or none was due
      1    no feed could be read, or the output failed
      2    unusable arguments, feeds or settings

    \b
    Example:
      newsloom crawl https://harbour.example/ --once | newsloom run - --output news
    """
    addresses = read_subscriptions(feeds)
    settings = Settings()
    if output == "-" and state_path is not None:
        raise click.UsageError("--state needs --output FILE: standard output has no state")
    path = None if output == "-" else state_path or Path(f"{output}.crawl.db")
    events = StreamOutput(sys.stdout.buffer) if path is None else FileOutput(Path(output))
    state = CrawlState(path)
    visits: list[Visit] = []

    def report(visit: Visit) -> None:
        visits.append(visit)
        click.echo(printable(describe_visit(visit)), err=True)

    try:
        early = asyncio.run(run_crawl(settings, state, events, addresses, report))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutageError(
            f"{output}: cannot be written ({error.strerror}); make room and run it again"
        ) from error
    finally:
        state.close()
    if early:
        click.echo(f"{early:,} feeds are not due yet, or gone for ever", err=True)
    if visits and not any(visit.outcome.is_success for visit in visits):
        raise click.exceptions.Exit(1)


def describe_visit(visit: Visit) -> str:
    """One line: how the visit ended, and what became of the entries."""
    parts = [str(visit.outcome)]
    if visit.moved_to:
        parts.append(f"moved to {visit.moved_to}")
    if visit.entries or visit.outcome in ("read", "too-large"):
        parts.append(f"{visit.entries:,} entries, {visit.new:,} new")
    if visit.faults:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in visit.faults.items())
        parts.append(f"{visit.faults.total():,} faulty ({reasons})")
    if visit.detail:
        parts.append(visit.detail)
    return f"{visit.address}: {'; '.join(parts)}"
