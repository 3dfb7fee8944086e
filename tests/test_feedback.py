"""What comes back to the reporter, to those who were told otherwise, and from those who say whether an answer was useful."""

from __future__ import annotations

import re

import pytest
from conversing import Conversation, calls, labels, within_the_limits, words

from content.loading import Knowledge
from content.models import Language
from handlers import feedback
from handlers.messages import Happened, Reply, Tone
from handlers.wording import Voice

NUMBER = "RT-2026-000017"
DECISIONS = ("scam", "new_entry", "not_a_scam", "cant_tell", "")
ENTRY = "parcel-fee-link"


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


def test_a_dispute_asks_for_consent_first(knowledge: Knowledge) -> None:
    talk = Conversation(knowledge)
    talk.says("พัสดุของท่านตกค้าง จ่ายค่าธรรมเนียม 38 บาท ที่ parcel-pay-th.example กรอกเลขบัตร")
    reply = talk.taps("dispute:abcdef")
    assert "ยินยอม" in labels(reply) and talk.outcome.report is None
    talk.presses("ไม่ยินยอม")
    assert talk.outcome.report is None and "disputes" not in talk.session.data
