"""The house at this moment: what is rising, and whether answers leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store import forms
from bot.store.foundation import Foundation
from bot.store.sightings import EARLIER_DAYS, RECENT_DAYS, RISING_FROM
from bot.store.transaction import Row, Transaction


@dataclass(frozen=True)
class Rising:
    """A message that suddenly more people ask about: `recent` people were new to it in the last two days, `earlier` in the
    seven before; `people` in all. `case_id`: its case, where somebody reported it."""

    id: int
    level: str
    type: str | None
    entry: str | None
    people: int
    recent: int
    earlier: int
    case_id: int | None
    first_seen: datetime


@dataclass(frozen=True)
class WayOut:
    """How answers leave for one platform: how many wait and since when, and how many have left or failed today."""

    platform: str
    waiting: int
    oldest: datetime | None
    sent: int
    failed: int


@dataclass(frozen=True)
class Failing:
    """Why answers could not leave, in our own words."""

    platform: str
    reason: str
    count: int


class Pulse:
    """Looks at one database. Every method is one read."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def rising(self, limit: int) -> Sequence[Rising]:
        """What no entry explains and suddenly more people ask about, the fastest growing first."""
        today = self._foundation.today()
        recent = today - timedelta(days=RECENT_DAYS - 1)
        values = {
            "recent": recent.isoformat(),
            "earlier": (recent - timedelta(days=EARLIER_DAYS)).isoformat(),
            "recent_days": RECENT_DAYS,
            "earlier_days": EARLIER_DAYS,
        }

        def work(tx: Transaction) -> list[Rising]:
            return [_rising(row) for row in tx.rows("rising_sightings", least=RISING_FROM, page=limit, **values)]

        return await self._foundation.database.read(work)

    async def ways_out(self) -> tuple[Sequence[WayOut], Sequence[Failing]]:
        """Whether answers leave, by platform, since midnight; and why some could not, the commonest reason first."""
        since = forms.stamp(self._midnight())

        def work(tx: Transaction) -> tuple[list[WayOut], list[Failing]]:
            waiting = {row["platform"]: row for row in tx.rows("waiting_letters")}
            ended: Counter[tuple[str, str]] = Counter()
            for row in tx.rows("ended_letters", since=since):
                ended[row["platform"], row["state"]] += row["count"]
            platforms = sorted({*waiting, *(platform for platform, _ in ended)})
            failing = tx.rows("failed_letters", since=since)
            return (
                [_way_out(each, waiting.get(each), ended) for each in platforms],
                [Failing(row["platform"], row["reason"], row["count"]) for row in failing],
            )

        return await self._foundation.database.read(work)

    def _midnight(self) -> datetime:
        here = self._foundation.now().astimezone(self._foundation.timezone)
        return here.replace(hour=0, minute=0, second=0, microsecond=0)


def _rising(row: Row) -> Rising:
    plain = {name: row[name] for name in ("id", "level", "type", "entry", "people", "case_id")}
    # A sum is not a whole number in every database.
    recent, earlier = int(row["recent"]), int(row["earlier"])
    return Rising(**plain, recent=recent, earlier=earlier, first_seen=forms.moment(row["first_seen"]))


def _way_out(platform: str, waiting: Row | None, ended: Mapping[tuple[str, str], int]) -> WayOut:
    return WayOut(
        platform,
        waiting=waiting["count"] if waiting else 0,
        oldest=forms.moment(waiting["oldest"]) if waiting else None,
        sent=ended.get((platform, "sent"), 0),
        failed=ended.get((platform, "failed"), 0),
    )
