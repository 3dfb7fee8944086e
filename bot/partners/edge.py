"""The edge of the API: what holds for every request under /api/v1 before and after its route, and problems as answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import structlog
from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.partners.guard import HEADERS
from bot.partners.problems import Fault, Problem, Trouble, answered, of_status
from bot.store.transaction import StoreFailed

log = structlog.get_logger()

ROOT = "/api/v1"
# A text of 20,000 letters, written as escapes, is 120 kB.
LARGEST_BODY = 256 * 1024
# Five hundred of the usual length, with room: not five hundred of the longest.
LARGEST_BATCH = 4 * 1024 * 1024
BATCH = f"{ROOT}/check/batch"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# How soon a database that does not answer may be asked for again.
LATER = {"Retry-After": "5"}


class Edge:
    """Middleware: bodies within bounds and JSON, HEAD and OPTIONS for every route, a problem instead of a trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not within(scope["path"]):
            await self._app(scope, receive, send)
            return
        begun = False
        headed = scope["method"] == "HEAD"
        told: dict[str, str] = scope.setdefault(HEADERS, {})

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in told.items():
                    headers.setdefault(name, value)
            elif headed and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            answer = await self._answered(scope, receive, sent)
        except ClientDisconnect:
            return
        except Exception as trouble:
            if begun:
                raise
            answer = _of_failure(scope, trouble)
        if answer is not None:
            await answer(scope, receive, sent)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """Let the application answer; or the answer of the edge itself."""
        if scope["method"] == "OPTIONS":
            return _options(scope)
        if scope["method"] == "HEAD":
            # A scope of its own: the server must go on knowing that no body is to come.
            scope = {**scope, "method": "GET"}
        if refused := _refused(scope):
            return refused
        await self._app(scope, _bounded(receive, largest(scope["path"])), send)
        return None


def within(path: str) -> bool:
    """Whether a path belongs to the API."""
    return path == ROOT or path.startswith(f"{ROOT}/")


def largest(path: str) -> int:
    """How many bytes a body may have."""
    return LARGEST_BATCH if path == BATCH else LARGEST_BODY


def _refused(scope: Scope) -> Response | None:
    """413 or 415 by the head of a request alone."""
    headers = Headers(scope=scope)
    announced = headers.get("content-length", "0")
    most = largest(scope["path"])
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
        return _too_large(most).response
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if scope["method"] == "POST" and kind and not json:
        return answered(
            Trouble.NOT_JSON, "Send `Content-Type: application/json`.", headers={"Accept-Post": "application/json"}
        )
    return None


def _bounded(receive: Receive, most: int) -> Receive:
    """Stops reading as soon as it is too much, whatever was announced."""
    had = 0

    async def bounded() -> Message:
        nonlocal had
        message = await receive()
        had += len(message.get("body", b""))
        if had > most:
            # The one exception that FastAPI passes on while it reads a body.
            raise _Large(413)
        return message

    return bounded


class _Large(HTTPException):
    """The body is larger than may be."""


def _too_large(most: int) -> Problem:
    return Problem(Trouble.TOO_LARGE, f"At most {most // 1024} kB.")


def _options(scope: Scope) -> Response:
    """What may be done here. No other site's page may call us: there is no word of CORS."""
    methods = allowed(scope["app"].router.routes, scope)
    if not methods:
        return answered(Trouble.NOT_FOUND)
    return Response(status_code=204, headers={"Allow": ", ".join([*methods, "OPTIONS"])})


def allowed(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """The methods that some route answers at the path of a request; HEAD wherever there is GET."""
    methods = [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return ["HEAD", *methods] if "GET" in methods else methods


def _of_failure(scope: Scope, trouble: Exception) -> Response:
    if isinstance(trouble, StoreFailed):
        log.error("the API could not reach the database", path=scope["path"], exc_info=trouble)
        return answered(Trouble.UNAVAILABLE, headers=LATER)
    log.error("the API failed", path=scope["path"], kind=type(trouble).__name__, exc_info=trouble)
    return answered(Trouble.BROKEN, "It is written down here, and no fault of yours.")


# --- the application's exceptions -----------------------------------------------------------------------------------------
def install(app: FastAPI) -> None:
    """Put the edge around an application, and have it answer problems."""
    app.add_middleware(Edge)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _problem(request: Request, trouble: Exception) -> Response:
    return cast("Problem", trouble).response


async def _invalid(request: Request, trouble: Exception) -> Response:
    """A clear 422 that never repeats what was sent."""
    errors = trouble.errors() if isinstance(trouble, RequestValidationError) else []
    faults = [Fault(_pointer(each.get("loc", ())), str(each.get("msg", ""))) for each in errors]
    return answered(Trouble.INVALID, "See `errors`.", faults=faults[:50])


def _pointer(place: Sequence[Any]) -> str:
    return "".join(f"/{str(each)[:60]}" for each in place)


async def _http(request: Request, trouble: Exception) -> Response:
    """The application's own refusals: problems under /api/v1, as ever elsewhere."""
    refused = cast("HTTPException", trouble)
    if not within(request.url.path):
        return await http_exception_handler(request, refused)
    headers = dict(refused.headers or {})
    if isinstance(refused, _Large):
        return _too_large(largest(request.url.path)).response
    if refused.status_code == 405:
        methods = allowed(request.app.router.routes, request.scope)
        headers["Allow"] = ", ".join([*methods, "OPTIONS"])
    detail = "" if refused.status_code in (404, 405) else str(refused.detail)
    return answered(of_status(refused.status_code), detail, status=refused.status_code, headers=headers)
