"""Workbooks (.xlsx): the text of their cells, and nothing that could run."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from openpyxl import load_workbook

from bot.forwarded import tables
from bot.forwarded.found import Forwarded, Gathering, LeftOut, Note, Reason, Refused
from bot.forwarded.guards import counted, unpacked

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

# About a second of reading.
MOST_ROWS = 10_000

# openpyxl warns of features that we do not use, and its warnings quote cells: those are somebody's words.
warnings.filterwarnings("ignore", module=r"openpyxl\b")


def read(content: bytes) -> Forwarded:
    """The newest messages of the sheets that can be seen, in their order.

    A formula gives the text it last had or is counted as left out; macros are never run, which the notes say. Raises
    Refused, whatever the bytes are.
    """
    gathering = Gathering()
    with unpacked(content) as archive:
        names = {name.lower() for name in archive.namelist()}
        if "androidmanifest.xml" in names or "classes.dex" in names:
            raise Refused(Reason.PROGRAM)
        if not any(name.startswith("xl/") for name in names):
            raise Refused(Reason.OTHER_KIND)
        if any(name.endswith("vbaproject.bin") for name in names):
            gathering.note(Note.MACROS)
        gathering.leave_out(LeftOut.FORMULAS, counted(archive))
    try:
        _take_sheets(content, gathering)
    except Exception as trouble:  # whatever a hostile file makes the library stumble over
        raise Refused(Reason.DAMAGED) from trouble
    return gathering.done()


def _take_sheets(content: bytes, gathering: Gathering) -> None:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        rows = _Rows(workbook)
        for sheet in rows.sheets():
            tables.take(sheet, gathering)
        if rows.ended_early:
            gathering.note(Note.LONG_TABLE)
    finally:
        workbook.close()


class _Rows:
    """The rows of all visible sheets, never more than `MOST_ROWS` together; `ended_early` says that there were more."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self.left = MOST_ROWS
        self.ended_early = False

    def sheets(self) -> Iterator[Iterable[tables.Row]]:
        for sheet in self._workbook.worksheets:
            if sheet.sheet_state == "visible" and self.left:
                rows = sheet.iter_rows(max_row=self.left + 1, max_col=tables.MOST_COLUMNS, values_only=True)
                yield self._counted(rows)

    def _counted(self, rows: Iterable[tuple[object, ...]]) -> Iterator[tables.Row]:
        for row in rows:
            if self.left == 0:
                self.ended_early = True
                return
            self.left -= 1
            yield [_words(value) for value in row]


def _words(value: object) -> str:
    """A cell as a person reads it."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)
