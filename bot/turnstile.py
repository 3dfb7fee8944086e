"""One heavy step in each round of the event loop, so that a webhook never waits behind fifty answers."""

from __future__ import annotations

import asyncio


class Turnstile:
    """Who has passed works on at once, until its next await; whoever comes behind passes a round later."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def through(self) -> None:
        async with self._one:
            # The lock alone lets the first through without a round in between.
            await asyncio.sleep(0)
