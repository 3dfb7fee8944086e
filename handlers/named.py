"""Whom a reported message names: the numbers, accounts, LINE ids and domains that the scammer used."""

from __future__ import annotations

import re

from content.cleaning import readable
from content.directory import Directory
from content.identifiers import Identifier, Kind, find
from content.reported import subject_of
from handlers.messages import Named

# A list of numbers is no message; the first are enough to know it by.
MOST_NAMED = 20
# So many letters before a number may say whose it is.
BEFORE = 28
# The reporter's own number or account is not the scammer's: it is named nowhere.
_OWN = re.compile(
    r"(?:(?:เบอร์|บัญชี|บช\.?|เลขที่?|พร้อมเพย์|ไลน์|ไอดี|โทรศัพท์|มือถือ)(?:โทร)?(?:ของ)?(?:ผม|ฉัน|ดิฉัน|หนู|เรา(?!โอน)|ตัวเอง|แม่ผม|แม่หนู|พ่อ(?:ผม|หนู)|ดิชั้น|ชั้น)"
    r"|(?:จาก|ออกจาก)บัญชี(?:ของ)?(?:ผม|ฉัน|ดิฉัน|หนู|ตัวเอง)|โทรกลับ(?:หา)?(?:ผม|ฉัน|ดิฉัน|หนู)(?:ที่)?|ติดต่อ(?:ผม|ฉัน|ดิฉัน|หนู)(?:ที่|ได้ที่)?"
    r"|\bmy (?:own )?(?:phone|mobile|cell|number|account|bank account|line|promptpay|contact)[a-z ]{0,18}"
    r"|\b(?:call|reach|contact) me\b[a-z ]{0,12})[^\d@]{0,14}\Z",
    re.IGNORECASE,
)


def named_in(text: str, directory: Directory) -> tuple[Named, ...]:
    """Each subject that the text names once, but for the reporter's own; `guarded` where the directory knows it."""
    plain = readable(text)
    found: dict[tuple[str, str], Named] = {}
    for each in find(plain):
        if _OWN.search(plain[max(0, each.start - BEFORE) : each.start]):
            continue
        named = _named(each, directory)
        if named is not None:
            found.setdefault((named.kind, named.value), named)
    return tuple(found.values())[:MOST_NAMED]


def _named(identifier: Identifier, directory: Directory) -> Named | None:
    finding = directory.judge_link(identifier.value) if identifier.kind is Kind.URL else ""
    subject = subject_of(identifier, finding)
    if subject is None:
        return None
    return Named(subject.kind, subject.value, directory.guards(subject.kind, subject.value))
