"""Many messages at once: one table back, everything in it, near-copies folded, the file, cases with one tap."""

from __future__ import annotations

import asyncio
import io
import re
import signal
import time
from pathlib import Path

import pytest
from conftest import House, house_of
from hub_cast import NAME, brought, joined, numbers_in, open_hub, settled
from openpyxl import load_workbook
from store_cast import rows
from talk import unmarked
from test_kill import bot_of, until
from test_pictures import coded

from handlers.hub_bulk import ranges
from handlers.hub_types import HubRole


@pytest.fixture
async def hub_house(tmp_path: Path):
    async with house_of(tmp_path) as house:
        house.bot.ports.home = "https://rutan.example"
        yield house


async def test_ten_forwards_on_line_come_back_as_one_table(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    before = len(line.answers)
    await line.send(*(line.text_event("Uhub", text) for text in brought(12)))
    await settled(hub_house)
    working, table = line.answers[before:]
    assert "กำลังดูทุกข้อความ" in working.text
    assert "ดูให้แล้ว 12 ข้อความ" in table.text and numbers_in(table.text) == set(range(1, 13))
    assert "แน่ใจมาก" in table.text and "→" in table.text
    assert line.called("push") == [] and not line.violations


async def test_few_forwards_need_no_line_of_progress(hub_house: House) -> None:
    telegram = hub_house.telegram
    await joined(hub_house, "telegram")
    before = len(telegram.answers)
    for text in brought(3):
        message = telegram.message(700_077, text, forward_date=1)
        await telegram.send(telegram.update(message=message))
    await settled(hub_house)
    (table,) = telegram.answers[before:]
    assert numbers_in(unmarked(table.text)) == {1, 2, 3}


async def test_somebody_without_a_hub_gets_what_they_always_got(hub_house: House) -> None:
    line = hub_house.line
    await line.send(*(line.text_event("Uaunt", text) for text in brought(4)))
    await settled(hub_house)
    assert len(line.answers) == 1 and "ข้อความที่ 1–" not in line.answers[0].text


@pytest.mark.timeout(120)
@pytest.mark.parametrize("platform", ["line", "telegram"])
@pytest.mark.slow
async def test_two_hundred_in_five_seconds_are_one_table(hub_house: House, platform: str) -> None:
    await joined(hub_house, platform)
    fake = hub_house.line if platform == "line" else hub_house.telegram
    before, began = len(fake.answers), time.monotonic()
    for number, text in enumerate(brought(200)):
        if platform == "line":
            await hub_house.line.send(hub_house.line.text_event("Uhub", text))
        else:
            message = hub_house.telegram.message(700_077, text, forward_date=1)
            await hub_house.telegram.send(hub_house.telegram.update(message=message))
        await asyncio.sleep(max(0.0, began + number * 5 / 200 - time.monotonic()))
    last_sent = time.monotonic()
    await settled(hub_house)
    heard = [unmarked(each.text) for each in fake.answers[before:]]
    assert len(heard) == 2 and "กำลังดูทุกข้อความ" in heard[0]
    assert "ดูให้แล้ว 200 ข้อความ" in heard[1] and numbers_in(heard[1]) == set(range(1, 201))
    assert time.monotonic() - last_sent < 15
    link = presses_of(fake.answers[-1], "ตารางเป็นไฟล์ Excel")
    table = await downloaded(hub_house, link)
    sheet = load_workbook(io.BytesIO(table)).active
    assert sheet is not None
    named = numbers_in("\n".join(f"No. {row[0]}" for row in sheet.iter_rows(min_row=2, values_only=True)))
    assert named == set(range(1, 201)), "every message has its row in the file, alone or folded"
    assert sheet.max_row < 60, "near-copies are folded"


@pytest.mark.timeout(120)
@pytest.mark.slow
async def test_thirty_screenshots_at_once_are_all_read_and_one_of_somebody_elses_with_them(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    before = len(line.answers)
    shown = [line.picture(coded(f"https://parcel-fee{number}.example/pay")) for number in range(30)]
    await line.send(*(line.event("message", "Uhub", message=each) for each in shown))
    other = await line.shows("Uaunt", coded("https://lin.ee/AbCdEf1"))
    assert "lin[.]ee/AbCdEf1" in other.text
    await settled(hub_house)
    working, table = [each for each in line.answers[before:] if each.to == "Uhub"]
    assert "กำลังดูทุกข้อความ" in working.text
    assert "ดูให้แล้ว 30 ข้อความ" in table.text and numbers_in(table.text) == set(range(1, 31))
    kept = (await downloaded(hub_house, presses_of(table, "ตารางเป็นไฟล์ CSV"))).decode()
    assert "อ่านคำไม่ได้" not in table.text + kept and "parcel-fee" in kept, "all of them were read"
    assert line.called("push") == [] and not line.violations


def presses_of(answer, label: str) -> str:  # type: ignore[no-untyped-def]
    return next(data for name, data in answer.buttons.items() if name.startswith(label))


async def downloaded(house: House, link: str) -> bytes:
    async with house.http.get(house.url + link.removeprefix("https://rutan.example")) as answer:
        assert answer.status == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        return await answer.read()


async def test_a_table_is_for_whoever_has_its_address(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    await line.send(*(line.text_event("Uhub", text) for text in brought(3)))
    await settled(hub_house)
    link = presses_of(line.answers[-1], "ตารางเป็นไฟล์ CSV")
    assert b"\xef\xbb\xbf" in (await downloaded(hub_house, link))[:3]
    path = link.removeprefix("https://rutan.example")
    for wrong in (re.sub(r"table/\d+", "table/9", path), path.replace(".csv", ".exe"), "/hub/table/x.csv"):
        async with hub_house.http.get(hub_house.url + wrong) as answer:
            assert answer.status == 404


async def test_nothing_personal_stands_in_the_file(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    secret = "พัสดุของคุณสมหญิงติดศุลกากร โทรกลับ 081-000-1234 แล้วโอนเข้าบัญชี 123-4-56789-0 ของขนส่งภายในวันนี้"
    await line.send(line.text_event("Uhub", secret), line.text_event("Uhub", brought(1)[0]))
    await settled(hub_house)
    table = (await downloaded(hub_house, presses_of(line.answers[-1], "ตารางเป็นไฟล์ CSV"))).decode()
    assert "081-000-1234" not in table and "56789" not in table


async def test_the_unknown_ones_become_cases_with_one_tap_and_only_once(hub_house: House) -> None:
    line = hub_house.line
    member = await joined(hub_house)
    await line.send(*(line.text_event("Uhub", text) for text in brought(30)))
    await settled(hub_house)
    tap = presses_of(line.answers[-1], "ส่งให้เจ้าหน้าที่ดู")
    done = await member.person.taps(tap)
    count = int(re.findall(r"ส่งให้เจ้าหน้าที่แล้ว (\d+) เรื่อง", done.text)[0])
    kept = rows(hub_house.settings.database_url, "reports")
    assert len(kept) == count > 0
    assert {(row["evidence"], row["hub"]) for row in kept} == {("hub", NAME)}
    assert "RT-" in done.text
    again = await member.person.taps(tap)
    assert "แล้ว 0 เรื่อง" in again.text and len(rows(hub_house.settings.database_url, "reports")) == count
    cases = await hub_house.bot.store.hubs.open_cases((await hub_house.bot.store.hubs.every())[0].hub)
    assert len(cases) > 0


@pytest.mark.slow
async def test_somebody_else_cannot_open_them(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    await line.send(*(line.text_event("Uhub", text) for text in brought(30)))
    await settled(hub_house)
    tap = presses_of(line.answers[-1], "ส่งให้เจ้าหน้าที่ดู")
    other = (await hub_house.bot.store.hubs.code(NAME, HubRole.MEMBER, "operator")).code
    await line.says("Uother", f"ศูนย์ {other}")
    await line.taps("Uother", "hub:join:yes")
    assert "แล้ว 0 เรื่อง" in (await line.taps("Uother", tap)).text
    assert rows(hub_house.settings.database_url, "reports") == []


async def test_what_came_in_is_counted_for_the_hub_without_words(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    await line.send(*(line.text_event("Uhub", text) for text in brought(12)))
    await settled(hub_house)
    counted = {
        row["key"]: row["count"]
        for row in rows(hub_house.settings.database_url, "hub_counts")
        if row["name"] == "level"
    }
    assert sum(counted.values()) == 12 and counted["known_scam"] >= 8
    assert sum(row["hubs"] for row in rows(hub_house.settings.database_url, "sightings")) > 0


async def test_a_cry_for_help_among_them_is_never_a_row(hub_house: House) -> None:
    line = hub_house.line
    await joined(hub_house)
    texts = brought(3)
    await line.send(*(line.text_event("Uhub", text) for text in (*texts, "หนูอยากตายแล้วค่ะ ไม่ไหวแล้ว")))
    await settled(hub_house)
    assert any("1323" in answer.text for answer in line.answers)


def test_numbers_are_said_in_runs() -> None:
    assert ranges([3, 1, 4, 5, 9]) == "1, 3–5, 9"


# --- files -----------------------------------------------------------------------------------------------------------------
async def sent_file(house: House, name: str, content: bytes) -> str:
    number = str(next(house.line._numbers))
    house.line.content[number] = content
    message = {"type": "file", "id": number, "fileName": name, "fileSize": len(content)}
    answer = await house.line._heard(house.line.event("message", "Uhub", message=message), "Uhub")
    return str(answer.text)


async def test_a_saved_line_chat_is_read_and_answered_as_a_table(hub_house: House) -> None:
    await joined(hub_house)
    day = "2026.11.20 วันศุกร์\n" + "\n".join(f"10:{n:02d}\tสมชาย\t{text}" for n, text in enumerate(brought(9)))
    heard = await sent_file(hub_house, "chat.txt", f"[LINE] ประวัติการแชท\n\n{day}\n".encode())
    assert "ดูให้แล้ว 9 ข้อความ" in heard and numbers_in(heard) == set(range(1, 10))
    assert "สมชาย" not in heard


async def test_a_csv_on_telegram(hub_house: House) -> None:
    await joined(hub_house, "telegram")
    telegram = hub_house.telegram
    telegram.files["list1"] = ("message\n" + "\n".join(f'"{text}"' for text in brought(4))).encode()
    document = {"file_id": "list1", "file_unique_id": "u", "file_name": "list.csv", "file_size": 10}
    heard = await telegram.says(700_077, "", document=document)
    assert "ดูให้แล้ว 4 ข้อความ" in heard.text


@pytest.mark.timeout(60)
async def test_a_file_of_five_megabytes_is_read_within_bounds_and_a_larger_one_refused(hub_house: House) -> None:
    await joined(hub_house)
    line = "10:00\tสมชาย\t" + brought(1)[0] + "\n"
    head = "[LINE] ประวัติการแชท\n\n2026.11.20 วันศุกร์\n"
    times = (5 * 1024 * 1024 - len(head.encode())) // len(line.encode())
    began = time.monotonic()
    heard = await sent_file(hub_house, "chat.txt", (head + line * times).encode())
    assert "ดูให้แล้ว 200 ข้อความ" in heard, heard[:300]
    assert time.monotonic() - began < 15
    refused = await sent_file(hub_house, "chat.txt", b"x" * (5 * 1024 * 1024 + 1))
    assert "ดูให้แล้ว" not in refused


async def test_a_broken_file_is_refused_kindly(hub_house: House) -> None:
    await joined(hub_house)
    heard = await sent_file(hub_house, "list.xlsx", b"PK\x03\x04 this is no workbook")
    assert "ดูให้แล้ว" not in heard and heard
    assert "โปรแกรม" not in heard


async def test_a_file_of_somebody_without_a_hub_is_not_opened(hub_house: House) -> None:
    await open_hub(hub_house)
    heard = await sent_file(hub_house, "list.csv", b"a,b\n1,2")
    assert "ดูให้แล้ว" not in heard
    assert not [call for call in hub_house.line.calls if call.path.endswith("/content")]


# --- nothing is lost ---------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_two_hundred_over_a_death_in_the_middle(tmp_path: Path, how: signal.Signals) -> None:
    """A hundred are taken, the process dies, the next one takes the rest: one table, all two hundred in it."""
    async with bot_of(tmp_path) as (bot, line):
        await bot.start()
        code = added(bot)
        await line.says("Uhub", f"ศูนย์ {code}")
        await line.taps("Uhub", "hub:join:yes")
        before = len(line.answers)
        texts = brought(200)
        for start in range(0, 100, 10):
            assert await line.send(*(line.text_event("Uhub", text) for text in texts[start : start + 10])) == 200
            await asyncio.sleep(0.2)
        await bot.end(how)
        await bot.start()
        for start in range(100, 200, 10):
            assert await line.send(*(line.text_event("Uhub", text) for text in texts[start : start + 10])) == 200
            await asyncio.sleep(0.2)
        await until(lambda: any("ดูให้แล้ว" in each.text for each in line.answers[before:]), 90)
        await asyncio.sleep(2)
        tables = [each.text for each in line.answers[before:] if "ดูให้แล้ว" in each.text]
        assert len(tables) == 1 and numbers_in(tables[0]) == set(range(1, 201))
        assert sum("กำลังดูทุกข้อความ" in each.text for each in line.answers[before:]) == 1


def added(bot) -> str:  # type: ignore[no-untyped-def]
    """The code of a hub made on the command line, beside the running bot."""
    import json
    import os
    import subprocess
    import sys

    from conftest import ROOT

    made = subprocess.run(
        [sys.executable, "-m", "bot", "hubs", "add", NAME, "--json"],
        capture_output=True, text=True, env={**os.environ, **bot.environment(), "PYTHONPATH": str(ROOT)}, cwd=bot.folder, timeout=60,
    )  # fmt: skip
    return str(json.loads(made.stdout)["code"])
