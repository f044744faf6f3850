"""Rules for all tests: processes end with their test, and test processes share what is costly.

In: the command line of pytest, with or without `-n`. Out: an order and groups for pytest-xdist.
"""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.support.costly import is_quick, set_running, watch
from tests.support.processes import end_processes, kill_processes
from tests.support.scheduler import rank
from tests.support.shared import SharedBroker

LONGEST_S = 600.0
"""The longest time that a test may wait for a process."""

BROKER_PORT = pytest.StashKey[int]()
_BROKER = pytest.StashKey[SharedBroker]()

# A shell lets background jobs ignore this signal; the programs under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """A quick run, for while one works."""
    parser.addoption("--quick", action="store_true", help="leave out all that starts brokers")


def pytest_configure(config: pytest.Config) -> None:
    """The process that began the run owns the shared broker."""
    watch()
    started_by: dict[str, Any] | None = getattr(config, "workerinput", None)
    if started_by is not None:
        config.stash[BROKER_PORT] = started_by["broker_port"]
        return
    broker = SharedBroker()
    config.stash[_BROKER] = broker
    config.stash[BROKER_PORT] = broker.port


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the shared broker."""
    if _BROKER in config.stash:
        config.stash[_BROKER].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a process of pytest-xdist where to ask for the broker."""
    node.workerinput["broker_port"] = node.config.stash[BROKER_PORT]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files are units of work, except those of long tests."""
    from tests.support.scheduler import Scheduler

    return Scheduler(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A quick run does not even read the files that it leaves out."""
    if not config.getoption("quick") or not collection_path.match("test_*.py"):
        return None
    return not is_quick(collection_path.relative_to(config.rootpath).as_posix()) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, so that the last to end are short ones."""
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_collection_finish() -> None:
    """What was imported stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only tests in tests/integration may start brokers, browsers and namespaces."""
    set_running(item.nodeid)


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


@pytest.fixture(autouse=True)
def processes_end_with_their_test() -> Iterator[None]:
    timer = Timer(LONGEST_S, kill_processes)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()
    end_processes()
