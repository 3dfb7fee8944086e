"""Which entry a text resembles: 4-gram postings, the best window of the text for each phrase, then a fuzzy ratio there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from content.cleaning import skeleton
from content.models import Entry

GRAM = 4
# Entries whose best phrase goes on to the window and the ratio; more cost time and have not changed a verdict.
KEPT = 6
# Of the best phrases of all, whosever they are, so many go on too: the second best may fit its window better.
BEST = 3
# A phrase that shares less than this of its rarity with the text is no resemblance.
LEAST_SHARE = 0.08
# Above so many phrases a gram that stands in more than one of 400, of more than a few entries, says next to nothing and
# costs most of the time: it is not looked up. The curated knowledge is far below: there nothing is left out.
LARGE = 20_000
COMMON = 400
FEW_ENTRIES = 3

Grams = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]


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
    grams: Grams = (
        (wide[:-3] << np.uint64(48)) | (wide[1:-2] << np.uint64(32)) | (wide[2:-1] << np.uint64(16)) | wide[3:]
    )
    return grams


def codes_of(bones: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(bones.encode("utf-32-le", "replace"), dtype=np.uint32)


@dataclass(frozen=True)
class PhraseIndex:
    """All phrases, those of one entry together. Frozen: several threads may ask at once, and a new one replaces it whole.

    `vocabulary` is sorted; `postings[heads[g]:heads[g + 1]]` are the phrases with gram g, and
    `own[own_heads[p]:own_heads[p + 1]]` the grams of phrase p (as places in the vocabulary).
    """

    entries: tuple[str, ...]
    phrase_entry: Numbers
    phrase_told: npt.NDArray[np.bool_]
    bones: tuple[str, ...]
    firsts: Numbers  # where each entry's phrases begin
    own: Numbers
    own_heads: Numbers
    total: Shares  # the summed rarity of each phrase's grams
    vocabulary: Grams
    rarity: Weights
    telling: npt.NDArray[np.bool_]  # of each gram, whether it is worth looking up
    heads: Numbers
    postings: Numbers

    def rank(self, codes: npt.NDArray[np.uint32], bones: str) -> tuple[Match, ...]:
        """The best match of each entry that has any, best first. Empty for a text under four letters."""
        grams = grams_of(codes)
        if not len(grams) or not len(self.vocabulary):
            return ()
        # In order, for then each search begins where the last one warmed the memory.
        different, which = np.unique(grams, return_inverse=True)
        places = np.searchsorted(self.vocabulary, different)
        places[places == len(self.vocabulary)] = 0
        hit = self.vocabulary[places] == different
        if not hit.any():
            return ()
        shares = self._shares(places[hit])
        places[~hit] = len(self.vocabulary)
        found = places[which]
        marked = _noughts(len(self.vocabulary) + 1)
        best: dict[int, Match] = {}
        for phrase in self._candidates(shares):
            match = self._place(phrase, found, marked, bones)
            entry = int(self.phrase_entry[phrase])
            if entry not in best or best[entry].score < match.score:
                best[entry] = match
        return tuple(sorted(best.values(), key=lambda match: (-match.score, match.entry)))

    def _shares(self, known: npt.NDArray[np.intp]) -> Shares:
        """For each phrase, the share of its rarity that stands somewhere in the text."""
        known = known[self.telling[known]]
        starts, counts = self.heads[known], self.heads[known + 1] - self.heads[known]
        ends = counts.cumsum()
        rows = np.repeat(starts - (ends - counts), counts) + np.arange(counts.sum())
        weights = np.repeat(self.rarity[known], counts)
        sums = np.bincount(self.postings[rows], weights=weights, minlength=len(self.bones))
        shares: Shares = sums.view(np.float64)  # with weights, that is what they are
        shares /= self.total
        return shares

    def _candidates(self, shares: Shares) -> list[int]:
        """The best phrase of each of the best entries, then the best phrases of all: a big entry crowds nobody out."""
        best = np.maximum.reduceat(shares, self.firsts)
        order = np.argsort(-best, kind="stable")[:KEPT]
        slices = [self._phrases_of(int(entry)) for entry in order if best[entry] >= LEAST_SHARE]
        chosen = [each.start + int(shares[each].argmax()) for each in slices]
        # The best of all stand in the best entries.
        leading = np.concatenate([np.arange(each.start, each.stop) for each in slices[:BEST]] or [_NOBODY])
        worth = shares[leading]
        for _ in range(min(BEST, len(leading))):
            at = int(worth.argmax())
            if worth[at] >= LEAST_SHARE and leading[at] not in chosen:
                chosen.append(int(leading[at]))
            worth[at] = -1.0
        return chosen

    def _phrases_of(self, entry: int) -> slice:
        stop = self.firsts[entry + 1] if entry + 1 < len(self.firsts) else len(self.bones)
        return slice(int(self.firsts[entry]), int(stop))

    def _place(self, phrase: int, found: npt.NDArray[np.intp], marked: Weights, bones: str) -> Match:
        """The window of the text where the phrase's grams lie thickest, and how alike the two are there.

        `found` is the vocabulary place of each gram of the text; `marked` is a table of noughts to work in,
        and one of noughts again afterwards.
        """
        own = self.own[self.own_heads[phrase] : self.own_heads[phrase + 1]]
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
_NOBODY = np.empty(0, dtype=np.intp)
_SCRATCH = threading.local()


def _noughts(size: int) -> Weights:
    """A table of at least `size` noughts, one for each thread: at a hundred thousand phrases, making it anew is dear."""
    table: Weights | None = getattr(_SCRATCH, "table", None)
    if table is None or len(table) < size:
        table = _SCRATCH.table = np.zeros(size, dtype=np.float32)
    return table


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
    everything = np.concatenate(grams) if grams else np.empty(0, dtype=np.uint64)
    sizes = np.array([len(each) for each in grams], dtype=np.int32)
    phrase = np.repeat(np.arange(len(grams), dtype=np.int32), sizes)
    vocabulary, which, counts = np.unique(everything, return_inverse=True, return_counts=True)
    benign = np.array([frequencies.get(gram, 0) for gram in vocabulary.tolist()], dtype=np.float64)
    # How seldom a gram is met, in benign texts and, for what only scams say, among the phrases themselves.
    rarity = np.log((documents + 200.0) / (benign + 1.0)) + 0.5 * np.log((len(grams) + 20.0) / (counts + 1.0))
    rarity = np.maximum(rarity, 0.05).astype(np.float32)
    owners = np.array(owner, dtype=np.int32)
    pairs = np.unique(which.astype(np.int64) * (len(names) + 1) + owners[phrase])
    spread = np.bincount(pairs // (len(names) + 1), minlength=len(vocabulary))
    return PhraseIndex(
        entries=tuple(names),
        phrase_entry=owners,
        phrase_told=np.array(told, dtype=np.bool_),
        bones=tuple(bones),
        firsts=np.flatnonzero(np.diff(owners, prepend=-1)).astype(np.int32),
        own=which.astype(np.int32),
        own_heads=np.concatenate(([0], sizes.cumsum())).astype(np.int32),
        total=np.bincount(phrase, weights=rarity[which], minlength=len(grams)).astype(np.float32).astype(np.float64),
        vocabulary=vocabulary,
        rarity=rarity,
        telling=(len(grams) <= LARGE) | (counts <= len(grams) // COMMON) | (spread <= FEW_ENTRIES),
        heads=np.concatenate(([0], counts.cumsum())).astype(np.int32),
        postings=phrase[np.argsort(which, kind="stable")],
    )


def frequencies_of(skeletons: Iterable[str]) -> tuple[dict[int, int], int]:
    """In how many of `skeletons` each gram stands, and how many there are."""
    grams = [np.unique(grams_of(codes_of(bones))) for bones in skeletons]
    if not grams:
        return {}, 0
    found, counts = np.unique(np.concatenate(grams), return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True)), len(grams)
