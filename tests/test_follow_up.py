"""The morning after: one question, and what to do with each answer."""

from __future__ import annotations

import pytest
from conversing import Conversation, calls, data_behind, words

from content.loading import Knowledge
from content.models import Language
from handlers import follow_up
from handlers.messages import FollowUpKind, Happened, Tone
from handlers.wording import Voice


@pytest.mark.parametrize("language", list(Language))
def test_the_question_has_three_answers(knowledge: Knowledge, language: Language) -> None:
    asked = follow_up.question(Voice(knowledge, language))
    assert [b.value for b in asked.buttons] == [f"follow:bank_case:{each}" for each in ("yes", "no", "help")]
    assert "Bank Case ID" in words(asked) and asked.tone is Tone.PLAIN


@pytest.mark.parametrize(
    ("language", "label", "said", "hears"),
    [
        (Language.THAI, "ได้แล้ว", "yes", "72 ชั่วโมง"),
        (Language.THAI, "ยังไม่ได้", "no", "โทรธนาคารที่เงินออก"),
        (Language.THAI, "ช่วยอีกที", "help", "ทำเดี๋ยวนี้"),
        (Language.ENGLISH, "Yes", "yes", "72 hours"),
        (Language.ENGLISH, "Not yet", "no", "Call the bank"),
        (Language.ENGLISH, "I need help", "help", "Do this now"),
    ],
)
def test_each_answer_leads_on(knowledge: Knowledge, language: Language, label: str, said: str, hears: str) -> None:
    talk = Conversation(knowledge)
    talk.taps(f"lang:{language}")
    asked = follow_up.question(Voice(knowledge, language))
    reply = talk.taps(data_behind(asked, label))
    assert hears in words(reply) and "1441" in calls(reply)
    assert talk.outcome.answered == (FollowUpKind.BANK_CASE, said)
    assert Happened("follow_up", said) in talk.outcome.events


def test_no_bank_case_yet_is_no_reason_to_wait_with_the_police(knowledge: Knowledge) -> None:
    reply = Conversation(knowledge).taps("follow:bank_case:no")
    assert "ไม่ต้องรอเลข" in words(reply) and reply.tone is Tone.URGENT


def test_the_answer_leaves_what_else_is_going_on(knowledge: Knowledge) -> None:
    talk = Conversation(knowledge)
    talk.says("รายงาน")
    talk.says("ยินยอม")
    talk.taps("follow:bank_case:yes")
    assert "เลขที่รับเรื่อง" in words(talk.says("มีคนโทรมาหลอกให้โอนเงินอีกรอบ บอกว่าเป็นตำรวจ"))
