"""Hubs: the list, one hub's page with its open cases and figures, its card for the wall, and its codes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.frame import Desk, Form, Refused
from bot.desk.names import Names
from bot.store import audit
from bot.store.hubs import HubRefused
from content.provinces import match
from handlers.hub_playbook import call_card, playbook
from handlers.hub_types import Hub, HubRole
from handlers.messages import UNNAMED, Platform
from handlers.officials import Official, Role
from handlers.wording import Voice

FIELDS = ("place", "hours", "languages", "escalation")


def add(desk: Desk) -> None:
    """Register the pages."""
    book, bot = desk.bot.store.hubs, desk.bot

    @desk.page("/hubs", nav="nav.hubs")
    async def hubs(request: Request, official: Official) -> Response:
        listed = await book.every()
        return desk.draw("hubs.html", request, official, hubs=listed, provinces=bot.ports.knowledge.provinces)

    @desk.page("/hubs/add", role=Role.ADMIN, methods=("POST",))
    async def add_hub(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        try:
            opened = await book.add(_hub(desk, Hub(0, form.get("name", "")[:80]), form), audit.official(official.name))
        except HubRefused:
            return desk.redirect("/desk/hubs", "hubs.there_already")
        return desk.draw("hub_code.html", request, official, opened=opened, links=_links(desk, opened.code))

    @desk.page("/hubs/{id}")
    async def one(request: Request, official: Official) -> Response:
        hub = await _known(desk, request)
        return desk.draw(
            "hub.html",
            request,
            official,
            hub=hub,
            now=bot.ports.clock.now(),
            names=Names(bot.ports.knowledge, desk.labels, official.language),
            provinces=bot.ports.knowledge.provinces,
            week=await book.week(hub),
            cases=await book.open_cases(hub),
            playbook=playbook(Voice(bot.ports.knowledge, official.language)),
        )

    @desk.page("/hubs/{id}/card")
    async def card(request: Request, official: Official) -> Response:
        hub = await _known(desk, request)
        lines = call_card(Voice(bot.ports.knowledge, official.language))
        return desk.draw("hub_card.html", request, official, hub=hub, card=lines)

    @desk.page("/hubs/{id}/edit", role=Role.EDITOR, methods=("POST",))
    async def edit(request: Request, official: Official) -> Response:
        hub = await _known(desk, request)
        await book.edit(_hub(desk, hub, await desk.form(request)), audit.official(official.name))
        return desk.redirect(f"/desk/hubs/{hub.id}", "hubs.saved")

    @desk.page("/hubs/{id}/code", role=Role.ADMIN, methods=("POST",))
    async def code(request: Request, official: Official) -> Response:
        hub, form = await _known(desk, request), await desk.form(request)
        role = HubRole.LEAD if form.get("role") == HubRole.LEAD else HubRole.MEMBER
        opened = await book.code(hub.name, role, audit.official(official.name))
        return desk.draw("hub_code.html", request, official, opened=opened, links=_links(desk, opened.code))


def _links(desk: Desk, code: str) -> list[tuple[Platform, str]]:
    """Addresses that open a chat with us and bring the code: to tap, or to print as a QR code."""
    accounts = desk.bot.ports.accounts
    links = []
    if telegram := accounts.get(Platform.TELEGRAM, UNNAMED).link:
        links.append((Platform.TELEGRAM, f"{telegram}?start=hub-{code.replace('-', '')}"))
    if line := accounts.get(Platform.LINE, UNNAMED).link:
        # LINE's own form of an address that writes a message beforehand; the person sends it themselves.
        links.append((Platform.LINE, f"{line.replace('/R/ti/p/', '/R/oaMessage/')}/?{quote(f'/hub {code}')}"))
    return links


async def _known(desk: Desk, request: Request) -> Hub:
    """The hub that the address names. Raises Refused(404)."""
    id = request.path_params["id"]
    hub = await desk.bot.store.hubs.hub(int(id)) if id.isascii() and id.isdigit() and len(id) < 15 else None
    if hub is None:
        raise Refused(404)
    return hub


def _hub(desk: Desk, hub: Hub, form: Form) -> Hub:
    """The hub with what stands in the form. A province is one of ours, or none."""
    known = match(form.get("province", ""), desk.bot.ports.knowledge.provinces).sure
    texts = {name: form.get(name, "")[:1_000] for name in FIELDS}
    return replace(
        hub,
        place=texts["place"],
        hours=texts["hours"],
        languages=texts["languages"],
        escalation=texts["escalation"],
        province=known.id if known else "",
    )
