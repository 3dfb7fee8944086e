"""A learnt feature: a linear model over hashed runs of two to five letters and over the curated fragments found.

It may nudge; it never decides alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from content.models import ScamType

SHORTEST, LONGEST = 2, 5
BUCKETS = 1 << 17
TYPE_BUCKETS = 1 << 14
# Behind the letter runs stand the fragments, in a table of their own.
BAG = 1 << 14
# The learnt feature in log-odds is held within this, so that no style of writing alone makes a scam.
CLIP = 3.0

Codes = npt.NDArray[np.uint32]
Buckets = npt.NDArray[np.int64]

_MIX = np.uint32(2654435761)


def buckets_of(codes: Codes, size: int = BUCKETS) -> Buckets:
    """The distinct buckets of a skeleton's letter runs, for a table of `size` (a power of two)."""
    bits = np.uint32(32 - (size.bit_length() - 1))
    # A sign before and after, so that beginnings and endings are runs of their own.
    letters = np.concatenate((np.ones(1, np.uint32), codes.astype(np.uint32), np.full(1, 2, np.uint32)))
    found = []
    running = letters * np.uint32(0x9E3779B1)
    for length in range(2, LONGEST + 1):
        if len(letters) < length:
            break
        running = (running[: len(letters) - length + 1] ^ letters[length - 1 :]) * np.uint32(0x01000193) + np.uint32(length)
        running ^= running >> np.uint32(15)
        if length >= SHORTEST:
            found.append((running * _MIX) >> bits)
    if not found:
        return np.empty(0, dtype=np.int64)
    return np.unique(np.concatenate(found)).astype(np.int64)


def bag_of(marks: Collection[int]) -> Buckets:
    """The places of fragments in their table."""
    return np.unique(np.fromiter((mark % BAG for mark in marks), dtype=np.int64, count=len(marks)))


def worths(letters: int, bag: int) -> tuple[float, float]:
    """What one letter run and one fragment count for: long texts have many of either."""
    return 1 / max(1.0, letters) ** 0.5, 1 / max(4.0, bag) ** 0.5


@dataclass(frozen=True)
class Learnt:
    """Weights as small whole numbers, letter runs first, then fragments; `scale` brings them back.

    `type_weights` has one column a type.
    """

    weights: npt.NDArray[np.int8]
    scale: float
    bias: float
    type_weights: npt.NDArray[np.int8]
    type_scale: float
    type_bias: npt.NDArray[np.float32]
    types: tuple[ScamType, ...]

    def scam(self, codes: Codes, bag: Collection[int]) -> float:
        """The learnt log-odds that a text is a scam, between -CLIP and CLIP."""
        found, words = buckets_of(codes), bag_of(bag)
        if not len(found):
            return 0.0
        run, word = worths(len(found), len(words))
        total = run * float(self.weights[found].sum(dtype=np.int64))
        total += word * float(self.weights[BUCKETS + words].sum(dtype=np.int64))
        return max(-CLIP, min(CLIP, total * self.scale + self.bias))

    def kinds(self, codes: Codes, bag: Collection[int]) -> dict[ScamType, float]:
        """The learnt log-probability of each type, given that the text is a scam."""
        found, words = buckets_of(codes, TYPE_BUCKETS), bag_of(bag)
        if not len(found):
            return {}
        run, word = worths(len(found), len(words))
        sums = run * self.type_weights[found].sum(axis=0, dtype=np.int64)
        sums = sums + word * self.type_weights[TYPE_BUCKETS + words].sum(axis=0, dtype=np.int64)
        sums = sums * self.type_scale + self.type_bias
        sums = sums - sums.max()
        logs = sums - np.log(np.exp(sums).sum())
        return dict(zip(self.types, logs.tolist(), strict=True))


def load(path: Path) -> Learnt:
    """Reads what `dump` wrote. Raises OSError, ValueError or KeyError for another file."""
    with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as kept:
        return Learnt(
            kept["weights"],
            float(kept["scale"]),
            float(kept["bias"]),
            kept["type_weights"],
            float(kept["type_scale"]),
            kept["type_bias"],
            tuple(ScamType(name) for name in kept["types"]),
        )


def dump(model: Learnt, path: Path) -> None:
    """Writes the model, small and without anything executable in it."""
    np.savez_compressed(
        path,
        weights=model.weights,
        scale=np.float64(model.scale),
        bias=np.float64(model.bias),
        type_weights=model.type_weights,
        type_scale=np.float64(model.type_scale),
        type_bias=model.type_bias,
        types=np.array([kind.value for kind in model.types]),
    )


def quantised(weights: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], float]:
    """Weights as whole numbers from -127 to 127, and what one of them is worth."""
    largest = float(np.abs(weights).max()) if weights.size else 0.0
    scale = largest / 127 if largest > 0 else 1.0
    return np.round(weights / scale).astype(np.int8), scale
