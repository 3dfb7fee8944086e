"""Bulletins outside the month: an urgent warning of one trick, and the correction of what was wrong. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from content.knowledge import Knowledge
from content.models import State
from handlers.wording import Voice
from scheduler.bulletins import BETWEEN_ALERTS, Bulletin, BulletinText, Content, Refused
from scheduler.drafting import LANGUAGES, advice


def warning_of(entry_id: str, knowledge: Knowledge) -> Content:
    """An urgent warning of an entry, in both languages. Raises Refused where there is no such live entry."""
    entry = knowledge.entries.get(entry_id)
    if entry is None or entry.state is not State.LIVE:
        raise Refused(f"there is no live entry {entry_id}", "no_entry")
    texts = {}
    for language in LANGUAGES:
        voice = Voice(knowledge, language)
        texts[language] = BulletinText(
            title=voice.say("bulletin_alert_title", title=entry.title.in_(language)),
            intro=voice.say("bulletin_alert_intro"),
            warnings=(advice(entry, language),),
            context="\n".join(entry.how_it_works.in_(language)),
            results=voice.say("bulletin_alert_results"),
        )
    return texts


def correction_of(wrong: Bulletin, knowledge: Knowledge) -> Content:
    """The bulletin again, under a head that says it is a correction: the editor puts right what was wrong."""
    texts = {}
    for language in LANGUAGES:
        voice, text = Voice(knowledge, language), wrong.text(language)
        title = voice.say("bulletin_correction_title", title=text.title)
        texts[language] = replace(text, title=title, intro=f"{voice.say('bulletin_correction_intro')}\n{text.intro}")
    return texts


def far_enough(at: datetime, others: tuple[datetime, ...]) -> None:
    """Raises Refused where another alert goes out within a week of `at`."""
    if near := [each for each in others if abs(each - at) < BETWEEN_ALERTS]:
        day = min(near, key=lambda each: abs(each - at))
        raise Refused(
            f"at most one alert a week: another goes out at {day.isoformat(timespec='minutes')}", "one_a_week"
        )
