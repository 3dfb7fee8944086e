"""Buttons of ours that were pressed. One that we no longer know explains itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from handlers import (
    check,
    details,
    drill,
    emergency,
    feedback,
    follow_up,
    hub,
    menu,
    pictures,
    privacy,
    report,
    status,
    subscribe,
    trusted,
)
from handlers.messages import FollowUpKind, Happened, Outcome
from handlers.steps import consent_tap, resume, withdraw_asked, withdraw_tap
from handlers.turns import Answer, Turn, leaving
from handlers.typed import COMMANDS, IN_PLACE


def tapped(turn: Turn) -> Outcome:
    """What a button of ours leads to."""
    head, _, tail = turn.message.data.partition(":")
    if head in TAPS:
        return TAPS[head](turn, tail)
    command = TAPPED_COMMANDS.get(head)
    if command is None:
        return Outcome(turn.session, check.old_button(turn.voice))
    return COMMANDS[command](turn if command in IN_PLACE else leaving(turn), "")


TAPPED_COMMANDS = {
    each: each for each in ("menu", "status", "cancel", "subscribe", "unsubscribe", "language", "forget", "privacy")
}


def erase_tap(turn: Turn, tail: str) -> Outcome:
    if turn.session.step != privacy.ERASE:
        return Outcome(turn.session, check.old_button(turn.voice))
    return privacy.forget(turn.voice) if tail == "yes" else privacy.keep(turn.session, turn.voice)


def question_tap(turn: Turn, tail: str) -> Outcome:
    verdict_id, _, tap = tail.partition(":")
    return check.settled(verdict_id, tap, turn.session, turn.voice)


def useful_tap(turn: Turn, tail: str) -> Outcome:
    verdict_id, _, said_so = tail.partition(":")
    return feedback.useful(verdict_id, "yes" if said_so == "yes" else "no", turn.session, turn.voice)


def why_tap(turn: Turn, tail: str) -> Outcome:
    verdict_id, _, why = tail.partition(":")
    return feedback.why_not(verdict_id, why, turn.session, turn.voice)


def dispute_tap(turn: Turn, tail: str) -> Outcome:
    session = leaving(turn).session
    return report.begin(session, turn.voice, turn.terms, turn.now, disputes=True)


def details_tap(turn: Turn, tail: str) -> Outcome:
    number, _, rest = tail.partition(":")
    ask, _, value = rest.partition(":")
    mine = status.stands(number, turn.cases)
    answered = details.tapped(number, ask, value, turn.session, turn.voice, turn.now, mine=mine)
    return answered or Outcome(turn.session, check.old_button(turn.voice))


def emergency_tap(turn: Turn, tail: str) -> Outcome:
    session = turn.session if turn.session.step == emergency.STEP else leaving(turn).session
    return emergency.tapped(tail, session, turn.voice, turn.now, turn.terms.zone)


def follow_up_tap(turn: Turn, tail: str) -> Outcome:
    """What the bank said, the morning after; who needs help again gets the steps from the beginning."""
    said_so = tail.partition(":")[2]
    if said_so == "help":
        steps = emergency.paid(leaving(turn).session, turn.voice, turn.now)
        events = (*steps.events, Happened("follow_up", "help"))
        return replace(steps, events=events, answered=(FollowUpKind.BANK_CASE, "help"))
    return follow_up.answered("yes" if said_so == "yes" else "no", turn.session, turn.voice)


def asked_tap(turn: Turn, tail: str) -> Outcome:
    """What was typed as an answer of ours, looked at as a message."""
    text = report.at_hand(turn.session, turn.now)
    if not text:
        return Outcome(turn.session, check.old_button(turn.voice))
    return check.answer(text, leaving(turn).session, turn.voice, turn.now, turn.recall)


def subscribe_tap(turn: Turn, tail: str) -> Outcome:
    answered = subscribe.tapped(tail, leaving(turn).session, turn.voice, turn.now)
    return answered or Outcome(turn.session, check.old_button(turn.voice))


TAPS: Mapping[str, Answer] = {
    "q": question_tap,
    "hub": hub.tapped,
    "consent": consent_tap,
    "erase": erase_tap,
    "useful": useful_tap,
    "why": why_tap,
    "dispute": dispute_tap,
    "d": details_tap,
    "report": lambda turn, tail: report.begin(leaving(turn).session, turn.voice, turn.terms, turn.now),
    "resume": resume,
    "paid": emergency_tap,
    "follow": follow_up_tap,
    "asked": asked_tap,
    "withdraw": lambda turn, tail: withdraw_asked(leaving(turn), tail),
    "withdrawn": withdraw_tap,
    "share": lambda turn, tail: check.share(tail.partition(":")[2], turn.session, turn.voice),
    "lang": lambda turn, tail: menu.choose_language(tail, turn.session, turn.voice),
    drill.TAP: lambda turn, tail: drill.tapped(leaving(turn), tail),
    trusted.TAP: lambda turn, tail: trusted.tapped(leaving(turn), tail),
    "sub": subscribe_tap,
    "picture": lambda turn, tail: pictures.ask_fix(turn.session, turn.voice, turn.now),
    "sample": lambda turn, tail: check.sample(leaving(turn).session, turn.voice, turn.now),
}
