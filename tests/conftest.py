"""What holds for all tests, wherever they are run."""

import signal
from collections.abc import Iterator
from threading import Timer

import pytest

from tests.support.processes import end_processes, kill_processes

LONGEST_S = 600.0
"""Nobody waits for a process for longer."""

# A shell has what it runs in the background ignore this, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def processes_end_with_their_test() -> Iterator[None]:
    timer = Timer(LONGEST_S, kill_processes)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()
    end_processes()
