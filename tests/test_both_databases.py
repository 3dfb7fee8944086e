"""One installation, lived in on PostgreSQL and copied to SQLite: whatever can be read of a house over HTTP is answered from
either database, and both say the same."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bulletin_cast import TABLES, add_officials, add_subscribers, figures
from conftest import APPLICATIONS, House, free_port, house_of
from desk_cast import PASSWORD, at_desk, officials_of
from fastapi import FastAPI
from feed_cast import MALEE, Town
from hub_cast import HUB, NAME, brought, settled
from ledger_cast import in_browser
from partner_cast import program
from store_cast import StandingClock, answered
from takedown_cast import MALI, WICHAI
from talk import InBrowser, OnLine, OnTelegram, presses
from test_takedown_store import WISH

from bot.store import SqlStore
from bot.store.bulletins import Body, Bulletins
from bot.store.case_types import Sort, View
from bot.store.copying import copy
from bot.store.revisions import Revisions
from bot.store.takedowns import Takedowns
from content.knowledge import Knowledge
from content.models import Language, ScamType
from content.revising import Kind as Piece
from content.revising import Revised, body_of
from content.verdict import Level
from handlers.messages import Checked, Outcome, Session
from handlers.officials import Role
from scheduler.alerts import warning_of
from scheduler.bulletins import Kind, Part, State
from scheduler.drafting import composed
from scheduler.trends import Month

SECRET = "a key for tests only, long enough"
ENTRY = "parcel-fee-link"
# A Wednesday, at noon in Bangkok; and a day of the month before.
NOW = datetime(2026, 12, 9, 5, 0, tzinfo=UTC)
BEFORE = datetime(2026, 11, 10, 5, 0, tzinfo=UTC)
NOVEMBER = Month(2026, 11)
STORY = "ระวังเบอร์ 081-000-5678 โทรมาอ้างเป็นเจ้าหน้าที่ไปรษณีย์ ให้โอนค่าปรับก่อนสี่โมงเย็น"
OBJECTS = "/taxii2/warnings/collections/agencies/objects/"


@dataclass(frozen=True)
class Planted:
    """What a visitor needs to ask for what was planted: proofs of who they are, and the names of things."""

    cookie: str
    key: str
    welcome: str
    hub_page: str
    hub_table: str
    number: str


class Calendar(StandingClock):
    """Stands, but while people are there: what could not be sent at once is tried again later."""

    _since: float | None = None

    def now(self) -> datetime:
        passed = 0.0 if self._since is None else time.monotonic() - self._since
        return self.moment + timedelta(seconds=passed)

    def runs(self) -> None:
        self._since = time.monotonic()

    def stands(self) -> None:
        self.moment, self._since = self.now(), None


# --- a story ---------------------------------------------------------------------------------------------------------
async def planted_before(url: str, knowledge: Knowledge, clock: StandingClock) -> str:
    """What stands in the database before anybody serves from it; the code of its hub."""
    store = SqlStore.open(url, [SECRET], clock)
    clock.moment = BEFORE
    for number in range(30):
        known = number % 3 > 0
        level, kind, entry = (Level.KNOWN_SCAM, ScamType.PARCEL, ENTRY) if known else (Level.NOT_KNOWN, None, None)
        asked = Checked(level, kind, entry, None, Language.THAI, "v")
        await answered(store, f"asked{number}", Outcome(Session(), events=(asked,)), in_browser(number))
    warned = await Town(store, knowledge).confirmed()
    requests = Takedowns(store.foundation)
    await requests.sent(await requests.prepare(warned.case, WISH, MALI), 1, WICHAI, clock.now())
    clock.moment = NOW
    add_officials(url, [("Ann", Role.EDITOR), ("Ben", Role.APPROVER)])
    add_subscribers(url, "line", 2)
    book, counted = Bulletins(store.foundation), figures(NOVEMBER, tables=TABLES)
    for kind, body in (
        (Kind.MONTHLY, Body(composed(counted, knowledge, store.foundation.timezone), counted)),
        (Kind.ALERT, Body(warning_of(ENTRY, knowledge), counted)),
    ):
        id = await book.draft(NOVEMBER, body, "operator", kind=kind)
        for name in ("Ann", "Ben"):
            await book.sign(id, name)
        await book.schedule(id, clock.now(), Part(), await book.plan(await book.get(id), Part()), "Ann")
    changed = body_of(knowledge.entries[ENTRY]) | {"title": {"th": "พัสดุที่ไม่มีอยู่", "en": "A parcel that is not there"}}
    await Revisions(store.foundation).begin(Revised(Piece.ENTRY, ENTRY, changed), MALEE)
    code = (await store.hubs.add(HUB, "operator")).code
    store.close()
    return code


async def lived_in(house: House, code: str) -> Planted:
    """What people, a partner and officials do over HTTP; and everything that is due by then leaves."""
    house.bot.ports.home = "https://rutan.example"
    citizen = OnLine(house, "Ucitizen")
    await citizen.says("รายงาน")
    await citizen.taps("consent:yes")
    assert "เลขที่รับเรื่อง" in (await citizen.says(STORY)).text
    for other in (OnTelegram(house), InBrowser(house)):
        await other.says(STORY)
    member = OnLine(house, "Uhub")
    await member.says(f"ศูนย์ {code}")
    await member.taps("hub:join:yes")
    await house.line.send(*(house.line.text_event("Uhub", text) for text in brought(12)))
    await settled(house)
    table = next(each for each in house.line.answers if "ดูให้แล้ว 12 ข้อความ" in each.text)
    link = re.search(r"/hub/table/([^/]+)\.csv", presses(table, "ตารางเป็นไฟล์ CSV"))
    partner = await program(house, name="ธนาคารตัวอย่าง")
    filed = await partner.post("/reports", {"text": STORY, "consent": True})
    assert link and filed.status == 201
    async with at_desk(house, Role.ADMIN, "Prija") as admin:
        cookie = admin.cookie()
        taken = await admin.send("/desk/case/2/take", page="/desk/case/2")
        assert taken.status == 200 and "in review" in taken.words
    officials = officials_of(house)
    invited = await officials.add("Malinee", Role.READER, "operator", Language.ENGLISH)
    await officials.choose(invited.token, PASSWORD)
    book = Bulletins(house.bot.store.foundation)
    async with asyncio.timeout(60):
        while {each.state for each in await book.newest()} != {State.SENT}:  # noqa: ASYNC110 - the book tells nobody
            await asyncio.sleep(0.05)
    await settled(house)
    page = house.bot.store.hubs.page_token(1, NOW + timedelta(days=1))
    return Planted(cookie, partner.key, invited.token, page, link[1], filed.body["number"])


@asynccontextmanager
async def both(
    folder: Path, url: str, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[House, House, Planted]]:
    """The same house over PostgreSQL and over SQLite, at one and the same moment."""
    clock = Calendar(NOW)
    monkeypatch.setattr("bot.app.SystemClock", lambda: clock)
    code = await planted_before(url, knowledge, clock)
    port, copied = free_port(), f"sqlite:///{folder}/copy.db"
    given = {"secret_key": SECRET, "public_url": f"http://127.0.0.1:{port}"}
    clock.runs()
    async with house_of(folder, database_url=url, port=port, **given) as house:
        planted = await lived_in(house, code)
    clock.stands()
    await asyncio.to_thread(copy, url, copied, [SECRET], lambda *told: None)
    async with (
        house_of(folder, database_url=url, **given) as there,
        house_of(folder, database_url=copied, **given) as here,
    ):
        yield there, here, planted


# --- what can be asked -----------------------------------------------------------------------------------------------
def readable(app: FastAPI) -> set[str]:
    """Every path that answers a GET."""
    pages = {page.path for page in app.state.desk.pages if page.method == "GET"}
    return pages | set(_readable(app.router.routes))


def _readable(routes: Any, prefix: str = "") -> Iterator[str]:
    for route in routes:
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from _readable(inner.routes, prefix + route.include_context.prefix)
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield prefix + route.path


def holes(planted: Planted, campaign: str) -> dict[str, str]:
    """What is written into the hole of a path, by what stands before it; the rest is the first of its kind."""
    return {
        "/api/v1/alerts/": "2", "/api/v1/entries/": ENTRY, "/api/v1/reports/": planted.number,
        "/bulletins/feed.": "atom", "/bulletins/": NOVEMBER.text, f"/bulletins/{NOVEMBER.text}/": "radio.txt",
        "/desk/bulletins/1/materials/": "figures.csv", "/desk/knowledge/new/": "entry", "/desk/knowledge/": "entry",
        "/desk/knowledge/entry/": ENTRY, "/desk/welcome/": planted.welcome, "/feeds/warnings.": "atom",
        "/feeds/misp/agencies/": "manifest.json", "/hub/page/": planted.hub_page, "/hub/table/": planted.hub_table,
        f"/hub/table/{planted.hub_table}.": "csv", "/open-data/": "rutan-monthly.csv", "/results/": "2026-Q4",
        "/results/2026-Q4/": "en", "/taxii2/warnings/collections/": "agencies", "/taxii2/": "nothing/",
        OBJECTS: campaign,
    }  # fmt: skip


NAMED = {"{reach}": "agencies", "{name}": "manifest.json"}
ASKED = {"/api/v1/directory/lookup": "?kind=domain&value=thailandpost.co.th"}
# Other ways to look at the same, each with a query of its own.
MORE = (
    *(f"/desk/queue?view={view}" for view in View), *(f"/desk/queue?sort={sort}" for sort in Sort),
    "/desk/case/2", "/desk/trends?month=2026-11", "/desk/knowledge?q=พัสดุ", "/desk/knowledge/draft/1?lang=th",
    "/api/v1/alerts?since=2026-12-01T00:00:00Z", f"{OBJECTS}?limit=7", f"{OBJECTS}?match[type]=indicator",
    f"{OBJECTS}?added_after=2026-11-01T00:00:00.000Z&match[version]=first", "/feeds/warnings.json?lang=th",
    "/bulletins/feed.rss", "/bulletins/alert-2?lang=th", "/results/2026-Q3", "/results?lang=th", "/score?lang=th",
    "/open-data/rutan-2026-11.json", "/open-data/rutan-open-data.db", "/warnings?lang=th",
)  # fmt: skip
# Whatever else is readable answers 200.
OTHERWISE = {
    "/chat/news": 204,
    "/desk/sign-in": 303,
    "/desk/knowledge/{kind}/{name}/change": 303,
    "/taxii2/{rest:path}": 404,
}
# Drawn or compiled by processes beside the house, from what other pages show as well.
DRAWN = {
    "/bulletins/{issue}/{name}",
    "/desk/knowledge/export",
    "/desk/takedowns/{id}/package.zip",
    "/results/{quarter}/{language:str}.pdf",
}
# What of the story is seen where.
SHOWN = {
    "/api/v1/alerts": '"id":2',
    "/api/v1/reports/{number}": '"in_review"',
    "/api/v1/trends": '"name":"asked","count":30',
    "/bulletins": "November 2026",
    "/bulletins/{issue}": "1,234",
    "/bulletins/feed.{form}": "/bulletins/alert-2#2.1",
    "/desk": "9 Dec 2026 14 11 3 2",
    "/desk/bulletins": "Ann, Ben",
    "/desk/campaigns": "Anong",
    "/desk/case/{id}": "parcel-pay-th[.]example",
    "/desk/hubs": NAME,
    "/desk/hubs/{id}": NAME,
    "/desk/knowledge/draft/{id}": "A parcel that is not there",
    "/desk/people": "ธนาคารตัวอย่าง",
    "/desk/queue": "ให้โอนค่าปรับก่อนสี่โมงเย็น",
    "/desk/takedowns": "RT-TD-00001",
    "/desk/takedowns/{id}": "Registrar of .example",
    "/desk/trends.csv": ",14,30,asked_in_month",
    "/feeds/warnings.{form}": "parcel-pay-th[.]example",
    "/feeds/misp/{reach}/{name}": "Parcel held",
    "/hub/page/{token}": NAME,
    "/hub/table/{token}.{ending}": "thailandpost-fee",
    "/open-data": "November 2026",
    "/open-data/{name}": "2026-11,total,asked,",
    "/results": "Community hubs at the end 1",
    "/results/{quarter}.json": '"hubs_open":1',
    "/score": "14 30",
    OBJECTS.replace("agencies", "{collection}"): "0820001234",
    "/warnings": "@parcel-help",
}
# What is new each time it is asked for: proofs and sealed words in forms, and when a feed was made.
FRESH = re.compile(
    r'(?<=name="csrf" value=")[^"]+|(?<=name="history" value=")[^"]+|<updated>[^<]+</updated><author>|<lastBuildDate>[^<]+'
)


@dataclass(frozen=True)
class Said:
    """An answer, without what is new each time."""

    status: int
    kind: str
    body: bytes

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.body.decode(errors="replace")))


class Walk:
    """A visitor who may see everything and asks two houses the same."""

    def __init__(self, http: aiohttp.ClientSession, houses: tuple[House, House], planted: Planted) -> None:
        self._http = http
        self._houses = houses
        self._headers = {
            "Cookie": f"rutan_desk={planted.cookie}",
            "Authorization": f"Bearer {planted.key}",
            "Accept-Language": "en",
        }

    async def ask(self, address: str) -> tuple[Said, Said]:
        there, here = [await self._said(house, address) for house in self._houses]
        return there, here

    async def _said(self, house: House, address: str) -> Said:
        async with self._http.get(house.url + address, headers=self._headers, allow_redirects=False) as answer:
            body, kind = await answer.read(), answer.headers.get("Content-Type", "")
        if address == "/metrics":
            # What is measured, and not how much of it in which of the two.
            body = b"\n".join(line.rpartition(b" ")[0] for line in body.splitlines())
        elif "html" in kind or "xml" in kind:
            body = FRESH.sub("", body.decode()).encode()
        return Said(answer.status, kind, body)


@asynccontextmanager
async def walk(*given: Any) -> AsyncIterator[tuple[Walk, FastAPI, dict[str, str]]]:
    async with (
        both(*given) as (there, here, planted),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        them = Walk(http, (there, here), planted)
        campaign = re.search(
            r'"(campaign--[^"]+)"', (await them.ask(f"{OBJECTS}?match[type]=campaign"))[0].body.decode()
        )
        assert campaign
        yield them, APPLICATIONS[there.bot], holes(planted, campaign[1])


def filled(path: str, holes: Mapping[str, str]) -> str:
    while hole := re.search(r"{[^}]+}", path):
        chosen = holes.get(path[: hole.start()]) or NAMED.get(hole[0], "1")
        path = path[: hole.start()] + chosen + path[hole.end() :]
    return path + ASKED.get(path, "")


@pytest.mark.slow
async def test_everything_is_answered_from_postgresql_and_the_same_from_sqlite(
    tmp_path: Path, postgres_url: str, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk(tmp_path, postgres_url, knowledge, monkeypatch) as (them, app, holes):
        every = readable(app)
        assert len(every) > 70 and {*SHOWN, *OTHERWISE, *DRAWN} <= every
        wrong: dict[str, object] = {}
        for path in sorted(every - DRAWN):
            there, here = await them.ask(filled(path, holes))
            if there.status != OTHERWISE.get(path, 200) or (shown := SHOWN.get(path, "")) not in there.words + str(
                there.body
            ):
                wrong[path] = (there.status, shown, there.words[:600])
            elif there != here:
                wrong[path] = differing(there, here)
        for address in MORE:
            there, here = await them.ask(address)
            if (there.status, there) != (200, here):
                wrong[address] = (there.status, differing(there, here))
        assert wrong == {}


def differing(one: Said, other: Said) -> object:
    """Where the two part."""
    if one.body == other.body:
        return one.status, other.status, one.kind, other.kind
    at = next((n for n, pair in enumerate(zip(one.body, other.body, strict=False)) if pair[0] != pair[1]), 0)
    return tuple(each.body[max(at - 80, 0) : at + 80].decode(errors="replace") for each in (one, other))


@pytest.mark.slow
async def test_what_is_drawn_from_postgresql_is_drawn_from_sqlite_byte_by_byte(
    tmp_path: Path, postgres_url: str, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk(tmp_path, postgres_url, knowledge, monkeypatch) as (them, _, holes):
        for path in sorted(DRAWN):
            there, here = await them.ask(filled(path, holes))
            assert there.status == 200 and there.body, path
            assert there == here, path
