"""What a subscriber holds on many long streams, checked after every transaction.

    python -m tests.soak.streams --count 50 --rule story-count --rule older-version

In: how many streams; each has its own seed. Out: the violations of each rule, and the first ones
of the rules that are named, or else of all. Exit code 1 if a rule is broken. Every third stream
has two lanes.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.support.long_streams import long_stream
from tests.support.subscriber.following import ONE_LANE, TWO_LANES, follow
from tests.support.subscriber.view import Violation

STREAMS = 50
MAX_LISTED = 5
"""The violations of each rule that are printed for a stream."""


def follow_streams(
    seeds: Iterable[int], days: int = 60, per_day: int = 100, rules: Iterable[str] = ()
) -> bool:
    """Whether all rules hold on the streams with these seeds. Prints what is found."""
    total: Counter[str] = Counter()
    named = set(rules)
    with ProcessPoolExecutor() as pool:
        run = partial(_violations, days, per_day)
        for seed, violations in pool.map(run, seeds):
            counts = Counter(violation.rule for violation in violations)
            total += counts
            broken = f", broken: {', '.join(sorted(counts))}" if counts else ""
            print(f"stream {seed}: {counts.total():,} violations{broken}", flush=True)
            for rule in sorted(named or counts):
                for violation in [v for v in violations if v.rule == rule][:MAX_LISTED]:
                    print(f"  {violation}", flush=True)
    for rule, count in total.most_common():
        print(f"{count:7,}  {rule}")
    return not total


def _violations(days: int, per_day: int, seed: int) -> tuple[int, list[Violation]]:
    table = ONE_LANE if seed % 3 else TWO_LANES
    return seed, follow(long_stream(seed, days=days, per_day=per_day), table).violations


def main() -> int:
    """The exit code: 0 if all rules hold, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.streams",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=STREAMS, help=f"streams ({STREAMS})")
    parser.add_argument("--first", type=int, default=1, help="the seed of the first stream (1)")
    parser.add_argument("--days", type=int, default=60, help="the length of each stream (60)")
    parser.add_argument("--per-day", type=int, default=100, help="new articles each day (100)")
    parser.add_argument("--rule", action="append", default=[], help="print violations of this rule")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.count)
    return 0 if follow_streams(seeds, options.days, options.per_day, options.rule) else 1


if __name__ == "__main__":
    sys.exit(main())
