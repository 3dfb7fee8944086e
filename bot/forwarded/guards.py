"""What is looked at before anything in a packed file is opened: how much is inside, and whether its XML is plain.

A few kilobytes can unpack to gigabytes, and a few megabytes of XML can become gigabytes of objects. Both are counted
here by streaming, so that a reader which builds objects never meets them.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from bot.forwarded.found import Reason, Refused

# An honest workbook has some dozens of members.
MOST_MEMBERS = 500
# 20,000 rows of long Thai messages; more would not be read in two seconds.
MOST_UNPACKED = 24 * 1024 * 1024
# Spreadsheets pack to a tenth, rarely to a fiftieth. Above this nobody wrote it by hand.
BOMB_RATIO = 100
MOST_ELEMENTS, MOST_ATTRIBUTES = 250_000, 500_000
# Elements and attributes of one row, or of everything outside the rows: held as objects all at once.
MOST_TOGETHER = 50_000
DEEPEST = 60
# A tag or comment that goes on for as many pieces as this is no workbook's.
MOST_SILENT = 4

_DIRECTORY_ENTRY = b"PK\x01\x02"
_PIECE = 65_536
_LOCKED = 0x1
_PLAIN_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a bound
_XML_START = re.compile(rb"[\s\x00\xef\xbb\xbf\xff\xfe]*<")


@contextmanager
def unpacked(content: bytes) -> Iterator[zipfile.ZipFile]:
    """The archive, once its members are known to be few, small enough together, unlocked and plainly packed.

    Raises Refused(BOMB, TOO_MUCH, LOCKED or DAMAGED). A member never yields more bytes than it announced.
    """
    if content.count(_DIRECTORY_ENTRY) > MOST_MEMBERS:
        raise Refused(Reason.BOMB)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OverflowError) as trouble:
        raise Refused(Reason.DAMAGED) from trouble
    with archive:
        members = archive.infolist()
        if any(member.flag_bits & _LOCKED for member in members):
            raise Refused(Reason.LOCKED)
        total = sum(member.file_size for member in members)
        if total > MOST_UNPACKED:
            raise Refused(Reason.BOMB if total > BOMB_RATIO * len(content) else Reason.TOO_MUCH)
        if any(member.compress_type not in _PLAIN_PACKING for member in members):
            raise Refused(Reason.DAMAGED)
        yield archive


def counted(archive: zipfile.ZipFile) -> int:
    """How many formulas without a stored result stand in the archive's XML, every member of it being harmless.

    Raises Refused(BOMB) for a document type, an entity or deeper nesting than any workbook has, TOO_MUCH for more
    elements than we read, DAMAGED for a member that does not unpack.
    """
    census = _Census()
    for member in archive.infolist():
        try:
            with archive.open(member) as stream:
                _count(stream, census)
        except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError) as trouble:
            raise Refused(Reason.DAMAGED) from trouble
    return census.formulas


def _count(stream: IO[bytes], census: _Census) -> None:
    piece = stream.read(_PIECE)
    if not _XML_START.match(piece):
        return
    census.begin()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(census)
    try:
        silent = 0
        while piece:
            census.heard = False
            parser.feed(piece)
            silent = 0 if census.heard else silent + 1
            if silent > MOST_SILENT:
                raise Refused(Reason.BOMB)
            piece = stream.read(_PIECE)
    except DefusedXmlException as trouble:
        raise Refused(Reason.BOMB) from trouble
    except SAXParseException:
        return  # whoever reads it later stops at the same place


class _Census(ContentHandler):
    """Counts what a reader would hold as objects: elements and attributes, and formulas without a result."""

    def __init__(self) -> None:
        super().__init__()
        self.formulas = 0
        self.heard = False
        self._elements = self._attributes = 0
        self.begin()

    def begin(self) -> None:
        """A new member begins."""
        self._depth = self._row_depth = self._inside = self._outside = 0
        self._formula = self._result = self._in_value = False

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        self.heard = True
        self._depth += 1
        self._elements += 1
        self._attributes += len(attrs)
        local = name.rpartition(":")[2]
        if self._row_depth:
            self._inside += 1 + len(attrs)
            self._in_cell(local)
        elif local in ("row", "si"):
            self._row_depth, self._inside = self._depth, len(attrs)
        else:
            self._outside += 1 + len(attrs)
        self._refuse_too_much()

    def characters(self, content: str) -> None:
        self.heard = True
        self._result |= self._in_value and bool(content.strip())

    def endElement(self, name: str) -> None:
        self.heard = True
        self._in_value = False
        if self._formula and name.rpartition(":")[2] == "c":
            self.formulas += not self._result
        if self._depth == self._row_depth:
            self._row_depth = 0
        self._depth -= 1

    def _in_cell(self, local: str) -> None:
        if local == "c":
            self._formula = self._result = False
        elif local == "f":
            self._formula = True
        elif local == "v":
            self._in_value = True

    def _refuse_too_much(self) -> None:
        if self._depth > DEEPEST:
            raise Refused(Reason.BOMB)
        if max(self._inside, self._outside) > MOST_TOGETHER:
            raise Refused(Reason.TOO_MUCH)
        if self._elements > MOST_ELEMENTS or self._attributes > MOST_ATTRIBUTES:
            raise Refused(Reason.TOO_MUCH)
