"""Pictures of figures as SVG, drawn here: text stays text, so that Thai is shaped by the browser and read aloud by it.

Colours, widths and letters come from the style sheet by class; nothing is inline. Beside each picture stands its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup, escape

# The drawing's own units: narrow enough that its letters can be read on a phone of 360 px.
WIDTH, HEIGHT = 420, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 6, 10, 26
# More names under the columns than this would touch each other.
MOST_NAMES = 7


@dataclass(frozen=True)
class Column:
    """One column: the name under it and how high each of its layers is, the lowest first."""

    name: str
    layers: tuple[int, ...]


def columns(title: str, drawn: Sequence[Column]) -> Markup:
    """Columns side by side, each of layers (classes `layer0`, `layer1`… from the bottom). `title` is what the picture says
    to whoever does not see it."""
    top = nice_top(max((sum(each.layers) for each in drawn), default=0))
    width = (WIDTH - _LEFT - _RIGHT) / max(len(drawn), 1)
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, title),
        *(_line(value, top) for value in (0, top // 2, top)),
    ]
    step = ceil(len(drawn) / MOST_NAMES) or 1
    for place, each in enumerate(drawn):
        parts.append(_column(each, _LEFT + place * width, width, top))
        # Counted from the last: the newest always has its name.
        if (len(drawn) - 1 - place) % step == 0:
            parts.append(_text("name", _LEFT + (place + 0.5) * width, HEIGHT - 8, each.name))
    return Markup("").join([*parts, Markup("</svg>")])


def nice_top(highest: int) -> int:
    """The least even round number not under `highest`: 2, 4, 10, 20, 40, 100…"""
    if highest <= 2:
        return 2
    power = 1
    while power * 10 < highest:
        power *= 10
    return next(step * power for step in (2, 4, 6, 8, 10) if step * power >= highest)


def share(count: int, most: int) -> Markup:
    """A small bar: how much a row of a table is of its largest. The number itself stands beside it."""
    width = round(100 * count / most, 1) if most else 0.0
    return Markup(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="layer0" x="0" y="0" width="{}" height="10"></rect></svg>'
    ).format(width)


def _column(column: Column, left: float, width: float, top: int) -> Markup:
    gap = min(width * 0.18, 8)
    parts, bottom = [], 0
    for layer, count in enumerate(column.layers):
        high, low = _height(bottom + count, top), _height(bottom, top)
        bottom += count
        if count:
            parts.append(
                Markup('<rect class="layer{}" x="{}" y="{}" width="{}" height="{}"></rect>').format(
                    layer, _round(left + gap / 2), _round(high), _round(width - gap), _round(low - high)
                )
            )
    return Markup("").join(parts)


def _line(value: int, top: int) -> Markup:
    height = _round(_height(value, top))
    line = Markup('<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"></line>').format(
        _LEFT, WIDTH - _RIGHT, height, height
    )
    return line + _text("value", _LEFT - 5, height + 4, f"{value:,}")


def _height(value: int, top: int) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _text(kind: str, x: float, y: float, words: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(kind, _round(x), _round(y), escape(words))


def _round(number: float) -> float:
    return round(number, 1)
