"""The store keeps what was read of each input; folders of an earlier version can be opened."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.positions import Position
from newsloom.adapters.storage.store import Batch, Store, read_rows
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM, LANE_KEY, LaneRow, encode_row

POSITION = Position(100, 3, 1_700_000_000, 100, "d1", "f1", "s1")


def test_position_is_stored_with_what_was_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(Batch(positions={"/e.jsonl": POSITION}))
    store.close()
    store = Store(tmp_path)
    assert store.position("/e.jsonl") == POSITION
    assert store.position("/other.jsonl") == Position()
    store.close()


def test_folder_of_an_earlier_version_is_opened(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(Batch(positions={"/e.jsonl": POSITION}))
    store.close()
    with sqlite3.connect(tmp_path / "newsloom.db") as database:
        database.execute("DROP TABLE contents")
    database.close()
    store = Store(tmp_path)
    assert store.position("/e.jsonl") == Position(*POSITION[:4])
    store.close()


def test_digest_is_dropped_if_an_earlier_version_has_read_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(Batch(positions={"/e.jsonl": POSITION}))
    store.close()
    with sqlite3.connect(tmp_path / "newsloom.db") as database:
        database.execute("REPLACE INTO inputs VALUES ('/e.jsonl', 200, 6, 1, 200)")
    database.close()
    store = Store(tmp_path)
    assert store.position("/e.jsonl") == Position(200, 6, 1, 200)
    store.close()


def _set_format(folder: Path, text: str) -> None:
    with sqlite3.connect(folder / "newsloom.db") as database:
        database.execute("UPDATE meta SET value = ? WHERE name = 'format'", (text,))
    database.close()


def _format(folder: Path) -> str:
    with sqlite3.connect(folder / "newsloom.db") as database:
        ((text,),) = database.execute("SELECT value FROM meta WHERE name = 'format'")
    database.close()
    return str(text)


def _folder_of_format_4(folder: Path) -> None:
    store = Store(folder)
    store.commit(Batch(rows={LANE_KEY: encode_row(LaneRow(revision=7, form=FORMER_FORM))}))
    store.close()
    _set_format(folder, "4")


def test_folder_keeps_the_former_format_until_it_is_upgraded(tmp_path: Path) -> None:
    _folder_of_format_4(tmp_path)
    Store(tmp_path).close()
    assert _format(tmp_path) == "4"
    store = Store(tmp_path)
    assert store.upgrade()
    assert not store.upgrade(), "it is upgraded already"
    ((_, lane),) = store.rows()
    assert lane == encode_row(LaneRow(revision=7, form=FORM))
    store.close()
    assert _format(tmp_path) == "5"


def test_folder_without_rows_gets_the_newest_format(tmp_path: Path) -> None:
    Store(tmp_path).close()
    _set_format(tmp_path, "4")
    Store(tmp_path).close()
    assert _format(tmp_path) == "5"


def test_folder_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    _folder_of_format_4(tmp_path)
    _set_format(tmp_path, "6")
    with pytest.raises(OutageError, match=r"newer release .* update Newsloom; nothing was changed"):
        Store(tmp_path)
    with pytest.raises(OutageError, match="newer release"):
        read_rows(tmp_path)
    assert _format(tmp_path) == "6"
    _set_format(tmp_path, "3")
    with pytest.raises(OutageError, match="choose another --output"):
        read_rows(tmp_path)


def test_inputs_are_in_the_order_of_first_reading(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for path in ("/z.jsonl", "/a.jsonl", "/z.jsonl"):
        store.commit(Batch(positions={path: POSITION}))
    assert store.inputs() == ["/z.jsonl", "/a.jsonl"]
    store.close()


def test_a_state_is_replaced_and_lines_are_added_in_one_transaction(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "out"), Store(tmp_path / "other")
    batch = Batch(rows={"a": b"1", "b": b"2"}, positions={"/former.jsonl": POSITION})
    batch.lines["curated.jsonl"].append(b"one\n")
    store.commit(batch)
    store.keep_attempts("halted")
    other.commit(Batch(rows={"b": b"3"}, positions={"/z.jsonl": POSITION, "/a.jsonl": POSITION}))

    other.close()
    store.replace(tmp_path / "other", {"curated.jsonl": [b"%d\n" % n for n in range(1_200)]})

    def assert_replaced() -> None:
        assert dict(store.rows()) == {"b": b"3"}
        assert store.inputs() == ["/z.jsonl", "/a.jsonl"]
        assert store.position("/a.jsonl") == POSITION
        assert store.attempts() == ""
        expected = b"one\n" + b"".join(b"%d\n" % n for n in range(1_200))
        assert (tmp_path / "out" / "curated.jsonl").read_bytes() == expected
        assert b"".join(store.published("curated.jsonl", 0)) == expected

    assert_replaced()
    store.close()
    (tmp_path / "out" / "curated.jsonl").unlink()
    store = Store(tmp_path / "out")
    assert_replaced()
    store.close()


def test_a_state_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"two\n"
        raise OSError("no space")

    store, other = Store(tmp_path / "out"), Store(tmp_path / "other")
    store.commit(Batch(rows={"a": b"1"}))
    other.commit(Batch(rows={"b": b"2"}))
    other.close()

    with pytest.raises(OutageError, match="no space"):
        store.replace(tmp_path / "other", {"curated.jsonl": failing()})

    assert dict(store.rows()) == {"a": b"1"}
    assert list(store.published("curated.jsonl", 0)) == []
    store.close()
