"""How many people asked about one message: counted as different people, known without words, forgotten with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import House
from desk_cast import stands_still
from store_cast import ANSWER, NOON, SECRET, SOMCHAI, StandingClock, answered, rows
from talk import InBrowser, OnLine, OnTelegram

from bot.store import SqlStore
from content.verdict import Level
from handlers.messages import Address, ChatKind, Outcome, Platform, Seen, Session, Sighting

SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ https://parcel-pay.example/th ภายในวันนี้"
COPY = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 1,200 บาท กรอกเลขบัตรที่ https://ems-post.example/x ภายในวันนี้"
OTHER = "ขอแสดงความยินดี ท่านได้รับสิทธิ์กู้เงินด่วนห้าหมื่นบาท ไม่เช็คบูโร แอดไลน์มาคุยกับแอดมินได้เลย"
FAMILY = Address(Platform.LINE, "Cfamily", "Usomchai", ChatKind.GROUP)


def person(number: int) -> Address:
    return Address(Platform.LINE, f"Uperson{number}", f"Uperson{number}")


class Asked:
    """A store in which people ask about messages."""

    def __init__(self, store: SqlStore, clock: StandingClock) -> None:
        self.store, self.clock = store, clock
        self._turns = 0

    async def about(self, text: str, by: Address, level: Level = Level.WARNING_SIGNS) -> None:
        self._turns += 1
        outcome = Outcome(Session(), ANSWER, sightings=(self.sighting(text, level),))
        await answered(self.store, f"turn{self._turns}", outcome, by)

    def sighting(self, text: str, level: Level = Level.WARNING_SIGNS) -> Sighting:
        made = self.store.fingerprinter.of(text)
        assert made is not None
        return Sighting(made, level, None, None)

    async def seen(self, text: str, by: Address) -> Seen | None:
        return (await self.store.seen([self.sighting(text).fingerprint], by))[0]


@pytest.fixture
def asked(url: str) -> Iterator[Asked]:
    clock = StandingClock()
    store = SqlStore.open(url, [SECRET], clock)
    yield Asked(store, clock)
    store.close()


async def test_copies_are_one_sighting_and_each_person_counts_once(asked: Asked, url: str) -> None:
    await asked.about(SCAM, person(1))
    await asked.about(SCAM, person(1))
    await asked.about(COPY, person(2))
    await asked.about(OTHER, person(3))
    parcel, loan = rows(url, "sightings")
    assert (parcel["asked"], parcel["people"], parcel["groups"]) == (3, 2, 0)
    assert (loan["asked"], loan["people"]) == (1, 1)


async def test_who_asks_is_told_of_the_others_only(asked: Asked) -> None:
    assert await asked.seen(SCAM, person(1)) is None
    await asked.about(SCAM, person(1))
    assert await asked.seen(COPY, person(1)) is None
    assert await asked.seen(COPY, person(2)) == Seen(1, NOON)
    asked.clock.on(days=2)
    await asked.about(COPY, person(2))
    assert await asked.seen(SCAM, person(1)) == Seen(1, NOON)
    assert await asked.seen(SCAM, person(3)) == Seen(2, NOON)


async def test_a_group_counts_as_a_group_and_its_person_as_a_person(asked: Asked, url: str) -> None:
    await asked.about(SCAM, FAMILY)
    await asked.about(SCAM, replace(FAMILY, person=""))
    await asked.about(SCAM, SOMCHAI)
    (row,) = rows(url, "sightings")
    assert (row["people"], row["groups"], row["asked"]) == (1, 1, 3)


async def test_no_word_of_the_message_is_in_the_tables(asked: Asked, url: str) -> None:
    await asked.about(SCAM, person(1))
    tables = ("sightings", "sighting_bands", "sighting_sources", "sighting_days")
    told = str([rows(url, table) for table in tables])
    assert len(rows(url, "sighting_bands")) == 24
    assert "parcel" not in told and "พัสดุ" not in told and "Uperson1" not in told


async def test_forgetting_a_person_lowers_the_count(asked: Asked, url: str) -> None:
    for number in (1, 2, 3):
        await asked.about(SCAM, person(number))
    await asked.store.forget(Platform.LINE, "Uperson2")
    (row,) = rows(url, "sightings")
    assert row["people"] == 2
    assert [day["people"] for day in rows(url, "sighting_days")] == [2]
    assert await asked.seen(SCAM, person(2)) == Seen(2, NOON)


async def test_who_erases_themselves_takes_along_what_only_they_asked_about(asked: Asked, url: str) -> None:
    await asked.about(SCAM, person(1))
    await asked.about(OTHER, person(1))
    await asked.about(OTHER, person(2))
    await answered(asked.store, "erase", Outcome(Session(), ANSWER, erase=True), person(1))
    (row,) = rows(url, "sightings")
    assert row["people"] == 1
    assert {each["sighting"] for each in rows(url, "sighting_bands")} == {row["id"]}
    assert len(rows(url, "sighting_sources")) == 1


async def test_what_nobody_asks_about_any_more_is_forgotten(asked: Asked, url: str) -> None:
    await asked.about(SCAM, person(1))
    asked.clock.on(days=100)
    await asked.about(OTHER, person(1))
    asked.clock.on(days=100)
    assert (await asked.store.retention.remove_old(180)).sightings == 1
    assert len(rows(url, "sightings")) == 1 and len(rows(url, "sighting_bands")) == 24
    assert await asked.seen(SCAM, person(2)) is None
    assert await asked.seen(OTHER, person(2)) is not None


async def test_a_failed_turn_adds_nothing(asked: Asked, url: str) -> None:
    """The sighting stands in the transaction of the answer: a message answered twice is counted once."""
    outcome = Outcome(Session(), ANSWER, sightings=(asked.sighting(SCAM),))
    from store_cast import said, taken

    waiting = await taken(asked.store, said("จริงไหม", "e1"))
    assert await asked.store.commit(waiting, outcome) is not None
    assert await asked.store.commit(waiting, outcome) is None
    (row,) = rows(url, "sightings")
    assert row["asked"] == 1


async def test_officials_see_first_what_grows_and_no_entry_explains(asked: Asked) -> None:
    old = "ใครได้รับจดหมายให้ไปอัปเดตข้อมูลบำนาญที่ธนาคารบ้าง บอกว่าถ้าไม่ไปจะถูกระงับเงินเดือนหน้า"
    for number in range(6):
        await asked.about(old, person(number))
    asked.clock.on(days=4)
    await asked.about(old, person(7))
    for number in range(4):
        await asked.about(OTHER, person(number), Level.NOT_KNOWN)
        await asked.about(SCAM, person(number), Level.KNOWN_SCAM)
    first, second = await asked.store.unknown_sightings(10)
    assert (first.people, first.recent, first.earlier, first.rising, first.level) == (4, 4, 0, True, "not_known")
    assert (second.people, second.recent, second.earlier, second.rising) == (7, 1, 6, False)
    assert second.first_seen == NOON and second.last_seen == NOON + timedelta(days=4)
    assert len(await asked.store.unknown_sightings(1)) == 1


async def test_an_entry_that_came_later_explains_it(asked: Asked) -> None:
    await asked.about(OTHER, person(1), Level.NOT_KNOWN)
    await asked.about(OTHER, person(2), Level.KNOWN_SCAM)
    assert await asked.store.unknown_sightings(10) == []


@pytest.mark.slow
async def test_the_third_person_hears_how_many_asked_on_every_platform(house: House) -> None:
    # No midnight comes between.
    stands_still(house)
    first = await OnLine(house).says(SCAM)
    second = await OnTelegram(house).says(COPY)
    assert "คนถามเรื่องนี้" not in first.text + second.text
    third = await InBrowser(house).says(SCAM)
    assert "มี 3 คนถามเรื่องนี้วันนี้" in third.text
    again = await OnLine(house).says(SCAM + " ")
    assert "มี 3 คนถามเรื่องนี้วันนี้" in again.text


async def test_a_greeting_and_a_command_are_no_sightings(house: House, tmp_path: Path) -> None:
    someone = OnLine(house)
    for text in ("สวัสดีค่ะ", "เมนู", "รายงาน"):
        await someone.says(text)
    assert rows(house.settings.database_url, "sightings") == []
