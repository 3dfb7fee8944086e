"""A report: consent first, then the message, then a number that can be asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from content.verdict import Level, Verdict, judge
from handlers.errors import NotMasked
from handlers.masking import masked
from handlers.messages import Case, Happened, NewReport, Outcome, Reply, Section, Session, Tone, line
from handlers.wording import Voice, menu_buttons

CONSENT = "report:consent"
MESSAGE = "report:message"
# How long a question stays at hand so that it can be reported with one tap.
ASKED_FOR = timedelta(hours=1)
REVIEW_DAYS = 3


@dataclass(frozen=True)
class Terms:
    """What we promise about keeping: `days` a report's text is kept, `zone` in which dates are said."""

    days: int
    zone: ZoneInfo


def begin(session: Session, voice: Voice, terms: Terms, now: datetime, text: str = "") -> Outcome:
    """Consent, on one screen. `text` is there already when it came with the word."""
    asked = {"text": text} if text else {}
    return Outcome(replace(session, step=CONSENT, step_at=now, data=asked), ask_consent(voice, terms))


def ask_consent(voice: Voice, terms: Terms) -> Reply:
    taps = (voice.tap("consent_yes", "consent:yes"), voice.tap("consent_no", "consent:no"))
    return voice.short("consent_title", "consent", buttons=taps, days=str(terms.days))


def agreed(session: Session, voice: Voice, now: datetime) -> Outcome:
    """After consent: what was just asked is taken; otherwise we ask for the message."""
    text = session.data.get("text") or at_hand(session, now)
    if text:
        return keep(text, session, voice)
    quick = (voice.tap("button_cancel", "cancel"),)
    reply = voice.short("report_send_title", "report_send", quick=quick)
    return Outcome(replace(session, step=MESSAGE, step_at=now, data={}), reply)


def at_hand(session: Session, now: datetime) -> str:
    if session.asked and session.asked_at and now - session.asked_at <= ASKED_FOR:
        return session.asked
    return ""


def declined(session: Session, voice: Voice) -> Outcome:
    reply = voice.short("consent_declined_title", "consent_declined", quick=menu_buttons(voice))
    return Outcome(_over(session), reply)


def keep(text: str, session: Session, voice: Voice) -> Outcome:
    """Masked, judged, kept; the number is filled in by the store. What cannot be masked is not kept."""
    try:
        covered = masked(text)
    except NotMasked:
        reply = voice.short("report_not_kept_title", "report_not_kept", tone=Tone.CAUTION)
        return Outcome(_over(session), reply, events=(Happened("report_not_masked"),))
    verdict = judge(text, voice.knowledge)
    done = voice.short(
        "report_done_title",
        "report_done",
        quick=(voice.tap("button_status", "status"), voice.tap("button_paid", "paid")),
        case_number="{case_number}",
        review_days=str(REVIEW_DAYS),
    )
    return Outcome(_over(session), done, report=_report(covered, verdict, voice))


def _report(covered: str, verdict: Verdict, voice: Voice) -> NewReport:
    known = verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS)
    return NewReport(
        text=covered,
        language=voice.language,
        level=verdict.level,
        type=verdict.type if known else None,
        entry=verdict.entry if known else None,
    )


def _over(session: Session) -> Session:
    return replace(session, step="", step_at=None, data={}, asked="", asked_at=None)


# A list longer than this is not read on a phone.
MOST_CASES = 10


def status(cases: Sequence[Case], session: Session, voice: Voice, terms: Terms) -> Outcome:
    if not cases:
        return Outcome(session, voice.short("status_none_title", "status_none", quick=menu_buttons(voice)))
    lines = [
        line(voice.say("status_line", number=c.number, state=voice.say(f"state_{c.state}"), date=_day(c, terms)))
        for c in cases[:MOST_CASES]
    ]
    if len(cases) > MOST_CASES:
        lines.append(line(voice.say("status_more", count=str(len(cases) - MOST_CASES))))
    title = voice.say("status_title")
    summary = f"{title}: {', '.join(c.number for c in cases[:3])}"
    return Outcome(session, Reply(title, summary, voice.language, sections=(Section("", tuple(lines)),)))


def _day(case: Case, terms: Terms) -> str:
    return case.reported_at.astimezone(terms.zone).strftime("%d/%m/%Y")
