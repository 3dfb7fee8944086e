"""One relative who looks out with an older person: agreed to by both, told when it gets dangerous, ended with one word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import House, house_of
from conversing import Conversation, labels, within_the_limits, words
from store_cast import SECRET, StandingClock, rows
from talk import InBrowser, OnLine, OnTelegram, Person, presses
from village import BROWSER, ENGLISH_SCAM, FAMILY, GRANNY, NIDA, SCAM, STRANGER, Village

from bot.store import SqlStore
from bot.store.trusted import TrustedBook
from content.loading import Knowledge
from content.models import Language
from handlers import trusted
from handlers.messages import Kind, Message, Session
from handlers.trusted_types import MOST_WRONG, Kin, NewsKind, Told
from handlers.wording import Voice
from scheduler import trusted_news


@pytest.fixture
async def village(url: str, knowledge: Knowledge) -> AsyncIterator[Village]:
    opened = Village.open(url, knowledge)
    yield opened
    opened.store.close()


async def ticks(village: Village) -> int:
    return await trusted_news.tell(village.store.trust, village.knowledge)


async def code_of(village: Village, who=GRANNY) -> str:
    await village.says(who, "คนที่ไว้ใจ")
    heard = await village.presses(who, "ขอรหัส")
    return re.findall(r"\d{4} \d{4}", heard)[0]


async def asked(village: Village, relative=NIDA) -> None:
    """The relative typed the code and said who gave it; the older person is asked."""
    await village.says(relative, await code_of(village))
    await village.presses(relative, "แม่")
    assert await ticks(village) == 1


async def linked(village: Village) -> None:
    await asked(village)
    [question] = await village.post(GRANNY)
    assert "เชื่อมกับคนที่คุณไว้ใจแล้ว" in await village.presses(GRANNY, "ใช่", question)
    assert await ticks(village) == 1
    [letter] = await village.post(NIDA)
    assert "กดว่าใช่" in letter.title


# --- becoming linked ----------------------------------------------------------------------------------------------------
async def test_both_agree_and_only_then_is_anybody_told(village: Village) -> None:
    heard = await village.says(GRANNY, "คนที่ไว้ใจ")
    assert "หนึ่งคน" in heard and "เลิกไว้ใจ" in heard
    code = re.findall(r"\d{4} \d{4}", await village.presses(GRANNY, "ขอรหัส"))[0]
    assert "24 ชั่วโมง" in words(village.last[GRANNY]) and "{" not in words(village.last[GRANNY])
    await village.says(GRANNY, SCAM)
    assert await ticks(village) == 0
    assert "ใครให้รหัสนี้" in await village.says(NIDA, code)
    assert "เราถามเขาแล้ว" in await village.presses(NIDA, "แม่")
    await village.says(GRANNY, SCAM)
    assert await ticks(village) == 1, "the question, and no alert before she said yes"
    [question] = await village.post(GRANNY)
    assert "คุณแม่" in words(question) and await village.post(NIDA) == []
    await village.presses(GRANNY, "ใช่", question)
    assert await ticks(village) == 1
    heard = await village.says(GRANNY, SCAM)
    assert "เราบอกคนที่คุณไว้ใจแล้ว" in heard
    assert await ticks(village) == 1
    _, alert = await village.post(NIDA)
    assert "คุณแม่ของคุณเพิ่งถามเรา" in alert.title and "parcel" not in str(alert) and "พัสดุ" not in str(alert)


async def test_no_code_is_readable_on_the_disk_and_it_works_once(village: Village, url: str) -> None:
    code = await code_of(village)
    assert code.replace(" ", "") not in str(rows(url, "trusted_codes")) and code not in str(rows(url, "sessions"))
    await village.says(NIDA, f"รหัส {code}")
    assert "ใช้ไม่ได้" in await village.says(STRANGER, code), "it is the first one's now"
    await village.presses(NIDA, "พ่อ")
    assert "ใช้ไม่ได้" in await village.says(STRANGER, code)
    assert rows(url, "trusted_codes") == []


async def test_a_code_runs_out_after_a_day(village: Village) -> None:
    code = await code_of(village)
    village.clock.on(hours=25)
    assert "ใช้ไม่ได้" in await village.says(NIDA, code)
    assert await village.store.trust.remove_old() == 1


async def test_a_newer_code_kills_the_older_one(village: Village) -> None:
    first = await code_of(village)
    second = await code_of(village)
    assert "ใช้ไม่ได้" in await village.says(NIDA, first)
    assert "ใครให้รหัสนี้" in await village.says(NIDA, second)


async def test_who_typed_a_code_that_is_not_for_them_gives_it_back(village: Village) -> None:
    code = await code_of(village)
    await village.says(STRANGER, code)
    assert "ไม่ได้เชื่อม" in await village.presses(STRANGER, "ไม่รู้จัก")
    assert "ใครให้รหัสนี้" in await village.says(NIDA, code)


async def test_the_older_person_says_no_and_the_other_hears_it(village: Village, url: str) -> None:
    await asked(village, STRANGER)
    [question] = await village.post(GRANNY)
    assert "ดีแล้ว" in await village.presses(GRANNY, "ไม่ใช่", question)
    assert await ticks(village) == 1 and "ไม่ได้เชื่อม" in (await village.post(STRANGER))[0].title
    assert rows(url, "trusted_links") == []
    # The button of an older question explains itself.
    assert await village.presses(GRANNY, "ใช่", question)
    assert rows(url, "trusted_links") == []


async def test_a_question_left_for_a_week_is_none_any_more(village: Village, url: str) -> None:
    await asked(village)
    [question] = await village.post(GRANNY)
    village.clock.on(days=8)
    await village.presses(GRANNY, "ใช่", question)
    assert [row["agreed"] for row in rows(url, "trusted_links")] == [0]
    assert await village.store.trust.remove_old() == 1 and rows(url, "trusted_links") == []


async def test_ones_own_code_is_for_the_other(village: Village) -> None:
    assert "ของคุณเอง" in await village.says(GRANNY, await code_of(village))


async def test_nobody_finds_a_code_by_trying(village: Village) -> None:
    code = await code_of(village)
    for number in range(MOST_WRONG):
        assert "ใช้ไม่ได้" in await village.says(STRANGER, f"9999 000{number}")
    assert "หลายครั้ง" in await village.says(STRANGER, code), "the right one is not looked at any more"
    assert "ใครให้รหัสนี้" in await village.says(NIDA, code)
    village.clock.on(hours=25)
    assert "ใช้ไม่ได้" in await village.says(STRANGER, code)


async def test_who_is_linked_already_keeps_that_one(village: Village, url: str) -> None:
    await linked(village)
    assert "เชื่อมกับคนที่คุณไว้ใจแล้ว" in await village.says(GRANNY, "คนที่ไว้ใจ")
    assert "เชื่อมกับคนที่คุณไว้ใจแล้ว" in await village.taps(GRANNY, "trusted:new")
    assert rows(url, "trusted_codes") == []


async def test_buttons_cannot_be_made_up(village: Village, url: str) -> None:
    await linked(village)
    link = rows(url, "trusted_links")[0]["id"]
    for data in (
        f"trusted:over:{link}",
        f"trusted:yes:{link}",
        "trusted:kin:mother",
        "trusted:words:on",
        "trusted:over:all",
    ):
        assert await village.taps(STRANGER, data)
    assert rows(url, "trusted_links")[0]["words"] == 0 and len(rows(url, "trusted_links")) == 1
    for data in (
        "trusted:",
        "trusted:yes:",
        "trusted:kin:king",
        "trusted:words:maybe",
        "trusted:over:x",
        "trusted:odd:1",
    ):
        assert await village.taps(GRANNY, data)
    assert rows(url, "trusted_links")[0]["words"] == 0 and len(rows(url, "trusted_links")) == 1


# --- alerts -------------------------------------------------------------------------------------------------------------
async def test_the_words_are_shown_only_after_the_second_yes_and_never_a_number(village: Village) -> None:
    await linked(village)
    await village.says(GRANNY, "คนที่ไว้ใจ")
    assert "เห็น" in await village.presses(GRANNY, "ให้เขาเห็น")
    await village.says(GRANNY, SCAM)
    await ticks(village)
    [alert] = await village.post(NIDA)
    told = words(alert)
    assert "พัสดุของท่านตกค้าง" in told and "081-000-1234" not in told and "parcel-pay-th.example" not in told
    await village.says(GRANNY, "คนที่ไว้ใจ")
    await village.presses(GRANNY, "ไม่ให้เห็น")
    village.clock.on(minutes=30)
    await village.says(GRANNY, SCAM)
    await ticks(village)
    assert "พัสดุ" not in str(await village.post(NIDA))


async def test_somebody_who_has_paid_is_told_of_at_once_without_a_word_of_theirs(village: Village) -> None:
    await linked(village)
    assert "เราบอกคนที่คุณไว้ใจแล้ว" in await village.says(GRANNY, "โอนเงินไปแล้ว")
    await ticks(village)
    [alert] = await village.post(NIDA)
    assert alert.title.startswith("ด่วน") and "1441" in [each.value for each in alert.buttons]


async def test_a_few_a_day_and_the_person_is_told_only_of_what_was_told(village: Village) -> None:
    await linked(village)
    told = 0
    for _ in range(8):
        told += "เราบอกคนที่คุณไว้ใจแล้ว" in await village.says(GRANNY, SCAM)
        village.clock.on(minutes=11)
    assert told == 3 and await ticks(village) == 3
    assert "เราบอกคนที่คุณไว้ใจแล้ว" in await village.says(GRANNY, "โอนเงินไปแล้ว"), "an emergency is counted by itself"
    assert "เราบอกคนที่คุณไว้ใจแล้ว" not in await village.says(GRANNY, "โอนเงินไปแล้ว")
    village.clock.on(hours=24)
    assert "เราบอกคนที่คุณไว้ใจแล้ว" in await village.says(GRANNY, SCAM)


@pytest.mark.parametrize("harmless", ["แม่ เย็นนี้กลับบ้านดึกนะ ฝากให้อาหารแมวด้วย", "สวัสดีค่ะ", "อยากตาย", "เมนู"])
async def test_nothing_else_is_told(village: Village, harmless: str) -> None:
    await linked(village)
    await village.says(GRANNY, harmless)
    assert await ticks(village) == 0


async def test_what_is_said_in_a_group_or_shown_as_a_sample_is_told_to_nobody(village: Village) -> None:
    await linked(village)
    await village.says(FAMILY, SCAM)
    await village.says(FAMILY, "คนที่ไว้ใจ")
    await village.taps(GRANNY, "sample")
    await village.says(NIDA, SCAM)
    assert await ticks(village) == 0, "and the relative's own questions are theirs"


# --- the end ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("who", "other"), [(GRANNY, NIDA), (NIDA, GRANNY)])
async def test_either_side_ends_it_with_one_word_and_the_other_hears(village: Village, url: str, who, other) -> None:
    await linked(village)
    assert "เลิกแล้ว" in await village.says(who, "เลิกไว้ใจ")
    assert await ticks(village) == 1
    [letter] = await village.post(other)
    assert "เลิก" in letter.title and rows(url, "trusted_links") == []
    await village.says(GRANNY, SCAM)
    assert await ticks(village) == 0
    assert "linked with nobody" in await village.says(who, "end trusted please")


async def test_ending_with_nothing_to_end_kills_a_code_that_was_given_away(village: Village) -> None:
    code = await code_of(village)
    assert "ไม่ได้เชื่อมกับใคร" in await village.says(GRANNY, "เลิกไว้ใจ")
    assert "ใช้ไม่ได้" in await village.says(NIDA, code)


async def test_who_looks_out_for_several_is_asked_which(village: Village, url: str) -> None:
    await linked(village)
    await village.says(NIDA, await code_of(village, STRANGER))
    await village.presses(NIDA, "เพื่อน")
    await ticks(village)
    [question] = await village.post(STRANGER)
    await village.presses(STRANGER, "ใช่", question)
    assert "จะเลิกกับใคร" in await village.says(NIDA, "เลิกไว้ใจ")
    await village.presses(NIDA, "เพื่อน")
    assert [row["kin"] for row in rows(url, "trusted_links")] == ["mother"]
    assert "คุณแม่" in await village.says(NIDA, "คนที่ไว้ใจ")


@pytest.mark.parametrize("way", ["blocks", "forgets", "is forgotten"])
@pytest.mark.parametrize(("who", "other"), [(GRANNY, NIDA), (NIDA, GRANNY)])
async def test_who_goes_is_linked_with_nobody_and_the_other_hears(
    village: Village, url: str, way: str, who, other
) -> None:
    await linked(village)
    if way == "blocks":
        await village.blocks(who)
    elif way == "forgets":
        await village.says(who, "ลบข้อมูล")
        await village.says(who, "ยืนยันลบ")
    else:
        await village.store.forget(who.platform, who.person)
    assert rows(url, "trusted_links") == [] and await ticks(village) == 1
    [letter] = await village.post(other)
    assert "เลิก" in letter.title
    if way != "blocks":
        key = village.store.foundation.identity.person(who)
        tables = ("trusted_links", "trusted_codes", "trusted_news", "trusted_tries", "trusted_alerts", "outbox")
        assert [table for table in tables if key in str(rows(url, table))] == []


async def test_a_relative_who_cannot_be_reached_is_none_and_the_older_person_gets_to_know(
    village: Village, url: str
) -> None:
    await linked(village)
    await village.says(GRANNY, SCAM)
    await ticks(village)
    [letter] = [each for each in await village.store.letters() if each.address == NIDA and "กลโกง" in each.reply.title]
    await village.store.failed(letter, "blocked", unreachable=True)
    village.clock.on(hours=1)
    await village.says(GRANNY, SCAM)
    assert await ticks(village) == 1
    assert "ติดต่อคนที่คุณไว้ใจไม่ได้" in (await village.post(GRANNY))[-1].title
    assert rows(url, "trusted_links") == []


# --- many hands ---------------------------------------------------------------------------------------------------------
async def test_two_processes_write_each_letter_once_and_one_that_died_loses_none(village: Village, url: str) -> None:
    await linked(village)
    await village.says(GRANNY, SCAM)
    again = SqlStore.open(url, [SECRET], village.clock)
    books = [TrustedBook(again.foundation), village.store.trust]
    told = await asyncio.gather(*(trusted_news.tell(each, village.knowledge) for each in books * 4))
    again.close()
    assert sum(told) == 1 and len(await village.post(NIDA)) == 1


async def test_two_who_type_one_code_at_once_and_one_of_them_has_it(village: Village, url: str) -> None:
    code = await code_of(village)
    await asyncio.gather(village.says(NIDA, code), village.says(STRANGER, code))
    await asyncio.gather(*(village.taps(each, "trusted:kin:mother") for each in (NIDA, STRANGER)))
    assert len(rows(url, "trusted_links")) == 1 and await ticks(village) == 1


# --- what it sounds like ------------------------------------------------------------------------------------------------
async def test_in_english_and_across_platforms(village: Village) -> None:
    await village.says(GRANNY, "trusted")
    await village.presses(GRANNY, "Get a code")
    code = re.findall(r"\d{4} \d{4}", words(village.last[GRANNY]))[0]
    await village.says(NIDA, f"code {code}")
    await village.presses(NIDA, "My mother")
    await ticks(village)
    [question] = await village.post(GRANNY)
    assert "You" in words(question) or "mother" in words(question)
    await village.presses(GRANNY, "Yes", question)
    await ticks(village)
    heard = await village.says(GRANNY, ENGLISH_SCAM)
    assert "We have told the person you trust" in heard
    await ticks(village)
    alert = (await village.post(NIDA))[-1]
    assert alert.language is Language.ENGLISH and alert.title.startswith("Your mother")


async def test_the_web_says_where_it_works(village: Village, url: str) -> None:
    for said in ("คนที่ไว้ใจ", "1234 5678"):
        assert "ไลน์หรือเทเลแกรม" in await village.says(BROWSER, said)
    assert "ไลน์หรือเทเลแกรม" in await village.taps(BROWSER, "trusted:new")
    assert rows(url, "trusted_codes") == []


@pytest.mark.parametrize("kind", NewsKind)
@pytest.mark.parametrize("language", Language)
def test_every_letter_is_short_whole_and_in_one_language(
    knowledge: Knowledge, kind: NewsKind, language: Language
) -> None:
    for kin in Kin:
        reply = trusted.letter(Told(kind, kin, 12, "“คำที่ถาม”"), Voice(knowledge, language))
        within_the_limits(reply)
        assert "{" not in words(reply) and len(words(reply)) < 700
        assert bool(re.search("[ก-๙]", words(reply).replace("คำที่ถาม", ""))) is (language is Language.THAI)


def test_a_known_scam_and_the_menu_lead_to_it(knowledge: Knowledge) -> None:
    talk = Conversation(knowledge)
    talk.says("สวัสดี")
    talk.says("เมนู")
    assert "คนที่ไว้ใจ" in labels(talk.says("เมนู")) and "คนที่ไว้ใจ" in labels(talk.says(SCAM))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1234 5678", "12345678"), ("12345678", "12345678"), ("1234-5678", "12345678"), ("๑๒๓๔ ๕๖๗๘", "12345678"),
        ("รหัส 1234 5678", "12345678"), ("CODE 12345678", "12345678"), (" 1234 5678 ", "12345678"), ("0812 3456", ""),
        ("123 456", ""), ("1234 56789", ""), ("เลขบัญชี 12345678", ""), ("1234567890", ""), ("โอน 12345678 บาท", ""), ("", ""),
    ],
)  # fmt: skip
def test_what_is_a_code(text: str, code: str) -> None:
    message = Message(GRANNY, "e", Kind.TEXT, StandingClock().now(), text=text)
    assert trusted.code_in(message, Session()) == code
    assert trusted.code_in(message, Session(step="paid:steps")) == (code if text[:1] in "รC" else "")


# --- over the platforms -------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_granny_on_line_and_her_daughter_on_telegram_over_a_restart(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        granny, nida = OnLine(house), OnTelegram(house)
        heard = await granny.taps(presses(await granny.says("คนที่ไว้ใจ"), "ขอรหัส"))
        code = re.findall(r"\d{4} \d{4}", heard.text)[0]
        before = len(house.line.answers)
        await nida.taps(presses(await nida.says(code), "แม่"))
        question = await house.line.next_answer(before, "Uperson1")
        assert "คุณแม่" in question.text
        data = next(value for label, value in question.buttons.items() if label.startswith("ใช่"))
    async with house_of(tmp_path) as house:
        for _ in range(100):
            house.telegram.update()
        granny = OnLine(house)
        await granny.taps(data)
        assert "กดว่าใช่" in (await house.telegram.next_answer(0, "700001")).text
        before = len(house.telegram.answers)
        heard = await granny.says(SCAM)
        assert "เราบอกคนที่คุณไว้ใจแล้ว" in heard.text
        alert = await house.telegram.next_answer(before, "700001")
        assert "เพิ่งถามเรา" in alert.text and "parcel" not in alert.text
        before = len(house.line.answers)
        await OnTelegram(house).says("เลิกไว้ใจ")
        assert "เลิก" in (await house.line.next_answer(before, "Uperson1")).text
        assert not house.line.violations and not house.telegram.violations


async def test_in_the_browser_it_is_said_where_it_works(house: House) -> None:
    browser: Person = InBrowser(house)
    assert "ไลน์หรือเทเลแกรม" in (await browser.says("คนที่ไว้ใจ")).text
    assert "ไลน์หรือเทเลแกรม" in (await browser.says("/trusted")).text
