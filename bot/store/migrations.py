"""The database's form, step by step: one file of statements a step, in `schema/`. A step that has shipped is never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlite_utils import Database, Migrations

from bot.store.transaction import StoreFailed

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
    """Bring a database to the newest form, where it has not got it. Refuses one of a later version."""
    # To an empty database every step of ours is still to come.
    ours = {step.name for step in migrations.pending(Database(memory=True))}
    if unknown := sorted({step.name for step in migrations.applied(database)} - ours):
        raise StoreFailed(f"the database was made by a later version of Rutan (it knows {', '.join(unknown)})")
    migrations.apply(database)
