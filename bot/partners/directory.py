"""GET /api/v1/directory: who is really who, and what we know of one domain, number or LINE id."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from bot.partners.answers import (
    USUAL_PAGE,
    Cursor,
    Known,
    Limit,
    Only,
    Text,
    Words,
    conditional,
    page_of,
    reading,
    text,
)
from bot.partners.entries import HotlineOut, SourceOut, hotline
from bot.partners.guard import Partner, require
from bot.partners.scopes import Scope
from bot.running import Running
from content.directory import Directory
from content.identifiers import host_of
from content.knowledge import Knowledge
from content.models import Language, Organisation

Reader = Annotated[Partner, Depends(require(Scope.DIRECTORY))]
TAG = "directory"


class OrganisationOut(BaseModel):
    """A body that people are told they hear from, with what is really its own."""

    id: str
    kind: str
    name: Text
    domains: list[str]
    link_domains: list[str] = Field(description="Its own short addresses, and hosts that people meet by name")
    numbers: list[str]
    line_ids: list[str]
    policy: Text | None = Field(description="What it never does, where it has said so")
    sources: list[SourceOut]


class DirectoryPage(BaseModel):
    """A page of organisations, by id."""

    content_version: str
    items: list[OrganisationOut]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class Kind(StrEnum):
    """What can be looked up."""

    DOMAIN = "domain"
    PHONE = "phone"
    LINE_ID = "line_id"


class Finding(StrEnum):
    """`official` says whose it is, never that a message which names it is honest: anybody can name a bank."""

    OFFICIAL = "official"
    LOOKALIKE = "lookalike"
    SHORTENER = "shortener"
    SHARED_HOST = "shared_host"
    RAW_IP = "raw_ip"
    PUNYCODE = "punycode"
    ODD_ENDING = "odd_ending"
    UNKNOWN = "unknown"


class LookupOut(BaseModel):
    """What the directory says of one thing."""

    kind: Kind
    value: str = Field(description="As it was looked up: a host name in small letters, bare digits, a LINE id")
    finding: Finding
    organisation: OrganisationOut | None = Field(
        description="Whose it is (`official`), or who is imitated (`lookalike`)"
    )
    hotline: HotlineOut | None = Field(description="The hotline of this number")
    imitates: str | None = Field(description="The official domain that it imitates (`lookalike`)")
    content_version: str


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/directory", tags=[TAG])

    @api.get(
        "",
        operation_id="list_organisations",
        summary="Who is really who",
        response_model=DirectoryPage,
        responses=reading(),
    )
    async def organisations(
        request: Request,
        partner: Reader,
        q: Annotated[Words | None, Query(max_length=100, description="Part of a name, nickname or domain")] = None,
        language: Only = None,
        cursor: Cursor = None,
        limit: Limit = USUAL_PAGE,
        if_none_match: Known = None,
    ) -> Any:
        """The organisations whose addresses and numbers are sourced. Needs the scope `directory`."""
        knowledge = bot.ports.knowledge
        verified = [(id, each) for id, each in sorted(knowledge.organisations.items()) if each.verified]
        page, following = page_of([pair for pair in verified if _named(pair[1], q)], cursor, limit)
        shown = [organisation(each, language) for each in page]
        return conditional(request, DirectoryPage(content_version=knowledge.version, items=shown, next=following))

    @api.get(
        "/lookup",
        operation_id="look_up",
        summary="What we know of one domain, number or LINE id",
        response_model=LookupOut,
        responses=reading(),
    )
    async def look_up(
        request: Request,
        partner: Reader,
        kind: Annotated[Kind, Query(description="What it is")],
        value: Annotated[
            Words,
            Query(
                min_length=1,
                max_length=253,
                description="A domain or link, a number as people write it, or a LINE id",
                examples=["kasikornbank.com"],
            ),
        ],
        language: Only = None,
        if_none_match: Known = None,
    ) -> Any:
        """Nothing is opened or called: this is what the directory says. Needs the scope `directory`."""
        return conditional(request, looked_up(kind, value, bot.ports.knowledge, language))

    return api


def looked_up(kind: Kind, given: str, knowledge: Knowledge, only: Language | None) -> LookupOut:
    """What the directory says of one thing."""
    value = _plain(kind, given)
    said, _, whose = _judged(kind, value, knowledge.directory).partition(":")
    imitates = whose if said == Finding.LOOKALIKE else None
    owner = knowledge.directory.official.get(whose, "") if imitates else whose
    # A hotline's number is often its organisation's as well.
    known = knowledge.organisations.get(owner) or (_called_by(value, knowledge) if kind is Kind.PHONE else None)
    line = hotline(owner, knowledge, only) if owner in knowledge.hotlines else None
    return LookupOut(
        kind=kind,
        value=value,
        finding=Finding(said),
        organisation=organisation(known, only) if known else None,
        hotline=line,
        imitates=imitates,
        content_version=knowledge.version,
    )


def _called_by(digits: str, knowledge: Knowledge) -> Organisation | None:
    """The organisation that a number is of."""
    sourced = (each for each in knowledge.organisations.values() if each.verified)
    return next((each for each in sourced if digits in map(_digits, each.numbers)), None)


def organisation(known: Organisation, only: Language | None) -> OrganisationOut:
    """An organisation as partners see it."""
    return OrganisationOut(
        id=known.id,
        kind=known.kind,
        name=text(known.name, only),
        domains=list(known.domains),
        link_domains=list(known.link_domains),
        numbers=list(known.numbers),
        line_ids=list(known.line_ids),
        policy=text(known.policy, only) if known.policy else None,
        sources=[SourceOut(**each.model_dump()) for each in known.sources],
    )


def _plain(kind: Kind, given: str) -> str:
    if kind is Kind.DOMAIN:
        return host_of(given.strip())
    if kind is Kind.LINE_ID:
        return given.strip().lower()
    digits = _digits(given)
    return "0" + digits[2:] if digits.startswith("66") and len(digits) >= 10 else digits


def _digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isdecimal() and letter.isascii())


def _judged(kind: Kind, value: str, directory: Directory) -> str:
    if kind is Kind.DOMAIN:
        return directory.judge_link(value)
    return directory.judge_number(value) if kind is Kind.PHONE else directory.judge_line(value)


def _named(known: Organisation, part: str | None) -> bool:
    if not part:
        return True
    nicknames = (*known.nicknames.th, *known.nicknames.en) if known.nicknames else ()
    said = (known.id, known.name.th, known.name.en, *nicknames, *known.domains, *known.link_domains)
    return any(part.casefold() in each.casefold() for each in said)
