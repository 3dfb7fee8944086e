"""How much one person may send before we slow down: never silence, said once, and never for who has lost money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from content.words import Words
from handlers import dialogue, report
from handlers.messages import Happened, Kind, Line, Message, Outcome, Platform, Reply, Section, Session, Tone
from handlers.report import Terms
from handlers.wording import Voice


class LimitKind(StrEnum):
    """What an official set for one person."""

    SLOWED = "slowed"  # answers come later
    BLOCKED = "blocked"  # answers come, reports are not taken


@dataclass(frozen=True)
class Limit:
    """Set by an official; `until` is None where it has no end."""

    kind: LimitKind
    until: datetime | None = None


@dataclass(frozen=True)
class Allowance:
    """How many reports are taken in 24 hours: from one person, and from all browsers together."""

    reports: int = 20
    web_reports: int = 500

    def of(self, platform: Platform) -> int:
        """For one person. A browser is nobody, a script makes a thousand: it gets a quarter."""
        return max(1, self.reports // 4) if platform is Platform.WEB else self.reports


# For how long nobody's reports are taken after an official has hidden them: whoever came to it by mistake has a way back.
BLOCKED_FOR = timedelta(days=90)
# For how long somebody is answered more slowly: a flood is over by then, and who did not mean it forgets that it was.
SLOWED_FOR = timedelta(days=7)
# "A day" for reports: the last 24 hours, so that midnight is no door.
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Filed:
    """Reports of the last day: of this person, and of all browsers (0 where it was not asked)."""

    mine: int = 0
    web: int = 0


@dataclass(frozen=True)
class Reporter:
    """Whoever begins or ends a report: where, what holds for them, and what was filed already."""

    platform: Platform
    limit: Limit | None
    filed: Filed
    allowed: Allowance

    def refusal(self) -> str:
        """Which of our sentences says that no report is taken; "" where one is."""
        if self.limit is not None and self.limit.kind is LimitKind.BLOCKED:
            return "report_blocked"
        if self.filed.mine >= self.allowed.of(self.platform):
            return "report_enough"
        if self.platform is Platform.WEB and self.filed.web >= self.allowed.web_reports:
            return "report_web_full"
        return ""


def concern(outcome: Outcome, before: Session) -> bool:
    """Whether a report is begun or ended: whoever may bring none hears it before being asked for anything."""
    return outcome.report is not None or report.begins(outcome, before)


def within(outcome: Outcome, before: Session, who: Reporter, voice: Voice, now: datetime, terms: Terms) -> Outcome:
    """The outcome of a report, or a kind refusal in its place. Nothing is lost: what was sent stays at hand for an hour, as after
    any question, and the refusal says when and where else it can be told."""
    why = who.refusal() if concern(outcome, before) else ""
    if not why:
        return outcome
    reply = voice.short(
        f"{why}_title",
        why,
        tone=Tone.CAUTION,
        buttons=(voice.call("1441"), voice.police_online()),
        quick=(voice.tap("button_paid", "paid"), voice.tap("button_menu", "menu")),
    )
    if why == "report_blocked" and who.limit and who.limit.until:
        reply = _with_the_day(reply, who.limit.until, voice, terms)
    words = outcome.report.words if outcome.report else outcome.session.data.get(dialogue.TEXT, "")
    asked, asked_at = (words, now) if words and words != before.asked else (before.asked, before.asked_at)
    if asked and asked != before.asked:
        reply = replace(reply, quick=(voice.tap("button_check_it", "asked"), *reply.quick))
    session = replace(outcome.session, step="", step_at=None, data={}, asked=asked, asked_at=asked_at)
    return Outcome(session, reply, events=(Happened("report_refused", why),))


def _with_the_day(reply: Reply, until: datetime, voice: Voice, terms: Terms) -> Reply:
    """The refusal, with the day from which reports are taken again: the way back."""
    day = until.astimezone(terms.zone).strftime("%d/%m/%Y")
    return replace(reply, sections=(Section("", voice.lines("report_blocked_until", date=day)), *reply.sections))


def in_need(message: Message, words: Words) -> bool:
    """Whether somebody tells that money is gone, or that they may harm themselves: they wait for nothing."""
    if message.kind is Kind.TAP:
        return message.data.partition(":")[0] == "paid"
    return words.command(message.text)[0] == "paid" or bool(words.crisis_in(message.text))


def with_notice(outcome: Outcome, lines: tuple[Line, ...]) -> Outcome:
    """The answer, and under it why answers come more slowly at present."""
    if outcome.reply is None:
        return outcome
    notice = Section("", lines)
    return replace(outcome, reply=replace(outcome.reply, sections=(*outcome.reply.sections, notice)))
