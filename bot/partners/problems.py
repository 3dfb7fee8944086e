"""What goes wrong over HTTP, as RFC 9457 has it: `application/problem+json`, one `type` a kind of trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from starlette.responses import JSONResponse

from handlers.errors import RutanError

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:rutan:problem:"


class Trouble(Enum):
    """Every kind of trouble: its name, the status and a title that never changes."""

    NO_KEY = ("no-key", 401, "A partner's key is needed")
    WRONG_KEY = ("wrong-key", 401, "This is no key of ours")
    EXPIRED_KEY = ("expired-key", 401, "The key has expired")
    REVOKED_KEY = ("revoked-key", 401, "The key was revoked")
    NO_SCOPE = ("missing-scope", 403, "The key does not open this")
    BAD_REQUEST = ("bad-request", 400, "The request cannot be read")
    NOT_FOUND = ("not-found", 404, "There is nothing here")
    NO_SUCH_METHOD = ("method-not-allowed", 405, "This is not done here")
    TOO_LARGE = ("too-large", 413, "The body is too large")
    NOT_JSON = ("not-json", 415, "The body must be JSON")
    INVALID = ("invalid", 422, "The request is not what it should be")
    NOT_MASKABLE = ("not-maskable", 422, "The text cannot be kept without personal data")
    REQUEST_REUSED = ("idempotency-key-reused", 409, "This Idempotency-Key was used for something else")
    OVER_RATE = ("batch-over-rate", 422, "More texts than the partner may send in a minute")
    TOO_FAST = ("too-many-requests", 429, "Too many requests")
    BROKEN = ("internal", 500, "Something of ours broke")
    UNAVAILABLE = ("unavailable", 503, "The database does not answer")
    OTHER = ("other", 0, "The request was refused")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def type(self) -> str:
        """The URI that names it."""
        return _TYPE + self.slug


_BY_STATUS = {
    400: Trouble.BAD_REQUEST,
    404: Trouble.NOT_FOUND,
    409: Trouble.REQUEST_REUSED,
    405: Trouble.NO_SUCH_METHOD,
    413: Trouble.TOO_LARGE,
    415: Trouble.NOT_JSON,
    429: Trouble.TOO_FAST,
    503: Trouble.UNAVAILABLE,
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `pointer` says where in the request ("/body/texts/3/text"), `detail` what."""

    pointer: str
    detail: str


class Problem(RutanError):
    """A request that is answered with a problem. Neither `detail` nor `faults` repeat what was sent."""

    def __init__(
        self,
        trouble: Trouble,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(detail or trouble.title)
        self.trouble = trouble
        self.detail = detail
        self.headers = dict(headers or {})
        self.faults = tuple(faults)

    @property
    def response(self) -> JSONResponse:
        """What the asker gets."""
        return answered(self.trouble, self.detail, headers=self.headers, faults=self.faults)


def answered(
    trouble: Trouble,
    detail: str = "",
    *,
    status: int = 0,
    headers: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
) -> JSONResponse:
    """A problem as a response; `status` for kinds that have none of their own."""
    body: dict[str, Any] = {
        "type": trouble.type,
        "title": trouble.title,
        "status": trouble.status or status,
        "detail": detail or trouble.title,
    }
    if faults:
        body["errors"] = [{"pointer": each.pointer, "detail": each.detail} for each in faults]
    return JSONResponse(body, status_code=body["status"], headers=dict(headers or {}), media_type=MEDIA_TYPE)


def of_status(status: int) -> Trouble:
    """The kind of trouble that a bare status means."""
    return _BY_STATUS.get(status, Trouble.OTHER)
