"""The chart: how many asked about each type of scam, beside the month before. matplotlib shapes the Thai (3.11 or newer)."""

from __future__ import annotations

import io

from bot.street.facts import Facts
from bot.street.fonts import Weight, font
from bot.street.thai_lines import wrapped

NOW, BEFORE, INK, PAPER = "#b3261e", "#c9b8a8", "#1f2933", "#ffffff"
# Inches at 150 dots each: 1,200 dots wide.
WIDTH, ROW, HEAD, DPI = 8.0, 0.78, 1.7, 150
NAME_LETTERS = 26


def chart(facts: Facts) -> bytes:
    """A PNG, 1,200 dots wide. Where there is nothing to show, it says so."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    regular, bold = (FontProperties(fname=str(font(weight))) for weight in (Weight.REGULAR, Weight.SEMIBOLD))
    rows = facts.rows[::-1]
    height = HEAD + ROW * max(len(rows), 2)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    title = "\n".join(wrapped(facts.word("street_chart"), 44, len))
    figure.text(0.03, 1 - 0.34 / height, title, fontproperties=bold, fontsize=17, color=INK, va="center")
    if not rows:
        figure.text(0.5, 0.45, facts.word("street_few"), fontproperties=regular, fontsize=15, color=INK, ha="center")
        return _png(figure)
    axes = figure.add_axes((0.36, 0.1 / height, 0.54, 1 - (HEAD - 0.25) / height))
    places = range(len(rows))
    counts = [row.count for row in rows]
    axes.barh([p + 0.2 for p in places], counts, height=0.4, color=NOW)
    axes.barh([p - 0.2 for p in places], [row.before or 0 for row in rows], height=0.34, color=BEFORE)
    most = max([*counts, *(row.before or 0 for row in rows)])
    for place, row in zip(places, rows, strict=True):
        axes.text(
            row.count + most * 0.015, place + 0.2, f"{row.count:,}", fontproperties=bold, fontsize=14, va="center"
        )
        told = f"{row.before:,}" if row.before is not None else "–"
        axes.text(
            (row.before or 0) + most * 0.015, place - 0.2, told, fontproperties=regular, fontsize=12, va="center",
            color="#52606d",
        )  # fmt: skip
    axes.set_yticks(list(places), ["\n".join(wrapped(row.name, NAME_LETTERS, _letters)) for row in rows])
    for label in axes.get_yticklabels():
        label.set_fontproperties(regular)
        label.set_fontsize(13)
    axes.set_xlim(0, most * 1.18)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.xaxis.set_visible(False)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color("#9aa5b1")
    _legend(figure, facts, regular, height)
    return _png(figure)


def _legend(figure: object, facts: Facts, regular: object, height: float) -> None:
    from matplotlib.patches import Rectangle

    for left, colour, text in (
        (0.03, NOW, f"{facts.word('street_this_month')} ({facts.month})"),
        (0.48, BEFORE, f"{facts.word('street_month_before')} ({facts.month_before})"),
    ):
        low = 1 - 1.0 / height
        box = Rectangle((left, low), 0.02, 0.16 / height, transform=figure.transFigure, color=colour)  # type: ignore[attr-defined]
        figure.add_artist(box)  # type: ignore[attr-defined]
        figure.text(left + 0.03, low + 0.07 / height, text, fontproperties=regular, fontsize=13, va="center", color=INK)  # type: ignore[attr-defined]


def _letters(text: str) -> float:
    """How many letters wide: marks above and below take no room."""
    return sum(1 for letter in text if not (letter == "\u0e31" or "\u0e34" <= letter <= "\u0e3a" or "\u0e47" <= letter <= "\u0e4e"))  # fmt: skip


def _png(figure: object) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DPI)  # type: ignore[attr-defined]
    return written.getvalue()
