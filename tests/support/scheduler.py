"""How pytest-xdist shares out the tests: by file, but some files test by test, the longest first.

In: the ids of all tests. Out: units of work, one after the other for the next free process. A file
is one unit, so that its module's fixtures are made once.
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

LONGEST_FIRST = (
    "tests/integration/test_worker_ends.py",
    "tests/integration/test_image.py",
    "tests/integration/test_dashboard.py",
    "tests/e2e/test_kill.py",
    "tests/integration/test_brokers.py",
    "tests/e2e/test_outages.py",
    "tests/integration/test_watching.py",
    "tests/integration/test_topics.py",
    "tests/integration",
    "tests/e2e",
)
"""Files and folders whose tests take longest; what is not named comes after them."""

SINGLY = {
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
    "tests/integration/test_worker_ends.py",
    "tests/integration/test_workers.py",
    "tests/integration/test_workers_images.py",
}
"""Files whose tests share no fixture of a module, and take long: each of their tests is a unit."""


def rank(node_id: str) -> int:
    """The place of a test in the order of a run."""
    places = [n for n, path in enumerate(LONGEST_FIRST) if node_id.startswith(path)]
    return min(places, default=len(LONGEST_FIRST))


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Units of work by `SINGLY`; they are given out in the order of collection."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False  # else files with most tests come first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return nodeid if file in SINGLY else file
