"""The engine without short cuts: every phrase is laid beside every text, letter run by letter run, in plain Python.

It reads as the promise of content/matching.py; nothing of that module's index is used but its rarities.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from rapidfuzz import fuzz

from content.matching import BEST, GRAM, KEPT, LEAST_SHARE, Match, PhraseIndex, codes_of, grams_of


@dataclass
class PlainIndex:
    """Answers `rank` as PhraseIndex does. With `place_all`, every phrase is placed, not only the best of each entry."""

    index: PhraseIndex
    place_all: bool = False
    rarity: dict[int, float] = field(init=False)
    grams: list[frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        vocabulary = self.index.vocabulary.tolist()
        self.rarity = dict(zip(vocabulary, self.index.rarity.tolist(), strict=True))
        self.grams = [frozenset(_grams(bones)) for bones in self.index.bones]

    def rank(self, codes: np.ndarray, bones: str) -> tuple[Match, ...]:
        text = [gram if gram in self.rarity else 0 for gram in grams_of(codes).tolist()]
        present = frozenset(text)
        shares = [self._share(grams, present) for grams in self.grams]
        best: dict[str, Match] = {}
        for phrase in self._candidates(shares):
            match = self._place(phrase, text, bones)
            if match.entry not in best or best[match.entry].score < match.score:
                best[match.entry] = match
        return tuple(sorted(best.values(), key=lambda match: (-match.score, match.entry)))

    def _share(self, grams: frozenset[int], present: frozenset[int]) -> float:
        whole = sum(self.rarity[gram] for gram in grams)
        return sum(self.rarity[gram] for gram in grams & present) / whole

    def _candidates(self, shares: list[float]) -> list[int]:
        order = sorted(range(len(shares)), key=lambda phrase: (-shares[phrase], phrase))
        worthy = [phrase for phrase in order if shares[phrase] >= LEAST_SHARE]
        if self.place_all:
            return worthy
        firsts: dict[int, int] = {}
        for phrase in worthy:
            firsts.setdefault(int(self.index.phrase_entry[phrase]), phrase)
        return list(dict.fromkeys([*list(firsts.values())[:KEPT], *worthy[:BEST]]))

    def _place(self, phrase: int, text: list[int], bones: str) -> Match:
        grams, target = self.grams[phrase], self.index.bones[phrase]
        value = [self.rarity[gram] if gram in grams else 0.0 for gram in text]
        width = max(len(target) + 6, int(len(target) * 1.15))
        span = max(1, width - GRAM + 1)
        start, end = 0, len(bones)
        if len(bones) > width:
            sums = [sum(value[at : at + span]) for at in range(max(1, len(value) - span + 1))]
            top = max(sums)
            # Sums that differ by rounding only are the same: the first counts, as in the engine.
            start = next(at for at, each in enumerate(sums) if each >= top - 1e-9)
            end = min(len(bones), start + width)
        inside = [at for at in range(start, max(start + 1, end - GRAM + 1)) if at < len(value) and value[at]]
        name, told = self.index.entries[self.index.phrase_entry[phrase]], bool(self.index.phrase_told[phrase])
        if not inside:
            return Match(name, 0.0, start, end, told)
        share = sum(self.rarity[gram] for gram in {text[at] for at in inside}) / sum(
            self.rarity[gram] for gram in grams
        )
        start, end = inside[0], inside[-1] + GRAM
        room = max(0, (len(target) - (end - start)) // 2)
        ratio = fuzz.ratio(target, bones[max(0, start - room) : end + room]) / 100
        return Match(name, min(1.0, share) * ratio, start, end, told)


def _grams(bones: str) -> list[int]:
    grams: list[int] = grams_of(codes_of(bones)).tolist()
    return grams
