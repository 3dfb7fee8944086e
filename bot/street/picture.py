"""The picture to share: 1,040 × 1,040 dots, readable as a thumbnail in a chat."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.street.facts import Beware, Facts
from bot.street.fonts import Weight, font
from bot.street.thai_lines import wrapped

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

SIDE, EDGE, FOOT = 1040, 56, 190
NAVY, RED, PALE, INK, WHITE = "#102a43", "#b3261e", "#fff3e0", "#1f2933", "#ffffff"
LEADING = 1.4
# TikTok's campaign of that name, in Thai in either language.
HASHTAG = "#คนไทยรู้ทัน"
STEPS = 3


def picture(facts: Facts, *, hashtag: bool = False) -> bytes:
    """A PNG. `hashtag` adds the line of the campaign. Type shrinks until everything fits."""
    from PIL import Image, ImageDraw

    for scale in (1.0, 0.93, 0.86, 0.79, 0.72, 0.65, 0.58, 0.5):
        for steps in (STEPS, STEPS - 1):
            image = Image.new("RGB", (SIDE, SIDE), PALE)
            if _drawn(ImageDraw.Draw(image), facts, scale, steps, hashtag):
                written = io.BytesIO()
                image.save(written, "PNG", optimize=True)
                return written.getvalue()
    raise ValueError("the title is too long for a picture")


def _drawn(draw: ImageDraw.ImageDraw, facts: Facts, scale: float, steps: int, hashtag: bool) -> bool:
    head = _height(facts.title, 46 * scale, Weight.EXTRABOLD) + 92
    draw.rectangle((0, 0, SIDE, head), fill=RED if facts.urgent else NAVY)
    _write(draw, "รู้ทัน · Rutan", 20, 34, Weight.SEMIBOLD, WHITE)
    _write(draw, facts.title, 74, 46 * scale, Weight.EXTRABOLD, WHITE)
    y = head + 26 * scale
    warning = facts.warnings[0] if facts.warnings else None
    y = _warning(draw, facts, warning, y, scale, steps) if warning else _general(draw, facts, y, scale)
    _foot(draw, facts, hashtag)
    return y <= SIDE - FOOT - 10


def _warning(draw: ImageDraw.ImageDraw, facts: Facts, each: Beware, y: float, scale: float, steps: int) -> float:
    y = _write(draw, f"{facts.word('street_beware')} {each.title}", y, 62 * scale, Weight.EXTRABOLD, RED) + 8
    for number, step in enumerate(each.steps[:steps], start=1):
        y = _write(draw, f"{number}. {step}", y, 47 * scale, Weight.SEMIBOLD, INK) + 6
    return y


def _general(draw: ImageDraw.ImageDraw, facts: Facts, y: float, scale: float) -> float:
    return _write(draw, facts.word("street_three"), y + 20, 64 * scale, Weight.EXTRABOLD, RED)


def _foot(draw: ImageDraw.ImageDraw, facts: Facts, hashtag: bool) -> None:
    top = SIDE - FOOT
    draw.rectangle((0, top, SIDE, SIDE), fill=NAVY)
    _write(draw, facts.word("street_call_line"), top + 14, 52, Weight.EXTRABOLD, WHITE)
    below = HASHTAG if hashtag else facts.word("street_ask")
    _write(draw, below, top + 104, 36, Weight.SEMIBOLD, WHITE)


@lru_cache(maxsize=64)
def _font(weight: Weight, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(str(font(weight)), size, layout_engine=ImageFont.Layout.RAQM)


def _lines(text: str, size: float, weight: Weight) -> list[str]:
    return wrapped(text, SIDE - 2 * EDGE, _font(weight, round(size)).getlength)


def _height(text: str, size: float, weight: Weight) -> float:
    return len(_lines(text, size, weight)) * size * LEADING


def _write(draw: ImageDraw.ImageDraw, text: str, y: float, size: float, weight: Weight, colour: str) -> float:
    for each in _lines(text, size, weight):
        draw.text((EDGE, y), each, font=_font(weight, round(size)), fill=colour)
        y += size * LEADING
    return y
