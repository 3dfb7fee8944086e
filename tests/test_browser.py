"""The web chat in a real browser, as somebody frightened meets it: on a small phone, by keyboard, without JavaScript.

The pictures in `docs/images/` are written anew by

    RUTAN_IMAGES=write .venv/bin/python -m pytest tests/test_browser.py -k picture

Look at them before they are committed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, House
from playwright.async_api import Browser, Dialog, Page, Route, expect
from test_dialogue import ORDINARY, SCAM

from bot.store.case_numbers import valid_case_number

pytestmark = pytest.mark.browser

IMAGES = ROOT / "docs" / "images"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1100, "height": 800}
# How sure we are of it is the knowledge's business, and tested there.
WARNED = ("bubble rutan alarm", "bubble rutan caution")
LEAST_TOUCH = 44
LEAST_TYPE = 16
LEAST_CONTRAST = 4.5


@asynccontextmanager
async def visit(
    browser: Browser, house: House, path: str = "/?lang=th", *, size: dict[str, int] = PHONE, **given: Any
) -> AsyncIterator[Page]:
    """A page of a new visitor. Fails when the page complains on its console (a refused script, an error)."""
    complaints: list[str] = []
    context = await browser.new_context(viewport=size, **given)  # type: ignore[arg-type]
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    await page.goto(house.url + path)
    yield page
    await context.close()
    assert complaints == []


async def asks(page: Page, text: str) -> str:
    """Type, press Enter, and read the whole answer."""
    before = await page.locator("article").count()
    await page.fill("#text", text)
    await page.press("#text", "Enter")
    return await _next_answer(page, before)


async def taps(page: Page, label: str) -> str:
    """Press the newest button of this name and read the answer."""
    before = await page.locator("article").count()
    await page.get_by_role("button", name=label, exact=True).last.click()
    return await _next_answer(page, before)


async def _next_answer(page: Page, before: int) -> str:
    answer = page.locator("article").nth(before)
    await expect(answer).to_be_visible()
    return await answer.inner_text()


@asynccontextmanager
async def unanswered(page: Page) -> AsyncIterator[None]:
    """While this lasts nothing that the page sends is answered."""
    over = asyncio.Event()

    async def held(route: Route) -> None:
        await over.wait()
        await route.continue_()

    await page.route(re.compile(r"/chat\?"), held)
    try:
        yield
    finally:
        over.set()


async def seen_in_the_upper_half(page: Page, selector: str) -> None:
    """Waits until the browser has gone where the address points to: it may do so a moment after the page is there."""
    async with asyncio.timeout(30):
        while True:
            box = await page.locator(selector).bounding_box()
            if box is not None and 0 <= box["y"] < PHONE["height"] / 2:
                return
            await asyncio.sleep(0.05)


# --- the conversation ------------------------------------------------------------------------------------------------
@pytest.mark.quick
async def test_a_scam_is_named_and_1441_is_one_tap_away(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        answer = await asks(page, SCAM["th"])
        assert "ทำตอนนี้" in answer
        bubble = page.locator("article").last
        assert await bubble.get_attribute("class") in WARNED
        assert await bubble.get_by_role("link", name="โทร 1441").get_attribute("href") == "tel:1441"
        police = bubble.get_by_role("link", name="แจ้งความออนไลน์")
        assert await police.get_attribute("rel") == "noopener noreferrer"
        await expect(page.locator("#text")).to_have_value("")


async def test_an_ordinary_message_is_no_alarm_in_english_either(browser: Browser, house: House) -> None:
    async with visit(browser, house, "/?lang=en") as page:
        assert await page.get_attribute("html", "lang") == "en"
        assert "cannot confirm that it is genuine" in await asks(page, ORDINARY["en"])
        assert await page.locator("article").last.get_attribute("lang") == "en"
        thai = await asks(page, ORDINARY["th"])
        assert "ยืนยันไม่ได้ว่าเป็นของจริง" in thai
        assert await page.locator("article").last.get_attribute("lang") == "th"


async def test_the_browsers_language_is_the_pages(browser: Browser, house: House) -> None:
    async with visit(browser, house, "/", locale="en-GB") as page:
        assert await page.inner_text("h1") == "Rutan · Ask before you pay"
        await page.get_by_role("link", name="ไทย").click()
        await expect(page.locator("html")).to_have_attribute("lang", "th")


@pytest.mark.quick
async def test_a_report_by_buttons_ends_with_a_case_number(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        await asks(page, SCAM["th"])
        assert "ขออนุญาต" in await taps(page, "รายงานเรื่องนี้")
        done = await taps(page, "ยินยอม")
        assert valid_case_number(case_number(done))
        own = page.locator(".bubble.you")
        assert "ยินยอม" in await own.last.inner_text()


def case_number(text: str) -> str:
    return next(word for word in text.split() if word.startswith("RT-"))


async def test_the_one_question_is_settled_by_a_tap(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        asked = await asks(page, "http://lucky-gift-claim.example/r/8842")
        assert "เขาอยากให้คุณทำอะไร" in asked
        settled = await taps(page, "บอกรหัส / เลขบัตร")
        assert "เขาอยากให้คุณทำอะไร" not in settled
        assert "1441" in settled


async def test_two_quick_messages_get_an_answer_each_and_a_trembling_finger_only_one(
    browser: Browser, house: House
) -> None:
    async with visit(browser, house) as page:
        for text in (SCAM["th"], ORDINARY["th"]):
            await page.fill("#text", text)
            await page.press("#text", "Enter")
        await expect(page.locator("article")).to_have_count(3)
        async with unanswered(page):
            await page.get_by_role("button", name="มีประโยชน์").last.dblclick()
        await expect(page.locator("article")).to_have_count(4)
        await page.wait_for_timeout(1500)
        assert await page.locator("article").count() == 4


async def test_markup_in_a_message_is_shown_as_text(browser: Browser, house: House) -> None:
    nasty = (
        "<script>alert(1)</script><img src=x onerror=alert(2)><b>ด่วน</b> พัสดุตกค้าง กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example"
    )
    opened: list[str] = []

    async def dismiss(dialog: Dialog) -> None:
        opened.append(dialog.message)
        await dialog.dismiss()

    for javascript in (True, False):
        async with visit(browser, house, java_script_enabled=javascript) as page:
            page.on("dialog", dismiss)
            if javascript:
                await asks(page, nasty)
            else:
                await page.fill("#text", nasty)
                await page.click(".send")
            assert nasty in await page.locator(".bubble.you").last.inner_text()
            assert await page.locator("#talk img, #talk script, #talk b").count() == 0
    assert opened == []


async def test_when_the_server_is_gone_the_page_says_so_and_keeps_the_words(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        await page.context.set_offline(True)
        assert "ส่งไม่ได้" in await asks(page, "ข้อความที่ส่งไม่ออก")
        assert await page.locator("article").last.get_by_role("link").get_attribute("href") == "tel:1441"
        await expect(page.locator("#text")).to_have_value("ข้อความที่ส่งไม่ออก")
        await page.context.set_offline(False)
        await page.click(".send")
        await expect(page.locator("article")).to_have_count(3)
        assert "ส่งไม่ได้" not in await page.locator("article").last.inner_text()


@pytest.mark.quick
async def test_without_javascript_the_same_dialogue_leads_to_a_case_number(browser: Browser, house: House) -> None:
    async with visit(browser, house, java_script_enabled=False) as page:
        await page.fill("#text", SCAM["th"])
        await page.click(".send")
        await expect(page.locator("#latest")).to_contain_text("ทำตอนนี้")
        await seen_in_the_upper_half(page, "#latest h2")
        await page.get_by_role("button", name="รายงานเรื่องนี้").last.click()
        await expect(page.locator("#latest")).to_contain_text("ขออนุญาต")
        assert "รายงานเรื่องนี้" in await page.locator(".bubble.you").last.inner_text()
        await page.get_by_role("button", name="ยินยอม", exact=True).click()
        await expect(page.locator("#latest")).to_contain_text("RT-")
        assert valid_case_number(case_number(await page.locator("#latest").inner_text()))
        assert SCAM["th"] in await page.locator(".bubble.you").first.inner_text()


# --- keyboard and screen reader --------------------------------------------------------------------------------------
FOCUSED = "() => document.activeElement.id || document.activeElement.textContent.trim()"


async def test_everything_can_be_done_by_keyboard(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        await page.keyboard.press("Tab")
        skip = page.locator(".skip")
        await expect(skip).to_be_focused()
        box = await skip.bounding_box()
        assert box is not None and box["x"] >= 0
        await page.keyboard.press("Enter")
        await expect(page.locator("#text")).to_be_focused()
        await page.keyboard.type("บรรทัดหนึ่ง")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("บรรทัดสอง")
        await expect(page.locator("#text")).to_have_value("บรรทัดหนึ่ง\nบรรทัดสอง")
        await page.keyboard.press("Enter")
        await _next_answer(page, 1)
        await expect(page.locator("article").last).to_be_focused()
        await page.keyboard.press("Tab")
        assert await page.evaluate(FOCUSED) == "โทร 1441"
        outline = await page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"


async def test_the_tab_order_is_the_reading_order_and_nothing_focused_is_covered(
    browser: Browser, house: House
) -> None:
    async with visit(browser, house) as page:
        await asks(page, SCAM["th"])
        await page.locator(".skip").focus()
        seen, covered = [], []
        while (here := await page.evaluate(FOCUSED)) != "text":
            seen.append(here)
            if await page.evaluate(COVERED):
                covered.append(here)
            await page.keyboard.press("Tab")
        assert seen[:3] == ["ข้ามไปช่องพิมพ์", "ไทย", "English"]
        assert seen[-2:] == ["เตือนคนอื่น", "คนที่ไว้ใจ"]
        assert covered == []
        await page.keyboard.press("Tab")
        await expect(page.locator(".send")).to_be_focused()


COVERED = """() => {
  const box = document.activeElement.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !(top && (top === document.activeElement || document.activeElement.contains(top)));
}"""


async def test_a_screen_reader_hears_an_answer_once(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        assert await page.locator("#talk[aria-live], #talk[role=log], main [aria-live]").count() == 0
        await asks(page, SCAM["th"])
        answer = page.locator("article").last
        await expect(answer).to_be_focused()
        label = await answer.get_attribute("aria-label") or ""
        assert await answer.locator("h2").inner_text() in label and "อย่า" in label
        assert await page.inner_text("#status") == ""
        # Somebody who is typing the next question keeps the focus; then the status line reads the answer.
        await page.fill("#text", ORDINARY["th"])
        async with unanswered(page):
            await page.press("#text", "Enter")
            await page.locator("#text").press_sequentially("อีก")
        await _next_answer(page, 2)
        await expect(page.locator("#text")).to_be_focused()
        assert await page.inner_text("#status") == await page.locator("article").last.get_attribute("aria-label")


async def test_landmarks_headings_and_labels_are_in_order(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        await asks(page, SCAM["th"])
        levels = await page.evaluate("() => [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
        for role in ("banner", "navigation", "main", "contentinfo"):
            await expect(page.get_by_role(role)).to_have_count(1)  # type: ignore[arg-type]
        await expect(page.get_by_label("ข้อความที่สงสัย")).to_have_id("text")
        await expect(page.get_by_label("ส่งรูปหน้าจอ")).to_have_id("picture")
        nameless = "() => [...document.querySelectorAll('a,button')].filter(b => !b.textContent.trim()).length"
        assert await page.evaluate(nameless) == 0


# --- for the eyes and the fingers ------------------------------------------------------------------------------------
LONG = "กรุณา" + "โอนเงินค่าธรรมเนียมศุลกากรโดยด่วนที่สุดมิฉะนั้นพัสดุของท่านจะถูกตีกลับทันที" * 4 + " https://" + "a" * 120 + ".example"
MEASURED = """() => {
  const sum = (c) => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor);
                          if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const seen = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('.unseen,.skip')
    && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  return seen.map(e => { const s = getComputedStyle(e); const a = sum(numbers(s.color).slice(0, 3)), b = sum(behind(e));
    return { words: e.textContent.trim().slice(0, 30), size: parseFloat(s.fontSize),
             contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }; });
}"""
TOUCHED = """() => [...document.querySelectorAll('a:not(.skip), button, textarea')].map(e => [e.textContent.trim(), e.getBoundingClientRect().height])"""


@pytest.mark.parametrize("path", ["/?lang=th", "/?lang=en"])
@pytest.mark.parametrize("width", [320, 360])
async def test_on_a_small_phone_nothing_is_cut_small_or_faint(
    browser: Browser, house: House, path: str, width: int
) -> None:
    async with visit(browser, house, path, size={"width": width, "height": 640}) as page:
        for text in (SCAM["th"], ORDINARY["en"], LONG, "โอนเงินไปแล้ว"):
            await asks(page, text)
        wide = await page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1], "the page scrolls sideways"
        cut = "() => [...document.querySelectorAll('body *')].filter(e => !e.closest('.unseen,.skip') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline').map(e => e.outerHTML.slice(0, 80))"
        assert await page.evaluate(cut) == []
        low = [(words, height) for words, height in await page.evaluate(TOUCHED) if height < LEAST_TOUCH]
        assert low == []
        measured = await page.evaluate(MEASURED)
        assert len(measured) > 30
        assert [each for each in measured if each["size"] < LEAST_TYPE] == []
        assert [each for each in measured if each["contrast"] < LEAST_CONTRAST] == []


async def test_the_answer_begins_where_the_eye_is(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        await asks(page, SCAM["th"])
        head = await page.locator("article").last.locator("h2").bounding_box()
        assert head is not None and 0 <= head["y"] < 60
        form = await page.locator("#ask").bounding_box()
        assert form is not None and form["height"] <= PHONE["height"] / 4, "the box leaves room for the answer"


@pytest.mark.parametrize("path", ["/?lang=th", "/?lang=en"])
async def test_the_hint_in_the_box_is_seen_whole(browser: Browser, house: House, path: str) -> None:
    async with visit(browser, house, path) as page:
        await page.evaluate("() => { const t = document.getElementById('text'); t.value = t.placeholder; }")
        heights = await page.evaluate(
            "() => { const t = document.getElementById('text'); return [t.scrollHeight, t.clientHeight]; }"
        )
        assert heights[0] <= heights[1]


async def test_with_the_phones_keyboard_open_the_box_does_not_cover_the_page(browser: Browser, house: House) -> None:
    async with visit(browser, house, size={"width": 360, "height": 320}) as page:
        assert await page.evaluate("() => getComputedStyle(document.getElementById('ask')).position") == "static"


async def test_nothing_moves_by_itself(browser: Browser, house: House) -> None:
    async with visit(browser, house, reduced_motion="reduce") as page:
        await asks(page, SCAM["th"])
        moving = """() => document.getAnimations().length + [...document.querySelectorAll('*')].filter(e =>
          getComputedStyle(e).transitionDuration !== '0s' || getComputedStyle(e).scrollBehavior !== 'auto').length"""
        assert await page.evaluate(moving) == 0


async def test_thai_letters_have_a_font_and_lines_break_between_words(browser: Browser, house: House) -> None:
    async with visit(browser, house) as page:
        drawn = "() => document.fonts.check('18px Sarabun', 'กำลังดูให้')"
        assert json.dumps(await page.evaluate(drawn)) == "true"
        await asks(page, LONG)
        box = await page.locator(".bubble.you").last.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


# --- pictures --------------------------------------------------------------------------------------------------------
PICTURES = [
    ("webchat-360-th", "/?lang=th", PHONE, []),
    ("webchat-answer", "/?lang=th", PHONE, [SCAM["th"]]),
    ("webchat-paid-th", "/?lang=th", PHONE, ["โอนเงินไปแล้ว"]),
    ("webchat-desktop-en", "/?lang=en", DESKTOP, [SCAM["en"]]),
]


@pytest.mark.parametrize(("name", "path", "size", "said"), PICTURES, ids=[each[0] for each in PICTURES])
async def test_a_picture_of(
    browser: Browser, house: House, tmp_path: Path, name: str, path: str, size: dict[str, int], said: list[str]
) -> None:
    folder = IMAGES if os.environ.get("RUTAN_IMAGES") == "write" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    async with visit(browser, house, path, size=size, device_scale_factor=2 if size == PHONE else 1) as page:
        for text in said:
            await asks(page, text)
        file = folder / f"{name}.png"
        await page.screenshot(path=file)
        assert file.stat().st_size > 10_000
