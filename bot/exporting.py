"""Rows for other programs: CSV that no spreadsheet takes for a formula, or JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TextIO

from bot.store.upkeep import REPORT_COLUMNS

# A cell that begins with one of these is run as a formula by spreadsheets.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    """The cell as text: never a formula."""
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell
