"""Reports and their cases: folded, weighed, answered, told once; and nobody's name in what officials see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from case_cast import (
    COPY,
    FOUND_SCAM,
    NO_SCAM,
    NOT_TOLD,
    OTHER,
    PORNTHIP,
    SCAM,
    SHORT,
    WICHAI,
    Town,
    person,
)
from store_cast import NOON, NUMBERED, SECRET, SOMCHAI, StandingClock, change, rows

from bot.store import SqlStore
from bot.store.casebook import Changed, Decision, DecisionKind, NoSuchCase
from bot.store.filing import BROWSER_SHARE, Filing
from bot.store.notices import Notices
from content.loading import Knowledge
from content.models import Language
from content.verdict import Level
from handlers.limits import BLOCKED_FOR, SLOWED_FOR, Limit, LimitKind
from handlers.messages import CameBy, Case, Details, Loss, Named, NewReport, Outcome, Platform, Session
from handlers.report import REVIEW_DAYS
from handlers.standing import WEIGHTS, Evidence
from scheduler import reporters


@pytest.fixture
def town(url: str, knowledge: Knowledge) -> Iterator[Town]:
    clock = StandingClock()
    store = SqlStore.open(url, [SECRET], clock)
    yield Town(store, clock, knowledge, url)
    store.close()


# Filing


async def test_number_and_promise_stand_in_the_reply_and_in_the_session(town):
    session = Session(step="details", step_at=NOON, data={"number": "{case_number}", "by": "{promised}"})
    reply = replace(NUMBERED, title="{case_number} · {promised}")
    letter = await town.does(Outcome(session, reply, report=town.report()), SOMCHAI)
    number = (await town.store.cases(SOMCHAI))[0].number
    assert letter.reply.title == f"{number} · 25/11/2026"
    assert (await town.store.session(SOMCHAI)).data == {"number": number, "by": "25/11/2026"}


async def test_a_promise_made_after_midnight_in_bangkok_is_of_bangkoks_day(town):
    town.clock.moment = NOON.replace(hour=18)  # one in the morning of the 23rd in Bangkok
    letter = await town.does(Outcome(Session(), replace(NUMBERED, title="{promised}"), report=town.report()), SOMCHAI)
    assert letter.reply.title == "26/11/2026"


async def test_near_copies_fold_into_one_case_and_other_messages_do_not(town):
    await town.reports(person(1), SCAM)
    await town.reports(person(2), COPY)
    await town.reports(person(3), OTHER)
    page = await town.book.queue()
    assert sorted((row.reports, row.reporters) for row in page.rows) == [(1, 1), (2, 2)]
    assert (page.total, page.overdue) == (2, 0)


async def test_short_messages_fold_by_their_letters(town, url):
    await town.reports(person(1), SHORT)
    await town.reports(person(2), SHORT)
    await town.reports(person(3), "โอนช้า")
    assert sorted(row["reporters"] for row in rows(url, "cases")) == [1, 2]
    assert all(SHORT not in str(row) for row in rows(url, "cases"))


async def test_one_person_who_reports_five_times_counts_once(town):
    for _ in range(5):
        await town.reports(person(1))
    [row] = (await town.book.queue()).rows
    assert (row.reports, row.reporters, row.weight) == (5, 1, 1.0)


async def test_browsers_weigh_less_and_who_is_vouched_for_weighs_more(town, url):
    await town.reports(person(1, Platform.WEB))
    [row] = (await town.book.queue()).rows
    assert row.weight == BROWSER_SHARE

    def file(evidence: Evidence):
        def work(tx):
            filing = Filing(tx, town.store.foundation.identity, NOON, town.store.foundation.timezone, evidence, "hub-1")
            return filing.file(person(2), town.report())

        return town.store.foundation.database.write(work)

    await file(Evidence.HUB)
    [row] = (await town.book.queue()).rows
    assert row.weight == BROWSER_SHARE + WEIGHTS[Evidence.HUB] and row.reporters == 2
    await file(Evidence.OFFICIAL)
    [row] = (await town.book.queue()).rows
    assert row.weight == BROWSER_SHARE + WEIGHTS[Evidence.OFFICIAL], "the same reporter counts by their weightiest word"
    assert row.reporters == 2


async def test_a_report_adds_the_reporter_to_the_sighting_once(town, url):
    await town.asks(person(1))
    await town.reports(person(1))
    await town.reports(person(2))
    [sighting] = rows(url, "sightings")
    assert (sighting["asked"], sighting["people"]) == (2, 2)
    assert (await town.book.queue()).rows[0].growth == 2


async def test_growth_fades_with_the_days(town):
    await town.reports(person(1))
    town.clock.on(days=1)
    await town.asks(person(2))
    assert (await town.book.queue()).rows[0].growth == 2
    town.clock.on(days=1)
    assert await town.store.retention.shrink_growth() == 1
    assert (await town.book.queue()).rows[0].growth == 1
    town.clock.on(days=5)
    assert await town.store.retention.shrink_growth() == 1
    assert await town.store.retention.shrink_growth() == 0
    assert (await town.book.queue()).rows[0].growth == 0


async def test_nobody_is_promised_a_day_that_has_passed(town):
    await town.reports(person(1))
    town.clock.on(days=REVIEW_DAYS + 2)
    await town.reports(person(2))
    [mine] = await town.store.cases(person(2))
    assert mine.promised_at == town.clock.now() + timedelta(days=REVIEW_DAYS)
    assert (await town.book.queue()).rows[0].overdue, "what was promised to the first stands"


async def test_a_case_names_what_its_reports_name_and_marks_what_the_directory_guards(town, url):
    named = (Named("phone", "0810001234"), Named("phone", "020001234", guarded=True))
    await town.does(Outcome(Session(), NUMBERED, report=replace(town.report(), named=named)), person(1))
    [row] = (await town.book.queue()).rows
    file = await town.book.case(row.id)
    assert row.guarded and file is not None
    assert sorted((each.kind, each.reporters, each.guarded) for each in file.identifiers) == [
        ("phone", 1, False),
        ("phone", 1, True),
    ]
    assert "0810001234" not in str(rows(url, "identifiers"))


# What the reporter says afterwards


async def test_details_are_kept_one_by_one_and_only_on_ones_own_report(town, url):
    number = await town.reports(SOMCHAI)
    await town.does(Outcome(Session(), details=Details(number, came_by=CameBy.SMS)), SOMCHAI)
    await town.does(Outcome(Session(), details=Details(number, loss=Loss.FROM_1K, province="chiang-mai")), SOMCHAI)
    await town.does(Outcome(Session(), details=Details(number, note="เขาโทรมาด้วย")), SOMCHAI)
    await town.does(Outcome(Session(), details=Details(number, note="ของคนอื่น")), person(9))
    [report] = rows(url, "reports")
    assert [report[name] for name in ("came_by", "loss", "province", "note")] == [
        "sms",
        "1k_10k",
        "chiang-mai",
        "เขาโทรมาด้วย",
    ]


async def test_a_withdrawn_report_loses_words_and_weight_at_once(town, url):
    await town.reports(person(1))
    number = await town.reports(SOMCHAI, COPY)
    await town.does(Outcome(Session(), withdraw=number), person(1))
    assert (await town.book.queue()).rows[0].reporters == 2, "nobody takes back another's report"
    await town.does(Outcome(Session(), withdraw=number), SOMCHAI)
    [row] = (await town.book.queue()).rows
    assert (row.reports, row.reporters, row.weight) == (1, 1, 1.0)
    assert [(case.number, case.state) for case in await town.store.cases(SOMCHAI)] == [(number, "withdrawn")]
    assert rows(url, "reports")[1]["text"] == ""
    await town.does(Outcome(Session(), details=Details(number, note="อีกครั้ง")), SOMCHAI)
    assert rows(url, "reports")[1]["note"] == ""


async def test_a_case_that_nobody_vouches_for_any_more_leaves_the_queue_with_its_hashes(town, url):
    named = (Named("phone", "0810001234"),)
    number = await town.reports(SOMCHAI, SHORT)
    await town.does(Outcome(Session(), NUMBERED, report=replace(town.report(SHORT), named=named)), SOMCHAI)
    for case in await town.store.cases(SOMCHAI):
        await town.does(Outcome(Session(), withdraw=case.number), SOMCHAI)
    assert number and (await town.book.queue()).rows == ()
    assert (await town.book.counts()).received == 0
    assert [row["text_key"] for row in rows(url, "cases")] == [None]
    assert rows(url, "identifiers") == [] and rows(url, "identifier_reports") == []


async def test_who_is_forgotten_leaves_the_case_to_the_others(town, url):
    await town.reports(person(1))
    await town.reports(SOMCHAI)
    [row] = (await town.book.queue()).rows
    await town.book.take(row.id, PORNTHIP)
    await town.ticks()
    assert await town.store.forget(Platform.LINE, "Usomchai")
    [row] = (await town.book.queue()).rows
    assert (row.reporters, row.weight) == (1, 1.0)
    key = town.store.foundation.identity.person(SOMCHAI)
    for table in ("reports", "notices", "follow_ups", "sighting_sources", "people"):
        assert key not in str(rows(url, table)), table


# The officials


async def test_taking_a_case_tells_each_reporter_once_in_their_language(town):
    await town.reports(person(1))
    await town.reports(person(2), language=Language.ENGLISH)
    await town.book.take(1, PORNTHIP)
    await town.book.take(1, WICHAI)
    assert await town.ticks() == 2 and await town.ticks() == 0
    letters = await town.letters()
    assert {each.address: each.reply.language for each in letters} == {
        person(1): Language.THAI,
        person(2): Language.ENGLISH,
    }
    assert all(each.reply_token == "" for each in letters)
    assert [case.state for case in await town.store.cases(person(1))] == ["in_review"]
    file = await town.book.case(1)
    assert [(done.act, done.actor) for done in file.history] == [("case taken", "official:pornthip")]


async def test_a_decision_answers_everybody_once_and_shows_in_their_list(town):
    numbers = [await town.reports(person(n)) for n in (1, 2)]
    await town.decides(1)
    assert await town.ticks() == 2 and await town.ticks() == 0
    letters = await town.letters()
    assert [numbers[n] in str(each.reply.sections) for n, each in enumerate(letters)] == [True, True]
    [case] = await town.store.cases(person(1))
    assert (case.state, case.decision, case.entry) == ("answered", "scam", "parcel-fee-link")
    assert (await town.book.queue()).rows == ()
    [row] = (await town.book.queue("answered")).rows
    assert (row.decision, row.decided_entry, row.decided_by) == ("scam", "parcel-fee-link", "pornthip")
    assert (await town.book.counts()).answered_today == 1


async def test_one_person_with_two_reports_of_a_case_is_told_once(town):
    await town.reports(person(1))
    newest = await town.reports(person(1))
    await town.decides(1)
    assert await town.ticks() == 1
    [letter] = await town.letters()
    assert newest in str(letter.reply)


async def test_a_changed_decision_is_told_once_more_and_the_same_one_is_not(town):
    await town.reports(person(1))
    await town.decides(1, FOUND_SCAM)
    await town.ticks()
    await town.decides(1, FOUND_SCAM, WICHAI)
    assert await town.ticks() == 0
    await town.decides(1, NO_SCAM)
    assert await town.ticks() == 1 and await town.ticks() == 0
    await town.decides(1, FOUND_SCAM)
    assert await town.ticks() == 1
    assert len(await town.letters()) == 3


async def test_only_the_newest_of_two_quick_decisions_is_told(town):
    await town.reports(person(1))
    await town.decides(1, FOUND_SCAM)
    await town.decides(1, NO_SCAM)
    assert await town.ticks() == 1
    [letter] = await town.letters()
    assert town.knowledge.phrases["answered_not_a_scam_title"].th == letter.reply.title


async def test_the_second_of_two_officials_sees_the_change_first(town):
    await town.reports(person(1))
    file = await town.book.case(1)
    await town.book.decide(1, file.row.version, FOUND_SCAM, PORNTHIP)
    with pytest.raises(Changed) as refused:
        await town.book.decide(1, file.row.version, NO_SCAM, WICHAI)
    assert refused.value.row.decision == "scam" and refused.value.row.decided_by == "pornthip"
    assert (await town.book.case(1)).row.decision == "scam"
    with pytest.raises(NoSuchCase):
        await town.book.decide(99, 1, NO_SCAM, WICHAI)


async def test_two_officials_at_the_same_moment_make_one_decision(town):
    await town.reports(person(1))
    tries = [town.book.decide(1, 1, each, PORNTHIP) for each in (FOUND_SCAM, NO_SCAM) * 5]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(each is None for each in done) == 1 and sum(isinstance(each, Changed) for each in done) == 9
    assert await town.ticks() == 1


async def test_who_reports_what_is_answered_hears_the_answer_at_once(town):
    await town.reports(person(1))
    await town.decides(1)
    await town.ticks()
    await town.reports(person(2), COPY)
    assert [case.state for case in await town.store.cases(person(2))] == ["answered"]
    assert await town.ticks() == 1 and await town.ticks() == 0
    assert [each.address for each in await town.letters(person(2))] == [person(2)]
    assert all(
        "เลขที่รับเรื่อง RT" in each.reply.title for each in await town.store.letters() if each.address == person(2)
    ), "the number leaves first"
    assert (await town.book.queue()).rows == ()


async def test_what_nobody_could_tell_is_opened_again_by_the_next_report(town):
    await town.reports(person(1))
    await town.decides(1, NOT_TOLD)
    await town.ticks()
    town.clock.on(days=10)
    await town.reports(person(2))
    [row] = (await town.book.queue()).rows
    assert (row.state, row.decision, row.overdue) == ("received", "cant_tell", False)
    assert [case.state for case in await town.store.cases(person(2))] == ["received"]
    assert [case.decision for case in await town.store.cases(person(1))] == ["cant_tell"]
    await town.decides(1, FOUND_SCAM)
    assert await town.ticks() == 2, "both hear what was found now"


async def test_a_dispute_opens_an_answered_case_again_and_is_marked(town):
    await town.reports(person(1))
    await town.decides(1)
    await town.ticks()
    await town.reports(person(2), level=Level.KNOWN_SCAM, disputes=True)
    [row] = (await town.book.queue("disputed")).rows
    assert row.disputed and row.state == "received"
    await town.decides(1, FOUND_SCAM)
    assert await town.ticks() == 1, "who had heard it already does not hear it again"


async def test_merged_cases_are_one_and_later_reports_go_to_it(town):
    await town.reports(person(1), SCAM)
    await town.reports(person(2), OTHER)
    await town.reports(person(3), SHORT)
    await town.book.merge(2, 1, 1, PORNTHIP)
    await town.book.merge(1, (await town.book.case(1)).row.version, 3, PORNTHIP)
    await town.reports(person(4), OTHER)
    [row] = (await town.book.queue()).rows
    assert (row.id, row.reports, row.reporters) == (3, 4, 4)
    merged = (await town.book.case(2)).row
    assert (merged.state, merged.merged_into, merged.reporters) == ("merged", 3, 0)
    with pytest.raises(ValueError, match="itself"):
        await town.book.merge(3, row.version, 3, PORNTHIP)
    with pytest.raises(Changed):
        await town.book.merge(2, 1, 3, PORNTHIP)
    with pytest.raises(Changed):
        await town.decides(2)


async def test_merging_into_an_answered_case_answers_the_reporters(town):
    await town.reports(person(1), SCAM)
    await town.decides(1)
    await town.ticks()
    await town.reports(person(2), OTHER)
    await town.book.merge(2, 1, 1, PORNTHIP)
    assert [case.decision for case in await town.store.cases(person(2))] == ["scam"]
    assert await town.ticks() == 1
    assert [each.address for each in await town.letters()][-1] == person(2)


async def test_all_of_a_spammers_reports_are_hidden_in_one_step(town, url):
    for text in (SCAM, OTHER, SHORT):
        number = await town.reports(person(1), text)
    await town.reports(person(2), SCAM)
    assert await town.book.hide_reporter(3, number, PORNTHIP, "ส่งข้อความเดิมซ้ำ ๆ โทร 081-000-4567") == 3
    assert [(row.id, row.reporters, row.weight) for row in (await town.book.queue()).rows] == [(1, 1, 1.0)]
    await town.reports(person(1), "เรื่องใหม่ของคนเดิม")
    assert (await town.book.queue()).total == 1, "a blocked reporter opens no case"
    assert len(await town.store.cases(person(1))) == 4, "and sees their own"
    await town.decides(1)
    assert await town.ticks() == 1, "who is hidden is told nothing"
    log = str(rows(url, "audit"))
    assert "reporter hidden" in log and "081-000-4567" not in log
    assert town.store.foundation.identity.person(person(1)) not in log
    with pytest.raises(NoSuchCase):
        await town.book.hide_reporter(1, "RT-2026-000000", PORNTHIP, "ก่อกวน")
    with pytest.raises(ValueError, match="reason"):
        await town.book.hide_reporter(3, number, PORNTHIP, " ")


async def test_who_is_hidden_may_report_again_after_a_time(town):
    number = await town.reports(person(1), SCAM)
    await town.book.hide_reporter(1, number, PORNTHIP, "ก่อกวน")
    limit = await town.store.limit(person(1))
    assert limit is not None and limit.until == town.clock.now() + BLOCKED_FOR
    town.clock.on(days=91)
    assert await town.store.limit(person(1)) is None


async def test_hiding_somebody_by_mistake_can_be_taken_back(town):
    number = await town.reports(person(1), SCAM)
    await town.reports(person(1), OTHER)
    await town.book.hide_reporter(1, number, PORNTHIP, "เข้าใจผิด")
    await town.reports(person(1), SHORT)
    assert await town.book.show_reporter(1, number, WICHAI) == 2
    assert sorted((row.id, row.reporters) for row in (await town.book.queue()).rows) == [(1, 1), (2, 1)]
    await town.reports(person(1), "เรื่องใหม่")
    assert (await town.book.queue()).total == 3, "they may report again"
    acts = [done.act for done in (await town.book.case(1)).history]
    assert acts == ["reporter hidden", "reporter shown again"]


async def test_who_was_hidden_by_mistake_hears_what_became_of_their_case_meanwhile(town):
    number = await town.reports(person(1), SCAM)
    await town.reports(person(2), SCAM)
    await town.book.hide_reporter(1, number, PORNTHIP, "เข้าใจผิด")
    await town.decides(1)
    assert await town.ticks() == 1
    assert await town.book.show_reporter(1, number, WICHAI, "คนละคนกับที่ก่อกวน โทร 081-000-4567") == 1
    assert await town.ticks() == 1 and await town.ticks() == 0
    assert [each.address for each in await town.letters(person(1))] == [person(1)]
    said = (await town.book.case(1)).history[-1].detail
    assert "คนละคนกับที่ก่อกวน" in said and "081-000-4567" not in said


async def test_a_hidden_report_of_one_who_was_erased_can_be_shown_again(town):
    number = await town.reports(person(1), SCAM)
    await town.store.forget(Platform.LINE, "U1")
    assert await town.book.hide_reporter(1, number, PORNTHIP, "ก่อกวน") == 1
    assert await town.book.show_reporter(1, number, WICHAI) == 1
    assert [each.hidden for each in (await town.book.case(1)).reports] == [False]
    assert not await town.book.slow_reporter(1, number, WICHAI, "ส่งถี่"), "nobody knows any more who it was"


async def test_whom_an_official_slows_down_is_slowed_for_a_week_and_still_counts(town, url):
    number = await town.reports(person(1), SCAM)
    assert await town.book.slow_reporter(1, number, PORNTHIP, "ส่งถี่มาก โทร 081-000-4567")
    limit = await town.store.limit(person(1))
    assert limit == Limit(LimitKind.SLOWED, town.clock.now() + SLOWED_FOR)
    assert [row.reporters for row in (await town.book.queue()).rows] == [1]
    assert [each.slowed for each in (await town.book.case(1)).reports] == [True]
    log = str(rows(url, "audit"))
    assert "reporter slowed" in log and "081-000-4567" not in log
    assert town.store.foundation.identity.person(person(1)) not in log
    town.clock.on(days=8)
    assert await town.store.limit(person(1)) is None
    assert [each.slowed for each in (await town.book.case(1)).reports] == [False]
    with pytest.raises(ValueError, match="reason"):
        await town.book.slow_reporter(1, number, PORNTHIP, " ")
    with pytest.raises(NoSuchCase):
        await town.book.slow_reporter(1, "RT-2026-000000", PORNTHIP, "ส่งถี่")


async def test_slowing_somebody_down_never_takes_a_block_away(town):
    number = await town.reports(person(1), SCAM)
    await town.book.hide_reporter(1, number, PORNTHIP, "ก่อกวน")
    assert not await town.book.slow_reporter(1, number, WICHAI, "ส่งถี่")
    limit = await town.store.limit(person(1))
    assert limit is not None and limit.kind is LimitKind.BLOCKED


async def test_the_case_page_shows_everything_and_nobody(town):
    await town.reports(person(1), SCAM)
    await town.reports(person(2), COPY)
    await town.reports(person(1), COPY)
    file = await town.book.case(1)
    assert [each.reporter for each in file.reports] == ["A", "B", "A"]
    assert file.row.start.startswith("พัสดุของท่าน") and len(file.row.start) <= 120
    assert [(day.isoformat(), asked, people) for day, asked, people in file.days] == [("2026-11-22", 2, 2)]
    shown = str(file)
    for number in (1, 2):
        assert person(number).person not in shown
        assert town.store.foundation.identity.person(person(number)) not in shown
    assert await town.book.case(99) is None


async def test_cases_of_like_messages_stand_beside_each_other(town):
    await town.reports(person(1), SCAM)
    alike = "พัสดุของท่านตกค้างที่คลังสินค้า กรุณาติดต่อเจ้าหน้าที่ทางไลน์และชำระค่าธรรมเนียม ภายในวันนี้ มิฉะนั้นจะส่งคืน"
    await town.reports(person(2), alike)
    await town.reports(person(3), OTHER)
    file = await town.book.case(1)
    near = [each.row.id for each in file.near]
    assert 3 not in near and near in ([2], []), near


# The queue


async def test_overdue_cases_come_first_and_every_sort_is_its_own(town):
    await town.reports(person(1), SHORT)
    town.clock.on(days=REVIEW_DAYS - 1)
    for number in (2, 3):
        await town.reports(person(number), SCAM)
    town.clock.on(days=2)
    await town.reports(person(4), OTHER)
    page = await town.book.queue()
    assert [(row.id, row.overdue) for row in page.rows] == [(1, True), (2, False), (3, False)]
    assert (page.total, page.overdue) == (3, 1)
    assert next(row.id for row in (await town.book.queue(sort="weight")).rows) == 2
    assert [row.id for row in (await town.book.queue(sort="newest")).rows] == [3, 2, 1]
    await town.store.retention.shrink_growth()
    assert [row.growth for row in (await town.book.queue(sort="growth")).rows] == [1, 0, 0]
    assert [row.id for row in (await town.book.queue("overdue")).rows] == [1]
    await town.book.take(2, PORNTHIP)
    assert [row.id for row in (await town.book.queue("in_review")).rows] == [2]
    assert [row.id for row in (await town.book.queue("received")).rows] == [1, 3]
    assert [row.id for row in (await town.book.queue("all")).rows] == [3, 2, 1]
    counts = await town.book.counts()
    assert (counts.received, counts.in_review, counts.overdue, counts.reported_today) == (2, 1, 1, 1)


async def test_pages_of_the_queue_hold_every_case_once(town):
    for number in range(7):
        await town.reports(person(number), f"เรื่อง{number}")
    pages = [await town.book.queue(page=page, size=3) for page in (1, 2, 3, 4)]
    assert [len(page.rows) for page in pages] == [3, 3, 1, 0]
    assert sorted(row.id for page in pages for row in page.rows) == list(range(1, 8))
    assert {page.total for page in pages} == {7}
    with pytest.raises(ValueError, match="nonsense"):
        await town.book.queue("nonsense")


# Many at once, and faults


async def test_two_hundred_reporters_at_once_are_one_case_and_hear_one_answer_each(town):
    everybody = [person(number) for number in range(200)]
    outcomes = [Outcome(Session(), NUMBERED, report=town.report(SCAM if n % 2 else COPY)) for n in range(200)]
    await asyncio.gather(*(town.does(outcome, each) for outcome, each in zip(outcomes, everybody, strict=True)))
    page = await town.book.queue()
    assert [(row.reports, row.reporters, row.weight) for row in page.rows] == [(200, 200, 200.0)]
    await town.decides(1)
    told = await asyncio.gather(*(reporters.tell(town.notices, town.knowledge) for _ in range(5)))
    assert sum(told) == 200
    letters = await town.letters()
    assert sorted(each.address.chat for each in letters) == sorted(each.chat for each in everybody)
    assert len({each.retry_key for each in letters}) == 200


async def test_two_processes_tell_nobody_twice(town, url, knowledge):
    for number in range(30):
        await town.reports(person(number))
    await town.decides(1)
    other = SqlStore.open(url, [SECRET], town.clock)
    both = [Notices(other.foundation), town.notices]
    told = await asyncio.gather(*(reporters.tell(each, knowledge) for each in both * 3))
    other.close()
    assert sum(told) == 30 and len(await town.letters()) == 30


async def test_who_cannot_be_reached_is_not_written_to_and_sees_it_when_they_come_back(town):
    await town.reports(person(1))
    await town.reports(person(2))
    await town.does(Outcome(Session(), unreachable=True), person(1))
    await town.decides(1)
    assert await town.ticks() == 1
    assert [each.address for each in await town.letters()] == [person(2)]
    assert [case.decision for case in await town.store.cases(person(1))] == ["scam"]
    assert await town.ticks() == 0


async def test_a_browser_collects_the_answer_days_later(town):
    browser = person(1, Platform.WEB)
    await town.reports(browser)
    await town.store.collect(browser)
    await town.decides(1)
    assert await town.ticks() == 1
    town.clock.on(days=5)
    await town.store.retention.remove_old(180)
    [letter] = await town.store.collect(browser)
    assert letter.reply.language is Language.THAI
    assert await town.store.collect(browser) == []


async def test_an_answer_to_a_browser_that_never_comes_back_is_given_up_after_a_month(town):
    browser = person(1, Platform.WEB)
    await town.reports(browser)
    await town.store.collect(browser)
    await town.decides(1)
    await town.ticks()
    town.clock.on(days=31)
    assert (await town.store.retention.remove_old(180)).not_collected == 1
    assert await town.store.collect(browser) == []


async def test_after_its_days_a_report_keeps_its_count_and_loses_words_and_hash(town, url):
    number = await town.reports(person(1), SHORT)
    await town.does(Outcome(Session(), details=Details(number, note="หมายเหตุ")), person(1))
    town.clock.on(days=181)
    removed = await town.store.retention.remove_old(180)
    assert (removed.report_texts, removed.text_keys) == (1, 1)
    [report], [case] = rows(url, "reports"), rows(url, "cases")
    assert (report["text"], report["note"], case["text_key"]) == ("", "", None)
    assert (case["reports"], report["number"]) == (1, number)


async def test_the_export_has_the_number_in_a_row_with_what_became_of_it(town):
    number = await town.reports(person(1), SCAM, disputes=True)
    await town.does(Outcome(Session(), details=Details(number, loss=Loss.OVER_1M, province="phuket")), person(1))
    await town.decides(1)
    [row] = [each async for each in town.store.export_reports()]
    assert (row["number"], row["case"], row["state"], row["loss"], row["province"]) == (
        number,
        "1",
        "answered",
        "over_1m",
        "phuket",
    )
    assert (row["disputes"], row["hidden"], row["decision"], row["decided_entry"]) == (
        "yes",
        "",
        "scam",
        "parcel-fee-link",
    )
    assert all(isinstance(value, str) for value in row.values())


async def test_a_case_that_was_never_shown_twice_cannot_be_told_twice_even_by_hand(town, url):
    await town.reports(person(1))
    await town.decides(1)
    await town.ticks()
    change(url, "update cases set telling = 1")
    assert await town.ticks() == 0 and rows(url, "cases")[0]["telling"] == 0


def test_a_report_as_it_was_made_before_still_fits():
    assert Case("RT-2026-000018", "received", NOON).decision == ""
    assert NewReport("x", Language.THAI, Level.NOT_KNOWN, None, None).named == ()
    assert Decision(DecisionKind.SCAM).remark == ""
