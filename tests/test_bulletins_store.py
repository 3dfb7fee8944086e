"""Bulletins in the store: versions, signatures, orders, and that no month is drafted twice."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from bulletin_cast import BANGKOK, NOVEMBER_2, OCTOBER, Office, add_subscribers, figures, open_store
from store_cast import REPORT, StandingClock, answered, change, rows

from bot.editorial import Editorial, told
from bot.settings import Settings
from bot.store.bulletins import Body, Bulletins
from content.models import Language
from handlers.errors import SendFailed
from handlers.messages import Happened, Outcome, Platform, Session
from scheduler.alerts import warning_of
from scheduler.bulletins import Kind, Part, Plan, Quota, Refused, State
from scheduler.drafting import composed
from scheduler.trends import Month, MonthFigures

ALL = Part()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOVEMBER_2)


@pytest.fixture
def office(url: str, clock: StandingClock, knowledge) -> Iterator[Office]:
    opened = Office.at(url, clock, knowledge)
    yield opened
    opened.store.close()


async def test_what_was_drafted_is_what_stands(office):
    body = office.body()
    id = await office.bulletins.draft(OCTOBER, body, "operator")
    found = await office.bulletins.get(id)
    assert (found.state, found.version, found.month, found.signatures) == (State.DRAFT, 1, OCTOBER, ())
    assert dict(found.content) == dict(body.content) and found.figures == body.figures


async def test_a_month_stands_once_until_it_is_cancelled(office):
    id = await office.bulletins.draft(OCTOBER, office.body(), "operator")
    with pytest.raises(Refused, match=f"2026-10 stands already, as bulletin {id}"):
        await office.bulletins.draft(OCTOBER, office.body(), "operator")
    await office.bulletins.cancel(id, "operator")
    another = await office.bulletins.draft(OCTOBER, office.body(), "operator")
    assert another > id and (await office.bulletins.get(another)).state is State.DRAFT


async def test_signing_twice_and_changing_a_word_undoes_it(office):
    id = await office.signed()
    signed = await office.bulletins.get(id)
    assert signed.state is State.SIGNED and [each.name for each in signed.signatures] == ["Ann", "Ben"]
    thai = replace(signed.content[Language.THAI], context="เพิ่มเติม")
    edited = await office.bulletins.edit(id, 1, {**signed.content, Language.THAI: thai}, "operator")
    assert (edited.state, edited.version, edited.signatures, edited.edited) == (State.DRAFT, 2, (), True)
    with pytest.raises(Refused, match="2 of 2 signatures are missing"):
        await office.ordered(id)
    assert (await office.bulletins.said(id, 1)).content[Language.THAI].context == ""


async def test_saving_the_same_words_undoes_nothing(office):
    id = await office.signed()
    standing = await office.bulletins.get(id)
    assert (await office.bulletins.edit(id, 1, dict(standing.content), "operator")).state is State.SIGNED


async def test_who_writes_on_an_older_version_is_told(office):
    id = await office.bulletins.draft(OCTOBER, office.body(), "operator")
    content = (await office.bulletins.get(id)).content
    other = replace(content[Language.THAI], context="คนแรก")
    await office.bulletins.edit(id, 1, {**content, Language.THAI: other}, "operator")
    with pytest.raises(Refused, match="version 2 stands, yours was made on 1"):
        await office.bulletins.edit(id, 1, content, "operator")


async def test_a_refused_signature_leaves_the_bulletin_as_it_was(office):
    id = await office.bulletins.draft(OCTOBER, office.body(), "operator")
    await office.bulletins.sign(id, "Ann")
    before = await office.bulletins.get(id)
    for name in ("Ann", "Cat", "Dan", "Nobody"):
        with pytest.raises(Refused):
            await office.bulletins.sign(id, name)
    assert await office.bulletins.get(id) == before


async def test_who_was_switched_off_signs_no_more(office, url):
    id = await office.bulletins.draft(OCTOBER, office.body(), "operator")
    change(url, "update officials set disabled_at = '2026-11-01' where name = 'Ben'")
    with pytest.raises(Refused, match="no official Ben"):
        await office.bulletins.sign(id, "Ben")


async def test_an_untouched_draft_gets_fresh_figures_and_a_touched_one_keeps_its_words(office):
    id = await office.bulletins.draft(OCTOBER, office.body(so_far=True), "house")
    fresh = await office.bulletins.refresh(id, office.body(), "operator")
    assert fresh.version == 2 and not fresh.so_far and not fresh.edited
    assert (await office.bulletins.refresh(id, office.body(), "operator")).version == 2
    await office.bulletins.sign(id, "Ann")
    assert (await office.bulletins.refresh(id, office.body(so_far=True), "operator")).version == 2


# --- orders ----------------------------------------------------------------------------------------------------------
async def test_an_order_may_be_moved_and_taken_back_before_it_leaves(office):
    id = await office.signed()
    await office.ordered(id, within=timedelta(hours=5))
    await office.ordered(id, within=timedelta(hours=7))
    found = await office.bulletins.get(id)
    assert found.state is State.SCHEDULED and found.scheduled_for == NOVEMBER_2 + timedelta(hours=7)
    assert (await office.bulletins.cancel(id, "operator")).state is State.CANCELLED
    with pytest.raises(Refused, match="cancelled"):
        await office.ordered(id)


async def test_an_unaffordable_order_leaves_the_bulletin_as_it_was(office, url):
    add_subscribers(url, "line", 5)
    id = await office.signed()
    before = await office.bulletins.get(id)
    office.line.quota = 4
    with pytest.raises(Refused, match="4 messages left this month and 5 are needed"):
        await office.ordered(id)
    assert await office.bulletins.get(id) == before
    await office.ordered(id, part="platform:telegram")


async def test_what_another_bulletin_still_needs_is_not_counted_as_left(office, url, clock):
    add_subscribers(url, "line", 5)
    first, second = await office.signed(), await office.signed(Month(2026, 9))
    await office.ordered(first)
    change(url, f"update bulletins set state = 'sending' where id = {first}")
    change(
        url,
        f"insert into deliveries (bulletin, version, person, platform, language, state)"
        f" select {first}, 1, key, platform, 'th', 'waiting' from people",
    )
    plan = await office.bulletins.plan(await office.bulletins.get(second), ALL, 8)
    assert plan.line == 5 and plan.line_left == 3


async def test_recipients_are_counted_by_platform_and_language(office, url):
    add_subscribers(url, "line", 3)
    add_subscribers(url, "line", 2, language="en", begin=10)
    add_subscribers(url, "telegram", 4, language=None)
    add_subscribers(url, "web", 1)
    change(url, "update people set subscribed = 0 where chat like '%00000000000000000000000000000000'")
    id = await office.signed()
    plan = await office.bulletins.plan(await office.bulletins.get(id), ALL)
    counted = {(str(platform), str(language)): count for (platform, language), count in plan.recipients.items()}
    assert counted == {("line", "th"): 2, ("line", "en"): 2, ("telegram", "th"): 4, ("web", "th"): 1}
    english = await office.bulletins.plan(await office.bulletins.get(id), Part.parse("language:en"))
    assert english.whole == 2


async def test_a_group_is_no_recipient(office, url):
    change(
        url,
        "insert into people (key, platform, chat, kind, subscribed, first_seen, last_seen)"
        " values ('f00', 'line', 'C1', 'group', 1, '2026', '2026')",
    )
    id = await office.signed()
    assert (await office.bulletins.plan(await office.bulletins.get(id), ALL)).whole == 0


async def test_status_adds_up_before_anything_has_left(office, url):
    add_subscribers(url, "line", 3)
    id = await office.signed()
    assert await office.counts(id) == (0, 0, 0, 3)
    await office.ordered(id, within=timedelta(hours=1))
    add_subscribers(url, "line", 2, begin=50)
    assert await office.counts(id) == (0, 0, 0, 3)


async def test_a_second_alert_in_a_week_is_refused(office, knowledge):
    async def alert() -> int:
        id = await office.bulletins.draft(
            OCTOBER, Body(warning_of("parcel-fee-link", knowledge)), "operator", kind=Kind.ALERT
        )
        await office.bulletins.sign(id, "Ann")
        await office.bulletins.sign(id, "Ben")
        return id

    first, second = await alert(), await alert()
    await office.ordered(first)
    before = await office.bulletins.get(second)
    with pytest.raises(Refused, match="one alert a week"):
        await office.ordered(second, within=timedelta(days=6))
    assert await office.bulletins.get(second) == before
    await office.ordered(second, within=timedelta(days=7, minutes=1))


async def test_only_what_somebody_got_is_corrected(office):
    id = await office.signed()
    with pytest.raises(Refused, match="change it instead"):
        await office.bulletins.draft(OCTOBER, office.body(), "operator", kind=Kind.CORRECTION, corrects=id)


async def test_every_act_stands_in_the_audit_without_a_citizen(office, url):
    id = await office.signed()
    await office.ordered(id)
    await office.bulletins.cancel(id, "operator")
    acts = [(row["actor"], row["act"]) for row in rows(url, "audit") if row["subject"] == f"bulletin:{id}"]
    assert acts == [
        ("operator", "bulletin drafted"),
        ("official:Ann", "bulletin signed"),
        ("official:Ben", "bulletin signed"),
        ("operator", "bulletin ordered"),
        ("operator", "bulletin cancelled"),
    ]


async def test_a_bulletin_that_does_not_exist_is_named(office):
    with pytest.raises(Refused, match="no bulletin 77"):
        await office.bulletins.get(77)
    with pytest.raises(Refused, match="no bulletin 77"):
        await office.bulletins.progress(77)


# --- by itself -------------------------------------------------------------------------------------------------------
class Counting:
    """A source of figures that counts how often it is asked."""

    def __init__(self) -> None:
        self.months: list[Month] = []

    async def month(self, month: Month) -> MonthFigures:
        self.months.append(month)
        return figures(month)

    async def days(self, first: object, last: object) -> tuple[()]:
        return ()


def editorial(office: Office, source: Counting, clock: StandingClock) -> Editorial:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return Editorial(office.store.foundation, lambda: office.knowledge, settings, source)


async def begun(office: Office, clock: StandingClock, at: datetime) -> None:
    """The house stood at that time: somebody asked something."""
    later, clock.moment = clock.moment, at
    await answered(office.store, f"e{at}", Outcome(Session(), events=(Happened("greeted"),)))
    clock.moment = later


async def test_the_month_is_drafted_by_itself_once(office, clock):
    await begun(office, clock, datetime(2026, 10, 5, tzinfo=UTC))
    clock.moment = datetime(2026, 10, 31, 23, 5, tzinfo=UTC)  # 06:05 of the first in Bangkok
    source = Counting()
    for _ in range(3):
        await editorial(office, source, clock).draft_due()
    assert [each.month for each in await office.bulletins.newest()] == [OCTOBER]
    assert source.months == [OCTOBER]


@pytest.mark.parametrize("late", [timedelta(minutes=1), timedelta(days=3), timedelta(days=29)])
async def test_a_missed_first_is_caught_up_however_late(office, clock, late):
    await begun(office, clock, datetime(2026, 10, 5, tzinfo=UTC))
    clock.moment = datetime(2026, 10, 31, 23, 0, tzinfo=UTC) + late
    await editorial(office, Counting(), clock).draft_due()
    assert [each.month for each in await office.bulletins.newest()] == [OCTOBER]


async def test_december_is_drafted_in_the_new_year(office, clock):
    await begun(office, clock, datetime(2026, 12, 5, tzinfo=UTC))
    clock.moment = datetime(2027, 1, 4, tzinfo=UTC)
    await editorial(office, Counting(), clock).draft_due()
    assert [each.month.text for each in await office.bulletins.newest()] == ["2026-12"]


async def test_a_month_before_the_house_stood_is_not_drafted(office, clock):
    await editorial(office, Counting(), clock).draft_due()
    await begun(office, clock, datetime(2026, 11, 1, 12, tzinfo=UTC))
    await editorial(office, Counting(), clock).draft_due()
    assert await office.bulletins.newest() == []


async def test_what_somebody_cancelled_does_not_come_back_by_itself(office, clock):
    await begun(office, clock, datetime(2026, 10, 5, tzinfo=UTC))
    await editorial(office, Counting(), clock).draft_due()
    (drafted,) = await office.bulletins.newest()
    await office.bulletins.cancel(drafted.id, "operator")
    await editorial(office, Counting(), clock).draft_due()
    assert [each.state for each in await office.bulletins.newest()] == [State.CANCELLED]


def test_two_processes_that_tick_at_once_draft_one(url, clock, knowledge):
    first = Office.at(url, clock, knowledge)
    asyncio.run(begun(first, clock, datetime(2026, 10, 5, tzinfo=UTC)))
    first.store.close()
    barrier = threading.Barrier(4)
    failures: list[BaseException] = []

    def tick() -> None:
        store = open_store(url, clock)
        office = Office(url, store, clock, knowledge)
        try:
            barrier.wait()
            asyncio.run(editorial(office, Counting(), clock).draft_due())
        except BaseException as trouble:
            failures.append(trouble)
        finally:
            store.close()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [(row["month"], row["state"]) for row in rows(url, "bulletins")] == [("2026-10", "draft")]


async def test_an_approver_who_signs_an_empty_month_is_on_record(office, url, clock):
    counted = figures(totals={"asked": (0, 4)}, tables={})
    body = Body(composed(counted, office.knowledge, BANGKOK), counted)
    id = await office.bulletins.draft(OCTOBER, body, "operator")
    desk = editorial(office, Counting(), clock)
    assert "empty" in desk.tells_nothing(await office.bulletins.get(id))
    await desk.sign(id, "Ben", "กลโกงยังมีอยู่")
    detail = [row["detail"] for row in rows(url, "audit") if row["act"] == "bulletin signed"]
    assert len(detail) == 1 and "this month is empty" in str(detail[0]) and "กลโกงยังมีอยู่" in str(detail[0])


async def test_the_real_figures_make_a_bulletin(office, clock):
    await answered(office.store, "r1", Outcome(Session(), report=REPORT))
    desk = Editorial(office.store.foundation, lambda: office.knowledge, Settings(_env_file=None))  # type: ignore[call-arg]
    id = await desk.draft(Month(2026, 11), "operator")
    found = await office.bulletins.get(id)
    assert found.so_far and found.figures is not None and found.figures.count("reports") == 1
    sources = await desk.sources(id)
    assert {"asked", "reports", "type"} <= {each.figure for each in sources}
    assert all(each.sql.lower().startswith("select") for each in sources)
    assert await desk.draft(Month(2026, 11), "operator") == id


async def test_a_plan_without_line_asks_line_nothing(office, url):
    add_subscribers(url, "telegram", 2)
    id = await office.signed()

    class Asked:
        async def quota_of_month(self) -> Quota:
            raise AssertionError("nobody on LINE would get it")

    desk = Editorial(office.store.foundation, lambda: office.knowledge, Settings(_env_file=None), Counting())  # type: ignore[call-arg]
    plan = await desk.plan(id, ALL, Asked())  # type: ignore[arg-type]
    assert plan == Plan({(Platform.TELEGRAM, Language.THAI): 2})


async def test_a_preview_tells_limit_used_and_left_and_that_line_is_silent(office, url):
    add_subscribers(url, "line", 5)
    first, second = await office.signed(), await office.signed(Month(2026, 9))
    change(url, f"update bulletins set state = 'sending' where id = {first}")
    change(
        url,
        f"insert into deliveries (bulletin, version, person, platform, language, state)"
        f" select {first}, 1, key, platform, 'th', 'waiting' from people",
    )

    class Telling:
        async def quota_of_month(self) -> Quota:
            return Quota(300, 292)

    class Silent:
        async def quota_of_month(self) -> Quota:
            raise SendFailed("LINE answered 500 when asked for its quota")

    desk = Editorial(office.store.foundation, lambda: office.knowledge, Settings(_env_file=None), Counting())  # type: ignore[call-arg]
    plan = await desk.preview(second, ALL, Telling())  # type: ignore[arg-type]
    assert plan.quota == Quota(300, 292) and (plan.line, plan.line_promised, plan.line_left) == (5, 5, 3)
    assert plan.line_short == 2 and not plan.silent
    figures = told(plan)
    assert (figures["line_limit"], figures["line_used"], figures["line_left"], figures["line_short"]) == (
        300,
        292,
        3,
        2,
    )
    unasked = await desk.preview(second, ALL, Silent())  # type: ignore[arg-type]
    assert unasked.line == 5 and unasked.quota is None and "answered 500" in unasked.silent
    with pytest.raises(SendFailed):
        await desk.order(second, None, ALL, Silent(), "operator")  # type: ignore[arg-type]
    assert (await office.bulletins.get(second)).state is State.SIGNED


@pytest.mark.parametrize("remark", ["", "   "])
async def test_a_month_that_tells_nothing_is_not_signed_by_an_approver_without_a_word(office, remark):
    empty = office.body(totals={}, tables={})
    id = await office.bulletins.draft(OCTOBER, empty, "operator")
    desk = Editorial(office.store.foundation, lambda: office.knowledge, Settings(_env_file=None), Counting())  # type: ignore[call-arg]
    await desk.sign(id, "Ann", remark)
    with pytest.raises(Refused, match="empty") as refused:
        await desk.sign(id, "Ben", remark)
    assert refused.value.code == "empty" and (await office.bulletins.get(id)).state is State.DRAFT
    await desk.sign(id, "Ben", "scams go on")
    assert (await office.bulletins.get(id)).state is State.SIGNED
    [ben] = [each for each in rows(office.url, "audit") if each["act"] == "bulletin signed" and "Ben" in each["actor"]]
    assert "scams go on" in str(dict(ben)) and "this month is empty" in str(dict(ben))


def test_a_database_refuses_a_second_standing_month_even_past_our_code(url, clock, knowledge):
    Office.at(url, clock, knowledge).store.close()
    change(url, "insert into bulletins (kind, month, state, made_at) values ('monthly', '2026-10', 'draft', '2026')")
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        change(url, "insert into bulletins (kind, month, state, made_at) values ('monthly', '2026-10', 'sent', '2026')")


async def test_every_bulletin_is_exported(office):
    for month in (OCTOBER, OCTOBER.before(), OCTOBER.before().before()):
        await office.bulletins.draft(month, office.body(month=month), "operator")
    assert [each.month.text async for each in Bulletins(office.store.foundation).every()] == [
        "2026-10",
        "2026-09",
        "2026-08",
    ]
