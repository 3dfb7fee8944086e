"""What was reported about a number is said to whoever asks about it next: on every platform, and over the API."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from conftest import House, house_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_cast import (
    ABOUT_STRANGER,
    MORNING,
    on_line,
    on_telegram,
    report_on,
    reported,
    standings,
    verdict_on,
)
from store_cast import SECRET, StandingClock, rows
from talk import InBrowser, OnLine, OnTelegram

from bot.store import SqlStore
from bot.store.case_types import Decision, DecisionKind
from bot.store.casebook import CaseBook
from bot.store.ledger import MOST_VOICES
from content.cleaning import readable
from content.identifiers import find
from content.knowledge import Knowledge
from content.reported import MOST_LOOKED_UP, Subject, subjects
from content.verdict import Level, judge
from handlers.officials import Official, Role

NAT = Official(1, "nat", Role.EDITOR)
SEEN = "มีคนแจ้งเบอร์นี้เข้ามา 3 ครั้ง จาก 3 คน"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(MORNING)


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    house = SqlStore.open(url, [SECRET], clock)
    yield house
    house.close()


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[House]:
    async with house_of(tmp_path) as running:
        yield running


async def reports(person: OnLine | OnTelegram, text: str) -> None:
    await person.says("รายงาน")
    await person.taps("consent:yes")
    assert "เลขที่รับเรื่อง" in (await person.says(text)).text
    await person.says("ยกเลิก")


async def asked_over_the_api(town: House, text: str) -> dict[str, object]:
    async with town.http.post(f"{town.url}/api/v1/check", json={"text": text, "language": "th"}) as answer:
        assert answer.status == 200
        told: dict[str, object] = await answer.json()
        return told


async def test_three_who_reported_a_number_warn_the_fourth_wherever_they_ask(town: House) -> None:
    before = await asked_over_the_api(town, ABOUT_STRANGER)
    assert before["level"] == "not_known"
    # The first two are not enough, as neither is one who says it again.
    await reports(OnLine(town, "Uone"), ABOUT_STRANGER)
    await reports(OnLine(town, "Uone"), ABOUT_STRANGER)
    await reports(OnTelegram(town, 7002), f"แจ้งค่ะ โทรจาก {'+66 81 000 1234'} อ้างเป็นไปรษณีย์")
    assert await asked_over_the_api(town, ABOUT_STRANGER) == before
    await reports(OnLine(town, "Uthree"), "ระวังเบอร์ 0810001234 หลอกให้แอดไลน์")
    for person in (OnLine(town, "Ufour"), OnTelegram(town, 7004), InBrowser(town)):
        assert SEEN in (await person.says(ABOUT_STRANGER)).text
    told = await asked_over_the_api(town, ABOUT_STRANGER)
    assert told["level"] == "warning_signs" and SEEN in str(told["reply"])
    both = await OnLine(town, "Ufive").says(f"มีสายนี้ค่ะ {'081-000-1234'} กับ 081-000-4321 ใช่ของจริงไหม")
    assert SEEN in both.text


async def test_an_officials_decision_makes_a_known_scam_and_a_changed_one_takes_it_back(
    store, knowledge: Knowledge
) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1))
    book = CaseBook(store.foundation)
    [row] = (await book.queue()).rows
    await book.decide(row.id, row.version, Decision(DecisionKind.SCAM, entry="parcel-fee-link"), NAT)
    verdict = await verdict_on(store, ABOUT_STRANGER, knowledge)
    assert (verdict.level, verdict.entry) == (Level.KNOWN_SCAM, "parcel-fee-link") and verdict.score >= 0.95
    assert verdict.reasons[0].tell.en.startswith("An official looked into it")
    file = await book.case(row.id)
    assert file is not None and [(each.kind, each.confirmed) for each in file.identifiers] == [("phone", True)]
    await book.decide(row.id, file.row.version, Decision(DecisionKind.NOT_A_SCAM), NAT)
    assert await verdict_on(store, ABOUT_STRANGER, knowledge) == judge(ABOUT_STRANGER, knowledge)


async def test_what_was_found_to_be_no_scam_is_held_against_nobody(store, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), *map(on_line, range(6)))
    assert await standings(store, ABOUT_STRANGER, knowledge)
    book = CaseBook(store.foundation)
    [row] = (await book.queue()).rows
    await book.decide(row.id, row.version, Decision(DecisionKind.NOT_A_SCAM), NAT)
    assert await standings(store, ABOUT_STRANGER, knowledge) == []


async def test_hidden_and_withdrawn_reports_are_not_heard(store, knowledge: Knowledge) -> None:
    await reported(store, report_on(ABOUT_STRANGER, knowledge), on_line(1), on_line(2), on_telegram(3))
    book = CaseBook(store.foundation)
    [row] = (await book.queue()).rows
    number = (await store.cases(on_line(1)))[0].number
    assert await book.hide_reporter(row.id, number, NAT, "writes the same of everybody") == 1
    [said] = await standings(store, ABOUT_STRANGER, knowledge)
    assert (said.reporters, said.added) == (2, 0.0)


async def test_a_number_that_a_whole_country_reports_is_said_to_have_more(store, knowledge: Knowledge) -> None:
    report = report_on(ABOUT_STRANGER, knowledge)
    await reported(store, report, *map(on_line, range(MOST_VOICES - 1)))
    assert not (await standings(store, ABOUT_STRANGER, knowledge))[0].more
    await reported(store, report, on_line(MOST_VOICES), on_line(MOST_VOICES + 1))
    verdict = await verdict_on(store, ABOUT_STRANGER, knowledge)
    assert "seen 300+ times by 300+ people" in verdict.reasons[0].tell.en


async def test_the_file_holds_hashes_and_no_value(store, url: str, knowledge: Knowledge) -> None:
    text = "โอน 123-4-56789-0 กสิกร แอดไลน์ @parcel-th99 เว็บ parcel-th.example โทร 081-000-1234"
    await reported(store, report_on(text, knowledge), on_line(1))
    kept = rows(url, "identifiers")
    assert sorted(str(row["kind"]) for row in kept) == ["account", "domain", "line_id", "phone"]
    assert all(len(str(row["key"])) == 32 for row in kept)
    assert not any(value in str(kept) for value in ("1234567890", "parcel-th", "0810001234"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("081-000-1234", "+66 81 000 1234"),
        ("เบอร์ ๐๘๑๐๐๐๑๒๓๔", "โทร 081 000 1234"),
        ("พร้อมเพย์ 0810001234", "โทร 081.000.1234"),
        ("www.parcel-th.xyz/a?b=1", "https://pay.parcel-th[.]xyz/login"),
        ("https://facebook.com/somebody.sells?ref=1", "facebook.com/somebody.sells/"),
        ("บัญชี 123-4-56789-0", "โอนเข้าบัญชี 1234567890 กสิกร"),
    ],
)
def test_one_thing_is_one_however_it_is_written(one: str, other: str, knowledge: Knowledge) -> None:
    assert subjects(one, knowledge.directory) == subjects(other, knowledge.directory) != ()


@pytest.mark.parametrize("text", ["โทร 1441 หรือ 191", "facebook.com", "bit.ly", "02-888-8888", "https://www.kasikornbank.com/x", "mail me: a@b.example", "รหัส 123456", "ยอด 1,500 บาท"])  # fmt: skip
def test_what_belongs_to_everybody_or_to_nobody_cannot_be_reported_against(text: str, knowledge: Knowledge) -> None:
    assert subjects(text, knowledge.directory) == ()


def test_every_organisation_of_the_directory_is_guarded(knowledge: Knowledge) -> None:
    for organisation in knowledge.organisations.values():
        for domain in (*organisation.domains, *organisation.link_domains):
            assert not [
                each for each in subjects(f"https://{domain}/", knowledge.directory) if each.kind == "domain"
            ], domain
        for number in organisation.numbers:
            digits = "".join(letter for letter in number if letter.isdigit())
            assert knowledge.directory.guards("phone", digits), number
        for name in organisation.line_ids:
            assert knowledge.directory.guards("line_id", name.lower()), name


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_any_text_can_be_looked_up(knowledge: Knowledge, text: str) -> None:
    found = subjects(text, knowledge.directory)
    assert len(found) <= MOST_LOOKED_UP and all(isinstance(each, Subject) and each.value for each in found)


def test_a_text_that_names_nothing_costs_next_to_nothing(knowledge: Knowledge) -> None:
    text = "มีคนทักมาชวนลงทุนบอกว่าได้กำไรทุกวันน่าเชื่อไหมคะ พี่ที่ทำงานก็ลงแล้ว"
    assert find(readable(text)) == ()

    def seconds(work: object, times: int = 300) -> float:
        began = time.process_time()
        for _ in range(times):
            work()  # type: ignore[operator]
        return (time.process_time() - began) / times

    looked = min(seconds(lambda: subjects(text, knowledge.directory)) for _ in range(3))
    judged = min(seconds(lambda: judge(text, knowledge), 50) for _ in range(3))
    assert looked < judged / 10
