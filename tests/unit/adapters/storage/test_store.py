"""The store keeps what was read of each input; folders of an earlier version can be opened."""

import sqlite3
from pathlib import Path

from newsloom.adapters.inputs.positions import Position
from newsloom.adapters.storage.store import Batch, Store

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
