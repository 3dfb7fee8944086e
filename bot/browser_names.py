"""Which browser it is: the web chat's cookie."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from bot.sealing import Seal, SealBroken

COOKIE = "rutan_chat"


class Names:
    """A random name for each browser, in a sealed cookie, so that the conversation goes on; nobody can make one up."""

    def __init__(self, seal: Seal, *, secure: bool) -> None:
        self._seal = seal
        self._secure = secure

    def known(self, request: Request) -> str | None:
        """The name that the browser brings; None when it brings none of ours."""
        with suppress(SealBroken, ValueError):
            name = self._seal.open(request.cookies.get(COOKIE, ""))
            if len(name) == 32 and set(name) <= set("0123456789abcdef"):
                return name
        return None

    def give(self, response: Response, request: Request, name: str) -> Response:
        """The response, with the cookie where the browser has not got it; gone when the browser closes. One that an older
        key sealed is given anew, so that a conversation outlives a change of SECRET_KEY."""
        if self.known(request) != name or not self._seal.is_newest(request.cookies.get(COOKIE, "")):
            # Lax: whoever comes back by a link in LINE finds the conversation where it was. Posts are verified.
            sealed = self._seal.close(name)
            response.set_cookie(COOKIE, sealed, httponly=True, samesite="lax", secure=self._secure)
        return response
