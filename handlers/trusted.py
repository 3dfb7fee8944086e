"""One relative whom an older person trusts: linked by a code, agreed to by both, told when it gets dangerous, ended with
one word.

A code proves little: it may have been talked out of somebody. So the older person has the last word, both hear when a link
ends, and what was asked is quoted only where the older person allows that as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from content.verdict import Level
from content.words import Words as Commands
from handlers import masking
from handlers.check import old_button
from handlers.errors import NotMasked
from handlers.messages import (
    Button,
    ButtonKind,
    ChatKind,
    Checked,
    Happened,
    Kind,
    Message,
    Outcome,
    Platform,
    Reply,
    Section,
    Session,
    Span,
    Tone,
)
from handlers.trusted_types import (
    Agreed,
    Alert,
    AlertKind,
    Claimed,
    Ended,
    Joined,
    Kin,
    Link,
    NewCode,
    NewsKind,
    Released,
    Told,
    Typed,
    Watch,
    Words,
    WrongCode,
)
from handlers.turns import Turn
from handlers.wording import Voice, defang, menu_buttons, shortened

TAP = "trusted"
BEGIN, END = "trusted", "end_trusted"
# Eight digits, as they are read out in two halves. A first 0 would be a telephone number's.
_CODE = re.compile(r"(?P<word>รหัส|code|/trusted)?\s{0,3}(?P<a>[1-9]\d{3})[ \-]?(?P<b>\d{4})", re.IGNORECASE)
_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
# A relative needs to see what it is about, not all of it.
LONGEST_QUOTE = 200


# --- what must be known before anything can be decided --------------------------------------------------------------------
def code_in(message: Message, session: Session) -> str:
    """The eight digits of a text that is nothing but a code; "" for anything else.

    In the middle of a dialogue eight digits may be a sum: there only with the word before them.
    """
    if message.kind is not Kind.TEXT or len(message.text) > 40:
        return ""
    found = _CODE.fullmatch(message.text.strip().translate(_THAI_DIGITS))
    if found is None or (":" in session.step and not found["word"]):
        return ""
    return found["a"] + found["b"]


def wanted(message: Message, session: Session, words: Commands) -> bool:
    """Whether it must be looked up who is linked with whoever writes."""
    if message.address.kind is not ChatKind.PRIVATE:
        return False
    if message.kind is Kind.TAP:
        return message.data.partition(":")[0] == TAP
    return words.command(message.text)[0] in (BEGIN, END) or bool(code_in(message, session))


# --- the older person begins --------------------------------------------------------------------------------------------
def begin(turn: Turn) -> Outcome:
    """What it is, or where it stands."""
    voice, own = turn.voice, turn.trusted.own
    if turn.message.address.platform is Platform.WEB:
        return Outcome(turn.session, voice.short("trusted_web_title", "trusted_web", quick=menu_buttons(voice)))
    if own is not None and own.agreed:
        return Outcome(turn.session, _standing(own, voice))
    if own is not None:
        return Outcome(turn.session, question(own, voice))
    cared = [each for each in turn.trusted.links if not each.mine]
    buttons = [voice.tap("trusted_tap_new", f"{TAP}:new"), voice.tap("trusted_tap_have", f"{TAP}:have")]
    if cared:
        buttons.append(voice.tap("trusted_tap_end", f"{TAP}:end"))
    reply = voice.short("trusted_title", "trusted", buttons=tuple(buttons))
    if cared:
        names = " · ".join(voice.say(f"trusted_who_{each.kin}") for each in cared)
        told = Section("", voice.lines("trusted_caring", who=names))
        reply = replace(reply, sections=(told, *reply.sections))
    return Outcome(turn.session, reply)


def _standing(link: Link, voice: Voice) -> Reply:
    """Linked: what the relative gets to see, and how to change or end it."""
    return voice.short(
        "trusted_linked_title",
        "trusted_words_on" if link.words else "trusted_words_off",
        buttons=(_words_button(link, voice), voice.tap("trusted_tap_end", f"{TAP}:end")),
    )


def _words_button(link: Link, voice: Voice) -> Button:
    if link.words:
        return voice.tap("trusted_tap_words_off", f"{TAP}:words:off")
    return voice.tap("trusted_tap_words_on", f"{TAP}:words:on")


def new_code(turn: Turn) -> Outcome:
    """The code, to be given to one person. Shown once."""
    if turn.message.address.platform is Platform.WEB or turn.trusted.own is not None:
        return begin(turn)
    reply = turn.voice.short("trusted_code_title", "trusted_code", steps=True, trusted_code="{trusted_code}")
    return Outcome(turn.session, reply, events=(Happened("trusted_code"),), trusted=NewCode())


# --- the relative has a code --------------------------------------------------------------------------------------------
def code(turn: Turn) -> Outcome:
    """A code was typed."""
    voice, session, typed = turn.voice, turn.session, turn.trusted.typed
    if turn.message.address.platform is Platform.WEB:
        return begin(turn)
    if typed is Typed.OPEN:
        return Outcome(session, _ask_kin(voice), trusted=Claimed(code_in(turn.message, session)))
    if typed is Typed.OWN:
        return Outcome(session, voice.short("trusted_own_title", "trusted_own"))
    if typed is Typed.TOO_MANY:
        return Outcome(session, voice.short("trusted_too_many_title", "trusted_too_many", tone=Tone.CALM))
    return Outcome(session, voice.short("trusted_wrong_title", "trusted_wrong", tone=Tone.CALM), trusted=WrongCode())


def _ask_kin(voice: Voice) -> Reply:
    """Who gave it: tapping that is the relative's yes."""
    taps = tuple(voice.tap(f"trusted_tap_{kin}", f"{TAP}:kin:{kin}") for kin in Kin)
    return voice.short(
        "trusted_kin_title", "trusted_kin", buttons=(*taps, voice.tap("trusted_tap_nobody", f"{TAP}:kin:no"))
    )


def kin(turn: Turn, said: str) -> Outcome:
    """The relative agrees, by saying who the other is; or it was not meant for them."""
    voice, session = turn.voice, turn.session
    if not turn.trusted.claimed:
        return Outcome(session, old_button(voice))
    if said not in tuple(Kin):
        return Outcome(session, voice.short("trusted_released_title", "trusted_released"), trusted=Released())
    return Outcome(session, voice.short("trusted_waits_title", "trusted_waits"), trusted=Joined(Kin(said)))


# --- the older person agrees --------------------------------------------------------------------------------------------
def question(link: Link, voice: Voice) -> Reply:
    """Somebody typed the code: is it the right one?"""
    taps = (voice.tap("trusted_tap_yes", f"{TAP}:yes:{link.id}"), voice.tap("trusted_tap_no", f"{TAP}:no:{link.id}"))
    who = voice.say(f"trusted_who_{link.kin}")
    return voice.short("trusted_asked_title", "trusted_asked", tone=Tone.CAUTION, buttons=taps, who=who)


def agreed(turn: Turn, tail: str, *, yes: bool) -> Outcome:
    """Yes or no to exactly the relative who was asked about."""
    voice, session, own = turn.voice, turn.session, turn.trusted.own
    if own is None or str(own.id) != tail:
        return Outcome(session, old_button(voice))
    if own.agreed:
        return Outcome(session, _standing(own, voice))
    if not yes:
        reply = voice.short("trusted_refused_title", "trusted_refused", buttons=(voice.call("1441"),))
        return Outcome(session, reply, trusted=Agreed(own.id, yes=False))
    linked = Happened("trusted_linked")
    return Outcome(session, _standing(own, voice), events=(linked,), trusted=Agreed(own.id))


def words(turn: Turn, said: str) -> Outcome:
    """The second consent: may the relative see what was asked?"""
    voice, session, own = turn.voice, turn.session, turn.trusted.own
    if own is None or not own.agreed or said not in ("on", "off"):
        return Outcome(session, old_button(voice))
    shown = said == "on"
    return Outcome(session, _standing(replace(own, words=shown), voice), trusted=Words(shown))


# --- the end ------------------------------------------------------------------------------------------------------------
def end(turn: Turn) -> Outcome:
    """One word ends it. Who is linked with several is asked which."""
    links, voice = turn.trusted.links, turn.voice
    if len(links) < 2:
        return _ended(turn, links)
    taps = tuple(Button(_with(each, voice), *_tap(each.id)) for each in links[:MOST_NAMED])
    everybody = voice.tap("trusted_tap_end_all", f"{TAP}:over:all")
    return Outcome(turn.session, voice.short("trusted_which_title", buttons=(*taps, everybody)))


# Of eight buttons one is for all of them.
MOST_NAMED = 7


def _tap(link: int) -> tuple[ButtonKind, str]:
    return ButtonKind.TAP, f"{TAP}:over:{link}"


def _with(link: Link, voice: Voice) -> str:
    return voice.say("trusted_which_own") if link.mine else voice.say(f"trusted_tap_{link.kin}")


def over(turn: Turn, tail: str) -> Outcome:
    """That link, or all of them."""
    links = [each for each in turn.trusted.links if tail in ("all", str(each.id))]
    return _ended(turn, links) if links else Outcome(turn.session, old_button(turn.voice))


def _ended(turn: Turn, links: Sequence[Link]) -> Outcome:
    voice = turn.voice
    act = Ended(tuple(each.id for each in links))
    if not links:
        # A code that was given away dies with the word as well.
        return Outcome(turn.session, voice.short("trusted_none_title", "trusted_none"), trusted=act)
    reply = voice.short("trusted_ended_title", "trusted_ended")
    return Outcome(turn.session, reply, events=(Happened("trusted_ended"),), trusted=act)


# --- buttons ------------------------------------------------------------------------------------------------------------
def tapped(turn: Turn, tail: str) -> Outcome:
    """A button of this dialogue."""
    head, _, rest = tail.partition(":")
    if head in ("yes", "no"):
        return agreed(turn, rest, yes=head == "yes")
    if head == "have":
        return Outcome(turn.session, turn.voice.short("trusted_have_title", "trusted_have"))
    if head in _WITH_TAIL:
        return _WITH_TAIL[head](turn, rest)
    return _PLAIN.get(head, begin)(turn)


_WITH_TAIL = {"kin": kin, "words": words, "over": over}
_PLAIN = {"new": new_code, "end": end}


# --- it gets dangerous --------------------------------------------------------------------------------------------------
def alarming(outcome: Outcome, message: Message) -> AlertKind | None:
    """What a relative should hear of: a known scam was asked about, or something has happened already. A cry for help is
    no news for a relative: that is the person's own to tell."""
    if message.address.kind is not ChatKind.PRIVATE or outcome.erase:
        return None
    if Happened("emergency") in outcome.events:
        return AlertKind.PAID
    known = any(isinstance(each, Checked) and each.level is Level.KNOWN_SCAM for each in outcome.events)
    return AlertKind.SCAM if known else None


def alerted(outcome: Outcome, kind: AlertKind, watch: Watch, voice: Voice) -> Outcome:
    """The outcome with the relative told, and the person told of that."""
    reply = outcome.reply
    if reply is None or kind not in watch.kinds:
        return outcome
    quote = _quote(outcome.session.asked) if watch.words and kind is AlertKind.SCAM else ""
    told = Section("", voice.lines("trusted_told_words" if quote else "trusted_told"))
    reply = replace(reply, sections=(*reply.sections, told))
    return replace(
        outcome,
        reply=reply,
        events=(*outcome.events, Happened("trusted_alert", kind.value)),
        trusted=Alert(watch.link, kind, quote),
    )


def _quote(text: str) -> str:
    """What was asked, without anything personal and with no link that can be tapped; "" where that cannot be had."""
    try:
        return defang(shortened(masking.masked(text), LONGEST_QUOTE)) if text.strip() else ""
    except NotMasked:
        return ""


# --- letters to the other side ------------------------------------------------------------------------------------------
def letter(told: Told, voice: Voice) -> Reply:
    """What the other side of a link hears."""
    if told.kind is NewsKind.ASKED:
        return question(Link(told.link, told.kin, mine=True, agreed=False), voice)
    who = voice.say(f"trusted_who_{told.kin}")
    if told.kind in (NewsKind.SCAM, NewsKind.PAID):
        return _alert(told, who, voice)
    return voice.short(f"trusted_news_{told.kind}_title", f"trusted_news_{told.kind}", who=who)


def _alert(told: Told, who: str, voice: Voice) -> Reply:
    paid = told.kind is NewsKind.PAID
    reply = voice.short(
        f"trusted_news_{told.kind}_title",
        f"trusted_news_{told.kind}",
        tone=Tone.URGENT if paid else Tone.ALARM,
        steps=True,
        buttons=(voice.call("1441"),),
        quick=(voice.tap("trusted_tap_end", f"{TAP}:end"),),
        who=who,
    )
    if not told.quote:
        return reply
    quoted = Section(voice.say("trusted_quote"), ((Span(f"“{told.quote}”"),),))
    return replace(reply, sections=(*reply.sections, quoted))
