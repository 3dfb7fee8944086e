"""What time asks for, by the clock on the wall: the only import of apscheduler.

The ticker remembers nothing. Every job asks the store what is due and claims it with one conditional write, so that it
may run twice, late, or in two processes at once. A job that fails is logged and comes again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger()

Work = Callable[[], Awaitable[None]]
# Late by as long as a server may have slept: what is due is due, once.
GRACE_SECONDS = 3600 * 24 * 31


@dataclass(frozen=True)
class Every:
    """A job that comes again after so many seconds, and once at the start."""

    seconds: float


@dataclass(frozen=True)
class At:
    """A job at a time of the day: on every day, on one day of the month (1–28) or one of the week (mon…sun); and once at
    the start, for what was missed."""

    hour: int
    minute: int = 0
    day: int | None = None
    weekday: str | None = None


@dataclass(frozen=True)
class Job:
    """Something to be done by the clock. `work` must be fit to run at any moment: it asks what is due."""

    name: str
    when: Every | At
    work: Work


class Ticker:
    """Runs jobs in this event loop; `zone` is where the clock hangs."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=zone,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_SECONDS},
        )
        self._zone = zone

    def add(self, job: Job) -> None:
        """Before or after `start`."""
        self._scheduler.add_job(_guarded, self._trigger(job.when), args=(job,), id=job.name, name=job.name)
        # Once at the start as well: whatever came due while nobody ticked.
        self._scheduler.add_job(_guarded, args=(job,), name=f"{job.name}, catching up")

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """No further job begins; one that is running is the loop's to end."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _trigger(self, when: Every | At) -> CronTrigger | IntervalTrigger:
        if isinstance(when, Every):
            return IntervalTrigger(seconds=when.seconds, timezone=self._zone)
        return CronTrigger(
            hour=when.hour, minute=when.minute, day=when.day, day_of_week=when.weekday, timezone=self._zone
        )


async def _guarded(job: Job) -> None:
    try:
        await job.work()
    except Exception as trouble:
        log.error("a job failed, it will come again", job=job.name, exc_info=trouble)
