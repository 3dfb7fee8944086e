"""Dialogues in both languages on all three platforms, over real HTTP with the platforms' own clients."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass

import pytest
from conftest import House
from talk import PLATFORMS, Heard, InBrowser, OnLine, OnTelegram, Person, presses

from bot.store.case_numbers import valid_case_number

SCAM = {
    "th": "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรและรหัสหลังบัตรที่ลิงก์ parcel-pay-th.example ภายในวันนี้",
    "en": "Your parcel is held at customs. Pay the 38 baht fee today and enter your card number and CVV at parcel-pay-th.example",
}
ORDINARY = {
    "th": "แม่ เย็นนี้กลับบ้านดึกนะ ฝากให้อาหารแมวด้วย",
    "en": "Mum, I'll be home late tonight, could you feed the cat please",
}


@dataclass
class Chat:
    """One person talking; every answer is one send."""

    person: Person
    language: str
    last: Heard | None = None

    async def says(self, text: str, *, hears: str) -> Heard:
        self.last = await self.person.says(text)
        assert hears in self.last.text, self.last.text
        return self.last

    async def presses(self, label: str, *, hears: str) -> Heard:
        assert self.last is not None
        self.last = await self.person.taps(presses(self.last, label))
        assert hears in self.last.text, self.last.text
        return self.last


@pytest.fixture(params=list(PLATFORMS))
def person(request: pytest.FixtureRequest, house: House) -> Person:
    made: Person = PLATFORMS[request.param](house)
    return made


@pytest.fixture
def thai(person: Person) -> Chat:
    return Chat(person, "th")


async def test_a_scam_is_named_with_what_to_do_and_whom_to_call(person: Person) -> None:
    for language, head in (("th", "อันตราย"), ("en", "Danger")):
        heard = await person.says(SCAM[language])
        assert head in heard.text, heard.text
        assert {"th": "ทำตอนนี้", "en": "What to do now"}[language] in heard.text
        assert "1441" in heard.text
        assert "thaipoliceonline" in str(heard.buttons)


async def test_an_ordinary_message_is_neither_alarm_nor_relief(person: Person) -> None:
    thai = await person.says(ORDINARY["th"])
    assert "อันตราย" not in thai.text
    assert "ยืนยันไม่ได้ว่าเป็นของจริง" in thai.text
    english = await person.says(ORDINARY["en"])
    assert "cannot confirm that it is genuine" in english.text


async def test_a_report_needs_consent_and_ends_with_a_number(thai: Chat, house: House) -> None:
    await thai.says("รายงาน", hears="ขออนุญาต")
    await thai.says("ยินยอม", hears="ส่งข้อความที่ได้รับมา")
    done = await thai.says("เขาโทรมาบอกว่าถูกรางวัล ให้โอนภาษีก่อนเข้าบัญชี 123-4-56789-0", hears="เลขที่รับเรื่อง")
    number = case_number_in(done)
    assert number in (await thai.says("สถานะ", hears="เรื่องที่คุณรายงาน")).text
    rows = [row async for row in house.bot.store.export_reports()]
    assert [row["number"] for row in rows] == [number]
    assert "123-4-56789-0" not in rows[0]["text"]
    assert "ให้โอนภาษีก่อน" in rows[0]["text"]


async def test_a_report_in_english_with_buttons(person: Person) -> None:
    chat = Chat(person, "en")
    await chat.says("report", hears="May we keep this?")
    await chat.presses("I agree", hears="Send the message you received")
    done = await chat.says("They called and said I won a prize and must pay tax first", hears="Case number")
    case_number_in(done)


async def test_what_was_just_asked_need_not_be_sent_again(thai: Chat) -> None:
    await thai.says(SCAM["th"], hears="อันตราย")
    await thai.presses("รายงานเรื่องนี้", hears="ขออนุญาต")
    await thai.presses("ยินยอม", hears="เลขที่รับเรื่อง")


async def test_without_consent_nothing_is_kept(thai: Chat, house: House) -> None:
    await thai.says("รายงาน", hears="ขออนุญาต")
    await thai.presses("ไม่ยินยอม", hears="ไม่เก็บอะไรไว้")
    await thai.says("สถานะ", hears="ยังไม่มีเรื่อง")
    assert [row async for row in house.bot.store.export_reports()] == []


async def test_a_report_can_be_cancelled(thai: Chat) -> None:
    await thai.says("รายงาน", hears="ขออนุญาต")
    await thai.says("ยกเลิก", hears="ยกเลิกแล้ว")
    await thai.says("ยกเลิก", hears="ไม่มีอะไรให้ยกเลิก")


async def test_being_forgotten_is_asked_once_and_then_done(thai: Chat, house: House) -> None:
    await thai.says("รายงาน", hears="ขออนุญาต")
    await thai.says("ยินยอม", hears="ส่งข้อความ")
    await thai.says("มีคนทักมาให้โอนเงินค่าพัสดุก่อนถึงจะส่งของให้", hears="เลขที่รับเรื่อง")
    await thai.says("ลบข้อมูล", hears="ลบข้อมูลทั้งหมด")
    await thai.presses("ยืนยันลบ", hears="ลบข้อมูลของคุณแล้ว")
    await thai.says("สถานะ", hears="ยังไม่มีเรื่อง")


async def test_who_has_paid_gets_the_steps_first(thai: Chat) -> None:
    heard = await thai.says("โอนเงินไปแล้ว", hears="ตั้งสติก่อน")
    for needed in ("1441", "Bank Case ID", "72 ชั่วโมง", "thaipoliceonline.go.th", "02-888-8888"):
        assert needed in heard.text
    app = await thai.presses("ลงแอปไปแล้ว", hears="ตัดอินเทอร์เน็ต")
    assert app.text.index("ตัดอินเทอร์เน็ต") < app.text.index("1441")


async def test_who_tells_that_money_is_gone_hears_the_steps_before_anything_else(person: Person) -> None:
    heard = await person.says("แม่โดนหลอกให้โอนเงินไปแล้ว 5 หมื่น ทำยังไงดี")
    assert "Bank Case ID" in heard.text
    assert heard.text.index("เงินออกไปแล้วใช่ไหม") < heard.text.index("72 ชั่วโมง")
    english = await person.says("I already sent 20,000 baht to them, what should I do")
    assert english.text.index("Has money left already?") < english.text.index("72 hours")


async def test_words_of_self_harm_are_answered_first_and_kindly(person: Person) -> None:
    heard = await person.says("โดนโกงหมดตัวแล้ว ไม่อยากอยู่แล้ว")
    assert heard.text.index("คุณไม่ได้อยู่คนเดียว") < heard.text.index("1323") < heard.text.index("191")
    assert "อันตราย!" not in heard.text
    heard = await person.says("I lost everything to a scam and I want to die")
    assert heard.text.index("You are not alone") < heard.text.index("1323")


async def test_the_language_follows_the_message_until_one_is_chosen(thai: Chat) -> None:
    await thai.says("hello", hears="What shall we look at?")
    await thai.says("สวัสดีค่ะ", hears="มีอะไรให้เราช่วยดูไหม")
    await thai.says("ภาษา", hears="เลือกภาษา")
    await thai.presses("English", hears="From now on we answer in English")
    await thai.says("สวัสดีค่ะ", hears="What shall we look at?")
    await thai.says("language", hears="Choose a language")
    await thai.presses("ไทย", hears="ตอบเป็นภาษาไทย")


@pytest.mark.parametrize(
    ("word", "hears"),
    [
        ("เมนู", "สวัสดี เราชื่อรู้ทัน"),
        ("MENU", "Hello, this is Rutan"),
        ("ติดตาม", "ติดตามแล้ว"),
        ("เลิกติดตาม", "เลิกติดตามแล้ว"),
        ("subscribe", "You are subscribed"),
        ("ความเป็นส่วนตัว", "ความเป็นส่วนตัวของคุณ"),
        ("privacy", "Your privacy"),
        ("ฉุกเฉิน", "ตั้งสติก่อน"),
        ("I paid", "Take a breath"),
        ("status", "You have no reports"),
        ("ขอบคุณมากค่ะ", "ยินดีเสมอ"),
        ("ครับ", "สั้นไป"),
        ("🙏🙏", "ไม่เห็นตัวหนังสือ"),
    ],
)
async def test_words_and_small_talk(house: House, word: str, hears: str) -> None:
    for person in (OnLine(house), OnTelegram(house), InBrowser(house)):
        assert hears in (await person.says(word)).text


async def test_an_old_button_explains_itself(person: Person) -> None:
    for data in ("q:0123456789ab:transfer", "consent:yes", "erase:yes", "something-older:1"):
        heard = await person.taps(data)
        assert "คำถามก่อนหน้า" in heard.text


async def test_the_sample_is_answered_as_a_real_message_would_be(thai: Chat) -> None:
    await thai.says("สวัสดี", hears="รู้ทัน" if thai.last else "มีอะไร")
    heard = await thai.presses("ลองดูตัวอย่าง", hears="ตัวอย่างข้อความ")
    assert "อันตราย" in heard.text


async def test_after_an_answer_one_can_say_whether_it_helped_and_warn_others(thai: Chat) -> None:
    heard = await thai.says(SCAM["th"], hears="อันตราย")
    await thai.presses("มีประโยชน์", hears="ขอบคุณที่บอกเรา")
    thai.last = heard
    await thai.presses("ไม่ตรง", hears="ตรงไหนยังไม่ดี")
    await thai.presses("คำตอบผิด", hears="เจ้าหน้าที่")
    thai.last = heard
    await thai.presses("เตือนคนอื่น", hears="เตือนภัย")


async def test_several_forwards_at_once_become_one_answer_that_names_each(house: House) -> None:
    texts = [SCAM["th"], "ยินดีด้วยคุณถูกรางวัลทองคำหนัก 5 บาท โอนค่าภาษีก่อนรับของ", ORDINARY["th"]]
    before = len(house.line.answers)
    await house.line.send(*[house.line.text_event("Uforwarder", text) for text in texts])
    answer = await house.line.next_answer(before, "Uforwarder")
    for text in texts:
        assert text[:20] in answer.text
    await asyncio.sleep(1.5)
    assert len(house.line.answers) == before + 1


async def test_forwards_on_telegram_are_gathered_too(house: House) -> None:
    telegram, before = house.telegram, len(house.telegram.answers)
    origin = {"type": "hidden_user", "sender_user_name": "Somebody", "date": int(time.time())}
    forwards = [telegram.message(900, text, forward_origin=origin) for text in (SCAM["th"], ORDINARY["th"])]
    # Side by side: one after the other they might be a gathering's time apart on a slow machine.
    await asyncio.gather(*(telegram.send(telegram.update(message=each)) for each in forwards))
    answer = await telegram.next_answer(before, "900")
    assert "2 ข้อความ" in answer.text
    await asyncio.sleep(1.8)
    assert len(telegram.answers) == before + 1


async def test_markup_in_a_message_is_shown_not_interpreted(person: Person) -> None:
    nasty = f'<b>กด</b> <script>alert(1)</script> **หนา** {{case_number}} &amp; "quoted" {SCAM["th"]}'
    heard = await person.says(nasty)
    assert "อันตราย" in heard.text
    assert "RT-" not in heard.text


async def test_a_very_long_text_gets_a_clear_answer(person: Person) -> None:
    heard = await person.says("คุณถูกรางวัลใหญ่ กรุณาโอนค่าภาษีก่อนรับเงิน " * 110)
    assert "1441" in heard.text


def case_number_in(heard: Heard) -> str:
    number = re.search(r"RT-\d{4}-\d{6,}", heard.text)
    assert number, heard.text
    assert valid_case_number(number.group())
    return number.group()


async def test_after_the_number_come_questions_that_can_be_skipped(thai: Chat, house: House) -> None:
    await thai.says("รายงาน", hears="ขออนุญาต")
    await thai.presses("ยินยอม", hears="ส่งข้อความที่ได้รับมา")
    done = await thai.says("เขาโทรมาบอกว่าถูกรางวัล ให้โอนภาษีก่อน", hears="เลขที่รับเรื่อง")
    number = case_number_in(done)
    assert re.search(r"ภายในวันที่\W*\d{2}/\d{2}/\d{4}", done.text)
    await thai.presses("โทรศัพท์", hears="เสียเงินไปไหม")
    await thai.presses("10,000", hears="จังหวัดไหน")
    await thai.says("เชียงใหม่", hears="อยากเล่าเพิ่ม")
    assert number in (await thai.presses("ข้าม", hears="ขอบคุณมาก")).text
    (row,) = [each async for each in house.bot.store.export_reports()]
    assert (row["came_by"], row["loss"], row["province"]) == ("call", "10k_100k", "chiang-mai")


async def test_a_report_is_taken_back_with_two_taps(thai: Chat, house: House) -> None:
    await thai.says("รายงาน", hears="ขออนุญาต")
    await thai.presses("ยินยอม", hears="ส่งข้อความที่ได้รับมา")
    done = await thai.says("เขาโทรมาบอกว่าถูกรางวัลแสนพิเศษ ให้โอนภาษีก่อน", hears="เลขที่รับเรื่อง")
    await thai.says("สถานะ", hears=case_number_in(done))
    await thai.presses("ถอน", hears="ถอนเรื่องนี้ใช่ไหม")
    await thai.presses("ยืนยันถอน", hears="ถอนเรื่องแล้ว")
    await thai.says("สถานะ", hears="คุณถอนเรื่องนี้แล้ว")
    assert "รางวัลแสนพิเศษ" not in str([row async for row in house.bot.store.export_reports()])


async def test_the_steps_of_an_emergency_one_at_a_time(person: Person) -> None:
    chat = Chat(person, "en")
    await chat.says("language", hears="Choose a language")
    await chat.presses("English", hears="From now on")
    await chat.says("I paid", hears="Do this now")
    await chat.presses("Sent money", hears="Which bank is it?")
    await chat.presses("Another bank", hears="Which bank is it?")
    await chat.presses("UOB", hears="02-344-9555")
    await chat.presses("Within the hour", hears="Step 1 of 7")
    for number in range(2, 8):
        await chat.presses("Done", hears=f"Step {number} of 7")
    await chat.presses("Done", hears="That was the last step")
