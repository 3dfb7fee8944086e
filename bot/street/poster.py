"""The A4 poster: large type, one look: what to beware of, what to do, whom to call."""

from __future__ import annotations

from bot.street.facts import Beware, Facts
from bot.street.fonts import Weight
from bot.street.paper import INK, NAVY, PALE, RED, WHITE, Paper

FOOT = 62.0
LARGEST, SMALLEST = 1.0, 0.62
STEPS = 3


def poster(facts: Facts) -> bytes:
    """A PDF of one page. Type shrinks until everything fits; where even that does not do, fewer warnings stand on it."""
    for count in range(min(len(facts.warnings), 2), -1, -1):
        scale = LARGEST
        while scale >= SMALLEST:
            paper = _drawn(facts, facts.warnings[:count], scale)
            if paper is not None:
                return paper.bytes()
            scale -= 0.04
    raise ValueError("the poster's title alone fills the page")


def _drawn(facts: Facts, warnings: tuple[Beware, ...], scale: float) -> Paper | None:
    paper = Paper(facts.title, facts.language.value)
    paper.page()
    y = _head(paper, facts, scale)
    for each in warnings:
        y = _warning(paper, facts, each, y + 5 * scale, scale)
    if not warnings:
        y = paper.write(facts.word("street_three"), y + 10, 34 * scale, weight=Weight.EXTRABOLD, align="C")
    if y > paper.HEIGHT - FOOT - 4:
        return None
    _foot(paper, facts)
    return paper


def _head(paper: Paper, facts: Facts, scale: float) -> float:
    height = 20 + paper.height(facts.title, 40 * scale, paper.inner, Weight.EXTRABOLD)
    paper.band(0, height, RED if facts.urgent else NAVY)
    paper.write("รู้ทัน · Rutan", 6, 18, weight=Weight.SEMIBOLD, colour=WHITE)
    paper.write(facts.title, 15, 40 * scale, weight=Weight.EXTRABOLD, colour=WHITE)
    return height


def _warning(paper: Paper, facts: Facts, each: Beware, y: float, scale: float) -> float:
    inside, edge = paper.inner - 12, paper.MARGIN + 6
    title = f"{facts.word('street_beware')} {each.title}"
    steps = [f"{number}. {step}" for number, step in enumerate(each.steps[:STEPS], start=1)]
    height = paper.height(title, 34 * scale, inside, Weight.EXTRABOLD) + sum(
        paper.height(step, 25 * scale, inside, Weight.SEMIBOLD) for step in steps
    )
    paper.band(y, height + 8, PALE, paper.MARGIN, paper.inner)
    paper.band(y, height + 8, RED, paper.MARGIN, 2.2)
    y = paper.write(title, y + 3, 34 * scale, x=edge, width=inside, weight=Weight.EXTRABOLD, colour=RED)
    for step in steps:
        y = paper.write(step, y, 25 * scale, x=edge, width=inside, weight=Weight.SEMIBOLD, colour=INK)
    return y + 5


def _foot(paper: Paper, facts: Facts) -> None:
    top = paper.HEIGHT - FOOT
    paper.band(top, FOOT, NAVY)
    code = 42.0
    wide = paper.inner - code - 8
    y = paper.write(facts.word("street_call"), top + 5, 20, width=wide, weight=Weight.SEMIBOLD, colour=WHITE)
    paper.write("1441", y - 3, 72, width=wide, weight=Weight.EXTRABOLD, colour=WHITE)
    right = paper.WIDTH - paper.MARGIN - code
    paper.qr(facts.url, right, top + 5, code)
    paper.write(
        facts.word("street_scan"), top + 5 + code + 1, 12, x=right - 6, width=code + 12, colour=WHITE, align="C"
    )
