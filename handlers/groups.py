"""In a group: silence, unless somebody calls us or it is a known scam beyond doubt; and how a group wants us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from content.verdict import Level, Verdict, judged
from content.words import Words
from handlers import check, crisis, pictures
from handlers.messages import (
    Button,
    ButtonKind,
    GroupMode,
    Happened,
    Kind,
    Message,
    Outcome,
    Platform,
    Reply,
    Tone,
)
from handlers.turns import Turn
from handlers.wording import TONES, named

# Unasked, in other people's conversation, we speak only when there is next to no doubt.
SURE = 0.95
ENOUGH_LETTERS = 30
# How people call us where they cannot mention us; what follows must be one of our words for groups.
_OUR_NAME = re.compile(r"\s*@?(?:รู้ทัน|rutan)\s*[:,]?\s*(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)

SETTINGS, LEAVE = "group_settings", "group_leave"
MODES: Mapping[str, GroupMode] = {
    "group_quiet": GroupMode.QUIET,
    "group_asked": GroupMode.ASKED,
    "group_on": GroupMode.ON,
}
OURS = frozenset({SETTINGS, LEAVE, *MODES})
_LOUDNESS = (GroupMode.QUIET, GroupMode.ASKED, GroupMode.ON)
TAP = "group"


def answer(turn: Turn) -> Outcome:
    """What a group hears; mostly nothing, and then nothing is kept."""
    message = turn.message
    if message.kind is Kind.LEAVE:
        return Outcome(turn.session, left=True)
    if message.kind is Kind.JOIN:
        return greet(turn)
    wanted = wanted_of(message, turn.knowledge.words)
    if wanted:
        return _settled(turn, wanted)
    if message.kind is Kind.TAP:
        return _quietly(turn, turn.voice.short("who_title", "group_private", buttons=private(turn)))
    if not message.addressed:
        return overheard(turn)
    return _called(turn)


def greet(turn: Turn) -> Outcome:
    """Once, in two lines: what we do, that we keep nothing, how to turn us off. Joining again says nothing."""
    if turn.session.greeted:
        return Outcome(turn.session)
    voice = turn.voice
    title = "greeting_group_title" if turn.account.overhears else "greeting_group_called_title"
    reply = voice.short(title, "greeting_group", buttons=(voice.tap("button_group_settings", f"{TAP}:settings"),))
    return Outcome(replace(turn.session, greeted=True), reply, events=(Happened("group_joined"),))


# --- called by name ----------------------------------------------------------------------------------------------------
def _called(turn: Turn) -> Outcome:
    """Somebody mentioned us, replied to us or gave us a command: a short answer, nothing remembered."""
    message, voice = turn.message, turn.voice
    if turn.knowledge.words.crisis_in(message.text):
        return crisis.answer(turn.session, voice)
    command, rest = turn.knowledge.words.command(message.text)
    slash = message.text.startswith("/")
    if command == "check" and rest and slash:
        return asked(turn, rest)
    if command == "menu":
        reply = voice.short("who_title", "group_ask", buttons=(voice.tap("button_group_settings", f"{TAP}:settings"),))
        return _quietly(turn, reply)
    if command and command != "check":
        return _quietly(turn, voice.short("who_title", "group_private", buttons=private(turn)))
    shown = pictures.words([replace(message, text="")])
    about = " ".join(each for each in (message.quoted, "" if slash else message.text, shown) if each.strip())
    if not about:
        return _quietly(turn, voice.short("who_title", "group_ask"))
    return asked(turn, message.quoted or about)


def _quietly(turn: Turn, reply: Reply) -> Outcome:
    """The reply, except where the group wants none."""
    return Outcome(turn.session) if turn.session.mode is GroupMode.QUIET else Outcome(turn.session, reply)


def asked(turn: Turn, text: str) -> Outcome:
    """The verdict on a text, in short."""
    session, voice = turn.session, turn.voice
    if session.mode is GroupMode.QUIET:
        return Outcome(session)
    verdict = judged(text, voice.knowledge, voice.language, turn.recall.reported)
    if verdict.level is Level.NOT_A_CHECK:
        return Outcome(session, voice.short("too_short_title", "group_ask"), events=(check.counted(verdict),))
    return Outcome(
        session,
        short(verdict, turn),
        events=(check.counted(verdict),),
        sightings=turn.recall.sightings((text, verdict)),
    )


# --- nobody asked ------------------------------------------------------------------------------------------------------
def overheard(turn: Turn) -> Outcome:
    """What nobody asked us about: silence, unless it is a known scam beyond doubt, and not said here today already.

    Whether it was said is for the store to know: it drops an answer whose `unasked` it knows again.
    """
    session, text = turn.session, turn.message.text
    if session.mode is not GroupMode.ON or sum(c.isalpha() for c in text) < ENOUGH_LETTERS:
        return Outcome(session)
    verdict = judged(text, turn.knowledge, turn.voice.language, turn.recall.reported)
    fingerprint = turn.recall.fingerprint(text)
    if not _beyond_doubt(verdict) or fingerprint is None:
        return Outcome(session)
    return Outcome(
        session,
        short(verdict, turn),
        events=(check.counted(verdict), Happened("group_unasked")),
        sightings=turn.recall.sightings((text, verdict)),
        unasked=fingerprint,
    )


def _beyond_doubt(verdict: Verdict) -> bool:
    """Known, sure, and no warning about a scam, nor the story of one."""
    return verdict.level is Level.KNOWN_SCAM and verdict.score >= SURE and not verdict.frame


def short(verdict: Verdict, turn: Turn) -> Reply:
    """The short form: what it looks like, what not to do, and a way to ask alone."""
    voice, buttons = turn.voice, private(turn)
    if verdict.level is not Level.KNOWN_SCAM:
        body = "not_known" if verdict.level is Level.NOT_KNOWN else "group_do"
        return voice.short(f"{verdict.level.value}_title", body, tone=TONES[verdict.level], buttons=buttons)
    entry = named(verdict, voice.knowledge)
    if not entry:
        return voice.short("known_scam_title_unnamed", "group_do", tone=Tone.ALARM, buttons=buttons)
    title = entry.title.in_(voice.language)
    return voice.short("group_known_scam", "group_do", tone=Tone.ALARM, buttons=buttons, title=title)


def private(turn: Turn) -> tuple[Button, ...]:
    """The way into a chat with us alone, where the platform has told us what we are called."""
    link = turn.account.link
    return (Button(turn.voice.say("button_ask_private"), ButtonKind.OPEN, link),) if link else ()


# --- how a group wants us ------------------------------------------------------------------------------------------------
def wanted_of(message: Message, words: Words) -> str:
    """What is asked of us as a guest: "group_quiet", "group_settings"…, "group_leave:yes"; "" for anything else."""
    if message.kind is Kind.TAP:
        head, _, tail = message.data.partition(":")
        return f"{TAP}_{tail}" if head == TAP and f"{TAP}_{tail.partition(':')[0]}" in OURS else ""
    text = message.text
    if not message.addressed:
        by_name = _OUR_NAME.fullmatch(text)
        text = by_name["rest"] if by_name else ""
    command = words.command(text)[0]
    return command if command in OURS else ""


def needs_admin(message: Message, words: Words) -> bool:
    """Whether it must be known if an admin of the group says this."""
    wanted = wanted_of(message, words)
    return bool(wanted) and wanted != SETTINGS


def _settled(turn: Turn, wanted: str) -> Outcome:
    """Settings change at once, and the whole group sees it. See docs/hubs.md for who may."""
    if wanted in MODES:
        return _change(turn, MODES[wanted])
    name, _, said = wanted.partition(":")
    if name == LEAVE:
        return _leave(turn, said)
    return Outcome(turn.session, _settings(turn, "group_settings_title"))


def _change(turn: Turn, mode: GroupMode) -> Outcome:
    if not _may(turn, quieter=_LOUDNESS.index(mode) <= _LOUDNESS.index(turn.session.mode)):
        return _not_yours(turn)
    changed = replace(turn, session=replace(turn.session, mode=mode))
    reply = _settings(changed, "group_changed_title")
    return Outcome(changed.session, reply, events=(Happened("group_mode", mode.value),), group_mode=mode)


def _settings(turn: Turn, title: str) -> Reply:
    voice, mode = turn.voice, turn.session.mode
    others = tuple(voice.tap(f"button_group_{each}", f"{TAP}:{each}") for each in GroupMode if each is not mode)
    reply = voice.short(
        title, f"group_mode_{mode.value}", buttons=(*others, voice.tap("button_group_leave", f"{TAP}:leave"))
    )
    if turn.message.address.platform is not Platform.LINE:
        return reply
    # LINE does not tell who an admin is: whoever is in the group may, and everybody sees it.
    told = voice.short(title, "group_anyone").sections
    return replace(reply, sections=(*reply.sections, *told))


def _leave(turn: Turn, said: str) -> Outcome:
    voice = turn.voice
    if not _may(turn, quieter=False):
        return _not_yours(turn)
    if said == "yes":
        bye = voice.short("group_bye_title", "group_bye", buttons=private(turn))
        return Outcome(turn.session, replace(bye, farewell=True), events=(Happened("group_left"),))
    if said == "no":
        return Outcome(turn.session, _settings(turn, "group_settings_title"))
    taps = (
        voice.tap("button_group_leave_yes", f"{TAP}:leave:yes"),
        voice.tap("button_group_leave_no", f"{TAP}:leave:no"),
    )
    return Outcome(turn.session, voice.short("group_leave_title", "group_leave", buttons=taps))


def _may(turn: Turn, *, quieter: bool) -> bool:
    """Admins may everything; on LINE, which names none, everybody. Where Telegram did not answer, only hush us."""
    if turn.message.address.platform is Platform.LINE or turn.admin:
        return True
    return quieter and turn.admin is None


def _not_yours(turn: Turn) -> Outcome:
    key = "group_admins_only" if turn.admin is False else "group_admins_unknown"
    return _quietly(turn, turn.voice.short("who_title", key))
