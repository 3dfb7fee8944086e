"""Bytes → lines of text. Thai files come in UTF-8, in Excel's UTF-16 and in the old Thai table, mostly without saying so."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bot.forwarded.found import Reason, Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The second byte of Latin and of Thai letters in UTF-16.
_UTF16_HALVES = b"\x00\x0e"
_PROBE = 4_096
_CHUNK = 65_536
# A file cut in the middle of a letter, or with a few letters spoilt on its way, is still that file.
_MOST_SPOILT = 0.01
# Bytes that no text holds: control characters other than tab, line breaks and the page break.
_NO_TEXT = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))


@dataclass(frozen=True)
class Text:
    """A file as text, read again as often as needed without being held twice."""

    content: bytes
    encoding: str
    spoilt: bool = False

    def lines(self) -> Iterator[str]:
        """Every line without its end and without NUL, whatever the ends are."""
        for line in self._opened(None):
            yield line.rstrip("\n").replace("\x00", "")

    def raw_lines(self) -> Iterator[str]:
        """Every line with its end, for readers to whom the ends mean something."""
        for line in self._opened(""):
            yield line.replace("\x00", "")

    def sample(self, many: int) -> list[str]:
        return list(islice(self.lines(), many))

    def _opened(self, newline: str | None) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(self.content), self.encoding, errors="replace", newline=newline)


def text_of(content: bytes) -> Text:
    """The bytes as text. Raises Refused(OTHER_KIND) when they are no text in any way that we know."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return Text(content, encoding)
    if wide := _utf16(content[:_PROBE]):
        return Text(content, wide)
    if _spoilt_share(content, "utf-8") == 0:
        found = Text(content, "utf-8")
    elif _spoilt_share(content, "cp874") == 0:
        found = Text(content, "cp874")
    elif _spoilt_share(content, "utf-8") <= _MOST_SPOILT:
        found = Text(content, "utf-8", spoilt=True)
    elif _spoilt_share(content, "cp874") <= _MOST_SPOILT:
        found = Text(content, "cp874", spoilt=True)
    else:
        raise Refused(Reason.OTHER_KIND)
    if len(content) - len(content.translate(None, _NO_TEXT)) > len(content) * _MOST_SPOILT:
        raise Refused(Reason.OTHER_KIND)
    return found


def _utf16(head: bytes) -> str | None:
    """UTF-16 without its mark: every other byte is one of very few."""
    half = len(head) // 2
    if half < 2 or b"\x00" not in head:  # even Thai has line breaks and spaces
        return None
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sum(byte in _UTF16_HALVES for byte in head[start::2]) > 0.9 * half:
            return encoding
    return None


def _spoilt_share(content: bytes, encoding: str) -> float:
    """How many of the letters cannot be read, 0 to 1; a piece at a time, so that no second copy stands in memory."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    letters = spoilt = 0
    for start in range(0, len(content), _CHUNK):
        piece = decoder.decode(content[start : start + _CHUNK], final=start + _CHUNK >= len(content))
        letters += len(piece)
        spoilt += piece.count("\ufffd")
    return spoilt / max(letters, 1)
