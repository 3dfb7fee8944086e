"""What reporters hear of their report: that it is being looked at, and what was found. Each is told each thing once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from content.loading import Knowledge
from content.models import Language
from handlers import feedback
from handlers.messages import Reply
from handlers.wording import Voice

IN_REVIEW = "in_review"
# Letters of one transaction, so that no answer waits behind them.
PAGE = 100


@dataclass(frozen=True)
class News:
    """What one reporter is to be told: `person` by keyed hash, `said` names it ("in_review", "scam:parcel-fee"), `version` is
    the case's; `decision` is "" while there is none."""

    case: int
    version: int
    person: str
    said: str
    number: str
    reported_at: datetime
    language: Language
    decision: str
    entry: str | None
    remark: str


class Reporters(Protocol):
    """What is remembered of who was told what."""

    async def untold(self, most: int) -> Sequence[News]:
        """Reporters who have not heard the newest of their case; empty when all have."""

    async def tell(self, letters: Sequence[tuple[News, Reply]]) -> int:
        """Put letters into the outbox, in one transaction: for each reporter once, whoever else tells them at the same
        moment, and for none who cannot be reached. How many letters there are."""


async def tell(reporters: Reporters, knowledge: Knowledge) -> int:
    """Tell everybody what they have not been told; how many letters. May run at any moment, in any number of processes."""
    told = 0
    while news := await reporters.untold(PAGE):
        told += await reporters.tell([(each, letter(each, Voice(knowledge, each.language))) for each in news])
    return told


def letter(news: News, voice: Voice) -> Reply:
    """The letter to one reporter, in their language."""
    if news.said == IN_REVIEW:
        return feedback.in_review(news.number, voice)
    return feedback.answered(news.number, news.decision, news.entry, news.remark, voice)
