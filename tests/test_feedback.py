"""What comes back to the reporter, to those who were told otherwise, and from those who say whether an answer was useful."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from conversing import BANGKOK, NOON, Conversation, calls, labels, within_the_limits, words
from qr_maker import promptpay, slip

from bot import line, telegram
from content.loading import Knowledge
from content.models import Language
from handlers import check, feedback, groups, hub_bulk, pictures
from handlers.messages import Address, ChatKind, Happened, Kind, Message, Platform, Reply, Session, Tone
from handlers.picture_types import Picture
from handlers.report import Terms
from handlers.turns import Turn
from handlers.wording import Voice

NUMBER = "RT-2026-000017"
DECISIONS = ("scam", "new_entry", "not_a_scam", "cant_tell", "")
ENTRY = "parcel-fee-link"
SOMSRI = Address(Platform.LINE, "Usomsri", "Usomsri")


@pytest.fixture(params=list(Language))
def voice(request: pytest.FixtureRequest, knowledge: Knowledge) -> Voice:
    return Voice(knowledge, request.param)


def letters(voice: Voice) -> list[Reply]:
    made = [feedback.in_review(NUMBER, voice)]
    for decision in DECISIONS:
        for entry in (ENTRY, None, "no-such-entry"):
            made.append(feedback.answered(NUMBER, decision, entry, "", voice))
            made.append(feedback.recalled(decision, entry, voice))
    return made


def test_every_letter_keeps_to_the_limits_and_calls_nothing_safe(voice: Voice) -> None:
    for letter in letters(voice):
        within_the_limits(letter)
        assert letter.language is voice.language
        assert not re.search(r"ปลอดภัย|\bsafe\b|\{", words(letter), re.IGNORECASE)


def test_a_letter_about_a_report_says_which(voice: Voice) -> None:
    assert NUMBER in words(feedback.in_review(NUMBER, voice))
    for decision in DECISIONS:
        letter = feedback.answered(NUMBER, decision, ENTRY, "", voice)
        assert NUMBER in words(letter) and NUMBER in letter.summary


def test_a_scam_is_named_with_what_to_do_and_whom_to_call(voice: Voice) -> None:
    entry = voice.knowledge.entries[ENTRY]
    letter = feedback.answered(NUMBER, "scam", ENTRY, "", voice)
    assert letter.tone is Tone.ALARM and "1441" in calls(letter)
    assert entry.title.in_(voice.language) in words(letter)
    assert entry.do_now.in_(voice.language)[0] in words(letter)
    assert "paid" in [b.value for b in letter.buttons]


def test_an_officials_remark_carries_nobodys_data_to_other_people_but_keeps_official_numbers(voice: Voice) -> None:
    remark = "ถามธนาคารที่ 02-888-8888 คุณสมชาย ใจดี โทร 081-000-1234 บัตร 4111 1111 1111 1111"
    said = words(feedback.answered(NUMBER, "scam", ENTRY, remark, voice))
    assert "02-888-8888" in said
    assert not any(each in said for each in ("สมชาย", "081-000-1234", "4111 1111"))


def test_no_scam_found_is_no_relief(voice: Voice) -> None:
    letter = feedback.answered(NUMBER, "not_a_scam", None, "", voice)
    assert letter.tone is Tone.CALM
    assert ("ยืนยันไม่ได้ว่าเป็นของจริง" if voice.language is Language.THAI else "cannot confirm that it is genuine") in words(
        letter
    )


def test_not_enough_to_tell_says_what_to_do_meanwhile(voice: Voice) -> None:
    letter = feedback.answered(NUMBER, "cant_tell", None, "", voice)
    assert letter.tone is Tone.CAUTION and calls(letter) == ["1441"]


def test_an_officials_word_is_passed_on(voice: Voice) -> None:
    remark = "เว็บนี้ถูกปิดแล้วเมื่อวาน"
    assert remark in words(feedback.answered(NUMBER, "scam", ENTRY, remark, voice))
    blank = feedback.answered(NUMBER, "scam", ENTRY, "  ", voice)
    assert ("ฝากบอก" if voice.language is Language.THAI else "A word from") not in words(blank)


def test_a_recall_says_what_was_asked_when_and_quotes_nothing(voice: Voice) -> None:
    letter = feedback.recalled("scam", ENTRY, voice, asked_on="20/11/2026")
    assert "20/11/2026" in words(letter) and letter.tone is Tone.ALARM
    assert "RT-" not in words(letter)
    assert words(feedback.recalled("scam", ENTRY, voice)) != words(feedback.recalled("not_a_scam", None, voice))


# --- was it useful? ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("why", feedback.WHY)
@pytest.mark.parametrize("language", list(Language))
def test_every_no_is_asked_why_and_counted(knowledge: Knowledge, why: str, language: Language) -> None:
    talk = Conversation(knowledge)
    talk.taps(f"lang:{language}")
    talk.taps("useful:abcdef:no")
    assert talk.outcome.events == (Happened("useful", "no:abcdef"),)
    assert [b.value for b in talk.last.buttons] == [f"why:abcdef:{each}" for each in feedback.WHY]
    reply = talk.taps(f"why:abcdef:{why}")
    assert talk.outcome.events == (Happened("useful", f"{why}:abcdef"),)
    assert "1441" in calls(reply)
    assert ("dispute:abcdef" in [b.value for b in reply.buttons]) is (why == "wrong")


def test_a_yes_is_thanked(knowledge: Knowledge) -> None:
    talk = Conversation(knowledge)
    assert "ขอบคุณ" in words(talk.taps("useful:abcdef:yes"))
    assert talk.outcome.events == (Happened("useful", "yes:abcdef"),)


def useful_buttons(reply: Reply) -> list[str]:
    """The two, as they arrive on LINE and on Telegram: what is rendered, not what we meant to send."""
    [message] = line.render(reply)
    on_line = [item["action"].get("data", "") for item in message.get("quickReply", {"items": ()})["items"]]
    rows = telegram.render(reply).get("reply_markup", {}).get("inline_keyboard", ())
    on_telegram = [key.get("callback_data", "") for row in rows for key in row]
    both = [[data for data in each if data.startswith("useful:")] for each in (on_line, on_telegram)]
    assert both[0] == both[1]
    within_the_limits(reply)
    return both[0]


SCAM = "พัสดุของท่านตกค้าง จ่ายค่าธรรมเนียม 38 บาท ที่ parcel-pay-th.example กรอกเลขบัตรและรหัสหลังบัตร"
LOAN = "เงินกู้ด่วน อนุมัติไวใน 5 นาที วงเงิน 80,000 บาท แอดไลน์ @loan2go โอนค่ามัดจำ 500 บาทก่อนรับเงิน"
CALM = "ครูแจ้งผู้ปกครอง วันศุกร์นี้นักเรียนหยุดหนึ่งวัน โรงเรียนเปิดเรียนตามปกติในวันจันทร์"
BARE = "http://q7wz-portal.example.top/a"
CODES = {
    "payment": promptpay("0810001234", amount="99"), "slip": slip(), "login": "https://line.me/R/au/q/abc",
    "seed": "otpauth://totp/a?secret=AB&issuer=X", "wifi": "WIFI:S:Cafe;P:1;;", "number": "8850000000010",
    "coins": "bitcoin:bc1qexample0000", "app": "https://get.example/bank.apk",
}  # fmt: skip


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("text", [SCAM, LOAN, CALM, BARE])
def test_both_buttons_stand_under_every_verdict_and_under_the_one_that_a_tap_settles(
    knowledge: Knowledge, text: str, language: Language
) -> None:
    talk = Conversation(knowledge)
    talk.taps(f"lang:{language}")
    ways = [lambda: talk.says(text), lambda: talk.says(text, forwarded=True), lambda: talk.says(f"/check {text}")]
    for way in (*ways, lambda: talk.taps("asked")):
        assert len(useful_buttons(way())) == 2
    for each in [button.value for button in talk.says(text).buttons if button.value.startswith("q:")]:
        talk.says(text)
        assert len(useful_buttons(talk.taps(each))) == 2, each


@pytest.mark.parametrize("language", list(Language))
def test_both_buttons_stand_under_several_forwards_and_are_about_the_worst(
    knowledge: Knowledge, language: Language
) -> None:
    voice = Voice(knowledge, language)
    for texts in ((SCAM, CALM), (CALM, LOAN, SCAM), (CALM, CALM + " ค่ะ"), ("ok", "ค่ะ")):
        outcome = check.answer_all(texts, Session(), voice, NOON)
        assert outcome.reply is not None
        yes, no = useful_buttons(outcome.reply)
        about = outcome.reply.quick[0].value.removeprefix("report:")
        assert (yes, no) == (f"useful:{about}:yes", f"useful:{about}:no")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", CODES)
def test_both_buttons_stand_under_a_picture_of_words_of_a_code_and_of_both(
    knowledge: Knowledge, kind: str, language: Language
) -> None:
    for picture in (
        Picture(text=LOAN, sure=0.9),
        Picture(marks=(CODES[kind],)),
        Picture(text=LOAN, marks=(CODES[kind],)),
    ):
        for shown in ((picture,), (picture, Picture(text=CALM, sure=0.9)), (picture, picture)):
            sent = [Message(SOMSRI, f"e{n}", Kind.IMAGE, NOON, picture=each) for n, each in enumerate(shown)]
            outcome = pictures.answer(sent, Session(), Voice(knowledge, language), NOON)
            assert outcome.reply is not None
            assert len(useful_buttons(outcome.reply)) == 2, (kind, shown)
            assert outcome.session.asked, "who says that it was wrong can have a person look at it"


def test_where_nothing_was_answered_or_many_listen_nobody_is_asked_how_it_was(knowledge: Knowledge) -> None:
    """Not under what asks for more, not in a group and not under a hub's table: docs/reports.md says why."""
    talk = Conversation(knowledge)
    unanswered = [
        talk.says("ok"),
        talk.says("สวัสดี"),
        talk.sends(Kind.STICKER),
        talk.says("โอนเงินไปแล้ว"),
        talk.says("อยากตาย"),
    ]
    in_group = Message(
        replace(SOMSRI, chat="Cfamily", kind=ChatKind.GROUP), "g", Kind.TEXT, NOON, text=SCAM, addressed=True
    )
    turn = Turn((in_group,), Session(), (), knowledge, Terms(180, BANGKOK), NOON)
    at_hub = [Message(SOMSRI, f"h{n}", Kind.TEXT, NOON, text=text) for n, text in enumerate((SCAM, LOAN))]
    table = replace(turn, messages=tuple(at_hub), session=Session(hub="hub"))
    replies = [*unanswered, groups.answer(turn).reply, hub_bulk.answer(table).reply]
    assert [useful_buttons(each) for each in replies if each is not None] == [[]] * 7


def test_a_dispute_asks_for_consent_first(knowledge: Knowledge) -> None:
    talk = Conversation(knowledge)
    talk.says("พัสดุของท่านตกค้าง จ่ายค่าธรรมเนียม 38 บาท ที่ parcel-pay-th.example กรอกเลขบัตร")
    reply = talk.taps("dispute:abcdef")
    assert "ยินยอม" in labels(reply) and talk.outcome.report is None
    talk.presses("ไม่ยินยอม")
    assert talk.outcome.report is None and "disputes" not in talk.session.data
