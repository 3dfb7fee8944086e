"""Letters leave: at once when written, again when due, one at a time for one chat."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakValueDictionary

import structlog

from bot.metrics import Metrics
from bot.store.leases import shard_of
from bot.trouble import Way
from bot.turnstile import Turnstile
from handlers.exchange import TAKEN, deliver
from handlers.messages import Platform
from handlers.ports import PAGE, Letter, Ports

log = structlog.get_logger()

# How often we look for letters that are due again.
LOOK_EVERY = 1.0
# While so many letters are on their way a look would mostly open those again, so it is put off for some rounds.
BUSY = 30
MOST_ROUNDS = 5
# So many letters to one platform are held at once; while it is down, the rest waits in the table.
MOST_UNDER_WAY = 500

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
        self._ways: defaultdict[Platform, Way] = defaultdict(Way)
        # By id: to which platform, and of which shard.
        self._under_way: dict[int, tuple[Platform, int]] = {}
        self._to: Counter[Platform] = Counter()
        self._chats: WeakValueDictionary[tuple[Platform, str], asyncio.Lock] = WeakValueDictionary()
        self._woken = asyncio.Event()
        # The table may hold letters that nobody here knows of: until it has been looked through, it alone says what comes first.
        self._in_doubt = False
        self._put_off = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._looker: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._looker = asyncio.create_task(self._look(), name="outbox")

    def post(self, letter: Letter) -> None:
        """Send a letter now, in the background; or later, from the table, where too many are on their way already."""
        if letter.address.platform is Platform.WEB:
            self._collected(letter)
            return
        if self._in_doubt:
            self._put_off = True
            self._woken.set()
            return
        self._take(letter)

    def doubt(self) -> None:
        """Something may have been written of which we did not hear: older letters go before new ones."""
        self._in_doubt = True
        self._woken.set()

    def _take(self, letter: Letter) -> None:
        platform = letter.address.platform
        # Where an attempt may have arrived, only the reply token tells, for a minute: those go past the ones held back.
        crowded = self._to[platform] >= MOST_UNDER_WAY and not letter.unknown
        if letter.id in self._under_way or crowded:
            return
        self._under_way[letter.id] = platform, shard_of(platform, letter.address.chat)
        self._to[platform] += 1
        task = asyncio.create_task(self._deliver(letter), name="letter")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def depth(self) -> int:
        return len(self._under_way)

    def busy(self) -> set[int]:
        """The shards of which letters are on their way."""
        return {shard for _, shard in self._under_way.values()}

    def wake(self) -> None:
        """Letters may have become ours to send: look now."""
        self._woken.set()

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
            else:
                rounds = 0
                try:
                    await self._post_due()
                except Exception as trouble:
                    log.error("could not look for letters", exc_info=trouble)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_EVERY)
            self._woken.clear()

    async def _post_due(self) -> None:
        """Post what is due, page by page, as far as there is room for it."""
        self._put_off = True
        while self._put_off:
            self._put_off = False
            if not await self._post_pages():
                return
        self._in_doubt = False

    async def _post_pages(self) -> bool:
        """Whether all that is due was looked at."""
        after = 0
        while True:
            letters = await self._ports.store.letters(after)
            for letter in letters:
                if letter.address.platform in self._ports.senders:
                    self._take(letter)
            if len(letters) < PAGE:
                return True
            if self.depth >= MOST_UNDER_WAY:
                return False
            after = letters[-1].id

    async def _deliver(self, letter: Letter) -> None:
        platform = letter.address.platform.value
        # Who writes twice reads the first answer first.
        chat = self._chats.setdefault((letter.address.platform, letter.address.chat), asyncio.Lock())
        try:
            async with chat:
                cause = await self._attempt(letter)
        except Exception as trouble:
            cause = "broken"
            log.error("a letter could not be handled", letter=letter.id, platform=platform, exc_info=trouble)
        finally:
            self._to[self._under_way.pop(letter.id)[0]] -= 1
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

    async def _attempt(self, letter: Letter) -> str:
        """One attempt, as soon as the platform is not in trouble; the cause as `deliver` says it."""
        way, loop = self._ways[letter.address.platform], asyncio.get_running_loop()
        while True:
            async with way.gate:
                if way.may_try(letter, loop.time()):
                    cause = await deliver(letter, self._ports, self._turnstile.through)
                    way.heard(cause)
                    return cause
            # Not claimed: another process may take it, and then the claim tells.
            await way.better(letter)


async def finished(tasks: set[asyncio.Task[None]], seconds: float) -> None:
    """Wait so long for what has begun, then break off the rest."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
