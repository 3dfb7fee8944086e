"""Rows and columns: which column holds the messages, and a .csv however it was saved."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from statistics import fmean

from bot.forwarded.found import Forwarded, Gathering, Note
from bot.forwarded.letters import Text

Row = Sequence[str]

_SAMPLE = 200
# A table of messages has a few; a hostile row has millions.
MOST_COLUMNS = 40
# Some programs put a few lines about the account above the heading.
_HEADING_WITHIN = 10
_LONGEST_HEADING = 40

_MESSAGE_THAI = {"ข้อความ", "ข้อความที่ได้รับ", "ข้อความต้องสงสัย", "ข้อความที่สงสัย", "เนื้อหา", "เนื้อความ", "รายละเอียด", "คำถาม"}
_MESSAGE = _MESSAGE_THAI | {
    "message",
    "messages",
    "msg",
    "text",
    "content",
    "sms",
    "body",
    "detail",
    "details",
    "question",
}
_ABOUT_MESSAGE = re.compile(r"ข้อความ|เนื้อหา|เนื้อความ|\b(?:message|text|content|sms)\b")
_ABOUT_LINK = re.compile(r"ลิงก์|ลิงค์|เว็บ|\b(?:links?|urls?|websites?)\b")
# Columns that may be the longest and are never the message: who, where and when.
_ABOUT_PEOPLE = re.compile(
    r"ชื่อ|นามสกุล|ที่อยู่|โทร|เบอร์|มือถือ|อีเมล|บัตร|วันที่|วันเดือนปี|เวลา|ผู้ส่ง|ผู้แจ้ง|ผู้รับ|เจ้าหน้าที่|หมู่บ้าน|ตำบล|อำเภอ"
    r"|name|address|phone|mobile|\btel\b|e-?mail|\bdate\b|\btime\b|sender|\bfrom\b|user|officer|village|district|\bid\b"
)

_LONGEST_PROBE = 5_000
_LONGEST_LINE = 250_000
_DELIMITERS = (",", ";", "\t", "|")
_NO_DELIMITER = "\x1f"  # occurs in no text: every line is one cell
_SAID_DELIMITER = re.compile(r"sep=(.)\s*")


@dataclass(frozen=True)
class Layout:
    """Where the messages of a table stand: rows from `first`, column `message`, and `links` that belong to it."""

    first: int
    message: int | None
    links: tuple[int, ...]
    width: int


def take(rows: Iterable[Row], gathering: Gathering) -> None:
    """Add the message of every row, found by the heading of its column or else as the column with the longest texts."""
    flowing = iter(rows)
    sample = list(islice(flowing, _SAMPLE))
    layout = layout_of([row[:MOST_COLUMNS] for row in sample])
    if layout.message is None:
        return
    for row in chain(sample[layout.first :], flowing):
        gathering.add(_message(row[:MOST_COLUMNS], layout))


def layout_of(sample: Sequence[Row]) -> Layout:
    """How the table is laid out; `message` is None when no column can hold messages."""
    width = Counter(len(row) for row in sample if any(cell.strip() for cell in row)).most_common(1)
    columns = width[0][0] if width else 0
    heads = [_names(row) for row in sample[:_HEADING_WITHIN]]
    for is_heading in (_names_messages, _names_people):
        for place, names in enumerate(heads):
            if is_heading(names):
                rows = sample[place + 1 :]
                links = tuple(column for column, name in enumerate(names) if _ABOUT_LINK.search(name))
                return Layout(place + 1, _message_column(names, links, rows), links, len(names))
    return Layout(0, _longest(range(columns), sample), (), columns)


def _names(row: Row) -> list[str]:
    return [cell.strip(" \t\r\n:*").casefold() for cell in row]


def _names_messages(names: Sequence[str]) -> bool:
    if not _are_titles(names):
        return False
    return any(name in _MESSAGE for name in names) or (
        len(names) > 1 and any(_ABOUT_MESSAGE.search(name) for name in names)
    )


def _names_people(names: Sequence[str]) -> bool:
    return _are_titles(names) and len(names) > 1 and any(_ABOUT_PEOPLE.search(name) for name in names)


def _are_titles(names: Sequence[str]) -> bool:
    return any(names) and not any(len(name) > _LONGEST_HEADING or any(map(str.isdigit, name)) for name in names)


def _message_column(names: Sequence[str], links: Sequence[int], rows: Sequence[Row]) -> int | None:
    exact = [column for column, name in enumerate(names) if name in _MESSAGE]
    about = [column for column, name in enumerate(names) if _ABOUT_MESSAGE.search(name) and column not in links]
    free = [column for column, name in enumerate(names) if not _ABOUT_PEOPLE.search(name)]
    return next((found for wanted in (exact, about, free) if (found := _longest(wanted, rows)) is not None), None)


def _longest(columns: Iterable[int], rows: Sequence[Row]) -> int | None:
    """The column with the longest texts on average; None when none of them has a letter."""

    def length(column: int) -> float:
        cells = [row[column] for row in rows if column < len(row) and any(map(str.isalpha, row[column]))]
        return fmean(map(len, cells)) if cells else 0.0

    best = max(columns, key=length, default=None)
    return best if best is not None and length(best) > 0 else None


def _message(row: Row, layout: Layout) -> str:
    """The message of a row, with its links. Cells too many are commas that somebody wrote in the message."""
    column = layout.message or 0
    if column >= len(row):
        return ""
    extra = max(len(row) - layout.width, 0)
    words = ",".join(row[column : column + extra + 1])
    links = (row[link + (extra if link > column else 0)] for link in layout.links if link != column and link < len(row))
    return "\n".join(part for part in (words, *links) if part.strip() and words.strip())


def read_csv(text: Text) -> Forwarded:
    """The newest messages of a .csv with any of , ; tab | between its cells, or none.

    A file whose quotation marks do not add up is read line by line instead, which the notes say. Raises
    Refused(NO_MESSAGES).
    """
    delimiter = delimiter_of(text.sample(_SAMPLE)) or _NO_DELIMITER
    gathering = Gathering()
    try:
        take(_said_apart(csv.reader(_not_endless(text.raw_lines()), delimiter=delimiter, strict=True)), gathering)
    except csv.Error:
        gathering = Gathering()
        gathering.note(Note.BROKEN)
        take(_said_apart(_line_by_line(text, delimiter)), gathering)
    if text.spoilt:
        gathering.note(Note.BROKEN)
    return gathering.done()


def delimiter_of(sample: Sequence[str]) -> str | None:
    """What stands between the cells: the sign that cuts most rows into equally many; None when none does."""
    if sample and (said := _SAID_DELIMITER.fullmatch(sample[0])):
        return said[1]
    best: tuple[float, int, str] | None = None
    for delimiter in _DELIMITERS:
        rows = _cut(sample, delimiter)
        if not rows:
            continue
        if any(len(names) > 1 and _names_messages(names) for names in map(_names, rows[:_HEADING_WITHIN])):
            return delimiter
        columns, many = Counter(map(len, rows)).most_common(1)[0]
        share = many / len(rows)
        if columns > 1 and share >= 0.6 and (best is None or (share, columns) > best[:2]):
            best = (share, columns, delimiter)
    return best[2] if best else None


def _cut(sample: Sequence[str], delimiter: str) -> list[Row]:
    rows: list[Row] = []
    try:
        for row in csv.reader((line[:_LONGEST_PROBE] + "\n" for line in sample), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                rows.append(row)
    except csv.Error:  # a quotation that never ends: what came before it counts
        pass
    return rows


def _said_apart(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without Excel's first line that only names the delimiter."""
    for place, row in enumerate(rows):
        if place or not (row and row[0].lower().startswith("sep=") and not any(row[1:])):
            yield row


def _not_endless(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if len(line) > _LONGEST_LINE:
            raise csv.Error("a line that would make millions of cells")
        yield line


def _line_by_line(text: Text, delimiter: str) -> Iterator[Row]:
    for line in text.lines():
        if line.count('"') % 2 or len(line) > _LONGEST_LINE:
            yield [cell.strip('"') for cell in line.split(delimiter, MOST_COLUMNS)]
            continue
        try:
            yield next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:  # one cell longer than the csv module takes
            yield line.split(delimiter, MOST_COLUMNS)
