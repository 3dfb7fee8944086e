"""Who sends very much is slowed and told so once, is never left without an answer, and floods neither queue nor server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import House, house_of
from conversing import BANGKOK
from ledger_cast import ABOUT_STRANGER, in_browser, on_line, opened, report_on, reported
from store_cast import StandingClock
from talk import InBrowser, OnLine

from bot import pacing
from bot.doors import Doors, asking
from bot.pace import Buckets, Rate
from bot.store.limits import Limits
from content.knowledge import Knowledge
from content.models import Language
from handlers.limits import Allowance, Filed, Limit, LimitKind, Reporter, in_need, within
from handlers.messages import Kind, Message, Outcome, Platform, Session
from handlers.report import CONSENT, Terms
from handlers.wording import Voice

SAID_SLOWED = "ตอบช้าลง"
TERMS = Terms(180, BANGKOK)


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[House]:
    async with house_of(tmp_path, reports_per_day=2, checks_per_minute=6) as running:
        yield running


# --- buckets ----------------------------------------------------------------------------------------------------------
def test_a_bucket_gives_its_burst_and_then_one_at_a_time() -> None:
    bucket: Buckets[str] = Buckets(Rate(3, 2.0))
    assert [bucket.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    assert bucket.take("b", 0.0) == 0.0, "everybody has their own"
    assert bucket.take("a", 1.0) == 1.0 and bucket.take("a", 2.0) == 0.0


def test_who_borrows_waits_longer_each_time_and_is_told_once_until_all_is_paid_back() -> None:
    bucket: Buckets[str] = Buckets(Rate(2, 1.0))
    assert [bucket.borrow("a", 0.0) for _ in range(4)] == [0.0, 0.0, 1.0, 2.0]
    assert bucket.first_time("a") and not bucket.first_time("a")
    assert bucket.borrow("a", 60.0) == 0.0 and bucket.first_time("a")


def test_buckets_forget_who_is_quiet_and_never_grow_beyond_bounds() -> None:
    bucket: Buckets[int] = Buckets(Rate(3, 1.0))
    for number in range(25_000):
        bucket.take(number, 0.0)
    assert len(bucket) <= 10_000
    for number in range(10_001):
        bucket.take(-number, 100.0)
    assert len(bucket) <= 10_001


# --- people -----------------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_a_flood_is_answered_to_the_last_message_more_slowly_and_told_once(house: House) -> None:
    person = OnLine(house, "Uflood")
    first = time.perf_counter()
    heard = [await person.says("สวัสดี") for _ in range(pacing.PACE.burst)]
    assert not any(SAID_SLOWED in each.text for each in heard)
    told = False
    while not told:
        # On a slow machine the burst itself took so long that a few more came free.
        free = (time.perf_counter() - first) / pacing.PACE.seconds
        assert len(heard) <= pacing.PACE.burst + free
        began = time.perf_counter()
        heard.append(await person.says("สวัสดี"))
        told = SAID_SLOWED in heard[-1].text
    again = await person.says("สวัสดี")
    assert time.perf_counter() - began > pacing.PACE.seconds
    assert SAID_SLOWED not in again.text
    before = len(house.line.answers)
    await house.line.send(*(house.line.text_event("Uflood", "สวัสดี") for _ in range(5)))
    other = await OnLine(house, "Uquiet").says("สวัสดี")
    assert SAID_SLOWED not in other.text
    assert len([each for each in house.line.answers[before:] if each.to == "Uflood"]) < 5, "nobody waits behind a flood"


async def test_who_has_lost_money_waits_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than anybody here waits for an answer.
    monkeypatch.setattr(pacing, "PACE", Rate(3, 600.0))
    monkeypatch.setattr(pacing, "SLOWED_SECONDS", 600.0)
    async with house_of(tmp_path) as house:
        person = OnLine(house, "Upaid")
        for _ in range(pacing.PACE.burst):
            await person.says("สวัสดี")
        assert "1441" in (await person.says("โอนเงินไปแล้ว")).text


async def test_forwards_that_come_while_somebody_waits_are_gathered_as_ever(house: House) -> None:
    person = OnLine(house, "Uforwards")
    for _ in range(pacing.PACE.burst):
        await person.says("สวัสดี")
    before = len(house.line.called("reply"))
    texts = [f"พัสดุของคุณติดด่านศุลกากร กดลิงก์ชำระค่าธรรมเนียม post-th{number}.example" for number in range(18)]
    await house.line.send(*(house.line.text_event("Uforwards", text) for text in texts))
    await house.line.until_called("reply", before + 1)
    assert not await house.bot.store.waiting(), "none of them waits for another answer"
    await asyncio.sleep(0.2)
    assert len(house.line.called("reply")) == before + 1, "one answer for all eighteen"


async def test_whom_an_official_slowed_waits_and_whom_nobody_did_does_not(house: House) -> None:
    house.bot.inbox.pacing.slowed_seconds = 1.0
    person = OnLine(house, "Uslow")
    for _ in range(pacing.SELDOM):
        await person.says("สวัสดี")
    foundation = house.bot.store.foundation
    key = foundation.identity.of_person(Platform.LINE, "Uslow")
    await Limits(foundation).set(key, LimitKind.SLOWED, "writes all day", "nat")
    began = time.perf_counter()
    assert SAID_SLOWED in (await person.says("สวัสดี")).text
    assert time.perf_counter() - began >= 1.0
    assert await Limits(foundation).lift((await Limits(foundation).all())[0].label, "nat")
    # Longer than anybody here waits for an answer.
    house.bot.inbox.pacing.slowed_seconds = 600.0
    await person.says("สวัสดี")


# --- reports ----------------------------------------------------------------------------------------------------------
async def files(person: OnLine | InBrowser, text: str) -> str:
    await person.says("รายงาน")
    await person.taps("consent:yes")
    heard = await person.says(text)
    await person.says("ยกเลิก")
    return heard.text


async def test_the_third_report_of_a_day_is_kindly_refused_and_the_person_can_still_ask(busy: House) -> None:
    person = OnLine(busy, "Ureporter")
    told = [await files(person, f"แจ้งเบอร์ 081-000-{n}234 โทรมาหลอกเรื่องพัสดุตกค้าง") for n in range(3)]
    assert ["เลขที่รับเรื่อง" in each for each in told] == [True, True, False]
    heard = await person.says("รายงาน")
    assert "พรุ่งนี้" in heard.text and "1441" in heard.text and "ยินยอม" not in heard.buttons
    assert len(await busy.bot.store.cases(on_line_named("Ureporter"))) == 2
    assert "1441" in (await person.says("โอนเงินไปแล้ว")).text


def on_line_named(name: str) -> object:
    return replace(on_line(0), chat=name, person=name)


async def test_who_is_blocked_hears_why_and_what_still_works(busy: House) -> None:
    foundation = busy.bot.store.foundation
    key = foundation.identity.of_person(Platform.LINE, "Uspammer")
    await Limits(foundation).set(key, LimitKind.BLOCKED, "ninety jokes", "nat")
    person = OnLine(busy, "Uspammer")
    told = (await person.says("รายงาน")).text
    assert "ขออนุญาต" not in told and "เข้าใจผิด" in told and "ninety" not in told
    assert "คำถามก่อนหน้า" in (await person.taps("consent:yes")).text, "no way round it"
    assert "1441" in (await person.says("โอนเงินไปแล้ว")).text
    assert "1441" in (await person.says("คุณได้รับรางวัลใหญ่ โอนค่าภาษีก่อน 3,900 บาท")).text


REFUSALS = [
    (Platform.LINE, None, Filed(20), "report_enough"),
    (Platform.WEB, None, Filed(5, 5), "report_enough"),
    (Platform.WEB, None, Filed(0, 500), "report_web_full"),
    (Platform.LINE, Limit(LimitKind.BLOCKED), Filed(), "report_blocked"),
]


@pytest.mark.parametrize(("platform", "limit", "filed", "why"), REFUSALS)
@pytest.mark.parametrize("language", list(Language))
def test_a_refusal_keeps_what_was_at_hand_and_files_nothing(platform, limit, filed, why, language, knowledge) -> None:
    before, now = Session(asked="ข้อความ", asked_at=StandingClock().now(), step="report:message"), StandingClock().now()
    outcome = Outcome(Session(step="report:came_by"), report=report_on(ABOUT_STRANGER, knowledge))
    who, voice = Reporter(platform, limit, filed, Allowance()), Voice(knowledge, language)
    refused = within(outcome, before, who, voice, now, TERMS)
    assert refused.report is None and refused.reply is not None
    assert refused.reply.title == knowledge.phrases[f"{why}_title"].in_(language)
    assert (refused.session.step, refused.session.asked) == ("", "ข้อความ")
    assert any(button.value == "1441" for button in refused.reply.buttons)


def test_what_was_sent_only_to_be_reported_is_at_hand_after_a_refusal_and_can_be_checked(knowledge: Knowledge) -> None:
    before, now = Session(step="report:message"), StandingClock().now()
    report = replace(report_on(ABOUT_STRANGER, knowledge), words="ข้อความที่เพิ่งส่งมา")
    who = Reporter(Platform.LINE, None, Filed(20), Allowance())
    refused = within(Outcome(Session(), report=report), before, who, Voice(knowledge, Language.THAI), now, TERMS)
    assert (refused.session.asked, refused.session.asked_at) == ("ข้อความที่เพิ่งส่งมา", now)
    assert refused.reply is not None and "asked" in [each.value for each in refused.reply.quick]
    assert "ข้อความที่เพิ่งส่งมา" not in repr(report), "a log shall not quote it"


def test_a_block_with_an_end_says_from_which_day_reports_are_taken_again(knowledge: Knowledge) -> None:
    now = StandingClock().now()
    limit = Limit(LimitKind.BLOCKED, datetime(2027, 2, 20, 20, 0, tzinfo=UTC))
    outcome, voice = Outcome(Session(step=CONSENT)), Voice(knowledge, Language.ENGLISH)
    refused = within(outcome, Session(), Reporter(Platform.LINE, limit, Filed(), Allowance()), voice, now, TERMS)
    assert refused.reply is not None and refused.session.step == ""
    assert "21/02/2027" in str(refused.reply.sections[0].lines), "in the house's own day"


@pytest.mark.parametrize("platform", list(Platform))
def test_up_to_the_allowance_every_report_is_taken(platform: Platform, knowledge: Knowledge) -> None:
    outcome = Outcome(Session(), report=report_on(ABOUT_STRANGER, knowledge))
    slowed, voice, allowed = Limit(LimitKind.SLOWED), Voice(knowledge, Language.THAI), Allowance()
    filed = Filed(allowed.of(platform) - 1, 499)
    who, now = Reporter(platform, slowed, filed, allowed), StandingClock().now()
    assert within(outcome, Session(), who, voice, now, TERMS) is outcome


async def test_a_day_is_the_last_24_hours_and_browsers_are_counted_together(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    clock = StandingClock()
    store = opened(tmp_path, clock)
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1), on_line(1), in_browser(1), in_browser(2))
    assert await store.filed(on_line(1)) == Filed(2) and await store.filed(in_browser(1)) == Filed(1, 2)
    clock.on(hours=24, minutes=1)
    assert await store.filed(on_line(1)) == Filed() and await store.filed(in_browser(1)) == Filed()
    store.close()


async def test_limits_are_set_shown_ended_and_written_down(tmp_path: Path) -> None:
    clock = StandingClock()
    store = opened(tmp_path, clock)
    limits, person = Limits(store.foundation), store.foundation.identity.person(on_line(1))
    with pytest.raises(ValueError, match="reason"):
        await limits.set(person, LimitKind.SLOWED, " ", "nat")
    await limits.set(person, LimitKind.SLOWED, "too much", "nat", until=clock.now() + timedelta(days=1))
    [shown] = await limits.all()
    assert (shown.kind, shown.reason, shown.made_by) == (LimitKind.SLOWED, "too much", "nat")
    assert person.startswith(shown.label) and len(shown.label) < len(person) / 2
    assert await limits.of(on_line(1)) == Limit(LimitKind.SLOWED, shown.until)
    assert not await limits.lift("", "nat") and not await limits.lift(shown.label[:4], "nat")
    clock.on(days=2)
    assert await limits.of(on_line(1)) is None and await limits.all() == ()
    await limits.set(person, LimitKind.BLOCKED, "again", "mali")
    assert await limits.lift(shown.label, "mali", "a mistake") and await limits.of(on_line(1)) is None
    store.close()


def test_need_is_heard_in_words_and_in_taps(knowledge: Knowledge) -> None:
    now = StandingClock().now()

    def message(text: str = "", tap: str = "") -> Message:
        return Message(on_line(1), "e", Kind.TAP if tap else Kind.TEXT, now, text=text, data=tap)

    words = knowledge.words
    assert in_need(message("โอนเงินไปแล้ว"), words) and in_need(message("i paid"), words)
    assert in_need(message(tap="paid"), words) and in_need(message(tap="paid:transfer"), words)
    assert not in_need(message("สวัสดี"), words) and not in_need(message(tap="report"), words)


# --- over HTTP --------------------------------------------------------------------------------------------------------
async def ask_api(house: House, address: str) -> tuple[int, dict[str, str], dict[str, object]]:
    headers = {"X-Forwarded-For": address}
    async with house.http.post(f"{house.url}/api/v1/check", json={"text": "สวัสดีครับ"}, headers=headers) as answer:
        return answer.status, dict(answer.headers), await answer.json(content_type=None)


async def test_an_address_that_asks_too_often_hears_when_to_go_on(busy: House) -> None:
    answers = [await ask_api(busy, "203.0.113.7") for _ in range(7)]
    assert [status for status, _, _ in answers] == [200] * 6 + [429]
    _, headers, problem = answers[-1]
    assert headers["Content-Type"] == "application/problem+json" and 1 <= int(headers["Retry-After"]) <= 10
    assert problem["status"] == 429 and "สวัสดี" not in str(problem)
    assert (await ask_api(busy, "203.0.113.8"))[0] == 200, "another address has its own"


async def test_this_machine_itself_is_not_limited(busy: House) -> None:
    for _ in range(12):
        async with busy.http.post(f"{busy.url}/api/v1/check", json={"text": "สวัสดีครับ"}) as answer:
            assert answer.status == 200


async def test_a_browser_that_sends_too_much_is_asked_to_wait_in_a_bubble_and_in_a_page(busy: House) -> None:
    async def post(**form: str) -> tuple[int, str]:
        headers = {"X-Forwarded-For": "203.0.113.9"}
        async with busy.http.post(f"{busy.url}/chat?lang=th", data=form, headers=headers) as answer:
            return answer.status, await answer.text()

    # A moment only, however slow the machine.
    busy.bot.doors = Doors(6, seconds=lambda: 0.0)
    answers = [await post(text="สวัสดี", fragment="1") for _ in range(31)]
    assert [status for status, _ in answers] == [200] * 30 + [429]
    assert "รอสักครู่" in answers[-1][1] and "1441" in answers[-1][1]
    status, page = await post(text="สวัสดี")
    assert status == 429 and "<html" in page and "รอสักครู่" in page
    status, page = await post(tap="paid", fragment="1")
    assert status == 200 and "1441" in page, "who has lost money is never asked to wait"


async def test_a_household_shares_its_network_and_a_broken_address_is_one_address() -> None:
    def request(host: str | None) -> object:
        from starlette.requests import Request

        return Request({"type": "http", "headers": [], "client": (host, 1) if host is not None else None})

    assert asking(request("127.0.0.1")) == asking(request("::1")) == ""
    assert (
        asking(request("2001:db8:1:2:aaaa::1"))
        == asking(request("2001:db8:1:2:bbbb::2"))
        != asking(request("2001:db8:1:3::1"))
    )
    assert asking(request("nonsense")) == asking(request(None)) == "unknown"
    doors = Doors(1, seconds=lambda: 0.0)
    assert await doors.check(request("198.51.100.1")) == 0.0 and await doors.check(request("198.51.100.1")) == 60.0
