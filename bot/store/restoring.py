"""From a copy back to a database that may be served: moved into its place whole, and brought to rest first.

Between the copy and the restoring the house may have gone on: letters were sent, bulletins delivered, case numbers given out.
Nothing in the copy says so. What waits in it is therefore not sent again unless whoever restores it says that nothing was
served since, and numbers are skipped so that nobody is given somebody else's.
"""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.sealing import Seal, SealBroken
from bot.store import audit, forms
from bot.store.audit import OPERATOR, Act
from bot.store.backing_up import TAKEN, BackupFailed, Copy, looked_through
from bot.store.foundation import Foundation
from bot.store.store import SqlStore
from bot.store.transaction import Transaction
from handlers.ports import Clock

# More than any office gives out in a day; a gap harms nobody.
NUMBERS_A_DAY = 1_000
# A database and what SQLite lays beside it.
_FILES = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Settled:
    """What was done so that a restored house repeats nothing: how many of each were held back."""

    taken_at: datetime | None
    messages: int = 0
    letters: int = 0
    bulletins: int = 0
    follow_ups: int = 0
    numbers_skipped: int = 0


@dataclass(frozen=True)
class Keys:
    """What opening the restored database needs: the values of SECRET_KEY, the clock and the place."""

    secrets: Sequence[str]
    clock: Clock
    timezone: ZoneInfo


async def restore(
    source: Path, database: Path, keys: Keys, *, force: bool, moving: bool
) -> tuple[Copy, Settled, Path | None]:
    """Put a copy in the place of a database. `force`: a database that is there is moved aside (the path is told); `moving`:
    nothing was served since the copy was made, so what waits in it goes on. Raises BackupFailed; then nothing has changed."""
    copy = looked_through(source)
    _opens(source, Seal(keys.secrets))
    if _is_there(database):
        if not force:
            raise BackupFailed(f"there is a database at {database}: --force moves it aside")
        _refuse_in_use(database)
    unfinished = database.with_name(f"{database.name}.unfinished")
    try:
        _copied(source, unfinished)
        settled = await _brought_to_rest(unfinished, keys, moving=moving)
        aside = _set_aside(database, keys.clock.now()) if _is_there(database) else None
        unfinished.replace(database)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{source} could not be put in the place of {database}: {error}") from error
    finally:
        for end in _FILES:
            unfinished.with_name(unfinished.name + end).unlink(missing_ok=True)
    return copy, settled, aside


async def settle(foundation: Foundation, *, moving: bool, taken_at: datetime | None = None) -> Settled:
    """Bring a database that was just restored to rest, in one transaction; see above. `taken_at` where the copy does not say
    it itself; one that does says it once, and a second time changes nothing."""
    now, year = foundation.now(), foundation.today().year
    zone = foundation.timezone

    def work(tx: Transaction) -> Settled:
        found = tx.row("meta", name=TAKEN)
        taken = forms.moment(found["value"]) if found else taken_at
        settled = Settled(taken) if moving or taken is None else _held_back(tx, taken, now, zone, year)
        if tx.run("forget_backup") or taken is not None:
            audit.written(tx, Act(OPERATOR, "restored from a backup", "database", _told(settled)), now)
        return settled

    return await foundation.database.write(work)


def _held_back(tx: Transaction, taken: datetime, now: datetime, zone: ZoneInfo, year: int) -> Settled:
    skipped = NUMBERS_A_DAY * max(1, math.ceil((now - taken) / timedelta(days=1)))
    for each in range(taken.astimezone(zone).year, year + 1):
        tx.run("skip_counter", name=f"case:{each}", by=skipped)
    return Settled(
        taken,
        messages=tx.run("drop_waiting_messages", now=forms.stamp(now)),
        letters=tx.run("drop_waiting_letters"),
        bulletins=tx.run("hold_bulletins"),
        follow_ups=tx.run("drop_due_follow_ups", now=forms.stamp(now)),
        numbers_skipped=skipped,
    )


def _told(settled: Settled) -> Mapping[str, str | int]:
    counts = {name: value for name, value in vars(settled).items() if isinstance(value, int) and value}
    return {"taken_at": forms.stamp(settled.taken_at) if settled.taken_at else "", **counts}


def _opens(source: Path, seal: Seal) -> None:
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        found = copy.execute("select value from meta where name = 'people_key'").fetchone()
    try:
        seal.open(found[0] if found else "")
    except SealBroken as error:
        raise BackupFailed(
            f"SECRET_KEY does not open {source}: give the key of the house that it is a copy of (SECRET_KEY_OLD will do)"
        ) from error


async def _brought_to_rest(path: Path, keys: Keys, *, moving: bool) -> Settled:
    """The copy in its newest form, with nothing in it that would be said twice."""
    store = SqlStore.open(f"sqlite:///{path}", keys.secrets, keys.clock, keys.timezone)
    try:
        return await settle(store.foundation, moving=moving)
    finally:
        store.close()


def _is_there(database: Path) -> bool:
    return any(database.with_name(database.name + end).exists() for end in _FILES)


def _refuse_in_use(database: Path) -> None:
    """Raises BackupFailed while any process has the database open."""
    with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as connection:
        try:
            connection.execute("pragma locking_mode=exclusive")
            connection.execute("begin exclusive")
            connection.execute("commit")
        except sqlite3.OperationalError as error:
            raise BackupFailed(f"{database} is in use: stop what serves from it first") from error
        except sqlite3.DatabaseError:
            # Damaged: the very reason to restore.
            return


def _copied(source: Path, to: Path) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for end in _FILES:
        to.with_name(to.name + end).unlink(missing_ok=True)
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as there, source.open("rb") as here:
        shutil.copyfileobj(here, there, 1024 * 1024)
        there.flush()
        os.fsync(there.fileno())


def _set_aside(database: Path, now: datetime) -> Path:
    """Another name for what is in the place; nothing is removed."""
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    for end in _FILES:
        with suppress(FileNotFoundError):
            database.with_name(database.name + end).rename(aside.with_name(aside.name + end))
    return aside
