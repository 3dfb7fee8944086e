"""The figures of past months for anybody: what the desk's trends show, as CSV, JSON and a database that Datasette opens.

Only months that have ended: two looks at one that has not would tell the few of the days between. A month is suppressed by
itself, as at the desk; a quarter is added up from numbers that the months show and from nothing else, so it tells nothing that
they hide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.desk import labels
from bot.desk.names import Names
from bot.store.figures import WHOLES, Figures
from bot.store.foundation import Foundation
from bot.store.open_data import began
from content.knowledge import Knowledge
from content.models import Language
from scheduler.published import published as public_totals
from scheduler.trends import Dimension, Month, MonthFigures

COLUMNS = ("period", "breakdown", "key", "name_th", "name_en", "count", "suppressed", "unit")
KEY = ("period", "breakdown", "key")
# Of the totals that `scheduler.published` shows. How many lost money is only ever told where the table of losses tells it.
TOTALS = ("asked", "warned", "unknown", "reports", "reporters", "useful", "not_useful", "emergencies")
# Hubs are not: they are small, and their names are those of villages.
TABLES = (
    Dimension.TYPE, Dimension.ENTRY, Dimension.CAME_BY, Dimension.PROVINCE, Dimension.LOSS, Dimension.PLATFORM,
    Dimension.LANGUAGE,
)  # fmt: skip
# Entries are named only under a type that is shown: where one is missing, nobody can say that it is nothing.
QUARTERLY = tuple(each for each in TABLES if each is not Dimension.ENTRY)
QUARTERLY_TOTALS = tuple(name for name in TOTALS if name != "reporters")
UNITS = {
    "asked": "questions", "warned": "questions", "unknown": "questions", "reports": "reports", "reporters": "people",
    "useful": "answers", "not_useful": "answers", "emergencies": "emergencies", "type": "questions", "entry": "questions",
    "came_by": "reports", "province": "reports", "loss": "reports", "platform": "questions", "language": "questions",
}  # fmt: skip
TOTAL = "total"
# Where nothing of a table may be said, one row says so.
WITHHELD = "*"


@dataclass(frozen=True)
class Figure:
    """One number: `count` None where it is suppressed. `key` "" is "not said", "*" the whole of a withheld table."""

    period: str
    breakdown: str
    key: str
    name_th: str
    name_en: str
    count: int | None

    @property
    def unit(self) -> str:
        return UNITS[self.key if self.breakdown == TOTAL else self.breakdown]

    def row(self) -> tuple[str, ...]:
        """As `COLUMNS`."""
        counted = ("", "yes") if self.count is None else (str(self.count), "no")
        return (self.period, self.breakdown, self.key, self.name_th, self.name_en, *counted, self.unit)


@dataclass(frozen=True)
class OpenData:
    """All that is published: every ended month, and the quarters that are whole."""

    months: tuple[str, ...]
    monthly: tuple[Figure, ...]
    quarterly: tuple[Figure, ...]

    def of(self, period: str) -> tuple[Figure, ...]:
        """The figures of one month."""
        return tuple(each for each in self.monthly if each.period == period)


async def gathered(foundation: Foundation, knowledge: Knowledge) -> OpenData:
    """Every month that has ended since the house stands. Raises StoreFailed."""
    figures, found = Figures(foundation), list[tuple[Figure, ...]]()
    months = await ended_months(foundation)
    for month in months:
        found.append(published(await figures.month(month), knowledge))
    monthly = tuple(each for month in found for each in month)
    return OpenData(tuple(each.text for each in months), monthly, tuple(quarters(months, found)))


async def ended_months(foundation: Foundation) -> list[Month]:
    """From the first month in which anything was counted to the last that has ended, oldest first."""
    first = await began(foundation)
    if first is None:
        return []
    month, this, months = Month.of(first), Month.of(foundation.today()), list[Month]()
    while month < this:
        months.append(month)
        month = month.after()
    return months


def published(figures: MonthFigures, knowledge: Knowledge) -> tuple[Figure, ...]:
    """A month as it is published: never more than the desk's trends show."""
    named = _Named(figures.month.text, knowledge)
    totals = public_totals(figures)
    found = [named.total(name, totals[name]) for name in TOTALS]
    for dimension in TABLES:
        rows = {row.key: row.count for row in figures.tables[dimension] if row.count != 0}
        if not rows and figures.count(WHOLES[dimension]):
            found.append(named.withheld(dimension))
        found += [named.of(dimension, key, count) for key, count in rows.items()]
    return tuple(found)


def quarters(months: Sequence[Month], found: Sequence[Sequence[Figure]]) -> Iterable[Figure]:
    """The whole quarters, added up from what their months show: a number that one of them hides is hidden."""
    for start in range(len(months) - 2):
        three = months[start : start + 3]
        if three[0].month % 3 == 1:
            period = f"{three[0].year}-Q{three[0].month // 3 + 1}"
            yield from _added(period, found[start : start + 3])


def _added(period: str, months: Sequence[Sequence[Figure]]) -> Iterable[Figure]:
    allowed = {TOTAL, *(each.value for each in QUARTERLY)}
    withheld = {each.breakdown for month in months for each in month if each.key == WITHHELD}
    named: dict[tuple[str, str], Figure] = {}
    for month in months:
        for each in month:
            fits = each.key in QUARTERLY_TOTALS if each.breakdown == TOTAL else each.breakdown in allowed
            if fits and each.key != WITHHELD:
                named[each.breakdown, each.key] = each
    for (breakdown, key), one in named.items():
        counts = [each.count for month in months for each in month if (each.breakdown, each.key) == (breakdown, key)]
        hidden = breakdown in withheld or None in counts
        yield replace(one, period=period, count=None if hidden else sum(count or 0 for count in counts))
    for breakdown in sorted(withheld & allowed - {each[0] for each in named}):
        yield Figure(period, breakdown, WITHHELD, "", "", None)


class _Named:
    """Figures of a period with their names in both languages."""

    def __init__(self, period: str, knowledge: Knowledge) -> None:
        self._period = period
        self._both = tuple(Names(knowledge, labels.load(), each) for each in (Language.THAI, Language.ENGLISH))

    def total(self, name: str, count: int | None) -> Figure:
        thai, english = (each.label(f"total.{name}", name) for each in self._both)
        return Figure(self._period, TOTAL, name, thai, english, count)

    def of(self, dimension: Dimension, key: str, count: int | None) -> Figure:
        thai, english = (each.of(dimension, key) for each in self._both)
        return Figure(self._period, dimension.value, key, thai, english, count)

    def withheld(self, dimension: Dimension) -> Figure:
        return Figure(self._period, dimension.value, WITHHELD, "", "", None)
