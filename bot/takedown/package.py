"""The package as one ZIP: facts, evidence, the letter in both languages, checksums. Equal content makes equal bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from bot.street.sheet import Sheet, drawn
from bot.takedown.evidence import evidence
from bot.takedown.facts import Facts, as_json
from bot.takedown.letter import Letter
from content.models import Language

SUMS = "SHA256SUMS"
# The first moment that a ZIP can say: the true ones stand in the files.
_NEVER = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True)
class Order:
    """What the drawing process needs: the finished texts, and the letters as sheets."""

    facts: str
    evidence: str
    letters: tuple[Sheet, Sheet]


def order(facts: Facts) -> Order:
    """What is to be drawn and packed."""
    texts = {"facts.json": as_json(facts), "evidence.txt": evidence(facts)}
    sums = {name: _sum(text.encode()) for name, text in texts.items()}
    thai, english = (Letter(facts, each).sheet(sums) for each in (Language.THAI, Language.ENGLISH))
    return Order(texts["facts.json"], texts["evidence.txt"], (thai, english))


def made(order: Order) -> bytes:
    """The ZIP."""
    thai, english = map(drawn, order.letters)
    files = {
        "facts.json": order.facts.encode(),
        "evidence.txt": order.evidence.encode(),
        "request_th.pdf": thai,
        "request_en.pdf": english,
    }
    return zipped(files)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files with a list of their checksums, as `sha256sum -c` reads it."""
    sums = "".join(f"{_sum(data)}  {name}\n" for name, data in files.items())
    out = io.BytesIO()
    # Stored, not packed: another machine's packer would make other bytes of the same content.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**files, SUMS: sums.encode()}.items():
            entry = zipfile.ZipInfo(name, _NEVER)
            entry.create_system, entry.external_attr = 3, _PLAIN_FILE
            archive.writestr(entry, data)
    return out.getvalue()


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
