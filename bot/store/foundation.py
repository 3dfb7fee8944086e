"""What every part of the store stands on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.identity import Identity
from bot.sealing import Seal
from bot.store.transaction import AnyDatabase
from handlers.ports import Clock


@dataclass(frozen=True)
class Foundation:
    """The database, the keys, the clock and the place: shared by the conversation's store and by those beside it
    (cases, officials, bulletins…), so that all write through one thread."""

    database: AnyDatabase
    seal: Seal
    identity: Identity
    clock: Clock
    timezone: ZoneInfo

    def now(self) -> datetime:
        """Aware UTC."""
        return self.clock.now()

    def today(self) -> date:
        """The date on the house's calendar."""
        return self.now().astimezone(self.timezone).date()
