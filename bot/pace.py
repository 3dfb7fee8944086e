"""How fast: buckets of tokens, for people who are answered and for addresses that ask over HTTP; and a gate that lets one through
after the other, for a platform that takes only so many a second."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from handlers.errors import TooFast

Key = TypeVar("Key", bound=Hashable)

# Forgotten when full again: what a person sent in the last minutes is nobody's business.
_MOST_KEPT = 10_000


@dataclass(frozen=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


@dataclass
class _Bucket:
    tokens: float
    at: float
    told: bool = False


class Buckets(Generic[Key]):
    """One bucket of tokens a key. Time is handed in, in seconds of any steady clock. Holds no more than it must."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: dict[Key, _Bucket] = {}

    def take(self, key: Key, now: float) -> float:
        """Take a token: 0.0, or how many seconds until there is one (then none was taken)."""
        bucket = self._filled(key, now)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) * self._rate.seconds

    def borrow(self, key: Key, now: float) -> float:
        """Take a token that may not be there yet: 0.0, or how many seconds to wait for it."""
        bucket = self._filled(key, now)
        bucket.tokens -= 1
        return max(0.0, -bucket.tokens * self._rate.seconds)

    def taken(self, key: Key) -> float:
        """How many tokens are out."""
        bucket = self._buckets.get(key)
        return self._rate.burst - bucket.tokens if bucket else 0.0

    def first_time(self, key: Key) -> bool:
        """Whether this is the first time that somebody is told since their bucket was last full."""
        bucket = self._buckets.get(key)
        if bucket is None or bucket.told:
            return False
        bucket.told = True
        return True

    def _filled(self, key: Key, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST_KEPT:
                self._forget_full(now)
            bucket = self._buckets[key] = _Bucket(self._rate.burst, now)
            return bucket
        bucket.tokens = min(self._rate.burst, bucket.tokens + (now - bucket.at) / self._rate.seconds)
        bucket.at = now
        if bucket.tokens >= self._rate.burst:
            bucket.told = False
        return bucket

    def _forget_full(self, now: float) -> None:
        full = self._rate.burst * self._rate.seconds
        self._buckets = {key: each for key, each in self._buckets.items() if now - each.at < full}
        if len(self._buckets) >= _MOST_KEPT:
            # So many at once are no people; who is thrown out begins with a full bucket.
            self._buckets = dict(list(self._buckets.items())[_MOST_KEPT // 2 :])

    def __len__(self) -> int:
        return len(self._buckets)


class Purses(Protocol):
    """Buckets that all processes share (`store.budgets.SharedPurses`)."""

    async def take(self, name: str, tokens: int, rate: Rate) -> float:
        """0.0 when so many were taken, else in how many seconds there will be one. Raises ConnectionError."""


# --- one after the other ---------------------------------------------------------------------------------------------
# Of the slots that are given out at once; the next batch is asked for when these have been given.
MOST_TOGETHER = 8
# Who would wait longer is told to come again: then it is the outbox that waits, where others can see it.
LONGEST_LINE = 30.0
# Who is later than this for their slot takes another: those who were held up together must not leave together.
LATEST = 0.07
# Late again and again is a machine too slow to flood anybody.
MOST_LATE = 4
# A patient one takes what nobody else wants, looks so often for it, and after a second does something else.
LOOK_AGAIN = 0.05
PATIENCE = 1.0


class Slots(Protocol):
    """Moments that follow one another, given out to everybody who shares them."""

    async def reserve(self, wanted: int, longest: float) -> float | None:
        """In how many seconds the first of `wanted` slots begins; None, and nothing reserved, where that is more than `longest`.
        Never raises."""


class OwnSlots:
    """The slots of one process, `between` seconds apart. `clock` tells the seconds of any steady clock."""

    def __init__(self, between: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._between = between
        self._clock = clock
        self._free = clock()

    async def reserve(self, wanted: int, longest: float) -> float | None:
        now = self._clock()
        first = max(self._free, now)
        if first - now > longest:
            return None
        self._free = first + wanted * self._between
        return first - now


class Gate:
    """Lets one through at each slot. Use it from one event loop."""

    def __init__(
        self,
        slots: Slots,
        between: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._slots = slots
        self._between = between
        self._clock = clock
        self._sleep = sleep
        self._waiting: deque[asyncio.Future[_Slot]] = deque()
        self._asking: asyncio.Task[None] | None = None

    async def turn(self, *, patient: bool = False) -> None:
        """Returns when one may leave; who is `patient` leaves only while nobody waits. Raises TooFast where the line is long."""
        for _ in range(MOST_LATE):
            slot = await (self._left_over() if patient else self._next())
            if (wait := slot.at - self._clock()) > 0:
                await self._sleep(wait)
            if self._clock() - slot.earliest <= LATEST:
                return

    async def _next(self) -> _Slot:
        mine: asyncio.Future[_Slot] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="slots")
        return await mine

    async def _ask(self) -> None:
        """One question for all who wait by now: while it is under way, the next ones gather."""
        while self._waiting:
            asked_at = self._clock()
            together = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
            first = await self._slots.reserve(len(together), LONGEST_LINE)
            for place, each in enumerate(together):
                if each.done():
                    continue
                if first is None:
                    each.set_exception(TooFast(LONGEST_LINE / 2))
                else:
                    each.set_result(_Slot.told(asked_at, self._clock(), first + place * self._between))

    async def _left_over(self) -> _Slot:
        until = self._clock() + PATIENCE
        while self._clock() < until:
            asked_at = self._clock()
            first = None if self._waiting else await self._slots.reserve(1, 0.0)
            if first is not None:
                return _Slot.told(asked_at, self._clock(), first)
            await self._sleep(LOOK_AGAIN)
        raise TooFast(LOOK_AGAIN)


@dataclass(frozen=True)
class _Slot:
    """On our clock: the slot lies between `earliest` and `at`, for the answer took its time."""

    earliest: float
    at: float

    @staticmethod
    def told(asked_at: float, told_at: float, in_seconds: float) -> _Slot:
        return _Slot(asked_at + in_seconds, told_at + in_seconds)
