"""Who and what the tests of the store play with, and how they look into its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import dict_row

from bot.store import SqlStore
from content.models import Language, ScamType
from content.verdict import Level
from handlers.messages import (
    Address,
    ChatKind,
    Kind,
    Message,
    NewReport,
    Outcome,
    Platform,
    Reply,
    Session,
    Tone,
)
from handlers.ports import Letter, Waiting

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SECRET = "a secret for tests only"
SOMCHAI = Address(Platform.LINE, "Usomchai", "Usomchai")
MALI = Address(Platform.TELEGRAM, "700000001", "700000001")
BROWSER = Address(Platform.WEB, "browser-1", "browser-1")
FAMILY = Address(Platform.LINE, "Cfamily", "Usomchai", ChatKind.GROUP)
ANSWER = Reply("ระวัง", "อย่าเพิ่งโอน", Language.THAI, Tone.CAUTION)
REPORT = NewReport("โอนมาที่ [บัญชี]", Language.THAI, Level.KNOWN_SCAM, ScamType.PARCEL, "parcel-fee")
NUMBERED = Reply("เลขที่รับเรื่อง {case_number}", "{case_number}", Language.THAI)
SILENCE = Outcome(Session())


class StandingClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def on(self, **by: float) -> None:
        self.moment += timedelta(**by)


def said(text: str, event_id: str, address: Address = SOMCHAI, **more: str) -> Message:
    return Message(address, event_id, Kind.TEXT, NOON, text=text, **more)


async def taken(store: SqlStore, *messages: Message) -> Sequence[Waiting]:
    waiting = await store.receive(messages)
    assert len(waiting) == len(messages)
    return waiting


async def answered(store: SqlStore, event_id: str, outcome: Outcome, address: Address = SOMCHAI) -> Letter | None:
    return await store.commit(await taken(store, said("จริงไหม", event_id, address)), outcome)


def rows(url: str, table: str) -> list[dict[str, object]]:
    """Every row of a table, as it stands in the database: looked at past the store."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, row_factory=dict_row) as server:
            return [dict(row) for row in server.execute(f"select * from {table} order by 1".encode())]
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(f"select * from {table}")]
    finally:
        connection.close()


def change(url: str, statement: str) -> None:
    """Change the database past the store."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            server.execute(statement.encode())
        return
    # A house that serves writes too.
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)
    connection.execute("pragma foreign_keys=on")
    connection.execute(statement)
    connection.commit()
    connection.close()


def add(url: str, table: str, columns: Sequence[str], many: Sequence[Sequence[object]]) -> None:
    """Add rows past the store."""
    into = f"insert into {table} ({', '.join(columns)}) values"
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            marks = ", ".join(["%s"] * len(columns))
            server.cursor().executemany(f"{into} ({marks})".encode(), many)
        return
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)
    connection.executemany(f"{into} ({', '.join('?' * len(columns))})", many)
    connection.commit()
    connection.close()


def schema(url: str) -> list[dict[str, object]]:
    return rows(url, "sqlite_master")
