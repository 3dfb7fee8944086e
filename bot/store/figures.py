"""Figures from the database: by day and by month, true to the last row that was written.

A past day is counted once and kept. Whatever changes it afterwards marks its hour as stale (triggers of the schema do,
in the transaction of the change), and a stale day is counted from the rows until `keep_counted` has counted it anew. So
what is shown is the plain count at every moment, however much of it comes from what is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.store import forms
from bot.store.counting import ANSWER_MS, EDGES, REVIEW_HOURS, Area, Counts, Figure, counted, parted
from bot.store.foundation import Foundation
from bot.store.remembered import memory_of
from bot.store.transaction import Row, Transaction
from scheduler.published import hidden_totals
from scheduler.trends import (
    Counted,
    DayCounts,
    Dimension,
    Month,
    MonthFigures,
    Shown,
    Total,
    compared,
    fastest,
    suppressed,
    suppressed_within,
    unsummed,
)

# The totals of a month, each with the query by which anybody can count it again.
SOURCES: Mapping[str, str] = MappingProxyType({
    "asked": "asked_in_month",
    "known": "known_in_month",
    "warned": "warned_in_month",
    "unknown": "unknown_in_month",
    "useful": "useful_in_month",
    "not_useful": "not_useful_in_month",
    "emergencies": "emergencies_in_month",
    "subscribed": "subscribed_in_month",
    "unsubscribed": "unsubscribed_in_month",
    "reports": "reports_in_month",
    "reporters": "reporters_in_month",
    "disputed": "disputed_in_month",
    "lost_money": "lost_money_in_month",
    "answers": "answers_in_month",
    "failed_answers": "failed_answers_in_month",
    "answered_cases": "answered_cases_in_month",
    "in_time": "in_time_in_month",
    "overturned": "overturned_in_month",
    "false_alarms": "false_alarms_in_month",
    "missed": "missed_in_month",
    "promised": "promised_in_month",
    "late": "late_in_month",
})  # fmt: skip
TABLES: Mapping[Dimension, str] = MappingProxyType({
    Dimension.TYPE: "types_in_month",
    Dimension.ENTRY: "entries_in_month",
    Dimension.CAME_BY: "came_by_in_month",
    Dimension.PROVINCE: "provinces_in_month",
    Dimension.LOSS: "losses_in_month",
    Dimension.PLATFORM: "platforms_in_month",
    Dimension.HUB: "hubs_in_month",
    Dimension.LANGUAGE: "languages_in_month",
})  # fmt: skip
# The total that a table breaks down.
WHOLES: Mapping[Dimension, str] = MappingProxyType({
    Dimension.TYPE: "warned",
    Dimension.ENTRY: "warned",
    Dimension.CAME_BY: "reports",
    Dimension.PROVINCE: "reports",
    Dimension.LOSS: "reports",
    Dimension.PLATFORM: "asked",
    Dimension.HUB: "reports",
    Dimension.LANGUAGE: "asked",
})  # fmt: skip
# A day is not counted in its first minutes of being past: what was begun before midnight is still being written.
_SETTLES = timedelta(minutes=5)


@dataclass(frozen=True)
class Times:
    """How long people waited in a month. `answers`: milliseconds → how many waited at most so long (and more than the
    next smaller); `never`: answers that did not leave. `reviews`: hours → cases that were decided."""

    answers: Mapping[int, int]
    never: int
    reviews: Mapping[int, int]


class Figures:
    """A `FigureSource` over the database."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._memory = memory_of(foundation.database)

    @property
    def zone(self) -> ZoneInfo:
        """Where the house's calendar hangs."""
        return self._foundation.timezone

    def this_month(self) -> Month:
        """The month that has not ended."""
        return Month.of(self._foundation.today())

    async def month(self, month: Month) -> MonthFigures:
        """A month beside the one before, suppressed."""
        until = self._foundation.now()

        def work(tx: Transaction) -> MonthFigures:
            return self._figures(month, until, self._counts(tx, month), self._counts(tx, month.before()))

        return await self._foundation.database.read(work)

    def _figures(self, month: Month, now: datetime, counts: Counts, before: Counts) -> MonthFigures:
        totals = {
            name: Total(name, counts[Figure(name)], before[Figure(name)], source) for name, source in SOURCES.items()
        }
        tables = _tables(counts, before)
        end = month.end(self.zone)
        return MonthFigures(
            month=month,
            so_far=now < end,
            until=min(now, end),
            totals=totals,
            tables=tables,
            fastest=fastest(tables[Dimension.TYPE]),
            sources={**SOURCES, **{dimension.value: query for dimension, query in TABLES.items()}},
        )

    def _counts(self, tx: Transaction, month: Month) -> Counts:
        counts = self._between(tx, month.first, month.after().first)
        span = self._span(month)
        counts[Figure("reporters")] = self._reporters(tx, span)
        for name in ("promised", "late"):
            counts[Figure(name)] = tx.rows(SOURCES[name], **span)[0]["count"]
        return counts

    def _reporters(self, tx: Transaction, span: Mapping[str, str]) -> int:
        hours = {"start": span["start"][:13], "end": span["end"][:13] + ":"}
        changes = tx.rows("changes_between", area=Area.REPORTS.value, **hours)[0]
        count: int = self._memory.get(
            ("reporters", span["start"]),
            (int(changes["signed"]), int(changes["marks"])),
            lambda: tx.rows(SOURCES["reporters"], **span)[0]["count"],
        )
        return count

    async def times(self, month: Month) -> Times:
        """How long answers and reviews took."""

        def work(tx: Transaction) -> Times:
            counts = self._between(tx, month.first, month.after().first)
            return Times(_edges(counts, ANSWER_MS), counts[Figure("failed_answers")], _edges(counts, REVIEW_HOURS))

        return await self._foundation.database.read(work)

    async def days(self, first: date, last: date) -> Sequence[DayCounts]:
        """Every day from `first` to `last`, oldest first."""

        def work(tx: Transaction) -> list[DayCounts]:
            return self._days(tx, first, last)

        return await self._foundation.database.read(work)

    def _days(self, tx: Transaction, first: date, last: date) -> list[DayCounts]:
        after = last + timedelta(days=1)
        stale = self._stale(tx, first, after)
        counts: dict[date, Counter[str]] = {}
        for row in tx.rows("figures_by_day", first=first.isoformat(), next=after.isoformat()):
            day = date.fromisoformat(row["day"])
            if (Area(row["area"]), day) not in stale:
                counts.setdefault(day, Counter())[row["name"]] += row["count"]
        for area, day in stale:
            for figure, count in self._fresh(tx, area, day).items():
                if not figure.dimension:
                    counts.setdefault(day, Counter())[figure.name] += count
        return [DayCounts(day, dict(counts.get(day, {}))) for day in _each(first, after)]

    async def plain(self, name: str, month: Month) -> int:
        """A total of a month counted from the rows by the query that its figures name as their source."""
        span = self._span(month)
        row = (await self._foundation.database.read(lambda tx: tx.rows(SOURCES[name], **span)))[0]
        return int(row["count"])

    async def plain_table(self, dimension: Dimension, month: Month) -> Mapping[str, int]:
        """A table of a month, not suppressed, counted from the rows by the query named as its source."""
        span = self._span(month)
        rows = await self._foundation.database.read(lambda tx: tx.rows(TABLES[dimension], **span))
        return {row["key"]: row["count"] for row in rows}

    def _between(self, tx: Transaction, first: date, after: date) -> Counts:
        """Days added up, stale ones counted from the rows."""
        stale = frozenset(self._stale(tx, first, after))
        version = next((row["value"] for row in tx.rows("kept_version")), 0)
        kept = self._memory.get(("kept", first, after), version, lambda: _kept(tx, first, after))
        counts = Counter(
            self._memory.get(("sum", first, after), (version, stale), lambda: _sum(kept, but=stale)),
        )
        for area, day in stale:
            counts.update(self._fresh(tx, area, day))
        return counts

    def _fresh(self, tx: Transaction, area: Area, day: date) -> Counts:
        """A day counted from the rows, hour by hour: of today mostly the last hour alone has changed since a moment ago."""
        begin, end = self._midnight(day), self._midnight(day + timedelta(days=1))
        counts: Counts = Counter()
        # An hour in which nothing is marked holds nothing.
        for row in tx.rows("busy_hours", start=_hour(begin), end=_hour(end) + ":"):
            hour = _moment(row["hour"])
            start, stop = max(begin, hour), min(end, hour + timedelta(hours=1))
            if row["area"] == area and start < stop:
                found = partial(counted, tx, area, start, stop)
                counts.update(self._memory.get((area, start), (stop, abs(row["marks"])), found))
        return counts

    def _stale(self, tx: Transaction, first: date, after: date) -> set[tuple[Area, date]]:
        """Which days from `first` up to `after` were changed since they were counted, in which table."""
        hours = {"start": _hour(self._midnight(first)), "end": _hour(self._midnight(after) + timedelta(hours=1))}
        return {
            (Area(row["area"]), day)
            for row in tx.rows("stale_hours", **hours)
            for day in self._days_of(row["hour"])
            if first <= day < after
        }

    def _plain(self, tx: Transaction, area: Area, day: date) -> Counts:
        return counted(tx, area, self._midnight(day), self._midnight(day + timedelta(days=1)))

    def _span(self, month: Month) -> dict[str, str]:
        moments = {"start": month.start(self.zone), "end": month.end(self.zone), "now": self._foundation.now()}
        return {name: forms.stamp(moment) for name, moment in moments.items()}

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def _days_of(self, hour: str) -> set[date]:
        """The days that an hour of UTC lies in: two where the clock on the wall is half an hour off."""
        begin = _moment(hour)
        return {(begin + timedelta(minutes=minutes)).astimezone(self.zone).date() for minutes in (0, 59)}

    # Counting anew

    async def keep_counted(self) -> int:
        """Count every past day that has changed since it was counted; how many. May run at any moment, in several
        processes: a day that changes while it is counted stays stale."""
        before = self._foundation.now() - _SETTLES
        today = before.astimezone(self.zone).date()
        marks = await self._foundation.database.read(lambda tx: tx.rows("all_stale_hours", before=_hour(before)))
        stale: dict[tuple[Area, date], list[Row]] = {}
        for row in marks:
            days = self._days_of(row["hour"])
            for day in days if max(days) < today else ():
                stale.setdefault((Area(row["area"]), day), []).append(row)
        # Oldest first: an hour of two days is called fresh only after the second.
        for area, day in sorted(stale, key=lambda each: each[1]):
            await self._count_anew(area, day, stale[area, day])
        return len(stale)

    async def _count_anew(self, area: Area, day: date, hours: Sequence[Row]) -> None:
        # Counted beside the writer, which is then held up for a moment only. Written where nothing changed meanwhile.
        counts = await self._foundation.database.read(lambda tx: self._plain(tx, area, day))

        def work(tx: Transaction) -> None:
            if not all(_unchanged(tx, hour) for hour in hours):
                return
            tx.rows("next_counter", name="figures kept")
            tx.run("drop_day", area=area.value, day=day.isoformat())
            for figure, count in counts.items():
                tx.run("save_figure", area=area.value, day=day.isoformat(), count=count, **figure._asdict())
            for hour in hours:
                # An hour of two days is fresh when the second of them is counted as well.
                if max(self._days_of(hour["hour"])) == day:
                    tx.run("fresh_hour", **_named(hour), marks=hour["marks"])

        await self._foundation.database.write(work)


def _kept(tx: Transaction, first: date, after: date) -> Mapping[tuple[Area, date], Counts]:
    """Every day as it was counted, by table."""
    kept: dict[tuple[Area, date], Counts] = {}
    for row in tx.rows("figures_between", first=first.isoformat(), next=after.isoformat()):
        day = kept.setdefault((Area(row["area"]), date.fromisoformat(row["day"])), Counter())
        day[Figure(row["name"], row["dimension"], row["key"])] = row["count"]
    return kept


def _sum(kept: Mapping[tuple[Area, date], Counts], *, but: frozenset[tuple[Area, date]]) -> Counts:
    counts: Counts = Counter()
    for day, each in kept.items():
        if day not in but:
            counts.update(each)
    return counts


def _unchanged(tx: Transaction, hour: Row) -> bool:
    found = tx.row("hour_marks", **_named(hour))
    return found is not None and found["marks"] == hour["marks"]


def _named(hour: Row) -> dict[str, object]:
    return {name: hour[name] for name in ("area", "hour", "writer")}


def _tables(counts: Counts, before: Counts) -> dict[Dimension, tuple[Counted, ...]]:
    now_shown, then_shown = shown_tables(counts), shown_tables(before)
    return {dimension: compared(now_shown[dimension], then_shown[dimension]) for dimension in Dimension}


def shown_tables(counts: Counts) -> dict[Dimension, Shown]:
    """Every table of one month as it may be shown."""
    shown: dict[Dimension, Shown] = {
        dimension: suppressed(_rows(counts, dimension), counts[Figure(WHOLES[dimension])])
        for dimension in Dimension
        if dimension is not Dimension.ENTRY
    }
    if "warned" in hidden_totals({name: counts[Figure(name)] for name in SOURCES}):
        # The types would add up to it.
        shown[Dimension.TYPE] = unsummed(shown[Dimension.TYPE])
    entries = [(*parted(key), count) for key, count in _rows(counts, Dimension.ENTRY)]
    shown[Dimension.ENTRY] = suppressed_within(shown[Dimension.TYPE], entries)
    return shown


def _rows(counts: Counts, dimension: Dimension) -> list[tuple[str, int]]:
    whole = WHOLES[dimension]
    return [
        (figure.key, count)
        for figure, count in counts.items()
        if figure.dimension == dimension and figure.name == whole
    ]


def _edges(counts: Counts, name: str) -> dict[int, int]:
    found = {int(figure.key): count for figure, count in counts.items() if figure[:2] == (name, EDGES)}
    return dict(sorted(found.items()))


def _moment(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC)


def _hour(moment: datetime) -> str:
    return forms.stamp(moment)[:13]


def _each(first: date, after: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((after - first).days)]
