"""The question of the morning after: asked once, to whom it was meant, and never days too late."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from case_cast import Town, person
from store_cast import ANSWER, NOON, SECRET, SOMCHAI, StandingClock, rows

from bot.store import SqlStore
from bot.store.notices import Notices
from content.loading import Knowledge
from content.models import Language
from handlers.messages import FollowUp, FollowUpKind, Outcome, Platform, Session
from handlers.wording import Voice
from scheduler import follow_ups
from scheduler.follow_ups import QUESTIONS

MORNING = NOON + timedelta(hours=21)
PLANNED = Outcome(Session(spoken=Language.THAI), ANSWER, follow_up=FollowUp(FollowUpKind.BANK_CASE, MORNING))


@pytest.fixture
def town(url: str, knowledge: Knowledge) -> Iterator[Town]:
    clock = StandingClock()
    store = SqlStore.open(url, [SECRET], clock)
    yield Town(store, clock, knowledge, url)
    store.close()


def test_every_kind_has_a_question_in_both_languages(knowledge):
    assert set(QUESTIONS) == set(FollowUpKind)
    for question in QUESTIONS.values():
        for language in Language:
            assert question(Voice(knowledge, language)).buttons


async def test_it_is_asked_once_and_not_before_its_hour(town):
    await town.does(PLANNED, SOMCHAI)
    assert await town.ticks() == 0
    town.clock.moment = MORNING
    assert await town.ticks() == 1 and await town.ticks() == 0
    [letter] = await town.letters()
    assert letter.address == SOMCHAI and letter.reply.language is Language.THAI
    assert any(button.value.startswith("follow:bank_case") for button in letter.reply.buttons)


async def test_it_is_asked_in_the_language_spoken_when_it_was_planned(town):
    await town.does(replace(PLANNED, session=Session(spoken=Language.ENGLISH)), SOMCHAI)
    town.clock.moment = MORNING
    await town.ticks()
    assert [each.reply.language for each in await town.letters()] == [Language.ENGLISH]


async def test_a_newer_one_takes_the_place_of_one_that_waits(town, url):
    await town.does(PLANNED, SOMCHAI)
    later = replace(PLANNED, follow_up=FollowUp(FollowUpKind.BANK_CASE, MORNING + timedelta(days=1)))
    await town.does(later, SOMCHAI)
    town.clock.moment = MORNING
    assert await town.ticks() == 0 and len(rows(url, "follow_ups")) == 1
    town.clock.on(days=1)
    assert await town.ticks() == 1


async def test_what_is_answered_stands_with_the_question_that_was_asked(town, url):
    await town.does(PLANNED, SOMCHAI)
    town.clock.moment = MORNING
    await town.ticks()
    await town.does(Outcome(Session(), ANSWER, answered=(FollowUpKind.BANK_CASE, "yes")), person(9))
    assert rows(url, "follow_ups")[0]["answer"] == ""
    await town.does(Outcome(Session(), ANSWER, answered=(FollowUpKind.BANK_CASE, "yes")), SOMCHAI)
    assert rows(url, "follow_ups")[0]["answer"] == "yes"


async def test_a_server_that_slept_through_the_morning_still_asks_but_not_days_later(town, url):
    await town.does(PLANNED, person(1))
    town.clock.moment = MORNING + timedelta(days=2)
    assert await town.ticks() == 1
    await town.does(PLANNED, person(2))
    town.clock.moment = MORNING + timedelta(days=4)
    assert await town.ticks() == 0
    assert [row["state"] for row in rows(url, "follow_ups")] == ["sent", "dropped"]


async def test_who_blocked_us_or_is_forgotten_is_not_asked(town, url):
    await town.does(PLANNED, person(1))
    await town.does(Outcome(Session(), unreachable=True), person(1))
    await town.does(PLANNED, person(2))
    await town.store.forget(Platform.LINE, "U2")
    town.clock.moment = MORNING
    assert await town.ticks() == 0
    assert [row["state"] for row in rows(url, "follow_ups")] == ["dropped"]


async def test_two_processes_ask_nobody_twice(town, url, knowledge):
    for number in range(25):
        await town.does(PLANNED, person(number))
    town.clock.moment = MORNING
    other = SqlStore.open(url, [SECRET], town.clock)
    both = [Notices(other.foundation), town.notices]
    asked = await asyncio.gather(*(follow_ups.ask(each, knowledge) for each in both * 4))
    other.close()
    assert sum(asked) == 25 and len(await town.letters()) == 25


async def test_what_is_over_is_forgotten_after_a_month(town, url):
    await town.does(PLANNED, SOMCHAI)
    town.clock.moment = MORNING
    await town.ticks()
    town.clock.on(days=31)
    assert (await town.store.retention.remove_old(180)).follow_ups == 1
    assert rows(url, "follow_ups") == []
