"""Somebody has paid, clicked, given a code or is threatened: the steps first, nothing else.

Where somebody stands in the steps is written in every button (`Place`), so that none is ever too old, whatever was said
or restarted in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from content.lanes import OWN, Lane, Step
from content.models import Language
from content.words import bare
from handlers import dialogue, follow_up, statement
from handlers.details import baht_in
from handlers.messages import Button, ButtonKind, Happened, Line, Outcome, Reply, Section, Session, Tone, line, plain
from handlers.places import AGO, NO_BANK, OTHER_BANK, Place, read
from handlers.wording import Voice, hotline

WHAT_HAPPENED = ("transfer", "code", "app", "click", "photo", "threat")
BANKS_ON_A_PAGE = 8
# The banks most people have; the others' lines are one call to 1441 away.
MOST_BANKS = 8
# A sum is shorter than this; a longer text is something else.
LONGEST_SUM = 24
STEP = "paid:steps"


# --- the first answer --------------------------------------------------------------------------------------------------
def paid(session: Session, voice: Voice, now: datetime) -> Outcome:
    """The most urgent steps at once, for whoever taps nothing more; then what happened, as buttons."""
    steps = Section(voice.say("paid_steps_title"), voice.lines("paid_transfer"), steps=True)
    reply = Reply(
        title=voice.say("paid_title"),
        summary=" ".join([voice.say("paid_title"), *(plain(each) for each in steps.lines[:2])]),
        language=voice.language,
        tone=Tone.URGENT,
        sections=(
            steps,
            Section(voice.say("paid_what_title"), voice.lines("paid_what")),
            Section(voice.say("paid_bank_lines_title"), bank_lines(voice)),
            Section("", voice.lines("paid_no_promise")),
        ),
        buttons=(voice.call("1441"), voice.police_online(), *_taps_for(WHAT_HAPPENED, voice)),
    )
    return Outcome(dialogue.entered(session, STEP, now), reply, events=(Happened("emergency"),))


def bank_lines(voice: Voice) -> tuple[Line, ...]:
    known = voice.knowledge.hotlines
    banks = [known[each.hotline] for each in voice.knowledge.emergency.banks if each.hotline in known]
    return tuple(hotline(bank, voice) for bank in banks[:MOST_BANKS])


def _taps_for(cases: Iterable[str], voice: Voice) -> tuple[Button, ...]:
    return tuple(voice.tap(f"paid_tap_{each}", f"paid:{each}") for each in cases)


# --- one tap after the other -------------------------------------------------------------------------------------------
def tapped(tail: str, session: Session, voice: Voice, now: datetime, zone: ZoneInfo) -> Outcome:
    """A button of the lane: the next question, the next step, all of them, or the words to read out."""
    head, _, last = tail.rpartition(":")
    place = read(tail, voice)
    if place is None:
        return _special(head, last, session, voice, now, zone) or paid(session, voice, now)
    lane = voice.knowledge.emergency.lanes[place.what]
    if "bank" in lane.asks and not place.bank:
        return _chosen(place, lane, session, voice, now, zone)
    if "ago" in lane.asks and not place.ago:
        return _stands(place, ask_ago(place, voice), session, now)
    if not place.at:
        place = replace(place, at=1)
    events = () if lane.asks or place.at > 1 else (Happened("emergency_kind", place.what),)
    shown = show(place, voice, told_at(place, session, now), zone)
    return replace(_stands(place, shown, session, now), events=events)


def _special(head: str, last: str, session: Session, voice: Voice, now: datetime, zone: ZoneInfo) -> Outcome | None:
    """What a button asks of a place beside going on there: a page of banks, all steps, the words in one language."""
    place = read(head, voice)
    if place is None:
        return None
    if last.startswith("p") and last[1:].isdecimal() and len(last) < 4:
        return _stands(place, ask_bank(place, voice, page=int(last[1:])), session, now)
    if last == "all":
        return _stands(place, show_all(place, voice), session, now)
    if last == "skip":
        return passed(place, session, voice, now, zone, skip=True)
    if last == "done":
        return passed(place, session, voice, now, zone)
    if last in tuple(Language):
        shown = show(place, voice, told_at(place, session, now), zone, spoken=(Language(last),))
        return _stands(place, shown, session, now)
    return None


def _stands(place: Place, reply: Reply, session: Session, now: datetime) -> Outcome:
    told = told_at(place, session, now).isoformat()
    return Outcome(dialogue.entered(session, STEP, now, place=str(place), told=told), reply)


def told_at(place: Place, session: Session, now: datetime) -> datetime:
    """When the person said how long ago it was: from then on the words to read out name the same time."""
    waiting = dialogue.aside(session, dialogue.PAID)
    data = session.data if session.step == STEP else waiting.data if waiting else {}
    before = data.get("place", "").split(":")
    if not place.ago or before[:3] != [place.what, place.bank, place.ago] or "told" not in data:
        return now
    return datetime.fromisoformat(data["told"])


def _chosen(place: Place, lane: Lane, session: Session, voice: Voice, now: datetime, zone: ZoneInfo) -> Outcome:
    """What happened is known: its first steps, and which bank. Tomorrow we ask how it went."""
    outcome = _stands(place, ask_bank(place, voice), session, now)
    later = follow_up.tomorrow(now, zone) if lane.follow_up else None
    return replace(outcome, events=(Happened("emergency_kind", place.what),), follow_up=later)


def ask_bank(place: Place, voice: Voice, page: int = 1) -> Reply:
    """The first steps for what happened, and the banks as buttons, a page of them at a time."""
    banks = voice.knowledge.emergency.banks
    page = max(1, min(page, -(-len(banks) // BANKS_ON_A_PAGE)))
    shown = banks[(page - 1) * BANKS_ON_A_PAGE : page * BANKS_ON_A_PAGE]
    more = page * BANKS_ON_A_PAGE < len(banks)
    quick = (
        voice.tap("bank_more", f"paid:{place.what}:p{page + 1}")
        if more
        else voice.tap("bank_other", f"paid:{place.what}:{OTHER_BANK}"),
        voice.tap("bank_none", f"paid:{place.what}:{NO_BANK}"),
        voice.call("1441"),
    )
    first = Section(voice.say("paid_steps_title"), voice.lines(f"paid_{place.what}"), steps=True)
    asked = Section(voice.say("ask_bank_title"), voice.lines("ask_bank"))
    taps = tuple(
        Button(each.name.in_(voice.language), ButtonKind.TAP, f"paid:{place.what}:{each.hotline}") for each in shown
    )
    sections = (first, asked) if page == 1 else (asked,)
    return _reply(voice.say("paid_title"), sections, taps, quick, voice)


def ask_ago(place: Place, voice: Voice) -> Reply:
    """The line of that bank, to be called at once; and how long ago it was."""
    first = Section(voice.say("call_now"), (line(bank_line(place.bank, voice)),))
    asked = Section(voice.say("ask_ago_title"), voice.lines("ask_ago"))
    taps = tuple(voice.tap(f"ago_{each}", f"paid:{place.what}:{place.bank}:{each}") for each in AGO)
    return _reply(voice.say("ask_ago_title"), (first, asked), (*_calls((OWN,), place, voice), *taps), (), voice)


def bank_line(bank: str, voice: Voice) -> str:
    """Whom to call about that bank: the line from the sourced list, or how to find the number."""
    known = voice.knowledge.hotlines.get(bank)
    if known is None:
        return voice.say("bank_line_none" if bank == NO_BANK else "bank_line_other")
    name = known.name.in_(voice.language)
    key = "call_line_press" if known.press else "call_line"
    return voice.say(key, number=known.number, press=known.press, name=name)


# --- the steps ---------------------------------------------------------------------------------------------------------
def steps_of(place: Place, voice: Voice) -> tuple[Step, ...]:
    known = voice.knowledge.emergency
    lane = known.lanes[place.what]
    return tuple(known.by_step[each] for each in (lane.late if place.late and lane.late else lane.steps))


def show(
    place: Place,
    voice: Voice,
    told: datetime,
    zone: ZoneInfo,
    spoken: tuple[Language, ...] = (),
    baht: float | None = None,
) -> Reply:
    """One step, its calls, and "done". `spoken`: the languages of the words to read out (by default the person's, and for
    who reads no Thai the Thai as well, to be shown); `told` is when the person said how long ago it was; `baht` the sum, if it was given."""
    steps = steps_of(place, voice)
    if place.at > len(steps):
        return finished(place, voice)
    step = steps[place.at - 1]
    heading = voice.say("step_title", number=str(place.at), count=str(len(steps)), title=step.title.in_(voice.language))
    sections = [Section("", _lines(step, place, voice))]
    quick = [voice.tap("button_skip", f"paid:{place}:skip"), voice.tap("button_all_steps", f"paid:{place}:all")]
    if step.statement:
        mine = voice.language
        languages = spoken or ((mine,) if mine is Language.THAI else (mine, Language.THAI))
        sections += [statement.words(place, replace(voice, language=each), told, zone, baht) for each in languages]
        sections.append(Section("", voice.lines("statement_sum")))
        if languages == (Language.THAI,):
            quick.append(voice.tap("statement_in_english", f"paid:{place}:en"))
    buttons = (*_calls(step.calls, place, voice), *((voice.police_online(),) if step.police else ()))
    done = voice.tap("button_done", f"paid:{place}:done")
    return _reply(heading, tuple(sections), (*buttons, *_taps_for(step.leads, voice), done), tuple(quick), voice)


def _lines(step: Step, place: Place, voice: Voice) -> tuple[Line, ...]:
    own = bank_line(place.bank or OTHER_BANK, voice)
    return tuple(line(each.replace("{bank}", own)) for each in step.lines.in_(voice.language))


def _calls(calls: Iterable[str], place: Place, voice: Voice) -> tuple[Button, ...]:
    """The calls of a step as buttons; where the person's bank has no line that we know, 1441."""
    known, made = voice.knowledge.hotlines, []
    for each in calls:
        called = known.get(place.bank if each == OWN else each)
        if called is None or not called.dial:
            made.append(voice.call("1441"))
        elif called.bank:
            bank = voice.knowledge.emergency.by_bank[called.id].name.in_(voice.language)
            made.append(Button(voice.say("button_call_bank", bank=bank), ButtonKind.CALL, called.dial))
        else:
            made.append(voice.call(called.number))
    return tuple(dict.fromkeys(made))


def passed(
    place: Place, session: Session, voice: Voice, now: datetime, zone: ZoneInfo, *, skip: bool = False
) -> Outcome:
    """On to the next step; what was skipped is named again at the end."""
    steps = steps_of(place, voice)
    at = max(1, min(place.at, len(steps)))
    mark = chr(ord("a") + at - 1)
    skipped = place.skipped.replace(mark, "") + (mark if skip else "")
    following = replace(place, at=at + 1, skipped=skipped)
    told = f"{place.what}:{steps[at - 1].id}:{'skip' if skip else 'done'}"
    outcome = _stands(following, show(following, voice, told_at(place, session, now), zone), session, now)
    ended = following.at > len(steps)
    return replace(
        outcome,
        session=dialogue.over(outcome.session) if ended else outcome.session,
        events=(Happened("emergency_step", told),),
    )


def show_all(place: Place, voice: Voice) -> Reply:
    """Every step on one screen, in short."""
    lines = tuple(line(_in_short(step, place, voice)) for step in steps_of(place, voice))
    back = voice.tap("button_one_by_one", f"paid:{replace(place, at=place.at or 1)}")
    buttons = (*_calls((OWN, "aoc-1441") if place.bank else ("aoc-1441",), place, voice), voice.police_online(), back)
    sections = (Section("", lines, steps=True), Section("", voice.lines("paid_no_promise")))
    return _reply(voice.say("all_steps_title"), sections, buttons, (), voice)


def _in_short(step: Step, place: Place, voice: Voice) -> str:
    first = step.lines.in_(voice.language)[0].replace("{bank}", bank_line(place.bank or OTHER_BANK, voice))
    return f"{step.title.in_(voice.language)}: {first}"


def finished(place: Place, voice: Voice) -> Reply:
    """All steps were shown: what was skipped, that nobody can promise the money, and that we ask tomorrow."""
    steps = steps_of(place, voice)
    left = [step for number, step in enumerate(steps) if chr(ord("a") + number) in place.skipped]
    sections = [Section("", voice.lines("steps_done"))]
    if left:
        titles = tuple(line(step.title.in_(voice.language)) for step in left)
        sections.insert(0, Section(voice.say("steps_left"), titles))
    if voice.knowledge.emergency.lanes[place.what].follow_up:
        sections.append(Section("", (*voice.lines("steps_tomorrow"), *voice.lines("paid_no_promise"))))
    start = replace(place, at=1, skipped="")
    buttons = (
        voice.tap("button_report_it", "report"),
        voice.tap("button_all_steps", f"paid:{start}:all"),
        voice.call("1441"),
        voice.call("1323"),
    )
    return _reply(voice.say("steps_done_title"), tuple(sections), buttons, (voice.tap("button_menu", "menu"),), voice)


def _reply(
    title: str, sections: tuple[Section, ...], buttons: tuple[Button, ...], quick: tuple[Button, ...], voice: Voice
) -> Reply:
    summary = " · ".join([title, *(plain(each) for each in sections[0].lines[:2])])
    return Reply(title, summary[:300], voice.language, Tone.URGENT, sections, buttons[:8], quick[:8])


# --- typed instead of tapped -------------------------------------------------------------------------------------------
def said(text: str, command: str, session: Session, voice: Voice, now: datetime, zone: ZoneInfo) -> Outcome | None:
    """A word that answers what the lane asks (a bank, a sum, "done", "skip"); None for anything else."""
    place = read(session.data.get("place", ""), voice)
    if place is None:
        what = _labelled(text, "paid_tap_", WHAT_HAPPENED, voice)
        return tapped(what, session, voice, now, zone) if what else None
    if place.at and command in ("done", "skip"):
        return passed(place, session, voice, now, zone, skip=command == "skip")
    lane = voice.knowledge.emergency.lanes[place.what]
    if "bank" in lane.asks and not place.bank:
        bank = voice.knowledge.emergency.bank_called(text) or (OTHER_BANK if command == "skip" else "")
        return tapped(f"{place.what}:{bank}", session, voice, now, zone) if bank else None
    if "ago" in lane.asks and not place.ago:
        ago = _labelled(text, "ago_", AGO, voice) or ("today" if command == "skip" else "")
        return tapped(f"{place.what}:{place.bank}:{ago}", session, voice, now, zone) if ago else None
    if place.at and steps_of(place, voice)[min(place.at, len(steps_of(place, voice))) - 1].statement:
        baht = baht_in(text) if len(text) <= LONGEST_SUM else None
        if baht:
            return _stands(place, show(place, voice, told_at(place, session, now), zone, baht=baht), session, now)
    return None


def _labelled(text: str, stem: str, names: Iterable[str], voice: Voice) -> str:
    """The one of `names` whose button has this label in either language; "" for none."""
    said, phrases = bare(text), voice.knowledge.phrases
    return next((each for each in names if said in (bare(phrases[stem + each].th), bare(phrases[stem + each].en))), "")


def here(session: Session, voice: Voice, now: datetime, zone: ZoneInfo) -> Outcome:
    """What the lane stands at, once more."""
    return tapped(session.data.get("place", ""), session, voice, now, zone)
