"""What comes back: how a report stands, told to its reporter; a verdict that changed; whether an answer was useful, and why not."""

from __future__ import annotations

from content.identifiers import Kind, find
from content.models import Entry
from handlers.errors import NotMasked
from handlers.masking import masked
from handlers.messages import Button, Happened, Line, Outcome, Reply, Section, Session, Tone, line, plain
from handlers.wording import Voice, menu_buttons

SCAM, NEW_ENTRY, NOT_A_SCAM, CANT_TELL = "scam", "new_entry", "not_a_scam", "cant_tell"
# Why an answer was of no use.
WHY = ("wrong", "unclear", "late", "other")
# What to do now, of an entry: more is not read in a letter that nobody waited for.
MOST_LINES = 3


# --- letters about a report --------------------------------------------------------------------------------------------
def in_review(number: str, voice: Voice) -> Reply:
    """An official has opened it."""
    return voice.short("review_title", "review", number=number, quick=(voice.tap("button_status", "status"),))


def answered(number: str, decision: str, entry: str | None, remark: str, voice: Voice) -> Reply:
    """What officials found. `decision`: "scam" or "new_entry" (of the kind `entry`, if any), "not_a_scam", "cant_tell"; `remark`
    is an official's sentence for the reporter, "" for none."""
    known = voice.knowledge.entries.get(entry or "")
    found = _found(decision)
    sections = [Section("", (line(voice.say("answered_number", number=number)), *_said(found, known, voice)))]
    if found == SCAM:
        sections.append(Section("", voice.lines("answered_thanks")))
    told = tellable(remark.strip(), voice)
    if told:
        sections.append(Section(voice.say("answered_remark"), (line(told),)))
    sections += _what_to_do(found, known, voice)
    return _letter(voice.say(f"answered_{found}_title"), sections, found, voice)


def tellable(remark: str, voice: Voice) -> str:
    """An official's sentence as it goes to everybody who reported: personal data in it is covered, numbers that stand in
    the directory stay to be dialled; "" where that fails."""
    directory = voice.knowledge.directory
    parts: list[str] = []
    at = 0
    try:
        for each in find(remark):
            if each.kind is Kind.PHONE and directory.judge_number(each.value) != "unknown":
                parts += (masked(remark[at : each.start]), remark[each.start : each.end])
                at = each.end
        return "".join([*parts, masked(remark[at:])])
    except NotMasked:
        return ""


def recalled(decision: str, entry: str | None, voice: Voice, asked_on: str = "") -> Reply:
    """What somebody was told has turned out otherwise. `asked_on`: the day on which they asked, as it is shown ("" if unknown)."""
    known = voice.knowledge.entries.get(entry or "")
    found = _found(decision)
    opening = voice.say("recall_asked_on", date=asked_on) if asked_on else voice.say("recall_asked")
    sections = [Section("", (line(opening), *_said(found, known, voice))), *_what_to_do(found, known, voice)]
    return _letter(voice.say(f"recall_{found}_title"), sections, found, voice)


def decided(decision: str, entry: str | None, voice: Voice) -> str:
    """A decision in a few words, for a list."""
    known = voice.knowledge.entries.get(entry or "")
    if _found(decision) == SCAM and known:
        return voice.say("decided_scam_named", title=known.title.in_(voice.language))
    return voice.say(f"decided_{_found(decision)}")


def _found(decision: str) -> str:
    if decision == NEW_ENTRY:
        return SCAM
    return decision if decision in (SCAM, NOT_A_SCAM) else CANT_TELL


def _said(found: str, entry: Entry | None, voice: Voice) -> tuple[Line, ...]:
    if found == SCAM and entry:
        return voice.lines("found_scam_named", title=entry.title.in_(voice.language))
    return voice.lines(f"found_{found}")


def _what_to_do(found: str, entry: Entry | None, voice: Voice) -> list[Section]:
    if found != SCAM:
        return []
    lines = tuple(line(each) for each in entry.do_now.in_(voice.language)) if entry else voice.lines("do_now_general")
    return [Section(voice.say("do_now"), lines[:MOST_LINES], steps=True)]


def _letter(title: str, sections: list[Section], found: str, voice: Voice) -> Reply:
    buttons: tuple[Button, ...] = (voice.call("1441"),)
    if found == SCAM:
        buttons = (voice.call("1441"), voice.police_online(), voice.tap("button_paid", "paid"))
    return Reply(
        title=title,
        summary=" · ".join([title, *(plain(each) for each in sections[0].lines[:3])])[:300],
        language=voice.language,
        tone={SCAM: Tone.ALARM, NOT_A_SCAM: Tone.CALM}.get(found, Tone.CAUTION),
        sections=tuple(sections),
        buttons=buttons,
        quick=(voice.tap("button_status", "status"), voice.tap("button_menu", "menu")),
    )


# --- was it useful? ----------------------------------------------------------------------------------------------------
def useful(verdict_id: str, said: str, session: Session, voice: Voice) -> Outcome:
    """Thanks for a yes; a no is asked why, with the reasons as buttons."""
    events = (Happened("useful", f"{said}:{verdict_id}"),)
    if said == "yes":
        return Outcome(session, voice.short("useful_thanks_title", "useful_thanks"), events=events)
    taps = tuple(voice.tap(f"why_tap_{each}", f"why:{verdict_id}:{each}") for each in WHY)
    return Outcome(session, voice.short("not_useful_title", "not_useful", buttons=taps), events=events)


def why_not(verdict_id: str, why: str, session: Session, voice: Voice) -> Outcome:
    """Thanked and counted. Who says that the answer was wrong may have a person look: a report, with consent as always."""
    reason = why if why in WHY else "other"
    events = (Happened("useful", f"{reason}:{verdict_id}"),)
    if reason == "wrong":
        taps = (voice.tap("button_dispute", f"dispute:{verdict_id}"), voice.call("1441"))
        reply = voice.short("why_wrong_title", "why_wrong", buttons=taps, quick=menu_buttons(voice))
    else:
        reply = voice.short(
            "useful_thanks_title", f"why_{reason}", buttons=(voice.call("1441"),), quick=menu_buttons(voice)
        )
    return Outcome(session, reply, events=events)
