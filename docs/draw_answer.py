"""Draws an answer as LINE shows it, from the very Flex bubble that we send, for the documents.

    .venv/bin/python docs/draw_answer.py "ข้อความที่สงสัย" docs/answer.png

A drawing, not a screenshot: LINE's own parts (background, corners, exact sizes) are approximate.
"""

from __future__ import annotations

import html
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from draw_richmenu import typeface
from playwright.sync_api import sync_playwright

from bot import line
from content.loading import load
from handlers.conversation import Turn, decide
from handlers.messages import Address, Kind, Message, Platform, Reply, Session
from handlers.report import Terms

# The width of a small phone, in CSS pixels.
PHONE = 360
PIXELS = {"xs": 2, "sm": 4, "md": 8, "lg": 12, "xl": 16, "xxl": 20}
TYPE = {"sm": 13, "md": 16, "lg": 19, "xl": 22}


def reply_to(text: str) -> Reply:
    now = datetime.now(UTC)
    message = Message(Address(Platform.LINE, "U", "U"), "1", Kind.TEXT, now, text=text)
    terms = Terms(days=180, zone=ZoneInfo("Asia/Bangkok"))
    reply = decide(Turn((message,), Session(greeted=True), (), load(), terms, now)).reply
    if reply is None:
        raise SystemExit("this message is answered with silence")
    return reply


def part(node: dict[str, Any]) -> str:
    style = f"margin-top:{PIXELS.get(node.get('margin', ''), 0)}px;"
    if node["type"] == "box":
        gap = PIXELS.get(node.get("spacing", ""), 0)
        direction = "column" if node["layout"] == "vertical" else "row"
        padding, corner = (PIXELS.get(node.get(name, ""), 0) for name in ("paddingAll", "cornerRadius"))
        style += f"display:flex;flex-direction:{direction};gap:{gap}px;padding:{padding}px;"
        style += f"border-radius:{corner}px;background:{node.get('backgroundColor', '')};"
        return f'<div style="{style}">{"".join(part(each) for each in node["contents"])}</div>'
    if node["type"] == "button":
        filled = f"background:{node.get('color')};color:#fff" if node["style"] == "primary" else ""
        return f'<div class="button" style="{style}{filled}">{html.escape(node["action"]["label"])}</div>'
    weight = 700 if node.get("weight") == "bold" else 400
    grow = "none" if node.get("flex") == 0 else "1"
    style += f"font-size:{TYPE[node['size']]}px;color:{node['color']};font-weight:{weight};flex:{grow};"
    spans = node.get("contents") or [{"text": node.get("text", "")}]
    words = "".join(
        f"<b>{html.escape(span['text'])}</b>" if span.get("weight") == "bold" else html.escape(span["text"])
        for span in spans
    )
    return f'<div style="{style}">{words}</div>'


def page(text: str) -> str:
    (message,) = line.render(reply_to(text))
    bubble = message["contents"]
    blocks = "".join(
        f'<div class="block" style="background:{bubble[name].get("backgroundColor", "#fff")}">'
        f"{part(bubble[name])}</div>"
        for name in ("header", "body", "footer")
        if name in bubble
    )
    quick = "".join(
        f"<span>{html.escape(item['action']['label'])}</span>"
        for item in message.get("quickReply", {}).get("items", ())
    )
    return f"""<!doctype html><meta charset="utf-8"><style>
    {typeface("Bold", 700)} {typeface("Regular", 400)}
    body {{ margin: 0; width: {PHONE}px; background: #8cabd8; font-family: Sarabun; line-height: 1.45; }}
    .said {{ margin: 12px 12px 14px 60px; padding: 9px 13px; border-radius: 18px; background: #8de055;
             font-size: 15px; overflow-wrap: anywhere; }}
    .bubble {{ margin: 0 12px; border-radius: 16px; overflow: hidden; overflow-wrap: anywhere; }}
    .block {{ padding: 16px 18px; }} .button {{ text-align: center; padding: 11px; border-radius: 9px;
             background: #dcdfe5; font-size: 17px; }}
    .quick {{ display: flex; gap: 6px; flex-wrap: wrap; padding: 12px; }}
    .quick span {{ background: rgba(40,60,90,.75); color: #fff; border-radius: 18px; padding: 6px 13px;
             font-size: 14px; }}
    </style><div class="said">{html.escape(text)}</div><div class="bubble">{blocks}</div>
    <div class="quick">{quick}</div>"""


def main(text: str, picture: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": PHONE, "height": 100}, device_scale_factor=2)
        tab.set_content(page(text))
        tab.evaluate("document.fonts.ready")
        tab.screenshot(path=picture, type="png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
