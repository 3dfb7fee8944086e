"""Lines of Thai and English: broken between words, since Thai writes none of its blanks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

# What never begins a line, and what never ends one.
_CLINGS_LEFT = re.compile(r"^[ๆฯ,.!?;:)\]}”’'%…]")
_CLINGS_RIGHT = re.compile(r"[(\[{“‘]$")


@lru_cache(maxsize=2_000)
def words(text: str) -> tuple[str, ...]:
    """The text cut where a line may end; joined they are the text again. Thai words by PyThaiNLP's dictionary."""
    from pythainlp.tokenize import word_tokenize

    pieces: list[str] = []
    for piece in word_tokenize(text, engine="newmm", keep_whitespace=True):
        glued = pieces and (_CLINGS_LEFT.match(piece) or _CLINGS_RIGHT.search(pieces[-1]))
        if glued or (pieces and _one_word(pieces[-1][-1:], piece[:1])):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return tuple(pieces)


def _one_word(last: str, first: str) -> bool:
    """Whether two neighbours belong together: letters or digits of a Latin word, an address, a number with its signs."""
    latin = re.compile(r"[A-Za-z0-9@#/_.\-+&'’]")
    return bool(latin.fullmatch(last) and latin.fullmatch(first))


def wrapped(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The text in lines no wider than `width` (in the unit of `measure`). A single word that is wider is cut."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _paragraph(paragraph.strip(), width, measure)
    return lines


def _paragraph(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines, line = [], ""
    for word in words(text):
        if not line and not word.strip():
            continue
        if measure((line + word).rstrip()) <= width:
            line += word
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = word.lstrip()
        while line and measure(line) > width:
            head = _head(line, width, measure)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


# A vowel or tone mark above or below belongs to the letter before it.
_MARKS = re.compile(r"[\u0e31\u0e33-\u0e3a\u0e45\u0e47-\u0e4e]")


def _head(word: str, width: float, measure: Callable[[str], float]) -> str:
    """As much of a word as fits, at least one letter with its marks."""
    end = 1
    while end < len(word) and measure(word[: end + 1]) <= width:
        end += 1
    while end < len(word) and _MARKS.match(word[end]):
        end -= 1 if end > 1 and measure(word[: end + 1]) > width else -1
    return word[: max(end, 1)]


def syllables(text: str) -> int:
    """How many syllables it takes to say this, estimated: Thai by PyThaiNLP, Latin words by their vowels, digits one by
    one (as they are read aloud in a telephone number)."""
    from pythainlp.tokenize import syllable_tokenize

    count = 0
    for piece in re.findall(r"[\u0e00-\u0e7f]+|[A-Za-z]+|\d", text):
        if piece[0].isdigit():
            count += 1
        elif piece[0].isascii():
            count += max(1, len(re.findall(r"[aeiouy]+", piece.lower().removesuffix("e"))))
        else:
            count += sum(1 for each in syllable_tokenize(piece, engine="dict") if each.strip())
    return count


def seconds(texts: Sequence[str], per_second: float, pause: float) -> float:
    """How long it takes to read these lines aloud: `per_second` syllables, and a `pause` in seconds after each line."""
    return sum(syllables(text) / per_second + pause for text in texts)
