"""A draft of the knowledge is begun and written, by form or with a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.desk import knowledge_fields
from bot.desk.frame import Refused
from bot.desk.knowledge_fields import FIELDS, Shown
from bot.desk.knowledge_kit import Kit, kind_of, note_of, number_of, version_of
from bot.desk.labels import Labels
from bot.desk.names import Names
from bot.store.revisions import NotDone, Revision
from content.knowledge import Knowledge
from content.models import State
from content.revising import Body, Kind, Revised, fitting, tidy
from handlers.officials import Official

# Facts about scams age fast: half a year until somebody must look again.
REVIEWED_FOR = timedelta(days=180)


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


class Writing:
    """The pages that make and change drafts."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit

    def new(self, request: Request, official: Official) -> Response:
        """An empty form."""
        kind = kind_of(request)
        today = self.kit.revisions.foundation.today()
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
        kind, form = kind_of(request), await self.kit.desk.form(request)
        name = knowledge_fields.line(form.get("id", "")).lower()
        body = knowledge_fields.read(kind, name, form)
        draft = Draft(kind, name, new=True)
        if not fitting(name):
            return self._form(
                request, official, draft, body, note=note_of(form), trouble="knowledge.name_unfit", status=422
            )
        if self.kit.live_now(kind, name) is not None:
            return self._form(
                request, official, draft, body, note=note_of(form), trouble="knowledge.name_taken", status=422
            )
        return await self._begin(request, official, draft, body, note_of(form))

    async def change(self, request: Request, official: Official) -> Response:
        """The form with what is live in it; or the draft that there is already."""
        kind, name = kind_of(request), request.path_params["name"]
        there = await self.kit.revisions.open_of(kind, name)
        if there is not None:
            return self.kit.desk.redirect(
                f"/desk/knowledge/draft/{there.id}", "knowledge.is_drafted", who=there.changed_by
            )
        body = await self.kit.live(kind, name)
        if body is None:
            raise Refused(404)
        return self._form(request, official, Draft(kind, name), body)

    async def begin_change(self, request: Request, official: Official) -> Response:
        """A draft that changes what is live."""
        kind, name, form = kind_of(request), request.path_params["name"], await self.kit.desk.form(request)
        if await self.kit.live(kind, name) is None:
            raise Refused(404)
        return await self._begin(
            request, official, Draft(kind, name), knowledge_fields.read(kind, name, form), note_of(form)
        )

    async def _begin(
        self, request: Request, official: Official, draft: Draft, body: Body, note: str, restores: int | None = None
    ) -> Response:
        try:
            made = await self.kit.revisions.begin(Revised(draft.kind, draft.name, body), official, note, restores)
        except NotDone as refused:
            if refused.now is None:
                raise Refused(400) from None
            return self._conflict(request, official, refused.now, body, note)
        await self.kit.check(made)
        return self.kit.desk.redirect(f"/desk/knowledge/draft/{made.id}", "knowledge.saved")

    async def edit(self, request: Request, official: Official) -> Response:
        """The form with a draft in it."""
        made = await self.kit.found(request)
        draft = Draft(made.kind, made.name, made.id, made.version)
        return self._form(request, official, draft, made.body, note=made.note, faulty=made)

    async def save(self, request: Request, official: Official) -> Response:
        """A change of a draft; whoever comes second sees both texts and keeps their own in the form."""
        made, form = await self.kit.found(request), await self.kit.desk.form(request)
        body = knowledge_fields.read(made.kind, made.name, form)
        try:
            saved = await self.kit.revisions.save(made.id, version_of(form), body, official, note_of(form))
        except NotDone as refused:
            return self._conflict(request, official, refused.now or made, body, note_of(form))
        await self.kit.check(saved)
        return self.kit.desk.redirect(f"/desk/knowledge/draft/{saved.id}", "knowledge.saved")

    def _conflict(self, request: Request, official: Official, theirs: Revision, body: Body, note: str) -> Response:
        """Somebody was faster. Nothing of either text is lost: mine stands in the form, theirs under each field."""
        if not theirs.open:
            # It was approved or dropped meanwhile: what is in the form can become a new draft.
            draft = Draft(theirs.kind, theirs.name, new=self.kit.live_now(theirs.kind, theirs.name) is None)
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
        names = Names(self.kit.known, self.kit.desk.labels, official.language)
        fields = knowledge_fields.shown(
            draft.kind, body, choices(draft.kind, self.kit.known, names, self.kit.desk.labels)
        )
        said = self.kit.faults(faulty, official) if faulty else {}
        action = (
            f"/desk/knowledge/draft/{draft.id}/edit"
            if draft.id
            else f"/desk/knowledge/{draft.kind.value}/{draft.name}/change"
        )
        return self.kit.desk.draw(
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
            kinds=sorted({each.kind for each in self.kit.known.organisations.values()}),
        )

    # Drafts that begin with a button

    async def retire(self, request: Request, official: Official) -> Response:
        """A draft that takes an entry out of use."""
        kind, name = kind_of(request), request.path_params["name"]
        body = await self.kit.live(kind, name)
        if body is None or kind is not Kind.ENTRY:
            raise Refused(404)
        note = self.kit.desk.labels.say("knowledge.retire_note", official.language)
        return await self._begin(request, official, Draft(kind, name), {**body, "state": State.EXPIRED.value}, note)

    async def restore(self, request: Request, official: Official) -> Response:
        """A draft that brings an old text back; a second person approves it as any other."""
        kind, name, form = kind_of(request), request.path_params["name"], await self.kit.desk.form(request)
        old = await self.kit.revisions.get(number_of(form.get("revision", "")))
        if old is None or (old.kind, old.name) != (kind, name) or not old.live_order:
            raise Refused(404)
        body = old.before if form.get("which") == "before" else old.body
        if body is None:
            raise Refused(404)
        note = self.kit.desk.labels.say("knowledge.restore_note", official.language, number=old.id)
        return await self._begin(request, official, Draft(kind, name), body, note, old.id)


def _marked(shown: Shown, faults: Mapping[str, Sequence[str]], theirs: Revision | None) -> Shown:
    """The field with its faults, and what somebody else has written there where it is not the same."""
    other = knowledge_fields.texts(shown.field, tidy(theirs.body)) if theirs else {}
    differing = {name: text for name, text in other.items() if text != shown.values.get(name, "")}
    return replace(shown, faults=faults.get(shown.field.name, ()), theirs=differing)
