"""The steps of dialogues that wait for words: consent, the message, questions about a report, an emergency, erasing, taking back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from handlers import check, details, dialogue, emergency, menu, pictures, privacy, report, status, subscribe
from handlers.messages import Outcome
from handlers.turns import Answer, Turn, leaving, plainly_new
from handlers.wording import menu_buttons


def otherwise(turn: Turn, command: str) -> Outcome:
    """What no dialogue takes: the menu for a stray word of ours, or the message looked at."""
    if command or turn.message.text.startswith("/"):
        return Outcome(turn.session, menu.menu(turn.voice))
    return asked(turn)


def asked(turn: Turn) -> Outcome:
    """Small talk, or a question: the message of somebody who is in no dialogue."""
    text = turn.message.text
    talk = turn.knowledge.words.small_talk(text)
    if talk:
        return Outcome(turn.session, menu.small_talk(talk, turn.voice))
    return check.answer(text, turn.session, turn.voice, turn.now, turn.recall)


def resume(turn: Turn, name: str = "") -> Outcome:
    """On with the dialogue of that name, or with what is going on or was left: the steps of an emergency before a report."""
    at = dialogue.kind(turn.session.step)
    if at in (dialogue.PAID, dialogue.REPORT) and name in ("", at):
        return here(turn)
    for each in (name,) if name else (dialogue.PAID, dialogue.REPORT):
        back = dialogue.resumed(leaving(turn).session, each, turn.now)
        if back is not None:
            return here(replace(turn, session=back))
    reply = turn.voice.short("nothing_to_resume_title", "nothing_to_resume", quick=menu_buttons(turn.voice))
    return Outcome(turn.session, reply)


def here(turn: Turn) -> Outcome:
    """What the dialogue stands at, said once more."""
    session, voice = turn.session, turn.voice
    if session.step == emergency.STEP:
        return emergency.here(session, voice, turn.now, turn.terms.zone)
    if session.step == report.CONSENT:
        return Outcome(session, report.ask_consent(voice, turn.terms, report.about(session, turn.now)))
    if session.step == report.MESSAGE:
        return Outcome(session, report.ask_message(voice))
    return details.ask_now(session, voice)


def consent_tap(turn: Turn, tail: str) -> Outcome:
    """Yes or no, also after something else was asked in between. A second tap shows where the report stands now."""
    here_again = dialogue.at_or_aside(turn.session, report.CONSENT, turn.now)
    if here_again is not None:
        if tail == "other":
            return report.about_another(here_again, turn.voice, turn.terms, turn.now)
        return consent_step(replace(turn, session=here_again), "agree" if tail == "yes" else "decline")
    if tail == "yes" and dialogue.kind(turn.session.step) == dialogue.REPORT:
        return here(turn)
    return Outcome(turn.session, check.old_button(turn.voice))


def consent_step(turn: Turn, command: str) -> Outcome:
    if command == "agree":
        return report.agreed(turn.session, turn.voice, turn.now, turn.recall)
    if command == "decline":
        return report.declined(turn.session, turn.voice)
    if command or turn.knowledge.words.small_talk(turn.message.text):
        return Outcome(turn.session, report.ask_consent_again(turn.voice))
    return report.held(turn.message.text, turn.session, turn.voice, turn.now)


# Fewer letters and digits than this tell nobody anything.
SHORTEST_REPORT = 4


def message_step(turn: Turn, command: str) -> Outcome:
    """The message to report. A button's word typed once more, or a word of thanks, is none."""
    text = turn.message.text
    if command or turn.knowledge.words.small_talk(text) or sum(map(str.isalnum, text)) < SHORTEST_REPORT:
        return Outcome(turn.session, report.ask_message(turn.voice))
    return report.keep(text, turn.session, turn.voice, turn.now, turn.recall)


def details_step(turn: Turn, command: str) -> Outcome:
    """An answer to one of the questions about a report; or a new message, and the questions wait."""
    if command == "skip":
        return details.skipped(turn.session, turn.voice, turn.now)
    if command == "enough":
        return details.ended(turn.session, turn.voice)
    note = details.ask_at(turn.session) is details.Ask.NOTE
    new = turn.message.forwarded or (plainly_new(turn.message) and not note)
    if new or turn.knowledge.words.small_talk(turn.message.text):
        return asked(leaving(turn))
    if not command:
        answered = details.said(turn.message.text, turn.session, turn.voice, turn.now)
        if answered is not None:
            return answered
    return details.ask_now(turn.session, turn.voice, title=turn.voice.say("ask_again_title"))


def emergency_step(turn: Turn, command: str) -> Outcome:
    """A word that the lane asked for; or something else, and the steps wait."""
    zone = turn.terms.zone
    answered = emergency.said(turn.message.text, command, turn.session, turn.voice, turn.now, zone)
    if answered is not None:
        return answered
    if command:
        return emergency.here(turn.session, turn.voice, turn.now, zone)
    return asked(leaving(turn))


def erase_step(turn: Turn, command: str) -> Outcome:
    if command == "erase":
        return privacy.forget(turn.voice)
    if command == "keep":
        return privacy.keep(turn.session, turn.voice)
    return otherwise(replace(turn, session=dialogue.over(turn.session)), command)


def withdraw_step(turn: Turn, command: str) -> Outcome:
    if command == "take_back":
        return withdraw_tap(turn, turn.session.data.get("number", ""))
    if command == "keep":
        return status.kept(turn.session, turn.voice)
    return otherwise(replace(turn, session=dialogue.over(turn.session)), command)


def fix_step(turn: Turn, command: str) -> Outcome:
    """What a picture really says, typed by the person who sent it."""
    if command or turn.knowledge.words.small_talk(turn.message.text):
        return pictures.ask_fix(turn.session, turn.voice, turn.now)
    return pictures.fixed(turn.message.text, turn.session, turn.voice, turn.now, turn.recall)


def withdraw_asked(turn: Turn, number: str) -> Outcome:
    return status.ask_to_withdraw(number, turn.cases, turn.session, turn.voice, turn.now)


def withdraw_tap(turn: Turn, tail: str) -> Outcome:
    """The second tap: the number stands in it, so that an older button takes back what it says and nothing else."""
    if tail == "no":
        return status.kept(turn.session, turn.voice)
    if not status.stands(tail, turn.cases):
        return withdraw_asked(turn, tail)
    return status.withdraw(tail, turn.session, turn.voice)


def province_step(turn: Turn, command: str) -> Outcome:
    """The province of somebody who subscribes; anything else is a message like any other."""
    typed = None if command else subscribe.typed(turn.message.text, turn.session, turn.voice)
    return typed or otherwise(replace(turn, session=dialogue.over(turn.session)), command)


ABOUT_A_REPORT = tuple(details.step(each) for each in details.ORDER)
STEPS: Mapping[str, Answer] = {
    report.CONSENT: consent_step,
    report.MESSAGE: message_step,
    **dict.fromkeys(ABOUT_A_REPORT, details_step),
    emergency.STEP: emergency_step,
    privacy.ERASE: erase_step,
    status.WITHDRAW: withdraw_step,
    pictures.FIX: fix_step,
    subscribe.STEP: province_step,
}
# Steps at which a new message may come as well: there several forwards are answered as one.
PASSING = (*ABOUT_A_REPORT, emergency.STEP)
