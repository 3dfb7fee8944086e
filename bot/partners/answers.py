"""How partners are answered: pages with a cursor, ETags, and the problems that every operation may end in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Header, Query
from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from bot.partners.problems import MEDIA_TYPE
from content.models import Both, BothLines, Language

T = TypeVar("T")

MOST_ON_A_PAGE = 200
USUAL_PAGE = 50
# It may be kept, but not used again without asking.
ASK_AGAIN = "private, no-cache"

Cursor = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="Where the page begins: `next` of the page before"),
]
Limit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="How many items a page holds")]
Only = Annotated[Language | None, Query(description="Only the texts in this language; else both")]
Known = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=2000,
        description="The `ETag` of what you have: 304 where it is the same still",
    ),
]


def _mended(value: object) -> object:
    # Half characters stand in no text that somebody wrote, and no answer can carry them.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_mended)]


class ErrorOut(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description='Where, as in "/body/texts/3/text"')
    detail: str = Field(description="What")


class ProblemOut(BaseModel):
    """A problem as RFC 9457 has it."""

    type: str = Field(description="Which kind of trouble; never changes", examples=["urn:rutan:problem:missing-scope"])
    title: str = Field(description="The same in a few words")
    status: int = Field(description="The status of the answer")
    detail: str = Field(description="What happened this time. Never repeats what was sent")
    errors: list[ErrorOut] | None = Field(default=None, description="What is wrong, one by one (422)")


class Text(BaseModel):
    """One sentence; a language that was not asked for is null."""

    th: str | None = None
    en: str | None = None


class Lines(BaseModel):
    """Several lines; a language that was not asked for is null."""

    th: list[str] | None = None
    en: list[str] | None = None


def text(both: Both, only: Language | None) -> Text:
    """A sentence in the languages asked for."""
    return Text(**{each.value: both.in_(each) for each in Language if only in (None, each)})


def lines(both: BothLines, only: Language | None) -> Lines:
    """Lines in the languages asked for."""
    return Lines(**{each.value: list(both.in_(each)) for each in Language if only in (None, each)})


def page_of(items: Sequence[tuple[str, T]], cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """A page of items that come sorted by their key, and the cursor of the next. An item that came or went meanwhile moves
    no other to another page."""
    rest = [(key, each) for key, each in items if key > (cursor or "")]
    page = rest[:limit]
    return [each for _, each in page], page[-1][0] if len(rest) > limit else None


def conditional(request: Request, shown: BaseModel) -> Response:
    """The answer with its ETag, or 304 where the asker has it already."""
    body = shown.model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": ASK_AGAIN, "Vary": "Authorization"}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


# --- for the description of the API ----------------------------------------------------------------------------------------
_SCHEMA = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
_ABOUT: Mapping[int, str] = {
    304: "It is the same still",
    400: "The body cannot be read: broken JSON in a form that is no list of faults",
    401: "No key, or one that opens nothing; `type` says which, `WWW-Authenticate` how to ask",
    403: "The key does not have the scope",
    404: "There is no such thing, or it is not yours",
    409: "This Idempotency-Key was used for something else",
    413: "The body is too large",
    415: "The body must be `application/json`",
    422: "The request is not what it should be; `errors` names each fault",
    429: "The rate is used up; `Retry-After` says in how many seconds to go on",
    500: "Something of ours broke; it is written down",
    503: "The database does not answer; `Retry-After` says when to try again",
}
_RATE = {
    "RateLimit": {"description": "What is left of this minute, and when it ends", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "How much there is in a minute", "schema": {"type": "string"}},
}
_RETRY = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The problems that an operation may end in, and 304."""
    return {status: _described(status) for status in (*statuses, 500, 503)}


def _described(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {"description": _ABOUT[status]}
    if status != 304:
        told["content"] = _SCHEMA
    if status in (429, 503):
        told["headers"] = _RETRY | (_RATE if status == 429 else {})
    return told


def reading(*statuses: int) -> Responses:
    """Those of an operation that a partner reads by: with a key, a rate and an ETag."""
    tag = {"ETag": {"description": "Names exactly this answer", "schema": {"type": "string"}}}
    found: Responses = {200: {"headers": {**tag, **_RATE}}}
    return found | problems(304, 401, 403, 422, 429, *statuses)


def writing(*statuses: int) -> Responses:
    """Those of an operation that takes a body."""
    return problems(400, 401, 403, 413, 415, 422, 429, *statuses)
