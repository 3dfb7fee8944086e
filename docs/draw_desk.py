"""Draw the pictures of docs/desk.md: the demonstration's own pages, in a real browser.

    python docs/draw_desk.py [NAME …]      all of them, or those

Needs a browser (apt-get install chromium) and the development dependencies.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import fontpkg_sarabun
import uvicorn
from playwright.async_api import Browser, async_playwright

from bot import demo
from bot.demo_knowledge import ASKED_PHRASE
from bot.settings import Settings
from handlers.officials import Role

IMAGES = Path(__file__).parent / "images"
# Milliseconds; the golden set takes its time on a busy machine.
LONGEST_TRY = 90_000
# name, path or one of PLACES, width, height (0: the whole page), whose desk
PICTURES = (
    ("desk-today-1366-th", "/desk", 1366, 0, Role.EDITOR),
    ("desk-queue-1366-th", "/desk/queue", 1366, 900, Role.EDITOR),
    ("desk-queue-360-th", "/desk/queue", 360, 1100, Role.EDITOR),
    ("desk-case-1366-th", "case", 1366, 0, Role.EDITOR),
    ("desk-case-360-th", "case", 360, 1500, Role.EDITOR),
    ("desk-knowledge-1366-th", "/desk/knowledge", 1366, 900, Role.EDITOR),
    ("desk-draft-1366-th", "draft", 1366, 0, Role.APPROVER),
    ("desk-draft-360-th", "draft", 360, 1500, Role.APPROVER),
    ("desk-try-1366-th", "try", 1366, 900, Role.APPROVER),
    ("desk-history-1366-th", "/desk/knowledge/entry/fake-fine-link/history", 1366, 900, Role.EDITOR),
    ("desk-bulletins-1366-th", "/desk/bulletins", 1366, 900, Role.APPROVER),
    ("desk-campaign-1366-th", "campaign", 1366, 0, Role.APPROVER),
    ("desk-takedowns-1366-th", "/desk/takedowns", 1366, 1200, Role.EDITOR),
    ("desk-hub-1366-th", "hub", 1366, 900, Role.EDITOR),
    ("desk-limits-1366-th", "limits", 1366, 900, Role.ADMIN),
    ("desk-trends-1366-th", "/desk/trends", 1366, 1400, Role.EDITOR),
    ("score-360-th", "/score?lang=th", 360, 1500, Role.EDITOR),
    ("score-1366-en", "/score?lang=en", 1366, 1100, Role.EDITOR),
)
# Pages of which the list knows the address: where the list is, and its link. The heaviest of the cases that wait and name a
# page has most to show; the first draft and the first warning are those that wait for the approver.
PLACES = {
    "case": ("/desk/queue?sort=weight", '.case:has-text("example") .open'),
    "draft": ("/desk/knowledge", 'a[href^="/desk/knowledge/draft/"]'),
    "try": ("/desk/knowledge", 'a[href^="/desk/knowledge/draft/"]'),
    "campaign": ("/desk/campaigns", 'a.open[href^="/desk/campaigns/"]'),
    "hub": ("/desk/hubs", 'a[href^="/desk/hubs/"]'),
    "limits": ("/desk/people", ""),
}
PASTED = f"{ASKED_PHRASE['th']}\n\nพรุ่งนี้พัสดุถึงกี่โมงคะ"


def fonts(folder: Path) -> Path:
    """A fontconfig file with the machine's fonts and Sarabun, so that every machine draws the same."""
    file = folder / "fonts.conf"
    sarabun = Path(fontpkg_sarabun.__file__).parent / "files"
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts</dir>'
        f"<dir>{sarabun}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return file


async def draw(browser: Browser, settings: Settings, key: str) -> None:
    wanted = sys.argv[1:]
    for name, path, width, height, role in PICTURES:
        if wanted and name not in wanted:
            continue
        page = await browser.new_page(viewport={"width": width, "height": height or 900}, locale="th-TH")
        await page.goto(demo.links(settings, key)[role])
        listed, link = PLACES.get(path, (path, ""))
        await page.goto(settings.public_url + listed)
        if link:
            await page.goto(settings.public_url + (await page.locator(link).first.get_attribute("href") or ""))
        if path == "try":
            await page.fill("#messages", PASTED)
            await page.locator('form[action$="/try"] button').click(timeout=LONGEST_TRY)
            await page.wait_for_url("**/try", timeout=LONGEST_TRY)
        if path == "limits":
            await page.locator("section").last.scroll_into_view_if_needed()
            await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        await page.screenshot(path=IMAGES / f"{name}.png", full_page=not height)
        await page.close()


async def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with demo.prepared("127.0.0.1", port) as (app, settings, key), async_playwright() as playwright:
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            if serving.done():
                await serving
            await asyncio.sleep(0.05)
        with tempfile.TemporaryDirectory() as folder:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu"],
                env={**os.environ, "FONTCONFIG_FILE": str(fonts(Path(folder)))},
            )
            await draw(browser, settings, key)
            await browser.close()
        server.should_exit = True
        await serving


if __name__ == "__main__":
    asyncio.run(main())
