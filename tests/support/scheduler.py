"""How pytest-xdist distributes the tests: whole files or single tests, the longest first.

In: the ids of all tests. Out: units of work; each free process gets the next unit. Most files are
one unit each, so that their module-scoped fixtures are set up only once.
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

LONGEST_FIRST = (
    "tests/integration/test_worker_ends.py",
    "tests/integration/test_dashboard.py",
    "tests/e2e/test_kill.py",
    "tests/integration/test_brokers.py",
    "tests/e2e/test_outages.py",
    "tests/integration/test_watching.py",
    "tests/integration/test_topics.py",
    "tests/integration",
    "tests/e2e",
    "tests/property",
)
"""Files and folders whose tests take longest, in this order; all others run after them."""

SINGLY = {
    "tests/chaos/mishaps/test_replaced_workers.py",
    "tests/e2e/test_catalogue.py",
    "tests/e2e/test_compare.py",
    "tests/e2e/test_images.py",
    "tests/e2e/test_inputs.py",
    "tests/e2e/test_kill.py",
    "tests/e2e/test_runs.py",
    "tests/e2e/test_sealing.py",
    "tests/integration/test_faust_contract.py",
    "tests/integration/test_produce_tail.py",
    "tests/integration/test_sealing_workers.py",
    "tests/integration/test_topics.py",
    "tests/integration/test_watching.py",
    "tests/integration/test_workers.py",
    "tests/integration/test_workers_images.py",
    "tests/property/test_lane_property.py",
}
"""Files with long tests that share no module-scoped fixture: each test is a unit of its own."""


def rank(node_id: str) -> int:
    """The rank of a test in the order of a run; lower ranks run first."""
    ranks = [n for n, path in enumerate(LONGEST_FIRST) if node_id.startswith(path)]
    return min(ranks, default=len(LONGEST_FIRST))


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Splits the tests into units by `SINGLY`, and distributes them in collection order."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False  # otherwise the files with the most tests run first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return nodeid if file in SINGLY else file
