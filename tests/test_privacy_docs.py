"""docs/privacy.md names every column that there is, with why, on what ground, how long and for whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlite_utils

from bot.store import limits, migrations
from content.reported import MOST_ADDED
from handlers.standing import HALF_LIFE, LEAST_VOICES, WEIGHTS

PAGE = (Path(__file__).parents[1] / "docs" / "privacy.md").read_text(encoding="utf-8")
# SQLite's own, and those of the tool that keeps the steps.
NOT_OURS = ("sqlite_sequence", "_sqlite_migrations")
SECTIONS = re.split(r"^### `(\w+)`$", PAGE, flags=re.MULTILINE)[1:]
TABLES = dict(zip(SECTIONS[::2], SECTIONS[1::2], strict=True))


def schema() -> dict[str, set[str]]:
    database = sqlite_utils.Database(memory=True)
    migrations.newest(database)
    return {t.name: {column.name for column in t.columns} for t in database.tables if t.name not in NOT_OURS}


def rows(section: str) -> list[list[str]]:
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_every_table_is_documented_and_none_that_is_not_there() -> None:
    assert set(TABLES) == set(schema())


@pytest.mark.parametrize("table", sorted(schema()))
def test_every_column_has_purpose_basis_time_and_reader(table: str) -> None:
    found: list[str] = []
    for cells in rows(TABLES.get(table, "")):
        assert len(cells) == 6 and all(cells), cells
        assert re.search(r"s\.\d|no personal data", cells[3]), f"{table}: no ground is named in {cells[3]!r}"
        found += re.findall(r"`(\w+)`", cells[0])
    assert sorted(found) == sorted(schema()[table]), f"{table}: document each column once, in docs/privacy.md"


def test_the_page_gives_the_numbers_that_hold() -> None:
    said = ", ".join(f"{name.value} {weight:g}" for name, weight in WEIGHTS.items())
    assert f"({said})" in PAGE.replace("\n", " ")
    assert f"after {HALF_LIFE.days} days" in PAGE and f"at most {MOST_ADDED}" in PAGE
    assert LEAST_VOICES == 3 and "Fewer than three independent voices" in PAGE
    assert limits.ERASED_STAYS.days == 365 and "for a year at most" in PAGE


def test_only_sections_that_the_page_explains_are_leant_on() -> None:
    explained = {
        int(number)
        for number in re.findall(r"\b(\d\d)\b", " ".join(re.findall(r"^\| (s\.[^|]+)\|", PAGE, re.MULTILINE)))
    }
    explained |= set(range(27, 30)) | set(range(30, 37))
    assert {int(number) for number in re.findall(r"s\.(\d+)", PAGE)} <= explained


def test_addresses_are_kept_in_no_table() -> None:
    assert not [
        column for columns in schema().values() for column in columns if column in ("ip", "address", "user_agent")
    ]
