"""Three invented months for a visitor: people ask, report and are answered, all through the store's own doors.

What people send are the sample phrases of our own entries, so that nobody's real message is in it. The same seed tells the
same story; only its days follow the calendar, so that the last of them is today.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TypeVar

from bot.store import filing, forms, turn
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.figures import Figures
from bot.store.foundation import Foundation
from bot.store.leases import shard_of
from bot.store.store import SqlStore
from bot.store.transaction import Transaction
from content.cleaning import skeleton
from content.knowledge import Knowledge
from content.models import Entry, Language, ScamType
from content.verdict import Level
from handlers.masking import masked
from handlers.messages import (
    Address,
    CameBy,
    Checked,
    Details,
    Event,
    Happened,
    Kind,
    Loss,
    Message,
    NewReport,
    Outcome,
    Platform,
    Reply,
    Session,
    Sighting,
)
from handlers.named import named_in
from handlers.officials import Official
from handlers.ports import Waiting
from handlers.standing import Evidence
from handlers.urgency import Urgency

T = TypeVar("T")

SEED = 2569
DAYS = 92
# How often each type comes up, beside 1 for those that are not named: what the news of a year is full of.
COMMON = {
    ScamType.PARCEL: 9, ScamType.JOB_TASK: 7, ScamType.INVESTMENT: 7, ScamType.LOAN: 6, ScamType.AUTHORITY_CALL: 6,
    ScamType.SHOPPING: 6, ScamType.BANK_IMPERSONATION: 5, ScamType.PRIZE_GIFT: 4, ScamType.UTILITY_REFUND: 4,
    ScamType.GAMBLING_SPAM: 3, ScamType.FRIEND_IMPERSONATION: 3, ScamType.TAX_LAND_GOV_APP: 3, ScamType.ROMANCE: 3,
}  # fmt: skip
# In the last month one type becomes a wave.
WAVE = ScamType.FAKE_FINE
WAVE_DAYS = 21
PLATFORMS = {Platform.LINE: 74, Platform.WEB: 17, Platform.TELEGRAM: 9}
CAME_BY = {
    CameBy.SMS: 30, CameBy.CALL: 18, CameBy.LINE: 22, CameBy.FACEBOOK: 17, CameBy.TIKTOK: 5, CameBy.TELEGRAM: 4,
    CameBy.WEB: 3, CameBy.OTHER: 1,
}  # fmt: skip
LOSSES = {
    Loss.NONE: 62, Loss.UNDER_1K: 8, Loss.FROM_1K: 13, Loss.FROM_10K: 10, Loss.FROM_100K: 5, Loss.OVER_1M: 2,
}  # fmt: skip
HUBS = {None: 80, "บ้านหนองแวง": 9, "ชุมชนริมคลอง": 7, "ศูนย์ผู้สูงอายุท่าหิน": 4}
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
REMARKS = (
    "ข้อความแบบนี้กำลังระบาด บอกคนในบ้านด้วยนะครับ",
    "ขอบคุณที่แจ้ง เราเพิ่มลงในคลังความรู้แล้ว",
    "",
    "",
)
UNSURE = "ยังบอกแน่ไม่ได้ ระหว่างนี้อย่าเพิ่งโอนและอย่าให้รหัสกับใคร"
# Plainly invented pages; `.example` belongs to nobody.
HOSTS = (
    "th-parcel-pay.example",
    "refund-meter.example",
    "kasikornbnak-login.example",
    "fine-pay-th.example",
    "easy-job-th.example",
)


class MovingClock:
    """The clock of the story: it stands where the story is."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Said:
    """One message of the story, and what Rutan makes of it."""

    text: str
    language: Language
    level: Level
    type: ScamType | None
    entry: str | None


class Story:
    """Tells three months to a store. `until` is the moment that the visitor comes."""

    def __init__(self, store: SqlStore, knowledge: Knowledge, until: datetime, seed: int = SEED) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        # The officials draw from a chance of their own: which reports fold into one case hangs on the database's secret key,
        # and what people say shall not hang on that.
        self._hand = random.Random(seed + 1)  # noqa: S311 - the same
        self._knowledge = knowledge
        self._clock = MovingClock(until)
        self._until = until
        self._foundation: Foundation = replace(store.foundation, clock=self._clock)
        self._fingerprinter = store.fingerprinter
        self._entries = sorted(knowledge.entries.values(), key=lambda entry: entry.id)
        self._places = {entry.id: place for place, entry in enumerate(self._entries)}
        elsewhere = sorted(set(knowledge.provinces) - {"bangkok"})
        self._provinces = ["bangkok", *self._chance.sample(elsewhere, len(elsewhere))]
        self._events = 0

    async def tell(self, officials: Sequence[Official]) -> None:
        """All of it: the days one by one, with the officials at work on each."""
        last = self._until.astimezone(self._foundation.timezone).date()
        for ago in range(DAYS - 1, -1, -1):
            day = last - timedelta(days=ago)
            await self._foundation.database.write(partial(self._day, day=day, ago=ago))
            await self._decide(day, officials)
        await self._foundation.database.write(lambda tx: _quiet(tx, self._until))
        self._clock.moment = self._until
        await Figures(self._foundation).keep_counted()

    # A day

    def _day(self, tx: Transaction, day: date, ago: int) -> None:
        asked = round(
            (26 + (DAYS - ago) * 0.34) * (0.75 if day.weekday() >= 5 else 1.0) * self._chance.uniform(0.8, 1.2)
        )
        for moment in self._moments(day, asked):
            self._question(tx, moment, ago)

    def _moments(self, day: date, many: int) -> Iterator[datetime]:
        """Moments of a day, in order: mostly in the morning and in the evening; none after now."""
        hours = (7, 8, 9, 9, 10, 10, 11, 12, 13, 14, 16, 17, 18, 19, 19, 20, 20, 21, 22)
        found = []
        for _ in range(many):
            at = time(self._chance.choice(hours), self._chance.randrange(60), self._chance.randrange(60))
            found.append(datetime.combine(day, at, self._foundation.timezone).astimezone(UTC))
        return iter(sorted(moment for moment in found if moment < self._until))

    def _question(self, tx: Transaction, moment: datetime, ago: int) -> None:
        said = self._said(ago)
        address = self._somebody()
        events: list[Event] = [
            Checked(said.level, said.type, said.entry, None, said.language, self._knowledge.version),
            *self._afterwards(said),
        ]
        fingerprint = self._fingerprinter.of(said.text)
        seen = (Sighting(fingerprint, said.level, said.type, said.entry),) if fingerprint else ()
        reply = Reply("(สาธิต)", "(สาธิต)", said.language)
        outcome = Outcome(Session(spoken=said.language), reply, tuple(events), sightings=seen)
        letter = self._turn(tx, moment, address, outcome)
        self._delivered(tx, letter, moment)
        if self._chance.random() < 0.13:
            self._report(tx, moment + timedelta(minutes=self._chance.randrange(1, 20)), address, said)

    def _said(self, ago: int) -> Said:
        chance = self._chance.random()
        if chance < 0.20:
            fresh = ago < 2 and self._chance.random() < 0.5
            made_up = f"{self._often(WHO)}{self._often(WHAT)} {self._often(WONDERS)}"
            return Said(RISING if fresh else made_up, Language.THAI, Level.NOT_KNOWN, None, None)
        entry = self._entry(ago)
        spoken = self._pick({Language.THAI: 88, Language.ENGLISH: 12})
        phrases = entry.phrases.scammer.in_(spoken)
        text = self._often(phrases)
        place = self._places[entry.id]
        if place % 3 == 0:
            text += f" https://{HOSTS[place % len(HOSTS)]}/{entry.id[:3]}{place}"
        level = Level.KNOWN_SCAM if self._chance.random() < 0.72 else Level.WARNING_SIGNS
        return Said(text, spoken, level, entry.type, entry.id)

    def _entry(self, ago: int) -> Entry:
        if ago < WAVE_DAYS and self._chance.random() < 0.16:
            return self._chance.choice([entry for entry in self._entries if entry.type is WAVE])
        weights = [COMMON.get(entry.type, 1) for entry in self._entries]
        return self._chance.choices(self._entries, weights)[0]

    def _somebody(self) -> Address:
        platform = self._pick(PLATFORMS)
        number = int(self._chance.paretovariate(1.1) * 40) % 4_000
        return Address(platform, f"demo-{platform.value}-{number}", f"demo-{platform.value}-{number}")

    def _afterwards(self, said: Said) -> Iterator[Event]:
        """What some people do after an answer."""
        chance = self._chance.random()
        if chance < 0.11:
            yield Happened("useful", "yes:demo" if self._chance.random() < 0.86 else "no:demo")
        elif chance < 0.125:
            yield Happened("emergency", self._chance.choice(("transfer", "transfer", "code", "click", "app")))
        elif chance < 0.15:
            yield Happened("subscribed")

    def _turn(self, tx: Transaction, moment: datetime, address: Address, outcome: Outcome) -> int | None:
        """Into the inbox and answered, as any message is; the row of its letter."""
        self._events += 1
        said = forms.stamp(moment)
        row = tx.rows(
            "receive",
            platform=address.platform.value,
            event_id=f"demo-{self._events}",
            person=None,
            body="",
            received_at=said,
            shard=shard_of(address.platform, address.chat),
            urgency=int(Urgency.ORDINARY),
        )[0]
        message = Message(address, f"demo-{self._events}", Kind.TEXT, moment)
        written = turn.Turn(tx, self._foundation.seal, self._foundation.identity, moment, self._foundation.timezone)
        letter = written.write([Waiting(row["id"], message)], outcome)
        return letter.id if letter else None

    def _delivered(self, tx: Transaction, letter: int | None, moment: datetime) -> None:
        if letter is None:
            return
        if self._chance.random() < 0.003:
            tx.run("failed", id=letter, reason="the platform did not answer")
            return
        took = timedelta(milliseconds=650 + self._chance.expovariate(1 / 420))
        tx.run("sent", id=letter, message_id="", via="reply", now=forms.stamp(moment + took))

    # Reports and what becomes of them

    def _report(self, tx: Transaction, moment: datetime, address: Address, said: Said) -> None:
        if moment >= self._until:
            return
        named = named_in(said.text, self._knowledge.directory)
        report = NewReport(
            masked(said.text), said.language, said.level, said.type, said.entry,
            self._fingerprinter.of(said.text), skeleton(said.text), named, disputes=self._chance.random() < 0.03,
        )  # fmt: skip
        hub = self._pick(HUBS)
        evidence = Evidence.HUB if hub else Evidence.CITIZEN
        desk = filing.Filing(tx, self._foundation.identity, moment, self._foundation.timezone, evidence, hub)
        number = desk.file(address, report).number
        if self._chance.random() < 0.8:
            province = self._provinces[min(int(self._chance.expovariate(0.09)), len(self._provinces) - 1)]
            told = Details(
                number, self._pick(CAME_BY), self._pick(LOSSES), province if self._chance.random() < 0.8 else None
            )
            filing.detail(tx, self._foundation.identity.person(address), told)

    async def _decide(self, day: date, officials: Sequence[Official]) -> None:
        """The officials' afternoon: the oldest cases, most of them within the promise."""
        self._clock.moment = min(
            datetime.combine(day, time(15, 0), self._foundation.timezone).astimezone(UTC), self._until
        )
        if day.weekday() >= 5:
            return
        cases = CaseBook(self._foundation)
        left = (self._until.astimezone(self._foundation.timezone).date() - day).days
        for row in (await cases.queue("open", size=40)).rows[: self._hand.randrange(4, 12)]:
            age = self._clock.moment - row.opened_at
            # Some of the last week are hard, and nobody has come to them yet.
            if age < timedelta(hours=self._hand.randrange(4, 60)) or (left < 8 and row.id % 4 == 0):
                continue
            official = self._hand.choice(officials)
            await cases.take(row.id, official)
            self._clock.moment += timedelta(minutes=self._hand.randrange(2, 9))
            if left > 4:
                version = row.version + (row.state == "received")
                await cases.decide(row.id, version, self._decision(row.entry, row.type), official)

    def _decision(self, entry: str | None, type_: str | None) -> Decision:
        remark, chance = self._hand.choice(REMARKS), self._hand.random()
        if entry is not None:
            if chance < 0.94:
                return Decision(DecisionKind.SCAM, type_, entry, remark)
            return Decision(DecisionKind.NOT_A_SCAM)
        if chance < 0.3:
            return Decision(DecisionKind.NEW_ENTRY, ScamType.OTHER.value, None, remark)
        return Decision(DecisionKind.NOT_A_SCAM if chance < 0.45 else DecisionKind.CANT_TELL, None, None, UNSURE)

    def _often(self, among: Sequence[str]) -> str:
        """One of them, the first ones most often: forwards are the same few over and over."""
        return among[min(int(self._chance.expovariate(0.7)), len(among) - 1)]

    def _pick(self, weighted: Mapping[T, int]) -> T:
        return self._chance.choices(list(weighted), list(weighted.values()))[0]


def _quiet(tx: Transaction, now: datetime) -> None:
    """Nobody of the story is there to be told anything."""
    while rows := tx.rows("telling_cases", page=500):
        for row in rows:
            tx.run("told_all", id=row["id"])
            tx.run("end_recalls", case_id=row["id"], now=forms.stamp(now))
