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
# And behind these the pairs of signs and features that stand together: what calms or accuses only in company.
PAIRS = 1 << 15
# More parts than this in one text are a long letter, whose pairs would say only that it is long.
MOST_PARTS = 28
# The learnt feature in log-odds is held within this, so that no style of writing alone makes a scam.
CLIP = 4.0

Codes = npt.NDArray[np.uint32]
Buckets = npt.NDArray[np.int64]

_MIX = np.uint32(2654435761)
_BITS = np.uint32(32 - (BUCKETS.bit_length() - 1))
_COARSER = (BUCKETS // TYPE_BUCKETS).bit_length() - 1
_START, _END = np.ones(1, np.uint32), np.full(1, 2, np.uint32)


def buckets_of(codes: Codes) -> Buckets:
    """The distinct places of a skeleton's letter runs in a table of BUCKETS."""
    # A sign before and after, so that beginnings and endings are runs of their own.
    letters = np.concatenate((_START, codes.astype(np.uint32), _END))
    seen = np.zeros(BUCKETS, dtype=np.bool_)
    running = letters * np.uint32(0x9E3779B1)
    for length in range(SHORTEST, LONGEST + 1):
        if len(letters) < length:
            break
        running = (running[: len(letters) - length + 1] ^ letters[length - 1 :]) * np.uint32(0x01000193) + np.uint32(
            length
        )
        running ^= running >> np.uint32(15)
        seen[(running * _MIX) >> _BITS] = True
    return seen.nonzero()[0]


def coarse(buckets: Buckets) -> Buckets:
    """The same runs in the smaller table of the classes."""
    seen = np.zeros(TYPE_BUCKETS, dtype=np.bool_)
    seen[buckets >> _COARSER] = True
    return seen.nonzero()[0]


def bag_of(marks: Collection[int]) -> Buckets:
    """The places of fragments in their table."""
    return np.unique(np.fromiter((mark % BAG for mark in marks), dtype=np.int64, count=len(marks)))


def pairs_of(parts: Collection[int]) -> Buckets:
    """The places of all pairs of parts in their table."""
    marks = np.array(sorted(parts)[:MOST_PARTS], dtype=np.uint32)
    if len(marks) < 2:
        return np.empty(0, dtype=np.int64)
    first, second = np.triu_indices(len(marks), 1)
    mixed = (marks[first] * np.uint32(0x9E3779B1)) ^ (marks[second] * np.uint32(0x85EBCA6B))
    mixed ^= mixed >> np.uint32(15)
    return np.unique(mixed % np.uint32(PAIRS)).astype(np.int64)


def worths(letters: int, bag: int, pairs: int = 0) -> tuple[float, float, float]:
    """What one letter run, one fragment and one pair count for: long texts have many of each."""
    return 1 / max(1.0, letters) ** 0.5, 1 / max(4.0, bag) ** 0.5, 0.7 / max(4.0, pairs) ** 0.5


@dataclass(frozen=True)
class Learnt:
    """Weights as small whole numbers, letter runs first, then fragments, then pairs; `scale` brings them back.

    `class_weights` has one column a class: each type of scam, then each kind of honest message that the examples
    name. What the classes say together about scam or not is a second opinion beside `weights`.
    """

    weights: npt.NDArray[np.int8]
    scale: float
    bias: float
    class_weights: npt.NDArray[np.int8]
    class_scale: float
    class_bias: npt.NDArray[np.float32]
    types: tuple[ScamType, ...]

    def scam(self, found: Buckets, bag: Collection[int], parts: Collection[int]) -> float:
        """The learnt log-odds that a text is a scam, between -CLIP and CLIP. `found`: its `buckets_of`."""
        words, pairs = bag_of(bag), pairs_of(parts)
        if not len(found):
            return 0.0
        run, word, pair = worths(len(found), len(words), len(pairs))
        total = run * float(self.weights[found].sum(dtype=np.int64))
        total += word * float(self.weights[BUCKETS + words].sum(dtype=np.int64))
        total += pair * float(self.weights[BUCKETS + BAG + pairs].sum(dtype=np.int64))
        return max(-CLIP, min(CLIP, total * self.scale + self.bias))

    def kinds(self, found: Buckets, bag: Collection[int]) -> tuple[dict[ScamType, float], float]:
        """The log-probability of each type, given a scam; and the classes' log-odds of a scam, within CLIP."""
        if not len(found):
            return {}, 0.0
        found, words = coarse(found), bag_of(bag)
        run, word, _ = worths(len(found), len(words))
        sums = run * self.class_weights[found].sum(axis=0, dtype=np.int32)
        sums = sums + word * self.class_weights[TYPE_BUCKETS + words].sum(axis=0, dtype=np.int32)
        sums = sums * self.class_scale + self.class_bias
        raised = np.exp(sums - sums.max())
        scam, honest = raised[: len(self.types)], raised[len(self.types) :]
        lean = float(np.log(scam.sum() + 1e-9) - np.log(honest.sum() + 1e-9))
        logs = np.log(scam / scam.sum() + 1e-9).tolist()
        return dict(zip(self.types, logs, strict=True)), max(-CLIP, min(CLIP, lean))


def load(path: Path) -> Learnt:
    """Reads what `dump` wrote. Raises OSError, ValueError or KeyError for another file."""
    with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as kept:
        return Learnt(
            kept["weights"],
            float(kept["scale"]),
            float(kept["bias"]),
            kept["class_weights"],
            float(kept["class_scale"]),
            kept["class_bias"],
            tuple(ScamType(name) for name in kept["types"]),
        )


def dump(model: Learnt, path: Path) -> None:
    """Writes the model, small and without anything executable in it."""
    np.savez_compressed(
        path,
        weights=model.weights,
        scale=np.float64(model.scale),
        bias=np.float64(model.bias),
        class_weights=model.class_weights,
        class_scale=np.float64(model.class_scale),
        class_bias=model.class_bias,
        types=np.array([kind.value for kind in model.types]),
    )


def quantised(weights: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], float]:
    """Weights as whole numbers from -127 to 127, and what one of them is worth."""
    largest = float(np.abs(weights).max()) if weights.size else 0.0
    scale = largest / 127 if largest > 0 else 1.0
    return np.round(weights / scale).astype(np.int8), scale
