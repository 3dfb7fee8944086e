"""What subscribers would rather hear of: chosen by buttons, kept, and a part of a bulletin's recipients."""

from __future__ import annotations

import pytest
from bulletin_cast import OCTOBER, figures
from store_cast import MALI, SECRET, SOMCHAI, StandingClock, answered, rows

from bot.store import SqlStore
from bot.store.bulletins import Body, Bulletins
from handlers import subscribe
from handlers.messages import Outcome, Session
from handlers.wording import Voice
from scheduler.bulletins import Part, Refused
from scheduler.drafting import composed


@pytest.fixture
def voice(knowledge) -> Voice:
    from content.models import Language

    return Voice(knowledge, Language.THAI)


def test_subscribing_offers_choices_and_asks_for_none(voice):
    done = subscribe.turn(Session(), voice, on=True)
    assert done.session.subscribed and done.session.interests == ()
    assert {button.value for button in done.reply.quick} >= {"sub:i:calls", "sub:i:jobs", "sub:province"}


def test_a_choice_is_taken_back_by_the_same_button(voice, knowledge):
    now = StandingClock().now()
    once = subscribe.tapped("i:calls", Session(subscribed=True), voice, now)
    assert once.session.interests == ("calls",)
    assert any(button.label.startswith("✓") for button in once.reply.quick)
    assert "สายโทรแอบอ้าง" in once.reply.summary
    twice = subscribe.tapped("i:calls", once.session, voice, now)
    assert twice.session.interests == ()
    assert subscribe.tapped("i:no-such", Session(), voice, now) is None
    assert subscribe.tapped("p:no-such", Session(), voice, now) is None


def test_a_province_is_typed_or_tapped_and_a_question_stays_a_question(voice):
    asked = subscribe.tapped("province", Session(subscribed=True), voice, StandingClock().now())
    assert asked.session.step == subscribe.STEP
    told = subscribe.typed("จ.น่าน", asked.session, voice)
    assert told.session.province == "nan" and told.session.step == ""
    assert subscribe.typed("พัสดุของคุณตกค้าง กรุณาชำระค่าธรรมเนียมที่ลิงก์นี้", asked.session, voice) is None


def test_who_unsubscribes_leaves_nothing_of_it(voice):
    gone = subscribe.turn(Session(subscribed=True, interests=("calls",), province="nan"), voice, on=False)
    assert (gone.session.subscribed, gone.session.interests, gone.session.province) == (False, (), "")


async def test_a_bulletin_for_a_part_goes_to_who_chose_it_and_to_who_chose_nothing(url, knowledge):
    from zoneinfo import ZoneInfo

    store = SqlStore.open(url, [SECRET], StandingClock())
    try:
        await answered(
            store, "e1", Outcome(Session(subscribed=True, interests=("calls", "jobs"), province="nan")), SOMCHAI
        )
        await answered(store, "e2", Outcome(Session(subscribed=True)), MALI)
        assert [row["interests"] for row in rows(url, "people") if row["province"] == "nan"] == ["calls,jobs,"]
        book = Bulletins(store.foundation)
        counted = figures()
        number = await book.draft(
            OCTOBER, Body(composed(counted, knowledge, ZoneInfo("Asia/Bangkok")), counted), "house"
        )
        bulletin = await book.get(number)
        for part, whole in (
            ("all", 2),
            ("interest:jobs", 2),
            ("interest:loans", 1),
            ("province:nan", 1),
            ("province:phrae", 0),
        ):
            plan = await book.plan(bulletin, Part.parse(part))
            assert plan.whole == whole, part
    finally:
        store.close()


def test_an_interest_that_there_is_not_is_refused():
    with pytest.raises(Refused, match="interest is one of"):
        Part.parse("interest:football")
