"""The store: the output folder of an embedded run, with one SQLite database and its projections.

In: a batch. Out: its rows, input positions and published lines, committed in one transaction.

    newsloom.db          rows       state rows by key
                         inputs     how far each input file has been read
                         contents   digests of what was read of each input file up to there
                         chunks     the published lines of each batch and projection, compressed
                         meta       the format, how far the documents are written, attempts,
                                    and in a rebuild its basis
    curated.jsonl, stories.jsonl, dead-letters.jsonl: the projections, which are the chunks as text

A commit first writes rows, positions and chunks in one transaction, then appends the lines to the
projections. Opening the folder cuts a projection back to its committed length, or completes it from
the chunks, so a crash between the two steps loses and repeats nothing.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import zstandard

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.positions import Position
from newsloom.adapters.inputs.sources import DATABASE, PROJECTIONS

FORMAT = "5"
"""The format of a new database. Its state rows have form 2 (`pipeline/lane/rows.py`)."""
FORMER_FORMAT = "4"
"""It is read and written too, with state rows of form 1, until `Store.upgrade`. A database with
another format is refused."""
CHUNK_LINES = 500
CHECKPOINT_PAGES = 64_000
"""Pages of 4 KiB, about 250 MiB, in the write-ahead log between two checkpoints. A checkpoint costs
more than the commits before it."""

_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (
    path TEXT PRIMARY KEY, bytes INTEGER, lines INTEGER, opened_at INTEGER, opened_bytes INTEGER);
CREATE TABLE IF NOT EXISTS contents (
    path TEXT PRIMARY KEY, bytes INTEGER, digest TEXT, first TEXT, stamp TEXT);
CREATE TABLE IF NOT EXISTS chunks (
    projection TEXT, start INTEGER, length INTEGER, content BLOB, PRIMARY KEY (projection, start));
"""


@dataclass(slots=True)
class Batch:
    """The content of one transaction. `rows` maps keys to values; None deletes the row."""

    rows: dict[str, bytes | None] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    lines: dict[str, list[bytes]] = field(default_factory=lambda: {n: [] for n in PROJECTIONS})
    attempts: str = ""
    """What `Store.attempts` returns after the commit."""

    @property
    def size(self) -> int:
        """The number of its rows and lines."""
        return len(self.rows) + sum(map(len, self.lines.values()))


@contextmanager
def _outages(action: str) -> Iterator[None]:
    """Turns errors of the block into an OutageError that says which `action` failed and why."""
    try:
        yield
    except (sqlite3.Error, zstandard.ZstdError, OSError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        message = f"cannot {action}: {reason}; fix this and run again, nothing is lost"
        raise OutageError(message) from error


class Store:
    """An output folder. A lock lets one run use it at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the folder. Raises OutageError if it is in use or cannot be written."""
        self._folder = folder
        self._lock = _lock(folder)
        self._path = folder / DATABASE
        with _outages(f"open {self._path}"):
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.executescript(_SCHEMA)
            self._check_format()
        self._compressor = zstandard.ZstdCompressor(level=1)
        self._open_projections()

    def _open_projections(self) -> None:
        folder = self._folder
        with _outages(f"write the files of {folder}"):
            self._lengths = {name: self._repair(name) for name in PROJECTIONS}
            self._files = {name: open(folder / name, "ab") for name in PROJECTIONS}  # noqa: SIM115

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Yields the key and the encoded value of every state row."""
        with _outages(f"read {self._path}"):
            yield from self._connection.execute("SELECT key, value FROM rows")

    def position(self, path: str) -> Position:
        """The committed position of an input; the beginning if it was never read."""
        found = self._connection.execute(
            # A version of Newsloom that stores no contents may have read on: then they are old.
            "SELECT inputs.bytes, lines, opened_at, opened_bytes, COALESCE(digest, ''), "
            "COALESCE(first, ''), COALESCE(stamp, '') FROM inputs LEFT JOIN contents "
            "ON contents.path = inputs.path AND contents.bytes = inputs.bytes "
            "WHERE inputs.path = ?",
            (path,),
        ).fetchone()
        return Position(*found) if found else Position()

    def inputs(self) -> list[str]:
        """The paths of all inputs that were read, in the order in which each was first read."""
        with _outages(f"read {self._path}"):
            return [
                p for (p,) in self._connection.execute("SELECT path FROM inputs ORDER BY rowid")
            ]

    def commit(self, batch: Batch) -> None:
        """Commits a batch in one transaction, then appends its lines to the projections.

        Raises OutageError. If the transaction fails, nothing of the batch is kept. If a projection
        cannot be written, the batch is committed and `Store` completes the file at the next start.
        """
        contents = {name: b"".join(lines) for name, lines in batch.lines.items() if lines}
        with _outages(f"write {self._path}"), self._transaction():
            self._write_rows(batch.rows)
            self._write_positions(batch.positions)
            self._write_chunks(contents)
            self._write_meta("attempts", batch.attempts)
        for name, text in contents.items():
            self._lengths[name] += len(text)
            with _outages(f"write {self._folder / name}"):
                self._files[name].write(text)
                self._files[name].flush()

    def upgrade(self) -> bool:
        """Gives a folder of the former format the newest one. False if it has it.

        Its lane goes on in the newest form. A former release cannot open the folder any more.
        """
        if self._read_meta("format") == FORMAT:
            return False
        # Imported here, because it loads the search loops, which other commands do without.
        from newsloom.pipeline.lane.rows import LANE_KEY, upgraded_lane

        (lane,) = self._connection.execute(
            "SELECT value FROM rows WHERE key = ?", (LANE_KEY,)
        ).fetchone()
        with _outages(f"write {self._path}"), self._transaction():
            self._write_rows({LANE_KEY: upgraded_lane(lane)})
            self._write_meta("format", FORMAT)
        return True

    def replace(self, folder: Path, lines: Mapping[str, Iterable[bytes]]) -> None:
        """Takes the rows and the input positions of another output folder instead of its own.

        The folder then has the newest format.

        One transaction also adds `lines` to the projections. Raises OutageError; then nothing is
        replaced.
        """
        with _outages(f"write {self._path}"):
            self._connection.execute("ATTACH ? AS other", (str(folder / DATABASE),))
            with self._transaction():
                for table in ("rows", "inputs", "contents"):
                    self._connection.execute(f"DELETE FROM {table}")
                    copied = f"INSERT INTO {table} SELECT * FROM other.{table} ORDER BY rowid"
                    self._connection.execute(copied)
                for name, added in lines.items():
                    self._add_chunks(name, added)
                self._write_meta("attempts", "")
                self._write_meta("format", FORMAT)
            self._connection.execute("DETACH other")
        self._close_projections()
        self._open_projections()

    def close(self) -> None:
        """Closes the files and the database, and releases the lock."""
        self._close_projections()
        self._connection.close()
        os.close(self._lock)

    def _close_projections(self) -> None:
        for file in self._files.values():
            # Lines that a full disk did not accept are written when the folder is next opened.
            with suppress(OSError):
                file.close()

    def attempts(self) -> str:
        """What was last committed or kept about attempts at inputs; empty at first."""
        return self._read_meta("attempts") or ""

    def keep_attempts(self, text: str) -> None:
        """Keeps a text about attempts at inputs at once, without a batch. Raises OutageError."""
        with _outages(f"write {self._path}"):
            self._write_meta("attempts", text)

    def basis(self) -> str:
        """What was kept about the basis of a rebuild in this folder; empty at first."""
        return self._read_meta("basis") or ""

    def keep_basis(self, text: str) -> None:
        """Keeps a text about the basis of a rebuild in this folder. Raises OutageError."""
        with _outages(f"write {self._path}"):
            self._write_meta("basis", text)

    def documents_end(self) -> int:
        """The byte of `curated.jsonl` up to which the documents are written."""
        return int(self._read_meta("documents") or 0)

    def mark_documents_written(self) -> None:
        """Records that the documents are written up to the end of `curated.jsonl`."""
        length = str(self._lengths["curated.jsonl"])
        with _outages(f"write {self._path}"):
            self._write_meta("documents", length)

    def published(self, name: str, start: int) -> Iterator[bytes]:
        """Yields the committed lines of a projection from byte `start` on, a line boundary."""
        for chunk_start, text in self._chunks(name, start):
            yield from text[max(0, start - chunk_start) :].splitlines(keepends=True)

    def _read_meta(self, name: str) -> str | None:
        query = "SELECT value FROM meta WHERE name = ?"
        row = self._connection.execute(query, (name,)).fetchone()
        return str(row[0]) if row else None

    def _write_meta(self, name: str, value: str) -> None:
        self._connection.execute("REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _check_format(self) -> None:
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (FORMAT,))
        _require_format(self._path, self._read_meta("format"))
        # A lane without rows is new, and begins in the newest form.
        self._connection.execute(
            "UPDATE meta SET value = ? WHERE name = 'format' AND NOT EXISTS (SELECT 1 FROM rows)",
            (FORMAT,),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _write_positions(self, positions: Mapping[str, Position]) -> None:
        self._connection.executemany(
            # Not REPLACE: an input keeps its place in the order of first reading.
            "INSERT INTO inputs VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET bytes = "
            "excluded.bytes, lines = excluded.lines, opened_at = excluded.opened_at, "
            "opened_bytes = excluded.opened_bytes",
            ((path, *position[:4]) for path, position in positions.items()),
        )
        self._connection.executemany(
            "REPLACE INTO contents VALUES (?, ?, ?, ?, ?)",
            ((path, p.bytes, p.digest, p.first, p.stamp) for path, p in positions.items()),
        )

    def _write_chunks(self, contents: Mapping[str, bytes]) -> None:
        rows = (
            (name, self._lengths[name], len(text), self._compressor.compress(text))
            for name, text in contents.items()
        )
        self._connection.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", rows)

    def _add_chunks(self, name: str, lines: Iterable[bytes]) -> None:
        """Writes the chunks of lines that follow the last committed ones."""
        start, rest = self._lengths[name], iter(lines)
        while text := b"".join(islice(rest, CHUNK_LINES)):
            row = name, start, len(text), self._compressor.compress(text)
            self._connection.execute("INSERT INTO chunks VALUES (?, ?, ?, ?)", row)
            start += len(text)

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
        with _outages(f"read {self._path}"):
            for chunk_start, content in self._connection.execute(
                "SELECT start, content FROM chunks WHERE projection = ? AND start + length > ? "
                "ORDER BY start",
                (name, start),
            ):
                yield chunk_start, decompressor.decompress(content)

    def _repair(self, name: str) -> int:
        """Cuts a projection back to its committed length, or completes it; returns that length."""
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


def _lock(folder: Path) -> int:
    """Creates the folder if needed and locks it. Returns the descriptor that holds the lock."""
    with _outages(f"write to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OutageError(
            f"{folder} is in use by another run: wait for it, or choose another --output"
        ) from None
    return descriptor


def _require_format(path: Path, found: str | None) -> None:
    if found in (FORMER_FORMAT, FORMAT):
        return
    if found is not None and found.isdecimal() and int(found) > int(FORMAT):
        raise OutageError(
            f"{path} was written by a newer release of Newsloom (it has format {found}, this "
            f"release knows {FORMER_FORMAT} and {FORMAT}): update Newsloom; nothing was changed"
        )
    raise OutageError(
        f"{path} was written by another version of Newsloom (it has format {found}, this version "
        f"needs {FORMER_FORMAT} or {FORMAT}): choose another --output"
    )


def require_database(folder: Path) -> Path:
    """The path of a folder's database. Raises OutageError if there is none."""
    path = folder / DATABASE
    if not path.exists():
        raise OutageError(f"{folder} contains no {DATABASE}: name the --output of a `newsloom run`")
    return path


def read_rows(folder: Path) -> list[tuple[str, bytes]]:
    """The state rows of a folder, as key and encoded value. A run may be using the folder.

    Raises OutageError if the folder contains no database, or one of an unknown format.
    """
    path = require_database(folder)
    with _outages(f"read {path}"):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            found = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
            _require_format(path, found and str(found[0]))
            return connection.execute("SELECT key, value FROM rows").fetchall()
        finally:
            connection.close()
