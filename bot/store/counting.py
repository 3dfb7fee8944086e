"""One day counted from the rows themselves: what the figures of a day are, before they are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import NamedTuple

from bot.store import forms
from bot.store.transaction import Transaction
from content.verdict_types import Level
from scheduler.trends import Dimension


class Area(StrEnum):
    """The table that a figure is counted in."""

    EVENTS = "events"
    REPORTS = "reports"
    LETTERS = "letters"
    CASES = "cases"


class Figure(NamedTuple):
    """What is counted: a total (no dimension), or one key of a dimension; "TIMES" are those of a histogram."""

    name: str
    dimension: str = ""
    key: str = ""


Counts = Counter[Figure]

# Histograms: the keys are upper edges, so that whatever is read from them is never less than it was.
ANSWER_MS = "answer_ms"
REVIEW_HOURS = "review_hours"
EDGES = "edge"
WARNED = (Level.KNOWN_SCAM.value, Level.WARNING_SIGNS.value)
# Between a type and its entry in the key of a figure.
_WITHIN = "/"


def counted(tx: Transaction, area: Area, start: datetime, end: datetime) -> Counts:
    """Everything from `start` up to `end`, counted in one table."""
    return _COUNTERS[area](tx, {"start": forms.stamp(start), "end": forms.stamp(end)})


def within(parent: str, key: str) -> str:
    """The key of an entry within its type."""
    return f"{parent}{_WITHIN}{key}"


def parted(key: str) -> tuple[str, str]:
    """What `within` joined."""
    parent, _, own = key.partition(_WITHIN)
    return parent, own


def _events(tx: Transaction, span: Mapping[str, str]) -> Counts:
    counts: Counts = Counter()
    for row in tx.rows("count_events", **span):
        name, count = row["name"], row["count"]
        if name != "checked":
            counts[Figure(_EVENTS.get(name, name))] += count
        elif row["level"] != Level.NOT_A_CHECK.value:
            counts[Figure("asked")] += count
            counts[Figure("asked", Dimension.PLATFORM, row["platform"])] += count
            counts[Figure("asked", Dimension.LANGUAGE, row["language"] or "")] += count
            counts[Figure(_LEVELS[row["level"]])] += count
        if name == "checked" and row["level"] in WARNED:
            kind, entry = row["type"] or "", row["entry"]
            counts[Figure("warned")] += count
            counts[Figure("warned", Dimension.TYPE, kind)] += count
            if entry:
                counts[Figure("warned", Dimension.ENTRY, within(kind, entry))] += count
    return counts


_EVENTS = {"emergency": "emergencies"}
_LEVELS = {
    Level.KNOWN_SCAM.value: "known",
    Level.WARNING_SIGNS.value: "warnings",
    Level.NOT_KNOWN.value: "unknown",
}


def _reports(tx: Transaction, span: Mapping[str, str]) -> Counts:
    counts: Counts = Counter()
    for row in tx.rows("count_reports", **span):
        count = row["count"]
        counts[Figure("reports")] += count
        for dimension in (Dimension.CAME_BY, Dimension.PROVINCE, Dimension.LOSS, Dimension.HUB):
            counts[Figure("reports", dimension, row[dimension.value] or "")] += count
        if row["disputes"]:
            counts[Figure("disputed")] += count
        if row["loss"] not in ("", "none"):
            counts[Figure("lost_money")] += count
    return counts


def _letters(tx: Transaction, span: Mapping[str, str]) -> Counts:
    counts: Counts = Counter()
    for row in tx.rows("count_letters", **span):
        if row["state"] == "sent":
            counts[Figure("answers")] += row["count"]
            counts[Figure(ANSWER_MS, EDGES, str(max(row["edge"], 0)))] += row["count"]
        else:
            counts[Figure("failed_answers")] += row["count"]
    return counts


def _cases(tx: Transaction, span: Mapping[str, str]) -> Counts:
    counts: Counts = Counter()
    for row in tx.rows("count_cases", **span):
        counts[Figure("answered_cases")] += 1
        counts[Figure("answered_cases", "decision", row["decision"])] += 1
        took = forms.moment(row["decided_at"]) - forms.moment(row["opened_at"])
        counts[Figure(REVIEW_HOURS, EDGES, str(max(ceil(took.total_seconds() / 3600), 0)))] += 1
        counts[Figure("in_time")] += row["decided_at"] <= row["promised_at"]
        false_alarm = row["level"] in WARNED and row["decision"] == "not_a_scam"
        missed = row["level"] == Level.NOT_KNOWN.value and row["decision"] in ("scam", "new_entry")
        counts[Figure("false_alarms")] += false_alarm
        counts[Figure("missed")] += missed
        counts[Figure("overturned")] += false_alarm or missed
    return +counts


_COUNTERS: Mapping[Area, Callable[[Transaction, Mapping[str, str]], Counts]] = {
    Area.EVENTS: _events,
    Area.REPORTS: _reports,
    Area.LETTERS: _letters,
    Area.CASES: _cases,
}
