"""Today: what is new, what is late, what is growing, and whether answers leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.charts import Column, columns
from bot.desk.frame import Desk
from bot.desk.names import Names
from bot.desk.takedown_clocks import clocked
from bot.store.campaigns import CampaignBook
from bot.store.casebook import CaseBook
from bot.store.figures import Figures
from bot.store.pulse import Pulse, WayOut
from bot.store.takedowns import Takedowns
from bot.store.transaction import StoreFailed
from handlers.officials import Official
from scheduler.trends import DayCounts

# Two weeks: enough to tell a weekend from a wave.
DAYS = 14
MOST_RISING = 8
# Rising messages and the ways out are looked at again after so long; what is older than OVER is shown to nobody.
STAYS = timedelta(seconds=15)
OVER = timedelta(minutes=2)
T = TypeVar("T")
# An answer that has waited so long is trouble: it leaves within seconds.
SLOW = timedelta(minutes=2)


def add(desk: Desk) -> None:
    """Register the page."""
    foundation = desk.bot.store.foundation
    figures, cases, pulse = Figures(foundation), CaseBook(foundation), Pulse(foundation)

    lately = Lately(foundation.now)
    takedowns = Takedowns(foundation)
    campaigns = CampaignBook(foundation)

    @desk.page("", nav="nav.today")
    async def today(request: Request, official: Official) -> Response:
        last = foundation.today()
        days = await figures.days(last - timedelta(days=DAYS - 1), last)
        ways, failing = await lately.get("ways", pulse.ways_out)
        rising = await lately.get("rising", partial(pulse.rising, MOST_RISING))
        waiting = [
            *await lately.get("takedowns", takedowns.waiting),
            *await lately.get("removed", takedowns.reappeared),
        ]
        return desk.draw(
            "today.html",
            request,
            official,
            names=Names(desk.bot.ports.knowledge, desk.labels, official.language),
            now=foundation.now(),
            waits=await cases.counts(),
            counts=days[-1].counts,
            days=days,
            picture=_picture(days, desk.labels.say("today.picture", official.language)),
            rising=rising,
            ways=ways,
            failing=failing,
            stuck=[way for way in ways if _is_stuck(way, foundation.now())],
            takedowns=clocked(waiting, desk.bot.ports.knowledge.takedown, foundation.now()),
            proposed=await campaigns.waiting(),
        )


class Lately:
    """What is looked at again when somebody asks and it is older than `stays`: they get what is there, and whoever asks
    next gets the new. Only the first of all waits."""

    def __init__(self, now: Callable[[], datetime], stays: timedelta = STAYS) -> None:
        self._now = now
        self._stays = stays
        self._known: dict[str, tuple[datetime, Any]] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def get(self, name: str, look: Callable[[], Awaitable[T]]) -> T:
        """What `look` said lately."""
        at, value = self._known.get(name, (None, None))
        if at is None:
            await self._look(name, look)
        elif not timedelta() <= self._now() - at < self._stays and name not in self._looking:
            if self._now() - at > OVER:
                await self._look(name, look)
            else:
                self._looking[name] = asyncio.create_task(self._look(name, look))
                self._looking[name].add_done_callback(lambda _: self._looking.pop(name, None))
                return cast(T, value)
        return cast(T, self._known[name][1])

    async def _look(self, name: str, look: Callable[[], Awaitable[object]]) -> None:
        with suppress(StoreFailed) if name in self._known else nullcontext():
            at = self._now()
            self._known[name] = (at, await look())


def _picture(days: Sequence[DayCounts], title: str) -> str:
    """Questions by day: at the bottom those in which Rutan warned."""
    drawn = [
        Column(f"{each.day.day}/{each.day.month}", (each.counts.get("warned", 0), each.counts.get("unknown", 0)))
        for each in days
    ]
    return columns(title, drawn)


def _is_stuck(way: WayOut, now: datetime) -> bool:
    return way.oldest is not None and now - way.oldest > SLOW
