"""A SQLite file as one end of a copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlite_utils

from bot.store import migrations
from bot.store.copy_tables import CopyRefused, Progress, Statements, Table, Values, fitting, tied, written
from bot.store.database import Database, SqliteTransaction
from bot.store.transaction import StoreFailed, Transaction

_SAY = Statements(mark="?")
# `rutan` itself waits ten; whoever has the file open for longer serves from it.
_WAIT_SECONDS = 1.0


class SqliteSide:
    """A SQLite file. While it is taken nobody else may open it, not even to read. A target is made, in its newest form."""

    def __init__(self, path: Path, named: Mapping[str, str], *, target: bool) -> None:
        self._path = path
        self._named = named
        if target:
            made = Database(path, {})
            made.start(migrations.newest)
            made.close()
        elif not path.is_file():
            raise CopyRefused(f"there is no database at {path}")
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_SECONDS)
        # Set before the first look: then that look takes the whole file, and is refused where somebody has it open.
        self._connection.execute("pragma locking_mode=exclusive")
        # Tables come in order, but within one a row may name a later one.
        self._connection.execute("pragma foreign_keys=off")

    def take(self) -> None:
        try:
            self._connection.execute("begin immediate")
            self._connection.execute("commit")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise self._failed(error) from error
            raise CopyRefused(f"somebody has {self._path} open: stop what serves from it, and try again") from error
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def steps(self) -> frozenset[str]:
        if not self._all("select 1 from sqlite_master where name = '_sqlite_migrations'"):
            return frozenset()
        return frozenset(row[0] for row in self._all("select name from _sqlite_migrations"))

    def transaction(self) -> Transaction:
        self._connection.row_factory = sqlite3.Row
        return SqliteTransaction(self._connection, self._named)

    def count(self, table: Table) -> int:
        return int(self._all(_SAY.count(table))[0][0])

    def rows(self, table: Table, after: Values = ()) -> Iterator[Values]:
        cursor = self._connection.cursor()
        try:
            for row in cursor.execute(_SAY.rows(table, after=bool(after)), after):
                yield fitting(tuple(row))
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def last_number(self, table: Table) -> int:
        found = self._all("select seq from sqlite_sequence where name = ?", (table.name,))
        return int(found[0][0]) if found else 0

    def quiet(self) -> None:
        triggers = [row[0] for row in self._all("select name from sqlite_master where type = 'trigger'")]
        with self._whole():
            for each in triggers:
                self._connection.execute(f"drop trigger {each}")

    def put(self, table: Table, page: Sequence[Values], progress: Progress) -> None:
        with self._whole():
            self._connection.executemany(_SAY.insert(table), page)
            self._mark(*written(table, progress))

    def tie(self, table: Table, rows: Sequence[Values]) -> None:
        with self._whole():
            self._connection.executemany(_SAY.tie(table), [tied(table, row) for row in rows])

    def mark(self, name: str, value: str) -> None:
        with self._whole():
            self._mark(name, value)

    def marks(self) -> Mapping[str, str]:
        return {row[0]: row[1] for row in self._all(_SAY.marks)}

    def empty(self, tables: Sequence[Table]) -> None:
        # What only grows refuses to be emptied.
        self.quiet()
        with self._whole():
            for table in tables:
                self._connection.execute('delete from "<table>"'.replace("<table>", table.name))  # nosec B608  # the tables of our own schema

    def finish(self, numbers: Mapping[str, int]) -> None:
        if broken := self._all("pragma foreign_key_check"):
            raise StoreFailed(f"a row of {broken[0][0]} names one of {broken[0][2]} that is not there")
        with closing(sqlite3.connect(":memory:")) as model:
            migrations.newest(sqlite_utils.Database(model))
            triggers = [row[0] for row in model.execute("select sql from sqlite_master where type = 'trigger'")]
        with self._whole():
            for each in triggers:
                self._connection.execute(each)
            self._connection.execute("delete from sqlite_sequence")
            self._connection.executemany("insert into sqlite_sequence (name, seq) values (?, ?)", numbers.items())
            self._connection.execute(_SAY.unmark)

    def close(self) -> None:
        self._connection.close()

    def _all(self, words: str, values: Values = ()) -> list[Any]:
        try:
            return self._connection.execute(words, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _mark(self, name: str, value: str) -> None:
        self._connection.execute("insert or replace into meta (name, value) values (?, ?)", (name, value))

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All of a block, or nothing of it."""
        self._all("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StoreFailed:
        return StoreFailed(f"the database {self._path} could not be read or written: {error}")
