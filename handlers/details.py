"""What the reporter may add once the report has its number: four questions, one at a time, each of which can be skipped.

The number is in every button, so that an answer finds its report also after the dialogue was left, ended or forgotten.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from content import provinces
from content.cleaning import cut
from handlers import dialogue
from handlers.errors import NotMasked
from handlers.masking import masked
from handlers.messages import (
    Button,
    ButtonKind,
    CameBy,
    Details,
    Happened,
    Line,
    Loss,
    Outcome,
    Reply,
    Section,
    Session,
    Tone,
)
from handlers.wording import Voice


class Ask(StrEnum):
    CAME_BY = "came_by"
    LOSS = "loss"
    PROVINCE = "province"
    NOTE = "note"


ORDER = (Ask.CAME_BY, Ask.LOSS, Ask.PROVINCE, Ask.NOTE)
SKIP, END = "skip", "end"
# Long enough for what happened, too short to fill the database with.
LONGEST_NOTE = 2_000
# In baht: what is less than the first number of a band lies in the one before.
_BANDS = ((1_000, Loss.UNDER_1K), (10_000, Loss.FROM_1K), (100_000, Loss.FROM_10K), (1_000_000, Loss.FROM_100K))


def step(ask: Ask) -> str:
    return f"{dialogue.REPORT}:{ask.value}"


def ask_at(session: Session) -> Ask | None:
    """The question that the dialogue stands at, or was left at."""
    name, _, ask = session.step.partition(":")
    return Ask(ask) if name == dialogue.REPORT and ask in tuple(Ask) else None


# --- asking ------------------------------------------------------------------------------------------------------------
def question(ask: Ask, number: str, voice: Voice, near: tuple[provinces.Province, ...] = ()) -> Reply:
    """One question, its answers as buttons. `near` are provinces that a typed name may have meant."""
    taps = _answers(ask, number, voice, near)
    heading = voice.say(f"ask_{ask.value}_title")
    lines: tuple[Line, ...] = voice.lines("ask_province_near" if near else f"ask_{ask.value}")
    return Reply(
        title=heading,
        summary=heading,
        language=voice.language,
        sections=(Section(heading, lines),),
        buttons=taps[:8],
        quick=(
            *taps[8:],
            _tap("button_skip", number, ask, SKIP, voice),
            _tap("button_enough", number, ask, END, voice),
        ),
    )


def _answers(ask: Ask, number: str, voice: Voice, near: tuple[provinces.Province, ...]) -> tuple[Button, ...]:
    if ask is Ask.CAME_BY:
        return tuple(_tap(f"came_by_{each.value}", number, ask, each.value, voice) for each in CameBy)
    if ask is Ask.LOSS:
        return tuple(_tap(f"loss_{each.value}", number, ask, each.value, voice) for each in Loss)
    return tuple(Button(p.name.in_(voice.language), ButtonKind.TAP, f"d:{number}:{ask.value}:{p.id}") for p in near)


def _tap(key: str, number: str, ask: Ask, value: str, voice: Voice) -> Button:
    return voice.tap(key, f"d:{number}:{ask.value}:{value}")


def ask_now(session: Session, voice: Voice, *, title: str = "", near: tuple[provinces.Province, ...] = ()) -> Outcome:
    """The question that the dialogue stands at, with the report's number; `title` instead of the question as the head."""
    ask, number = ask_at(session), session.data.get("number", "")
    if ask is None:
        return ended(session, voice)
    asked = question(ask, number, voice, near)
    mine = Section("", voice.lines("ask_number", number=number))
    if not title:
        asked = replace(asked, sections=(replace(asked.sections[0], heading=""), mine))
    else:
        asked = replace(asked, title=title, summary=f"{title} · {asked.summary}", sections=(*asked.sections, mine))
    return Outcome(session, asked)


def ended(session: Session, voice: Voice) -> Outcome:
    """Thanks; number and day once more."""
    number, promised = session.data.get("number", ""), session.data.get("promised", "")
    quick = (voice.tap("button_status", "status"), voice.tap("button_paid", "paid"), voice.tap("button_menu", "menu"))
    reply = voice.short("report_ended_title", "report_ended", case_number=number, promised=promised, quick=quick)
    return Outcome(dialogue.over(session), reply)


# --- answers -----------------------------------------------------------------------------------------------------------
def tapped(
    number: str, asked: str, value: str, session: Session, voice: Voice, now: datetime, *, mine: bool = True
) -> Outcome | None:
    """A button of one of the questions, of this dialogue or of an older one; None for one that we do not know.

    `mine`: the number is of a report of this person that still stands.
    """
    if asked not in tuple(Ask) or (value not in (SKIP, END) and _details(number, Ask(asked), value, voice) is None):
        return None
    ask = Ask(asked)
    here = session if ask_at(session) else dialogue.resumed(session, dialogue.REPORT, now)
    if here is None or ask_at(here) is None or here.data.get("number") != number:
        return _afterwards(number, ask, value, session, voice) if mine else None
    if value == END:
        return ended(here, voice)
    if ask_at(here) is ask:
        return _next(here, ask, value, voice, now)
    # An answer to a question that is past: taken, and the one that is open stays open.
    return replace(ask_now(here, voice, title=voice.say("noted_title")), details=_details(number, ask, value, voice))


def _afterwards(number: str, ask: Ask, value: str, session: Session, voice: Voice) -> Outcome:
    """The questions are over, or were of an earlier report: what is answered is still taken."""
    kept = _details(number, ask, value, voice)
    quick = (voice.tap("button_status", "status"), voice.tap("button_menu", "menu"))
    heading, body = ("noted_title", "noted") if kept else ("questions_ended_title", "questions_over")
    return Outcome(session, voice.short(heading, body, number=number, quick=quick), details=kept)


def _details(number: str, ask: Ask, value: str, voice: Voice) -> Details | None:
    if ask is Ask.CAME_BY and value in tuple(CameBy):
        return Details(number, came_by=CameBy(value))
    if ask is Ask.LOSS and value in tuple(Loss):
        return Details(number, loss=Loss(value))
    if ask is Ask.PROVINCE and value in voice.knowledge.provinces:
        return Details(number, province=value)
    return None


def _next(session: Session, ask: Ask, value: str, voice: Voice, now: datetime) -> Outcome:
    """The answer is kept and the next question asked; after the last one, thanks."""
    kept = _details(session.data.get("number", ""), ask, value, voice)
    return replace(_onward(session, ask, voice, now, lost=_lost(kept)), details=kept)


def _onward(session: Session, ask: Ask, voice: Voice, now: datetime, *, lost: bool = False) -> Outcome:
    later = ORDER[ORDER.index(ask) + 1 :]
    if not later:
        return ended(session, voice)
    outcome = ask_now(dialogue.entered(session, step(later[0]), now, **session.data), voice)
    return _with_first_aid(outcome, voice) if lost else outcome


def _lost(kept: Details | None) -> bool:
    return kept is not None and kept.loss not in (None, Loss.NONE)


def _with_first_aid(outcome: Outcome, voice: Voice) -> Outcome:
    """Who has lost money hears first that the report can wait."""
    if outcome.reply is None:
        return outcome
    first = Section("", voice.lines("loss_first"))
    buttons = (voice.tap("button_paid_steps", "paid"), voice.call("1441"), *outcome.reply.buttons)
    reply = replace(outcome.reply, sections=(first, *outcome.reply.sections), buttons=buttons[:8], tone=Tone.URGENT)
    return replace(outcome, reply=reply)


# --- answers that were typed -------------------------------------------------------------------------------------------
def said(text: str, session: Session, voice: Voice, now: datetime) -> Outcome | None:
    """A typed answer to the question that is open; None for what is no answer to it."""
    ask = ask_at(session)
    if ask is Ask.CAME_BY:
        named = voice.knowledge.words.channel(text)
        return _next(session, ask, named, voice, now) if named in tuple(CameBy) else None
    if ask is Ask.LOSS:
        band = band_in(text, nothing=voice.knowledge.words.lost_nothing(text))
        return _next(session, ask, band.value, voice, now) if band else None
    if ask is Ask.PROVINCE:
        return _province(text, session, voice, now)
    return _note(text, session, voice, now) if ask is Ask.NOTE else None


def skipped(session: Session, voice: Voice, now: datetime) -> Outcome:
    ask = ask_at(session)
    return _onward(session, ask, voice, now) if ask else ended(session, voice)


def _province(text: str, session: Session, voice: Voice, now: datetime) -> Outcome | None:
    found = provinces.match(text, voice.knowledge.provinces)
    if found.sure:
        return _next(session, Ask.PROVINCE, found.sure.id, voice, now)
    return ask_now(session, voice, near=found.near) if found.near else None


def _note(text: str, session: Session, voice: Voice, now: datetime) -> Outcome:
    """Kept masked. What cannot be masked is not kept, and we say so."""
    number = session.data.get("number", "")
    try:
        covered = masked(cut(text.strip(), LONGEST_NOTE))
    except NotMasked:
        again = ask_now(session, voice, title=voice.say("note_not_kept_title"))
        return replace(again, events=(Happened("report_not_masked"),))
    last = ended(session, voice)
    # It may have been a new message after all: then one tap has it looked at.
    after = replace(last.session, asked=text, asked_at=now)
    reply = last.reply and replace(last.reply, quick=(voice.tap("button_check_it", "asked"), *last.reply.quick))
    return Outcome(after, reply, details=Details(number, note=covered))


_AMOUNT = re.compile(
    r"(\d[\d,]{0,14}(?:\.\d{1,2})?)\s*(ร้อย|พัน|หมื่น|แสน|ล้าน|k\b|thousand|million|hundred)?", re.IGNORECASE
)
_SCALES = {"ร้อย": 100, "พัน": 1_000, "หมื่น": 10_000, "แสน": 100_000, "ล้าน": 1_000_000}
_SCALES |= {"k": 1_000, "thousand": 1_000, "million": 1_000_000, "hundred": 100}


def baht_in(text: str) -> float | None:
    """The one sum in a short text ("5,000 บาท", "2 หมื่น", "20k"); None where there is none, several, or more digits than
    any sum has."""
    found = _AMOUNT.findall(text)
    if len(found) != 1:
        return None
    digits, scale = found[0]
    if len(digits.replace(",", "").split(".")[0]) > 9:
        return None
    return float(digits.replace(",", "")) * _SCALES.get(scale.lower(), 1)


def band_in(text: str, *, nothing: bool = False) -> Loss | None:
    """The band in which a typed sum lies; None for what is no sum."""
    if nothing:
        return Loss.NONE
    baht = baht_in(text) if len(text) <= 30 else None
    if baht is None:
        return None
    if baht == 0:
        return Loss.NONE
    return next((band for below, band in _BANDS if baht < below), Loss.OVER_1M)
