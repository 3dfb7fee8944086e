"""Who may come in: a partner's key, its scopes and its rate. The one door of everything that partners ask for.

As a dependency of FastAPI, which also puts the key into the OpenAPI description:

    Reader = Annotated[Partner, Depends(require(Scope.FEEDS))]

    @router.get("/feeds/partners.json")
    async def feed(partner: Reader) -> ...:

and in a route of Starlette's own:

    partner = await bot.partners.admitted(request, Scope.FEEDS)

Either raises `Problem`, which the application answers as `application/problem+json`: 401 without a key or with one that opens
nothing, 403 where a scope is missing, 429 where the rate is used up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from bot.doors import Doors
from bot.partners import keys
from bot.partners.problems import Problem, Trouble
from bot.partners.scopes import Partner, Refusal, Scope
from bot.store.foundation import Foundation
from bot.store.partners import PartnerBook

__all__ = ["Guard", "Partner", "Problem", "Scope", "require", "visiting"]

MINUTE = timedelta(minutes=1)
# A process takes a twentieth of a minute's rate at a time: few writes, and little is lost to a process that then has rest.
_LOTS = 20
_REALM = 'Bearer realm="rutan"'
# What the edge puts into the answer's head, whatever the answer is.
HEADERS = "rutan.headers"

_WHY = {
    Refusal.UNKNOWN: (Trouble.WRONG_KEY, "No partner has this key."),
    Refusal.EXPIRED: (Trouble.EXPIRED_KEY, "The key has expired: ask for a new one."),
    Refusal.REVOKED: (Trouble.REVOKED_KEY, "The key was revoked."),
}
_bearer = HTTPBearer(
    scheme_name="PartnerKey",
    auto_error=False,
    description="A partner's key, `rtn_…`, as `Authorization: Bearer KEY`. Each operation names the scope that it needs.",
)


@dataclass
class _Purse:
    """What one process has left of a partner's minute, and what all processes had taken when it last looked."""

    minute: str
    left: int = 0
    taken: int = 0


class Guard:
    """Looks at keys, for one process. Nothing of a key is remembered: a revoked one fails at the next request."""

    def __init__(self, foundation: Foundation, doors: Doors) -> None:
        self.book = PartnerBook(foundation)
        self._foundation = foundation
        self._doors = doors
        self._purses: dict[int, _Purse] = {}
        self._used: dict[int, datetime] = {}

    async def admitted(self, request: Request, *scopes: Scope, cost: int = 1) -> Partner:
        """The partner who asks, with all of these scopes; `cost` is taken off their rate. Raises Problem."""
        partner = await self.visitor(request)
        if partner is None:
            raise await self._no_key(request)
        missing = [each.value for each in Scope if each in scopes and not partner.may(each)]
        if missing:
            names = " ".join(missing)
            asked = f'{_REALM}, error="insufficient_scope", scope="{names}"'
            raise Problem(Trouble.NO_SCOPE, f"The key lacks: {names}.", headers={"WWW-Authenticate": asked})
        if cost:
            await self.charge(request, partner, cost)
        return partner

    async def visitor(self, request: Request) -> Partner | None:
        """Whose key came along, None where there is none; takes nothing off the rate. Raises Problem for a wrong one."""
        said = request.headers.get("authorization")
        if said is None:
            return None
        scheme, _, key = said.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not keys.whole(key):
            raise await self._refused(request, Refusal.UNKNOWN)
        found = await self.book.of_key(key)
        if isinstance(found, Refusal):
            raise await self._refused(request, found)
        await self._use(found)
        return found

    async def _use(self, partner: Partner) -> None:
        """Write down that a key was used: once a minute, for a write with each request would help nobody."""
        now = self._foundation.now()
        last = self._used.get(partner.key)
        if last is None or now - last >= MINUTE:
            self._used[partner.key] = now
            await self.book.used(partner)

    async def _no_key(self, request: Request) -> Problem:
        await self._slow_down(request)
        detail = "Send your key as `Authorization: Bearer KEY`."
        return Problem(Trouble.NO_KEY, detail, headers={"WWW-Authenticate": _REALM})

    async def _refused(self, request: Request, why: Refusal) -> Problem:
        await self._slow_down(request)
        trouble, detail = _WHY[why]
        asked = f'{_REALM}, error="invalid_token", error_description="{detail}"'
        return Problem(trouble, detail, headers={"WWW-Authenticate": asked})

    async def _slow_down(self, request: Request) -> None:
        """Whoever tries keys is soon asked to wait, like everybody who asks too often without one."""
        if wait := await self._doors.check(request):
            seconds = max(1, round(wait + 0.5))
            detail = f"Too many requests without a key from this address. Try again in {seconds} s."
            raise Problem(Trouble.TOO_FAST, detail, headers={"Retry-After": str(seconds)})

    # The rate

    async def charge(self, request: Request, partner: Partner, cost: int) -> None:
        """Take this off the partner's minute. Raises Problem where so much is not left."""
        now = self._foundation.now()
        purse = self._purse(partner, now.strftime("%Y-%m-%dT%H:%M"))
        while purse.left < cost and await self._draw(partner, purse, cost):
            # Drawn; where another request was quicker, once more.
            continue
        enough = purse.left >= cost
        purse.left -= cost if enough else 0
        reset = max(1, 60 - now.second)
        left = max(0, partner.rate - purse.taken) + purse.left
        told = {
            "RateLimit-Policy": f'"partner";q={partner.rate};w=60',
            "RateLimit": f'"partner";r={left};t={reset}',
        }
        request.scope.setdefault(HEADERS, {}).update(told)
        if not enough:
            detail = f"The rate of {partner.rate} in a minute is used up. Try again in {reset} s."
            raise Problem(Trouble.TOO_FAST, detail, headers={"Retry-After": str(reset), **told})

    def _purse(self, partner: Partner, minute: str) -> _Purse:
        purse = self._purses.get(partner.id)
        if purse is None or purse.minute != minute:
            purse = self._purses[partner.id] = _Purse(minute)
        return purse

    async def _draw(self, partner: Partner, purse: _Purse, cost: int) -> bool:
        """Fetch what is missing, and for as long as there is enough some more, so that not each request writes; False where
        so much is not left."""
        missing = cost - purse.left
        for lot in sorted({max(missing, partner.rate // _LOTS), missing}, reverse=True):
            taken = await self.book.take(partner, lot, purse.minute)
            if taken is not None:
                purse.left += lot
                purse.taken = taken
                return True
        purse.taken = partner.rate
        return False


Dependency = Callable[..., Awaitable[Partner]]


def require(*scopes: Scope) -> Dependency:
    """A dependency that gives the partner who asks. Raises Problem: see above. One request costs one of the rate."""

    async def admitted(request: Request, key: _Key) -> Partner:
        return await of(request).admitted(request, *scopes)

    return admitted


async def visiting(request: Request, key: _Key) -> Partner | None:
    """A dependency that gives the partner where a key came along, None for the public; raises Problem for a wrong key."""
    return await of(request).visitor(request)


def of(request: Request) -> Guard:
    """The guard of the bot that answers this request."""
    return cast("Guard", request.app.state.bot.partners)


# For the description of the API alone: the guard reads the header itself, so that a wrong scheme is told from no key.
_Key = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
