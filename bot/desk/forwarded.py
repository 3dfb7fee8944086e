"""A list that somebody brought to an officer: dropped here, read, answered with one table. Nothing of it is kept."""

from __future__ import annotations

import asyncio
from secrets import token_hex

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.frame import Desk
from bot.forwarded import LARGEST_FILE, table_csv, table_xlsx
from bot.forwarded.fetching import TOO_BIG, listed
from handlers import hub_bulk
from handlers.exchange import recall_of
from handlers.hub_types import Listed
from handlers.messages import Address, HubTable, Kind, Message, Platform, Session, plain
from handlers.officials import Official
from handlers.turns import Turn

MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def add(desk: Desk) -> None:
    """Register the pages."""

    @desk.page("/forwarded", nav="nav.forwarded")
    async def drop(request: Request, official: Official) -> Response:
        return desk.draw("forwarded.html", request, official, table=None, refused="", about=())

    @desk.page("/forwarded/read", methods=("POST",))
    async def read(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        if not form.file.content:
            return desk.draw("forwarded.html", request, official, 422, table=None, refused="forwarded.none", about=())
        found = await _read(form.file.name, form.file.content)
        if found.refused or not found.messages:
            said = desk.bot.ports.knowledge.phrases[found.refused or "forwarded_no_messages"].in_(official.language)
            return desk.draw("forwarded.html", request, official, 422, table=None, refused="", about=(said,))
        table, about = await _table(desk, found, official)
        ending = form.get("as", "")
        if ending in MEDIA:
            return _file(table, ending)
        return desk.draw("forwarded.html", request, official, table=table, refused="", about=about)


async def _read(name: str, content: bytes) -> Listed:
    if len(content) > LARGEST_FILE:
        return Listed(refused=TOO_BIG)
    return await listed(name, content)


async def _table(desk: Desk, found: Listed, official: Official) -> tuple[HubTable, tuple[str, ...]]:
    """The table that the chat would give, and what of the file is not in it."""
    ports = desk.bot.ports
    here = Address(Platform.WEB, f"desk-{official.id}", f"desk-{official.id}")
    now = ports.clock.now()
    message = Message(here, token_hex(8), Kind.FILE, now, listed=found, language_hint=official.language)
    recall = await recall_of((message,), ports, apart=True)
    session = Session(language=official.language)
    turn = Turn((message,), session, (), ports.knowledge, ports.terms, now, recall)
    outcome = await asyncio.to_thread(hub_bulk.answer, turn)
    assert outcome.table is not None  # noqa: S101 - there are messages, so there is a table
    about = tuple(plain(each) for section in hub_bulk.about_file(found, turn.voice) for each in section.lines)
    return outcome.table, about


def _file(table: HubTable, ending: str) -> Response:
    made = table_xlsx(table.rows) if ending == "xlsx" else table_csv(table.rows)
    return Response(
        made, media_type=MEDIA[ending], headers={"Content-Disposition": f'attachment; filename="rutan-table.{ending}"'}
    )
