"""`rutan bulletins` from the first draft to the proof, as an operator types it, beside a running server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from bulletin_cast import add_officials, add_subscribers
from conftest import ROOT, House, house_of
from doubles import Fault

from bot.store.bulletins import Bulletins
from handlers.officials import Role


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Operator:
    """Somebody at the command line of a house."""

    def __init__(self, house: House, folder: Path) -> None:
        given = house.settings
        assert given.secret_key and given.telegram_bot_token
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": given.database_url,
            "SECRET_KEY": given.secret_key.get_secret_value(),
            "LINE_CHANNEL_SECRET": house.line.secret,
            "LINE_CHANNEL_ACCESS_TOKEN": "line-token",
            "LINE_API_URL": house.line.url,
            "TELEGRAM_BOT_TOKEN": given.telegram_bot_token.get_secret_value(),
            "TELEGRAM_WEBHOOK_SECRET": house.telegram.secret,
            "TELEGRAM_API_URL": house.telegram.url,
        }

    async def types(self, *words: str) -> Done:
        """`rutan` with these words; nothing stands on standard input."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words, cwd=self._folder, env=self._environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def bulletins(self, *words: str) -> Done:
        return await self.types("bulletins", *words)


PEOPLE = [("Ann", Role.EDITOR), ("Ben", Role.APPROVER), ("Cat", Role.READER)]


@pytest.mark.slow
async def test_from_the_draft_to_the_proof(tmp_path: Path) -> None:
    async with house_of(tmp_path, quiet_hours="00:00-00:00") as house:
        rutan = Operator(house, tmp_path)
        url = house.settings.database_url
        add_officials(url, PEOPLE)
        add_subscribers(url, "telegram", 2)
        assert (await house.line.says("Uperson1", "ติดตาม")).text
        add_subscribers(url, "line", 2)
        month = house.bot.store.foundation.today().strftime("%Y-%m")

        drafted = await rutan.bulletins("draft", "--month", month, "--json")
        id = str(json.loads(drafted.out)["id"])
        shown = (await rutan.bulletins("show", id)).out
        assert "so far" in shown and "ถึงขณะนี้" in shown

        unsigned = await rutan.bulletins("send", id)
        assert unsigned.code == 1 and "not signed" in unsigned.err
        assert (await rutan.bulletins("approve", id, "--as", "Cat")).code == 1
        assert (await rutan.bulletins("approve", id, "--as", "Ann")).code == 0
        twice = await rutan.bulletins("approve", id, "--as", "Ann")
        assert twice.code == 1 and "two different people" in twice.err
        silent = await rutan.bulletins("approve", id, "--as", "Ben")
        assert silent.code == 0 and "month is empty" in silent.err and "it goes out all the same" in silent.err
        assert "signed at the command line" in (await rutan.types("export", "audit", "--format", "jsonl")).out

        house.line.quota = 2
        short = (await rutan.bulletins("plan", id)).out
        assert "3 messages of the 2 that are left this month (limit 2, used 0)" in short and "1 too few" in short
        house.line.fault(Fault(status=500, only="quota"))
        unasked = await rutan.bulletins("plan", id)
        assert unasked.code == 0 and "5 recipients" in unasked.out and "cannot be told now" in unasked.out
        dear = await rutan.bulletins("send", id)
        assert dear.code == 1 and "2 messages left this month and 3 are needed" in dear.err
        status = json.loads((await rutan.bulletins("status", id, "--json")).out)
        assert status == {
            "id": int(id), "state": "signed", "recipients": 5, "sent": 0, "failed": 0, "skipped": 0, "waiting": 5
        }  # fmt: skip

        house.line.quota = 100
        sent = await rutan.bulletins("send", id)
        assert sent.code == 0 and "3 messages of the 100" in sent.out
        async with asyncio.timeout(60):
            while (status := json.loads((await rutan.bulletins("status", id, "--json")).out))["state"] != "sent":
                assert status["recipients"] == sum(status[each] for each in ("sent", "failed", "skipped", "waiting"))
        assert (status["sent"], status["recipients"]) == (5, 5)
        assert sorted(each.to for each in house.line.answers if each.via == "multicast")[-1] == "Uperson1"
        assert "100%" in (await rutan.bulletins("status", id)).out
        again = await rutan.bulletins("send", id)
        assert again.code == 1 and "sent already" in again.err

        proof = list(csv.DictReader(io.StringIO((await rutan.types("export", "deliveries")).out)))
        assert [row["state"] for row in proof] == ["sent"] * 5 and "Uperson1" not in str(proof)
        lines = (await rutan.types("export", "bulletins", "--format", "jsonl")).out.splitlines()
        assert [json.loads(each)["state"] for each in lines] == ["sent"]
        assert "Ann" not in str(lines)


@pytest.mark.slow
async def test_scheduling_cancelling_and_drafting_anew(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        rutan = Operator(house, tmp_path)
        add_officials(house.settings.database_url, PEOPLE)
        add_subscribers(house.settings.database_url, "telegram", 1)
        bulletins = Bulletins(house.bot.store.foundation)
        id = (await rutan.bulletins("draft", "--month", "2026-10")).out.strip()
        assert (await rutan.bulletins("draft", "--month", "2026-10")).out.strip() == id
        sources = await rutan.bulletins("show", id, "--sources")
        assert "asked ←" in sources.out and "select" in sources.out

        whole = json.loads((await rutan.bulletins("show", id, "--json")).out)
        whole["content"]["th"]["context"] = "ตำรวจเตือน"
        file = tmp_path / "changed.json"
        file.write_text(json.dumps(whole), encoding="utf-8")
        await bulletins.sign(int(id), "Ann")
        assert "version 2" in (await rutan.bulletins("edit", id, str(file))).out
        listed = json.loads((await rutan.bulletins("list", "--json")).out)
        assert [(each["state"], each["signatures"]) for each in listed] == [("draft", [])]

        for name in ("Ann", "Ben"):
            await bulletins.sign(int(id), name)
        assert (await rutan.bulletins("send", id, "--at", "soon")).code == 2
        later = await rutan.bulletins("send", id, "--at", "2099-01-01T09:00")
        assert later.code == 0 and "2099-01-01T09:00:00+07:00" in later.out
        found = await bulletins.progress(int(id))
        assert found.state == "scheduled" and found.waiting == found.recipients == 1
        assert (await rutan.bulletins("cancel", id)).code == 0
        assert (await bulletins.progress(int(id))).state == "cancelled"
        anew = (await rutan.bulletins("draft", "--month", "2026-10")).out.strip()
        assert int(anew) == int(id) + 1
        assert house.telegram.answers == []


@pytest.mark.parametrize("words", [("draft", "--month", "October"), ("draft",), ("approve", "1")])
async def test_wrong_calls_are_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "bulletins", *words, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert process.returncode == 2 and b"Traceback" not in err
