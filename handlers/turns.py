"""One turn of a conversation: all that a decision may look at, and whether its text is an answer or something new."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from content import identifiers
from content.cleaning import readable
from content.identifiers import Kind as IdentifierKind
from content.loading import Knowledge
from handlers import dialogue
from handlers.drill_types import NEVER, Practice
from handlers.hub_types import AtHub
from handlers.languages import answer_in
from handlers.messages import UNNAMED, Account, Case, Message, Outcome, Session
from handlers.report import Terms
from handlers.sightings import NOTHING_KNOWN, Recall
from handlers.trusted_types import NOBODY, Known
from handlers.wording import Voice


@dataclass(frozen=True)
class Turn:
    """All that a decision may look at. `messages` is one message, or several that came within a few seconds.

    `account` is what the platform calls us; `admin` whether an admin of the group speaks (None: not asked, or not told).
    `hub` is there when somebody speaks of a hub; `home` is our own address on the web, where it can be linked to.
    """

    messages: tuple[Message, ...]
    session: Session
    cases: Sequence[Case]
    knowledge: Knowledge
    terms: Terms
    now: datetime
    recall: Recall = NOTHING_KNOWN
    trusted: Known = NOBODY
    practice: Practice = NEVER
    account: Account = UNNAMED
    admin: bool | None = None
    hub: AtHub | None = None
    home: str = ""

    @property
    def message(self) -> Message:
        return self.messages[-1]

    @property
    def voice(self) -> Voice:
        return Voice(self.knowledge, answer_in(self.messages, self.session))


# What answers a turn: a command with what follows it, a step with the command that was typed, a button with its tail.
Answer = Callable[[Turn, str], Outcome]


def leaving(turn: Turn) -> Turn:
    """The turn of somebody who turns to something else: a dialogue worth going on with is put aside."""
    return replace(turn, session=dialogue.left(turn.session, turn.now))


# A name, a sum, a word is shorter; a longer text in the middle of our questions is a message to look at.
LONGEST_ANSWER = 40


def plainly_new(message: Message) -> bool:
    """Whether a text in the middle of a dialogue is no answer to it: forwarded, long, or a link."""
    text = message.text.strip()
    return message.forwarded or len(text) > LONGEST_ANSWER or bool(_ASKS.search(text)) or _names_somebody(text)


_ASKS = re.compile(r"(?:[?？]|ไหม|มั้ย|มัย|หรือเปล่า|รึเปล่า|หรือไม่|ป่าว|ยังไง|ทำไง)(?:คะ|ค่ะ|ครับ|คับ)?\s*\Z")
_TELLING = frozenset({IdentifierKind.URL, IdentifierKind.PHONE, IdentifierKind.ACCOUNT, IdentifierKind.LINE_ID})


def _names_somebody(text: str) -> bool:
    return any(each.kind in _TELLING for each in identifiers.find(readable(text)))
