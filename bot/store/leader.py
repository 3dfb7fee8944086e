"""Who runs the jobs: of all processes on one PostgreSQL, the one that holds the lock of that duty.

The lock is the server's (`pg_advisory_lock`) and lives with a connection of its own. A leader that ends, hangs or is cut off
stops saying so, the server closes its session, and another takes over. Whoever leads knows for how long that is certain, by a
clock that goes on while it sleeps: so that a leader that was stopped and wakes up does not take itself for one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.store import own_line
from bot.store.own_line import OwnLine, asked
from bot.store.together import Duty

log = structlog.get_logger()

# On Linux the clock that goes on while the machine is suspended.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def awake_or_not() -> float:
    """Seconds of a steady clock, those in which this machine slept included."""
    return time.clock_gettime(_CLOCK)


@dataclass(frozen=True)
class Timing:
    """In seconds. A leader says each `say` that it is there; after `silence` the server ends its session; it takes itself for the
    leader only `certain` long after it last said so, which must be less than `silence`; others ask each `ask`."""

    say: float = 5.0
    certain: float = 15.0
    silence: float = 20.0
    ask: float = 3.0


class Leader:
    """Holds the lock of a duty in one PostgreSQL database, or waits for it."""

    def __init__(self, url: str, duty: Duty = Duty.JOBS, timing: Timing | None = None) -> None:
        self._url = url
        self._duty = duty
        self._timing = timing or Timing()
        self._certain_until = 0.0

    def leads(self) -> bool:
        return awake_or_not() < self._certain_until

    async def run(self, took_over: Callable[[], None]) -> None:
        silence = str(round(self._timing.silence * 1000))
        while True:
            try:
                async with own_line.opened(self._url, "leader", idle_session_timeout=silence) as line:
                    await self._wait_for(line)
                    log.info("this process leads now", duty=self._duty.name.lower())
                    took_over()
                    await self._hold(line)
            except own_line.CUT as trouble:
                if self._certain_until:
                    log.warning(
                        "this process leads no longer", duty=self._duty.name.lower(), reason=type(trouble).__name__
                    )
                else:
                    log.debug("could not ask who leads", reason=type(trouble).__name__)
            finally:
                self._certain_until = 0.0
            await asyncio.sleep(self._timing.ask)

    async def _wait_for(self, line: OwnLine) -> None:
        """Returns when the lock is ours."""
        while True:
            began = awake_or_not()
            row = await asked(line, f"select pg_try_advisory_lock({self._duty.value})")
            if row and row[0]:
                self._certain_until = began + self._timing.certain
                return
            await asyncio.sleep(self._timing.ask)

    async def _hold(self, line: OwnLine) -> None:
        """Say again and again that we are here; ends by one of CUT, at once where the server ends the line."""
        while True:
            async for _ in line.notifies(timeout=self._timing.say):
                """Nobody tells us anything here: this waits, and hears the line break."""
            # From before the question: the server counts our silence from a later moment.
            began = awake_or_not()
            await asked(line, "select 1")
            self._certain_until = began + self._timing.certain
