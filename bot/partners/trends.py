"""GET /api/v1/trends: the figures of a month, small numbers suppressed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from bot.partners.answers import Known, conditional, reading
from bot.partners.guard import Partner, require
from bot.partners.problems import Problem, Trouble
from bot.partners.scopes import Scope
from bot.running import Running
from bot.store.figures import Figures
from scheduler.published import published
from scheduler.trends import SMALLEST, Dimension, Month, MonthFigures

Reader = Annotated[Partner, Depends(require(Scope.TRENDS))]
TAG = "trends"
# A hub is a place where people sit whom others know: its own figures are for its own page.
SHOWN = tuple(each for each in Dimension if each is not Dimension.HUB)


class TotalOut(BaseModel):
    """One figure."""

    name: str
    count: int | None = Field(
        description="null where it is suppressed: a small number of people, or one that would give one away"
    )
    before: int | None = Field(description="In the month before; null where it is suppressed")


class RowOut(BaseModel):
    """One row of a table. The key "" stands for "not said"."""

    key: str
    count: int | None = Field(
        description="null where it is suppressed: a small number, or one that would give one away"
    )
    before: int | None = Field(description="In the month before; null where it is suppressed")


class TableOut(BaseModel):
    """A month by one thing. Types and entries: questions in which Rutan warned; platforms and languages: all questions; the
    rest: reports."""

    by: Dimension
    rows: list[RowOut]


class TrendsOut(BaseModel):
    """A month that has ended, beside the one before."""

    month: str = Field(examples=["2026-10"])
    until: datetime
    smallest: int = Field(description="Numbers of people and of their questions and reports under this are suppressed")
    totals: list[TotalOut]
    tables: list[TableOut]


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/trends", tags=[TAG])
    figures = Figures(bot.store.foundation)

    @api.get(
        "",
        operation_id="get_trends",
        summary="The figures of a month",
        response_model=TrendsOut,
        responses=reading(404),
    )
    async def trends(
        request: Request,
        partner: Reader,
        month: Annotated[
            str | None,
            Query(
                pattern=r"^20[2-9]\d-(0[1-9]|1[0-2])$",
                description="A month that has ended; else the last one",
                examples=["2026-10"],
            ),
        ] = None,
        if_none_match: Known = None,
    ) -> Any:
        """Counted as at the officials' desk, and suppressed by the same rule. Needs the scope `trends`."""
        asked = _month(month, figures.this_month())
        return conditional(request, shown(await figures.month(asked), await figures.month(asked.before())))

    return api


def shown(figures: MonthFigures, earlier: MonthFigures) -> TrendsOut:
    """A month and the one before as partners see them."""
    now, before = published(figures), published(earlier)
    return TrendsOut(
        month=figures.month.text,
        until=figures.until,
        smallest=SMALLEST,
        totals=[TotalOut(name=name, count=count, before=before[name]) for name, count in now.items()],
        tables=[
            TableOut(
                by=each,
                rows=[RowOut(key=row.key, count=row.count, before=row.before) for row in figures.tables[each]],
            )
            for each in SHOWN
        ],
    )


def _month(said: str | None, this: Month) -> Month:
    if said is None:
        return this.before()
    month = Month.parse(said)
    if month >= this:
        # A month that is told while it runs tells, from one look to the next, of single people.
        raise Problem(Trouble.NOT_FOUND, "This month has not ended.")
    return month
