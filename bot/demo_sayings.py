"""What people of the demonstration send: the sample phrases of our own entries and made-up questions, so that nobody's real
message is in it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from content.knowledge import Knowledge
from content.models import Entry, Language, ScamType
from content.verdict import Level

T = TypeVar("T")

# How often each type comes up, beside 1 for those that are not named: what the news of a year is full of.
COMMON = {
    ScamType.PARCEL: 9, ScamType.JOB_TASK: 7, ScamType.INVESTMENT: 7, ScamType.LOAN: 6, ScamType.AUTHORITY_CALL: 6,
    ScamType.SHOPPING: 6, ScamType.BANK_IMPERSONATION: 5, ScamType.PRIZE_GIFT: 4, ScamType.UTILITY_REFUND: 4,
    ScamType.GAMBLING_SPAM: 3, ScamType.FRIEND_IMPERSONATION: 3, ScamType.TAX_LAND_GOV_APP: 3, ScamType.ROMANCE: 3,
}  # fmt: skip
# In the last month one type becomes a wave.
WAVE = ScamType.FAKE_FINE
WAVE_DAYS = 21
# Messages that no entry knows, put together from who says what and what the person wonders.
WHO = (
    "ลุงที่ตลาด", "คนในไลน์หมู่บ้าน", "ร้านหน้าโรงเรียน", "คนมาเช่าที่นา", "เพื่อนของหลานสาว", "ช่างที่มาซ่อมแอร์",
    "แม่ค้าขายผ้าในกลุ่ม", "คนขับรถรับส่งนักเรียน",
)  # fmt: skip
WHAT = (
    "บอกว่ากลุ่มใหม่รับฝากทองคืนกำไรทุกวันศุกร์ ให้เอาสร้อยไปวางก่อนแล้วจะออกใบรับให้",
    "ส่งตารางเก็บค่าที่จอดรถหน้าบ้านรายปีมา บอกว่าเริ่มเก็บเดือนหน้า จ่ายก่อนลดครึ่งหนึ่ง",
    "แจกคูปองตรวจตาฟรี แต่ให้ถ่ายรูปหน้าสมุดบัญชีไว้ก่อน",
    "ขอดูโฉนดตัวจริงก่อนวันเซ็นสัญญา แล้วขอยืมไปถ่ายสำเนาคืนหนึ่ง",
    "ชวนซื้อบัตรผ่านขึ้นเกาะเป็นรูปถ่าย ให้จ่ายกับเพื่อนเขาแล้วเอาสลิปไปโชว์หน้าท่า",
    "ขายเครื่องกรองน้ำผ่อนเดือนละร้อย ขอเลขมิเตอร์กับบัตรประชาชนไปลงทะเบียนให้",
)
WONDERS = ("ทำได้จริงไหม", "กลัวว่าจะเอาไปทำอะไรไม่ดี", "แบบนี้ต้องระวังอะไรบ้าง", "แม่จะเอาด้วย ห้ามดีไหม")
# What is asked about in the last two days only: it is rising.
RISING = "มีคนทักมาว่าเจอกระเป๋าเราที่สถานีขนส่ง ให้ส่งค่าน้ำมันไปก่อนเขาจะขี่รถเอามาคืนถึงบ้าน"
# Plainly invented pages; `.example` belongs to nobody.
HOSTS = (
    "th-parcel-pay.example", "refund-meter.example", "kasikornbnak-login.example", "fine-pay-th.example",
    "easy-job-th.example", "land-dept-app.example", "prize-claim-th.example", "quick-loan-th.example",
    "post-redeliver.example", "tax-refund-th.example", "shop-flash-sale.example", "water-bill-th.example",
    "invest-daily.example", "ticket-resale-th.example", "hotel-deal-th.example", "crypto-class-th.example",
    "toll-unpaid-th.example",
)  # fmt: skip
# Plainly invented accounts of LINE, each with the day before the last from which on nobody hears of it any more.
LINE_IDS = {
    "@demo-parcel-help": 50, "@demo-easy-job": 0, "@demo-fine-pay": 0, "@demo-shop-sale": 0, "@demo-loan-now": 0,
    "@demo-invest-class": 0, "@demo-land-app": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One message of the story, and what Rutan makes of it."""

    text: str
    language: Language
    level: Level
    type: ScamType | None
    entry: str | None


class Sayings:
    """Draws messages; the same chance draws the same ones."""

    def __init__(self, knowledge: Knowledge, chance: random.Random) -> None:
        self._chance = chance
        self._entries = sorted(knowledge.entries.values(), key=lambda entry: entry.id)
        self._places = {entry.id: place for place, entry in enumerate(self._entries)}

    def draw(self, ago: int) -> Said:
        """What somebody sends, so many days before the last."""
        chance = self._chance.random()
        if chance < 0.20:
            fresh = ago < 2 and self._chance.random() < 0.5
            made_up = f"{often(self._chance, WHO)}{often(self._chance, WHAT)} {often(self._chance, WONDERS)}"
            return Said(RISING if fresh else made_up, Language.THAI, Level.NOT_KNOWN, None, None)
        entry = self._entry(ago)
        spoken = pick(self._chance, {Language.THAI: 88, Language.ENGLISH: 12})
        text = often(self._chance, entry.phrases.scammer.in_(spoken)) + self._named(self._places[entry.id], entry, ago)
        level = Level.KNOWN_SCAM if self._chance.random() < 0.72 else Level.WARNING_SIGNS
        return Said(text, spoken, level, entry.type, entry.id)

    def _named(self, place: int, entry: Entry, ago: int) -> str:
        """The page or account that a message names; "" for most."""
        if place % 3 == 0:
            return f" https://{HOSTS[place % len(HOSTS)]}/{entry.id[:3]}{place}"
        name, until = list(LINE_IDS.items())[place % len(LINE_IDS)]
        return f" LINE ID {name}" if place % 3 == 1 and ago >= until else ""

    def _entry(self, ago: int) -> Entry:
        if ago < WAVE_DAYS and self._chance.random() < 0.16:
            return self._chance.choice([entry for entry in self._entries if entry.type is WAVE])
        weights = [COMMON.get(entry.type, 1) for entry in self._entries]
        return self._chance.choices(self._entries, weights)[0]


def often(chance: random.Random, among: Sequence[str]) -> str:
    """One of them, the first ones most often: forwards are the same few over and over."""
    return among[min(int(chance.expovariate(0.7)), len(among) - 1)]


def pick(chance: random.Random, weighted: Mapping[T, int]) -> T:
    """One of them, by weight."""
    return chance.choices(list(weighted), list(weighted.values()))[0]
