"""The line above a day's messages: which day it says, in Thai or English, of either calendar."""

from __future__ import annotations

import re
from datetime import date

# Years above are counted from the Buddha's passing, 543 years before the common era.
_BUDDHIST_FROM, _BUDDHIST_AHEAD = 2400, 543

_THAI_MONTHS = (
    ("มกราคม", "ม.ค."),
    ("กุมภาพันธ์", "ก.พ."),
    ("มีนาคม", "มี.ค."),
    ("เมษายน", "เม.ย."),
    ("พฤษภาคม", "พ.ค."),
    ("มิถุนายน", "มิ.ย."),
    ("กรกฎาคม", "ก.ค."),
    ("สิงหาคม", "ส.ค."),
    ("กันยายน", "ก.ย."),
    ("ตุลาคม", "ต.ค."),
    ("พฤศจิกายน", "พ.ย."),
    ("ธันวาคม", "ธ.ค."),
)
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Longer beginnings first: พฤหัสบดี begins as พุธ's letter does.
_WEEKDAYS = {
    "พฤ": 3, "จ": 0, "อา": 6, "อ": 1, "พ": 2, "ศ": 4, "ส": 5, "เสาร์": 5,
    "mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip

_WEEKDAY = (
    r"(?:วัน)?(?P<{0}>จันทร์|อังคาร|พุธ|พฤหัสบดี|พฤหัสฯ?|ศุกร์|เสาร์|อาทิตย์|จ\.?|อา\.?|อ\.?|พฤ\.?|พ\.?|ศ\.?|ส\.?"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?)"
)
_BEFORE = rf"(?:{_WEEKDAY.format('before')}\s*(?:ที่)?[,\s]\s*|{_WEEKDAY.format('joined')}ที่\s*)?"
_AFTER = rf"(?:\s*\(\s*{_WEEKDAY.format('bracketed')}\s*\)|\s*,?\s+{_WEEKDAY.format('after')})?"
_THAI_MONTH = "|".join(re.escape(name) for names in _THAI_MONTHS for name in names)
_ENGLISH_MONTH = rf"(?:{'|'.join(_ENGLISH_MONTHS)})[a-z]*\.?"

_SHAPES = (
    re.compile(
        rf"{_BEFORE}(?P<one>\d{{1,4}})(?P<mark>[/.\-])(?P<two>\d{{1,2}})(?P=mark)(?P<three>\d{{1,4}}){_AFTER}", re.I
    ),
    re.compile(
        rf"{_BEFORE}(?P<day>\d{{1,2}})\s+(?P<thai>{_THAI_MONTH})\s*(?:พ\.ศ\.|ค\.ศ\.)?\s*(?P<year>\d{{4}})", re.I
    ),
    re.compile(rf"{_BEFORE}(?P<day>\d{{1,2}})\s+(?P<english>{_ENGLISH_MONTH}),?\s+(?P<year>\d{{4}}){_AFTER}", re.I),
    re.compile(rf"{_BEFORE}(?P<english>{_ENGLISH_MONTH})\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}){_AFTER}", re.I),
)
_LONGEST = 48
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def day_of(line: str) -> date | None:
    """The day that a line names, if it names a day and nothing else; None for any other line.

    `2568/11/20 (พฤ.)`, `ศ. 28/11/2568`, `วันพฤหัสบดีที่ 20 พฤศจิกายน 2568`, `Thu, 11/20/2025`, `2025.11.20 Thursday`…
    Where day and month could be either way round, the weekday decides, and without one the day comes first.
    """
    words = line.strip()
    if len(words) > _LONGEST or not _YEAR.search(words):
        return None
    for shape in _SHAPES:
        if found := shape.fullmatch(words):
            return _day(found)
    return None


def _day(found: re.Match[str]) -> date | None:
    parts = found.groupdict()
    weekday = _weekday(parts)
    if "one" not in parts:
        return _valid(int(parts["year"]), _month(parts), int(parts["day"]))
    one, two, three = int(parts["one"]), int(parts["two"]), int(parts["three"])
    if len(parts["one"]) == 4:
        ways = (_valid(one, two, three), _valid(one, three, two))
    elif len(parts["three"]) == 4:
        ways = (_valid(three, two, one), _valid(three, one, two))
    else:
        return None
    days = [day for day in ways if day]
    return next((day for day in days if day.weekday() == weekday), days[0] if days else None)


def _weekday(parts: dict[str, str | None]) -> int | None:
    name = next((parts[key] for key in ("before", "joined", "bracketed", "after") if parts.get(key)), None)
    if not name:
        return None
    return next((number for start, number in _WEEKDAYS.items() if name.lower().startswith(start)), None)


def _month(parts: dict[str, str | None]) -> int:
    if english := parts.get("english"):
        return _ENGLISH_MONTHS.index(english[:3].lower()) + 1
    return next(number for number, names in enumerate(_THAI_MONTHS, 1) if parts["thai"] in names)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year - _BUDDHIST_AHEAD if year >= _BUDDHIST_FROM else year, month, day)
    except ValueError:
        return None
