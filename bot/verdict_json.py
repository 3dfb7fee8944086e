"""A verdict as scripts and partners see it: contract section 5."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from content.verdict import Level, Verdict
from handlers.menu import too_short
from handlers.messages import Reply, plain
from handlers.wording import Voice, explain


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict in the form that scripts hold on to.

    The first three candidates are of different types, so a later one may be likelier than the third: its score is
    capped at its predecessor's, for the list says "best first".
    """
    scores = list(accumulate((round(c.score, 4) for c in verdict.candidates[:5]), min))
    return {
        "id": verdict.id,
        "level": verdict.level.value,
        "type": verdict.type.value if verdict.type else None,
        "entry": verdict.entry,
        "score": round(verdict.score, 4),
        "candidates": [
            {"entry": c.entry, "type": c.type.value, "score": score}
            for c, score in zip(verdict.candidates[:5], scores, strict=True)
        ],
        "question": verdict.question,
        "signs": list(verdict.signs),
        "entities": [{"kind": e.kind, "value": e.value, "finding": e.finding} for e in verdict.entities],
        "language": verdict.language.value,
        "content_version": verdict.content_version,
    }


def paragraphs(reply: Reply) -> list[str]:
    """The reply as plain paragraphs, in the order in which a person reads them."""
    told = [reply.title]
    for section in reply.sections:
        lines = [plain(each) for each in section.lines]
        if section.steps:
            lines = [f"{n}. {each}" for n, each in enumerate(lines, start=1)]
        told.append("\n".join([section.heading, *lines] if section.heading else lines))
    return told


def spoken(verdict: Verdict, voice: Voice) -> Reply:
    return too_short(voice) if verdict.level is Level.NOT_A_CHECK else explain(verdict, voice)
