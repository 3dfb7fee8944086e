"""POST /api/v1/check/batch: many texts at once, judged between citizens' answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from bot.partners.answers import Words, writing
from bot.partners.guard import Partner, require
from bot.partners.problems import Problem, Trouble
from bot.partners.scopes import Scope
from bot.partners.verdicts import LONGEST_TEXT, ReplyOut, VerdictOut
from bot.running import Running
from bot.verdict_json import as_json, paragraphs, spoken
from content.knowledge import Knowledge
from content.models import Language
from content.reported import Standing, Subject, subjects
from content.verdict import Verdict, judge
from handlers.check import counted
from handlers.exchange import LONG
from handlers.languages import script
from handlers.messages import Checked, Platform
from handlers.wording import Voice

TAG = "check"
MOST_TEXTS = 500
# A large body is written and read in pieces of this many texts, so that nobody waits behind it.
_PIECE = 50
Checker = Annotated[Partner, Depends(require(Scope.CHECK))]


class TextIn(BaseModel):
    """One text of a batch."""

    model_config = ConfigDict(extra="forbid")
    id: str | None = Field(
        default=None, max_length=100, description="Your own name for it; comes back with the verdict"
    )
    text: Words = Field(min_length=1, max_length=LONGEST_TEXT, description="The message, link, number or story")
    language: Language | None = Field(default=None, description="The language of the reply; else that of the text")


class Batch(BaseModel):
    """Up to 500 texts."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"texts": [{"id": "a", "text": "Your parcel is held. Pay 39 baht at http://parcel-fee.example"}]}
            ]
        },
    )
    texts: list[TextIn] = Field(min_length=1, max_length=MOST_TEXTS)
    reply: bool = Field(
        default=False, strict=True, description="true: each verdict comes with what a citizen would be told"
    )


class BatchVerdict(VerdictOut):
    """A verdict; `reply` where it was asked for."""

    reply: ReplyOut | None = None


class ResultOut(BaseModel):
    """The verdict on one text."""

    id: str | None = Field(description="Your own name for it")
    verdict: BatchVerdict


class BatchOut(BaseModel):
    """The verdicts, in the order of the texts."""

    results: list[ResultOut]


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/check", tags=[TAG])

    @api.post(
        "/batch",
        operation_id="check_batch",
        summary="Are these scams?",
        response_model=BatchOut,
        responses=writing(),
    )
    async def check_batch(batch: Batch, request: Request, partner: Checker) -> Any:
        """The verdicts on up to 500 texts, in their order. Nothing of the texts is kept. Each text counts as one request of
        your rate. Citizens' answers go first: a busy server takes longer. Needs the scope `check`."""
        if len(batch.texts) > partner.rate:
            raise Problem(Trouble.OVER_RATE, f"At most {partner.rate} in a minute: send smaller batches.")
        if len(batch.texts) > 1:
            await bot.partners.charge(request, partner, len(batch.texts) - 1)
        return Response(await judged(batch, bot), media_type="application/json")

    return api


async def judged(batch: Batch, bot: Running) -> bytes:
    """The verdicts as JSON, of the knowledge that stood when the batch came; one text between two answers."""
    knowledge = bot.ports.knowledge
    heard = await _heard(batch.texts, knowledge, bot)
    pieces: list[str] = []
    for start in range(0, len(batch.texts), _PIECE):
        rows, events = [], []
        for place in range(start, min(start + _PIECE, len(batch.texts))):
            await bot.turnstile.behind()
            verdict = await _verdict(batch.texts[place], knowledge, heard.get(place, ()))
            rows.append({"id": batch.texts[place].id, "verdict": _shown(verdict, knowledge, batch.reply)})
            events.append(counted(verdict))
        _count(events, bot)
        pieces.append(json.dumps(rows, ensure_ascii=False)[1:-1])
    return b'{"results":[' + ",".join(pieces).encode() + b"]}"


async def _verdict(given: TextIn, knowledge: Knowledge, reported: Sequence[Standing]) -> Verdict:
    language = given.language or script(given.text) or Language.THAI
    if len(given.text) > LONG:
        return await asyncio.to_thread(judge, given.text, knowledge, language, reported)
    return judge(given.text, knowledge, language, reported)


async def _heard(texts: Sequence[TextIn], knowledge: Knowledge, bot: Running) -> dict[int, Sequence[Standing]]:
    """What people's reports say of things in the texts, by the text's place: one look for all."""
    named: dict[int, Sequence[Subject]] = {}
    for place, each in enumerate(texts):
        if place % _PIECE == 0:
            await bot.turnstile.behind()
        long = len(each.text) > LONG
        directory = knowledge.directory
        found = await asyncio.to_thread(subjects, each.text, directory) if long else subjects(each.text, directory)
        if found:
            named[place] = found
    wanted = list(dict.fromkeys(subject for found in named.values() for subject in found))
    if not wanted:
        return {}
    said = {each.subject: each for each in await bot.ports.store.reported(wanted)}
    return {place: [said[each] for each in found if each in said] for place, found in named.items()}


def _shown(verdict: Verdict, knowledge: Knowledge, reply: bool) -> dict[str, Any]:
    shown = as_json(verdict)
    if reply:
        shown["reply"] = {"paragraphs": paragraphs(spoken(verdict, Voice(knowledge, verdict.language)))}
    return shown


def _count(events: Sequence[Checked], bot: Running) -> None:
    bot.metrics.count(tuple(events), Platform.PARTNER)
