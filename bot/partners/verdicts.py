"""A verdict as the API describes it: contract section 5."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field

from content.models import Language, ScamType
from content.verdict import Level

LONGEST_TEXT = 20_000


class Question(StrEnum):
    """What would settle an unsure verdict."""

    WHAT_IT_WANTS = "what-it-wants"
    WHICH_ONE = "which-one"


class CandidateOut(BaseModel):
    """A trick that it may be."""

    entry: str
    type: ScamType
    score: float


class EntityOut(BaseModel):
    """A link, number or id in the text. `finding` "official:ID" says whose it is, never that the message is honest."""

    kind: str
    value: str
    finding: str


class ReplyOut(BaseModel):
    """What a citizen would be told."""

    paragraphs: list[str]


class VerdictOut(BaseModel):
    """What we may honestly say. There is no level that means "safe"."""

    id: str
    level: Level
    type: ScamType | None
    entry: str | None
    score: float = Field(ge=0, le=1, description="The calibrated probability that it is a scam")
    candidates: list[CandidateOut] = Field(max_length=5, description="Best first")
    question: Question | None = Field(description="The one question that would settle it")
    signs: list[str]
    entities: list[EntityOut]
    language: Language
    content_version: str = Field(description="Names exactly the knowledge that gave the verdict")


class CheckOut(VerdictOut):
    """A verdict with what a citizen would be told."""

    reply: ReplyOut
