"""Reports as dialogues, in both languages: consent, the message, the number, the questions after it, and coming back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from conversing import Conversation, calls, data_behind, labels, words

from content.loading import Knowledge
from content.verdict import Level
from handlers.details import Ask, band_in
from handlers.messages import CameBy, Case, Details, Kind, Loss, Named, Tone
from handlers.named import named_in
from handlers.report import CONSENT, MESSAGE


@dataclass(frozen=True)
class Tongue:
    """What is typed and heard in one language."""

    report: str
    agree: str
    number: str
    story: str
    came_by: str
    loss: str
    province: str
    skip: str
    enough: str
    status: str
    cancel: str


THAI = Tongue(
    report="รายงาน", agree="ยินยอม", number="เลขที่รับเรื่อง", story="มีคนโทรมาบอกว่าเป็นตำรวจ ให้โอนเงินไปตรวจสอบที่ 123-4-56789-0",
    came_by="ข้อความมาทางไหน", loss="เสียเงินไปไหม", province="จังหวัดไหน", skip="ข้าม", enough="พอแค่นี้", status="สถานะ", cancel="ยกเลิก",
)  # fmt: skip
ENGLISH = Tongue(
    report="report", agree="I agree", number="Case number",
    story="A caller said he was from the police and I must transfer money to be checked",
    came_by="How did it reach you", loss="Did you lose money", province="Which province", skip="skip", enough="that's all",
    status="status", cancel="cancel",
)  # fmt: skip
BOTH = pytest.mark.parametrize("tongue", [THAI, ENGLISH], ids=["th", "en"])
SCAM = "พัสดุของท่านตกค้าง กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example ภายในวันนี้"


@pytest.fixture
def talk(knowledge: Knowledge) -> Conversation:
    return Conversation(knowledge)


def filed(talk: Conversation, tongue: Tongue = THAI) -> str:
    """A report that has just got its number."""
    talk.says(tongue.report)
    talk.says(tongue.agree)
    assert tongue.number in words(talk.says(tongue.story))
    return talk.cases[0].number


# --- the number comes at once ------------------------------------------------------------------------------------------
@BOTH
def test_consent_then_the_message_then_at_once_the_number(talk: Conversation, tongue: Tongue) -> None:
    consent = talk.says(tongue.report)
    for section in ("19", "22", "23", "30–36"):
        assert section in words(consent)
    assert "180" in words(consent)
    talk.says(tongue.agree)
    reply = talk.says(tongue.story)
    assert f"{tongue.number} RT-2026-000017" in words(reply)
    assert "25/11/2026" in words(reply)
    report = talk.outcome.report
    assert report is not None and "56789" not in report.text
    assert report.folds_by and report.fingerprint


@BOTH
def test_every_question_is_asked_once_and_answered_by_a_button(talk: Conversation, tongue: Tongue) -> None:
    number = filed(talk, tongue)
    asked = []
    for wanted in (
        Details(number, came_by=CameBy.LINE), Details(number, loss=Loss.NONE), Details(number, province="khon-kaen"),
        Details(number, note="เขาพูดสุภาพมาก" if tongue is THAI else "he spoke politely"),
    ):  # fmt: skip
        asked.append(talk.last.sections[-1].heading or talk.last.title)
        answer_with(talk, wanted)
        assert talk.outcome.details == wanted
    assert len(set(asked)) == 4
    assert f"{tongue.number} {number}" in words(talk.last) and "25/11/2026" in words(talk.last)
    assert talk.session.step == "" and not talk.session.aside


def answer_with(talk: Conversation, wanted: Details) -> None:
    if wanted.came_by:
        talk.taps(f"d:{wanted.number}:came_by:{wanted.came_by}")
    elif wanted.loss:
        talk.taps(f"d:{wanted.number}:loss:{wanted.loss}")
    elif wanted.province:
        talk.says("khon kaen")
    else:
        talk.says(wanted.note or "")


@BOTH
def test_every_question_can_be_skipped(talk: Conversation, tongue: Tongue) -> None:
    number = filed(talk, tongue)
    for _ in range(4):
        talk.says(tongue.skip)
        assert talk.outcome.details is None
    assert number in words(talk.last) and talk.session.step == ""


@BOTH
def test_that_is_all_ends_the_questions_at_once(talk: Conversation, tongue: Tongue) -> None:
    number = filed(talk, tongue)
    assert f"{tongue.number} {number}" in words(talk.says(tongue.enough))
    assert talk.session.step == ""


def test_the_buttons_say_the_number_so_that_an_old_one_still_finds_its_report(talk: Conversation) -> None:
    number = filed(talk)
    old = data_behind(talk.last, "เฟซบุ๊ก")
    talk.waits(days=3)
    talk.says("สวัสดี")
    assert "จดไว้แล้ว" in words(talk.taps(old))
    assert talk.outcome.details == Details(number, came_by=CameBy.FACEBOOK)


def test_an_answer_to_a_question_that_is_past_is_taken_and_the_open_one_stays_open(talk: Conversation) -> None:
    number = filed(talk)
    first = talk.last
    talk.presses("ไลน์")
    reply = talk.taps(data_behind(first, "โทรศัพท์"))
    assert talk.outcome.details == Details(number, came_by=CameBy.CALL)
    assert "เสียเงินไปไหม" in words(reply)
    talk.presses("ไม่เสียเงิน")
    assert "จังหวัดไหน" in words(talk.last)


# --- typed instead of tapped -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "came_by"),
    [("sms", CameBy.SMS), ("ทางไลน์ค่ะ", CameBy.LINE), ("Facebook", CameBy.FACEBOOK), ("โทรมา", CameBy.CALL), ("in person", CameBy.IN_PERSON)],
)  # fmt: skip
def test_where_it_came_from_can_be_typed(talk: Conversation, typed: str, came_by: CameBy) -> None:
    number = filed(talk)
    talk.says(typed)
    assert talk.outcome.details == Details(number, came_by=came_by)


@pytest.mark.parametrize(
    ("typed", "band"),
    [
        ("ไม่เสียครับ", Loss.NONE), ("0", Loss.NONE), ("500", Loss.UNDER_1K), ("1,000 บาท", Loss.FROM_1K), ("9,999.50", Loss.FROM_1K),
        ("2 หมื่น", Loss.FROM_10K), ("20k", Loss.FROM_10K), ("แสน", None), ("3 แสน", Loss.FROM_100K), ("1.5 million baht", Loss.OVER_1M),
        ("1234567890", None), ("500 ถึง 900", None), ("ไม่แน่ใจ", None),
    ],
)  # fmt: skip
def test_a_typed_sum_is_a_band(knowledge: Knowledge, typed: str, band: Loss | None) -> None:
    assert band_in(typed, nothing=knowledge.words.lost_nothing(typed)) is band


def test_a_province_is_found_by_what_people_call_it(talk: Conversation) -> None:
    number = filed(talk)
    talk.says("ข้าม")
    talk.says("ข้าม")
    near = talk.says("สมุทร")
    assert {"สมุทรสาคร", "สมุทรปราการ", "สมุทรสงคราม"} <= set(labels(near))
    talk.presses("สมุทรสาคร")
    assert talk.outcome.details == Details(number, province="samut-sakhon")


def test_what_is_no_province_is_asked_again_and_no_guess_is_kept(talk: Conversation) -> None:
    filed(talk)
    talk.says("ข้าม")
    talk.says("ข้าม")
    reply = talk.says("กขคงจฉชซ")
    assert talk.outcome.details is None and "ข้าม" in labels(reply)


def test_a_note_is_masked(talk: Conversation) -> None:
    filed(talk)
    for _ in range(3):
        talk.says("ข้าม")
    talk.says("เลขบัตรของฉัน 1101700230705 เขารู้หมดเลย")
    details = talk.outcome.details
    assert details is not None and details.note is not None
    assert "1101700230705" not in details.note and "เขารู้หมดเลย" in details.note


# --- what is lost is said first ----------------------------------------------------------------------------------------
@BOTH
def test_who_lost_money_hears_first_whom_to_call(talk: Conversation, tongue: Tongue) -> None:
    number = filed(talk, tongue)
    talk.says(tongue.skip)
    reply = talk.taps(f"d:{number}:loss:10k_100k")
    assert reply.tone is Tone.URGENT and calls(reply) == ["1441"]
    assert reply.buttons[0].value == "paid"
    assert tongue.province in words(reply)


def test_who_reports_without_having_asked_hears_what_it_looks_like(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says("ยินยอม")
    assert "อันตราย" in words(talk.says(SCAM))


def test_who_has_heard_it_already_does_not_hear_it_again(talk: Conversation) -> None:
    talk.says(SCAM)
    talk.presses("รายงานเรื่องนี้")
    reply = talk.presses("ยินยอม")
    assert "เลขที่รับเรื่อง" in words(reply) and "อันตราย" not in words(reply)


# --- leaving and coming back -------------------------------------------------------------------------------------------
@BOTH
def test_a_question_in_the_middle_is_answered_and_the_report_goes_on(talk: Conversation, tongue: Tongue) -> None:
    number = filed(talk, tongue)
    talk.says(tongue.skip)
    verdict = talk.says(SCAM, forwarded=True)
    assert verdict.tone is Tone.ALARM and talk.outcome.details is None
    back = talk.taps("resume:report")
    assert number in words(back) and "d:" + number + ":loss:none" in [b.value for b in back.buttons]


@pytest.mark.parametrize("word", ["เมนู", "สถานะ", "โอนเงินไปแล้ว", "ความเป็นส่วนตัว", "ติดตาม", "ภาษา"])
@pytest.mark.parametrize("skips", range(4))
def test_any_word_works_at_any_question_and_nothing_is_asked_twice(talk: Conversation, word: str, skips: int) -> None:
    number = filed(talk)
    for _ in range(skips):
        talk.says("ข้าม")
    before = words(talk.last)
    answer = talk.says(word)
    assert words(answer) != before and talk.outcome.details is None
    again = talk.says("รายงานต่อ") if word != "โอนเงินไปแล้ว" else talk.taps("resume:report")
    assert number in words(again)
    assert data_behind(again, "พอแค่นี้") == f"d:{number}:{list(Ask)[skips]}:end"


@pytest.mark.parametrize("word", ["เมนู", "สถานะ", "ความเป็นส่วนตัว", "โอนเงินไปแล้ว"])
def test_consent_once_given_is_not_asked_again(talk: Conversation, word: str) -> None:
    talk.says("รายงาน")
    talk.says("ยินยอม")
    talk.says(word)
    assert "ส่งข้อความที่ได้รับมา" in words(talk.taps("report"))
    assert "เลขที่รับเรื่อง" in words(talk.says(THAI.story))


def test_consent_can_be_given_after_something_else_was_looked_at(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says("ความเป็นส่วนตัว")
    talk.says("เมนู")
    assert "ส่งข้อความที่ได้รับมา" in words(talk.says("ยินยอม"))


def test_after_a_day_a_dialogue_is_over(talk: Conversation) -> None:
    filed(talk)
    talk.says("เมนู")
    assert "รายงานต่อ" in labels(talk.last)
    talk.waits(hours=25)
    assert "รายงานต่อ" not in labels(talk.says("เมนู"))
    assert "ไม่มีเรื่องค้าง" in words(talk.says("รายงานต่อ"))


def test_a_second_tap_on_i_agree_shows_where_the_report_stands(talk: Conversation) -> None:
    number = filed(talk)
    assert number in words(talk.taps("consent:yes"))
    assert talk.outcome.report is None and len(talk.cases) == 1


def test_a_second_yes_is_no_report(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says("ยินยอม")
    for no_message in ("ยินยอม", "ขอบคุณค่ะ", "🙏🙏", "โอเค"):
        assert "ส่งข้อความที่ได้รับมา" in words(talk.says(no_message))
    assert talk.cases == []


def test_what_was_asked_an_hour_ago_is_shown_and_another_can_be_reported_instead(talk: Conversation) -> None:
    talk.says(SCAM)
    talk.waits(minutes=30)
    consent = talk.says("รายงาน")
    assert "พัสดุของท่านตกค้าง" in words(consent)
    assert "พัสดุของท่านตกค้าง" not in words(talk.presses("แจ้งเรื่องอื่น"))
    talk.says("ยินยอม")
    talk.says(THAI.story)
    assert talk.outcome.report is not None and "ตำรวจ" in talk.outcome.report.text


def test_a_message_sent_before_the_yes_is_kept_at_hand_and_can_be_checked_instead(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says(SCAM)
    assert talk.session.step == CONSENT
    assert talk.presses("ตรวจข้อความนี้").tone is Tone.ALARM
    talk.says("ยินยอม")
    assert talk.outcome.report is not None and "parcel-pay-th.example" in talk.outcome.report.text


@BOTH
def test_thanks_after_the_number_is_just_thanks(talk: Conversation, tongue: Tongue) -> None:
    filed(talk, tongue)
    reply = talk.says("ขอบคุณค่ะ" if tongue is THAI else "thank you")
    assert ("ยินดีเสมอ" if tongue is THAI else "You're welcome") in words(reply)
    assert talk.session.aside


@pytest.mark.parametrize("question", ["เบอร์ 081-000-1234 โกงไหม", "ต้องทำยังไง", "ดูให้หน่อย prize-th.example"])
def test_a_short_question_in_the_middle_is_a_question(talk: Conversation, question: str) -> None:
    number = filed(talk)
    talk.says(question)
    assert talk.outcome.details is None and "รายงานต่อ" in labels(talk.last)
    assert number in words(talk.presses("รายงานต่อ"))


def test_cancelling_the_questions_keeps_the_report_and_says_so(talk: Conversation) -> None:
    number = filed(talk)
    reply = talk.says("ยกเลิก")
    assert number in words(reply) and "ยังอยู่กับเรา" in words(reply)
    assert talk.outcome.withdraw == "" and talk.session.step == ""
    assert "ไม่มีอะไรให้ยกเลิก" in words(talk.says("ยกเลิก"))


def test_words_of_despair_in_the_middle_come_first(talk: Conversation) -> None:
    number = filed(talk)
    reply = talk.says("หมดตัวแล้ว ไม่อยากอยู่แล้ว")
    assert calls(reply) == ["1323", "191"] and "รายงานต่อ" not in labels(reply)
    talk.presses("เมนู")
    assert number in words(talk.presses("รายงานต่อ"))


def test_a_picture_where_words_are_needed_says_so(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says("ยินยอม")
    assert "ตัวหนังสือ" in words(talk.sends(Kind.VIDEO)) or "พิมพ์" in words(talk.last)
    assert talk.session.step == MESSAGE


# --- what cannot be masked ---------------------------------------------------------------------------------------------
def test_what_cannot_be_masked_is_not_kept_and_may_be_sent_again(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says("ยินยอม")
    hidden = "1 1 0 1 7 0 0 2 3 0 7 0 5 ".replace(" ", "\u00b7")
    reply = talk.says(f"เลขบัตร {hidden} ให้โอนเงินด่วน")
    report = talk.outcome.report
    if report is not None:
        assert "1101700230705" not in "".join(c for c in report.text if c.isdigit())
    else:
        assert "ไม่เก็บอะไรไว้" in words(reply) and talk.session.step == MESSAGE
        assert "เลขที่รับเรื่อง" in words(talk.says(THAI.story))


# --- whom it names -----------------------------------------------------------------------------------------------------
def test_a_report_names_whom_the_scammer_used_and_not_the_reporter(talk: Conversation, knowledge: Knowledge) -> None:
    text = (
        "เขาให้โอนเข้าบัญชี 123-4-56789-0 แอดไลน์ @cheat-shop เข้าเว็บ www.cheat-shop.example/pay?id=7 "
        "โทรมาจาก 02-000-1234 เบอร์ของฉัน 081-000-4321 ติดต่อฉันได้ที่ 081-000-9999"
    )
    found = {(each.kind, each.value) for each in named_in(text, knowledge.directory)}
    assert ("account", "1234567890") in found
    assert ("domain", "cheat-shop.example") in found
    assert ("phone", "020001234") in found
    assert not {value for _, value in found} & {"0810004321", "0810009999"}


def test_what_stands_in_the_directory_is_guarded(knowledge: Knowledge) -> None:
    found = named_in("เว็บ www.kasikornbank.com โทร 02-888-8888 กับ fake-k.example", knowledge.directory)
    assert {each.value: each.guarded for each in found} == {
        "kasikornbank.com": True, "028888888": True, "fake-k.example": False,
    }  # fmt: skip


def test_each_is_named_once(knowledge: Knowledge) -> None:
    found = named_in("โอนไปบัญชี 123-4-56789-0 ย้ำ บัญชี 1234567890", knowledge.directory)
    assert found == (Named("account", "1234567890"),)


# --- my reports --------------------------------------------------------------------------------------------------------
@BOTH
def test_my_reports_say_state_day_and_decision(talk: Conversation, tongue: Tongue) -> None:
    filed(talk, tongue)
    first = talk.cases[0]
    assert "25/11/2026" in words(talk.says(tongue.status))
    for decision, entry in (("scam", "parcel-fee-link"), ("scam", None), ("not_a_scam", None), ("cant_tell", None)):
        talk.cases = [replace(first, state="answered", decision=decision, entry=entry)]
        said = words(talk.says(tongue.status))
        assert "25/11/2026" not in said
        assert "ปลอดภัย" not in said and "safe" not in said.lower()
    assert "กำลังตรวจ" in words(_with(talk, replace(first, state="in_review"))) or tongue is ENGLISH


@BOTH
def test_a_promise_that_was_not_kept_is_owned_and_no_day_of_the_past_is_promised(
    talk: Conversation, tongue: Tongue
) -> None:
    filed(talk, tongue)
    talk.waits(days=4)
    said = words(talk.says(tongue.status))
    assert "25/11/2026" not in said and ("ขอโทษ" in said or "sorry" in said)


def _with(talk: Conversation, case: Case):  # type: ignore[no-untyped-def]
    talk.cases = [case]
    return talk.says("สถานะ")


@BOTH
def test_a_report_can_be_taken_back_and_is_asked_once(talk: Conversation, tongue: Tongue) -> None:
    number = filed(talk, tongue)
    talk.says(tongue.status)
    label = "ถอน" if tongue is THAI else "Withdraw"
    assert number in words(talk.presses(label))
    assert talk.outcome.withdraw == ""
    talk.presses("ยืนยันถอน" if tongue is THAI else "Yes, withdraw")
    assert talk.outcome.withdraw == number
    assert "รายงานต่อ" not in labels(talk.last) and "Go on reporting" not in labels(talk.last)
    assert [each.state for each in talk.cases] == ["withdrawn"]


@pytest.mark.parametrize("typed", ["ถอน {}", "withdraw {}", "ขอถอน {} ค่ะ", "Withdraw rt-2026-000017"])
def test_taking_back_can_be_typed(talk: Conversation, typed: str) -> None:
    number = filed(talk)
    assert number in words(talk.says(typed.format(number)))
    talk.says("ยืนยันถอน" if "ถอน" in typed else "yes, withdraw")
    assert talk.outcome.withdraw == number


def test_another_persons_number_is_not_taken_back(talk: Conversation) -> None:
    filed(talk)
    assert "ไม่พบเรื่องเลขนี้" in words(talk.says("ถอน RT-2026-999999"))
    talk.taps("withdrawn:RT-2026-999999")
    assert talk.outcome.withdraw == ""


def test_no_is_no(talk: Conversation) -> None:
    number = filed(talk)
    talk.says(f"ถอน {number}")
    assert "ไม่ได้ถอน" in words(talk.says("ไม่ถอน"))
    assert talk.outcome.withdraw == "" and talk.cases[0].state == "received"


# --- the answer was wrong ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("no", "wrong", "look", "agree"), [("ไม่ตรง", "คำตอบผิด", "ให้เจ้าหน้าที่", "ยินยอม"), ("Not right", "It is wrong", "Have a person", "I agree")])  # fmt: skip
def test_who_says_that_we_were_wrong_may_have_a_person_look(
    talk: Conversation, no: str, wrong: str, look: str, agree: str
) -> None:
    talk.says(
        SCAM if agree == "ยินยอม" else "Your parcel is held at customs, pay the fee at parcel-pay-th.example today"
    )
    talk.presses(no)
    talk.presses(wrong)
    talk.presses(look)
    talk.presses(agree)
    report = talk.outcome.report
    assert report is not None and report.disputes and report.level is not Level.NOT_A_CHECK


def test_a_plain_report_disputes_nothing(talk: Conversation) -> None:
    filed(talk)
    reports = [each.report for each in talk.outcomes if each.report]
    assert [each.disputes for each in reports] == [False]


def test_a_day_is_long_enough_to_finish(talk: Conversation) -> None:
    number = filed(talk)
    talk.waits(hours=23)
    talk.presses("ไลน์")
    assert talk.outcome.details == Details(number, came_by=CameBy.LINE)
    assert talk.now - talk.session.step_at < timedelta(minutes=1) if talk.session.step_at else False


def test_an_old_button_of_a_report_taken_back_adds_nothing(talk: Conversation) -> None:
    number = filed(talk)
    old, skip = data_behind(talk.last, "ไลน์"), data_behind(talk.last, "ข้าม")
    talk.says("พอแค่นี้")
    assert "จบแล้ว" in words(talk.taps(skip)) and talk.outcome.details is None
    talk.says(f"ถอน {number}")
    talk.says("ยืนยันถอน")
    assert "คำถามก่อนหน้า" in words(talk.taps(old)) and talk.outcome.details is None
