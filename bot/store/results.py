"""The results of a quarter, counted from the database and made fit to be published.

What is published of a quarter tells nobody more than the published months do: a number is the sum of three published
numbers, or is not shown. What no month publishes is suppressed as the tables of a month are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.store import forms
from bot.store.figures import SOURCES, WHOLES, Figures, Times
from bot.store.foundation import Foundation
from bot.store.takedown_types import Took
from bot.store.takedowns import Takedowns
from bot.store.transaction import Transaction
from scheduler.published import published, small
from scheduler.quarters import Quarter
from scheduler.trends import Dimension, MonthFigures, suppressed

# Added up from the totals that its months publish.
SUMMED = (
    "asked", "warned", "unknown", "answers", "failed_answers", "useful", "not_useful", "emergencies", "subscribed",
    "unsubscribed", "reports", "disputed", "lost_money", "answered_cases", "in_time", "overturned", "false_alarms", "missed",
    "promised", "late",
)  # fmt: skip
# Counted by the query of that name in queries/results.sql.
COUNTED_BY: Mapping[str, str] = {
    "new_people": "new_people_between",
    "groups_joined": "told_between",
    "groups_left": "told_between",
    "emergency_kind": "told_between",
    "follow_up": "told_between",
    "recalled": "recalled_between",
    "hubs_open": "hubs_open_at",
    "hub_asked": "hub_asked_between",
    "drill_answers": "drilled_between",
    "bulletins": "bulletins_between",
    "takedowns": "takedowns_between",
    "reporters": SOURCES["reporters"],
    **{name: SOURCES[name] for name in SUMMED},
}
Rows = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Results:
    """One quarter. `counts`: None for a number too small to be told; `tables`: rows, most first, None likewise, or None for
    a table that cannot be shown at all. `began`: when there was anything to count first, None while there is nothing."""

    quarter: Quarter
    so_far: bool
    until: datetime
    began: datetime | None
    counts: Mapping[str, int | None]
    tables: Mapping[str, Rows | None]
    times: Times
    takedowns: tuple[Took, ...]

    @property
    def empty(self) -> bool:
        """Nothing had begun by its end."""
        return self.began is None or self.began >= self.until


class ResultsBook:
    """Counts quarters of one database. All raise StoreFailed when it does not answer."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._figures = Figures(foundation)
        self._takedowns = Takedowns(foundation)

    def this_quarter(self) -> Quarter:
        """The quarter that has not ended."""
        return Quarter.of(self._foundation.today())

    async def quarter(self, quarter: Quarter) -> Results:
        """One quarter, up to now where it has not ended. Raises ValueError for one that has not begun."""
        zone, now = self._foundation.timezone, self._foundation.now()
        start, end = quarter.start(zone), quarter.end(zone)
        if start > now:
            raise ValueError(f"{quarter} has not begun")
        months = [await self._figures.month(month) for month in quarter.months]
        own = await self._foundation.database.read(lambda tx: _counted(tx, quarter, start, end))
        added = of_months(months, own.counts["reporters"])
        return Results(
            quarter=quarter,
            so_far=now < end,
            until=min(now, end),
            began=own.began,
            counts={**own.counts, **added.counts},
            tables={**own.tables, **added.tables},
            times=_added([await self._figures.times(month) for month in quarter.months]),
            takedowns=tuple(await self._takedowns.took(start, end)),
        )


@dataclass(frozen=True)
class Added:
    """What is made of nothing but the published numbers of the months."""

    counts: Mapping[str, int | None]
    tables: Mapping[str, Rows | None]


def of_months(months: Sequence[MonthFigures], reporters: int | None) -> Added:
    """The quarter of these months, in which so many different people reported."""
    told = [published(each) for each in months]
    counts = {name: _sum([each[name] for each in told]) for name in SUMMED}
    # Somebody who reports in two months is one person: no sum, but beside two months it would tell of the third.
    counts["reporters"] = None if any(each["reporters"] is None for each in told) else reporters
    tables = {
        "asked_platform": _table(months, Dimension.PLATFORM),
        "reports_hub": _table(months, Dimension.HUB),
    }
    return Added(counts, tables)


@dataclass(frozen=True)
class _Own:
    """What is counted of the quarter as a whole."""

    began: datetime | None
    counts: Mapping[str, int | None]
    tables: Mapping[str, Rows | None]


def _counted(tx: Transaction, quarter: Quarter, start: datetime, end: datetime) -> _Own:
    span = {"start": forms.stamp(start), "end": forms.stamp(end)}
    months = quarter.months
    days = {"first": months[0].first.isoformat(), "next": months[2].after().first.isoformat()}
    told: Counter[tuple[str, str]] = Counter()
    for row in tx.rows("told_between", **span):
        told[row["name"], row["detail"]] += row["count"]
    people = [(row["key"], row["count"]) for row in tx.rows("new_people_between", **span)]
    drilled = tx.rows("drilled_between", first=months[0].text, last=months[2].text)
    groups = {name: sum(count for (each, _), count in told.items() if each == name) for name in _GROUPS}
    counts = {
        "new_people": sum(count for _, count in people),
        "reporters": tx.rows(SOURCES["reporters"], **span)[0]["count"],
        "recalled": tx.rows("recalled_between", **span)[0]["count"],
        **{_GROUPS[name]: count for name, count in groups.items()},
    }
    bulletins = {row["kind"]: row for row in tx.rows("bulletins_between", **span)}
    return _Own(
        began=_first(tx),
        counts={
            **{name: _told(int(count)) for name, count in counts.items()},
            # Places and letters of ours: nobody is known by how many there are.
            "hubs_open": int(tx.rows("hubs_open_at", end=span["end"])[0]["count"]),
            "hub_asked": _told(int(tx.rows("hub_asked_between", **days)[0]["count"])),
            **{
                f"bulletins_{kind}": int(bulletins[kind]["bulletins"]) if kind in bulletins else 0
                for kind in _BULLETINS
            },
            "letters_sent": _told(sum(int(row["sent"]) for row in bulletins.values())),
            "letters_failed": _told(sum(int(row["failed"]) for row in bulletins.values())),
        },
        tables={
            "new_people_platform": _shown(people),
            "emergency_kind": _shown([(key, count) for (name, key), count in told.items() if name == "emergency_kind"]),
            "follow_up": _shown([(key, count) for (name, key), count in told.items() if name == "follow_up"]),
            "drill_answers": _shown([(row["key"], int(row["count"])) for row in drilled]),
        },
    )


_GROUPS = {"group_joined": "groups_joined", "group_left": "groups_left"}
_BULLETINS = ("monthly", "alert", "correction")


def _first(tx: Transaction) -> datetime | None:
    moments = [tx.rows(query)[0]["at"] for query in ("first_event", "first_person")]
    return min((forms.moment(each) for each in moments if each), default=None)


def _told(count: int) -> int | None:
    """A number of people or letters that nobody else publishes: nothing under SMALLEST but nought."""
    return None if small(count) else count


def _shown(rows: Sequence[tuple[str, int]]) -> Rows | None:
    """A table that stands alone, as a month's tables are shown."""
    told = suppressed(rows, sum(count for _, count in rows))
    return None if told.withheld else told.rows


def _table(months: Sequence[MonthFigures], dimension: Dimension) -> Rows | None:
    """A table of the quarter, made of nothing but the published tables of its months."""
    shown = [_of_month(each, dimension) for each in months]
    if any(each is None for each in shown):
        return None
    tables = [each for each in shown if each is not None]
    keys = dict.fromkeys(key for each in tables for key in each)
    rows = [(key, _sum([each.get(key, 0) for each in tables])) for key in keys]
    return tuple(sorted(rows, key=lambda row: (row[1] is None, -(row[1] or 0), row[0])))


def _of_month(month: MonthFigures, dimension: Dimension) -> Mapping[str, int | None] | None:
    """The rows of a month; None where its table is withheld: something was counted and nothing is named."""
    rows = {row.key: row.count for row in month.tables[dimension]}
    return None if not rows and month.count(WHOLES[dimension]) else rows


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _added(months: Sequence[Times]) -> Times:
    answers: Counter[int] = Counter()
    reviews: Counter[int] = Counter()
    for each in months:
        answers.update(each.answers)
        reviews.update(each.reviews)
    return Times(dict(sorted(answers.items())), sum(each.never for each in months), dict(sorted(reviews.items())))
