"""A verdict has turned out otherwise: everybody who was given the old one is told once, though their words were never kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from content.loading import Knowledge
from content.models import Language
from content.verdict import Level
from handlers import feedback
from handlers.messages import Reply
from handlers.wording import Voice

# Whoever asked longer ago has acted on our answer, or has forgotten it.
REACHES_BACK = timedelta(days=30)
# Letters of one transaction, so that no answer waits behind them.
PAGE = 100
SCAM = ("scam", "new_entry")
NOT_A_SCAM = "not_a_scam"
# Nobody decided anything: our own verdict is no longer that of a scam. To be sure of less is no all-clear.
UNSURE = "unsure"


@dataclass(frozen=True)
class Wave:
    """Letters about one message: what was decided, and behind whom (`after`, a keyed hash) it goes on. `case` is None, and `words`
    the hash of those that were asked about, where our own verdict turned and no official decided."""

    id: int
    sighting: int
    case: int | None
    decision: str
    entry: str | None
    after: str
    made_at: datetime
    words: str = ""


@dataclass(frozen=True)
class Asker:
    """Somebody who asked, by keyed hash; what they were told last ("not_known:", "known_scam:parcel-fee") and when."""

    source: str
    language: Language
    given: str
    given_at: datetime


class Waves(Protocol):
    """What is remembered of waves and of who was told what."""

    async def wave(self) -> Wave | None:
        """The wave to go on with; None when there is none."""

    async def askers(self, wave: Wave, since: timedelta, most: int) -> Sequence[Asker]:
        """The next who asked within that time, can be reached, did not report it, and were not told by this wave."""

    async def recall(self, wave: Wave, letters: Sequence[tuple[Asker, Reply]], after: str) -> int:
        """Put a page of letters into the outbox and move the wave behind `after`, in one transaction: nothing where
        another process has moved it. How many letters."""

    async def finish(self, wave: Wave) -> None:
        """Nobody is left, unless another process has moved it meanwhile."""


async def recall(waves: Waves, knowledge: Knowledge, zone: tzinfo, page: int = PAGE) -> int:
    """Send every wave that waits, `page` askers in a transaction; how many letters. May run at any moment, in any number of
    processes."""
    told = 0
    while wave := await waves.wave():
        askers = await waves.askers(wave, REACHES_BACK, page)
        if not askers:
            await waves.finish(wave)
            continue
        concerned = [each for each in askers if contradicts(each.given, wave.decision)]
        letters = [(each, letter(each, wave, Voice(knowledge, each.language), zone)) for each in concerned]
        told += await waves.recall(wave, letters, askers[-1].source)
    return told


def letter(asker: Asker, wave: Wave, voice: Voice, zone: tzinfo) -> Reply:
    """The letter to one who asked, with the day on which they did."""
    asked_on = asker.given_at.astimezone(zone).strftime("%d/%m/%Y")
    return feedback.recalled(wave.decision, wave.entry, voice, asked_on)


def contradicts(given: str, decision: str) -> bool:
    """Whether who was told `given` must hear of a decision. That an official cannot tell is news to nobody."""
    level = given.partition(":")[0]
    if decision in SCAM:
        return level in (Level.NOT_KNOWN, Level.WARNING_SIGNS)
    if decision == NOT_A_SCAM:
        return level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS)
    return decision == UNSURE and level == Level.KNOWN_SCAM


def verdict_given(decision: str, entry: str | None) -> str:
    """What somebody has been told who has heard of a decision."""
    level = Level.KNOWN_SCAM if decision in SCAM else Level.NOT_KNOWN
    return f"{level.value}:{entry or ''}"
