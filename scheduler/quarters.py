"""A quarter of the calendar, in which results are published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from content.models import Language
from scheduler.trends import BUDDHIST_ERA, ENGLISH_MONTHS, THAI_MONTHS, Month

_QUARTER = re.compile(r"(2[0-9]{3})-[Qq]([1-4])")


@dataclass(frozen=True, order=True)
class Quarter:
    """Three months of the calendar: `year` of the common era, `number` from 1 to 4."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The quarter of "2026-Q4". Raises ValueError."""
        found = _QUARTER.fullmatch(text)
        if found is None:
            raise ValueError("a quarter is written as in 2026-Q4")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The quarter that a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def text(self) -> str:
        """As in "2026-Q4"."""
        return f"{self.year:04d}-Q{self.number}"

    def __str__(self) -> str:
        return self.text

    @property
    def months(self) -> tuple[Month, Month, Month]:
        """Its three months, in order."""
        first = Month(self.year, 3 * self.number - 2)
        return first, first.after(), first.after().after()

    def start(self, zone: ZoneInfo) -> datetime:
        """The moment at which it begins there."""
        return self.months[0].start(zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The moment at which it is over there: the start of the next."""
        return self.months[2].end(zone)

    def before(self) -> Quarter:
        """The quarter before."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    def after(self) -> Quarter:
        """The next quarter."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    def name(self, language: Language) -> str:
        """As in "ไตรมาส 4 พ.ศ. 2569 (ตุลาคม–ธันวาคม)" or "October–December 2026 (Q4)"."""
        first, last = self.months[0].month - 1, self.months[2].month - 1
        if language is Language.THAI:
            return f"ไตรมาส {self.number} พ.ศ. {self.year + BUDDHIST_ERA} ({THAI_MONTHS[first]}–{THAI_MONTHS[last]})"
        return f"{ENGLISH_MONTHS[first]}–{ENGLISH_MONTHS[last]} {self.year} (Q{self.number})"
