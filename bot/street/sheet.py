"""A document of as many A4 pages as it takes: headings, paragraphs, points and tables, as plain data that another process
can be handed, and its PDF. Equal sheets make equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.street.fonts import Weight
from bot.street.paper import GREY, INK, LEADING, NAVY, POINT, WHITE, Colour, Paper

FOOT = 18.0
PAD = 1.6
RULE: Colour = (195, 204, 200)
SHADE: Colour = (238, 242, 240)


@dataclass(frozen=True)
class Heading:
    """A line above a part."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; `strong` in heavier type, `small` in the type of notes."""

    text: str
    strong: bool = False
    small: bool = False


@dataclass(frozen=True)
class Points:
    """A list, one thing a line."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a head. `widths` are shares of the page; columns after the first are set to the right where `numbers`."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numbers: bool = False


Block = Heading | Text | Points | Table


@dataclass(frozen=True)
class Sheet:
    """One document. `above` stands small over the title, `foot` at the end of each page with its number."""

    title: str
    language: str
    above: str
    foot: str
    at: datetime
    blocks: tuple[Block, ...]


def drawn(sheet: Sheet) -> bytes:
    """The PDF, with its fonts in it."""
    # Drawn twice: only at the end it is known how many pages there are.
    return _Drawing(sheet, _Drawing(sheet, 1).pages).bytes()


class _Drawing:
    def __init__(self, sheet: Sheet, pages: int) -> None:
        self._sheet = sheet
        self._paper = Paper(sheet.title, sheet.language)
        # The clock of the machine is no part of the content.
        self._paper.pdf.set_creation_date(sheet.at)
        self._of = pages
        self._y = 0.0
        self.pages = 0
        self._page()
        self._head()
        for index, block in enumerate(sheet.blocks):
            self._block(block, sheet.blocks[index + 1 : index + 2])

    def bytes(self) -> bytes:
        return self._paper.bytes()

    def _page(self) -> None:
        self._paper.page()
        self.pages += 1
        foot = f"{self._sheet.foot}  ({self.pages}/{self._of})"
        self._paper.write(foot, self._paper.HEIGHT - 11, 9.5, colour=GREY)
        self._y = self._paper.MARGIN

    def _head(self) -> None:
        paper = self._paper
        height = 13 + paper.height(self._sheet.title, 19, paper.inner, Weight.SEMIBOLD)
        paper.band(0, height, NAVY)
        paper.write(self._sheet.above, 3, 10.5, colour=WHITE)
        paper.write(self._sheet.title, 9.5, 19, weight=Weight.SEMIBOLD, colour=WHITE)
        self._y = height + 4

    def _room(self, height: float) -> None:
        """Go on to a new page where so much does not fit below."""
        if self._y + height > self._paper.HEIGHT - FOOT:
            self._page()

    def _block(self, block: Block, following: Sequence[Block]) -> None:
        match block:
            case Heading(text):
                # A heading does not stand alone at the foot of a page.
                self._y += 2.5
                self._room(self._paper.height(text, 14, self._paper.inner, Weight.SEMIBOLD) + (16 if following else 0))
                self._lines(text, 14, Weight.SEMIBOLD, NAVY)
            case Text(text, strong, small):
                weight = Weight.SEMIBOLD if strong else Weight.REGULAR
                self._lines(text, 9.5 if small else 11.5, weight, GREY if small else INK)
                self._y += 1
            case Points(lines):
                for line in lines:
                    self._lines(line, 11.5, Weight.REGULAR, INK, bullet=True)
                self._y += 1
            case Table():
                self._table(block)

    def _lines(self, text: str, size: float, weight: Weight, colour: Colour, *, bullet: bool = False) -> None:
        paper, inset = self._paper, 5.0 if bullet else 0.0
        step = size * POINT * LEADING
        for number, line in enumerate(paper.lines(text, size, paper.inner - inset, weight)):
            self._room(step)
            if bullet and not number:
                paper.write("•", self._y, size, weight=weight, colour=colour)
            x, width = paper.MARGIN + inset, paper.inner - inset
            paper.write(line, self._y, size, x=x, width=width, weight=weight, colour=colour)
            self._y += step

    def _table(self, table: Table) -> None:
        widths = [share * self._paper.inner for share in table.widths]
        self._row(table.head, widths, table, head=True)
        for row in table.rows:
            if self._y + self._height(row, widths, Weight.REGULAR) > self._paper.HEIGHT - FOOT:
                self._page()
                self._row(table.head, widths, table, head=True)
            self._row(row, widths, table)
        self._y += 2

    def _height(self, cells: Sequence[str], widths: Sequence[float], weight: Weight) -> float:
        columns = zip(cells, widths, strict=True)
        return max(self._paper.height(cell, 11, width - 2 * PAD, weight) for cell, width in columns) + 2 * PAD

    def _row(self, cells: Sequence[str], widths: Sequence[float], table: Table, *, head: bool = False) -> None:
        paper, x = self._paper, self._paper.MARGIN
        weight = Weight.SEMIBOLD if head else Weight.REGULAR
        height = self._height(cells, widths, weight)
        self._room(height)
        if head:
            paper.band(self._y, height, SHADE, x, paper.inner)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            align = "R" if index and table.numbers else "L"
            paper.write(
                cell, self._y + PAD, 11, x=x + PAD, width=width - 2 * PAD, weight=weight,
                colour=GREY if head else INK, align=align,  # type: ignore[arg-type]
            )  # fmt: skip
            x += width
        self._y += height
        paper.band(self._y, 0.25, RULE, paper.MARGIN, paper.inner)
