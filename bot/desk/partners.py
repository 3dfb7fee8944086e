"""Partners on the people page: what their keys open, when they last came, whether they can be told of warnings. For admins."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.frame import Desk, Refused
from bot.store import audit
from bot.store.partner_hooks import Webhook, WebhookBook
from bot.store.partners import Listed, PartnerBook, PartnerRefused
from handlers.officials import Official, Role


@dataclass(frozen=True)
class Shown:
    """A partner with their webhooks."""

    known: Listed
    webhooks: tuple[Webhook, ...]


def add(desk: Desk) -> None:
    """Register what may be done; the list itself stands on the people page."""
    book, webhooks = PartnerBook(desk.officials.foundation), WebhookBook(desk.officials.foundation)

    @desk.page("/people/partners", role=Role.ADMIN, methods=("POST",))
    async def change(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        name, do, which = form.get("name", "")[:200], form.get("do", ""), form.get("which", "")[:40]
        try:
            if do in ("revoke", "revoke_key"):
                # Without a key named, it is the partner who is revoked: the two buttons must not be mixed up.
                if (do == "revoke_key") != bool(which):
                    raise Refused(400)
                await book.revoke(name, audit.official(official.name), which)
            elif do == "enable" and which.isascii() and which.isdigit() and len(which) < 15:
                await webhooks.enable(name, int(which), audit.official(official.name))
            else:
                raise Refused(400)
        except PartnerRefused:
            return desk.redirect("/desk/people", "partners.not_done", name=name)
        return desk.redirect("/desk/people", f"partners.done_{do}", name=name)


async def listed(desk: Desk) -> list[Shown]:
    """Every partner, those who may come first."""
    book, webhooks = PartnerBook(desk.officials.foundation), WebhookBook(desk.officials.foundation)
    return [Shown(each, await webhooks.of(each.partner.id)) for each in await book.every()]
