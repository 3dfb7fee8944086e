"""The typeface of everything printed: Sarabun, which has Thai, Latin and digits in one hand."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from pathlib import Path


class Weight(StrEnum):
    REGULAR = "Regular"
    SEMIBOLD = "SemiBold"
    EXTRABOLD = "ExtraBold"


def font(weight: Weight) -> Path:
    """The file of the font (SIL Open Font License, from the package `fontpkg-sarabun`)."""
    return Path(str(files("fontpkg_sarabun"))) / "files" / f"Sarabun-{weight}.ttf"
