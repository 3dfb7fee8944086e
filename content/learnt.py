"""A learnt feature: a linear model over hashed runs of two to five letters. It may nudge; it never decides alone."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from content.models import ScamType

SHORTEST, LONGEST = 2, 5
BUCKETS = 1 << 17
TYPE_BUCKETS = 1 << 14
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


@dataclass(frozen=True)
class Learnt:
    """Weights as small whole numbers; `scale` brings them back. One row a type in `type_weights`."""

    weights: npt.NDArray[np.int8]
    scale: float
    bias: float
    type_weights: npt.NDArray[np.int8]
    type_scale: float
    type_bias: npt.NDArray[np.float32]
    types: tuple[ScamType, ...]

    def scam(self, codes: Codes) -> float:
        """The learnt log-odds that a skeleton is a scam, between -CLIP and CLIP."""
        found = buckets_of(codes)
        if not len(found):
            return 0.0
        total = float(self.weights[found].sum(dtype=np.int64)) * self.scale / float(np.sqrt(len(found))) + self.bias
        return max(-CLIP, min(CLIP, total))

    def kinds(self, codes: Codes) -> dict[ScamType, float]:
        """The learnt log-probability of each type, given that the text is a scam."""
        found = buckets_of(codes, TYPE_BUCKETS)
        if not len(found):
            return {}
        sums = self.type_weights[found].sum(axis=0, dtype=np.int64) * (self.type_scale / np.sqrt(len(found)))
        sums = sums + self.type_bias
        sums = sums - sums.max()
        logs = sums - np.log(np.exp(sums).sum())
        return {kind: float(log) for kind, log in zip(self.types, logs, strict=True)}


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
