"""Files made to harm, broken files and very large ones: read, or refused in a word, in little memory and little time.

They are read by a process of its own, whose highest memory is looked at after each.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, needed
from openpyxl import Workbook

from bot.forwarded import LARGEST_FILE, MOST_MESSAGES, LeftOut, Note, Reason, Refused, read
from bot.forwarded.guards import MOST_UNPACKED
from bot.forwarded.workbooks import MOST_ROWS
from content.loading import Knowledge

# What one file may cost, on a machine that does other things too.
MOST_MEMORY = 160  # MB that reading ever adds to the process
MOST_TIME = 2.0  # s of processor

READER = """
import json, sys, time
from pathlib import Path
from bot.forwarded import Refused, read

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

before = peak()
for line in sys.stdin:
    name, path = json.loads(line)
    content = Path(path).read_bytes()
    began = time.process_time()
    try:
        found = read(name, content)
        told = {"messages": len(found.messages), "last": found.messages[-1][:200], "left": found.left_out, "notes": found.notes}
    except Refused as refused:
        told = {"refused": refused.reason}
    print(json.dumps(told | {"seconds": time.process_time() - began, "megabytes": peak() - before}), flush=True)
"""


@dataclass(frozen=True)
class Told:
    """What a process said of one file."""

    refused: str | None
    messages: int
    last: str
    left: dict[str, int]
    notes: list[str]
    seconds: float
    megabytes: float


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A process that reads one file after another and tells its highest memory so far and each one's time."""
    needed(Path("/proc/self/status").exists(), "a process's highest memory is read from /proc, which only Linux has")
    pipe = subprocess.PIPE
    stderr = tmp_path_factory.mktemp("reader") / "stderr"
    with (
        stderr.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", READER], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=errors, text=True
        ) as process,
    ):
        yield process
        process.communicate(timeout=60)
    assert stderr.read_text() == ""


@pytest.fixture
def told(reader: subprocess.Popen[str], tmp_path: Path) -> Callable[[str, bytes], Told]:
    """Have a file read by that process: its memory and time are within bounds whatever the file is."""

    def ask(name: str, content: bytes) -> Told:
        path = tmp_path / "sent"
        path.write_bytes(content)
        assert reader.stdin and reader.stdout
        print(json.dumps([name, str(path)]), file=reader.stdin, flush=True)
        said = json.loads(reader.stdout.readline())
        print(
            f"{name}: {len(content) / 1e6:.1f} MB, {said['seconds']:.2f} s, {said['megabytes']:.0f} MB, {said.get('refused')}"
        )
        assert said["megabytes"] <= MOST_MEMORY
        assert said["seconds"] <= MOST_TIME
        empty = {"refused": None, "messages": 0, "last": "", "left": {}, "notes": []}
        return Told(**{**empty, **said})

    return ask


def full(piece: str, head: str = "") -> bytes:
    """As much of a text as a file may hold."""
    one = piece.encode()
    return (head.encode() + one * (LARGEST_FILE // len(one) + 1))[:LARGEST_FILE]


def packed(members: dict[str, bytes], base: bytes | None = None) -> bytes:
    """A zip of these members; with `base`, that workbook with some of its members exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        if base is not None:
            with zipfile.ZipFile(io.BytesIO(base)) as old:
                for name in old.namelist():
                    if name not in members:
                        archive.writestr(name, old.read(name))
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture(scope="module")
def plain() -> bytes:
    book = Workbook()
    book.active.append(["ข้อความ"])  # type: ignore[union-attr]
    book.active.append(["พัสดุตกค้าง จ่าย 35 บาท"])  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet(rows: bytes, before: bytes = b"") -> bytes:
    return before + b"<worksheet " + NAMESPACE + b"><sheetData>" + rows + b"</sheetData></worksheet>"


def cell(text: str) -> bytes:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'.encode()


def with_strings(strings: bytes, rows: bytes, base: bytes) -> bytes:
    """A workbook as Excel writes it: its texts in a table of their own."""
    with zipfile.ZipFile(io.BytesIO(base)) as archive:
        types = archive.read("[Content_Types].xml")
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    members = {
        "[Content_Types].xml": types.replace(b"</Types>", part),
        "xl/sharedStrings.xml": b"<sst " + NAMESPACE + b">" + strings + b"</sst>",
        SHEET: sheet(rows),
    }
    return packed(members, base)


# --- large --------------------------------------------------------------------------------------------------------


def test_a_line_chat_of_five_megabytes(told: Callable[[str, bytes], Told]) -> None:
    random.seed(8)
    lines = ['[LINE] ประวัติการแชทในกลุ่ม "บ้านเรา"', "บันทึกเมื่อ 21/11/2568 07:48"]
    size = number = 0
    while size < LARGEST_FILE - 60_000:
        if number % 100 == 0:
            lines += ["", f"พฤ. {number // 100 % 28 + 1}/11/2568"]
        words = "[สติกเกอร์]" if number % 7 == 0 else f"ข้อความที่ {number} " + "กินข้าวหรือยัง " * random.randint(0, 6)
        lines.append(f"{number % 24:02d}:{number % 60:02d}\tดาวเรือง {number % 9}\t{words}")
        size += len(lines[-1].encode()) + 1
        number += 1
    content = "\n".join(lines).encode()
    assert len(content) > 0.98 * LARGEST_FILE
    found = told("chat.txt", content)
    assert found.messages == MOST_MESSAGES
    assert found.last.startswith("ข้อความที่")
    assert sum(found.left.values()) + MOST_MESSAGES == number


@pytest.mark.parametrize(
    "content",
    [
        full("09:00\tมะลิ\tค่ะ\n", "[LINE] x\n2568/11/20\n"),
        full("09:00 มะลิ ใจดี ค่ะ\n", "2025.11.20 Thursday\n"),
        full('20/11/2568 12:12 ก "\n', "2025.11.20 Thursday\n09:00 ก ข\n"),
        full("09:00\t@a" + "\tz" * 300 + "\n", "[LINE] x\n"),
        full("ก"),
        full("- "),
        full(" "),
        full("a 1111\n\n"),
        full("\n" + " " * 3_000),
    ],
    ids=["tabs", "spaces", "days", "mentions", "one line", "a rule", "blank", "blocks", "blank lines"],
)
def test_five_megabytes_of_text(told: Callable[[str, bytes], Told], content: bytes) -> None:
    told("chat.txt", content)


@pytest.mark.parametrize(
    "piece", ["a,b,c,พัสดุตกค้าง จ่าย 35 บาท\n", ",", "ab,", '"', '""', "'", '"a,', "\t;|,\n" + "z" * 20]
)
def test_five_megabytes_of_csv(told: Callable[[str, bytes], Told], piece: str) -> None:
    told("t.csv", full(piece))


def test_five_megabytes_of_lines_with_nothing_on_them_are_too_many(told: Callable[[str, bytes], Told]) -> None:
    assert told("t.txt", full("a\n")).refused == Reason.TOO_MUCH
    assert told("t.csv", full("\r")).refused == Reason.TOO_MUCH


def test_a_byte_more_than_we_take_is_refused_at_once() -> None:
    with pytest.raises(Refused, match=Reason.TOO_BIG):
        read("chat.txt", b"a" * (LARGEST_FILE + 1))


def long_table(rows: int, plain: bytes) -> bytes:
    told_rows = (cell(f"ลำดับ {row}") + cell(f"พัสดุตกค้าง จ่าย {row} บาท ที่ลิงก์นี้") for row in range(rows))
    return packed({SHEET: sheet(b"".join(b"<row>" + row + b"</row>" for row in told_rows))}, plain)


def test_a_long_workbook_is_read_as_far_as_we_say(told: Callable[[str, bytes], Told], plain: bytes) -> None:
    found = told("t.xlsx", long_table(MOST_ROWS + 5_000, plain))
    assert found.messages == MOST_MESSAGES
    assert found.last == f"พัสดุตกค้าง จ่าย {MOST_ROWS - 1} บาท ที่ลิงก์นี้"
    assert found.notes == [Note.LONG_TABLE]


def test_a_workbook_of_just_as_many_rows_as_we_read_is_not_called_long(plain: bytes) -> None:
    assert read("t.xlsx", long_table(MOST_ROWS, plain)).notes == ()


def test_a_far_too_long_workbook_is_refused(told: Callable[[str, bytes], Told], plain: bytes) -> None:
    assert told("t.xlsx", long_table(MOST_ROWS * 4, plain)).refused == Reason.TOO_MUCH


# --- workbooks with things in them --------------------------------------------------------------------------------


def test_formulas_give_their_last_text_or_are_counted_and_macros_are_told(plain: bytes) -> None:
    rows = (
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>message</t></is></c></row>'
        b'<row r="2"><c r="A2" t="str"><f>CONCAT("a","b")</f><v>pay the fee now</v></c></row>'
        b'<row r="3"><c r="A3"><f>HYPERLINK("http://x.example")</f></c></row>'
        b'<row r="4"><c r="A4"><f>WEBSERVICE("http://x.example")</f><v></v></c></row>'
    )
    found = read("t.xlsm", packed({SHEET: sheet(rows), "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0Sub AutoOpen()"}, plain))
    assert found.messages == ("pay the fee now",)
    assert found.left_out == {LeftOut.FORMULAS: 2}
    assert found.notes == (Note.MACROS,)


def test_a_workbook_with_a_picture_and_a_link_is_read(plain: bytes) -> None:
    with_picture = packed({"xl/media/image1.png": random.Random(1).randbytes(200_000)}, plain)
    assert read("t.xlsx", with_picture).messages == ("พัสดุตกค้าง จ่าย 35 บาท",)


def test_a_workbook_as_excel_writes_it_is_read(plain: bytes) -> None:
    strings = (
        "<si><t>ข้อความ</t></si>"
        "<si><r><t>พัสดุ</t></r><r><rPr><b/></rPr><t>ตกค้าง</t></r></si>"
        '<si><t xml:space="preserve">บรรทัดแรก_x000D_\nบรรทัดที่สอง </t></si>'
    ).encode()
    rows = b"".join(b'<row r="%d"><c r="B%d" t="s"><v>%d</v></c></row>' % (row + 2, row + 2, row) for row in range(3))
    found = read("t.xlsx", with_strings(strings, rows, plain))
    assert found.messages == ("พัสดุตกค้าง", "บรรทัดแรก\nบรรทัดที่สอง")


# --- made to harm -------------------------------------------------------------------------------------------------


def zeros(size: int) -> bytes:
    return b"<x>" + b"0" * size


def lying(plain: bytes) -> bytes:
    """A member that says it is small and unpacks to much more."""
    bomb = bytearray(packed({SHEET: sheet(b"<row>" + cell("a" * 30_000_000) + b"</row>")}, plain))
    size = len(sheet(b"<row>" + cell("a" * 30_000_000) + b"</row>")).to_bytes(4, "little")
    return bytes(bomb.replace(size, (1_000).to_bytes(4, "little")))


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    f'<!ENTITY {chr(98 + place)} "{f"&{chr(97 + place)};" * 20}">'.encode() for place in range(10)
) + b"]>"  # fmt: skip
OUTSIDE = b'<!DOCTYPE x SYSTEM "file:///etc/hostname">'

HARMFUL: dict[str, tuple[Callable[[bytes], bytes], set[str]]] = {
    "a house in a matchbox": (lambda plain: packed({SHEET: zeros(200_000_000)}, plain), {Reason.BOMB}),
    "beside an honest sheet": (lambda plain: packed({"xl/media/a.bin": bytes(60_000_000)}, plain), {Reason.BOMB}),
    "more than we unpack": (
        lambda plain: packed({f"xl/{n}.bin": random.Random(n).randbytes(30_000) * 100 for n in range(10)}, plain),
        {Reason.TOO_MUCH},
    ),
    "a size that lies": (lying, {Reason.DAMAGED}),
    "thousands of members": (lambda plain: packed({f"xl/{n}": b"" for n in range(5_000)}, plain), {Reason.BOMB}),
    "entities": (
        lambda plain: packed({SHEET: sheet(b"<row>" + cell("&k;") + b"</row>", LAUGHS)}, plain),
        {Reason.BOMB},
    ),
    "a file of ours": (lambda plain: packed({SHEET: sheet(b"<row/>", OUTSIDE)}, plain), {Reason.BOMB}),
    "entities in wide letters": (
        lambda plain: packed({SHEET: (LAUGHS + b"<x>&k;</x>").decode().encode("utf-16")}, plain),
        {Reason.BOMB},
    ),
    "millions of cells in a row": (
        lambda plain: packed({SHEET: sheet(b"<row>" + b"<c/>" * 5_000_000 + b"</row>")}, plain),
        {Reason.TOO_MUCH, Reason.BOMB},
    ),
    "millions of rows": (
        lambda plain: packed({SHEET: sheet(b"<row/>" * 3_000_000)}, plain),
        {Reason.TOO_MUCH, Reason.BOMB},
    ),
    "elements in elements": (
        lambda plain: packed({SHEET: sheet(b"<row>" * 1_000_000)}, plain),
        {Reason.BOMB},
    ),
    "one endless tag": (
        lambda plain: packed({SHEET: b"<x " + b" ".join(b'a%d=""' % n for n in range(1_500_000)) + b"/>"}, plain),
        {Reason.BOMB},
    ),
    "a row of a trillion": (
        lambda plain: packed({SHEET: sheet(b'<row r="999999999999">' + cell("a") + b"</row>")}, plain),
        {Reason.NO_MESSAGES},
    ),
    "a column nobody has": (
        lambda plain: packed({SHEET: sheet(b'<row r="1"><c r="ZZZZZ1"><v>1</v></c></row>')}, plain),
        {Reason.DAMAGED, Reason.NO_MESSAGES},
    ),
    "a text that is not there": (
        lambda plain: packed({SHEET: sheet(b'<row><c t="s"><v>987654321</v></c></row>')}, plain),
        {Reason.DAMAGED},
    ),
    "no workbook": (lambda plain: packed({"xl/a.xml": b"<a/>"}), {Reason.DAMAGED}),
    "a letter": (lambda plain: packed({"word/document.xml": b"<a/>"}), {Reason.OTHER_KIND}),
    "an app": (lambda plain: packed({"AndroidManifest.xml": b"", "classes.dex": b"dex"}), {Reason.PROGRAM}),
    "cut off": (lambda plain: plain[: len(plain) // 2], {Reason.DAMAGED}),
    "only a beginning": (lambda plain: b"PK\x03\x04", {Reason.DAMAGED}),
}


@pytest.mark.parametrize("harm", HARMFUL)
def test_a_harmful_workbook_is_refused(told: Callable[[str, bytes], Told], plain: bytes, harm: str) -> None:
    make, reasons = HARMFUL[harm]
    content = make(plain)
    assert len(content) <= LARGEST_FILE
    assert told("t.xlsx", content).refused in reasons


HEAVY: dict[str, Callable[[bytes], bytes]] = {
    "long texts": lambda plain: packed(
        {SHEET: sheet((b"<row>" + cell("พัสดุตกค้าง จ่ายค่าธรรมเนียม " * 100) + b"</row>") * 2_950)}, plain
    ),
    "few very long texts": lambda plain: packed(
        {SHEET: sheet((b"<row>" + cell("a" * 500_000 + "😀") + b"</row>") * 45)}, plain
    ),
    "one text": lambda plain: packed({SHEET: sheet(b"<row>" + cell("ก" * 7_900_000 + "😀") + b"</row>")}, plain),
    "wide rows": lambda plain: packed(
        {SHEET: sheet((b"<row>" + b"<c><v>1</v></c>" * 24_000 + cell("a") + b"</row>") * 5)}, plain
    ),
    "many texts in a table of their own": lambda plain: with_strings(
        b"".join(b"<si><t>%d abc</t></si>" % number for number in range(120_000)),
        b'<row><c t="s"><v>119999</v></c></row>',
        plain,
    ),
}


@pytest.mark.parametrize("heavy", HEAVY)
def test_the_heaviest_workbook_that_is_not_refused(
    told: Callable[[str, bytes], Told], plain: bytes, heavy: str
) -> None:
    content = HEAVY[heavy](plain)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sum(member.file_size for member in archive.infolist()) <= MOST_UNPACKED
    assert told("t.xlsx", content).refused in (None, Reason.NO_MESSAGES)


def test_a_member_packed_without_a_bound_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/workbook.xml", bytes(20_000_000))
    with pytest.raises(Refused, match=f"{Reason.BOMB}|{Reason.DAMAGED}"):
        read("t.xlsx", out.getvalue())


def test_a_locked_member_is_told_as_locked(plain: bytes) -> None:
    locked = bytearray(plain)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = locked.find(mark)
        while place >= 0:
            locked[place + offset] |= 1
            place = locked.find(mark, place + 4)
    with pytest.raises(Refused, match=Reason.LOCKED):
        read("t.xlsx", bytes(locked))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.xls", b"\xd0\xcf\x11\xe0" + bytes(500), Reason.OLD_EXCEL),
        ("t.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), Reason.LOCKED),
        ("letter.doc", b"\xd0\xcf\x11\xe0" + bytes(500), Reason.OTHER_KIND),
        ("t.csv", b"MZ\x90\x00" + bytes(500), Reason.PROGRAM),
        ("t.xlsx", b"message\nhello\n", Reason.DAMAGED),
        ("a.pdf", b"%PDF-1.7\n", Reason.OTHER_KIND),
        ("a.html", b"<html>", Reason.OTHER_KIND),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + random.Random(3).randbytes(5_000), Reason.OTHER_KIND),
        ("a.csv", random.Random(4).randbytes(50_000), Reason.OTHER_KIND),
        ("a.txt", bytes(5_000), Reason.NO_MESSAGES),
        ("a.txt", b"", Reason.NO_MESSAGES),
        ("a.csv", b"\n\n,,,\n", Reason.NO_MESSAGES),
        ("a.txt", "[LINE] ประวัติการแชทกับ มะลิ\nบันทึกเมื่อ 1/1/2568\n".encode(), Reason.NO_MESSAGES),
        ("../../a.txt\x00.exe", b"hello", Reason.OTHER_KIND),
    ],
)
def test_what_is_no_list_of_messages_is_refused_with_its_reason(name: str, content: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        read(name, content)
    assert refused.value.reason == reason


def test_hundreds_of_spoilt_workbooks_are_read_or_refused_and_nothing_else(plain: bytes) -> None:
    chance = random.Random(2568)
    ends = set()
    for _ in range(300):
        spoilt = bytearray(plain)
        for _ in range(chance.randint(1, 20)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        try:
            ends.add(len(read("t.xlsx", bytes(spoilt)).messages) > 0)
        except Refused as refused:
            ends.add(refused.reason)
    assert Reason.DAMAGED in ends


def test_no_refusal_carries_the_files_words() -> None:
    with pytest.raises(Refused) as refused:
        read("ชื่อไฟล์ลับ.txt", b"PK\x03\x04secret words")
    assert "secret" not in str(refused.value) and "ลับ" not in str(refused.value)


def test_the_sentences_name_the_limits_that_hold(knowledge: Knowledge) -> None:
    for language in (lambda both: both.th, lambda both: both.en):
        assert f"{LARGEST_FILE // 2**20} MB" in language(knowledge.phrases[Reason.TOO_BIG])
        assert str(MOST_MESSAGES) in language(knowledge.phrases[Reason.TOO_MUCH])
        assert f"{MOST_ROWS:,}" in language(knowledge.phrases[Note.LONG_TABLE])
