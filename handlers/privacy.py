"""The privacy notice, bulletins on and off, and being forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from handlers.messages import Happened, Outcome, Session
from handlers.report import Terms
from handlers.wording import Voice, menu_buttons

ERASE = "forget:confirm"


def notice(session: Session, voice: Voice, terms: Terms) -> Outcome:
    return Outcome(session, voice.short("privacy_title", "privacy", days=str(terms.days)))


def ask_to_forget(session: Session, voice: Voice, now: datetime) -> Outcome:
    taps = (voice.tap("forget_yes", "erase:yes"), voice.tap("forget_no", "erase:no"))
    reply = voice.short("forget_ask_title", "forget_ask", buttons=taps)
    return Outcome(replace(session, step=ERASE, step_at=now, data={}), reply)


def forget(voice: Voice) -> Outcome:
    reply = voice.short("forget_done_title", "forget_done")
    return Outcome(Session(), reply, events=(Happened("forgotten"),), erase=True)


def keep(session: Session, voice: Voice) -> Outcome:
    return Outcome(replace(session, step="", data={}), voice.short("forget_kept_title", quick=menu_buttons(voice)))
