"""In groups: silence, unless it is a known scam beyond doubt or somebody calls us."""

from __future__ import annotations

import asyncio

import pytest
from conftest import House
from hub_cast import settled
from test_dialogue import SCAM

SURE_SCAM = (
    "แจ้งจากไปรษณีย์ พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท โดยกรอกเลขบัตรเครดิต "
    "รหัสหลังบัตร และรหัส OTP ที่ลิงก์ http://thailandpost-fee.example.top/pay ภายในวันนี้ มิฉะนั้นพัสดุจะถูกทำลาย"
)
FAMILY_TALK = [
    "พี่ โอนค่าเทอมให้น้องยัง เดี๋ยวครูทวงอีก",
    "เย็นนี้ใครว่างไปรับพัสดุที่ป้อมยามหน่อย",
    "ระวังนะ ช่วงนี้มีมิจฉาชีพโทรมาอ้างเป็นไปรษณีย์ อย่าไปกดลิงก์",
    "https://youtu.be/cat-video ดูแมวตลกมาก 555",
    "รหัสไวไฟบ้านใหม่คือ 12345678 นะ",
]


async def quiet(house: House, seconds: float = 1.5) -> int:
    """How many answers have come after a moment of waiting."""
    await asyncio.sleep(seconds)
    return len(house.line.answers) + len(house.telegram.answers)


async def test_ordinary_talk_in_a_group_is_left_alone(house: House) -> None:
    for text in FAMILY_TALK:
        await house.line.send(house.line.text_event("Uaunt", text, group="Cfamily"))
        await house.telegram.send(house.telegram.update(message=house.telegram.message(5, text, group=-100)))
    assert await quiet(house) == 0


async def test_a_known_scam_in_a_group_is_named_shortly_and_never_pushed(house: House) -> None:
    answer = await house.line.says("Uaunt", SURE_SCAM, group="Cfamily")
    assert "ระวัง!" in answer.text
    assert answer.via == "reply"
    assert house.line.called("push") == []


async def test_called_by_name_we_answer_shortly(house: House) -> None:
    answer = await house.line.says("Uaunt", SCAM["th"], group="Cfamily", mention=True)
    assert "ระวัง" in answer.text or "อันตราย" in answer.text
    answer = await house.telegram.says(5, f"@RutanBot {SCAM['en']}", group=-100)
    assert "Careful" in answer.text or "Danger" in answer.text


async def test_a_command_that_names_us_is_answered_and_one_for_another_bot_is_not(house: House) -> None:
    answer = await house.telegram.says(5, "/help@RutanBot", group=-100)
    assert "เรียกเรา" in answer.text
    before = len(house.telegram.answers)
    await house.telegram.send(house.telegram.update(message=house.telegram.message(5, "/help@OtherBot", group=-100)))
    await asyncio.sleep(0.8)
    assert len(house.telegram.answers) == before


async def test_what_belongs_in_private_is_not_done_in_a_group(house: House) -> None:
    answer = await house.telegram.says(5, "/report@RutanBot", group=-100)
    assert "ส่วนตัว" in answer.text


async def test_a_reply_to_a_message_that_calls_us_is_about_that_message(house: House) -> None:
    quoted = house.telegram.message(6, SCAM["th"], group=-100)
    answer = await house.telegram.says(5, "@RutanBot จริงไหม", group=-100, reply_to_message=quoted)
    assert "ระวัง" in answer.text or "อันตราย" in answer.text


async def test_joining_greets_once(house: House) -> None:
    line = house.line
    before = len(line.answers)
    await line.send(line.event("join", "", group="Cnew"))
    greeting = await line.next_answer(before, "Cnew")
    assert "เราจะเงียบไว้" in greeting.text
    await line.send(line.event("join", "", group="Cnew"))
    await asyncio.sleep(0.8)
    assert len(line.answers) == before + 1


@pytest.mark.parametrize("kind", ["unfollow", "leave", "memberJoined", "unsend", "beacon", "membership"])
async def test_events_that_nobody_said_get_no_answer(house: House, kind: str) -> None:
    extra = {"unsend": {"messageId": "1"}} if kind == "unsend" else {}
    assert await house.line.send(house.line.event(kind, "Uperson1", **extra)) == 200
    assert await quiet(house, 0.6) == 0


async def test_what_a_group_says_leaves_nothing_behind(house: House) -> None:
    """Not in words and not in numbers: only the count of the inbox rows that are done and emptied."""
    word = "คำลับเฉพาะในกลุ่มของเรา"
    await house.line.send(house.line.text_event("Uaunt", f"{word} เจอกันที่ร้านเดิมนะ ห้าโมงเย็น", group="Cfamily"))
    await settled(house)
    assert await quiet(house, 0.8) == 0
    folder = house.settings.database_path.parent
    for file in folder.glob("rutan.db*"):
        assert word.encode() not in file.read_bytes()
