"""LINE: what comes in, what it looks like when it goes out, and which way it goes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp.web
import platform_specs
import pytest
from doubles import HANG_SECONDS, FakeLine, Fault
from hypothesis import given, settings
from hypothesis import strategies as st
from replies import ALARM, BY_TONE, CALL, PLAIN, agreed

from bot import flex, line
from bot.line import LineSender
from content.models import Language
from handlers.errors import QuotaSpent, SendFailed, TooFast, Unreachable
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
SECRET = "channel-secret"


def event(**parts: Any) -> dict[str, Any]:
    usual = {
        "type": "message",
        "mode": "active",
        "timestamp": 1,
        "webhookEventId": "01EVENT",
        "deliveryContext": {"isRedelivery": False},
        "source": {"type": "user", "userId": "U1"},
        "replyToken": "token",
    }
    return {**usual, **parts}


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "id": "1", "text": said, "quoteToken": "q", **more}


def only(**parts: Any) -> Message:
    (message,) = line.read({"events": [event(**parts)]}, NOW)
    return message


# --- verify -------------------------------------------------------------------------------


def signed(body: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def test_only_lines_own_signature_over_the_same_bytes_is_taken() -> None:
    body = b'{"events":[]}'
    assert line.verify(body, signed(body), SECRET)
    for wrong in (None, "", "x", "ลายเซ็น", signed(body + b" "), signed(body)[:-2]):
        assert not line.verify(body, wrong, SECRET)
    assert not line.verify(body, signed(body), "")


# --- read ---------------------------------------------------------------------------------


def test_a_text_is_read_with_all_that_its_answer_needs() -> None:
    assert only(message=text("ใช่มิจฉาชีพไหม")) == Message(
        address=Address(Platform.LINE, "U1", "U1"),
        event_id="01EVENT",
        kind=Kind.TEXT,
        received_at=NOW,
        text="ใช่มิจฉาชีพไหม",
        reply_token="token",
    )


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file"])
def test_media_are_read_with_the_id_of_their_content(kind: str) -> None:
    message = only(message={"type": kind, "id": "77", "fileName": "bank.apk"})
    assert (message.kind.value, message.file_id) == (kind, "77")
    assert message.data == ("bank.apk" if kind == "file" else "")


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"message": {"type": "sticker", "id": "1", "stickerResourceType": "NEW"}}, Kind.STICKER),
        ({"message": {"type": "location", "id": "1"}}, Kind.LOCATION),
        ({"message": {"type": "hologram", "id": "1"}}, Kind.OTHER),
        ({"message": text("x"), "mode": "tomorrow"}, Kind.TEXT),
        ({"message": text("x"), "mode": "standby"}, Kind.IGNORED),
        ({"type": "follow", "follow": {"isUnblocked": True}}, Kind.FOLLOW),
        ({"type": "unfollow"}, Kind.UNFOLLOW),
        ({"type": "join"}, Kind.JOIN),
        ({"type": "leave"}, Kind.LEAVE),
        ({"type": "memberJoined", "joined": {"members": []}}, Kind.IGNORED),
        ({"type": "messageEdited", "message": text("x")}, Kind.IGNORED),
        ({"type": "videoPlayComplete"}, Kind.IGNORED),
        ({"type": "brand-new"}, Kind.IGNORED),
        ({"message": text("x"), "source": None}, Kind.IGNORED),
        ({"message": text("x"), "source": {"type": "user"}}, Kind.IGNORED),
    ],
)
def test_every_kind_of_event_has_its_meaning(parts: dict[str, Any], kind: Kind) -> None:
    assert only(**parts).kind is kind


def test_a_press_brings_its_data_and_an_unsend_the_id_of_what_was_taken_back() -> None:
    assert only(type="postback", postback={"data": "report"}).data == "report"
    assert only(type="unsend", unsend={"messageId": "42"}).data == "42"


def test_in_a_group_a_mention_of_us_addresses_us_and_is_cut_out() -> None:
    said = "😀 @Rutan ลิงก์นี้จริงไหม @Mali"
    mentionees = [
        {"type": "user", "index": 3, "length": 6, "isSelf": True},  # counted in UTF-16: the emoji is two
        {"type": "user", "index": 25, "length": 5, "userId": "U2", "isSelf": False},
    ]
    source = {"type": "group", "groupId": "C1", "userId": "U1"}
    message = only(message=text(said, mention={"mentionees": mentionees}), source=source)
    assert message.address == Address(Platform.LINE, "C1", "U1", ChatKind.GROUP)
    assert (message.addressed, message.text) == (True, "😀  ลิงก์นี้จริงไหม @Mali")


def test_in_a_group_without_mention_nobody_speaks_to_us_and_the_person_may_be_nameless() -> None:
    message = only(message=text("กินข้าวยัง"), source={"type": "room", "roomId": "R1"})
    assert message.address == Address(Platform.LINE, "R1", "", ChatKind.GROUP)
    assert not message.addressed


def test_an_event_without_a_name_gets_the_same_one_when_it_is_delivered_again() -> None:
    first = event(message=text("x"))
    del first["webhookEventId"]
    again = {**first, "deliveryContext": {"isRedelivery": True}}
    other = {**first, "message": text("y")}
    ids = [message.event_id for message in line.read({"events": [first, again, other]}, NOW)]
    assert ids[0] == ids[1] != ids[2]


def test_one_odd_event_costs_only_itself() -> None:
    odd: list[Any] = [
        None,
        5,
        "x",
        [],
        {},
        {"type": 3, "source": 4, "message": []},
        {"message": {"text": {}}},
    ]
    messages = line.read({"events": [*odd, event(message=text("ปกติ"))]}, NOW)
    assert messages[-1].text == "ปกติ"
    assert {message.kind for message in messages[:-1]} == {Kind.IGNORED}


def test_what_no_database_takes_is_mended_while_reading() -> None:
    body = json.dumps({"events": [event(message=text("a\ud800b\x00c"))]}).encode()
    assert b"ud800" in body
    assert line.read(body, NOW)[0].text == "a\ufffdbc"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        line.read(body, NOW)


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": None}, {"events": {"0": 1}}])
def test_a_body_without_events_is_nothing(body: dict[str, Any]) -> None:
    assert line.read(body, NOW) == []


@pytest.mark.parametrize("name", ["line_tests_text_webhook.json", "line_tests_v3_text_webhook.json"])
def test_the_corpora_are_read_event_by_event(name: str) -> None:
    platform_specs.require()
    body = (platform_specs.SPECS / "corpus" / name).read_bytes()
    messages = line.read(body, NOW)
    assert len(messages) == len(json.loads(body)["events"])
    assert {Kind.TEXT, Kind.IMAGE, Kind.STICKER, Kind.TAP, Kind.FOLLOW} <= {each.kind for each in messages}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["type", "source", "message", "text", "mode", "userId", "postback", "mention", "replyToken"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(NAMES, JSON_VALUES | st.sampled_from(["message", "text", "U1"]))))
def test_no_input_makes_reading_raise(events: list[dict[str, Any]]) -> None:
    messages = line.read({"events": events}, NOW)
    assert len(messages) == len(events)
    for message in messages:
        message.text.encode()


# --- render -------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", BY_TONE.values(), ids=lambda reply: reply.tone.value)
def test_a_reply_of_each_tone_looks_as_agreed(reply: Reply) -> None:
    agreed("line", reply.tone.value, line.render(reply))


@pytest.mark.parametrize("reply", BY_TONE.values(), ids=lambda reply: reply.tone.value)
def test_every_tone_is_what_line_takes(reply: Reply) -> None:
    platform_specs.require()
    body = {"replyToken": "t", "messages": line.render(reply)}
    assert platform_specs.line_errors("POST", "/v2/bot/message/reply", body) == []


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_white_type_stands_out_on_every_head() -> None:
    for colour in flex.HEAD_COLOURS.values():
        assert 1.05 / (luminance(colour) + 0.05) >= 7


def test_the_notification_carries_the_substance() -> None:
    (message,) = line.render(ALARM)
    assert message["altText"] == ALARM.summary
    (long,) = line.render(replace(ALARM, summary="ก้" * 900))
    assert len(long["altText"]) <= 400
    assert long["altText"].endswith("ก้…")


def test_a_number_is_dialled_and_a_press_shows_what_was_pressed() -> None:
    (message,) = line.render(ALARM)
    call, police = (part["action"] for part in message["contents"]["footer"]["contents"])
    assert (call["uri"], police["uri"]) == ("tel:1441", "https://www.thaipoliceonline.go.th")
    quick = [item["action"] for item in message["quickReply"]["items"]]
    assert (quick[0]["data"], quick[0]["displayText"]) == ("report", "รายงานข้อความนี้")
    assert flex.action(replace(CALL, value="*123#"), 20) == {
        "type": "uri",
        "label": "โทร 1441",
        "uri": "tel:*123%23",
    }


def test_a_link_that_line_refuses_costs_its_button_not_the_answer() -> None:
    (message,) = line.render(replace(ALARM, buttons=(Button("x", ButtonKind.OPEN, "javascript:alert(1)"), CALL)))
    assert [part["action"]["label"] for part in message["contents"]["footer"]["contents"]] == ["โทร 1441"]


def test_a_very_long_reply_is_cut_kindly_and_keeps_its_steps() -> None:
    quote = Section("ข้อความที่ส่งมา", tuple(words("โอนเงินค่าประกันก่อนรับเงินกู้ " * 40) for _ in range(60)))
    (message,) = line.render(replace(ALARM, sections=(quote, *ALARM.sections)))
    assert len(json.dumps(message["contents"])) <= 30_000
    shown = json.dumps(message["contents"], ensure_ascii=False)
    assert "โทรถามขนส่งด้วยเบอร์ที่หาเอง" in shown
    assert "…" in shown
    assert len(message["contents"]["footer"]["contents"]) == 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=3000), max_size=30), st.text(max_size=2000))
def test_whatever_a_citizen_wrote_the_bubble_stays_within_limits(said: list[str], title: str) -> None:
    lines = tuple((Span(each, bold=True), Span(each[::-1])) for each in said)
    reply = Reply(title, title, Language.THAI, sections=(Section("", lines), Section("", lines, steps=True)))
    (message,) = line.render(reply)
    assert len(json.dumps(message["contents"])) <= 30_000
    if not platform_specs.missing() and title:
        body = {"replyToken": "t", "messages": [message]}
        assert platform_specs.line_errors("POST", "/v2/bot/message/reply", body) == []


def test_marks_that_turn_the_direction_of_writing_are_left_out() -> None:
    shown = json.dumps(line.render(replace(PLAIN, title="a\u202eb\u2066c\x07d")), ensure_ascii=False)
    assert "abcd" in shown


# --- send ---------------------------------------------------------------------------------


@pytest.fixture
async def fake() -> AsyncIterator[FakeLine]:
    async with FakeLine(token_life=None) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
async def sender(fake: FakeLine) -> AsyncIterator[LineSender]:
    async with LineSender.open("access-token", fake.url, lambda: NOW) as sender:
        yield sender


def letter(token: str = "", **more: Any) -> Letter:
    usual: dict[str, Any] = {
        "id": 1,
        "address": Address(Platform.LINE, "U1", "U1"),
        "reply": ALARM,
        "retry_key": str(uuid.uuid4()),
        "reply_token": token,
        "callback_id": "",
        "received_at": NOW,
        "tries": 0,
        "unknown": False,
    }
    return Letter(**{**usual, **more})


def group() -> Address:
    return Address(Platform.LINE, "C1", "U1", ChatKind.GROUP)


async def test_a_living_token_is_replied_to(fake: FakeLine, sender: LineSender) -> None:
    sent = await sender.send(letter(fake.token("U1")))
    assert sent.via == "reply" and sent.message_id
    assert [call.name for call in fake.calls] == ["reply"]
    assert fake.answers[0].alt == ALARM.summary


async def test_a_dead_token_leads_to_one_push_with_the_rows_retry_key(fake: FakeLine, sender: LineSender) -> None:
    waiting = letter("never-given")
    sent = await sender.send(waiting)
    assert sent.via == "push" and sent.message_id
    assert [(call.name, call.status) for call in fake.calls] == [("reply", 400), ("push", 200)]
    assert fake.calls[1].headers["X-Line-Retry-Key"] == waiting.retry_key
    assert "X-Line-Retry-Key" not in fake.calls[0].headers


async def test_a_token_of_fifty_seconds_is_not_tried_but_pushed(fake: FakeLine, sender: LineSender) -> None:
    sent = await sender.send(letter(fake.token("U1"), received_at=NOW - timedelta(seconds=50)))
    assert sent.via == "push"
    assert [call.name for call in fake.calls] == ["push"]


async def test_what_leaves_by_itself_is_pushed(fake: FakeLine, sender: LineSender) -> None:
    assert (await sender.send(letter())).via == "push"


async def test_a_push_said_twice_is_heard_once(fake: FakeLine, sender: LineSender) -> None:
    waiting = letter()
    fake.fault(Fault(hang=0, accepted=True), times=1)  # delivered, and the connection broke
    with pytest.raises(SendFailed) as failure:
        await sender.send(waiting)
    assert failure.value.unknown
    sent = await sender.send(replace(waiting, tries=1, unknown=True))
    assert sent.via == "push" and sent.message_id
    assert [call.status for call in fake.calls] == [0, 409]
    assert len(fake.answers) == 1


async def test_a_reply_whose_answer_was_lost_is_found_delivered_by_the_same_token(
    fake: FakeLine, sender: LineSender
) -> None:
    waiting = letter(fake.token("U1"))
    fake.fault(Fault(accepted=True))
    with pytest.raises(SendFailed) as failure:
        await sender.send(waiting)
    assert failure.value.unknown
    late = replace(waiting, tries=1, unknown=True, received_at=NOW - timedelta(minutes=5))
    assert (await sender.send(late)).via == "reply"
    assert [call.name for call in fake.calls] == ["reply", "reply"]
    assert len(fake.answers) == 1


async def test_a_reply_that_never_arrived_goes_out_with_the_same_token(fake: FakeLine, sender: LineSender) -> None:
    waiting = letter(fake.token("U1"))
    fake.fault(Fault(status=500))
    with pytest.raises(SendFailed) as failure:
        await sender.send(waiting)
    assert failure.value.unknown and not failure.value.permanent
    assert (await sender.send(replace(waiting, tries=1, unknown=True))).via == "reply"
    assert len(fake.answers) == 1


async def test_a_token_known_to_be_dead_stays_so_when_its_push_fails(fake: FakeLine, sender: LineSender) -> None:
    waiting = letter("never-given")
    fake.fault(Fault(status=500, only="push"))
    with pytest.raises(SendFailed):
        await sender.send(waiting)
    assert (await sender.send(replace(waiting, tries=1, unknown=True, by_push=True))).via == "push"
    assert [call.name for call in fake.calls] == ["reply", "push", "push"]
    assert len(fake.answers) == 1


async def test_an_answer_too_late_for_its_token_keeps_to_the_push(fake: FakeLine, sender: LineSender) -> None:
    late = letter(fake.token("U1"), received_at=NOW - timedelta(minutes=2))
    fake.fault(Fault(accepted=True))
    with pytest.raises(SendFailed):
        await sender.send(late)
    assert (await sender.send(replace(late, tries=1, unknown=True, by_push=True))).via == "push"
    assert [(call.name, call.status) for call in fake.calls] == [("push", 0), ("push", 409)]
    assert len(fake.answers) == 1


async def test_groups_are_never_pushed_to(fake: FakeLine, sender: LineSender) -> None:
    assert (await sender.send(letter(fake.token("C1"), address=group()))).via == "reply"
    for waiting in (letter("never-given", address=group()), letter(address=group())):
        with pytest.raises(SendFailed) as failure:
            await sender.send(waiting)
        assert failure.value.permanent
    assert "push" not in {call.name for call in fake.calls}


async def test_too_fast_says_how_long_and_a_spent_quota_says_so(fake: FakeLine, sender: LineSender) -> None:
    fake.fault(Fault(status=429, headers={"Retry-After": "7"}))
    with pytest.raises(TooFast) as slow:
        await sender.send(letter(fake.token("U1")))
    assert slow.value.seconds == 7
    fake.quota = 0
    with pytest.raises(QuotaSpent):
        await sender.send(letter())


async def test_who_cannot_be_reached_is_unreachable(fake: FakeLine, sender: LineSender) -> None:
    fake.blocked.add("U1")
    with pytest.raises(Unreachable):
        await sender.send(letter())
    for status in (403, 404):
        fake.fault(Fault(status=status, only="push"))
        with pytest.raises(Unreachable):
            await sender.send(letter())


async def test_a_wrong_access_token_can_be_mended_while_the_letter_waits(fake: FakeLine, sender: LineSender) -> None:
    fake.fault(Fault(status=401))
    with pytest.raises(SendFailed) as failure:
        await sender.send(letter(fake.token("U1")))
    assert not failure.value.permanent and not failure.value.unknown


@pytest.mark.parametrize("body", ["", "{}", '{"sentMessages": []}', '{"sentMessages": 5, "new": 1}'])
async def test_an_empty_or_new_answer_of_200_counts_as_sent(fake: FakeLine, sender: LineSender, body: str) -> None:
    fake.fault(Fault(status=200, body=body, accepted=True))
    sent = await sender.send(letter(fake.token("U1")))
    assert (sent.via, sent.message_id) == ("reply", "")


@pytest.mark.parametrize("body", ["<html>please sign in</html>", "{", "[1]x"])
async def test_an_answer_that_is_not_lines_leaves_the_end_unknown(
    fake: FakeLine, sender: LineSender, body: str
) -> None:
    fake.fault(Fault(status=200, body=body, content_type="text/html"))
    with pytest.raises(SendFailed) as failure:
        await sender.send(letter(fake.token("U1")))
    assert failure.value.unknown


async def test_html_errors_are_read_by_their_status(fake: FakeLine, sender: LineSender) -> None:
    fake.fault(Fault(status=502, body="<html>bad gateway</html>", content_type="text/html"))
    with pytest.raises(SendFailed) as failure:
        await sender.send(letter(fake.token("U1")))
    assert failure.value.unknown and "502" in failure.value.reason


async def test_a_bubble_that_line_refuses_goes_as_bare_text(fake: FakeLine, sender: LineSender) -> None:
    said = json.dumps({"message": "A message (messages[0]) in the request body is invalid", "details": []})
    fake.fault(Fault(status=400, body=said))
    token = fake.token("U1")
    assert (await sender.send(letter(token))).via == "reply"
    assert [call.name for call in fake.calls] == ["reply", "reply"]
    assert fake.answers[0].messages[0]["type"] == "text"
    assert "1441" in fake.answers[0].text


async def test_a_server_that_is_down_took_nothing() -> None:
    async with LineSender.open("access-token", "http://127.0.0.1:9", lambda: NOW) as sender:
        with pytest.raises(SendFailed) as failure:
            await sender.send(letter("token"))
        assert not failure.value.unknown and not failure.value.permanent
        await sender.working(Message(Address(Platform.LINE, "U1", "U1"), "e", Kind.TEXT, NOW))


async def test_a_hanging_server_leaves_the_end_unknown(
    fake: FakeLine, sender: LineSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "REQUEST_SECONDS", 0.2)  # a number, not our code: the real one is 8 s
    fake.fault(Fault(status=200, hang=HANG_SECONDS))
    with pytest.raises(SendFailed) as failure:
        await sender.send(letter(fake.token("U1")))
    assert failure.value.unknown


async def test_the_loading_animation_is_shown_in_private_only_and_never_raises(
    fake: FakeLine, sender: LineSender
) -> None:
    private = Message(Address(Platform.LINE, "U1", "U1"), "e", Kind.TEXT, NOW)
    await sender.working(private)
    await sender.working(replace(private, address=group()))
    assert [call.body for call in fake.calls] == [{"chatId": "U1", "loadingSeconds": 20}]
    for fault in (Fault(status=500), Fault(status=200, body="<html>"), Fault(status=0)):
        fake.fault(fault)
        await sender.working(private)


async def test_the_fake_signs_what_it_says_and_hears_the_answer(fake: FakeLine, sender: LineSender) -> None:
    """The fake itself: a program that answers by reply token is heard by `says`."""

    async def program(request: aiohttp.web.Request) -> aiohttp.web.Response:
        body = await request.read()
        assert line.verify(body, request.headers["X-Line-Signature"], fake.secret)
        for message in line.read(body, NOW):
            await sender.send(letter(message.reply_token))
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_post("/webhooks/line", program)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        fake.webhook = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/line"
        answer = await fake.says("U1", "พัสดุตกค้าง")
        assert "อย่ากดลิงก์" in answer.text
        assert answer.buttons["รายงานข้อความนี้"] == "report"
    finally:
        await runner.cleanup()
