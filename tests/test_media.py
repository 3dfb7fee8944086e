"""What is not text is answered too: kindly, once, with what to do instead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conftest import House
from test_dialogue import SCAM

LINE_THINGS: list[tuple[str, dict[str, Any], str]] = [
    ("sticker", {"packageId": "1", "stickerId": "2", "stickerResourceType": "STATIC", "quoteToken": "q"}, "น่ารัก"),
    ("image", {"contentProvider": {"type": "line"}, "quoteToken": "q"}, "ยังอ่านรูปไม่ได้"),
    ("audio", {"contentProvider": {"type": "line"}, "duration": 3000}, "ยังฟังไม่ได้"),
    ("video", {"contentProvider": {"type": "line"}, "duration": 3000, "quoteToken": "q"}, "ยังดูไม่ได้"),
    ("file", {"fileName": "แบบฟอร์ม.pdf", "fileSize": 9}, "ไม่เปิดไฟล์"),
    ("file", {"fileName": "SaveBank.APK", "fileSize": 9}, "อย่าติดตั้ง"),
    ("location", {"latitude": 13.7, "longitude": 100.5, "title": "ที่นี่"}, "ได้รับตำแหน่งแล้ว"),
    ("hologram", {}, "ยังอ่านแบบนี้ไม่ได้"),
]

PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90}]
FILE = {"file_id": "f", "file_unique_id": "u"}
TELEGRAM_THINGS: list[tuple[dict[str, Any], str]] = [
    ({"photo": PHOTO}, "ยังอ่านรูปไม่ได้"),
    ({"voice": FILE | {"duration": 3}}, "ยังฟังไม่ได้"),
    ({"audio": FILE | {"duration": 3}}, "ยังฟังไม่ได้"),
    ({"video": FILE | {"duration": 3, "width": 9, "height": 9}}, "ยังดูไม่ได้"),
    ({"video_note": FILE | {"duration": 3, "length": 9}}, "ยังดูไม่ได้"),
    ({"document": FILE | {"file_name": "a.pdf"}}, "ไม่เปิดไฟล์"),
    ({"document": FILE | {"file_name": "ktb.apk"}}, "อย่าติดตั้ง"),
    ({"location": {"latitude": 13.7, "longitude": 100.5}}, "ได้รับตำแหน่งแล้ว"),
    ({"sticker": FILE | {"type": "regular", "width": 9, "height": 9, "is_animated": False, "is_video": False}}, "น่ารัก"),
    ({"poll": {"id": "1", "question": "?"}}, "ยังอ่านแบบนี้ไม่ได้"),
    ({"photo": PHOTO, "caption": SCAM["th"]}, "1441"),
    ({"video": FILE | {"duration": 3, "width": 9, "height": 9}, "caption": SCAM["th"]}, "1441"),
]


@pytest.mark.parametrize(
    ("kind", "message", "hears"), LINE_THINGS, ids=[f"{n}-{t[0]}" for n, t in enumerate(LINE_THINGS)]
)
async def test_on_line(house: House, kind: str, message: dict[str, Any], hears: str) -> None:
    answer = await house.line.sends("Umedia", kind, **message)
    assert hears in answer.text
    await asyncio.sleep(0.3)
    assert len(house.line.answers) == 1
    assert house.line.violations == []


@pytest.mark.parametrize(("content", "hears"), TELEGRAM_THINGS, ids=[next(iter(t[0])) for t in TELEGRAM_THINGS])
async def test_on_telegram(house: House, content: dict[str, Any], hears: str) -> None:
    telegram = house.telegram
    answer = await telegram.hears(telegram.update(message=telegram.message(808, **content)), 808)
    assert hears in answer.text
    await asyncio.sleep(0.3)
    assert len(telegram.answers) == 1
    assert telegram.violations == []


async def test_following_is_greeted_and_is_no_subscription(house: House) -> None:
    line, before = house.line, len(house.line.answers)
    await line.send(line.event("follow", "Unew", follow={"isUnblocked": False}))
    greeting = await line.next_answer(before, "Unew")
    assert "เราชื่อรู้ทัน" in greeting.text
    assert "ลองดูตัวอย่าง" in greeting.buttons
    sample = await line.presses("Unew", greeting, "ลองดูตัวอย่าง")
    assert "ตัวอย่างข้อความ" in sample.text
    stopped = await line.says("Unew", "เลิกติดตาม")
    assert "เลิกติดตามแล้ว" in stopped.text


async def test_an_edited_message_on_telegram_is_not_answered_again(house: House) -> None:
    telegram = house.telegram
    await telegram.send(telegram.update(edited_message=telegram.message(808, SCAM["th"]) | {"edit_date": 1}))
    await asyncio.sleep(1.2)
    assert telegram.answers == []


async def test_a_tap_on_telegram_is_always_acknowledged(house: House) -> None:
    await house.telegram.taps(808, "menu")
    await house.telegram.taps(808, "something-we-never-made")
    # It goes beside the answer and may arrive after it.
    await house.telegram.until_called("answerCallbackQuery", 2)
    assert len(house.telegram.called("answerCallbackQuery")) == 2


async def test_a_picture_in_a_group_is_left_alone(house: House) -> None:
    telegram, line = house.telegram, house.line
    await telegram.send(telegram.update(message=telegram.message(808, group=-100, photo=PHOTO)))
    image = {"type": "image", "id": "9", "contentProvider": {"type": "line"}, "quoteToken": "q"}
    await line.send(line.event("message", "Uaunt", group="Cfamily", message=image))
    await asyncio.sleep(0.8)
    assert telegram.answers == []
    assert line.answers == []
