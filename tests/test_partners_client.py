"""A client that a public generator makes of the description does the main calls."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import House
from partner_cast import program, something_to_read

NAME = "client_made_of_the_description"


def generated(folder: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none",
            "--path", str(folder / "openapi.json"), "--output-path", str(folder / NAME),
        ],
        capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unable to" not in done.stdout + done.stderr and "ERROR" not in done.stdout + done.stderr, done.stdout


@pytest.mark.slow
async def test_a_generated_client_does_the_main_calls(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, warning = (await program(house)).key, await something_to_read(house)
    async with house.http.get(f"{house.url}/api/v1/openapi.json") as answer:
        (tmp_path / "openapi.json").write_text(await answer.text(), encoding="utf-8")
    await asyncio.to_thread(generated, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def part(name: str) -> Any:
        return importlib.import_module(f"{NAME}.{name}")

    models = part("models")
    client = part("client").AuthenticatedClient(house.url, key)

    async def call(area: str, name: str, **given: Any) -> Any:
        return (await part(f"api.{area}.{name}").asyncio_detailed(client=client, **given)).parsed

    checked = await call("check", "check", body=models.CheckIn(text="พัสดุตกค้าง จ่ายค่าธรรมเนียม กดลิงก์"))
    assert checked.level in models.Level and checked.reply.paragraphs
    texts = [models.TextIn(text="พัสดุตกค้าง", id="1"), models.TextIn(text="send me your OTP", id="2")]
    batch = await call("check", "check_batch", body=models.Batch(texts=texts))
    assert [each.id for each in batch.results] == ["1", "2"] and batch.results[0].verdict.level in models.Level
    page = await call("entries", "list_entries", limit=2)
    following = await call("entries", "list_entries", limit=2, cursor=page.next_)
    assert len({each.id for each in (*page.items, *following.items)}) == 4
    entry = await call("entries", "get_entry", id="parcel-fee-link", language=models.Language.EN)
    assert entry.title.en and entry.title.th is None and entry.type_ is models.ScamType.PARCEL
    found = await call("directory", "look_up", kind=models.Kind.PHONE, value="1441")
    assert found.finding is models.Finding.OFFICIAL
    banks = await call("directory", "list_organisations", q="กสิกร", limit=5)
    assert "kbank" in {each.id for each in banks.items} and banks.items[0].name.th
    (listed,) = (await call("alerts", "list_alerts")).items
    alert = await call("alerts", "get_alert", id=warning, language=models.Language.TH)
    assert (listed.id, alert.id, alert.entry, alert.type_) == (
        warning,
        warning,
        "parcel-fee-link",
        models.ScamType.PARCEL,
    )
    assert alert.texts.th.do_now and alert.texts.en is None and listed.texts.en.title
    assert isinstance(await call("alerts", "get_alert", id=warning + 1), models.ProblemOut)
    trends = await call("trends", "get_trends")
    told = {each.name: each.count for each in trends.totals}
    assert (told["asked"], told["unknown"]) == (30, None)
    types = next(table.rows for table in trends.tables if table.by is models.Dimension.TYPE)
    assert [(row.key, row.count) for row in types] == [("parcel", 20), ("loan", None)]
    said = models.ReportIn(text="พัสดุตกค้าง กดลิงก์ http://parcel-pay.example", consent=True)
    report = await call("reports", "report", body=said, idempotency_key="generated-1")
    assert report.number.startswith("RT-")
    assert (await call("reports", "get_report", number=report.number)).state is models.State.RECEIVED
    await call("reports", "withdraw_report", number=report.number)
    gone = await call("reports", "get_report", number=report.number)
    assert isinstance(gone, models.ProblemOut) and gone.status == 404
