"""GET /api/v1/entries: the tricks we know."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from bot.partners.answers import (
    USUAL_PAGE,
    Cursor,
    Known,
    Limit,
    Lines,
    Only,
    Text,
    conditional,
    lines,
    page_of,
    reading,
    text,
)
from bot.partners.guard import Partner, require
from bot.partners.problems import Problem, Trouble
from bot.partners.scopes import Scope
from bot.running import Running
from content.knowledge import Knowledge
from content.models import Entry, Language, ScamType, State

Reader = Annotated[Partner, Depends(require(Scope.ENTRIES))]
TAG = "entries"


class SourceOut(BaseModel):
    """Where a fact comes from."""

    title: str
    where: str
    dated: str = Field(description="A year, month or day; or `undated`")


class HotlineOut(BaseModel):
    """A number to call. `number` is empty for "your own bank": it stands on the person's card."""

    id: str
    number: str
    name: Text


class EntryOut(BaseModel):
    """One trick: how it works, and what to do, one action a line."""

    id: str
    type: ScamType
    title: Text
    how_it_works: Lines
    do_now: Lines
    if_paid: Lines
    if_clicked: Lines | None
    if_gave_code: Lines | None
    check_yourself: Lines
    call: list[HotlineOut]
    signs: list[str] = Field(description="What marks it, as `signs` of a verdict names it")
    reviewed_on: date
    expires_on: date = Field(description="By then it will have been looked at again")


class EntryWhole(EntryOut):
    """An entry with its sentences and sources."""

    scammers_say: Lines = Field(description="What scammers write or say")
    people_tell: Lines = Field(description="How people tell of it")
    topics: Lines
    sources: list[SourceOut]


class EntryPage(BaseModel):
    """A page of entries, by id."""

    content_version: str = Field(description="Names exactly the knowledge that this is from")
    items: list[EntryOut]
    next: str | None = Field(description="The cursor of the next page; null on the last")


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/entries", tags=[TAG])

    @api.get(
        "",
        operation_id="list_entries",
        summary="The tricks we know",
        response_model=EntryPage,
        responses=reading(),
    )
    async def entries(
        request: Request,
        partner: Reader,
        type: Annotated[ScamType | None, Query(description="Only entries of this type")] = None,
        language: Only = None,
        cursor: Cursor = None,
        limit: Limit = USUAL_PAGE,
        if_none_match: Known = None,
    ) -> Any:
        """Every entry that Rutan answers from now. Needs the scope `entries`."""
        knowledge = bot.ports.knowledge
        found = [(each.id, each) for each in live(knowledge) if type in (None, each.type)]
        page, following = page_of(found, cursor, limit)
        shown = [EntryOut(**_fields(each, knowledge, language)) for each in page]
        return conditional(request, EntryPage(content_version=knowledge.version, items=shown, next=following))

    @api.get(
        "/{id}",
        operation_id="get_entry",
        summary="One trick, with its sentences and sources",
        response_model=EntryWhole,
        responses=reading(404),
    )
    async def entry(
        request: Request,
        partner: Reader,
        id: Annotated[str, Path(max_length=60, description="As in `entry` of a verdict", examples=["parcel-fee-link"])],
        language: Only = None,
        if_none_match: Known = None,
    ) -> Any:
        """One entry. Needs the scope `entries`."""
        knowledge = bot.ports.knowledge
        found = knowledge.entries.get(id)
        if found is None or found.state is not State.LIVE:
            raise Problem(Trouble.NOT_FOUND, "There is no live entry of this id.")
        shown = EntryWhole(
            **_fields(found, knowledge, language),
            scammers_say=lines(found.phrases.scammer, language),
            people_tell=lines(found.phrases.victim, language),
            topics=lines(found.topics, language),
            sources=[SourceOut(**each.model_dump()) for each in found.sources],
        )
        return conditional(request, shown)

    return api


def live(knowledge: Knowledge) -> list[Entry]:
    """The entries that Rutan answers from, by id."""
    return [entry for _, entry in sorted(knowledge.entries.items()) if entry.state is State.LIVE]


def hotline(id: str, knowledge: Knowledge, only: Language | None) -> HotlineOut:
    """A number to call."""
    known = knowledge.hotlines[id]
    return HotlineOut(id=id, number=known.number, name=text(known.name, only))


def _fields(entry: Entry, knowledge: Knowledge, only: Language | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.type,
        "title": text(entry.title, only),
        "how_it_works": lines(entry.how_it_works, only),
        "do_now": lines(entry.do_now, only),
        "if_paid": lines(entry.if_paid, only),
        "if_clicked": lines(entry.if_clicked, only) if entry.if_clicked else None,
        "if_gave_code": lines(entry.if_gave_code, only) if entry.if_gave_code else None,
        "check_yourself": lines(entry.check_yourself, only),
        "call": [hotline(each, knowledge, only) for each in entry.call],
        "signs": list(entry.signs),
        "reviewed_on": entry.reviewed_on,
        "expires_on": entry.expires_on,
    }
