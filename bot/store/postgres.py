"""PostgreSQL: the same units of work over the same queries; many processes on many machines may write at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from bot.store import dialect
from bot.store.transaction import Row, StoreFailed, Transaction
from bot.store.writing import Again, Writer

T = TypeVar("T")

# Serializable: a unit that looks before it writes (is there such a case?) sees the world as if it were alone.
_BEGIN = "begin isolation level serializable"
_IN_THE_WAY = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
CONNECT_SECONDS = 5
# A statement that takes longer is broken off: the next process, or the next try, shall not wait behind it.
STATEMENT_MILLISECONDS = 30_000

Connection = psycopg.Connection[dict[str, Any]]


class PostgresTransaction:
    """Named queries over one PostgreSQL connection."""

    def __init__(self, connection: Connection, queries: Mapping[str, str]) -> None:
        self._connection = connection
        self._queries = queries

    def run(self, query: str, **values: object) -> int:
        return self._execute(query, values).rowcount

    def rows(self, query: str, **values: object) -> Sequence[Row]:
        return self._execute(query, values).fetchall()

    def row(self, query: str, **values: object) -> Row | None:
        found = self.rows(query, **values)
        return found[0] if found else None

    def tidy(self) -> None:
        """Nothing to do: PostgreSQL's own log is not ours to clear (docs/operating.md says what follows from that)."""

    def _execute(self, query: str, values: Mapping[str, object]) -> psycopg.Cursor[dict[str, Any]]:
        try:
            return self._connection.execute(self._queries[query].encode(), values)
        except _IN_THE_WAY as error:
            raise Again from error


class PostgresPen:
    """The connection that writes, made anew when it has broken."""

    def __init__(self, url: str, queries: Mapping[str, str]) -> None:
        self._url = url
        self._queries = queries
        self._connection: Connection | None = None

    def begin(self) -> Transaction:
        connection = self._connected()
        connection.execute(_BEGIN)
        return PostgresTransaction(connection, self._queries)

    def mark(self) -> None:
        self._run("savepoint unit")

    def undo(self) -> bool:
        if self._connection is None or self._connection.broken:
            return False
        self._run("rollback to savepoint unit")
        return True

    def settle(self) -> None:
        self._run("release savepoint unit")

    def commit(self) -> None:
        self._run("commit")

    def drop(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            connection.execute("rollback")
        except psycopg.Error:
            # Broken: the next `begin` opens another.
            connection.close()
            self._connection = None

    def wrapped(self, error: Exception) -> Exception:
        return failed("written", error) if isinstance(error, psycopg.Error) else error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = connect(self._url)
        return self._connection

    def _run(self, words: str) -> None:
        connection = self._connected()
        try:
            connection.execute(words.encode())
        except _IN_THE_WAY as error:
            raise Again from error


class PostgresDatabase:
    """One PostgreSQL database. Safe to use from several event loops and threads at once; `close` before the end."""

    def __init__(self, url: str, named: Mapping[str, str], *, readers: int = 4) -> None:
        self._url = url
        self._queries = dialect.queries(named)
        self._pen = PostgresPen(url, self._queries)
        self._writer = Writer(self._pen)
        self._mine = threading.local()
        self._opened: list[Connection] = []
        self._readers = ThreadPoolExecutor(readers, "store-reader")

    def start(self, prepare: Callable[[Connection], None]) -> None:
        """Bring the database to its newest form with `prepare`, in one transaction, and begin to write."""
        try:
            with connect(self._url, autocommit=False) as connection:
                prepare(connection)
        except psycopg.Error as error:
            self._readers.shutdown()
            raise failed("prepared", error) from error
        self._writer.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit of work and wait until it is on the disk. What the unit raises, the caller hears: then
        its writes are undone, and no other unit's. It may run more than once, where other processes were in the way."""
        return await self._writer.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads, beside the writer. It sees everything committed before."""
        self._writer.refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def close(self) -> None:
        """Write what still waits, then let go. May be called twice."""
        if not self._writer.close():
            return
        self._readers.shutdown()
        self._pen.close()
        for connection in self._opened:
            connection.close()

    def _read(self, work: Callable[[Transaction], T]) -> T:
        for last_try in (False, True):
            connection = self._reader()
            try:
                with connection.transaction():
                    return work(PostgresTransaction(connection, self._queries))
            except psycopg.OperationalError as error:
                # A connection that broke while nobody used it: once more with a new one.
                if last_try or not connection.broken:
                    raise failed("read", error) from error
            except psycopg.Error as error:
                raise failed("read", error) from error
        raise AssertionError("unreachable")

    def _reader(self) -> Connection:
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None or connection.closed or connection.broken:
            connection = connect(self._url)
            connection.execute("set default_transaction_read_only = on")
            self._opened.append(connection)
            self._mine.connection = connection
        return connection


def connect(url: str, *, autocommit: bool = True) -> Connection:
    """A connection. Raises StoreFailed, which never quotes the address (it may hold a password)."""
    try:
        return psycopg.connect(
            url,
            autocommit=autocommit,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            cursor_factory=psycopg.ClientCursor,
            options=f"-c statement_timeout={STATEMENT_MILLISECONDS} -c timezone=UTC",
        )
    except psycopg.Error as error:
        raise StoreFailed("the PostgreSQL database of DATABASE_URL does not answer") from error


def failed(done: str, error: Exception) -> StoreFailed:
    """What the caller hears of a fault of PostgreSQL's: its own first line, which quotes no value of ours."""
    told = getattr(getattr(error, "diag", None), "message_primary", None) or type(error).__name__
    failure = StoreFailed(f"the database could not be {done}: {told}")
    failure.__cause__ = error
    return failure
