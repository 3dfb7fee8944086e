"""What the open data mean, in both languages: one file for the page, the data dictionary and the packages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from content.models import Language

FILE = Path(__file__).parent / "templates" / "open_data.yaml"
# Free to use for anything, also for money, as long as the source is named.
LICENCE = "CC-BY-4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"


class Words:
    """Sentences by part ("text", "column", "total", "breakdown") and name."""

    def __init__(self, said: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
        self._said = said

    def told(self, part: str, name: str, language: Language, **values: object) -> str:
        """One sentence. Raises KeyError for one that nobody wrote."""
        return self._said[part][name][language.value].format(**values)

    def both(self, part: str, name: str) -> str:
        """It in English and in Thai, for a file that has one place for it."""
        return " · ".join(self.told(part, name, each) for each in (Language.ENGLISH, Language.THAI))

    def dictionary(self) -> list[tuple[str, str, str, str]]:
        """The data dictionary: every column, total and breakdown with its meaning in Thai and English."""
        return [
            (part, name, self.told(part, name, Language.THAI), self.told(part, name, Language.ENGLISH))
            for part in ("column", "total", "breakdown")
            for name in self._said[part]
        ]


@cache
def words() -> Words:
    """The words, read once in a process."""
    return Words(yaml.safe_load(FILE.read_text(encoding="utf-8")))
