"""PostgreSQL: the same units of work over the same queries; many processes on many machines may write at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from bot.store import dialect
from bot.store.room import Readers, Room
from bot.store.transaction import Reach, Row, StoreFailed, Transaction
from bot.store.writing import LARGEST_BATCH, Again, Writer

T = TypeVar("T")

# Every statement sees all that is committed. Whatever looks before it writes (is there such a case?) has the house to itself:
# a lock for as long as the transaction lasts, so that the next one sees what it wrote. See docs/decisions/0013.
_BEGIN = "begin isolation level read committed"
# Any number that nothing else of ours locks (migrations, the lead, copying), the same in every process.
HOUSE_LOCK = 7_088_480
_BEGIN_ALONE = f"{_BEGIN}; select pg_advisory_xact_lock({HOUSE_LOCK})"
# Two that wait for one another; and a row that went while something was being tied to it. Done again, both go through.
_IN_THE_WAY = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.ForeignKeyViolation,
)
CONNECT_SECONDS = 5
# A statement that takes longer is broken off: the next process, or the next try, shall not wait behind it.
STATEMENT_MILLISECONDS = 30_000
# A process that was stopped in the midst of a unit holds locks; the server takes them from it.
IDLE_MILLISECONDS = 10_000
# The server, or the way to it, is gone without a word: noticed within about ten seconds.
_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
# People's turns that are written side by side; each of them is a transaction of its own.
TURNS_AT_ONCE = 3
# While the server is away, a new try to reach it about so often.
RECONNECT_SECONDS = 2.0

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

    def tell(self, topic: str, word: str) -> None:
        self._do(b"select pg_notify(%(topic)s, %(word)s)", {"topic": topic, "word": word})

    def tidy(self) -> None:
        """Nothing to do: PostgreSQL's own log is not ours to clear (docs/operating.md says what follows from that)."""

    def _execute(self, query: str, values: Mapping[str, object]) -> psycopg.Cursor[dict[str, Any]]:
        return self._do(self._queries[query].encode(), values)

    def _do(self, words: bytes, values: Mapping[str, object]) -> psycopg.Cursor[dict[str, Any]]:
        try:
            return self._connection.execute(words, values)
        except _IN_THE_WAY as error:
            raise Again from error


class PostgresPen:
    """A connection that writes, made anew when it has broken. `begin` are the words that a transaction of its begins with."""

    def __init__(self, url: str, queries: Mapping[str, str], begin: str = _BEGIN) -> None:
        self._url = url
        self._queries = queries
        self._begin = begin.encode()
        self._connection: Connection | None = None

    def begin(self) -> Transaction:
        known = self._connection
        try:
            self._connected().execute(self._begin, prepare=False)
        except psycopg.OperationalError:
            if known is None or not known.broken:
                raise
            # It broke while nobody used it (the server was away): nothing of ours was on its way.
            self._connected().execute(self._begin, prepare=False)
        return PostgresTransaction(self._connected(), self._queries)

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
            connection.execute("rollback", prepare=False)
        except psycopg.Error:
            # Broken: the next `begin` opens another.
            connection.close()
            self._connection = None

    def wrapped(self, error: Exception) -> Exception:
        return failed("written", error) if isinstance(error, psycopg.Error) else error

    def gone(self, error: Exception) -> bool:
        return isinstance(error, psycopg.OperationalError | StoreFailed)

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
            connection.execute(words.encode(), prepare=False)
        except _IN_THE_WAY as error:
            raise Again from error


class PostgresDatabase:
    """One PostgreSQL database. Safe to use from several event loops and threads at once; `close` before the end."""

    def __init__(self, url: str, named: Mapping[str, str], *, readers: int = 4) -> None:
        self._url = url
        self._queries = dialect.queries(named)
        self._pens = {
            Reach.HOUSE: [self._pen(_BEGIN_ALONE)],
            Reach.PERSON: [self._pen() for _ in range(TURNS_AT_ONCE)],
            Reach.ROWS: [self._pen()],
            Reach.SHARDS: [self._pen()],
        }
        self._writers = {
            reach: Writer(
                pens,
                largest=1 if reach is Reach.PERSON else LARGEST_BATCH,
                # Each mark is a way to the server and back; rows that nobody else changes are hardly ever refused.
                marked=reach is Reach.HOUSE,
                name=f"store-{reach.value}",
            )
            for reach, pens in self._pens.items()
        }
        self._readers = Readers(readers)
        self._pool = _pool(url, readers)

    def _pen(self, begin: str = _BEGIN) -> PostgresPen:
        return PostgresPen(self._url, self._queries, begin)

    def start(self, prepare: Callable[[Connection], None]) -> None:
        """Bring the database to its newest form with `prepare`, in one transaction, and begin to write."""
        try:
            with connect(self._url, autocommit=False) as connection:
                prepare(connection)
        except psycopg.Error as error:
            self._readers.close()
            raise failed("prepared", error) from error
        for writer in self._writers.values():
            writer.start()
        self._pool.open()

    async def write(self, work: Callable[[Transaction], T], reach: Reach = Reach.HOUSE) -> T:
        """Run a unit of work and wait until it is on the disk. What the unit raises, the caller hears: then
        its writes are undone, and no other unit's. It may run more than once, where other processes were in the way."""
        return await self._writers[reach].write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit that only reads, beside the writers. It sees everything committed before."""
        self._writers[Reach.HOUSE].refuse_when_closed()
        return await self._readers.run(self._read, work)

    @property
    def closed(self) -> bool:
        return self._writers[Reach.HOUSE].closed

    @property
    def rooms(self) -> Sequence[Room]:
        return *(writer.room for writer in self._writers.values()), self._readers.room

    def close(self) -> None:
        """Write what still waits, then let go. May be called twice."""
        closed = [writer.close() for writer in self._writers.values()]
        if not all(closed):
            return
        self._readers.close()
        for pens in self._pens.values():
            for pen in pens:
                pen.close()
        self._pool.close()

    def _read(self, work: Callable[[Transaction], T]) -> T:
        for last_try in (False, True):
            try:
                with self._pool.connection() as connection:
                    return work(PostgresTransaction(connection, self._queries))
            except psycopg.OperationalError as error:
                if last_try:
                    raise failed("read", error) from error
                # Connections that broke while nobody used them are thrown out, and it is read once more.
                self._pool.check()
            except psycopg.Error as error:
                raise failed("read", error) from error
        raise AssertionError("unreachable")


def _pool(url: str, readers: int) -> ConnectionPool[Connection]:
    """Connections that read, as many as there are threads that do; not open yet."""
    return ConnectionPool(
        url,
        connection_class=psycopg.Connection[dict[str, Any]],
        kwargs=_arguments(autocommit=True, options="-c default_transaction_read_only=on"),
        min_size=1,
        max_size=readers,
        # Each thread waits for one at most; the row of those who wait for a thread is `Readers`'.
        max_waiting=readers,
        timeout=CONNECT_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
    )


def _arguments(*, autocommit: bool, options: str = "") -> dict[str, Any]:
    waits = f"-c statement_timeout={STATEMENT_MILLISECONDS} -c idle_in_transaction_session_timeout={IDLE_MILLISECONDS}"
    return {
        "autocommit": autocommit,
        "row_factory": dict_row,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "rutan",
        "options": f"{waits} -c timezone=UTC {options}",
        **_ALIVE,
    }


def connect(url: str, *, autocommit: bool = True) -> Connection:
    """A connection. Raises StoreFailed, which never quotes the address (it may hold a password)."""
    try:
        return psycopg.connect(url, **_arguments(autocommit=autocommit))
    except psycopg.Error as error:
        raise StoreFailed("the PostgreSQL database of DATABASE_URL does not answer") from error


def failed(done: str, error: Exception) -> StoreFailed:
    """What the caller hears of a fault of PostgreSQL's: its own first line, which quotes no value of ours."""
    told = getattr(getattr(error, "diag", None), "message_primary", None) or type(error).__name__
    failure = StoreFailed(f"the database could not be {done}: {told}")
    failure.__cause__ = error
    return failure
