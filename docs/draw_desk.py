"""Draw the pictures of docs/desk.md: the demonstration's own pages, in a real browser.

    python docs/draw_desk.py

Needs a browser (apt-get install chromium) and the development dependencies.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from pathlib import Path

import fontpkg_sarabun
import uvicorn
from playwright.async_api import Browser, async_playwright

from bot import demo
from bot.settings import Settings
from handlers.officials import Role

IMAGES = Path(__file__).parent / "images"
# name, path, width, height (0: the whole page)
PICTURES = (
    ("desk-today-1366-th", "/desk", 1366, 0),
    ("desk-queue-1366-th", "/desk/queue", 1366, 900),
    ("desk-queue-360-th", "/desk/queue", 360, 1100),
    ("desk-case-1366-th", "case", 1366, 0),
    ("desk-case-360-th", "case", 360, 1500),
    ("desk-trends-1366-th", "/desk/trends", 1366, 1400),
    ("score-360-th", "/score?lang=th", 360, 1500),
    ("score-1366-en", "/score?lang=en", 1366, 1100),
)


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
    for name, path, width, height in PICTURES:
        page = await browser.new_page(viewport={"width": width, "height": height or 900}, locale="th-TH")
        await page.goto(demo.links(settings, key)[Role.EDITOR])
        if path == "case":
            # The heaviest of those that wait: it has most to show.
            await page.goto(f"{settings.public_url}/desk/queue?sort=weight")
            path = await page.locator(".case .open").first.get_attribute("href") or ""
        await page.goto(settings.public_url + path)
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
