"""How often one address, and one browser, may ask over HTTP."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.pace import Buckets, Rate

MINUTE = 60.0
# A family, a school, a telephone company's customers share one address; each browser has its own bucket beside it.
CHATS_FOR_EACH_CHECK = 5
# One browser: more than a person types, less than a script sends.
A_BROWSER = Rate(120, 0.5)


class Doors:
    """The buckets of one process. `per_minute` checks for one address over the API, five times as many in the chat."""

    def __init__(self, per_minute: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._checks: Buckets[str] = Buckets(Rate(per_minute, MINUTE / per_minute))
        chats = per_minute * CHATS_FOR_EACH_CHECK
        self._chats: Buckets[str] = Buckets(Rate(chats, MINUTE / chats))
        self._browsers: Buckets[str] = Buckets(A_BROWSER)

    def check(self, request: Request) -> float:
        """How many seconds an address must wait for its next check; 0.0 when it may ask now."""
        address = asking(request)
        return self._checks.take(address, self._seconds()) if address else 0.0

    def chat(self, request: Request, browser: str) -> float:
        """The same for a message to the chat."""
        address = asking(request)
        wait = self._chats.take(address, self._seconds()) if address else 0.0
        return wait or self._browsers.take(browser, self._seconds())


def asking(request: Request) -> str:
    """Who asks: an address, for IPv6 the network that one household gets; "" for this machine itself, which has no limit.

    Behind a proxy on this machine the server has put in the address that the proxy names.
    """
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if address.is_loopback:
        return ""
    return str(IPv6Address(int(address) >> 64 << 64)) if isinstance(address, IPv6Address) else str(address)


def too_fast(seconds: float) -> JSONResponse:
    """429 as RFC 9457 has it."""
    wait = math.ceil(seconds)
    problem = {
        "type": "about:blank",
        "title": "Too many requests",
        "status": 429,
        "detail": f"Too many checks from this address. Try again in {wait} s.",
    }
    headers = {"Retry-After": str(wait)}
    return JSONResponse(problem, status_code=429, headers=headers, media_type="application/problem+json")
