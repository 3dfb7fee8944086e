"""The strict specifications themselves: what LINE and Telegram would refuse is refused here."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import platform_specs
import pytest
from replies import ALARM

from bot import line, telegram

REPLY = "/v2/bot/message/reply"
Body = dict[str, Any]


@pytest.fixture(autouse=True)
def specifications() -> None:
    platform_specs.require()


def good() -> Body:
    return {"replyToken": "t", "messages": copy.deepcopy(line.render(ALARM))}


def bubble(body: Body) -> Body:
    found: Body = body["messages"][0]["contents"]
    return found


def quick(body: Body) -> Body:
    found: Body = body["messages"][0]["quickReply"]["items"][0]["action"]
    return found


def text(body: Body) -> None:
    body["messages"] = [{"type": "text", "text": "ก" * 5001}]


def carousel(body: Body) -> None:
    small = {"type": "bubble"}
    body["messages"][0]["contents"] = {"type": "carousel", "contents": [small] * 13}


def picture(body: Body) -> None:
    address = "http://pictures.example/1.png"
    body["messages"] = [{"type": "image", "originalContentUrl": address, "previewImageUrl": address}]


WRONG: dict[str, Callable[[Body], Any]] = {
    "no token": lambda b: b.pop("replyToken"),
    "six messages": lambda b: b.update(messages=b["messages"] * 6),
    "no messages": lambda b: b.update(messages=[]),
    "an unknown type": lambda b: b["messages"][0].update(type="hologram"),
    "no type": lambda b: b["messages"][0].pop("type"),
    "an unknown field": lambda b: b["messages"][0].update(altTxt="x"),
    "a field of another type": lambda b: b["messages"][0].update(text="x"),
    "no altText": lambda b: b["messages"][0].pop("altText"),
    "an altText too long": lambda b: b["messages"][0].update(altText="ก" * 401),
    "a misspelt flex key": lambda b: bubble(b)["body"].update(layot="vertical"),
    "a wrong layout": lambda b: bubble(b)["body"].update(layout="diagonal"),
    "a wrong component": lambda b: bubble(b)["body"]["contents"].append({"type": "table"}),
    "a wrong colour": lambda b: bubble(b)["header"].update(backgroundColor="red"),
    "a wrong size": lambda b: bubble(b)["header"]["contents"][0].update(size="huge"),
    "an empty text": lambda b: bubble(b)["header"]["contents"][0].update(text=""),
    "a box without contents": lambda b: bubble(b)["body"].pop("contents"),
    "a bubble too large": lambda b: bubble(b)["header"]["contents"][0].update(text="ก" * 6000),
    "13 bubbles": carousel,
    "a label too long": lambda b: quick(b).update(label="ก" * 21),
    "14 quick replies": lambda b: b["messages"][0]["quickReply"].update(
        items=b["messages"][0]["quickReply"]["items"] * 5
    ),
    "postback data too long": lambda b: quick(b).update(data="x" * 301),
    "an action of no kind": lambda b: quick(b).update(type="teleport"),
    "an address LINE refuses": lambda b: bubble(b)["footer"]["contents"][0]["action"].update(uri="javascript:x"),
    "a text of 5001": text,
    "a picture over http": picture,
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_what_line_refuses_is_refused(spoil: Callable[[Body], Any]) -> None:
    body = good()
    assert platform_specs.line_errors("POST", REPLY, body) == []
    spoil(body)
    assert platform_specs.line_errors("POST", REPLY, body) != []


def test_calls_beside_messages_are_checked_too() -> None:
    loading, multicast = "/v2/bot/chat/loading/start", "/v2/bot/message/multicast"
    assert platform_specs.line_errors("POST", loading, {"chatId": "U1", "loadingSeconds": 20}) == []
    assert platform_specs.line_errors("POST", loading, {"chatId": "U1", "loadingSeconds": 22})
    assert platform_specs.line_errors("POST", loading, {"chatId": "U1", "loadingSeconds": 65})
    assert platform_specs.line_errors("POST", multicast, {"to": ["U1"] * 2, "messages": good()["messages"]})
    many = [f"U{number}" for number in range(501)]
    assert platform_specs.line_errors("POST", multicast, {"to": many, "messages": good()["messages"]})
    assert platform_specs.line_errors("POST", "/v2/bot/no/such/thing", {})
    key = {"X-Line-Retry-Key": "not-a-uuid"}
    assert platform_specs.line_errors("POST", multicast, {"to": ["U1"], "messages": good()["messages"]}, key)
    uuid = {"X-Line-Retry-Key": "123e4567-e89b-12d3-a456-426614174000"}
    assert platform_specs.line_errors("POST", REPLY, good(), uuid) == [f"{REPLY} takes no X-Line-Retry-Key"]


def message() -> Body:
    return {"chat_id": 7, **telegram.render(ALARM)}


def key(body: Body) -> Body:
    found: Body = body["reply_markup"]["inline_keyboard"][0][0]
    return found


WRONG_TELEGRAM: dict[str, Callable[[Body], Any]] = {
    "no chat": lambda b: b.pop("chat_id"),
    "an unknown parameter": lambda b: b.update(txt="x"),
    "an empty text": lambda b: b.update(text=""),
    "nothing but tags": lambda b: b.update(text="<b> </b>"),
    "a text too long": lambda b: b.update(text="ก" * 4097),
    "an unknown tag": lambda b: b.update(text="<h1>x</h1>"),
    "a tag left open": lambda b: b.update(text="<b>x"),
    "a tag closed twice": lambda b: b.update(text="x</b>"),
    "an unknown entity": lambda b: b.update(text="&nbsp;"),
    "a button that does two things": lambda b: key(b).update(callback_data="x"),
    "callback data too long": lambda b: (key(b).pop("url"), key(b).update(callback_data="ก" * 22)),
    "a button without words": lambda b: key(b).update(text=""),
    "an unknown field of a button": lambda b: key(b).update(colour="red"),
    "a link of this machine": lambda b: key(b).update(url="http://localhost/"),
    "a preview that is no object": lambda b: b.update(link_preview_options="off"),
}


@pytest.mark.parametrize("spoil", WRONG_TELEGRAM.values(), ids=WRONG_TELEGRAM.keys())
def test_what_telegram_refuses_is_refused(spoil: Callable[[Body], Any]) -> None:
    body = copy.deepcopy(message())
    assert platform_specs.telegram_errors("sendMessage", body) == []
    spoil(body)
    assert platform_specs.telegram_errors("sendMessage", body) != []


def test_a_form_with_json_in_strings_is_read_as_telegram_reads_it() -> None:
    form = {"chat_id": "7", "text": "123", "link_preview_options": '{"is_disabled": true}'}
    assert platform_specs.telegram_errors("sendMessage", form) == []
    assert platform_specs.telegram_errors("sendMassage", form)
    assert platform_specs.telegram_errors("setWebhook", {"url": "https://x.example", "secret_token": "no spaces"})
