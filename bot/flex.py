"""LINE's Flex bubble: an answer made for a frightened person on a small phone."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from bot.fitting import clipped
from handlers.messages import Button, ButtonKind, Line, Reply, Section, Tone, plain

LONGEST_URI = 1_000
BUTTON_LABEL = 40
QUICK_LABEL = 20

# Each carries white type at a contrast of at least 7:1 (WCAG AAA); none is green, which would say "safe".
HEAD_COLOURS = {
    Tone.ALARM: "#9B1C1C",
    Tone.CAUTION: "#7A4100",
    Tone.CALM: "#334155",
    Tone.PLAIN: "#1E4A7A",
    Tone.URGENT: "#5B2A86",
}
INK = "#1A1A1A"
FAINT = "#4A4A4A"
PAPER = "#FFF3DC"

FlexPart = dict[str, Any]


def bubble(reply: Reply) -> FlexPart:
    bubble: FlexPart = {
        "type": "bubble",
        "size": "giga",
        "header": _box(
            [_words(reply.title, size="xl", weight="bold", color="#FFFFFF")],
            backgroundColor=HEAD_COLOURS[reply.tone],
        ),
    }
    body = [part for section in reply.sections for part in _section(section)]
    if body:
        body[0].pop("margin", None)
        bubble["body"] = _box(body)
    buttons = [_button(each, HEAD_COLOURS[reply.tone]) for each in reply.buttons if action(each, BUTTON_LABEL)]
    if buttons:
        bubble["footer"] = _box(buttons, spacing="md")
    return bubble


def _box(contents: list[FlexPart], **look: str) -> FlexPart:
    return {"type": "box", "layout": "vertical", "contents": contents, **look}


def _words(text: str, **look: Any) -> FlexPart:
    # scaling: the type grows with the size the person chose in LINE.
    return {"type": "text", "text": text.strip() or "…", "wrap": True, "scaling": True, **look}


def _section(section: Section) -> list[FlexPart]:
    parts = []
    if section.heading:
        parts.append(_words(section.heading, size="md", weight="bold", color=FAINT, margin="xl"))
    lines = [line for line in section.lines if plain(line).strip()]
    for count, line in enumerate(lines, start=1):
        part = _step(count, line) if section.steps else _line(line)
        part["margin"] = "md" if parts else "xl"
        parts.append(part)
    if not (section.steps and parts):
        return parts
    # What to do now stands in a box of its own: it must be found by somebody who reads nothing else.
    parts[0].pop("margin")
    return [_box(parts, backgroundColor=PAPER, cornerRadius="md", paddingAll="lg", margin="xl")]


def _line(line: Line) -> FlexPart:
    if not any(span.bold for span in line):
        return _words(plain(line), size="lg", color=INK)
    # Neighbours of one weight as one span: LINE refuses empty ones, and a blank alone is nearly that.
    parts = [(bold, "".join(span.text for span in spans)) for bold, spans in groupby(line, lambda span: span.bold)]
    spans = [{"type": "span", "text": text, **({"weight": "bold"} if bold else {})} for bold, text in parts if text]
    return {"type": "text", "contents": spans, "wrap": True, "scaling": True, "size": "lg", "color": INK}


def _step(count: int, line: Line) -> FlexPart:
    figure = {
        "type": "text",
        "text": f"{count}.",
        "size": "lg",
        "weight": "bold",
        "color": INK,
        "scaling": True,
        "flex": 0,
    }
    return {
        "type": "box",
        "layout": "horizontal",
        "spacing": "md",
        "contents": [figure, {**_line(line), "flex": 1}],
    }


def _button(button: Button, colour: str) -> FlexPart:
    part: FlexPart = {
        "type": "button",
        "action": action(button, BUTTON_LABEL),
        "adjustMode": "shrink-to-fit",
        "scaling": True,
    }
    if button.kind is ButtonKind.CALL:
        return {**part, "style": "primary", "color": colour}
    return {**part, "style": "secondary"}


def action(button: Button, longest_label: int) -> FlexPart | None:
    """LINE's action for a button; None where LINE would refuse it and with it the whole message."""
    label = clipped(button.label, longest_label)
    if button.kind is ButtonKind.TAP:
        return {
            "type": "postback",
            "label": label,
            "data": button.value,
            "displayText": clipped(button.label, 300),
        }
    uri = _telephone(button.value) if button.kind is ButtonKind.CALL else button.value
    if len(uri) > LONGEST_URI or not uri.startswith(("tel:", "https://", "http://")):
        return None
    return {"type": "uri", "label": label, "uri": uri}


def _telephone(number: str) -> str:
    return "tel:" + re.sub(r"[^0-9+*#]", "", number).replace("#", "%23")
