"""The public scorecard: how well Rutan did, last month beside this one, true to the last row and never in our favour.

Few people are not told of, as in all that is published; our own mistakes and delays are, to the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.desk import formats, labels
from bot.running import Running
from bot.store.casebook import CaseBook
from bot.store.figures import SOURCES, Figures, Times
from bot.store.opening import queries_text
from bot.store.transaction import StoreFailed, named_queries
from bot.webchat import SECURITY, hint
from content.models import Language
from handlers.report import REVIEW_DAYS
from scheduler.published import published
from scheduler.trends import SMALLEST, Month, MonthFigures

HERE = Path(__file__).parent
# In this order on the page; each is explained by a label of its own.
COUNTED = (
    "asked", "warned", "unknown", "answers", "failed_answers", "useful", "not_useful", "reports", "disputed",
    "answered_cases", "overturned", "false_alarms", "missed", "promised", "late",
)  # fmt: skip
TIMED = ("answer_median", "answer_p95", "review_median")
# Anybody may look, as often as they like: the figures are counted at most so often.
STAYS = timedelta(seconds=30)


@dataclass(frozen=True)
class Score:
    """One month. `counts`: None for a number too small to be told. Times are upper edges: never shorter than they were; None
    where there was nothing to time, where the wait had no end (`answer_endless`), and where it would tell a hidden number."""

    month: str
    so_far: bool
    until: str
    counts: Mapping[str, int | None]
    answer_median_ms: int | None
    answer_p95_ms: int | None
    answer_endless: bool
    review_median_hours: int | None
    review_promise_hours: int


def scored(figures: MonthFigures, times: Times) -> Score:
    """A month's figures and waits as the public sees them."""
    counts = published(figures)
    median, p95 = (answered_within(times, share, counts["answers"]) for share in (0.5, 0.95))
    return Score(
        month=figures.month.text,
        so_far=figures.so_far,
        until=figures.until.isoformat(timespec="seconds"),
        counts={name: counts[name] for name in COUNTED},
        answer_median_ms=median,
        answer_p95_ms=p95,
        answer_endless=p95 is None and times.never > 0 and counts["answers"] is not None,
        review_median_hours=at_most(times.reviews, 0.5),
        review_promise_hours=REVIEW_DAYS * 24,
    )


def at_most(histogram: Mapping[int, int], share: float, endless: int = 0) -> int | None:
    """The edge under which at least that share lies; `endless` are more, each longer than any edge. None where there is
    nothing, or where the share reaches into the endless."""
    rank = ceil(share * (sum(histogram.values()) + endless))
    for edge in sorted(histogram):
        rank -= histogram[edge]
        if rank <= 0:
            return edge
    return None


def waited(times: Times, share: float) -> int | None:
    """Milliseconds in which that share of people had their answer; one that never left was the longest wait of all."""
    return at_most(times.answers, share, times.never) if times.answers else None


def answered_within(times: Times, share: float, answers: int | None) -> int | None:
    """As `waited`, where `answers` is how many are told of. Beside answers that never left a time would say how few of the
    others there were."""
    return None if answers is None and times.never else waited(times, share)


class Scorecard:
    """The page of one running bot."""

    def __init__(self, bot: Running) -> None:
        self._bot = bot
        self._figures = Figures(bot.store.foundation)
        self._cases = CaseBook(bot.store.foundation)
        self._labels = labels.of_file(HERE / "templates" / "score.yaml")
        self._queries = {
            name: query for name, query in named_queries(queries_text()).items() if name in SOURCES.values()
        }
        self._pages = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
            undefined=StrictUndefined,
        )  # fmt: skip
        self._pages.filters["number"] = formats.number
        self._kept: tuple[Any, tuple[Score, Score], int] | None = None
        self._counting = asyncio.Lock()

    async def scores(self) -> tuple[tuple[Score, Score], int]:
        """This month and the last, and how many cases are past their day at this moment."""
        now = self._bot.store.foundation.now()
        async with self._counting:
            if self._kept is None or not timedelta() <= now - self._kept[0] < STAYS:
                this = self._figures.this_month()
                both = (await self._score(this), await self._score(this.before()))
                self._kept = (now, both, (await self._cases.counts()).overdue)
            return self._kept[1], self._kept[2]

    async def _score(self, month: Month) -> Score:
        return scored(await self._figures.month(month), await self._figures.times(month))

    async def show(self, request: Request) -> Response:
        """The page, for people."""
        language = hint(request)
        try:
            (this, last), overdue = await self.scores()
        except StoreFailed:
            said = self._labels.say("score.no_database", language)
            return HTMLResponse(said, status_code=503, headers=SECURITY)
        zone = self._figures.zone
        drawn = self._pages.get_template("score.html").render(
            language=language.value,
            t=lambda key, **values: self._labels.say(key, language, **values),
            this=this,
            last=last,
            overdue=overdue,
            names={score.month: Month.parse(score.month).name(language) for score in (this, last)},
            until=formats.when(self._bot.store.foundation.now(), language, zone),
            rows=COUNTED,
            timed=[(name, self._times(name, this, language), self._times(name, last, language)) for name in TIMED],
            smallest=SMALLEST,
            queries=[(name, SOURCES[name], self._queries[SOURCES[name]]) for name in COUNTED],
            days=REVIEW_DAYS,
        )
        return HTMLResponse(drawn, headers=SECURITY)

    def _times(self, name: str, score: Score, language: Language) -> str:
        if name == "review_median":
            hours = score.review_median_hours
            return (
                self._labels.say("score.none", language)
                if hours is None
                else self._labels.say("score.hours", language, n=f"{hours:,}")
            )
        ms = score.answer_median_ms if name == "answer_median" else score.answer_p95_ms
        if ms is None:
            hidden = score.counts["answers"] is None
            return self._labels.say(
                "score.hidden" if hidden else "score.endless" if score.answer_endless else "score.none", language
            )
        return self._labels.say("score.seconds", language, n=f"{ms / 1000:,.2f}")

    async def json(self, request: Request) -> Response:
        """The same for programs."""
        try:
            (this, last), overdue = await self.scores()
        except StoreFailed:
            return JSONResponse({"error": "the database does not answer"}, status_code=503)
        sources = {name: {"query": SOURCES[name], "sql": self._queries[SOURCES[name]]} for name in COUNTED}
        return JSONResponse(
            {
                "this_month": asdict(this),
                "last_month": asdict(last),
                "overdue_now": overdue,
                "hidden_under": SMALLEST,
                "counted_by": sources,
            },
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )


def mount(app: FastAPI, bot: Running) -> None:
    """Add the scorecard's routes to the application."""
    card = Scorecard(bot)
    app.router.routes.extend([Route("/score", card.show), Route("/score.json", card.json)])
