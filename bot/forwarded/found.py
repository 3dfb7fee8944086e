"""What comes out of a file: the newest messages in it, and an honest count of what was left out."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from content.cleaning import HEAD, TAIL
from handlers.errors import RutanError

# One table that a person still reads to the end; the rest is for a second file.
MOST_MESSAGES = 200

# Control characters have no place in words; line breaks and tabs do.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_LETTER = re.compile(r"[^\W_]")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


class Reason(StrEnum):
    """Why a file is not read: the key of the sentence that says so."""

    TOO_BIG = "forwarded_too_big"  # more bytes than we take
    TOO_MUCH = "forwarded_too_much"  # an honest table, but far more in it than we take
    BOMB = "forwarded_bomb"  # packed so that opening it would fill a machine
    DAMAGED = "forwarded_damaged"
    LOCKED = "forwarded_locked"  # needs a password
    OLD_EXCEL = "forwarded_old_excel"
    PROGRAM = "forwarded_program"
    OTHER_KIND = "forwarded_other_kind"  # a picture, a PDF, a letter: not a list of messages
    NO_MESSAGES = "forwarded_no_messages"


class Note(StrEnum):
    """What a reader should know about how the file was read: the key of the sentence that says so."""

    MACROS = "forwarded_macros"  # there was a program inside; it was not run
    BROKEN = "forwarded_broken"  # parts did not follow the format: rows may be cut in the wrong place
    SHORTENED = "forwarded_shortened"  # a message was so long that its middle was left out
    LONG_TABLE = "forwarded_long_table"  # rows further down than we read


class LeftOut(StrEnum):
    """What was in the file and is not among the messages: the key of the sentence that counts it."""

    OLDER = "forwarded_left_older"
    WORDLESS = "forwarded_left_wordless"  # stickers, pictures, calls
    SYSTEM = "forwarded_left_system"  # who joined, left, took a message back
    FORMULAS = "forwarded_left_formulas"  # computed cells that hold no text


class Refused(RutanError):
    """A file is not read; `.reason` is the key of the sentence that tells the sender why and what to do instead."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Forwarded:
    """The messages of a file in the file's order, at most `MOST_MESSAGES`, none without a letter or digit.

    `left_out` counts what is not among them. `since` is the day of the first message, where the file told days.
    Senders' names are nowhere in here.
    """

    messages: tuple[str, ...]
    left_out: Mapping[LeftOut, int]
    notes: tuple[Note, ...] = ()
    since: date | None = None


class Gathering:
    """Messages as a reader finds them: holds only the newest, counts the rest."""

    def __init__(self) -> None:
        self._kept: deque[tuple[date | None, str]] = deque(maxlen=MOST_MESSAGES)
        self._left: Counter[LeftOut] = Counter()
        self._notes: dict[Note, None] = {}

    def add(self, text: str, day: date | None = None) -> None:
        """Take a message; a text without any letter or digit is nothing to judge and goes uncounted."""
        if not _LETTER.search(text):
            return
        if len(self._kept) == MOST_MESSAGES:
            self.leave_out(LeftOut.OLDER)
        self._kept.append((day, text))

    def leave_out(self, what: LeftOut, count: int = 1) -> None:
        if count > 0:
            self._left[what] += count

    def note(self, note: Note) -> None:
        self._notes[note] = None

    def done(self) -> Forwarded:
        """What was found. Raises Refused(NO_MESSAGES) when that is nothing."""
        if not self._kept:
            raise Refused(Reason.NO_MESSAGES)
        messages = tuple(self._shortened(_tidy(text)) for _, text in self._kept)  # only now: most never come so far
        return Forwarded(messages, dict(self._left), tuple(self._notes), since=self._kept[0][0])

    def _shortened(self, words: str) -> str:
        if len(words) <= HEAD + TAIL:
            return words
        self.note(Note.SHORTENED)
        return f"{words[:HEAD]}\n…\n{words[-TAIL:]}"


def _tidy(text: str) -> str:
    unbroken = text.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "")  # Excel's way to write a return
    return _BLANK_LINES.sub("\n\n", _CONTROL.sub("", unbroken)).strip()
