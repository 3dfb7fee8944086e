"""A picture of any colours → dark letters on white: what Tesseract was made for.

A screen is made of fields of one colour (page, bubble, card) with letters on them. For every 8 x 8 pixels the commonest
grey around is taken for the field's own; what differs from it is ink, dark on light or light on dark alike. Near the
border of two fields, what has the grey of either of them is no ink: so the edges of bubbles vanish.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

Gray = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Cut = TypeVar("Cut", bound=np.generic)

BLOCK = 8
LEVELS = 32
# Blocks on each side: 56 pixels in all, so that between and around letters of everyday size there is field enough.
REACH = 3
# Blocks on each side of a border in which either field's grey is no ink; a bubble's padding is wider.
BORDER = 2
BORDER_STEP = 28
# JPEG and a camera's noise move a field's grey by about this much.
NOISE = 10
# Ink that stands out less than this from its field is not made stronger any further.
FAINTEST = 36


def flattened(gray: Gray) -> Gray:
    """The ink of a grey picture: 0 where it is strongest around, 255 where there is none. Same size."""
    fields = _fields(gray)
    low, high = _around(fields, BORDER, np.minimum), _around(fields, BORDER, np.maximum)
    shape = gray.shape
    value = gray.astype(np.float32)
    own = np.abs(value - _spread(fields, shape))
    smooth = np.minimum(own, np.abs(value - _blended(fields, shape)))
    either = np.minimum(np.minimum(np.abs(value - _spread(low, shape)), np.abs(value - _spread(high, shape))), own)
    at_border = _spread(high - low > BORDER_STEP, shape)
    ink = np.maximum(np.where(at_border, either, smooth) - NOISE, 0)
    strength = np.maximum(_around(_blocks(ink, 0).max(axis=(2, 3)), REACH, np.maximum), FAINTEST)
    whitened: Gray = (255 - np.clip(ink / _blended(strength, shape) * 255, 0, 255)).astype(np.uint8)
    return whitened


def _blocks(plane: npt.NDArray[Cut], fill: int | None = None) -> npt.NDArray[Cut]:
    """The picture cut into blocks: rows x columns x 8 x 8; the last ones filled up (None: with their own edge)."""
    tall, wide = plane.shape
    more = ((0, -tall % BLOCK), (0, -wide % BLOCK))
    whole = np.pad(plane, more, mode="edge") if fill is None else np.pad(plane, more, constant_values=fill)
    return whole.reshape(whole.shape[0] // BLOCK, BLOCK, whole.shape[1] // BLOCK, BLOCK).transpose(0, 2, 1, 3)


def _fields(gray: Gray) -> Plane:
    """The commonest grey around each block."""
    cut = _blocks(gray >> 3)
    rows, columns = cut.shape[:2]
    flat = cut.reshape(rows * columns, BLOCK * BLOCK)
    counts = np.stack([(flat == level).sum(axis=1) for level in range(LEVELS)], axis=1).astype(np.int32)
    near = _summed(counts.reshape(rows, columns, LEVELS))
    # A grey on the border of two levels is counted in both.
    wide = near.copy()
    wide[..., 1:] += near[..., :-1]
    wide[..., :-1] += near[..., 1:]
    commonest: Plane = wide.argmax(axis=2).astype(np.float32) * 8 + 4
    return commonest


def _summed(counts: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """For each block, the sum over the blocks within REACH of it."""
    size = 2 * REACH + 1
    total = np.pad(counts, ((REACH + 1, REACH), (REACH + 1, REACH), (0, 0))).cumsum(axis=0).cumsum(axis=1)
    summed: npt.NDArray[np.int32] = (
        total[size:, size:] - total[:-size, size:] - total[size:, :-size] + total[:-size, :-size]
    )
    return summed


def _around(plane: Plane, reach: int, best: np.ufunc) -> Plane:
    """For each block, the least or greatest within `reach`."""
    for axis in (0, 1):
        width = [(reach, reach) if each == axis else (0, 0) for each in (0, 1)]
        padded = np.pad(plane, width, mode="edge")
        count = plane.shape[axis]
        plane = best.reduce([padded.take(range(step, step + count), axis=axis) for step in range(2 * reach + 1)])
    return plane


def _spread(plane: npt.NDArray[Cut], shape: tuple[int, ...]) -> npt.NDArray[Cut]:
    """A value a block → a value a pixel, in steps."""
    return np.repeat(np.repeat(plane, BLOCK, axis=0), BLOCK, axis=1)[: shape[0], : shape[1]]


def _blended(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """A value a block → a value a pixel, from one to the next without a step."""
    size = plane.shape[1] * BLOCK, plane.shape[0] * BLOCK
    smooth = Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(smooth)[: shape[0], : shape[1]]
