"""What a copy is made of: tables in an order in which their rows may come, and how far each has come.

A row is a tuple of integers, floats, texts, bytes and None in the order of `Table.columns`. Rows have the order of their keys, texts
that of their bytes, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import sqlite_utils

from bot.store import migrations
from bot.store.migrations import SCHEMA
from bot.store.transaction import StoreFailed, Transaction

Values = tuple[Any, ...]

# What tells of processes that run, not of people: it begins anew where they run next.
OF_THE_RUNNING = frozenset({"shards", "processes", "budgets"})
# Rows of `meta` that say how far an unfinished copy has come; the first says of what.
MARK = "copying"


class CopyRefused(StoreFailed):
    """Nothing was copied; the message says why, and what to do."""


@dataclass(frozen=True)
class Table:
    """A table and what copying needs of it. `bytewise`: the columns of its key that hold text; `loops`: columns that name rows of
    this same table; `numbered`: its database counts its ids."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    bytewise: frozenset[str]
    loops: tuple[str, ...]
    numbered: bool

    def key_of(self, row: Values) -> Values:
        return tuple(row[self.columns.index(each)] for each in self.key)


@dataclass(frozen=True)
class Progress:
    """How far a table has come: the key of its newest row, how many rows, and whether that is all."""

    after: Values = ()
    rows: int = 0
    done: bool = False


class Side(Protocol):
    """One end of a copy. Everything raises StoreFailed where the database does not answer."""

    def steps(self) -> frozenset[str]:
        """The steps of the schema that have been made."""

    def take(self) -> None:
        """Keep everybody else from writing for as long as this is open. Raises CopyRefused where somebody is at work."""

    def transaction(self) -> Transaction:
        """To run queries of the store, each by itself."""

    def count(self, table: Table) -> int: ...

    def rows(self, table: Table, after: Values = ()) -> Iterator[Values]:
        """All rows behind a key, in the order of their keys. Ask for nothing else before they have ended."""

    def last_number(self, table: Table) -> int:
        """The highest id that was ever given; 0 for none."""

    def close(self) -> None: ...


class Target(Side, Protocol):
    """The end that is written to. Each method is one transaction."""

    def quiet(self) -> None:
        """From now on nothing happens by itself when a row comes in."""

    def put(self, table: Table, page: Sequence[Values], progress: Progress) -> None:
        """More rows, and how far that is."""

    def tie(self, table: Table, rows: Sequence[Values]) -> None:
        """What was left out of these rows when they came: the columns that name rows of the same table."""

    def mark(self, name: str, value: str) -> None: ...

    def marks(self) -> Mapping[str, str]:
        """Every row of `meta` that belongs to a copy."""

    def empty(self, tables: Sequence[Table]) -> None:
        """Remove every row of these tables, and all marks."""

    def finish(self, numbers: Mapping[str, int]) -> None:
        """Go on counting from these ids; things happen by themselves again; no mark is left. What was written is on the disk."""


# --- the tables ------------------------------------------------------------------------------------------------------
def plan() -> tuple[Table, ...]:
    """Every table that is copied, each after those that it names."""
    with closing(sqlite3.connect(":memory:")) as connection:
        database = sqlite_utils.Database(connection)
        migrations.newest(database)
        found = {each.name: each for each in database.tables if _is_ours(each.name)}
        names = {name: _names(connection, name) for name in found}
        return tuple(_table(found[name], names[name]) for name in _in_order(names))


def every_step() -> frozenset[str]:
    """The steps of this version's schema."""
    return frozenset(path.stem for path in SCHEMA.glob("m*.sql"))


def _is_ours(name: str) -> bool:
    return name not in OF_THE_RUNNING and not name.startswith(("sqlite_", "_sqlite_"))


def _names(connection: sqlite3.Connection, table: str) -> dict[str, set[str]]:
    """The tables that a table names, and by which columns."""
    named: dict[str, set[str]] = {}
    for row in connection.execute(f"pragma foreign_key_list({table})"):
        named.setdefault(row[2], set()).add(row[3])
    return named


def _in_order(names: Mapping[str, Mapping[str, set[str]]]) -> list[str]:
    order: list[str] = []
    # What says that the database has been used comes last.
    waiting = [name for name in names if name != "meta"]
    while waiting:
        ready = [name for name in waiting if all(other == name or other in order for other in names[name])]
        if not ready:
            raise StoreFailed(f"these tables name one another in a circle: {', '.join(waiting)}")
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return [*order, "meta"]


def _table(found: sqlite_utils.db.Table, names: Mapping[str, set[str]]) -> Table:
    kinds = {column.name: column.type.lower() for column in found.columns}
    return Table(
        name=found.name,
        columns=tuple(kinds),
        key=tuple(found.pks),
        bytewise=frozenset(each for each in found.pks if kinds[each] == "text"),
        loops=tuple(sorted(names.get(found.name, ()))),
        numbered="autoincrement" in found.schema.lower(),
    )


# --- statements ------------------------------------------------------------------------------------------------------
# Every name in them is one of our own schema's.
_COUNT = 'select count(*) from "<table>" <which>'
_ROWS = 'select <columns> from "<table>" <which> order by <order>'
_INSERT = 'insert into "<table>" (<columns>) values (<marks>)'
_COPY = 'copy "<table>" (<columns>) from stdin'
_TIE = 'update "<table>" set <ties> where <which>'
_MARKS = "select name, value from meta where substr(name, 1, 7) = 'copying'"
_UNMARK = "delete from meta where substr(name, 1, 7) = 'copying'"


def _filled(words: str, table: Table, **parts: str) -> str:
    whole = words.replace("<table>", table.name).replace("<columns>", _list(table.columns))
    for name, part in parts.items():
        whole = whole.replace(f"<{name}>", part)
    return whole.rstrip()


def _list(names: Sequence[str], after: str = "") -> str:
    return ", ".join(f'"{each}"{after}' for each in names)


@dataclass(frozen=True)
class Statements:
    """How one kind of database says it: `mark` stands for a value, `bytewise` behind a text that is ordered by its bytes."""

    mark: str
    bytewise: str = ""

    marks: str = _MARKS
    unmark: str = _UNMARK

    def count(self, table: Table) -> str:
        return _filled(_COUNT, table, which=self._which(table, after=False))

    def rows(self, table: Table, *, after: bool) -> str:
        return _filled(_ROWS, table, which=self._which(table, after=after), order=self._key(table))

    def insert(self, table: Table) -> str:
        return _filled(_INSERT, table, marks=", ".join([self.mark] * len(table.columns)))

    def bulk(self, table: Table) -> str:
        return _filled(_COPY, table)

    def tie(self, table: Table) -> str:
        which = " and ".join(f'"{each}" = {self.mark}' for each in table.key)
        return _filled(_TIE, table, ties=", ".join(f'"{each}" = {self.mark}' for each in table.loops), which=which)

    def _which(self, table: Table, *, after: bool) -> str:
        # The marks of a copy are no rows of the house.
        ours = ["substr(name, 1, 7) <> 'copying'"] if table.name == "meta" else []
        later = [f"({self._key(table)}) > ({', '.join([self.mark] * len(table.key))})"] if after else []
        return "where " + " and ".join(ours + later) if ours or later else ""

    def _key(self, table: Table) -> str:
        return ", ".join(f'"{each}"{self.bytewise if each in table.bytewise else ""}' for each in table.key)


def tied(table: Table, row: Values) -> Values:
    """The values of `Statements.tie` for one row."""
    return (*(row[table.columns.index(each)] for each in table.loops), *table.key_of(row))


# --- rows and marks --------------------------------------------------------------------------------------------------
def fitting(row: Values) -> Values:
    """A row as both databases can hold it: PostgreSQL's texts have no NUL."""
    if any(isinstance(each, str) and "\0" in each for each in row):
        return tuple(each.replace("\0", "\ufffd") if isinstance(each, str) else each for each in row)
    return tuple(row)


def written(table: Table, progress: Progress) -> tuple[str, str]:
    """The mark of a table: a name and a value in `meta`."""
    said = {"after": list(progress.after), "rows": progress.rows, "done": progress.done}
    return f"{MARK} {table.name}", json.dumps(said)


def progress_of(marks: Mapping[str, str], table: Table) -> Progress:
    """What `written` said of a table."""
    found = marks.get(f"{MARK} {table.name}")
    if found is None:
        return Progress()
    said = json.loads(found)
    return Progress(tuple(said["after"]), said["rows"], said["done"])
