"""A stranger's file → a picture, or a clear no. What is refused is refused before its pixels are unpacked."""

from __future__ import annotations

import re
import warnings
from io import BytesIO

from PIL import Image, ImageFile, ImageOps

from handlers.errors import RutanError
from handlers.picture_types import PictureTrouble

LARGEST_FILE = 10 * 1024 * 1024
# A phone's photo has 12 to 50 million pixels; JPEG is unpacked at half or a quarter of that, the other kinds are not.
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 24_000_000, "WEBP": 24_000_000, "GIF": 12_000_000}
LONGEST_SIDE = 20_000
# Read at about this many pixels: a phone's screen has two to four million.
WORKING_PIXELS = 4_500_000
# A progressive JPEG may ask for its pixels to be gone over again and again; honest ones do so about ten times.
MOST_SCANS = 64
ORIENTATION = 0x0112

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
# A second file behind or inside the picture: an archive (an .apk is one), a document, a program, a page.
_DISGUISED = re.compile(
    rb"PK\x05\x06.{18}|%PDF-1\.\d|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|<script[\s>]|<\?php|<html[\s>]|<!doctype html",
    re.I | re.S,
)
# Words may stand in a picture's notes by chance; a file that is something else as well has them at its end or start.
_LOOKED_AT = 256 * 1024

ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = max(MOST_PIXELS.values())


class Refused(RutanError):
    """A file that we do not read; `.trouble` says why."""

    def __init__(self, trouble: PictureTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


def kind_of(data: bytes) -> str:
    """JPEG, PNG, GIF or WEBP by its first bytes; "" for everything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


def opened(data: bytes) -> Image.Image:
    """The picture upright, in RGB, at most about 4.5 million pixels. Raises Refused."""
    if len(data) > LARGEST_FILE:
        raise Refused(PictureTrouble.TOO_LARGE)
    kind = kind_of(data)
    if not kind:
        raise Refused(PictureTrouble.NO_PICTURE)
    if _is_disguised(data):
        raise Refused(PictureTrouble.DISGUISED)
    if kind == "JPEG" and data.count(b"\xff\xda") > MOST_SCANS:
        raise Refused(PictureTrouble.BROKEN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _unpacked(data, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise Refused(PictureTrouble.TOO_LARGE) from None
    except Refused:
        raise
    except Exception:
        # Whatever a decoder raises on a spoilt file (OSError, ValueError, SyntaxError, struct.error…): it is spoilt.
        raise Refused(PictureTrouble.BROKEN) from None


def _unpacked(data: bytes, kind: str) -> Image.Image:
    picture = Image.open(BytesIO(data), formats=[kind])
    width, height = picture.size
    if width * height > MOST_PIXELS[kind] or max(width, height) > LONGEST_SIDE:
        raise Refused(PictureTrouble.TOO_LARGE)
    if min(width, height) < 8:
        raise Refused(PictureTrouble.BROKEN)
    if getattr(picture, "n_frames", 1) > 1:
        raise Refused(PictureTrouble.MOVING)
    turned = picture.getexif().get(ORIENTATION, 1)
    if kind == "JPEG":
        factor = (WORKING_PIXELS / (width * height)) ** 0.5
        if factor < 0.5:
            picture.draft("RGB", (round(width * factor), round(height * factor)))
    picture.load()
    flat = _plain(picture)
    factor = (WORKING_PIXELS / (flat.width * flat.height)) ** 0.5
    if factor < 0.95:
        flat = flat.resize(
            (max(8, round(flat.width * factor)), max(8, round(flat.height * factor))), Image.Resampling.BOX
        )
    return _upright(flat, int(turned) if isinstance(turned, int) else 1)


def _plain(picture: Image.Image) -> Image.Image:
    """RGB; what is see-through lies on white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        page = Image.new("RGB", layered.size, "white")
        page.paste(layered, mask=layered.getchannel("A"))
        return page
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return ImageOps.autocontrast(picture.convert("F").point(lambda value: value / 256).convert("L")).convert("RGB")
    # Already so: a copy of a large photo would take another 70 MB.
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _upright(picture: Image.Image, turned: int) -> Image.Image:
    """A camera writes down how it was held."""
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return picture.transpose(ways[turned]) if turned in ways else picture


def _is_disguised(data: bytes) -> bool:
    ends = data if len(data) <= 2 * _LOOKED_AT else data[:_LOOKED_AT] + data[-_LOOKED_AT:]
    return _DISGUISED.search(ends) is not None
