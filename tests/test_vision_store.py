"""Pictures known again in the store: the same, not the same, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from store_cast import ANSWER, MALI, SECRET, SOMCHAI, StandingClock, answered, rows

from bot.store import SqlStore
from bot.store.pictures import bands, bits_apart
from content.fingerprints import Fingerprint
from content.models import ScamType
from content.verdict import Level
from handlers.messages import Address, Outcome, PictureSighting, Platform, Session

LOOK = "0123456789abcdef" * 4
WORDS = "โอนค่ามัดจำก่อนรับเงินกู้ด่วนอนุมัติไวไม่เช็กแบล็กลิสต์แอดไลน์เดี๋ยวนี้"
OTHER_WORDS = "วันอาทิตย์นี้ทำบุญบ้านป้าแดงไปกันกี่คนเดี๋ยวขับรถไปรับตอนเจ็ดโมงเช้า"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


def changed(look: str, bits: int) -> str:
    """The look with so many of its bits turned, spread over it."""
    number = int(look, 16)
    for place in range(bits):
        number ^= 1 << (place * 10)
    return f"{number:064x}"


def shown(store: SqlStore, look: str, words: str) -> tuple[str, Fingerprint | None]:
    return look, store.fingerprinter.of(words) if words else None


async def sends(store: SqlStore, who: Address, look: str, words: str = WORDS) -> None:
    sighting = PictureSighting(*shown(store, look, words), Level.KNOWN_SCAM, ScamType.LOAN)
    sends.number += 1  # type: ignore[attr-defined]
    await answered(store, f"e{sends.number}", Outcome(Session(), ANSWER, pictures=(sighting,)), who)  # type: ignore[attr-defined]


sends.number = 0  # type: ignore[attr-defined]


async def others(store: SqlStore, who: Address, look: str, words: str = WORDS) -> int:
    [seen] = await store.seen_pictures([look], shown(store, look, words)[1], who)
    return seen.others if seen else 0


def test_bands_and_bits() -> None:
    assert len(bands(LOOK)) == 16 and len(set(bands(LOOK))) == 16 and max(bands(LOOK)) < 2**20
    assert bits_apart(LOOK, LOOK) == 0 and bits_apart(LOOK, changed(LOOK, 9)) == 9


async def test_saved_anew_it_is_the_same_and_with_other_words_it_is_not(store: SqlStore, url: str) -> None:
    await sends(store, SOMCHAI, LOOK)
    assert await others(store, MALI, changed(LOOK, 10)) == 1
    assert await others(store, SOMCHAI, LOOK) == 0, "oneself is nobody else"
    assert await others(store, MALI, changed(LOOK, 26)) == 0
    assert await others(store, MALI, LOOK, OTHER_WORDS) == 0, "one app's screens look alike"
    assert await others(store, MALI, LOOK, "") == 0
    await sends(store, MALI, changed(LOOK, 10))
    await sends(store, MALI, LOOK)
    [row] = rows(url, "pictures")
    assert (row["people"], row["asked"], row["level"], row["type"]) == (2, 3, "known_scam", "loan")


async def test_without_words_only_nearly_the_same_look_counts(store: SqlStore) -> None:
    await sends(store, SOMCHAI, LOOK, "")
    assert await others(store, MALI, changed(LOOK, 12), "") == 1
    assert await others(store, MALI, changed(LOOK, 13), "") == 0


async def test_who_is_forgotten_sent_nothing_and_time_takes_the_rest(
    store: SqlStore, url: str, clock: StandingClock
) -> None:
    await sends(store, SOMCHAI, LOOK)
    await sends(store, MALI, LOOK)
    await sends(store, SOMCHAI, changed(LOOK, 100), OTHER_WORDS)
    assert await store.forget(Platform.LINE, SOMCHAI.person)
    assert [row["people"] for row in rows(url, "pictures")] == [1]
    assert len(rows(url, "picture_sources")) == 1
    clock.on(days=181)
    removed = await store.retention.remove_old(180)
    assert removed.sightings == 1
    assert rows(url, "pictures") == rows(url, "picture_bands") == rows(url, "picture_sources") == []


async def test_a_message_answered_twice_counts_its_picture_once(store: SqlStore, url: str) -> None:
    sighting = PictureSighting(LOOK, None, Level.NOT_KNOWN, None)
    outcome = Outcome(Session(), ANSWER, pictures=(sighting, replace(sighting, look=changed(LOOK, 3))))
    await answered(store, "x1", outcome)
    [row] = rows(url, "pictures")
    assert (row["people"], row["asked"]) == (1, 2), "two copies in one album are one picture"
