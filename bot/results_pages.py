"""The quarterly results for everybody: a page in two languages, the same as PDF, and as JSON for programs."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.results import Telling, sentences
from bot.results_json import as_json
from bot.running import Running
from bot.store.results import COUNTED_BY, Results, ResultsBook
from bot.store.transaction import StoreFailed
from bot.street.sheet import drawn
from bot.webchat import SECURITY, hint
from content.models import Language
from scheduler.quarters import Quarter

HERE = Path(__file__).parent
# Anybody may look, as often as they like: a quarter is counted at most so often, and its PDF drawn once for each counting.
STAYS = timedelta(seconds=60)
KEPT = 12
# So many quarters back stand on the page; older ones have their address.
LISTED = 12
_ANY_PAGE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class ResultsPages:
    """The pages of one running bot."""

    def __init__(self, bot: Running) -> None:
        self._bot = bot
        self._foundation = bot.store.foundation
        self._book = ResultsBook(self._foundation)
        self._labels = sentences()
        self._counted: OrderedDict[Quarter, tuple[datetime, Results]] = OrderedDict()
        self._drawn: OrderedDict[tuple[Quarter, Language, datetime], bytes] = OrderedDict()
        self._counting = asyncio.Lock()
        self._pages = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
            undefined=StrictUndefined,
        )  # fmt: skip

    async def newest(self, request: Request) -> Response:
        """The last quarter that is over, where there is anything of it; else the one that runs."""
        try:
            this = self._book.this_quarter()
            last = (await self._results(this.before()))[1]
            return await self._page(request, this if last.empty else last.quarter)
        except StoreFailed:
            return self._trouble(request)

    async def one(self, request: Request) -> Response:
        """The page of one quarter."""
        quarter = self._quarter(request)
        if isinstance(quarter, Response):
            return quarter
        try:
            return await self._page(request, quarter)
        except StoreFailed:
            return self._trouble(request)

    async def json(self, request: Request) -> Response:
        """The same for programs."""
        quarter = self._quarter(request)
        if isinstance(quarter, Response):
            return quarter
        try:
            now, before = (await self._results(quarter))[1], (await self._results(quarter.before()))[1]
            return JSONResponse(as_json(now, before), headers=_ANY_PAGE)
        except StoreFailed:
            return JSONResponse({"error": "the database does not answer"}, status_code=503)

    async def pdf(self, request: Request) -> Response:
        """The same to print."""
        quarter = self._quarter(request)
        if isinstance(quarter, Response):
            return quarter
        language = Language.ENGLISH if request.path_params["language"] == "en" else Language.THAI
        try:
            telling, at = await self._telling(quarter, language)
        except StoreFailed:
            return self._trouble(request)
        key = (quarter, language, at)
        if key not in self._drawn:
            self._drawn[key] = await self._bot.materials.draw(drawn, telling.sheet())
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        name = f"rutan-results-{quarter}-{language.value}.pdf"
        headers = {**_ANY_PAGE, "Content-Disposition": f'inline; filename="{name}"'}
        return Response(self._drawn[key], media_type="application/pdf", headers=headers)

    # Counting

    async def _results(self, quarter: Quarter) -> tuple[datetime, Results]:
        now = self._foundation.now()
        async with self._counting:
            known = self._counted.get(quarter)
            if known is None or not timedelta() <= now - known[0] < STAYS:
                known = self._counted[quarter] = (now, await self._book.quarter(quarter))
                self._counted.move_to_end(quarter)
                while len(self._counted) > KEPT:
                    self._counted.popitem(last=False)
            return known

    async def _telling(self, quarter: Quarter, language: Language) -> tuple[Telling, datetime]:
        at, now = await self._results(quarter)
        before = (await self._results(quarter.before()))[1]
        knowledge, zone = self._bot.ports.knowledge, self._foundation.timezone
        return Telling(now, before, language, knowledge, zone, self._labels), at

    # Answering

    def _quarter(self, request: Request) -> Quarter | Response:
        language = hint(request)
        try:
            quarter = Quarter.parse(request.path_params["quarter"])
        except ValueError:
            return PlainTextResponse(self._labels.say("results.unknown", language), status_code=404, headers=SECURITY)
        if quarter > self._book.this_quarter():
            return PlainTextResponse(self._labels.say("results.not_yet", language), status_code=404, headers=SECURITY)
        return quarter

    async def _page(self, request: Request, quarter: Quarter) -> Response:
        language = hint(request)
        telling, _ = await self._telling(quarter, language)
        shown = self._pages.get_template("results.html").render(
            language=language.value,
            t=telling.say,
            telling=telling,
            quarter=quarter,
            others=self._others(telling.results.began, quarter, language),
            queries=sorted(set(COUNTED_BY.values())),
        )
        return HTMLResponse(shown, headers=SECURITY)

    def _others(self, began: datetime | None, shown: Quarter, language: Language) -> list[tuple[Quarter, str]]:
        """The quarters for which there is anything, newest first."""
        first = Quarter.of((began or self._foundation.now()).astimezone(self._foundation.timezone).date())
        quarters = [self._book.this_quarter()]
        while quarters[-1] > first and len(quarters) < LISTED:
            quarters.append(quarters[-1].before())
        return [(each, each.name(language)) for each in quarters if each != shown]

    def _trouble(self, request: Request) -> Response:
        said = self._labels.say("results.no_database", hint(request))
        return HTMLResponse(said, status_code=503, headers=SECURITY)


def mount(app: FastAPI, bot: Running) -> None:
    """Add the pages to the application."""
    pages = ResultsPages(bot)
    app.router.routes.extend(
        [
            Route("/results", pages.newest),
            Route("/results/{quarter}.json", pages.json),
            Route("/results/{quarter}/{language:str}.pdf", pages.pdf),
            Route("/results/{quarter}", pages.one),
        ]
    )
