"""Reading goes on where it ended, and never passes over what changed before that place."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from newsloom.adapters.failures import InputError, UnusableInputError
from newsloom.adapters.inputs import digests
from newsloom.adapters.inputs.positions import InputRecord, Position
from newsloom.adapters.inputs.reading import read
from newsloom.adapters.inputs.sources import find_sources

LATER = 4_000_000_000.0
"""A time at which every file of a test has been unchanged for long."""
EVENTS = [b'{"n": %d, "text": "[x] \\\\ \\" {"}' % n for n in range(6)]


class Reading:
    """Reads a file as one run after another does, and keeps what a run commits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = Position()
        self.warnings: list[str] = []

    def run(self, limit: int | None = None, now: float = 0.0) -> list[bytes]:
        """The new records. With `limit`, the run is killed after it committed so many."""
        (source,) = find_sources([str(self.path)])
        payloads: list[bytes] = []
        for item in read(
            source, self.position, False, lambda: False, lambda: now, self.warnings.append
        ):
            if isinstance(item, InputRecord):
                payloads.append(item.payload)
                self.position = item.after
            elif item is not None:
                self.position = item
            if len(payloads) == limit:
                break
        return payloads


def lines(events: list[bytes]) -> bytes:
    return b"".join(event + b"\n" for event in events)


def array(events: list[bytes]) -> bytes:
    return b"\xef\xbb\xbf\n[ " + b" ,\r\n".join(events) + b"\n]\n"


def members(events: list[bytes]) -> bytes:
    """Each line as a gzip member of its own, with zeros between them."""
    return b"\0\0".join(gzip.compress(event + b"\n") for event in events)


def frames(events: list[bytes]) -> bytes:
    return b"".join(zstandard.compress(event + b"\n") for event in events)


FORMS: dict[str, tuple[str, Callable[[list[bytes]], bytes]]] = {
    "lines": ("e.jsonl", lines),
    "array": ("e.json", array),
    "gzip": ("e.jsonl.gz", lambda events: gzip.compress(lines(events))),
    "gzip members": ("e.jsonl.gz", members),
    "Zstandard": ("e.jsonl.zst", lambda events: zstandard.compress(lines(events))),
    "Zstandard frames": ("e.jsonl.zst", frames),
    "array in gzip": ("e.json.gz", lambda events: gzip.compress(array(events))),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Callable[..., bytes]]:
    name, write = FORMS[request.param]
    return tmp_path / name, write


@pytest.fixture
def file(tmp_path: Path) -> Reading:
    (tmp_path / "e.jsonl").write_bytes(lines(EVENTS[:3]))
    reading = Reading(tmp_path / "e.jsonl")
    assert reading.run() == EVENTS[:3]
    return reading


def test_run_killed_after_any_record_goes_on_with_the_next(
    form: tuple[Path, Callable[..., bytes]],
) -> None:
    path, write = form
    path.write_bytes(write(EVENTS))
    for killed_after in range(1, len(EVENTS) + 1):
        reading = Reading(path)
        assert reading.run(killed_after) == EVENTS[:killed_after]
        assert reading.position.lines == killed_after
        assert reading.run() == EVENTS[killed_after:]
        assert reading.run() == []
        assert reading.warnings == []


def test_pipe_is_read_from_its_beginning_each_time(
    form: tuple[Path, Callable[..., bytes]],
) -> None:
    _, write = form
    for _ in range(2):
        reader, writer = os.pipe()
        os.write(writer, write(EVENTS))
        os.close(writer)
        reading = Reading(Path(f"/dev/fd/{reader}"))
        reading.position = Position(3, 1)  # An earlier version kept one for such a path.
        assert reading.run() == EVENTS
        os.close(reader)


def test_what_is_appended_is_read(form: tuple[Path, Callable[..., bytes]]) -> None:
    path, write = form
    path.write_bytes(write(EVENTS[:3]))
    reading = Reading(path)
    assert reading.run() == EVENTS[:3]
    path.write_bytes(write(EVENTS))
    assert reading.run() == EVENTS[3:]
    assert reading.position.lines == len(EVENTS)
    assert reading.warnings == []


def test_same_content_is_not_read_again(file: Reading) -> None:
    os.utime(file.path, (1, 1))
    assert file.run() == []
    file.path.unlink()
    file.path.write_bytes(lines(EVENTS[:3]))
    assert file.run() == []
    assert file.warnings == []


@pytest.mark.parametrize("name", ["e.jsonl", "e.md", "e.jsonl.gz"])
def test_file_is_not_opened_while_nothing_can_have_changed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(lines(EVENTS)) if name.endswith(".gz") else lines(EVENTS))
    reading = Reading(path)
    reading.run(now=LATER)
    known = reading.position
    assert known.stamp
    reading.position = known._replace(digest="of something else")
    assert reading.run(now=LATER) == []

    reading.position = Position()
    reading.run(now=path.stat().st_ctime + 1)
    assert not reading.position.stamp, "it could change again within the same step of the clock"


def test_new_file_at_the_same_path_is_read_from_its_beginning(
    form: tuple[Path, Callable[..., bytes]],
) -> None:
    path, write = form
    path.write_bytes(write(EVENTS[:2]))
    reading = Reading(path)
    assert reading.run() == EVENTS[:2]
    # Longer than the former file: a position alone would be in the middle of a record.
    path.write_bytes(write(EVENTS[2:]))
    assert reading.run(limit=1) == EVENTS[2:3]
    assert "another file" in reading.warnings.pop()
    assert reading.run() == EVENTS[3:]
    assert reading.run() == []
    assert reading.warnings == []


def test_truncated_file_is_reported_and_then_read_from_its_beginning(file: Reading) -> None:
    file.path.write_bytes(b"")
    assert file.run() == []
    assert "is empty now" in file.warnings.pop()
    file.path.write_bytes(lines(EVENTS[4:5]))
    assert file.run() == EVENTS[4:5]
    assert "another file" in file.warnings.pop()


CHANGES: dict[str, tuple[list[bytes], str]] = {
    "shorter": (EVENTS[:2], "is shorter than"),
    "edited, of the same length": ([EVENTS[0], EVENTS[5], EVENTS[2]], "was changed within"),
    "edited and longer": ([EVENTS[0], EVENTS[5], *EVENTS[2:]], "was changed within"),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_changed_file_is_refused_until_it_is_restored(file: Reading, reason: str) -> None:
    events, words = CHANGES[reason]
    file.path.write_bytes(lines(events))
    with pytest.raises(InputError, match=f"{file.path} {words} .* another name"):
        file.run()
    file.path.write_bytes(lines(EVENTS[:4]))
    assert file.run() == EVENTS[3:4]


@pytest.mark.parametrize(("at", "is_found"), [(3, True), (20, False), (63, True)])
def test_large_file_is_compared_at_both_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, is_found: bool
) -> None:
    monkeypatch.setattr(digests, "BLOCK_BYTES", 10 * (len(EVENTS[0]) + 1))
    events = [b'{"n": %03d, "text": "[x] \\\\ \\" {}' % n for n in range(64)]
    path = tmp_path / "e.jsonl"
    path.write_bytes(lines(events))
    reading = Reading(path)
    reading.run()
    events[at] = events[at].replace(b"[x]", b"[y]")
    path.write_bytes(lines([*events, EVENTS[0]]))
    if is_found:
        with pytest.raises(InputError, match="was changed"):
            reading.run()
    else:
        assert reading.run() == EVENTS[:1]


@pytest.mark.parametrize("after", ["agroond", "aground!"])
def test_edited_document_is_read_again(tmp_path: Path, after: str) -> None:
    path = tmp_path / "e.md"
    path.write_text("---\ntitle: aground\n---\n")
    reading = Reading(path)
    assert len(reading.run()) == 1
    assert reading.run() == []
    path.write_text(f"---\ntitle: {after}\n---\n")
    assert reading.run() == [f"---\ntitle: {after}\n---\n".encode()]
    assert reading.run() == []
    assert reading.warnings == []


@pytest.mark.parametrize("name", ["e.jsonl", "e.md"])
def test_position_of_an_earlier_version_is_kept_and_completed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(lines(EVENTS[:3]))
    reading = Reading(path)
    reading.run()
    complete = reading.position
    reading.position = Position(*complete[:4])
    assert reading.run() == []
    assert reading.position == complete


def test_array_that_an_earlier_version_took_for_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(array(EVENTS))
    reading = Reading(path)
    reading.position = Position(path.stat().st_size, 8, 1, 1)
    assert reading.run() == EVENTS
    assert "from its beginning" in reading.warnings.pop()


@pytest.mark.parametrize("form", ["gzip members", "Zstandard frames"])
def test_cut_packed_file_gives_its_complete_lines_and_can_be_completed(
    tmp_path: Path, form: str
) -> None:
    name, write = FORMS[form]
    path = tmp_path / name
    whole = write(EVENTS)
    path.write_bytes(whole[:-20])
    reading = Reading(path)
    with pytest.raises(InputError, match=f"{path} ends in the middle of its {form.split()[0]}"):
        reading.run()
    assert reading.position.lines == len(EVENTS) - 1
    path.write_bytes(whole)
    assert reading.run() == EVENTS[-1:]


def test_rest_of_a_line_has_the_number_of_the_line(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    reading = Reading(path)
    for text, number in ((b"one", 1), (b"\ntwo\n", 2), (b"three\n", 3)):
        with open(path, "ab") as stream:
            stream.write(text)
        reading.run()
        assert reading.position.lines == number


@pytest.mark.parametrize("form", ["gzip", "Zstandard"])
def test_damaged_packed_file_is_named(tmp_path: Path, form: str) -> None:
    name, write = FORMS[form]
    path = tmp_path / name
    path.write_bytes(write(EVENTS) + b"something else")
    reading = Reading(path)
    with pytest.raises(InputError, match=f"{path} has damaged {form} data"):
        reading.run()
    assert reading.position.lines == len(EVENTS)


@pytest.mark.parametrize("form", ["gzip", "array"])
def test_only_lines_can_be_followed(tmp_path: Path, form: str) -> None:
    name, write = FORMS[form]
    (tmp_path / name).write_bytes(write(EVENTS))
    (source,) = find_sources([str(tmp_path / name)])
    with pytest.raises(UnusableInputError, match="cannot follow"):
        list(read(source, Position(), True, lambda: False, lambda: LATER))
