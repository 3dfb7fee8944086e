"""The whole API under requests made from its own description: each answer is what the description promises, and none is a fault."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest
from conftest import House, house_of
from partner_cast import program, something_to_read
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
    await something_to_read(house)
    body = {"text": SCAM["th"], "consent": True}
    assert (await partner.post("/reports", body, headers={"Idempotency-Key": "first-of-the-fuzzing"})).status == 201
    return partner.key


def found(recorded: Path) -> set[str]:
    """What was asked for and answered with more than a refusal."""
    entries = json.loads(recorded.read_text(encoding="utf-8"))["log"]["entries"]
    asked = [each["request"] for each in entries if each["response"]["status"] == 200]
    return {re.sub(r"^.*/api/v1|\?.*$", "", each["url"]) for each in asked if each["method"] == "GET"}


@pytest.mark.slow
async def test_every_answer_is_what_the_description_promises(
    house: House, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    key, recorded = await known_to_the_house(house), tmp_path / "requests.har"
    given = (
        "--phases",
        "examples,coverage",
        "--seed",
        "1",
        "--generation-deterministic",
        "--report-har-path",
        str(recorded),
    )
    said = await fuzzed(house, *given, key=key)
    selected = re.search(r"Tested: +(\d+)", said)
    assert selected and int(selected[1]) >= 12
    # A refusal alone is soon what it should be: the warning and the figures were there to be described.
    assert {"/alerts", "/alerts/1", "/trends", "/entries", "/directory", "/directory/lookup"} <= found(recorded)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_same_for_longer_with_and_without_a_key(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        key = await known_to_the_house(house)
        await fuzzed(house, "--max-examples", "8", "--generation-database", "none", key=key)
        await fuzzed(house, "--phases", "examples,coverage")
