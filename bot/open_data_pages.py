"""The open data on the web: the page /open-data, and the files beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import open_data
from bot.feeds.access import Said
from bot.open_data import OpenData
from bot.open_data_files import DATABASE, database, files
from bot.open_data_words import LICENCE_URL, words
from bot.running import Running
from bot.store.transaction import StoreFailed
from bot.webchat import SECURITY, hint
from scheduler.trends import SMALLEST, Month

# Anybody may fetch, as often as they like: the figures are gathered at most so often.
STAYS = timedelta(seconds=60)
TYPES = {
    "csv": "text/csv; charset=utf-8", "json": "application/json", "db": "application/vnd.sqlite3",
}  # fmt: skip
# Open to programs of other sites too: that is what it is for.
OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=StrictUndefined,
)  # fmt: skip


def mount(app: FastAPI, bot: Running) -> None:
    """Add the page and its files to the application."""
    pages = Pages(bot)
    app.router.routes.extend([Route("/open-data", pages.page), Route("/open-data/{name}", pages.file)])


class Pages:
    """Draws the page and gives the files of one running bot."""

    def __init__(self, bot: Running) -> None:
        self._bot = bot
        self._kept: tuple[datetime, OpenData, Mapping[str, bytes]] | None = None
        self._gathering = asyncio.Lock()

    async def _now(self) -> tuple[OpenData, Mapping[str, bytes]]:
        foundation = self._bot.store.foundation
        async with self._gathering:
            now = foundation.now()
            if self._kept is None or not timedelta() <= now - self._kept[0] < STAYS:
                data = await open_data.gathered(foundation, self._bot.ports.knowledge)
                settings = self._bot.settings
                made = await asyncio.to_thread(_files, data, settings.publisher_name, settings.public_url)
                self._kept = (now, data, made)
            return self._kept[1], self._kept[2]

    async def page(self, request: Request) -> Response:
        """The page, for people."""
        language, said = hint(request), words()
        try:
            data, _ = await self._now()
        except StoreFailed:
            return HTMLResponse(said.told("text", "no_database", language), status_code=503, headers=SECURITY)
        drawn = _pages.get_template("open_data.html").render(
            language=language.value,
            t=lambda name, **values: said.told("text", name, language, **values),
            months=[(each, Month.parse(each).name(language)) for each in reversed(data.months)],
            parts=[
                (
                    part,
                    [(name, said.told(part, name, language)) for each, name, _, _ in said.dictionary() if each == part],
                )
                for part in ("column", "total", "breakdown")
            ],
            smallest=SMALLEST,
            publisher=self._bot.settings.publisher_name,
            home=self._bot.settings.public_url,
            licence_url=LICENCE_URL,
            database=f"{DATABASE}.db",
        )
        return HTMLResponse(drawn, headers=SECURITY)

    async def file(self, request: Request) -> Response:
        """One file, as `rutan export open-data` writes it."""
        try:
            _, found = await self._now()
        except StoreFailed:
            return PlainTextResponse("the database does not answer", status_code=503)
        name = request.path_params["name"]
        body = found.get(name)
        if body is None:
            return PlainTextResponse("there is nothing here", status_code=404)
        response = Said(body, TYPES[name.rpartition(".")[2]]).answer(request)
        response.headers.update(OPEN)
        return response


def _files(data: OpenData, publisher: str, url: str) -> Mapping[str, bytes]:
    return {**files(data, publisher, url), f"{DATABASE}.db": database(data)}
