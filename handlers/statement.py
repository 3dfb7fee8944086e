"""Words to read out to the bank, to 1441 and to the police: what happened, when, from which bank."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.messages import Section
from handlers.places import Place
from handlers.wording import Voice


def words(place: Place, voice: Voice, told: datetime, zone: ZoneInfo, baht: float | None) -> Section:
    """What to say to the bank, 1441 and the police: what happened, when, from which bank, the sum only if it was given."""
    bank = voice.knowledge.emergency.by_bank.get(place.bank)
    lines = [
        *voice.lines(f"statement_{place.what}"),
        *(voice.lines("statement_bank", bank=bank.name.in_(voice.language)) if bank else ()),
        *voice.lines("statement_when", when=_when(place.ago, told.astimezone(zone), voice)),
        *(voice.lines("statement_baht", baht=f"{baht:,.2f}".removesuffix(".00")) if baht else ()),
        *voice.lines("statement_asks"),
    ]
    return Section(voice.say("statement_title"), tuple(lines))


def _when(ago: str, now: datetime, voice: Voice) -> str:
    """When it happened, in dates and times that stay true when they are read later."""
    today, told = now.strftime("%d/%m/%Y"), now.strftime("%d/%m/%Y %H:%M")
    earlier = now - timedelta(hours=1)
    three_days_ago = (now - timedelta(days=3)).strftime("%d/%m/%Y")
    yesterday = (now - timedelta(days=1)).strftime("%d/%m/%Y")
    if ago == "hour":
        return voice.say("when_hour", start=earlier.strftime("%d/%m/%Y %H:%M"), end=now.strftime("%H:%M"))
    if ago == "today":
        return voice.say("when_today", date=today, told=told)
    if ago == "days":
        return voice.say("when_days", start=three_days_ago, end=yesterday)
    return voice.say("when_longer", date=three_days_ago)
