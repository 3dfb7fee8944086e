"""Which entry a text resembles: 4-gram postings, the best window of the text for each phrase, then a fuzzy ratio there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from content.cleaning import skeleton
from content.models import Entry

GRAM = 4
# Phrases that go on to the window and the ratio; more cost time and have not changed a verdict.
KEPT = 8

Grams = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase of an entry found in the text: `score` 0..1; `start`:`end` in the skeleton; `told` for a victim's words."""

    entry: str
    score: float
    start: int
    end: int
    told: bool


def grams_of(codes: npt.NDArray[np.uint32]) -> Grams:
    """Each run of four letters as one number, in order."""
    if len(codes) < GRAM:
        return np.empty(0, dtype=np.uint64)
    wide = (codes & 0xFFFF).astype(np.uint64)
    return (wide[:-3] << np.uint64(48)) | (wide[1:-2] << np.uint64(32)) | (wide[2:-1] << np.uint64(16)) | wide[3:]


def codes_of(bones: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(bones.encode("utf-32-le", "replace"), dtype=np.uint32)


@dataclass(frozen=True)
class PhraseIndex:
    """All phrases of all entries. `vocabulary` is sorted; `postings[heads[g]:heads[g+1]]` are the phrases with gram g."""

    entries: tuple[str, ...]
    phrase_entry: Numbers
    phrase_told: npt.NDArray[np.bool_]
    bones: tuple[str, ...]
    phrase_grams: tuple[Numbers, ...]  # of each phrase, the places of its grams in the vocabulary
    total: Weights  # the summed rarity of each phrase's grams
    vocabulary: Grams
    rarity: Weights
    heads: Numbers
    postings: Numbers

    def rank(self, codes: npt.NDArray[np.uint32], bones: str) -> tuple[Match, ...]:
        """The best match of each entry that has any, best first. Empty for a text under four letters."""
        grams = grams_of(codes)
        if not len(grams) or not len(self.vocabulary):
            return ()
        found = np.searchsorted(self.vocabulary, grams)
        found[found == len(self.vocabulary)] = 0
        hit = self.vocabulary[found] == grams
        if not hit.any():
            return ()
        found[~hit] = len(self.vocabulary)
        known = np.unique(found[hit])
        shares = self._shares(known)
        marked = np.zeros(len(self.vocabulary) + 1, dtype=np.float32)
        best: dict[int, Match] = {}
        for phrase in self._candidates(shares):
            match = self._place(int(phrase), found, marked, bones)
            entry = int(self.phrase_entry[phrase])
            if entry not in best or best[entry].score < match.score:
                best[entry] = match
        return tuple(sorted(best.values(), key=lambda match: (-match.score, match.entry)))

    def _shares(self, known: npt.NDArray[np.intp]) -> Weights:
        """For each phrase, the share of its rarity that stands somewhere in the text."""
        starts, stops = self.heads[known], self.heads[known + 1]
        counts = stops - starts
        rows = np.repeat(starts - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(counts.sum())
        sums = np.bincount(
            self.postings[rows], weights=np.repeat(self.rarity[known], counts), minlength=len(self.bones)
        )
        shares: Weights = (sums / self.total).astype(np.float32)
        return shares

    def _candidates(self, shares: Weights) -> npt.NDArray[np.intp]:
        """The best phrase of each entry first, then the best of the entries: a big entry crowds nobody out."""
        order = np.argsort(-shares, kind="stable")[: KEPT * 8]
        order = order[shares[order] >= 0.08]
        _, first = np.unique(self.phrase_entry[order], return_index=True)
        firsts = np.sort(first)
        rest = np.setdiff1d(np.arange(min(3, len(order))), firsts)
        chosen: npt.NDArray[np.intp] = order[np.concatenate((firsts[:KEPT], rest))]
        return chosen

    def _place(self, phrase: int, found: npt.NDArray[np.intp], marked: Weights, bones: str) -> Match:
        """The window of the text where the phrase's grams lie thickest, and how alike the two are there.

        `found` is the vocabulary place of each gram of the text; `marked` is a table of noughts to work in.
        """
        own = self.phrase_grams[phrase]
        marked[own] = self.rarity[own]
        value = marked[found]
        marked[own] = 0
        name = self.entries[self.phrase_entry[phrase]]
        told = bool(self.phrase_told[phrase])
        target = self.bones[phrase]
        width = max(len(target) + 6, int(len(target) * 1.15))
        start, end = 0, len(bones)
        if len(bones) > width:
            sums = np.concatenate((_NOUGHT, value.cumsum(dtype=np.float64)))
            span = max(1, width - GRAM + 1)
            start = int((sums[span:] - sums[:-span]).argmax()) if len(sums) > span else 0
            end = min(len(bones), start + width)
        inside = value[start : max(start + 1, end - GRAM + 1)].nonzero()[0]
        if not len(inside):
            return Match(name, 0.0, start, end, told)
        inside += start
        rarity = dict(zip(found[inside].tolist(), value[inside].tolist(), strict=True))
        share = sum(rarity.values()) / float(self.total[phrase])
        start, end = int(inside[0]), int(inside[-1]) + GRAM
        room = max(0, (len(target) - (end - start)) // 2)
        ratio = fuzz.ratio(target, bones[max(0, start - room) : end + room]) / 100
        return Match(name, min(1.0, share) * ratio, start, end, told)


_NOUGHT = np.zeros(1, dtype=np.float64)


def build(entries: Iterable[Entry], frequencies: Mapping[int, int] | None = None, documents: int = 0) -> PhraseIndex:
    """The index of the entries' phrases; `frequencies` says in how many of `documents` benign texts a gram stands."""
    names: list[str] = []
    owner: list[int] = []
    told: list[bool] = []
    bones: list[str] = []
    for entry in entries:
        names.append(entry.id)
        for is_told, lines in ((False, entry.phrases.scammer), (True, entry.phrases.victim)):
            for text in (*lines.th, *lines.en):
                plain = skeleton(text)
                if len(plain) >= GRAM:
                    owner.append(len(names) - 1)
                    told.append(is_told)
                    bones.append(plain)
    grams = [np.unique(grams_of(codes_of(plain))) for plain in bones]
    return _assemble(names, owner, told, bones, grams, frequencies or {}, documents)


def _assemble(
    names: Sequence[str],
    owner: Sequence[int],
    told: Sequence[bool],
    bones: Sequence[str],
    grams: Sequence[Grams],
    frequencies: Mapping[int, int],
    documents: int,
) -> PhraseIndex:
    if not grams:
        empty = np.empty(0, dtype=np.int32)
        none = np.empty(0, dtype=np.float32)
        return PhraseIndex(
            tuple(names), empty, np.empty(0, dtype=np.bool_), (), (), none, np.empty(0, dtype=np.uint64), none,
            np.zeros(1, dtype=np.int32), empty,
        )  # fmt: skip
    everything = np.concatenate(grams)
    phrase = np.repeat(np.arange(len(grams), dtype=np.int32), [len(each) for each in grams])
    vocabulary, which, counts = np.unique(everything, return_inverse=True, return_counts=True)
    order = np.argsort(which, kind="stable")
    heads = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    benign = np.array([frequencies.get(int(gram), 0) for gram in vocabulary], dtype=np.float64)
    # How seldom a gram is met, in benign texts and, for what only scams say, among the phrases themselves.
    rarity = np.log((documents + 200.0) / (benign + 1.0)) + 0.5 * np.log((len(grams) + 20.0) / (counts + 1.0))
    rarity = np.maximum(rarity, 0.05).astype(np.float32)
    total = np.bincount(phrase, weights=rarity[which], minlength=len(grams)).astype(np.float32)
    return PhraseIndex(
        tuple(names),
        np.array(owner, dtype=np.int32),
        np.array(told, dtype=np.bool_),
        tuple(bones),
        tuple(np.searchsorted(vocabulary, each).astype(np.int32) for each in grams),
        total,
        vocabulary,
        rarity,
        heads,
        phrase[order],
    )


def frequencies_of(texts: Iterable[str]) -> tuple[dict[int, int], int]:
    """In how many of `texts` each gram stands, and how many texts there are."""
    counts: dict[int, int] = {}
    number = 0
    for text in texts:
        number += 1
        for gram in np.unique(grams_of(codes_of(skeleton(text)))):
            counts[int(gram)] = counts.get(int(gram), 0) + 1
    return counts, number
