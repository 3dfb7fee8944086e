"""A PostgreSQL database as one end of a copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row

from bot.store import dialect, migrations
from bot.store.copy_tables import (
    CopyRefused,
    Progress,
    Statements,
    Table,
    Values,
    fitting,
    plan,
    tied,
    written,
)
from bot.store.postgres import Connection, PostgresTransaction
from bot.store.transaction import StoreFailed, Transaction

_SAY = Statements(mark="%s", bytewise=' collate "C"')
# Any number, not that of another lock of ours: one copy at a time goes into a database.
_LOCK = 7_088_473
# Rows that come over the network at a time.
_FETCHED = 2_000
# A process says each second that it works; one that has not for so long has ended.
_SILENT_SECONDS = 15
_CONNECTED = (
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    " and application_name like 'rutan%' and application_name <> 'rutan copy'"
)
_WORKING = "select count(*) from processes where extract(epoch from clock_timestamp()) - seen_at < "
_TRIGGERS = (
    "select distinct relname from pg_trigger join pg_class on pg_class.oid = tgrelid"
    " where not tgisinternal and relnamespace = current_schema()::regnamespace"
)
_LAST_NUMBER = "select case when is_called then last_value else 0 end from <table>_id_seq"
_MARK = "insert into meta (name, value) values (%s, %s) on conflict (name) do update set value = excluded.value"


class PostgresSide:
    """A PostgreSQL database. While a source is taken everybody may read it and nobody may write to it. A target is brought to its
    newest form."""

    def __init__(self, url: str, named: Mapping[str, str], *, target: bool) -> None:
        self._queries = dialect.queries(named)
        self._target = target
        with _told():
            self._connection = psycopg.connect(
                url,
                autocommit=True,
                connect_timeout=5,
                cursor_factory=psycopg.ClientCursor,
                application_name="rutan copy",
                options="-c timezone=UTC -c lock_timeout=5000",
            )
            if target:
                # What a power cut takes of the copying is copied again; the last commit of all is waited for.
                self._run("set synchronous_commit = off")
                with self._connection.transaction():
                    migrations.newest_postgres(self._by_name())

    def take(self) -> None:
        if int(self._all(_CONNECTED)[0][0]) or (self.steps() and int(self._all(f"{_WORKING}{_SILENT_SECONDS}")[0][0])):
            which = "the target" if self._target else "the source"
            raise CopyRefused(f"somebody works on {which}: stop what serves from it, and try again")
        if self._target:
            if not self._all(f"select pg_try_advisory_lock({_LOCK})")[0][0]:
                raise CopyRefused("another copy goes into this database just now")
            return
        used = bool(self.steps())
        with _told():
            # One and the same moment for all that is read; nobody writes until it ends.
            self._run("begin isolation level repeatable read")
            if used:
                self._run(f"lock table {', '.join(table.name for table in plan())} in share mode")

    def steps(self) -> frozenset[str]:
        if self._all("select to_regclass('schema_steps')")[0][0] is None:
            return frozenset()
        return frozenset(row[0] for row in self._all("select name from schema_steps"))

    def transaction(self) -> Transaction:
        return PostgresTransaction(self._by_name(), self._queries)

    def count(self, table: Table) -> int:
        return int(self._all(_SAY.count(table))[0][0])

    def rows(self, table: Table, after: Values = ()) -> Iterator[Values]:
        words = _SAY.rows(table, after=bool(after))
        with _told(), self._connection.transaction(), self._connection.cursor("rows") as cursor:
            cursor.itersize = _FETCHED
            for row in cursor.execute(words, after or None):
                yield fitting(row)

    def last_number(self, table: Table) -> int:
        row = self._all(_LAST_NUMBER.replace("<table>", table.name))[0]
        return int(row[0])

    def quiet(self) -> None:
        with _told(), self._connection.transaction():
            self._triggers("disable")

    def put(self, table: Table, page: Sequence[Values], progress: Progress) -> None:
        with _told(), self._connection.transaction(), self._connection.cursor() as cursor:
            with cursor.copy(_SAY.bulk(table)) as lane:
                for row in page:
                    lane.write_row(row)
            self.mark(*written(table, progress))

    def tie(self, table: Table, rows: Sequence[Values]) -> None:
        with _told(), self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(_SAY.tie(table), [tied(table, row) for row in rows])

    def mark(self, name: str, value: str) -> None:
        with _told():
            self._connection.execute(_MARK, (name, value))

    def marks(self) -> Mapping[str, str]:
        return {row[0]: row[1] for row in self._all(_SAY.marks)}

    def empty(self, tables: Sequence[Table]) -> None:
        with _told():
            self._run("truncate " + ", ".join(table.name for table in tables))

    def finish(self, numbers: Mapping[str, int]) -> None:
        with _told():
            with self._connection.transaction():
                self._run("set local synchronous_commit = on")
                for name, number in numbers.items():
                    sequence = (f"{name}_id_seq", max(number, 1), number > 0)
                    self._connection.execute("select setval(%s::regclass, %s, %s)", sequence)
                self._triggers("enable")
                self._run(_SAY.unmark)
            self._run("analyze")

    def close(self) -> None:
        self._connection.close()

    def _triggers(self, what: str) -> None:
        for row in self._all(_TRIGGERS):
            self._run(f"alter table {row[0]} {what} trigger user")

    def _by_name(self) -> Connection:
        """The same connection, as the store's own parts look at its rows."""
        return cast(Connection, _ByName(self._connection))

    def _run(self, words: str) -> None:
        self._connection.execute(words)

    def _all(self, words: str) -> list[Any]:
        with _told():
            return self._connection.execute(words).fetchall()


class _ByName:
    """A connection whose rows are read by the names of their columns."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, words: Any, values: Any = None) -> psycopg.Cursor[dict[str, Any]]:
        return psycopg.ClientCursor(self._connection, row_factory=dict_row).execute(words, values)


@contextmanager
def _told() -> Iterator[None]:
    """Faults of the server's in our words; its own quote no value and no address."""
    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise CopyRefused("somebody writes there: stop what serves from it, and try again") from None
    except psycopg.Error as error:
        said = getattr(getattr(error, "diag", None), "message_primary", None) or type(error).__name__
        raise StoreFailed(f"the PostgreSQL database could not be read or written: {said}") from None
