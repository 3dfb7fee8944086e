"""How often one address, and one browser, may ask over HTTP."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from starlette.requests import Request

from bot.pace import Buckets, Purses, Rate

MINUTE = 60.0
# A family, a school, a telephone company's customers share one address; each browser has its own bucket beside it.
CHATS_FOR_EACH_CHECK = 5
# One browser: more than a person types, less than a script sends.
A_BROWSER = Rate(120, 0.5)
# Where several processes count together, so much of a bucket is each one's own: who asks now and then is written down
# nowhere. A flood gains an eighth for each process.
OWN_PART = 8
# And so much is taken from the common bucket at a time, so that one question in many meets the database.
LOTS = 16
_MOST_KEPT = 10_000

T = TypeVar("T")


# An address, or a browser's name, as nobody can read it.
Hidden = Callable[[str], str]


class _Door:
    """One bucket for each who asks: of this process alone, or shared with all others."""

    def __init__(self, kind: str, rate: Rate, seconds: Callable[[], float]) -> None:
        self._kind = kind
        self._rate = rate
        self._seconds = seconds
        self._alone: Buckets[str] = Buckets(rate)
        self._own: Buckets[str] = Buckets(Rate(max(rate.burst // OWN_PART, 1), rate.seconds * OWN_PART))
        self._lot = max(rate.burst // LOTS, 1)
        # Tokens taken from the common bucket and not used yet; and until when it is known to be empty.
        self._at_hand: OrderedDict[str, int] = OrderedDict()
        self._empty_until: OrderedDict[str, float] = OrderedDict()
        self.shared: tuple[Purses, Hidden] | None = None

    async def take(self, who: str) -> float:
        """0.0 when who asks may come in, else in how many seconds."""
        if self.shared is None:
            return self._alone.take(who, self._seconds())
        if self._own.take(who, self._seconds()) == 0.0:
            return 0.0
        if self._at_hand.get(who):
            self._at_hand[who] -= 1
            return 0.0
        if (wait := self._empty_until.get(who, 0.0) - self._seconds()) > 0:
            return wait
        try:
            return await self._from_all(who, *self.shared)
        except ConnectionError:
            return self._alone.take(who, self._seconds())

    async def _from_all(self, who: str, purses: Purses, hidden: Hidden) -> float:
        name = hidden(f"{self._kind} {who}")
        wait = 0.0
        # A whole lot where there is one, else the last few one by one.
        for tokens in sorted({self._lot, 1}, reverse=True):
            wait = await purses.take(name, tokens, self._rate)
            if wait == 0.0:
                _kept(self._at_hand, who, self._at_hand.get(who, 0) + tokens - 1)
                return 0.0
        _kept(self._empty_until, who, self._seconds() + wait)
        return wait


def _kept(memory: OrderedDict[str, T], who: str, value: T) -> None:
    memory[who] = value
    memory.move_to_end(who)
    if len(memory) > _MOST_KEPT:
        memory.popitem(last=False)


class Doors:
    """`per_minute` checks for one address over the API, five times as many in the chat. The buckets are those of this process,
    until it is told to share them."""

    def __init__(self, per_minute: int, seconds: Callable[[], float] = time.monotonic) -> None:
        chats = per_minute * CHATS_FOR_EACH_CHECK
        self._checks = _Door("check", Rate(per_minute, MINUTE / per_minute), seconds)
        self._chats = _Door("chat", Rate(chats, MINUTE / chats), seconds)
        self._browsers = _Door("browser", A_BROWSER, seconds)

    def share(self, purses: Purses, hidden: Hidden) -> None:
        """From now on all processes count together; what they share is named by what `hidden` makes of who asks."""
        for door in (self._checks, self._chats, self._browsers):
            door.shared = (purses, hidden)

    async def check(self, request: Request) -> float:
        """How many seconds an address must wait for its next check; 0.0 when it may ask now."""
        address = asking(request)
        return await self._checks.take(address) if address else 0.0

    async def chat(self, request: Request, browser: str) -> float:
        """The same for a message to the chat."""
        address = asking(request)
        wait = await self._chats.take(address) if address else 0.0
        return wait or await self._browsers.take(browser)


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
