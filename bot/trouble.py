"""A platform in trouble: while nothing it answers can be understood, letters that were never tried wait.

Whoever tries a letter and hears nothing that can be understood no longer knows whether it arrived, and LINE's reply token tells
that for a minute only. So as few letters as possible come to stand like that: no more are tried at once than there are
connections, and while attempt after attempt fails, those that were tried go on asking and the untried ones are kept back.
Where their reply token dies meanwhile they leave as a push, which the retry key keeps from doubling.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from handlers.ports import Letter

# Fewer than there are connections: a letter that waits for one has been claimed, and nobody could tell it from one that left. So
# many at most are caught when a trouble begins; at a tenth of a second each they are three hundred a second.
MOST_AT_ONCE = 32
# So many failures in a row are no bad luck of single letters.
IN_A_ROW = 8
# While it lasts, one untried letter goes out so often, where no tried one asks: those ask every five seconds while they can.
PROBE_EVERY = 6.0
# An untried letter is kept back so long, some a little longer, so that they do not come all at once.
KEPT_BACK = 4.0
SPREAD = 4.0
# What says that the platform is there and understood us.
_HEARD = frozenset({"", "unreachable", "refused", "moved"})
_FAILED = frozenset({"put_off", "too_fast"})


class Way:
    """The way out to one platform: a gate, and whether it is in trouble. `now` is in seconds of any steady clock."""

    def __init__(self) -> None:
        self.gate = asyncio.Semaphore(MOST_AT_ONCE)
        self._failures = 0
        self._tried_at = float("-inf")
        self._well = asyncio.Event()

    @property
    def in_trouble(self) -> bool:
        return self._failures >= IN_A_ROW

    def may_try(self, letter: Letter, now: float) -> bool:
        """Whether to try this letter now. Whoever is told so tries it."""
        if self.in_trouble and not letter.unknown and now - self._tried_at < PROBE_EVERY:
            return False
        self._tried_at = now
        return True

    def heard(self, cause: str) -> None:
        """What became of an attempt, as `handlers.exchange.deliver` says it."""
        if cause in _HEARD:
            self._failures = 0
            self._well.set()
        elif cause in _FAILED:
            self._failures += 1
            if self.in_trouble:
                self._well.clear()

    async def better(self, letter: Letter) -> None:
        """Waits until the platform is well again, or so long that this letter may ask whether it is its turn."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._well.wait(), KEPT_BACK + SPREAD * (letter.id % 64) / 64)
