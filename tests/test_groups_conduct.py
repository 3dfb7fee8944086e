"""Guests in other people's groups: greeted once, a warning once a day, settings by who may, out when asked, nothing kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import group_life
import pytest
from conftest import House, house_of
from hub_cast import settled
from store_cast import rows
from test_groups import FAMILY_TALK, SURE_SCAM
from test_kill import until

from bot.store.store import SqlStore
from handlers.messages import Address, ChatKind, GroupMode, Platform

GROUP = "Cfamily"


@pytest.fixture
async def open_house(tmp_path: Path):
    """A house whose Telegram hears everything in groups (privacy mode off)."""
    async with house_of(tmp_path) as house:
        await named(house)
        yield house


async def named(house: House) -> None:
    """Wait until both platforms have said what we are called."""
    await until(lambda: len(house.bot.ports.accounts) == 2 and bool(house.bot.telegram_name), 30)


# --- greeted -------------------------------------------------------------------------------------------------------------
async def test_a_line_group_is_greeted_in_two_lines(open_house: House) -> None:
    line = open_house.line
    await line.send(line.event("join", "", group="Cnew"))
    greeting = await line.next_answer(0, "Cnew")
    assert "เราไม่เก็บข้อความในกลุ่มนี้" in greeting.text and "รู้ทัน เงียบ" in greeting.text
    assert greeting.via == "reply"


@pytest.mark.parametrize(("overhears", "said"), [(True, "กลโกงที่รู้จักแน่"), (False, "จะตอบเรื่องกลโกงเมื่อมีคนเรียก")])
async def test_a_telegram_group_is_promised_only_what_privacy_mode_lets_us_keep(
    tmp_path: Path, overhears: bool, said: str
) -> None:
    async with house_of(tmp_path) as house:
        # What it asks by itself at the start is not to come after what it is told here.
        await named(house)
        house.bot.ports.accounts.clear()
        house.telegram.overhears = overhears
        from bot.app import learn_account

        sender = house.bot.ports.senders[Platform.TELEGRAM]
        await learn_account(sender, Platform.TELEGRAM, house.bot)  # type: ignore[arg-type]
        chat = {"id": -100, "type": "supergroup", "title": "Group"}
        me = {"id": 123456, "is_bot": True, "first_name": "Rutan", "username": "RutanBot"}
        change = {
            "chat": chat,
            "from": house.telegram.message(5)["from"],
            "date": 1,
            "old_chat_member": {"user": me, "status": "left"},
            "new_chat_member": {"user": me, "status": "member"},
        }
        heard = await house.telegram.hears(house.telegram.update(my_chat_member=change), -100)
        assert said in heard.text and "เราไม่เก็บข้อความในกลุ่มนี้" in heard.text


# --- unasked -------------------------------------------------------------------------------------------------------------
async def test_the_same_scam_is_named_once_a_day_however_often_it_is_posted(open_house: House) -> None:
    line = open_house.line
    answer = await line.says("Uaunt", SURE_SCAM, group=GROUP)
    assert "ระวัง!" in answer.text
    changed = SURE_SCAM.replace("38 บาท", "39 บาท")
    for person in ("Uuncle", "Usister", "Uaunt"):
        await line.send(line.text_event(person, changed, group=GROUP))
    await settled(open_house)
    assert len(line.answers) == 1
    other = await line.says("Uaunt", SURE_SCAM, group="Cvillage")
    assert "ระวัง!" in other.text, "another group has its own day"


async def test_two_who_post_it_at_the_same_moment_get_one_answer(open_house: House) -> None:
    line = open_house.line
    await line.send(*(line.text_event(f"U{n}", SURE_SCAM, group=GROUP) for n in range(6)))
    await settled(open_house)
    assert len(line.answers) == 1


async def test_the_next_day_it_is_named_again(open_house: House) -> None:
    line = open_house.line
    await line.says("Uaunt", SURE_SCAM, group=GROUP)
    with sqlite3.connect(open_house.settings.database_path) as database:
        database.execute("update group_answers set day = '2000-01-01'")
    assert "ระวัง!" in (await line.says("Uaunt", SURE_SCAM, group=GROUP)).text


async def test_who_is_warned_can_ask_in_private(open_house: House) -> None:
    on_line = await open_house.line.says("Uaunt", SURE_SCAM, group=GROUP)
    assert on_line.buttons["ถามเราส่วนตัว"] == "https://line.me/R/ti/p/%40000rutan"
    on_telegram = await open_house.telegram.says(5, SURE_SCAM, group=-100)
    assert on_telegram.buttons["ถามเราส่วนตัว"] == "https://t.me/RutanBot"


# --- settings ------------------------------------------------------------------------------------------------------------
async def test_on_line_anybody_hushes_us_and_everybody_sees_it(open_house: House) -> None:
    line = open_house.line
    said = await line.says("Uaunt", "รู้ทัน เงียบ", group=GROUP)
    assert "ตอนนี้เราเงียบ" in said.text and "ทุกคนในกลุ่มเปลี่ยนได้" in said.text
    before = len(line.answers)
    await line.send(line.text_event("Uaunt", SURE_SCAM, group=GROUP))
    await line.send(line.text_event("Uaunt", SURE_SCAM, group=GROUP, mention=True))
    await settled(open_house)
    assert len(line.answers) == before
    back = await line.says("Uuncle", "ตอบเมื่อถาม", group=GROUP, mention=True)
    assert "ตอบเฉพาะเมื่อมีคนเรียก" in back.text
    await line.send(line.text_event("Uaunt", SURE_SCAM, group=GROUP))
    await settled(open_house)
    assert len(line.answers) == before + 1, "only when asked: nothing by itself"
    assert "ระวัง!" in (await line.says("Uaunt", SURE_SCAM, group=GROUP, mention=True)).text
    on = await line.taps("Uaunt", "group:on", group=GROUP)
    assert "เตือนเองเมื่อเจอกลโกง" in on.text
    assert "ระวัง!" in (await line.says("Uuncle", SURE_SCAM, group=GROUP)).text


async def test_in_english_too(open_house: House) -> None:
    said = await open_house.line.says("Uaunt", "Rutan quiet", group=GROUP)
    assert "We are quiet now" in said.text


async def test_our_name_in_a_sentence_is_no_command(open_house: House) -> None:
    line = open_house.line
    for text in ("รู้ทันกลโกงกันไว้นะทุกคน", "รู้ทัน เงียบไปเลยวันนี้ ไม่เห็นพูดอะไร", "เงียบ", "quiet", "leave"):
        await line.send(line.text_event("Uaunt", text, group=GROUP))
    await settled(open_house)
    assert line.answers == []


async def test_on_telegram_only_admins_set_us(open_house: House) -> None:
    telegram = open_house.telegram
    telegram.admins = {77}
    refused = await telegram.says(5, "@RutanBot เงียบ", group=-100)
    assert "แอดมิน" in refused.text
    assert "ตอนนี้เราเงียบ" in (await telegram.says(77, "/quiet@RutanBot", group=-100)).text
    # Who is nobody there is not answered even that: quiet is quiet.
    before = len(telegram.answers)
    message = telegram.message(5, "@RutanBot เตือนด้วย", group=-100)
    await telegram.send(telegram.update(message=message))
    await settled(open_house)
    assert len(telegram.answers) == before
    settings = await telegram.says(5, "/group@RutanBot", group=-100)
    assert "ตอนนี้เราเงียบ" in settings.text, "anybody may look"
    on = await telegram.taps(77, "group:on", group=-100)
    assert "เตือนเองเมื่อเจอกลโกง" in on.text
    nameless = await telegram.says(1087968824, "@RutanBot ตอบเมื่อถาม", group=-100)
    assert "ตอบเฉพาะเมื่อมีคนเรียก" in nameless.text, "an admin who writes in the group's name"


async def test_where_telegram_does_not_say_who_is_an_admin_we_can_be_hushed_and_nothing_else(open_house: House) -> None:
    from doubles import Fault

    telegram = open_house.telegram
    telegram.fault(Fault(status=500, only="getChatMember"), times=5)
    assert "ดูไม่ได้ว่าใครเป็นแอดมิน" in (await telegram.says(5, "/leave@RutanBot", group=-100)).text
    assert "ตอนนี้เราเงียบ" in (await telegram.says(5, "/quiet@RutanBot", group=-100)).text


async def test_a_setting_follows_a_group_that_becomes_a_supergroup(open_house: House) -> None:
    telegram = open_house.telegram
    telegram.admins = {77}
    await telegram.says(77, "/quiet@RutanBot", group=-100)
    moved = {**telegram.message(77, group=-100), "migrate_to_chat_id": -200}
    await telegram.send(telegram.update(message=moved))
    await settled(open_house)
    address = Address(Platform.TELEGRAM, "-200", "5", ChatKind.GROUP)
    assert (await open_house.bot.store.session(address)).mode is GroupMode.QUIET


# --- leaving -------------------------------------------------------------------------------------------------------------
async def test_we_go_when_asked_twice_and_forget_the_group(open_house: House) -> None:
    line = open_house.line
    await line.says("Uaunt", SURE_SCAM, group=GROUP)
    asked = await line.says("Uaunt", "รู้ทัน ออกจากกลุ่ม", group=GROUP)
    assert "ให้เราออกจากกลุ่มนี้ไหม" in asked.text
    assert line.left == []
    bye = await line.taps("Uaunt", "group:leave:yes", group=GROUP)
    assert "ขอบคุณที่ให้เราอยู่ด้วย" in bye.text
    await until(lambda: bool(line.left), 30)
    assert line.left == [GROUP]
    await line.send(line.event("leave", "", group=GROUP))
    await settled(open_house)
    database = open_house.settings.database_url
    assert rows(database, "group_answers") == [] and rows(database, "group_settings") == []
    assert [row for row in rows(database, "people") if row["kind"] == "group"] == []
    assert [row for row in rows(database, "sighting_sources") if row["kind"] == "group"] == []


async def test_telegram_admins_send_us_out(open_house: House) -> None:
    telegram = open_house.telegram
    telegram.admins = {77}
    await telegram.says(77, "/leave@RutanBot", group=-100)
    assert "แอดมิน" in (await telegram.taps(5, "group:leave:yes", group=-100)).text
    await telegram.taps(77, "group:leave:yes", group=-100)
    await until(lambda: bool(telegram.left), 30)
    assert telegram.left == ["-100"]


async def test_who_removes_us_loses_nothing_of_their_own(open_house: House) -> None:
    """A Telegram admin removes us from a group: what they themselves told us alone stays theirs."""
    telegram = open_house.telegram
    await telegram.says(77, "สวัสดี")
    chat = {"id": -100, "type": "supergroup", "title": "Group"}
    me = {"id": 123456, "is_bot": True, "first_name": "Rutan", "username": "RutanBot"}
    states = {"old_chat_member": {"user": me, "status": "member"}, "new_chat_member": {"user": me, "status": "kicked"}}
    change = {"chat": chat, "from": telegram.message(77)["from"], "date": 1, **states}
    await telegram.send(telegram.update(my_chat_member=change))
    await settled(open_house)
    assert [row["kind"] for row in rows(open_house.settings.database_url, "people")] == ["private"]


def answered_in(house: House, sent: Mapping[str, group_life.Said]) -> list[group_life.Said]:
    """What of the day was answered, by the events that the letters which left belong to."""
    database = house.settings.database_url
    events = {row["id"]: str(row["event_id"]) for row in rows(database, "inbox")}
    letters = [row for row in rows(database, "outbox") if row["state"] == "sent"]
    return [sent[events[row["answers"]]] for row in letters]


def same(said: Iterable[group_life.Said]) -> list[tuple[int, str]]:
    return sorted((each.who, each.text) for each in said)


# --- a day ---------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_a_day_of_group_life_on_line(open_house: House) -> None:
    """Two thousand messages: the six scams are named, nothing else is; no push, and nothing of the rest is kept."""
    line = open_house.line
    said = group_life.day()
    sent: dict[str, group_life.Said] = {}
    for start in range(0, len(said), 50):
        part = said[start : start + 50]
        events = [line.text_event(f"U{each.who}", each.text, group=GROUP) for each in part]
        sent |= {event["webhookEventId"]: each for event, each in zip(events, part, strict=True)}
        assert await line.send(*events) == 200
    await settled(open_house)
    assert len(line.answers) == 6
    assert same(answered_in(open_house, sent)) == same(each for each in said if each.scam)
    assert all("ระวัง!" in answer.text and answer.via == "reply" for answer in line.answers)
    assert line.called("push") == [] and not line.violations
    database = open_house.settings.database_url
    assert len(rows(database, "group_answers")) == 6
    assert len(rows(database, "sightings")) == 6, "what we said nothing about is not known again"
    assert [row for row in rows(database, "inbox") if row["body"] or row["person"]] == []


@pytest.mark.slow
async def test_a_day_of_group_life_on_telegram(open_house: House) -> None:
    telegram = open_house.telegram
    said = group_life.day(seed=2)
    sent: dict[str, group_life.Said] = {}
    for start in range(0, len(said), 40):
        part = said[start : start + 40]
        updates = [telegram.update(message=telegram.message(700 + each.who, each.text, group=-100)) for each in part]
        sent |= {str(update["update_id"]): each for update, each in zip(updates, part, strict=True)}
        await asyncio.gather(*(telegram.send(update) for update in updates))
    await settled(open_house)
    assert len(telegram.answers) == 6
    assert same(answered_in(open_house, sent)) == same(each for each in said if each.scam)
    assert all("ระวัง!" in answer.text for answer in telegram.answers)


@pytest.mark.slow
async def test_after_a_restart_the_day_goes_on(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        await house.line.says("Uaunt", SURE_SCAM, group=GROUP)
    async with house_of(tmp_path) as house:
        await house.line.send(house.line.text_event("Uaunt", SURE_SCAM, group=GROUP))
        for text in FAMILY_TALK:
            await house.line.send(house.line.text_event("Uaunt", text, group=GROUP))
        await settled(house)
        assert house.line.answers == []


async def test_what_was_said_unasked_is_forgotten_after_two_days(open_house: House) -> None:
    await open_house.line.says("Uaunt", SURE_SCAM, group=GROUP)
    store: SqlStore = open_house.bot.store
    assert (await store.retention.remove_old(180)).group_answers == 0
    with sqlite3.connect(open_house.settings.database_path) as database:
        database.execute("update group_answers set at = '2020-01-01T00:00:00.000000+00:00'")
    assert (await store.retention.remove_old(180)).group_answers == 1
