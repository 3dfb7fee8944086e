"""Practice: harmless, marked from the first line, resolved in the same chat, counted once and only as totals."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import House, house_of
from conversing import within_the_limits, words
from store_cast import SECRET, rows
from talk import InBrowser, OnLine, OnTelegram, presses
from village import BROWSER, FAMILY, GRANNY, NIDA, STRANGER, ZONE, Village

from bot.store import SqlStore
from bot.store.drills import DrillBook
from bot.store.figures import Figures
from bot.store.hubs import HubBook
from content import identifiers
from content.cleaning import readable
from content.drills import chosen
from content.loading import Knowledge
from content.models import Language, ScamType
from handlers import drill
from handlers.drill_types import Choice
from handlers.hub_types import Hub
from handlers.messages import Address, ButtonKind, Platform
from handlers.wording import Voice
from scheduler import drills
from scheduler.trends import Counted, Dimension, Month, MonthFigures

# Noon of the tenth in Bangkok.
TENTH = datetime(2026, 12, 10, 5, 0, tzinfo=UTC)
NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)


@pytest.fixture
async def village(url: str, knowledge: Knowledge) -> AsyncIterator[Village]:
    opened = Village.open(url, knowledge)
    yield opened
    opened.store.close()


@dataclass
class Trends:
    """Figures of given months: the types that were warned of, and how often (None: suppressed)."""

    months: Mapping[Month, tuple[tuple[str, int | None], ...]] = field(default_factory=dict)

    async def month(self, month: Month) -> MonthFigures:
        rows = tuple(Counted(key, count, None) for key, count in self.months.get(month, ()))
        return MonthFigures(month, True, TENTH, {}, {Dimension.TYPE: rows}, None, {})

    async def days(self, first: date, last: date) -> tuple[()]:
        return ()


async def send(village: Village, book: DrillBook | None = None) -> int:
    return await drills.send(book or village.store.drills, village.knowledge, village.clock.now(), ZONE)


async def joined(village: Village, who: Address = GRANNY) -> None:
    """Has practised once and wants one every month."""
    await village.says(who, "ฝึก")
    await village.presses(who, "ไม่ทำตาม")
    assert "เดือนละหนึ่งข้อ" in await village.presses(who, "ฝึกทุกเดือน")


# --- the drills themselves ----------------------------------------------------------------------------------------------
def test_every_drill_is_harmless(knowledge: Knowledge) -> None:
    """No link, no number that can be called or paid to, no name of anybody real."""
    assert len(knowledge.drills) >= 15 and ScamType.SEXTORTION not in {d.type for d in knowledge.drills.values()}
    names = {name.casefold() for each in knowledge.organisations.values() for name in (each.name.th, each.name.en)}
    for each in knowledge.drills.values():
        for language in Language:
            text = each.message.in_(language)
            found = [f.kind for f in identifiers.find(readable(text)) if f.kind is not identifiers.Kind.AMOUNT]
            assert not found and not re.search(r"\d{5,}|https?:|www|\.(?:com|th|net)\b|@", text), (each.id, found)
            assert not [name for name in names if name in text.casefold()], each.id
            assert len(text) < 260 and "ปลอดภัย" not in text
            assert len(each.clues.in_(language)) == 3 and all(len(clue) < 80 for clue in each.clues.in_(language))
        assert re.search("[ก-๙]", each.message.th) and not re.search("[ก-๙]", each.message.en + "".join(each.clues.en))


@pytest.mark.parametrize("language", Language)
def test_the_first_line_says_that_it_is_practice_and_so_do_the_words_themselves(
    knowledge: Knowledge, language: Language
) -> None:
    for each in knowledge.drills.values():
        voice = Voice(knowledge, language)
        for reply in (drill.exercise(each, voice), drill.letter(each, voice)):
            within_the_limits(reply)
            mark = "แบบฝึก" if language is Language.THAI else "ractice"
            assert mark in reply.title and reply.summary.startswith(reply.title)
            quoted = reply.sections[1].lines[0][0].text
            assert quoted.count(mark) == 2, "who passes on the words alone passes the mark on as well"
            assert all(button.kind is ButtonKind.TAP for button in reply.buttons) and len(words(reply)) < 900


def test_the_theme_comes_first_and_nothing_twice_until_all_are_done(knowledge: Knowledge) -> None:
    done: set[str] = set()
    first = chosen(knowledge.drills, ScamType.ROMANCE, done)
    assert first is not None and first.type is ScamType.ROMANCE
    for _ in knowledge.drills:
        one = chosen(knowledge.drills, ScamType.ROMANCE, done)
        assert one is not None and one.type.value not in done
        done.add(one.type.value)
    again = chosen(knowledge.drills, ScamType.ROMANCE, done)
    assert again == first and chosen({}, None) is None
    assert chosen(knowledge.drills, ScamType.SEXTORTION) == next(iter(knowledge.drills.values()))


# --- practising ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("choice", Choice)
async def test_whatever_one_chooses_it_is_resolved_at_once_and_without_blame(village: Village, choice: Choice) -> None:
    heard = await village.says(GRANNY, "ฝึก")
    assert heard.startswith("แบบฝึก ไม่ใช่เรื่องจริง")
    data = next(each.value for each in village.last[GRANNY].buttons if each.value.endswith(f":{choice}"))
    heard = await village.taps(GRANNY, data)
    assert "นี่คือกลโกง" in heard and "จบแบบฝึกแล้ว" in heard and "อะไรที่ฟ้อง" in heard
    assert "ผิด" not in heard and "แย่" not in heard and "โง่" not in heard


async def test_another_one_is_another(village: Village) -> None:
    seen = set()
    await village.says(GRANNY, "ฝึก")
    for _ in range(len(village.knowledge.drills)):
        seen.add(words(village.last[GRANNY]))
        await village.presses(GRANNY, "ไม่แน่ใจ")
        await village.presses(GRANNY, "ลองอีกข้อ")
    assert len(seen) == len(village.knowledge.drills)


async def test_twice_a_tap_counts_once_and_nobodys_answer_is_kept(village: Village, url: str) -> None:
    for who in (GRANNY, NIDA):
        await village.says(who, "ฝึก")
        first = village.last[who]
        for label in ("ทำตาม", "ไม่ทำตาม", "ทำตาม"):
            await village.presses(who, label, first)
    assert await village.store.drills.totals(0, NOVEMBER) == {Choice.DO: 2}
    assert set(rows(url, "drill_rounds")[0]) == {"person", "month", "type", "answered", "at"}
    assert "do" not in {str(value) for row in rows(url, "drill_rounds") for value in row.values()}


async def test_an_answer_to_nothing_counts_nothing(village: Village) -> None:
    for data in ("drill:parcel:do", "drill:loan:ask", "drill:nothing:do", "drill:parcel:maybe", "drill:x", "drill::"):
        assert await village.taps(STRANGER, data)
    assert await village.store.drills.totals(0, NOVEMBER) == {}


async def test_an_answer_belongs_to_the_month_in_which_the_drill_was_shown(village: Village) -> None:
    await village.says(GRANNY, "ฝึก")
    shown = village.last[GRANNY]
    village.clock.on(days=15)
    await village.presses(GRANNY, "ถามคนอื่น", shown)
    assert await village.store.drills.totals(0, NOVEMBER) == {Choice.ASK: 1}
    assert await village.store.drills.totals(0, DECEMBER) == {}


async def test_totals_are_the_hubs(village: Village) -> None:
    hubs = HubBook(village.store.foundation)
    opened = await hubs.add(Hub(0, "ศูนย์ตัวอย่าง"), "operator")
    await village.says(GRANNY, f"/hub {opened.code}")
    for data in [each.value for each in (*village.last[GRANNY].buttons, *village.last[GRANNY].quick)][:1]:
        await village.taps(GRANNY, data)
    member = await hubs.standing(GRANNY, "")
    assert member.mine is not None
    for who in (GRANNY, NIDA):
        await village.says(who, "ฝึก")
        await village.presses(who, "ถามคนอื่น")
    assert await village.store.drills.totals(member.mine.id, NOVEMBER) == {Choice.ASK: 1}
    assert await village.store.drills.totals(0, NOVEMBER) == {Choice.ASK: 1}


async def test_in_english_and_never_in_a_group(village: Village, url: str) -> None:
    heard = await village.says(NIDA, "practice")
    assert heard.startswith("Practice. This is not real")
    assert "What gave it away" in await village.presses(NIDA, "Do nothing")
    await village.says(FAMILY, "ฝึก")
    assert len(rows(url, "drill_rounds")) == 1


async def test_in_the_browser_one_can_practise_but_not_subscribe(village: Village, url: str) -> None:
    await village.says(BROWSER, "ฝึก")
    await village.presses(BROWSER, "ไม่ทำตาม")
    assert "ฝึกทุกเดือน" not in str(village.last[BROWSER].quick)
    assert "ส่งให้ทุกเดือนไม่ได้" in await village.taps(BROWSER, "drill:on")
    assert rows(url, "drill_members") == []


# --- every month --------------------------------------------------------------------------------------------------------
async def test_who_wants_one_gets_one_a_month_from_the_next_month_on(village: Village) -> None:
    await joined(village)
    assert await send(village) == 0, "this month's was the one just done"
    village.clock.moment = TENTH
    assert await send(village) == 1 and await send(village) == 0
    [letter] = await village.post(GRANNY)
    assert letter.title == "แบบฝึก ไม่ใช่เรื่องจริง" and "เลิกฝึก" in words(letter)
    assert "นี่คือกลโกง" in await village.presses(GRANNY, "ถามคนอื่น", letter)
    assert await village.store.drills.totals(0, DECEMBER) == {Choice.ASK: 1}
    village.clock.moment = TENTH.replace(year=2027, month=1)
    assert await send(village) == 1
    [another] = await village.post(GRANNY)
    assert words(another) != words(letter)


@pytest.mark.parametrize(
    ("day", "hour", "leaves"),
    [(9, 5, 0), (10, 1, 0), (10, 2, 1), (10, 10, 1), (10, 11, 0), (10, 18, 0), (28, 5, 1)],
)
async def test_it_leaves_by_day_from_the_tenth_on_also_when_the_day_was_missed(
    village: Village, day: int, hour: int, leaves: int
) -> None:
    await joined(village)
    village.clock.moment = datetime(2026, 12, day, hour, 0, tzinfo=UTC)
    assert await send(village) == leaves


async def test_who_stops_blocks_or_is_forgotten_gets_none(village: Village, url: str) -> None:
    for who in (GRANNY, NIDA, STRANGER):
        await joined(village, who)
    assert "จะไม่ส่งแบบฝึก" in await village.says(GRANNY, "เลิกฝึก")
    await village.blocks(NIDA)
    await village.store.forget(Platform.LINE, STRANGER.person)
    village.clock.moment = TENTH
    assert await send(village) == 0
    key = village.store.foundation.identity.person(STRANGER)
    assert key not in str(rows(url, "drill_rounds")) + str(rows(url, "drill_members"))
    assert sum((await village.store.drills.totals(0, NOVEMBER)).values()) == 3, "a total has no person to forget"


async def test_two_processes_send_nobody_two(village: Village, url: str) -> None:
    people = [Address(Platform.LINE, f"U{number}", f"U{number}") for number in range(15)]
    for who in people:
        await joined(village, who)
    village.clock.moment = TENTH
    again = SqlStore.open(url, [SECRET], village.clock)
    sent = await asyncio.gather(*(send(village, each) for each in [again.drills, village.store.drills] * 4))
    again.close()
    assert sum(sent) == 15
    assert [len(await village.post(who)) for who in people] == [1] * 15


# --- this month's trend -------------------------------------------------------------------------------------------------
async def test_the_drill_is_about_what_was_warned_of_most(village: Village) -> None:
    months = {NOVEMBER: (("sextortion", 90), ("investment", 40), ("loan", 20))}
    assert await drills.keep_theme(village.store.drills, Trends(months), village.knowledge, NOVEMBER)
    assert "กำไรทุกวัน" in await village.says(GRANNY, "ฝึก"), "there is no drill about the first, and shall be none"
    assert not await drills.keep_theme(village.store.drills, Trends(months), village.knowledge, NOVEMBER)


async def test_a_month_without_figures_goes_on_with_the_last_ones_and_the_first_month_with_any(
    village: Village,
) -> None:
    assert not await drills.keep_theme(village.store.drills, Trends(), village.knowledge, NOVEMBER)
    assert "แบบฝึก" in await village.says(GRANNY, "ฝึก")
    few = {NOVEMBER: (("loan", None),), NOVEMBER.before(): (("romance", 12),)}
    assert await drills.keep_theme(village.store.drills, Trends(few), village.knowledge, NOVEMBER)
    assert "ที่รัก" in await village.says(NIDA, "ฝึก")


async def test_real_figures_will_do(village: Village) -> None:
    figures = Figures(village.store.foundation)
    assert not await drills.keep_theme(village.store.drills, figures, village.knowledge, figures.this_month())
    for number in range(6):
        who = Address(Platform.LINE, f"U{number}", f"U{number}")
        await village.says(
            who, "รับสมัครงานกดไลก์ รายได้วันละ 1,500 บาท ทำที่บ้าน โอนเงินสำรองก่อน 500 บาท ได้คืน 700 แอดไลน์ @job-task-th"
        )
    assert await drills.keep_theme(village.store.drills, figures, village.knowledge, figures.this_month())
    assert (await village.store.practice(GRANNY)).theme is ScamType.JOB_TASK


async def test_old_rounds_are_forgotten(village: Village, url: str) -> None:
    await village.says(GRANNY, "ฝึก")
    village.clock.on(days=61)
    assert await village.store.drills.remove_old() == 0
    village.clock.on(days=2)
    assert await village.store.drills.remove_old() == 1 and rows(url, "drill_rounds") == []


# --- over the platforms -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("platform", [OnLine, OnTelegram])
async def test_the_whole_of_it_over_a_restart(tmp_path: Path, platform) -> None:  # type: ignore[no-untyped-def]
    async with house_of(tmp_path) as house:
        shown = await platform(house).says("ฝึก")
        assert shown.text.startswith("แบบฝึก ไม่ใช่เรื่องจริง") and shown.sends == 1
    async with house_of(tmp_path) as house:
        for _ in range(100):
            house.telegram.update()
        over = await platform(house).taps(presses(shown, "ทำตาม"))
        assert "นี่คือกลโกง" in over.text and "อะไรที่ฟ้อง" in over.text
        assert "เดือนละหนึ่งข้อ" in (await platform(house).taps(presses(over, "ฝึกทุกเดือน"))).text
        assert "จะไม่ส่งแบบฝึก" in (await platform(house).says("เลิกฝึก")).text
        assert not house.line.violations and not house.telegram.violations


async def test_in_a_browser(house: House) -> None:
    shown = await InBrowser(house).says("practice")
    assert "Practice. This is not real" in shown.text
