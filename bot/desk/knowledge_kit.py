"""What every page about a draft needs: what is live, what is wrong with a draft, what a form said."""

from __future__ import annotations

import structlog
from starlette.requests import Request

from bot.desk import knowledge_faults, knowledge_fields
from bot.desk.frame import Desk, Form, Refused
from bot.live_knowledge import Workbench, WorkbenchFailed
from bot.store.revisions import Revision, Revisions
from content.knowledge import Knowledge
from content.models import Entry, Organisation
from content.revising import Body, Kind, body_of
from handlers.officials import Official

log = structlog.get_logger()


class Kit:
    """The desk, the revisions and the bench that proves a draft, in one hand."""

    def __init__(self, desk: Desk, revisions: Revisions, bench: Workbench) -> None:
        self.desk = desk
        self.revisions = revisions
        self.bench = bench

    @property
    def known(self) -> Knowledge:
        return self.desk.bot.ports.knowledge

    async def check(self, made: Revision) -> None:
        """Keep with the draft what is wrong with it; nothing where that could not be found out."""
        try:
            _, standing = await self.revisions.standing()
            faults = await self.bench.check(standing, made.revised, self.day())
        except WorkbenchFailed as trouble:
            log.error("a draft could not be checked", revision=made.id, reason=str(trouble))
            return
        await self.revisions.checked(made.id, made.version, faults)

    async def prepare(self, made: Revision) -> None:
        """Have the knowledge that it makes ready, so that whoever approves it need not wait; and keep what that finds."""
        if made.faults:
            return
        try:
            _, standing = await self.revisions.standing()
            _, faults = await self.bench.proved(standing, made.revised, self.day())
        except WorkbenchFailed as trouble:
            log.error("the knowledge of a draft could not be made ready", revision=made.id, reason=str(trouble))
            return
        if faults:
            await self.revisions.checked(made.id, made.version, faults)

    def faults(self, made: Revision, official: Official) -> dict[str, list[str]]:
        return knowledge_faults.by_field(made.kind, made.name, made.faults or (), self.desk.labels, official.language)

    async def live(self, kind: Kind, name: str) -> Body | None:
        """What is live of a thing, also a second before this process has taken it up."""
        revised = await self.revisions.live_of(kind, name)
        return revised.body if revised and not revised.refused else self.live_now(kind, name)

    def live_now(self, kind: Kind, name: str) -> Body | None:
        thing: Entry | Organisation | None = (
            self.known.entries.get(name) if kind is Kind.ENTRY else self.known.organisations.get(name)
        )
        return body_of(thing) if thing else None

    async def found(self, request: Request) -> Revision:
        made = await self.revisions.get(number_of(request.path_params["id"]))
        if made is None:
            raise Refused(404)
        return made

    def day(self) -> str:
        return self.revisions.foundation.today().isoformat()


def kind_of(request: Request) -> Kind:
    try:
        return Kind(request.path_params["kind"])
    except ValueError:
        raise Refused(404) from None


def number_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refused(404)
    return int(text)


def version_of(form: Form) -> int:
    return number_of(form.get("version", ""))


def note_of(form: Form) -> str:
    return knowledge_fields.line(form.get("note", ""))
