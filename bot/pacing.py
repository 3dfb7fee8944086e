"""Who sends very much waits for each answer; who is in need never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.lines import Key, Line, within
from bot.pace import Buckets, Rate
from bot.store.transaction import StoreFailed
from handlers.conversation import SILENT
from handlers.limits import LimitKind, in_need
from handlers.messages import Address, ChatKind
from handlers.ports import Ports

log = structlog.get_logger()

# A lively talk never gets there: sixty answers at once, then one every two seconds. Several forwards are one answer.
PACE = Rate(60, 2.0)
# Whom an official slowed down waits so long for each answer; for the first few in a row nobody asks who it is.
SLOWED_SECONDS = 10.0
SELDOM = 3


class Pacing:
    """The pace of each person. `makes_room` is called when a line begins to wait: it takes no room from others then."""

    def __init__(self, ports: Ports, makes_room: Callable[[], None], stopping: asyncio.Event) -> None:
        self._ports = ports
        self._makes_room = makes_room
        self._stopping = stopping
        self._buckets: Buckets[Key] = Buckets(PACE)
        self.waiting: list[Line] = []
        self.slowed_seconds = SLOWED_SECONDS

    async def wait(self, key: Key, line: Line) -> bool:
        """Wait as long as somebody must who sends very much; whether they are to be told. What comes meanwhile waits in line
        and is gathered as ever. Nobody waits who has lost money, and no group does: there we mostly are silent."""
        address = line.messages[0].message.address
        if address.kind is ChatKind.GROUP or line.messages[0].message.kind in SILENT:
            return False
        loop = asyncio.get_running_loop()
        wait = self._buckets.borrow(key, loop.time())
        if self._buckets.taken(key) > SELDOM and await self._is_slowed(address):
            wait = max(wait, self.slowed_seconds)
        if not wait or self._somebody_in_need(line):
            return False
        due = loop.time() + min(wait, self.slowed_seconds)
        line.paced = True
        self.waiting.append(line)
        self._makes_room()
        try:
            while (left := due - loop.time()) > 0 and not self._stopping.is_set() and not self._somebody_in_need(line):
                line.arrived.clear()
                await within(line.arrived, left)
        finally:
            self.waiting.remove(line)
        return self._buckets.first_time(key)

    async def _is_slowed(self, address: Address) -> bool:
        try:
            limit = await self._ports.store.limit(address)
        except StoreFailed as trouble:
            log.error("could not ask for a limit", exc_info=trouble)
            return False
        return limit is not None and limit.kind is LimitKind.SLOWED

    def _somebody_in_need(self, line: Line) -> bool:
        return any(in_need(each.message, self._ports.knowledge.words) for each in line.messages)
