"""Webhook bodies as no platform sends them: see `webhook_mutations`, whose hundred thousand are in docs/measurements.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from webhook_mutations import Tries, called_by_line, mutated, neighbourly, opened

from bot import payload
from bot.pacing import PACE


@pytest.mark.slow
async def test_three_thousand_odd_bodies_cost_no_500_and_no_neighbour(tmp_path: Path) -> None:
    found = await mutated(tmp_path, 3_000, seed=1)
    assert found.faults == []
    assert found.tries == 3_000 and found.neighbours > 1_200 and set(found.statuses) <= {200, 400, 413}


def test_the_same_seed_makes_the_same_bodies() -> None:
    one, other = Tries(5), Tries(5)
    assert [one.line() for _ in range(40)] == [other.line() for _ in range(40)]
    assert [one.telegram() for _ in range(40)] == [other.telegram() for _ in range(40)]
    assert len({body for body, _ in (one.line() for _ in range(200))}) > 190


@pytest.mark.slow
async def test_a_flood_of_a_few_holds_up_nobody_else(tmp_path: Path) -> None:
    """Who writes far more than anybody can waits for their own answers; the house is not full of them."""
    async with opened(tmp_path) as (app, bot, recording):
        bot.inbox.most_in_hand, flooders = 60, ("Uflood1", "Uflood2", "Uflood3")
        for n in range(12):
            for one in flooders:
                assert await said(app, *((one, f"{one}-{n}-{k}") for k in range(50))) == 200
            if n == 5:  # so many are answered at once, even to them
                await until(lambda: all(recording.to[one] >= PACE.burst for one in flooders))
        assert await said(app, *((f"Uquiet{n}", f"quiet{n}") for n in range(30))) == 200
        await until(lambda: all(recording.to[f"Uquiet{n}"] == 1 for n in range(30)))


async def until(held: Callable[[], bool]) -> None:
    """Wait until something holds. Fails after a minute: a flooder's last answer is due after many."""
    for _ in range(3_000):
        if held():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came")


async def said(app: FastAPI, *lines: tuple[str, str]) -> int:
    """One signed POST in which each of these people says a word under this event's name."""
    events = [neighbourly(person, event) for person, event in lines]
    return await called_by_line(app, json.dumps({"events": events}).encode())


# --- what was found so, held by itself -----------------------------------------------------------------------------------
def test_a_number_without_end_costs_only_itself() -> None:
    digits = "9" * 5_000
    told = payload.loaded(
        b'{"events": [{"timestamp": ' + digits.encode() + b'}, {"n": -12}], "big": 123456789012345678901234567890}'
    )
    assert told == {"events": [{"timestamp": None}, {"n": -12}], "big": 123456789012345678901234567890}


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b"", b"9" * 5_000 + b","])
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises(ValueError):
        payload.loaded(body)
