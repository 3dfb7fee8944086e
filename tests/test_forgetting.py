"""Who asks to be forgotten is, at once, and it can be shown: on the disk, in the counts, in the audit."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_cast import ABOUT_STRANGER, MORNING, on_line, opened, report_on, reported, standings
from store_cast import ANSWER, SECRET, SOMCHAI, StandingClock, answered, rows, said, taken

from bot.store import SqlStore
from bot.store.case_types import Decision, DecisionKind
from bot.store.casebook import CaseBook
from bot.store.erasure import Erased
from bot.store.limits import ERASED_STAYS, Limits
from content.fingerprints import Fingerprinter
from content.knowledge import Knowledge
from content.verdict import Level, judge
from handlers.limits import Limit, LimitKind
from handlers.messages import (
    CameBy,
    Details,
    FollowUp,
    FollowUpKind,
    Happened,
    Loss,
    Outcome,
    Platform,
    Session,
    Sighting,
)
from handlers.officials import Official, Role
from handlers.ports import Sent

NAT = Official(1, "nat", Role.EDITOR)
LONG = f"พัสดุของท่านติดด่านศุลกากร โทร {'081-000-1234'} แอดไลน์ @parcel-th99 หรือกด https://parcel-th.example/pay ภายในวันนี้"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(MORNING)


@pytest.fixture
def store(tmp_path: Path, clock: StandingClock) -> Iterator[SqlStore]:
    house = opened(tmp_path, clock)
    yield house
    house.close()


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("rutan.db*")))


async def a_whole_life(store: SqlStore, knowledge: Knowledge) -> None:
    """Everything that the house may come to hold of one person."""
    fingerprint = Fingerprinter(store.foundation.identity.fingerprint_key()).of(LONG)
    assert fingerprint is not None
    asked = Sighting(fingerprint, Level.WARNING_SIGNS, None, None)
    session = Session(greeted=True, asked="คำที่ถามไว้", asked_at=MORNING)
    await answered(store, "life-1", Outcome(session, ANSWER, (Happened("asked"),), sightings=(asked,)))
    report = replace(report_on(LONG, knowledge), fingerprint=fingerprint)
    letter = await answered(store, "life-2", Outcome(session, ANSWER, report=report))
    assert letter is not None
    number = (await store.cases(SOMCHAI))[0].number
    details = Details(number, CameBy.SMS, Loss.FROM_1K, "chiang-mai", "planted note of the reporter")
    await answered(store, "life-3", Outcome(session, ANSWER, details=details))
    await store.sent(letter, Sent("m1", "reply"))
    follow_up = FollowUp(FollowUpKind.BANK_CASE, MORNING + timedelta(hours=20))
    await answered(store, "life-4", Outcome(session, ANSWER, follow_up=follow_up))


async def test_nothing_of_a_person_is_left_on_the_disk(store, tmp_path: Path, knowledge: Knowledge) -> None:
    await a_whole_life(store, knowledge)
    identity = store.foundation.identity
    person = identity.person(SOMCHAI)
    hashes = [identity.identifier(each.kind, each.value) for each in report_on(LONG, knowledge).named]
    assert len(hashes) == 3
    planted = [b"planted note of the reporter", b"Usomchai", person.encode(), *(each.encode() for each in hashes)]
    kept = report_on(LONG, knowledge).text.encode()
    assert all(each in on_disk(tmp_path) for each in (*planted, kept)), "the search itself must find what is there"
    await answered(store, "life-5", Outcome(Session(), None, erase=True))
    left = on_disk(tmp_path)
    assert [each for each in (*planted, kept) if each in left] == []
    store.close()
    left = on_disk(tmp_path)
    assert [each for each in (*planted, kept) if each in left] == []


async def test_erasing_says_what_went_and_the_audit_keeps_it_without_the_person(store, tmp_path, knowledge) -> None:
    url = f"sqlite:///{tmp_path}/rutan.db"
    await a_whole_life(store, knowledge)
    await taken(store, said("ยังไม่ได้ตอบ", "life-9"))
    erased = await store.forget(Platform.LINE, "Usomchai")
    assert (erased.people, erased.reports, erased.identifiers, erased.follow_ups, erased.messages) == (1, 1, 3, 1, 1)
    assert erased.questions == 1 and erased.letters >= 3
    [act] = [row for row in rows(url, "audit") if row["act"] == "person erased"]
    assert (act["actor"], act["subject"]) == ("operator", "person")
    assert json.loads(str(act["detail"]))["identifiers"] == 3
    assert store.foundation.identity.person(SOMCHAI) not in str(act)
    assert await store.forget(Platform.LINE, "Usomchai") == Erased(), (
        "a second time there is nothing, and nothing is written"
    )
    assert len([row for row in rows(url, "audit") if row["act"] == "person erased"]) == 1


async def test_what_others_reported_too_stays_and_counts_one_less(store, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1), on_line(2))
    await reported(store, report_on("โทร 081-000-5555 ด่วน", knowledge), on_line(1))
    erased = await store.forget(Platform.LINE, "Ureporter1")
    assert erased.identifiers == 1, "only the second was theirs alone"
    [left] = await standings(store, ABOUT_STRANGER, knowledge)
    assert (left.times, left.reporters) == (1, 1)


async def test_an_officials_finding_stays_without_the_one_who_reported(store, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1))
    book = CaseBook(store.foundation)
    [row] = (await book.queue()).rows
    await book.decide(row.id, row.version, Decision(DecisionKind.SCAM), NAT)
    assert (await store.forget(Platform.LINE, "Ureporter1")).identifiers == 0
    [left] = await standings(store, ABOUT_STRANGER, knowledge)
    assert left.confirmed and left.reporters == 0
    verdict = judge(ABOUT_STRANGER, knowledge, reported=[left])
    assert verdict.level is Level.KNOWN_SCAM and "official" in verdict.reasons[0].tell.en


async def test_a_block_is_not_shaken_off_and_says_no_more_than_that(store, clock, tmp_path, knowledge) -> None:
    limits = Limits(store.foundation)
    person = store.foundation.identity.person(SOMCHAI)
    await limits.set(person, LimitKind.BLOCKED, "sent the same joke ninety times", "nat")
    assert (await store.forget(Platform.LINE, "Usomchai")).limits == 1
    assert await limits.of(SOMCHAI) == Limit(LimitKind.BLOCKED, clock.now() + ERASED_STAYS), "it has an end now"
    [kept] = rows(f"sqlite:///{tmp_path}/rutan.db", "limits")
    assert (kept["reason"], kept["made_by"]) == ("", "")
    clock.on(days=366)
    assert await limits.of(SOMCHAI) is None
    assert (await store.retention.remove_old(180)).limits == 1
    assert person.encode() not in on_disk(tmp_path)


async def test_time_takes_identifiers_that_nobody_reports_any_more(store, clock, tmp_path, knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1), on_line(2), on_line(3))
    clock.on(days=729)
    assert (await store.retention.remove_old(180)).identifiers == 0
    clock.on(days=2)
    assert (await store.retention.remove_old(180)).identifiers == 1
    assert rows(f"sqlite:///{tmp_path}/rutan.db", "identifier_reports") == []


@pytest.mark.slow
def test_the_command_tells_what_went(tmp_path: Path, knowledge: Knowledge) -> None:
    import asyncio

    async def life() -> None:
        house = SqlStore.open(f"sqlite:///{tmp_path}/rutan.db", [SECRET], StandingClock(MORNING))
        await a_whole_life(house, knowledge)
        house.close()

    asyncio.run(life())
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/rutan.db", "SECRET_KEY": SECRET, "PATH": "/usr/bin:/bin"}

    def rutan(*words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "bot", *words], env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = rutan("forget", "line", "Usomchai")
    assert "1 report(s) emptied" in told and "3 identifier(s) that only they reported" in told
    assert "Nothing of that person" in rutan("forget", "line", "Usomchai")
    assert json.loads(rutan("forget", "line", "Usomchai", "--json"))["reports"] == 0
    database = sqlite3.connect(tmp_path / "rutan.db")
    assert database.execute("select count(*) from audit where act = 'person erased'").fetchone() == (1,)
    database.close()
