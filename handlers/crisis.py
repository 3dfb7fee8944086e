"""Somebody may harm themselves: they are not alone, and who listens now. No verdict comes before that."""

from __future__ import annotations

from handlers.messages import Happened, Outcome, Reply, Section, Session, Tone, plain
from handlers.wording import Voice


def answer(session: Session, voice: Voice) -> Outcome:
    """Whom to call, at once; what else is going on stays as it is."""
    sections = (Section("", voice.lines("crisis")), Section("", voice.lines("crisis_later")))
    reply = Reply(
        title=voice.say("crisis_title"),
        summary=" ".join([voice.say("crisis_title"), *(plain(each) for each in sections[0].lines[:3])]),
        language=voice.language,
        tone=Tone.URGENT,
        sections=sections,
        buttons=(voice.call("1323"), voice.call("191")),
        quick=(voice.tap("button_paid", "paid"), voice.tap("button_menu", "menu")),
    )
    return Outcome(session, reply, events=(Happened("crisis"),))
