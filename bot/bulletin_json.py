"""Bulletins for other programs: as JSON that `rutan bulletins edit` takes back, as rows, and as each platform shows them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.store.bulletins import Bulletins
from bot.store.foundation import Foundation
from content.models import Language
from handlers.messages import ButtonKind, Reply, plain
from scheduler.bulletins import Bulletin, BulletinText, Content

EXPORTED = (
    "id", "kind", "month", "state", "version", "signatures", "part", "made_at", "scheduled_for", "started_at", "ended_at",
    "corrects", "title_th", "title_en", "text_th", "text_en",
)  # fmt: skip


def summary(each: Bulletin) -> dict[str, Any]:
    """One line of a list."""
    return {
        "id": each.id,
        "kind": each.kind.value,
        "month": each.month.text,
        "state": each.state.value,
        "version": each.version,
        "signatures": [{"name": s.name, "role": s.role.value, "at": s.at.isoformat()} for s in each.signatures],
        "part": str(each.part),
        "scheduled_for": each.scheduled_for.isoformat() if each.scheduled_for else None,
        "so_far": each.so_far,
    }


def whole(each: Bulletin) -> dict[str, Any]:
    """A bulletin with its words and figures."""
    figures = each.figures
    totals = {t.name: {"count": t.count, "before": t.before} for t in figures.totals.values()} if figures else {}
    tables = (
        {d.value: [asdict(row) for row in rows] for d, rows in figures.tables.items()} if figures is not None else {}
    )
    content = {language.value: asdict(text) for language, text in each.content.items()}
    return {**summary(each), "content": content, "figures": {"totals": totals, "tables": tables}}


def read_content(said: str, standing: Bulletin) -> tuple[int, Content]:
    """The version that was changed and its new words, from what `whole` gave. Raises ValueError with what is wrong."""
    try:
        given = json.loads(said)
        content = TypeAdapter(dict[Language, BulletinText]).validate_python(given["content"])
        version = int(given.get("version", standing.version))
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise ValueError(f"this is no bulletin: {places}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("this is no bulletin: take what `show ID --json` prints and change its words") from error
    if set(content) != set(Language):
        raise ValueError("a bulletin is in Thai and in English")
    return version, content


def shown(reply: Reply, form: str) -> str:
    """A reply exactly as "line", "telegram" or "web" gets it, or as plain "text"."""
    if form == "line":
        from bot import line

        return json.dumps(line.render(reply), ensure_ascii=False, indent=2)
    if form == "telegram":
        from bot import telegram

        return json.dumps(telegram.render(reply), ensure_ascii=False, indent=2)
    if form == "web":
        from bot import webchat

        return str(webchat.render(reply))
    return as_text(reply)


def as_text(reply: Reply) -> str:
    """The words alone."""
    parts = [reply.title]
    for section in reply.sections:
        lines = [plain(each) for each in section.lines]
        if section.steps:
            lines = [f"{count}. {each}" for count, each in enumerate(lines, start=1)]
        parts.append("\n".join([section.heading, *lines] if section.heading else lines))
    parts += [f"{each.label}: {each.value}" for each in reply.buttons if each.kind is ButtonKind.OPEN]
    return "\n\n".join(parts)


async def exported(foundation: Foundation) -> AsyncIterator[dict[str, str]]:
    """Every bulletin, oldest first, as `EXPORTED`. Who signed stands in the audit, not here."""
    async for each in Bulletins(foundation).every():
        yield _row(each)


def _row(each: Bulletin) -> dict[str, str]:
    moments = {
        name: moment.isoformat() if (moment := getattr(each, name)) else ""
        for name in ("made_at", "scheduled_for", "started_at", "ended_at")
    }
    texts: dict[str, str] = {}
    for language in Language:
        text = each.text(language)
        texts[f"title_{language}"] = text.title
        texts[f"text_{language}"] = "\n".join(_words(text))
    given = {
        "id": str(each.id),
        "kind": each.kind.value,
        "month": each.month.text,
        "state": each.state.value,
        "version": str(each.version),
        "signatures": str(len(each.signatures)),
        "part": str(each.part),
        "corrects": str(each.corrects or ""),
        **moments,
        **texts,
    }
    return {column: given[column] for column in EXPORTED}


def _words(text: BulletinText) -> list[str]:
    advice = [line for each in text.warnings for line in (each.title, *each.do_now)]
    figures = [each.text for each in text.figures]
    return [part for part in (text.intro, *advice, *figures, text.context, text.results, text.basis) if part]
