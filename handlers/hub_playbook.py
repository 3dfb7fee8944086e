"""The playbook of a hub: for each kind of trick what to say to the person, what to write down, whom to call; and the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from content.models import Entry, Hotline, ScamType
from handlers.messages import plain
from handlers.wording import Voice, hotline

# For what somebody calls, in the order in which it hurts to be late.
CARD = ("1441", "191", "1599", "1323")

# What the bank and the police will ask for, beyond what they ask of everybody. By the way in which the trick works.
_CALL = "hub_write_call"
_LINK = "hub_write_link"
_SHOP = "hub_write_shop"
_CLOSE = "hub_write_close"
_STAKE = "hub_write_stake"
_JOB = "hub_write_job"
_WRITE: Mapping[ScamType, str] = {
    ScamType.AUTHORITY_CALL: _CALL,
    ScamType.VIRTUAL_KIDNAP: _CALL,
    ScamType.RECOVERY: _CALL,
    ScamType.DEBT_GUARANTOR: _CALL,
    ScamType.CHARITY: _CALL,
    ScamType.LOAN: _CALL,
    ScamType.PARCEL: _LINK,
    ScamType.UTILITY_REFUND: _LINK,
    ScamType.BANK_IMPERSONATION: _LINK,
    ScamType.PRIZE_GIFT: _LINK,
    ScamType.GAMBLING_SPAM: _LINK,
    ScamType.ACCOUNT_TAKEOVER: _LINK,
    ScamType.TAX_LAND_GOV_APP: _LINK,
    ScamType.QR: _LINK,
    ScamType.REMOTE_APP: _LINK,
    ScamType.FAKE_FINE: _LINK,
    ScamType.PAGE_PHISHING: _LINK,
    ScamType.SHOPPING: _SHOP,
    ScamType.ACCOMMODATION_TOUR: _SHOP,
    ScamType.TICKET: _SHOP,
    ScamType.FAKE_SLIP: _SHOP,
    ScamType.ROMANCE: _CLOSE,
    ScamType.FRIEND_IMPERSONATION: _CLOSE,
    ScamType.SEXTORTION: _CLOSE,
    ScamType.INVESTMENT: _STAKE,
    ScamType.CRYPTO: _STAKE,
    ScamType.DEEPFAKE_AD: _STAKE,
    ScamType.JOB_TASK: _JOB,
    ScamType.MULE_ACCOUNT: _JOB,
    ScamType.OVERSEAS_JOB_TRAFFICKING: _JOB,
}


@dataclass(frozen=True)
class Play:
    """One trick on one page. `say`: what to tell the person to do; `ask`: what to look at together; `write`: what to write
    down, each on a line; `call`: numbers, each on a line with whose it is."""

    id: str
    title: str
    say: tuple[str, ...]
    ask: tuple[str, ...]
    write: tuple[str, ...]
    call: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """All tricks of one type."""

    type: ScamType
    plays: tuple[Play, ...]


def playbook(voice: Voice) -> tuple[Chapter, ...]:
    """Every trick that we know, by type; made from the same entries as the answers, so that both say the same."""
    found: dict[ScamType, list[Entry]] = {}
    for entry in voice.knowledge.entries.values():
        found.setdefault(entry.type, []).append(entry)
    return tuple(
        Chapter(kind, tuple(_play(each, voice) for each in sorted(found[kind], key=lambda entry: entry.id)))
        for kind in ScamType
        if kind in found
    )


def _play(entry: Entry, voice: Voice) -> Play:
    language = voice.language
    numbers = [voice.knowledge.hotlines[each] for each in entry.call if each in voice.knowledge.hotlines]
    return Play(
        entry.id,
        entry.title.in_(language),
        tuple(entry.do_now.in_(language)),
        tuple(entry.check_yourself.in_(language)),
        to_write_down(entry.type, voice),
        tuple(plain(hotline(each, voice)) for each in numbers),
    )


def to_write_down(kind: ScamType, voice: Voice) -> tuple[str, ...]:
    """What to write down with somebody who met a trick of this type: what everybody is asked for, and what it takes here."""
    own = voice.say(_WRITE[kind]).splitlines() if kind in _WRITE else []
    return (*voice.say("hub_write_all").splitlines(), *own)


@dataclass(frozen=True)
class Number:
    """A number to call, with the key to press; whose it is and for what."""

    number: str
    name: str
    purpose: str


def call_card(voice: Voice) -> tuple[Number, ...]:
    """Who to call for what, from the sourced list of hotlines; banks have lists of their own."""
    known = [each for each in voice.knowledge.hotlines.values() if each.number and not each.bank]
    first = sorted(known, key=lambda each: CARD.index(each.number) if each.number in CARD else len(CARD))
    return tuple(_number(each, voice) for each in first)


def _number(known: Hotline, voice: Voice) -> Number:
    press = f" {voice.say('hub_press', press=known.press)}" if known.press else ""
    return Number(known.number + press, known.name.in_(voice.language), known.purpose.in_(voice.language))
