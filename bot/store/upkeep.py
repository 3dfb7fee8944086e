"""What the store forgets as time goes by, and what it gives out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.sealing import Seal, SealBroken
from bot.store import forms, turn
from bot.store.transaction import Row, Transaction
from handlers.messages import Case, Session
from handlers.urgency import Urgency

log = structlog.get_logger()

# So long a text that was asked about can be reported with one tap.
ASKED_STAYS = timedelta(hours=1)
# A dialogue left in the midst may hold what the person had told so far.
STEP_STAYS = timedelta(hours=24)
# What has ended is remembered longer than any platform repeats a webhook.
ENDED_STAYS = timedelta(days=30)
# A browser tab that has been closed for a day is not coming back for its answer; for news of a report somebody may.
WEB_LETTER_STAYS = timedelta(days=1)
WEB_NEWS_STAYS = timedelta(days=30)

# The columns of an exported report, in order. None of them names or numbers a person.
REPORT_COLUMNS = (
    "number", "reported_at", "state", "type", "entry", "level", "came_by", "language", "platform", "case", "loss",
    "province", "evidence", "disputes", "hidden", "decision", "decided_entry", "text", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Depths:
    """How much waits: messages without an answer, by urgency, and how long the oldest has; and answers that have not left."""

    waiting: Mapping[Urgency, int]
    outbox: int
    oldest: timedelta

    @property
    def inbox(self) -> int:
        return sum(self.waiting.values())


@dataclass(frozen=True)
class Removed:
    """What one round of retention removed."""

    asked: int
    steps: int
    report_texts: int
    sightings: int
    not_collected: int
    messages: int
    letters: int
    text_keys: int = 0
    follow_ups: int = 0
    recalls: int = 0
    identifiers: int = 0
    limits: int = 0
    group_answers: int = 0
    hub_tables: int = 0
    hub_codes: int = 0
    hub_tries: int = 0


def clear_asked(tx: Transaction, seal: Seal, before: datetime, page: int) -> int:
    """Take the text out of a page of sessions that were asked about one before then; how many."""
    return _change(tx, seal, tx.rows("old_asked", before=forms.stamp(before), page=page), asked="", asked_at=None)


def clear_steps(tx: Transaction, seal: Seal, before: datetime, page: int) -> int:
    """End a page of dialogues whose last step is older, with what they had gathered; how many."""
    found = tx.rows("old_steps", before=forms.stamp(before), page=page)
    return _change(tx, seal, found, step="", step_at=None, data={}, aside={})


def _change(tx: Transaction, seal: Seal, found: Sequence[Row], **emptied: Any) -> int:
    for row in found:
        turn.save_session(tx, seal, row["key"], replace(session(row, seal), **emptied))
    if found:
        tx.tidy()
    return len(found)


def remove_report_texts(tx: Transaction, before: datetime, page: int) -> int:
    """Empty the texts of a page of reports made before then; how many."""
    removed = tx.run("remove_report_texts", before=forms.stamp(before), page=page)
    if removed:
        tx.tidy()
    return removed


def session(row: Row, seal: Seal) -> Session:
    """The session of a row. One that cannot be read is a new one: nobody meets silence because of it."""
    try:
        return forms.read(Session, seal.open(row["body"]))
    except (SealBroken, forms.FormBroken) as error:
        log.error("session unreadable, beginning anew", cause=str(error))
        return Session()


def own_case(row: Row) -> Case:
    """A report as its reporter sees it again."""
    answered = row["state"] == "answered"
    return Case(
        number=row["number"],
        state=row["state"],
        reported_at=forms.moment(row["reported_at"]),
        promised_at=forms.moment(row["promised_at"]) if row["promised_at"] else None,
        decision=(row["decision"] or "") if answered else "",
        entry=row["decided_entry"] if answered else None,
    )


def report_row(row: Row) -> dict[str, str]:
    """One exported report: every column a text, empty where there is nothing."""
    named = {"case": row["case_id"], "disputes": _yes(row["disputes"]), "hidden": _yes(row["hidden"])}
    values = named | {column: row[column] for column in REPORT_COLUMNS if column not in named}
    return {column: str(values[column] or "") for column in REPORT_COLUMNS}


def _yes(flag: int) -> str:
    return "yes" if flag else ""
