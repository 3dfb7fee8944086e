"""Letters to the other side of a link: is this your relative, somebody needs you, it is over. Each is written once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from content.loading import Knowledge
from content.models import Language
from handlers import trusted
from handlers.messages import Reply
from handlers.trusted_types import Told
from handlers.wording import Voice

PAGE = 100


@dataclass(frozen=True)
class News:
    """A letter that is still to be written to `person`, known by keyed hash. `elder` is the older person of a link that
    stands, "" where there is none any more."""

    id: int
    person: str
    language: Language
    told: Told
    elder: str = ""


class Newsroom(Protocol):
    """What is remembered of letters to the other side."""

    async def due(self, most: int) -> Sequence[News]:
        """What is to be written, oldest first."""

    async def tell(self, letters: Sequence[tuple[News, Reply]]) -> int:
        """Put letters into the outbox, in one transaction and each once, whoever else writes them; how many. A relative who
        cannot be reached is no relative any more, and the older person gets to know."""


async def tell(newsroom: Newsroom, knowledge: Knowledge) -> int:
    """Write everything that is due; how many letters. May run at any moment, in any number of processes."""
    told = 0
    while due := await newsroom.due(PAGE):
        told += await newsroom.tell(
            [(each, trusted.letter(each.told, Voice(knowledge, each.language))) for each in due]
        )
    return told
