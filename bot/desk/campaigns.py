"""Early warnings for other agencies: proposed from a case, confirmed by a second person, taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.formats import defang
from bot.desk.frame import HOME, Desk, Form, Refused
from bot.desk.names import Names
from bot.store.campaigns import SCAMS, CampaignBook, Marking, NotDone, Proposal, Why, personal
from bot.store.casebook import CaseBook, CaseFile
from content.directory import Directory
from content.identifiers import Identifier, Kind, find, host_of, plain_link
from content.reported import Subject, subject_of
from handlers.officials import Official, Role

# How long a warning may hold. Numbers and domains of scams change hands within months.
DAYS = (30, 90, 180)
MOST_SUGGESTED = 10
# Reports of one case are copies; so many different wordings are looked through for links.
MOST_READ = 20
LONGEST_LINE = 300
# The fields of the form, and what stands in each.
FIELDS = ("links", "line_ids", "phones", "accounts", "wallets")
_NOT_DIGITS = re.compile(r"[\s().–-]+")
_SHOWN = {Why.UNDECIDED, Why.OPEN, Why.NOT_NAMED, Why.NEVER, Why.MANY, Why.OWN, Why.CHANGED, Why.NO_REASON, Why.TIME}


class Unread(Exception):
    """A line of the form that cannot be taken: `why` is the label, `line` the line."""

    def __init__(self, why: str, line: str) -> None:
        super().__init__(why)
        self.why = f"campaigns.trouble.{why}"
        self.line = line


def add(desk: Desk) -> None:
    """Register the pages and their forms."""
    book, cases = CampaignBook(desk.bot.store.foundation), CaseBook(desk.bot.store.foundation)
    pages = _Pages(desk, book, cases)

    @desk.page("/campaigns", nav="nav.campaigns")
    async def campaigns(request: Request, official: Official) -> Response:
        return desk.draw("campaigns.html", request, official, names=pages.names(official), warnings=await book.newest())

    @desk.page("/campaigns/{id}")
    async def one(request: Request, official: Official) -> Response:
        return await pages.one(request, official)

    @desk.page("/campaigns/{id}/confirm", Role.APPROVER, methods=("POST",))
    async def confirm(request: Request, official: Official) -> Response:
        number = _number(request)
        try:
            await book.confirm(number, official)
        except NotDone as trouble:
            return await pages.one(request, official, _status(trouble), trouble=_label(trouble))
        return desk.redirect(f"{HOME}/campaigns/{number}", "campaigns.done_confirmed")

    @desk.page("/campaigns/{id}/end", Role.EDITOR, methods=("POST",))
    async def end(request: Request, official: Official) -> Response:
        form, number = await desk.form(request), _number(request)
        try:
            await book.end(number, official, form.get("reason", ""))
        except NotDone as trouble:
            return await pages.one(request, official, _status(trouble), trouble=_label(trouble))
        return desk.redirect(f"{HOME}/campaigns/{number}", "campaigns.done_ended")

    @desk.page("/case/{id}/warning", Role.EDITOR)
    async def of_case(request: Request, official: Official) -> Response:
        return await pages.proposing(request, official)

    @desk.page("/case/{id}/warning", Role.EDITOR, methods=("POST",))
    async def propose(request: Request, official: Official) -> Response:
        form, used = await desk.form(request), list[tuple[Subject, str]]()
        try:
            used = list(_read(form, desk.bot.ports.knowledge.directory))
            made = await book.propose(_proposal(_number(request), form, [each for each, _ in used]), official)
        except Unread as trouble:
            return await pages.proposing(request, official, form, trouble.why, trouble.line)
        except NotDone as trouble:
            if trouble.why is Why.NO_CASE:
                raise Refused(404) from None
            line = used[trouble.which - 1][1] if trouble.which else ""
            return await pages.proposing(request, official, form, _label(trouble), line)
        return desk.redirect(f"{HOME}/campaigns/{made.id}", "campaigns.done_proposed")


class _Pages:
    """Draws the pages, also when what an official wrote has to be shown to them again."""

    def __init__(self, desk: Desk, book: CampaignBook, cases: CaseBook) -> None:
        self._desk = desk
        self._book = book
        self._cases = cases

    def names(self, official: Official) -> Names:
        return Names(self._desk.bot.ports.knowledge, self._desk.labels, official.language)

    async def one(self, request: Request, official: Official, status: int = 200, *, trouble: str = "") -> Response:
        """A warning; `trouble` is the label that says what was wrong."""
        campaign = await self._book.get(_number(request))
        if campaign is None:
            raise Refused(404)
        return self._desk.draw(
            "campaign.html",
            request,
            official,
            status,
            names=self.names(official),
            warning=campaign,
            used=[(subject, personal(subject)) for _, subject in campaign.used],
            trouble=trouble,
        )

    async def proposing(
        self,
        request: Request,
        official: Official,
        written: Mapping[str, str] | None = None,
        trouble: str = "",
        line: str = "",
    ) -> Response:
        """The form for a case; filled with the links of its reports where nobody has written yet."""
        found = await self._cases.case(_number(request))
        if found is None:
            raise Refused(404)
        suggested = "\n".join(self._links(found))
        return self._desk.draw(
            "campaign_propose.html",
            request,
            official,
            422 if trouble else 200,
            names=self.names(official),
            case=found.row,
            decided=found.row.state == "answered" and found.row.decision in SCAMS,
            earlier=await self._book.of_case(found.row.id),
            asks_personal=any(each.confirmed and each.kind not in ("domain", "page") for each in found.identifiers),
            markings=tuple(Marking),
            days=DAYS,
            written=written if written is not None else {"links": suggested},
            trouble=trouble,
            line=defang(line),
        )

    def _links(self, file: CaseFile) -> list[str]:
        """What the reports of a case name on the web and nobody of the directory owns; not to be tapped."""
        directory = self._desk.bot.ports.knowledge.directory
        texts = [each.text for each in file.reports if each.text and not each.hidden]
        newest = list(dict.fromkeys(reversed(texts)))[:MOST_READ]
        links = dict.fromkeys(each.value for text in newest for each in find(text) if each.kind is Kind.URL)
        subjects = dict.fromkeys(filter(None, (_of_link(each, directory) for each in links)))
        return [defang(each.value) for each in subjects if not directory.guards(*each)][:MOST_SUGGESTED]


def _proposal(case: int, form: Form, used: list[Subject]) -> Proposal:
    marking, days = form.get("marking", ""), form.get("days", "")
    if marking not in set(Marking):
        raise Unread("marking", "")
    valid = timedelta(days=int(days)) if days in {str(each) for each in DAYS} else timedelta()
    return Proposal(case, Marking(marking), valid, used)


def _read(form: Mapping[str, str], directory: Directory) -> Iterator[tuple[Subject, str]]:
    """Everything that the form names, each once, with the line it stands in. Raises Unread."""
    seen: set[Subject] = set()
    for name in FIELDS:
        for line in filter(None, map(str.strip, form.get(name, "").split("\n"))):
            subject = _subject(name, line, directory) if len(line) <= LONGEST_LINE else None
            if subject is None:
                raise Unread("unread", line[:LONGEST_LINE])
            if directory.guards(*subject):
                raise Unread("guarded", line)
            if subject not in seen:
                seen.add(subject)
                yield subject, line


def _subject(name: str, line: str, directory: Directory) -> Subject | None:
    """A line of a field in the form in which reports are known by it; None where it is no such thing."""
    match name:
        case "links":
            return _of_link(plain_link(line), directory)
        case "line_ids":
            return (
                Subject("line_id", line.lower()) if re.fullmatch(r"@?[a-z0-9][a-z0-9._-]{2,29}", line.lower()) else None
            )
        case "wallets":
            return Subject("wallet", line) if line.isascii() and line.isalnum() and len(line) > 20 else None
        case _:
            return _of_digits(name, _NOT_DIGITS.sub("", line))


def _of_digits(name: str, digits: str) -> Subject | None:
    if name == "phones" and digits.startswith("+66"):
        digits = "0" + digits[3:]
    if not digits.removeprefix("+").isascii() or not digits.removeprefix("+").isdigit():
        return None
    if name == "accounts":
        return Subject("account", digits) if 10 <= len(digits) <= 15 else None
    if len(digits) == 13 and not digits.startswith("+"):
        return Subject("promptpay", digits)
    return Subject("phone", digits) if 9 <= len(digits) <= 16 else None


def _of_link(link: str, directory: Directory) -> Subject | None:
    if "." not in host_of(link):
        return None
    return subject_of(Identifier(Kind.URL, link, 0, len(link)), directory.judge_link(link))


def _number(request: Request) -> int:
    given = request.path_params["id"]
    if not (given.isascii() and given.isdigit() and len(given) <= 15):
        raise Refused(404)
    return int(given)


def _label(trouble: NotDone) -> str:
    if trouble.why not in _SHOWN:
        raise Refused(403 if trouble.why is Why.ROLE else 404)
    return f"campaigns.trouble.{trouble.why.value}"


def _status(trouble: NotDone) -> int:
    return 409 if trouble.why in (Why.CHANGED, Why.OWN) else 422
