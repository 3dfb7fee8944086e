"""The words of the desk, in both languages: one file `labels*.yaml` an area, all of one table. And those of single pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from content.models import Language

HERE = Path(__file__).parent


class Labels:
    """Says a label in a language. A label is a key with a text in Thai and one in English; {name} takes a value."""

    def __init__(self, said: Mapping[str, Mapping[str, str]]) -> None:
        self._said = said

    def __contains__(self, key: object) -> bool:
        return key in self._said

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

    def text(self, key: str, language: Language) -> str:
        """The label as it is written, with its holes. Raises KeyError for one that nobody wrote: tests look for those."""
        return self._said[key][language.value]

    def say(self, key: str, language: Language, **values: Any) -> str:
        """The label with its values. Raises KeyError as `text` does."""
        return self.text(key, language).format(**values)


@cache
def load(folder: Path = HERE) -> Labels:
    """Every label of the folder, read once in a process. Raises ValueError where two files give the same one, or one lacks a language."""
    said: dict[str, Mapping[str, str]] = {}
    for path in sorted(folder.glob("labels*.yaml")):
        for key, both in _read(path).items():
            if key in said:
                raise ValueError(f"{path.name}: {key} stands in another file of labels too")
            said[key] = both
    return Labels(said)


@cache
def of_file(path: Path) -> Labels:
    """The labels of one file, read once in a process. Raises ValueError where one lacks a language."""
    return Labels(_read(path))


def _read(path: Path) -> Mapping[str, Mapping[str, str]]:
    said: Mapping[str, Mapping[str, str]] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) or {}
    for key, both in said.items():
        if set(both) != {"th", "en"} or not all(isinstance(text, str) and text.strip() for text in both.values()):
            raise ValueError(f"{path.name}: {key} needs a text in th and in en")
    return said
