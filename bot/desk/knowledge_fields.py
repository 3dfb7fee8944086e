"""The fields of an entry and of an organisation, as a form has them: which there are, and the way to a body and back."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.desk.frame import Form
from content.models import ScamType
from content.models import State as EntryState
from content.revising import Body, Kind, tidy

LANGUAGES = ("th", "en")
SOURCE_PARTS = ("title", "where", "dated")
# Empty rows for what is still to come.
SPARE_SOURCES = 2
MOST_SOURCES = 40
_SPACES = re.compile(r"[ \t\u00a0]+")


class Shape(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    DAY = "day"
    CHOICE = "choice"
    LINES = "lines"  # one thing a line
    PAIR = "pair"  # one sentence, Thai and English beside each other
    PAIR_LINES = "pair_lines"  # several, one a line
    SOURCES = "sources"
    YES = "yes"
    TICKS = "ticks"


@dataclass(frozen=True)
class Field:
    """One field: `name` with dots for what lies within (`phrases.scammer`); `rows` is how tall it opens."""

    name: str
    shape: Shape
    required: bool = True
    rows: int = 4
    choices: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))

    @property
    def key(self) -> str:
        """How its label is called: `knowledge_field.KEY`."""
        return self.name.replace(".", "_")

    @property
    def parts(self) -> tuple[str, ...]:
        """The names in the form of what it holds, for everything but sources."""
        if self.shape in (Shape.PAIR, Shape.PAIR_LINES):
            return tuple(f"{self.name}.{language}" for language in LANGUAGES)
        return (self.name,)


ENTRY: tuple[Field, ...] = (
    Field("title", Shape.PAIR),
    Field("type", Shape.CHOICE, choices=tuple(each.value for each in ScamType)),
    Field("state", Shape.CHOICE, choices=tuple(each.value for each in EntryState)),
    Field("how_it_works", Shape.PAIR_LINES),
    Field("phrases.scammer", Shape.PAIR_LINES, rows=12),
    Field("phrases.victim", Shape.PAIR_LINES, rows=6),
    Field("topics", Shape.PAIR_LINES, rows=6),
    Field("signs", Shape.LINES),
    Field("do_now", Shape.PAIR_LINES),
    Field("if_paid", Shape.PAIR_LINES),
    Field("if_clicked", Shape.PAIR_LINES, required=False, rows=3),
    Field("if_gave_code", Shape.PAIR_LINES, required=False, rows=3),
    Field("check_yourself", Shape.PAIR_LINES),
    Field("call", Shape.TICKS),
    Field("police_case", Shape.TICKS, choices=tuple(str(number) for number in range(16))),
    Field("sources", Shape.SOURCES),
    Field("reviewed_on", Shape.DAY),
    Field("expires_on", Shape.DAY),
)
ORGANISATION: tuple[Field, ...] = (
    Field("name", Shape.PAIR),
    Field("kind", Shape.TEXT),
    Field("nicknames", Shape.PAIR_LINES, required=False, rows=3),
    Field("domains", Shape.LINES, required=False, rows=3),
    Field("link_domains", Shape.LINES, required=False, rows=2),
    Field("numbers", Shape.LINES, required=False, rows=3),
    Field("line_ids", Shape.LINES, required=False, rows=2),
    Field("policy", Shape.PAIR, required=False),
    Field("sources", Shape.SOURCES),
    Field("verified", Shape.YES, required=False),
)
FIELDS: Mapping[Kind, tuple[Field, ...]] = {Kind.ENTRY: ENTRY, Kind.ORGANISATION: ORGANISATION}


@dataclass(frozen=True)
class Shown:
    """A field with what stands in it: `values` by name in the form; `ticked` of a choice or of ticks; `faults` in plain
    words; `theirs` what somebody else has written there meanwhile, by name."""

    field: Field
    values: Mapping[str, str]
    ticked: frozenset[str] = frozenset()
    rows: Sequence[Mapping[str, str]] = ()
    choices: Sequence[tuple[str, str]] = ()
    faults: Sequence[str] = ()
    theirs: Mapping[str, str] = dataclasses.field(default_factory=dict)


def at(body: Body, steps: Iterable[str]) -> Any:
    """What stands in a body at the end of these steps; None where nothing does."""
    found: Any = body
    for step in steps:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def texts(one: Field, body: Body) -> dict[str, str]:
    """What stands in a field, as texts by name in the form: one thing a line."""
    if one.shape in (Shape.PAIR, Shape.PAIR_LINES):
        return {f"{one.name}.{language}": _text(at(body, (*one.steps, language))) for language in LANGUAGES}
    if one.shape is Shape.SOURCES:
        return {
            one.name: "\n".join(" · ".join(str(each.get(part, "")) for part in SOURCE_PARTS) for each in sources(body))
        }
    return {one.name: _text(at(body, one.steps))}


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(str(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def sources(body: Body) -> list[Mapping[str, str]]:
    """The sources of a body."""
    found = at(body, ("sources",))
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []


def shown(kind: Kind, body: Body, choices: Mapping[str, Sequence[tuple[str, str]]]) -> list[Shown]:
    """Every field with what a body has in it. `choices`: what there is to choose from, as value and name, by field."""
    made = []
    for each in FIELDS[kind]:
        value = at(body, each.steps)
        ticked = {str(one) for one in value} if isinstance(value, list | tuple) else {_text(value)}
        rows = [*sources(body), *({} for _ in range(SPARE_SOURCES))] if each.shape is Shape.SOURCES else []
        known = list(choices.get(each.name, ()))
        if each.shape is Shape.TICKS:
            known = _in_order(value if isinstance(value, list | tuple) else (), known)
        made.append(Shown(each, texts(each, body), frozenset(ticked), rows, known))
    return made


def _in_order(ticked: Sequence[object], known: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is ticked first and in its order, which a form keeps: whom to call first is called first. What is ticked and
    not known any more stays to be seen, and taken away."""
    names = dict(known)
    first = [(str(each), names.get(str(each), str(each))) for each in ticked]
    return first + [each for each in known if each not in first]


def read(kind: Kind, name: str, form: Form) -> dict[str, Any]:
    """The body that a form holds, whatever is missing or wrong in it: the checks say so."""
    body: dict[str, Any] = {"id": name}
    for each in FIELDS[kind]:
        _put(body, each.steps, _value(each, form))
    made = tidy(body)
    if kind is Kind.ORGANISATION:
        made.setdefault("verified", False)
    return made


def _put(body: dict[str, Any], steps: Sequence[str], value: Any) -> None:
    *outer, last = steps
    for step in outer:
        body = body.setdefault(step, {})
    body[last] = value


def _value(one: Field, form: Form) -> Any:
    match one.shape:
        case Shape.PAIR:
            return {language: line(form.get(f"{one.name}.{language}", "")) for language in LANGUAGES}
        case Shape.PAIR_LINES:
            return {language: lines(form.get(f"{one.name}.{language}", "")) for language in LANGUAGES}
        case Shape.LINES:
            return lines(form.get(one.name, ""))
        case Shape.SOURCES:
            return _sources(one, form)
        case Shape.YES:
            return bool(form.get(one.name))
        case Shape.TICKS:
            ticked = [each for each in form.every(one.name) if each]
            return [int(each) if each.isascii() and each.isdigit() else each for each in ticked]
        case _:
            return line(form.get(one.name, ""))


def _sources(one: Field, form: Form) -> list[dict[str, str]]:
    rows = (
        {part: line(form.get(f"{one.name}.{place}.{part}", "")) for part in SOURCE_PARTS}
        for place in range(MOST_SOURCES)
    )
    return [row for row in rows if any(row.values())]


def lines(text: str) -> list[str]:
    """The lines that have something in them."""
    return [made for each in text.split("\n") if (made := line(each))]


def line(text: str) -> str:
    """One line as it is kept: no characters that steer, no space before or after."""
    plain = "".join(" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", plain)).strip()
