"""What officials see of cases. Who reported is never shown: reporters are letters, anew for each case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.store.ledger import OfCase
from handlers.errors import RutanError


class View(StrEnum):
    """What of the queue is shown."""

    OPEN = "open"
    RECEIVED = "received"
    IN_REVIEW = "in_review"
    OVERDUE = "overdue"
    DISPUTED = "disputed"
    ANSWERED = "answered"  # the newest decision first, however it is sorted
    ALL = "all"  # the newest report first, however it is sorted


class Sort(StrEnum):
    """How the open views are sorted; by promise, what is overdue comes first."""

    PROMISE = "promise"
    WEIGHT = "weight"
    GROWTH = "growth"
    NEWEST = "newest"


class DecisionKind(StrEnum):
    """What an official may decide."""

    SCAM = "scam"
    NEW_ENTRY = "new_entry"
    NOT_A_SCAM = "not_a_scam"
    CANT_TELL = "cant_tell"


@dataclass(frozen=True)
class Decision:
    """An official's decision: `type` and `entry` say which trick, `remark` is told to the reporters."""

    kind: DecisionKind
    type: str | None = None
    entry: str | None = None
    remark: str = ""


@dataclass(frozen=True)
class CaseRow:
    """One line of the queue. `weight` counts citizens, `growth` the people new to its message in two days; `decision` is ""
    while there is none; `start` are the first 120 letters of the newest report's masked text."""

    id: int
    state: str
    level: str
    type: str | None
    entry: str | None
    reports: int
    reporters: int
    weight: float
    disputed: bool
    guarded: bool
    opened_at: datetime
    last_report_at: datetime
    promised_at: datetime
    overdue: bool
    growth: int
    decision: str
    decided_type: str | None
    decided_entry: str | None
    decided_by: str | None
    decided_at: datetime | None
    remark: str
    merged_into: int | None
    start: str
    version: int


@dataclass(frozen=True)
class QueuePage:
    """One page of a view: `total` and `overdue` count all of the view."""

    rows: tuple[CaseRow, ...]
    total: int
    overdue: int


@dataclass(frozen=True)
class ReportRow:
    """A report as an official reads it: masked. `reporter` is "A", "B"… within its case, "" for one who was erased; `slowed`:
    an official has them answered more slowly."""

    number: str
    text: str
    note: str
    came_by: str
    loss: str
    province: str
    platform: str
    language: str
    evidence: str
    reported_at: datetime
    state: str
    hidden: bool
    disputes: bool
    reporter: str
    slowed: bool = False


@dataclass(frozen=True)
class Near:
    """Another case whose message is like this one's; `likeness` 0..1."""

    row: CaseRow
    likeness: float


@dataclass(frozen=True)
class Done:
    """One act on a case, from the audit log."""

    at: datetime
    actor: str
    act: str
    detail: str


@dataclass(frozen=True)
class CaseFile:
    """All that an official may know of a case. `days` are (day, asked, people), the newest first."""

    row: CaseRow
    reports: tuple[ReportRow, ...]
    identifiers: tuple[OfCase, ...]
    days: tuple[tuple[date, int, int], ...]
    near: tuple[Near, ...]
    history: tuple[Done, ...]


@dataclass(frozen=True)
class Counts:
    """What waits, and what has been done today."""

    received: int
    in_review: int
    overdue: int
    disputed: int
    answered_today: int
    reported_today: int


class NoSuchCase(RutanError):
    """There is no case, or no report in it, of that number."""


class Changed(RutanError):
    """Somebody has changed the case since it was shown; `row` is how it stands now."""

    def __init__(self, row: CaseRow) -> None:
        super().__init__(f"case {row.id} has been changed since it was shown")
        self.row = row
