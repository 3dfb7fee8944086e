"""The database's form, step by step: one file of statements a step, in `schema/`. A step that has shipped is never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils import Database, Migrations

from bot.store import dialect
from bot.store.transaction import StoreFailed

if TYPE_CHECKING:
    from bot.store.postgres import Connection

SCHEMA = Path(__file__).with_name("schema")


def statements(text: str) -> Iterator[str]:
    """The statements of a file, one by one; a trigger, with semicolons of its own, is one."""
    collected = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("--") and not collected:
            continue
        collected += line
        if sqlite3.complete_statement(collected):
            yield collected.strip().rstrip(";")
            collected = ""
    if collected.strip():
        raise ValueError(f"a statement has no end: {collected.strip()[:60]}")


def _step(path: Path) -> Callable[[Database], None]:
    def step(database: Database) -> None:
        for statement in statements(path.read_text(encoding="utf-8")):
            database.execute(statement)

    return step


def _steps() -> Migrations:
    steps = Migrations("rutan")
    for path in sorted(SCHEMA.glob("m*.sql")):
        steps(name=path.stem)(_step(path))
    return steps


migrations = _steps()


def newest(database: Database) -> None:
    """Bring a SQLite database to the newest form, where it has not got it. Refuses one of a later version."""
    _refuse_later({step.name for step in migrations.applied(database)})
    migrations.apply(database)


def _refuse_later(applied: set[str]) -> None:
    if unknown := sorted(applied - {path.stem for path in SCHEMA.glob("m*.sql")}):
        raise StoreFailed(f"the database was made by a later version of Rutan (it knows {', '.join(unknown)})")


# Any number, the same in every process of ours: one of them makes the steps, the others wait.
_LOCK = 7_088_471
_STEPS = """create table if not exists schema_steps (
    name text primary key,
    applied_at timestamptz not null default now()
)"""


def newest_postgres(connection: Connection) -> None:
    """The same for PostgreSQL, inside the transaction of `connection`; one process at a time."""
    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute(_STEPS)
    applied = {row["name"] for row in connection.execute("select name from schema_steps")}
    _refuse_later(applied)
    for path in sorted(SCHEMA.glob("m*.sql")):
        if path.stem in applied:
            continue
        for each in statements(path.read_text(encoding="utf-8")):
            connection.execute(dialect.statement(each).encode())
        connection.execute("insert into schema_steps (name) values (%s)", (path.stem,))
