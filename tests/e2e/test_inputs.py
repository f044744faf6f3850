"""The forms of inputs: folders, standard input, line ends, blank lines, huge lines."""

import gzip
import signal
import subprocess
from pathlib import Path

import orjson
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
    payloads,
    read_outcome,
    records,
    run,
    size,
    started,
    wait_until,
    write_lines,
)


def test_standard_input_is_read_from_its_beginning_each_time(out: Path, hour: Reference) -> None:
    complete("-", output=out, given=hour.source.read_bytes())
    assert {letter["input"] for letter in records(out, "dead-letters.jsonl")} == {"-"}
    assert_same(out, hour.folder, aside=("input",))

    published, letters = size(out / "curated.jsonl"), payloads(out)
    complete("-", output=out, given=hour.lines[0] + b"\n" + hour.lines[-1])
    assert size(out / "curated.jsonl") == published, "the same event again publishes nothing"
    assert payloads(out) == [*letters, hour.lines[-1]]
    assert sum(outcomes(out).values()) == len(hour.lines) + 2


def test_silent_standard_input_commits_the_lines_read_so_far(out: Path, month: Reference) -> None:
    lines = month.lines[:20]  # Fewer lines than a batch holds, and fewer bytes than a pipe buffers.
    with started("-", "--output", out, "--quiet", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        # The last line is incomplete.
        process.stdin.write(b"\n".join(lines) + b'\n{"webUrl": ')
        process.stdin.flush()
        wait_until(lambda: size(out / "curated.jsonl") > 0, process)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)  # The pipe is still open.
        assert finish(process).code == 143
    assert sum(outcomes(out).values()) == len(lines)


def test_folder_is_read_in_path_order(tmp_path: Path, out: Path, hour: Reference) -> None:
    events, lines = tmp_path / "events", hour.lines
    last_good = max(n for n, line in enumerate(lines) if b'"excerpt"' in line)
    write_lines(events / "a.jsonl", lines[:40])
    write_lines(events / "b/a.ndjson", lines[40:80])
    write_lines(events / "b/b.jsonl", lines[80:last_good])
    (events / "c.md").write_text(dumps(orjson.loads(lines[last_good])), encoding="utf-8")
    write_lines(events / "d.jsonl", lines[last_good + 1 :])
    write_lines(events / "notes.txt", [b"not an input"])
    complete(events, output=out)
    assert_same(out, hour.folder, aside=("input", "position"))


# form: (bytes before the first line, between lines, after the last line; line numbers per record)
FORMS = {
    "CRLF line ends": (b"", b"\r\n", b"\r\n", 1),
    "no line end after the last line": (b"", b"\n", b"", 1),
    "blank lines": (b"\n", b"\n \t\n", b"\n\n", 2),
    "a byte order mark": (b"\xef\xbb\xbf", b"\n", b"\n", 1),
}


@pytest.mark.parametrize("form", FORMS)
def test_form_of_a_file_does_not_change_the_records(
    tmp_path: Path, out: Path, hour: Reference, form: str
) -> None:
    before, between, after, step = FORMS[form]
    (tmp_path / "events.jsonl").write_bytes(before + between.join(hour.lines) + after)
    complete(tmp_path / "events.jsonl", output=out)
    assert_same(out, hour.folder, aside=("input", "position"))
    assert payloads(out)[-1] == hour.lines[-1]
    assert records(out, "dead-letters.jsonl")[-1]["position"] == step * len(hour.lines)


def test_line_numbers_continue_after_a_last_line_without_line_end(
    tmp_path: Path, out: Path, hour: Reference
) -> None:
    source, bad = tmp_path / "events.jsonl", hour.lines[-1]
    for text in (bad, b"\n\r\n" + bad + b"\n" + bad, b"\r\n" + bad):
        with open(source, "ab") as file:
            file.write(text)
        complete(source, output=out)
    assert [letter["position"] for letter in records(out, "dead-letters.jsonl")] == [1, 3, 4, 5]
    assert payloads(out) == [bad] * 4


def test_empty_files_hold_no_records(tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "empty.md").touch()
    complete(tmp_path / "empty.jsonl", tmp_path / "empty.md", output=out)
    outcome = read_outcome(out)
    assert (outcome.rows, outcome.files) == ({}, dict.fromkeys(PROJECTIONS, b""))


def test_line_of_ten_megabytes_does_not_affect_its_neighbours(
    tmp_path: Path, out: Path, hour: Reference
) -> None:
    huge = b'{"title": "' + b"a" * 10_000_000 + b'"}'
    lines = [*hour.lines[:20], huge, *hour.lines[20:]]
    complete(write_lines(tmp_path / "events.jsonl", lines), output=out)
    letters = records(out, "dead-letters.jsonl")
    index = next(n for n, letter in enumerate(letters) if letter["position"] == 21)
    assert letters[index]["reason"] == "too-large"
    found = payloads(out)
    assert found.pop(index) == huge
    assert found == payloads(hour.folder)
    for name in ("curated.jsonl", "stories.jsonl"):
        assert (out / name).read_bytes() == (hour.folder / name).read_bytes()


def test_packed_file_is_read_up_to_a_cut_then_completed_then_replaced(
    tmp_path: Path, out: Path, hour: Reference
) -> None:
    source = tmp_path / "events.jsonl.gz"
    packed = gzip.compress(hour.source.read_bytes())
    source.write_bytes(packed[: len(packed) // 2])
    arguments = (source, "--output", out, "--quiet")
    assert_failed_in_one_line(run(*arguments), str(source), "ends in the middle")
    assert 0 < sum(outcomes(out).values()) < len(hour.lines)

    source.write_bytes(packed)
    complete(source, output=out)
    assert_same(out, hour.folder, aside=("input",))

    source.write_bytes(gzip.compress(hour.lines[-1] + b"\n"))
    ended = run(*arguments)
    assert (ended.code, ended.out) == (0, "")
    assert f"{source} is another file than the one read before" in ended.err
    assert sum(outcomes(out).values()) == len(hour.lines) + 1


def test_input_without_events_is_refused_before_anything_is_curated(
    tmp_path: Path, out: Path, hour: Reference
) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text('<?xml version="1.0"?><rss version="2.0"/>')
    ended = run(hour.source, feed, "--output", out)
    assert ended == Ended(
        2,
        "",
        f"newsloom: {feed} is an RSS feed, not article events: write its entries as events, one "
        "JSON object a line\n",
    )
    assert not out.exists()
