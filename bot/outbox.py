"""Letters leave: at once when written, again when due, one at a time for one chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.metrics import Metrics
from bot.turnstile import Turnstile
from handlers.exchange import TAKEN, deliver
from handlers.messages import Platform
from handlers.ports import Letter, Ports

log = structlog.get_logger()

# How often we look for letters that are due again.
LOOK_EVERY = 1.0
# While so many letters are on their way a look would mostly open those again, so it is put off for some rounds.
BUSY = 30
MOST_ROUNDS = 5

# SIGTERM leaves ten seconds for all: three for open requests, the rest for what has begun.
LONGEST_GOODBYE = 3.0


class Outbox:
    """The way out. Letters for the web are not sent but collected: `collected` is told that one is ready."""

    def __init__(
        self, ports: Ports, metrics: Metrics, collected: Callable[[Letter], None], turnstile: Turnstile
    ) -> None:
        self._ports = ports
        self._metrics = metrics
        self._collected = collected
        self._turnstile = turnstile
        self._under_way: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looker: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._looker = asyncio.create_task(self._look(), name="outbox")

    def post(self, letter: Letter) -> None:
        """Send a letter now, in the background."""
        if letter.address.platform is Platform.WEB:
            self._collected(letter)
            return
        if letter.id in self._under_way:
            return
        self._under_way.add(letter.id)
        task = asyncio.create_task(self._deliver(letter), name="letter")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def depth(self) -> int:
        return len(self._under_way)

    async def stop(self) -> None:
        """Let what is on its way arrive; what is not stays in the table, to be asked about by the next process."""
        if self._looker is not None:
            self._looker.cancel()
            await asyncio.gather(self._looker, return_exceptions=True)
        await finished(self._tasks, LONGEST_GOODBYE)

    async def _look(self) -> None:
        rounds = 0
        while True:
            if self.depth > BUSY and rounds < MOST_ROUNDS:
                rounds += 1
                await asyncio.sleep(LOOK_EVERY)
                continue
            rounds = 0
            try:
                for letter in await self._ports.store.letters():
                    if letter.address.platform in self._ports.senders:
                        self.post(letter)
            except Exception as trouble:
                log.error("could not look for letters", exc_info=trouble)
            await asyncio.sleep(LOOK_EVERY)

    async def _deliver(self, letter: Letter) -> None:
        platform = letter.address.platform.value
        try:
            cause = await deliver(letter, self._ports, self._turnstile.through)
        except Exception as trouble:
            cause = "broken"
            log.error("a letter could not be handled", letter=letter.id, platform=platform, exc_info=trouble)
        finally:
            self._under_way.discard(letter.id)
        if cause == TAKEN:
            return
        if cause:
            self._metrics.send_failures.labels(platform, cause).inc()
            log.warning(
                "a letter did not leave", letter=letter.id, platform=platform, cause=cause, tries=letter.tries + 1
            )
        else:
            seconds = (self._ports.clock.now() - letter.received_at).total_seconds()
            self._metrics.answer_seconds.labels(platform).observe(max(seconds, 0))


async def finished(tasks: set[asyncio.Task[None]], seconds: float) -> None:
    """Wait so long for what has begun, then break off the rest."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
