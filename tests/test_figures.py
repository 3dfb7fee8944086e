"""Figures are the plain count, whatever has been kept of them and whatever changed since."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_cast import NOON, NUMBERED, REPORT, SECRET, StandingClock, answered, rows

from bot.store import SqlStore
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.figures import SOURCES, TABLES, Figures
from bot.store.forms import stamp
from bot.store.opening import queries_text
from bot.store.pulse import Pulse
from bot.store.transaction import named_queries
from content.models import Language, ScamType
from content.verdict import Level
from handlers.messages import Address, Checked, Happened, Outcome, Platform, Session, Sighting
from handlers.officials import Official, Role
from handlers.ports import Sent
from scheduler.trends import DayCounts, Dimension, Month

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
BANGKOK = ZoneInfo("Asia/Bangkok")
# Half an hour off: an hour of UTC lies in two of its days.
YANGON = ZoneInfo("Asia/Yangon")


class Archive:
    """A store with things in it, written as they stand in the tables."""

    def __init__(self, folder: Path, zone: ZoneInfo = BANGKOK, seed: int = 1) -> None:
        self.clock = StandingClock()
        self.store = SqlStore.open(f"sqlite:///{folder}/rutan.db", [SECRET], self.clock, zone)
        self.figures = Figures(self.store.foundation)
        self._chance = random.Random(seed)
        self._numbers = iter(range(1, 10_000_000))
        self.reports: list[int] = []
        self.cases: list[int] = []
        self.letters: list[int] = []

    async def run(self, statement: str, *values: object) -> None:
        # A transaction runs queries by name; these are the tests' own.
        def work(tx) -> None:
            tx._connection.execute(statement, values)

        await self.store.foundation.database.write(work)

    def some(self, *values: object) -> object:
        return self._chance.choice(values)

    async def event(self, at: datetime, name: str = "checked", **more: object) -> None:
        values = {"detail": "", "level": None, "type": None, "entry": None, "platform": "line", "language": "th"} | more
        await self.run(
            f"insert into events (at, name, chat_kind, {', '.join(values)}) values (?, ?, 'private', {', '.join('?' * len(values))})",
            stamp(at), name, *values.values(),
        )  # fmt: skip

    async def asked(self, at: datetime, level: str = "known_scam", type: str | None = "parcel", **more: object) -> None:
        known = level in ("known_scam", "warning_signs")
        await self.event(at, level=level, type=type if known else None, **more)

    async def report(self, at: datetime, **more: object) -> None:
        number = next(self._numbers)
        values = {
            "number": f"RT-{number}", "person": f"p{number}", "platform": "line", "text": "x", "came_by": "sms",
            "language": "th", "level": "known_scam", "state": "received", "reported_at": stamp(at),
        } | more  # fmt: skip
        await self.run(
            f"insert into reports ({', '.join(values)}) values ({', '.join('?' * len(values))})", *values.values()
        )
        self.reports.append(number)

    async def case(self, opened: datetime, level: str = "known_scam", promised: datetime | None = None) -> int:
        number = next(self._numbers)
        await self.run(
            "insert into cases (id, state, level, reports, reporters, opened_at, last_report_at, promised_at) values (?, 'received', ?, 1, 1, ?, ?, ?)",
            number, level, stamp(opened), stamp(opened), stamp(promised or opened + timedelta(days=3)),
        )  # fmt: skip
        self.cases.append(number)
        return number

    async def decide(self, case: int, at: datetime, decision: str) -> None:
        await self.run(
            "update cases set state = 'answered', decision = ?, decided_at = ? where id = ?", decision, stamp(at), case
        )

    async def letter(
        self, received: datetime, took: timedelta | None, reason: str = "", platform: str = "line"
    ) -> None:
        number = next(self._numbers)
        await self.run(
            "insert into outbox (id, answers, platform, chat, body, retry_key, received_at, due_at, state) values (?, ?, ?, '', '', ?, ?, ?, 'sending')",
            number, number, platform, str(number), stamp(received), stamp(received),
        )  # fmt: skip
        if took is None:
            await self.run("update outbox set state = 'failed', reason = ? where id = ?", reason, number)
        else:
            await self.run("update outbox set state = 'sent', sent_at = ? where id = ?", stamp(received + took), number)
        self.letters.append(number)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(tmp_path)
    yield opened
    opened.store.close()


def kept(archive: Archive) -> list[dict[str, object]]:
    return rows(f"sqlite:///{archive.store.foundation.database._path}", "figures")


# The plain count


async def is_the_plain_count(archive: Archive, *months: Month) -> None:
    """Every total is what its source counts, every visible number of every table too."""
    for month in months:
        figures = await archive.figures.month(month)
        for name, total in figures.totals.items():
            assert total.count == await archive.figures.plain(name, month), (month, name)
            assert total.before == await archive.figures.plain(name, month.before()), (month, name)
        for dimension, table in figures.tables.items():
            plain = await archive.figures.plain_table(dimension, month)
            for row in table:
                assert row.count is None or row.count == plain.get(row.key, 0), (month, dimension, row)


OPERATIONS = (
    "asked",
    "said",
    "report",
    "case",
    "decide",
    "letter",
    "withdraw",
    "hide",
    "tell",
    "count",
    "later",
    "look",
)


async def happens(archive: Archive, operation: str, minute: int) -> None:
    at = datetime(2026, 9, 29, tzinfo=UTC) + timedelta(minutes=minute)
    some = archive.some
    match operation:
        case "asked":
            level, platform = some("known_scam", "warning_signs", "not_known", "not_a_check"), some("line", "web")
            await archive.asked(at, level, some("parcel", "loan", None), entry=some("a", "b", None), platform=platform)
        case "said":
            name, detail = some(
                ("useful", "yes:1"),
                ("useful", "no:2"),
                ("useful", "wrong:2"),
                ("emergency", "code"),
                ("subscribed", ""),
            )
            await archive.event(at, name, detail=detail)
        case "report":
            province, loss, hub = some("", "bangkok", "phuket"), some("", "none", "1k_10k"), some(None, "h1")
            await archive.report(at, province=province, loss=loss, hub=hub, disputes=some(0, 1), person=some("p", "q"))
        case "case":
            await archive.case(at, some("known_scam", "not_known"))
        case "decide" if archive.cases:
            decision = some("scam", "new_entry", "not_a_scam", "cant_tell")
            await archive.decide(some(*archive.cases), at + timedelta(hours=some(1, 90)), decision)
        case "letter":
            await archive.letter(at, some(timedelta(seconds=0.8), timedelta(hours=30), None), some("", "erased"))
        case "withdraw" if archive.reports:
            number = f"RT-{some(*archive.reports)}"
            await archive.run("update reports set state = 'withdrawn', loss = '' where number = ?", number)
        case "hide" if archive.reports:
            await archive.run("update reports set hidden = 1 where number = ?", f"RT-{some(*archive.reports)}")
        case "tell" if archive.reports:
            told, number = some("call", "line"), f"RT-{some(*archive.reports)}"
            await archive.run("update reports set came_by = ?, province = 'tak' where number = ?", told, number)
        case "count":
            await archive.figures.keep_counted()
        case "look":
            await archive.figures.month(NOVEMBER)
            await archive.figures.days(date(2026, 10, 1), date(2026, 11, 30))
        case "later":
            archive.clock.moment = max(archive.clock.moment, at + timedelta(days=some(0, 1, 40)))


@given(
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 45 * 24 * 60)), min_size=5, max_size=60),
    st.sampled_from([BANGKOK, YANGON]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.slow
def test_figures_are_the_plain_count_after_anything(operations, zone):
    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive = Archive(Path(folder), zone, seed=len(operations))
            archive.clock.moment = datetime(2026, 10, 20, 3, tzinfo=UTC)
            for operation, minute in operations:
                await happens(archive, operation, minute)
            await is_the_plain_count(archive, OCTOBER, NOVEMBER)
            archive.clock.moment = datetime(2027, 3, 1, tzinfo=UTC)
            before = await archive.figures.month(NOVEMBER)
            await archive.figures.keep_counted()
            assert all(row["marks"] < 0 for row in rows(f"sqlite:///{folder}/rutan.db", "figures_hours"))
            after = await archive.figures.month(NOVEMBER)
            assert (after.totals, after.tables) == (before.totals, before.tables)
            await is_the_plain_count(archive, OCTOBER, NOVEMBER)
            archive.store.close()

    asyncio.run(story())


# One by one


async def test_a_question_counts_by_what_rutan_said(archive):
    for level, times in {"known_scam": 3, "warning_signs": 2, "not_known": 4, "not_a_check": 5}.items():
        for _ in range(times):
            await archive.asked(NOON, level)
    figures = await archive.figures.month(NOVEMBER)
    said = {name: figures.count(name) for name in ("asked", "known", "warned", "unknown")}
    assert said == {"asked": 9, "known": 3, "warned": 5, "unknown": 4}
    assert figures.so_far and figures.until == NOON and figures.month == NOVEMBER


async def test_the_month_is_the_one_on_the_wall(archive):
    await archive.asked(datetime(2026, 10, 31, 16, 59, 59, tzinfo=UTC))
    await archive.asked(datetime(2026, 10, 31, 17, 0, 0, tzinfo=UTC))
    assert (await archive.figures.month(OCTOBER)).count("asked") == 1
    assert (await archive.figures.month(NOVEMBER)).totals["asked"].before == 1


async def test_an_ended_month_is_whole(archive):
    figures = await archive.figures.month(OCTOBER)
    assert not figures.so_far and figures.until == OCTOBER.end(BANGKOK)


async def test_what_is_hidden_or_withdrawn_is_no_report(archive):
    for more in ({}, {"hidden": 1}, {"state": "withdrawn"}, {"disputes": 1, "loss": "1k_10k"}, {"person": None}):
        await archive.report(NOON, **more)
    figures = await archive.figures.month(NOVEMBER)
    said = {name: figures.count(name) for name in ("reports", "reporters", "disputed", "lost_money")}
    assert said == {"reports": 3, "reporters": 2, "disputed": 1, "lost_money": 1}


async def test_an_official_who_says_the_opposite_has_overturned_rutan(archive):
    told = (
        ("known_scam", "not_a_scam"), ("warning_signs", "not_a_scam"), ("known_scam", "scam"), ("not_known", "not_a_scam"),
        ("not_known", "scam"), ("not_known", "new_entry"), ("not_known", "cant_tell"), ("known_scam", "cant_tell"),
    )  # fmt: skip
    for level, decision in told:
        await archive.decide(await archive.case(NOON - timedelta(hours=5), level), NOON, decision)
    figures = await archive.figures.month(NOVEMBER)
    said = {name: figures.count(name) for name in ("answered_cases", "overturned", "false_alarms", "missed")}
    assert said == {"answered_cases": 8, "overturned": 4, "false_alarms": 2, "missed": 2}


async def test_a_case_is_late_when_the_promised_day_has_passed_without_an_answer(archive):
    day = timedelta(days=1)
    in_time = await archive.case(NOON - 4 * day)
    await archive.decide(in_time, NOON - 2 * day, "scam")
    too_late = await archive.case(NOON - 6 * day)
    await archive.decide(too_late, NOON - day, "scam")
    await archive.case(NOON - 5 * day)
    await archive.case(NOON - day)
    forsaken = await archive.case(NOON - 5 * day)
    await archive.run("update cases set reporters = 0 where id = ?", forsaken)
    figures = await archive.figures.month(NOVEMBER)
    assert {name: figures.count(name) for name in ("promised", "late", "in_time")} == {
        "promised": 4,
        "late": 2,
        "in_time": 1,
    }


async def test_a_case_that_was_opened_again_is_not_answered(archive):
    case = await archive.case(NOON - timedelta(days=2))
    await archive.decide(case, NOON - timedelta(days=1), "cant_tell")
    archive.clock.on(days=2)
    await archive.figures.keep_counted()
    await archive.run("update cases set state = 'received' where id = ?", case)
    assert (await archive.figures.month(NOVEMBER)).count("answered_cases") == 0


# How long people waited


@pytest.mark.parametrize(
    ("took", "at_most"),
    [
        (0.0, 10),
        (0.8, 810),
        (0.805, 810),
        (0.9985, 1000),
        (1.0, 1100),
        (4.2, 4300),
        (49.9, 50_000),
        (90_000, 90_001_000),
    ],
)
async def test_a_wait_is_never_shown_shorter_than_it_was(archive, took, at_most):
    await archive.letter(datetime(2026, 11, 21, 16, 59, 59, 999_900, tzinfo=UTC), timedelta(seconds=took))
    times = await archive.figures.times(NOVEMBER)
    assert times.answers == {at_most: 1} and at_most >= took * 1000


async def test_an_answer_that_never_left_counts_and_one_that_nobody_waits_for_does_not(archive):
    for reason in ("blocked", "the platform answered 500", "erased", "not collected"):
        await archive.letter(NOON, None, reason)
    times = await archive.figures.times(NOVEMBER)
    assert (times.answers, times.never) == ({}, 2)


async def test_what_was_counted_stays_when_the_letters_go(archive):
    await archive.letter(NOON, timedelta(seconds=2))
    archive.clock.on(days=3)
    await archive.figures.keep_counted()
    await archive.run("delete from outbox")
    assert (await archive.figures.times(NOVEMBER)).answers == {2100: 1}
    await archive.report(NOON)
    await archive.figures.keep_counted()
    assert (await archive.figures.times(NOVEMBER)).answers == {2100: 1}


async def test_reviews_are_timed_from_the_first_report_in_whole_hours_rounded_up(archive):
    await archive.decide(await archive.case(NOON - timedelta(hours=30, minutes=1)), NOON, "scam")
    assert (await archive.figures.times(NOVEMBER)).reviews == {31: 1}


# Kept and counted anew


async def test_past_days_are_kept_and_today_is_counted_as_it_goes(archive):
    await archive.asked(NOON - timedelta(days=1))
    await archive.asked(NOON)
    assert await archive.figures.keep_counted() == 1
    assert {row["day"] for row in kept(archive)} == {"2026-11-21"}
    await archive.asked(NOON)
    days = await archive.figures.days(date(2026, 11, 20), date(2026, 11, 22))
    assert [(each.day.day, each.counts.get("asked", 0)) for each in days] == [(20, 0), (21, 1), (22, 2)]
    assert days[0] == DayCounts(date(2026, 11, 20), {})


async def test_a_day_that_changes_while_it_is_counted_is_counted_again(archive):
    await archive.asked(NOON - timedelta(days=1))
    counting = archive.figures._plain

    def and_then_somebody_asks(*given):
        found = counting(*given)
        asyncio.run_coroutine_threadsafe(archive.asked(NOON - timedelta(days=1)), loop).result()
        archive.figures._plain = counting
        return found

    loop = asyncio.get_running_loop()
    archive.figures._plain = and_then_somebody_asks
    await archive.figures.keep_counted()
    assert kept(archive) == []
    assert (await archive.figures.month(NOVEMBER)).count("asked") == 2
    await archive.figures.keep_counted()
    assert (await archive.figures.month(NOVEMBER)).count("asked") == 2 and kept(archive)


async def test_two_processes_may_count_at_once(archive):
    for hours in range(0, 240, 3):
        await archive.asked(NOON - timedelta(hours=hours))
    other = SqlStore.open(f"sqlite:///{archive.store.foundation.database._path}", [SECRET], archive.clock)
    await asyncio.gather(archive.figures.keep_counted(), Figures(other.foundation).keep_counted())
    other.close()
    await is_the_plain_count(archive, NOVEMBER)


# Sources


def test_every_figure_names_a_query_that_counts_it():
    queries = named_queries(queries_text())
    assert set(SOURCES.values()) | set(TABLES.values()) <= set(queries)
    assert set(TABLES) == set(Dimension)


# What grows


async def saw(archive: Archive, people_by_day: dict[int, int], level: str = "not_known") -> int:
    number = next(archive._numbers)
    await archive.run(
        "insert into sightings (id, signature, level, asked, people, first_seen, last_seen) values (?, x'00', ?, 9, 9, ?, ?)",
        number, level, stamp(NOON), stamp(NOON),
    )  # fmt: skip
    for ago, people in people_by_day.items():
        day = (NOON.astimezone(BANGKOK).date() - timedelta(days=ago)).isoformat()
        await archive.run(
            "insert into sighting_days (sighting, day, asked, people) values (?, ?, ?, ?)", number, day, people, people
        )
    return number


async def test_what_suddenly_more_people_ask_about_is_rising(archive):
    steady = await saw(archive, {0: 3, 1: 3, 3: 10, 5: 10})
    risen = await saw(archive, {0: 4, 1: 2, 4: 2})
    fresh = await saw(archive, {0: 5})
    await saw(archive, {0: 2})
    await saw(archive, {0: 9}, level="known_scam")
    await saw(archive, {4: 9})
    found = await Pulse(archive.store.foundation).rising(10)
    assert [(each.id, each.recent, each.earlier) for each in found] == [(fresh, 5, 0), (risen, 6, 2)]
    assert steady not in [each.id for each in found]


def test_the_archive_can_be_told_what_happens() -> None:
    """The story's words are all understood."""
    understood: Callable[..., object] = happens
    assert set(OPERATIONS) <= set(understood.__code__.co_consts) | {"asked"}


# Over both databases


async def test_both_databases_count_the_same(url):
    clock = StandingClock(NOON - timedelta(days=2))
    store = SqlStore.open(url, [SECRET], clock)
    figures = Figures(store.foundation)
    for number in range(12):
        level = (Level.KNOWN_SCAM, Level.WARNING_SIGNS, Level.NOT_KNOWN)[number % 3]
        asked = Checked(level, ScamType.PARCEL, "parcel-fee-link", None, Language.THAI, "v")
        about = fingerprinted(store, "มีคนบอกว่าเก็บกระเป๋าเราได้ ให้ส่งค่าน้ำมันไปก่อนแล้วจะเอามาคืนให้ถึงบ้าน", level)
        outcome = Outcome(Session(), NUMBERED, (asked, Happened("useful", "yes:1")), REPORT, sightings=(about,))
        letter = await answered(store, f"e{number}", outcome, Address(Platform.WEB, f"p{number}", f"p{number}"))
        clock.on(hours=number % 5)
        await store.sent(letter, Sent("m", "reply"))
    cases = CaseBook(store.foundation)
    case = (await cases.queue()).rows[0]
    await cases.decide(case.id, case.version, Decision(DecisionKind.NOT_A_SCAM), Official(1, "มาลี", Role.EDITOR))

    async def said() -> list[object]:
        month, times = await figures.month(NOVEMBER), await figures.times(NOVEMBER)
        pulse = Pulse(store.foundation)
        rising = [(each.recent, each.earlier, each.people) for each in await pulse.rising(5)]
        return [month.totals, month.tables, times, await figures.days(date(2026, 11, 19), date(2026, 11, 23)), rising]

    fresh = await said()
    assert fresh[0]["asked"].count == 12 and fresh[0]["false_alarms"].count == 1 and fresh[2].answers
    assert fresh[4] == [(12, 0, 12)]
    assert sum(way.sent for way in (await Pulse(store.foundation).ways_out())[0]) > 0
    for name in SOURCES:
        assert fresh[0][name].count == await figures.plain(name, NOVEMBER), name
    clock.on(days=40)
    await figures.keep_counted()
    clock.on(days=-40)
    assert await said() == fresh
    store.close()


def fingerprinted(store: SqlStore, text: str, level: Level) -> Sighting:
    fingerprint = store.fingerprinter.of(text)
    assert fingerprint is not None
    return Sighting(fingerprint, level, None, None)
