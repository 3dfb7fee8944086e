"""What an officer sends as a file: every message in it is read, and what is left out is counted."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from bot.forwarded import MOST_MESSAGES, LeftOut, Note, Reason, Refused, read, table_csv, table_xlsx
from bot.forwarded.days import day_of
from content.loading import Knowledge

PARCEL = "พัสดุตกค้างที่คลังสินค้า จ่ายค่าธรรมเนียม 35 บาท ที่ http://parcel-fee.example"
LOAN = "อนุมัติเงินกู้ 50,000 บาท โอนค่าค้ำก่อน 1,500 บาท"
DINNER = "เย็นนี้กินข้าวบ้านยายนะ"

THAI_PHONE = f"""[LINE] ประวัติการแชทในกลุ่ม "บ้านเรา"
บันทึกเมื่อ 21/11/2568 07:48

พฤ. 20/11/2568
08:54\t\tดาวเรือง ใจเย็น เพิ่ม มะลิ เข้ากลุ่ม
08:55\tดาวเรือง ใจเย็น\t{DINNER}
09:00\tมะลิ\t[รูป]
09:01\tมะลิ\t[สติกเกอร์]
09:02\tดาวเรือง ใจเย็น\t"ได้รับข้อความนี้มา
{PARCEL}

จริงไหมคะ"
09:04\tมะลิ\t☎ ไม่ได้รับสาย

ศ. 21/11/2568
10:00\tมะลิ\t@ดาวเรือง ใจเย็น ระวังนะ {LOAN}
"""
ENGLISH_PHONE = f"""[LINE] Chat history with Daisy Calm
Saved on: 11/21/2025, 07:48

Thu, 11/20/2025
8:55 AM\tDaisy Calm\t{DINNER}
9:00 AM\tJasmine\t[Photo]
9:02 AM\tDaisy Calm\t"I got this
{PARCEL}

is it real?"
9:03 AM\tJasmine unsent a message.
"""
COMPUTER = f"""2025.11.20 วันพฤหัสบดี
08:35 มะลิ สวัสดีค่ะ
08:36 ดาวเรือง ใจเย็น {DINNER}
08:37 มะลิ รูป
08:38 ดาวเรือง ใจเย็น {PARCEL}
ส่งมาเมื่อเช้า
08:39 มะลิ รับทราบค่ะ
08:40 มะลิ ยกเลิกข้อความแล้ว

2025.11.21 วันศุกร์
09:00 ดาวเรือง ใจเย็น {LOAN}
"""


def refusal(name: str, content: bytes) -> Reason:
    with pytest.raises(Refused) as refused:
        read(name, content)
    return refused.value.reason


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- LINE ---------------------------------------------------------------------------------------------------------


def test_a_chat_saved_on_a_thai_phone_gives_its_messages_and_no_names() -> None:
    found = read("[LINE]บ้านเรา.txt", THAI_PHONE.encode())
    assert found.messages == (DINNER, f"ได้รับข้อความนี้มา\n{PARCEL}\n\nจริงไหมคะ", f"@… ระวังนะ {LOAN}")
    assert found.left_out == {LeftOut.SYSTEM: 1, LeftOut.WORDLESS: 3}
    assert found.since == date(2025, 11, 20)
    assert not any(name in message for message in found.messages for name in ("ดาวเรือง", "มะลิ", "บ้านเรา"))


def test_a_chat_saved_on_an_english_phone() -> None:
    found = read("chat.txt", ENGLISH_PHONE.encode())
    assert found.messages == (DINNER, f"I got this\n{PARCEL}\n\nis it real?")
    assert found.left_out == {LeftOut.SYSTEM: 1, LeftOut.WORDLESS: 1}
    assert found.since == date(2025, 11, 20)


def test_a_chat_saved_on_a_computer_leaves_names_of_two_words_behind() -> None:
    found = read("chat.txt", COMPUTER.encode())
    assert found.messages == ("สวัสดีค่ะ", DINNER, f"{PARCEL}\nส่งมาเมื่อเช้า", "รับทราบค่ะ", LOAN)
    assert found.left_out == {LeftOut.SYSTEM: 1, LeftOut.WORDLESS: 1}
    assert found.since == date(2025, 11, 20)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp874"])
def test_a_chat_is_read_whatever_it_was_saved_in(encoding: str, ends: str) -> None:
    chat = THAI_PHONE.replace("☎ ", "")  # the old Thai table has no telephone
    written = chat.replace("\n", ends).encode(encoding)
    assert read("chat.txt", written).messages == read("chat.txt", chat.encode()).messages


@pytest.mark.parametrize(
    "line",
    [
        "2568/11/20 (พฤ.)",
        "2568/11/20(พฤ.)",
        "พฤ. 20/11/2568",
        "พฤหัสบดีที่ 20 พฤศจิกายน 2568",
        "วันพฤหัสบดีที่ 20 พฤศจิกายน พ.ศ. 2568",
        "20 พ.ย. 2568",
        "๒๐/๑๑/๒๕๖๘",
        "Thu, 11/20/2025",
        "Thursday, November 20, 2025",
        "Thu, 20 Nov 2025",
        "2025.11.20 Thursday",
        "2025.11.20 วันพฤหัสบดี",
        "2025/11/20 พฤหัสบดี",
        "2025-11-20",
        "20/11/2025",
    ],
)
def test_a_day_is_read_in_both_calendars_and_languages(line: str) -> None:
    assert day_of(line) == date(2025, 11, 20)


def test_the_weekday_says_which_number_is_the_month() -> None:
    assert day_of("Sun, 10/12/2025") == date(2025, 10, 12)
    assert day_of("Wed, 10/12/2025") == date(2025, 12, 10)
    assert day_of("อา. 12/10/2568") == date(2025, 10, 12)


@pytest.mark.parametrize(
    "line", ["", "31/02/2568", "นัดวันที่ 20/11/2568", "20/11/2568 เจอกัน", "08x-000-1234", "1/1", "50,000 บาท", "a" * 500]
)
def test_what_is_no_day_is_none(line: str) -> None:
    assert day_of(line) is None


def test_a_day_inside_somebodys_words_stays_theirs() -> None:
    chat = '2025/11/20(Thu)\n09:00\tมะลิ\t"นัดวันที่\n20/11/2568\nที่ศาลา"\n09:05\tมะลิ\tค่ะ\n'
    assert read("chat.txt", chat.encode()).messages == ("นัดวันที่\n20/11/2568\nที่ศาลา", "ค่ะ")


def test_a_lone_quotation_mark_does_not_swallow_the_rest_of_the_chat() -> None:
    chat = '2025/11/20(Thu)\n09:00\tมะลิ\t"เขาบอกว่า\n09:05\tกุหลาบ\tอะไรนะ\n\n2025/11/21(Fri)\n08:00\tมะลิ\tไม่มีอะไร\n'
    assert read("chat.txt", chat.encode()).messages == ('"เขาบอกว่า', "อะไรนะ", "ไม่มีอะไร")


def test_a_sentence_of_lines_own_is_left_out_even_with_tabs_in_it() -> None:
    chat = "[LINE] Chat history in Home\n2025/11/20(Thu)\n09:00\t\tดาวเรือง\tมะลิ เข้าร่วมกลุ่ม\n09:05\tมะลิ\tค่ะ\tขอบคุณ\n"
    found = read("chat.txt", chat.encode())
    assert found.messages == ("ค่ะ\tขอบคุณ",)
    assert found.left_out == {LeftOut.SYSTEM: 1}


def test_only_the_newest_are_taken_and_the_others_counted() -> None:
    lines = ["[LINE] ประวัติการแชทกับ มะลิ", "บันทึกเมื่อ 1/12/2568 08:00"]
    for day in range(1, 29):
        lines += ["", f"2568/11/{day:02d} (x)".replace(" (x)", "")]
        lines += [f"09:{minute:02d}\tมะลิ\tข้อความที่ {day}-{minute}" for minute in range(50)]
    found = read("chat.txt", "\n".join(lines).encode())
    assert len(found.messages) == MOST_MESSAGES
    assert found.messages[-1] == "ข้อความที่ 28-49"
    assert found.left_out == {LeftOut.OLDER: 28 * 50 - MOST_MESSAGES}
    assert found.since == date(2025, 11, 25)


# --- lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"{PARCEL}\n{LOAN}\n",
        f"{PARCEL}\n\n{LOAN}\n\n",
        f"{PARCEL}\n-----\n{LOAN}",
        f"1. {PARCEL}\n2. {LOAN}",
        f"ข้อ 1) {PARCEL}\n\nข้อ 2) {LOAN}",
    ],
)
def test_a_plain_list_is_cut_where_its_writer_cut_it(text: str) -> None:
    assert read("ข้อความ.txt", text.encode()).messages == (PARCEL, LOAN)


def test_a_scam_that_begins_as_line_does_is_no_saved_chat() -> None:
    text = f"[LINE] บัญชีของท่านถูกระงับ กดยืนยันตัวตน\n{LOAN}\n"
    assert read("list.txt", text.encode()).messages == ("[LINE] บัญชีของท่านถูกระงับ กดยืนยันตัวตน", LOAN)


def test_a_list_with_days_and_amounts_in_it_is_no_saved_chat() -> None:
    text = f"20/11/2568\n{PARCEL}\n{LOAN}\n"
    assert read("list.txt", text.encode()).messages == ("20/11/2568", PARCEL, LOAN)


def test_a_block_keeps_its_lines() -> None:
    text = f"ได้รับมาเมื่อเช้า\n{PARCEL}\n\n{LOAN}\nด่วน"
    assert read("list.txt", text.encode()).messages == (f"ได้รับมาเมื่อเช้า\n{PARCEL}", f"{LOAN}\nด่วน")


def test_a_message_without_an_end_is_shortened_in_its_middle_and_says_so() -> None:
    found = read("list.txt", ("ก" * 9_000 + "จบ").encode())
    assert found.notes == (Note.SHORTENED,)
    assert found.messages[0].endswith("จบ") and len(found.messages[0]) < 8_010


# --- tables -------------------------------------------------------------------------------------------------------

WHO = "ดาวเรือง ใจเย็น บ้านเลขที่ 1 หมู่ 2 ตำบลบ้านสวน อำเภอเมือง จังหวัดสวนดอกไม้ ใกล้วัด"
TABLE = (
    ("วันที่", "ชื่อผู้แจ้ง", "ข้อความ", "ลิงก์"),
    ("1/11/2568", WHO, "พัสดุตกค้าง, จ่าย 35 บาท", "http://parcel-fee.example"),
    ("2/11/2568", WHO, 'เขาว่า "ด่วน"\nโอนเลย', ""),
)
IN_TABLE = ("พัสดุตกค้าง, จ่าย 35 บาท\nhttp://parcel-fee.example", 'เขาว่า "ด่วน"\nโอนเลย')


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp874"])
def test_a_csv_is_read_with_any_delimiter_in_any_encoding(delimiter: str, encoding: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(TABLE)
    found = read("ตาราง.CSV", out.getvalue().encode(encoding))
    assert found.messages == IN_TABLE
    assert found.notes == ()


def test_a_line_that_only_names_the_delimiter_is_no_message() -> None:
    assert read("t.csv", f"sep=;\r\nข้อความ;x\r\n{PARCEL};1\r\n".encode()).messages == (PARCEL,)


def test_a_csv_without_heading_gives_its_longest_column() -> None:
    rows = f"1,มะลิ,{PARCEL}\n2,กุหลาบ,ระวังด้วยนะคะทุกคน\n".encode()
    assert read("t.csv", rows).messages == (PARCEL, "ระวังด้วยนะคะทุกคน")


def test_a_csv_of_one_column_keeps_the_commas_that_people_write() -> None:
    rows = "ข้อความ\nด่วน, โอนเลย, วันนี้\nสวัสดี\nอนุมัติแล้ว กดลิงก์, รับเงิน\n".encode()
    assert read("t.csv", rows).messages == ("ด่วน, โอนเลย, วันนี้", "สวัสดี", "อนุมัติแล้ว กดลิงก์, รับเงิน")


def test_commas_without_quotation_marks_belong_to_the_message() -> None:
    rows = "ลำดับ,ข้อความ\n1,ด่วน\n2,ด่วน,โอนเลย\n3,สวัสดี\n4,ลาก่อน\n".encode()
    assert read("t.csv", rows).messages == ("ด่วน", "ด่วน,โอนเลย", "สวัสดี", "ลาก่อน")


def test_lines_about_the_account_above_the_heading_are_skipped() -> None:
    rows = f"Account name,Hub\nTime zone,+07:00\nSender type,Sender name,Date sent,Content\nUser,Daisy,2025/11/20,{PARCEL}\n"
    assert read("chat.csv", rows.encode()).messages == (PARCEL,)


def test_a_table_of_people_only_gives_nothing_away() -> None:
    assert refusal("t.csv", "ชื่อ,ที่อยู่,เบอร์โทร\nดาวเรือง,หมู่ 2 ตำบลบ้านสวน,02-000-1234\n".encode()) == Reason.NO_MESSAGES


def test_a_broken_csv_is_read_line_by_line_and_says_so() -> None:
    rows = f'ลำดับ,ข้อความ\n1,"{PARCEL}\n2,{LOAN}\n3,"จบ"x\n'.encode()
    found = read("t.csv", rows)
    assert found.messages == (PARCEL, LOAN, "จบx")
    assert found.notes == (Note.BROKEN,)


def test_a_csv_cut_in_the_middle_of_a_letter_is_read_up_to_there() -> None:
    whole = ("ข้อความ\n" + f"{LOAN}\n" * 5).encode()
    found = read("t.csv", whole[:-2])
    assert found.messages[:4] == (LOAN,) * 4 and found.notes == (Note.BROKEN,)


def test_a_workbook_is_read_sheet_after_sheet() -> None:
    content = workbook(TABLE, ((PARCEL,), (LOAN,)))
    assert read("ตาราง.xlsx", content).messages == (*IN_TABLE, PARCEL, LOAN)


def test_numbers_and_days_of_a_workbook_are_no_trouble() -> None:
    content = workbook((("เมื่อ", "message"), (datetime(2025, 11, 20, 8), 20001234.0), (None, True), (3.5, LOAN)))
    assert read("t.xlsx", content).messages == ("20001234", LOAN)


def test_a_hidden_sheet_stays_hidden() -> None:
    book = Workbook()
    book.active.append([PARCEL])  # type: ignore[union-attr]
    hidden = book.create_sheet("hidden")
    hidden.append([LOAN])
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert read("t.xlsx", out.getvalue()).messages == (PARCEL,)


# --- given back ---------------------------------------------------------------------------------------------------

ATTACKS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "\n=1",
    "＝1",
    '=HYPERLINK("http://x.example")',
    "=cmd|' /C x'!A1",
)


def test_no_cell_of_a_csv_given_back_is_a_formula() -> None:
    written = table_csv([("ข้อความ",), *((attack,) for attack in ATTACKS), ("ธรรมดา",)])
    assert written.startswith(b"\xef\xbb\xbf")
    cells = [row[0] for row in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))]
    assert cells[0] == "ข้อความ" and cells[-1] == "ธรรมดา"
    assert all(cell.startswith("'") for cell in cells[1:-1])


def test_no_cell_of_a_workbook_given_back_is_a_formula() -> None:
    written = table_xlsx(
        [("ข้อความ", "ผล"), *((attack, attack) for attack in ATTACKS), ("a\x00b\ud800\uffff", "")], "[ตาราง]"
    )
    sheet = load_workbook(io.BytesIO(written)).active
    assert sheet is not None and sheet.title == "ตาราง" and sheet.freeze_panes == "A2"
    cells = [cell for row in sheet.iter_rows(min_row=2, max_row=1 + len(ATTACKS)) for cell in row]
    assert len(cells) == 2 * len(ATTACKS)
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells)
    assert sheet.cell(2 + len(ATTACKS), 1).value == "ab?"


def test_a_table_given_back_can_be_sent_again() -> None:
    rows = [("ลำดับ", "ข้อความ"), ("1", PARCEL), ("2", LOAN)]
    assert read("t.csv", table_csv(rows)).messages == read("t.xlsx", table_xlsx(rows)).messages == (PARCEL, LOAN)


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*Reason, *Note, *LeftOut])
def test_every_refusal_note_and_count_has_its_sentence(knowledge: Knowledge, key: str) -> None:
    both = knowledge.phrases[key]
    assert both.th and both.en
    assert ("{count}" in both.th) == ("{count}" in both.en) == (key in set(LeftOut))
