"""Making a reply fit into what a platform takes: words are cut kindly, steps and buttons stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from content.cleaning import cut
from handlers.messages import Line, Reply, Section, Span

# Shorter and shorter lines are tried until all fits; the first is longer than any line of ours should be.
LINE_LENGTHS = (1000, 500, 250, 120)
LONGEST_TITLE = 120

# Control characters and marks that turn the direction of writing: quoted words must not reorder ours.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


def clipped(words: str, longest: int, *, utf16: bool = False) -> str:
    """At most `longest` characters (or UTF-16 units), ending in … when something was cut off."""
    if (utf16_units(words) if utf16 else len(words)) <= longest:
        return words
    return cut(words, longest - 1, utf16=utf16).rstrip() + "…"


def utf16_units(words: str) -> int:
    """The length of a text as LINE and Telegram count it: an emoji is two."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def legible(reply: Reply) -> Reply:
    """The reply without characters that cannot be seen but change how the rest is shown."""
    return _with_texts(reply, lambda words: UNSEEN.sub("", words))


def fitted(reply: Reply, fits: Callable[[Reply], bool]) -> Reply:
    """The reply, its long lines cut and at last whole lines dropped, until `fits` says yes.

    Sections without steps lose their lines first: what to do now is what must arrive.
    """
    if fits(reply):
        return reply
    for longest in LINE_LENGTHS:
        shorter = shortened(reply, longest)
        if fits(shorter):
            return shorter
    while any(section.lines for section in shorter.sections) and not fits(shorter):
        shorter = _with_fewer_lines(shorter)
    return shorter


def shortened(reply: Reply, longest: int) -> Reply:
    """Every line at most `longest` characters, the title and headings at most `LONGEST_TITLE`."""
    sections = tuple(
        replace(
            section,
            heading=clipped(section.heading, LONGEST_TITLE),
            lines=tuple(shortened_line(line, longest) for line in section.lines),
        )
        for section in reply.sections
    )
    return replace(reply, title=clipped(reply.title, LONGEST_TITLE), sections=sections)


def shortened_line(line: Line, longest: int) -> Line:
    spans: list[Span] = []
    left = longest
    for span in line:
        if left <= 0:
            break
        spans.append(replace(span, text=clipped(span.text, left)))
        left -= len(span.text)
    return tuple(spans)


def _with_fewer_lines(reply: Reply) -> Reply:
    """Half of the lines of one section gone: the longest that is not made of steps, else the longest."""

    def weight(index: int) -> tuple[bool, int]:
        section = reply.sections[index]
        return (bool(section.lines) and not section.steps, len(section.lines))

    victim = max(range(len(reply.sections)), key=weight)
    kept = reply.sections[victim].lines[: len(reply.sections[victim].lines) // 2]
    sections = tuple(
        replace(section, lines=kept) if index == victim else section for index, section in enumerate(reply.sections)
    )
    return replace(reply, sections=tuple(section for section in sections if section.lines or section.heading))


def _with_texts(reply: Reply, change: Callable[[str], str]) -> Reply:
    def changed(section: Section) -> Section:
        lines = tuple(tuple(replace(s, text=change(s.text)) for s in line) for line in section.lines)
        return replace(section, heading=change(section.heading), lines=lines)

    return replace(
        reply,
        title=change(reply.title),
        summary=change(reply.summary),
        sections=tuple(changed(section) for section in reply.sections),
    )
