"""Reporters and officials over a real store: for the tests of cases, letters and recalls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from store_cast import ANSWER, NUMBERED, StandingClock, answered, rows

from bot.store import SqlStore
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.notices import Notices
from content.loading import Knowledge
from content.models import Language, ScamType
from content.verdict import Level
from handlers.messages import Address, NewReport, Outcome, Platform, Session, Sighting
from handlers.officials import Official, Role
from handlers.ports import Letter
from scheduler import follow_ups, recalls, reporters

SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ https://parcel-pay.example/th ภายในวันนี้"
COPY = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 1,200 บาท กรอกเลขบัตรที่ https://ems-post.example/x ภายในวันนี้"
OTHER = "ขอแสดงความยินดี ท่านได้รับสิทธิ์กู้เงินด่วนห้าหมื่นบาท ไม่เช็คบูโร แอดไลน์มาคุยกับแอดมินได้เลย"
SHORT = "โอนด่วน"
PORNTHIP = Official(1, "pornthip", Role.EDITOR)
WICHAI = Official(2, "wichai", Role.APPROVER)
FOUND_SCAM = Decision(DecisionKind.SCAM, "parcel", "parcel-fee-link")
NO_SCAM = Decision(DecisionKind.NOT_A_SCAM)
NOT_TOLD = Decision(DecisionKind.CANT_TELL)


def person(number: int, platform: Platform = Platform.LINE) -> Address:
    name = f"U{number}" if platform is Platform.LINE else f"7000{number}"
    return Address(platform, name, name)


@dataclass
class Town:
    """Everybody who reports, asks and decides."""

    store: SqlStore
    clock: StandingClock
    knowledge: Knowledge
    url: str
    turns: int = field(default=0)

    def __post_init__(self) -> None:
        self.book = CaseBook(self.store.foundation)
        self.notices = Notices(self.store.foundation)

    async def does(self, outcome: Outcome, by: Address) -> Letter | None:
        self.turns += 1
        return await answered(self.store, f"turn{self.turns}", outcome, by)

    def report(self, text: str = SCAM, level: Level = Level.WARNING_SIGNS, *, disputes: bool = False) -> NewReport:
        return NewReport(
            text=text,
            language=Language.THAI,
            level=level,
            type=ScamType.PARCEL,
            entry=None,
            fingerprint=self.store.fingerprinter.of(text),
            folds_by=text,
            disputes=disputes,
        )

    async def reports(
        self,
        by: Address,
        text: str = SCAM,
        level: Level = Level.WARNING_SIGNS,
        *,
        disputes: bool = False,
        language: Language = Language.THAI,
    ) -> str:
        """Files a report; its number."""
        session = Session(spoken=language, data={"number": "{case_number}"})
        made = self.report(text, level, disputes=disputes)
        await self.does(Outcome(session, NUMBERED, report=made), by)
        return (await self.store.session(by)).data["number"]

    async def asks(
        self, by: Address, text: str = SCAM, level: Level = Level.NOT_KNOWN, entry: str | None = None
    ) -> None:
        made = self.store.fingerprinter.of(text)
        assert made is not None
        about = Sighting(made, level, None, entry, self.store.fingerprinter.words(text))
        await self.does(Outcome(Session(spoken=Language.THAI), ANSWER, sightings=(about,)), by)

    async def decides(self, case: int, decision: Decision = FOUND_SCAM, official: Official = PORNTHIP) -> None:
        file = await self.book.case(case)
        assert file is not None
        await self.book.decide(case, file.row.version, decision, official)

    async def ticks(self) -> int:
        """What the clock asks for; how many letters were written."""
        told = await reporters.tell(self.notices, self.knowledge)
        told += await recalls.recall(self.notices, self.knowledge, ZoneInfo("Asia/Bangkok"))
        return told + await follow_ups.ask(self.notices, self.knowledge)

    async def letters(self, to: Address | None = None) -> Sequence[Letter]:
        """What waits in the outbox and answers no message, also what is due in some seconds."""
        now = self.clock.moment
        self.clock.on(seconds=5)
        waiting = await self.store.letters()
        self.clock.moment = now
        news = {row["id"] for row in rows(self.url, "outbox") if row["answers"] is None}
        return [each for each in waiting if each.id in news and to in (None, each.address)]
