"""What the crawler remembers of each feed, in SQLite.

In: a feed's row and the entries of its last document. Out: the same after a restart. Each visit is
one transaction, which the crawler makes only after the output holds the events of the visit.
"""

import fcntl
import sqlite3
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from newsloom.adapters.failures import OutageError

REMEMBER_S = 30 * 24 * 3600
"""An entry that left its feed is forgotten after this time."""


@dataclass(slots=True)
class FeedState:
    """One feed. `address` is what the user subscribed to, `url` where it is fetched from.

    Times are seconds since the epoch; 0 stands for never. `outcome` is that of the last visit.
    """

    address: str
    url: str
    etag: str = ""
    last_modified: str = ""
    next_visit: int = 0
    visits: int = 0
    failures: int = 0
    last_success: int = 0
    outcome: str = ""
    interval_s: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that was seen: the digest of its last version, and when it was first seen."""

    digest: bytes
    first_seen: int


_COLUMNS = tuple(field.name for field in fields(FeedState))
_SCHEMA = """
CREATE TABLE IF NOT EXISTS feeds (
    address TEXT PRIMARY KEY, url TEXT NOT NULL, etag TEXT NOT NULL, last_modified TEXT NOT NULL,
    next_visit INTEGER NOT NULL, visits INTEGER NOT NULL, failures INTEGER NOT NULL,
    last_success INTEGER NOT NULL, outcome TEXT NOT NULL, interval_s INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    address TEXT NOT NULL, key BLOB NOT NULL, digest BLOB NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, PRIMARY KEY (address, key)
) STRICT, WITHOUT ROWID;
"""


class CrawlState:
    """The state in a file, or in memory without one. A file has one user at a time."""

    def __init__(self, path: Path | None) -> None:
        self._lock = _lock(path) if path else None
        try:
            self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            fix = "name another file with --state, or remove it: entries then come again"
            raise OutageError(f"{path}: cannot be used as state ({error}); {fix}") from error

    def feed(self, address: str) -> FeedState:
        """What is known of a feed; a new state for an unknown one."""
        row = self._database.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM feeds WHERE address = ?", (address,)
        ).fetchone()
        return FeedState(*row) if row else FeedState(address, address)

    def entries(self, address: str) -> dict[bytes, Entry]:
        """The entries of a feed that are remembered, by their keys."""
        rows = self._database.execute(
            "SELECT key, digest, first_seen FROM entries WHERE address = ?", (address,)
        )
        return {key: Entry(digest, first_seen) for key, digest, first_seen in rows}

    def commit(self, feed: FeedState, entries: dict[bytes, Entry], now: int) -> None:
        """Stores a feed after a visit, and the entries of the document that it gave, if any.

        Raises OutageError if the file cannot be written.
        """
        try:
            self._commit(feed, entries, now)
        except sqlite3.Error as error:
            raise OutageError(f"the state cannot be written ({error}); run it again") from error

    def _commit(self, feed: FeedState, entries: dict[bytes, Entry], now: int) -> None:
        marks = ", ".join("?" * len(_COLUMNS))
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute(
            f"INSERT OR REPLACE INTO feeds ({', '.join(_COLUMNS)}) VALUES ({marks})",
            tuple(asdict(feed).values()),
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)",
            [(feed.address, key, e.digest, e.first_seen, now) for key, e in entries.items()],
        )
        if entries:
            self._database.execute(
                "DELETE FROM entries WHERE address = ? AND last_seen < ?",
                (feed.address, now - REMEMBER_S),
            )
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Closes the file."""
        self._database.close()
        if self._lock:
            self._lock.close()


def _lock(path: Path) -> IO[bytes]:
    """Locks the file of a state until it is closed."""
    try:
        file = path.open("ab")
    except OSError as error:
        fix = "name a file in a folder that exists with --state"
        raise OutageError(f"{path}: cannot be opened ({error.strerror}); {fix}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OutageError(f"{path}: another crawl uses it; wait until that ends") from error
    return file
