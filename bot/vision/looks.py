"""What a picture is known again by: the signs of its coarsest waves, which scaling and saving anew hardly change.

A discrete cosine transform of the picture at 64 x 64 grey pixels; of its coefficients the 16 x 16 lowest but the flat one,
each above or below their median: 256 bits, written as 64 hexadecimal letters. Less than a thumbnail can be made of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 64
WAVES = 16


def _waves(side: int) -> npt.NDArray[np.float32]:
    """The matrix of the cosine transform (type II), one wave a row."""
    place = (np.arange(side) + 0.5) * np.pi / side
    waves: npt.NDArray[np.float32] = np.cos(np.outer(np.arange(side), place)).astype(np.float32)
    return waves


_WAVES = _waves(SIDE)[: WAVES + 1]


def look(picture: Image.Image) -> str:
    """The 256 bits of a picture; "" for one without any content (all of one colour)."""
    small = np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32)
    if small.max() - small.min() < 8:
        return ""
    waves = _WAVES @ (small - small.mean()) @ _WAVES.T
    # The lowest 16 x 16 without the first row and column: those follow cropping and lighting more than content.
    lowest = waves[1 : WAVES + 1, 1 : WAVES + 1].ravel()
    bits = np.packbits(lowest > np.median(lowest))
    return bits.tobytes().hex()
