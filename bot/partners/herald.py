"""Tells partners what was confirmed: looks what is due, claims it, tries it. May run in several processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bot.partners.alerts import shown_alert
from bot.partners.sending import SECONDS, Messenger
from bot.settings import Settings
from bot.store.bulletins import loaded
from bot.store.foundation import Foundation
from bot.store.partner_alerts import is_alert
from bot.store.partner_hooks import Delivery, Ended, News, WebhookBook
from bot.store.transaction import Transaction
from content.knowledge import Knowledge
from scheduler.bulletins import Bulletin
from scheduler.jobs import Every, Job

log = structlog.get_logger()

LOOK_EVERY = 1.0
FORGET_EVERY = 3600.0
# So many webhooks are told side by side; one that hangs holds up no other.
MOST_AT_ONCE = 32


class Herald:
    """The way out to partners."""

    def __init__(self, foundation: Foundation, knowledge: Callable[[], Knowledge], messenger: Messenger) -> None:
        self.book = WebhookBook(foundation)
        self._foundation = foundation
        self._knowledge = knowledge
        self._messenger = messenger
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def tick(self) -> None:
        """Announce what is new, and try what is due."""
        await self.announce()
        room = MOST_AT_ONCE - len(self._under_way)
        for each in await self.book.due(room) if room > 0 else ():
            if each.id not in self._under_way:
                task = asyncio.create_task(self._tell(each), name="webhook")
                self._under_way[each.id] = task
                task.add_done_callback(lambda _, id=each.id: self._under_way.pop(id, None))  # type: ignore[misc]

    async def announce(self) -> int:
        """Write down what partners are to hear: confirmed warnings, and those that are confirmed no longer; how many."""
        said = await self.book.withdraw_alerts()
        for id in await self.book.unannounced():
            alert = await self._foundation.database.read(lambda tx, id=id: _alert(tx, id))  # type: ignore[misc]
            if alert is not None and await self.book.announce(confirmation(alert, self._knowledge())):
                log.info("partners are told of a confirmed warning", bulletin=alert.id, version=alert.version)
                said += 1
        return said

    async def test(self, name: str, webhook: int) -> Ended:
        """Tell one webhook that this is a test, now, and once. Raises PartnerRefused."""
        where, event = await self.book.test(name, webhook)
        for each in await self.book.due(MOST_AT_ONCE, where):
            if await self.book.hold(each):
                await self._bring(each)
        ended = await self.book.ended(where, event)
        for _ in range(int(SECONDS / LOOK_EVERY) + 2):
            if ended.state != "waiting" or ended.why:
                break
            # A running server was quicker: it says how it ended.
            await asyncio.sleep(LOOK_EVERY)
            ended = await self.book.ended(where, event)
        return ended

    async def stop(self) -> None:
        """What is on its way is left: it comes again by itself, under the same name."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, delivery: Delivery) -> None:
        try:
            if await self.book.hold(delivery):
                await self._bring(delivery)
        except Exception as trouble:
            # It comes again by itself.
            log.error("a webhook could not be handled", delivery=delivery.id, exc_info=trouble)

    async def _bring(self, delivery: Delivery) -> None:
        outcome = await self._messenger.bring(delivery, self._foundation.now())
        if not outcome.why:
            await self.book.arrived(delivery)
            return
        log.warning(
            "a webhook was not reached", webhook=delivery.webhook, name=delivery.event, tries=delivery.tries + 1,
            why=outcome.why,
        )  # fmt: skip
        await self.book.missed(delivery, outcome.why, gone=outcome.gone)


def confirmation(alert: Bulletin, knowledge: Knowledge) -> News:
    """What partners hear of a confirmed warning: what `/alerts/{id}` shows."""
    shown = shown_alert(alert, knowledge).model_dump(mode="json", exclude={"sent_at"})
    return News("alert.confirmed", f"alert:{alert.id}", alert.version, shown)


def _alert(tx: Transaction, id: int) -> Bulletin | None:
    found = loaded(tx, id)
    return found if is_alert(tx, found) else None


@asynccontextmanager
async def opened(
    foundation: Foundation, knowledge: Callable[[], Knowledge], settings: Settings
) -> AsyncIterator[tuple[Job, ...]]:
    """What the ticker is to do; what is on its way when the block ends is left for the next process."""
    async with Messenger(inside=settings.webhooks_inside) as messenger:
        herald = Herald(foundation, knowledge, messenger)
        try:
            yield (
                Job("partners' webhooks", Every(LOOK_EVERY), herald.tick),
                Job("old news of partners", Every(FORGET_EVERY), lambda: _forget(herald)),
            )
        finally:
            await herald.stop()


async def _forget(herald: Herald) -> None:
    """What was told a year ago."""
    await herald.book.remove_old()
