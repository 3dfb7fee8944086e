"""A report: consent first, then the message, then at once a number that can be asked about; the questions come after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from content.cleaning import skeleton
from content.verdict import Level, Verdict, judge
from handlers import details, dialogue
from handlers.errors import NotMasked
from handlers.masking import masked
from handlers.messages import Button, Happened, NewReport, Outcome, Reply, Section, Session, Span, Tone, line
from handlers.named import named_in
from handlers.sightings import NOTHING_KNOWN, Recall
from handlers.wording import LONGEST_QUOTE, Voice, defang, menu_buttons, named, shortened, verdict_title

CONSENT = "report:consent"
MESSAGE = "report:message"
# How long a question stays at hand so that it can be reported with one tap.
ASKED_FOR = timedelta(hours=1)
REVIEW_DAYS = 3
# What the store fills in when it keeps the report.
NUMBER, PROMISED = "{case_number}", "{promised}"


@dataclass(frozen=True)
class Terms:
    """What we promise about keeping: `days` a report's text is kept, `zone` in which dates are said."""

    days: int
    zone: ZoneInfo


def begin(
    session: Session, voice: Voice, terms: Terms, now: datetime, text: str = "", *, disputes: bool = False
) -> Outcome:
    """Consent, on one screen. `text` is there already when it came with the word.

    Who has agreed already and was only to send the message goes on there: nothing is asked twice.
    """
    agreed_before = dialogue.at_or_aside(session, MESSAGE, now)
    if agreed_before is not None and not text and not at_hand(session, now) and not disputes:
        return Outcome(dialogue.entered(session, MESSAGE, now, **agreed_before.data), ask_message(voice))
    data = {dialogue.TEXT: text} if text else {}
    if disputes:
        data["disputes"] = "yes"
    asking = dialogue.entered(session, CONSENT, now, **data)
    return Outcome(asking, ask_consent(voice, terms, about(asking, now)))


def about(session: Session, now: datetime) -> str:
    """The message that would be reported: the one that came with the word, or the one just asked about; "" for none."""
    return session.data.get(dialogue.TEXT) or at_hand(session, now)


def begins(outcome: Outcome, before: Session) -> bool:
    """Whether the person is asked, with this answer, for what a report needs, and was not before."""
    return outcome.session.step in (CONSENT, MESSAGE) and before.step not in (CONSENT, MESSAGE)


def about_another(session: Session, voice: Voice, terms: Terms, now: datetime) -> Outcome:
    """Not about what was just asked: consent for a message that is still to come."""
    return begin(_done(dialogue.over(session)), voice, terms, now)


def ask_consent(voice: Voice, terms: Terms, text: str = "") -> Reply:
    """What is kept, why, how long, who sees it, how to take it back. `text`: the message that it is about, if it is here."""
    asked = voice.short("consent_title", "consent", buttons=_consent_taps(voice), days=str(terms.days))
    if not text:
        return asked
    quote = voice.say("consent_about").replace("{start}", defang(shortened(text, LONGEST_QUOTE)))
    other = voice.tap("consent_other", "consent:other")
    return replace(asked, sections=(Section("", ((Span(quote),),)), *asked.sections), buttons=(*asked.buttons, other))


def ask_consent_again(voice: Voice) -> Reply:
    check = voice.tap("button_check_it", "asked")
    return voice.short("consent_title", "consent_again", buttons=_consent_taps(voice), quick=(check,))


def _consent_taps(voice: Voice) -> tuple[Button, ...]:
    return (voice.tap("consent_yes", "consent:yes"), voice.tap("consent_no", "consent:no"))


def ask_message(voice: Voice) -> Reply:
    return voice.short("report_send_title", "report_send", quick=(voice.tap("button_cancel", "cancel"),))


def agreed(session: Session, voice: Voice, now: datetime, recall: Recall = NOTHING_KNOWN) -> Outcome:
    """After consent: what was just asked is taken; otherwise we ask for the message."""
    text = about(session, now)
    if text:
        return keep(text, session, voice, now, recall)
    return Outcome(dialogue.entered(session, MESSAGE, now, **_disputing(session)), ask_message(voice))


def at_hand(session: Session, now: datetime) -> str:
    if session.asked and session.asked_at and now - session.asked_at <= ASKED_FOR:
        return session.asked
    return ""


def declined(session: Session, voice: Voice) -> Outcome:
    reply = voice.short("consent_declined_title", "consent_declined", quick=menu_buttons(voice))
    return Outcome(_done(dialogue.over(session)), reply)


def held(text: str, session: Session, voice: Voice, now: datetime) -> Outcome:
    """Neither yes nor no: the person may have sent the message already, so it stays at hand and we ask again."""
    data = {**session.data, dialogue.TEXT: text}
    asking = replace(dialogue.entered(session, CONSENT, now, **data), asked=text, asked_at=now)
    return Outcome(asking, ask_consent_again(voice))


def keep(text: str, session: Session, voice: Voice, now: datetime, recall: Recall = NOTHING_KNOWN) -> Outcome:
    """Masked, judged, filed; number and day are filled in by the store. What cannot be masked is not kept, and the person
    may send it again without what was in the way."""
    try:
        covered = masked(text)
    except NotMasked:
        reply = voice.short("report_not_kept_title", "report_not_kept", tone=Tone.CAUTION)
        again = dialogue.entered(_done(session), MESSAGE, now, **_disputing(session))
        return Outcome(again, reply, events=(Happened("report_not_masked"),))
    first = details.ORDER[0]
    after = dialogue.entered(_done(session), details.step(first), now, number=NUMBER, promised=PROMISED)
    verdict = judge(text, voice.knowledge, voice.language)
    report = new_report(text, covered, verdict, voice, recall, disputes=bool(_disputing(session)))
    told_already = dialogue.TEXT not in session.data and text == at_hand(session, now)
    return Outcome(after, filed(voice, None if told_already else verdict), report=report)


def filed(voice: Voice, verdict: Verdict | None = None) -> Reply:
    """The number, the day, what it looks like meanwhile (`verdict`, where the person has not heard it yet), and the first of
    the questions that may be skipped."""
    done = voice.short("report_done_title", "report_done", case_number=NUMBER, promised=PROMISED)
    asked = details.question(details.ORDER[0], NUMBER, voice)
    return replace(
        done,
        sections=(*done.sections, *_meanwhile(verdict, voice), *asked.sections),
        buttons=asked.buttons,
        quick=(*asked.quick, voice.tap("button_status", "status"), voice.tap("button_paid", "paid")),
    )


def _meanwhile(verdict: Verdict | None, voice: Voice) -> tuple[Section, ...]:
    """Who reports without having asked hears in two lines what we make of it."""
    if verdict is None or verdict.level not in (Level.KNOWN_SCAM, Level.WARNING_SIGNS) or verdict.frame:
        return ()
    entry = named(verdict, voice.knowledge)
    first = line(entry.do_now.in_(voice.language)[0]) if entry else voice.lines("do_now_general")[0]
    return (Section("", (line(f"**{verdict_title(verdict, voice)}**"), first)),)


def new_report(
    text: str, covered: str, verdict: Verdict, voice: Voice, recall: Recall, *, disputes: bool = False
) -> NewReport:
    """A report of a text; `covered` is the text without anybody's numbers and names, which alone is kept."""
    known = verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS)
    return NewReport(
        text=covered,
        language=voice.language,
        level=verdict.level,
        type=verdict.type if known else None,
        entry=verdict.entry if known else None,
        fingerprint=recall.fingerprint(text),
        folds_by=skeleton(text),
        named=named_in(text, voice.knowledge.directory),
        disputes=disputes,
        words=text,
    )


def _disputing(session: Session) -> dict[str, str]:
    return {"disputes": "yes"} if session.data.get("disputes") else {}


def _done(session: Session) -> Session:
    """With nothing at hand any more that could be reported a second time."""
    return replace(session, asked="", asked_at=None)
