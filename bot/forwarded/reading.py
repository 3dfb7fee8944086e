"""A file's name and bytes → the messages in it. What the bytes are counts for more than what the name says."""

from __future__ import annotations

from pathlib import PurePosixPath

from bot.forwarded import line_export, lists, tables, workbooks
from bot.forwarded.found import Forwarded, Reason, Refused
from bot.forwarded.letters import Text, text_of

LARGEST_FILE = 5 * 1024 * 1024  # a year of a busy group's chat
MOST_LINES = 300_000  # of the shortest messages there are; a second or two of reading

_PACKED = b"PK"
_OFFICE_BEFORE_2007 = b"\xd0\xcf\x11\xe0"
_LOCKED_INSIDE = "EncryptedPackage".encode("utf-16-le")
_PROGRAMS = (b"MZ", b"\x7fELF", b"dex\n", b"\xca\xfe\xba\xbe", b"#!")
_PLAIN, _TABLES = (".txt", ".text", ""), (".csv", ".tsv")
_WORKBOOKS = (".xls", ".xlsx", ".xlsm")
_SAMPLE = 300  # lines that tell what kind of text this is


def read(name: str, content: bytes) -> Forwarded:
    """The newest messages in a file of at most `LARGEST_FILE` bytes: a saved LINE chat, a list, a .csv or an .xlsx.

    `name` is what the sender called it. Pure and bounded (two seconds and some 150 MB at worst), yet too long for an
    event loop: call it in a thread. Raises Refused with its reason for everything that cannot be read.
    """
    if len(content) > LARGEST_FILE:
        raise Refused(Reason.TOO_BIG)
    ending = PurePosixPath(name.strip().lower()).suffix
    if content.startswith(_PACKED):
        return workbooks.read(content)
    if content.startswith(_OFFICE_BEFORE_2007):
        raise Refused(_old_office(ending, content))
    if content.startswith(_PROGRAMS):
        raise Refused(Reason.PROGRAM)
    if ending in _WORKBOOKS:
        raise Refused(Reason.DAMAGED)
    if ending not in (*_PLAIN, *_TABLES):
        raise Refused(Reason.OTHER_KIND)
    return _in_text(text_of(content), ending)


def _old_office(ending: str, content: bytes) -> Reason:
    if _LOCKED_INSIDE in content:
        return Reason.LOCKED
    return Reason.OLD_EXCEL if ending in _WORKBOOKS else Reason.OTHER_KIND


def _in_text(text: Text, ending: str) -> Forwarded:
    if max(text.content.count(b"\n"), text.content.count(b"\r")) > MOST_LINES:
        raise Refused(Reason.TOO_MUCH)
    sample = text.sample(_SAMPLE)
    if line_export.looks_like(sample):
        return line_export.read(text.lines(), sample)
    # Excel saves "Unicode text" with tabs under .txt.
    if ending in _TABLES or tables.delimiter_of(sample) == "\t":
        return tables.read_csv(text)
    return lists.read(text.lines(), sample)
