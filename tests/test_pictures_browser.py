"""A picture in the web chat, in a real browser: chosen and sent, with JavaScript and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import House, needed
from picture_maker import Wear, fonts_there, made, worn
from playwright.async_api import Browser, expect
from test_browser import visit

from bot.vision.reading import models

pytestmark = pytest.mark.browser


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A screenshot with a scam in it."""
    needed(models(), "no models to read words with: apt-get install tesseract-ocr tesseract-ocr-tha")
    needed(fonts_there(), "no Thai fonts to draw with: apt-get install fonts-thai-tlwg")
    text = "แจ้งเตือนพัสดุตกค้าง กดลิงก์เพื่อยืนยันที่อยู่และจ่ายค่าจัดส่ง https://parcel-fee.example/pay"
    path = tmp_path / "screenshot.jpg"
    path.write_bytes(worn(made("sms", text), Wear(quality=80)))
    return path


async def test_a_chosen_picture_is_sent_at_once_and_answered(browser: Browser, house: House, shot: Path) -> None:
    async with visit(browser, house) as page:
        before = await page.locator("article").count()
        await page.fill("#text", "แม่ได้ข้อความนี้มา")
        await page.set_input_files("#picture", shot)
        await expect(page.locator(".bubble.you").last).to_contain_text("🖼 แม่ได้ข้อความนี้มา")
        answer = page.locator("article").nth(before)
        await expect(answer).to_contain_text("เราอ่านจากรูปได้ว่า", timeout=20_000)
        await expect(answer).to_contain_text("พัสดุตกค้าง")
        assert await answer.locator("a[href*='parcel-fee']").count() == 0
        await expect(page.locator("#text")).to_have_value("")
        wide = await page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1]
        button = await page.locator("label.choose").bounding_box()
        assert button is not None and button["height"] >= 44


async def test_without_javascript_the_picture_goes_with_the_form(browser: Browser, house: House, shot: Path) -> None:
    async with visit(browser, house, java_script_enabled=False) as page:
        await page.set_input_files("#picture", shot)
        await page.locator("button.send").click()
        await expect(page.locator("article").last).to_contain_text("เราอ่านจากรูปได้ว่า", timeout=20_000)
        await expect(page.locator(".bubble.you").last).to_contain_text("🖼")
        await page.fill("#text", "สวัสดีค่ะ")
        await page.locator("button.send").click()
        await expect(page.locator("article")).to_have_count(3)
