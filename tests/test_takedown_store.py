"""Take-down requests in the store, over both databases: who may do what when, what is seen again, what is kept how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from store_cast import NOON, SECRET, StandingClock, rows
from takedown_cast import ACCOUNT, DOMAIN, MALI, SCAM, WICHAI, found_scam, person, reported

from bot.desk.takedown_clocks import clocked, urgent_first
from bot.store import SqlStore
from bot.store.audit import AuditLog
from bot.store.casebook import CaseBook, DecisionKind
from bot.store.resealing import reseal
from bot.store.takedown_types import Changed, Refused, State, Wish, half_within
from bot.store.takedowns import VALUES_STAY, Takedowns
from bot.takedown.targets import readings
from content.knowledge import Knowledge
from content.reported import Subject
from content.takedown import Ask, RecipientKind
from handlers.officials import Official, Role

BANGKOK = ZoneInfo("Asia/Bangkok")
SITE = Subject("domain", DOMAIN)
BANK_ACCOUNT = Subject("account", "1230004567")
WISH = Wish(RecipientKind.REGISTRAR, (Ask.SUSPEND, Ask.TELL), "Registrar of .example", "form 7", (SITE,))
SOMSRI = Official(3, "somsri", Role.APPROVER)


class Office:
    """A store with a case that was found a scam, and officials who work on it."""

    def __init__(self, url: str, knowledge: Knowledge) -> None:
        self.url = url
        self.clock = StandingClock()
        self.knowledge = knowledge
        self.store = SqlStore.open(url, [SECRET], self.clock, BANGKOK)
        self.requests = Takedowns(self.store.foundation)
        self.case = 0

    async def begins(self) -> None:
        await reported(self.store, self.knowledge, 1, 2, 3)
        self.case = await found_scam(self.store)

    async def sent(self, wish: Wish = WISH, *, after_hours: float = 0) -> int:
        """A request that has been prepared by one and sent by another."""
        id = await self.requests.prepare(self.case, wish, MALI)
        self.clock.on(hours=after_hours)
        await self.requests.sent(id, 1, WICHAI, self.clock.now())
        return id

    async def removed(self, wish: Wish = WISH, *, hours: float = 5) -> int:
        id = await self.sent(wish)
        self.clock.on(hours=hours)
        await self.requests.removed(id, 2, MALI, self.clock.now())
        return id


@pytest.fixture
async def office(url: str, knowledge: Knowledge) -> AsyncIterator[Office]:
    opened = Office(url, knowledge)
    await opened.begins()
    yield opened
    opened.store.close()


async def test_a_request_goes_from_one_official_to_another_and_its_times_are_measured(office: Office) -> None:
    requests = office.requests
    id = await requests.prepare(office.case, WISH, MALI)
    assert await requests.prepare(office.case, WISH, SOMSRI) == id, "the same request is open once"
    for official, why in ((MALI, "approver"), (replace(WICHAI, name="mali"), "own")):
        with pytest.raises(Refused) as no:
            await requests.sent(id, 1, official, NOON)
        assert no.value.why == why
    for odd in (NOON - timedelta(hours=1), NOON + timedelta(hours=1)):
        with pytest.raises(Refused, match="moment"):
            await requests.sent(id, 1, WICHAI, odd)
    with pytest.raises(Refused, match="not_sent"):
        await requests.acknowledged(id, 1, MALI, NOON)
    await requests.sent(id, 1, WICHAI, NOON, "T-1")
    office.clock.on(minutes=90)
    await requests.acknowledged(id, 2, MALI, office.clock.now(), "R 2026/77")
    office.clock.on(hours=30)
    await requests.removed(id, 3, MALI, office.clock.now())
    found = await requests.get(id)
    assert (found.state, found.reference, found.sent_by) == (State.REMOVED, "R 2026/77", "wichai")
    assert (found.to_acknowledge, found.to_remove) == (timedelta(minutes=90), timedelta(hours=31.5))
    took = {each.kind: each for each in await requests.took(NOON, NOON + timedelta(days=1))}[RecipientKind.REGISTRAR]
    assert (took.sent, half_within(took.acknowledged), half_within(took.removed)) == (
        1,
        timedelta(hours=2),
        timedelta(hours=32),
    )
    for step in (requests.removed(id, 4, MALI, office.clock.now()), requests.withdraw(id, 4, MALI, "late")):
        with pytest.raises(Refused, match="over"):
            await step
    assert await AuditLog(office.store.foundation).first_broken() is None
    acts = [each.act for each in await requests.history(id)]
    assert acts == ["takedown prepared", "takedown sent", "takedown acknowledged", "takedown removed"]
    said = "".join(str(row) for row in rows(office.url, "audit"))
    assert DOMAIN not in said and "Registrar" not in said, "the log that is never erased names nothing"


async def test_of_two_who_write_at_once_one_wins_and_the_other_is_told(office: Office) -> None:
    id = await office.sent()
    now = office.clock.now()
    done = await asyncio.gather(
        office.requests.removed(id, 2, MALI, now),
        office.requests.refused(id, 2, SOMSRI, now, "they say it is theirs"),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["Changed", "NoneType"]
    with pytest.raises(Changed):
        await office.requests.change(id, 1, WISH, MALI)


async def test_only_a_scam_and_only_what_its_reports_name(office: Office) -> None:
    stranger = Subject("phone", "0890009999")
    for wish in (replace(WISH, targets=(stranger,)), replace(WISH, targets=(Subject("domain", "kasikornbank.com"),))):
        with pytest.raises(Refused, match="not_named"):
            await office.requests.prepare(office.case, wish, MALI)
    id = await office.requests.prepare(office.case, WISH, MALI)
    await found_scam(office.store, DecisionKind.NOT_A_SCAM)
    assert not (await office.requests.get(id)).stands
    with pytest.raises(Refused, match="scam"):
        await office.requests.prepare(office.case, replace(WISH, name="another"), MALI)
    with pytest.raises(Refused, match="scam"):
        await office.requests.sent(id, 1, WICHAI, office.clock.now())
    with pytest.raises(Refused, match="reason"):
        await office.requests.withdraw(id, 1, MALI, "  ")
    await office.requests.withdraw(id, 1, MALI, "โทร 081-000-1234 มาบอกว่าเราเข้าใจผิด")
    assert (await office.requests.get(id)).state is State.WITHDRAWN
    assert "081-000-1234" not in str(rows(office.url, "audit"))


async def test_what_was_removed_and_is_reported_again_is_flagged_and_asked_for_again(office: Office) -> None:
    id = await office.removed()
    assert (await office.requests.get(id)).seen_again is None
    office.clock.on(hours=2)
    # Another message that names the same site: another case, the same thing.
    other = f"คุณได้รับรางวัลใหญ่จากเรา กรอกชื่อและเลขบัตรเพื่อรับของรางวัลที่ https://{DOMAIN}/prize ก่อนเที่ยงคืนวันนี้"
    await reported(office.store, office.knowledge, 7, text=other, turn="later")
    found = await office.requests.get(id)
    assert found.by_report and found.seen_again is not None and found.seen_again > (found.ended_at or NOON)
    assert [each.id for each in await office.requests.reappeared()] == [id]
    shown = clocked(await office.requests.ended(), office.knowledge.takedown, office.clock.now())
    assert shown[0].urgent
    again = await office.requests.again(id, SOMSRI)
    assert await office.requests.again(id, MALI) == again, "asked for once more, by whoever was first"
    repeated = await office.requests.get(again)
    assert (repeated.follows, repeated.state, [each.value for each in repeated.targets]) == (
        id,
        State.PREPARED,
        [DOMAIN],
    )
    assert await office.requests.repeated_by(id) == again and not await office.requests.reappeared()


async def test_a_message_that_is_only_asked_about_again_is_said_apart(office: Office) -> None:
    id = await office.removed()
    office.clock.on(hours=2)
    from store_cast import ANSWER, answered

    from content.models import Language, ScamType
    from content.verdict import Level
    from handlers.messages import Outcome, Session, Sighting

    fingerprint = office.store.fingerprinter.of(SCAM)
    assert fingerprint is not None
    seen = (Sighting(fingerprint, Level.KNOWN_SCAM, ScamType.PARCEL, None),)
    await answered(office.store, "asks", Outcome(Session(spoken=Language.THAI), ANSWER, sightings=seen), person(9))
    found = await office.requests.get(id)
    assert found.seen_again is not None and not found.by_report


async def test_values_are_sealed_and_go_when_nobody_needs_them(office: Office) -> None:
    wish = replace(WISH, targets=(SITE, BANK_ACCOUNT))
    id = await office.removed(wish)
    kept = rows(office.url, "takedown_targets")
    assert len(kept) == 2 and not any(DOMAIN in str(row) or "1230004567" in str(row) for row in kept)
    office.store.close()
    office.store = SqlStore.open(office.url, ["a new secret, long enough", SECRET], office.clock, BANGKOK)
    office.requests = Takedowns(office.store.foundation)
    assert (await reseal(office.store.foundation)).rows >= 2
    office.store.close()
    office.store = SqlStore.open(office.url, ["a new secret, long enough"], office.clock, BANGKOK)
    office.requests = Takedowns(office.store.foundation)
    assert {each.value for each in (await office.requests.get(id)).targets} == {DOMAIN, "1230004567"}
    assert await office.requests.forget_old() == 0
    office.clock.on(seconds=VALUES_STAY.total_seconds() + 1)
    assert await office.requests.forget_old() == 1
    assert [each.value for each in (await office.requests.get(id)).targets] == [DOMAIN, ""]


async def test_a_merged_case_takes_its_requests_along(office: Office) -> None:
    id = await office.requests.prepare(office.case, WISH, MALI)
    other = f"ขอแสดงความยินดี ท่านได้สิทธิ์กู้เงินด่วนห้าหมื่นบาท ไม่เช็คบูโร กดที่ https://{DOMAIN}/loan แล้วคุยกับแอดมินได้เลย"
    await reported(office.store, office.knowledge, 8, text=other, turn="other")
    into = await found_scam(office.store)
    cases = CaseBook(office.store.foundation)
    file = await cases.case(office.case)
    assert file is not None and into != office.case
    await cases.merge(office.case, file.row.version, into, MALI)
    found = await office.requests.get(id)
    assert found.case == into and found.stands
    assert [each.id for each in await office.requests.of_case(into)] == [id]
    assert (await office.requests.counted(into)).people == 4
    await office.requests.sent(id, 1, WICHAI, office.clock.now())


async def test_what_wants_a_look_stands_first(office: Office) -> None:
    late = await office.sent()
    office.clock.on(hours=49)
    young = await office.sent(replace(WISH, name="another"))
    shown = urgent_first(clocked(await office.requests.waiting(), office.knowledge.takedown, office.clock.now()))
    assert [(each.request.id, each.clock.over) for each in shown] == [(late, True), (young, False)]
    await office.requests.acknowledged(late, 2, MALI, office.clock.now())
    shown = clocked(await office.requests.waiting(), office.knowledge.takedown, office.clock.now())
    assert not any(each.clock.over for each in shown)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (ACCOUNT, Subject("account", "1230004567")),
        ("+66 81 000 4321", Subject("phone", "0810004321")),
        ("081-000-4321", Subject("phone", "0810004321")),
        ("hxxps://parcel-pay-th[.]example/a1", SITE),
        ("parcel-pay-th[.]example", SITE),
        ("@parcel-pay-now", Subject("line_id", "@parcel-pay-now")),
        ("Parcel-Pay-Now", Subject("line_id", "@parcel-pay-now")),
        ("0x52908400098527886e0f7030069857d2e4169ee7", Subject("wallet", "0x52908400098527886e0f7030069857d2e4169ee7")),
    ],
)
def test_what_an_official_types_is_read_in_every_way_it_may_be_meant(
    typed: str, meant: Subject, knowledge: Knowledge
) -> None:
    assert meant in readings(typed, knowledge.directory)
