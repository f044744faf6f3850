"""The last records of a folder and of its rebuild, and the lines that differ."""

from pathlib import Path
from typing import Any

import orjson

from newsloom.adapters.storage.last_records import LastRecords
from newsloom.adapters.storage.store import Batch, Store

ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)


def _line(ident: str, revision: int, **fields: Any) -> bytes:
    return orjson.dumps({"id": ident, "revision": revision, **fields}) + b"\n"


def _store(folder: Path, name: str, *batches: list[bytes]) -> Store:
    store = Store(folder)
    for lines in batches:
        batch = Batch()
        batch.lines[name] += lines
        store.commit(batch)
    return store


def test_only_the_last_line_of_an_id_is_compared_and_without_its_revision(tmp_path: Path) -> None:
    former = _store(
        tmp_path / "former",
        "curated.jsonl",
        [_line(ONE, 1, title="a"), _line(TWO, 2, title="b")],
        [_line(TWO, 3, title="c"), _line(THREE, 4, title="d")],
    )
    new = _store(
        tmp_path / "new",
        "curated.jsonl",
        [_line(THREE, 5, title='"revision":1'), _line(ONE, 6, title="x")],
        [_line(ONE, 7, title="a"), _line(TWO, 8, title="b")],
    )
    records = LastRecords(former, new)
    records.refresh()

    differing = [orjson.loads(line) for line in records.differing("curated.jsonl")]
    assert [(record["id"], record["revision"]) for record in differing] == [(THREE, 5), (TWO, 8)]
    held = records.former("curated", TWO)
    assert held is not None
    assert held["title"] == "c"
    assert records.former("stories", TWO) is None

    more = Batch()
    more.lines["curated.jsonl"].append(_line(TWO, 9, title="c"))
    new.commit(more)
    records.refresh()
    differing = [orjson.loads(line) for line in records.differing("curated.jsonl")]
    assert [record["id"] for record in differing] == [THREE]
    former.close()
    new.close()


def test_stories_and_dead_letters_without_their_like(tmp_path: Path) -> None:
    former, new = Store(tmp_path / "former"), Store(tmp_path / "new")
    batch = Batch()
    batch.lines["stories.jsonl"] += [_line(THREE, 1), _line(ONE, 2), _line(TWO, 3)]
    batch.lines["dead-letters.jsonl"] += [b'{"payload":"a"}\n', b'{"payload":"b"}\n']
    former.commit(batch)
    batch = Batch()
    batch.lines["stories.jsonl"].append(_line(TWO, 4))
    batch.lines["dead-letters.jsonl"] += [b'{"payload":"c"}\n', b'{"payload":"a"}\n']
    new.commit(batch)
    records = LastRecords(former, new)
    records.refresh()

    assert list(records.stories_without_new()) == [ONE, THREE]
    assert list(records.differing("dead-letters.jsonl")) == [b'{"payload":"c"}\n']
    former.close()
    new.close()
