"""One heavy step in each round of the event loop, so that a webhook never waits behind fifty answers."""

from __future__ import annotations

import asyncio

# Who is not waited for lets everybody else go first, but not for longer than this at a time.
MOST_PATIENCE = 0.05
_LOOK_AGAIN = 0.001


class Turnstile:
    """Who has passed works on at once, until its next await; whoever comes behind passes a round later."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._people = 0

    async def through(self) -> None:
        """Pass."""
        self._people += 1
        try:
            await self._pass()
        finally:
            self._people -= 1

    async def behind(self) -> None:
        """Pass when nobody waits who is answered (`through`); after a while all the same."""
        patience = MOST_PATIENCE
        while self._people and patience > 0:
            await asyncio.sleep(_LOOK_AGAIN)
            patience -= _LOOK_AGAIN
        await self._pass()

    async def _pass(self) -> None:
        async with self._one:
            # The lock alone lets the first through without a round in between.
            await asyncio.sleep(0)
