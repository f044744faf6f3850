"""Bounds of work: inputs that cause much work, on one broker with one worker of each stage.

    python -m tests.soak.bounds takedown merge back-fill --articles 5000 --back-fill 200000

- takedown: a text with many copies is withdrawn everywhere: in the order of arrival, in the order
  of ids, and in reverse order.
- merge: an article merges two large stories; then again, while the curate worker is killed during
  the merge. Both runs must publish the same records and leave the same rows.
- back-fill: many old articles arrive at once. They leave the window together when its clock moves.

In: the parts to run, by default all. Out: a line for each part. Exit code 1 if a transaction has
more than MAX_TRANSACTION records and rows, a worker needs more memory than its pod has in
deploy/kubernetes, an input is lost or repeated, or what a subscriber holds after a transaction is
inconsistent. The workers have the memory limit of their pods, where this user may set it.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path

from deploy.kafka.brokers import Cluster
from tests.soak.bounds import inputs
from tests.soak.bounds.lane import STAGES, Lane, Transaction, memory_limit_mib, running_lane

MAX_TRANSACTION = 2_000
MAX_EACH = 40
"""The most records that a withdrawal may publish on average: far fewer than there are copies."""
STRIKES = (
    ("between the sends of one transaction", 30),
    ("before commit", 3),
    ("after commit", 3),
)
"""Where the curate worker is killed in a merge, each time another process, and at which call: in
its second or a later transaction. See tests/support/saboteur.py."""
AROUND = 300
"""Ordinary articles before and after what causes the work."""
PARTS = ("takedown", "merge", "back-fill")


class Bounds:
    """The parts of a run. `are_kept` is false once something is wrong."""

    def __init__(self, servers: str, folder: Path, articles: int, back_fill: int) -> None:
        self._servers, self._folder = servers, folder
        self._articles, self._back_fill = articles, back_fill
        enrich_mib = memory_limit_mib("base/enrich.yaml")
        small, large = "overlays/small/kustomization.yaml", "base/curate.yaml"
        self._small = {"enrich": enrich_mib, "curate": memory_limit_mib(small)}
        self._large = {"enrich": enrich_mib, "curate": memory_limit_mib(large)}
        self.are_kept = True

    def takedown(self) -> None:
        """Withdraws all copies of a text, in each order."""
        for order in inputs.ORDERS:
            name, count = f"takedown-{order}", self._articles
            with running_lane(self._servers, name, self._folder, self._small, {}) as lane:
                lane.send(inputs.copies(count))
                lane.await_inputs(count)
                first = len(lane.transactions.all)
                sent_s = lane.send(inputs.withdrawals(count, order))
                lane.await_inputs(2 * count)
                _stop(lane)
                taken = lane.transactions.all[first:]
                each = sum(transaction.records for transaction in taken) / count
                self._report(
                    f"takedown of {count:,} copies in the order of {order}: "
                    f"{each:.1f} records for each withdrawal",
                    lane,
                    taken,
                    sent_s,
                    [] if each <= MAX_EACH else [f"more than {MAX_EACH} records each"],
                )

    def merge(self) -> None:
        """Merges two stories, without and with kills of the curate worker."""
        calm, killed = (self._merge(strikes) for strikes in ((), STRIKES))
        differing = [topic for topic in calm if calm[topic] != killed[topic]]
        print(f"  the same records and rows with and without kills: {not differing}", flush=True)
        if differing:
            self._fail(f"with and without kills differ: {', '.join(differing)}")

    def _merge(self, strikes: Sequence[tuple[str, int]]) -> dict[str, object]:
        weights = self._folder / "story-weights.toml"
        weights.write_text(f"[join]\nbias = {inputs.MERGE_BIAS}\n")
        settings = {"NEWSLOOM_STORY_WEIGHTS": str(weights)}
        name, count = f"merge-{len(strikes)}", 2 * self._articles
        with running_lane(self._servers, name, self._folder, self._small, settings) as lane:
            lane.send(inputs.two_stories(self._articles))
            lane.await_inputs(count)
            first, faults = len(lane.transactions.all), []
            if strikes:
                lane.stop("curate")
            sent_s = lane.send(chain([inputs.bridge()], inputs.ordinary("after", AROUND, 5)))
            for point, call in strikes:
                lane.start("curate", ("kill", point, call))
                lane.await_kill("curate")
                if not lane.transactions.is_pending:
                    faults.append(f"not killed in the merge: {point}")
            if strikes:
                lane.start("curate")
            lane.await_inputs(count + 1 + AROUND)
            _stop(lane)
            what = f"merge of 2 stories of {self._articles:,} articles, {len(strikes)} kills"
            self._report(what, lane, lane.transactions.all[first:], sent_s, faults)
            return lane.content()

    def back_fill(self) -> None:
        """Fills in old articles, then moves the clock beyond the window."""
        count = self._back_fill
        with running_lane(self._servers, "back-fill", self._folder, self._large, {}) as lane:
            began_s = lane.send(inputs.ordinary("before", AROUND, 0))
            lane.send(inputs.back_fill(count))
            lane.await_inputs(AROUND + count)
            filled_s = lane.transactions.all[-1].at_s - began_s
            largest = max(transaction.size for transaction in lane.transactions.all)
            print(f"back-fill of {count:,} articles: {filled_s:.0f} s, largest {largest:,}")
            first = len(lane.transactions.all)
            sent_s = lane.send(inputs.ordinary("after", AROUND, 11))
            total = count + 2 * AROUND
            lane.await_inputs(total)
            _stop(lane)
            curated = lane.transactions.outcomes.get("curated", 0)
            faults = [] if curated == total else [f"{curated:,} of {total:,} are curated"]
            what = f"{count:,} articles of a back-fill leave the window"
            self._report(what, lane, lane.transactions.all[first:], sent_s, faults)

    def _report(
        self,
        what: str,
        lane: Lane,
        made: Sequence[Transaction],
        sent_s: float,
        faults: list[str],
    ) -> None:
        """Prints the figures of the transactions `made` for what was sent at `sent_s`."""
        largest = max(transaction.size for transaction in lane.transactions.all)
        if largest > MAX_TRANSACTION:
            faults.append(f"a transaction has {largest:,} records and rows")
        memory = []
        for stage, usage in lane.usage.items():
            memory.append(
                f"{stage} {usage.peak_mib:,.0f} of {usage.limit_mib:,} MiB, "
                f"{usage.processor_s:,.0f} s of processor time"
            )
            if usage.peak_mib > usage.limit_mib:
                faults.append(f"{stage} needs {usage.peak_mib:,.0f} MiB")
        began = time.monotonic()
        faults += lane.verify()
        print(
            f"{what}\n"
            f"  {len(made):,} transactions, {sum(t.records for t in made):,} records, "
            f"{made[-1].at_s - sent_s:.1f} s; longest wait for the next decision "
            f"{_longest_wait_s(made, sent_s):.1f} s\n"
            f"  largest transaction {largest:,} records and rows "
            f"({max(t.size for t in made):,} of these; allowed: {MAX_TRANSACTION:,})\n"
            f"  {'; '.join(memory)}; limits are "
            f"{'enforced' if lane.is_confined else 'compared only'}\n"
            f"  verified in {time.monotonic() - began:.0f} s, after every transaction: "
            f"{'all right' if not faults else 'WRONG'}",
            flush=True,
        )
        for fault in faults:
            self._fail(fault)

    def _fail(self, fault: str) -> None:
        print(f"  WRONG: {fault}", flush=True)
        self.are_kept = False


def _stop(lane: Lane) -> None:
    for stage in STAGES:
        lane.stop(stage)


def _longest_wait_s(made: Sequence[Transaction], sent_s: float) -> float:
    """The longest time in which no input was decided while inputs waited."""
    times = [sent_s]
    position = 0
    for transaction in made:
        if transaction.position > position:
            times.append(transaction.at_s)
            position = transaction.position
    return max(later - earlier for earlier, later in pairwise(times))


def main() -> int:
    """The exit code: 0 if all bounds are kept, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.bounds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", help=f"what to run: {', '.join(PARTS)} (all)")
    parser.add_argument("--articles", type=int, default=5_000, help="of a text or story (5000)")
    parser.add_argument("--back-fill", type=int, default=200_000, help="old articles (200000)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-bounds-") as folder,
        Cluster(Path(folder) / "brokers", 1) as cluster,
    ):
        servers = cluster.bootstrap_servers
        bounds = Bounds(servers, Path(folder), options.articles, options.back_fill)
        run = {"takedown": bounds.takedown, "merge": bounds.merge, "back-fill": bounds.back_fill}
        for part in options.parts or PARTS:
            run[part]()
    print("passed" if bounds.are_kept else "FAILED")
    return 0 if bounds.are_kept else 1


if __name__ == "__main__":
    sys.exit(main())
