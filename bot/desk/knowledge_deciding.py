"""One draft: what it changes, tried on messages, approved by a second person."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.desk import knowledge_fields
from bot.desk.knowledge_changes import changes
from bot.desk.knowledge_fields import FIELDS
from bot.desk.knowledge_kit import Kit, version_of
from bot.desk.names import Names
from bot.live_knowledge import WorkbenchFailed
from bot.store.revisions import NotDone, Revision, Why
from bot.store.revisions import State as Standing
from handlers.officials import Official

log = structlog.get_logger()

MOST_MESSAGES = 20
LONGEST_MESSAGE = 4_000
MOST_SHOWN = 100
# What becomes live between the checks and the approval makes us check again, but not for ever.
TRIES = 3


class Deciding:
    """The pages that show, try, ask for, send back and approve drafts."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit

    async def draw(self, request: Request, official: Official) -> Response:
        """What a draft changes, what is wrong with it, and what can be done with it."""
        return await self._draw(request, official, await self.kit.found(request))

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
        before = await self.kit.live(made.kind, made.name) if made.open else made.before
        said = self.kit.faults(made, official)
        named = {one.name: one for one in FIELDS[made.kind]}
        return self.kit.desk.draw(
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
        made, form = await self.kit.found(request), await self.kit.desk.form(request)
        if made.faults is None:
            await self.kit.check(made)
        await self.kit.prepare(made)
        try:
            await self.kit.revisions.ask(made.id, version_of(form), official)
        except NotDone as refused:
            return await self._not_done(request, official, refused, made)
        return self.kit.desk.redirect(f"/desk/knowledge/draft/{made.id}", "knowledge.asked")

    async def drop(self, request: Request, official: Official) -> Response:
        """Give it up."""
        made, form = await self.kit.found(request), await self.kit.desk.form(request)
        try:
            await self.kit.revisions.drop(made.id, version_of(form), official)
        except NotDone as refused:
            return await self._not_done(request, official, refused, made)
        return self.kit.desk.redirect("/desk/knowledge", "knowledge.dropped")

    async def send_back(self, request: Request, official: Official) -> Response:
        """Not yet, and why."""
        made, form = await self.kit.found(request), await self.kit.desk.form(request)
        remark = knowledge_fields.line(form.get("remark", ""))
        if not remark:
            return await self._draw(request, official, made, trouble="knowledge.remark_missing", status=422)
        try:
            await self.kit.revisions.send_back(made.id, version_of(form), official, remark)
        except NotDone as refused:
            return await self._not_done(request, official, refused, made)
        return self.kit.desk.redirect("/desk/knowledge", "knowledge.sent_back")

    async def approve(self, request: Request, official: Official) -> Response:
        """Live, after a last look by the very checks that files go through."""
        made, form = await self.kit.found(request), await self.kit.desk.form(request)
        if official.name in made.writers:
            return await self._not_done(request, official, NotDone(Why.OWN, made), made)
        if made.state is not Standing.ASKED or made.version != version_of(form):
            return await self._not_done(request, official, NotDone(Why.CHANGED, made), made)
        try:
            for _ in range(TRIES):
                newest, standing = await self.kit.revisions.standing()
                version, faults = await self.kit.bench.proved(standing, made.revised, self.kit.day())
                if faults:
                    await self.kit.revisions.checked(made.id, made.version, faults)
                    return await self._not_done(request, official, NotDone(Why.FAULTY), made)
                before = next(
                    (each.body for each in standing if (each.kind, each.name) == (made.kind, made.name)), None
                )
                try:
                    await self.kit.revisions.approve(
                        made.id,
                        made.version,
                        official,
                        before or self.kit.live_now(made.kind, made.name),
                        newest,
                        version,
                    )
                except NotDone as refused:
                    if refused.why is Why.MOVED:
                        continue
                    return await self._not_done(request, official, refused, made)
                return self.kit.desk.redirect(f"/desk/knowledge/draft/{made.id}", "knowledge.approved")
        except WorkbenchFailed as trouble:
            log.error("a draft could not be checked before its approval", revision=made.id, reason=str(trouble))
            return await self._draw(request, official, made, trouble="knowledge.bench_failed", status=503)
        return await self._not_done(request, official, NotDone(Why.MOVED), made)

    async def try_out(self, request: Request, official: Official) -> Response:
        """What the draft would change, on messages that were pasted and on what the house has."""
        made, form = await self.kit.found(request), await self.kit.desk.form(request)
        text = form.get("messages", "")
        messages = pasted(text)
        if len(messages) > MOST_MESSAGES or any(len(each) > LONGEST_MESSAGE for each in messages):
            return await self._draw(request, official, made, trouble="knowledge.too_many", status=422, messages=text)
        reports = await self.kit.revisions.reports_to_try(self.kit.revisions.foundation.now())
        _, standing = await self.kit.revisions.standing()
        try:
            result = await self.kit.bench.tried(standing, made.revised, messages=messages, reports=reports)
        except WorkbenchFailed as trouble:
            log.error("a draft could not be tried", revision=made.id, reason=str(trouble))
            return await self._draw(
                request, official, made, trouble="knowledge.bench_failed", status=503, messages=text
            )
        return self.kit.desk.draw(
            "knowledge_try.html",
            request,
            official,
            draft=made,
            result=result,
            messages=text,
            names=Names(self.kit.known, self.kit.desk.labels, official.language),
            shown=MOST_SHOWN,
        )

    async def _not_done(self, request: Request, official: Official, refused: NotDone, made: Revision) -> Response:
        now = await self.kit.revisions.get(made.id) or made
        return await self._draw(request, official, now, trouble=f"knowledge_why.{refused.why.value}", status=409)


def pasted(text: str) -> list[str]:
    """The messages of a text: an empty line ends one."""
    return [each.strip() for each in text.replace("\r", "").split("\n\n") if each.strip()]
