"""The store: one SQLite database in the output folder, and one transaction a batch for everything.

State rows, input positions and published lines are committed together or not at all. The files
beside it are projections of it: cut back and completed when it is opened.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.sources import Position

DATABASE = "newsloom.db"
PROJECTIONS = ("curated.jsonl", "stories.jsonl", "dead-letters.jsonl")
FORMAT = "4"
CHECKPOINT_PAGES = 64_000
"""32 MiB of log between two checkpoints: they cost more than the commits between them."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (
    path TEXT PRIMARY KEY, bytes INTEGER, lines INTEGER, opened_at INTEGER, opened_bytes INTEGER);
CREATE TABLE IF NOT EXISTS chunks (
    projection TEXT, start INTEGER, length INTEGER, content BLOB, PRIMARY KEY (projection, start));
"""


@dataclass(slots=True)
class Batch:
    """What one transaction holds. `rows` maps keys to values, None for rows that go."""

    rows: dict[str, bytes | None] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    lines: dict[str, list[bytes]] = field(default_factory=lambda: {n: [] for n in PROJECTIONS})


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, zstandard.ZstdError) as error:
        raise OutageError(
            f"cannot {what}: {error}; mend that and run again, nothing is lost"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutageError(
            f"cannot {what}: {reason}; mend that and run again, nothing is lost"
        ) from error


class Store:
    """An output folder, held by one run at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes the folder. Raises OutageError if it is in use or cannot be written."""
        self._folder = folder
        with _in_words(f"write to {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise OutageError(
                f"{folder} is in use by another run: wait for it, or choose another --output"
            ) from None
        self._path = folder / DATABASE
        with _in_words(f"open {self._path}"):
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            self._connection.executescript(_SCHEMA)
            self._check_format()
        self._compressor = zstandard.ZstdCompressor(level=1)
        with _in_words(f"write the files of {folder}"):
            self._lengths = {name: self._mend(name) for name in PROJECTIONS}
            self._files = {name: open(folder / name, "ab") for name in PROJECTIONS}  # noqa: SIM115

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Every state row by its key."""
        with _in_words(f"read {self._path}"):
            yield from self._connection.execute("SELECT key, value FROM rows")

    def position(self, path: str) -> Position:
        """How far an input has been read."""
        found = self._connection.execute(
            "SELECT bytes, lines, opened_at, opened_bytes FROM inputs WHERE path = ?", (path,)
        ).fetchone()
        return Position(*found) if found else Position()

    def commit(self, batch: Batch) -> None:
        """Makes a batch last, then shows it in the files.

        Raises OutageError: of a batch that could not be written nothing is kept, and files that
        could not be are completed when the folder is next opened.
        """
        contents = {name: b"".join(lines) for name, lines in batch.lines.items() if lines}
        with _in_words(f"write {self._path}"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._write_rows(batch.rows)
                self._connection.executemany(
                    "REPLACE INTO inputs VALUES (?, ?, ?, ?, ?)",
                    ((path, *p) for path, p in batch.positions.items()),
                )
                self._connection.executemany(
                    "INSERT INTO chunks VALUES (?, ?, ?, ?)",
                    (
                        (name, self._lengths[name], len(text), self._compressor.compress(text))
                        for name, text in contents.items()
                    ),
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        for name, text in contents.items():
            self._lengths[name] += len(text)
            with _in_words(f"write {self._folder / name}"):
                self._files[name].write(text)
                self._files[name].flush()

    def close(self) -> None:
        """Lets the folder go."""
        for file in self._files.values():
            # What a full disk did not take is completed when the folder is next opened.
            with suppress(OSError):
                file.close()
        self._connection.close()
        os.close(self._lock)

    def documents_through(self) -> int:
        """Up to which byte of `curated.jsonl` each article's own file has been written."""
        found = self._connection.execute("SELECT value FROM meta WHERE name = 'documents'")
        row = found.fetchone()
        return int(row[0]) if row else 0

    def note_documents(self) -> None:
        """Notes that every article's own file is as its latest record says."""
        with _in_words(f"write {self._path}"):
            self._connection.execute(
                "REPLACE INTO meta VALUES ('documents', ?)", (str(self._lengths["curated.jsonl"]),)
            )

    def published(self, name: str, start: int) -> Iterator[bytes]:
        """The lines of a projection from the chunk that holds byte `start` on."""
        for chunk_start, text in self._chunks(name, start):
            yield from text[max(0, start - chunk_start) :].splitlines(keepends=True)

    def _check_format(self) -> None:
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (FORMAT,))
        found = self._connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        if found[0] != FORMAT:
            raise OutageError(
                f"{self._path} was written by another version (format {found[0]}, this one "
                f"writes {FORMAT}): choose another --output"
            )

    def _write_rows(self, rows: Mapping[str, bytes | None]) -> None:
        self._connection.executemany(
            "INSERT INTO rows VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            ((key, value) for key, value in rows.items() if value is not None),
        )
        self._connection.executemany(
            "DELETE FROM rows WHERE key = ?", ((k,) for k, value in rows.items() if value is None)
        )

    def _chunks(self, name: str, start: int) -> Iterable[tuple[int, bytes]]:
        decompressor = zstandard.ZstdDecompressor()
        with _in_words(f"read {self._path}"):
            for chunk_start, content in self._connection.execute(
                "SELECT start, content FROM chunks WHERE projection = ? AND start + length > ? "
                "ORDER BY start",
                (name, start),
            ):
                yield chunk_start, decompressor.decompress(content)

    def _mend(self, name: str) -> int:
        """Cuts a file back to what is committed, or completes it; its committed length."""
        (length,) = self._connection.execute(
            "SELECT COALESCE(MAX(start + length), 0) FROM chunks WHERE projection = ?", (name,)
        ).fetchone()
        path = self._folder / name
        size = path.stat().st_size if path.exists() else 0
        if size > length:
            os.truncate(path, length)
        elif size < length:
            with open(path, "ab") as file:
                for start, text in self._chunks(name, size):
                    file.write(text[max(0, size - start) :])
        return int(length)


def read_rows(folder: Path) -> list[tuple[str, bytes]]:
    """The state rows of a folder, which a run may hold meanwhile. OutageError if it has none."""
    path = folder / DATABASE
    if not path.exists():
        raise OutageError(f"{folder} holds no {DATABASE}: name the --output of a `newsloom run`")
    with _in_words(f"read {path}"):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute("SELECT key, value FROM rows").fetchall()
        finally:
            connection.close()
