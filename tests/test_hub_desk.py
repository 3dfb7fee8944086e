"""Hubs at the desk: the list, one hub, its card, its codes; who may do what."""

from __future__ import annotations

import asyncio
import re

import pytest
from browsing import faults
from conftest import House
from desk_cast import DESKTOP, PHONE, at_desk, desk_page
from hub_cast import HUB, NAME, open_hub

from content.loading import Knowledge
from content.models import Language, ScamType
from handlers.hub_playbook import to_write_down
from handlers.messages import Account, Platform
from handlers.officials import Role
from handlers.wording import Voice


async def test_a_reader_sees_a_hub_its_card_and_its_playbook(house: House) -> None:
    await open_hub(house)
    async with at_desk(house, Role.READER) as reader:
        assert NAME in (await reader.get("/desk/hubs")).text
        page = await reader.get("/desk/hubs/1")
        assert (
            "Write down together" in page.words
            and "Whether an account, a SIM or an ID card was handed over" in page.words
        )
        assert page.status == 200 and HUB.place in page.text and "Playbook" in page.words
        assert "Make a new code" not in page.words and "Change what is known" not in page.words
        card = await reader.get("/desk/hubs/1/card")
        assert "1441" in card.words and "Who to call for what" in card.words and "แล้วโทร 1441" in card.words
        for path in ("/desk/hubs/2", "/desk/hubs/x", "/desk/hubs/99999999999999999999"):
            assert (await reader.get(path)).status == 404


def test_what_to_write_down_is_told_for_every_type(knowledge: Knowledge) -> None:
    for language in Language:
        voice = Voice(knowledge, language)
        common = to_write_down(ScamType.OTHER, voice)
        for kind in set(ScamType) - {ScamType.OTHER}:
            told = to_write_down(kind, voice)
            assert told[: len(common)] == common and len(told) > len(common), kind


async def test_an_editor_puts_right_whom_to_turn_to(house: House) -> None:
    await open_hub(house)
    async with at_desk(house, Role.EDITOR) as editor:
        form = {"place": "ศาลาใหม่", "province": "khon-kaen", "hours": "", "languages": "", "escalation": "ผู้ใหญ่บ้านก่อน"}
        await editor.get("/desk/hubs/1")
        await editor.send("/desk/hubs/1/edit", form)
        assert "ผู้ใหญ่บ้านก่อน" in (await editor.get("/desk/hubs/1/card")).words
        refused = await editor.send("/desk/hubs/1/code", {"role": "lead"})
        assert refused.status == 403
    hub = await house.bot.store.hubs.hub(1)
    assert hub is not None and (hub.name, hub.place, hub.province) == (NAME, "ศาลาใหม่", "khon-kaen")


async def test_a_code_comes_with_links_that_bring_it(house: House) -> None:
    async with asyncio.timeout(30):
        while len(house.bot.ports.accounts) < 2:  # noqa: ASYNC110 - both platforms say what we are called; nobody tells when
            await asyncio.sleep(0.05)
    house.bot.ports.accounts[Platform.TELEGRAM] = Account("https://t.me/rutan_test_bot")
    house.bot.ports.accounts[Platform.LINE] = Account("https://line.me/R/ti/p/%40rutan")
    async with at_desk(house, Role.ADMIN) as admin:
        await admin.get("/desk/hubs")
        added = await admin.send("/desk/hubs/add", {"name": "ศูนย์ทดลอง"})
    code = re.search(r"/hub ([A-Z2-9]{4}-[A-Z2-9]{4})", added.words).group(1)
    assert f"https://t.me/rutan_test_bot?start=hub-{code.replace('-', '')}" in added.text
    assert f"https://line.me/R/oaMessage/%40rutan/?/hub%20{code}" in added.text


async def test_an_admin_adds_a_hub_and_makes_codes(house: House) -> None:
    async with at_desk(house, Role.ADMIN) as admin:
        await admin.get("/desk/hubs")
        added = await admin.send("/desk/hubs/add", {"name": "<b>ศูนย์</b> ทดลอง", "place": "ที่วัด"})
        assert re.search(r"/hub [A-Z2-9]{4}-[A-Z2-9]{4}", added.words) and "<b>ศูนย์" not in added.text
        await admin.get("/desk/hubs/1")
        code = await admin.send("/desk/hubs/1/code", {"role": "lead"})
        assert re.search(r"/hub [A-Z2-9]{4}-[A-Z2-9]{4}", code.words)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "language"), [(PHONE, Language.THAI), (DESKTOP, Language.ENGLISH)], ids=["phone", "desktop"]
)
async def test_no_page_of_the_hubs_shuts_anybody_out(house, browser, axe, size, language) -> None:
    await open_hub(house)
    async with desk_page(browser, house, Role.ADMIN, "/desk/hubs", language=language, size=size) as page:
        for path in ("/desk/hubs", "/desk/hubs/1", "/desk/hubs/1/card", "/desk/people", "/bulletins"):
            await page.goto(house.url + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            assert await faults(page, axe) == [], path
