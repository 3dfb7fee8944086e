"""Rows for other programs: CSV that no spreadsheet takes for a formula, or JSON lines."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TextIO

from bot.store.upkeep import REPORT_COLUMNS

# A cell that begins with one of these is run as a formula by spreadsheets; full-width signs by those of East Asia.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# What some of them look through: blanks, and letters that nobody sees.
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x1f]*")


async def write(
    rows: AsyncIterator[Mapping[str, str]], form: str, out: TextIO, columns: Sequence[str] = REPORT_COLUMNS
) -> None:
    """Write every row to `out` as "csv" (with a heading) or "jsonl"."""
    if form == "jsonl":
        async for row in rows:
            out.write(json.dumps(dict(row), ensure_ascii=False) + "\n")
        return
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    async for row in rows:
        table.writerow([harmless(str(row[column] or "")) for column in columns])


def harmless(cell: str) -> str:
    """The cell as text: never a formula, and never a line of its own."""
    # A bare CR ends a row for spreadsheets, and nothing puts it between quotation marks.
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    shown = _UNSEEN.sub("", cell, count=1)
    return "'" + cell if cell.startswith(FORMULA_STARTS) or shown.startswith(FORMULA_STARTS) else cell
