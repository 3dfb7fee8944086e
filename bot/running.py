"""One running bot: what is shared by its routes, and how it starts and stops."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum

import structlog

from bot import telegram
from bot.inbox import Inbox
from bot.mailroom import Mailroom
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.payload import Payload
from bot.settings import Settings
from bot.store.store import SqlStore
from bot.store.transaction import StoreFailed
from bot.turnstile import Turnstile
from content.verdict import judge
from handlers.messages import Message
from handlers.ports import Ports
from scheduler.jobs import Every, Job, Ticker

log = structlog.get_logger()

# What was asked is kept at hand for an hour; the sweep runs often enough that it is never much more.
SWEEP_EVERY = 300.0
# How often a process that only answers looks for what another has taken in.
LOOK_EVERY = 0.3


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Part(StrEnum):
    """What this process does: everything, only take messages in, or only answer them."""

    ALL = "all"
    WEB = "web"
    WORK = "work"


class Running:
    """Inbox, outbox and all they need. `accept` is the one way in for every platform."""

    def __init__(
        self, settings: Settings, store: SqlStore, ports: Ports, metrics: Metrics, part: Part = Part.ALL
    ) -> None:
        self.settings = settings
        self.store = store
        self.ports = ports
        self.metrics = metrics
        self.part = part
        self.mailroom = Mailroom()
        turnstile = Turnstile()
        self.outbox = Outbox(ports, metrics, self.mailroom.deliver, turnstile)
        self.inbox = Inbox(ports, metrics, self.outbox.post, turnstile)
        self.telegram_name = ""
        self.ticker = Ticker(settings.timezone)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Warm up, take up what an earlier process left, and begin."""
        self.metrics.knowledge.labels(self.ports.knowledge.version).set(1)
        # The first answer should not wait for what is built on first use.
        await asyncio.to_thread(judge, "สวัสดี hello", self.ports.knowledge)
        # What is loaded by now stays. Looked through at every full collection, it held everybody up for 0.1 s.
        gc.collect()
        gc.freeze()
        if self.part is Part.WEB:
            return
        left = await self.inbox.recover()
        if left:
            log.info("taking up what was left", messages=left)
        self.outbox.start()
        self.ticker.add(Job("sweep", Every(SWEEP_EVERY), self._sweep))
        self.ticker.start()
        if self.part is Part.WORK:
            self._tasks.append(asyncio.create_task(self._look(), name="look"))

    async def stop(self) -> None:
        self.ticker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inbox.stop()
        await self.outbox.stop()

    async def accept(self, messages: Sequence[Message]) -> None:
        """Into the inbox, durably; then to the worker. What was seen before is dropped here."""
        if not messages:
            return
        new = await self.store.receive(messages)
        platform = messages[0].address.platform.value
        self.metrics.received.labels(platform).inc(len(new))
        if len(new) < len(messages):
            self.metrics.doubles.labels(platform).inc(len(messages) - len(new))
        if self.part is not Part.WEB:
            self.inbox.take(new)

    async def accept_updates(self, updates: Sequence[Payload]) -> None:
        """What polling brought, through the same door."""
        now = self.ports.clock.now()
        await self.accept([m for update in updates for m in telegram.read(update, self.telegram_name, now)])

    async def readiness(self) -> dict[str, bool]:
        database = False
        with suppress(Exception):
            await asyncio.wait_for(self.store.alive(), 2)
            database = True
        return {"database": database, "knowledge": bool(self.ports.knowledge.entries)}

    async def measured(self) -> bytes:
        """The metrics as text, with the depths of this moment."""
        with suppress(Exception):
            depths = await asyncio.wait_for(self.store.depths(), 2)
            self.metrics.inbox.set(depths.inbox)
            self.metrics.outbox.set(depths.outbox)
        return self.metrics.text()

    async def _sweep(self) -> None:
        """Remove what may be kept no longer."""
        await self.store.retain(self.settings.retention_days)

    async def _look(self) -> None:
        """Another process takes messages in: look for them."""
        while True:
            try:
                self.inbox.take_new(await self.store.waiting())
            except StoreFailed as trouble:
                log.error("could not look into the inbox", exc_info=trouble)
            await asyncio.sleep(LOOK_EVERY)
