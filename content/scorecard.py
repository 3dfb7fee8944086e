"""The readable sum that turns evidence into a probability: every line a name, a weight and a reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field

from content.models import Line, Slug, Strict

Probability = Annotated[float, Field(ge=0, le=1)]


class ScoreLine(Strict):
    """One feature's weight in log-odds, and why it is there. `sign`: +1 may only accuse, -1 may only calm, 0 either."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_:-]+$")]
    weight: float
    hand: float
    sign: Annotated[int, Field(ge=-1, le=1)]
    reason: Line


class Band(Strict):
    """Thresholds for texts of up to `up_to` letters of skeleton: one threshold is wrong across lengths."""

    up_to: Annotated[int, Field(ge=1)]
    ask: Probability
    warn: Probability
    known: Probability


class TypeWeights(Strict):
    """How much each kind of evidence counts when the type and the entry are chosen."""

    match: float
    sign: float
    topic: float
    own_sign: float
    own_topic: float
    learnt: float


class Scorecard(Strict):
    intercept: float
    lines: tuple[ScoreLine, ...]
    signs: Mapping[Slug, float] = {}
    bands: tuple[Band, ...] = Field(min_length=1)
    types: TypeWeights

    @cached_property
    def weights(self) -> Mapping[str, float]:
        return {line.name: line.weight for line in self.lines} | {
            f"sign:{name}": weight for name, weight in self.signs.items()
        }

    def logit(self, features: Mapping[str, float]) -> float:
        """The sum of the lines, in log-odds."""
        weights = self.weights
        return self.intercept + sum(weights.get(name, 0.0) * value for name, value in features.items())

    def band(self, letters: int) -> Band:
        """The thresholds for a text of this many letters of skeleton."""
        for band in self.bands:
            if letters <= band.up_to:
                return band
        return self.bands[-1]


def probability(logit: float) -> float:
    """Log-odds as a probability, between 0.001 and 0.999: we are never certain."""
    return min(0.999, max(0.001, 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))))
