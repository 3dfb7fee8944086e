"""Where a dialogue stands; how it is left in the middle, kept aside and taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.messages import Session

# A dialogue left alone for longer than this is over; the next message is a new question.
DIALOGUE_FOR = timedelta(hours=24)
# The dialogues that are worth going on with, by the first word of their steps.
REPORT, PAID = "report", "paid"
_KEPT = (REPORT, PAID)
# What the person wrote is never kept longer than it is needed: put aside it becomes the text last asked about.
TEXT = "text"


@dataclass(frozen=True)
class Aside:
    """A dialogue that was left: its step, since when it waits and what it had gathered."""

    step: str
    at: datetime
    data: Mapping[str, str]


def kind(step: str) -> str:
    """ "report", "paid" or another dialogue's name; "" for none."""
    return step.partition(":")[0]


def entered(session: Session, step: str, now: datetime, **data: str) -> Session:
    """At a step, with nothing of that dialogue put aside any more."""
    aside = {name: each for name, each in session.aside.items() if name != kind(step)}
    return replace(session, step=step, step_at=now, data=data, aside=aside)


def over(session: Session) -> Session:
    """In no dialogue; what was put aside stays."""
    return replace(session, step="", step_at=None, data={})


def left(session: Session, now: datetime) -> Session:
    """In no dialogue that waits for words: one that is worth it is put aside, for a day."""
    name = kind(session.step)
    if name not in _KEPT:
        return session
    data = {key: value for key, value in session.data.items() if key != TEXT}
    packed = json.dumps({"step": session.step, "at": (session.step_at or now).isoformat(), "data": data})
    text = session.data.get(TEXT, "")
    aside = replace(over(session), aside={**session.aside, name: packed})
    return replace(aside, asked=text, asked_at=now) if text else aside


def aside(session: Session, name: str) -> Aside | None:
    """The dialogue of that name that was left, if any. What cannot be read is none."""
    try:
        raw = json.loads(session.aside[name])
        return Aside(
            str(raw["step"]), datetime.fromisoformat(raw["at"]), {str(k): str(v) for k, v in raw["data"].items()}
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def resumed(session: Session, name: str, now: datetime) -> Session | None:
    """At the step where that dialogue was left; None when none waits."""
    found = aside(session, name)
    return entered(session, found.step, now, **found.data) if found else None


def at_or_aside(session: Session, step: str, now: datetime) -> Session | None:
    """The session at that step: because it stands there, or because it was left there; else None."""
    if session.step == step:
        return session
    back = resumed(session, kind(step), now)
    return back if back is not None and back.step == step else None


def awake(session: Session, now: datetime) -> Session:
    """Without a dialogue, and without anything put aside, that has been left too long."""
    if session.step_at and now - session.step_at > DIALOGUE_FOR:
        session = over(session)
    fresh = {
        name: each
        for name, each in session.aside.items()
        if (found := aside(session, name)) is not None and now - found.at <= DIALOGUE_FOR
    }
    return session if fresh == session.aside else replace(session, aside=fresh)
