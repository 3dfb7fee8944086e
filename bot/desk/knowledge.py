"""What we know, for officials: search and read, what runs out, the history of each thing, and the files to take away."""

from __future__ import annotations

import asyncio
import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bot.desk import knowledge_drafts, knowledge_fields, knowledge_writing
from bot.desk.frame import Desk, Refused
from bot.desk.knowledge_changes import changes
from bot.desk.knowledge_fields import Shown
from bot.desk.names import Names
from bot.live_knowledge import Workbench, WorkbenchFailed
from bot.store.revisions import Revision, Revisions
from bot.store.revisions import State as Standing
from content.knowledge import Knowledge
from content.models import BothLines, Entry, Hotline, Language, Organisation, Sign, State
from content.revising import Kind, body_of
from handlers.officials import Official, Role

# An entry that runs out within so many days is to be reviewed now.
SOON = timedelta(days=30)
MOST_FOUND = 200
LONGEST_SEARCH = 100
WHAT = ("entry", "organisation", "hotline", "sign")
Thing = Entry | Organisation | Hotline | Sign


@dataclass(frozen=True)
class Found:
    """One line of a list: `kind` and `name` make its address."""

    kind: str
    name: str
    title: str
    about: str
    state: str = ""
    expires_on: date | None = None


def add(desk: Desk) -> None:
    """Register the pages."""
    revisions = Revisions(desk.bot.store.foundation)
    bench = Workbench()
    reading = Reading(desk, revisions, bench)

    @desk.page("/knowledge", nav="nav.knowledge")
    async def search(request: Request, official: Official) -> Response:
        return await reading.search(request, official)

    @desk.page("/knowledge/expiry")
    async def expiry(request: Request, official: Official) -> Response:
        return await reading.expiry(request, official)

    @desk.page("/knowledge/export", Role.EDITOR)
    async def export(request: Request, official: Official) -> Response:
        return await reading.export(request, official)

    @desk.page("/knowledge/{kind}/{name}")
    async def read(request: Request, official: Official) -> Response:
        return await reading.read(request, official)

    @desk.page("/knowledge/{kind}/{name}/history")
    async def history(request: Request, official: Official) -> Response:
        return await reading.history(request, official)

    knowledge_drafts.add(desk, revisions, bench)


class Reading:
    """The pages that change nothing."""

    def __init__(self, desk: Desk, revisions: Revisions, bench: Workbench) -> None:
        self.desk = desk
        self.revisions = revisions
        self.bench = bench
        # What the lists look in, by language; made anew for each knowledge.
        self._listed: dict[tuple[str, Language], Mapping[str, list[tuple[Found, str]]]] = {}

    @property
    def known(self) -> Knowledge:
        return self.desk.bot.ports.knowledge

    def names(self, official: Official) -> Names:
        return Names(self.known, self.desk.labels, official.language)

    async def search(self, request: Request, official: Official) -> Response:
        """The lists, each narrowed by the words that are looked for."""
        words = request.query_params.get("q", "")[:LONGEST_SEARCH].strip()
        what = request.query_params.get("what", "")
        shown = what if what in WHAT else WHAT[0]
        by_kind = {each: _matching(lines, words) for each, lines in self._lists(official).items()}
        drafts = await self.revisions.drafts()
        return self.desk.draw(
            "knowledge.html",
            request,
            official,
            q=words,
            what=shown,
            counts={each: len(found) for each, found in by_kind.items()},
            found=[line for line, _ in by_kind[shown][:MOST_FOUND]],
            more=max(0, len(by_kind[shown]) - MOST_FOUND),
            asked=[each for each in drafts if each.state is Standing.ASKED],
            drafts=[each for each in drafts if each.state is Standing.DRAFT],
            refused=await self.revisions.refused(),
            overdue=len([each for each in self._expiring() if each.expires_on < self._today()]),
            soon=len([each for each in self._expiring() if self._today() <= each.expires_on <= self._today() + SOON]),
            version=self.known.version,
            title_of=lambda revision: title_of(revision, official.language),
        )

    async def expiry(self, request: Request, official: Official) -> Response:
        """What people are still warned by, the first to run out on top."""
        return self.desk.draw(
            "knowledge_expiry.html",
            request,
            official,
            entries=self._expiring(),
            today=self._today(),
            soon=self._today() + SOON,
        )

    async def read(self, request: Request, official: Official) -> Response:
        """One thing, both languages beside each other."""
        kind, name = request.path_params["kind"], request.path_params["name"]
        thing = thing_of(self.known, kind, name)
        if thing is None:
            raise Refused(404)
        revisable = kind in list(Kind)
        draft = await self.revisions.open_of(Kind(kind), name) if revisable else None
        return self.desk.draw(
            "knowledge_thing.html",
            request,
            official,
            kind=kind,
            name=name,
            thing=thing,
            title=_title(thing, official.language),
            fields=self._fields(Kind(kind), thing, official) if isinstance(thing, Entry | Organisation) else [],
            tells={sign: _tell(self.known, sign, official.language) for sign in getattr(thing, "signs", ())},
            names=self.names(official),
            draft=draft,
            live=await self.revisions.live_of(Kind(kind), name) if revisable else None,
            overdue=isinstance(thing, Entry) and thing.state is State.LIVE and thing.expires_on < self._today(),
            used_by=self._used_by(kind, name),
        )

    async def history(self, request: Request, official: Official) -> Response:
        """Every text that was ever live of one thing, and what each changed."""
        kind, name = request.path_params["kind"], request.path_params["name"]
        if kind not in list(Kind):
            raise Refused(404)
        past = await self.revisions.history(Kind(kind), name)
        thing = thing_of(self.known, kind, name)
        if thing is None and not past:
            raise Refused(404)
        return self.desk.draw(
            "knowledge_history.html",
            request,
            official,
            kind=kind,
            name=name,
            title=_title(thing, official.language) if thing else name,
            past=[(each, changes(each.kind, each.before, each.body)) for each in past],
            names=self.names(official),
        )

    async def export(self, request: Request, official: Official) -> Response:
        """Every file of the content as the repository holds it, in one archive."""
        _, standing = await self.revisions.standing()
        with tempfile.TemporaryDirectory(prefix="rutan-") as folder:
            into = Path(folder) / "content"
            into.mkdir()
            try:
                version = await self.bench.exported(standing, into)
            except WorkbenchFailed:
                raise Refused(503, "knowledge.bench_failed") from None
            packed = await asyncio.to_thread(_packed, into)
        told = {"Content-Disposition": f'attachment; filename="rutan-content-{version}.zip"'}
        return Response(packed, media_type="application/zip", headers=told)

    def _today(self) -> date:
        return self.revisions.foundation.today()

    def _expiring(self) -> list[Entry]:
        live = (each for each in self.known.entries.values() if each.state is State.LIVE)
        return sorted(live, key=lambda each: (each.expires_on, each.id))

    def _lists(self, official: Official) -> Mapping[str, list[tuple[Found, str]]]:
        """Every list, with the words in which its lines can be found."""
        key = (self.known.version, official.language)
        if key not in self._listed:
            self._listed = {old: lists for old, lists in self._listed.items() if old[0] == key[0]}
            self._listed[key] = {kind: self._every(kind, official) for kind in WHAT}
        return self._listed[key]

    def _every(self, kind: str, official: Official) -> list[tuple[Found, str]]:
        """Every thing of a kind, with all the words in which it can be found, as they are compared."""
        entries = sorted(self.known.entries.values(), key=lambda each: (each.type.value, each.id))
        every: Mapping[str, Iterable[Thing]] = {
            "entry": entries,
            "organisation": self.known.organisations.values(),
            "hotline": self.known.hotlines.values(),
            "sign": self.known.signs.values(),
        }
        lines = [(self._line(each, official), each) for each in every[kind]]
        return [(line, " ".join((*_words_of(each), line.about)).casefold()) for line, each in lines]

    def _line(self, each: Thing, official: Official) -> Found:
        language = official.language
        match each:
            case Entry():
                about = self.names(official).type(each.type.value)
                return Found("entry", each.id, each.title.in_(language), about, each.state.value, each.expires_on)
            case Organisation():
                about = " · ".join((*each.domains, *each.numbers))
                state = "" if each.verified else "unverified"
                return Found("organisation", each.id, each.name.in_(language), about, state)
            case Hotline():
                return Found("hotline", each.id, each.name.in_(language), each.number)
            case Sign():
                return Found("sign", each.id, each.tell.in_(language), each.id)

    def _fields(self, kind: Kind, thing: Entry | Organisation, official: Official) -> list[Shown]:
        given = knowledge_writing.choices(kind, self.known, self.names(official), self.desk.labels)
        shown = knowledge_fields.shown(kind, body_of(thing), given)
        return [each for each in shown if any(each.values.values()) or each.field.required]

    def _used_by(self, kind: str, name: str) -> list[Entry]:
        if kind not in ("sign", "hotline"):
            return []
        return [each for each in self.known.entries.values() if name in (each.signs if kind == "sign" else each.call)]


def thing_of(known: Knowledge, kind: str, name: str) -> Thing | None:
    """What is live under this name; None for nothing."""
    every: Mapping[str, Mapping[str, Thing]] = {
        "entry": known.entries,
        "organisation": known.organisations,
        "hotline": known.hotlines,
        "sign": known.signs,
    }
    return every.get(kind, {}).get(name)


def title_of(revision: Revision, language: Language) -> str:
    """What a revision calls itself, in one line; its name while it has no title."""
    said = revision.body.get("title" if revision.kind is Kind.ENTRY else "name")
    return str(said.get(language.value) or revision.name) if isinstance(said, Mapping) else revision.name


def _title(thing: Thing, language: Language) -> str:
    if isinstance(thing, Entry):
        return thing.title.in_(language)
    return thing.tell.in_(language) if isinstance(thing, Sign) else thing.name.in_(language)


def _tell(known: Knowledge, sign: str, language: Language) -> str:
    found = known.signs.get(sign)
    return found.tell.in_(language) if found else ""


def _words_of(thing: Thing) -> Iterable[str]:
    """Everything in a thing that somebody may look for."""
    match thing:
        case Entry():
            yield from (thing.id, thing.title.th, thing.title.en, *thing.signs)
            many: Sequence[BothLines] = (thing.how_it_works, thing.phrases.scammer, thing.phrases.victim, thing.topics)
            for each in many:
                yield from (*each.th, *each.en)
        case Organisation():
            yield from (thing.id, thing.kind, thing.name.th, thing.name.en, *thing.domains, *thing.link_domains)
            yield from (*thing.numbers, *(number.replace("-", "") for number in thing.numbers), *thing.line_ids)
            if thing.nicknames:
                yield from (*thing.nicknames.th, *thing.nicknames.en)
        case Hotline():
            yield from (thing.id, thing.number, thing.name.th, thing.name.en, thing.purpose.th, thing.purpose.en)
        case Sign():
            yield from (thing.id, thing.tell.th, thing.tell.en, *thing.wordings.th, *thing.wordings.en)


def _matching(every: Sequence[tuple[Found, str]], words: str) -> list[tuple[Found, str]]:
    looked = words.casefold().split()
    return [each for each in every if all(one in each[1] for one in looked)] if looked else list(every)


def _packed(folder: Path) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.yaml")):
            # One date for all: the same content is the same archive.
            entry = zipfile.ZipInfo(f"content/{path.relative_to(folder).as_posix()}", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return kept.getvalue()
