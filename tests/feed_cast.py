"""A scam that some people report, two officials, and the warning that comes of it: all invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from conftest import House
from store_cast import NUMBERED, answered

from bot.store.campaigns import Campaign, CampaignBook, Marking, Proposal
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.store import SqlStore
from content.loading import Knowledge
from content.models import Language, ScamType
from content.reported import Subject
from content.verdict import Level
from handlers.masking import masked
from handlers.messages import Address, CameBy, Details, NewReport, Outcome, Platform, Session
from handlers.named import named_in
from handlers.officials import Official, Role

TEXT = (
    "พัสดุของท่านตกค้าง ชำระค่านำจ่าย 38 บาทที่ https://parcel-pay-th.example/a1 หรือ https://sites.google.com/view/parcel-pay "
    "แอดไลน์ @parcel-help โทร 08-2000-1234 โอนเข้าบัญชี 123-4-56789-0 กสิกร"
)
DOMAIN = Subject("domain", "parcel-pay-th.example")
PAGE = Subject("page", "sites.google.com/view/parcel-pay")
LINE_ID = Subject("line_id", "@parcel-help")
PHONE = Subject("phone", "0820001234")
ACCOUNT = Subject("account", "1234567890")
ALL = (DOMAIN, PAGE, LINE_ID, PHONE, ACCOUNT)
MALEE = Official(1, "Malee", Role.EDITOR)
ANONG = Official(2, "Anong", Role.APPROVER)
A_SCAM = Decision(DecisionKind.SCAM, "parcel", "parcel-fee-link")


@dataclass
class Town:
    """People who report over a store, and officials who decide."""

    store: SqlStore
    knowledge: Knowledge

    def __post_init__(self) -> None:
        self.cases = CaseBook(self.store.foundation)
        self.book = CampaignBook(self.store.foundation)

    async def reported(self, text: str = TEXT, people: int = 6, who: str = "u") -> int:
        """So many people report it; the case."""
        for number in range(people):
            name = f"{who}{number}"
            address = Address(Platform.LINE, name, name)
            report = NewReport(
                masked(text),
                Language.THAI,
                Level.WARNING_SIGNS,
                ScamType.PARCEL,
                None,
                self.store.fingerprinter.of(text),
                text,
                named_in(text, self.knowledge.directory),
            )
            event = f"{name}-{hash(text)}"
            made = await answered(
                self.store, event, Outcome(Session(data={"n": "{case_number}"}), NUMBERED, report=report), address
            )
            assert made is not None
            told = Details(made.reply.title.split()[-1], CameBy.SMS)
            await answered(self.store, f"{event}-told", Outcome(Session(), NUMBERED, details=told), address)
        return (await self.cases.queue("all", sort="newest")).rows[0].id

    async def decided(self, case: int, decision: Decision = A_SCAM, official: Official = MALEE) -> None:
        """An official answers a case."""
        file = await self.cases.case(case)
        assert file is not None
        await self.cases.decide(case, file.row.version, decision, official)

    async def proposed(
        self,
        used: Sequence[Subject] = ALL,
        marking: Marking = Marking.CLEAR,
        text: str = TEXT,
        people: int = 6,
        who: str = "u",
    ) -> Campaign:
        """A case of it, proposed for the feed."""
        case = await self.reported(text, people, who)
        await self.decided(case)
        return await self.book.propose(Proposal(case, marking, timedelta(days=90), tuple(used)), MALEE)

    async def confirmed(
        self,
        used: Sequence[Subject] = ALL,
        marking: Marking = Marking.CLEAR,
        text: str = TEXT,
        people: int = 6,
        who: str = "u",
    ) -> Campaign:
        """A case of it in the feed."""
        proposed = await self.proposed(used, marking, text, people, who)
        return await self.book.confirm(proposed.id, ANONG)


def town_of(house: House) -> Town:
    """The people of a running house."""
    return Town(house.bot.store, house.bot.ports.knowledge)
