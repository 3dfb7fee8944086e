"""A real browser with a Thai font of ours, and axe to look at pages with. The fixtures are every test's (conftest.py)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from xml.sax.saxutils import escape

import fontpkg_sarabun
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
# A page is waited for as long as the machine needs that shows it.
expect.set_options(timeout=30_000)
# WCAG 2.2 A and AA, and what axe calls good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
async def browser(chromium: str, tmp_path: Path) -> AsyncIterator[Browser]:
    """Chromium with a Thai font of ours, so that every machine sees the same."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=chromium, args=list(ARGS), env={**os.environ, "FONTCONFIG_FILE": str(_fonts(tmp_path))}
        )
        yield opened
        await opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's program, for `faults`."""
    from conftest import needed

    found: Path = needed(AXE if AXE.is_file() else None, "no axe-core here: npm install --prefix tests/browser")
    return found.read_text(encoding="utf-8")


async def faults(page: Page, axe: str) -> list[str]:
    """What axe finds on a page as it stands, one line a fault; serious ones and lesser ones alike."""
    # All of it: a click waits for a new page to begin, not for its end and its style sheets.
    await page.wait_for_load_state()
    # Through the debugger, not as a script of the page: its content security policy stays as it is.
    await page.evaluate(axe)
    found = await page.evaluate("(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:4]]}"
        for each in found["violations"]
    ]


def _fonts(folder: Path) -> Path:
    """A fontconfig file with the machine's fonts and Sarabun."""
    sarabun = Path(fontpkg_sarabun.__file__).parent / "files"
    file = folder / "fonts.conf"
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>/usr/share/fonts</dir><dir>{escape(str(sarabun))}</dir>"
        f"<cachedir>{escape(str(folder / 'fontcache'))}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return file
