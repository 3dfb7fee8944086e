"""Drafts of the knowledge: written by form, checked as files are, tried on messages, approved by a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.desk import knowledge_faults, knowledge_fields
from bot.desk.frame import Desk, Form, Refused
from bot.desk.knowledge_changes import changes
from bot.desk.knowledge_fields import FIELDS, Shown
from bot.desk.labels import Labels
from bot.desk.names import Names
from bot.live_knowledge import Workbench, WorkbenchFailed
from bot.store.revisions import NotDone, Revision, Revisions, Why
from bot.store.revisions import State as Standing
from content.knowledge import Knowledge
from content.models import Entry, Organisation, State
from content.revising import Body, Kind, Revised, body_of, fitting, tidy
from handlers.officials import Official, Role

log = structlog.get_logger()

MOST_MESSAGES = 20
LONGEST_MESSAGE = 4_000
MOST_SHOWN = 100
# Facts about scams age fast: half a year until somebody must look again.
REVIEWED_FOR = timedelta(days=180)
# What becomes live between the checks and the approval makes us check again, but not for ever.
TRIES = 3


@dataclass(frozen=True)
class Draft:
    """What a form was opened on: `id` and `version` 0 for something that is no draft yet."""

    kind: Kind
    name: str
    id: int = 0
    version: int = 0
    new: bool = False


def choices(kind: Kind, known: Knowledge, names: Names, labels: Labels) -> dict[str, list[tuple[str, str]]]:
    """What there is to choose from, as value and name, by field."""
    if kind is Kind.ORGANISATION:
        return {}
    types = next(one for one in FIELDS[kind] if one.name == "type").choices
    hotlines = [(each.id, f"{each.name.in_(names.language)} {each.number}".strip()) for each in known.hotlines.values()]
    return {
        "type": sorted(((each, names.type(each)) for each in types), key=lambda one: one[1]),
        "state": [(each.value, labels.say(f"knowledge_state.{each.value}", names.language)) for each in State],
        "call": hotlines,
        "police_case": [(str(number), str(number)) for number in range(16)],
    }


def add(desk: Desk, revisions: Revisions, bench: Workbench) -> None:
    """Register the pages and their forms."""
    drafting = Drafting(desk, revisions, bench)

    @desk.page("/knowledge/new/{kind}", Role.EDITOR)
    async def new(request: Request, official: Official) -> Response:
        return drafting.new(request, official)

    @desk.page("/knowledge/new/{kind}", Role.EDITOR, methods=("POST",))
    async def begin_new(request: Request, official: Official) -> Response:
        return await drafting.begin_new(request, official)

    @desk.page("/knowledge/{kind}/{name}/change", Role.EDITOR)
    async def change(request: Request, official: Official) -> Response:
        return await drafting.change(request, official)

    @desk.page("/knowledge/{kind}/{name}/change", Role.EDITOR, methods=("POST",))
    async def begin_change(request: Request, official: Official) -> Response:
        return await drafting.begin_change(request, official)

    @desk.page("/knowledge/{kind}/{name}/retire", Role.EDITOR, methods=("POST",))
    async def retire(request: Request, official: Official) -> Response:
        return await drafting.retire(request, official)

    @desk.page("/knowledge/{kind}/{name}/restore", Role.EDITOR, methods=("POST",))
    async def restore(request: Request, official: Official) -> Response:
        return await drafting.restore(request, official)

    @desk.page("/knowledge/draft/{id}")
    async def draft(request: Request, official: Official) -> Response:
        return await drafting.draw(request, official)

    @desk.page("/knowledge/draft/{id}/edit", Role.EDITOR)
    async def edit(request: Request, official: Official) -> Response:
        return await drafting.edit(request, official)

    @desk.page("/knowledge/draft/{id}/edit", Role.EDITOR, methods=("POST",))
    async def save(request: Request, official: Official) -> Response:
        return await drafting.save(request, official)

    @desk.page("/knowledge/draft/{id}/try", Role.EDITOR, methods=("POST",))
    async def try_out(request: Request, official: Official) -> Response:
        return await drafting.try_out(request, official)

    @desk.page("/knowledge/draft/{id}/ask", Role.EDITOR, methods=("POST",))
    async def ask(request: Request, official: Official) -> Response:
        return await drafting.ask(request, official)

    @desk.page("/knowledge/draft/{id}/drop", Role.EDITOR, methods=("POST",))
    async def drop(request: Request, official: Official) -> Response:
        return await drafting.drop(request, official)

    @desk.page("/knowledge/draft/{id}/return", Role.APPROVER, methods=("POST",))
    async def send_back(request: Request, official: Official) -> Response:
        return await drafting.send_back(request, official)

    @desk.page("/knowledge/draft/{id}/approve", Role.APPROVER, methods=("POST",))
    async def approve(request: Request, official: Official) -> Response:
        return await drafting.approve(request, official)


class Drafting:
    """The pages that make, change and approve drafts."""

    def __init__(self, desk: Desk, revisions: Revisions, bench: Workbench) -> None:
        self.desk = desk
        self.revisions = revisions
        self.bench = bench

    @property
    def known(self) -> Knowledge:
        return self.desk.bot.ports.knowledge

    # The form

    def new(self, request: Request, official: Official) -> Response:
        """An empty form."""
        kind = _kind(request)
        today = self.revisions.foundation.today()
        body: dict[str, Any] = {}
        if kind is Kind.ENTRY:
            body = {
                "state": State.LIVE.value,
                "type": "other",
                "reviewed_on": today.isoformat(),
                "expires_on": (today + REVIEWED_FOR).isoformat(),
            }
        return self._form(request, official, Draft(kind, "", new=True), body)

    async def begin_new(self, request: Request, official: Official) -> Response:
        """A first draft of something that we do not have."""
        kind, form = _kind(request), await self.desk.form(request)
        name = knowledge_fields.line(form.get("id", "")).lower()
        body = knowledge_fields.read(kind, name, form)
        draft = Draft(kind, name, new=True)
        if not fitting(name):
            return self._form(
                request, official, draft, body, note=_note(form), trouble="knowledge.name_unfit", status=422
            )
        if self._live_now(kind, name) is not None:
            return self._form(
                request, official, draft, body, note=_note(form), trouble="knowledge.name_taken", status=422
            )
        return await self._begin(request, official, draft, body, _note(form))

    async def change(self, request: Request, official: Official) -> Response:
        """The form with what is live in it; or the draft that there is already."""
        kind, name = _kind(request), request.path_params["name"]
        there = await self.revisions.open_of(kind, name)
        if there is not None:
            return self.desk.redirect(f"/desk/knowledge/draft/{there.id}", "knowledge.is_drafted", who=there.changed_by)
        body = await self._live(kind, name)
        if body is None:
            raise Refused(404)
        return self._form(request, official, Draft(kind, name), body)

    async def begin_change(self, request: Request, official: Official) -> Response:
        """A draft that changes what is live."""
        kind, name, form = _kind(request), request.path_params["name"], await self.desk.form(request)
        if await self._live(kind, name) is None:
            raise Refused(404)
        return await self._begin(
            request, official, Draft(kind, name), knowledge_fields.read(kind, name, form), _note(form)
        )

    async def _begin(
        self, request: Request, official: Official, draft: Draft, body: Body, note: str, restores: int | None = None
    ) -> Response:
        try:
            made = await self.revisions.begin(Revised(draft.kind, draft.name, body), official, note, restores)
        except NotDone as refused:
            if refused.now is None:
                raise Refused(400) from None
            return self._conflict(request, official, refused.now, body, note)
        await self._check(made)
        return self.desk.redirect(f"/desk/knowledge/draft/{made.id}", "knowledge.saved")

    async def edit(self, request: Request, official: Official) -> Response:
        """The form with a draft in it."""
        made = await self._open(request)
        draft = Draft(made.kind, made.name, made.id, made.version)
        return self._form(request, official, draft, made.body, note=made.note, faulty=made)

    async def save(self, request: Request, official: Official) -> Response:
        """A change of a draft; whoever comes second sees both texts and keeps their own in the form."""
        made, form = await self._open(request), await self.desk.form(request)
        body = knowledge_fields.read(made.kind, made.name, form)
        try:
            saved = await self.revisions.save(made.id, _version(form), body, official, _note(form))
        except NotDone as refused:
            return self._conflict(request, official, refused.now or made, body, _note(form))
        await self._check(saved)
        return self.desk.redirect(f"/desk/knowledge/draft/{saved.id}", "knowledge.saved")

    def _conflict(self, request: Request, official: Official, theirs: Revision, body: Body, note: str) -> Response:
        """Somebody was faster. Nothing of either text is lost: mine stands in the form, theirs under each field."""
        if not theirs.open:
            # It was approved or dropped meanwhile: what is in the form can become a new draft.
            draft = Draft(theirs.kind, theirs.name, new=self._live_now(theirs.kind, theirs.name) is None)
            return self._form(
                request,
                official,
                draft,
                body,
                note=note,
                theirs=theirs,
                trouble="knowledge.closed_meanwhile",
                status=409,
            )
        draft = Draft(theirs.kind, theirs.name, theirs.id, theirs.version)
        return self._form(
            request, official, draft, body, note=note, theirs=theirs, trouble="knowledge.changed_meanwhile", status=409
        )

    def _form(
        self,
        request: Request,
        official: Official,
        draft: Draft,
        body: Body,
        *,
        note: str = "",
        faulty: Revision | None = None,
        theirs: Revision | None = None,
        trouble: str = "",
        status: int = 200,
    ) -> Response:
        names = Names(self.known, self.desk.labels, official.language)
        fields = knowledge_fields.shown(draft.kind, body, choices(draft.kind, self.known, names, self.desk.labels))
        said = self._faults(faulty, official) if faulty else {}
        action = (
            f"/desk/knowledge/draft/{draft.id}/edit"
            if draft.id
            else f"/desk/knowledge/{draft.kind.value}/{draft.name}/change"
        )
        return self.desk.draw(
            "knowledge_form.html",
            request,
            official,
            status=status,
            draft=draft,
            fields=[_marked(each, said, theirs) for each in fields],
            elsewhere=said.get("", []),
            note=note,
            theirs=theirs,
            trouble=trouble,
            action=f"/desk/knowledge/new/{draft.kind.value}" if draft.new else action,
            kinds=sorted({each.kind for each in self.known.organisations.values()}),
        )

    # One draft

    async def draw(self, request: Request, official: Official) -> Response:
        """What a draft changes, what is wrong with it, and what can be done with it."""
        return await self._draw(request, official, await self._found(request))

    async def _draw(
        self,
        request: Request,
        official: Official,
        made: Revision,
        *,
        trouble: str = "",
        status: int = 200,
        messages: str = "",
    ) -> Response:
        before = await self._live(made.kind, made.name) if made.open else made.before
        said = self._faults(made, official)
        named = {one.name: one for one in FIELDS[made.kind]}
        return self.desk.draw(
            "knowledge_draft.html",
            request,
            official,
            status=status,
            draft=made,
            new=before is None,
            changes=changes(made.kind, before, made.body),
            elsewhere=said.get("", []),
            faults=[(named[name], words) for name, words in said.items() if name],
            checked=made.faults is not None,
            mine=official.name in made.writers,
            trouble=trouble,
            messages=messages,
            most=MOST_MESSAGES,
        )

    async def ask(self, request: Request, official: Official) -> Response:
        """Have it wait for a second person, once nothing is wrong with it."""
        made, form = await self._open(request), await self.desk.form(request)
        if made.faults is None:
            await self._check(made)
        await self._prepare(made)
        try:
            await self.revisions.ask(made.id, _version(form), official)
        except NotDone as refused:
            return await self._not_done(request, official, refused, made)
        return self.desk.redirect(f"/desk/knowledge/draft/{made.id}", "knowledge.asked")

    async def drop(self, request: Request, official: Official) -> Response:
        """Give it up."""
        made, form = await self._open(request), await self.desk.form(request)
        try:
            await self.revisions.drop(made.id, _version(form), official)
        except NotDone as refused:
            return await self._not_done(request, official, refused, made)
        return self.desk.redirect("/desk/knowledge", "knowledge.dropped")

    async def send_back(self, request: Request, official: Official) -> Response:
        """Not yet, and why."""
        made, form = await self._open(request), await self.desk.form(request)
        remark = knowledge_fields.line(form.get("remark", ""))
        if not remark:
            return await self._draw(request, official, made, trouble="knowledge.remark_missing", status=422)
        try:
            await self.revisions.send_back(made.id, _version(form), official, remark)
        except NotDone as refused:
            return await self._not_done(request, official, refused, made)
        return self.desk.redirect("/desk/knowledge", "knowledge.sent_back")

    async def approve(self, request: Request, official: Official) -> Response:
        """Live, after a last look by the very checks that files go through."""
        made, form = await self._found(request), await self.desk.form(request)
        if official.name in made.writers:
            return await self._not_done(request, official, NotDone(Why.OWN, made), made)
        if made.state is not Standing.ASKED or made.version != _version(form):
            return await self._not_done(request, official, NotDone(Why.CHANGED, made), made)
        try:
            for _ in range(TRIES):
                newest, standing = await self.revisions.standing()
                version, faults = await self.bench.proved(standing, made.revised, self._day())
                if faults:
                    await self.revisions.checked(made.id, made.version, faults)
                    return await self._not_done(request, official, NotDone(Why.FAULTY), made)
                before = next(
                    (each.body for each in standing if (each.kind, each.name) == (made.kind, made.name)), None
                )
                try:
                    await self.revisions.approve(
                        made.id, made.version, official, before or self._live_now(made.kind, made.name), newest, version
                    )
                except NotDone as refused:
                    if refused.why is Why.MOVED:
                        continue
                    return await self._not_done(request, official, refused, made)
                return self.desk.redirect(f"/desk/knowledge/draft/{made.id}", "knowledge.approved")
        except WorkbenchFailed as trouble:
            log.error("a draft could not be checked before its approval", revision=made.id, reason=str(trouble))
            return await self._draw(request, official, made, trouble="knowledge.bench_failed", status=503)
        return await self._not_done(request, official, NotDone(Why.MOVED), made)

    async def try_out(self, request: Request, official: Official) -> Response:
        """What the draft would change, on messages that were pasted and on what the house has."""
        made, form = await self._open(request), await self.desk.form(request)
        text = form.get("messages", "")
        messages = pasted(text)
        if len(messages) > MOST_MESSAGES or any(len(each) > LONGEST_MESSAGE for each in messages):
            return await self._draw(request, official, made, trouble="knowledge.too_many", status=422, messages=text)
        reports = await self.revisions.reports_to_try(self.revisions.foundation.now())
        _, standing = await self.revisions.standing()
        try:
            result = await self.bench.tried(standing, made.revised, messages=messages, reports=reports)
        except WorkbenchFailed as trouble:
            log.error("a draft could not be tried", revision=made.id, reason=str(trouble))
            return await self._draw(
                request, official, made, trouble="knowledge.bench_failed", status=503, messages=text
            )
        return self.desk.draw(
            "knowledge_try.html",
            request,
            official,
            draft=made,
            result=result,
            messages=text,
            names=Names(self.known, self.desk.labels, official.language),
            shown=MOST_SHOWN,
        )

    # Drafts that begin with a button

    async def retire(self, request: Request, official: Official) -> Response:
        """A draft that takes an entry out of use."""
        kind, name = _kind(request), request.path_params["name"]
        body = await self._live(kind, name)
        if body is None or kind is not Kind.ENTRY:
            raise Refused(404)
        note = self.desk.labels.say("knowledge.retire_note", official.language)
        return await self._begin(request, official, Draft(kind, name), {**body, "state": State.EXPIRED.value}, note)

    async def restore(self, request: Request, official: Official) -> Response:
        """A draft that brings an old text back; a second person approves it as any other."""
        kind, name, form = _kind(request), request.path_params["name"], await self.desk.form(request)
        old = await self.revisions.get(_number(form.get("revision", "")))
        if old is None or (old.kind, old.name) != (kind, name) or not old.live_order:
            raise Refused(404)
        body = old.before if form.get("which") == "before" else old.body
        if body is None:
            raise Refused(404)
        note = self.desk.labels.say("knowledge.restore_note", official.language, number=old.id)
        return await self._begin(request, official, Draft(kind, name), body, note, old.id)

    # What all of them need

    async def _check(self, made: Revision) -> None:
        """Keep with the draft what is wrong with it; nothing where that could not be found out."""
        try:
            _, standing = await self.revisions.standing()
            faults = await self.bench.check(standing, made.revised, self._day())
        except WorkbenchFailed as trouble:
            log.error("a draft could not be checked", revision=made.id, reason=str(trouble))
            return
        await self.revisions.checked(made.id, made.version, faults)

    async def _prepare(self, made: Revision) -> None:
        """Have the knowledge that it makes ready, so that whoever approves it need not wait; and keep what that finds."""
        if made.faults:
            return
        try:
            _, standing = await self.revisions.standing()
            _, faults = await self.bench.proved(standing, made.revised, self._day())
        except WorkbenchFailed as trouble:
            log.error("the knowledge of a draft could not be made ready", revision=made.id, reason=str(trouble))
            return
        if faults:
            await self.revisions.checked(made.id, made.version, faults)

    def _faults(self, made: Revision, official: Official) -> dict[str, list[str]]:
        return knowledge_faults.by_field(made.kind, made.name, made.faults or (), self.desk.labels, official.language)

    async def _not_done(self, request: Request, official: Official, refused: NotDone, made: Revision) -> Response:
        now = await self.revisions.get(made.id) or made
        return await self._draw(request, official, now, trouble=f"knowledge_why.{refused.why.value}", status=409)

    async def _live(self, kind: Kind, name: str) -> Body | None:
        """What is live of a thing, also a second before this process has taken it up."""
        revised = await self.revisions.live_of(kind, name)
        return revised.body if revised and not revised.refused else self._live_now(kind, name)

    def _live_now(self, kind: Kind, name: str) -> Body | None:
        thing: Entry | Organisation | None = (
            self.known.entries.get(name) if kind is Kind.ENTRY else self.known.organisations.get(name)
        )
        return body_of(thing) if thing else None

    async def _found(self, request: Request) -> Revision:
        made = await self.revisions.get(_number(request.path_params["id"]))
        if made is None:
            raise Refused(404)
        return made

    async def _open(self, request: Request) -> Revision:
        """The draft of this page, also when it was closed a moment ago: the form says so."""
        return await self._found(request)

    def _day(self) -> str:
        return self.revisions.foundation.today().isoformat()


def pasted(text: str) -> list[str]:
    """The messages of a text: an empty line ends one."""
    return [each.strip() for each in text.replace("\r", "").split("\n\n") if each.strip()]


def _marked(shown: Shown, faults: Mapping[str, Sequence[str]], theirs: Revision | None) -> Shown:
    """The field with its faults, and what somebody else has written there where it is not the same."""
    other = knowledge_fields.texts(shown.field, tidy(theirs.body)) if theirs else {}
    differing = {name: text for name, text in other.items() if text != shown.values.get(name, "")}
    return replace(shown, faults=faults.get(shown.field.name, ()), theirs=differing)


def _kind(request: Request) -> Kind:
    try:
        return Kind(request.path_params["kind"])
    except ValueError:
        raise Refused(404) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refused(404)
    return int(text)


def _version(form: Form) -> int:
    return _number(form.get("version", ""))


def _note(form: Form) -> str:
    return knowledge_fields.line(form.get("note", ""))
