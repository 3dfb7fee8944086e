"""Bulletins at the desk: drafted, looked at, signed by two in two browsers, ordered, followed."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack

import pytest
from browsing import faults
from bulletin_cast import OCTOBER, add_subscribers, figures
from conftest import House
from desk_cast import DESKTOP, PHONE, WIDER, Visitor, at_desk, desk_page
from doubles import Fault
from store_cast import rows

from bot.store.bulletins import Body, Bulletins
from content.models import Language
from handlers.officials import Role
from scheduler.drafting import composed


def version(text: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', text)
    assert found is not None
    return found[1]


async def drafted(editor: Visitor, house: House) -> str:
    """A draft of this month; its path."""
    month = house.bot.store.foundation.today().strftime("%Y-%m")
    seen = await editor.send("/desk/bulletins/draft", {"month": month})
    assert seen.status == 200 and "Drafted" in seen.words
    return seen.url


async def two(house: House, stack: AsyncExitStack) -> tuple[Visitor, Visitor]:
    editor = await stack.enter_async_context(at_desk(house, Role.EDITOR, "Ann"))
    approver = await stack.enter_async_context(at_desk(house, Role.APPROVER, "Ben"))
    return editor, approver


async def test_a_bulletin_is_drafted_signed_by_two_ordered_and_followed(house):
    url = house.settings.database_url
    add_subscribers(url, "line", 3)
    add_subscribers(url, "telegram", 2)
    async with AsyncExitStack() as stack:
        editor, approver = await two(house, stack)
        path = await drafted(editor, house)
        page = await editor.get(path)
        assert "Now it would go to 5 people and cost 3 LINE messages" in page.words
        assert "so far" in page.words and "ถึงขณะนี้" in page.words
        seen = await editor.send(f"{path}/sign", {"version": version(page.text)}, page=path)
        assert "You have signed." in seen.words
        refused = await approver.send(f"{path}/sign", {"version": "1"}, page=path)
        assert refused.status == 422 and "Write a reason before you sign" in refused.words
        seen = await approver.send(f"{path}/sign", {"version": "1", "remark": "scams go on"}, page=path)
        assert seen.status == 200
        seen = await approver.send(f"{path}/order", {"part": "all", "at": "", "wakes": "1"}, page=path)
        assert seen.status == 200 and "Ordered" in seen.words, seen.words
        await house.line.until_called("multicast")
        for _ in range(600):
            page = await approver.get(path)
            if "100% of 5: 5 sent, 0 failed, 0 skipped, 0 waiting" in page.words:
                break
            await asyncio.sleep(0.1)
        assert "100% of 5: 5 sent" in page.words
    assert not house.line.violations and not house.telegram.violations


async def ready(editor: Visitor, approver: Visitor, house: House) -> str:
    """A bulletin of this month that two have signed; its path."""
    path = await drafted(editor, house)
    await editor.send(f"{path}/sign", {"version": "1"}, page=path)
    await approver.send(f"{path}/sign", {"version": "1", "remark": "scams go on"}, page=path)
    return path


async def test_before_it_is_ordered_the_desk_shows_quota_used_left_and_what_this_part_costs(house):
    url = house.settings.database_url
    add_subscribers(url, "line", 3)
    add_subscribers(url, "line", 2, language="en", begin=10)
    add_subscribers(url, "telegram", 2)
    house.line.quota, house.line.pushed = 14, 10
    async with AsyncExitStack() as stack:
        editor, approver = await two(house, stack)
        path = await ready(editor, approver, house)
        page = await approver.get(path)
        assert "First choose to whom" in page.words and f"{path.removeprefix(house.url)}/order" not in page.text
        dear = await approver.get(f"{path}?part=all")
        assert "LINE's quota this month 14 Used so far 10 Left 4 This one costs 5" in dear.words, dear.words
        assert "1 messages too small" in dear.words and "/order" not in dear.text
        part = await approver.get(f"{path}?part=language:th")
        assert "If it goes to: Thai only" in part.words and "Left 4 This one costs 3" in part.words
        assert "1 messages are left after it" in part.words
        refused = await approver.send(f"{path}/order", {"part": "all", "wakes": "1"}, page=path)
        assert refused.status == 409 and "Left 4 This one costs 5" in refused.words
        assert '<input type="hidden" name="part" value="language:th">' in part.text
        ordered = await approver.send(f"{path}/order", {"part": "language:th", "wakes": "1"}, page=path)
        assert ordered.status == 200 and "Ordered" in ordered.words
    assert not house.line.violations


async def test_the_desk_says_that_line_cannot_be_asked_and_that_a_part_is_none(house):
    add_subscribers(house.settings.database_url, "line", 3)
    async with AsyncExitStack() as stack:
        editor, approver = await two(house, stack)
        path = await ready(editor, approver, house)
        house.line.fault(Fault(status=500, only="quota"))
        silent = await approver.get(f"{path}?part=all")
        assert silent.status == 200 and "LINE does not tell its quota at the moment" in silent.words
        assert "cost 3 LINE messages" in silent.words and "/order" not in silent.text
        endless = await approver.get(f"{path}?part=all")
        assert "LINE's quota this month no limit" in endless.words and "/order" in endless.text
        assert (await approver.get(f"{path}?part=everybody")).status == 422
        asked = len(house.line.called("quota"))
        reader = await stack.enter_async_context(at_desk(house, Role.READER, "Cat"))
        assert (await reader.get(f"{path}?part=all")).status == 200 and len(house.line.called("quota")) == asked


async def test_a_line_that_is_taken_out_leaves_the_others_their_sources(house):
    bulletins = Bulletins(house.bot.store.foundation)
    body = Body(composed(figures(), house.bot.ports.knowledge, house.settings.timezone), figures())
    id = await bulletins.draft(OCTOBER, body, "operator")
    before = (await bulletins.get(id)).text(Language.THAI)
    kept = before.figures[1:]
    path = f"/desk/bulletins/{id}"
    async with at_desk(house, Role.EDITOR, "Ann") as editor:
        form = {"version": "1", "figures_th": "\r\n".join(each.text for each in kept)}
        assert (await editor.send(f"{path}/edit", form, page=path)).status == 200
    after = (await bulletins.get(id)).text(Language.THAI)
    assert after.figures == kept and len({each.source for each in kept}) > 1


async def test_the_same_person_is_told_that_another_must_sign(house):
    async with AsyncExitStack() as stack:
        editor, _ = await two(house, stack)
        path = await drafted(editor, house)
        await editor.send(f"{path}/sign", {"version": "1"}, page=path)
        seen = await editor.send(f"{path}/sign", {"version": "1"}, page=path)
        assert seen.status == 409 and "two different people sign" in seen.words


async def test_a_changed_word_undoes_the_signatures_and_loses_nobodys_text(house):
    async with AsyncExitStack() as stack:
        editor, approver = await two(house, stack)
        path = await drafted(editor, house)
        await editor.send(f"{path}/sign", {"version": "1"}, page=path)
        form = {"version": "1", "context_th": "ตำรวจเตือนเรื่องนี้", "context_en": "The police warn of this"}
        seen = await editor.send(f"{path}/edit", form, page=path)
        assert "Nobody has signed yet" in seen.words and "The police warn of this" in seen.words
        late = {"version": "1", "context_th": "อีกคนเขียน", "context_en": "Somebody else wrote <b>this</b>"}
        refused = await approver.send(f"{path}/edit", late, page=path)
        assert refused.status == 409 and "Somebody changed it before you" in refused.words
        assert "Somebody else wrote &lt;b&gt;this&lt;/b&gt;" in refused.text
        stale = await approver.send(f"{path}/sign", {"version": "1"}, page=path)
        assert stale.status == 409


async def test_a_reader_looks_and_does_nothing_and_an_editor_orders_nothing(house):
    async with AsyncExitStack() as stack:
        editor, _ = await two(house, stack)
        path = await drafted(editor, house)
        reader = await stack.enter_async_context(at_desk(house, Role.READER, "Cat"))
        page = await reader.get(path)
        assert page.status == 200 and '<form method="post" action="/desk/bulletins' not in page.text
        for what in ("edit", "sign", "order", "test", "do"):
            assert (await reader.send(f"{path}/{what}", {"version": "1"})).status == 403
        assert (await editor.send(f"{path}/order", {"part": "all"}, page=path)).status == 403
        assert (await editor.send(f"{path}/do", {"do": "resume"}, page=path)).status == 403


async def test_the_preview_is_made_of_the_messages_that_are_sent(house):
    async with AsyncExitStack() as stack:
        editor, _ = await two(house, stack)
        path = await drafted(editor, house)
        seen = await editor.send(f"{path}/test", {"platform": "telegram", "chat": "4242", "language": "en"}, page=path)
        assert "The test is on its way" in seen.words
        answer = await house.telegram.next_answer(0, "4242")
        page = await editor.get(path)
        for part in answer.messages[0]["text"].split("\n\n")[:4]:
            assert part.split("\n")[-1] in page.words.replace(" .", "."), part
        assert rows(house.settings.database_url, "deliveries") == []


async def test_an_alert_is_drafted_and_cancelled(house):
    async with AsyncExitStack() as stack:
        editor, _ = await two(house, stack)
        seen = await editor.send("/desk/bulletins/alert", {"entry": "parcel-fee-link"})
        assert seen.status == 200 and "Urgent warning" in seen.words
        seen = await editor.send(f"{seen.url}/do", {"do": "cancel"}, page=seen.url)
        assert "It is cancelled" in seen.words
        again = await editor.send(f"{seen.url}/do", {"do": "cancel"}, page="/desk/me")
        assert again.status == 409 and "Not at this stage" in again.words


@pytest.mark.parametrize("path", ["/desk/bulletins/999", "/desk/bulletins/x", "/desk/bulletins/99999999999999999999"])
async def test_a_bulletin_that_is_not_there_is_not_found(house, path):
    async with at_desk(house, Role.READER) as reader:
        assert (await reader.get(path)).status == 404


@pytest.mark.browser
@pytest.mark.parametrize("language", list(Language))
async def test_the_pages_are_accessible_and_fit_a_phone(house, browser, axe, language):
    add_subscribers(house.settings.database_url, "line", 3)
    house.line.quota = 2
    async with AsyncExitStack() as stack:
        editor, approver = await two(house, stack)
        where = (await ready(editor, approver, house)).removeprefix(house.url)
    for size in (DESKTOP, PHONE):
        for path in ("/desk/bulletins", where, f"{where}?part=all", f"{where}?part=language:en"):
            name = f"{language}{size['width']}{len(path)}"
            async with desk_page(browser, house, Role.APPROVER, path, size=size, language=language, name=name) as page:
                assert await faults(page, axe) == []
                whole, seen = await page.evaluate(WIDER)
                assert whole <= seen
