"""Trends: a month by type, channel, province, loss, platform and hub, as it may be shown to anybody."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.charts import Column, columns, share
from bot.desk.frame import Desk
from bot.desk.names import Names
from bot.exporting import harmless
from bot.store.figures import Figures
from handlers.officials import Official
from scheduler.published import published, small
from scheduler.trends import SMALLEST, DayCounts, Dimension, Month, MonthFigures

# In this order on the page.
TABLES = (
    Dimension.TYPE, Dimension.ENTRY, Dimension.CAME_BY, Dimension.PROVINCE, Dimension.LOSS, Dimension.PLATFORM,
    Dimension.HUB, Dimension.LANGUAGE,
)  # fmt: skip
TOTALS = ("asked", "warned", "unknown", "reports", "reporters", "lost_money", "emergencies", "useful", "not_useful")
# What is told of each day; the first is the others together.
DAILY = ("asked", "warned", "unknown")
# Two years back can be chosen; what is older stays in the figures for whoever writes the month into the address.
MOST_MONTHS = 24
# More rows of a table stand one tap away.
FIRST_ROWS = 12
COLUMNS = ("month", "so_far", "table", "key", "name", "count", "month_before", "counted_by")
# In a file a suppressed number says so: an empty cell might be taken for nothing.
SUPPRESSED = f"<{SMALLEST} or hidden"


def add(desk: Desk) -> None:
    """Register the page and its file."""
    figures = Figures(desk.bot.store.foundation)

    @desk.page("/trends", nav="nav.trends")
    async def trends(request: Request, official: Official) -> Response:
        month = _month(request, figures)
        found = await figures.month(month)
        last = min(month.after().first, desk.bot.store.foundation.today() + timedelta(days=1)) - timedelta(days=1)
        totals = published(found)
        days = daily(await figures.days(month.first, last), totals)
        return desk.draw(
            "trends.html",
            request,
            official,
            names=Names(desk.bot.ports.knowledge, desk.labels, official.language),
            figures=found,
            totals={name: totals[name] for name in TOTALS},
            totals_before=published(await figures.month(month.before())),
            tables=TABLES,
            rows=FIRST_ROWS,
            days=days,
            daily=DAILY,
            months=_months(figures.this_month()),
            picture=_picture(days, desk.labels.say("trends.picture", official.language)),
            smallest=SMALLEST,
            share=share,
        )

    @desk.page("/trends.csv")
    async def trends_csv(request: Request, official: Official) -> Response:
        month = _month(request, figures)
        found, before = await figures.month(month), published(await figures.month(month.before()))
        names = Names(desk.bot.ports.knowledge, desk.labels, official.language)
        name = f"rutan-trends-{found.month}.csv"
        return Response(
            written(found, names, before),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


@dataclass(frozen=True)
class Told:
    """One day of the page: its counts by name, None where nothing is told of it."""

    day: date
    counts: Mapping[str, int] | None


def daily(days: Sequence[DayCounts], totals: Mapping[str, int | None]) -> list[Told]:
    """Every day, those with few of anything not told, and the quietest of the others with them: what the hidden days have
    together can be worked out from `totals`, and must itself be nothing small, nor one day's."""
    busy = [each for each in days if any(each.counts.get(name) for name in DAILY)]
    hidden = [each for each in busy if any(small(each.counts.get(name, 0)) for name in DAILY)]
    if any(totals[name] is None for name in DAILY):
        hidden = busy
    while 0 < len(hidden) < len(busy) and _tell(hidden):
        shown = [each for each in busy if each not in hidden]
        least = min(each.counts.get("asked", 0) for each in shown)
        # Which of two equals is hidden would tell something of the small one.
        hidden += [each for each in shown if each.counts.get("asked", 0) == least]
    return [
        Told(each.day, None if each in hidden else {name: each.counts.get(name, 0) for name in DAILY}) for each in days
    ]


def _tell(hidden: Sequence[DayCounts]) -> bool:
    """Whether the sums of these days say too much."""
    return len(hidden) == 1 or any(small(sum(each.counts.get(name, 0) for each in hidden)) for name in DAILY)


def written(figures: MonthFigures, names: Names, before: Mapping[str, int | None] | None = None) -> str:
    """A month as CSV that no spreadsheet takes for a formula; the mark at its start makes Excel read it as UTF-8. `before`:
    the published totals of the month before; without them none of its totals is told."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in _rows(figures, names, before or {}):
        table.writerow([harmless(str(cell)) for cell in row])
    return "\ufeff" + out.getvalue()


def _rows(figures: MonthFigures, names: Names, before: Mapping[str, int | None]) -> Iterator[tuple[object, ...]]:
    now = published(figures)
    month = (figures.month.text, "yes" if figures.so_far else "no")
    for name in TOTALS:
        said = names.label(f"total.{name}", name)
        counts = (_shown(now[name]), _shown(before.get(name)))
        yield (*month, "total", name, said, *counts, figures.totals[name].source)
    for dimension in TABLES:
        for row in figures.tables[dimension]:
            said = names.of(dimension, row.key)
            counts = (_shown(row.count), _shown(row.before))
            yield (*month, dimension.value, row.key, said, *counts, figures.sources[dimension.value])


def _shown(count: int | None) -> int | str:
    return SUPPRESSED if count is None else count


def _month(request: Request, figures: Figures) -> Month:
    """The month that is asked for: this one where none is, or one that has not begun."""
    now = figures.this_month()
    try:
        return min(Month.parse(request.query_params.get("month", "")), now)
    except ValueError:
        return now


def _months(newest: Month) -> list[Month]:
    months = [newest]
    while len(months) < MOST_MONTHS:
        months.append(months[-1].before())
    return months


def _picture(days: Sequence[Told], title: str) -> str:
    layers = [(each.counts["warned"], each.counts["unknown"]) if each.counts else (0, 0) for each in days]
    return columns(title, [Column(str(each.day.day), both) for each, both in zip(days, layers, strict=True)])
