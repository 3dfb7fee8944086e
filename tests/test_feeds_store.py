"""Campaigns: two officials, what a case bears out, and the end that a changed decision brings. On both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from feed_cast import A_SCAM, ACCOUNT, ALL, ANONG, DOMAIN, LINE_ID, MALEE, PAGE, PHONE, TEXT, Town
from store_cast import SECRET, StandingClock, rows

from bot.feeds.campaigns import Confirmed, Publisher, Reach
from bot.feeds.misp import files
from bot.feeds.news import json_feed
from bot.store import SqlStore
from bot.store.audit import AuditLog
from bot.store.campaigns import COUNTED_EVERY, ENDED_STAYS, Marking, NotDone, Proposal, State, Why, personal
from bot.store.casebook import Decision, DecisionKind
from bot.store.resealing import reseal
from bot.store.revisions import Revisions
from content.loading import Knowledge
from content.models import Language
from content.reported import Subject
from content.revising import Kind, Revised, body_of
from handlers.officials import Official, Role

MONTH = timedelta(days=30)
NO_SCAM = Decision(DecisionKind.NOT_A_SCAM)
OTHER_TEXT = "รับสมัครงานกดไลก์ วันละสามพันบาท ไม่ต้องมีประสบการณ์ สมัครที่ https://like-job-th.example/start วันนี้เท่านั้น"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def town(url: str, clock: StandingClock, knowledge: Knowledge) -> Iterator[Town]:
    store = SqlStore.open(url, [SECRET], clock)
    yield Town(store, knowledge)
    store.close()


async def refused(work, why: Why) -> NotDone:
    with pytest.raises(NotDone) as told:
        await work
    assert told.value.why is why
    return told.value


async def test_it_takes_two_and_every_act_is_written_down(town: Town, url: str, clock: StandingClock) -> None:
    case = await town.reported()
    proposal = Proposal(case, Marking.CLEAR, MONTH, ALL)
    await refused(town.book.propose(proposal, MALEE), Why.UNDECIDED)
    await town.decided(case)
    await refused(town.book.propose(proposal, Official(3, "Reader", Role.READER)), Why.ROLE)
    proposed = await town.book.propose(proposal, MALEE)
    assert proposed.state is State.PROPOSED and await town.book.published() == []
    await refused(town.book.propose(proposal, ANONG), Why.OPEN)
    await refused(town.book.confirm(proposed.id, MALEE), Why.ROLE)
    own = await town.proposed(used=(), text=OTHER_TEXT, who="w")
    await refused(town.book.confirm(own.id, Official(1, "Malee", Role.ADMIN)), Why.OWN)
    clock.on(minutes=5)
    confirmed = await town.book.confirm(proposed.id, ANONG)
    assert [each.id for each in await town.book.published()] == [confirmed.id]
    assert (confirmed.reports, confirmed.reporters, confirmed.came_by) == (6, 6, ("sms",))
    assert [subject for _, subject in confirmed.used] == list(ALL)
    await refused(town.book.confirm(proposed.id, ANONG), Why.CHANGED)
    await refused(town.book.end(confirmed.id, MALEE, "  "), Why.NO_REASON)
    before = await town.book.pulse()
    revoked = await town.book.end(confirmed.id, MALEE, "ผิดเว็บ")
    assert revoked.revoked and await town.book.pulse() != before
    assert [each.state for each in await town.book.published()] == [State.REVOKED]
    acts = [row["act"] async for row in AuditLog(town.store.foundation).rows() if "early warning" in row["act"]]
    assert acts == [
        "early warning proposed",
        "early warning proposed",
        "early warning confirmed",
        "early warning revoked",
    ]


async def test_nothing_is_named_that_the_case_does_not_bear_out(town: Town, url: str) -> None:
    case = await town.reported(people=5)
    # One who slips another's number in convicts nobody.
    await town.reported(f"{TEXT} หรือโทร 08-9000-9999 เว็บ https://honest-shop.example", people=1, who="x")
    await town.decided(case)

    async def propose(*used: Subject) -> None:
        await town.book.propose(Proposal(case, Marking.CLEAR, MONTH, used), MALEE)

    for other in (
        Subject("phone", "0890009999"),
        Subject("domain", "honest-shop.example"),
        Subject("account", "9999999999"),
    ):
        told = await refused(propose(DOMAIN, other), Why.NOT_NAMED)
        assert told.which == 2
    await refused(propose(Subject("promptpay", "1234567890123")), Why.NEVER)
    await refused(propose(*[DOMAIN] * 21), Why.MANY)
    assert rows(url, "campaigns") == [] and rows(url, "campaign_identifiers") == []
    await refused(town.book.propose(Proposal(999, Marking.CLEAR, MONTH), MALEE), Why.NO_CASE)
    await refused(town.book.propose(Proposal(case, Marking.CLEAR, timedelta(days=800)), MALEE), Why.TIME)
    # A LINE id counts as it was reported, however the official writes it.
    await propose(DOMAIN, PAGE, Subject("line_id", "parcel-help"))
    assert [each for _, each in (await town.book.newest())[0].used] == [DOMAIN, PAGE, LINE_ID]


async def test_no_value_lies_readable_in_the_database_nor_in_the_log(town: Town, url: str) -> None:
    warned = await town.confirmed()
    await town.book.end(warned.id, ANONG, "ผิด")
    # What the webhooks of partners carry is read at the feed, by whoever may.
    told = rows(url, "partner_events")
    assert [each["kind"] for each in told] == ["campaign.confirmed", "campaign.revoked"]
    lying = json.dumps(
        [told, *(rows(url, each) for each in ("campaigns", "campaign_identifiers", "audit"))], default=str
    )
    for subject in ALL:
        assert subject.value not in lying
    assert [personal(each) for each in (DOMAIN, PAGE, LINE_ID, PHONE, ACCOUNT)] == [False, False, False, True, True]
    assert personal(Subject("line_id", "somebody99"))


async def test_a_case_decided_otherwise_takes_its_warning_back(town: Town) -> None:
    kept = await town.confirmed()
    await town.decided(kept.case)
    assert (await town.book.get(kept.id)).state is State.CONFIRMED
    waiting = await town.proposed(used=(), text=OTHER_TEXT, who="w")
    await town.decided(waiting.case, NO_SCAM)
    assert (await town.book.get(waiting.id)).state is State.DECLINED
    await town.decided(kept.case, NO_SCAM, ANONG)
    ended = await town.book.get(kept.id)
    assert ended.state is State.REVOKED and ended.ended_by == "house"


async def test_a_merged_case_takes_its_warning_along(town: Town) -> None:
    warned = await town.confirmed()
    target = await town.reported(OTHER_TEXT, people=3, who="w")
    row = (await town.cases.case(warned.case)).row
    await town.cases.merge(warned.case, row.version, target, ANONG)
    assert (await town.book.get(warned.id)).state is State.CONFIRMED
    await town.decided(target, NO_SCAM)
    assert (await town.book.get(warned.id)).state is State.REVOKED


async def test_numbers_follow_the_case_once_a_day(town: Town, clock: StandingClock) -> None:
    warned = await town.confirmed()
    clock.on(hours=1)
    await town.reported(people=4, who="later")
    assert await town.book.count() == 0
    clock.moment += COUNTED_EVERY
    assert await town.book.count() == 1
    grown = await town.book.get(warned.id)
    assert grown.reports == 10 and grown.changed_at > warned.changed_at
    clock.moment += COUNTED_EVERY * 2
    # Looked at, and nothing had changed: no new version.
    assert await town.book.count() == 0
    assert (await town.book.get(warned.id)).changed_at == grown.changed_at


async def test_what_ended_long_ago_is_erased_and_what_has_not_stays(town: Town, url: str, clock: StandingClock) -> None:
    revoked = await town.confirmed()
    await town.book.end(revoked.id, ANONG, "ผิด")
    expired = await town.confirmed(used=(Subject("domain", "like-job-th.example"),), text=OTHER_TEXT, who="w")
    clock.moment += ENDED_STAYS - timedelta(days=1)
    assert await town.book.forget() == 0
    assert {each.id for each in await town.book.published()} == {revoked.id, expired.id}
    clock.on(days=3)
    assert await town.book.forget() == 5
    assert [each.id for each in await town.book.published()] == [expired.id]
    clock.moment = expired.valid_until + ENDED_STAYS + timedelta(days=3)
    assert await town.book.forget() == 1
    assert await town.book.published() == [] and rows(url, "campaign_identifiers") == []


async def test_marks_move_only_with_the_words(town: Town, clock: StandingClock) -> None:
    first = (await town.book.marks({"entry:a": "1"}))["entry:a"]
    clock.on(days=1)
    assert (await town.book.marks({"entry:a": "1"}))["entry:a"] == first
    changed = (await town.book.marks({"entry:a": "2"}))["entry:a"]
    assert changed.since == first.since and changed.changed > first.changed


async def test_a_new_secret_key_takes_them_over(
    town: Town, url: str, clock: StandingClock, knowledge: Knowledge
) -> None:
    warned = await town.confirmed()
    both = SqlStore.open(url, ["a new secret key of ours", SECRET], clock)
    await reseal(both.foundation)
    both.close()
    new = SqlStore.open(url, ["a new secret key of ours"], clock)
    assert (await Town(new, knowledge).book.get(warned.id)).used == warned.used
    new.close()


async def test_a_scam_of_a_new_kind_can_be_warned_of_too(town: Town) -> None:
    case = await town.reported()
    await town.decided(case, Decision(DecisionKind.NEW_ENTRY, "parcel"))
    made = await town.book.propose(Proposal(case, Marking.AMBER, MONTH, (PHONE,)), MALEE)
    assert (made.type, made.entry, made.marking) == ("parcel", None, Marking.AMBER)
    await town.decided(case, A_SCAM)
    # It says something else by now: proposed anew, or not at all.
    assert (await town.book.get(made.id)).state is State.DECLINED


async def test_an_entry_that_a_second_person_made_live_is_news(town: Town, knowledge: Knowledge) -> None:
    publisher = Publisher("https://rutan.example", "Rutan", "", ZoneInfo("Asia/Bangkok"))
    looking = Confirmed(town.store.foundation, lambda: knowledge, publisher)
    assert (await looking.warnings()).renewed == ()
    revisions, name = Revisions(town.store.foundation), "parcel-fee-link"
    body = body_of(knowledge.entries[name]) | {"title": {"th": "พัสดุปลอม", "en": "A parcel that is not there"}}
    draft = await revisions.begin(Revised(Kind.ENTRY, name, body), MALEE)
    await revisions.checked(draft.id, draft.version, ())
    asked = await revisions.ask(draft.id, draft.version, MALEE)
    assert (await looking.warnings()).renewed == ()
    live = await revisions.approve(asked.id, asked.version, ANONG, None, 0, "v")
    (renewed,) = (await looking.warnings()).renewed
    assert renewed.entry.id == name and renewed.at == live.decided_at
    said = json.loads(json_feed(await looking.warnings(), publisher, Language.ENGLISH))["items"]
    assert [each["_rutan"]["kind"] for each in said] == ["entry"] and said[0]["title"].startswith(
        "New in our knowledge"
    )
    # Approved, and yet it could not be used: nobody is told of it.
    await revisions.refuse(live.id, ["a fault"])
    assert (await looking.warnings()).renewed == ()


async def test_a_warning_that_has_run_out_is_acted_on_no_more(
    town: Town, clock: StandingClock, knowledge: Knowledge
) -> None:
    publisher = Publisher("https://rutan.example", "Rutan", "", ZoneInfo("Asia/Bangkok"))
    looking = Confirmed(town.store.foundation, lambda: knowledge, publisher)
    warned = await town.confirmed()
    before = files(await looking.warnings(), Reach.PUBLIC, publisher)[f"{warned.uuid}.json"]
    clock.moment = warned.valid_until + timedelta(days=1)
    later = await looking.warnings()
    after = files(later, Reach.PUBLIC, publisher)[f"{warned.uuid}.json"]
    acts = [[each["to_ids"] for each in json.loads(each)["Event"]["Attribute"]] for each in (before, after)]
    assert any(acts[0]) and not any(acts[1])
    assert int(json.loads(after)["Event"]["timestamp"]) > int(json.loads(before)["Event"]["timestamp"])
    assert json.loads(json_feed(later, publisher, Language.THAI))["items"] == []
