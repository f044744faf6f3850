"""Runs in parts, repeated, concurrent, stopped, following, and after damage to the folder."""

import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from newsloom.adapters.front_matter import dumps
from tests.support.runs import (
    PROJECTIONS,
    Ended,
    Reference,
    assert_failed_in_one_line,
    assert_same,
    complete,
    finish,
    outcomes,
    read_outcome,
    records,
    run,
    size,
    started,
    wait_until,
    write_lines,
)


def test_two_runs_over_two_halves_equal_one_run(
    tmp_path: Path, out: Path, month: Reference
) -> None:
    for name, part in (("head", month.lines[:1_000]), ("tail", month.lines[1_000:])):
        complete(write_lines(tmp_path / f"{name}.jsonl", part), output=out)
    assert_same(out, month.folder, aside=("input", "position"))


def test_two_runs_over_a_growing_file_equal_one_run(
    tmp_path: Path, out: Path, month: Reference
) -> None:
    for end in (1_000, None):
        complete(write_lines(tmp_path / "month.jsonl", month.lines[:end]), output=out)
    assert_same(out, month.folder, aside=("input",))


def test_repeated_run_publishes_nothing_even_beyond_the_window(out: Path, month: Reference) -> None:
    seen = {record["id"] for record in records(month.folder, "curated.jsonl")}
    live = [key for key in read_outcome(month.folder).rows if key.startswith("article/")]
    assert len(live) < len(seen) / 2, "most articles have left the window"

    shutil.copytree(month.folder, out)
    complete(month.source, output=out)
    assert_same(out, month.folder)


def test_only_one_run_at_a_time_uses_a_folder(out: Path, hour: Reference) -> None:
    arguments = (hour.source, "--output", out, "--quiet")
    with started(*arguments, "--follow") as first:
        wait_until(lambda: size(out / "curated.jsonl") > 0, first)
        assert_failed_in_one_line(run(*arguments), str(out), "in use by another run")
        first.send_signal(signal.SIGINT)
        assert finish(first) == Ended(0, "", "")
    assert_same(out, hour.folder)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
def test_run_stopped_by_a_signal_commits_and_can_be_continued(
    out: Path, month: Reference, number: signal.Signals, code: int
) -> None:
    with started(month.source, "--output", out, "--quiet", is_fresh=True) as process:
        wait_until(lambda: size(out / "curated.jsonl") > 0, process)
        process.send_signal(number)
        ended = finish(process)
    line = "stopped before the end; run the same command again to continue\n"
    assert ended == Ended(code, "", line)
    assert 0 < size(out / "curated.jsonl") < size(month.folder / "curated.jsonl")
    # The month has no blank lines, so every line that was read is an input.
    assert sum(outcomes(out).values()) == read_outcome(out).inputs[str(month.source)][1]
    complete(month.source, output=out)
    assert_same(out, month.folder)


def test_stopped_run_reads_no_further_documents_of_a_folder(tmp_path: Path, out: Path) -> None:
    events = tmp_path / "events"
    events.mkdir()
    for number in range(300):
        event = {"title": f"Ferry {number}", "publishedDateTime": "2024-03-04T10:00:00Z"}
        text = dumps(event | {"webUrl": f"https://daily.example/{number}"})
        (events / f"{number:03}.md").write_text(text, encoding="utf-8")
    with started(events, "--output", out, "--quiet") as process:
        wait_until(lambda: size(out / "curated.jsonl") > 0, process)
        process.send_signal(signal.SIGTERM)
        assert finish(process).code == 143
    assert 0 < outcomes(out)["curated"] < 300
    complete(events, output=out)
    assert outcomes(out) == {"curated": 300}


def test_following_run_reads_complete_lines_until_it_is_stopped(
    tmp_path: Path, out: Path, hour: Reference
) -> None:
    text = hour.source.read_bytes()
    source = tmp_path / "events.jsonl"
    source.write_bytes(text[:10_000])
    with started(source, "--output", out, "--follow", "--quiet") as process:
        # Each piece ends within a line; the next piece completes the line.
        curated_bytes = 0
        for begin in range(10_000, len(text), 20_000):
            _await_growth(out / "curated.jsonl", curated_bytes, process)
            curated_bytes = size(out / "curated.jsonl")
            with open(source, "ab") as file:
                file.write(text[begin : begin + 20_000])
        wait_until(lambda: _count_lines(out) == _count_lines(hour.folder), process)
        with open(source, "ab") as file:
            file.write(b'{"withdrawn": tr')
        process.send_signal(signal.SIGINT)
        assert finish(process) == Ended(0, "", "")
    assert_same(out, hour.folder, aside=("input",))


def _count_lines(folder: Path) -> list[int]:
    return [(folder / name).read_bytes().count(b"\n") for name in PROJECTIONS]


def _await_growth(path: Path, least: int, process: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: size(path) > least, process)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-700])


def _cut_to_nothing(path: Path) -> None:
    path.write_bytes(b"")


def _append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b'{"id": "half a rec')


@pytest.mark.parametrize("damage", [_cut, _cut_to_nothing, _append, Path.unlink])
def test_files_changed_between_runs_are_repaired(
    out: Path, hour: Reference, damage: Callable[[Path], None]
) -> None:
    shutil.copytree(hour.folder, out)
    for name in PROJECTIONS:
        damage(out / name)
    complete(hour.source, output=out)
    assert_same(out, hour.folder)


def test_files_ahead_of_the_database_are_truncated(tmp_path: Path, hour: Reference) -> None:
    # A power cut can do this: the write-ahead log is not synced at each commit, but the files may
    # have reached the disk.
    source, out = tmp_path / "events.jsonl", tmp_path / "out"
    write_lines(source, hour.lines[:60])
    complete(source, output=out)
    database = (out / "newsloom.db").read_bytes()
    write_lines(source, hour.lines)
    complete(source, output=out)
    (out / "newsloom.db").write_bytes(database)
    complete(source, output=out)
    assert_same(out, hour.folder, aside=("input",))


def test_documents_requested_later_or_deleted_are_written(
    tmp_path: Path, out: Path, hour: Reference
) -> None:
    arguments = (hour.source, "--format", "front-matter")
    complete(*arguments, output=out)
    later = shutil.copytree(hour.folder, tmp_path / "later")
    complete(*arguments, output=later)
    assert_same(later, out)
    assert len(list(later.glob("articles/*.md"))) > 50

    shutil.rmtree(later / "articles")
    complete(*arguments, output=later)
    assert_same(later, out)
