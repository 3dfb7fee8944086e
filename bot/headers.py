"""What every answer of the house tells a browser, whichever route it comes from, faults and refusals included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What holds where a page says nothing of its own: such an answer is data, and asks a browser to run, load or send nothing.
USUAL: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
# A year, as the lists of browsers ask.
ONLY_HTTPS = "max-age=31536000"


class Application(FastAPI):
    """FastAPI, with the headers of the house around all of it: its own answers to faults too."""

    def __init__(self, public_url: str, **given: Any) -> None:
        super().__init__(**given)
        usual = dict(USUAL)
        if public_url.startswith("https://"):
            usual["Strict-Transport-Security"] = ONLY_HTTPS
        self._usual = usual

    def build_middleware_stack(self) -> ASGIApp:
        return Headed(super().build_middleware_stack(), self._usual)


class Headed:
    """An application whose every answer has these headers, unless it has set them itself."""

    def __init__(self, inner: ASGIApp, headers: Mapping[str, str]) -> None:
        self._inner = inner
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    told.setdefault(name, value)
                if "location" in told:
                    told["location"] = _within(told["location"], scope)
            await send(message)

        await self._inner(scope, receive, headed)


def _within(location: str, scope: Scope) -> str:
    """Where a redirect leads, without what the request called us: that may be anybody's address."""
    called = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    scheme, between, rest = location.partition("://")
    if not called or scheme not in ("http", "https") or not between or not rest.startswith(f"{called}/"):
        return location
    return "/" + rest.removeprefix(f"{called}/").lstrip("/\\")
