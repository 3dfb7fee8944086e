"""Take-down requests at the desk: the list with its clocks, one request, and the package as a ZIP.

An editor prepares a request and notes what the recipient says; another person, an approver, sends it and says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.frame import HOME, Desk, Form, Refused
from bot.desk.names import Names
from bot.desk.takedown_clocks import clocked, spelt, urgent_first
from bot.store import takedown_types as types
from bot.store.casebook import CaseBook, NoSuchCase
from bot.store.takedown_types import Changed, NoSuchRequest, Wish, half_within
from bot.store.takedowns import LONGEST_REASON, Takedowns
from bot.takedown import package
from bot.takedown.gathering import reference
from bot.takedown.making import Maker
from bot.takedown.office import office_of
from bot.takedown.recipients import way, ways
from bot.takedown.targets import MOST_TARGETS, readings, written_in
from content.identifiers import plain_link
from content.reported import Subject
from content.takedown import RecipientKind, Takedown
from handlers.officials import Official, Role

LONGEST_NAME = 200
LONGEST_NUMBER = 80
YEAR = timedelta(days=365)
# By what step an official with which words goes on; the label that says it was done is `takedown.done_STEP`.
Step = Callable[[int, int, Official, Form], Awaitable[None]]


def add(desk: Desk) -> None:
    """Register the pages and their forms."""
    room = Room(desk)

    @desk.page("/takedowns", nav="nav.takedowns")
    async def every(request: Request, official: Official) -> Response:
        return await room.every(request, official)

    @desk.page("/takedowns/{id}")
    async def one(request: Request, official: Official) -> Response:
        return await room.show(request, official)

    @desk.page("/takedowns/{id}/package.zip", Role.EDITOR)
    async def zipped(request: Request, official: Official) -> Response:
        return await room.package(request)

    @desk.page("/case/{id}/takedown", Role.EDITOR, methods=("POST",))
    async def prepare(request: Request, official: Official) -> Response:
        return await room.prepare(request, official)

    @desk.page("/takedowns/{id}/change", Role.EDITOR, methods=("POST",))
    async def change(request: Request, official: Official) -> Response:
        return await room.change(request, official)

    @desk.page("/takedowns/{id}/sent", Role.APPROVER, methods=("POST",))
    async def sent(request: Request, official: Official) -> Response:
        return await room.step(request, official, "sent")

    @desk.page("/takedowns/{id}/note", Role.EDITOR, methods=("POST",))
    async def note(request: Request, official: Official) -> Response:
        return await room.step(request, official, (await desk.form(request)).get("step", ""))

    @desk.page("/takedowns/{id}/again", Role.EDITOR, methods=("POST",))
    async def again(request: Request, official: Official) -> Response:
        return await room.again(request, official)


class Room:
    """The pages, over one running bot."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._foundation = desk.bot.store.foundation
        self._requests = Takedowns(self._foundation)
        self._cases = CaseBook(self._foundation)
        self._steps: Mapping[str, Step] = {
            "sent": self._sent,
            "acknowledged": self._acknowledged,
            "removed": self._removed,
            "refused": self._refused,
            "withdrawn": self._withdrawn,
        }

    @property
    def _known(self) -> Takedown:
        return self._desk.bot.ports.knowledge.takedown

    # Looking

    async def every(self, request: Request, official: Official) -> Response:
        """The list: what wants a look first."""
        now = self._foundation.now()
        took = await self._requests.took(now - YEAR, now + timedelta(minutes=2))
        return self._desk.draw(
            "takedowns.html",
            request,
            official,
            **self._shared(official),
            waiting=urgent_first(clocked(await self._requests.waiting(), self._known, now)),
            ended=clocked(await self._requests.ended(), self._known, now),
            took=[each for each in took if each.sent],
            half=half_within,
        )

    async def show(
        self,
        request: Request,
        official: Official,
        status: int = 200,
        *,
        written: Form | None = None,
        trouble: str = "",
        about: str = "",
    ) -> Response:
        """One request; `written` is what stays in its form, `trouble` the label that says what is wrong with it."""
        found = await self._found(request)
        now = self._foundation.now()
        drawn = self._desk.draw(
            "takedown.html",
            request,
            official,
            status,
            **self._shared(official),
            each=clocked([found], self._known, now)[0],
            ways=ways(found.kind, self._desk.bot.ports.knowledge),
            offered=await self._offered(found, written),
            repeated=await self._requests.repeated_by(found.id),
            history=await self._requests.history(found.id),
            written=written or {},
            ticked=written.every("ask") if written else tuple(each.value for each in found.asks),
            trouble=trouble,
            about=about,
            clock_now=now.astimezone(self._foundation.timezone).strftime("%Y-%m-%dT%H:%M"),
            longest=LONGEST_REASON,
        )
        if status == 200 and request.query_params.get("download") and official.role.may(Role.EDITOR):
            # The page shows what to do next while the browser fetches the file.
            drawn.headers["Refresh"] = f"0; url={HOME}/takedowns/{found.id}/package.zip"
        return drawn

    def _shared(self, official: Official) -> dict[str, Any]:
        def time(given: timedelta) -> str:
            label, n = spelt(given)
            return self._desk.labels.say(label, official.language, n=f"{n:,}")

        return {
            "names": Names(self._desk.bot.ports.knowledge, self._desk.labels, official.language),
            "known": self._known,
            "reference": reference,
            "time": time,
        }

    async def package(self, request: Request) -> Response:
        """The ZIP, made from what stands now."""
        found = await self._found(request)
        maker = Maker(self._foundation, self._desk.bot.ports.knowledge, office_of(self._desk.bot.settings))
        try:
            order = await maker.order(found.id)
        except NoSuchCase:
            raise Refused(404) from None
        made = await self._desk.bot.materials.draw(package.made, order)
        shown = {
            "Content-Disposition": f'attachment; filename="{reference(found.id)}.zip"',
            "Cache-Control": "no-store",
        }
        return Response(made, media_type="application/zip", headers=shown)

    async def _found(self, request: Request) -> types.Request:
        given = request.path_params["id"]
        if not (given.isascii() and given.isdigit() and len(given) <= 15):
            raise Refused(404)
        try:
            return await self._requests.get(int(given))
        except NoSuchRequest:
            raise Refused(404) from None

    # Preparing

    async def prepare(self, request: Request, official: Official) -> Response:
        """One click at a case: a request with what its reports name, and its package."""
        form, given = await self._desk.form(request), request.path_params["id"]
        if not (given.isascii() and given.isdigit() and len(given) <= 15) or form.get("kind") not in set(RecipientKind):
            raise Refused(404)
        case, kind = int(given), RecipientKind(form["kind"])
        try:
            found = tuple(each for each in await self._written(case) if each.kind in self._known.of(kind).takes)
            wish = Wish(kind, self._known.of(kind).asks, targets=found[:MOST_TARGETS])
            id = await self._requests.prepare(case, wish, official)
        except NoSuchCase:
            raise Refused(404) from None
        except types.Refused as no:
            raise Refused(409, f"takedown_no.{no.why}") from None
        return self._desk.redirect(f"{HOME}/takedowns/{id}?download=1", "takedown.done_prepared")

    async def change(self, request: Request, official: Official) -> Response:
        """Another recipient, other targets."""
        form, found = await self._desk.form(request), await self._found(request)
        try:
            wish = await self._wish(form, found)
            await self._requests.change(found.id, _version(form), wish, official)
        except types.Refused as no:
            return await self.show(
                request, official, 422, written=form, trouble=f"takedown_no.{no.why}", about=no.about
            )
        except Changed:
            return await self.show(request, official, 409, written=form, trouble="takedown.changed")
        return self._desk.redirect(f"{HOME}/takedowns/{found.id}?download=1", "takedown.done_changed")

    async def again(self, request: Request, official: Official) -> Response:
        """The same once more."""
        found = await self._found(request)
        try:
            id = await self._requests.again(found.id, official)
        except types.Refused as no:
            return await self.show(request, official, 409, trouble=f"takedown_no.{no.why}", about=no.about)
        return self._desk.redirect(f"{HOME}/takedowns/{id}?download=1", "takedown.done_prepared")

    async def _wish(self, form: Form, found: types.Request) -> Wish:
        chosen = way(form.get("recipient", ""), found.kind, self._desk.bot.ports.knowledge)
        asks = tuple(each for each in self._known.of(found.kind).asks if each.value in form.every("ask"))
        if not asks:
            raise types.Refused("asks")
        name, address = (form.get(each, "").strip()[:LONGEST_NAME] for each in ("name", "address"))
        return Wish(
            found.kind,
            asks,
            chosen.name if chosen else name,
            chosen.address if chosen else address,
            await self._chosen(form, found.case),
        )

    async def _chosen(self, form: Form, case: int) -> tuple[Subject, ...]:
        """What was ticked and what was typed. Raises Refused for what no report of the case names."""
        ticked = [_unticked(each) for each in form.every("target")]
        lines = [line.strip() for line in form.get("more", "").split("\n") if line.strip()]
        if len(ticked) + len(lines) > MOST_TARGETS:
            raise types.Refused("many")
        typed: list[Subject] = []
        for line in lines:
            typed.append(await self._meant(line, case))
        return tuple(dict.fromkeys([*ticked, *typed]))

    async def _meant(self, line: str, case: int) -> Subject:
        directory = self._desk.bot.ports.knowledge.directory
        possible = readings(line, directory)
        named = await self._requests.named(case, possible)
        if not named:
            guarded = any(directory.guards(*each) for each in possible)
            raise types.Refused("guarded" if guarded else "not_named", line[:LONGEST_NUMBER])
        return next(iter(named))

    async def _written(self, case: int) -> tuple[Subject, ...]:
        """What the masked words of a case name and its reports know by hash."""
        file = await self._cases.case(case)
        if file is None:
            raise NoSuchCase(f"there is no case {case}")
        texts = [each.text for each in reversed(file.reports) if each.text and not each.hidden]
        found = written_in(texts, self._desk.bot.ports.knowledge.directory)
        return tuple(await self._requests.named(case, found[: 3 * MOST_TARGETS]))

    async def _offered(self, found: types.Request, written: Form | None) -> list[tuple[Subject, bool]]:
        """What can be ticked, and whether it is."""
        if found.state is not types.State.PREPARED:
            return []
        own = [each.subject for each in found.targets if each.value]
        takes = self._known.of(found.kind).takes
        others = [each for each in await self._written(found.case) if each.kind in takes]
        chosen = {_unticked(each) for each in written.every("target")} if written else set(own)
        return [(each, each in chosen) for each in dict.fromkeys([*own, *others])]

    # What was done

    async def step(self, request: Request, official: Official, name: str) -> Response:
        """Note one step. Sending is the approvers' and has a page of its own."""
        form, found = await self._desk.form(request), await self._found(request)
        if name not in self._steps or (name == "sent") != request.url.path.endswith("/sent"):
            raise Refused(404)
        try:
            await self._steps[name](found.id, _version(form), official, form)
        except types.Refused as no:
            return await self.show(
                request, official, 422, written=form, trouble=f"takedown_no.{no.why}", about=no.about
            )
        except Changed:
            return await self.show(request, official, 409, written=form, trouble="takedown.changed")
        return self._desk.redirect(f"{HOME}/takedowns/{found.id}", f"takedown.done_{name}")

    async def _sent(self, id: int, version: int, official: Official, form: Form) -> None:
        await self._requests.sent(id, version, official, self._moment(form), _number(form))

    async def _acknowledged(self, id: int, version: int, official: Official, form: Form) -> None:
        await self._requests.acknowledged(id, version, official, self._moment(form), _number(form))

    async def _removed(self, id: int, version: int, official: Official, form: Form) -> None:
        await self._requests.removed(id, version, official, self._moment(form))

    async def _refused(self, id: int, version: int, official: Official, form: Form) -> None:
        await self._requests.refused(id, version, official, self._moment(form), form.get("reason", ""))

    async def _withdrawn(self, id: int, version: int, official: Official, form: Form) -> None:
        await self._requests.withdraw(id, version, official, form.get("reason", ""))

    def _moment(self, form: Form) -> datetime:
        """The moment on the house's clock; now where none is given. Raises Refused."""
        given = form.get("at", "").strip()
        try:
            return (
                datetime.fromisoformat(given[:16]).replace(tzinfo=self._foundation.timezone)
                if given
                else self._foundation.now()
            )
        except ValueError:
            raise types.Refused("moment") from None


def _version(form: Mapping[str, str]) -> int:
    given = form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 15 else 0


def _number(form: Mapping[str, str]) -> str:
    return form.get("reference", "").strip()[:LONGEST_NUMBER]


def _unticked(box: str) -> Subject:
    """What a ticked box stands for; it is written defanged there too."""
    kind, _, value = box.partition(":")
    return Subject(kind, plain_link(value) if kind in ("domain", "page") else value)
