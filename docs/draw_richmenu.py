"""Draws `bot/static/richmenu.png` from the areas in `bot.line_setup`, with Chromium and the Sarabun typeface.

Run by hand after a change of the areas, then look at the picture:  .venv/bin/python docs/draw_richmenu.py
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

import fontpkg_sarabun
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from bot.line_setup import AREAS, HEIGHT, IMAGE, WIDTH, Area

FONTS = Path(fontpkg_sarabun.__file__).parent / "files"
# White type on each has a contrast of at least 7:1. The two that hurry stand out.
CALM, PAID, CALL = "#1E4A7A", "#9B1C1C", "#5B2A86"

# Strokes of a 24 x 24 drawing, one for each area, in their order.
DRAWINGS = (
    '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21"/>',
    '<rect x="2.5" y="6" width="19" height="12" rx="2"/><circle cx="12" cy="12" r="3"/><path d="M6 9v6M18 9v6"/>',
    '<path d="M6 3h4l2 5-2.5 1.5a11 11 0 0 0 5 5L16 12l5 2v4c0 1.5-1 3-3 3A16 16 0 0 1 3 6c0-2 1.5-3 3-3z"/>',
    '<path d="M5 22V3M5 4h13l-3 4.5L18 13H5"/>',
    '<rect x="5" y="3" width="14" height="18" rx="2"/><path d="M9 8h6M9 12h6M9 16h4"/>',
    '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18"/>',
)


def colour(area: Area) -> str:
    if area.dials:
        return CALL
    return PAID if area.says == "โอนเงินไปแล้ว" else CALM


def typeface(weight: str, number: int) -> str:
    data = base64.b64encode((FONTS / f"Sarabun-{weight}.ttf").read_bytes()).decode()
    source = f"url(data:font/ttf;base64,{data})"
    return f"@font-face {{ font-family: Sarabun; font-weight: {number}; src: {source}; }}"


def page() -> str:
    tiles = "".join(
        f'<div style="background:{colour(area)}"><svg viewBox="0 0 24 24">{drawing}</svg>'
        f"<p><b>{area.thai}</b><span>{area.english}</span></p></div>"
        for area, drawing in zip(AREAS, DRAWINGS, strict=True)
    )
    return f"""<!doctype html><meta charset="utf-8"><style>
    {typeface("Bold", 700)} {typeface("Medium", 500)}
    body {{ margin: 0; font-family: Sarabun; color: #fff; background: #fff; }}
    main {{ width: {WIDTH}px; height: {HEIGHT}px; display: grid; gap: 8px;
            grid-template: 1fr 1fr / repeat(3, 1fr); }}
    div {{ display: flex; align-items: center; gap: 40px; padding-left: 52px; }}
    svg {{ width: 140px; height: 140px; flex: none; fill: none; stroke: #fff; stroke-width: 1.8;
           stroke-linecap: round; stroke-linejoin: round; }}
    p {{ margin: 0; }}
    b {{ display: block; font-size: 88px; line-height: 1.25; white-space: nowrap; }}
    span {{ font-size: 58px; font-weight: 500; line-height: 1.2; }}
    </style><main>{tiles}</main>"""


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.set_content(page())
        tab.evaluate("document.fonts.ready")
        tab.screenshot(path=IMAGE, type="png")
        browser.close()


if __name__ == "__main__":
    main()
