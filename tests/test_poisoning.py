"""Reports move a verdict as far as they honestly may, whoever sends how many of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_cast import (
    ABOUT_STRANGER,
    MORNING,
    in_browser,
    on_line,
    on_telegram,
    opened,
    report_on,
    reported,
    standings,
    verdict_on,
)
from store_cast import StandingClock

from bot.store import SqlStore
from bot.store.case_types import Decision, DecisionKind
from bot.store.casebook import CaseBook
from content.knowledge import Knowledge
from content.reported import MOST_ADDED, Standing, Subject
from content.verdict import Level, judge, settle
from handlers.check import packed, unpacked
from handlers.officials import Official, Role

BANK = "02-888-8888"
ABOUT_BANK = f"เบอร์ {BANK} โทรมา"
NAT = Official(1, "nat", Role.EDITOR)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(MORNING)


@pytest.fixture
def store(tmp_path: Path, clock: StandingClock) -> Iterator[SqlStore]:
    house = opened(tmp_path, clock)
    yield house
    house.close()


async def test_fifty_reports_by_one_person_change_nothing(store, clock, knowledge: Knowledge) -> None:
    for about in (ABOUT_STRANGER, ABOUT_BANK):
        before = await verdict_on(store, about, knowledge)
        for _ in range(50):
            await reported(store, report_on(about, knowledge), on_line(1))
            clock.on(hours=7)
        assert await verdict_on(store, about, knowledge) == before


async def test_five_who_agreed_make_a_word_of_caution_of_an_unknown_number(store, clock, knowledge: Knowledge) -> None:
    before = await verdict_on(store, ABOUT_STRANGER, knowledge)
    assert before.level is Level.NOT_KNOWN
    for _ in range(10):
        await reported(store, report_on(ABOUT_STRANGER, knowledge), *map(on_line, range(5)))
        clock.on(minutes=1)
    after = await verdict_on(store, ABOUT_STRANGER, knowledge)
    assert after.level is Level.WARNING_SIGNS, "a caution, never a known scam"
    assert after.reasons[0].tell.en == ("People reported this number: seen 5 times by 5 people, last on 20/11/2026")
    assert after.reasons[0].quote == "081-000-1234"


async def test_nobody_is_heard_against_a_bank(store, clock, knowledge: Knowledge) -> None:
    before = await verdict_on(store, ABOUT_BANK, knowledge)
    for day in range(5):
        everybody = [*map(on_line, range(50)), *map(on_telegram, range(50)), *map(in_browser, range(20))]
        await reported(store, report_on(ABOUT_BANK, knowledge), *everybody[day::5])
        clock.on(days=1)
    assert await verdict_on(store, ABOUT_BANK, knowledge) == before
    assert await standings(store, ABOUT_BANK, knowledge) == []
    page = await CaseBook(store.foundation).queue()
    assert page.rows and all(row.guarded for row in page.rows), "it goes to review instead"


async def test_an_officials_word_convicts_no_bank_either(store, knowledge: Knowledge) -> None:
    before = await verdict_on(store, ABOUT_BANK, knowledge)
    await reported(store, report_on(ABOUT_BANK, knowledge), *map(on_line, range(5)))
    book = CaseBook(store.foundation)
    [row] = (await book.queue()).rows
    await book.decide(row.id, row.version, Decision(DecisionKind.SCAM), NAT)
    assert await verdict_on(store, ABOUT_BANK, knowledge) == before


def test_what_stands_in_the_directory_is_guarded_whatever_anybody_hands_in(knowledge: Knowledge) -> None:
    for text, subject in (
        (ABOUT_BANK, Subject("phone", "028888888")),
        ("ดูที่ https://www.kasikornbank.com/th", Subject("domain", "kasikornbank.com")),
        ("ดูที่ https://facebook.com/somebody", Subject("domain", "facebook.com")),
    ):
        slander = Standing(subject, 900, 900, MORNING.date(), MOST_ADDED, confirmed=True, entry="parcel-fee-link")
        assert judge(text, knowledge, reported=[slander]) == judge(text, knowledge)


async def test_fifty_browsers_of_one_script_change_nothing(store, clock, knowledge: Knowledge) -> None:
    before = await verdict_on(store, ABOUT_STRANGER, knowledge)
    for number in range(50):
        await reported(store, report_on(ABOUT_STRANGER, knowledge), in_browser(number))
        clock.on(hours=5)
    assert await verdict_on(store, ABOUT_STRANGER, knowledge) == before
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1))
    assert await verdict_on(store, ABOUT_STRANGER, knowledge) == before, "with one accomplice they are two"


async def test_nobody_is_crowded_out_by_whom_a_scammer_pays(store, clock, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), *map(on_line, range(4)))
    [before] = await standings(store, ABOUT_STRANGER, knowledge)
    for number in range(60):
        await reported(store, report_on(ABOUT_STRANGER, knowledge), in_browser(number), on_telegram(1))
    [after] = await standings(store, ABOUT_STRANGER, knowledge)
    assert after.added >= before.added > 0 and after.reporters == 6


async def test_browsers_count_as_one_in_what_is_said(store, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), *map(in_browser, range(40)), on_line(1), on_line(2))
    [said] = await standings(store, ABOUT_STRANGER, knowledge)
    assert (said.times, said.reporters) == (3, 3) and said.added > 0


async def test_who_agreed_on_one_day_weighs_less_than_who_did_not(store, clock, knowledge: Knowledge) -> None:
    together, apart = "โทรจาก 081-000-1111", "โทรจาก 081-000-2222"
    await reported(store, report_on(together, knowledge), *map(on_line, range(4)))
    for number in range(4):
        clock.on(days=1)
        await reported(store, report_on(apart, knowledge), (on_line, on_telegram)[number % 2](number))
    [one], [other] = await standings(store, together, knowledge), await standings(store, apart, knowledge)
    assert 0 < one.added < other.added <= MOST_ADDED


async def test_reports_fade_until_they_say_nothing(store, clock, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), *map(on_line, range(5)))
    added = []
    for _ in range(4):
        [said] = await standings(store, ABOUT_STRANGER, knowledge)
        added.append(said.added)
        clock.on(days=60)
    assert added == sorted(added, reverse=True) and added[0] > added[1] > 0 == added[-1]


async def test_a_thousand_reports_make_no_known_scam(store, clock, knowledge: Knowledge) -> None:
    text = "โอนเข้าบัญชีกสิกร 123-4-56789-0 ค่าจองห้อง ขอบคุณค่ะ"
    for day in range(4):
        await reported(store, report_on(text, knowledge), *map(on_line, range(day * 25, day * 25 + 25)))
        clock.on(days=1)
    [said] = await standings(store, text, knowledge)
    assert (said.reporters, said.added, said.confirmed) == (100, MOST_ADDED, False)
    assert (await verdict_on(store, text, knowledge)).level is not Level.KNOWN_SCAM


def test_no_tap_turns_reports_into_a_known_scam(knowledge: Knowledge) -> None:
    said = Standing(Subject("phone", "0810001234"), 9, 9, MORNING.date(), MOST_ADDED)
    text = "มีเบอร์ 081-000-1234 โทรมาบอกว่าเป็นไปรษณีย์ บอกว่ามีพัสดุ"
    for language in knowledge.phrases["menu_title"].model_fields_set:
        verdict = judge(text, knowledge, reported=[said])
        if verdict.pending is None:
            continue
        remembered = unpacked(packed(verdict.pending))
        assert remembered == verdict.pending, language
        for tap in ("transfer", "code", *(each.entry for each in remembered.candidates)):
            alone = settle(replace(remembered, reported=0.0), tap, knowledge)
            assert (settle(remembered, tap, knowledge).level is Level.KNOWN_SCAM) == (alone.level is Level.KNOWN_SCAM)


async def test_one_who_slips_anothers_number_into_a_case_convicts_nobody(store, knowledge: Knowledge) -> None:
    scam, victim = "โทร 081-000-7777 ด่วน", "ร้านเรา 081-000-8888"
    honest = report_on(scam, knowledge)
    sly = replace(honest, named=(*honest.named, *report_on(victim, knowledge).named))
    await reported(store, honest, on_line(1), on_line(2))
    await reported(store, sly, on_line(3))
    book = CaseBook(store.foundation)
    [row] = (await book.queue()).rows
    await book.decide(row.id, row.version, Decision(DecisionKind.SCAM), NAT)
    assert (await verdict_on(store, scam, knowledge)).level is Level.KNOWN_SCAM
    assert await verdict_on(store, victim, knowledge) == judge(victim, knowledge)


async def test_who_says_that_our_alarm_was_wrong_does_not_accuse(store, knowledge: Knowledge) -> None:
    text = "คุณได้รับรางวัล โอนค่าภาษีมาที่ 081-000-9999 ด่วน บอก OTP ด้วย"
    report = report_on(text, knowledge, disputes=True)
    assert report.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS)
    await reported(store, report, *map(on_line, range(6)))
    assert await standings(store, text, knowledge) == []


def test_nothing_that_is_said_of_reports_calls_anything_safe(knowledge: Knowledge) -> None:
    told = [both for name, both in knowledge.tells.items() if name.startswith(("reported_", "confirmed_"))]
    assert len(told) == 10
    assert not any("ปลอดภัย" in each.th or "safe" in each.en.lower() for each in told)
