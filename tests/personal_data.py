"""Messages with personal data planted in them, written as oddly as people and scammers write, for the tests of masking."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from stdnum import luhn
from stdnum.th import pin

GIVEN = [
    "สมหญิง",
    "ประเสริฐ",
    "มะลิวัลย์",
    "ณัฐกฤตา",
    "วิโรจน์",
    "กัญญารัตน์",
    "ธีรพงษ์",
    "อำพล",
    "จันทร์เพ็ญ",
    "ก้องเกียรติ",
    "ศศิธร",
    "น้ำผึ้ง",
    "บุญมี",
    "ชไมพร",
]
FAMILY = ["ใจดีงาม", "ทองสุขศรี", "แสนสบายดี", "รุ่งเรืองทรัพย์", "พงษ์พานิช", "ณ.อยุธยา", "ศรีสุวรรณ", "มั่นคงดี"]
LATIN = [
    "Somchai Jaidee",
    "Malee Thongsuk",
    "Peter O'Brien",
    "Anne-Marie D’Arcy",
    "Nattakrit Saensabai",
    "José Muñoz",
    "Zoë Brontë",
]
# Characters that broke somebody's masking before: those of patterns, of markup, of other scripts, and none at all.
ODD = [
    ".",
    "*",
    "+",
    "$",
    "^",
    "(",
    "\\",
    "|",
    "?",
    "'",
    "’",
    "-",
    "_",
    "&",
    "<",
    "%",
    "~",
    "\u200b",
    "\u200d",
    "\u00ad",
    "\ufeff",
    "😊",
]
TITLES = ["นาย", "นางสาว", "นาง", "น.ส.", "ชื่อจริง ", "ผมชื่อ", "ดิฉันชื่อ ", "ชื่อ-นามสกุล: ", "ร.ต.อ.", "ด.ช."]
LATIN_TITLES = ["my name is ", "Mr. ", "Ms. ", "Name: ", "MRS. ", "Full name: ", "Khun "]
BEFORE = [
    "",
    "โอนมาที่ ",
    "(",
    "บัตรเลขที่ ",
    "โทร.",
    "no:",
    "ติดต่อ ",
    "ID ",
    "🔥",
    "เลข=",
    "[",
    "“",
    "id:",
    "ปชช",
    "x\n",
    "\u200b",
    "<b>",
    "| ",
]
AFTER = ["", " ด่วน", ")", " now", "!", "\n", " ขอบคุณ", " 😊", "]", "”", ",ภายในวันนี้", ".", "\u200b", "</b>", " |"]
AMONG = [
    "พัสดุของท่านตกค้าง",
    "please help",
    "เขาบอกให้โอน 1,500 บาท",
    "ลิงก์ https://post-th.example/pay",
    "on 22/11/2026 10:30",
    "",
]
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
WIDE_DIGITS = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
BOLD_DIGITS = {ord(digit): 0x1D7CE + int(digit) for digit in "0123456789"}
KEYCAPS = {ord(digit): digit + "\ufe0f\u20e3" for digit in "0123456789"}
SPELT = dict(zip("0123456789", ["ศูนย์", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า"], strict=True))
MARKS = ("-", " ", ".", " - ", "–", "/", "_", ") ", "·", "|", "  ", "-\u200b")


@dataclass(frozen=True)
class Planted:
    """A message, the digits and words that must not be kept of it, and how the sender wrote them."""

    text: str
    secrets: tuple[str, ...]
    written: tuple[str, ...]


def thai_id(chance: random.Random) -> str:
    twelve = str(chance.randrange(1, 9)) + "".join(str(chance.randrange(10)) for _ in range(11))
    whole = twelve + pin.calc_check_digit(twelve)
    return whole if pin.is_valid(whole) else thai_id(chance)


def card(chance: random.Random) -> str:
    digits = "".join(str(chance.randrange(10)) for _ in range(14))
    fifteen = (chance.choice(("4", "51", "53", "35")) + digits)[:15]
    return fifteen + luhn.calc_check_digit(fifteen)


def phone(chance: random.Random) -> str:
    return chance.choice(("081000", "062000", "+6681000")) + f"{chance.randrange(10_000):04d}"


def apart(number: str, chance: random.Random) -> str:
    """The digits as people write them: whole, in groups, in other digits, spelt, with letters that nobody sees between."""
    dressed = chance.choice((None, None, None, THAI_DIGITS, WIDE_DIGITS, BOLD_DIGITS, KEYCAPS))
    how = chance.randrange(6)
    if how == 0:
        return number.translate(dressed or {})
    if how == 1:
        return "\u200b".join(number)
    if how == 2:
        return " ".join(number.translate(dressed or {}) if dressed is not KEYCAPS else number)
    if how == 3 and not number.startswith("+"):
        return "".join(SPELT[digit] for digit in number)
    mark = chance.choice(MARKS)
    size = chance.choice((3, 4, 5))
    return mark.join(number[at : at + size] for at in range(0, len(number), size)).translate(dressed or {})


def odd(word: str, chance: random.Random) -> str:
    """A name, often with a character in it that does not belong there."""
    if chance.random() < 0.5:
        return word
    at = chance.randrange(2, len(word))
    return word[:at] + chance.choice(ODD) + word[at:]


def _number(kind: str, chance: random.Random) -> tuple[str, tuple[str, ...]]:
    number = {"id": thai_id, "card": card, "phone": phone}[kind](chance)
    return apart(number, chance), (re.sub(r"\D", "", number),)


def _name(kind: str, chance: random.Random) -> tuple[str, tuple[str, ...]]:
    if kind == "name":
        first, last = chance.choice(GIVEN), chance.choice(FAMILY)
        return chance.choice(TITLES) + odd(first, chance) + " " + last, (first, last)
    name = chance.choice(LATIN)
    first, last = name.split()
    return chance.choice(LATIN_TITLES) + odd(first, chance) + " " + last, (first, last)


def planted(chance: random.Random) -> Planted:
    """One to three pieces of personal data among other words."""
    parts: list[str] = []
    secrets: list[str] = []
    written: list[str] = []
    for _ in range(chance.randrange(1, 4)):
        kind = chance.choice(("id", "card", "phone", "mail", "name", "name_en"))
        if kind in ("id", "card", "phone"):
            shown, found = _number(kind, chance)
        elif kind == "mail":
            shown = chance.choice(("som.chai", "malee_t", "a.b+c", "n4tthapong")) + str(chance.randrange(999))
            found = (shown,)
            shown += chance.choice(("@", "@", " @ ", "(at)", "[at]")) + "mail.example"
        else:
            shown, found = _name(kind, chance)
        secrets += found
        written.append(shown)
        # A name ends where its letters end: what follows it stands apart.
        after = [each for each in AFTER if not kind.startswith("name") or not re.match(r"[\u0e00-\u0e7f]", each)]
        parts.append(chance.choice(BEFORE) + shown + chance.choice(after))
        parts.append(chance.choice(AMONG))
    text = chance.choice(("\n", " / ", " แล้วก็ ", "; ", " , ")).join(each for each in parts if each)
    return Planted(text, tuple(secrets), tuple(written))


def left(kept: str, secrets: tuple[str, ...]) -> list[str]:
    """What of the secrets can still be read, whatever stands between the digits or in the midst of the words."""
    digits = re.sub(r"\D", "", kept)
    letters = re.sub(r"[\W_]", "", kept)
    return [
        one
        for one in secrets
        if (one in digits if one.isdigit() else one in kept or re.sub(r"[\W_]", "", one) in letters)
    ]
