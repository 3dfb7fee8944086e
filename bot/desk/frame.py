"""What every page of the desk stands on: who may see it, what a form must prove, and how a page is drawn.

A page's module has `add(desk)`, and in it

    @desk.page("/queue", role=Role.READER, nav="nav.queue")
    async def queue(request: Request, official: Official) -> Response:
        return desk.draw("queue.html", request, official, cases=...)

Paths are written without the leading `/desk`. Whoever is not signed in is sent to the door; whoever may not hears 403
and nothing else; every POST has proved where it comes from before the handler runs. A handler raises `Refused` to show
a page that says why.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import structlog
from markupsafe import Markup
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from bot.desk import labels
from bot.desk.drawing import environment
from bot.desk.forms import HOME, Form, Refused, asked_for, fields_of, from_our_page, own_path
from bot.running import Running
from bot.sealing import SealBroken
from bot.store.doorkeeping import Doorkeeping, Visit
from bot.store.officials import Officials
from bot.store.transaction import StoreFailed
from bot.webchat import SECURITY, Static, hint
from content.models import Language
from handlers.officials import Official, Role

__all__ = ["DOOR", "HOME", "Desk", "Form", "Page", "Refused", "own_path"]

log = structlog.get_logger()

HERE = Path(__file__).parent
DOOR = "/desk/sign-in"
FLASH = "rutan_desk_flash"
DOOR_COOKIE = "rutan_desk_door"
# Beside those of the web chat: nothing of these pages is for other sites, for search engines, or for the browser's devices.
STRICT = {
    **SECURITY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
ONE_YEAR = "max-age=31536000"

Handler = Callable[[Request, Official], Awaitable[Response]]
OpenHandler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """One page: `path` as the world sees it. `role` None: for whoever stands at the door."""

    path: str
    method: str
    role: Role | None
    handler: Callable[..., Awaitable[Response]]


@dataclass(frozen=True)
class Place:
    """A place in the navigation."""

    path: str
    label: str
    role: Role


class Desk:
    """The pages of one running bot. `demo`: its data are invented, and every page says so."""

    def __init__(self, bot: Running, *, demo: bool = False) -> None:
        self.bot = bot
        self.demo = demo
        self.officials = Officials(bot.store.foundation)
        self.doorkeeping = Doorkeeping(self.officials)
        self.labels = labels.load()
        self.secure = bot.settings.public_url.startswith("https://")
        # With the prefix a browser takes the cookie from this host alone, and only over https.
        self.cookie = "__Host-rutan_desk" if self.secure else "rutan_desk"
        self._pages: dict[str, dict[str, Page]] = {}
        self._places: list[Place] = []
        self._templates = environment(bot.settings.timezone)

    @property
    def pages(self) -> Sequence[Page]:
        """Every page and form there is, with the role that it asks for."""
        return [page for by_method in self._pages.values() for page in by_method.values()]

    # Registering

    def page(
        self, path: str, role: Role = Role.READER, methods: Sequence[str] = ("GET",), *, nav: str = ""
    ) -> Callable[[Handler], Handler]:
        """Register a handler for `/desk` + `path`, for officials of this role and above; `nav` is the label of its
        place in the navigation. A POST is always checked (see `form`) before the handler runs."""

        def register(handler: Handler) -> Handler:
            self._add(path, role, methods, handler)
            if nav:
                self._places.append(Place(HOME + path.rstrip("/"), nav, role))
            return handler

        return register

    def open_page(self, path: str, methods: Sequence[str] = ("GET",)) -> Callable[[OpenHandler], OpenHandler]:
        """Register a handler for whoever is not signed in: `async def handler(request) -> Response`."""

        def register(handler: OpenHandler) -> OpenHandler:
            self._add(path, None, methods, handler)
            return handler

        return register

    def _add(
        self, path: str, role: Role | None, methods: Sequence[str], handler: Callable[..., Awaitable[Response]]
    ) -> None:
        whole = HOME + path.rstrip("/")
        by_method = self._pages.setdefault(whole, {})
        for method in methods:
            if method in by_method:
                raise ValueError(f"{method} {whole} is there twice")
            by_method[method] = Page(whole, method, role, handler)

    def routes(self) -> list[BaseRoute]:
        """For the application, in order; what is not a page of ours ends at the desk's own 404."""
        # What has a name stands before what has a {hole} in the same place: /case/new before /case/{id}.
        paths = sorted(self._pages, key=lambda path: [("{" in part, part) for part in path.split("/")])
        return [
            Mount("/desk/static", Static(directory=HERE / "static")),
            *(Route(path, _Door(self, path)) for path in paths),
            Route("/desk/{rest:path}", _Door(self, "")),
            *([] if HOME in self._pages else [Route(HOME, _Door(self, ""))]),
        ]

    # Answering

    async def answer(self, path: str, request: Request) -> Response:
        """What a browser gets; with every header of ours, whatever it is."""
        try:
            response = await self._answer(path, request)
        except ClientDisconnect:
            response = Response(status_code=400)
        for name, value in STRICT.items():
            response.headers.setdefault(name, value)
        if self.secure:
            response.headers["Strict-Transport-Security"] = ONE_YEAR
        return response

    async def _answer(self, path: str, request: Request) -> Response:
        official: Official | None = None
        try:
            page = self._page(path, request.method)
            if isinstance(page, Page) and page.role is None:
                return await self._open(page, request)
            visit = await self.visit(request)
            if visit is None:
                return await self._to_the_door(request)
            official = visit.official
            request.state.session = visit.session
            if page is None:
                raise Refused(404 if path not in self._pages else 405)
            if not official.role.may(page.role or Role.READER):
                raise Refused(403)
            if request.method == "POST":
                await self.form(request)
            return await page.handler(request, official)
        except Refused as refused:
            return self._refusal(request, official, refused)
        except StoreFailed as trouble:
            log.error("the desk could not reach the database", exc_info=trouble)
            return self._refusal(request, official, Refused(503))
        except ClientDisconnect:
            raise
        except Exception as trouble:
            log.error("a page of the desk failed", page=path, exc_info=trouble)
            return self._refusal(request, official, Refused(500))

    async def _open(self, page: Page, request: Request) -> Response:
        if request.method == "POST":
            await self.form(request)
        return await page.handler(request)

    def _page(self, path: str, method: str) -> Page | None:
        return self._pages.get(path, {}).get("GET" if method == "HEAD" else method)

    async def visit(self, request: Request) -> Visit | None:
        """Who is signed in, in this browser."""
        token = request.cookies.get(self.cookie, "")
        return await self.doorkeeping.visit(token) if token else None

    async def _to_the_door(self, request: Request) -> Response:
        """Sign in first. What somebody wrote while their session ended is shown to them, so that it is not lost."""
        if request.method == "POST":
            written = await self._written(request)
            return self.draw("signed_out.html", request, None, status=401, written=written)
        wanted = asked_for(request)
        asked = "" if wanted == HOME else f"?{urlencode({'next': wanted})}"
        return RedirectResponse(DOOR + asked, status_code=303)

    async def _written(self, request: Request) -> list[str]:
        if not from_our_page(request, self.bot.settings.public_url):
            raise Refused(403, "refused.form")
        fields = await fields_of(request)
        secret = ("csrf", "password", "again", "code", "old")
        return [value for name, value in fields.items() if name not in secret and len(value) > 20]

    def _refusal(self, request: Request, official: Official | None, refused: Refused) -> Response:
        why = refused.why if refused.why in self.labels else "refused.400"
        return self.draw("refused.html", request, official, status=refused.status, why=why)

    # Forms

    async def form(self, request: Request) -> Form:
        """The form of a POST, once it has proved that it comes from our own page. Raises Refused: 403 (another site, no
        or an old proof), 413 (too large), 415 (another kind), 400 (too many fields)."""
        with suppress(AttributeError):
            known: Form = request.state.form
            return known
        if not from_our_page(request, self.bot.settings.public_url):
            raise Refused(403, "refused.form")
        fields = await fields_of(request)
        proof = self._proof(request, signed_in=hasattr(request.state, "session"))
        if not hmac.compare_digest(fields.get("csrf", "").encode(), proof.encode()):
            raise Refused(403, "refused.form")
        request.state.form = fields
        return fields

    def _proof(self, request: Request, *, signed_in: bool) -> str:
        """What a form of this browser carries: of no use in another session, nor before and after signing in."""
        cookie = request.cookies.get(self.cookie if signed_in else DOOR_COOKIE)
        # Who has no cookie of ours can have no form of ours.
        return self.officials.hash("csrf", cookie or secrets.token_hex(16))

    # Drawing

    def draw(
        self, template: str, request: Request, official: Official | None, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page of `templates/`, in the official's language (at the door: the browser's). Beside `values` it gets
        `t(label, name=…)`, `official`, `may("editor")`, `csrf` (to stand in every form), `language`, `path`, and the
        filters `when`, `day`, `number`, `defang`. Everything is escaped; nothing in the page may be inline."""
        language = official.language if official else hint(request)
        door = "" if official else request.cookies.get(DOOR_COOKIE) or secrets.token_urlsafe(24)
        proof = self._proof(request, signed_in=True) if official else self.officials.hash("csrf", door)
        flash, flashed = self._flash(request)
        drawn = self._templates.get_template(template).render(
            {
                "official": official,
                "language": language,
                "t": lambda key, **given: self.labels.say(key, language, **given),
                "may": lambda role: official is not None and official.role.may(Role(role)),
                "csrf": Markup('<input type="hidden" name="csrf" value="{}">').format(proof),
                "nav": self._nav(request, official),
                "flash": self.labels.say(flash, language, **flashed) if flash else "",
                "demo": self.demo,
                "path": request.url.path,
                "whole_path": asked_for(request),
                "in_language": lambda other: _in_language(request, other),
                **values,
            }
        )
        response = HTMLResponse(drawn, status_code=status)
        if not official and request.cookies.get(DOOR_COOKIE) != door:
            self.give_cookie(response, DOOR_COOKIE, door)
        if FLASH in request.cookies:
            response.delete_cookie(FLASH, path=HOME, secure=self.secure, httponly=True, samesite="strict")
        return response

    def redirect(self, path: str, flash: str = "", **values: str | int) -> Response:
        """Go on to a path of the desk (with the leading `/desk`); the next page says the label `flash` once."""
        response = RedirectResponse(quote(own_path(path), safe="/?&=%+:,@!~"), status_code=303)
        if flash:
            said = self.officials.foundation.seal.close(json.dumps([flash, values]))
            self.give_cookie(response, FLASH, said)
        return response

    def give_cookie(
        self, response: Response, name: str, value: str, *, path: str = HOME, seconds: int | None = None
    ) -> None:
        """A cookie that no script reads and no other site sends; until the browser closes, or for so long."""
        response.set_cookie(
            name, value, max_age=seconds, path=path, httponly=True, samesite="strict", secure=self.secure
        )

    def _flash(self, request: Request) -> tuple[str, dict[str, str | int]]:
        with suppress(SealBroken, ValueError, TypeError):
            label, values = json.loads(self.officials.foundation.seal.open(request.cookies.get(FLASH, "")))
            if label in self.labels:
                return label, values
        return "", {}

    def _nav(self, request: Request, official: Official | None) -> list[dict[str, object]]:
        """The places that this official may go to; `here` is the one that the page belongs to."""
        open_to = [place for place in self._places if official and official.role.may(place.role)]
        path = request.url.path
        within = [p.path for p in open_to if path == p.path or (p.path != HOME and path.startswith(p.path + "/"))]
        here = max(within, key=len, default="")
        return [{"path": place.path, "label": place.label, "here": place.path == here} for place in open_to]


class _Door:
    """One path of the desk as an application of its own, so that every method, known or not, is ours to answer."""

    def __init__(self, desk: Desk, path: str) -> None:
        self._desk = desk
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await self._desk.answer(self._path, request)
        await response(scope, receive, send)


def _in_language(request: Request, other: str) -> str:
    """This page at the door, in another language."""
    kept: Mapping[str, str] = {name: value for name, value in request.query_params.items() if name != "lang"}
    return f"{request.url.path}?{urlencode({**kept, 'lang': Language(other).value})}"
