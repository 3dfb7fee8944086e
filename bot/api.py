"""The check as an API: the verdict as JSON, as contract section 5 has it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.doors import too_fast
from bot.running import Running
from bot.verdict_json import as_json, paragraphs, spoken
from content.models import Language
from content.verdict import judge
from handlers.check import counted
from handlers.exchange import reported_of
from handlers.languages import script
from handlers.messages import Platform
from handlers.wording import Voice

LONGEST_TEXT = 20_000


class Question(BaseModel):
    """What to check."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=LONGEST_TEXT, description="The message, link, number or story")
    language: Language | None = Field(default=None, description="The language of the reply; else that of the text")


class CandidateOut(BaseModel):
    entry: str
    type: str
    score: float


class EntityOut(BaseModel):
    kind: str
    value: str
    finding: str


class ReplyOut(BaseModel):
    paragraphs: list[str]


class VerdictOut(BaseModel):
    """What we may honestly say. There is no level that means "safe"."""

    id: str
    level: str
    type: str | None
    entry: str | None
    score: float = Field(ge=0, le=1)
    candidates: list[CandidateOut] = Field(max_length=5)
    question: str | None
    signs: list[str]
    entities: list[EntityOut]
    language: str
    content_version: str
    reply: ReplyOut


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["check"])

    @api.post(
        "/check",
        response_model=VerdictOut,
        summary="Is this a scam?",
        responses={429: {"description": "Too many checks from this address; `Retry-After` says when to go on"}},
    )
    async def check(question: Question, request: Request) -> Any:
        """The verdict on one text. Nothing of the text is kept."""
        if wait := bot.doors.check(request):
            return too_fast(wait)
        knowledge = bot.ports.knowledge
        language = question.language or script(question.text) or Language.THAI
        reported = await reported_of([question.text], bot.ports)
        verdict = await asyncio.to_thread(judge, question.text, knowledge, language, reported)
        bot.metrics.count((counted(verdict),), Platform.WEB)
        reply = spoken(verdict, Voice(knowledge, language))
        return {**as_json(verdict), "reply": {"paragraphs": paragraphs(reply)}}

    return api


async def explain_refusal(request: Request, trouble: Exception) -> JSONResponse:
    """A clear 422 that never repeats what was sent."""
    faults = trouble.errors() if isinstance(trouble, RequestValidationError) else []
    detail = [
        {"loc": list(each.get("loc", ())), "msg": str(each.get("msg", "")), "type": str(each.get("type", ""))}
        for each in faults
    ]
    return JSONResponse({"detail": detail}, status_code=422)
