"""Inputs of the end-to-end tests, and what one undisturbed run makes of each."""

from pathlib import Path

import pytest

from tests.support.runs import Reference, noisy_lines, run_once


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """A month of a small town: three times as long as articles stay in the window."""
    lines = list(noisy_lines(seed=7, count=1_800, articles_per_day=60))
    return run_once(tmp_path_factory.mktemp("month"), lines)


@pytest.fixture(scope="session")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """A few events, and as the last line half of one."""
    lines = [*noisy_lines(seed=8, count=120), b'{"title": "Ferry']
    return run_once(tmp_path_factory.mktemp("hour"), lines)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder that is not there yet."""
    return tmp_path / "out"
