"""Signs: one idea each, found by fragments with gaps over the skeleton.

A wording is groups joined by gaps, `a|b ~ c|d ~~ e`: alternatives, a near gap (up to NEAR letters of skeleton), a far
gap (up to FAR), in this order. `<url> <phone> <amount> <account> <line> <code> <num>` stand for an identifier.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ahocorasick

from content.cleaning import NUMBER, Cleaned, readable, skeleton
from content.identifiers import Identifier, Kind
from content.matching import codes_of, grams_of
from content.models import Entry, Family, Sign, Weight, Wordings

NEAR, FAR = 14, 60
# Up to this length a Thai fragment must have the very tone marks of the text: ตั๋ว is not ตัว.
MARKED = 5
NEGATION_REACH = 12
# A text that says one thing a thousand times says it no louder.
MOST_HITS = 40

PLACEHOLDERS: Mapping[str, frozenset[Kind]] = {
    "<url>": frozenset({Kind.URL}),
    "<phone>": frozenset({Kind.PHONE, Kind.PROMPTPAY, Kind.HOTLINE}),
    "<amount>": frozenset({Kind.AMOUNT}),
    "<account>": frozenset({Kind.ACCOUNT, Kind.PROMPTPAY, Kind.WALLET}),
    "<line>": frozenset({Kind.LINE_ID}),
    "<code>": frozenset({Kind.CODE}),
    "<num>": frozenset(),
}

_NEGATIONS = (
    "อย่า", "ห้าม", "ไม่มีนโยบาย", "ไม่ต้อง", "ไม่เคย", "ไม่ควร", "จะไม่", "ไม่ขอ", "ไม่ส่ง", "ไม่มีการ", "ไม่ให้", "มิได้",
    "never", "don't", "dont", "do not", "won't", "will not", "wont", "doesn't", "does not", "no need to", "not ask", "avoid", "refuse to",
)  # fmt: skip
# "ห้ามบอกใคร", "don't tell anyone": secrecy is what a scammer asks for, unless it is the code that must not be told.
_SECRECY = ("secre", "tell-no", "no-tell", "silence", "stay-on-line", "hide")

_HARD_DIGITS = re.compile(r"\d+")
_THAI = re.compile(r"[\u0e00-\u0e7f]")


class WordingError(ValueError):
    """A wording that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One alternative: its skeleton, and what the original must show beside it."""

    bones: str
    marked: str  # with its tone marks, "" when these need not be checked
    digits: tuple[str, ...]  # literal digits behind its number signs
    edge_start: bool
    edge_end: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """`groups[i]` are fragment numbers; `reach[i]` is how far group i + 1 may begin after the end of group i."""

    sign: str
    groups: tuple[frozenset[int], ...]
    reach: tuple[int, ...]
    negatable: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A sign found: `start`:`end` in the skeleton; `negated` when the text forbids or denies it."""

    sign: str
    start: int
    end: int
    negated: bool


def parse(wording: str) -> tuple[list[list[str]], list[int]]:
    """The groups and the gaps of a wording. Raises WordingError."""
    parts = re.split(r"\s*(~~?)\s*", wording.strip())
    groups = [[one.strip() for one in part.split("|") if one.strip()] for part in parts[::2]]
    if any(not group for group in groups):
        raise WordingError(f"an empty group in {wording!r}: write a|b ~ c|d, with words on both sides of each gap")
    return groups, [FAR if gap == "~~" else NEAR for gap in parts[1::2]]


@lru_cache(maxsize=1 << 15)
def _bones(piece: str) -> str:
    """The skeleton of a piece of wording: the same pieces stand in hundreds of wordings. Never for people's texts."""
    return skeleton(piece)


@lru_cache(maxsize=1 << 13)
def faults_of(wording: str) -> tuple[str, ...]:
    """What is wrong with a wording, each as a sentence that says what to do."""
    return tuple(_faults_of(wording))


def _faults_of(wording: str) -> list[str]:
    try:
        groups, _ = parse(wording)
    except WordingError as fault:
        return [str(fault)]
    faults = []
    for group in groups:
        for piece in group:
            if piece in PLACEHOLDERS:
                continue
            if "<" in piece or ">" in piece:
                faults.append(f"unknown placeholder {piece!r}: use one of {' '.join(PLACEHOLDERS)}")
                continue
            bones = _bones(piece.rstrip("*"))
            letters = bones.replace(NUMBER, "")
            if bones in ("%", NUMBER + "%") and len(groups) > 1:
                continue
            if not letters:
                faults.append(f"fragment {piece!r} has digits only: use <num>, <amount> or <code>, or add words")
            elif len(letters) < 3 and len(groups) == 1:
                faults.append(f"fragment {piece!r} has under three letters: it would match everywhere; make it longer")
            elif len(letters) < 2:
                faults.append(f"fragment {piece!r} has under two letters: it would match everywhere; make it longer")
    return faults


_NO_LETTER = re.compile(r"[^a-z\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4c\u00c0-\u024f]")


def _marked(text: str) -> str:
    """Letters and tone marks, lower case, nothing else."""
    return _NO_LETTER.sub("", text.lower())


def fragment_of(piece: str) -> Fragment:
    """A fragment as written by a person, made ready for the index."""
    open_end = piece.endswith("*")
    plain = readable(piece.rstrip("*"))
    bones = _bones(piece.rstrip("*"))
    letters = bones.replace(NUMBER, "")
    latin_start = bool(bones) and bones[0].isascii() and bones[0].isalpha()
    latin_end = bool(bones) and bones[-1].isascii() and bones[-1].isalpha()
    short_thai = len(letters) <= MARKED and bool(_THAI.search(letters))
    return Fragment(
        bones,
        _marked(plain) if short_thai else "",
        tuple(_HARD_DIGITS.findall(plain)) if NUMBER in bones else (),
        latin_start,
        latin_end and not open_end,
    )


@dataclass(frozen=True)
class SignIndex:
    """All fragments in one automaton, and which wordings each may belong to."""

    automaton: Any
    fragments: tuple[Fragment, ...]
    placeholders: Mapping[str, int]
    wordings: tuple[Wording, ...]
    by_key: Mapping[int, tuple[int, ...]]  # fragment → wordings whose key group it is in
    negations: frozenset[int]
    marks: tuple[int, ...]

    def find(self, text: Cleaned, identifiers: Sequence[Identifier]) -> tuple[tuple[Hit, ...], frozenset[int]]:
        """Every sign in the text, each once, not negated before negated, then leftmost; and all fragments found."""
        spots = self._spots(text, identifiers)
        asked: set[int] = set()
        for fragment in spots:
            asked.update(self.by_key.get(fragment, ()))
        there = frozenset(spots)
        # อย่า forbids, อย่าง does not.
        negations = sorted(
            end
            for fragment in self.negations
            for _, end in spots.get(fragment, ())
            if text.skeleton[end : end + 1] != "ง"
        )
        best: dict[str, Hit] = {}
        for number in asked:
            wording = self.wordings[number]
            if any(group.isdisjoint(there) for group in wording.groups):
                continue
            for start, end in self._chains(wording, spots):
                hit = Hit(wording.sign, start, end, wording.negatable and _near(negations, start, end))
                known = best.get(hit.sign)
                if known is None or (hit.negated, -(hit.end - hit.start)) < (known.negated, -(known.end - known.start)):
                    best[hit.sign] = hit
        hits = tuple(sorted(best.values(), key=lambda hit: (hit.negated, hit.start, hit.sign)))
        return hits, frozenset(spots)

    def marks_of(self, fragments: Iterable[int]) -> frozenset[int]:
        """The numbers by which the learnt feature knows fragments: the same for the same words in any index."""
        return frozenset(self.marks[fragment] for fragment in fragments)

    def _spots(self, text: Cleaned, identifiers: Sequence[Identifier]) -> dict[int, list[tuple[int, int]]]:
        """Where each fragment stands: fragment → (start, end) in the skeleton, in order."""
        spots: dict[int, list[tuple[int, int]]] = defaultdict(list)
        plain, places = text.readable, text.places.tolist()
        for last, (length, numbers) in self.automaton.iter(text.skeleton):
            end = last + 1
            place = (end - length, end)
            for number, checked in numbers:
                if checked and not _fits(self.fragments[number], plain, places, end - length, end):
                    continue
                found = spots[number]
                if len(found) < MOST_HITS:
                    found.append(place)
        for holder, start, end in _placeholder_spots(text, identifiers):
            spots[self.placeholders[holder]].append((start, end))
        return spots

    def _chains(self, wording: Wording, spots: Mapping[int, list[tuple[int, int]]]) -> Iterable[tuple[int, int]]:
        """The places where all groups stand in order within reach; at most a few."""
        layers = []
        for group in wording.groups:
            layer = [place for fragment in group if fragment in spots for place in spots[fragment]]
            if not layer:
                return ()
            layer.sort()
            layers.append(layer)
        # ways: where a chain so far ends → where it began
        ways = {place[1]: place[0] for place in reversed(layers[0])}
        for layer, reach in zip(layers[1:], wording.reach, strict=True):
            ends = sorted(ways)
            onward: dict[int, int] = {}
            for start, end in layer:
                at = bisect_right(ends, start) - 1  # the nearest earlier end gives the tightest quote
                if at >= 0 and ends[at] >= start - reach:
                    onward[end] = max(onward.get(end, -1), ways[ends[at]])
            if not onward:
                return ()
            ways = onward
        return [(start, end) for end, start in sorted(ways.items())[:8]]


def _fits(fragment: Fragment, plain: str, places: Sequence[int], start: int, end: int) -> bool:
    """Whether the readable text shows what the skeleton cannot: word edges, tone marks, literal digits."""
    first = places[start]
    if fragment.edge_start and first > 0 and _latin(plain[first - 1]) and _latin(plain[first]):
        return False
    if fragment.edge_end:
        after = places[end - 1] + 1
        if after < len(plain) and _latin(plain[after]):
            return False
    if fragment.marked or fragment.digits:
        piece = plain[first : places[end] if end < len(places) else len(plain)]
        if fragment.marked and _marked(piece) != fragment.marked:
            return False
        if fragment.digits and tuple(_HARD_DIGITS.findall(piece)) != fragment.digits:
            return False
    return True


def _latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _near(ends: Sequence[int], start: int, end: int) -> bool:
    """Whether a negation ends shortly before a hit, or inside it before its last words (จ่ายปลายทาง ไม่ต้องโอนก่อน)."""
    at = bisect_left(ends, start - NEGATION_REACH)
    return at < len(ends) and ends[at] <= max(start + 2, end - 2)


_HOLDERS = [(holder, kinds) for holder, kinds in PLACEHOLDERS.items() if kinds]


def _placeholder_spots(text: Cleaned, identifiers: Sequence[Identifier]) -> list[tuple[str, int, int]]:
    spots = []
    places = text.places
    for each in identifiers[:MOST_HITS]:
        start, end = (int(at) for at in places.searchsorted([each.start, each.end]))
        if end <= start:
            continue
        spots += [(holder, start, end) for holder, kinds in _HOLDERS if each.kind in kinds]
    if NUMBER in text.skeleton:
        count = 0
        for index, letter in enumerate(text.skeleton):
            if letter == NUMBER:
                spots.append(("<num>", index, index + 1))
                count += 1
                if count >= MOST_HITS:
                    break
    return spots


def mark_of(name: str) -> int:
    """A name's number, the same on every machine."""
    return zlib.crc32(name.encode())


ENTRY = "entry:"


def topics_of(entries: Iterable[Entry]) -> Iterable[Sign]:
    """Each entry's topic words as one weak sign; its id is the entry's behind ENTRY, which no other sign's has."""
    for entry in entries:
        wordings = Wordings(th=entry.topics.th, en=entry.topics.en)
        yield Sign.model_construct(
            id=ENTRY + entry.id, family=Family.CLAIMS, weight=Weight.WEAK, types=(), tell=entry.title, wordings=wordings
        )


def build(signs: Iterable[Sign], frequencies: Mapping[int, int] | None = None, documents: int = 0) -> SignIndex:
    """The index of all wordings. Wordings with faults are left out: content checks name them.

    `frequencies` (in how many of `documents` honest texts each 4-gram stands) tells which group of a wording is met
    most seldom: only texts that hold one of its fragments are looked at for the others.
    """
    numbers: dict[tuple[str, bool], int] = {}
    fragments: list[Fragment] = []
    wordings: list[tuple[str, list[frozenset[int]], list[int], bool]] = []

    def number_of(piece: str) -> int:
        key = (piece, False)
        if key not in numbers:
            numbers[key] = len(fragments)
            fragments.append(Fragment("", "", (), False, False) if piece in PLACEHOLDERS else fragment_of(piece))
        return numbers[key]

    placeholders = {holder: number_of(holder) for holder in PLACEHOLDERS}
    negations = frozenset(number_of(word) for word in _NEGATIONS)
    for sign in signs:
        for wording in (*sign.wordings.th, *sign.wordings.en):
            if faults_of(wording):
                continue
            groups, reach = parse(wording)
            negatable = sign.family in (Family.ASKS, Family.PAYS) and not any(word in sign.id for word in _SECRECY)
            if negatable and any(_prohibits(group) for group in groups):
                negatable = False
            wordings.append((sign.id, [frozenset(map(number_of, group)) for group in groups], reach, negatable))
    common = [_commonness(fragment, frequencies or {}, documents) for fragment in fragments]
    return _assemble(fragments, placeholders, negations, wordings, common)


def _commonness(fragment: Fragment, frequencies: Mapping[int, int], documents: int) -> float:
    """In how large a share of honest texts a fragment may stand: no more than its rarest 4-gram."""
    grams = grams_of(codes_of(fragment.bones))
    if not len(grams):
        return (1.0, 0.9, 0.3, 0.08)[len(fragment.bones)]
    return (min(frequencies.get(int(gram), 0) for gram in grams) + 0.5) / (documents + 50)


def _prohibits(group: Sequence[str]) -> bool:
    return any(piece.startswith(("ห้าม", "อย่า", "don't", "dont", "do not", "never", "ไม่")) for piece in group)


def _assemble(
    fragments: list[Fragment],
    placeholders: Mapping[str, int],
    negations: frozenset[int],
    wordings: Sequence[tuple[str, list[frozenset[int]], list[int], bool]],
    common: Sequence[float],
) -> SignIndex:
    automaton = ahocorasick.Automaton()
    bones: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for number, fragment in enumerate(fragments):
        if fragment.bones:
            checked = fragment.edge_start or fragment.edge_end or bool(fragment.marked) or bool(fragment.digits)
            bones[fragment.bones].append((number, checked))
    for word, numbered in bones.items():
        automaton.add_word(word, (len(word), tuple(numbered)))
    automaton.make_automaton()
    by_key: dict[int, list[int]] = defaultdict(list)
    for number, (_, groups, _, _) in enumerate(wordings):
        key = min(groups, key=lambda group: sum(common[one] for one in group))
        for fragment_number in key:
            by_key[fragment_number].append(number)
    return SignIndex(
        automaton,
        tuple(fragments),
        placeholders,
        tuple(Wording(sign, tuple(groups), tuple(reach), negatable) for sign, groups, reach, negatable in wordings),
        {number: tuple(some) for number, some in by_key.items()},
        negations,
        tuple(mark_of(fragment.bones or f"<{number}>") for number, fragment in enumerate(fragments)),
    )
