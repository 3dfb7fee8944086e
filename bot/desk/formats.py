"""How moments, numbers and links are written on the pages of the desk."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from content.models import Language

NOTHING = "–"
# The Buddhist era, as every Thai calendar counts.
BUDDHIST_ERA = 543
_THAI = ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.")
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SCHEME = re.compile(r"http(?=s?://)", re.IGNORECASE)
# Labels with dots between them, and letters at the end: "3.5" and "e.g." stay as they are. Thai vowels and tones are no \w.
_DOMAIN = re.compile(r"[\w\u0e00-\u0e7f-]+(?:\.[\w\u0e00-\u0e7f-]+)*\.(?:[^\W\d_]|[\u0e00-\u0e4e]){2,}")
_ADDRESS = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_THAI_LETTER = re.compile("[\u0e00-\u0e7f]")
# The only endings of addresses that are written in Thai letters.
_THAI_ENDINGS = ("ไทย", "คอม")


def day(moment: datetime | date | None, language: Language, zone: ZoneInfo) -> str:
    """The date on the house's calendar: `20 พ.ย. 2569`, `20 Nov 2026`."""
    if moment is None:
        return NOTHING
    local = moment.astimezone(zone) if isinstance(moment, datetime) else moment
    if language is Language.THAI:
        return f"{local.day} {_THAI[local.month - 1]} {local.year + BUDDHIST_ERA}"
    return f"{local.day} {_ENGLISH[local.month - 1]} {local.year}"


def when(moment: datetime | None, language: Language, zone: ZoneInfo) -> str:
    """Date and time on the house's clock: `20 พ.ย. 2569 14:05 น.`, `20 Nov 2026, 14:05`."""
    if moment is None:
        return NOTHING
    clock = f"{moment.astimezone(zone):%H:%M}"
    date = day(moment, language, zone)
    return f"{date} {clock} น." if language is Language.THAI else f"{date}, {clock}"


def number(value: float | None, places: int = 0) -> str:
    """1,234 or, with places, 1,234.5."""
    return NOTHING if value is None else f"{value:,.{places}f}"


def defang(text: str) -> str:
    """A text whose links nobody can tap by mistake: `hxxps://parcel-pay-th[.]example`."""
    told = _ADDRESS.sub(lambda found: found[0].replace(".", "[.]"), _SCHEME.sub("hxxp", text))
    return _DOMAIN.sub(lambda found: found[0].replace(".", "[.]") if _leads_somewhere(found[0]) else found[0], told)


def _leads_somewhere(dotted: str) -> bool:
    """Whether an address may stand in it. Thai shortens words by dots too: ธ.ก.ส., พ.ร.บ.คอมพิวเตอร์, ธ.ไทยพาณิชย์."""
    labels = dotted.split(".")
    return any(
        not _THAI_LETTER.match(label) or (label.startswith(_THAI_ENDINGS) and len(before) > 1)
        for before, label in pairwise(labels)
    )
