"""Personal data out of a text before it is kept. If that fails, nothing is kept."""

from __future__ import annotations

import re
import unicodedata

from stdnum import luhn
from stdnum.th import pin

from content.cleaning import readable
from handlers.errors import NotMasked

# Any run of digits with the separators people put between them, also right behind a word. Bounded, so that it cannot run away.
_DIGITS = re.compile(r"(?<!\d)\+?\d(?:[ \-.\u2010-\u2015]{0,3}\d){5,24}")
_EMAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}", re.ASCII)
_QUERY = re.compile(r"(\?|#)[^\s]{1,500}")
_NAME = re.compile(
    r"((?:ชื่อ(?:จริง)?|นามสกุล|นางสาว|นาง|นาย|น\.ส\.|ด\.ช\.|ด\.ญ\.|คุณ(?=[ ]?[\u0e01-\u0e2e]))[ :]{0,2})"
    r"([\u0e01-\u0e4e]{2,30}(?:[ ]{1,2}[\u0e01-\u0e4e]{2,30})?)"
)
_NAME_EN = re.compile(
    r"((?i:my name is|i am called|name:|(?<![a-z])(?:mr|mrs|ms|miss|dr)\.?)[ ]{1,2})([A-Z][\w'\-]{1,30}(?:[ ][A-Z][\w'\-]{1,30}){0,2})"
)
# Thai titles that begin words which are no names.
_NOT_NAMES = (
    "นายหน้า",
    "นายจ้าง",
    "นายกฯ",
    "นายกรัฐ",
    "นายกเทศ",
    "นายกสมาคม",
    "นายกองค์การ",
    "นายกอบ",
    "นายกเมือง",
    "นายทุน",
    "นายตำรวจ",
    "นายทหาร",
    "นางแบบ",
    "นางฟ้า",
    "คุณภาพ",
    "คุณสมบัติ",
    "ชื่อเสียง",
    "ชื่อบัญชี",
    "ชื่อผู้",
)


def masked(text: str) -> str:
    """The text as it may be kept: national ids, cards, accounts, phones, e-mails and names given with it are covered.

    Covers more rather than less; the last two digits of a number stay so that officials can tell two apart. Raises
    NotMasked when something personal is still there afterwards, or when the text cannot be worked on at all.
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
    shown = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co") or c in "\n\t")
    return "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in shown)


def _cover(text: str) -> str:
    text = _EMAIL.sub("[อีเมล/e-mail]", text)
    text = _QUERY.sub(r"\1…", text)
    text = _DIGITS.sub(lambda found: _cover_digits(found.group()), text)
    text = _NAME.sub(_cover_name, text)
    return _NAME_EN.sub(lambda found: found.group(1) + "[name]", text)


def _cover_digits(run: str) -> str:
    digits = re.sub(r"\D", "", run)
    kind = "ID" if _is_id(digits) else "บัตร/card" if _is_card(digits) else "เลข/no."
    tail = "" if kind == "ID" else digits[-2:]
    return f"[{kind} …{tail}]"


def _cover_name(found: re.Match[str]) -> str:
    if any(found.group().replace(" ", "").startswith(word) for word in _NOT_NAMES):
        return found.group()
    return found.group(1) + "[ชื่อ]"


def _still_personal(text: str) -> bool:
    joined = re.sub(r"(?<=\d)[\W_]{1,3}(?=\d)", "", text)
    return any(_is_id(run) or _is_card(run) for run in re.findall(r"\d{13,19}", joined))


def _is_id(digits: str) -> bool:
    return len(digits) == 13 and bool(pin.is_valid(digits))


def _is_card(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and bool(luhn.is_valid(digits))
