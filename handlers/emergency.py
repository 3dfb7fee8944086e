"""Somebody has paid, clicked, given a code, is threatened, or may harm themselves: the steps first, nothing else."""

from __future__ import annotations

from dataclasses import replace

from handlers.messages import Button, Happened, Line, Outcome, Reply, Section, Session, Tone, plain
from handlers.wording import Voice, hotline

WHAT_HAPPENED = ("transfer", "code", "app", "click", "photo", "threat")
# The banks most people have; the others' lines are one call to 1441 away.
MOST_BANKS = 8


def paid(session: Session, voice: Voice, what: str = "") -> Outcome:
    """The steps for what happened; for a plain "I already paid" those for a transfer, with the other cases as taps."""
    known = what if what in WHAT_HAPPENED else ""
    case = known or "transfer"
    sections = [Section(voice.say("paid_steps_title"), voice.lines(f"paid_{case}"), steps=True)]
    if case in ("transfer", "code", "app"):
        sections.append(Section(voice.say("paid_bank_lines_title"), bank_lines(voice)))
        sections.append(Section("", voice.lines("paid_no_promise")))
    if not known:
        sections.append(Section("", voice.lines("paid_what")))
    reply = Reply(
        title=voice.say("paid_title"),
        summary=" ".join([voice.say("paid_title"), *(plain(each) for each in sections[0].lines[:2])]),
        language=voice.language,
        tone=Tone.URGENT,
        sections=tuple(sections),
        buttons=_buttons(case, voice),
        quick=() if known else tuple(voice.tap(f"paid_tap_{each}", f"paid:{each}") for each in WHAT_HAPPENED),
    )
    return Outcome(replace(session, step="", data={}), reply, events=(Happened("emergency", case),))


def _buttons(case: str, voice: Voice) -> tuple[Button, ...]:
    if case == "threat":
        return (voice.call("191"), voice.call("1441"), voice.call("1323"), voice.police_online())
    return (voice.call("1441"), voice.police_online())


def bank_lines(voice: Voice) -> tuple[Line, ...]:
    banks = [each for each in voice.knowledge.hotlines.values() if each.bank]
    return tuple(hotline(bank, voice) for bank in banks[:MOST_BANKS])


def crisis(session: Session, voice: Voice) -> Outcome:
    """They are not alone; who listens now. No verdict comes before that."""
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
