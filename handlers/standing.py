"""What reports are worth: who said it, how independent they are of each other, and how long ago. One reporter moves nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from content.reported import MOST_ADDED, Standing, Subject
from handlers.messages import Platform


class Evidence(StrEnum):
    """Who vouches for a report."""

    CITIZEN = "citizen"
    HUB = "hub"
    PARTNER = "partner"
    OFFICIAL = "official"


# One citizen is the measure. A hub has looked at what it passes on, a partner has an office for it, an official answers
# for it. None of them is enough alone: see LEAST_VOICES.
WEIGHTS: Mapping[str, float] = {
    Evidence.CITIZEN: 1.0,
    Evidence.HUB: 2.0,
    Evidence.PARTNER: 3.0,
    Evidence.OFFICIAL: 4.0,
}
# Numbers change hands and accounts are closed: a report of three months ago says half as much.
HALF_LIFE = timedelta(days=90)
# A browser is nobody: a script makes a thousand of them. All browsers together weigh what one person does.
ALL_BROWSERS = 1.0
# Two friends may be mistaken together, and a quarrel has two sides.
LEAST_VOICES = 3
# Three people of one day and one platform (2.0 when fresh) carry two months, three of different days a half-life.
LEAST_WEIGHT = 1.5
# Log-odds for each unit of weight: three voices on three days reach the most that reports may add.
WORTH = 0.7


@dataclass(frozen=True, slots=True)
class Voice:
    """One reporter of one subject on one day: `source` tells reporters apart and means nothing else."""

    source: str
    evidence: str
    platform: str
    at: datetime


def standing(subject: Subject, voices: Sequence[Voice], now: datetime, zone: tzinfo) -> Standing | None:
    """What these voices say of a subject; None where there are none.

    `times` counts a reporter once a day: whoever reports the same fifty times in an evening has said it once. All browsers
    are one reporter.
    """
    if not voices:
        return None
    who = {each: _who(each) for each in voices}
    days = {(who[each], _day(each, zone)) for each in voices}
    weight = weight_of(voices, now, zone)
    moves = _independent(voices) >= LEAST_VOICES and weight >= LEAST_WEIGHT
    return Standing(
        subject,
        times=len(days),
        reporters=len(set(who.values())),
        last_on=max(_day(each, zone) for each in voices),
        added=min(MOST_ADDED, WORTH * weight) if moves else 0.0,
    )


def weight_of(voices: Sequence[Voice], now: datetime, zone: tzinfo) -> float:
    """How much voices weigh together, in citizens: each reporter once, faded with time; those of one day and one platform
    count less and less, for they may have agreed on it; all browsers together are one person."""
    together: dict[tuple[date, str], float] = defaultdict(float)
    for each in _once(voices):
        faded = 0.5 ** (max(timedelta(0), now - each.at) / HALF_LIFE)
        together[_day(each, zone), each.platform] += WEIGHTS[each.evidence] * faded
    browsers = sum(_of_a_day(said) for (_, platform), said in together.items() if platform == Platform.WEB)
    people = sum(_of_a_day(said) for (_, platform), said in together.items() if platform != Platform.WEB)
    return people + min(ALL_BROWSERS, browsers)


def _of_a_day(said: float) -> float:
    """1 for one citizen, 2 for three, 3 for seven."""
    return math.log2(1 + said)


def _once(voices: Sequence[Voice]) -> Sequence[Voice]:
    """The newest of each reporter."""
    newest: dict[str, Voice] = {}
    for each in voices:
        known = newest.get(each.source)
        if known is None or each.at > known.at:
            newest[each.source] = each
    return list(newest.values())


def _independent(voices: Sequence[Voice]) -> int:
    """How many different ones: all browsers are one, who is vouched for counts as two."""
    once = _once(voices)
    known = sum(1 if each.evidence == Evidence.CITIZEN else 2 for each in once if not _browser(each))
    return known + any(map(_browser, once))


def _who(voice: Voice) -> str:
    return "" if _browser(voice) else voice.source


def _browser(voice: Voice) -> bool:
    return voice.platform == Platform.WEB and voice.evidence == Evidence.CITIZEN


def _day(voice: Voice, zone: tzinfo) -> date:
    return voice.at.astimezone(zone).date()
