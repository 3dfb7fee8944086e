"""The press room of a running bot: drafts the month's bulletin when it is due, and delivers what is ordered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.bulletin_senders import ways_of
from bot.editorial import Editorial, letters, quiet
from bot.pace import Gate
from bot.settings import Settings
from bot.store.deliveries import DeliveryLedger
from bot.store.foundation import Foundation
from content.knowledge import Knowledge
from scheduler.courier import Courier
from scheduler.jobs import At, Every, Job

# How soon an order is seen.
LOOK_EVERY = 1.0
SWEEP_EVERY = 3600.0


@asynccontextmanager
async def opened(
    foundation: Foundation, knowledge: Callable[[], Knowledge], settings: Settings, gate: Gate | None = None
) -> AsyncIterator[tuple[Job, ...]]:
    """What the ticker is to do; what is being sent when the block ends is left for the next process."""
    editorial = Editorial(foundation, knowledge, settings)
    async with ways_of(settings, gate) as ways:
        ledger = DeliveryLedger(foundation)
        courier = Courier(ledger, ways, letters(knowledge, settings), foundation.clock, quiet(settings))
        try:
            yield (
                Job("draft the bulletin", At(settings.bulletin_hour, day=settings.bulletin_day), editorial.draft_due),
                Job("bulletins", Every(LOOK_EVERY), courier.tick),
                Job("old deliveries", Every(SWEEP_EVERY), lambda: _forget(ledger, foundation, settings)),
            )
        finally:
            await courier.stop()


async def _forget(ledger: DeliveryLedger, foundation: Foundation, settings: Settings) -> None:
    """Past the days of retention it stays known that a bulletin was sent, and not to whom."""
    await ledger.unlink(foundation.now() - timedelta(days=settings.retention_days))
