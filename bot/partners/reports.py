"""POST /api/v1/reports and what becomes of them."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from bot.partners.answers import Known, Words, conditional, problems, reading, writing
from bot.partners.guard import Partner, require
from bot.partners.problems import Fault, Problem, Trouble
from bot.partners.scopes import Scope
from bot.running import Running
from bot.store.partner_reports import Filed, PartnerReports, RequestReused, Standing
from content.models import Language, ScamType
from content.verdict import judge
from handlers.errors import NotMasked
from handlers.exchange import reported_of
from handlers.languages import script
from handlers.masking import masked
from handlers.messages import CameBy, Details, Loss, NewReport
from handlers.report import new_report
from handlers.sightings import Recall
from handlers.wording import Voice

Reporter = Annotated[Partner, Depends(require(Scope.REPORTS))]
TAG = "reports"
LONGEST_TEXT = 20_000


class ReportIn(BaseModel):
    """A message that somebody was sent, as they were sent it. Numbers and names are covered before it is kept."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Your parcel is held. Pay 39 baht at http://parcel-fee.example",
                    "consent": True,
                    "language": "en",
                    "came_by": "sms",
                    "loss": "none",
                }
            ]
        },
    )
    text: Words = Field(min_length=1, max_length=LONGEST_TEXT, description="The message")
    consent: Literal[True] = Field(
        description="true: whoever got the message agreed that it is passed on, or the law lets you pass it on"
    )
    language: Language | None = Field(default=None, description="The language of the message; else by its letters")
    came_by: CameBy | None = Field(default=None, description="How it reached the person")
    loss: Loss | None = Field(default=None, description="Money lost, in bands of baht")
    province: str | None = Field(
        default=None, max_length=60, description="The id of a province", examples=["khon-kaen"]
    )
    disputes: bool = Field(default=False, strict=True, description="true: they say that Rutan's answer was wrong")


class State(StrEnum):
    RECEIVED = "received"
    IN_REVIEW = "in_review"
    ANSWERED = "answered"


class Decision(StrEnum):
    SCAM = "scam"
    NEW_ENTRY = "new_entry"
    NOT_A_SCAM = "not_a_scam"
    CANT_TELL = "cant_tell"


class ReportOut(BaseModel):
    """Where a report of yours stands."""

    number: str = Field(examples=["RT-2026-000123"])
    state: State
    reported_at: datetime
    promised_on: date | None = Field(description="By then an official will have looked at it")
    decision: Decision | None = Field(description="What an official decided; null until then")
    entry: str | None = Field(description="Which trick it was found to be")
    type: ScamType | None


Number = Annotated[str, Path(max_length=40, description="The case number", examples=["RT-2026-000123"])]


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/reports", tags=[TAG])
    book = PartnerReports(bot.store.foundation)

    @api.post(
        "",
        operation_id="report",
        summary="Report a message",
        status_code=201,
        response_model=ReportOut,
        responses={
            201: {
                "headers": {
                    "Location": {"description": "Where it is found again", "schema": {"type": "string"}},
                    "Idempotency-Replayed": {
                        "description": "true: an earlier request of this key filed it",
                        "schema": {"type": "string"},
                    },
                }
            },
            **writing(409),
        },
    )
    async def report(
        given: ReportIn,
        partner: Reporter,
        response: Response,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=100,
                pattern=r"^[\x21-\x7e]+$",
                description="A name of your own for this request: sent again it files nothing and gives the same number",
            ),
        ] = None,
    ) -> Any:
        """It is masked, filed in the case of its message and looked at by an official, like a citizen's. It weighs as a
        partner's word, and proves nothing by itself. Needs the scope `reports`."""
        _known_province(given.province, bot)
        request, said = idempotency_key or f"none-{uuid4()}", given.model_dump(mode="json")
        try:
            standing = await book.seen(partner, request, said) if idempotency_key else None
            filed = Filed(standing, again=True) if standing else await _file(book, bot, partner, given, request, said)
        except RequestReused:
            raise Problem(Trouble.REQUEST_REUSED, "Take a new key for another report.") from None
        if filed.standing.withdrawn:
            raise Problem(Trouble.REQUEST_REUSED, "The report of this key was taken back: take a new key.")
        response.headers["Location"] = f"/api/v1/reports/{filed.standing.number}"
        if filed.again:
            response.headers["Idempotency-Replayed"] = "true"
        return _shown(filed.standing, bot)

    @api.get(
        "/{number}",
        operation_id="get_report",
        summary="Where a report of yours stands",
        response_model=ReportOut,
        responses=reading(404),
    )
    async def standing(request: Request, number: Number, partner: Reporter, if_none_match: Known = None) -> Any:
        """Only your own reports. Needs the scope `reports`."""
        found = await book.standing(partner, number)
        if found is None or found.withdrawn:
            raise Problem(Trouble.NOT_FOUND, "You have no report of this number, or took it back.")
        return conditional(request, _shown(found, bot))

    @api.delete(
        "/{number}",
        operation_id="withdraw_report",
        summary="Take a report back",
        status_code=204,
        responses={
            204: {"description": "Its words are gone, and it counts no more"},
            **problems(401, 403, 404, 422, 429),
        },
    )
    async def withdraw(number: Number, partner: Reporter) -> None:
        """For who no longer agrees that it is kept. Needs the scope `reports`."""
        if not await book.withdraw(partner, number):
            raise Problem(Trouble.NOT_FOUND, "You have no report of this number, or took it back before.")

    return api


async def _file(
    book: PartnerReports, bot: Running, partner: Partner, given: ReportIn, request: str, said: object
) -> Filed:
    reported = await reported_of([given.text], bot.ports)
    knowledge, fingerprinter = bot.ports.knowledge, bot.ports.fingerprinter
    language = given.language or script(given.text) or Language.THAI

    def made() -> NewReport:
        verdict = judge(given.text, knowledge, language, reported)
        voice, recall = Voice(knowledge, language), Recall(fingerprinter)
        return new_report(given.text, masked(given.text), verdict, voice, recall, disputes=given.disputes)

    try:
        report = await asyncio.to_thread(made)
    except NotMasked:
        detail = "Something personal could not be covered, so nothing was kept. Leave it out and send it again."
        raise Problem(Trouble.NOT_MASKABLE, detail) from None
    return await book.file(partner, report, lambda number: _details(number, given), request, said)


def _details(number: str, given: ReportIn) -> Details:
    return Details(number, given.came_by, given.loss, given.province)


def _known_province(id: str | None, bot: Running) -> None:
    if id is not None and id not in bot.ports.knowledge.provinces:
        raise Problem(Trouble.INVALID, "See `errors`.", faults=[Fault("/body/province", "no id of a province")])


def _shown(found: Standing, bot: Running) -> ReportOut:
    promised = found.promised_at.astimezone(bot.settings.timezone).date() if found.promised_at else None
    return ReportOut(
        number=found.number,
        state=State(found.state),
        reported_at=found.reported_at,
        promised_on=promised,
        decision=Decision(found.decision) if found.decision else None,
        entry=found.entry,
        type=ScamType(found.type) if found.type else None,
    )
