"""Telegram: what comes in, what it looks like when it goes out, and what can go wrong on the way."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import platform_specs
import pytest
from doubles import HANG_SECONDS, FakeTelegram, Fault
from hypothesis import given, settings
from hypothesis import strategies as st
from replies import ALARM, BY_TONE, CALL, PLAIN, REPORT, agreed

from bot import telegram, telegram_client
from bot.payload import Payload
from bot.telegram import TelegramPolling, TelegramSender
from bot.telegram_polling import POLL_SECONDS
from content.models import Language
from handlers.errors import Moved, SendFailed, TooFast, Unreachable
from handlers.messages import (
    Address,
    Button,
    ButtonKind,
    ChatKind,
    Kind,
    Message,
    Platform,
    Reply,
    Section,
    Span,
)
from handlers.messages import line as words
from handlers.ports import Letter

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
# PTB advises its own reading of updates, and announces another type for `retry_after`; we know both.
pytestmark = pytest.mark.filterwarnings("ignore:Please use 'Bot.getUpdates'", "ignore:Deprecated since version v22.2")
ME = "RutanBot"
PERSON = {"id": 7, "is_bot": False, "first_name": "Somchai", "language_code": "th"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Family"}


def update(**parts: Any) -> dict[str, Any]:
    return {"update_id": 99, **parts}


def message(**parts: Any) -> dict[str, Any]:
    return {"message_id": 5, "date": 1, "from": PERSON, "chat": PRIVATE, **parts}


def only(found: Payload) -> Message:
    (one,) = telegram.read(found, ME, NOW)
    return one


def said(**parts: Any) -> Message:
    return only(update(message=message(**parts)))


# --- verify -------------------------------------------------------------------------------


def test_only_our_own_secret_is_taken() -> None:
    assert telegram.verify("hush", "hush")
    for header, secret in (
        (None, "hush"),
        ("", "hush"),
        ("hus", "hush"),
        ("hush", ""),
        ("", ""),
        ("ลับ", "hush"),
    ):
        assert not telegram.verify(header, secret)


# --- read ---------------------------------------------------------------------------------


def test_a_text_is_read_with_all_that_its_answer_needs() -> None:
    assert said(text="ใช่มิจฉาชีพไหม") == Message(
        address=Address(Platform.TELEGRAM, "7", "7"),
        event_id="99",
        kind=Kind.TEXT,
        received_at=NOW,
        text="ใช่มิจฉาชีพไหม",
        language_hint=Language.THAI,
    )


@pytest.mark.parametrize(
    ("parts", "kind", "file_id"),
    [
        ({"photo": [{"file_id": "s"}, {"file_id": "l"}], "caption": "คำ"}, Kind.IMAGE, "l"),
        ({"video": {"file_id": "v"}, "caption": "คำ"}, Kind.VIDEO, "v"),
        ({"animation": {"file_id": "a"}, "document": {"file_id": "a"}, "caption": "คำ"}, Kind.VIDEO, "a"),
        ({"document": {"file_id": "d", "file_name": "bank.apk"}, "caption": "คำ"}, Kind.FILE, "d"),
        ({"voice": {"file_id": "o"}}, Kind.AUDIO, "o"),
        ({"audio": {"file_id": "o"}}, Kind.AUDIO, "o"),
        ({"video_note": {"file_id": "n"}}, Kind.VIDEO, "n"),
        ({"sticker": {"file_id": "k"}}, Kind.STICKER, ""),
        ({"location": {"latitude": 1, "longitude": 2}, "venue": {}}, Kind.LOCATION, ""),
        ({"contact": {"phone_number": "0800000000"}}, Kind.CONTACT, ""),
        ({"poll": {"id": "1"}}, Kind.OTHER, ""),
        ({"dice": {"value": 1}}, Kind.OTHER, ""),
        ({"something_of_2030": {}}, Kind.OTHER, ""),
        ({"pinned_message": {}}, Kind.IGNORED, ""),
        ({"new_chat_members": []}, Kind.IGNORED, ""),
        ({"text": "x", "is_automatic_forward": True}, Kind.IGNORED, ""),
        ({"text": "x", "from": {"id": 8, "is_bot": True}}, Kind.IGNORED, ""),
    ],
)
def test_every_kind_of_message_has_its_meaning(parts: dict[str, Any], kind: Kind, file_id: str) -> None:
    found = said(**parts)
    assert (found.kind, found.file_id) == (kind, file_id)
    assert found.text == (parts.get("caption", "") if kind is not Kind.IGNORED else "")


def test_a_files_name_and_a_contacts_number_are_told() -> None:
    assert said(document={"file_id": "d", "file_name": "bank.apk"}).data == "bank.apk"
    assert said(contact={"phone_number": "0800000000"}).data == "0800000000"


def test_a_forward_is_known_as_one_with_its_hidden_links() -> None:
    entities = [{"type": "text_link", "offset": 0, "length": 3, "url": "https://prize.example/x"}]
    keyboard = {"inline_keyboard": [[{"text": "รับรางวัล", "url": "https://prize.example/y"}]]}
    origin = {"type": "hidden_user", "sender_user_name": "x", "date": 1}
    found = said(text="กดรับ", entities=entities, reply_markup=keyboard, forward_origin=origin)
    assert found.forwarded
    assert found.text == "กดรับ\nhttps://prize.example/x\nhttps://prize.example/y"


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"edited_message": message(text="x")}, Kind.IGNORED),
        ({"channel_post": message(text="x", chat={"id": -5, "type": "channel"})}, Kind.IGNORED),
        ({"message": message(text="x", chat={"id": -5, "type": "channel"})}, Kind.IGNORED),
        ({"message_reaction": {"chat": GROUP}}, Kind.IGNORED),
        ({"poll": {"id": "1"}}, Kind.IGNORED),
        ({}, Kind.IGNORED),
        ({"message": message(chat=GROUP, migrate_to_chat_id=-2002)}, Kind.MIGRATED),
        ({"message": message(chat=GROUP, migrate_from_chat_id=-1)}, Kind.IGNORED),
    ],
)
def test_what_nobody_said_is_not_answered(parts: dict[str, Any], kind: Kind) -> None:
    found = only(update(**parts))
    assert found.kind is kind
    assert found.data == ("-2002" if kind is Kind.MIGRATED else "")


@pytest.mark.parametrize(
    ("chat", "before", "after", "kind"),
    [
        (PRIVATE, "member", "kicked", Kind.UNFOLLOW),
        (PRIVATE, "kicked", "member", Kind.IGNORED),  # /start follows
        (GROUP, "left", "member", Kind.JOIN),
        (GROUP, "kicked", "administrator", Kind.JOIN),
        (GROUP, "member", "administrator", Kind.IGNORED),
        (GROUP, "member", "left", Kind.LEAVE),
        (GROUP, "administrator", "kicked", Kind.LEAVE),
        ({"id": -5, "type": "channel"}, "left", "administrator", Kind.IGNORED),
    ],
)
def test_coming_and_going(chat: dict[str, Any], before: str, after: str, kind: Kind) -> None:
    change = {"old_chat_member": {"status": before}, "new_chat_member": {"status": after}}
    assert only(update(my_chat_member={"chat": chat, "from": PERSON, **change})).kind is kind


@pytest.mark.parametrize(
    ("text", "expected", "addressed", "kind"),
    [
        ("/check@RutanBot ลิงก์นี้", "/check ลิงก์นี้", True, Kind.TEXT),
        ("/check@rutanbot ลิงก์นี้", "/check ลิงก์นี้", True, Kind.TEXT),
        ("/help", "/help", True, Kind.TEXT),
        ("/help@OtherBot", "", False, Kind.IGNORED),
        ("กินข้าวยัง", "กินข้าวยัง", False, Kind.TEXT),
        ("1/2 ของเงิน", "1/2 ของเงิน", False, Kind.TEXT),
    ],
)
def test_commands_in_a_group(text: str, expected: str, addressed: bool, kind: Kind) -> None:
    found = said(text=text, chat=GROUP)
    assert (found.text, found.addressed, found.kind) == (expected, addressed, kind)
    assert found.address == Address(Platform.TELEGRAM, "-1001", "7", ChatKind.GROUP)


def test_a_mention_of_us_is_cut_out_and_of_others_is_not() -> None:
    text = "😀 @rutanbot จริงไหม @mali"
    entities = [
        {"type": "mention", "offset": 3, "length": 9},
        {"type": "mention", "offset": 20, "length": 5},
    ]
    found = said(text=text, entities=entities, chat=GROUP)
    assert (found.addressed, found.text) == (True, "😀  จริงไหม @mali")
    assert not said(text="@mali", entities=[{"type": "mention", "offset": 0, "length": 5}], chat=GROUP).addressed
    (nameless,) = telegram.read(update(message=message(text=text, entities=entities, chat=GROUP)), "", NOW)
    assert not nameless.addressed


def test_a_reply_to_us_addresses_us_and_a_reply_to_others_quotes_them() -> None:
    ours = {"from": {"id": 1, "is_bot": True, "username": ME}, "text": "คำตอบ"}
    theirs = {"from": {"id": 8, "username": "mali"}, "text": "โอนมาก่อน"}
    to_us, to_them = said(text="แล้วไง", reply_to_message=ours), said(text="จริงไหม", reply_to_message=theirs)
    assert (to_us.addressed, to_us.quoted) == (True, "")
    assert (to_them.addressed, to_them.quoted) == (False, "โอนมาก่อน")
    assert said(text="?", reply_to_message=theirs, quote={"text": "โอน"}).quoted == "โอน"


def test_a_nameless_admin_is_a_person() -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "username": "GroupAnonymousBot"}
    assert said(text="/help", chat=GROUP, sender_chat=GROUP, **{"from": anonymous}).kind is Kind.TEXT


def test_a_press_is_read_with_the_id_that_stops_the_clock() -> None:
    tap = {"id": "cb1", "from": PERSON, "data": "report", "message": message(text="x")}
    found = only(update(callback_query=tap))
    assert (found.kind, found.data, found.callback_id) == (Kind.TAP, "report", "cb1")
    del tap["message"]
    assert only(update(callback_query=tap)).address.chat == "7"


def test_odd_updates_are_read_without_trouble() -> None:
    for odd in (
        {},
        {"message": []},
        {"message": {"chat": 5, "from": "x", "text": {}}},
        {"callback_query": {"a": 1}},
    ):
        (found,) = telegram.read(odd, ME, NOW)
        assert found.event_id
    assert telegram.read(b'{"update_id": 1}', ME, NOW)[0].event_id == "1"
    with pytest.raises(ValueError):
        telegram.read(b"{", ME, NOW)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    "chat",
    "from",
    "text",
    "caption",
    "entities",
    "photo",
    "reply_markup",
    "reply_to_message",
    "document",
]


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES), st.sampled_from(["message", "callback_query"]))
def test_no_input_makes_reading_raise(content: dict[str, Any], name: str) -> None:
    (found,) = telegram.read({"update_id": 1, name: content}, ME, NOW)
    found.text.encode()


# --- render -------------------------------------------------------------------------------


def errors(reply: Reply) -> list[str]:
    return platform_specs.telegram_errors("sendMessage", {"chat_id": 7, **telegram.render(reply)})


@pytest.mark.parametrize("reply", BY_TONE.values(), ids=lambda reply: reply.tone.value)
def test_a_reply_of_each_tone_looks_as_agreed(reply: Reply) -> None:
    agreed("telegram", reply.tone.value, telegram.render(reply))


@pytest.mark.parametrize("reply", BY_TONE.values(), ids=lambda reply: reply.tone.value)
def test_every_tone_is_what_telegram_takes(reply: Reply) -> None:
    platform_specs.require()
    assert errors(reply) == []


def test_a_citizens_markup_is_shown_not_interpreted() -> None:
    hostile = Section("<b>", (words("<a href='https://x.example'>กด</a> &amp; [a](b) <script>"),))
    rendered = telegram.render(replace(PLAIN, title="</b><i>", sections=(hostile,)))
    shown, faults = platform_specs.telegram_text(rendered["text"])
    assert faults == []
    assert "<a href='https://x.example'>กด</a> &amp; [a](b) <script>" in shown
    assert rendered["link_preview_options"] == {"is_disabled": True}


def test_a_number_is_written_out_since_no_button_dials() -> None:
    rendered = telegram.render(ALARM)
    assert "☎️ <b>โทร 1441</b>" in rendered["text"]
    assert "โทร 1441" not in json.dumps(rendered["reply_markup"], ensure_ascii=False)
    bank = replace(CALL, label="โทรหาธนาคาร", value="02-000-1234")
    assert "<b>โทรหาธนาคาร</b>: 02-000-1234" in telegram.render(replace(ALARM, buttons=(bank,)))["text"]


def test_a_link_of_this_machine_is_written_out_since_telegram_refuses_it() -> None:
    local = Button("หน้าเว็บ", ButtonKind.OPEN, "http://127.0.0.1:8080/privacy")
    rendered = telegram.render(replace(PLAIN, buttons=(local,), quick=()))
    assert "http://127.0.0.1:8080/privacy" in rendered["text"]
    assert "reply_markup" not in rendered


def test_quick_replies_stand_two_in_a_row() -> None:
    keyboard = telegram.render(replace(ALARM, quick=(REPORT, REPORT, REPORT)))["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in keyboard] == [1, 2, 1]


def test_a_very_long_reply_keeps_its_steps_and_the_number() -> None:
    quote = Section("ข้อความ", tuple(words("โอน & <จ่าย> " * 60) for _ in range(40)))
    rendered = telegram.render(replace(ALARM, sections=(quote, *ALARM.sections)))
    assert len(rendered["text"]) <= telegram.LONGEST_TEXT
    assert "โทรถามขนส่ง" in rendered["text"] and "☎️ <b>โทร 1441</b>" in rendered["text"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=3000), max_size=30), st.text(min_size=1, max_size=2000))
def test_whatever_a_citizen_wrote_telegram_takes_it(lines: list[str], title: str) -> None:
    spans = tuple((Span(each, bold=True), Span(each[::-1])) for each in lines)
    reply = Reply("x" + title, title, Language.THAI, sections=(Section("", spans), Section("", spans, steps=True)))
    if platform_specs.missing():
        assert len(telegram.render(reply)["text"]) <= telegram.LONGEST_TEXT
    else:
        assert errors(reply) == []


# --- send ---------------------------------------------------------------------------------


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(username=ME) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
async def sender(fake: FakeTelegram) -> AsyncIterator[TelegramSender]:
    async with TelegramSender.open(fake.token, fake.url) as sender:
        yield sender


def letter(**more: Any) -> Letter:
    usual: dict[str, Any] = {
        "id": 1,
        "address": Address(Platform.TELEGRAM, "7", "7"),
        "reply": ALARM,
        "retry_key": str(uuid.uuid4()),
        "reply_token": "",
        "callback_id": "",
        "received_at": NOW,
        "tries": 0,
        "unknown": False,
    }
    return Letter(**{**usual, **more})


async def test_an_answer_arrives_as_html_with_its_buttons(fake: FakeTelegram, sender: TelegramSender) -> None:
    sent = await sender.send(letter())
    assert sent.via == "send" and sent.message_id.isdigit()
    (answer,) = fake.answers
    assert "อย่ากดลิงก์" in answer.text
    assert answer.buttons["รายงานข้อความนี้"] == "report"


async def test_a_press_is_acknowledged_once_however_often_it_comes_up(
    fake: FakeTelegram, sender: TelegramSender
) -> None:
    tap = Message(Address(Platform.TELEGRAM, "7", "7"), "e", Kind.TAP, NOW, callback_id="cb1")
    await sender.working(tap)
    await sender.send(letter(callback_id="cb1"))
    await sender.send(letter(callback_id="cb2"))
    assert fake.answered == ["cb1", "cb2"]


async def test_a_press_too_old_to_acknowledge_is_answered_all_the_same(
    fake: FakeTelegram, sender: TelegramSender
) -> None:
    fake.fault(Fault(status=400, only="answerCallbackQuery"))
    assert (await sender.send(letter(callback_id="cb1"))).via == "send"


async def test_typing_is_shown_and_never_raises(fake: FakeTelegram, sender: TelegramSender) -> None:
    waiting = Message(Address(Platform.TELEGRAM, "7", "7"), "e", Kind.TEXT, NOW)
    await sender.working(waiting)
    assert fake.calls[0].body["action"] == "typing"
    for fault in (Fault(status=500), Fault(status=200, body="<html>"), Fault(status=0)):
        fake.fault(fault)
        await sender.working(waiting)


@pytest.mark.parametrize(
    ("fault", "kind", "permanent", "unknown"),
    [
        (Fault(status=429), TooFast, False, False),
        (Fault(status=403), Unreachable, True, False),
        (
            Fault(status=400, body='{"ok":false,"description":"Bad Request: chat not found"}'),
            Unreachable,
            True,
            False,
        ),
        (Fault(status=401), SendFailed, False, False),
        (Fault(status=500), SendFailed, False, False),
        (Fault(status=502, body="<html>", content_type="text/html"), SendFailed, False, True),
        (Fault(status=0, accepted=True), SendFailed, False, True),
        (Fault(status=200, body="<html>", content_type="text/html"), SendFailed, False, True),
    ],
)
async def test_every_failure_is_told_in_our_words(
    fake: FakeTelegram,
    sender: TelegramSender,
    fault: Fault,
    kind: type[SendFailed],
    permanent: bool,
    unknown: bool,
) -> None:
    fake.fault(fault)
    with pytest.raises(kind) as failure:
        await sender.send(letter())
    assert (failure.value.permanent, failure.value.unknown) == (permanent, unknown)
    assert fake.token not in str(failure.value)


async def test_too_fast_says_how_long(fake: FakeTelegram, sender: TelegramSender) -> None:
    fake.fault(Fault(status=429, body='{"ok":false,"description":"x","parameters":{"retry_after":17}}'))
    with pytest.raises(TooFast) as failure:
        await sender.send(letter())
    assert failure.value.seconds == 17


async def test_a_group_that_moved_says_where_to(fake: FakeTelegram, sender: TelegramSender) -> None:
    fake.migrated["-5"] = -1005
    with pytest.raises(Moved) as failure:
        await sender.send(letter(address=Address(Platform.TELEGRAM, "-5", "7", ChatKind.GROUP)))
    assert failure.value.chat == "-1005"


async def test_a_form_that_telegram_refuses_goes_as_bare_text(fake: FakeTelegram, sender: TelegramSender) -> None:
    fake.fault(Fault(status=400, body='{"ok":false,"description":"Bad Request: can\'t parse entities"}'))
    await sender.send(letter())
    (answer,) = fake.answers
    assert "<b>" not in answer.text and "โทร 1441" in answer.text and answer.buttons == {}


async def test_a_server_that_is_down_took_nothing() -> None:
    async with TelegramSender.open("1:x", "http://127.0.0.1:9") as sender:
        with pytest.raises(SendFailed) as failure:
            await sender.send(letter())
        assert not failure.value.unknown and not failure.value.permanent
        with pytest.raises(SendFailed):
            await sender.username()


async def test_a_hanging_server_leaves_the_end_unknown(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_client, "REQUEST_SECONDS", 0.2)  # a number, not our code: the real one is 8 s
    fake.fault(Fault(status=200, hang=HANG_SECONDS))
    async with TelegramSender.open(fake.token, fake.url) as sender:
        with pytest.raises(SendFailed) as failure:
            await sender.send(letter())
        assert failure.value.unknown


async def test_our_name_is_asked_for(fake: FakeTelegram, sender: TelegramSender) -> None:
    assert await sender.username() == ME


# --- polling ------------------------------------------------------------------------------

# Telegram answers after so long where nobody writes: who stops within half of it has not waited for that.
SOONER_THAN_TELEGRAM = POLL_SECONDS / 2


class Inbox:
    """Takes updates as the real one does; can be made to fail."""

    def __init__(self) -> None:
        self.updates: list[Payload] = []
        self.failures = 0
        self.got = asyncio.Event()

    async def take(self, updates: Sequence[Payload]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.updates += updates
        self.got.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.updates) < count:
                await self.got.wait()
                self.got.clear()


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def polling(fake: FakeTelegram, inbox: Inbox) -> AsyncIterator[TelegramPolling]:
    polling = TelegramPolling(fake.token, inbox.take, fake.url)
    task = asyncio.create_task(polling.run())
    yield polling
    polling.stop()
    await asyncio.wait_for(task, SOONER_THAN_TELEGRAM)
    await polling.close()


@pytest.mark.usefixtures("polling")
async def test_polling_takes_the_webhook_away_and_hands_on_raw_updates(fake: FakeTelegram, inbox: Inbox) -> None:
    fake.webhook_set = "https://old.example/webhook"
    first = fake.update(message=fake.message(7, "หนึ่ง"), something_new={"of": 2030})
    await fake.send(first)
    await inbox.until(1)
    await fake.send(fake.update(message=fake.message(7, "สอง")))
    await inbox.until(2)
    assert fake.webhook_set == ""
    assert inbox.updates[0] == first


@pytest.mark.usefixtures("polling")
async def test_an_update_is_asked_for_again_until_it_is_stored(fake: FakeTelegram, inbox: Inbox) -> None:
    inbox.failures = 1
    await fake.send(fake.update(message=fake.message(7, "หนึ่ง")))
    await inbox.until(1)
    assert len(fake.called("getUpdates")) >= 2


@pytest.mark.usefixtures("polling")
async def test_polling_outlives_errors(fake: FakeTelegram, inbox: Inbox) -> None:
    for fault in (Fault(status=500, only="getUpdates"), Fault(status=200, body="<html>", only="getUpdates")):
        fake.fault(fault)
    await fake.send(fake.update(message=fake.message(7, "หนึ่ง")))
    await inbox.until(1)


async def test_of_several_processes_only_the_one_whose_turn_it_is_asks(fake: FakeTelegram, inbox: Inbox) -> None:
    asked, ours = 0, asyncio.Event()

    def may_ask() -> bool:
        nonlocal asked
        asked += 1
        return ours.is_set()

    polling = TelegramPolling(fake.token, inbox.take, fake.url, may_ask)
    task = asyncio.create_task(polling.run())
    await fake.send(fake.update(message=fake.message(7, "หนึ่ง")))
    async with asyncio.timeout(30):
        while asked < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not fake.calls, "two that ask would take each other's answers"
    ours.set()
    await inbox.until(1)
    polling.stop()
    await asyncio.wait_for(task, SOONER_THAN_TELEGRAM)
    await polling.close()


async def test_polling_stops_at_once_while_it_waits(fake: FakeTelegram, inbox: Inbox) -> None:
    polling = TelegramPolling(fake.token, inbox.take, fake.url)
    task = asyncio.create_task(polling.run())
    await fake.until_called("deleteWebhook")
    await asyncio.sleep(0.1)  # now it waits for updates
    polling.stop()
    await asyncio.wait_for(task, SOONER_THAN_TELEGRAM)
    await polling.close()
