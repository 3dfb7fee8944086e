"""The routes that the platforms and operators call: webhooks, health, metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import line, payload, telegram
from bot.running import Running
from bot.store.room import may_come_again
from bot.store.transaction import StoreBusy, StoreFailed
from handlers.messages import Message, Platform

log = structlog.get_logger()

# A webhook is a few kilobytes; whatever is larger is not from a platform.
LARGEST_BODY = 1024 * 1024


class TooLarge(Exception):
    """The body is over 1 MiB."""


class Doorway:
    """An application whose every request may be refused where too many wait for the database already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with may_come_again(scope["type"] == "http"):
            await self._app(scope, receive, send)


async def whole_body(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """The raw body; stops reading as soon as it is too large. Raises TooLarge."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > largest:
        raise TooLarge
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise TooLarge
    return bytes(body)


def routes(bot: Running) -> list[Route]:
    """The routes of one running bot."""

    async def line_webhook(request: Request) -> Response:
        secrets = bot.settings.line_secrets()
        if not secrets:
            return _off(Platform.LINE)
        return await receive(
            request,
            bot,
            Platform.LINE,
            lambda body: any(line.verify(body, request.headers.get("x-line-signature"), each) for each in secrets),
            lambda parsed: line.read(parsed, bot.ports.clock.now()),
        )

    async def telegram_webhook(request: Request) -> Response:
        secrets = bot.settings.telegram_secrets()
        if not secrets or not bot.settings.telegram_on:
            return _off(Platform.TELEGRAM)
        header = request.headers.get("x-telegram-bot-api-secret-token")
        return await receive(
            request,
            bot,
            Platform.TELEGRAM,
            lambda body: any(telegram.verify(header, each) for each in secrets),
            lambda parsed: telegram.read(parsed, bot.telegram_name, bot.ports.clock.now()),
        )

    return [
        Route("/webhooks/line", line_webhook, methods=["POST"]),
        Route("/webhooks/telegram", telegram_webhook, methods=["POST"]),
        *inside(bot),
    ]


def inside(bot: Running) -> list[Route]:
    """The routes for whoever looks after the house: how it is, and its figures."""

    async def live(request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(request: Request) -> Response:
        state = await bot.readiness()
        return JSONResponse(state, status_code=200 if all(state.values()) else 503)

    async def metrics(request: Request) -> Response:
        return Response(await bot.measured(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", metrics),
    ]


async def receive(
    request: Request,
    bot: Running,
    platform: Platform,
    verified: Callable[[bytes], bool],
    read: Callable[[dict[str, Any]], list[Message]],
) -> Response:
    """Verify, read, write into the inbox, 200: the same for every platform. No work is done before the answer."""
    try:
        body = await whole_body(request)
    except TooLarge:
        return _refused(bot, platform, 413, "the body is over 1 MiB")
    except ClientDisconnect:
        return _refused(bot, platform, 400, "the connection broke")
    if not verified(body):
        return _refused(bot, platform, 401, "the signature is missing or wrong")
    try:
        parsed = payload.loaded(body)
    except ValueError:
        return _refused(bot, platform, 400, "the body is not JSON")
    if not isinstance(parsed, dict):
        return _refused(bot, platform, 400, "the body is not a JSON object")
    try:
        with bot.metrics.webhook_seconds.labels(platform.value).time():
            await bot.accept(read(parsed))
    except StoreFailed as trouble:
        # Not kept, so not acknowledged: the platform will bring it again.
        busy = isinstance(trouble, StoreBusy)
        why = "too many wait for the database" if busy else "the database does not answer"
        return _refused(bot, platform, 503, why)
    return PlainTextResponse("ok")


def _refused(bot: Running, platform: Platform, status: int, why: str) -> Response:
    bot.metrics.refused.labels(platform.value, str(status)).inc()
    log.warning("webhook refused", platform=platform.value, status=status, why=why)
    return PlainTextResponse(why, status_code=status)


def _off(platform: Platform) -> Response:
    return PlainTextResponse(f"{platform.value} is off: its settings are not given", status_code=404)
