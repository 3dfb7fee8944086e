"""Personal data out of a text before it is kept. If that fails, nothing is kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from stdnum import luhn
from stdnum.th import pin

from content.cleaning import readable
from content.identifiers import Kind, find, host_of
from handlers.errors import NotMasked
from handlers.people_names import introduced_covered, names_covered

MAIL = "[อีเมล/e-mail]"
HANDLE = "[ไอดี/id]"

# What people put between digits. Every pattern here is bounded or never goes back, so that no text can make it run away.
_BETWEEN = r"[ \t\-./_()\[\],:'·•|*~+\u2010-\u2015]{0,4}"
# Any run of six digits or more, also right behind a word.
_DIGITS = re.compile(rf"(?<!\d)[+(]{{0,2}}\d(?:{_BETWEEN}\d){{5,}}+")
# With letters that are drawn like digits among them.
_DRAWN = re.compile(r"(?<![A-Za-z\d])[\dOoQlI](?:[ \-.]{0,2}[\dOoQlI]){8,19}(?![A-Za-z\d])")
_SPELT_TH = r"(?:ศูนย์|หนึ่ง|เอ็ด|สอง|โท|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า)"
_SPELT_EN = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"
_SPELT = re.compile(
    rf"{_SPELT_TH}(?:[ \-.,]{{0,3}}{_SPELT_TH}){{6,}}+|\b{_SPELT_EN}(?:[ \-.,]{{1,3}}{_SPELT_EN}){{6,}}+\b",
    re.IGNORECASE,
)
# Six digits and more that are no number of anybody: a sum, a day, a time of day.
_HARMLESS = re.compile(
    r"\d{1,3}(?:,\d{3}){1,2}(?:\.\d{1,2})?|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}(?:[ ,]{1,2}\d{1,2}[:.]\d{2})?"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}:\d{2}|\d{1,2}[:.]\d{2} ?[-\u2010-\u2015] ?\d{1,2}[:.]\d{2}"
)
_EMAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{2,63}){1,4}")
# The same with the sign written out or set apart: to be found before its end passes for a link.
_EMAIL_SPOKEN = re.compile(
    r"[\w.+\-]{1,64}\s{0,2}(?:\((?:at|แอท)\)|\[(?:at|แอท)\])\s{0,2}[\w\-]{1,63}(?:\s?(?:\.|\(dot\)|\[dot\]|\[\.\])\s?[\w\-]{2,63}){1,4}",
    re.IGNORECASE,
)
# Who signs in, in a link: with it, the host would pass for an e-mail's.
_SIGNED_IN = re.compile(r"(://)[^\s/@]{1,200}@(?=[\w\-]+\.)")
# With blanks around it, it may be "look @ this-site.example" as well: there the name of the site stays.
_EMAIL_APART = re.compile(r"[\w.+\-]{1,64}(\s{1,2}@\s{0,2}|@\s{1,2})(?=[\w\-]{1,63}(?:\.[\w\-]{2,63}){1,4})")
_MINE = re.compile(
    r"((?:ไลน์|ไอดี|เฟซ(?:บุ๊?ก)?|เฟส|ไอจี|line|facebook|ig|telegram)\s?(?:ไอดี|id)?\s?(?:ของ)?\s?(?:ผม|ฉัน|ดิฉัน|หนู|เรา|กระผม)\s?(?:คือ|ชื่อ|:|=)?\s{0,2}"
    r"|\bmy\s+(?:line|facebook|fb|ig|instagram|telegram|user)(?:\s?(?:id|name|account))?\s?(?:is|:|=)?\s{0,2})"
    r"(@?[a-z0-9][a-z0-9._\-]{2,40})",
    re.IGNORECASE,
)
# Who somebody is, in a link: what stands behind the page.
_QUERY = re.compile(r"[?#][^\s]{1,2000}")


def masked(text: str) -> str:
    """The text as it may be kept: national ids, cards, accounts, phones, e-mails and names given with it are covered.

    Covers more rather than less; the last two digits of a number stay so that officials can tell two apart, and so does
    the name of a website. Raises NotMasked when something personal is still there afterwards, or when the text cannot
    be worked on at all.
    """
    try:
        covered = _cover(_visible(readable(text)))
    except (ValueError, RecursionError, UnicodeError) as trouble:
        raise NotMasked("masking failed") from trouble
    if _still_personal(covered):
        raise NotMasked("personal data was left")
    return covered


def _visible(text: str) -> str:
    """Without invisible letters, and every script's digits as 0–9: nothing can hide between or behind them."""
    shown = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn") or c in "\n\t")
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in shown)


def _cover(text: str) -> str:
    """Links apart from the rest: of a link, the host stays."""
    parts: list[str] = []
    at = 0
    text = _SIGNED_IN.sub(r"\1", text)
    text = _EMAIL_APART.sub(rf"{MAIL}\1", _EMAIL_SPOKEN.sub(MAIL, text))
    # Before links: a name with a dot in it passes for one.
    text = introduced_covered(text)
    for link in (each for each in find(text) if each.kind is Kind.URL):
        parts += (_cover_words(text[at : link.start]), _cover_link(text[link.start : link.end], host_of(link.value)))
        at = link.end
    return "".join([*parts, _cover_words(text[at:])])


def _cover_words(text: str) -> str:
    text = _EMAIL.sub(MAIL, text)
    text = _MINE.sub(lambda found: found.group(1) + HANDLE, text)
    return names_covered(_cover_numbers(text))


def _cover_numbers(text: str) -> str:
    text = _DIGITS.sub(_run(_cover_run), text)
    text = _DRAWN.sub(_run(_cover_drawn), text)
    return _SPELT.sub("[เลข/no.]", text)


def _run(cover: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    return lambda found: cover(found.group())


def _cover_link(link: str, host: str) -> str:
    """Scheme and host as they stand; the path without numbers; nothing of what follows it, nor of who signs in."""
    if not host or _personal(re.sub(r"\D", "", host)):
        return _cover_numbers(_QUERY.sub("…", _EMAIL.sub(MAIL, link)))
    begin = link.lower().rfind(host)
    if begin < 0:
        # Written in a way of its own (defanged, with blanks): said again as it is.
        return f"{host}/…"
    scheme = link[:begin] if "@" not in link[:begin] else ""
    path = _QUERY.sub("?…", link[begin + len(host) :])
    return scheme + link[begin : begin + len(host)] + _cover_numbers(_EMAIL.sub(MAIL, path))


def _cover_run(run: str) -> str:
    digits = re.sub(r"\D", "", run)
    if _HARMLESS.fullmatch(run) and len(digits) <= 12:
        return run
    kind = "ID" if _is_id(digits) else "บัตร/card" if _is_card(digits) else "เลข/no."
    tail = "" if kind == "ID" else digits[-2:]
    return f"[{kind} …{tail}]"


def _cover_drawn(run: str) -> str:
    return "[เลข/no.]" if sum(letter.isdigit() for letter in run) >= 6 else run


def _still_personal(text: str) -> bool:
    joined = re.sub(r"(?<=\d)[\W_]{1,12}(?=\d)", "", text)
    return any(_personal(run) for run in re.findall(r"\d{13,19}", joined))


def _personal(digits: str) -> bool:
    """Whether an id or a card may stand somewhere in a run of digits."""
    return any(
        _is_id(digits[at : at + size]) or _is_card(digits[at : at + size])
        for size in range(13, 20)
        for at in range(len(digits) - size + 1)
    )


def _is_id(digits: str) -> bool:
    return len(digits) == 13 and bool(pin.is_valid(digits))


def _is_card(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and bool(luhn.is_valid(digits))
