"""A LINE chat saved as text, as phones and computers write it, in Thai or English.

A heading (`[LINE] …`, when it was saved), then days, each a line of its own, then `12:34⇥name⇥words`; a computer puts
spaces where a phone puts tabs. Words of several lines stand in quotation marks. Names are left behind here.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from bot.forwarded.days import day_of
from bot.forwarded.found import Forwarded, Gathering, LeftOut

_TIME = r"(?:(?:ก่อนเที่ยง|หลังเที่ยง|[AaPp][Mm])\s?)?\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?(?:[AaPp]\.?[Mm]\.?|น\.))?"
_BY_TAB = re.compile(rf"{_TIME}\t(.*)")
_BY_SPACE = re.compile(rf"{_TIME} (\S.*)")
# Scammers begin with [LINE] too; a saved chat goes on to say what it is.
_HEADING = re.compile(r"\ufeff?\[LINE\].*(?:ประวัติ|แชท|สนทนา|chat)", re.I)

# What LINE writes in place of something that has no words.
_IN_BRACKETS = re.compile(r"\[[^\[\]\n\d.@/]{1,30}\]")
_NAMED = re.compile(r"\[(?:ไฟล์|อัลบั้ม|โน้ต|รายชื่อ|คอนแทค|files?|albums?|notes?|contacts?)\][^\n]*", re.I)
_BARE_THAI = {"รูป", "รูปภาพ", "สติกเกอร์", "วิดีโอ", "ข้อความเสียง", "ไฟล์", "ตำแหน่งที่ตั้ง"}
_BARE = _BARE_THAI | {"photo", "photos", "sticker", "stickers", "video", "videos", "voice message", "file", "location"}
# Where no empty name marks them, LINE's own sentences are known by how they end.
_SYSTEM = re.compile(
    r".{0,120}(?:เข้าร่วมกลุ่ม|เข้ากลุ่ม|ออกจากกลุ่ม|ออกจากแชท|ยกเลิกข้อความ(?:แล้ว)?|ไม่ได้รับสาย|ยกเลิกการโทร"
    r"|(?:joined|left) the (?:group|chat)|unsent a message|missed call|canceled call)\.?",
    re.I,
)

# Where names end in the spaced form is learnt from the newest messages.
_LEARNT_FROM = 2_000
_LONGEST_NAME = 3  # words
_MOST_NAMES = 500  # LINE takes as many into a group


def looks_like(sample: Sequence[str]) -> bool:
    """Whether these first lines of a file are the beginning of a saved LINE chat."""
    if any(map(_HEADING.match, sample[:3])):
        return True
    return any(map(day_of, sample)) and any(_BY_TAB.match(line) or _BY_SPACE.match(line) for line in sample)


def read(lines: Iterable[str], sample: Sequence[str]) -> Forwarded:
    """The newest messages of a saved chat, without names; `sample` are its first lines.

    Raises Refused(NO_MESSAGES) when nobody wrote any words.
    """
    if any(map(_BY_TAB.match, sample)):
        return _with_tabs(_entries(lines, _BY_TAB))
    return _with_spaces(_entries(lines, _BY_SPACE))


def _entries(lines: Iterable[str], opening: re.Pattern[str]) -> Iterator[tuple[date | None, str]]:
    """What stands behind each time of day, with all its lines, and its day."""
    day: date | None = None
    parts: list[str] = []
    quoted = False
    for line in lines:
        begun = opening.match(line)
        # A day that somebody wrote inside their own words: LINE puts an empty line above its own.
        heading = None if begun or (quoted and parts and parts[-1].strip()) else day_of(line)
        if begun or heading:
            if parts:
                yield day, "\n".join(parts).rstrip()
            parts = [begun[1]] if begun else []
            quoted = bool(begun and _opens_quotation(begun[1]))
            day = heading or day
        elif parts:
            parts.append(line)
            quoted ^= line.count('"') % 2 == 1
    if parts:
        yield day, "\n".join(parts).rstrip()


def _opens_quotation(behind_time: str) -> bool:
    words = behind_time.rpartition("\t")[2]
    return words.startswith('"') and words.count('"') % 2 == 1


def _with_tabs(entries: Iterable[tuple[date | None, str]]) -> Forwarded:
    gathering = Gathering()
    names: set[str] = set()
    for day, behind_time in entries:
        name, tab, words = behind_time.partition("\t")
        if not name.strip() or not tab:
            gathering.leave_out(LeftOut.SYSTEM)
            continue
        if len(names) < _MOST_NAMES:
            names.add(name.strip())
        _take(gathering, words, day)
    return _without_mentions(gathering.done(), names)


def _with_spaces(entries: Iterable[tuple[date | None, str]]) -> Forwarded:
    gathering = Gathering()
    newest: deque[tuple[date | None, str]] = deque(maxlen=_LEARNT_FROM)
    for entry in entries:
        if len(newest) == _LEARNT_FROM:
            gathering.leave_out(LeftOut.OLDER)
        newest.append(entry)
    beginnings = _beginnings(words for _, words in newest)
    names: set[str] = set()
    for day, behind_time in newest:
        if _SYSTEM.fullmatch(behind_time):
            gathering.leave_out(LeftOut.SYSTEM)
            continue
        name = _name(behind_time, beginnings)
        names.add(name)
        _take(gathering, behind_time[len(name) :].strip(), day)
    return _without_mentions(gathering.done(), names)


def _take(gathering: Gathering, words: str, day: date | None) -> None:
    if _wordless(words):
        gathering.leave_out(LeftOut.WORDLESS)
    else:
        gathering.add(_unquoted(words), day)


def _wordless(words: str) -> bool:
    said = words.strip()
    bare = said.casefold() in _BARE or said.startswith("☎")
    return bool(bare or _IN_BRACKETS.fullmatch(said) or _NAMED.fullmatch(said))


def _unquoted(words: str) -> str:
    """Words of several lines without the marks that LINE put around them."""
    said = words.strip()
    if "\n" in said and len(said) > 2 and said[0] == said[-1] == '"':
        return said[1:-1].replace('""', '"')
    return said


def _beginnings(messages: Iterable[str]) -> Counter[tuple[str, ...]]:
    """How often messages begin with the same words: a name stands before all that one person wrote."""
    counts: Counter[tuple[str, ...]] = Counter()
    for message in messages:
        words = message.split("\n", 1)[0].split(" ")[: _LONGEST_NAME + 1]
        for length in range(1, len(words)):  # at least one word is left to be said
            counts[tuple(words[:length])] += 1
    return counts


def _name(message: str, beginnings: Counter[tuple[str, ...]]) -> str:
    """The name in front of a message: its first word, and what nearly always follows it."""
    words = message.split("\n", 1)[0].split(" ")
    length = 1
    while length < min(_LONGEST_NAME, len(words) - 1):
        longer = beginnings[tuple(words[: length + 1])]
        if longer < 3 or longer < 0.3 * beginnings[tuple(words[:length])]:
            break
        length += 1
    return " ".join(words[:length])


def _without_mentions(found: Forwarded, names: Iterable[str]) -> Forwarded:
    """Nobody who writes in the chat is named behind an @ either."""
    mentions = sorted((f"@{name}" for name in names if name), key=len, reverse=True)

    def unnamed(message: str) -> str:
        for mention in mentions if "@" in message else ():
            message = message.replace(mention, "@…")
        return message

    return replace(found, messages=tuple(map(unnamed, found.messages)))
