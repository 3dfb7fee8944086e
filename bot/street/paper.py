"""A sheet of paper that is written on from the top: shaped Thai, lines broken between words, everything measured."""

from __future__ import annotations

from typing import Literal

from bot.street.fonts import Weight, font
from bot.street.thai_lines import wrapped

# Thai stacks marks above marks: lines stand further apart than Latin ones.
LEADING = 1.38
POINT = 25.4 / 72
Colour = tuple[int, int, int]
INK: Colour = (31, 41, 51)
WHITE: Colour = (255, 255, 255)
NAVY: Colour = (16, 42, 67)
RED: Colour = (179, 38, 30)
PALE: Colour = (255, 243, 224)
GREY: Colour = (82, 96, 109)
STYLES = {Weight.REGULAR: "", Weight.SEMIBOLD: "B", Weight.EXTRABOLD: "I"}


class Paper:
    """An A4 document; places and sizes in millimetres, type in points. Nothing is broken over pages by itself."""

    WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 14.0

    def __init__(self, title: str, language: str) -> None:
        # Twenty megabytes of library that a house which draws nothing does without.
        from fpdf import FPDF

        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_title(title)
        self.pdf.set_lang(language)
        self.pdf.set_creator("รู้ทัน · Rutan")
        for weight, style in STYLES.items():
            self.pdf.add_font("Sarabun", style, str(font(weight)))
        self.pdf.set_text_shaping(True)

    @property
    def inner(self) -> float:
        return self.WIDTH - 2 * self.MARGIN

    def page(self) -> None:
        self.pdf.add_page()

    def band(self, y: float, height: float, colour: Colour, x: float = 0, width: float | None = None) -> None:
        """A filled box; over the whole width by default."""
        self.pdf.set_fill_color(*colour)
        self.pdf.rect(x, y, width or self.WIDTH, height, style="F")

    def lines(self, text: str, size: float, width: float, weight: Weight = Weight.REGULAR) -> list[str]:
        self.pdf.set_font("Sarabun", STYLES[weight], size)
        return wrapped(text, width * 0.985, self.pdf.get_string_width)

    def height(self, text: str, size: float, width: float, weight: Weight = Weight.REGULAR) -> float:
        """How high the text stands when written so wide."""
        return len(self.lines(text, size, width, weight)) * size * POINT * LEADING

    def write(
        self,
        text: str,
        y: float,
        size: float,
        *,
        x: float | None = None,
        width: float | None = None,
        weight: Weight = Weight.REGULAR,
        colour: Colour = INK,
        align: Literal["L", "C", "R"] = "L",
    ) -> float:
        """Write from `y` downwards; answers with the `y` below the last line."""
        left, wide = x if x is not None else self.MARGIN, width or self.inner
        step = size * POINT * LEADING
        self.pdf.set_text_color(*colour)
        for each in self.lines(text, size, wide, weight):
            self.pdf.set_xy(left, y)
            self.pdf.cell(wide, step, each, align=align)
            y += step
        return y

    def picture(self, png: bytes, y: float, width: float, x: float | None = None) -> float:
        """A picture so wide; answers with the `y` below it."""
        import io

        shown = self.pdf.image(io.BytesIO(png), x=x if x is not None else self.MARGIN, y=y, w=width)
        return y + float(shown.rendered_height)

    def qr(self, text: str, x: float, y: float, size: float) -> None:
        """A QR code of the text, with its quiet edge, `size` millimetres in the square."""
        import segno

        code = segno.make(text, error="m", micro=False)
        rows = [list(row) for row in code.matrix]
        dot = size / (len(rows) + 8)
        self.band(y, size, WHITE, x, size)
        self.pdf.set_fill_color(0, 0, 0)
        for down, row in enumerate(rows):
            for across, dark in enumerate(row):
                if dark:
                    self.pdf.rect(x + (across + 4) * dot, y + (down + 4) * dot, dot * 1.02, dot * 1.02, style="F")

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())
