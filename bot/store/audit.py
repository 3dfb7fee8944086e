"""Who did what when: a log that only grows, each row sealed by the hash of all before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.store import forms
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction

# The hash before the first row.
BEGINNING = "0" * 64
HOUSE = "house"  # what happens by itself
OPERATOR = "operator"  # the command line
# Where the log ends: without it, nobody could tell that the last rows were taken away.
_END = "audit_end"
_PAGE = 1_000
_HASHED = ("at", "actor", "act", "subject", "detail")


def official(name: str) -> str:
    """The actor that an official is."""
    return f"official:{name}"


@dataclass(frozen=True)
class Act:
    """One thing done. `actor` is HOUSE, OPERATOR or `official(name)`, never a citizen; `act` says what, in the past tense
    ("case answered"); `subject` names on what ("case:12"); `detail` holds no personal data and no citizen's words."""

    actor: str
    act: str
    subject: str
    detail: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """The first row of the log that does not follow from those before it."""

    id: int
    why: str


def written(tx: Transaction, act: Act, now: datetime) -> None:
    """Put an act into the log, in the transaction that does it."""
    last = tx.row("last_audit")
    previous = last["hash"] if last else BEGINNING
    values = {
        "at": forms.stamp(now),
        "actor": act.actor,
        "act": act.act,
        "subject": act.subject,
        "detail": json.dumps(dict(act.detail), ensure_ascii=False, sort_keys=True) if act.detail else "",
    }
    hash = _hash(previous, values)
    tx.run("audit", previous=previous, hash=hash, **values)
    tx.run("save_meta", name=_END, value=hash)


def _hash(previous: str, values: Mapping[str, str]) -> str:
    said = json.dumps([previous, *(values[name] for name in _HASHED)])
    return hashlib.sha256(said.encode()).hexdigest()


def first_broken(tx: Transaction) -> Broken | None:
    """Reads the whole log; None where every row follows from the one before."""
    previous, after = BEGINNING, 0
    while rows := tx.rows("audit_page", after=after, page=_PAGE):
        for row in rows:
            if row["previous"] != previous:
                return Broken(row["id"], "a row before it is missing or was changed")
            if row["hash"] != _hash(previous, {name: row[name] for name in _HASHED}):
                return Broken(row["id"], "it was changed")
            previous = row["hash"]
        after = rows[-1]["id"]
    end = tx.row("meta", name=_END)
    if previous != (end["value"] if end else BEGINNING):
        return Broken(after, "rows after it are missing")
    return None


class AuditLog:
    """The log of one database, to be verified and given out."""

    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database

    async def first_broken(self) -> Broken | None:
        """The first row that was changed, or before or after which one is missing; None where all is well."""
        return await self._database.read(first_broken)

    async def rows(self) -> AsyncIterator[dict[str, str]]:
        """Every row, oldest first, as `AUDIT_COLUMNS`."""
        after = 0
        while rows := await self._page(after):
            for row in rows:
                yield audit_row(row)
            after = rows[-1]["id"]

    async def _page(self, after: int) -> Sequence[Row]:
        return await self._database.read(lambda tx: tx.rows("audit_page", after=after, page=_PAGE))


# The columns of an exported log, in order.
AUDIT_COLUMNS = ("id", "at", "actor", "act", "subject", "detail", "hash")


def audit_row(row: Row) -> dict[str, str]:
    """One exported row: every column a text."""
    return {column: str(row[column]) for column in AUDIT_COLUMNS}
