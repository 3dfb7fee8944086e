"""A table given back as a file. Scammers' words stand in it: no spreadsheet may take any of them for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from bot.exporting import FORMULA_STARTS, harmless
from bot.fitting import UNSEEN, clipped

Row = Sequence[str]

# Excel's own limit is 32,767 letters; nobody reads as many in a cell.
LONGEST_CELL = 8_000
# Full-width signs, which spreadsheets in East Asian languages also take for the beginning of a formula.
_WIDE_STARTS = ("＝", "＋", "－", "＠")
_NO_XML = re.compile("[\ufffe\uffff]")
_WIDEST_COLUMN, _NARROWEST_COLUMN = 60, 8


def table_csv(rows: Sequence[Row]) -> bytes:
    """The rows (the first is the heading) as .csv: UTF-8 with its mark, so that Excel shows Thai; CRLF line ends."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerows([_guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def table_xlsx(rows: Sequence[Row], title: str = "Rutan") -> bytes:
    """The rows (the first is the heading, which stays in sight) as .xlsx, every cell marked as text.

    `title` names the sheet, at most 31 letters of it.
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.title = "".join(letter for letter in title if letter not in "[]:*?/\\")[:31] or "Rutan"
    sheet.freeze_panes = "A2"
    for column, width in enumerate(_widths(rows), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    for place, row in enumerate(rows):
        sheet.append([_cell(sheet, words, bold=place == 0) for words in row])
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _cell(sheet: WriteOnlyWorksheet, words: str, *, bold: bool) -> Cell:
    cell = WriteOnlyCell(sheet, _shown(words))
    cell.data_type = "s"  # the library would take a leading = for a formula
    cell.quotePrefix = True  # and so would Excel, once somebody edits the cell
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=bold)
    return cell


def _guarded(words: str) -> str:
    """The cell as text: never a formula, also not behind blanks."""
    shown = _shown(words)
    behind_blanks = shown.lstrip()
    if behind_blanks.startswith(FORMULA_STARTS) or shown.startswith(_WIDE_STARTS):
        return "'" + shown
    return harmless(shown)


def _shown(words: str) -> str:
    """The words without what a file of this kind cannot hold, and without what turns the direction of writing."""
    holdable = words.encode("utf-8", "replace").decode()
    return clipped(_NO_XML.sub("", UNSEEN.sub("", holdable)), LONGEST_CELL)


def _widths(rows: Sequence[Row]) -> list[int]:
    columns = max(map(len, rows), default=0)
    longest = (max((len(row[column]) for row in rows if column < len(row)), default=0) for column in range(columns))
    return [min(max(length + 2, _NARROWEST_COLUMN), _WIDEST_COLUMN) for length in longest]
