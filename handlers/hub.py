"""Community hubs in a chat: joining with a code, the hub's page, and leaving."""

from __future__ import annotations

import re
from dataclasses import replace

from content.words import Words
from handlers import check, dialogue
from handlers.hub_types import Hub, HubRole, Join, Leave, NewCode, OpenCases, Sheet, WrongCode
from handlers.messages import (
    Button,
    ButtonKind,
    ChatKind,
    Happened,
    Kind,
    Message,
    Outcome,
    Reply,
    Section,
    Session,
    Span,
)
from handlers.turns import Turn
from handlers.wording import Voice, menu_buttons

JOIN = "hub:join"
TAP = "hub"
COMMAND = "hub"
# "/hub K7QM-4XTP", "ศูนย์ K7QM-4XTP", and what a Telegram link brings: "/start hub-K7QM4XTP".
_CODE = re.compile(
    r"\s*(?:/hub(?:@\w+)?|/start(?:@\w+)?\s+hub-|hub|รหัสศูนย์|ศูนย์(?:ชุมชน)?)\s*[:\s-]?\s*(?P<code>[A-Za-z0-9]{4}[-\s]?[A-Za-z0-9]{4})\s*",
    re.IGNORECASE,
)
# Levels in the order in which a hub wants to hear of them.
LEVELS = ("known_scam", "warning_signs", "not_known")


def code_in(text: str) -> str:
    """The code that somebody types to join a hub; "" for anything else."""
    found = _CODE.fullmatch(text)
    return found["code"].upper().replace("-", "").replace(" ", "") if found else ""


def speaks_of(message: Message, session: Session, words: Words) -> bool:
    """Whether the store must be asked about hubs before this is answered."""
    if message.address.kind is not ChatKind.PRIVATE:
        return False
    if message.kind is Kind.TAP:
        return message.data.partition(":")[0] == TAP
    command = words.command(message.text)[0]
    return (
        command == COMMAND or bool(code_in(message.text)) or (session.step == JOIN and command in ("agree", "decline"))
    )


def code_of(message: Message, session: Session) -> str:
    """The code that this is about: typed now, or a moment ago."""
    return code_in(message.text) or (session.data.get("code", "") if session.step == JOIN else "")


def said(turn: Turn) -> Outcome:
    """A code, the word for the hub, or yes and no to joining."""
    command, rest = turn.knowledge.words.command(turn.message.text)
    if code_in(turn.message.text):
        return _offer(turn)
    if turn.session.step == JOIN and command in ("agree", "decline"):
        return _join(turn) if command == "agree" else _stay_out(turn)
    if rest and turn.message.text.startswith("/") and rest.casefold() in ("leave", "ออก"):
        return _ask_to_leave(turn)
    return page(turn)


def tapped(turn: Turn, tail: str) -> Outcome:
    """A button about the hub. Without the store's word (an older button, another platform) it explains itself."""
    if turn.hub is None:
        return Outcome(turn.session, check.old_button(turn.voice))
    head, _, rest = tail.partition(":")
    if head == "join" and turn.session.step == JOIN:
        return _join(turn) if rest == "yes" else _stay_out(turn)
    if turn.hub.mine is None:
        return Outcome(turn.session, check.old_button(turn.voice))
    if head == "leave":
        return _leave(turn) if rest == "yes" else _ask_to_leave(turn)
    if head == "sheet":
        return _sheet(turn, on=rest == "on")
    if head == "code" and turn.hub.role is HubRole.LEAD:
        return Outcome(
            turn.session, turn.voice.short("hub_code_title", "hub_code", hub_code="{hub_code}"), hub=NewCode()
        )
    if head == "open" and rest.isascii() and rest.isdigit() and len(rest) < 15:
        reply = turn.voice.short("hub_opened_title", "hub_opened", opened="{opened}", numbers="{numbers}")
        return Outcome(turn.session, reply, events=(Happened("hub_cases"),), hub=OpenCases(int(rest)))
    return page(turn)


# --- joining -------------------------------------------------------------------------------------------------------------
def _offer(turn: Turn) -> Outcome:
    """What joining means, on one screen, before anything is kept."""
    voice, at_hub = turn.voice, turn.hub
    if at_hub is None or at_hub.locked:
        return Outcome(turn.session, voice.short("hub_locked_title", "hub_locked"))
    hub = at_hub.offered
    if hub is None:
        return Outcome(
            turn.session, voice.short("hub_wrong_title", "hub_wrong", quick=menu_buttons(voice)), hub=WrongCode()
        )
    if at_hub.mine is not None and at_hub.mine.id == hub.id and at_hub.role is at_hub.as_role:
        return page(turn)
    asking = dialogue.entered(turn.session, JOIN, turn.now, code=code_in(turn.message.text))
    taps = (voice.tap("hub_join_yes", "hub:join:yes"), voice.tap("hub_join_no", "hub:join:no"))
    return Outcome(
        asking,
        replace(voice.short("hub_join_title", "hub_join", buttons=taps), title=_with(voice, "hub_join_title", hub)),
    )


def _with(voice: Voice, key: str, hub: Hub) -> str:
    """A phrase with the hub's name, which may hold any letter, braces too."""
    return voice.say(key).replace("[hub]", hub.name)


def _join(turn: Turn) -> Outcome:
    voice, at_hub = turn.voice, turn.hub
    code, session = turn.session.data.get("code", ""), dialogue.over(turn.session)
    if at_hub is None or at_hub.locked or at_hub.offered is None:
        return Outcome(session, voice.short("hub_wrong_title", "hub_wrong", quick=menu_buttons(voice)))
    reply = voice.short("hub_joined_title", "hub_joined", quick=(voice.tap("button_hub", "hub:page"),))
    reply = replace(reply, title=_with(voice, "hub_joined_title", at_hub.offered))
    joined = replace(session, hub=at_hub.offered.name)
    return Outcome(joined, reply, events=(Happened("hub_joined"),), hub=Join(code))


def _stay_out(turn: Turn) -> Outcome:
    reply = turn.voice.short("hub_not_joined_title", quick=menu_buttons(turn.voice))
    return Outcome(dialogue.over(turn.session), reply)


# --- the hub's page --------------------------------------------------------------------------------------------------------
def page(turn: Turn) -> Outcome:
    """The hub as its members see it; for everybody else, how to join one."""
    at_hub, voice = turn.hub, turn.voice
    if at_hub is None or at_hub.mine is None:
        return Outcome(turn.session, voice.short("hub_none_title", "hub_none", quick=menu_buttons(voice)))
    hub = at_hub.mine
    sections = [Section("", _about(hub, voice)), Section(voice.say("hub_week"), _week(at_hub.week, voice))]
    if hub.escalation:
        sections.append(Section(voice.say("hub_turn_to"), tuple((Span(e),) for e in hub.escalation.splitlines())))
    sections.append(Section(voice.say("hub_how"), voice.lines("hub_how_lines")))
    sheet = (
        voice.tap("button_hub_sheet_off", "hub:sheet:off")
        if at_hub.sheet
        else voice.tap("button_hub_sheet_on", "hub:sheet:on")
    )
    link = (Button(voice.say("button_hub_page"), ButtonKind.OPEN, at_hub.page),) if at_hub.page else ()
    code = (voice.tap("button_hub_code", "hub:code"),) if at_hub.role is HubRole.LEAD else ()
    reply = Reply(
        title=hub.name,
        summary=hub.name,
        language=voice.language,
        sections=tuple(each for each in sections if each.lines),
        buttons=(*link, sheet, *code, voice.tap("button_hub_leave", "hub:leave")),
    )
    return Outcome(turn.session, reply)


def _about(hub: Hub, voice: Voice) -> tuple[tuple[Span, ...], ...]:
    told = (("hub_place", hub.place), ("hub_hours", hub.hours), ("hub_languages", hub.languages))
    return tuple((Span(f"{voice.say(key)} {text}"),) for key, text in told if text)


def _week(week: dict[str, int] | object, voice: Voice) -> tuple[tuple[Span, ...], ...]:
    counts = week if isinstance(week, dict) else {}
    lines = [f"{voice.say(f'hub_level_{each}')}: {counts.get(f'level:{each}', 0):,}" for each in LEVELS]
    return tuple((Span(each),) for each in lines)


def _ask_to_leave(turn: Turn) -> Outcome:
    if turn.hub is None or turn.hub.mine is None:
        return page(turn)
    taps = (turn.voice.tap("button_hub_leave_yes", "hub:leave:yes"), turn.voice.tap("button_hub", "hub:page"))
    return Outcome(turn.session, turn.voice.short("hub_leave_title", "hub_leave", buttons=taps))


def _leave(turn: Turn) -> Outcome:
    left = replace(turn.session, hub="")
    reply = turn.voice.short("hub_left_title", "hub_left", quick=menu_buttons(turn.voice))
    return Outcome(left, reply, events=(Happened("hub_left"),), hub=Leave())


def _sheet(turn: Turn, *, on: bool) -> Outcome:
    reply = turn.voice.short(
        "hub_sheet_on" if on else "hub_sheet_off", quick=(turn.voice.tap("button_hub", "hub:page"),)
    )
    return Outcome(turn.session, reply, hub=Sheet(on))
