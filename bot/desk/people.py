"""The people page: officials, partners, and the limits and blocks set for citizens, with their reasons. For admins."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.desk import partners
from bot.desk.frame import Desk, Form, Refused
from bot.store import audit
from bot.store.limits import Limits
from bot.store.officials import Invitation, NotDone
from handlers.officials import Official, Role


def add(desk: Desk) -> None:
    """Register the pages."""

    limits = Limits(desk.officials.foundation)
    partners.add(desk)

    @desk.page("/people", role=Role.ADMIN, nav="nav.people")
    async def people(request: Request, official: Official) -> Response:
        return await _drawn(desk, request, official)

    @desk.page("/people/add", role=Role.ADMIN, methods=("POST",))
    async def add_official(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        try:
            invitation = await desk.officials.add(form.get("name", "")[:200], _role(form), by(official))
        except NotDone as refused:
            return await _drawn(desk, request, official, trouble=refused, named=form.get("name", "")[:200])
        return _invited(desk, request, official, invitation)

    @desk.page("/people/reset", role=Role.ADMIN, methods=("POST",))
    async def reset(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        try:
            invitation = await desk.officials.reset(form.get("name", ""), by(official))
        except NotDone as refused:
            return await _drawn(desk, request, official, trouble=refused)
        return _invited(desk, request, official, invitation)

    @desk.page("/people/change", role=Role.ADMIN, methods=("POST",))
    async def change(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        name, do = form.get("name", ""), form.get("do", "")
        try:
            if do == "role":
                await desk.officials.change_role(name, _role(form), by(official))
            elif do == "disable":
                await desk.officials.disable(name, by(official))
            elif do == "enable":
                await desk.officials.enable(name, by(official))
            else:
                raise Refused(400)
        except NotDone as refused:
            return await _drawn(desk, request, official, trouble=refused)
        return desk.redirect("/desk/people", f"people.done_{do}", name=name)

    @desk.page("/people/lift", role=Role.ADMIN, methods=("POST",))
    async def lift(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        reason, show = form.get("reason", "")[:500], form.get("show") == "yes"
        lifted = await limits.lift(form.get("label", ""), official.name, reason, show=show)
        return desk.redirect("/desk/people", "people.lifted" if lifted else "people.lifted_before")


def by(official: Official) -> str:
    """The official as an actor of the audit log."""
    return audit.official(official.name)


def _role(form: Form) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError:
        raise Refused(400) from None


async def _drawn(
    desk: Desk, request: Request, official: Official, *, trouble: NotDone | None = None, named: str = ""
) -> Response:
    return desk.draw(
        "people.html",
        request,
        official,
        status=422 if trouble else 200,
        accounts=await desk.officials.every(),
        limits=await Limits(desk.officials.foundation).all(),
        roles=list(Role),
        partners=await partners.listed(desk),
        trouble=f"why.{trouble.why.value}" if trouble else "",
        named=named,
        now=desk.bot.ports.clock.now(),
    )


def _invited(desk: Desk, request: Request, official: Official, invitation: Invitation) -> Response:
    """The link, shown this once: it is kept nowhere."""
    link = f"{desk.bot.settings.public_url}/desk/welcome/{invitation.token}"
    return desk.draw(
        "people_link.html", request, official, invited=invitation.official, link=link, until=invitation.until
    )
