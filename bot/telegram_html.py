"""An answer in Telegram's HTML, and its buttons."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from handlers.messages import Button, ButtonKind, Line, Reply, Section, Tone, plain

LONGEST_DATA = 64
MARKS = {Tone.ALARM: "🛑 ", Tone.CAUTION: "⚠️ ", Tone.CALM: "🔎 ", Tone.PLAIN: "", Tone.URGENT: ""}


def text(reply: Reply) -> str:
    head = f"{MARKS[reply.tone]}<b>{_escaped(reply.title)}</b>"
    sections = [_section(section) for section in reply.sections]
    calls = "\n".join(_spelled_out(button) for button in reply.buttons if _needs_spelling(button))
    return "\n\n".join(part for part in (head, *sections, calls) if part)


def _section(section: Section) -> str:
    lines = [_bolded(line) for line in section.lines if plain(line).strip()]
    if section.steps:
        lines = [f"<b>{count}.</b> {line}" for count, line in enumerate(lines, start=1)]
    heading = [f"<b>{_escaped(section.heading)}</b>"] if section.heading else []
    return "\n".join(heading + lines)


def _bolded(line: Line) -> str:
    return "".join(f"<b>{_escaped(span.text)}</b>" if span.bold else _escaped(span.text) for span in line if span.text)


def _escaped(words: str) -> str:
    return html.escape(words, quote=False)


def _needs_spelling(button: Button) -> bool:
    """Telegram has no button that dials, and refuses a whole message for a link that only works here."""
    return button.kind is ButtonKind.CALL or (button.kind is ButtonKind.OPEN and not _opens(button.value))


def _spelled_out(button: Button) -> str:
    mark = "☎️ " if button.kind is ButtonKind.CALL else ""
    label = f"{mark}<b>{_escaped(button.label)}</b>"
    return label if button.value in button.label else f"{label}: {_escaped(button.value)}"


def _opens(address: str) -> bool:
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and "." in host and not host.startswith("127.")


def keyboard(reply: Reply) -> list[list[dict[str, str]]]:
    """A row for every button, then the quick replies two in a row."""
    rows = [[key] for button in reply.buttons if (key := _key(button))]
    quick = [key for button in reply.quick if (key := _key(button))]
    return rows + [quick[at : at + 2] for at in range(0, len(quick), 2)]


def _key(button: Button) -> dict[str, str] | None:
    if button.kind is ButtonKind.TAP and len(button.value.encode()) <= LONGEST_DATA:
        return {"text": button.label, "callback_data": button.value}
    if button.kind is ButtonKind.OPEN and _opens(button.value):
        return {"text": button.label, "url": button.value}
    return None


def bare(markup: str) -> str:
    """The words of a text of ours, without its tags."""
    return html.unescape(re.sub(r"</?b>", "", markup))
