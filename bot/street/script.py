"""Words to be read aloud: sixty seconds for the village loudspeakers, half of that for community radio."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.street.facts import Facts
from bot.street.thai_lines import seconds
from content.models import Language

# A calm announcer: syllables in a second, and the breath after each sentence. Our own estimate, said in docs/bulletins.md.
PACE = {Language.THAI: 4.2, Language.ENGLISH: 3.8}
BREATH = 0.7
LOUDSPEAKER_SECONDS = 60.0
RADIO_SECONDS = 30.0


@dataclass(frozen=True)
class Script:
    """Sentences, one a line, and about how many seconds they take."""

    lines: tuple[str, ...]
    seconds: float

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def loudspeaker(facts: Facts, opening: str, closing: str) -> Script:
    """At most sixty seconds: who speaks, what to beware of, what to do, whom to call."""
    return _within(facts, opening, closing, LOUDSPEAKER_SECONDS)


def radio(facts: Facts, opening: str, closing: str) -> Script:
    """At most thirty seconds."""
    return _within(facts, opening, closing, RADIO_SECONDS)


def _within(facts: Facts, opening: str, closing: str, longest: float) -> Script:
    """The opening and closing always; between them as many whole warnings, then as many steps, as there is time for."""
    start, end = _spoken(opening), _spoken(closing)
    middle: list[str] = []
    for warning in facts.warnings:
        head = spoken(f"{facts.word('street_beware')} {warning.title}")
        if _time(facts, [*start, *middle, head, spoken(warning.steps[0]), *end]) > longest:
            break
        middle.append(head)
        for step in warning.steps:
            if _time(facts, [*start, *middle, spoken(step), *end]) > longest:
                break
            middle.append(spoken(step))
    lines = (*start, *middle, *end)
    return Script(lines, _time(facts, list(lines)))


def _time(facts: Facts, lines: list[str]) -> float:
    return seconds(lines, PACE[facts.language], BREATH)


def _spoken(text: str) -> list[str]:
    return [spoken(line) for line in text.split("\n") if line.strip()]


_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_NUMBER = re.compile(r"(?<!\d)(\d{3,4})(?!\d)")


def spoken(text: str) -> str:
    """As it is said: nothing in brackets, a hotline digit by digit."""
    aloud = _BRACKETS.sub("", text)
    aloud = _NUMBER.sub(lambda found: " ".join(found[1]) if found[1] in HOTLINES else found[1], aloud)
    return re.sub(r"\s{2,}", " ", aloud).strip(" ·•-")


HOTLINES = frozenset({"1441", "1599", "1212", "1213", "1155", "1323", "191"})
