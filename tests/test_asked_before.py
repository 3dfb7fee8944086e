"""The line "37 people asked about this since Tuesday": when it is said and how."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from content.fingerprints import Fingerprinter
from content.loading import Knowledge
from content.models import Language
from content.verdict import judge
from handlers import check, groups
from handlers.messages import Address, ChatKind, Kind, Level, Message, Platform, Seen, Session, plain
from handlers.report import Terms
from handlers.sightings import LEAST_PEOPLE, Recall
from handlers.turns import Turn
from handlers.wording import Voice

BANGKOK = ZoneInfo("Asia/Bangkok")
# A Friday afternoon.
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=BANGKOK)
TEXT = "มีคนโทรมาบอกว่าเป็นเจ้าหน้าที่ไปรษณีย์ ว่ามีพัสดุผิดกฎหมายในชื่อเรา ให้โอนเงินไปตรวจสอบ"
MAKER = Fingerprinter(bytes(32))


def recall(others: int, first: datetime) -> Recall:
    made = MAKER.of(TEXT)
    assert made is not None
    return Recall(MAKER, {TEXT: made}, {made.signature: Seen(others, first)}, BANGKOK)


def said(knowledge: Knowledge, language: Language, others: int, first: datetime) -> str:
    voice = Voice(knowledge, language)
    reply = check.answer(TEXT, Session(), voice, NOW, recall(others, first)).reply
    assert reply is not None
    return "\n".join(plain(line) for section in reply.sections for line in section.lines)


@pytest.mark.parametrize(
    ("days", "thai", "english"),
    [
        (0, "มี 37 คนถามเรื่องนี้วันนี้", "37 people asked about this today"),
        (1, "มี 37 คนถามเรื่องนี้ตั้งแต่เมื่อวาน", "37 people asked about this since yesterday"),
        (3, "มี 37 คนถามเรื่องนี้ตั้งแต่วันอังคาร", "37 people asked about this since Tuesday"),
        (6, "มี 37 คนถามเรื่องนี้ตั้งแต่วันเสาร์", "37 people asked about this since Saturday"),
        (7, "มี 37 คนถามเรื่องนี้ตั้งแต่วันที่ 13/11/2026", "37 people asked about this since 13/11/2026"),
    ],
)
def test_it_says_how_many_and_since_when(knowledge: Knowledge, days: int, thai: str, english: str) -> None:
    first = NOW - timedelta(days=days)
    assert thai in said(knowledge, Language.THAI, 36, first).split("\n")
    assert english in said(knowledge, Language.ENGLISH, 36, first).split("\n")


def test_the_day_is_the_one_in_thailand(knowledge: Knowledge) -> None:
    """Half past eleven at night in UTC is the next morning in Bangkok."""
    first = datetime(2026, 11, 19, 23, 30, tzinfo=ZoneInfo("UTC"))
    assert "วันนี้" in said(knowledge, Language.THAI, 5, first)


def test_two_people_are_not_told_of_each_other(knowledge: Knowledge) -> None:
    assert "คนถามเรื่องนี้" not in said(knowledge, Language.THAI, LEAST_PEOPLE - 2, NOW)
    assert "มี 3 คนถามเรื่องนี้" in said(knowledge, Language.THAI, LEAST_PEOPLE - 1, NOW)


def test_a_count_changes_no_verdict(knowledge: Knowledge) -> None:
    voice = Voice(knowledge, Language.THAI)
    crowd = check.answer(TEXT, Session(), voice, NOW, recall(5_000, NOW))
    alone = check.answer(TEXT, Session(), voice, NOW)
    assert crowd.events == alone.events
    assert crowd.reply is not None and alone.reply is not None
    assert crowd.reply.title == alone.reply.title and crowd.reply.tone == alone.reply.tone


def test_small_talk_adds_nothing(knowledge: Knowledge) -> None:
    verdict = judge("สวัสดีค่ะ", knowledge)
    assert verdict.level is Level.NOT_A_CHECK
    assert Recall(MAKER).sightings(("สวัสดีค่ะ", verdict)) == ()


def in_a_group(text: str, knowledge: Knowledge, *, addressed: bool = False) -> Turn:
    address = Address(Platform.LINE, "Cfamily", "Uaunt", ChatKind.GROUP)
    message = Message(address, "e1", Kind.TEXT, NOW, text=text, addressed=addressed)
    return Turn((message,), Session(), (), knowledge, Terms(180, NOW.tzinfo), NOW, Recall(MAKER))


def test_an_ordinary_chat_overheard_in_a_group_adds_nothing(knowledge: Knowledge) -> None:
    talk = "แม่ เย็นนี้กลับบ้านดึกนะ ฝากให้อาหารแมวด้วย แล้วก็ปิดไฟหน้าบ้านให้ที"
    outcome = groups.answer(in_a_group(talk, knowledge))
    assert outcome.sightings == () and outcome.reply is None


def test_what_is_asked_in_a_group_adds_its_message(knowledge: Knowledge) -> None:
    outcome = groups.asked(in_a_group(TEXT, knowledge, addressed=True), TEXT)
    assert [each.fingerprint for each in outcome.sightings] == [MAKER.of(TEXT)]


def test_each_of_several_forwards_adds_its_own(knowledge: Knowledge) -> None:
    voice = Voice(knowledge, Language.THAI)
    texts = [TEXT, "ขอแสดงความยินดี คุณได้รับรางวัลทองคำ กรุณาโอนค่าภาษีก่อนรับของรางวัลภายในวันนี้"]
    outcome = check.answer_all(texts, Session(), voice, NOW, Recall(MAKER))
    assert len({each.fingerprint for each in outcome.sightings}) == 2


def test_the_made_up_sample_is_never_counted(knowledge: Knowledge) -> None:
    assert check.sample(Session(), Voice(knowledge, Language.THAI), NOW).sightings == ()
