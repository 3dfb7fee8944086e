"""The gentle question of the morning after, asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from content.loading import Knowledge
from content.models import Language
from handlers import follow_up
from handlers.messages import FollowUpKind, Reply
from handlers.wording import Voice

# A server that slept through the morning still asks; after some days the question would only hurt.
TOO_LATE = timedelta(days=3)
PAGE = 100
QUESTIONS: Mapping[FollowUpKind, Callable[[Voice], Reply]] = {FollowUpKind.BANK_CASE: follow_up.question}


@dataclass(frozen=True)
class Due:
    """A question that is due to one person, known by keyed hash."""

    id: int
    person: str
    kind: FollowUpKind
    language: Language


class FollowUps(Protocol):
    """What is remembered of questions to be asked."""

    async def due(self, too_late: timedelta, most: int) -> Sequence[Due]:
        """What is to be asked now. What is later than that is dropped, and so is what no one can be asked."""

    async def ask(self, questions: Sequence[tuple[Due, Reply]]) -> int:
        """Put questions into the outbox, in one transaction and each once, whoever else asks at the same moment; how many."""


async def ask(follow_ups: FollowUps, knowledge: Knowledge) -> int:
    """Ask everything that is due; how many questions. May run at any moment, in any number of processes."""
    asked = 0
    while due := await follow_ups.due(TOO_LATE, PAGE):
        asked += await follow_ups.ask([(each, QUESTIONS[each.kind](Voice(knowledge, each.language))) for each in due])
    return asked
