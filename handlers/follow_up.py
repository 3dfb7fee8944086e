"""The morning after: did the bank give a case number? One gentle question, and what to do with each answer."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.messages import FollowUp, FollowUpKind, Happened, Outcome, Reply, Session, Tone
from handlers.wording import Voice

# When people are up, and banks and police answer.
ASKED_AT = time(9, 0)
# Who writes before this hour has not slept yet: their morning is today's.
NIGHT_ENDS = time(5, 0)
ANSWERS = ("yes", "no", "help")


def tomorrow(now: datetime, zone: ZoneInfo) -> FollowUp:
    """To be asked at nine on the next morning in `zone`."""
    local = now.astimezone(zone)
    day = local.date() if local.time() < NIGHT_ENDS else local.date() + timedelta(days=1)
    return FollowUp(FollowUpKind.BANK_CASE, datetime.combine(day, ASKED_AT, zone).astimezone(now.tzinfo))


def question(voice: Voice) -> Reply:
    """What is asked, once."""
    taps = tuple(voice.tap(f"follow_tap_{each}", f"follow:{FollowUpKind.BANK_CASE}:{each}") for each in ANSWERS)
    return voice.short("follow_title", "follow", buttons=taps)


def answered(said: str, session: Session, voice: Voice) -> Outcome:
    """What to do next. `said`: "yes" or "no"; "help" begins the steps again (see `conversation`)."""
    yes = said == "yes"
    reply = voice.short(
        "follow_yes_title" if yes else "follow_no_title",
        "follow_yes" if yes else "follow_no",
        tone=Tone.PLAIN if yes else Tone.URGENT,
        steps=True,
        buttons=(voice.police_online(), voice.call("1441")) if yes else (voice.call("1441"), voice.police_online()),
        quick=(voice.tap("follow_tap_help", "paid"), voice.tap("button_report_menu", "report")),
    )
    kind = FollowUpKind.BANK_CASE
    return Outcome(session, reply, events=(Happened("follow_up", said),), answered=(kind, said))
