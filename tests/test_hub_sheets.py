"""Monday's sheet of a hub: what came in, what was answered, what rises nearby, one exercise; once, and caught up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from case_cast import FOUND_SCAM, PORNTHIP
from conversing import within_the_limits, words
from store_cast import SECRET, change, rows
from village import GRANNY, NIDA, SCAM, STRANGER, ZONE, Village

from bot.store import SqlStore
from bot.store.casebook import CaseBook
from bot.store.hub_sheets import SheetBook
from bot.store.hubs import HubBook
from content.loading import Knowledge
from content.models import Language, ScamType
from handlers.drill_types import Choice
from handlers.hub_types import Hub
from handlers.messages import Address, Platform
from handlers.wording import Voice
from scheduler import hub_sheets
from scheduler.hub_sheets import HubWeek, monday_due, rising, sheet

# Monday, 30 November 2026, eight in the morning in Bangkok. The tests' clock begins on Sunday, the 22nd.
MONDAY = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
WEDNESDAY_BEFORE = MONDAY - timedelta(days=5)
CENTRE = Hub(7, "ศูนย์ตัวอย่างบ้านสวน", province="chiang-mai")
FULL = HubWeek(
    CENTRE,
    date(2026, 11, 30),
    levels={"known_scam": 14, "warning_signs": 5, "not_known": 3},
    types={"parcel": 9, "loan": 4, "job_task": 2, "romance": 1},
    reports=3,
    answered=tuple(
        (f"RT-2026-00000{n}", kind) for n, kind in enumerate(("scam", "not_a_scam", "cant_tell", "new_entry"))
    ),
    nearby={"parcel": (12, 6), "loan": (5, 4), "job_task": (4, 0), "romance": (8, 9)},
    drills={Choice.ASK: 4, Choice.IGNORE: 3, Choice.DO: 5},
    theme=ScamType.PARCEL,
)


@pytest.fixture
async def village(url: str, knowledge: Knowledge) -> AsyncIterator[Village]:
    opened = Village.open(url, knowledge)
    yield opened
    opened.store.close()


async def send(village: Village, store: SqlStore | None = None) -> int:
    book = SheetBook((store or village.store).foundation)
    return await hub_sheets.send(book, village.knowledge, village.clock.now(), ZONE)


async def hub(village: Village, *members: Address, name: str = "ศูนย์ตัวอย่างบ้านสวน", province: str = "chiang-mai") -> Hub:
    """A hub with members, from before the week that is told of."""
    opened = await HubBook(village.store.foundation).add(Hub(0, name, province=province), "operator")
    for who in members:
        await village.says(who, "/start")
        key = village.store.foundation.identity.person(who)
        joined = f"insert into hub_members (person, hub, role, joined_at) values ('{key}', {opened.hub.id}, 'member', '2026-11-22')"
        change(village.url, joined)
    return opened.hub


# --- when ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "hour", "due"),
    [
        (30, 0, None), (30, 1, date(2026, 11, 30)), (30, 10, date(2026, 11, 30)), (30, 11, None), (29, 5, None),
        (28, 5, None), (27, 5, date(2026, 11, 23)), (23, 1, date(2026, 11, 23)), (26, 22, None), (27, 1, date(2026, 11, 23)),
    ],
)  # fmt: skip
def test_mondays_at_eight_and_what_was_missed_by_day_until_friday(day: int, hour: int, due: date | None) -> None:
    assert monday_due(datetime(2026, 11, day, hour, 0, tzinfo=UTC), ZONE) == due


async def test_it_comes_once_a_week_to_each_member_who_wants_it(village: Village) -> None:
    await hub(village, GRANNY, NIDA, STRANGER)
    await village.taps(STRANGER, "hub:sheet:off")
    village.clock.moment = MONDAY - timedelta(minutes=1)
    assert await send(village) == 0
    village.clock.moment = MONDAY
    assert await send(village) == 2 and await send(village) == 0
    assert len(await village.post(GRANNY)) == 1 and await village.post(STRANGER) == []
    village.clock.on(days=7)
    assert await send(village) == 2


async def test_a_missed_monday_is_caught_up_on_tuesday_and_left_out_after_friday(village: Village) -> None:
    await hub(village, GRANNY)
    village.clock.moment = MONDAY + timedelta(days=1, hours=3)
    assert await send(village) == 1
    village.clock.on(days=4, hours=7)
    assert await send(village) == 0


async def test_two_processes_write_it_once(village: Village, url: str) -> None:
    for number in range(6):
        await hub(village, Address(Platform.LINE, f"U{number}", f"U{number}"), name=f"ศูนย์ {number}")
    village.clock.moment = MONDAY
    again = SqlStore.open(url, [SECRET], village.clock)
    sent = await asyncio.gather(*(send(village, each) for each in [again, village.store] * 4))
    again.close()
    assert sum(sent) == 6 and [row["letters"] for row in rows(url, "hub_sheets")] == [1] * 6


async def test_a_new_hub_a_closed_one_and_who_cannot_be_reached_get_none(village: Village) -> None:
    closed = await hub(village, GRANNY, name="ศูนย์ที่ปิด")
    await HubBook(village.store.foundation).close(closed.name, "operator")
    await hub(village, NIDA)
    await village.blocks(NIDA)
    village.clock.moment = MONDAY + timedelta(hours=1)
    await hub(village, STRANGER, name="ศูนย์ใหม่")
    assert await send(village) == 0
    village.clock.on(days=7)
    assert await send(village) == 1


# --- what ---------------------------------------------------------------------------------------------------------------
async def test_it_tells_of_the_week_before_and_of_nothing_else(village: Village, url: str) -> None:
    await hub(village, GRANNY)
    await village.says(GRANNY, SCAM)
    village.clock.moment = WEDNESDAY_BEFORE
    for _ in range(2):
        await village.says(GRANNY, SCAM)
    await village.says(GRANNY, "รายงาน")
    await village.says(GRANNY, "ยินยอม")
    await village.says(GRANNY, "มีคนโทรมาบอกว่าพัสดุติดศุลกากร ให้จ่าย 38 บาท ที่ parcel-pay-th.example วันนี้เลย")
    await village.says(GRANNY, "ยกเลิก")
    book = CaseBook(village.store.foundation)
    file = await book.case(1)
    assert file is not None
    await book.decide(1, file.row.version, FOUND_SCAM, PORNTHIP)
    village.clock.moment = MONDAY
    await village.says(GRANNY, SCAM)
    assert await send(village) == 1
    letter = (await village.post(GRANNY))[-1]
    told = words(letter)
    asked = int(re.findall(r"ส่งมาถาม (\d+)", told)[0])
    assert asked in (2, 3), "those of Wednesday, and neither Sunday's nor this morning's"
    number = str(rows(url, "reports")[0]["number"])
    assert f"{number} เป็นกลโกง" in told and "แจ้งให้เจ้าหน้าที่ดูแล้ว 1" in told and "พัสดุ" in told
    assert "parcel-pay" not in told and "38" not in told, "figures, and nobody's words"


async def test_what_rises_nearby_comes_from_the_provinces_reports(village: Village, url: str) -> None:
    await hub(village, GRANNY)
    village.clock.moment = WEDNESDAY_BEFORE
    texts = ("ก", "ข", "ค", "ง", "จ", "ฉ")
    for number, letter in enumerate(texts):
        who = Address(Platform.LINE, f"Unear{number}", f"Unear{number}")
        await village.says(who, "รายงาน")
        await village.says(who, "ยินยอม")
        await village.says(who, f"{SCAM} {letter * 20}")
    change(url, "update reports set province = 'chiang-mai', type = 'parcel'")
    village.clock.moment = MONDAY
    await send(village)
    told = words((await village.post(GRANNY))[-1])
    assert "เชียงใหม่" in told and re.search(r"6 เรื่อง เพิ่มขึ้นจากสัปดาห์ก่อน", told)
    change(url, "update reports set province = 'krabi'")
    village.clock.on(days=7)
    await send(village)
    assert "ไม่มีเรื่องไหนที่มีคนแจ้งเพิ่มขึ้น" in words((await village.post(GRANNY))[-1])


def test_small_numbers_are_not_told() -> None:
    found = {each.type: (each.count, each.before) for each in rising(FULL.nearby)}
    assert found == {"parcel": (12, 6), "loan": (5, None)}, (
        "four are a family; what fell does not rise; before: too few"
    )


@pytest.mark.parametrize("language", Language)
def test_the_whole_sheet_in_both_languages(knowledge: Knowledge, language: Language) -> None:
    reply = sheet(FULL, Voice(knowledge, language))
    within_the_limits(reply)
    told = words(reply)
    assert "{" not in told and len(told) < 1500
    for said in ("22", "14", "23/11", "29/11", "RT-2026-000000", "12"):
        assert said in told, said
    english = told.replace(CENTRE.name, "")
    assert bool(re.search("[ก-๙]", english)) is (language is Language.THAI)
    assert [each.value for each in reply.buttons] == ["drill:next", "drill:on", "hub:sheet:off"]


def test_practice_is_told_only_where_nobodys_answer_can_be_read_from_it(knowledge: Knowledge) -> None:
    voice = Voice(knowledge, Language.THAI)
    heading = voice.say("sheet_practised_title")
    assert heading in words(sheet(FULL, voice))
    for drills in ({Choice.ASK: 4, Choice.DO: 5}, {Choice.ASK: 9}, {Choice.ASK: 12, Choice.DO: 1}, {}):
        assert heading not in words(sheet(HubWeek(CENTRE, FULL.monday, drills=drills), voice))


def test_a_week_in_which_nothing_came_in_says_so(knowledge: Knowledge) -> None:
    told = words(sheet(HubWeek(Hub(1, "ศูนย์เล็ก"), FULL.monday), Voice(knowledge, Language.THAI)))
    assert "ไม่มีข้อความเข้ามา" in told and "แบบฝึก" in told
