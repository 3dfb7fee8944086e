"""Budgets that all processes share, in one row each: what a platform takes in a second, and what one address may ask.

A row holds the moment from which the next is free, by the server's clock (GCRA: a bucket of tokens told as a moment). Taking from
it is one statement on a connection of its own, a transaction by itself in read committed and not waited for until it is on the
disk: what a power cut forgets of it is a fraction of a second. It never meets the store's own writes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import structlog

from bot.pace import OwnSlots, Rate
from bot.store import own_line
from bot.store.own_line import OwnLine, asked

log = structlog.get_logger()

# A row that is so much further ahead than anybody may reserve was written before the server's clock was set back.
_FURTHER = 60.0
# `taken` is worth so many seconds; who would have to wait more than `longest` gets nothing.
_TAKE = """
insert into budgets as budget (name, free_at)
values (%(name)s, extract(epoch from clock_timestamp()) + %(taken)s)
on conflict (name) do update set free_at = case
    when budget.free_at > excluded.free_at - %(taken)s and budget.free_at <= excluded.free_at + %(farthest)s
    then budget.free_at + %(taken)s
    else excluded.free_at
end
where budget.free_at <= excluded.free_at - %(taken)s + %(longest)s
   or budget.free_at > excluded.free_at + %(farthest)s
returning free_at - %(taken)s - extract(epoch from clock_timestamp()) as begins_in
"""
_AHEAD = "select free_at - extract(epoch from clock_timestamp()) as ahead from budgets where name = %(name)s"
# While the server is away it is tried again so often, and nobody waits for it meanwhile.
AGAIN_AFTER = 2.0
# Then each process keeps to its share, as if there were so many.
SHARES = 4


class Till:
    """The one connection over which a process takes from budgets. Opened when first needed; `close` before the end."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._stack = AsyncExitStack()
        self._line: OwnLine | None = None
        self._one_at_a_time = asyncio.Lock()
        self._away_until = 0.0

    async def take(self, name: str, taken: float, longest: float) -> float | None:
        """In how many seconds what was taken begins (0 or less: now); None where nothing was taken, for that is more than `longest`.
        Raises ConnectionError where the server does not answer."""
        values: dict[str, object] = {"name": name, "taken": taken, "longest": longest, "farthest": longest + _FURTHER}
        row = await self._ask(_TAKE, values)
        return float(row[0]) if row else None

    async def ahead(self, name: str) -> float:
        """By how many seconds a budget is overdrawn by now. Raises ConnectionError likewise."""
        row = await self._ask(_AHEAD, {"name": name})
        return float(row[0]) if row else 0.0

    async def close(self) -> None:
        async with self._one_at_a_time:
            await self._hang_up()

    async def _ask(self, words: str, values: dict[str, object]) -> tuple[Any, ...] | None:
        async with self._one_at_a_time:
            if self._clock() < self._away_until:
                raise ConnectionError("the server did not answer a moment ago")
            try:
                return await asked(await self._opened(), words, values)
            except own_line.CUT as trouble:
                await self._hang_up()
                self._away_until = self._clock() + AGAIN_AFTER
                log.warning("shared budgets cannot be asked, keeping to a share", reason=type(trouble).__name__)
                raise ConnectionError("the server does not answer") from None

    async def _opened(self) -> OwnLine:
        if self._line is None:
            opening = own_line.opened(
                self._url, "budgets", synchronous_commit="off", default_transaction_isolation=r"read\ committed"
            )
            self._line = await self._stack.enter_async_context(opening)
        return self._line

    async def _hang_up(self) -> None:
        self._line = None
        await self._stack.aclose()


class SharedSlots:
    """Slots `between` seconds apart over all processes (`pace.Slots`)."""

    def __init__(self, till: Till, name: str, between: float) -> None:
        self._till = till
        self._name = name
        self._between = between
        self._own = OwnSlots(between * SHARES)

    async def reserve(self, wanted: int, longest: float) -> float | None:
        try:
            begins_in = await self._till.take(self._name, wanted * self._between, longest)
        except ConnectionError:
            return await self._own.reserve(wanted, longest)
        return None if begins_in is None else max(begins_in, 0.0)


class SharedPurses:
    """For each of many who ask a bucket of tokens that all processes share (`doors.Purses`)."""

    def __init__(self, till: Till) -> None:
        self._till = till

    async def take(self, name: str, tokens: int, rate: Rate) -> float:
        """0.0 when so many tokens were taken, else in how many seconds there will be one. Raises ConnectionError."""
        longest = (rate.burst - tokens) * rate.seconds
        if await self._till.take(name, tokens * rate.seconds, longest) is not None:
            return 0.0
        return max(await self._till.ahead(name) - (rate.burst - 1) * rate.seconds, 0.001)
