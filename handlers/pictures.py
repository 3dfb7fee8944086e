"""What is said of a picture: what scanning its codes would do, what we read in it, and the verdict on that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from content.verdict import Level, judged
from handlers import check, dialogue
from handlers.codes import Code, CodeKind, Payee, Payment, decode
from handlers.messages import (
    Button,
    Checked,
    Happened,
    Kind,
    Line,
    Message,
    Outcome,
    PictureSighting,
    Reply,
    Section,
    Session,
    Tone,
    line,
)
from handlers.picture_types import Picture, PictureTrouble
from handlers.sightings import NOTHING_KNOWN, Recall, with_told
from handlers.wording import Voice, defang, menu_buttons, shortened, was_it_useful

FIX = "picture:fix"
# Tapped when a picture had to wait too long; the rest of the data is what the platform calls the picture.
AGAIN = "picture_again"
# On a small phone this is five lines, and under an alarm two: what to do must not slip off the screen. The whole stands at
# the end.
FIRST_SHOWN = 220
FIRST_SHOWN_IN_ALARM = 80
LONGEST_SHOWN = 2_000
# Below this a reading is said to be unsure.
SURE_ENOUGH = 0.82
MOST_QUICK = 8
_GRAVITY = (Level.NOT_A_CHECK, Level.NOT_KNOWN, Level.WARNING_SIGNS, Level.KNOWN_SCAM)


def read_of(messages: Sequence[Message]) -> list[Picture]:
    return [each.picture for each in messages if each.picture is not None]


def words(messages: Sequence[Message]) -> str:
    """All there is to judge: what was written beside the pictures, what was read in them, what their codes hold."""
    parts: list[str] = []
    for each in messages:
        parts.append(each.text)
        if each.picture is not None:
            parts += [each.picture.text, *(decode(mark).judged for mark in each.picture.marks)]
    return "\n".join(dict.fromkeys(part for part in parts if part.strip()))


def answer(
    messages: Sequence[Message], session: Session, voice: Voice, now: datetime, recall: Recall = NOTHING_KNOWN
) -> Outcome:
    """One answer to one picture, or to all of an album."""
    pictures = read_of(messages)
    codes = [decode(mark) for each in pictures for mark in each.marks]
    text = _gravest(messages, voice, recall)
    if not text.strip() and not codes:
        return _nothing_read(pictures, messages, session, voice)
    told = recall.told_picture([each.look for each in pictures], voice, now)
    outcome = check.answer(text, session, voice, now, replace(recall, seen={}) if told else recall)
    checked = next((each for each in outcome.events if isinstance(each, Checked)), None)
    judged = checked is not None and checked.level is not Level.NOT_A_CHECK
    reply = outcome.reply if judged and outcome.reply is not None else _unjudged(codes, voice)
    if told:
        reply = with_told(reply, told)
    reply = _with_reading(_with_codes(reply, codes, voice), pictures, codes, voice)
    level, type_ = (checked.level, checked.type) if checked else (Level.NOT_KNOWN, None)
    fingerprint = recall.fingerprint(text)
    seen = tuple(PictureSighting(each.look, fingerprint, level, type_) for each in pictures if each.look)
    kept = outcome.session if judged else replace(outcome.session, asked=text or _described(codes), asked_at=now)
    return replace(
        outcome, session=kept, reply=reply, events=(*outcome.events, *_counted(pictures, codes)), pictures=seen
    )


def _gravest(messages: Sequence[Message], voice: Voice, recall: Recall) -> str:
    """An album may tell one story, or one of its pictures may be the scam: the graver of both is answered."""
    whole = words(messages)
    singles = [text for each in messages if (text := words([each])).strip() and text != whole]
    if not singles:
        return whole

    def gravity(text: str) -> tuple[int, float]:
        verdict = judged(text, voice.knowledge, voice.language, recall.reported)
        return _GRAVITY.index(verdict.level), verdict.score

    return max([whole, *singles], key=gravity)


def _counted(pictures: Sequence[Picture], codes: Sequence[Code]) -> tuple[Happened, ...]:
    """How it went, without a word of it."""
    troubles = [Happened("picture", each.trouble.value if each.trouble else "read") for each in pictures]
    return (*troubles, *(Happened("code", each.kind.value) for each in codes))


# --- what scanning would do --------------------------------------------------------------------------------------------
def _with_codes(reply: Reply, codes: Sequence[Code], voice: Voice) -> Reply:
    """The reply with what scanning would do before everything else; a code that gives an account away takes the title."""
    if not codes:
        return reply
    shown = tuple(each for code in dict.fromkeys(codes) for each in _scanning(code, voice))
    reply = replace(reply, sections=(Section(voice.say("scan_heading"), shown), *reply.sections))
    if not any(code.dangerous for code in codes):
        return reply
    title = voice.say("scan_danger_title")
    summary = " ".join([title, *("".join(span.text for span in each) for each in shown[:2])])
    return replace(reply, title=title, summary=summary, tone=Tone.ALARM)


def _scanning(code: Code, voice: Voice) -> list[Line]:
    if code.kind is CodeKind.PAYMENT and code.payment:
        return _paying(code.payment, voice)
    if code.kind is CodeKind.SLIP and code.payment:
        key = "scan_slip" if code.payment.intact else "scan_slip_spoilt"
        return [*voice.lines(key), *voice.lines("scan_slip_proves")]
    if code.kind is CodeKind.BILL and code.payment:
        return [line(_pays(code.payment, voice)), *voice.lines("scan_before_paying")]
    value = defang(shortened(code.value, 80)) or voice.say("scan_nameless")
    return list(voice.lines(f"scan_{code.kind.value}", value=value))


def _paying(payment: Payment, voice: Voice) -> list[Line]:
    lines = [line(_pays(payment, voice))]
    if payment.country not in ("TH", ""):
        lines += voice.lines("scan_abroad", country=payment.country)
    if payment.merchant:
        lines += voice.lines("scan_merchant", merchant=defang(payment.merchant))
    return [*lines, *voice.lines("scan_before_paying" if payment.intact else "scan_spoilt")]


def _pays(payment: Payment, voice: Voice) -> str:
    payee = voice.say(f"payee_{payment.payee.value}", number=payment.number).strip()
    if not payment.amount:
        return voice.say("scan_pays_open", payee=payee)
    currency = voice.say("scan_baht") if payment.currency in ("THB", "") else payment.currency
    return voice.say("scan_pays", payee=payee, amount=f"{payment.amount} {currency}")


def _unjudged(codes: Sequence[Code], voice: Voice) -> Reply:
    """Under codes, or words too few, that say nothing by themselves."""
    if not codes:
        return voice.short("picture_few_title", "picture_few", tone=Tone.CALM, quick=menu_buttons(voice))
    slip = all(code.kind is CodeKind.SLIP for code in codes)
    title, body = ("scan_slip_title", "scan_slip_do") if slip else ("scan_title", "scan_do")
    quick = (
        voice.tap("button_report", "report"),
        voice.tap("button_paid", "paid"),
        # No verdict, so no name of one: what is counted says what the code would do.
        *was_it_useful(f"code-{codes[0].kind.value}", voice),
    )
    return voice.short(
        title, body, tone=Tone.CALM if slip else Tone.CAUTION, buttons=(voice.call("1441"),), quick=quick, steps=True
    )


def _described(codes: Sequence[Code]) -> str:
    """Codes without words as a text that can be reported."""
    described = []
    for code in codes:
        payment = code.payment or Payment(Payee.UNKNOWN)
        parts = [
            code.kind.value,
            payment.payee.value,
            payment.number,
            payment.amount,
            payment.currency,
            payment.merchant,
            code.value,
        ]
        described.append("QR " + " ".join(dict.fromkeys(part for part in parts if part)))
    return "\n".join(described)


# --- what we read ------------------------------------------------------------------------------------------------------
def _with_reading(reply: Reply, pictures: Sequence[Picture], codes: Sequence[Code], voice: Voice) -> Reply:
    """The reply with "I read this from your picture" before the verdict's own sections, and a way to put it right."""
    text = "\n".join(each.text for each in pictures if each.text)
    notes = _notes(pictures, voice)
    if not text:
        return replace(reply, sections=(*reply.sections, *([Section("", notes)] if notes else [])))
    most = FIRST_SHOWN_IN_ALARM if reply.tone in (Tone.ALARM, Tone.URGENT) else FIRST_SHOWN
    shown = _shown(text, most)
    first = Section(voice.say("picture_read"), (*shown, *notes))
    place = 1 if codes else 0
    sections = [*reply.sections[:place], first, *reply.sections[place:]]
    if len(text) > most:
        sections.append(Section(voice.say("picture_read_all"), _shown(text, LONGEST_SHOWN)))
    quick = (voice.tap("button_fix_reading", FIX), *reply.quick)[:MOST_QUICK]
    return replace(reply, sections=tuple(sections), quick=quick)


def _shown(text: str, longest: int) -> tuple[Line, ...]:
    """The text line by line, its links readable and not tappable."""
    lines: list[Line] = []
    left = longest
    for each in text.split("\n"):
        if left <= 0:
            break
        if each.strip():
            lines.append(line("“" + defang(shortened(each.replace("**", ""), left)) + "”"))
        left -= len(each)
    return tuple(lines)


def _notes(pictures: Sequence[Picture], voice: Voice) -> tuple[Line, ...]:
    """What was hard to read, or was not."""
    notes: list[Line] = []
    if any(each.text and each.sure < SURE_ENOUGH for each in pictures):
        notes += voice.lines("picture_unsure")
    if any(each.trouble is PictureTrouble.NO_MODELS for each in pictures):
        notes += voice.lines("picture_codes_only")
    left_out = sum(1 for each in pictures if each.trouble and each.trouble is not PictureTrouble.NO_MODELS)
    if left_out:
        notes += voice.lines("picture_some_left_out", count=str(left_out))
    return tuple(notes)


def _nothing_read(pictures: Sequence[Picture], messages: Sequence[Message], session: Session, voice: Voice) -> Outcome:
    """Why there is nothing to judge, and what to do instead. The first trouble is the one that is told."""
    trouble = next((each.trouble for each in pictures if each.trouble), None)
    counted = _counted(pictures, ())
    if trouble in (PictureTrouble.NO_MODELS, PictureTrouble.NOT_FETCHED):
        title, body = "image_title", "image" if trouble is PictureTrouble.NO_MODELS else "picture_not_fetched"
        return Outcome(session, voice.short(title, body, tone=Tone.CALM, quick=menu_buttons(voice)), events=counted)
    what = trouble.value if trouble else "no_words"
    tone = Tone.CAUTION if trouble is PictureTrouble.DISGUISED else Tone.CALM
    reply = voice.short(f"picture_{what}_title", f"picture_{what}", tone=tone, quick=menu_buttons(voice))
    if trouble in (PictureTrouble.TOO_SLOW, PictureTrouble.BUSY):
        reply = replace(reply, buttons=again_button(messages[-1], voice))
    return Outcome(session, reply, events=counted)


LONGEST_DATA = 60


def again_button(message: Message, voice: Voice) -> tuple[Button, ...]:
    """A tap that reads the same picture once more, where the platform's name for it fits into a button."""
    name = message.data.partition(":")[2] if message.kind is Kind.TAP else message.file_id
    data = f"{AGAIN}:{name}"
    return (voice.tap("button_read_again", data),) if name and data.isascii() and len(data) <= LONGEST_DATA else ()


# --- putting the reading right -------------------------------------------------------------------------------------------
def ask_fix(session: Session, voice: Voice, now: datetime) -> Outcome:
    """The person types what the picture really says; what they typed is then judged as any text."""
    waiting = dialogue.entered(dialogue.left(session, now), FIX, now)
    return Outcome(
        waiting, voice.short("picture_fix_title", "picture_fix", quick=(voice.tap("button_cancel", "cancel"),))
    )


def fixed(text: str, session: Session, voice: Voice, now: datetime, recall: Recall = NOTHING_KNOWN) -> Outcome:
    outcome = check.answer(text, dialogue.over(session), voice, now, recall)
    return replace(outcome, events=(*outcome.events, Happened("picture", "put right")))
