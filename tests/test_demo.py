"""The demonstration: three invented months, every page alive, a banner on each, and nobody real in it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from conftest import free_port
from store_cast import SECRET, StandingClock

from bot import demo
from bot.demo_story import HOSTS, Story
from bot.settings import Settings
from bot.store import SqlStore
from content.models import Language
from handlers.officials import Official, Role

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OFFICIALS = [Official(1, "สมหมาย", Role.EDITOR), Official(2, "วารุณี", Role.APPROVER)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, knowledge) -> Iterator[Path]:
    """A database in which the story has been told."""
    path = tmp_path_factory.mktemp("story") / "demo.db"
    store = SqlStore.open(f"sqlite:///{path}", [SECRET], StandingClock(NOW))
    asyncio.run(Story(store, knowledge, NOW).tell(OFFICIALS))
    store.close()
    yield path


def counts(path: Path, question: str) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute(question).fetchall())
    finally:
        connection.close()


def test_the_story_has_all_that_a_visitor_should_see(told):
    states = counts(told, "select state, count(*) from cases group by state")
    decisions = counts(told, "select decision, count(*) from cases group by decision")
    assert states["answered"] > 100 and states["received"] >= 5 and states["in_review"] >= 1
    assert {"scam", "new_entry", "not_a_scam", "cant_tell"} <= set(decisions)
    assert counts(told, "select platform, count(*) from events group by platform").keys() == {"line", "telegram", "web"}
    assert counts(
        told, "select 'overdue', count(*) from cases where state = 'received' and promised_at < '2026-11-20'"
    )["overdue"]
    days = counts(told, "select substr(at, 1, 7), count(*) from events group by 1")
    assert list(days) == ["2026-08", "2026-09", "2026-10", "2026-11"] and days["2026-10"] > 800


def test_nobody_of_the_story_is_written_to_and_nothing_of_it_lies_ahead(told):
    waiting = counts(told, "select state, count(*) from outbox group by state")
    assert set(waiting) == {"sent", "failed"}
    assert counts(told, "select 'telling', count(*) from cases where telling = 1") == {"telling": 0}
    assert counts(told, "select 'ahead', count(*) from events where at > '2026-11-20T09:00:00'") == {"ahead": 0}


def test_every_page_in_the_story_is_an_invented_one(told):
    texts = counts(told, "select text, 1 from reports")
    hosts = {host for text in texts for host in re.findall(r"https?://([^/\s]+)", text)}
    assert hosts and hosts <= set(HOSTS) and all(host.endswith(".example") for host in HOSTS)


@pytest.mark.slow
def test_the_same_seed_tells_the_same_story(told, tmp_path, knowledge):
    store = SqlStore.open(f"sqlite:///{tmp_path}/again.db", [SECRET], StandingClock(NOW))
    asyncio.run(Story(store, knowledge, NOW).tell(OFFICIALS))
    store.close()
    for question in (
        "select entry, count(*) from events group by entry",
        "select province, count(*) from reports group by province",
    ):
        assert counts(told, question) == counts(tmp_path / "again.db", question)


# Served


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Settings, str]]:
    port = free_port()
    async with demo.prepared("127.0.0.1", port) as (app, settings, key):
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
        task = asyncio.create_task(server.serve())
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.02)
        yield settings, key
        server.should_exit = True
        await task


async def test_a_visitor_sees_every_page_alive_and_the_banner_on_each(monkeypatch):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "000000:of-somebody-real")
    async with running() as (settings, key), aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        assert not settings.telegram_on and not settings.line_on, "no platform of the operator's is touched"

        async def page(path: str) -> str:
            async with http.get(settings.public_url + path) as answer:
                assert answer.status == 200, path
                return await answer.text()

        async with http.get(f"{settings.public_url}/demo/wrong-key/admin", allow_redirects=False) as answer:
            assert answer.status == 404 and not answer.cookies
        assert "วันนี้" in await page(f"/demo/{key}/{Role.EDITOR.value}")
        for path in ("/", "/score", "/desk", "/desk/queue", "/desk/trends", "/desk/queue?view=answered", "/desk/me"):
            shown = await page(path)
            assert shown.count('class="demo"') == 1, path
            assert "แต่งขึ้น" in shown, path
        queue = await page("/desk/queue")
        case = re.search(r"/desk/case/\d+", queue)
        assert case and "ตัดสิน" in await page(case[0])
        assert '"asked":' in await page("/score.json")


def test_the_links_are_one_for_each_role():
    settings = demo.settings_of(Path("x"), "127.0.0.1", 8090)
    assert set(demo.links(settings, "k")) == set(Role)
    assert demo.links(settings, "k")[Role.ADMIN] == "http://127.0.0.1:8090/demo/k/admin"


def test_a_part_of_a_page_gets_no_banner():
    assert demo.with_banner(b"<p>bubble</p>") == b"<p>bubble</p>"
    assert demo.with_banner(b"<html><body><p>x").count(b'class="demo"') == 1
    assert demo.with_banner(b'<body><p class="demo">already').count(b"demo") == 1


def test_the_language_of_the_story_is_mostly_thai(told):
    spoken = counts(told, "select language, count(*) from events where name = 'checked' group by language")
    assert spoken[Language.THAI] > 5 * spoken[Language.ENGLISH] > 0
