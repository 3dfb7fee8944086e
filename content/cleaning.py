"""Two forms of a text, each with a way back to the words as they were sent.

*Readable*: what a person would read: no invisible letters, no costume letters (bold, full-width), marks in order.
*Skeleton*: what the indexes search: no spaces, no punctuation, no tone marks, lower case, one sign for any number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int32]

# A verdict never looks at more than this: enough for the longest honest letter, small enough to stay quick.
HEAD, TAIL = 6_000, 2_000

# One private letter stands in the skeleton for any run of digits, and one for each identifier taken out.
NUMBER = "\ue001"
MASK = "\ue000"

_TONES = "\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4e"
_ABOVE_BELOW = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"

# Latin letters that stand for Thai ones inside Thai words, and the other way round.
_LATIN_AS_THAI = {"u": "บ", "n": "ก", "o": "อ", "w": "พ", "s": "ร", "v": "ง", "a": "ล", "q": "ว", "m": "ท"}
_THAI_AS_LATIN = {"ท": "n", "ร": "s", "พ": "w", "บ": "u", "อ": "o", "ง": "v", "ค": "a", "ก": "n", "เ": "i"}

# Cyrillic and Greek letters that pass for Latin ones.
_LOOK_ALIKE = dict(
    zip(
        "аеорсухіјѕԁһӏԛԝвкмнтгпиαεικνορτυχβγηωμ" + "АВЕКМНОРСТУХІЈЅԌАΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhlqwbkmhtrnuaeiknoptuxbynwu" + "abekmhopctyxijsgabezhikmnoptyx",
        strict=True,
    )
)

_PLAIN = re.compile(r"[\t\n\r -~\u0e01-\u0e3a\u0e3f-\u0e4c\u0e4f-\u0e5b]*\Z")
_ODD = re.compile(r"[^\t\n\r -~\u0e01-\u0e5b]")
_MENDABLE = re.compile(
    rf"\u0e4d|เเ|[\u0e48-\u0e4c][\u0e31\u0e34-\u0e3a\u0e47]|\u0e33[\u0e48-\u0e4b]|([{_ABOVE_BELOW}])\1|[๐-๙]"
)
_COSTUME = re.compile(
    rf"[a-z](?=[{_ABOVE_BELOW}])|(?<=[ก-\u0e4e])[unowsvaq]{{1,3}}(?=[ก-\u0e4e])|(?<=[a-z])[ทรพบองคกเ](?=[a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text in both forms.

    `starts[i]`:`ends[i]` is where letter i of `readable` stands in the original; `places[i]` is the letter of
    `readable` that letter i of `skeleton` comes from.
    """

    original: str
    readable: str
    starts: Offsets
    ends: Offsets
    skeleton: str
    codes: npt.NDArray[np.uint32]
    places: Offsets

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `readable[start:end]` stands in the original; never splits a letter from its marks."""
        if start >= end:
            return (0, 0)
        first, last = int(self.starts[start]), int(self.ends[end - 1])
        while last < len(self.original) and _is_mark(self.original[last]):
            last += 1
        while first > 0 and _is_mark(self.original[first]):
            first -= 1
        return first, last

    def quote_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `skeleton[start:end]` stands in the original."""
        if start >= end:
            return (0, 0)
        return self.original_span(int(self.places[start]), int(self.places[end - 1]) + 1)


def _is_mark(letter: str) -> bool:
    return letter in "\u200d\ufe0f\u0e33" or unicodedata.category(letter) in ("Mn", "Me")


@lru_cache(maxsize=4096)
def _plain_letter(letter: str) -> str:
    """A letter without its costume; "" when nobody can see it."""
    if "\ue000" <= letter <= "\uf8ff":
        return letter
    kind = unicodedata.category(letter)
    if kind in ("Cf", "Cs", "Mn", "Me", "Co", "Cn") or letter in "\u115f\u1160\u3164\uffa0\u2800":
        return ""
    if kind == "Cc":
        return "\n" if letter in "\x0b\x0c\x1c\x1d\x1e\x85" else ""
    if kind in ("Zs", "Zl", "Zp"):
        return " "
    # Decomposed first, so that é reads e; Thai letters that come out of it keep their marks.
    apart = unicodedata.normalize("NFKD", letter)
    kept = "".join(c for c in apart if "\u0e00" <= c <= "\u0e7f" or unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return unicodedata.normalize("NFKC", kept).replace("\u0e4d\u0e32", "\u0e33")


def _undressed(text: str) -> tuple[str, list[int], list[int]]:
    """Every letter out of its costume, with its place; plain stretches are taken over whole."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for found in _ODD.finditer(text):
        index = found.start()
        out.append(text[at:index])
        starts += range(at, index)
        ends += range(at + 1, index + 1)
        for plain in _plain_letter(found.group()):
            out.append(plain)
            starts.append(index)
            ends.append(index + 1)
        at = index + 1
    out.append(text[at:])
    starts += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return "".join(out), starts, ends


def _replace(
    pattern: re.Pattern[str], text: str, starts: list[int], ends: list[int]
) -> tuple[str, list[int], list[int]]:
    """Every find of `pattern` mended, the offsets with it."""
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for found in pattern.finditer(text):
        begin, stop = found.span()
        mended = _mend(found.group())
        out += (text[at:begin], mended)
        new_starts += starts[at:begin]
        new_ends += ends[at:begin]
        same = len(mended) == stop - begin
        for step in range(len(mended)):
            new_starts.append(starts[begin + step] if same else starts[begin])
            new_ends.append(ends[begin + step] if same else ends[stop - 1])
        at = stop
    out.append(text[at:])
    return "".join(out), new_starts + starts[at:], new_ends + ends[at:]


def _mend(piece: str) -> str:
    first = piece[0]
    if "๐" <= first <= "๙":
        return chr(ord(first) - 0x0E50 + 48)
    if piece == "เเ":
        return "แ"
    if piece == "\u0e4d":
        return "\u0e4d"
    if len(piece) == 2 and first == piece[1] and _is_mark(first):
        return first
    if len(piece) == 2 and (first == "\u0e33" or "\u0e48" <= first <= "\u0e4c") and "\u0e30" <= piece[1] <= "\u0e4e":
        return piece[1] + first
    if first.isascii():
        return "".join(_LATIN_AS_THAI.get(c.lower(), c) for c in piece)
    return "".join(_THAI_AS_LATIN.get(c, c) for c in piece)


_SARA_AM = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")


def _join_sara_am(text: str, starts: list[int], ends: list[int]) -> tuple[str, list[int], list[int]]:
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for found in _SARA_AM.finditer(text):
        begin, stop = found.span()
        mended = found.group(1) + "\u0e33"
        out += (text[at:begin], mended)
        new_starts += [*starts[at:begin], *([starts[begin]] * len(mended))]
        new_ends += [*ends[at:begin], *([ends[stop - 1]] * len(mended))]
        at = stop
    out.append(text[at:])
    return "".join(out), new_starts + starts[at:], new_ends + ends[at:]


def _readable(text: str) -> tuple[str, list[int], list[int]]:
    if _PLAIN.match(text):
        plain, starts, ends = text, list(range(len(text))), list(range(1, len(text) + 1))
    else:
        plain, starts, ends = _undressed(text)
    if "\u0e4d" in plain:
        plain, starts, ends = _join_sara_am(plain, starts, ends)
    # Mending may bring two marks together that want mending too; a few rounds settle every input met so far,
    # and the bound keeps a hostile one from looping.
    for pattern in (_MENDABLE, _COSTUME, _MENDABLE, _COSTUME):
        for _ in range(8):
            if pattern.search(plain) is None:
                break
            before = plain
            plain, starts, ends = _replace(pattern, plain, starts, ends)
            if plain == before:
                break
    return plain, starts, ends


def _as_sent(text: str) -> bool:
    """Whether a text is readable as it is: most are, and need no letter-by-letter account."""
    return bool(_PLAIN.match(text)) and not (_MENDABLE.search(text) or _COSTUME.search(text))


def readable(text: str) -> str:
    """The text as a person reads it. Idempotent, never raises, time in step with length."""
    return _readable(text)[0]


def _table() -> npt.NDArray[np.uint32]:
    """For each letter of the basic plane: its letter in the skeleton, or 0 where it leaves no trace."""
    table = np.zeros(0x10000, dtype=np.uint32)
    for code in range(0x10000):
        letter = chr(code)
        if code < 0x80:
            # The per cent sign is a word: "5% a day".
            table[code] = ord(letter.lower()) if letter.isalnum() or letter == "%" else 0
        elif 0x0E00 <= code < 0x0E80:
            keep = 0x0E01 <= code <= 0x0E3A or 0x0E40 <= code <= 0x0E45 or code == 0x0E4D
            table[code] = code if keep else 0
        elif 0xE000 <= code <= 0xF8FF:
            table[code] = code
    for letter, latin in _LOOK_ALIKE.items():
        table[ord(letter)] = ord(latin)
    # Letters of other scripts stay, so that a message in them is not empty.
    for first, last in (
        (0xC0, 0x24F),
        (0x400, 0x4FF),
        (0x1000, 0x109F),
        (0x3040, 0x30FF),
        (0x4E00, 0x9FFF),
        (0xAC00, 0xD7A3),
    ):
        for code in range(first, last + 1):
            if table[code] == 0 and chr(code).isalpha():
                lower = chr(code).lower()
                small = ord(lower) if len(lower) == 1 and ord(lower) < 0x10000 else code
                # The small letter may look like another (Г, г), or stand outside of these blocks (Ⱦ, ⱦ): both leave one trace.
                table[small] = table[code] = table[small] or small
    return table


_SKELETON = _table()
# Five letters or more that stand apart from each other: ด่ ว น ม า ก, s 3 n d m e.
SPACED_OUT = re.compile(r"(?:(?:\A|[ ._-])[ก-ฮa-z0-9][\u0e31-\u0e4e]{0,2}){5}(?=[ ._-]|\Z)", re.IGNORECASE)

_LEET = np.zeros(0x80, dtype=np.uint32)
for _digit, _letter in zip("013457", "oieast", strict=True):
    _LEET[ord(_digit)] = ord(_letter)


def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)


def _text(codes: npt.NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le")


def _skeleton(plain: str, masks: Iterable[tuple[int, int]]) -> tuple[str, npt.NDArray[np.uint32], Offsets]:
    raw = _codes(plain)
    codes = _SKELETON[np.where(raw < 0x10000, raw, 0)]
    if SPACED_OUT.search(plain):
        letters = codes != 0
        together = codes[letters]
        _read_leet(together)
        codes[letters] = together
    else:
        _read_leet(codes)
    digits = (codes >= 48) & (codes <= 57)
    if digits.any():
        # A comma or point inside a number belongs to it: 5,000.00 is one number.
        inside = np.zeros(len(raw), dtype=bool)
        inside[1:-1] = ((raw[1:-1] == 44) | (raw[1:-1] == 46)) & digits[:-2] & digits[2:]
        run = digits | inside
        codes[run] = 0
        first = run.copy()
        first[1:] &= ~run[:-1]
        codes[first] = ord(NUMBER)
    for start, end in masks:
        codes[start:end] = 0
        codes[start] = ord(MASK)
    places = np.nonzero(codes)[0].astype(np.int32)
    codes = codes[places]
    if len(codes) > 2:
        # มากกกกก and soooo: a run of three or more is one letter said loudly.
        same = np.zeros(len(codes) + 2, dtype=bool)
        same[1:-2] = codes[1:] == codes[:-1]
        long = (same[:-2] & same[1:-1]) | (same[:-2] & np.concatenate(([False], same[:-3])))
        long = long[: len(codes)] & (codes < 0xE000)
        if long.any():
            codes, places = codes[~long], places[~long]
    return _text(codes), codes, places


def _read_leet(codes: npt.NDArray[np.uint32]) -> None:
    """pr1ze → prize, 0TP → otp: a digit between Latin letters, or a nought before two."""
    latin = (codes >= 97) & (codes <= 122)
    digit = (codes >= 48) & (codes <= 57)
    if len(codes) < 3 or not (latin.any() and digit.any()):
        return
    between = np.zeros(len(codes), dtype=bool)
    between[1:-1] = digit[1:-1] & latin[:-2] & latin[2:]
    between[:-2] |= (codes[:-2] == 48) & latin[1:-1] & latin[2:]
    read = _LEET[codes[between]]
    codes[between] = np.where(read > 0, read, codes[between])


def skeleton(text: str) -> str:
    """The skeleton of a piece of wording (nothing taken out). Idempotent, never raises."""
    return _skeleton(readable(text), ())[0]


@dataclass(frozen=True, slots=True)
class Read:
    """A text's readable form with its offsets: what identifiers are looked for in."""

    original: str
    readable: str
    starts: Offsets
    ends: Offsets


def read(text: str) -> Read:
    """The readable form of at most HEAD + TAIL letters of `text`, with offsets into all of it."""
    if len(text) <= HEAD + TAIL and _as_sent(text):
        places = np.arange(len(text) + 1, dtype=np.int32)
        return Read(text, text, places[:-1], places[1:])
    if len(text) <= HEAD + TAIL:
        plain, starts, ends = _readable(text)
        return Read(text, plain, np.array(starts, dtype=np.int32), np.array(ends, dtype=np.int32))
    skipped = len(text) - HEAD - TAIL
    plain, starts, ends = _readable(text[:HEAD] + text[-TAIL:])
    first, last = np.array(starts, dtype=np.int32), np.array(ends, dtype=np.int32)
    return Read(
        text, plain, np.where(first >= HEAD, first + skipped, first), np.where(last > HEAD, last + skipped, last)
    )


def clean(form: Read, masks: Iterable[tuple[int, int]] = ()) -> Cleaned:
    """Both forms; `masks` are the spans of `form.readable` that hold identifiers, not words."""
    bones, codes, places = _skeleton(form.readable, masks)
    return Cleaned(form.original, form.readable, form.starts, form.ends, bones, codes, places)


_OPENERS = re.compile(
    r"\A(?:\s|\[?(?:fwd?|fw|ส่งต่อ|forwarded(?: many times| message)?|ข้อความส่งต่อ)\]?\s*[:：]?"
    r"|(?:is (?:it|this) (?:true|real|legit|a scam)(?: that)?|อันนี้|ข้อความนี้|ช่วยดู(?:ให้)?(?:หน่อย|ที)?|ช่วยเช็[คก](?:ให้)?(?:หน่อย|ที)?)"
    r"|จริง(?:ไหม|มั้ย|มัย|ป่าว|เปล่า|หรือเปล่า|หรือไม่)?(?:คะ|ครับ|ว่า)?|[\"'“”>*_-])+",
    re.IGNORECASE,
)
_CLOSERS = re.compile(
    r"(?:\s|(?:ใช่|จริง|หลอก|โกง|ปลอม|เชื่อได้|ปลอดภัย)(?:หรือ)?(?:ไหม|มั้ย|มัย|ป่าว|เปล่า|ไม่|รึเปล่า)"
    r"|นะ|คะ|ค่ะ|ครับ|คับ|จ้า|จ้ะ|ฮะ|(?:is (?:it|this) (?:true|real|legit|a scam|safe))|[?!.\"'“”]){1,12}\Z",
    re.IGNORECASE,
)


def core(plain: str) -> str:
    """The readable text without forward headers, "is it true that", and polite particles at its ends."""
    if len(plain) > 400:
        return plain
    inner = _OPENERS.sub("", plain, count=1)
    found = _CLOSERS.search(inner)
    return inner[: found.start()] if found else inner


# Marks that stand on the letter before them, vowels that are written after it, joiners.
_CLINGS = frozenset("\u0e30\u0e32\u0e33\u0e45\u200d\ufe0f\ufe0e\u20e3")


def cut(text: str, limit: int, *, utf16: bool = False) -> str:
    """The longest beginning of `text` within `limit` letters (or UTF-16 units) that parts no letter from its marks.

    Thai vowels written before their letter (เ แ โ ใ ไ) are not left hanging at the end either.
    """
    if limit <= 0:
        return ""
    end = _fitting(text, limit) if utf16 else min(limit, len(text))
    if end >= len(text):
        return text
    while end > 0 and _tied(text, end):
        end -= 1
    return text[:end]


def _tied(text: str, at: int) -> bool:
    """Whether cutting between `at - 1` and `at` would part what belongs together."""
    here, before = text[at], text[at - 1]
    if here in _CLINGS or unicodedata.category(here) in ("Mn", "Me") or before == "\u200d":
        return True
    if before in "เแโใไ" or "\U0001f3fb" <= here <= "\U0001f3ff":
        return True
    return "\U0001f1e6" <= here <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff"


def _fitting(text: str, limit: int) -> int:
    units = 0
    for index, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > limit:
            return index
    return len(text)
