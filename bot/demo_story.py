"""Three invented months for a visitor: people ask, report and are answered, all through the store's own doors.

The same seed tells the same story; only its days follow the calendar, so that the last of them is today. What belongs to one
area of the desk is told by that area's chapter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from bot.demo_hubs import HUBS, Hubs
from bot.demo_knowledge import Knowing
from bot.demo_people import People
from bot.demo_press import Press
from bot.demo_sayings import Said, Sayings, pick
from bot.demo_stage import DAYS, Chapter, Stage
from bot.demo_warnings import Leaving
from bot.store import filing, forms, turn
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.figures import Figures
from bot.store.leases import shard_of
from bot.store.transaction import Transaction
from content.cleaning import skeleton
from content.models import ScamType
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
from handlers.officials import Official, Role
from handlers.ports import Waiting
from handlers.standing import Evidence
from handlers.urgency import Urgency

SEED = 2569
PLATFORMS = {Platform.LINE: 74, Platform.WEB: 17, Platform.TELEGRAM: 9}
CAME_BY = {
    CameBy.SMS: 30, CameBy.CALL: 18, CameBy.LINE: 22, CameBy.FACEBOOK: 17, CameBy.TIKTOK: 5, CameBy.TELEGRAM: 4,
    CameBy.WEB: 3, CameBy.OTHER: 1,
}  # fmt: skip
LOSSES = {
    Loss.NONE: 62, Loss.UNDER_1K: 8, Loss.FROM_1K: 13, Loss.FROM_10K: 10, Loss.FROM_100K: 5, Loss.OVER_1M: 2,
}  # fmt: skip
# From which hub a message comes, of a hundred; "": from none.
FROM_HUBS = {"": 100 - sum(many for _, many, _ in HUBS), **{hub.name: many for hub, many, _ in HUBS}}
REMARKS = (
    "ข้อความแบบนี้กำลังระบาด บอกคนในบ้านด้วยนะครับ",
    "ขอบคุณที่แจ้ง เราเพิ่มลงในคลังความรู้แล้ว",
    "",
    "",
)
UNSURE = "ยังบอกแน่ไม่ได้ ระหว่างนี้อย่าเพิ่งโอนและอย่าให้รหัสกับใคร"


class Story:
    """Tells three months on a stage."""

    def __init__(self, stage: Stage, seed: int = SEED) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        # The officials draw from a chance of their own: which reports fold into one case hangs on the database's secret key,
        # and what people say shall not hang on that.
        self._hand = random.Random(seed + 1)  # noqa: S311 - the same
        self._stage = stage
        self._knowledge = stage.knowledge
        self._clock = stage.clock
        self._until = stage.until
        self._foundation = stage.foundation
        self._fingerprinter = stage.store.fingerprinter
        self._sayings = Sayings(stage.knowledge, self._chance)
        elsewhere = sorted(set(stage.knowledge.provinces) - {"bangkok"})
        self._provinces = ["bangkok", *self._chance.sample(elsewhere, len(elsewhere))]
        self._people, self._hubs = People(stage), Hubs(stage)
        self._subscribed = {address for members in self._hubs.members.values() for address in members}
        self._events = 0

    async def tell(self) -> dict[Role, Official]:
        """All of it: the days one by one, with the officials at work on each; the officials, by role."""
        await self._people.arrive()
        await self._hubs.arrive()
        mornings: Sequence[Chapter] = (Press(self._stage), self._hubs)
        evenings: Sequence[Chapter] = (self._people, Knowing(self._stage), Leaving(self._stage))
        for ago in range(DAYS - 1, -1, -1):
            day = self._stage.day(ago)
            for chapter in mornings:
                await chapter.tell(ago)
            await self._foundation.database.write(partial(self._day, day=day, ago=ago))
            await self._decide(day, [self._stage.cast[role] for role in (Role.EDITOR, Role.APPROVER)])
            for chapter in evenings:
                await chapter.tell(ago)
        await self._foundation.database.write(lambda tx: _quiet(tx, self._until))
        self._clock.moment = self._until
        await Figures(self._foundation).keep_counted()
        return self._stage.cast

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
        said = self._sayings.draw(ago)
        address = self._somebody()
        events: list[Event] = [
            Checked(said.level, said.type, said.entry, None, said.language, self._knowledge.version),
            *self._afterwards(said, address),
        ]
        fingerprint = self._fingerprinter.of(said.text)
        seen = (Sighting(fingerprint, said.level, said.type, said.entry),) if fingerprint else ()
        reply = Reply("(สาธิต)", "(สาธิต)", said.language)
        session = Session(spoken=said.language, subscribed=address in self._subscribed)
        outcome = Outcome(session, reply, tuple(events), sightings=seen)
        letter = self._turn(tx, moment, address, outcome)
        self._delivered(tx, letter, moment)
        if self._chance.random() < 0.13:
            self._report(tx, moment + timedelta(minutes=self._chance.randrange(1, 20)), address, said)

    def _somebody(self) -> Address:
        if hub := pick(self._chance, FROM_HUBS):
            return self._chance.choice(self._hubs.members[hub])
        platform = pick(self._chance, PLATFORMS)
        number = int(self._chance.paretovariate(1.1) * 40) % 4_000
        return Address(platform, f"demo-{platform.value}-{number}", f"demo-{platform.value}-{number}")

    def _afterwards(self, said: Said, address: Address) -> Iterator[Event]:
        """What some people do after an answer."""
        chance = self._chance.random()
        if chance < 0.11:
            yield Happened("useful", "yes:demo" if self._chance.random() < 0.86 else "no:demo")
        elif chance < 0.125:
            yield Happened("emergency", self._chance.choice(("transfer", "transfer", "code", "click", "app")))
        elif chance < 0.175 and address not in self._subscribed:
            self._subscribed.add(address)
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
        hub = self._hubs.of(address)
        evidence = Evidence.HUB if hub else Evidence.CITIZEN
        desk = filing.Filing(tx, self._foundation.identity, moment, self._foundation.timezone, evidence, hub)
        number = desk.file(address, report).number
        if self._chance.random() < 0.8:
            province = self._provinces[min(int(self._chance.expovariate(0.09)), len(self._provinces) - 1)]
            told = Details(
                number,
                pick(self._chance, CAME_BY),
                pick(self._chance, LOSSES),
                province if self._chance.random() < 0.8 else None,
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


def _quiet(tx: Transaction, now: datetime) -> None:
    """Nobody of the story is there to be told anything."""
    while rows := tx.rows("telling_cases", page=500):
        for row in rows:
            tx.run("told_all", id=row["id"])
            tx.run("end_recalls", case_id=row["id"], now=forms.stamp(now))
