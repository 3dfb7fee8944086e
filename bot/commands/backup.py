"""`rutan backup` and `rutan restore`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, settings

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.backing_up import Copy
    from bot.store.restoring import Settled

# What a folder's copies are called, so that the oldest come first by name.
_NAME = "rutan-%Y%m%dT%H%M%SZ"
KEY_APART = "SECRET_KEY is not in it. Keep the key apart from the backup: one without the other is of no use."


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Of a folder: keep so many of the newest, remove the others.")
@click.option("--json", "as_json", is_flag=True, help="What was copied, as JSON.")
@clearly
def backup(to: Path, keep: int | None, as_json: bool) -> None:
    """Copy the database to the new file TO (or into the folder TO) while it is served, and look the copy through."""
    from bot.store.opening import is_postgres

    given, now = settings(), datetime.now(UTC)
    file = _file(to, now, ".dump" if is_postgres(given.database_url) else ".db")
    told = _dumped(given, file, now) if is_postgres(given.database_url) else _copied(given, file, now)
    if keep and to.is_dir():
        told["removed"] = _removed(to, file.suffix, keep)
    click.echo(KEY_APART, err=True)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in _lines(told):
        click.echo(line)


def _file(to: Path, now: datetime, suffix: str) -> Path:
    return to / (now.strftime(_NAME) + suffix) if to.is_dir() else to


def _copied(given: Settings, to: Path, now: datetime) -> dict[str, object]:
    from bot.store.backing_up import back_up

    return _told(back_up(given.database_path, to, now))


def _told(copy: Copy) -> dict[str, object]:
    return {
        "path": str(copy.path),
        "taken_at": copy.taken_at.isoformat(timespec="seconds"),
        "step": copy.step,
        "bytes": copy.bytes,
        "rows": dict(copy.rows),
        "messages_waiting": copy.messages_waiting,
        "letters_waiting": copy.letters_waiting,
    }


def _dumped(given: Settings, to: Path, now: datetime) -> dict[str, object]:
    from bot.store.postgres_dumps import dump

    dump(given.database_url, to, now)
    return {"path": str(to), "bytes": to.stat().st_size}


def _removed(folder: Path, suffix: str, keep: int) -> list[str]:
    """The oldest copies of the folder, by their names, are removed; nothing else that lies there."""
    copies = sorted(folder.glob(f"rutan-????????T??????Z{suffix}"))
    gone = copies[:-keep]
    for each in gone:
        each.unlink()
    return [each.name for each in gone]


def _lines(told: dict[str, object]) -> list[str]:
    lines = [f"Backed up to {told['path']} ({told['bytes']} bytes)"]
    if isinstance(rows := told.get("rows"), dict):
        lines.append(f"Looked through: whole, {sum(rows.values())} rows in {len(rows)} tables, form {told['step']}")
        lines.append(f"Waiting in it: {told['messages_waiting']} messages, {told['letters_waiting']} letters")
    if removed := told.get("removed"):
        lines.append(f"Removed, being older: {', '.join(map(str, removed)) if isinstance(removed, list) else removed}")
    return lines


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Where there is a database: move it aside first. Nothing is removed.")
@click.option(
    "--moving",
    is_flag=True,
    help="Nothing was served since the backup was made: what waits in it goes on. Otherwise it is held back, for it may "
    "have been sent since.",
)
@click.option("--json", "as_json", is_flag=True, help="What was restored and held back, as JSON.")
@clearly
def restore(source: Path, force: bool, moving: bool, as_json: bool) -> None:
    """Put the backup FROM in the place of the database that the settings name. Stop what serves first."""
    import asyncio

    from bot.store.opening import is_postgres

    given = settings()
    if is_postgres(given.database_url):
        told = asyncio.run(_brought_back(given, source, moving))
    else:
        told = asyncio.run(_restored(given, source, force, moving))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    _say(told)


async def _restored(given: Settings, source: Path, force: bool, moving: bool) -> dict[str, object]:
    from bot.running import SystemClock
    from bot.store.restoring import Keys, restore

    keys = Keys(given.keys(), SystemClock(), given.timezone)
    copy, settled, aside = await restore(source, given.database_path, keys, force=force, moving=moving)
    named: dict[str, object] = {"database": str(given.database_path), "moved_aside": str(aside) if aside else None}
    return named | {"rows": sum(copy.rows.values())} | _settled(settled)


async def _brought_back(given: Settings, source: Path, moving: bool) -> dict[str, object]:
    from bot.running import SystemClock
    from bot.store.postgres_dumps import bring_back
    from bot.store.restoring import settle
    from bot.store.store import SqlStore

    taken_at = datetime.fromtimestamp(source.stat().st_mtime, UTC)  # noqa: ASYNC240 (nobody else waits)
    bring_back(source, given.database_url)
    store = SqlStore.open(given.database_url, given.keys(), SystemClock(), given.timezone)
    try:
        settled = await settle(store.foundation, moving=moving, taken_at=taken_at)
    finally:
        store.close()
    return {"database": "the database of DATABASE_URL", "moved_aside": None} | _settled(settled)


def _settled(settled: Settled) -> dict[str, object]:
    taken = settled.taken_at
    return vars(settled) | {"taken_at": taken.isoformat(timespec="seconds") if taken else None}


def _say(told: dict[str, object]) -> None:
    click.echo(f"Restored to {told['database']}, as it was at {told['taken_at']}")
    if told["moved_aside"]:
        click.echo(f"What was there lies at {told['moved_aside']}")
    if not told["numbers_skipped"]:
        return
    held = f"{told['letters']} letters, {told['messages']} messages, {told['follow_ups']} follow-up questions"
    click.echo(f"Not said again, for it may have been said since: {held}")
    click.echo(f"Case numbers skipped: {told['numbers_skipped']}")
    if told["bulletins"]:
        click.echo(f"{told['bulletins']} bulletins are paused: look at each, then `resume` or `cancel`", err=True)
    sys.stdout.flush()
