"""What holds for all tests, wherever they are run."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.processes import end_processes

# A shell has what it runs in the background ignore this, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def processes_end_with_their_test() -> Iterator[None]:
    yield
    end_processes()
