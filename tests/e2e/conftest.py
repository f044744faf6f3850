"""Inputs of the end-to-end tests, and what one undisturbed run makes of each."""

from pathlib import Path

import pytest

from tests.support.runs import Reference, noisy_lines, run_once
from tests.support.shared import make_once


@pytest.fixture(scope="session")
def month(shared_folder: Path) -> Reference:
    """A month of a small town: three times as long as articles stay in the window."""

    def make(folder: Path) -> None:
        run_once(folder, list(noisy_lines(seed=7, count=1_800, articles_per_day=60)))

    return Reference.of(make_once(shared_folder / "month", make))


@pytest.fixture(scope="session")
def hour(shared_folder: Path) -> Reference:
    """A few events, and as the last line half of one."""

    def make(folder: Path) -> None:
        run_once(folder, [*noisy_lines(seed=8, count=120), b'{"title": "Ferry'])

    return Reference.of(make_once(shared_folder / "hour", make))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder that is not there yet."""
    return tmp_path / "out"
