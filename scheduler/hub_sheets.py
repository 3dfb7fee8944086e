"""The weekly sheet of a hub: what came in, what was answered, what rises nearby, one exercise. On Mondays at eight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from content.loading import Knowledge
from content.models import Language, ScamType
from content.verdict import Level
from handlers.drill_types import Choice
from handlers.hub_types import Hub
from handlers.messages import Line, Reply, Section, line
from handlers.wording import Voice
from scheduler.trends import SMALLEST

HOUR = time(8, 0)
# A sheet that was missed is caught up, but not in the evening, and not at the week's end.
UNTIL_HOUR = time(18, 0)
LAST_DAY = 4  # Friday
WEEK = timedelta(days=7)
MOST_TYPES = 3
MOST_ANSWERS = 5
LEVELS = (Level.KNOWN_SCAM, Level.WARNING_SIGNS, Level.NOT_KNOWN)


@dataclass(frozen=True)
class Rising:
    """A type that people of the province reported more often than in the week before; None: too few to be named."""

    type: str
    count: int
    before: int | None


@dataclass(frozen=True)
class HubWeek:
    """What a hub's week held. `monday` is the day of the sheet, which tells of the seven days before it; `levels` and
    `types` count what members asked, `answered` are reports with an official's decision, `nearby` the province's reports
    by type in this week and the one before, `drills` the answers to this month's practice."""

    hub: Hub
    monday: date
    levels: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    reports: int = 0
    answered: Sequence[tuple[str, str]] = ()
    nearby: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    drills: Mapping[Choice, int] = field(default_factory=dict)
    theme: ScamType | None = None


class Sheets(Protocol):
    """What is remembered of weekly sheets."""

    async def due(self, monday: date, since: datetime) -> Sequence[HubWeek]:
        """The weeks of open hubs that are older than `since` and have had no sheet for that Monday."""

    async def send(self, week: HubWeek, replies: Mapping[Language, Reply]) -> int:
        """Claim the hub's week and put a letter for every member who wants it into the outbox, in one transaction; how
        many. Nothing where another process has claimed it."""


def monday_due(now: datetime, zone: ZoneInfo) -> date | None:
    """The Monday whose sheets may be sent at that moment, None for none."""
    local = now.astimezone(zone)
    if local.weekday() > LAST_DAY or not HOUR <= local.time() < UNTIL_HOUR:
        return None
    return local.date() - timedelta(days=local.weekday())


async def send(sheets: Sheets, knowledge: Knowledge, now: datetime, zone: ZoneInfo) -> int:
    """Send every sheet that is due; how many letters. May run at any moment, in any number of processes."""
    monday = monday_due(now, zone)
    if monday is None:
        return 0
    since = datetime.combine(monday, HOUR, zone)
    sent = 0
    for week in await sheets.due(monday, since):
        sent += await sheets.send(week, {each: sheet(week, Voice(knowledge, each)) for each in Language})
    return sent


# --- what it says -------------------------------------------------------------------------------------------------------
def sheet(week: HubWeek, voice: Voice) -> Reply:
    """The sheet of one hub, to be read on a small phone."""
    title = voice.say("sheet_title", hub=week.hub.name)
    came_in = _came_in(week, voice)
    sections = (
        Section(_span(week, voice), came_in),
        *_answered(week, voice),
        *_nearby(week, voice),
        *_practised(week, voice),
        _exercise(week, voice),
    )
    taps = (
        voice.tap("sheet_tap_practice", "drill:next"),
        voice.tap("drill_tap_on", "drill:on"),
        voice.tap("button_hub_sheet_off", "hub:sheet:off"),
    )
    summary = " · ".join([title, *("".join(span.text for span in each) for each in came_in[:1])])
    return Reply(title, summary, voice.language, sections=sections, buttons=taps)


def _span(week: HubWeek, voice: Voice) -> str:
    first, last = week.monday - WEEK, week.monday - timedelta(days=1)
    return voice.say("sheet_span", first=first.strftime("%d/%m"), last=last.strftime("%d/%m"))


def _came_in(week: HubWeek, voice: Voice) -> tuple[Line, ...]:
    asked = sum(week.levels.get(level.value, 0) for level in LEVELS)
    if not asked and not week.reports:
        return voice.lines("sheet_nothing")
    lines = [line(voice.say("sheet_asked", count=str(asked)))]
    lines += [
        line(voice.say(f"sheet_level_{level.value}", count=str(count)))
        for level in LEVELS
        if (count := week.levels.get(level.value, 0))
    ]
    if most := sorted(week.types.items(), key=lambda each: (-each[1], each[0]))[:MOST_TYPES]:
        named = " · ".join(f"{_type(kind, voice)} {count}" for kind, count in most)
        lines.append(line(voice.say("sheet_types", types=named)))
    if week.reports:
        lines.append(line(voice.say("sheet_reports", count=str(week.reports))))
    return tuple(lines)


def _answered(week: HubWeek, voice: Voice) -> tuple[Section, ...]:
    if not week.answered:
        return ()
    lines = [
        line(voice.say(f"sheet_decision_{decision}", number=number))
        for number, decision in week.answered[:MOST_ANSWERS]
    ]
    if len(week.answered) > MOST_ANSWERS:
        lines.append(line(voice.say("sheet_more")))
    return (Section(voice.say("sheet_answered"), tuple(lines)),)


def rising(nearby: Mapping[str, tuple[int, int]]) -> tuple[Rising, ...]:
    """What rose beside the week before, most first; nothing under `SMALLEST`, where somebody could know who it was."""
    rose = [
        Rising(kind, count, before if before >= SMALLEST else None)
        for kind, (count, before) in nearby.items()
        if count >= SMALLEST and count > before
    ]
    return tuple(sorted(rose, key=lambda each: (-each.count, each.type))[:MOST_TYPES])


def _nearby(week: HubWeek, voice: Voice) -> tuple[Section, ...]:
    province = voice.knowledge.provinces.get(week.hub.province)
    if province is None:
        return ()
    heading = voice.say("sheet_nearby", province=province.name.in_(voice.language))
    rose = rising(week.nearby)
    if not rose:
        return (Section(heading, voice.lines("sheet_nearby_calm")),)
    return (Section(heading, tuple(_risen(each, voice) for each in rose)),)


def _risen(each: Rising, voice: Voice) -> Line:
    kind, count = _type(each.type, voice), str(each.count)
    if each.before is None:
        return line(voice.say("sheet_rose_new", type=kind, count=count))
    return line(voice.say("sheet_rose", type=kind, count=count, before=str(each.before)))


def _practised(week: HubWeek, voice: Voice) -> tuple[Section, ...]:
    """How the hub's people did in practice: only where nobody's answer can be told from it."""
    good = sum(week.drills.get(each, 0) for each in (Choice.ASK, Choice.IGNORE))
    others = sum(week.drills.values()) - good
    if good < SMALLEST or others < SMALLEST:
        return ()
    said = voice.lines("sheet_practised", good=str(good), all=str(good + others))
    return (Section(voice.say("sheet_practised_title"), said),)


def _exercise(week: HubWeek, voice: Voice) -> Section:
    about = (line(voice.say("sheet_theme", type=_type(week.theme, voice))),) if week.theme else ()
    return Section(voice.say("sheet_exercise"), (*about, *voice.lines("sheet_exercise_lines")))


def _type(kind: str, voice: Voice) -> str:
    return voice.say(f"bulletin_type_{kind}")
