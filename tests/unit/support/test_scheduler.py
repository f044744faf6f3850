"""The lists that order and select the tests name files and folders that exist."""

from pathlib import Path

import pytest

from tests.support import costly, scheduler

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "path", sorted({*costly.QUICK, *scheduler.LONGEST_FIRST, *scheduler.SINGLY})
)
def test_listed_path_exists(path: str) -> None:
    assert (ROOT / path).exists(), f"{path} does not exist: correct the list in tests/support"
