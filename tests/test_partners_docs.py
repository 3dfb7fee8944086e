"""docs/api.md: every example runs against a real house, and what it says of troubles and scopes is what there is."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

from conftest import ROOT, House, needed
from partner_cast import program

from bot.partners.edge import LARGEST_BATCH, LARGEST_BODY
from bot.partners.problems import Trouble
from bot.partners.scopes import Scope
from bot.partners.sending import signed
from bot.store.partner_hooks import PAUSES
from handlers.standing import WEIGHTS, Evidence

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


async def run(*command: str, house: House, key: str) -> subprocess.CompletedProcess[str]:
    given: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 100}
    env = {"RUTAN": house.url, "KEY": key, "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
    return await asyncio.to_thread(subprocess.run, command, env=env, **given)


async def test_every_example_runs(house: House) -> None:
    needed(shutil.which("curl"), "no curl here: apt-get install curl")
    key = (await program(house)).key
    script = "set -eu\n" + "\necho\n".join(blocks("bash"))
    done = await run("bash", "-c", script, house=house, key=key)
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"level":"' in done.stdout and '"lookalike"' in done.stdout and '"number":"RT-' in done.stdout
    examples = [each for each in blocks("python") if "def verify" not in each]
    said = []
    for each in examples:
        done = await run(sys.executable, "-c", each, house=house, key=key)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert len(said) == 3 and "RT-" in said[2] and re.match(r"\d+ entries of", said[1])
    assert all(line.split()[0] in ("known_scam", "warning_signs", "not_known") for line in said[0].splitlines())


def test_the_signature_is_checked_as_the_page_has_it() -> None:
    (written,) = (each for each in blocks("python") if "def verify" in each)
    known: dict[str, Any] = {}
    exec(written, known)
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"id": "evt_1"}'
    now = datetime.fromtimestamp(time.time(), UTC)
    headers = signed(secret, "evt_1", now, body)
    verify = known["verify"]
    assert verify(headers, body, secret)
    assert not verify(headers, body + b" ", secret) and not verify(headers | {"webhook-id": "evt_2"}, body, secret)
    assert not verify(headers, body, "whsec_" + secret[6:][::-1]) and not verify(headers, body, secret, -1)


def test_the_page_names_every_scope_trouble_and_number_that_holds() -> None:
    scopes = PAGE[PAGE.index("| scope |") : PAGE.index("`rutan partners rotate")]
    assert re.findall(r"^\| `(\w+)` \|", scopes, re.MULTILINE) == [each.value for each in Scope]
    table = PAGE[PAGE.index("| status |") :]
    for each in Trouble:
        if each is not Trouble.OTHER:
            assert re.search(rf"^\| {each.status} \|.*`{each.slug}`", table, re.MULTILINE), each.slug
    assert f"{LARGEST_BODY // 1024} kB" in PAGE and f"{LARGEST_BATCH // 1024**2} MB" in PAGE
    assert WEIGHTS[Evidence.PARTNER] == 3 and "three citizens" in PAGE
    seconds = [each.total_seconds() for each in PAUSES]
    assert seconds == [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 57600]
