"""Rules for all tests: processes end with their test, and test processes share one broker.

In: the command line of pytest, with or without `-n`. Out: the order of the tests, and their groups
for pytest-xdist.
"""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.support.costly import is_quick, set_running, watch
from tests.support.forked import end_fork_server
from tests.support.processes import end_processes, kill_processes
from tests.support.scheduler import rank
from tests.support.shared import SharedBroker

LONGEST_S = 600.0
"""After this time all processes that a test started are killed."""

BROKER_PORT = pytest.StashKey[int]()
_BROKER = pytest.StashKey[SharedBroker]()

# A shell makes background jobs ignore this signal, and the programs under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--quick`, for short runs during development."""
    parser.addoption("--quick", action="store_true", help="skip long tests and those with brokers")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the process that started the run the owner of the shared broker."""
    watch()
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[BROKER_PORT] = worker_input["broker_port"]
        return
    broker = SharedBroker()
    config.stash[_BROKER] = broker
    config.stash[BROKER_PORT] = broker.port


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the process that commands are forked from, and the shared broker."""
    end_fork_server()
    if _BROKER in config.stash:
        config.stash[_BROKER].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Gives a process of pytest-xdist the port that answers requests for the broker's address."""
    node.workerinput["broker_port"] = node.config.stash[BROKER_PORT]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distributes whole files, or single tests of the files in `SINGLY`."""
    from tests.support.scheduler import Scheduler

    return Scheduler(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skips the slow mishaps, unless they are named, and the files outside a quick run."""
    is_named = any("tests/chaos" in word for word in config.invocation_params.args)
    if collection_path.is_relative_to(config.rootpath / "tests" / "chaos") and not is_named:
        return True
    if not config.getoption("quick") or not collection_path.match("test_*.py"):
        return None
    return not is_quick(collection_path.relative_to(config.rootpath).as_posix()) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long tests first, so that all processes end at about the same time."""
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_collection_finish() -> None:
    """Excludes all imported objects from garbage collection, because they live until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Sets the running test: only those in tests/integration may start expensive programs."""
    set_running(item.nodeid)


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run share."""
    base_folder = tmp_path_factory.getbasetemp()
    return base_folder.parent if hasattr(request.config, "workerinput") else base_folder


@pytest.fixture(autouse=True)
def processes_end_with_their_test() -> Iterator[None]:
    timer = Timer(LONGEST_S, kill_processes)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()
    end_processes()
