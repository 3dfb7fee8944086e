"""Trends: a month by type, channel, province, loss, platform and hub, as it may be shown to anybody."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.charts import Column, columns, share
from bot.desk.frame import Desk
from bot.desk.names import Names
from bot.exporting import harmless
from bot.store.figures import Figures
from handlers.officials import Official
from scheduler.trends import SMALLEST, DayCounts, Dimension, Month, MonthFigures

# In this order on the page.
TABLES = (
    Dimension.TYPE, Dimension.ENTRY, Dimension.CAME_BY, Dimension.PROVINCE, Dimension.LOSS, Dimension.PLATFORM,
    Dimension.HUB, Dimension.LANGUAGE,
)  # fmt: skip
TOTALS = ("asked", "warned", "unknown", "reports", "reporters", "lost_money", "emergencies", "useful", "not_useful")
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
        days = await figures.days(month.first, last)
        return desk.draw(
            "trends.html",
            request,
            official,
            names=Names(desk.bot.ports.knowledge, desk.labels, official.language),
            figures=found,
            totals=TOTALS,
            tables=TABLES,
            rows=FIRST_ROWS,
            days=days,
            months=_months(figures.this_month()),
            picture=_picture(days, desk.labels.say("trends.picture", official.language)),
            smallest=SMALLEST,
            share=share,
        )

    @desk.page("/trends.csv")
    async def trends_csv(request: Request, official: Official) -> Response:
        found = await figures.month(_month(request, figures))
        names = Names(desk.bot.ports.knowledge, desk.labels, official.language)
        name = f"rutan-trends-{found.month}.csv"
        return Response(
            written(found, names),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def written(figures: MonthFigures, names: Names) -> str:
    """A month as CSV that no spreadsheet takes for a formula; the mark at its start makes Excel read it as UTF-8."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in _rows(figures, names):
        table.writerow([harmless(str(cell)) for cell in row])
    return "\ufeff" + out.getvalue()


def _rows(figures: MonthFigures, names: Names) -> Iterator[tuple[object, ...]]:
    month = (figures.month.text, "yes" if figures.so_far else "no")
    for name in TOTALS:
        total = figures.totals[name]
        said = names.label(f"total.{name}", name)
        yield (*month, "total", name, said, total.count, total.before, total.source)
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


def _picture(days: Sequence[DayCounts], title: str) -> str:
    return columns(
        title,
        [Column(str(each.day.day), (each.counts.get("warned", 0), each.counts.get("unknown", 0))) for each in days],
    )
