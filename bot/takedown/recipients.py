"""The ways to reach a kind of recipient for which there is a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from content.knowledge import Knowledge
from content.models import Both, Hotline, Source
from content.takedown import RecipientKind


@dataclass(frozen=True)
class Way:
    """One recipient that can be chosen: `name` in both languages, as letters write it."""

    id: str
    name: str
    address: str
    note: Both | None
    source: str
    verified: bool


def ways(kind: RecipientKind, knowledge: Knowledge) -> tuple[Way, ...]:
    """All of a kind: of banks their fraud lines."""
    known = knowledge.takedown.of(kind)
    own = [
        Way(each.id, _named(each.name), each.address, each.note, _sourced(each.sources), each.verified)
        for each in known.recipients
    ]
    lines = [_line(each) for each in knowledge.hotlines.values() if each.bank] if known.hotlines else []
    return (*own, *lines)


def way(id: str, kind: RecipientKind, knowledge: Knowledge) -> Way | None:
    """The one of that id; None where there is none of this kind."""
    return next((each for each in ways(kind, knowledge) if each.id == id), None)


def _line(hotline: Hotline) -> Way:
    address = f"{hotline.number} ({hotline.press})" if hotline.press else hotline.number
    return Way(hotline.id, _named(hotline.name), address, None, _sourced(hotline.sources), True)


def _named(name: Both) -> str:
    return name.th if name.th == name.en else f"{name.th} · {name.en}"


def _sourced(sources: Sequence[Source]) -> str:
    return f"{sources[0].title} ({sources[0].dated})"
