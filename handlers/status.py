"""My reports: how each stands, by when it will be looked at, what was found, and taking one back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from content.words import Words
from handlers import dialogue
from handlers.feedback import decided
from handlers.messages import Button, ButtonKind, Case, Happened, Line, Message, Outcome, Reply, Section, Session, line
from handlers.report import Terms
from handlers.wording import Voice, menu_buttons

WITHDRAW = "withdraw:confirm"
# A list longer than this is not read on a phone.
MOST_CASES = 10
# Of the eight buttons that a reply may have.
MOST_WITHDRAWN = 6
OPEN = ("received", "in_review")
GONE = ("withdrawn", "removed")
_NUMBER = re.compile(r"RT[\s-]?(\d{4})[\s-]?(\d{6,8})", re.IGNORECASE)
_TAKE_BACK = re.compile(r"\A\s*(?:ขอ)?(?:ถอน|withdraw|take back)", re.IGNORECASE)


def numbers_wanted(message: Message, words: Words) -> bool:
    """Whether the answer to a message needs the person's own reports."""
    if message.data:
        return message.data.startswith(("status", "withdraw", "d:"))
    return words.command(message.text)[0] in ("status", "take_back") or bool(number_to_withdraw(message.text))


def number_to_withdraw(text: str) -> str:
    """The case number in "withdraw RT-…" or "ถอน RT-…", in its plain form; "" for any other text."""
    found = _NUMBER.search(text) if len(text) <= 60 and _TAKE_BACK.match(text) else None
    return f"RT-{found[1]}-{found[2]}" if found else ""


def mine(cases: Sequence[Case], session: Session, voice: Voice, terms: Terms, now: datetime) -> Outcome:
    """The list, newest first, with a button to take back each that is still open."""
    if not cases:
        return Outcome(session, voice.short("status_none_title", "status_none", quick=menu_buttons(voice)))
    sections = [Section("", tuple(_lines(each, voice, terms, now))) for each in cases[:MOST_CASES]]
    if len(cases) > MOST_CASES:
        sections.append(Section("", (line(voice.say("status_more", count=str(len(cases) - MOST_CASES))),)))
    title = voice.say("status_title")
    summary = f"{title}: {', '.join(c.number for c in cases[:3])}"
    open_ones = [each for each in cases if each.state in OPEN][:MOST_WITHDRAWN]
    taps = tuple(_withdraw_tap(each.number, voice) for each in open_ones)
    reply = Reply(title, summary, voice.language, sections=tuple(sections), buttons=taps, quick=menu_buttons(voice))
    return Outcome(session, reply)


def _lines(case: Case, voice: Voice, terms: Terms, now: datetime) -> list[Line]:
    date = _day(case.reported_at, terms)
    said = [voice.say("status_line", number=case.number, state=voice.say(f"state_{case.state}"), date=date)]
    if case.state in OPEN and case.promised_at:
        late = case.promised_at < now
        said.append(
            voice.say("status_late") if late else voice.say("status_promised", date=_day(case.promised_at, terms))
        )
    if case.state == "answered":
        said.append(voice.say("status_found", found=decided(case.decision, case.entry, voice)))
    return [line(each) for each in said]


def _withdraw_tap(number: str, voice: Voice) -> Button:
    return Button(voice.say("button_withdraw", number=number), ButtonKind.TAP, f"withdraw:{number}")


def _day(moment: datetime, terms: Terms) -> str:
    return moment.astimezone(terms.zone).strftime("%d/%m/%Y")


# --- taking one back ---------------------------------------------------------------------------------------------------
def ask_to_withdraw(number: str, cases: Sequence[Case], session: Session, voice: Voice, now: datetime) -> Outcome:
    """Asked once, for a report of this very person."""
    if not stands(number, cases):
        return Outcome(session, voice.short("withdraw_none_title", "withdraw_none", quick=_status(voice)))
    taps = (voice.tap("withdraw_yes", f"withdrawn:{number}"), voice.tap("withdraw_no", "withdrawn:no"))
    reply = voice.short("withdraw_ask_title", "withdraw_ask", number=number, buttons=taps)
    return Outcome(dialogue.entered(session, WITHDRAW, now, number=number), reply)


def withdraw(number: str, session: Session, voice: Voice) -> Outcome:
    """Its text and its codes go at once; the store touches only this person's own report."""
    session = _without(number, session)
    reply = voice.short("withdrawn_title", "withdrawn", number=number, quick=_status(voice))
    return Outcome(dialogue.over(session), reply, events=(Happened("withdrawn"),), withdraw=number)


def kept(session: Session, voice: Voice) -> Outcome:
    return Outcome(dialogue.over(session), voice.short("withdraw_kept_title", quick=menu_buttons(voice)))


def _without(number: str, session: Session) -> Session:
    """The questions about a report that is taken back are no longer open."""
    waiting = dialogue.aside(session, dialogue.REPORT)
    if waiting is None or waiting.data.get("number") != number:
        return session
    return replace(session, aside={k: v for k, v in session.aside.items() if k != dialogue.REPORT})


def stands(number: str, cases: Sequence[Case]) -> bool:
    """Whether it is the number of one of these reports that was not taken back."""
    return any(each.number == number and each.state not in GONE for each in cases)


def _status(voice: Voice) -> tuple[Button, ...]:
    return (voice.tap("button_status", "status"), voice.tap("button_menu", "menu"))
