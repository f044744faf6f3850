"""Standard streams that are closed, full, or read by nobody."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.runs import (
    Ended,
    Reference,
    assert_same,
    finish,
    outcomes,
    records,
    start,
)


@pytest.fixture
def unread() -> Iterator[int]:
    """The write end of a pipe whose reader has left, as `head` does."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def test_run_with_closed_standard_streams_completes(out: Path, hour: Reference) -> None:
    ended = finish(start(hour.source, "--output", out, preexec_fn=lambda: _close(0, 1, 2)))
    assert ended == Ended(0, "", "")
    assert_same(out, hour.folder)


def test_run_whose_summary_nobody_reads_completes(out: Path, hour: Reference, unread: int) -> None:
    ended = finish(start(hour.source, "--output", out, stdout=unread))
    assert (ended.code, ended.out) == (0, "")
    progress = [line for line in ended.err.splitlines() if " events, " in line]
    assert ended.err.splitlines() == progress, "a slow machine prints its progress, and no error"
    assert sum(outcomes(out).values()) == len(hour.lines)


def test_explain_that_nobody_reads_is_no_failure(hour: Reference, unread: int) -> None:
    article = records(hour.folder, "curated.jsonl")[-1]["id"]
    arguments = (article, "--output", hour.folder)
    assert finish(start(*arguments, command="explain", stdout=unread)) == Ended(0, "", "")


def test_compare_on_a_full_disk_is_a_failure(tmp_path: Path, hour: Reference) -> None:
    settings = tmp_path / "settings.toml"
    settings.touch()
    arguments = (hour.source, "--settings", settings, "--settings", settings, "--quiet", "--json")
    with open("/dev/full", "wb") as full:
        ended = finish(start(*arguments, command="compare", stdout=full))
    line = "newsloom: No space left on device; committed work is kept\n"
    assert ended == Ended(1, "", line)
