"""The open data: the desk's trends and no more, nothing small to be worked out, the same bytes everywhere, and Datasette over them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import numpy as np
import pytest
from conftest import ROOT, House, free_port
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bot.desk.labels import load as labels
from bot.desk.names import Names
from bot.desk.trends import written
from bot.open_data import COLUMNS, TABLES, TOTALS, Figure, published, quarters
from bot.store.counting import Counts, within
from bot.store.counting import Figure as Counted
from bot.store.figures import WHOLES, Figures, shown_tables
from content.loading import load
from content.models import Language, ScamType
from scheduler.trends import (
    SMALLEST,
    Dimension,
    Month,
    MonthFigures,
    Total,
    compared,
    suppressed,
)

OCTOBER = Month(2026, 10)
MONTHS = [Month(2026, 7), Month(2026, 8), Month(2026, 9), OCTOBER]
KNOWN = load()
TYPES = ("parcel", "loan", "job_task")
ENTRIES = {type_: KNOWN.entries_of_type[ScamType(type_)][:2] for type_ in TYPES}


# What can be worked out

small = st.integers(0, 12)


@st.composite
def months(draw: Any, month: Month = OCTOBER) -> tuple[MonthFigures, dict[tuple[str, str], int]]:
    """A month as the desk has it, and every true number of it."""
    true: dict[tuple[str, str], int] = {}
    for type_, entries in ENTRIES.items():
        each = [draw(small) for _ in entries]
        for entry, count in zip(entries, each, strict=True):
            true["entry", entry] = count
        true["type", type_] = sum(each) + draw(small)
    true["type", ""] = draw(small)
    true["total", "warned"] = sum(count for (kind, _), count in true.items() if kind == "type")
    true["total", "unknown"] = draw(small)
    true["total", "asked"] = true["total", "warned"] + true["total", "unknown"]
    true["total", "reports"] = reports = draw(st.integers(0, 40))
    true["total", "reporters"] = draw(st.integers(0, reports))
    for name in ("useful", "not_useful", "emergencies"):
        true["total", name] = draw(small)
    split(draw, true, "platform", ("line", "telegram", "web"), true["total", "asked"])
    for dimension, keys in (
        ("came_by", ("sms", "call", "")),
        ("province", ("khon-kaen", "")),
        ("loss", ("none", "under_1k", "1k_10k", "")),
    ):
        split(draw, true, dimension, keys, reports)
    split(draw, true, "language", ("th", "en"), true["total", "asked"])
    return figures(month, true), true


def split(draw: Any, true: dict[tuple[str, str], int], dimension: str, keys: Sequence[str], whole: int) -> None:
    left = whole
    for key in keys[:-1]:
        true[dimension, key] = draw(st.integers(0, left))
        left -= true[dimension, key]
    true[dimension, keys[-1]] = left


def figures(month: Month, true: dict[tuple[str, str], int]) -> MonthFigures:
    """The month as the desk counts and suppresses it."""
    types = {entry: type_ for type_, entries in ENTRIES.items() for entry in entries}
    counts: Counts = Counter()
    for (kind, key), count in true.items():
        if kind == "total":
            counts[Counted(key)] = count
        elif count:
            counts[Counted(WHOLES[Dimension(kind)], kind, within(types[key], key) if kind == "entry" else key)] = count
    nothing = suppressed([], 0)
    totals = {name: Total(name, true["total", name], 0, "x") for name in TOTALS}
    tables = {dimension: compared(each, nothing) for dimension, each in shown_tables(counts).items()}
    return MonthFigures(month, False, datetime(2026, 11, 1, tzinfo=UTC), totals, tables, None, {})


def room(told: Sequence[Figure], true: dict[tuple[str, str], int]) -> dict[tuple[str, str], tuple[float, float]]:
    """Between what and what each true number must lie for whoever has the file and knows how its numbers add up."""
    names = list(true)
    place = {name: at for at, name in enumerate(names)}
    sums: list[tuple[list[tuple[str, str]], tuple[str, str]]] = [
        ([("total", "warned"), ("total", "unknown")], ("total", "asked"))
    ]
    for dimension in ("type", "platform", "language", "came_by", "province", "loss"):
        whole = ("total", WHOLES[Dimension(dimension)])
        sums.append(([name for name in names if name[0] == dimension], whole))
    equal, values = [], []

    def state(terms: dict[tuple[str, str], float], value: float) -> None:
        row = np.zeros(len(names))
        for name, factor in terms.items():
            row[place[name]] += factor
        equal.append(row)
        values.append(value)

    for parts, whole in sums:
        state({**dict.fromkeys(parts, 1.0), whole: -1.0}, 0)
    for each in told:
        if each.count is not None:
            state({(each.breakdown, each.key): 1.0}, each.count)
    under, most = [], []
    for type_, entries in ENTRIES.items():
        row = np.zeros(len(names))
        for entry in entries:
            row[place["entry", entry]] = 1
        row[place["type", type_]] -= 1
        under.append(row)
        most.append(0.0)
    hidden = [name for name in names if 0 < true[name] < SMALLEST]
    found = {}
    for name in hidden:
        aim = np.zeros(len(names))
        aim[place[name]] = 1
        ends = [
            linprog(sign * aim, A_ub=under, b_ub=most, A_eq=equal, b_eq=values, bounds=(0, None), method="highs")
            for sign in (1, -1)
        ]
        found[name] = (ends[0].fun if ends[0].success else 0.0, -ends[1].fun if ends[1].success else float("inf"))
    return found


@settings(max_examples=25, deadline=None)
@given(months())
def test_no_small_number_is_told_nor_can_be_worked_out(made: tuple[MonthFigures, dict[tuple[str, str], int]]) -> None:
    month, true = made
    told = published(month, KNOWN)
    assert all(each.count is None or each.count == 0 or each.count >= SMALLEST for each in told)
    for each in told:
        if each.count is not None:
            assert each.count == true[each.breakdown, each.key]
    for name, (least, most) in room(told, true).items():
        assert most - least >= SMALLEST - 1, f"{name} is {true[name]} and must lie between {least} and {most}"


@settings(max_examples=25, deadline=None)
@given(months())
def test_never_more_is_told_than_the_trends_of_the_desk_show(
    made: tuple[MonthFigures, dict[tuple[str, str], int]],
) -> None:
    month, _ = made
    desk = {(dimension.value, row.key): row.count for dimension in TABLES for row in month.tables[dimension]}
    for each in published(month, KNOWN):
        if each.breakdown != "total" and each.count is not None:
            assert desk[each.breakdown, each.key] == each.count


@settings(max_examples=10, deadline=None)
@given(st.tuples(*(months(month) for month in MONTHS)))
def test_a_quarter_is_made_of_what_its_months_show(
    made: tuple[tuple[MonthFigures, dict[tuple[str, str], int]], ...],
) -> None:
    told = [published(month, KNOWN) for month, _ in made]
    found = list(quarters(MONTHS, told))
    assert {each.period for each in found} == {"2026-Q3"}
    for each in found:
        parts = [
            one.count for month in told[:3] for one in month if (one.breakdown, one.key) == (each.breakdown, each.key)
        ]
        if each.count is not None:
            assert None not in parts and each.count == sum(parts)
        assert each.breakdown != "entry" and each.key != "reporters"


# Files


@pytest.fixture
async def counted(house: House) -> AsyncIterator[House]:
    """A house that stood for two whole months: questions and reports of invented people."""
    zone = ZoneInfo("Asia/Bangkok")
    this = Month.of(house.bot.store.foundation.today())

    def work(tx: Any) -> None:
        for month in (this.before().before(), this.before()):
            start = month.start(zone) + timedelta(days=3)
            for number in range(30):
                at = (start + timedelta(hours=number)).astimezone(UTC).isoformat(timespec="microseconds")
                level = "not_known" if number % 3 == 0 else "known_scam"
                type_, entry = ("parcel", "parcel-fee-link") if number % 2 else ("loan", "loan-fee-before-money")
                tx._connection.execute(
                    "insert into events (at, name, chat_kind, level, type, entry, platform, language, detail) values (?, 'checked', 'private', ?, ?, ?, 'line', 'th', '')",
                    (at, level, *((type_, entry) if level == "known_scam" else (None, None))),
                )

    await house.bot.store.foundation.database.write(work)
    yield house


async def got(house: House, path: str) -> tuple[int, bytes, Any]:
    async with house.http.get(house.url + path) as answer:
        return answer.status, await answer.read(), answer.headers


def rutan(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LINE_", "TELEGRAM_"))}
    given = {
        "DATABASE_URL": house.settings.database_url,
        "SECRET_KEY": "a key for tests only, long enough",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, "-m", "bot", *words], capture_output=True, text=True, env=clean | given, timeout=100
    )


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


async def test_the_page_the_files_and_the_trends_say_the_same(counted: House) -> None:
    house = counted
    last = Month.of(house.bot.store.foundation.today()).before()
    for language in Language:
        status, page, _ = await got(house, f"/open-data?lang={language.value}")
        assert status == 200 and last.name(language) in page.decode() and "CC BY 4.0" in page.decode()
        assert not re.search(r"ปลอดภัย|\bsafe", re.sub(r"<[^>]+>", " ", page.decode()))
    links = sorted(set(re.findall(r'href="/open-data/([^"]+)"', page.decode())))
    assert len(links) == 4 + 1 + 1 + 2 + 2 * 2
    found: dict[str, bytes] = {}
    for name in links:
        status, found[name], headers = await got(house, f"/open-data/{name}")
        assert status == 200 and headers["Access-Control-Allow-Origin"] == "*" and headers["ETag"], name
    month = rows(found[f"rutan-{last}.csv"])
    assert tuple(month[0]) == COLUMNS
    total = {each["key"]: each["count"] for each in month if each["breakdown"] == "total"}
    assert (total["asked"], total["warned"], total["unknown"]) == ("30", "20", "10")
    # The desk's own table of the same month.
    names = Names(house.bot.ports.knowledge, labels(), Language.ENGLISH)
    desk = rows(written(await Figures(house.bot.store.foundation).month(last), names).encode())
    shown = {(each["table"], each["key"]): (each["count"], each["name"]) for each in desk}
    for each in month:
        if each["breakdown"] != "total":
            assert shown[each["breakdown"], each["key"]] == (each["count"], each["name_en"])
    said = json.loads(found[f"rutan-{last}.json"])
    assert said["licence"] == "CC-BY-4.0" and list(said["periods"]) == [last.text]
    package = json.loads(found["datapackage.json"])
    for resource in package["resources"]:
        body = found[resource["path"]]
        assert len(body) == resource["bytes"] and [each["name"] for each in resource["schema"]["fields"]] == list(
            rows(body)[0] if rows(body) else COLUMNS
        )
    explained = {each["name"] for each in rows(found["dictionary.csv"])}
    assert explained == {*COLUMNS, *TOTALS, *(each.value for each in TABLES)}
    for odd in ("nothing.csv", "..%2fsecret.key", "rutan-2026-99.csv"):
        assert (await got(house, f"/open-data/{odd}"))[0] == 404


async def test_a_house_without_an_ended_month_says_so(house: House) -> None:
    status, page, _ = await got(house, "/open-data?lang=en")
    assert status == 200 and "No month has ended yet" in page.decode()
    assert rows((await got(house, "/open-data/rutan-monthly.csv"))[1]) == []


@pytest.mark.slow
async def test_the_command_gives_the_same_bytes_and_datasette_serves_a_row_of_them(
    counted: House, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    done = await asyncio.to_thread(rutan, counted, "export", "open-data", "--to", str(folder), "--sqlite")
    assert done.returncode == 0, done.stderr
    for each in folder.iterdir():
        assert (await got(counted, f"/open-data/{each.name}"))[1] == each.read_bytes(), each.name
    port = free_port()
    words = [str(folder / "rutan-open-data.db"), "--metadata", str(folder / "metadata.json"), "--port", str(port)]
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "datasette",
        "serve",
        *words,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/rutan-open-data"
    try:
        async with aiohttp.ClientSession() as http:
            found = await until_served(http, f"{address}/monthly.json?_shape=objects&_size=1&key=asked")
            assert found["rows"][0]["count"] == 30 and found["rows"][0]["unit"] == "questions"
            told = await until_served(http, f"http://127.0.0.1:{port}/-/metadata.json")
            assert told["license"] == "CC-BY-4.0"
            async with http.get(f"{address}/monthly") as answer:
                assert answer.status == 200 and "suppressed" in await answer.text()
    finally:
        server.terminate()
        await server.wait()


async def until_served(http: aiohttp.ClientSession, url: str) -> Any:
    for _ in range(600):
        try:
            async with http.get(url) as answer:
                if answer.status == 200:
                    return await answer.json(content_type=None)
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"{url} was never served")
