"""Where the demonstration is told: its store and services, the clock that stands where the story is, and who plays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from bot.settings import Settings
from bot.store.foundation import Foundation
from bot.store.store import SqlStore
from content.knowledge import Knowledge
from handlers.officials import Official, Role

DAYS = 92
# What happens on a day before the last: so many days before it, at that hour.
Act = tuple[int, int, Callable[[], Awaitable[object]]]


class MovingClock:
    """The clock of the story: it stands where the story is."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


@dataclass
class Stage:
    """`until` is the moment that the visitor comes; `cast` are the officials once they have arrived."""

    store: SqlStore
    foundation: Foundation
    clock: MovingClock
    knowledge: Knowledge
    settings: Settings
    until: datetime
    cast: dict[Role, Official] = field(default_factory=dict)

    @classmethod
    def of(cls, store: SqlStore, knowledge: Knowledge, settings: Settings, until: datetime) -> Stage:
        """The stage over a store; nothing on it has happened."""
        clock = MovingClock(until)
        return cls(store, replace(store.foundation, clock=clock), clock, knowledge, settings, until)

    def day(self, ago: int) -> date:
        """The day on the house's calendar, so many days before the last."""
        return self.until.astimezone(self.foundation.timezone).date() - timedelta(days=ago)

    def moment(self, ago: int, hour: int, minute: int = 0) -> datetime:
        """That time of day, in UTC."""
        return datetime.combine(self.day(ago), time(hour, minute), self.foundation.timezone).astimezone(UTC)

    def at(self, ago: int, hour: int, minute: int = 0) -> bool:
        """Let it be that moment. False, and the clock as it was, where it lies behind the story's end."""
        moment = self.moment(ago, hour, minute)
        if moment > self.until:
            return False
        self.clock.moment = moment
        return True


class Chapter(Protocol):
    """One area's part of the story."""

    async def tell(self, ago: int) -> None:
        """What happens there on the day that is so many days before the last; called for each day once, in order."""


class Plan:
    """Acts in the order of their days."""

    def __init__(self, stage: Stage, *acts: Act) -> None:
        self._stage = stage
        self._acts = sorted(acts, key=lambda act: (-act[0], act[1]))

    async def tell(self, ago: int) -> None:
        """Do what is planned for this day; also what was planned for a day before the first."""
        while self._acts and self._acts[0][0] >= ago and self._stage.at(ago, self._acts[0][1]):
            await self._acts.pop(0)[2]()
