"""`rutan demo`: the same server over three invented months, so that a visitor sees every page alive. A banner says so on each."""

from __future__ import annotations

import hmac
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import logs
from bot.app import build
from bot.demo_nobody import Nobody
from bot.demo_people import OFFICIALS
from bot.demo_stage import MovingClock, Stage
from bot.demo_story import Story
from bot.desk.frame import HOME, Desk
from bot.live_knowledge import shipped
from bot.running import SystemClock
from bot.settings import Settings
from bot.store.store import SqlStore
from handlers.messages import Platform
from handlers.officials import Official, Role

log = structlog.get_logger()

BANNER = (
    '<p class="demo" role="note"><strong>สาธิต: ข้อมูลทั้งหมดแต่งขึ้น · '
    '<span lang="en">Demonstration: all data are invented</span></strong></p>'
)


def settings_of(folder: Path, host: str, port: int) -> Settings:
    """The settings of a demonstration: a database of its own, and no platform that anybody could be reached by."""
    values: dict[str, object] = {
        "database_url": f"sqlite:///{folder}/demo.db",
        "host": host,
        "port": port,
        "public_url": f"http://{host}:{port}",
        "secret_key": secrets.token_urlsafe(32),
        "line_channel_secret": None,
        "line_channel_access_token": None,
        "telegram_bot_token": None,
        "telegram_webhook_secret": None,
        "log_level": "warning",
    }
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


async def invent(settings: Settings, until: datetime | None = None) -> dict[Role, Official]:
    """Fill the database of these settings with the story, which ends now or `until`; the officials in it, by role."""
    end = until or SystemClock().now()
    store = SqlStore.open(settings.database_url, settings.keys(), MovingClock(end), settings.timezone)
    try:
        return await Story(Stage.of(store, shipped(), settings, end)).tell()
    finally:
        store.close()


def demonstration(settings: Settings, people: dict[Role, Official], key: str) -> FastAPI:
    """The application of a demonstration; `/demo/KEY/ROLE` signs a visitor in."""
    app = build(settings, demo=True)
    opened = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(app):
            # What a visitor decides is told to people who are not there: it leaves, and lies nowhere waiting.
            app.state.bot.ports.senders = {Platform.LINE: Nobody(), Platform.TELEGRAM: Nobody()}
            yield

    async def sign_in(request: Request) -> Response:
        role = request.path_params["role"]
        if not hmac.compare_digest(request.path_params["key"].encode(), key.encode()) or role not in set(Role):
            return PlainTextResponse("not found", status_code=404)
        desk: Desk = app.state.desk
        entry = await desk.doorkeeping.begin(people[Role(role)], "demo")
        response = RedirectResponse(HOME, status_code=303)
        desk.give_cookie(response, desk.cookie, entry.token)
        return response

    app.router.lifespan_context = lifespan
    app.router.routes.append(Route("/demo/{key}/{role}", sign_in))
    app.add_middleware(Bannered)
    return app


class Bannered:
    """Puts the banner at the top of every page that has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def look(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start and message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _send_page(start, with_banner(bytes(body)), send)
            else:
                await send(message)

        await self._app(scope, receive, look)


def with_banner(page: bytes) -> bytes:
    """The page with the banner under its `<body>`; as it is where it has one, or is only a part of a page."""
    return page if b'class="demo"' in page else page.replace(b"<body>", b"<body>" + BANNER.encode(), 1)


def _is_page(message: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"])


async def _send_page(start: Message, page: bytes, send: Send) -> None:
    kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send({**start, "headers": [*kept, (b"content-length", str(len(page)).encode())]})
    await send({"type": "http.response.body", "body": page})


@asynccontextmanager
async def prepared(host: str, port: int) -> AsyncIterator[tuple[FastAPI, Settings, str]]:
    """A demonstration that is ready to be served, its settings and its key. Its database goes with it."""
    with tempfile.TemporaryDirectory(prefix="rutan-demo-") as folder:
        settings = settings_of(Path(folder), host, port)
        logs.set_up(settings)
        key = secrets.token_urlsafe(12)
        yield demonstration(settings, await invent(settings), key), settings, key


def links(settings: Settings, key: str) -> dict[Role, str]:
    """The links that sign a visitor in, by role."""
    return {role: f"{settings.public_url}/demo/{key}/{role.value}" for role in OFFICIALS}


async def serve(host: str, port: int) -> None:
    """Invent, say where to look, and serve until stopped."""
    _say("Inventing three months… / กำลังแต่งข้อมูลสามเดือน…")
    async with prepared(host, port) as (app, settings, key):
        _say(f"Chat / แชต:            {settings.public_url}/")
        _say(f"Scorecard / ผลงาน:     {settings.public_url}/score")
        for role, link in links(settings, key).items():
            _say(f"Desk / โต๊ะ ({role.value}): {link}")
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        await server.serve()


def _say(line: str) -> None:
    import click

    click.echo(line)
