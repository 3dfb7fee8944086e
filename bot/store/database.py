"""SQLite: one thread that writes, many units in one commit; a few threads that read."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import sqlite_utils

from bot.store.room import Readers, Room
from bot.store.transaction import Reach, Row, StoreFailed, Transaction
from bot.store.writing import Writer

T = TypeVar("T")

OLDEST_SQLITE = (3, 35, 0)
# How long a write waits for another process (`rutan forget` beside `rutan serve`) before it gives up.
LOCK_SECONDS = 10.0
# After a burst the write-ahead log shrinks back to this.
LOG_BYTES = 64 * 1024 * 1024


class SqliteTransaction:
    """Named queries over one SQLite connection."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str]) -> None:
        self._connection = connection
        self._queries = queries
        self.wants_tidying = False

    def run(self, query: str, **values: object) -> int:
        return self._connection.execute(self._queries[query], values).rowcount

    def rows(self, query: str, **values: object) -> Sequence[Row]:
        return self._connection.execute(self._queries[query], values).fetchall()

    def row(self, query: str, **values: object) -> Row | None:
        found = self.rows(query, **values)
        return found[0] if found else None

    def tell(self, topic: str, word: str) -> None:
        """Nobody listens to a file: a second process looks often."""

    def tidy(self) -> None:
        self.wants_tidying = True


class SqlitePen:
    """The connection that writes. SQLite lets in one writer at a time, so that nothing is ever done again."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str], path: Path) -> None:
        self._connection = connection
        self._queries = queries
        self._path = path
        self._transaction = SqliteTransaction(connection, queries)

    def begin(self) -> Transaction:
        self._transaction = SqliteTransaction(self._connection, self._queries)
        self._connection.execute("begin immediate")
        return self._transaction

    def mark(self) -> None:
        self._connection.execute("savepoint unit")

    def undo(self) -> bool:
        # On a full disk SQLite may give up the whole transaction: then no unit of it stands.
        if not self._connection.in_transaction:
            return False
        self._connection.execute("rollback to unit")
        return True

    def settle(self) -> None:
        self._connection.execute("release unit")

    def commit(self) -> None:
        self._connection.execute("commit")
        if self._transaction.wants_tidying:
            self._clear_log()

    def drop(self) -> None:
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("rollback")
        except sqlite3.Error:
            # Nothing was committed; the next `begin` says what is still wrong.
            return

    def wrapped(self, error: Exception) -> Exception:
        return failed(self._path, "written", error) if isinstance(error, sqlite3.Error) else error

    def gone(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.OperationalError)

    def _clear_log(self) -> None:
        # A reader of an old page may hold this up: we hardly wait, for SQLite clears the log by and by.
        self._connection.execute("pragma busy_timeout=200")
        try:
            self._connection.execute("pragma wal_checkpoint(truncate)").fetchall()
        except sqlite3.Error:
            return
        finally:
            self._connection.execute(f"pragma busy_timeout={int(LOCK_SECONDS * 1000)}")


class Database:
    """One SQLite file. Safe to use from several event loops and threads at once; `close` before the end."""

    def __init__(self, path: Path, queries: Mapping[str, str], *, readers: int = 2) -> None:
        self._path = path
        self._queries = queries
        self._connections: list[sqlite3.Connection] = []
        self._pen = self._connect()
        self._writer = Writer([SqlitePen(self._pen, queries, path)])
        self._mine = threading.local()
        self._readers = Readers(readers)

    def start(self, prepare: Callable[[sqlite_utils.Database], None]) -> None:
        """Bring the file to its newest form with `prepare`, in one transaction, and begin to write."""
        try:
            self._pen.execute("begin immediate")
            prepare(sqlite_utils.Database(self._pen))
            self._pen.execute("commit")
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.Error):
                raise failed(self._path, "prepared", error) from error
            raise
        self._writer.start()

    async def write(self, work: Callable[[Transaction], T], reach: Reach = Reach.HOUSE) -> T:
        """Run a unit of work and wait until it is on the disk. What the unit raises, the caller hears: then
        its writes are undone, and no other unit's. There is one writer here, whatever the reach of a unit."""
        return await self._writer.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads, beside the writer. It sees everything committed before."""
        self._writer.refuse_when_closed()
        return await self._readers.run(self._read, work)

    @property
    def closed(self) -> bool:
        return self._writer.closed

    @property
    def rooms(self) -> Sequence[Room]:
        return self._writer.room, self._readers.room

    def close(self) -> None:
        """Write what still waits, then let go of the file. May be called twice."""
        if not self._writer.close():
            return
        self._readers.close()
        for connection in self._connections:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        refuse_too_old(sqlite3.sqlite_version_info)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Sealed or not, it is nobody else's business on this machine.
            self._path.touch(mode=0o600)
            # Each connection serves one thread, but is opened or closed by another.
            connection = sqlite3.connect(
                self._path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connections.append(connection)
            connection.row_factory = sqlite3.Row
            self._set_up(sqlite_utils.Database(connection))
        except (sqlite3.Error, OSError) as error:
            for opened in self._connections:
                opened.close()
            raise failed(self._path, "opened", error) from error
        return connection

    def _set_up(self, database: sqlite_utils.Database) -> None:
        _enable_log(database)
        for setting in (
            "foreign_keys=on",
            "synchronous=full",  # an acknowledged message survives a power cut
            "secure_delete=on",  # what is deleted is overwritten
            f"journal_size_limit={LOG_BYTES}",
        ):
            database.execute(f"pragma {setting}")

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            return work(SqliteTransaction(self._reader(), self._queries))
        except sqlite3.Error as error:
            raise failed(self._path, "read", error) from error

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("pragma query_only=on")
            self._mine.connection = connection
        return connection


def failed(path: Path, done: str, error: Exception) -> StoreFailed:
    """What the caller hears of a fault of SQLite's."""
    failure = StoreFailed(f"the database {path} could not be {done}: {error}")
    failure.__cause__ = error
    return failure


def refuse_too_old(version: tuple[int, ...]) -> None:
    """Raises StoreFailed where this Python's SQLite does not know what our queries say (`returning`)."""
    if version < OLDEST_SQLITE:
        found, needed = (".".join(map(str, each)) for each in (version, OLDEST_SQLITE))
        raise StoreFailed(f"this Python has SQLite {found}; Rutan needs {needed} or newer")


def _enable_log(database: sqlite_utils.Database) -> None:
    # Changing the journal takes the whole file for a moment and does not wait for others: two processes that
    # start together must try more than once.
    for attempt in range(50):
        try:
            database.enable_wal()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == 49:
                raise
            time.sleep(0.02)
        else:
            return
