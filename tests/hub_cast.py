"""A hub with a member, and what villagers bring to it: all invented."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from conftest import House
from group_life import SCAMS
from talk import OnLine, OnTelegram, Person

from handlers.hub_types import Hub

NAME = "ศูนย์ดิจิทัลบ้านโนนตัวอย่าง"
HUB = Hub(
    0,
    NAME,
    "ศาลากลางบ้านโนนตัวอย่าง",
    "khon-kaen",
    "จันทร์–ศุกร์ 9–16 น.",
    "ไทย อีสาน",
    "เรื่องเงิน: ธนาคารของเขาก่อน\nแล้วโทร 1441",
)
UNKNOWN = (
    "ขอเชิญร่วมกิจกรรมชมรมผู้สูงวัยเดือนหน้า มีแจกของที่ระลึก ลงชื่อไว้กับผู้ประสานงานที่ศาลา",
    "ร้านค้าแจ้งว่าของที่สั่งไว้หมดแล้ว จะเปลี่ยนเป็นสีอื่นหรือรอรอบหน้าดี ตอบกลับด้วยนะ",
    "นัดประชุมหมู่บ้านวันอาทิตย์นี้ เก้าโมงเช้าที่วัด เรื่องน้ำประปาและถนนหน้าโรงเรียน",
)


async def open_hub(house: House) -> str:
    """Make the hub; its code as it is handed over on paper."""
    return (await house.bot.store.hubs.add(HUB, "operator")).code


@dataclass
class Member:
    """Somebody who has joined."""

    person: Person
    name: str


async def joined(house: House, platform: str = "line") -> Member:
    """A member on LINE or Telegram."""
    code = await open_hub(house)
    person: Person = OnLine(house, "Uhub") if platform == "line" else OnTelegram(house, 700_077)
    await person.says(f"ศูนย์ {code}")
    await person.taps("hub:join:yes")
    return Member(person, "Uhub" if platform == "line" else "700077")


def brought(count: int) -> list[str]:
    """What was brought: mostly copies of six scams with small differences, some ordinary and unknown ones."""
    texts = []
    for number in range(count):
        if number % 10 == 9:
            texts.append(UNKNOWN[number // 10 % len(UNKNOWN)])
        else:
            texts.append(SCAMS[number % len(SCAMS)].replace("ภายในวันนี้", f"ภายในวันที่ {number % 28 + 1}"))
    return texts


def numbers_in(text: str) -> set[int]:
    """Every number of a message that a table names: "ข้อความที่ 1, 3–5" is 1, 3, 4, 5."""
    found: set[int] = set()
    for said in re.findall(r"(?:ข้อความที่|No\.) ([\d ,–]+)", text):
        for piece in said.split(","):
            if not piece.strip():
                continue
            first, _, last = piece.strip().partition("–")
            found |= set(range(int(first), int(last or first) + 1))
    return found


async def settled(house: House) -> None:
    """Wait until everything that came in has been worked through and sent."""
    while await house.bot.store.waiting() or (await house.bot.store.depths()).outbox:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
