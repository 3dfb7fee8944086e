"""The words of a picture: Tesseract over the flattened picture, first wherever words may be, then block by block."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from bot.vision import layout
from bot.vision.flattening import flattened
from bot.vision.layout import Block, Line
from bot.vision.opening import WORKING_PIXELS

# One thread a process: two that share the cores take turns badly (4 to 13 s instead of 1 to 2).
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

LANGUAGES = "tha+eng"
FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
# Lines of about this many pixels from the lowest tail to the highest mark are read best.
BEST_HEIGHT = 44
MOST_LETTERS = 6_000
# A picture narrower than this has letters smaller than the blocks of `flattening`.
NARROW = 900
# A picture of many screens on a busy machine: after so many seconds what was read at first must do. `pool` waits longer.
SECOND_LOOKS = 4.0


def models() -> Path | None:
    """The folder with the Thai and English models; None where this machine has none."""
    wanted = [f"{language}.traineddata" for language in LANGUAGES.split("+")]
    return next((Path(each) for each in FOLDERS if all((Path(each) / name).is_file() for name in wanted)), None)


@dataclass(frozen=True)
class Words:
    """`text`: a bubble or paragraph a line; `sure` 0 to 1, 0 where there is no text."""

    text: str
    sure: float


class Reader:
    """Tesseract with its models loaded: takes half a second to make, then serves picture after picture."""

    def __init__(self, folder: Path) -> None:
        import tesserocr  # only where words are read: the library alone takes 20 MB

        self._modes = tesserocr.PSM
        self._line, self._word = tesserocr.RIL.TEXTLINE, tesserocr.RIL.WORD
        self._steps = tesserocr.iterate_level
        self._api = tesserocr.PyTessBaseAPI(path=str(folder), lang=LANGUAGES, psm=self._modes.SPARSE_TEXT)
        self._latin = tesserocr.PyTessBaseAPI(path=str(folder), lang="eng", psm=self._modes.SINGLE_BLOCK)
        for name, value in {"debug_file": os.devnull, "preserve_interword_spaces": "1"}.items():
            self._api.SetVariable(name, value)

    def words(self, picture: Image.Image) -> Words:
        """The message in a picture (upright, any colours)."""
        enough = time.monotonic() + SECOND_LOOKS
        gray = picture.convert("L")
        if (narrow := min(gray.size)) < NARROW:
            factor = max(1.0, min(2.0, NARROW / narrow, (WORKING_PIXELS / (gray.width * gray.height)) ** 0.5))
            gray = gray.resize((round(gray.width * factor), round(gray.height * factor)), Image.Resampling.BICUBIC)
        ink = Image.fromarray(flattened(np.asarray(gray)))
        lines = self._lines(ink, self._modes.SPARSE_TEXT)
        found = [
            self._again(block, ink) if time.monotonic() < enough else block for block in layout.blocks(lines, *ink.size)
        ]
        found = layout.message(found)
        texts = [self._with_addresses(block, ink) for block in found]
        return Words(
            "\n".join(texts)[:MOST_LETTERS], round(_sure([line for block in found for line in block.lines]), 3)
        )

    def _again(self, block: Block, ink: Image.Image) -> Block:
        """The block read once more by itself, at the size that suits Tesseract; the surer reading counts."""
        mode = self._modes.SINGLE_BLOCK if len(block.lines) > 1 else self._modes.SINGLE_LINE
        again = layout.words_only(self._lines(_cut_out(block, ink), mode))
        second = Block(tuple(again), block.place)
        if second.letters < 0.95 * block.letters or _sure(second.lines) < _sure(block.lines) - 0.02:
            return block
        return second

    def _with_addresses(self, block: Block, ink: Image.Image) -> str:
        """The block's text; where an address or an account in it seems misread as Thai, as read without Thai, behind it."""
        text = block.text
        if not _MISREAD.search(text):
            return text
        self._latin.SetPageSegMode(self._modes.SINGLE_BLOCK)
        self._latin.SetImage(_cut_out(block, ink))
        read = self._latin.GetUTF8Text().replace("\n", " ")
        self._latin.Clear()
        missing = [
            found for found in _ADDRESS.findall(read) if found[:TELLING].lower() not in text.lower().replace(" ", "")
        ]
        return " ".join([text, *dict.fromkeys(missing)])

    def _lines(self, page: Image.Image, mode: int) -> list[Line]:
        self._api.SetPageSegMode(mode)
        self._api.SetImage(page)
        self._api.Recognize()
        lines: list[Line] = []
        pieces: list[tuple[str, int, int]] = []
        walk = self._api.GetIterator()
        for each in self._steps(walk, self._word) if walk else ():
            if each.IsAtBeginningOf(self._line):
                box = each.BoundingBox(self._line) or (0, 0, 0, 0)
                left, top, right, bottom = box
                lines.append(Line("", left, top, right, bottom, each.Confidence(self._line) / 100))
                pieces = []
            word = each.BoundingBox(self._word)
            if word is None or not lines:
                continue
            try:
                pieces.append((each.GetUTF8Text(self._word), word[0], word[2]))
            except RuntimeError:  # a place of which nothing could be made
                continue
            lines[-1] = replace(lines[-1], text=tidied(assembled(pieces, lines[-1].height)))
        self._api.Clear()
        return [each for each in lines if each.text]


def _sure(lines: Sequence[Line]) -> float:
    return sum(line.sure * len(line.text) for line in lines) / max(1, sum(len(line.text) for line in lines))


# Tesseract takes nearly every Thai letter for a word. Between two of them a gap this wide (of a line's height) is a blank.
BLANK = 0.3
_THAI = re.compile(r"[\u0e01-\u0e4e]")


def assembled(pieces: Sequence[tuple[str, int, int]], height: int) -> str:
    """Words with where each begins and ends, in pixels → the line; blanks between Thai letters only where there is room."""
    text, end = "", 0
    for word, begins, ends in pieces:
        thai = text and word and _THAI.match(text[-1]) and _THAI.match(word[0])
        text += word if not text or (thai and begins - end < BLANK * height) else " " + word
        end = ends
    return text


# What is left of "https://", of a shop's account or of a web page's name where Tesseract saw Thai letters.
_MISREAD = re.compile(
    r"//|@|https?|www|[\u0e50-\u0e59]|[\u0e01-\u0e4e] ?[./] ?[\u0e01-\u0e4ea-z]|\w ! ?\w", re.IGNORECASE
)
_ADDRESS = re.compile(
    r"https?://[\w.-]+\.[a-z]{2,12}[\w./?=&%-]*|@[a-z][\w.]{3,30}|\b[a-z][\w-]+(?:\.[\w-]+)*\.[a-z]{2,8}(?:/[\w./?=&%-]*)?",
    re.ASCII | re.IGNORECASE,
)


# An address whose beginning stands in the text already was read well enough.
TELLING = 12


def _cut_out(block: Block, ink: Image.Image) -> Image.Image:
    """The block alone on white, its lines of the height that Tesseract reads best."""
    left, top, right, bottom = block.place
    usual = max(1, sorted(line.height for line in block.lines)[len(block.lines) // 2])
    edge = max(8, usual // 2)
    inside = (
        max(0, left - edge),
        max(0, top - edge // 2),
        min(ink.width, right + edge),
        min(ink.height, bottom + edge // 2),
    )
    cut = ink.crop(inside)
    factor = min(3.0, max(0.4, BEST_HEIGHT / usual), 3_000 / max(cut.size))
    sized = cut.resize(
        (max(1, round(cut.width * factor)), max(1, round(cut.height * factor))), Image.Resampling.BICUBIC
    )
    page = Image.new("L", (sized.width + 40, sized.height + 40), 255)
    page.paste(sized, (20, 20))
    return page


_EDGE = re.compile(r"\A[|\\\[\]{}<>_~,'‘’“”\"`.=-]{1,2}\s+|\s+[|\\\[\]{}<>_~'‘’“”\"`=-]{1,2}\Z")
# One vowel, drawn and read as its two halves, with a tone mark before, between or behind.
_SARA_AM = re.compile(r"([\u0e48-\u0e4b]?)\u0e4d([\u0e48-\u0e4b]?) ?\u0e32")


def tidied(text: str) -> str:
    """One line as a person would type it."""
    text = _EDGE.sub("", text.replace("\n", " ").strip())
    text = _SARA_AM.sub(
        "\\1\\2\u0e33", re.sub(r"(?<=[\u0e01-\u0e2e]) (?=[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])", "", text)
    )
    return re.sub(r" {2,}", " ", text).strip()
