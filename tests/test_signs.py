"""The wording language: slots with gaps over the skeleton, placeholders, negation, tone marks, word edges."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import cleaning, identifiers, signs
from content.identifiers import Kind
from content.models import Both, Family, Sign, Weight, Wordings


def sign(name: str, *wordings: str, family: Family = Family.ASKS) -> Sign:
    return Sign(
        id=name,
        family=family,
        weight=Weight.MEDIUM,
        tell=Both(th="ลอง", en="A trial"),
        wordings=Wordings(th=wordings, en=()),
    )


def find(text: str, *known: Sign) -> dict[str, signs.Hit]:
    form = cleaning.read(text)
    named = identifiers.find(form.readable)
    masks = [(each.start, each.end) for each in named if each.kind not in (Kind.AMOUNT, Kind.CODE, Kind.HOTLINE)]
    hits, _ = signs.build(known).find(cleaning.clean(form, masks), named)
    return {hit.sign: hit for hit in hits}


def quote(text: str, *known: Sign) -> str:
    form = cleaning.read(text)
    cleaned = cleaning.clean(form)
    hits, _ = signs.build(known).find(cleaned, ())
    start, end = cleaned.quote_span(hits[0].start, hits[0].end)
    return text[start:end]


def test_alternatives_and_a_near_gap() -> None:
    fee = sign("fee", "จ่าย|โอน ~ ค่าธรรมเนียม|ค่ามัดจำ")
    assert find("ต้องโอนเป็นค่ามัดจำก่อน", fee)
    assert not find("ค่ามัดจำต้องโอนก่อน", fee), "order matters"
    assert not find("โอนให้เพื่อนแล้วนั่งคุยกันเรื่องอื่นนานมาก ค่ามัดจำไม่มี", fee), "too far for a near gap"


def test_a_far_gap_reaches_further_but_not_without_end() -> None:
    fee = sign("fee", "โอน ~~ ค่ามัดจำ")
    assert find("โอนให้เพื่อนแล้วนั่งคุยกันเรื่องอื่นนานมาก ค่ามัดจำไม่มี", fee)
    assert not find("โอนให้เพื่อน" + "นั่งคุยกันเรื่องอื่น" * 5 + "ค่ามัดจำ", fee)


def test_three_groups_chain_through_the_nearest_places() -> None:
    long = sign("long", "โทร ~ บอก ~ โอน")
    assert find("โทรมา โทรอีก บอกว่าให้ โอนเงิน", long)


def test_obfuscated_words_are_found_and_quoted_as_sent() -> None:
    code = sign("code", "ขอรหัส ~ otp")
    text = "ข อ ร หั ส\u200b เลข Ｏ.Ｔ.Ｐ ด้วย"
    assert quote(text, code) == "ข อ ร หั ส\u200b เลข Ｏ.Ｔ.Ｐ"


@pytest.mark.parametrize(
    ("wording", "text"),
    [
        ("กด ~ <url>", "กดที่ https://a.example/x"),
        ("โทร ~ <phone>", "โทรกลับ 081-000-1234"),
        ("โอน ~ <amount>", "โอนมา 5,000 บาท"),
        ("บัญชี ~ <account>", "โอนเข้าบัญชี 123-4-56789-0"),
        ("แอดไลน์ ~ <line>", "แอดไลน์ @money24h"),
        ("otp ~ <code>", "OTP ของคุณคือ 482913"),
        ("วันละ ~ <num>", "ได้วันละ 300 ชิ้น"),
    ],
)
def test_placeholders_match_an_identifier_of_their_kind(wording: str, text: str) -> None:
    assert find(text, sign("one", wording))
    assert not find("กดโทรโอนบัญชีแอดไลน์ otp วันละ", sign("one", wording))


def test_short_thai_fragments_check_the_tone_marks() -> None:
    ticket = sign("ticket", "ขาย ~ ตั๋ว")
    assert find("ขายตั๋วคอนเสิร์ต", ticket)
    assert not find("ขายตัวเอง", ticket)


def test_latin_fragments_check_word_edges_and_a_star_opens_one() -> None:
    assert not find("please transferring", sign("move", "transfer"))
    assert find("please transferring", sign("move", "transfer*"))
    assert not find("maison", sign("ais", "ais"))
    assert find("เครือข่ายAISแจ้ง", sign("ais", "ais"))


def test_digits_in_a_fragment_are_literal() -> None:
    day = sign("day", "ภายใน ~ 24 ชั่วโมง")
    assert find("ภายใน 24 ชั่วโมง", day)
    assert not find("ภายใน 48 ชั่วโมง", day)


@pytest.mark.parametrize("text", ["อย่ากดลิงก์นี้", "ธนาคารไม่มีนโยบายให้กดลิงก์", "ห้ามกดลิงก์", "จ่ายปลายทาง ไม่ต้องกดลิงก์"])
def test_negation_cancels_an_asking_sign(text: str) -> None:
    assert find(text, sign("link", "กดลิงก์", "จ่ายปลายทาง ~ กดลิงก์"))["link"].negated


def test_negation_leaves_the_prohibition_of_telling_alone() -> None:
    secret = sign("asks-secrecy", "ห้าม|อย่า ~ บอกใคร")
    assert not find("ห้ามบอกใครเด็ดขาด", secret)["asks-secrecy"].negated


def test_negation_further_away_does_not_count() -> None:
    text = "ไม่ต้องห่วงเรื่องอื่น เราดูแลให้หมดแล้วทุกอย่าง แค่กดลิงก์"
    assert not find(text, sign("link", "กดลิงก์"))["link"].negated


def test_a_claim_is_not_cancelled_by_a_negation() -> None:
    assert not find("อย่าตกใจ นี่ตำรวจ", sign("police", "นี่ตำรวจ", family=Family.CLAIMS))["police"].negated


@pytest.mark.parametrize(
    ("wording", "said"),
    [
        ("1441", "digits only"),
        ("กด", "under three letters"),
        ("โอน ~ <bath>", "unknown placeholder"),
        ("~ โอนเงิน", "empty group"),
        ("โอนเงิน ~~", "empty group"),
    ],
)
def test_faulty_wordings_say_what_to_do(wording: str, said: str) -> None:
    (fault,) = signs.faults_of(wording)
    assert said in fault


def test_a_sound_wording_has_no_fault() -> None:
    assert signs.faults_of("โอน|โยก ~ ค่าธรรมเนียม|fee* ~~ <account>") == ()


@given(st.text(max_size=200))
def test_finding_never_raises(text: str) -> None:
    assert isinstance(find(text, sign("a", "โอน ~ เงิน ~~ <amount>"), sign("b", "click*")), dict)


@pytest.mark.parametrize("piece", ["โอนเงิน", "กด ", "click here ", "otp 123456 "])
def test_a_million_repeats_stay_bounded(piece: str) -> None:
    known = [sign("a", "โอน ~ เงิน ~~ โอน ~ เงิน"), sign("b", "กด ~~ กด ~~ กด"), sign("c", "click ~ here ~~ <code>")]
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    find(text, *known)
    assert time.process_time() - began < 1.5
