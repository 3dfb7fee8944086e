"""A platform in trouble: what was never tried is kept back, and what was tried goes on asking while its token tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.trouble import IN_A_ROW, MOST_AT_ONCE, PROBE_EVERY, Way
from content.models import Language
from handlers.exchange import LONGEST_PAUSE_WHILE_FRESH, LONGEST_PAUSE_WHILE_IT_TELLS, TOKEN_TELLS, pause
from handlers.messages import Address, Platform, Reply
from handlers.ports import Letter

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
LETTER = Letter(
    id=1,
    address=Address(Platform.LINE, "U1", "U1"),
    reply=Reply("a", "b", Language.THAI),
    retry_key="k",
    reply_token="t",
    callback_id="",
    received_at=NOON,
    tries=0,
    unknown=False,
)
TRIED = replace(LETTER, unknown=True, tries=1)


def in_trouble() -> Way:
    way = Way()
    for _ in range(IN_A_ROW):
        way.heard("put_off")
    return way


def test_single_failures_keep_nobody_back():
    way = Way()
    for cause in ["put_off"] * (IN_A_ROW - 1) + [""] + ["too_fast"] * (IN_A_ROW - 1):
        way.heard(cause)
    assert not way.in_trouble
    assert all(way.may_try(LETTER, 100.0) for _ in range(1000))


def test_in_trouble_the_untried_wait_and_the_tried_ask_on():
    way = in_trouble()
    tried = [way.may_try(LETTER, 100.0 + second / 10) for second in range(100)]
    assert sum(tried) == 2, f"ten seconds, one in {PROBE_EVERY}"
    assert all(way.may_try(TRIED, 120.0) for _ in range(50))
    assert not way.may_try(LETTER, 120.0 + LONGEST_PAUSE_WHILE_IT_TELLS.total_seconds()), (
        "where somebody asks anyway, no untried letter need"
    )


@pytest.mark.parametrize("cause", ["", "unreachable", "refused", "moved"])
async def test_an_answer_that_is_understood_ends_it_and_wakes_everybody(cause):
    way = in_trouble()
    waiting = [asyncio.create_task(way.better(replace(LETTER, id=id))) for id in range(20)]
    await asyncio.sleep(0)
    way.heard(cause)
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)
    assert way.may_try(LETTER, 0.0) and way.may_try(LETTER, 0.0)


def test_no_more_are_claimed_than_there_are_connections():
    from bot.line import CONNECTIONS

    assert MOST_AT_ONCE < CONNECTIONS


def asked_at(letter: Letter, unknown: bool, until: float) -> list[float]:
    """The seconds after its receipt at which a letter is tried whose every attempt fails at once."""
    now, moments = NOON, [0.0]
    while moments[-1] < until:
        now += pause(letter, now, unknown=unknown)
        letter = replace(letter, tries=letter.tries + 1, unknown=unknown)
        moments.append((now - NOON).total_seconds())
    return moments


def test_an_attempt_of_unknown_end_is_asked_about_to_the_last_second_of_its_token():
    moments = asked_at(LETTER, unknown=True, until=120)
    life = TOKEN_TELLS.total_seconds()
    alive = [each for each in moments if each <= life]
    assert alive[-1] == life, "the last word before the token dies"
    assert max(late - early for early, late in pairwise(alive)) <= 5
    after = [each for each in moments if each > life]
    assert after[0] - life == LONGEST_PAUSE_WHILE_FRESH.total_seconds()


@pytest.mark.parametrize(
    ("letter", "unknown"),
    [(LETTER, False), (replace(LETTER, by_push=True), True), (replace(LETTER, reply_token=""), True)],
)
def test_without_a_token_that_tells_the_pauses_double(letter, unknown):
    moments = asked_at(letter, unknown=unknown, until=60)
    assert moments[:6] == [0, 1, 3, 7, 15, 31]
    assert pause(replace(letter, tries=30), NOON + timedelta(hours=1), unknown=unknown) == timedelta(minutes=5)
