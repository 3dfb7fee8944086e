"""What changed between two bodies, field by field, with the words marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.desk.knowledge_fields import FIELDS, Field, texts
from content.revising import Body, Kind

# Words of Latin letters, numbers, spaces; Thai by the cluster, for Thai leaves no spaces between its words.
_PIECE = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d+|\s+|[เแโใไ]?[ก-ฮ][ะ-ฺ็-๎ๅ]*|.", re.DOTALL)
# What stays the same between two changes must be as long as this to be worth leaving unmarked.
_WORTH = 3
# Lines that share less than this are not one line changed but two lines.
_ALIKE = 0.5


@dataclass(frozen=True)
class Piece:
    """Some letters of a line, and whether they are there in both, went (`gone`) or came (`new`)."""

    text: str
    gone: bool = False
    new: bool = False


@dataclass(frozen=True)
class Line:
    """One line of a field, in pieces: kept, changed, gone or new."""

    pieces: tuple[Piece, ...]

    @property
    def changed(self) -> bool:
        return any(piece.gone or piece.new for piece in self.pieces)


@dataclass(frozen=True)
class Change:
    """A field (or one language of it) that is not the same: its lines, without long stretches that are."""

    field: Field
    part: str  # "th", "en" or ""
    lines: tuple[Line, ...]
    left_out: int


def changes(kind: Kind, before: Body | None, after: Body) -> list[Change]:
    """Every field that differs, in the order of the form."""
    found = []
    for one in FIELDS[kind]:
        old, new = texts(one, before or {}), texts(one, after)
        for name in new:
            if old.get(name, "") != new[name]:
                lines = list(compared(old.get(name, ""), new[name]))
                kept = tuple(each for each in lines if each.changed)
                part = name.removeprefix(one.name).lstrip(".")
                found.append(Change(one, part, kept, len(lines) - len(kept)))
    return found


def compared(old: str, new: str) -> Iterator[Line]:
    """The lines of two texts beside each other."""
    before, after = old.split("\n") if old else [], new.split("\n") if new else []
    for what, start, end, begin, until in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (Line((Piece(text),)) for text in before[start:end])
        else:
            yield from _paired(before[start:end], after[begin:until])


def _paired(gone: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Lines that were changed into one another, as one line with its words marked; the rest as they are."""
    left = list(gone)
    for text in new:
        likeness = [(SequenceMatcher(None, one, text, autojunk=False).ratio(), one) for one in left]
        best = max(likeness, default=(0.0, ""))
        if best[0] < _ALIKE:
            yield Line((Piece(text, new=True),))
            continue
        while left[0] != best[1]:
            yield Line((Piece(left.pop(0), gone=True),))
        yield Line(tuple(_marked(left.pop(0), text)))
    yield from (Line((Piece(text, gone=True),)) for text in left)


def _marked(old: str, new: str) -> Iterator[Piece]:
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    gone = come = ""
    steps = matcher.get_opcodes()
    for place, (what, start, end, begin, until) in enumerate(steps):
        same = what == "equal"
        between = same and 0 < place < len(steps) - 1 and end - start < _WORTH
        if same and not between:
            yield from _both(gone, come)
            gone = come = ""
            yield Piece("".join(before[start:end]))
        else:
            gone += "".join(before[start:end])
            come += "".join(after[begin:until])
    yield from _both(gone, come)


def _both(gone: str, come: str) -> Iterator[Piece]:
    if gone:
        yield Piece(gone, gone=True)
    if come:
        yield Piece(come, new=True)
