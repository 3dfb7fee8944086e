"""SQLite: one thread that writes, many units in one commit; a few threads that read."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

from bot.store.transaction import Row, StoreFailed, Transaction

T = TypeVar("T")

# A bigger batch spares no more fsyncs worth having, and its first writer would wait too long for its last.
LARGEST_BATCH = 256
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

    def tidy(self) -> None:
        self.wants_tidying = True


@dataclass(frozen=True)
class _Unit:
    work: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


@dataclass(frozen=True)
class _Failure:
    error: Exception


class Database:
    """One SQLite file. Safe to use from several event loops and threads at once; `close` before the end."""

    def __init__(self, path: Path, queries: Mapping[str, str], *, readers: int = 2) -> None:
        self._path = path
        self._queries = queries
        self._connections: list[sqlite3.Connection] = []
        self._writer = self._connect()
        self._waiting: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._mine = threading.local()
        self._readers = ThreadPoolExecutor(readers, "store-reader")
        self._thread = threading.Thread(target=self._write_on, name="store-writer", daemon=True)

    def start(self, prepare: Callable[[sqlite_utils.Database], None]) -> None:
        """Bring the file to its newest form with `prepare`, in one transaction, and begin to write."""
        try:
            self._writer.execute("begin immediate")
            prepare(sqlite_utils.Database(self._writer))
            self._writer.execute("commit")
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.Error):
                raise self._failed("prepared", error) from error
            raise
        self._thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit of work and wait until it is on the disk. What the unit raises, the caller hears: then
        its writes are undone, and no other unit's."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._gate:
            self._refuse_when_closed()
            self._waiting.put(_Unit(work, loop, future))
        return await future

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads, beside the writer. It sees everything committed before."""
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def close(self) -> None:
        """Write what still waits, then let go of the file. May be called twice."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._readers.shutdown()
        for connection in self._connections:
            connection.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreFailed("the database is closed")

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
            raise self._failed("opened", error) from error
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
            raise self._failed("read", error) from error

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("pragma query_only=on")
            self._mine.connection = connection
        return connection

    def _write_on(self) -> None:
        while batch := self._next_batch():
            _answer(batch, self._commit(batch))

    def _next_batch(self) -> list[_Unit]:
        """Waits for a unit, then takes what has queued meanwhile; empty when there will be no more."""
        first = self._waiting.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < LARGEST_BATCH:
            try:
                unit = self._waiting.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                # Not yet: first this batch, then the end.
                self._waiting.put(None)
                break
            batch.append(unit)
        return batch

    def _commit(self, batch: Sequence[_Unit]) -> Sequence[object]:
        """One transaction for the whole batch; the result, or failure, of each unit."""
        transaction = SqliteTransaction(self._writer, self._queries)
        try:
            self._writer.execute("begin immediate")
            results = [self._attempt(unit, transaction) for unit in batch]
            self._writer.execute("commit")
        except Exception as error:
            self._roll_back()
            return [_Failure(self._failed("written", error))] * len(batch)
        if transaction.wants_tidying:
            self._clear_log()
        return results

    def _attempt(self, unit: _Unit, transaction: Transaction) -> object:
        self._writer.execute("savepoint unit")
        try:
            result: object = unit.work(transaction)
        except Exception as error:
            # On a full disk SQLite may give up the whole transaction: then no unit of it stands.
            if not self._writer.in_transaction:
                raise
            self._writer.execute("rollback to unit")
            wrapped = self._failed("written", error) if isinstance(error, sqlite3.Error) else error
            result = _Failure(wrapped)
        self._writer.execute("release unit")
        return result

    def _roll_back(self) -> None:
        if not self._writer.in_transaction:
            return
        try:
            self._writer.execute("rollback")
        except sqlite3.Error:
            # Nothing was committed; the next `begin` says what is still wrong.
            return

    def _clear_log(self) -> None:
        # A reader of an old page may hold this up: we hardly wait, for SQLite clears the log by and by.
        self._writer.execute("pragma busy_timeout=200")
        try:
            self._writer.execute("pragma wal_checkpoint(truncate)").fetchall()
        except sqlite3.Error:
            return
        finally:
            self._writer.execute(f"pragma busy_timeout={int(LOCK_SECONDS * 1000)}")

    def _failed(self, done: str, error: Exception) -> StoreFailed:
        failure = StoreFailed(f"the database {self._path} could not be {done}: {error}")
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


def _answer(batch: Sequence[_Unit], results: Sequence[object]) -> None:
    """Wake everybody whose unit has been settled: once for each event loop, not once for each unit."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
    for unit, result in zip(batch, results, strict=True):
        by_loop.setdefault(unit.loop, []).append((unit.future, result))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)
        except RuntimeError:
            # That loop has ended and nobody listens; what was written stands all the same.
            continue


def _settle(settled: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for future, result in settled:
        if future.done():
            continue
        if isinstance(result, _Failure):
            future.set_exception(result.error)
        else:
            future.set_result(result)
