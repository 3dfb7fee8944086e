"""A scam that people reported and an official found to be one: what the tests of take-down requests begin with."""

from __future__ import annotations

from conftest import House
from store_cast import NUMBERED, answered

from bot.store import SqlStore
from bot.store.casebook import CaseBook, Decision, DecisionKind
from content.cleaning import skeleton
from content.knowledge import Knowledge
from content.models import Language, ScamType
from content.verdict import Level
from handlers.masking import masked
from handlers.messages import Address, Checked, NewReport, Outcome, Platform, Session, Sighting
from handlers.named import named_in
from handlers.officials import Official, Role

MALI = Official(1, "mali", Role.EDITOR)
WICHAI = Official(2, "wichai", Role.APPROVER)
DOMAIN = "parcel-pay-th.example"
PHONE = "081-000-4321"
ACCOUNT = "123-0-00456-7"
SCAM = (
    "พัสดุของท่านค้างที่ศูนย์คัดแยก ชำระค่านำจ่ายซ้ำ 9 บาทผ่านลิงก์ https://parcel-pay-th.example/a1?id=77 ภายในวันนี้ไม่งั้นตีกลับ "
    "แอดไลน์ @parcel-pay-now หรือโทร 081-000-4321 โอนเข้าบัญชีธนาคาร 123-0-00456-7 ตาม พ.ร.บ.คอมพิวเตอร์ และ ธ.ไทยพาณิชย์"
)


def person(number: int) -> Address:
    return Address(Platform.LINE, f"Uvillager{number}", f"Uvillager{number}")


def report(store: SqlStore, knowledge: Knowledge, text: str = SCAM, **more: object) -> NewReport:
    """A report as the conversation files it: masked, with what it names."""
    return NewReport(
        masked(text), Language.THAI, Level.KNOWN_SCAM, ScamType.PARCEL, "parcel-fee-link", store.fingerprinter.of(text),
        skeleton(text), named_in(text, knowledge.directory), **more,  # type: ignore[arg-type]
    )  # fmt: skip


async def reported(store: SqlStore, knowledge: Knowledge, *people: int, text: str = SCAM, turn: str = "r") -> None:
    """Each asks about the text and reports it."""
    for each in people:
        asked = Checked(Level.KNOWN_SCAM, ScamType.PARCEL, "parcel-fee-link", None, Language.THAI, "v")
        fingerprint = store.fingerprinter.of(text)
        assert fingerprint is not None
        seen = (Sighting(fingerprint, Level.KNOWN_SCAM, ScamType.PARCEL, "parcel-fee-link"),)
        outcome = Outcome(Session(), NUMBERED, (asked,), report(store, knowledge, text), sightings=seen)
        await answered(store, f"{turn}{each}", outcome, person(each))


async def found_scam(store: SqlStore, kind: DecisionKind = DecisionKind.SCAM) -> int:
    """An official decides on the newest case; its number."""
    cases = CaseBook(store.foundation)
    row = (await cases.queue("all")).rows[0]
    entry = "parcel-fee-link" if kind is DecisionKind.SCAM else None
    await cases.decide(row.id, row.version, Decision(kind, "parcel" if entry else None, entry), MALI)
    return row.id


async def scam_case(house: House, *people: int) -> int:
    """The case of a house whose reporters (three where none are named) an official believes."""
    await reported(house.bot.store, house.bot.ports.knowledge, *(people or (1, 2, 3)))
    return await found_scam(house.bot.store)
