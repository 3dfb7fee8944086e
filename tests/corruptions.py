"""What a message goes through on its way from hand to hand: disguises, and the parts that each sender changes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

Corruption = Callable[[str, random.Random], str]

_NAMES = (
    "กสิกร", "กรุงไทย", "ไทยพาณิชย์", "ออมสิน", "ไปรษณีย์ไทย", "แฟลช", "สรรพากร", "การไฟฟ้า", "ลาซาด้า", "ช้อปปี้", "สมชาย",
    "มะลิ", "kbank", "scb", "flash", "kerry", "lazada", "shopee", "netflix",
)  # fmt: skip
_NAME = re.compile("|".join(_NAMES), re.IGNORECASE)
_LOOK_ALIKE = dict(zip("aeopcxyi", "аеорсхуі", strict=True))
_LEET = dict(zip("oieast", "013457", strict=True))


def zero_width(text: str, chance: random.Random) -> str:
    return "".join(c + (chance.choice("\u200b\u200c\u2060") if chance.random() < 0.3 else "") for c in text)


def spaced(text: str, chance: random.Random) -> str:
    return " ".join(text)


def homoglyph(text: str, chance: random.Random) -> str:
    return "".join(_LOOK_ALIKE.get(c, c) if chance.random() < 0.5 else c for c in text)


def full_width(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def thai_digits(text: str, chance: random.Random) -> str:
    return "".join(chr(0x0E50 + int(c)) if c in "0123456789" else c for c in text)


def defanged(text: str, chance: random.Random) -> str:
    return text.replace("http", "hxxp").replace(".", "[.]")


def emoji(text: str, chance: random.Random) -> str:
    return "".join(c + (chance.choice("🔥✅💰") if chance.random() < 0.15 else "") for c in text)


def leet(text: str, chance: random.Random) -> str:
    return "".join(_LEET.get(c, c) if chance.random() < 0.3 else c for c in text)


def other_amounts(text: str, chance: random.Random) -> str:
    return re.sub(r"\d[\d,.]*\d|\d", lambda _: str(chance.randrange(1, 99_999)), text)


def other_links(text: str, chance: random.Random) -> str:
    address = re.compile(r"(?:https?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/\S*)?")
    return address.sub(lambda _: f"https://claim-{chance.randrange(999)}.example/{chance.randrange(99)}", text)


def other_names(text: str, chance: random.Random) -> str:
    """Other organisations and persons; and the one who is written to has another name."""
    return f"คุณ{chance.choice(_NAMES[10:12])} " + _NAME.sub(lambda _: chance.choice(_NAMES), text)


def typing_slips(text: str, chance: random.Random) -> str:
    return "".join(chance.choice(("", c + c)) if chance.random() < 0.02 else c for c in text)


def forwarded(text: str, chance: random.Random) -> str:
    return chance.choice(("ส่งต่อ: ", "จริงไหมคะ ", "Is it true? ")) + text + chance.choice((" จริงไหมคะ", "", " ครับ"))


# By the names of the golden set's tags, and what a sender changes.
CORRUPTIONS: Mapping[str, Corruption] = {
    each.__name__: each
    for each in (
        zero_width, spaced, homoglyph, full_width, thai_digits, defanged, emoji, leet,
        other_amounts, other_links, other_names, typing_slips, forwarded,
    )
}  # fmt: skip
