"""Cases out of their rows: a line of the queue, a whole case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.store import forms, ledger
from bot.store.case_types import CaseFile, CaseRow, Done, Near, NoSuchCase, ReportRow, Sort, View
from bot.store.transaction import Row, Transaction
from content.fingerprints import Fingerprint, likeness
from handlers.limits import LimitKind

# A case page shows so many reports, days and neighbours; the rest are counted.
MOST_REPORTS = 200
MOST_DAYS = 60
MOST_NEAR = 10
# Messages of one trick share a fifth of their letter runs, copies of one message half of them.
NEAR = 0.2
_SORTED = {
    Sort.PROMISE: "open_by_promise",
    Sort.WEIGHT: "open_by_weight",
    Sort.GROWTH: "open_by_growth",
    Sort.NEWEST: "open_by_newest",
}


# Later than every moment.
_END = "9"


@dataclass(frozen=True)
class Asked:
    """Which queries show and count a view, and their values. `due`: whether its cases can be overdue."""

    listing: str
    counting: str
    shown: Mapping[str, Any]
    counted: Mapping[str, Any]
    due: bool


def asked(view: View, sort: Sort, now: datetime) -> Asked:
    """The queries of a view."""
    if view is View.ANSWERED:
        return Asked("answered_cases", "count_answered", {}, {}, due=False)
    if view is View.ALL:
        return Asked("all_cases", "count_all_cases", {}, {}, due=False)
    before = {"before": forms.stamp(now) if view is View.OVERDUE else _END}
    states = {"one": "received", "other": "in_review", "disputed": int(view is View.DISPUTED)}
    if view in (View.RECEIVED, View.IN_REVIEW):
        states |= {"one": view.value, "other": view.value}
        return Asked(_SORTED[sort], "count_state", states | before, {"state": view.value} | before, due=True)
    counting = "count_disputed" if view is View.DISPUTED else "count_open"
    return Asked(_SORTED[sort], counting, states | before, before, due=True)


def counted(tx: Transaction, which: Asked, now: datetime) -> tuple[int, int]:
    """How many stand in a view, and how many of them are overdue."""
    total = int(tx.rows(which.counting, **which.counted)[0]["cases"])
    if not which.due:
        return total, 0
    overdue = tx.rows(which.counting, **{**which.counted, "before": forms.stamp(now)})[0]["cases"]
    return total, int(overdue)


def waiting(tx: Transaction, now: datetime) -> Mapping[str, int]:
    """How many wait, by where they stand, and how many are overdue or disputed."""
    received, in_review = (counted(tx, asked(view, Sort.PROMISE, now), now) for view in (View.RECEIVED, View.IN_REVIEW))
    disputed, _ = counted(tx, asked(View.DISPUTED, Sort.PROMISE, now), now)
    return {
        "received": received[0],
        "in_review": in_review[0],
        "overdue": received[1] + in_review[1],
        "disputed": disputed,
    }


def subject(id: int) -> str:
    return f"case:{id}"


def found_row(tx: Transaction, id: int, now: datetime) -> CaseRow:
    row = tx.row("case_row", id=id)
    if row is None:
        raise NoSuchCase(f"there is no case {id}")
    return case_row(row, now)


_PLAIN = (
    "id", "state", "level", "type", "entry", "reports", "reporters", "weight", "growth", "decision", "decided_type",
    "decided_entry", "decided_by", "remark", "merged_into", "version",
)  # fmt: skip


def case_row(row: Row, now: datetime) -> CaseRow:
    promised_at = forms.moment(row["promised_at"])
    return CaseRow(
        **{name: row[name] for name in _PLAIN},
        disputed=bool(row["disputed"]),
        guarded=bool(row["guarded"]),
        opened_at=forms.moment(row["opened_at"]),
        last_report_at=forms.moment(row["last_report_at"]),
        promised_at=promised_at,
        overdue=row["state"] in ("received", "in_review") and promised_at < now,
        decided_at=forms.moment(row["decided_at"]) if row["decided_at"] else None,
        start=row["start"] or "",
    )


def case_file(tx: Transaction, id: int, now: datetime) -> CaseFile | None:
    found = tx.row("case_row", id=id)
    if found is None:
        return None
    days = tx.rows("case_days", sighting=found["sighting"], page=MOST_DAYS) if found["sighting"] else ()
    return CaseFile(
        row=case_row(found, now),
        reports=_reports(list(reversed(tx.rows("case_reports", case_id=id, now=forms.stamp(now), page=MOST_REPORTS)))),
        identifiers=ledger.of_case(tx, id),
        days=tuple((date.fromisoformat(row["day"]), row["asked"], row["people"]) for row in days),
        near=_near(tx, found, now),
        history=tuple(
            Done(forms.moment(row["at"]), row["actor"], row["act"], row["detail"])
            for row in tx.rows("case_history", subject=subject(id))
        ),
    )


def _reports(rows: Sequence[Row]) -> tuple[ReportRow, ...]:
    labels: dict[str, str] = {}
    return tuple(
        ReportRow(
            **{name: row[name] for name in _SHOWN},
            reported_at=forms.moment(row["reported_at"]),
            hidden=bool(row["hidden"]),
            disputes=bool(row["disputes"]),
            reporter=labels.setdefault(row["person"], _label(len(labels))) if row["person"] else "",
            slowed=row["limited"] == LimitKind.SLOWED,
        )
        for row in rows
    )


_SHOWN = ("number", "text", "note", "came_by", "loss", "province", "platform", "language", "evidence", "state")


def _label(index: int) -> str:
    """A, B… Z, AA, AB…"""
    label = ""
    while index >= 0:
        label = chr(ord("A") + index % 26) + label
        index = index // 26 - 1
    return label


def _near(tx: Transaction, case: Row, now: datetime) -> tuple[Near, ...]:
    own = tx.row("sighting_signature", id=case["sighting"]) if case["sighting"] else None
    if own is None:
        return ()
    signature = bytes(own["signature"]).hex()
    bands = {f"b{number}": band for number, band in enumerate(Fingerprint(signature).bands)}
    scored = [
        (likeness(signature, bytes(row["signature"]).hex()), row["id"]) for row in tx.rows("near_sightings", **bands)
    ]
    near = []
    for alike, sighting in sorted(scored, reverse=True):
        if alike >= NEAR:
            for row in tx.rows("case_near", sighting=sighting, id=case["id"]):
                near.append(Near(found_row(tx, row["id"], now), alike))
    return tuple(near[:MOST_NEAR])
