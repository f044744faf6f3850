"""What the build of the image reads: the files that .dockerignore includes, and the locks."""

import re
from pathlib import Path

import pytest

from tests.support.image import is_ignored

TOP = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "is_excluded", "reason"),
    [
        ("services/newsloom/cli.py", False, "in a folder that is included"),
        ("services/newsloom/__pycache__/cli.pyc", True, "a later pattern overrides, at any depth"),
        ("tests/support/image.py", True, "a file that no pattern includes is excluded"),
        ("deploy/requirements.lock", False, "included by a pattern with a star"),
        ("deploy/kafka/x.lock", True, "a star does not match a slash"),
        ("newsloom.toml", True, "local settings must not be in the image"),
    ],
)
def test_only_included_files_are_in_the_build_context(
    name: str, is_excluded: bool, reason: str
) -> None:
    lines = (TOP / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert is_ignored(name, patterns) is is_excluded, reason


def test_image_installs_the_tested_versions() -> None:
    """The lock files of the image hold a subset of the versions and hashes that the tests use."""

    def entries(lock: str) -> set[str]:
        text = (TOP / lock).read_text().replace("\\\n", " ")
        return {re.sub(r"\s+", " ", line).strip() for line in text.splitlines()}

    for lock in ("deploy/requirements.lock", "deploy/requirements-build.lock"):
        assert entries(lock) < entries("requirements.lock")
