"""The shapes of a verdict. There is no level that means "safe"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from content.models import Both, Language, ScamType


class Level(StrEnum):
    KNOWN_SCAM = "known_scam"
    WARNING_SIGNS = "warning_signs"
    NOT_KNOWN = "not_known"
    NOT_A_CHECK = "not_a_check"


@dataclass(frozen=True)
class Candidate:
    entry: str
    type: ScamType
    score: float  # 0..1


@dataclass(frozen=True)
class Entity:
    """An identifier found in the text. `finding`: "" or "official:ID", "lookalike:DOMAIN", "shortener", "shared_host",
    "raw_ip", "punycode", "odd_ending", "unknown"."""

    kind: str  # url phone account promptpay line_id email wallet tracking
    value: str
    finding: str
    start: int
    end: int


class ReasonKind(StrEnum):
    SIGN = "sign"
    MATCH = "match"
    IDENTIFIER = "identifier"
    COUNTER = "counter"


@dataclass(frozen=True)
class Reason:
    """Why we say so: `tell` is a sentence to the person, `quote` their own words, `start`:`end` where these stand in
    the text as it was sent (`text[start:end] == quote`)."""

    kind: ReasonKind
    id: str
    tell: Both
    quote: str
    start: int
    end: int


@dataclass(frozen=True)
class Pending:
    """All that must be remembered of an unsure verdict so that one tap can settle it; holds no words of the person.

    `reported` is what people's reports add to `logit`.
    """

    verdict_id: str
    logit: float
    language: Language
    candidates: tuple[Candidate, ...]
    signs: tuple[str, ...]
    reported: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What we may honestly say of one text.

    `id` is a short hash of text and content version; `question` is None, "what-it-wants" or "which-one";
    `frame` is "" or the id of the counter-sign that frames the text ("scam-warning", "otp-notice", …).
    """

    id: str
    level: Level
    score: float
    type: ScamType | None
    entry: str | None
    candidates: tuple[Candidate, ...]
    question: str | None
    signs: tuple[str, ...]
    entities: tuple[Entity, ...]
    reasons: tuple[Reason, ...]
    language: Language
    content_version: str
    frame: str = ""
    pending: Pending | None = None
