"""decide() picks what to do with what a person sent; it is pure: the same question gives the same answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from content.loading import Knowledge
from handlers import check, details, dialogue, groups, hub_bulk, menu, pictures, report, trusted
from handlers.languages import script
from handlers.messages import Button, ChatKind, Happened, Kind, Message, Outcome, Session
from handlers.steps import PASSING
from handlers.tapped import tapped
from handlers.turns import Turn, leaving, plainly_new
from handlers.typed import said
from handlers.wording import Voice

__all__ = ["Turn", "decide", "gatherable"]

SILENT = (Kind.IGNORED, Kind.UNSEND, Kind.MIGRATED)
# Told of a chat with one person they mean nothing: no platform says so, and nobody waits for an answer.
OF_GROUPS = (Kind.JOIN, Kind.LEAVE)


def decide(turn: Turn) -> Outcome:
    """What follows from what came in."""
    awake = replace(turn, session=_awake(turn))
    outcome = _decide(awake)
    if outcome.erase or outcome.reply is None:
        return outcome
    if turn.message.address.kind is ChatKind.PRIVATE:
        outcome = _with_way_back(outcome, turn.voice)
    return replace(outcome, session=_dated(_heard(turn, outcome.session), turn.now))


def _dated(session: Session, now: datetime) -> Session:
    """What waits aside has a date as a step has one: so it is found, and cleared away, when it is too old."""
    return replace(session, step_at=now) if session.aside and session.step_at is None else session


def _awake(turn: Turn) -> Session:
    """The session without a dialogue or a question that has been left too long."""
    session = dialogue.awake(turn.session, turn.now)
    if session.asked_at and turn.now - session.asked_at > report.ASKED_FOR:
        session = replace(session, asked="", asked_at=None)
    return session


# Of what a reply may hold.
MOST_QUICK = 8


def _with_way_back(outcome: Outcome, voice: Voice) -> Outcome:
    """What was left in the middle can be taken up again with one tap, except where something more urgent is said."""
    reply, session = outcome.reply, outcome.session
    at = dialogue.kind(session.step)
    if reply is None or at == dialogue.PAID or Happened("crisis") in outcome.events:
        return outcome
    back: list[Button] = []
    paid = dialogue.aside(session, dialogue.PAID)
    if paid is not None:
        back.append(voice.tap("button_back_to_steps", f"paid:{paid.data.get('place', '')}"))
    if at != dialogue.REPORT and dialogue.aside(session, dialogue.REPORT) is not None:
        back.append(voice.tap("button_back_to_report", "resume:report"))
    return replace(outcome, reply=replace(reply, quick=(*back, *reply.quick)[:MOST_QUICK])) if back else outcome


def _heard(turn: Turn, session: Session) -> Session:
    """The script that the person wrote in is what we answer taps and stickers in."""
    spoken = script(" ".join(each.text for each in turn.messages))
    return replace(session, spoken=spoken) if spoken else session


def _decide(turn: Turn) -> Outcome:
    message = turn.message
    if message.kind in SILENT:
        return Outcome(turn.session)
    if message.kind is Kind.UNFOLLOW:
        return Outcome(replace(turn.session, subscribed=False), unreachable=True)
    if message.address.kind is ChatKind.GROUP:
        return groups.answer(turn)
    if message.kind in OF_GROUPS:
        return Outcome(turn.session)
    if hub_bulk.many(turn):
        return hub_bulk.answer(turn)
    if any(each.picture for each in turn.messages):
        return pictured(turn)
    if len(turn.messages) > 1:
        texts = [m.text for m in turn.messages]
        return check.answer_all(texts, leaving(turn).session, turn.voice, turn.now, turn.recall)
    if message.kind is Kind.FOLLOW:
        return menu.greet(turn.session, turn.voice)
    if message.kind is Kind.TAP:
        return tapped(turn)
    if message.text.strip():
        return said(turn)
    if message.kind is Kind.TEXT:
        return Outcome(turn.session, menu.blank(turn.voice))
    return sent(turn)


def gatherable(message: Message, session: Session, knowledge: Knowledge) -> bool:
    """Whether a message may be answered together with its neighbours: a question, and nothing but a question."""
    waits = session.step not in ("", check.QUESTION)
    return (
        message.kind is Kind.TEXT
        and message.address.kind is ChatKind.PRIVATE
        and (not waits or (session.step in PASSING and plainly_new(message)))
        and not knowledge.words.command(message.text)[0]
        and not message.text.startswith("/")
        and not trusted.code_in(message, session)
        and not knowledge.words.small_talk(message.text)
        and not knowledge.words.crisis_in(message.text)
        and bool(message.text.strip())
    )


# --- what is not words -------------------------------------------------------------------------------------------------
def sent(turn: Turn) -> Outcome:
    """A picture, a voice, a sticker… In the middle of a report we say that we need words."""
    if turn.session.step in (report.MESSAGE, details.step(details.Ask.NOTE)):
        return Outcome(turn.session, turn.voice.short("other_title", "report_needs_text"))
    if turn.message.kind is Kind.CONTACT and turn.message.data:
        return check.answer(turn.message.data, turn.session, turn.voice, turn.now)
    return Outcome(turn.session, menu.media(turn.message.kind, turn.voice, turn.message.data))


def pictured(turn: Turn) -> Outcome:
    """Pictures that have been read. A cry for help or a command beside them comes first; asked for the message of a
    report, the words of the picture are it."""
    text = turn.message.text
    if turn.knowledge.words.crisis_in(text) or turn.knowledge.words.command(text)[0]:
        return said(turn)
    words = pictures.words(turn.messages)
    if turn.session.step == report.MESSAGE and words.strip():
        return report.keep(words, turn.session, turn.voice, turn.now, turn.recall)
    return pictures.answer(turn.messages, leaving(turn).session, turn.voice, turn.now, turn.recall)
