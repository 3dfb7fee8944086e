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
from bot.doors import Doors
from bot.inbox import Inbox
from bot.mailroom import Mailroom
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.payload import Payload
from bot.settings import Settings
from bot.store.figures import Figures
from bot.store.hub_sheets import SheetBook
from bot.store.notices import Notices
from bot.store.store import SqlStore
from bot.store.transaction import StoreFailed
from bot.street.materials import Materials
from bot.turnstile import Turnstile
from bot.vision.pictures import Pictures
from content.verdict import judge
from handlers.messages import Message
from handlers.ports import Ports
from scheduler import drills, follow_ups, hub_sheets, recalls, reporters, trusted_news
from scheduler.jobs import Every, Job, Ticker

log = structlog.get_logger()

# What was asked is kept at hand for an hour; the sweep runs often enough that it is never much more.
SWEEP_EVERY = 300.0
# Whoever waits for an official's word hears it at once; those who asked weeks ago can wait until nobody else does.
TELL_EVERY = 1.0
RECALL_EVERY = 5.0
ASK_EVERY = 60.0
# Past days that have changed are counted anew; until then they are counted from the rows.
COUNT_EVERY = 60.0
# What a month's practice is about turns slowly.
THEME_EVERY = 3600.0
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
        self.pictures = Pictures()
        self.materials = Materials()
        self.inbox = Inbox(ports, metrics, self.outbox.post, turnstile, self.pictures)
        self.telegram_name = ""
        self.ticker = Ticker(settings.timezone)
        self.notices = Notices(store.foundation)
        self.doors = Doors(settings.checks_per_minute)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Warm up, take up what an earlier process left, and begin."""
        self.metrics.knowledge.labels(self.ports.knowledge.version).set(1)
        # The first answer should not wait for what is built on first use.
        await asyncio.to_thread(judge, "สวัสดี hello", self.ports.knowledge)
        # What is loaded by now stays. Looked through at every full collection, it held everybody up for 0.1 s.
        gc.collect()
        gc.freeze()
        log.info(self.pictures.told)
        if self.part is Part.WEB:
            return
        left = await self.inbox.recover()
        if left:
            log.info("taking up what was left", messages=left)
        self.outbox.start()
        self.ticker.add(Job("sweep", Every(SWEEP_EVERY), self._sweep))
        self.ticker.add(Job("reporters", Every(TELL_EVERY), self._tell_reporters))
        self.ticker.add(Job("recalls", Every(RECALL_EVERY), self._recall))
        self.ticker.add(Job("practice", Every(ASK_EVERY), self._practise))
        self.ticker.add(Job("practice theme", Every(THEME_EVERY), self._keep_theme))
        self.ticker.add(Job("hub sheets", Every(ASK_EVERY), self._send_sheets))
        self.ticker.add(Job("trusted", Every(TELL_EVERY), self._tell_trusted))
        self.ticker.add(Job("follow-ups", Every(ASK_EVERY), self._ask_follow_ups))
        self.ticker.add(Job("figures", Every(COUNT_EVERY), self._count))
        self.ticker.start()
        if self.part is Part.WORK:
            self._tasks.append(asyncio.create_task(self._look(), name="look"))

    async def stop(self) -> None:
        self.ticker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inbox.stop()
        await self.pictures.close()
        self.materials.close()
        # What was set apart at the start may be looked through again: another bot may follow in this process.
        gc.unfreeze()
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
        await self.store.shrink_growth()
        await self.store.trust.remove_old()
        await self.store.drills.remove_old()

    async def _tell_reporters(self) -> None:
        """What became of their reports."""
        if told := await reporters.tell(self.notices, self.ports.knowledge):
            log.info("reporters were told", letters=told)

    async def _recall(self) -> None:
        """What turned out otherwise."""
        if told := await recalls.recall(self.notices, self.ports.knowledge, self.settings.timezone):
            log.info("a verdict was taken back", letters=told)

    async def _practise(self) -> None:
        """The month's drill, to who wants one."""
        now, zone = self.ports.clock.now(), self.settings.timezone
        if sent := await drills.send(self.store.drills, self.ports.knowledge, now, zone):
            log.info("drills were sent", letters=sent)

    async def _keep_theme(self) -> None:
        """What this month's drill is about."""
        figures = Figures(self.store.foundation)
        await drills.keep_theme(self.store.drills, figures, self.ports.knowledge, figures.this_month())

    async def _send_sheets(self) -> None:
        """Monday's sheets for hubs."""
        now, zone = self.ports.clock.now(), self.settings.timezone
        if sent := await hub_sheets.send(SheetBook(self.store.foundation), self.ports.knowledge, now, zone):
            log.info("sheets were sent to hubs", letters=sent)

    async def _tell_trusted(self) -> None:
        """Who looks out for somebody, that they are needed."""
        if told := await trusted_news.tell(self.store.trust, self.ports.knowledge):
            log.info("trusted people were told", letters=told)

    async def _ask_follow_ups(self) -> None:
        """The question of the morning after."""
        if asked := await follow_ups.ask(self.notices, self.ports.knowledge):
            log.info("follow-ups were asked", letters=asked)

    async def _count(self) -> None:
        """Figures of past days, kept so that a month is not counted from its rows each time."""
        figures = Figures(self.store.foundation)
        if counted := await figures.keep_counted():
            log.info("figures were counted", days=counted)
        # What has not changed since is remembered: whoever looks at this month does not wait for it.
        await figures.month(figures.this_month())

    async def _look(self) -> None:
        """Another process takes messages in: look for them."""
        while True:
            try:
                self.inbox.take_new(await self.store.waiting())
            except StoreFailed as trouble:
                log.error("could not look into the inbox", exc_info=trouble)
            await asyncio.sleep(LOOK_EVERY)
