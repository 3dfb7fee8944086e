"""Bulletins on and off. Following us is no subscription."""

from __future__ import annotations

from dataclasses import replace

from handlers.messages import Happened, Outcome, Session
from handlers.wording import Voice


def turn(session: Session, voice: Voice, *, on: bool) -> Outcome:
    name = "subscribed" if on else "unsubscribed"
    reply = voice.short(f"{name}_title", name)
    return Outcome(replace(session, subscribed=on), reply, events=(Happened(name),))
