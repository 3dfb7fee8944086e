"""Where somebody stands in the steps of an emergency, as it is written in every button."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.wording import Voice

AGO = ("hour", "today", "days", "longer")
LATE = ("days", "longer")
# "Another bank" whose line we do not know, and money that left from no bank.
OTHER_BANK, NO_BANK = "other", "none"
_PLACE = re.compile(r"([a-z]+)(?::([a-z0-9-]*)(?::([a-z]*)(?::([0-9]{1,2})\.([a-z]{0,20}))?)?)?")


@dataclass(frozen=True)
class Place:
    """Where somebody stands: what happened, which bank, how long ago, the step (from 1; 0: not begun) and those skipped.

    Written as in `transfer:bank-kbank:hour:3.a`: step 3, the first one skipped; short enough for any button.
    """

    what: str
    bank: str = ""
    ago: str = ""
    at: int = 0
    skipped: str = ""

    def __str__(self) -> str:
        parts = [self.what, self.bank, self.ago, f"{self.at}.{self.skipped}" if self.at else ""]
        return ":".join(parts).rstrip(":")

    @property
    def late(self) -> bool:
        return self.ago in LATE


def read(text: str, voice: Voice) -> Place | None:
    """What a button says; None for what is no place of ours."""
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    what, bank, ago, at, skipped = (each or "" for each in found.groups())
    known = voice.knowledge.emergency
    if what not in known.lanes or ago not in ("", *AGO) or bank not in ("", OTHER_BANK, NO_BANK, *known.by_bank):
        return None
    return Place(what, bank, ago, int(at or 0), skipped)
