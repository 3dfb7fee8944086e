"""The check as an API for everybody, and under the same roof what partners may ask for."""

from __future__ import annotations

import asyncio
import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from bot.partners import alerts, checks, directory, entries, reports, trends
from bot.partners.answers import ProblemOut, Responses, Words, problems
from bot.partners.edge import ROOT
from bot.partners.guard import Partner, visiting
from bot.partners.problems import Problem, Trouble
from bot.partners.scopes import Scope
from bot.partners.verdicts import LONGEST_TEXT, CheckOut
from bot.running import Running
from bot.verdict_json import as_json, paragraphs, spoken
from content.models import Language
from content.verdict import judge
from handlers.check import counted
from handlers.exchange import reported_of
from handlers.languages import script
from handlers.messages import Platform
from handlers.wording import Voice

ABOUT = """Whether a message is a scam, what to do, and for partners (call desks, banks, other bots) what Rutan knows and is told.

`POST /check` is for everybody. All else needs a partner's key as `Authorization: Bearer rtn_…`, with the scope that each call names.
Whatever goes wrong is answered as `application/problem+json` (RFC 9457). No answer ever means that something is safe."""
TAGS = [
    {"name": "check", "description": "Is this a scam?"},
    {"name": "entries", "description": "The tricks we know"},
    {"name": "directory", "description": "Who is really who"},
    {"name": "alerts", "description": "Urgent warnings that two officials signed"},
    {"name": "trends", "description": "The figures of a month"},
    {"name": "reports", "description": "Report a message, and hear what became of it"},
]
Visitor = Annotated[Partner | None, Depends(visiting)]


class CheckIn(BaseModel):
    """What to check."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "Your parcel is held. Pay 39 baht at http://parcel-fee.example"}]},
    )
    text: Words = Field(min_length=1, max_length=LONGEST_TEXT, description="The message, link, number or story")
    language: Language | None = Field(default=None, description="The language of the reply; else that of the text")


def mount(app: FastAPI, bot: Running) -> None:
    """Add the API to the application."""
    app.include_router(router(bot))
    for area in (checks, entries, directory, alerts, trends, reports):
        app.include_router(area.router(bot), prefix=ROOT)


def router(bot: Running) -> APIRouter:
    """What everybody may ask."""
    api = APIRouter(prefix=ROOT, tags=["check"])

    @api.post(
        "/check",
        operation_id="check",
        summary="Is this a scam?",
        response_model=CheckOut,
        responses=_open(problems(400, 401, 403, 413, 415, 422, 429)),
    )
    async def check(question: CheckIn, request: Request, visitor: Visitor) -> Any:
        """The verdict on one text. Nothing of the text is kept. No key is needed; with one (scope `check`) it is the
        partner's rate that counts, not the address's."""
        await _let_in(request, visitor, bot)
        knowledge = bot.ports.knowledge
        language = question.language or script(question.text) or Language.THAI
        reported = await reported_of([question.text], bot.ports)
        verdict = await asyncio.to_thread(judge, question.text, knowledge, language, reported)
        bot.metrics.count((counted(verdict),), Platform.PARTNER if visitor else Platform.WEB)
        reply = spoken(verdict, Voice(knowledge, language))
        return {**as_json(verdict), "reply": {"paragraphs": paragraphs(reply)}}

    return api


async def _let_in(request: Request, visitor: Partner | None, bot: Running) -> None:
    """Raises Problem for who asks too often."""
    if visitor is not None:
        await bot.partners.admitted(request, Scope.CHECK)
    elif wait := await bot.doors.check(request):
        seconds = math.ceil(wait)
        detail = f"Too many checks from this address. Try again in {seconds} s."
        raise Problem(Trouble.TOO_FAST, detail, headers={"Retry-After": str(seconds)})


def _open(responses: Responses) -> Responses:
    """With the shape of a problem, which every operation refers to, made known once."""
    responses[422] |= {"model": ProblemOut}
    return responses
