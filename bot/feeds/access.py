"""Who may read which reach of the feed, and how its readers are answered."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from bot.feeds.campaigns import Confirmed, Publisher, Reach, Warnings
from bot.feeds.stix import Memo, Thing, things
from bot.partners.guard import Scope
from bot.running import Running

T = TypeVar("T")

SCOPES = {
    Reach.PUBLIC: (),
    Reach.PARTNERS: (Scope.FEEDS,),
    Reach.AGENCIES: (Scope.FEEDS, Scope.IDENTIFIERS),
}
# Asked for anew each time, and answered in a few bytes where nothing has changed: a revocation waits for no cache.
FRESH = "no-cache"


class Shelf:
    """The feed of one running bot: the warnings, and what was made of them for as long as they stand."""

    def __init__(self, bot: Running) -> None:
        self._bot = bot
        self.publisher = Publisher.of(bot.settings)
        self.confirmed = Confirmed(bot.store.foundation, lambda: bot.ports.knowledge, self.publisher)
        self._made: dict[tuple[str, Reach], tuple[Warnings, object]] = {}
        self._making: defaultdict[tuple[str, Reach], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._memos: dict[Reach, Memo] = {each: {} for each in Reach}

    async def may(self, request: Request) -> Reach:
        """How far whoever asks may read; a key that opens nothing of the feed reads what is public. Raises Problem."""
        partner = await self._bot.partners.visitor(bearing(request))
        if partner is None or not partner.may(Scope.FEEDS):
            return Reach.PUBLIC
        return Reach.AGENCIES if partner.may(Scope.IDENTIFIERS) else Reach.PARTNERS

    async def admit(self, request: Request, reach: Reach) -> None:
        """Let in whoever may read this. Raises Problem: 401, 403, 429."""
        if scopes := SCOPES[reach]:
            await self._bot.partners.admitted(bearing(request), *scopes)

    async def made(self, what: str, reach: Reach, make: Callable[[Warnings, Reach, Publisher], T]) -> T:
        """What `make` makes of the warnings as they stand, beside the loop, and once for as long as nothing changes."""
        warnings = await self.confirmed.warnings()
        async with self._making[what, reach]:
            kept = self._made.get((what, reach))
            if kept is None or kept[0] is not warnings:
                made = await asyncio.to_thread(make, warnings, reach, self.publisher)
                kept = self._made[what, reach] = (warnings, made)
        found: T = kept[1]  # type: ignore[assignment]
        return found

    def things(self, warnings: Warnings, reach: Reach, publisher: Publisher) -> Sequence[Thing]:
        """The STIX objects, for `made`: what has not changed is not made again."""
        return things(warnings, reach, publisher, self._memos[reach])


def bearing(request: Request) -> Request:
    """The request, with a key that came as a password (HTTP Basic, whatever the user's name) as if it had come as a bearer's:
    most programs that read TAXII and MISP feeds know no other way to send one."""
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request
    try:
        key = base64.b64decode(said.strip(), validate=True).decode("ascii").partition(":")[2]
    except ValueError:
        key = ""
    others = [(name, value) for name, value in request.scope["headers"] if name.lower() != b"authorization"]
    request.scope["headers"] = [*others, (b"authorization", f"Bearer {key}".encode())]
    return Request(request.scope, request.receive)


@dataclass(frozen=True)
class Said:
    """A document of the feed and the media type that it is sent as."""

    body: bytes
    media_type: str

    def answer(self, request: Request, reach: Reach = Reach.PUBLIC) -> Response:
        """The document, or "nothing has changed" to whoever has it already."""
        tag = f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'
        kept = "public" if reach is Reach.PUBLIC else "private"
        headers = {"ETag": tag, "Cache-Control": f"{kept}, {FRESH}"}
        asked = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
        if tag in asked or "*" in asked:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)
