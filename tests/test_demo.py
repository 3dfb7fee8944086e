"""The demonstration: three invented months, every page alive, a banner on each, and nobody real in it."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import sqlite3
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from conftest import free_port
from fastapi import FastAPI
from pydantic import SecretStr
from store_cast import SECRET, StandingClock

from bot import demo, demo_hubs, demo_knowledge, demo_people, demo_press, demo_warnings
from bot.demo_sayings import HOSTS, LINE_IDS
from bot.live_knowledge import Workbench
from bot.settings import Settings
from bot.store import SqlStore
from bot.store.audit import AuditLog
from bot.store.revisions import Revisions
from content.knowledge import Knowledge
from content.models import Language
from content.revising import body_of
from handlers.messages import Address, Kind, Message, Platform
from handlers.officials import Role

# Three months are told before the first of these: seconds.
pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def settings_at(folder: Path) -> Settings:
    """The settings of a demonstration under a key that is always the same."""
    return demo.settings_of(folder, "127.0.0.1", 8090).model_copy(update={"secret_key": SecretStr(SECRET)})


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database in which the story has been told."""
    folder = tmp_path_factory.mktemp("story")
    asyncio.run(demo.invent(settings_at(folder), NOW))
    yield folder / "demo.db"


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def counts(path: Path, question: str) -> dict[str, int]:
    return dict(rows(path, question))  # type: ignore[arg-type]


def newest(path: Path) -> int:
    """The number of the newest letter."""
    ((number,),) = rows(path, "select max(id) from outbox")
    return int(str(number))


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


# In every state that its page knows.
AREAS = {
    "select state, count(*) from bulletins group by 1": {"sent", "draft"},
    "select kind, count(*) from bulletins group by 1": {"monthly", "alert"},
    "select state, count(*) from deliveries group by 1": {"sent", "failed", "skipped"},
    "select state, count(*) from campaigns group by 1": {"proposed", "confirmed", "revoked", "declined"},
    "select state, count(*) from takedowns group by 1": {
        "prepared", "sent", "acknowledged", "removed", "refused", "withdrawn",
    },
    "select state, count(*) from revisions group by 1": {"draft", "asked", "live", "past"},
    "select kind, count(*) from limits group by 1": {"slowed", "blocked"},
    "select evidence, count(*) from reports group by 1": {"citizen", "hub", "partner"},
    "select hub, count(*) from reports where hub is not null group by 1": {hub.name for hub, _, _ in demo_hubs.HUBS},
    "select case when revoked_at is null then 'may' else 'revoked' end, count(*) from partners group by 1": {
        "may", "revoked",
    },
    "select case when password = '' then 'invited' else 'ready' end, count(*) from officials group by 1": {
        "invited", "ready",
    },
    "select 'sheets', count(*) from hub_sheets where letters > 0": {"sheets"},
}  # fmt: skip


@pytest.mark.parametrize("question", AREAS)
def test_each_area_of_the_desk_is_told_of_in_every_state(told, question):
    assert counts(told, question).keys() == AREAS[question]


def test_something_that_was_removed_is_seen_again_and_something_is_gone_for_good(told):
    last = counts(
        told,
        """select takedowns.id, max(reports.reported_at) > takedowns.ended_at from takedowns
           join takedown_targets on takedown_targets.takedown = takedowns.id
           join identifiers on identifiers.key = takedown_targets.key
           join identifier_reports on identifier_reports.identifier = identifiers.id
           join reports on reports.id = identifier_reports.report
           where takedowns.state = 'removed' group by takedowns.id, takedowns.ended_at""",
    )
    assert set(last.values()) == {0, 1}


def test_nobody_of_the_story_is_written_to_and_nothing_of_it_lies_ahead(told):
    waiting = counts(told, "select state, count(*) from outbox group by state")
    assert set(waiting) == {"sent", "failed"}
    assert counts(told, "select 'telling', count(*) from cases where telling = 1") == {"telling": 0}
    assert counts(told, "select 'ahead', count(*) from events where at > '2026-11-20T09:00:00'") == {"ahead": 0}
    assert counts(told, "select 'ahead', count(*) from audit where at > '2026-11-20T09:00:00'") == {"ahead": 0}
    assert counts(told, "select 'hooks', count(*) from partner_webhooks") == {"hooks": 0}


def test_every_page_and_account_in_the_story_is_an_invented_one(told):
    texts = [str(text) for (text,) in rows(told, "select text from reports")]
    hosts = {host for text in texts for host in re.findall(r"https?://([^/\s]+)", text)}
    accounts = {name for text in texts for name in re.findall(r"LINE ID (\S+)", text)}
    assert hosts and hosts <= set(HOSTS) and all(host.endswith(".example") for host in HOSTS)
    assert accounts and accounts <= set(LINE_IDS) and all(name.startswith("@demo-") for name in LINE_IDS)
    asked = [str(way) for (way,) in rows(told, "select way from takedowns")]
    assert asked and all(way.endswith(".example") for way in asked)


async def test_the_audit_of_the_story_holds(told):
    store = SqlStore.open(f"sqlite:///{told}", [SECRET], StandingClock(NOW))
    assert await AuditLog(store.foundation).first_broken() is None
    store.close()


async def test_what_became_live_in_the_story_is_what_is_shipped(told, knowledge: Knowledge):
    store = SqlStore.open(f"sqlite:///{told}", [SECRET], StandingClock(NOW))
    _, standing = await Revisions(store.foundation).standing()
    store.close()
    assert standing and all(each.body == body_of(knowledge.entries[each.name]) for each in standing)


@pytest.mark.slow
async def test_the_checks_find_nothing_in_any_draft_of_the_story(told):
    store = SqlStore.open(f"sqlite:///{told}", [SECRET], StandingClock(NOW))
    revisions = Revisions(store.foundation)
    made = [await revisions.get(int(str(id))) for (id,) in rows(told, "select id from revisions")]
    store.close()
    for each in made:
        assert each is not None
        assert await Workbench().check([], each.revised, NOW.date().isoformat()) == (), each.name


@pytest.mark.slow
def test_the_same_seed_tells_the_same_story(told, tmp_path):
    asyncio.run(demo.invent(settings_at(tmp_path), NOW))
    for question in (
        "select entry, count(*) from events group by entry",
        "select province, count(*) from reports group by province",
    ):
        assert counts(told, question) == counts(tmp_path / "demo.db", question)


@pytest.mark.slow
@pytest.mark.parametrize("day", [date(2027, 1, 1), date(2027, 2, 28), date(2027, 3, 6), date(2027, 5, 31)])
def test_the_story_is_whole_on_whichever_day_a_visitor_comes(tmp_path, day):
    asyncio.run(demo.invent(settings_at(tmp_path), datetime(day.year, day.month, day.day, 1, 30, tzinfo=UTC)))
    for question, states in AREAS.items():
        assert counts(tmp_path / "demo.db", question).keys() >= states, question


# Served


@asynccontextmanager
async def running() -> AsyncIterator[tuple[FastAPI, Settings, str]]:
    port = free_port()
    async with demo.prepared("127.0.0.1", port) as (app, settings, key):
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
        task = asyncio.create_task(server.serve())
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.02)
        try:
            yield app, settings, key
        finally:
            server.should_exit = True
            await task


MONTHLY = "(select max(id) from bulletins where kind = 'monthly' and state = 'sent')"
# What fills the holes of a page's address, each a row of the story.
ROWS = {
    "monthly": f"select {MONTHLY}",
    "month": f"select month from bulletins where id = {MONTHLY}",
    "alert": "select id from bulletins where kind = 'alert' and state = 'sent'",
    "unsigned": "select id from bulletins where kind = 'alert' and state = 'draft'",
    "proposed": "select id from campaigns where state = 'proposed'",
    "confirmed": "select id from campaigns where marking = 'clear' and state = 'confirmed' order by id limit 1",
    "uuid": "select uuid from campaigns where marking = 'clear' and state = 'confirmed' order by id limit 1",
    "case": "select case_id from campaigns where marking = 'clear' and state = 'confirmed' order by id limit 1",
    "sent": "select id from takedowns where state = 'sent'",
    "hub": "select id from hubs order by id limit 1",
    "asked": "select id from revisions where state = 'asked'",
    "returned": "select id from revisions where state = 'draft' and remark <> ''",
}
HUB = demo_hubs.HUBS[0][0]
# Every page of the desk by the address it is registered under: what to look at, and what of the story stands there.
DESK = {
    "/desk": ("", 'id="takedowns"'),
    "/desk/queue": ("?view=answered", "/desk/case/"),
    "/desk/case/{id}": ("/desk/case/{case}", "[.]example"),
    "/desk/case/{id}/warning": ("/desk/case/{case}/warning", "/desk/campaigns/{confirmed}"),
    "/desk/trends": ("", HUB.name),
    "/desk/trends.csv": ("", HUB.name),
    "/desk/bulletins": ("", "/desk/bulletins/{unsigned}"),
    "/desk/bulletins/{id}": ("/desk/bulletins/{monthly}", demo_press.CONTEXT[Language.THAI]),
    "/desk/bulletins/{id}/materials/{name}": ("/desk/bulletins/{monthly}/materials/figures.csv", "พัสดุ"),
    "/desk/campaigns": ("", "/desk/campaigns/{proposed}"),
    "/desk/campaigns/{id}": ("/desk/campaigns/{confirmed}", "[.]example"),
    "/desk/takedowns": ("", "/desk/takedowns/{sent}"),
    "/desk/takedowns/{id}": ("/desk/takedowns/{sent}", demo_warnings.REGISTRAR[0]),
    "/desk/hubs": ("", HUB.name),
    "/desk/hubs/{id}": ("/desk/hubs/{hub}", HUB.place),
    "/desk/hubs/{id}/card": ("/desk/hubs/{hub}/card", HUB.name),
    "/desk/knowledge": ("", "/desk/knowledge/draft/{asked}"),
    "/desk/knowledge/expiry": ("", demo_knowledge.WRITTEN),
    "/desk/knowledge/{kind}/{name}": (f"/desk/knowledge/entry/{demo_knowledge.ASKED}", "/desk/knowledge/draft/{asked}"),
    "/desk/knowledge/{kind}/{name}/history": (
        f"/desk/knowledge/entry/{demo_knowledge.WRITTEN}/history", demo_knowledge.CHANGED_NOTE,
    ),
    "/desk/knowledge/{kind}/{name}/change": (
        f"/desk/knowledge/entry/{demo_knowledge.WRITTEN}/change", "ใบสั่งหรือค่าปรับปลอม",
    ),
    "/desk/knowledge/draft/{id}": ("/desk/knowledge/draft/{returned}", demo_knowledge.REMARK),
    "/desk/knowledge/draft/{id}/edit": ("/desk/knowledge/draft/{asked}/edit", demo_knowledge.ASKED_PHRASE["th"]),
    "/desk/people": ("", demo_people.SPAM_REASON),
    "/desk/me": ("", demo_people.OFFICIALS[Role.ADMIN]),
    "/desk/me/password": ("", demo_people.OFFICIALS[Role.ADMIN]),
    "/desk/me/app": ("", demo_people.OFFICIALS[Role.ADMIN]),
}  # fmt: skip
# Of these a story has nothing to tell: empty forms, and the door, for which a visitor has no link.
FORMS = {"/desk/forwarded": "/desk/forwarded", "/desk/knowledge/new/{kind}": "/desk/knowledge/new/entry"}
DOOR = {"/desk/sign-in", "/desk/welcome/{token}", "/desk/welcome/{token}/qr.svg"}
FILES = {
    "/desk/takedowns/{id}/package.zip": "/desk/takedowns/{sent}/package.zip",
    "/desk/knowledge/export": "/desk/knowledge/export",
}
PUBLIC = {
    "/": "รู้ทัน",
    "/score": "ตุลาคม",
    "/score.json": '"asked":',
    "/bulletins": "/bulletins/alert-{alert}",
    "/bulletins/{month}": demo_press.CONTEXT[Language.THAI],
    "/bulletins/alert-{alert}": "ใบสั่ง",
    "/bulletins/{month}/figures.csv": "พัสดุ",
    "/bulletins/feed.rss": "/bulletins/{month}",
    "/bulletins/feed.atom": "/bulletins/{month}",
    "/warnings": "[.]example",
    "/feeds/warnings.json": "{uuid}",
    "/feeds/warnings.atom": "{uuid}",
    "/feeds/misp/manifest.json": "{uuid}",
    "/feeds/misp/{uuid}.json": ".example",
    "/results": "ไตรมาส",
    "/open-data": "{month}",
}


async def test_a_visitor_sees_every_page_alive_and_the_banner_on_each(monkeypatch):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "000000:of-somebody-real")
    async with (
        running() as (app, settings, key),
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        assert not settings.telegram_on and not settings.line_on, "no platform of the operator's is touched"
        known = {name: str(rows(settings.database_path, question)[0][0]) for name, question in ROWS.items()}

        async def body(path: str) -> bytes:
            async with http.get(settings.public_url + path) as answer:
                assert answer.status == 200, path
                read = await answer.read()
                if answer.content_type == "text/html":
                    assert read.decode().count('class="demo"') == 1 and "แต่งขึ้น" in read.decode(), path
                return read

        async with http.get(f"{settings.public_url}/demo/wrong-key/admin", allow_redirects=False) as answer:
            assert answer.status == 404 and not answer.cookies
        assert "วันนี้" in (await body(f"/demo/{key}/{Role.ADMIN.value}")).decode()
        there = {page.path for page in app.state.desk.pages if page.method == "GET"}
        assert there == {*DESK, *FORMS, *FILES, *DOOR}, "a page of the desk of which nothing is told"
        wanted = {(path + at if at[:1] in ("", "?") else at): said for path, (at, said) in DESK.items()} | PUBLIC
        shown = {path: (await body(path.format_map(known))).decode() for path in wanted}
        assert [path for path, said in wanted.items() if said.format_map(known) not in shown[path]] == []
        for path in FORMS.values():
            assert "<form" in (await body(path)).decode(), path
        for path in FILES.values():
            assert zipfile.ZipFile(io.BytesIO(await body(path.format_map(known)))).namelist(), path


async def test_what_leaves_for_the_people_of_the_story_lies_nowhere_waiting(told, tmp_path):
    shutil.copy(told, tmp_path / "demo.db")
    app = demo.demonstration(settings_at(tmp_path), {}, "key")
    async with app.router.lifespan_context(app):
        bot = app.state.bot
        person = Address(Platform.LINE, "demo-line-1", "demo-line-1")
        await bot.accept([Message(person, "visitor-1", Kind.TEXT, bot.ports.clock.now(), text="สวัสดี")])
        # By id: letters that are old enough are removed meanwhile.
        before = newest(told)
        for _ in range(600):
            states = counts(tmp_path / "demo.db", "select state, count(*) from outbox group by state")
            if newest(tmp_path / "demo.db") > before and set(states) <= {"sent", "failed"}:
                break
            await asyncio.sleep(0.05)
        assert newest(tmp_path / "demo.db") > before and set(states) <= {"sent", "failed"}


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
