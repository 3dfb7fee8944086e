"""GET /api/v1/alerts: urgent warnings that two officials signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field
from starlette.requests import Request

from bot.partners.answers import USUAL_PAGE, Cursor, Known, Limit, Only, conditional, page_of, reading
from bot.partners.guard import Partner, require
from bot.partners.problems import Problem, Trouble
from bot.partners.scopes import Scope
from bot.running import Running
from bot.store.partner_alerts import confirmed
from content.knowledge import Knowledge
from content.models import Language, ScamType
from scheduler.bulletins import Bulletin, BulletinText, Kind

Reader = Annotated[Partner, Depends(require(Scope.ALERTS))]
TAG = "alerts"


def _written(value: object) -> object:
    # A bare number passes for a moment otherwise.
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError("a date and a time with its offset, as in 2026-11-22T12:00:00+07:00")
    return value


Since = Annotated[
    AwareDatetime | None,
    BeforeValidator(_written),
    Query(
        description="Only those confirmed at or after this moment: a date and a time with its offset",
        examples=["2026-11-22T12:00:00+07:00"],
    ),
]
# Keys of a page go up, alerts are told the newest first.
_HIGHEST = 10**12


class AlertText(BaseModel):
    """A warning in one language."""

    title: str
    intro: str
    do_now: list[str] = Field(description="One action a line")
    more: list[str] = Field(description="How the trick works, and what an editor added")


class AlertTexts(BaseModel):
    """A warning in the languages asked for; the other is null."""

    th: AlertText | None = None
    en: AlertText | None = None


class AlertOut(BaseModel):
    """A warning that two officials signed in this version."""

    id: int
    version: int = Field(description="Counts up where a word was changed and signed anew")
    kind: Literal["alert", "correction"]
    corrects: int | None = Field(description="The id of the alert that this one corrects")
    entry: str | None = Field(description="The trick, as in `/entries`")
    type: ScamType | None
    confirmed_at: datetime = Field(description="When the second official signed")
    sent_at: datetime | None = Field(description="When it began to go out to the public; null where it has not")
    texts: AlertTexts


class AlertPage(BaseModel):
    """A page of alerts, the newest first."""

    items: list[AlertOut]
    next: str | None = Field(description="The cursor of the next page; null on the last")


def router(bot: Running) -> APIRouter:
    api = APIRouter(prefix="/alerts", tags=[TAG])
    database = bot.store.foundation.database

    @api.get(
        "",
        operation_id="list_alerts",
        summary="Urgent warnings, the newest first",
        response_model=AlertPage,
        responses=reading(),
    )
    async def alerts(
        request: Request,
        partner: Reader,
        since: Since = None,
        language: Only = None,
        cursor: Cursor = None,
        limit: Limit = USUAL_PAGE,
        if_none_match: Known = None,
    ) -> Any:
        """Only what two officials have signed; what was changed or cancelled afterwards is no longer here.
        Needs the scope `alerts`."""
        found = await database.read(confirmed)
        shown = [shown_alert(each, bot.ports.knowledge, language) for each in found]
        if since is not None:
            shown = [each for each in shown if each.confirmed_at >= since]
        page, following = page_of([(_order(each.id), each) for each in shown], cursor, limit)
        return conditional(request, AlertPage(items=page, next=following))

    @api.get(
        "/{id}",
        operation_id="get_alert",
        summary="One warning",
        response_model=AlertOut,
        responses=reading(404),
    )
    async def alert(
        request: Request,
        partner: Reader,
        id: Annotated[int, Path(ge=1, le=_HIGHEST, examples=[12])],
        language: Only = None,
        if_none_match: Known = None,
    ) -> Any:
        """One alert, while it is confirmed. Needs the scope `alerts`."""
        found = _of(id, await database.read(confirmed))
        if found is None:
            raise Problem(Trouble.NOT_FOUND, "There is no confirmed alert of this id.")
        return conditional(request, shown_alert(found, bot.ports.knowledge, language))

    return api


def shown_alert(alert: Bulletin, knowledge: Knowledge, only: Language | None = None) -> AlertOut:
    """An alert as partners see it."""
    warnings = alert.text(Language.THAI).warnings
    entry = warnings[0].entry if warnings else None
    known = knowledge.entries.get(entry) if entry else None
    texts = {each.value: _text(alert.text(each)) for each in Language if only in (None, each)}
    return AlertOut(
        id=alert.id,
        version=alert.version,
        kind="alert" if alert.kind is Kind.ALERT else "correction",
        corrects=alert.corrects,
        entry=entry,
        type=known.type if known else None,
        confirmed_at=max((each.at for each in alert.signatures), default=alert.made_at),
        sent_at=alert.started_at,
        texts=AlertTexts(**texts),
    )


def _text(text: BulletinText) -> AlertText:
    more = [line for part in (text.context, text.results) for line in part.split("\n") if line]
    return AlertText(
        title=_plain(text.title),
        intro=_plain(text.intro),
        do_now=[_plain(line) for each in text.warnings for line in each.do_now],
        more=[_plain(line) for line in more],
    )


def _plain(words: str) -> str:
    return words.replace("**", "")


def _of(id: int, alerts: Sequence[Bulletin]) -> Bulletin | None:
    return next((each for each in alerts if each.id == id), None)


def _order(id: int) -> str:
    return f"{_HIGHEST - id:013d}"
