"""QR and barcodes in a picture, as the words that they hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import zxingcpp
from PIL import Image

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
Gray = npt.NDArray[np.uint8]


def marks(picture: Image.Image) -> list[str]:
    """What the codes say, from top to bottom, each once; at most eight."""
    gray = np.asarray(picture.convert("L"))
    found = _read(gray, FORMATS)
    if not found:
        for other in _otherwise(picture):
            found = _read(other, SQUARE)
            if found:
                break
    return list(dict.fromkeys(text[:LONGEST_MARK] for _, text in sorted(found)))[:MOST_MARKS]


def _otherwise(picture: Image.Image) -> Iterator[Gray]:
    """The same picture once more, made clearer: enlarged where it is small, evened out, softened."""
    gray = picture.convert("L")
    longest = max(gray.size)
    if longest < SMALL:
        yield np.asarray(gray.resize((gray.width * 3, gray.height * 3), Image.Resampling.BICUBIC))
    if longest > 1_200:
        factor = 900 / longest
        yield np.asarray(gray.resize((round(gray.width * factor), round(gray.height * factor)), Image.Resampling.BOX))


def _read(gray: Gray, formats: list[zxingcpp.BarcodeFormat]) -> list[tuple[int, str]]:
    found = zxingcpp.read_barcodes(np.ascontiguousarray(gray), formats=formats, text_mode=zxingcpp.TextMode.Plain)
    return [(each.position.top_left.y, each.text) for each in found if each.valid and each.text.strip()]
