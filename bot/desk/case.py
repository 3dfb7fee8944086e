"""One case: what people sent, what is known about it, and what an official decides. Who reported is never here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.charts import Column, columns
from bot.desk.formats import defang
from bot.desk.frame import HOME, Desk, Refused
from bot.desk.names import Names
from bot.store.casebook import CaseBook, CaseFile, Changed, Decision, DecisionKind, Done, NoSuchCase
from bot.store.takedowns import Takedowns
from bot.takedown.gathering import reference
from content.directory import registrable
from content.identifiers import Kind, find, host_of
from content.knowledge import Knowledge
from content.models import ScamType
from content.verdict import judge
from content.verdict_types import Verdict
from handlers.limits import SLOWED_FOR
from handlers.officials import Official, Role

# A page names so many links; more of them is a list that somebody pasted.
MOST_LINKS = 20
# The first reports in full; the rest one tap away.
FIRST_REPORTS = 5
MOST_REPORTS = 30
# Reports of one case are copies; so many different wordings of it are looked through for links.
MOST_READ = 20
LONGEST_REMARK = 500
LONGEST_REASON = 200
MOST_DAYS = 21
# What no citizen may be told of anything.
_PROMISES = re.compile(r"ปลอดภัย|\bsafe(?:ly|ty)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """A link that was reported, not to be tapped, and what the directory says of its domain."""

    shown: str
    domain: str
    finding: str


def add(desk: Desk) -> None:
    """Register the page and its forms."""
    cases = CaseBook(desk.bot.store.foundation)
    reading = _Reading(desk, cases)

    @desk.page("/case/{id}")
    async def case(request: Request, official: Official) -> Response:
        return await reading.draw(request, official)

    @desk.page("/case/{id}/take", Role.EDITOR, methods=("POST",))
    async def take(request: Request, official: Official) -> Response:
        number = _number(request)
        try:
            await cases.take(number, official)
        except NoSuchCase:
            raise Refused(404) from None
        return desk.redirect(f"{HOME}/case/{number}", "case.done_taken")

    @desk.page("/case/{id}/decide", Role.EDITOR, methods=("POST",))
    async def decide(request: Request, official: Official) -> Response:
        form, number = await desk.form(request), _number(request)
        decision, trouble = _decision(form, desk.bot.ports.knowledge)
        if decision is None:
            return await reading.draw(request, official, 422, written=form, trouble=trouble)
        try:
            await cases.decide(number, _version(form), decision, official)
        except NoSuchCase:
            raise Refused(404) from None
        except Changed:
            return await reading.draw(request, official, 409, written=form, changed=True)
        return desk.redirect(f"{HOME}/queue", "case.done_decided", id=number)

    @desk.page("/case/{id}/merge", Role.EDITOR, methods=("POST",))
    async def merge(request: Request, official: Official) -> Response:
        form, number = await desk.form(request), _number(request)
        into = form.get("into", "").strip().lstrip("#")
        if not _is_number(into) or int(into) == number:
            return await reading.draw(request, official, 422, written=form, trouble="case.merge_which")
        try:
            await cases.merge(number, _version(form), int(into), official)
        except (NoSuchCase, ValueError):
            return await reading.draw(request, official, 422, written=form, trouble="case.merge_which")
        except Changed:
            return await reading.draw(request, official, 409, written=form, changed=True)
        return desk.redirect(f"{HOME}/case/{int(into)}", "case.done_merged", id=number)

    @desk.page("/case/{id}/hide", Role.EDITOR, methods=("POST",))
    async def hide(request: Request, official: Official) -> Response:
        form, number = await desk.form(request), _number(request)
        reason = form.get("reason", "").strip()[:LONGEST_REASON]
        if not reason:
            return await reading.draw(request, official, 422, written=form, trouble="case.hide_why")
        try:
            hidden = await cases.hide_reporter(number, form.get("report", ""), official, reason)
        except NoSuchCase:
            raise Refused(404) from None
        return desk.redirect(f"{HOME}/case/{number}", "case.done_hidden", reports=hidden)

    @desk.page("/case/{id}/slow", Role.EDITOR, methods=("POST",))
    async def slow(request: Request, official: Official) -> Response:
        form, number = await desk.form(request), _number(request)
        reason = form.get("reason", "").strip()[:LONGEST_REASON]
        if not reason:
            return await reading.draw(request, official, 422, written=form, trouble="case.hide_why")
        try:
            slowed = await cases.slow_reporter(number, form.get("report", ""), official, reason)
        except NoSuchCase:
            raise Refused(404) from None
        return desk.redirect(f"{HOME}/case/{number}", "case.done_slowed" if slowed else "case.not_slowed")

    @desk.page("/case/{id}/show", Role.EDITOR, methods=("POST",))
    async def show(request: Request, official: Official) -> Response:
        form, number = await desk.form(request), _number(request)
        reason = form.get("reason", "").strip()[:LONGEST_REASON]
        try:
            shown = await cases.show_reporter(number, form.get("report", ""), official, reason)
        except NoSuchCase:
            raise Refused(404) from None
        return desk.redirect(f"{HOME}/case/{number}", "case.done_shown", reports=shown)


class _Reading:
    """Draws the page of a case, also when what an official wrote has to be shown to them again."""

    def __init__(self, desk: Desk, cases: CaseBook) -> None:
        self._desk = desk
        self._cases = cases
        self._takedowns = Takedowns(desk.bot.store.foundation)

    async def draw(
        self,
        request: Request,
        official: Official,
        status: int = 200,
        *,
        written: Mapping[str, str] | None = None,
        trouble: str = "",
        changed: bool = False,
    ) -> Response:
        """The page; `written` is what stays in its form, `trouble` the label that says what is wrong with it, `changed`
        that somebody else has decided meanwhile."""
        found = await self._cases.case(_number(request))
        if found is None:
            raise Refused(404)
        knowledge = self._desk.bot.ports.knowledge
        names = Names(knowledge, self._desk.labels, official.language)
        texts = [report.text for report in found.reports if report.text and not report.hidden]
        return self._desk.draw(
            "case.html",
            request,
            official,
            status,
            names=names,
            case=found.row,
            file=found,
            first=FIRST_REPORTS,
            most=MOST_REPORTS,
            verdict=self._verdict(texts[-1], official) if texts else None,
            links=_links(texts, knowledge),
            picture=_picture(found, self._desk.labels.say("case.picture", official.language)),
            history=[(done, _said(done)) for done in found.history],
            kinds=tuple(DecisionKind),
            types=sorted(ScamType, key=lambda each: names.type(each.value)),
            entries=_by_type(knowledge),
            written=written or {},
            trouble=trouble,
            changed=changed,
            longest=LONGEST_REMARK,
            slowed_days=SLOWED_FOR.days,
            takedowns=await self._takedowns.of_case(found.row.id),
            takedown_known=knowledge.takedown,
            takedown_reference=reference,
        )

    def _verdict(self, text: str, official: Official) -> Verdict:
        """What today's knowledge makes of the masked text."""
        return judge(text, self._desk.bot.ports.knowledge, official.language)


def _number(request: Request) -> int:
    given = request.path_params["id"]
    if not _is_number(given):
        raise Refused(404)
    return int(given)


def _is_number(given: str) -> bool:
    # Longer than any row's id, and more than the database takes for a number.
    return given.isascii() and given.isdigit() and len(given) <= 15


def _version(form: Mapping[str, str]) -> int:
    given = form.get("version", "")
    return int(given) if _is_number(given) else 0


def _decision(form: Mapping[str, str], knowledge: Knowledge) -> tuple[Decision | None, str]:
    """What the form says, or the label of what is missing."""
    kind = form.get("kind", "")
    remark = form.get("remark", "").strip()
    entry = form.get("entry", "") or None
    type_ = form.get("type", "") or None
    if kind not in set(DecisionKind):
        return None, "case.choose"
    if len(remark) > LONGEST_REMARK:
        return None, "case.remark_long"
    if _PROMISES.search(remark):
        return None, "case.remark_promises"
    if (entry and entry not in knowledge.entries) or (type_ and type_ not in set(ScamType)):
        return None, "case.which"
    if kind == DecisionKind.SCAM:
        if entry is None:
            return None, "case.which"
        return Decision(DecisionKind.SCAM, knowledge.entries[entry].type.value, entry, remark), ""
    of_scam = kind == DecisionKind.NEW_ENTRY
    return Decision(DecisionKind(kind), type_ if of_scam else None, None, remark), ""


def _links(texts: list[str], knowledge: Knowledge) -> list[Link]:
    newest = list(dict.fromkeys(reversed(texts)))[:MOST_READ]
    found = dict.fromkeys(each.value for text in newest for each in find(text) if each.kind is Kind.URL)
    return [
        Link(
            defang(value), defang(registrable(host_of(value)) or host_of(value)), knowledge.directory.judge_link(value)
        )
        for value in list(found)[:MOST_LINKS]
    ]


def _picture(file: CaseFile, title: str) -> str:
    """New people by day, up to the last day on which anybody asked; a day without anybody is a gap."""
    people = {day: new for day, _, new in file.days}
    if not people:
        return ""
    last = max(people)
    first = max(min(people), last - timedelta(days=MOST_DAYS - 1))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return columns(title, [Column(f"{day.day}/{day.month}", (people.get(day, 0),)) for day in days])


def _by_type(knowledge: Knowledge) -> list[tuple[str, list[str]]]:
    """The ids of all entries under their types."""
    return [
        (type_.value, sorted(knowledge.entries_of_type[type_]))
        for type_ in ScamType
        if knowledge.entries_of_type.get(type_)
    ]


def _said(done: Done) -> dict[str, str]:
    """What an act was about, in its own words; nothing where it is no table of words."""
    try:
        detail = json.loads(done.detail or "{}")
    except ValueError:
        return {}
    return (
        {str(name): str(value) for name, value in detail.items() if value is not None}
        if isinstance(detail, dict)
        else {}
    )
