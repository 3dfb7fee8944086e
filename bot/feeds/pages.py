"""Where the feed is on the web: /warnings for people; /feeds/… and /taxii2/ for programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.feeds import news
from bot.feeds.access import Said, Shelf
from bot.feeds.campaigns import Publisher, Reach, Warnings
from bot.feeds.taxii import Taxii
from bot.running import Running
from bot.store.transaction import StoreFailed
from bot.webchat import SECURITY, hint
from content.models import Language
from handlers.wording import Voice

TEMPLATES = Path(__file__).parents[1] / "templates"
_FORMS: dict[str, tuple[str, Callable[[Warnings, Publisher, Language], bytes]]] = {
    "json": ("application/feed+json", news.json_feed),
    "atom": ("application/atom+xml", news.atom),
}
_MISP_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
_pages = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)

Handler = Callable[[Request], Awaitable[Response]]


def mount(app: FastAPI, bot: Running) -> None:
    """Add the feed's routes to the application."""
    shelf = Shelf(bot)
    pages = Pages(bot, shelf)
    app.router.routes.extend(
        [
            Route("/warnings", _kindly(pages.page)),
            Route("/feeds/warnings.{form}", _kindly(pages.feed)),
            Route("/feeds/misp/{name}", _kindly(pages.misp)),
            Route("/feeds/misp/{reach}/{name}", _kindly(pages.misp)),
            *Taxii(shelf).routes(),
        ]
    )


def _kindly(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except StoreFailed:
            return PlainTextResponse("the database does not answer", status_code=503)

    return answer


class Pages:
    """Everything of the feed but TAXII."""

    def __init__(self, bot: Running, shelf: Shelf) -> None:
        self._bot = bot
        self._shelf = shelf

    async def page(self, request: Request) -> Response:
        """What is warned of now, to be read."""
        language = hint(request)
        warnings = await self._shelf.confirmed.warnings()
        drawn = _pages.get_template("warnings.html").render(
            language=language.value,
            voice=Voice(self._bot.ports.knowledge, language),
            items=news.items(warnings, self._shelf.publisher, language),
        )
        return HTMLResponse(drawn, headers=SECURITY)

    async def feed(self, request: Request) -> Response:
        """The same as JSON Feed or Atom, in the language asked for."""
        form, language = request.path_params["form"], hint(request)
        if form not in _FORMS:
            return _missing()
        media_type, make = _FORMS[form]
        body = await self._shelf.made(
            f"{form} {language.value}",
            Reach.PUBLIC,
            lambda warnings, _, publisher: make(warnings, publisher, language),
        )
        return Said(body, media_type).answer(request)

    async def misp(self, request: Request) -> Response:
        """A file of the feed as MISP pulls it; the public one where no reach is named."""
        # Pulled by few, and slow to load: not before somebody asks.
        from bot.feeds.misp import files

        named = request.path_params.get("reach", Reach.PUBLIC.value)
        if named not in set(Reach):
            return _missing()
        reach = Reach(named)
        await self._shelf.admit(request, reach)
        body = (await self._shelf.made("misp", reach, files)).get(request.path_params["name"])
        if body is None:
            return _missing()
        ending = request.path_params["name"].rpartition(".")[2]
        return Said(body, _MISP_TYPES[ending]).answer(request, reach)


def _missing() -> Response:
    return PlainTextResponse("there is nothing here", status_code=404)
