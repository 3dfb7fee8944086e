"""The whole API under requests made from its own description: each answer is what the description promises, and none is a fault."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest
from conftest import House, house_of
from partner_cast import program
from test_dialogue import SCAM

PROGRAM = Path(sys.executable).with_name("schemathesis")


async def fuzzed(house: House, *given: str, key: str = "") -> str:
    """What schemathesis says of a running house. Fails where it found anything."""
    told = ("-H", f"Authorization: Bearer {key}") if key else ()
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), "run", f"{house.url}/api/v1/openapi.json", "--checks", "all", "--suppress-health-check", "all",
        *told, *given,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said[-12_000:]
    return said


async def known_to_the_house(house: House) -> str:
    """A key for everything, with something to be found by it."""
    partner = await program(house)
    body = {"text": SCAM["th"], "consent": True}
    assert (await partner.post("/reports", body, headers={"Idempotency-Key": "first-of-the-fuzzing"})).status == 201
    return partner.key


async def test_every_answer_is_what_the_description_promises(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    key = await known_to_the_house(house)
    said = await fuzzed(house, "--phases", "examples,coverage", "--seed", "1", "--generation-deterministic", key=key)
    selected = re.search(r"Tested: +(\d+)", said)
    assert selected and int(selected[1]) >= 12
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_same_for_longer_with_and_without_a_key(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        key = await known_to_the_house(house)
        await fuzzed(house, "--max-examples", "8", "--generation-database", "none", key=key)
        await fuzzed(house, "--phases", "examples,coverage")
