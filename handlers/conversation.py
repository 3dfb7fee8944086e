"""decide() picks what to do with what a person sent; it is pure: the same question gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from content.loading import Knowledge
from handlers import check, emergency, menu, privacy, report, subscribe
from handlers.languages import answer_in, script
from handlers.messages import Case, ChatKind, Kind, Message, Outcome, Session
from handlers.report import Terms
from handlers.sightings import NOTHING_KNOWN, Recall
from handlers.wording import Voice, menu_buttons

# A dialogue left alone for longer than this is over; the next message is a new question.
DIALOGUE_FOR = timedelta(hours=24)
SILENT = (Kind.IGNORED, Kind.UNSEND, Kind.LEAVE, Kind.MIGRATED)


@dataclass(frozen=True)
class Turn:
    """All that a decision may look at. `messages` is one message, or several that came within a few seconds."""

    messages: tuple[Message, ...]
    session: Session
    cases: Sequence[Case]
    knowledge: Knowledge
    terms: Terms
    now: datetime
    recall: Recall = NOTHING_KNOWN

    @property
    def message(self) -> Message:
        return self.messages[-1]

    @property
    def voice(self) -> Voice:
        return Voice(self.knowledge, answer_in(self.messages, self.session))


def decide(turn: Turn) -> Outcome:
    """What follows from what came in."""
    outcome = _decide(replace(turn, session=_awake(turn)))
    if outcome.erase or outcome.reply is None:
        return outcome
    return replace(outcome, session=_heard(turn, outcome.session))


def _awake(turn: Turn) -> Session:
    """The session without a dialogue or a question that has been left too long."""
    session = turn.session
    if session.step_at and turn.now - session.step_at > DIALOGUE_FOR:
        session = replace(session, step="", step_at=None, data={})
    if session.asked_at and turn.now - session.asked_at > report.ASKED_FOR:
        session = replace(session, asked="", asked_at=None)
    return session


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
        return in_group(turn)
    if len(turn.messages) > 1:
        texts = [m.text for m in turn.messages]
        return check.answer_all(texts, turn.session, turn.voice, turn.now, turn.recall)
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
    return (
        message.kind is Kind.TEXT
        and message.address.kind is ChatKind.PRIVATE
        and session.step in ("", check.QUESTION)
        and not knowledge.words.command(message.text)[0]
        and not message.text.startswith("/")
        and not knowledge.words.small_talk(message.text)
        and not knowledge.words.crisis_in(message.text)
        and bool(message.text.strip())
    )


# --- words -------------------------------------------------------------------------------------------------------------
Command = Callable[[Turn, str], Outcome]


def said(turn: Turn) -> Outcome:
    """A text in a private chat: a cry for help, a command, the next step of a dialogue, small talk, a question."""
    text = turn.message.text
    words = turn.knowledge.words
    if words.crisis_in(text):
        return emergency.crisis(turn.session, turn.voice)
    command, rest = words.command(text)
    if command in COMMANDS:
        return COMMANDS[command](turn, rest)
    if turn.session.step in STEPS:
        return STEPS[turn.session.step](turn, command)
    if command or text.startswith("/"):
        return Outcome(turn.session, menu.menu(turn.voice))
    talk = words.small_talk(text)
    if talk:
        return Outcome(turn.session, menu.small_talk(talk, turn.voice))
    return check.answer(text, turn.session, turn.voice, turn.now, turn.recall)


def start(turn: Turn, rest: str) -> Outcome:
    """The menu; with a greeting for who is here for the first time."""
    if not turn.session.greeted:
        return menu.greet(turn.session, turn.voice)
    return Outcome(_free(turn.session), menu.menu(turn.voice))


def cancel(turn: Turn, rest: str = "") -> Outcome:
    busy = turn.session.step not in ("", check.QUESTION)
    title = "cancelled_title" if busy else "nothing_to_cancel_title"
    return Outcome(_free(turn.session), turn.voice.short(title, quick=menu_buttons(turn.voice)))


def _free(session: Session) -> Session:
    return replace(session, step="", step_at=None, data={})


def report_word(turn: Turn, rest: str) -> Outcome:
    text = rest if turn.message.text.startswith("/") else ""
    return report.begin(turn.session, turn.voice, turn.terms, turn.now, text)


def check_word(turn: Turn, rest: str) -> Outcome:
    if turn.message.text.startswith("/") and rest:
        return check.answer(rest, turn.session, turn.voice, turn.now, turn.recall)
    return Outcome(turn.session, menu.menu(turn.voice))


COMMANDS: Mapping[str, Command] = {
    "menu": start,
    "report": report_word,
    "cancel": cancel,
    "paid": lambda turn, rest: emergency.paid(turn.session, turn.voice),
    "status": lambda turn, rest: report.status(turn.cases, turn.session, turn.voice, turn.terms),
    "subscribe": lambda turn, rest: subscribe.turn(turn.session, turn.voice, on=True),
    "unsubscribe": lambda turn, rest: subscribe.turn(turn.session, turn.voice, on=False),
    "language": lambda turn, rest: Outcome(turn.session, menu.ask_language(turn.voice)),
    "forget": lambda turn, rest: privacy.ask_to_forget(turn.session, turn.voice, turn.now),
    "privacy": lambda turn, rest: privacy.notice(turn.session, turn.voice, turn.terms),
    "check": check_word,
}


def consent_step(turn: Turn, command: str) -> Outcome:
    if command == "agree":
        return report.agreed(turn.session, turn.voice, turn.now)
    if command == "decline":
        return report.declined(turn.session, turn.voice)
    # Neither yes nor no: the person may have sent the message already, so we keep it at hand and ask again.
    asked = replace(turn.session, data={"text": turn.message.text}, step_at=turn.now)
    taps = (turn.voice.tap("consent_yes", "consent:yes"), turn.voice.tap("consent_no", "consent:no"))
    return Outcome(asked, turn.voice.short("consent_title", "consent_again", buttons=taps))


def message_step(turn: Turn, command: str) -> Outcome:
    return report.keep(turn.message.text, turn.session, turn.voice)


def erase_step(turn: Turn, command: str) -> Outcome:
    if command == "erase":
        return privacy.forget(turn.voice)
    if command == "keep":
        return privacy.keep(turn.session, turn.voice)
    return said(replace(turn, session=_free(turn.session)))


STEPS: Mapping[str, Command] = {
    report.CONSENT: consent_step,
    report.MESSAGE: message_step,
    privacy.ERASE: erase_step,
}


# --- buttons -----------------------------------------------------------------------------------------------------------
def tapped(turn: Turn) -> Outcome:
    """A button of ours. One that we no longer know explains itself."""
    head, _, tail = turn.message.data.partition(":")
    if head in TAPS:
        return TAPS[head](turn, tail)
    command = TAPPED_COMMANDS.get(head)
    return COMMANDS[command](turn, "") if command else Outcome(turn.session, check.old_button(turn.voice))


TAPPED_COMMANDS = {
    each: each for each in ("menu", "status", "cancel", "subscribe", "unsubscribe", "language", "forget", "privacy")
}


def consent_tap(turn: Turn, tail: str) -> Outcome:
    if turn.session.step != report.CONSENT:
        return Outcome(turn.session, check.old_button(turn.voice))
    return consent_step(turn, "agree" if tail == "yes" else "decline")


def erase_tap(turn: Turn, tail: str) -> Outcome:
    if turn.session.step != privacy.ERASE:
        return Outcome(turn.session, check.old_button(turn.voice))
    return privacy.forget(turn.voice) if tail == "yes" else privacy.keep(turn.session, turn.voice)


def question_tap(turn: Turn, tail: str) -> Outcome:
    verdict_id, _, tap = tail.partition(":")
    return check.settled(verdict_id, tap, turn.session, turn.voice)


def useful_tap(turn: Turn, tail: str) -> Outcome:
    verdict_id, _, said_so = tail.partition(":")
    return check.useful(verdict_id, "yes" if said_so == "yes" else "no", turn.session, turn.voice)


TAPS: Mapping[str, Command] = {
    "q": question_tap,
    "consent": consent_tap,
    "erase": erase_tap,
    "useful": useful_tap,
    "report": lambda turn, tail: report.begin(turn.session, turn.voice, turn.terms, turn.now),
    "paid": lambda turn, tail: emergency.paid(turn.session, turn.voice, tail),
    "share": lambda turn, tail: check.share(tail.partition(":")[2], turn.session, turn.voice),
    "lang": lambda turn, tail: menu.choose_language(tail, turn.session, turn.voice),
    "sample": lambda turn, tail: check.sample(turn.session, turn.voice, turn.now),
}


# --- what is not words -------------------------------------------------------------------------------------------------
def sent(turn: Turn) -> Outcome:
    """A picture, a voice, a sticker… In the middle of a report we say that we need words."""
    if turn.session.step == report.MESSAGE:
        return Outcome(turn.session, turn.voice.short("other_title", "report_needs_text"))
    if turn.message.kind is Kind.CONTACT and turn.message.data:
        return check.answer(turn.message.data, turn.session, turn.voice, turn.now)
    return Outcome(turn.session, menu.media(turn.message.kind, turn.voice, turn.message.data))


# --- groups ------------------------------------------------------------------------------------------------------------
def in_group(turn: Turn) -> Outcome:
    """Silence, unless it is a known scam beyond doubt or somebody called us."""
    message = turn.message
    if message.kind is Kind.JOIN:
        return menu.greet_group(turn.session, turn.voice)
    if message.kind is Kind.TAP:
        return Outcome(turn.session, turn.voice.short("who_title", "group_private"))
    if not message.addressed:
        if not message.text:
            return Outcome(turn.session)
        return check.overheard(message.text, turn.session, turn.voice, turn.recall)
    command, rest = turn.knowledge.words.command(message.text)
    if command == "check" and rest and message.text.startswith("/"):
        return check.asked_in_group(rest, turn.session, turn.voice, turn.recall)
    if command == "menu":
        return Outcome(turn.session, turn.voice.short("who_title", "group_ask"))
    if command and command != "check":
        return Outcome(turn.session, turn.voice.short("who_title", "group_private"))
    text = "" if message.text.startswith("/") else message.text
    about = " ".join(each for each in (message.quoted, text) if each.strip())
    if not about:
        return Outcome(turn.session, turn.voice.short("who_title", "group_ask"))
    return check.asked_in_group(message.quoted or about, turn.session, turn.voice, turn.recall)
