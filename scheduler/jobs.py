"""What time asks for, by the clock on the wall: the only import of apscheduler.

The ticker remembers nothing. Every job asks the store what is due and claims it with one conditional write, so that it
may run twice, late, or in two processes at once. Where several processes serve, one of them leads and runs the jobs, so
that the others spare themselves the asking. A job that fails is logged and comes again.
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
    """Something to be done by the clock. `work` must be fit to run at any moment: it asks what is due. `everywhere`: it is
    about this process itself, so that each one runs it, whoever leads."""

    name: str
    when: Every | At
    work: Work
    everywhere: bool = False


def _alone() -> bool:
    return True


class Ticker:
    """Runs jobs in this event loop; `zone` is where the clock hangs. `leads` says whether this process is the one that runs
    them now: asked before each, so that whoever has lost the lead begins no further one."""

    def __init__(self, zone: ZoneInfo, leads: Callable[[], bool] = _alone) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=zone,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_SECONDS},
        )
        self._zone = zone
        # Told the name of a job that failed, for whoever counts.
        self.on_failure: Callable[[str], None] = lambda name: None
        self._leads = leads
        self._jobs: list[Job] = []

    def add(self, job: Job) -> None:
        """Before or after `start`."""
        self._jobs.append(job)
        self._scheduler.add_job(self._guarded, self._trigger(job.when), args=(job,), id=job.name, name=job.name)
        self._catch_up(job)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """No further job begins; one that is running is the loop's to end."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all jobs."""
        return tuple(job.name for job in self._jobs)

    def take_over(self) -> None:
        """This process leads from now on: every job runs once, for what came due while nobody did."""
        for job in self._jobs:
            if not job.everywhere:
                self._catch_up(job)

    def _catch_up(self, job: Job) -> None:
        """Once at the start as well: whatever came due while nobody ticked."""
        self._scheduler.add_job(self._guarded, args=(job,), name=f"{job.name}, catching up")

    async def _guarded(self, job: Job) -> None:
        if not job.everywhere and not self._leads():
            return
        try:
            await job.work()
        except Exception as trouble:
            self.on_failure(job.name)
            log.error("a job failed, it will come again", job=job.name, exc_info=trouble)

    def _trigger(self, when: Every | At) -> CronTrigger | IntervalTrigger:
        if isinstance(when, Every):
            return IntervalTrigger(seconds=when.seconds, timezone=self._zone)
        return CronTrigger(
            hour=when.hour, minute=when.minute, day=when.day, day_of_week=when.weekday, timezone=self._zone
        )
