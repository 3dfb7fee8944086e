"""What happened in a month, as figures that may be shown: compared with the month before, and so that nobody can be
known by a number under five, nor by what remains when the other numbers are taken from a total."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from content.models import Language

# A smaller group may be one family or one village: somebody could know who they are.
SMALLEST = 5
# A type is called rising only from this many in the month: from two to six is chance.
RISING_FROM = 10
THAI_MONTHS = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# Thai years are counted from the Buddha's passing.
BUDDHIST_ERA = 543
_MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """One month of the calendar: `year` of the common era, `month` from 1 to 12."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month of "2026-10". Raises ValueError."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError("a month is written as in 2026-10")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that a day lies in; of a moment: on the calendar of its own zone."""
        return cls(day.year, day.month)

    @property
    def text(self) -> str:
        """As in "2026-10"."""
        return f"{self.year:04d}-{self.month:02d}"

    def __str__(self) -> str:
        return self.text

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    def start(self, zone: ZoneInfo) -> datetime:
        """The moment at which it begins there."""
        return datetime(self.year, self.month, 1, tzinfo=zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The moment at which it is over there: the start of the next."""
        return self.after().start(zone)

    def before(self) -> Month:
        """The month before."""
        return Month(self.year - 1, 12) if self.month == 1 else Month(self.year, self.month - 1)

    def after(self) -> Month:
        """The next month."""
        return Month(self.year + 1, 1) if self.month == 12 else Month(self.year, self.month + 1)

    def name(self, language: Language) -> str:
        """As in "ตุลาคม 2569" or "October 2026"."""
        if language is Language.THAI:
            return f"{THAI_MONTHS[self.month - 1]} {self.year + BUDDHIST_ERA}"
        return f"{ENGLISH_MONTHS[self.month - 1]} {self.year}"


class Dimension(StrEnum):
    """By what a month is broken down. Type and entry: questions in which Rutan warned. Platform and language: all
    questions. Came by, province, loss and hub: reports. The key "" stands for "not said"."""

    TYPE = "type"
    ENTRY = "entry"
    CAME_BY = "came_by"
    PROVINCE = "province"
    LOSS = "loss"
    PLATFORM = "platform"
    HUB = "hub"
    LANGUAGE = "language"


@dataclass(frozen=True)
class Counted:
    """One row of a table: how many in the month and in the month before; None where that is suppressed."""

    key: str
    count: int | None
    before: int | None


@dataclass(frozen=True)
class Total:
    """One figure of a month and of the month before. `source` is the query that counts it, in queries/figures.sql."""

    name: str
    count: int
    before: int
    source: str


@dataclass(frozen=True)
class MonthFigures:
    """A month, countable by anybody with the queries that `sources` names (for totals and for dimensions).

    `so_far`: the month has not ended; it is counted up to `until`, and the month before is always the whole one. Tables
    are sorted most first, suppressed rows last and by key. `fastest` is the type that rose most, where one did.
    """

    month: Month
    so_far: bool
    until: datetime
    totals: Mapping[str, Total]
    tables: Mapping[Dimension, tuple[Counted, ...]]
    fastest: Counted | None
    sources: Mapping[str, str]

    def count(self, name: str) -> int:
        """The figure of a total; 0 for one that is not counted."""
        return self.totals[name].count if name in self.totals else 0


@dataclass(frozen=True)
class DayCounts:
    """The totals of one day of the house's calendar, by name; a name that is missing counted nothing."""

    day: date
    counts: Mapping[str, int]


class FigureSource(Protocol):
    """Where figures come from."""

    async def month(self, month: Month) -> MonthFigures:
        """A month beside the one before."""

    async def days(self, first: date, last: date) -> Sequence[DayCounts]:
        """Every day from `first` to `last`, both included, oldest first."""


@dataclass(frozen=True)
class Shown:
    """What of a table may be shown: `rows`, None for a suppressed number. `withheld`: something is not even named."""

    rows: tuple[tuple[str, int | None], ...]
    withheld: bool = False

    def of(self, key: str) -> int | None:
        """The number of a row; 0 for one that is certainly not there, None where nothing may be said."""
        return dict(self.rows).get(key, None if self.withheld else 0)


def suppressed(rows: Sequence[tuple[str, int]], total: int) -> Shown:
    """The table with every number under SMALLEST hidden, and the smallest of the others (with its equals) hidden with
    them: for all that the visible ones and `total` tell, each hidden number could be anything from 1 to SMALLEST, and
    who knows this rule as well still cannot tell which of the hidden is the small one.

    `total` is what is published beside the table; what it has more than the rows stands under the key "". Where there is
    no other number to hide behind, the whole table is withheld.
    """
    counts = _counts(rows, total)
    if any(count < 0 for count in counts.values()):
        raise ValueError("a table cannot hold more than its total")
    small = {key for key, count in counts.items() if count < SMALLEST}
    if not small:
        return Shown(_sorted(counts.items()))
    cover = min((count for key, count in counts.items() if key not in small), default=0)
    if not cover:
        return Shown((), withheld=True)
    return Shown(_sorted((key, None if count <= cover else count) for key, count in counts.items()))


def unsummed(shown: Shown) -> Shown:
    """The table where its total must not be known either: where every number is shown, the smallest (with its equals) is
    hidden, else the table is withheld."""
    counts = [count for _, count in shown.rows]
    if not counts or None in counts:
        return shown
    least = min(count for count in counts if count is not None)
    rows = _sorted((key, None if count == least else count) for key, count in shown.rows)
    return Shown(rows) if rows[0][1] is not None else Shown((), withheld=True)


def _counts(rows: Sequence[tuple[str, int]], total: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key, count in rows:
        counts[key] = counts.get(key, 0) + count
    counts[""] = counts.get("", 0) + total - sum(counts.values())
    return {key: count for key, count in counts.items() if count}


def suppressed_within(parents: Shown, rows: Sequence[tuple[str, str, int]]) -> Shown:
    """The rows (parent, key, count) of a finer table, whose rows add up to those of another that is shown as well: as
    entries do to types. Under a parent whose number is hidden nothing is named."""
    found: list[tuple[str, int | None]] = []
    withheld = parents.withheld
    for parent in dict.fromkeys(row[0] for row in rows):
        total = parents.of(parent)
        within = [(key, count) for each, key, count in rows if each == parent and key]
        shown = suppressed(within, total) if total else Shown((), withheld=True)
        # What has no entry of its own stands in the other table.
        found += [row for row in shown.rows if row[0]]
        withheld = withheld or shown.withheld
    return Shown(_sorted(found), withheld)


def _sorted(rows: Iterable[tuple[str, int | None]]) -> tuple[tuple[str, int | None], ...]:
    # A hidden row's place must not tell its number: all of them come last, by key.
    return tuple(sorted(rows, key=lambda row: (row[1] is None, -(row[1] or 0), row[0])))


def compared(now: Shown, before: Shown) -> tuple[Counted, ...]:
    """Two months side by side, each suppressed by itself. What there was before and is no more counts 0."""
    rows = [Counted(key, count, before.of(key)) for key, count in now.rows]
    named = {row.key for row in rows}
    gone = () if now.withheld else tuple(Counted(key, 0, count) for key, count in before.rows if key not in named)
    visible = [row for row in rows if row.count is not None]
    return (*visible, *(row for row in rows if row.count is None), *gone)


def fastest(rows: Sequence[Counted]) -> Counted | None:
    """The row that rose most beside the month before, of those with enough in it; None where none rose."""
    rising = [
        row
        for row in rows
        if row.key
        and row.before is not None
        and row.count is not None
        and row.count >= max(RISING_FROM, row.before + 1)
    ]
    return max(rising, key=_growth, default=None)


def _growth(row: Counted) -> tuple[float, int, str]:
    count, before = row.count or 0, row.before or 0
    # One more on both sides: from nothing to ten is much, not endless.
    return (count + 1) / (before + 1), count, row.key
