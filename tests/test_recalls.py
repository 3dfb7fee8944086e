"""A verdict that turned out otherwise: told once to everybody who was given the old one, though no words were kept."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from case_cast import COPY, FOUND_SCAM, NO_SCAM, NOT_TOLD, OTHER, PORNTHIP, SCAM, Town, person
from store_cast import ANSWER, SECRET, StandingClock, answered, rows
from village import GRANNY, STRANGER, Village

from bot.store import SqlStore, sightings, waves
from bot.store.notices import Notices
from bot.store.transaction import Transaction
from content.fingerprints import Fingerprint
from content.loading import FOLDER, Knowledge, load
from content.models import Language
from content.revising import Kind, Revised, body_of, lay
from content.verdict import Level
from handlers.messages import Address, ChatKind, Outcome, Platform, Session, Sighting
from scheduler import recalls, reporters
from scheduler.recalls import contradicts

ZONE = ZoneInfo("Asia/Bangkok")


@pytest.fixture
def town(url: str, knowledge: Knowledge) -> Iterator[Town]:
    clock = StandingClock()
    store = SqlStore.open(url, [SECRET], clock)
    yield Town(store, clock, knowledge, url)
    store.close()


def chats(letters: Sequence[object]) -> list[str]:
    return sorted(letter.address.chat for letter in letters)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "decision", "must_hear"),
    [
        ("not_known:", "scam", True),
        ("warning_signs:", "new_entry", True),
        ("known_scam:parcel-fee-link", "scam", False),
        ("known_scam:parcel-fee-link", "not_a_scam", True),
        ("warning_signs:", "not_a_scam", True),
        ("not_known:", "not_a_scam", False),
        ("known_scam:", "cant_tell", False),
        ("", "scam", False),
    ],
)
def test_only_a_contradiction_is_told(given, decision, must_hear):
    assert contradicts(given, decision) is must_hear


async def test_everybody_who_was_told_otherwise_hears_once_with_the_day_they_asked(town):
    for number in (1, 2):
        await town.asks(person(number), COPY)
    await town.asks(person(3), OTHER)
    await town.asks(person(4), SCAM, Level.KNOWN_SCAM)
    await town.reports(person(5), SCAM)
    town.clock.on(days=3)
    await town.decides(1)
    assert await town.ticks() == 3 and await town.ticks() == 0
    letters = await town.letters()
    assert chats(letters) == ["U1", "U2", "U5"], "the reporter hears of the report, and nothing twice"
    assert "22/11/2026" in str((await town.letters(person(1)))[0].reply)
    assert "22/11/2026" not in str((await town.letters(person(5)))[0].reply)


async def test_a_false_alarm_is_taken_back(town):
    await town.asks(person(1), SCAM, Level.KNOWN_SCAM)
    await town.asks(person(2), SCAM, Level.NOT_KNOWN)
    await town.reports(person(3), SCAM, Level.KNOWN_SCAM, disputes=True)
    await town.decides(1, NO_SCAM)
    assert await town.ticks() == 2
    [letter] = await town.letters(person(1))
    assert letter.reply.title == town.knowledge.phrases["recall_not_a_scam_title"].th
    assert "ปลอดภัย" not in str(letter.reply)
    assert await town.letters(person(2)) == []


async def test_who_asked_longer_ago_than_thirty_days_is_left_in_peace(town):
    await town.asks(person(1))
    town.clock.on(days=20)
    await town.asks(person(2))
    await town.reports(person(3))
    town.clock.on(days=15)
    await town.decides(1)
    await town.ticks()
    assert chats(await town.letters()) == ["U2", "U3"]


async def test_a_decision_that_is_turned_round_is_told_to_those_who_heard_the_first(town):
    await town.asks(person(1))
    await town.reports(person(2))
    await town.decides(1, FOUND_SCAM)
    await town.ticks()
    town.clock.on(minutes=1)
    await town.decides(1, NO_SCAM)
    await town.ticks()
    assert len(await town.letters(person(1))) == 2
    town.clock.on(minutes=1)
    await town.decides(1, NO_SCAM)
    await town.decides(1, NOT_TOLD)
    await town.ticks()
    assert len(await town.letters(person(1))) == 2


async def test_who_asked_again_and_was_told_the_new_verdict_hears_nothing(town):
    await town.asks(person(1), level=Level.NOT_KNOWN)
    await town.asks(person(1), level=Level.KNOWN_SCAM)
    await town.reports(person(2))
    await town.decides(1)
    await town.ticks()
    assert await town.letters(person(1)) == []


async def test_who_asked_about_two_messages_of_one_case_hears_once(town):
    await town.asks(person(1), SCAM)
    await town.asks(person(1), OTHER)
    await town.asks(person(2), OTHER)
    await town.reports(person(3), SCAM)
    await town.reports(person(4), OTHER)
    await town.book.merge(2, 1, 1, PORNTHIP)
    await town.decides(1)
    await town.ticks()
    assert chats(await town.letters()) == ["U1", "U2", "U3", "U4"]


async def test_groups_are_not_written_to_nor_who_blocked_us(town):
    made = town.store.fingerprinter.of(SCAM)
    family = Address(Platform.LINE, "Cfamily", "U1", ChatKind.GROUP)
    sighting = Sighting(made, Level.NOT_KNOWN, None, None)
    await answered(town.store, "group", Outcome(Session(), ANSWER, sightings=(sighting,)), family)
    await town.asks(person(2))
    await town.does(Outcome(Session(), unreachable=True), person(2))
    await town.reports(person(3))
    await town.decides(1)
    await town.ticks()
    assert chats(await town.letters()) == ["U3"]


async def test_who_is_forgotten_hears_nothing_and_holds_up_nobody(town, url):
    for number in (1, 2):
        await town.asks(person(number))
    await town.reports(person(3))
    await town.decides(1)
    await town.store.forget(Platform.LINE, "U1")
    await town.ticks()
    assert chats(await town.letters()) == ["U2", "U3"]
    assert [row["state"] for row in rows(url, "recalls")] == ["done"]


async def test_no_word_and_no_person_stands_in_the_wave(town, url):
    await town.asks(person(1))
    await town.reports(person(2))
    await town.decides(1)
    [wave] = rows(url, "recalls")
    assert wave["after"] == "" and "พัสดุ" not in str(wave) and "U1" not in str(wave)


async def test_a_newer_decision_ends_the_wave_that_is_going_out(town):
    for number in range(5):
        await town.asks(person(number))
    await town.reports(person(9))
    await town.decides(1, FOUND_SCAM)
    wave = await town.notices.wave()
    askers = await town.notices.askers(wave, recalls.REACHES_BACK, 2)
    letters = [(each, ANSWER) for each in askers]
    assert await town.notices.recall(wave, letters, askers[-1].source) == 2
    town.clock.on(minutes=1)
    await town.decides(1, NO_SCAM)
    moved = await town.notices.recall(wave, [], "ffff")
    assert moved == 0, "the old wave goes no further"
    await recalls.recall(town.notices, town.knowledge, ZONE)
    told = [each for each in await town.letters() if each.reply != ANSWER]
    assert chats(told) == chats([each for each in await town.letters() if each.reply == ANSWER]), (
        "taken back to exactly those who had heard it"
    )


async def test_two_processes_recall_nobody_twice(town, url, knowledge):
    for number in range(60):
        await town.asks(person(number))
    await town.reports(person(99))
    await town.decides(1)
    other = SqlStore.open(url, [SECRET], town.clock)
    both = [Notices(other.foundation), town.notices]
    told = await asyncio.gather(*(recalls.recall(each, knowledge, ZONE, page=7) for each in both * 3))
    other.close()
    assert sum(told) == 60
    assert chats(await town.letters()) == sorted(f"U{number}" for number in range(60))
    assert rows(url, "recalls")[0]["told"] == 60


# Killed in the midst: this file, run as a program, is the process that gets killed while it tells.


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def tell_everybody(url: str) -> None:
    store = SqlStore.open(url, [SECRET], WallClock())
    notices, knowledge = Notices(store.foundation), load()
    os.write(1, b"ready\n")
    await reporters.tell(notices, knowledge)
    await recalls.recall(notices, knowledge, ZONE)
    os.write(1, b"done\n")
    store.close()


def killed_while_telling(url: str, after: float) -> bool:
    """Starts the process and kills it; whether it had done everything before."""
    root = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, __file__, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=str(root))
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return b"done" in rest


@pytest.mark.slow
async def test_killed_between_the_decision_and_the_letters_everybody_is_told_once(tmp_path, knowledge):
    url = f"sqlite:///{tmp_path}/rutan.db"
    store = SqlStore.open(url, [SECRET], WallClock())
    town = Town(store, WallClock(), knowledge, url)  # type: ignore[arg-type]
    made = store.fingerprinter.of(SCAM)
    sightings = (Sighting(made, Level.NOT_KNOWN, None, None),)
    everybody = [person(number) for number in range(1_200)]
    asked = Outcome(Session(spoken=Language.THAI), sightings=sightings)
    await asyncio.gather(*(town.does(asked, each) for each in everybody))
    await asyncio.gather(*(town.reports(each) for each in everybody[:400]))
    await town.decides(1)
    store.close()

    dice = random.Random(7)
    for _ in range(6):
        if killed_while_telling(url, dice.uniform(0.0, 0.12)):
            break
    before = len(news(url))
    await tell_everybody(url)
    told = [row["chat"] for row in news(url)]
    assert sorted(told) == sorted(each.chat for each in everybody), f"{before} letters at the last kill"


def news(url: str) -> list[dict[str, object]]:
    return [row for row in rows(url, "outbox") if row["answers"] is None]


# Without an official: our own verdict of the same words turns


def waves_of(url: str) -> list[tuple[object, ...]]:
    return [(row["decision"], row["entry"], row["case_id"], row["state"]) for row in rows(url, "recalls")]


async def test_the_same_words_judged_otherwise_are_told_to_everybody_who_heard_the_old_verdict(town, url):
    await town.asks(person(1))
    await town.asks(person(2), level=Level.WARNING_SIGNS)
    town.clock.on(days=3)
    await town.asks(person(3), level=Level.KNOWN_SCAM, entry="parcel-fee-link")
    await town.asks(person(4), level=Level.KNOWN_SCAM, entry="parcel-fee-link")
    assert waves_of(url) == [("scam", "parcel-fee-link", None, "waiting")], "once, whoever asks next"
    assert await town.ticks() == 2 and await town.ticks() == 0
    letters = await town.letters()
    assert chats(letters) == ["U1", "U2"]
    for letter in letters:
        assert letter.reply.title == town.knowledge.phrases["recall_scam_title"].th
        assert "22/11/2026" in str(letter.reply), "the day on which they asked"
    assert rows(url, "recalls")[0]["words"] == "", "the hash of the words goes with the wave"


async def test_who_was_told_a_scam_hears_that_we_are_no_longer_sure_and_no_all_clear(town, url):
    await town.asks(person(1), level=Level.KNOWN_SCAM)
    await town.asks(person(2), level=Level.WARNING_SIGNS)
    assert waves_of(url) == [], "from a scam to a caution is no news"
    town.clock.on(days=2)
    await town.asks(person(3))
    assert await town.ticks() == 1
    [letter] = await town.letters()
    assert letter.address == person(1)
    assert letter.reply.title == town.knowledge.phrases["recall_cant_tell_title"].th
    assert "อย่าเพิ่งโอน" in str(letter.reply) and "ปลอดภัย" not in str(letter.reply)


async def test_a_word_of_caution_more_or_less_writes_to_nobody(town, url):
    """That is as far as reports of people reach: nobody can make us write to others by reporting."""
    for number, level in enumerate((Level.NOT_KNOWN, Level.WARNING_SIGNS) * 3):
        await town.asks(person(number), level=level)
        town.clock.on(days=2)
    assert waves_of(url) == []


async def test_a_copy_with_another_link_is_judged_by_itself_and_moves_nobody(town, url):
    """The fingerprint leaves links out: who spoils a copy of a bank's message must not make us call the real one a scam, nor who
    waters a scam down make us doubt it."""
    real, spoilt = SCAM, SCAM.replace("parcel-pay.example/th", "parcel-pay.example.top/x")
    for number in range(50):
        await town.asks(person(number), real)
    for number in range(50, 60):
        await town.asks(person(number), spoilt, Level.KNOWN_SCAM)
    town.clock.on(days=2)
    for number in range(60, 70):
        await town.asks(person(number), real)
        await town.asks(person(number + 100), spoilt, Level.KNOWN_SCAM)
    assert len(rows(url, "sightings")) == 1 and waves_of(url) == []
    town.clock.on(days=2)
    await town.asks(person(200), spoilt)
    assert await town.ticks() == 20
    heard = {each.address.chat for each in await town.letters()}
    assert heard == {f"U{number}" for number in (*range(50, 60), *range(160, 170))}, "only who asked about that copy"


async def test_a_verdict_that_goes_to_and_fro_is_told_once_a_day_and_the_last_change_is_not_lost(town, url):
    await town.asks(person(1))
    for number in range(2, 8):
        level = Level.NOT_KNOWN if number % 2 else Level.KNOWN_SCAM
        await town.asks(person(number), level=level)
        town.clock.on(hours=1)
        await town.ticks()
    assert len(waves_of(url)) == 1 and chats(await town.letters()) == ["U1"]
    town.clock.on(days=1)
    await town.asks(person(8), level=Level.NOT_KNOWN)
    await town.ticks()
    assert len(waves_of(url)) == 2
    assert chats(await town.letters())[:2] == ["U1", "U1"], "who was told a scam by letter hears of the change as well"


async def test_where_an_official_has_decided_our_own_verdict_writes_to_nobody(town, url):
    await town.asks(person(1), level=Level.KNOWN_SCAM)
    await town.reports(person(2), level=Level.KNOWN_SCAM, disputes=True)
    await town.decides(1, NO_SCAM)
    await town.ticks()
    before = len(waves_of(url))
    town.clock.on(days=2)
    await town.asks(person(3))
    town.clock.on(days=2)
    await town.asks(person(4), level=Level.KNOWN_SCAM)
    assert len(waves_of(url)) == before


async def test_an_officials_decision_ends_what_our_own_verdict_began(town, url):
    await town.asks(person(1))
    await town.asks(person(2), level=Level.KNOWN_SCAM)
    await town.reports(person(3))
    await town.decides(1, NO_SCAM)
    assert [wave[3] for wave in waves_of(url)] == ["done", "waiting"]
    await town.ticks()
    assert chats(await town.letters()) == ["U2", "U3"]


async def test_of_two_who_see_a_verdict_turn_at_once_one_begins_the_wave(town, url):
    await town.asks(person(1))
    await asyncio.gather(*(town.asks(person(number), level=Level.KNOWN_SCAM) for number in range(2, 22)))
    assert len(waves_of(url)) == 1


async def test_who_is_forgotten_leaves_no_hash_of_their_words(town, url):
    await town.asks(person(1))
    await town.asks(person(2), COPY)
    words = town.store.fingerprinter.words(SCAM)
    assert words in str(rows(url, "sightings")) and "พัสดุ" not in str(rows(url, "sightings"))
    await town.store.forget(Platform.LINE, "U1")
    assert all(words not in str(rows(url, table)) for table in ("sightings", "sighting_sources", "recalls"))
    await town.asks(person(3), level=Level.KNOWN_SCAM)
    assert waves_of(url) == []


def test_a_sighting_remembers_its_newest_wordings_and_no_more(knowledge):
    said = ""
    for number in range(40):
        said = waves.noted(said, about(number))
    assert len(said.split()) == waves.MOST_WORDINGS and len(said) <= 18 * waves.MOST_WORDINGS
    assert waves.turned(said, about(39, Level.KNOWN_SCAM)) == "scam"
    assert waves.turned(said, about(0, Level.KNOWN_SCAM)) == "", "forgotten"
    assert waves.turned(said, replace(about(39, Level.KNOWN_SCAM), words="")) == ""


def about(number: int, level: Level = Level.NOT_KNOWN) -> Sighting:
    return Sighting(Fingerprint("00" * 96), level, None, None, f"{number:016x}")


class Counting:
    """A transaction that remembers which queries it was asked for."""

    def __init__(self, tx: Transaction) -> None:
        self.tx, self.asked = tx, list[str]()

    def __getattr__(self, way: str) -> Callable[..., object]:
        def counted(query: str, **values: object) -> object:
            self.asked.append(query)
            return getattr(self.tx, way)(query, **values)

        return counted


async def test_a_question_where_nothing_changed_costs_no_query_more(town):
    """Counted, not timed: the sighting's own row, which is read anyway, says what was said before."""

    async def queries(number: int, level: Level) -> list[str]:
        about = Sighting(town.store.fingerprinter.of(SCAM), level, None, None, town.store.fingerprinter.words(SCAM))

        def work(tx: Transaction) -> list[str]:
            counting = Counting(tx)
            identity, now = town.store.foundation.identity, town.clock.now()
            sightings.Asking(counting, identity, person(number), now, now.date()).add(about)  # type: ignore[arg-type]
            return counting.asked

        return await town.store.foundation.database.write(work)

    await queries(1, Level.NOT_KNOWN)
    plain = ["near_sightings", "new_source", "count_sighting", "count_sighting_day", "note_given", "grow_cases"]
    assert await queries(2, Level.NOT_KNOWN) == plain
    assert await queries(3, Level.WARNING_SIGNS) == plain
    turned = await queries(4, Level.KNOWN_SCAM)
    assert [each for each in turned if each not in plain] == ["recent_recall", "case_of_sighting", "begin_recall"]
    assert await queries(5, Level.KNOWN_SCAM) == plain


@pytest.mark.slow
async def test_a_revision_that_goes_live_reaches_who_asked_before_it(url, knowledge, tmp_path):
    """The whole way: a person's words, our verdict of them, what was live and what is now."""
    village = Village.open(url, knowledge)
    text = "โครงการเก็บเห็ดดาวเทียมปันผลทุกเช้า สมัครที่กลุ่มเห็ดดาวเทียม ฝากเพียงครั้งเดียวรับทุกวันไม่มีวันหมด"
    before = await village.says(GRANNY, text)
    entry = knowledge.entries["parcel-fee-link"]
    body = body_of(entry)
    body["phrases"]["scammer"]["th"].append(text)
    lay(FOLDER, [Revised(Kind.ENTRY, entry.id, body)], tmp_path / "content")
    village.ports.knowledge = load(tmp_path / "content", cache=None)
    after = await village.says(STRANGER, text)
    assert entry.title.th not in before and entry.title.th in after
    told = await recalls.recall(Notices(village.store.foundation), village.ports.knowledge, ZONE)
    [letter] = await village.post(GRANNY)
    village.store.close()
    assert told == 1 and entry.title.th in str(letter)
    assert waves_of(url) == [("scam", "parcel-fee-link", None, "done")]


async def test_a_sighting_that_is_forgotten_takes_its_wave_along(town, url):
    await town.asks(person(1))
    await town.reports(person(2))
    await town.decides(1)
    town.clock.on(days=200)
    await town.store.retention.remove_old(180)
    assert await recalls.recall(town.notices, town.knowledge, ZONE) == 0
    assert rows(url, "cases")[0]["sighting"] is None


if __name__ == "__main__":
    asyncio.run(tell_everybody(sys.argv[1]))
