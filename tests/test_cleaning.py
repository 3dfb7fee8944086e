"""The two forms of a text, and the way back to the words as they were sent."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content import cleaning

THAI = st.text(alphabet=st.characters(min_codepoint=0x0E01, max_codepoint=0x0E5B), max_size=60)
MIXED = st.text(
    alphabet=st.one_of(
        st.characters(min_codepoint=0x0E01, max_codepoint=0x0E5B),
        st.sampled_from("abnouwsvq 019๐๙.-,\u200b\u200d\u00ad\ufeffａＢ𝐚аеοเเํา้่"),
        st.characters(),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("ยอดถ\u200cอน", "ยอดถอน"),
        ("ｓｃｂ Easy", "scb Easy"),
        ("𝐟𝐫𝐞𝐞 เครดิต", "free เครดิต"),
        ("นํ้าใจ", "น้ำใจ"),
        ("จํากัด", "จำกัด"),
        ("เเอดไลน์", "แอดไลน์"),
        ("๑๔๔๑", "1441"),
        ("ระuuเติม", "ระบบเติม"),
        ("nู้เงินด่วน", "กู้เงินด่วน"),
        ("ถอนooโต้", "ถอนออโต้"),
        ("ก้ิน", "กิ้น"),
        ("ด่่วน", "ด่วน"),
    ],
)
def test_costumes_come_off(sent: str, read: str) -> None:
    assert cleaning.readable(sent) == read


@pytest.mark.parametrize("text", ["AIS แจ้งยอด", "K PLUS ของคุณ", "โทร 02-000-1234", "ดูที่ www.rd.go.th", "ไปบ้าน"])
def test_honest_text_is_left_as_it_is(text: str) -> None:
    assert cleaning.readable(text) == text


@pytest.mark.parametrize(
    ("text", "bones"),
    [
        ("คุ ณ ไ ด้ รั บ", "คุณไดรับ"),
        ("O.T.P", "otp"),
        ("ด่วนนนนน", "ดวน"),
        ("pr1ze", "prize"),
        ("0TP", "otp"),
        ("kаsikorn", "kasikorn"),
        ("5,000.00 บาท", cleaning.NUMBER + "บาท"),
    ],
)
def test_the_skeleton_holds_letters_only(text: str, bones: str) -> None:
    assert cleaning.skeleton(text) == bones


def test_tone_marks_do_not_reach_the_skeleton_but_vowels_do() -> None:
    assert cleaning.skeleton("ตั๋ว") == cleaning.skeleton("ตัว")
    assert cleaning.skeleton("กิน") != cleaning.skeleton("กัน")


def test_a_place_in_the_skeleton_leads_back_to_the_words_as_sent() -> None:
    text = "ด่วน! ก\u200bด ลิ ง ก์ นี้"
    cleaned = cleaning.clean(cleaning.read(text))
    at = cleaned.skeleton.index("กดลิงก")
    start, end = cleaned.quote_span(at, at + len("กดลิงก"))
    assert text[start:end] == "ก\u200bด ลิ ง ก์"


def test_identifiers_leave_one_sign_in_the_skeleton() -> None:
    form = cleaning.read("กด bit.ly/abc เลย")
    cleaned = cleaning.clean(form, [(3, 13)])
    assert cleaned.skeleton == "กด" + cleaning.MASK + "เลย"


@given(MIXED)
def test_the_readable_form_is_idempotent(text: str) -> None:
    once = cleaning.readable(text)
    assert cleaning.readable(once) == once


@given(MIXED)
def test_the_skeleton_is_idempotent(text: str) -> None:
    once = cleaning.skeleton(text)
    assert cleaning.skeleton(once) == once


@given(MIXED)
def test_offsets_stay_inside_the_text(text: str) -> None:
    cleaned = cleaning.clean(cleaning.read(text))
    assert len(cleaned.places) == len(cleaned.skeleton)
    assert len(cleaned.starts) == len(cleaned.readable)
    for index in range(len(cleaned.skeleton)):
        start, end = cleaned.quote_span(index, index + 1)
        assert 0 <= start < end <= len(text)


@given(THAI, st.integers(0, 70), st.booleans())
def test_cutting_never_parts_a_letter_from_its_marks(text: str, limit: int, utf16: bool) -> None:
    kept = cleaning.cut(text, limit, utf16=utf16)
    assert text.startswith(kept)
    assert len(kept) <= limit
    rest = text[len(kept) :]
    if kept and rest:
        assert unicodedata.category(rest[0]) != "Mn"
        assert kept[-1] not in "เแโใไ"
        assert rest[0] not in "ะาำ"


def test_cutting_counts_utf16_units_where_asked() -> None:
    assert cleaning.cut("😀😀😀", 4, utf16=True) == "😀😀"
    assert cleaning.cut("😀😀😀", 3) == "😀😀😀"
    assert cleaning.cut("👍🏽ok", 1) == ""


def test_cutting_keeps_a_short_text_whole() -> None:
    assert cleaning.cut("สวัสดี", 100) == "สวัสดี"


@pytest.mark.parametrize(
    "text",
    [
        "ก่" * 500_000,
        "เเ" * 500_000,
        "ํ" * 1_000_000,
        "\u200b" * 1_000_000,
        "nู้" * 300_000,
        "a\u0301" * 400_000,
        "𝐚" * 300_000,
    ],
)
def test_a_million_repeats_cost_no_more_than_a_long_letter(text: str) -> None:
    # Of the processor: what others do with it meanwhile is not counted.
    began = time.process_time()
    cleaned = cleaning.clean(cleaning.read(text))
    assert time.process_time() - began < 1.0
    assert len(cleaned.readable) <= 2 * (cleaning.HEAD + cleaning.TAIL)


def test_the_end_of_a_very_long_text_is_read_too_and_its_places_are_right() -> None:
    text = "ก ข " * 20_000 + "โอนเงินด่วน"
    cleaned = cleaning.clean(cleaning.read(text))
    at = cleaned.skeleton.index("โอนเงิน")
    start, end = cleaned.quote_span(at, at + len("โอนเงิน"))
    assert text[start:end] == "โอนเงิน"


@settings(max_examples=30)
@given(st.text(max_size=200), st.integers(0, 60))
def test_cleaning_never_raises(text: str, repeat: int) -> None:
    cleaned = cleaning.clean(cleaning.read(text * repeat))
    assert isinstance(cleaning.core(cleaned.readable), str)
