"""Bulletins on and off, and what somebody would rather hear of. Following us is no subscription."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from content import provinces
from content.models import ScamType
from handlers import dialogue
from handlers.messages import Button, ButtonKind, Happened, Outcome, Reply, Session
from handlers.wording import Voice

STEP = "subscribe:province"
# What people can choose between, in words of theirs, and the types that belong to it.
INTERESTS = {
    "calls": (ScamType.AUTHORITY_CALL, ScamType.BANK_IMPERSONATION, ScamType.VIRTUAL_KIDNAP, ScamType.REMOTE_APP),
    "links": (ScamType.PARCEL, ScamType.UTILITY_REFUND, ScamType.FAKE_FINE, ScamType.TAX_LAND_GOV_APP, ScamType.QR),
    "shopping": (ScamType.SHOPPING, ScamType.TICKET, ScamType.ACCOMMODATION_TOUR, ScamType.FAKE_SLIP),
    "loans": (ScamType.LOAN, ScamType.DEBT_GUARANTOR, ScamType.RECOVERY),
    "investment": (ScamType.INVESTMENT, ScamType.CRYPTO, ScamType.DEEPFAKE_AD, ScamType.GAMBLING_SPAM),
    "jobs": (ScamType.JOB_TASK, ScamType.OVERSEAS_JOB_TRAFFICKING, ScamType.MULE_ACCOUNT),
}


def turn(session: Session, voice: Voice, *, on: bool) -> Outcome:
    """On or off. Who comes may say what matters to them; who goes is asked nothing."""
    name = "subscribed" if on else "unsubscribed"
    after = replace(session, subscribed=on) if on else replace(session, subscribed=False, interests=(), province="")
    quick = choices(after, voice) if on else ()
    return Outcome(after, voice.short(f"{name}_title", name, quick=quick), events=(Happened(name),))


def choices(session: Session, voice: Voice) -> tuple[Button, ...]:
    """What may be chosen; what is chosen bears a mark and is taken back by the same button."""
    marked = tuple(
        Button(
            ("✓ " if each in session.interests else "") + voice.say(f"interest_{each}"), ButtonKind.TAP, f"sub:i:{each}"
        )
        for each in INTERESTS
    )
    return (*marked, voice.tap("interest_province", "sub:province"))


def tapped(tail: str, session: Session, voice: Voice, now: datetime) -> Outcome | None:
    """A choice of what to hear of, or of the province; None for a button that we do not know."""
    name, _, value = tail.partition(":")
    if name == "i" and value in INTERESTS:
        chosen = set(session.interests) ^ {value}
        return _noted(replace(session, subscribed=True, interests=tuple(i for i in INTERESTS if i in chosen)), voice)
    if name == "p" and value in voice.knowledge.provinces:
        return _noted(replace(dialogue.over(session), subscribed=True, province=value), voice)
    if name == "province":
        reply = voice.short(
            "interest_province_title", "interest_province_ask", quick=(voice.tap("button_cancel", "cancel"),)
        )
        return Outcome(dialogue.entered(session, STEP, now), reply)
    return None


def typed(text: str, session: Session, voice: Voice) -> Outcome | None:
    """The name of a province; None where the text is none: then it is a question like any other."""
    found = provinces.match(text, voice.knowledge.provinces)
    if found.sure is not None:
        return _noted(replace(dialogue.over(session), subscribed=True, province=found.sure.id), voice)
    if not found.near:
        return None
    near = tuple(Button(p.name.in_(voice.language), ButtonKind.TAP, f"sub:p:{p.id}") for p in found.near)
    return Outcome(session, voice.short("interest_province_title", "ask_province_near", buttons=near))


def _noted(session: Session, voice: Voice) -> Outcome:
    """What we will send now, in one sentence, with the choices once more."""
    chosen = [voice.say(f"interest_{each}") for each in session.interests]
    if session.province:
        chosen.append(voice.knowledge.provinces[session.province].name.in_(voice.language))
    told = " · ".join(chosen) or voice.say("interest_all")
    reply: Reply = voice.short("interest_noted_title", "interest_noted", chosen=told, quick=choices(session, voice))
    return Outcome(session, reply, events=(Happened("interests"),))
