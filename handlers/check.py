"""Is this a scam? One text, several at once, and the tap that settles an open question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from content.cleaning import cut
from content.models import Language, ScamType
from content.verdict import Candidate, Level, Pending, Verdict, judged, settle
from handlers.menu import blank, too_short
from handlers.messages import Checked, Event, Happened, Outcome, Reply, Section, Session, Span
from handlers.sightings import NOTHING_KNOWN, Recall, with_told
from handlers.wording import TONES, Voice, calls, defang, explain, named, shortened, verdict_title, was_it_useful

QUESTION = "question"


def answer(text: str, session: Session, voice: Voice, now: datetime, recall: Recall = NOTHING_KNOWN) -> Outcome:
    """The verdict on one text, said to a person."""
    verdict = judged(text, voice.knowledge, voice.language, recall.reported)
    if verdict.level is Level.NOT_A_CHECK:
        reply = too_short(voice) if any(c.isalnum() for c in text) else blank(voice)
        return Outcome(replace(session, step="", data={}), reply, events=(counted(verdict),))
    reply = with_told(explain(verdict, voice), recall.told(text, voice, now))
    remembered = _remembering(verdict, text, session, now)
    return Outcome(remembered, reply, events=(counted(verdict),), sightings=recall.sightings((text, verdict)))


def counted(verdict: Verdict) -> Checked:
    return Checked(
        verdict.level, verdict.type, verdict.entry, verdict.question, verdict.language, verdict.content_version
    )


def _remembering(verdict: Verdict, text: str, session: Session, now: datetime) -> Session:
    pending = {"pending": packed(verdict.pending)} if verdict.question and verdict.pending else {}
    return replace(
        session,
        step=QUESTION if pending else "",
        step_at=now if pending else None,
        data=pending,
        asked=text,
        asked_at=now,
    )


def packed(pending: Pending) -> str:
    return json.dumps(asdict(pending))


def unpacked(text: str) -> Pending:
    raw = json.loads(text)
    return Pending(
        verdict_id=raw["verdict_id"],
        logit=raw["logit"],
        language=Language(raw["language"]),
        candidates=tuple(Candidate(c["entry"], ScamType(c["type"]), c["score"]) for c in raw["candidates"]),
        signs=tuple(raw["signs"]),
        # What an earlier version wrote has none.
        reported=raw.get("reported", 0.0),
    )


def settled(verdict_id: str, tap: str, session: Session, voice: Voice) -> Outcome:
    """The tap is evidence: the verdict follows at once. A button of an older question explains itself."""
    packed_pending = session.data.get("pending", "")
    pending = unpacked(packed_pending) if session.step == QUESTION and packed_pending else None
    if pending is None or pending.verdict_id != verdict_id:
        return Outcome(session, old_button(voice))
    verdict = settle(pending, tap, voice.knowledge)
    return Outcome(
        replace(session, step="", step_at=None, data={}), explain(verdict, voice), events=(counted(verdict),)
    )


def old_button(voice: Voice) -> Reply:
    return voice.short("old_button_title", "old_button")


# --- several forwards at once ----------------------------------------------------------------------------------------
LONGEST_START = 40
GRAVITY = (Level.NOT_A_CHECK, Level.NOT_KNOWN, Level.WARNING_SIGNS, Level.KNOWN_SCAM)


def answer_all(
    texts: Sequence[str], session: Session, voice: Voice, now: datetime, recall: Recall = NOTHING_KNOWN
) -> Outcome:
    """One answer that names each, what to do for the worst of them."""
    verdicts = [judged(text, voice.knowledge, voice.language, recall.reported) for text in texts]
    worst_text, worst = max(zip(texts, verdicts, strict=True), key=lambda pair: _gravity(pair[1]))
    title = voice.say("bulk_title", count=str(len(texts)))
    sections = [_named(n, t, v, voice) for n, (t, v) in enumerate(zip(texts, verdicts, strict=True), start=1)]
    if worst.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS):
        sections.append(_do_now(worst, voice))
    reply = Reply(
        title=title,
        summary=cut(f"{title}: {verdict_title(worst, voice)}", 300),
        language=voice.language,
        tone=TONES[worst.level],
        sections=tuple(sections),
        buttons=calls(worst, voice),
        # As the report, they are about the worst: whoever disputes brings that one.
        quick=(
            voice.tap("button_report", f"report:{worst.id}"),
            voice.tap("button_paid", "paid"),
            *was_it_useful(worst.id, voice),
        ),
    )
    events: tuple[Event, ...] = tuple(counted(each) for each in verdicts)
    return Outcome(
        replace(session, step="", data={}, asked=worst_text, asked_at=now),
        reply,
        events=events,
        sightings=recall.sightings(*zip(texts, verdicts, strict=True)),
    )


def _gravity(verdict: Verdict) -> tuple[int, float]:
    return GRAVITY.index(verdict.level), verdict.score


def _named(number: int, text: str, verdict: Verdict, voice: Voice) -> Section:
    start = defang(shortened(text, LONGEST_START))
    heading = voice.say("bulk_heading").replace("{number}", str(number)).replace("{start}", start)
    entry = named(verdict, voice.knowledge)
    if verdict.level is Level.KNOWN_SCAM and not entry:
        said = voice.say("known_scam_title_unnamed")
    else:
        said = voice.say(f"bulk_{verdict.level.value}", title=entry.title.in_(voice.language) if entry else "")
    strong = verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS)
    return Section(heading, ((Span(said, bold=strong),),))


def _do_now(verdict: Verdict, voice: Voice) -> Section:
    entry = named(verdict, voice.knowledge)
    if not entry:
        return Section(voice.say("do_now"), voice.lines("do_now_general"), steps=True)
    return Section(voice.say("do_now"), tuple((Span(e),) for e in entry.do_now.in_(voice.language)), steps=True)


# --- after an answer -------------------------------------------------------------------------------------------------
def share(entry_id: str, session: Session, voice: Voice) -> Outcome:
    entry = voice.knowledge.entries.get(entry_id)
    if entry is None:
        return Outcome(session, voice.short("share_title", "share_text_unnamed"), events=(Happened("share"),))
    reply = voice.short("share_title", "share_text", title=entry.title.in_(voice.language))
    return Outcome(session, reply, events=(Happened("share", entry_id),))


def sample(session: Session, voice: Voice, now: datetime) -> Outcome:
    """A made-up message, shown and answered as a real one would be."""
    text = voice.say("sample_text")
    outcome = answer(text, session, voice, now)
    if outcome.reply is None:
        return outcome
    shown = Section(voice.say("sample_intro"), ((Span("“" + defang(text) + "”"),),))
    reply = replace(outcome.reply, sections=(shown, *outcome.reply.sections))
    return replace(outcome, reply=reply, session=replace(outcome.session, asked="", asked_at=None), events=())
