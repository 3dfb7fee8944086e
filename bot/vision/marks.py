"""QR and barcodes in a picture, as the words that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import zxingcpp
from PIL import Image, ImageDraw

# The kinds that people meet: on posters, slips, bills, parcels and tickets.
FORMATS = [
    zxingcpp.BarcodeFormat.QRCode,
    zxingcpp.BarcodeFormat.MicroQRCode,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.Aztec,
    zxingcpp.BarcodeFormat.PDF417,
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.Code39,
    zxingcpp.BarcodeFormat.EAN13,
]
SQUARE = [zxingcpp.BarcodeFormat.QRCode]
MOST_MARKS = 8
LONGEST_MARK = 4_000
# A code in a picture smaller than this is read better when enlarged.
SMALL = 700
LARGE = 1_200
Gray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Mark:
    """What a code says, and its corners in the picture."""

    text: str
    corners: tuple[tuple[int, int], ...]


def marks(picture: Image.Image) -> list[Mark]:
    """The codes from top to bottom, each content once; at most eight."""
    gray = picture.convert("L")
    found = _read(np.asarray(gray), FORMATS, 1.0)
    if not found:
        for other, factor in _otherwise(gray):
            found = _read(other, SQUARE, factor)
            if found:
                break
    by_text: dict[str, Mark] = {}
    for each in sorted(found, key=lambda one: min(y for _, y in one.corners)):
        by_text.setdefault(each.text, each)
    return list(by_text.values())[:MOST_MARKS]


def covered(picture: Image.Image, found: Sequence[Mark]) -> Image.Image:
    """The picture with its codes painted over: their patterns would be read as letters."""
    if not found:
        return picture
    painted = picture.copy()
    draw = ImageDraw.Draw(painted)
    for each in found:
        across, down = [x for x, _ in each.corners], [y for _, y in each.corners]
        edge = max(4, (max(down) - min(down)) // 20)
        box = (min(across) - edge, min(down) - edge, max(across) + edge, max(down) + edge)
        draw.rectangle(box, fill=painted.getpixel((max(0, box[0] - 2), min(painted.height - 1, max(0, box[1] - 2)))))
    return painted


def _otherwise(gray: Image.Image) -> Iterator[tuple[Gray, float]]:
    """The same picture once more, made clearer, and how much larger it is: enlarged where it is small, else softened."""
    longest = max(gray.size)
    for factor in (3.0,) if longest < SMALL else (1.5, 900 / longest) if longest > LARGE else (1.5,):
        size = round(gray.width * factor), round(gray.height * factor)
        way = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
        yield np.asarray(gray.resize(size, way)), factor


def _read(gray: Gray, formats: list[zxingcpp.BarcodeFormat], factor: float) -> list[Mark]:
    # The stubs know neither a list of formats nor an array as a picture; the library takes both.
    found = zxingcpp.read_barcodes(np.ascontiguousarray(gray), formats=formats, text_mode=zxingcpp.TextMode.Plain)  # type: ignore[arg-type]
    return [
        Mark(
            each.text[:LONGEST_MARK],
            tuple((round(point.x / factor), round(point.y / factor)) for point in _corners(each)),
        )
        for each in found
        if each.valid and each.text.strip()
    ]


def _corners(code: zxingcpp.Barcode) -> tuple[zxingcpp.Point, ...]:
    place = code.position
    return place.top_left, place.top_right, place.bottom_right, place.bottom_left
