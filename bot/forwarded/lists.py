"""A plain list of texts, as people keep them: one a line, or in blocks, or numbered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bot.forwarded.found import Forwarded, Gathering

_RULE = re.compile(r"\s*([-=*_~#—–•])(?:\s*\1){2,}\s*")
_LONGEST_RULE = 200
_NUMBERED = re.compile(r"\s*(?:ข้อ(?:ความ)?(?:ที่)?\s*)?[(\[]?(\d{1,4})[.):\]]\s*(?=\S)(.*)")


def read(lines: Iterable[str], sample: Sequence[str]) -> Forwarded:
    """The newest texts of a list; `sample` are its first lines, and how they stand says where one text ends.

    Numbered (1. 2. 3.) → from number to number; empty lines or rules between them → in blocks; else one a line.
    Raises Refused(NO_MESSAGES) when there is none.
    """
    if _counts_up(sample):
        blocks = _numbered(lines)
    elif _has_gaps(sample):
        blocks = _in_blocks(lines)
    else:
        blocks = iter(lines)
    gathering = Gathering()
    for block in blocks:
        gathering.add(block)
    return gathering.done()


def _parts(line: str) -> bool:
    return not line.strip() or (len(line) <= _LONGEST_RULE and _RULE.fullmatch(line) is not None)


def _has_gaps(sample: Sequence[str]) -> bool:
    spoken = [place for place, line in enumerate(sample) if not _parts(line)]
    return bool(spoken) and len(spoken) <= spoken[-1] - spoken[0]


def _counts_up(sample: Sequence[str]) -> bool:
    numbers = [int(found[1]) for line in sample if (found := _NUMBERED.match(line))]
    return len(numbers) >= 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _numbered(lines: Iterable[str]) -> Iterator[str]:
    block: list[str] = []
    for line in lines:
        if found := _NUMBERED.match(line):
            yield "\n".join(block)
            block = [found[2]]
        else:
            block.append("" if _parts(line) else line)
    yield "\n".join(block)


def _in_blocks(lines: Iterable[str]) -> Iterator[str]:
    block: list[str] = []
    for line in lines:
        if not _parts(line):
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    yield "\n".join(block)
