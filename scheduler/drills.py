"""The drill of a month: about what Rutan warned of most, sent once to everybody who wants one, by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

from content.drills import Drill, chosen
from content.loading import Knowledge
from content.models import Language, ScamType
from handlers import drill
from handlers.drill_types import Practice
from handlers.messages import Reply
from handlers.wording import Voice
from scheduler.trends import Dimension, FigureSource, Month, MonthFigures

# The bulletin comes in a month's first days; by now the month has a trend of its own.
FROM_DAY = 10
# Nobody is startled at night by a letter that looks like a scam at first.
FROM_HOUR, UNTIL_HOUR = time(9, 0), time(18, 0)
PAGE = 100


@dataclass(frozen=True)
class Wanting:
    """Somebody, by keyed hash, who wants a drill every month and has not had this one."""

    person: str
    language: Language
    practice: Practice


class Rounds(Protocol):
    """What is remembered of drills."""

    async def keep_theme(self, theme: ScamType) -> bool:
        """What this month's drill is about; whether that is new."""

    async def wanting(self, most: int) -> Sequence[Wanting]:
        """The next who want this month's drill."""

    async def send(self, letters: Sequence[tuple[Wanting, ScamType, Reply]]) -> int:
        """Put drills into the outbox, each person's month claimed in the same transaction; how many. Who cannot be reached
        is claimed all the same."""


async def keep_theme(rounds: Rounds, figures: FigureSource, knowledge: Knowledge, month: Month) -> bool:
    """Choose what the month's drill is about; whether that is new. While a month has no figures to show, the last one's
    trend holds."""
    theme = _theme(await figures.month(month), knowledge)
    if theme is None:
        theme = _theme(await figures.month(month.before()), knowledge)
    return theme is not None and await rounds.keep_theme(theme)


def _theme(figures: MonthFigures, knowledge: Knowledge) -> ScamType | None:
    """The type that was warned of most, of those that there is a drill for and whose number may be shown."""
    practised = {each.type.value: each.type for each in knowledge.drills.values()}
    shown = [row.key for row in figures.tables.get(Dimension.TYPE, ()) if row.count]
    return next((practised[key] for key in shown if key in practised), None)


def is_time(now: datetime, zone: ZoneInfo) -> bool:
    """Whether drills may leave at that moment: on any day from the tenth on, so that a missed one is caught up."""
    local = now.astimezone(zone)
    return local.day >= FROM_DAY and FROM_HOUR <= local.time() < UNTIL_HOUR


async def send(rounds: Rounds, knowledge: Knowledge, now: datetime, zone: ZoneInfo) -> int:
    """Send this month's drill to everybody who wants one and has not had it; how many letters. May run at any moment, in
    any number of processes."""
    sent = 0
    if not is_time(now, zone) or not knowledge.drills:
        return sent
    while wanting := await rounds.wanting(PAGE):
        sent += await rounds.send([_letter(each, knowledge) for each in wanting])
    return sent


def _letter(wanting: Wanting, knowledge: Knowledge) -> tuple[Wanting, ScamType, Reply]:
    exercise: Drill | None = chosen(knowledge.drills, wanting.practice.theme, wanting.practice.did)
    assert exercise is not None  # noqa: S101 (there are drills: `send` has looked)
    return wanting, exercise.type, drill.letter(exercise, Voice(knowledge, wanting.language))
