"""What the benchmark is run on: phrases in any number and messages to be recognised, the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from content.knowledge import Knowledge
from content.models import Language

SEED = 20261122
_DIGITS = re.compile(r"\d+")
# Stands where a phrase names an organisation.
_SLOT = "\ue010"
_SPACES = re.compile(r"\s+")
# Letters that a hurried thumb puts in: common Thai ones and Latin ones.
_SLIPS = {Language.THAI: "กนรอาเงมยลวดทสตะปบคหแจพชขใไโ", Language.ENGLISH: "etaoinshrdlucmfwygpb"}
# Everyday talk for the words around a phrase; nothing of it belongs to a trick.
_TALK = {
    Language.THAI: (
        "แม่จ๋าเย็นนี้กินข้าวบ้านนะ", "ฝนตกหนักมากเลยวันนี้รถติดตั้งแต่เช้า", "เมื่อวานไปวัดมา คนเยอะมาก",
        "หลานเริ่มเดินได้แล้วนะ น่ารักเชียว", "อาทิตย์หน้าไปหาหมอตามนัด", "ต้นมะม่วงหลังบ้านออกลูกแล้ว",
        "เพื่อนที่ทำงานส่งต่อมาให้ดู", "อ่านแล้วไม่ค่อยแน่ใจเลยเอามาถาม", "แมวข้างบ้านคลอดลูกสามตัว",
        "ตลาดนัดวันเสาร์ผักถูกดี", "พรุ่งนี้ตื่นเช้าไปวิ่งกันไหม", "ซักผ้าไว้แล้วฝนดันตก", "ขอบคุณที่ช่วยดูให้นะ",
    ),
    Language.ENGLISH: (
        "Mum, dinner is at seven tonight.", "It rained all morning and the traffic was slow.", "The cat next door has kittens.",
        "I read it twice and am still not sure.", "A friend from work passed this on.", "The market had good mangoes.",
        "We walk in the park on Sundays.", "Thanks for having a look.", "The neighbours are painting their fence.",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """One wording of an entry."""

    text: str
    entry: str
    language: Language


@dataclass(frozen=True, slots=True)
class Query:
    """A message in which a phrase of `entry` stands, worn by passing through hands."""

    text: str
    entry: str


def phrases_of(knowledge: Knowledge) -> tuple[Phrase, ...]:
    """The phrases as they stand in the knowledge."""
    return tuple(
        Phrase(text, entry.id, language)
        for entry in knowledge.entries.values()
        for side in (entry.phrases.scammer, entry.phrases.victim)
        for language, lines in ((Language.THAI, side.th), (Language.ENGLISH, side.en))
        for text in lines
    )


class Maker:
    """Makes phrases and messages out of those of the knowledge: other halves, names, numbers and slips of the thumb."""

    def __init__(self, knowledge: Knowledge, seed: int = SEED) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a benchmark wants the same numbers each time
        self.written = phrases_of(knowledge)
        self._siblings: dict[tuple[str, Language], list[str]] = {}
        self._names = _names(knowledge)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._slotted = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        for phrase in self.written:
            slotted = self._slotted.sub(_SLOT, phrase.text)
            self._siblings.setdefault((phrase.entry, phrase.language), []).append(slotted)

    def phrases(self, number: int) -> list[Phrase]:
        """So many phrases, those of the knowledge first, those of one entry together."""
        made = list(self.written[:number])
        if len(self.written) > number:
            made = self._random.sample(self.written, number)
        while len(made) < number:
            made.append(self._another(self._random.choice(self.written)))
        return sorted(made, key=lambda phrase: phrase.entry)

    def _another(self, phrase: Phrase) -> Phrase:
        """The same trick in other words: half of it from a sister phrase, other names and numbers, a few slips."""
        siblings = self._siblings[phrase.entry, phrase.language]
        text = self._random.choice(siblings)
        if self._random.random() < 0.6:
            text = _half(text, 0) + _half(self._random.choice(siblings), 1)
        return Phrase(self.worn(self._refilled(text), phrase.language, 0.04), phrase.entry, phrase.language)

    def _refilled(self, text: str) -> str:
        """The text with a name in every slot and other numbers."""
        renamed = re.sub(_SLOT, lambda _: self._random.choice(self._names), text)
        return _DIGITS.sub(lambda found: str(self._random.randrange(1, 10 ** min(6, len(found.group())))), renamed)

    def worn(self, text: str, language: Language, rate: float) -> str:
        """The text with letters dropped, doubled or mistaken, each with probability `rate`."""
        return "".join(self._slip(letter, language) if self._random.random() < rate else letter for letter in text)

    def _slip(self, letter: str, language: Language) -> str:
        kind = self._random.randrange(3)
        other = self._random.choice(_SLIPS[language])
        return ("", letter + other, other)[kind]

    def queries(self, phrases: Sequence[Phrase], number: int) -> list[Query]:
        """Messages of many lengths (about 40 to 2,000 letters): every third a bare phrase, one in twenty a long chat."""
        return [self._query(self._random.choice(phrases), index) for index in range(number)]

    def _query(self, phrase: Phrase, index: int) -> Query:
        core = self.worn(phrase.text, phrase.language, 0.06)
        length = 0 if index % 3 == 0 else 2000 if index % 20 == 1 else self._random.randrange(100, 500)
        return Query(self.around(core, phrase.language, length), phrase.entry)

    def copy(self, phrase: Phrase, index: int) -> str:
        """The phrase as it comes back through other hands, by turns: other names and numbers, slips of the thumb,
        letters nobody sees, letters apart, and the words of who sends it on."""
        text = phrase.text
        match index % 5:
            case 0:
                return self._refilled(self._slotted.sub(_SLOT, text))
            case 1:
                return self.worn(text, phrase.language, 0.02)
            case 2:
                return "".join(letter + self._random.choice(("", "", "\u200b")) for letter in text)
            case 3:
                return " ".join(text)
            case _:
                return {Language.THAI: f"ส่งต่อ: {text} จริงไหมคะ", Language.ENGLISH: f"Fwd: {text} Is it true?"}[
                    phrase.language
                ]

    def around(self, core: str, language: Language, length: int) -> str:
        """Everyday talk before and after `core`, about `length` letters in all."""
        before: list[str] = []
        after: list[str] = []
        while sum(map(len, before)) + sum(map(len, after)) + len(core) < length:
            self._random.choice((before, after)).append(self._random.choice(_TALK[language]))
        return " ".join([*before, core, *after])


def _names(knowledge: Knowledge) -> list[str]:
    """The names by which people call organisations, in both languages; very short ones stand inside other words."""
    found: set[str] = set()
    for each in knowledge.organisations.values():
        found |= {each.name.th, each.name.en}
        if each.nicknames is not None:
            found |= {*each.nicknames.th, *each.nicknames.en}
    return sorted(name for name in found if len(name) > 3)


def _half(text: str, which: int) -> str:
    """The first or second half, parted at the blank nearest to the middle where there is one not far away."""
    middle = len(text) // 2
    blanks = [found.start() for found in _SPACES.finditer(text)]
    at = min(blanks, key=lambda place: abs(place - middle), default=middle)
    if abs(at - middle) > len(text) // 4:
        at = middle
    return text[:at] if which == 0 else text[at:]


def lengths(texts: Sequence[str], length: int, number: int) -> Iterator[str]:
    """`number` texts of exactly `length` letters, put together from `texts` in turn."""
    for index in range(number):
        joined, at = "", index
        while len(joined) < length:
            joined += texts[at % len(texts)] + " "
            at += 1
        yield joined[:length]
