"""The handout for hubs: two pages. What was seen and what to beware of; what to say, to write down, and whom to call."""

from __future__ import annotations

from collections.abc import Callable

from bot.street.facts import Beware, Facts
from bot.street.fonts import Weight
from bot.street.paper import GREY, INK, NAVY, PALE, RED, WHITE, Paper

LARGEST, SMALLEST = 1.0, 0.55
TAIL = 12.0


def handout(facts: Facts, chart: bytes) -> bytes:
    """A PDF of exactly two pages; `chart` is its picture (PNG). On each page type shrinks until everything fits."""
    first = _fitting(facts, lambda paper, scale: _first(paper, facts, chart, scale))
    second = _fitting(facts, lambda paper, scale: _second(paper, facts, scale))
    paper = _paper(facts)
    _first(paper, facts, chart, first)
    _second(paper, facts, second)
    return paper.bytes()


def _paper(facts: Facts) -> Paper:
    return Paper(facts.title, facts.language.value)


def _fitting(facts: Facts, drawn: Callable[[Paper, float], bool]) -> float:
    """The largest scale at which a page holds all of its text."""
    scale = LARGEST
    while scale >= SMALLEST:
        if drawn(_paper(facts), scale):
            return scale
        scale -= 0.04
    raise ValueError("the bulletin is too long for a handout of two pages")


def _first(paper: Paper, facts: Facts, chart: bytes, scale: float) -> bool:
    paper.page()
    y = _head(paper, facts.title, facts.month, scale)
    for each in facts.intro:
        y = paper.write(each, y, 17 * scale, weight=Weight.SEMIBOLD)
    if facts.rows:
        wide = paper.inner * (0.9 if scale > 0.8 else 0.72)
        y = paper.picture(chart, y + 2, wide, paper.MARGIN + (paper.inner - wide) / 2) + 2
    for each in facts.figures[len(facts.rows[:5]) :]:
        y = paper.write("• " + each, y, 13.5 * scale)
    for each in facts.context:
        y = paper.write(each, y, 13.5 * scale)
    for warning in facts.warnings:
        y = _short(paper, facts, warning, y + 2, scale)
    return _tail(paper, facts, y, 1)


def _short(paper: Paper, facts: Facts, each: Beware, y: float, scale: float) -> float:
    title = f"{facts.word('street_beware')} {each.title}"
    y = paper.write(title, y, 18 * scale, weight=Weight.EXTRABOLD, colour=RED)
    for number, step in enumerate(each.steps, start=1):
        y = paper.write(f"{number}. {step}", y, 15 * scale, x=paper.MARGIN + 4, width=paper.inner - 4)
    return y


def _second(paper: Paper, facts: Facts, scale: float) -> bool:
    paper.page()
    y = _head(paper, facts.word("street_hub_title"), facts.month, scale)
    for each in facts.warnings:
        y = paper.write(each.title, y + 1, 17 * scale, weight=Weight.EXTRABOLD, colour=RED)
        for heading, lines in ((facts.word("street_how"), each.how), (facts.word("street_yourself"), each.check)):
            if lines:
                y = paper.write(heading, y, 13.5 * scale, weight=Weight.SEMIBOLD, colour=NAVY)
            for told in lines:
                y = paper.write("• " + told, y, 13.5 * scale, x=paper.MARGIN + 3, width=paper.inner - 3)
    for key in ("street_hub_say", "street_hub_write"):
        heading, _, rest = facts.word(key).partition("\n")
        y = paper.write(heading, y + 2, 16 * scale, weight=Weight.EXTRABOLD, colour=NAVY)
        y = paper.write(rest, y, 14 * scale)
    calls = "\n".join(facts.calls)
    height = paper.height(calls, 15 * scale, paper.inner - 8) + 12 * scale
    paper.band(y + 2, height, PALE, paper.MARGIN, paper.inner)
    y = paper.write(
        facts.word("street_whom"), y + 3, 16 * scale, x=paper.MARGIN + 4, width=paper.inner - 8, weight=Weight.EXTRABOLD
    )
    y = paper.write(calls, y, 15 * scale, x=paper.MARGIN + 4, width=paper.inner - 8)
    y += 4
    for thanks in facts.results:
        y = paper.write(thanks, y, 13.5 * scale, weight=Weight.SEMIBOLD, colour=INK)
    return _tail(paper, facts, y, 2)


def _head(paper: Paper, title: str, month: str, scale: float) -> float:
    height = 12 + paper.height(title, 26 * scale, paper.inner, Weight.EXTRABOLD)
    paper.band(0, height, NAVY)
    paper.write(f"รู้ทัน · Rutan  |  {month}", 3, 12, colour=WHITE)
    paper.write(title, 9, 26 * scale, weight=Weight.EXTRABOLD, colour=WHITE)
    return height + 3


def _tail(paper: Paper, facts: Facts, y: float, number: int) -> bool:
    """The small print at the foot; False when the text above reaches into it."""
    text = f"{facts.basis}  {facts.url}  ({number}/2)"
    height = paper.height(text, 9.5, paper.inner)
    top = paper.HEIGHT - max(TAIL, height + 5)
    paper.write(text, top, 9.5, colour=GREY)
    return y <= top - 2
