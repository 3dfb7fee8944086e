"""Take-down requests out of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.store import forms
from bot.store.takedown_types import FOUND_SCAM, WAITING, Request, State, Target, Took
from bot.store.transaction import Row, Transaction
from content.takedown import Ask, RecipientKind


def seen_again(tx: Transaction, since: datetime) -> Mapping[int, tuple[datetime, bool]]:
    """When what was removed was seen again, and whether a report named it."""
    lately = {"since": forms.stamp(since)}
    asked = {row["id"]: (forms.moment(row["at"]), False) for row in tx.rows("asked_after_removal", **lately)}
    named = {row["id"]: (forms.moment(row["at"]), True) for row in tx.rows("named_after_removal", **lately)}
    return asked | named


def request(row: Row, targets: tuple[Target, ...], again: Mapping[int, tuple[datetime, bool]]) -> Request:
    """A request out of its row."""
    again_at, by_report = again.get(row["id"], (None, False))
    return Request(
        id=row["id"],
        case=row["now_case"],
        kind=RecipientKind(row["kind"]),
        name=row["name"],
        address=row["way"],
        asks=tuple(Ask(each) for each in row["asks"].split(",") if each),
        state=State(row["state"]),
        version=row["version"],
        prepared_by=row["prepared_by"],
        prepared_at=forms.moment(row["prepared_at"]),
        sent_by=row["sent_by"] or "",
        sent_at=moment(row["sent_at"]),
        reference=row["reference"],
        acknowledged_at=moment(row["acknowledged_at"]),
        ended_at=moment(row["ended_at"]),
        reason=row["reason"],
        follows=row["follows"],
        stands=row["case_state"] == "answered" and row["decision"] in FOUND_SCAM,
        targets=targets,
        seen_again=again_at,
        by_report=by_report,
    )


def took(kind: RecipientKind, rows: Sequence[Row]) -> Took:
    """What became of the rows of one kind."""

    def times(name: str, *states: State) -> tuple[timedelta, ...]:
        return tuple(
            forms.moment(row[name]) - forms.moment(row["sent_at"])
            for row in rows
            if row[name] and (not states or row["state"] in states)
        )

    def count(*states: State) -> int:
        return sum(row["state"] in states for row in rows)

    return Took(
        kind,
        sent=len(rows),
        acknowledged=times("acknowledged_at"),
        removed=times("ended_at", State.REMOVED),
        refused=count(State.REFUSED),
        withdrawn=count(State.WITHDRAWN),
        waiting=count(*WAITING),
    )


def moment(stamp: str | None) -> datetime | None:
    """What `forms.stamp` wrote, where there is anything."""
    return forms.moment(stamp) if stamp else None
