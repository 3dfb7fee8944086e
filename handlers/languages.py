"""Which language to answer in: the person's choice, else the script of the message, else what was spoken last."""

from __future__ import annotations

import re
from collections.abc import Sequence

from content.models import Language
from handlers.messages import Message, Session

# Runs of ASCII; those that are links, e-mails or ids are no words. One pass, nothing to run away with.
_ASCII_RUN = re.compile(r"[\x21-\x7e]+")
_LINK = re.compile(r"://|@|\w\.\w", re.ASCII)
_COMMAND = re.compile(r"\A\s*/[\w@]+", re.ASCII)
_THAI = re.compile(r"[\u0e01-\u0e4e]")
_LATIN = re.compile(r"[A-Za-z\uff21-\uff3a\uff41-\uff5a]")

# A Thai sentence holds brand names; an English one rarely holds Thai. So a fifth of Thai letters makes it Thai.
THAI_SHARE = 0.2


def script(text: str) -> Language | None:
    """The language whose letters the text is written in; None when it has no letters outside links."""
    words = _ASCII_RUN.sub(lambda run: " " if _LINK.search(run.group()) else run.group(), _COMMAND.sub(" ", text))
    thai, latin = len(_THAI.findall(words)), len(_LATIN.findall(words))
    if not thai and not latin:
        return None
    return Language.THAI if thai >= THAI_SHARE * (thai + latin) and thai else Language.ENGLISH


def answer_in(messages: Sequence[Message], session: Session) -> Language:
    if session.language:
        return session.language
    spoken = script(" ".join(each.text for each in messages if each.text))
    return spoken or session.spoken or messages[-1].language_hint or Language.THAI
