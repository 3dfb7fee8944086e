"""Practice: an invented scam, said to be one from the first line, what one would do, and what gave it away."""

from __future__ import annotations

from content.drills import Drill, chosen
from content.words import Words
from handlers.check import old_button
from handlers.drill_types import Choice, Chose, Monthly, Shown
from handlers.messages import (
    Button,
    ChatKind,
    Happened,
    Kind,
    Message,
    Outcome,
    Platform,
    Reply,
    Section,
    Span,
    Tone,
    line,
)
from handlers.turns import Turn
from handlers.wording import Voice, menu_buttons

TAP = "drill"
BEGIN, STOP = "practice", "no_practice"


def wanted(message: Message, words: Words) -> bool:
    """Whether it must be looked up what whoever writes has practised."""
    if message.address.kind is not ChatKind.PRIVATE:
        return False
    if message.kind is Kind.TAP:
        return message.data.partition(":")[0] == TAP
    return words.command(message.text)[0] in (BEGIN, STOP)


# --- the drill ----------------------------------------------------------------------------------------------------------
def begin(turn: Turn) -> Outcome:
    """The drill of this month's trend, or the next one."""
    practice, voice = turn.practice, turn.voice
    drill = chosen(voice.knowledge.drills, practice.theme, practice.did)
    if drill is None:
        return Outcome(turn.session, voice.short("drill_none_title", quick=menu_buttons(voice)))
    events = (Happened("drill", drill.type.value),)
    return Outcome(turn.session, exercise(drill, voice), events=events, drill=Shown(drill.type))


def exercise(drill: Drill, voice: Voice, opening: str = "drill") -> Reply:
    """The invented message between two lines that say so, and what one would do as buttons."""
    taps = tuple(voice.tap(f"drill_tap_{choice}", f"{TAP}:{drill.type}:{choice}") for choice in Choice)
    title = voice.say("drill_title")
    # Whoever passes on the words alone passes on that they are an exercise.
    quoted = voice.say("drill_quoted", message=drill.message.in_(voice.language))
    return Reply(
        title=title,
        summary=f"{title} · {voice.say('drill_question')}",
        language=voice.language,
        sections=(
            Section("", voice.lines(opening)),
            Section(voice.say("drill_message"), ((Span(quoted),),)),
            Section(voice.say("drill_question"), voice.lines("drill_end")),
        ),
        buttons=taps,
    )


# --- the answer ---------------------------------------------------------------------------------------------------------
def answered(turn: Turn, drill: Drill, choice: Choice) -> Outcome:
    """What gave it away, whatever was chosen. No blame: that is what practice is for."""
    voice = turn.voice
    clues = tuple(line(f"• {each}") for each in drill.clues.in_(voice.language))
    title = voice.say(f"drill_{choice}_title")
    reply = Reply(
        title=title,
        summary=f"{title} · {drill.clues.in_(voice.language)[0]}",
        language=voice.language,
        tone=Tone.CALM if choice is Choice.DO else Tone.PLAIN,
        sections=(
            Section("", voice.lines("drill_over")),
            Section(voice.say("drill_clues"), clues),
            Section(voice.say("drill_real"), voice.lines("do_now_general"), steps=True),
        ),
        quick=(voice.tap("drill_tap_next", f"{TAP}:next"), *_monthly_button(turn)),
    )
    events = (Happened("drill_answer", choice.value),)
    return Outcome(turn.session, reply, events=events, drill=Chose(drill.type, choice))


def _monthly_button(turn: Turn) -> tuple[Button, ...]:
    if turn.message.address.platform is Platform.WEB:
        return ()
    if turn.practice.monthly:
        return (turn.voice.tap("drill_tap_off", f"{TAP}:off"),)
    return (turn.voice.tap("drill_tap_on", f"{TAP}:on"),)


# --- every month --------------------------------------------------------------------------------------------------------
def monthly(turn: Turn, *, on: bool) -> Outcome:
    """One a month, or none any more. A browser cannot be written to."""
    voice = turn.voice
    if on and turn.message.address.platform is Platform.WEB:
        return Outcome(turn.session, voice.short("drill_web_title", quick=menu_buttons(voice)))
    name = "drill_on" if on else "drill_off"
    quick = () if on else (voice.tap("drill_tap_on", f"{TAP}:on"),)
    reply = voice.short(f"{name}_title", name, quick=quick)
    return Outcome(turn.session, reply, events=(Happened(name),), drill=Monthly(on))


def letter(drill: Drill, voice: Voice) -> Reply:
    """The drill of a month, sent to who wants one."""
    return exercise(drill, voice, "drill_monthly")


# --- buttons ------------------------------------------------------------------------------------------------------------
def tapped(turn: Turn, tail: str) -> Outcome:
    """A button of a drill. One of a drill that we no longer have explains itself."""
    if tail in ("", "next"):
        return begin(turn)
    if tail in ("on", "off"):
        return monthly(turn, on=tail == "on")
    name, _, said = tail.partition(":")
    drill = of_type(name, turn.voice)
    if drill is None or said not in tuple(Choice):
        return Outcome(turn.session, old_button(turn.voice))
    return answered(turn, drill, Choice(said))


def of_type(name: str, voice: Voice) -> Drill | None:
    """The drill about a type; None for a type without one."""
    return next((each for each in voice.knowledge.drills.values() if each.type.value == name), None)
