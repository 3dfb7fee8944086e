"""The playbook of a hub: for each kind of trick what to say to the person, what to write down, whom to call; and the card."""

from __future__ import annotations

from dataclasses import dataclass

from content.models import Entry, Hotline, ScamType
from handlers.messages import plain
from handlers.wording import Voice, hotline

# For what somebody calls, in the order in which it hurts to be late.
CARD = ("1441", "191", "1599", "1323")


@dataclass(frozen=True)
class Play:
    """One trick on one page. `say`: what to tell the person to do; `ask`: what to look at together; `call`: numbers, each on
    a line with whose it is."""

    id: str
    title: str
    say: tuple[str, ...]
    ask: tuple[str, ...]
    call: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """All tricks of one type."""

    type: ScamType
    plays: tuple[Play, ...]


def playbook(voice: Voice) -> tuple[Chapter, ...]:
    """Every trick that we know, by type; made from the same entries as the answers, so that both say the same."""
    found: dict[ScamType, list[Entry]] = {}
    for entry in voice.knowledge.entries.values():
        found.setdefault(entry.type, []).append(entry)
    return tuple(
        Chapter(kind, tuple(_play(each, voice) for each in sorted(found[kind], key=lambda entry: entry.id)))
        for kind in ScamType
        if kind in found
    )


def _play(entry: Entry, voice: Voice) -> Play:
    language = voice.language
    numbers = [voice.knowledge.hotlines[each] for each in entry.call if each in voice.knowledge.hotlines]
    return Play(
        entry.id,
        entry.title.in_(language),
        tuple(entry.do_now.in_(language)),
        tuple(entry.check_yourself.in_(language)),
        tuple(plain(hotline(each, voice)) for each in numbers),
    )


@dataclass(frozen=True)
class Number:
    """A number to call, with the key to press; whose it is and for what."""

    number: str
    name: str
    purpose: str


def call_card(voice: Voice) -> tuple[Number, ...]:
    """Who to call for what, from the sourced list of hotlines; banks have lists of their own."""
    known = [each for each in voice.knowledge.hotlines.values() if each.number and not each.bank]
    first = sorted(known, key=lambda each: CARD.index(each.number) if each.number in CARD else len(CARD))
    return tuple(_number(each, voice) for each in first)


def _number(known: Hotline, voice: Voice) -> Number:
    press = f" {voice.say('hub_press', press=known.press)}" if known.press else ""
    return Number(known.number + press, known.name.in_(voice.language), known.purpose.in_(voice.language))
