"""How long a request has waited and for what, and what wants a look first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from bot.store.takedown_types import Request, State
from content.takedown import Takedown

HOUR = timedelta(hours=1)
# From so many hours on, days say it better.
IN_DAYS = 72


@dataclass(frozen=True)
class Clock:
    """Since when a request has waited in its state, for at most `limit` (None: for ever). `over`: it is past that."""

    waited: timedelta
    limit: timedelta | None
    over: bool


@dataclass(frozen=True)
class Shown:
    """A request as lists show it; `urgent` ones come first."""

    request: Request
    clock: Clock

    @property
    def urgent(self) -> bool:
        request = self.request
        return self.clock.over or (request.waiting and not request.stands) or request.seen_again is not None


def clocked(requests: Sequence[Request], known: Takedown, now: datetime) -> list[Shown]:
    """Every request with its clock, in the order given."""
    return [Shown(each, clock(each, known, now)) for each in requests]


def urgent_first(found: Sequence[Shown]) -> list[Shown]:
    """What wants a look first, then what has waited longest."""
    return sorted(found, key=lambda each: (not each.urgent, -each.clock.waited))


def clock(request: Request, known: Takedown, now: datetime) -> Clock:
    """For what a request waits now."""
    kind = known.of(request.kind)
    since = request.sent_at or request.prepared_at
    limits = {State.SENT: kind.acknowledge_hours, State.ACKNOWLEDGED: kind.finish_hours}
    limit = limits[request.state] * HOUR if request.state in limits else None
    waited = max((request.ended_at or now) - since, timedelta())
    return Clock(waited, limit, request.waiting and limit is not None and waited > limit)


def spelt(time: timedelta) -> tuple[str, int]:
    """The label and the number of a time, rounded up: hours, or days where it is long."""
    hours = max(ceil(time / HOUR), 1)
    return ("takedown.hours", hours) if hours < IN_DAYS else ("takedown.days", ceil(hours / 24))
