"""The public pages of the bulletins over a real server: what is public, what is not, materials and feeds."""

from __future__ import annotations

import asyncio
import re
from xml.etree import ElementTree

import pytest
from bulletin_cast import OCTOBER, TABLES, add_officials, figures

from bot.store.bulletins import Body, Bulletins
from handlers.officials import Role
from scheduler.bulletins import Kind, Part
from scheduler.drafting import composed

SAFE = re.compile(r"ปลอดภัย|\bsafe(?:ly)?\b", re.IGNORECASE)
ATOM = "{http://www.w3.org/2005/Atom}"


async def sent(house, knowledge, *, context: str = "", **more) -> int:
    """A bulletin of October, signed by two, sent to nobody in particular; its id."""
    from dataclasses import replace
    from zoneinfo import ZoneInfo

    book = Bulletins(house.bot.store.foundation)
    counted = figures(tables=TABLES)
    content = composed(counted, knowledge, ZoneInfo("Asia/Bangkok"))
    content = {language: replace(text, context=context) for language, text in content.items()}
    number = await book.draft(OCTOBER, Body(content, counted), "house", **more)
    for name in ("Malee", "Anong"):
        await book.sign(number, name)
    bulletin = await book.get(number)
    plan = await book.plan(bulletin, Part())
    await book.schedule(number, house.bot.ports.clock.now(), Part(), plan, "Malee")
    for _ in range(1_200):
        if (await book.get(number)).state == "sent":
            return number
        await asyncio.sleep(0.05)
    raise AssertionError("the bulletin was not sent")


@pytest.fixture
def officials(house) -> None:
    add_officials(house.settings.database_url, [("Malee", Role.EDITOR), ("Anong", Role.APPROVER)])


async def page(house, path: str, status: int = 200) -> str:
    async with house.http.get(house.url + path) as answer:
        assert answer.status == status, path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return await answer.text()


async def test_a_draft_has_no_address_and_a_sent_one_has(house, knowledge, officials):
    counted = figures(tables=TABLES)
    from zoneinfo import ZoneInfo

    body = Body(composed(counted, knowledge, ZoneInfo("Asia/Bangkok")), counted)
    book = Bulletins(house.bot.store.foundation)
    draft = await book.draft(OCTOBER, body, "house")
    assert "2026-10" not in await page(house, "/bulletins?lang=en")
    await page(house, "/bulletins/2026-10", 404)
    await page(house, "/bulletins/2026-10/poster.pdf", 404)
    await book.cancel(draft, "Malee")
    await sent(house, knowledge)
    assert "/bulletins/2026-10" in await page(house, "/bulletins?lang=en")
    thai, english = await page(house, "/bulletins/2026-10?lang=th"), await page(house, "/bulletins/2026-10?lang=en")
    assert "ตุลาคม 2569" in thai and '<html lang="th">' in thai
    assert "October 2026" in english and "1441" in english
    for text in (thai, english):
        assert not SAFE.search(re.sub(r"<[^>]+>", " ", text))


@pytest.mark.slow
async def test_every_material_comes_as_what_it_is_in_both_languages(house, knowledge, officials):
    await sent(house, knowledge)
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF", ".txt": b"", ".csv": b"\xef\xbb\xbf"}
    found = set(re.findall(r'href="(/bulletins/2026-10/[^"?]+)', await page(house, "/bulletins/2026-10")))
    assert len(found) == 8
    for path in sorted(found):
        for language in ("th", "en"):
            async with house.http.get(f"{house.url}{path}?lang={language}") as answer:
                assert answer.status == 200, path
                body = await answer.read()
                ending = path[path.rindex(".") :]
                assert body.startswith(starts[ending]) and len(body) > 100
                assert "filename=" in answer.headers["Content-Disposition"]


async def test_a_correction_stands_where_the_wrong_one_stood_and_says_so(house, knowledge, officials):
    wrong = await sent(house, knowledge, context="first words")
    assert "first words" in await page(house, "/bulletins/2026-10?lang=en")
    await sent(house, knowledge, context="better words", kind=Kind.CORRECTION, corrects=wrong)
    shown = await page(house, "/bulletins/2026-10?lang=en")
    assert "better words" in shown and "first words" not in shown
    assert "Corrected on" in shown


async def test_the_feeds_are_well_formed_and_name_the_page(house, knowledge, officials):
    await sent(house, knowledge, context="<script>alert(1)</script> & more")
    atom = ElementTree.fromstring(await page(house, "/bulletins/feed.atom?lang=en"))
    (entry,) = atom.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}link").get("href") == f"{house.settings.public_url}/bulletins/2026-10?lang=en"
    assert entry.find(f"{ATOM}updated").text
    rss = ElementTree.fromstring(await page(house, "/bulletins/feed.rss?lang=th"))
    assert rss.find("channel/item/title").text.endswith("ตุลาคม 2569")
    await page(house, "/bulletins/feed.json", 404)
    assert "<script>alert" not in await page(house, "/bulletins/2026-10?lang=en")


async def test_odd_addresses_cost_nothing(house, knowledge, officials):
    await sent(house, knowledge)
    for path in (
        "/bulletins/2026-13",
        "/bulletins/..%2f..%2fetc",
        "/bulletins/2026-10/%2e%2e%2fsecret",
        "/bulletins/2026-10/x.pdf",
    ):
        async with house.http.get(house.url + path) as answer:
            assert answer.status == 404, path
