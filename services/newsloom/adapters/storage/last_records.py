"""The last published record of each article and story, in an output folder and in its rebuild.

In: the store of the folder and that of its rebuild. Out: single records, and the lines of the
rebuild that differ from what the folder has published. The index is in a temporary file, so that
its size does not matter; the records stay in the stores.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from typing import Any, Literal

import orjson

from newsloom.adapters.inputs.sources import PROJECTIONS
from newsloom.adapters.storage.store import Store

_FORMER, _NEW = 0, 1
_REVISION = re.compile(rb'"revision":\d+')
_SCHEMA = """
CREATE TABLE last (projection TEXT, side INTEGER, id BLOB, start INTEGER, digest BLOB,
    PRIMARY KEY (projection, side, id)) WITHOUT ROWID;
"""
_WITHOUT_NEW = """
SELECT id FROM last AS former WHERE projection = 'stories.jsonl' AND side = 0 AND NOT EXISTS (
    SELECT 1 FROM last WHERE projection = former.projection AND side = 1 AND id = former.id)
ORDER BY id
"""
_DIFFERING = """
SELECT new.start FROM last AS new LEFT JOIN last AS former
ON former.projection = new.projection AND former.side = 0 AND former.id = new.id
WHERE new.projection = ? AND new.side = 1 AND former.digest IS NOT new.digest ORDER BY new.start
"""


class LastRecords:
    """The last records of a folder (the former ones) and of its rebuild (the new ones)."""

    def __init__(self, former: Store, new: Store) -> None:
        """Indexes the former records. Raises OutageError."""
        self._stores = {_FORMER: former, _NEW: new}
        self._ends = dict.fromkeys(((s, name) for s in self._stores for name in PROJECTIONS), 0)
        self._index = sqlite3.connect("", isolation_level=None)
        self._index.executescript(_SCHEMA)
        self._add(_FORMER)

    def refresh(self) -> None:
        """Indexes the records that the rebuild has committed since the last call."""
        self._add(_NEW)

    def former(self, kind: Literal["curated", "stories"], ident: str) -> dict[str, Any] | None:
        """The last record that the folder published; None if there is none."""
        return self._record(_FORMER, f"{kind}.jsonl", ident)

    def new(self, kind: Literal["curated", "stories"], ident: str) -> dict[str, Any] | None:
        """The last record that the rebuild made, as far as it is indexed; None if there is none."""
        return self._record(_NEW, f"{kind}.jsonl", ident)

    def stories_without_new(self) -> Iterator[str]:
        """The ids of the stories that have a former record and no new one, sorted."""
        for (ident,) in self._index.execute(_WITHOUT_NEW).fetchall():
            yield ident.hex()

    def differing(self, projection: str) -> Iterator[bytes]:
        """The last new lines that are not as the former ones, apart from revisions, in order."""
        wanted = self._index.execute(_DIFFERING, (projection,))
        following, end = next(wanted, None), 0
        for line in self._stores[_NEW].published(projection, 0):
            if following == (end,):
                yield line
                following = next(wanted, None)
            end += len(line)

    def _record(self, side: int, projection: str, ident: str) -> dict[str, Any] | None:
        query = "SELECT start FROM last WHERE projection = ? AND side = ? AND id = ?"
        found = self._index.execute(query, (projection, side, bytes.fromhex(ident))).fetchone()
        if found is None:
            return None
        line = next(iter(self._stores[side].published(projection, found[0])))
        record: dict[str, Any] = orjson.loads(line)
        return record

    def _add(self, side: int) -> None:
        self._index.execute("BEGIN")
        for projection in PROJECTIONS:
            self._index.executemany(
                "REPLACE INTO last VALUES (?, ?, ?, ?, ?)", self._entries(side, projection)
            )
        self._index.execute("COMMIT")

    def _entries(self, side: int, projection: str) -> Iterator[tuple[str, int, bytes, int, bytes]]:
        start = self._ends[side, projection]
        for line in self._stores[side].published(projection, start):
            digest = hashlib.blake2b(_REVISION.sub(b"", line, count=1), digest_size=16).digest()
            is_letter = projection == "dead-letters.jsonl"
            ident = digest if is_letter else bytes.fromhex(orjson.loads(line)["id"])
            yield projection, side, ident, start, digest
            start += len(line)
        self._ends[side, projection] = start
