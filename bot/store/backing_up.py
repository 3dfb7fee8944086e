"""A copy of a SQLite database while it is served, and what must be true of a copy before anybody leans on it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.store import audit, forms
from bot.store.database import SqliteTransaction
from bot.store.migrations import SCHEMA
from bot.store.opening import queries_text
from bot.store.transaction import StoreFailed, named_queries

# In `meta` of a copy: when it was taken. A database that is served has no such row.
TAKEN = "backup_taken_at"
# In `meta` of the database: when it was last copied.
BACKED_UP = "backed_up_at"
NOTED = """insert into meta (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value"""
# The whole schema is named by its last step.
_STEPS = "select name from _sqlite_migrations order by name"
_TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite!_%' escape '!' order by name"
# In words of the first form: what is copied before an upgrade is older than our queries.
_MESSAGES = "select count(*) from inbox where done_at is null"
_LETTERS = "select count(*) from outbox where state in ('waiting', 'sending') and platform <> 'web'"


class BackupFailed(StoreFailed):
    """No copy was made, or what was looked at is none that may be leant on."""


@dataclass(frozen=True)
class Copy:
    """A copy that was looked through: whole, of a known form, its audit log unbroken. `rows` counts by table."""

    path: Path
    taken_at: datetime
    step: str
    bytes: int
    rows: Mapping[str, int]
    messages_waiting: int
    letters_waiting: int


def back_up(source: Path, to: Path, now: datetime) -> Copy:
    """Copy a database that may be in use to a new file of its owner's alone, and look it through. The copy is of one moment:
    what is committed later is not in it. Raises BackupFailed; then there is no file."""
    if not source.is_file():
        raise BackupFailed(f"there is no database at {source}")
    with _new_file(to) as unfinished:
        counted = _copied(source, unfinished, now)
        found = replace(looked_through(unfinished), path=to)
        if found.rows != counted:
            raise BackupFailed(f"the copy of {source} has other rows than the database had")
        _to_disk(unfinished)
        unfinished.replace(to)
        _to_disk(to.parent)
    # The copy stands even where this cannot be written; the watchers are told by its being missing.
    with suppress(sqlite3.Error), closing(_opened(source, "rw")) as here:
        here.execute(NOTED, {"name": BACKED_UP, "value": forms.stamp(now)})
    return found


@contextmanager
def _new_file(to: Path) -> Iterator[Path]:
    """A file to be written beside the last one, whose name is taken at once; both go where something fails."""
    unfinished = to.with_name(f"{to.name}.unfinished")
    taken: list[Path] = []
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (to, unfinished):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            taken.append(path)
        yield unfinished
    except BaseException as error:
        for path in taken:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError) and len(taken) < 2 and error.filename in (str(to), str(unfinished)):
            raise BackupFailed(f"{error.filename} is there already; nothing is ever overwritten") from error
        if isinstance(error, OSError | sqlite3.Error):
            raise BackupFailed(f"the copy {to} could not be written: {error}") from error
        raise


def _copied(source: Path, to: Path, now: datetime) -> Mapping[str, int]:
    """The copy, and how many rows each table had at that moment."""
    with closing(_opened(source, "rw")) as here, closing(_opened(to, "rw")) as there:
        # One look for the count and the copy: whoever writes meanwhile writes past us.
        here.execute("begin")
        counted = _counted(here)
        here.backup(there)
        here.execute("rollback")
        # A copy is one file: nothing of it may lie in a log beside it.
        there.execute("pragma journal_mode=delete").fetchone()
        there.execute("insert into meta (name, value) values (?, ?)", (TAKEN, forms.stamp(now)))
    return {**counted, "meta": counted.get("meta", 0) + 1}


def looked_through(path: Path) -> Copy:
    """What is in a copy. Raises BackupFailed where it is damaged, none of ours, or from a later version."""
    try:
        with closing(_opened(path, "ro")) as copy:
            return _looked_through(copy, path)
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"{path} is no database of ours: {error}") from error


def _looked_through(copy: sqlite3.Connection, path: Path) -> Copy:
    (said,) = copy.execute("pragma integrity_check(1)").fetchone()
    if said != "ok" or copy.execute("pragma foreign_key_check").fetchone():
        raise BackupFailed(f"{path} is damaged")
    steps = [name for (name,) in copy.execute(_STEPS)]
    if later := set(steps) - known_steps():
        raise BackupFailed(f"{path} was made by a later version of Rutan (it knows {', '.join(sorted(later))})")
    found = copy.execute("select value from meta where name = ?", (TAKEN,)).fetchone()
    if found is None:
        raise BackupFailed(f"{path} is no copy that `rutan backup` made")
    copy.row_factory = sqlite3.Row
    tx = SqliteTransaction(copy, named_queries(queries_text()))
    if "audit" in (counted := _counted(copy)) and (broken := audit.first_broken(tx)):
        raise BackupFailed(f"the audit log in {path} is broken at row {broken.id}: {broken.why}")
    messages, letters = (copy.execute(each).fetchone()[0] for each in (_MESSAGES, _LETTERS))
    return Copy(path, forms.moment(found[0]), steps[-1], path.stat().st_size, counted, messages, letters)


def known_steps() -> frozenset[str]:
    """The steps of the schema that this version makes."""
    return frozenset(path.stem for path in SCHEMA.glob("m*.sql"))


def _counted(connection: sqlite3.Connection) -> dict[str, int]:
    tables = [row[0] for row in connection.execute(_TABLES)]
    # The names come from the database itself.
    return {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in tables}  # noqa: S608  # nosec B608  # the tables of our own schema


def _opened(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={how}", uri=True, isolation_level=None, timeout=10)
    with suppress(sqlite3.Error):
        connection.execute("pragma synchronous=full")
    return connection


def _to_disk(path: Path) -> None:
    """What was written there survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
