"""One running bot: what is shared by its routes, and how it starts and stops."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine, Sequence
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
from bot.partners.guard import Guard
from bot.payload import Payload
from bot.settings import Settings
from bot.sharing import Share
from bot.store.campaigns import CampaignBook
from bot.store.figures import Figures
from bot.store.hub_sheets import SheetBook
from bot.store.leases import Leases
from bot.store.notices import Notices
from bot.store.room import may_come_again
from bot.store.store import SqlStore
from bot.store.takedowns import Takedowns
from bot.store.together import Topic, leadership, remove_budgets, signals
from bot.street.materials import Materials
from bot.turnstile import Turnstile
from bot.vision.pictures import Pictures
from bot.watching import Watch
from content.verdict import judge
from handlers.messages import Message
from handlers.ports import Ports
from handlers.urgency import Urgency, urgency
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
        self.turnstile = turnstile = Turnstile()
        self.outbox = Outbox(ports, metrics, self.mailroom.deliver, turnstile)
        self.pictures = Pictures()
        self.materials = Materials()
        self.inbox = Inbox(ports, metrics, self.outbox, turnstile, self.pictures, store.mine)
        self.share = self._share()
        self.telegram_name = ""
        self.leader = leadership(settings.database_url)
        self.signals = signals(settings.database_url)
        self.signals.on(Topic.LETTERS, self.mailroom.heard)
        self.signals.on(Topic.INBOX, self._heard)
        self.ticker = Ticker(settings.timezone, self.leader.leads)
        self.ticker.on_failure = lambda job: metrics.jobs_failed.labels(job).inc()
        self.notices = Notices(store.foundation)
        self.doors = Doors(settings.checks_per_minute)
        file = None if self.settings.several_may_serve else self.settings.database_path
        self.watch = Watch(store.foundation, metrics, file)
        self.partners = Guard(store.foundation, self.doors)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Warm up, take up what an earlier process left, and begin."""
        self.metrics.knowledge.labels(self.ports.knowledge.version).set(1)
        # The first answer should not wait for what is built on first use.
        await asyncio.to_thread(judge, "สวัสดี hello", self.ports.knowledge)
        log.info(self.pictures.told)
        if self.part is Part.WEB:
            return
        if self.share is not None:
            await self.share.begin()
            self._begin(self.share.keep(), "share")
        if left := await self.inbox.look():
            log.info("taking up what was left", messages=left)
        # Another process may take messages in, or leave some behind.
        self._begin(self.inbox.keep_looking(often=self.part is Part.WORK or self.share is not None), "look")
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
        self.ticker.add(Job("campaigns", Every(COUNT_EVERY), self._count_campaigns))
        self.ticker.start()
        self._begin(self.leader.run(self.ticker.take_over), "leader")

    def _share(self) -> Share | None:
        """What of the people is ours, where several processes may answer from one database and this one does; all, where the
        database is a file."""
        if self.part is Part.WEB or not self.settings.several_may_serve:
            return None
        self.store.leases = Leases(self.store.foundation, process_name(self.settings, self.part))
        return Share(self.store.leases, self.inbox, self.outbox, self.metrics)

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def wake(self) -> None:
        """Another process has put something into the tables that may be ours: look now."""
        self.inbox.wake()
        self.outbox.wake()

    def _heard(self, shard: str) -> None:
        """Another process has taken in a message of this shard; "": it may have."""
        leases = self.store.leases
        if leases is not None and (not shard or leases.mine(int(shard))):
            self.wake()

    async def stop(self) -> None:
        self.ticker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inbox.stop()
        await self.pictures.close()
        self.materials.close()
        await self.outbox.stop()
        if self.share is not None:
            await self.share.end()

    async def accept(self, messages: Sequence[Message]) -> None:
        """Into the inbox, durably; then to the worker. What was seen before is dropped here."""
        if not messages:
            return
        new = await self.store.receive(messages, lambda message: urgency(message, self.ports.knowledge.words))
        platform = messages[0].address.platform.value
        self.metrics.received.labels(platform).inc(len(new))
        if len(new) < len(messages):
            self.metrics.doubles.labels(platform).inc(len(messages) - len(new))
        if self.part is not Part.WEB:
            # It is kept now, and nobody will bring it again: no part of its answer may be refused as the request might have been.
            with may_come_again(False):
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
        await self.watch.look()
        for name in self.ticker.names:
            # Named before it fails, so that the first time is seen as a rise.
            self.metrics.jobs_failed.labels(name)
        with suppress(Exception):
            depths = await asyncio.wait_for(self.store.depths(), 2)
            for each in Urgency:
                self.metrics.inbox.labels(each.name.lower()).set(depths.waiting[each])
            self.metrics.oldest.set(depths.oldest.total_seconds())
            self.metrics.in_hand.set(self.inbox.in_hand)
            self.metrics.outbox.set(depths.outbox)
        self.metrics.leading.set(self.part is not Part.WEB and self.leader.leads())
        return self.metrics.text()

    async def _sweep(self) -> None:
        """Remove what may be kept no longer."""
        await self.store.retention.remove_old(self.settings.retention_days)
        await self.store.retention.shrink_growth()
        await self.store.trust.remove_old()
        await self.store.drills.remove_old()
        await Takedowns(self.store.foundation).forget_old()
        await remove_budgets(self.store.foundation)

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

    async def _count_campaigns(self) -> None:
        """What is warned of follows its cases; what ended long ago is erased."""
        book = CampaignBook(self.store.foundation)
        await book.count()
        await book.forget()

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


def process_name(settings: Settings, part: Part) -> str:
    """By what the processes of one database know each other: the machine, and where it listens or which process it is."""
    where = settings.port if part is Part.ALL else f"work, process {os.getpid()}"
    return f"{socket.gethostname()}, {where}"
