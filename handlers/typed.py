"""Words typed in a private chat: a cry for help, a command, the next step of a dialogue, small talk, a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from handlers import (
    check,
    crisis,
    details,
    dialogue,
    drill,
    emergency,
    hub,
    menu,
    privacy,
    report,
    status,
    subscribe,
    trusted,
)
from handlers.messages import Outcome
from handlers.steps import STEPS, consent_tap, otherwise, resume, withdraw_asked
from handlers.turns import Answer, Turn, leaving
from handlers.wording import menu_buttons


def said(turn: Turn) -> Outcome:
    """A text in a private chat: a cry for help, a command, the next step of a dialogue, small talk, a question."""
    text = turn.message.text
    words = turn.knowledge.words
    if words.crisis_in(text):
        return crisis.answer(turn.session, turn.voice)
    taken_back = status.number_to_withdraw(text)
    if taken_back:
        return withdraw_asked(leaving(turn), taken_back)
    if turn.hub is not None:
        return hub.said(leaving(turn))
    command, rest = words.command(text)
    if command in COMMANDS:
        return COMMANDS[command](turn if command in IN_PLACE else leaving(turn), rest)
    if trusted.code_in(turn.message, turn.session):
        return trusted.code(leaving(turn))
    if turn.session.step in STEPS:
        return STEPS[turn.session.step](turn, command)
    if command in ("agree", "decline") and dialogue.at_or_aside(turn.session, report.CONSENT, turn.now):
        return consent_tap(turn, "yes" if command == "agree" else "no")
    return otherwise(turn, command)


def start(turn: Turn, rest: str) -> Outcome:
    """The menu; with a greeting for who is here for the first time."""
    if not turn.session.greeted:
        return menu.greet(turn.session, turn.voice)
    return Outcome(dialogue.over(turn.session), menu.menu(turn.voice))


def cancel(turn: Turn, rest: str = "") -> Outcome:
    """Ends what is going on. A report that has its number stays, and we say so."""
    voice, session = turn.voice, turn.session
    busy = session.step not in ("", check.QUESTION)
    if not busy and session.aside:
        session, busy = replace(session, aside={}), True
    number = session.data.get("number", "") if details.ask_at(session) else ""
    if number:
        taps = (voice.tap("button_status", "status"), voice.tap("button_menu", "menu"))
        reply = voice.short("questions_ended_title", "questions_ended", case_number=number, quick=taps)
        return Outcome(dialogue.over(session), reply)
    title = "cancelled_title" if busy else "nothing_to_cancel_title"
    return Outcome(dialogue.over(session), voice.short(title, quick=menu_buttons(voice)))


def report_word(turn: Turn, rest: str) -> Outcome:
    text = rest if turn.message.text.startswith("/") else ""
    return report.begin(turn.session, turn.voice, turn.terms, turn.now, text)


def check_word(turn: Turn, rest: str) -> Outcome:
    if turn.message.text.startswith("/") and rest:
        return check.answer(rest, turn.session, turn.voice, turn.now, turn.recall)
    return Outcome(turn.session, menu.menu(turn.voice))


COMMANDS: Mapping[str, Answer] = {
    "menu": start,
    "report": report_word,
    "cancel": cancel,
    "resume": lambda turn, rest: resume(turn),
    "paid": lambda turn, rest: emergency.paid(turn.session, turn.voice, turn.now),
    "status": lambda turn, rest: status.mine(turn.cases, turn.session, turn.voice, turn.terms, turn.now),
    "subscribe": lambda turn, rest: subscribe.turn(turn.session, turn.voice, on=True),
    "unsubscribe": lambda turn, rest: subscribe.turn(turn.session, turn.voice, on=False),
    "language": lambda turn, rest: Outcome(turn.session, menu.ask_language(turn.voice)),
    "forget": lambda turn, rest: privacy.ask_to_forget(turn.session, turn.voice, turn.now),
    "privacy": lambda turn, rest: privacy.notice(turn.session, turn.voice, turn.terms),
    "check": check_word,
    drill.BEGIN: lambda turn, rest: drill.begin(turn),
    drill.STOP: lambda turn, rest: drill.monthly(turn, on=False),
    trusted.BEGIN: lambda turn, rest: trusted.begin(turn),
    trusted.END: lambda turn, rest: trusted.end(turn),
}
# Settings and the notice are looked at on the way; these two know the dialogue themselves.
IN_PLACE = frozenset({"privacy", "subscribe", "unsubscribe", "language", "cancel", "resume"})
