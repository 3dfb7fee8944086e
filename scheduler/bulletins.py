"""Bulletins: what one is, when a month's is due, who may sign it, and what may become of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from zoneinfo import ZoneInfo

from content.models import Language
from handlers.errors import RutanError
from handlers.messages import CHATS, Platform
from handlers.officials import Official, Role
from handlers.subscribe import INTERESTS
from scheduler.trends import Month, MonthFigures

# Two people see every word before anybody else does.
SIGNATURES = 2
# An urgent warning every day is soon read by nobody.
BETWEEN_ALERTS = timedelta(days=7)
# A time that has just gone by is now: whoever typed it needed a moment.
JUST_GONE = timedelta(minutes=5)


class Refused(RutanError):
    """What was asked of a bulletin is not allowed; the message says why, and the bulletin is as it was. `code` says the
    same in one word, for those who speak another language."""

    def __init__(self, said: str, code: str = "") -> None:
        super().__init__(said)
        self.code = code


class Kind(StrEnum):
    MONTHLY = "monthly"
    ALERT = "alert"  # an urgent warning outside the month
    CORRECTION = "correction"  # to exactly those who got a wrong one


class State(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class FigureLine:
    """One line of figures as it is read; `source` names the figure in `MonthFigures.sources` that it is made of."""

    text: str
    source: str


@dataclass(frozen=True)
class Advice:
    """A trick to warn of: the entry's id, its title and what to do, one action a line."""

    entry: str
    title: str
    do_now: tuple[str, ...]


@dataclass(frozen=True)
class BulletinText:
    """A bulletin in one language. `intro`, `context` (what an editor adds; may be empty), `results` and `basis` (what was
    counted, in which days) are lines parted by "\\n"; `**words**` are bold."""

    title: str
    intro: str
    figures: tuple[FigureLine, ...] = ()
    warnings: tuple[Advice, ...] = ()
    context: str = ""
    results: str = ""
    basis: str = ""


Content = Mapping[Language, BulletinText]


@dataclass(frozen=True)
class Signature:
    """Who signed the version that stands, and when."""

    name: str
    role: Role
    at: datetime


class PartKind(StrEnum):
    ALL = "all"
    HUBS_FIRST = "hubs-first"  # all, those at hubs before the others
    HUBS = "hubs"
    PLATFORM = "platform"
    LANGUAGE = "language"
    PROVINCE = "province"  # that somebody named when subscribing, or of the hub they belong to
    INTEREST = "interest"  # those who chose it, and those who chose nothing


@dataclass(frozen=True)
class Part:
    """To whom of the subscribers: "all", "hubs-first", "hubs", "platform:line", "language:th", "province:…" or "interest:…" (of
    `handlers.subscribe.INTERESTS`)."""

    kind: PartKind = PartKind.ALL
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Part:
        """The part of its written form. Raises Refused."""
        name, _, value = text.partition(":")
        try:
            kind = PartKind(name)
        except ValueError:
            raise Refused(
                f"no such part: {text}. Parts: all, hubs-first, hubs, platform:…, language:…, province:…, interest:…"
            ) from None
        allowed = {
            PartKind.PLATFORM: CHATS,
            PartKind.LANGUAGE: tuple(Language),
            PartKind.INTEREST: tuple(INTERESTS),
        }.get(kind)
        if allowed and value not in allowed:
            raise Refused(f"{name} is one of {', '.join(allowed)}")
        bare = kind in (PartKind.ALL, PartKind.HUBS, PartKind.HUBS_FIRST)
        if bare == bool(value):
            raise Refused(f"{name} takes no value" if bare else f"{name}: which one? Write {name}:VALUE")
        return cls(kind, value)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind.value


@dataclass(frozen=True)
class Bulletin:
    """One bulletin in the version that stands.

    `month` is the month told of (of an alert or correction: in which it was made). `figures` are those that the text was
    made of, None where there are none. `signatures` are of this version alone. `edited`: somebody changed a word since it
    was drafted. `gathered`: every recipient has a row. `why` says why it is paused; `corrects` which bulletin it corrects.
    """

    id: int
    kind: Kind
    month: Month
    state: State
    version: int
    made_at: datetime
    content: Content
    figures: MonthFigures | None = None
    signatures: tuple[Signature, ...] = ()
    part: Part = Part()
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    edited: bool = False
    gathered: bool = False
    why: str = ""
    corrects: int | None = None

    def text(self, language: Language) -> BulletinText:
        """The text in a language; Thai where there is none."""
        return self.content.get(language) or self.content[Language.THAI]

    @property
    def so_far(self) -> bool:
        """Whether its month had not ended when it was counted."""
        return self.figures is not None and self.figures.so_far


# --- when ------------------------------------------------------------------------------------------------------------
def due(now: datetime, zone: ZoneInfo, day: int, hour: int) -> Month:
    """The month whose bulletin is due: the one before the newest drafting time (`day` of the month, `hour`) that has
    passed. However late this is asked, the answer is the same until the next drafting time."""
    here = now.astimezone(zone)
    this = Month.of(here)
    drafting = datetime(here.year, here.month, day, hour, tzinfo=zone)
    return this.before() if here >= drafting else this.before().before()


def drafted_month(month: Month, now: datetime, zone: ZoneInfo) -> Month:
    """The month, where it may be drafted: it has begun. Raises Refused."""
    if now < month.start(zone):
        raise Refused(f"{month} has not begun", "not_begun")
    return month


def quiet_reason(figures: MonthFigures) -> str:
    """ "empty" or "unchanged" for a month that tells nothing; "" for any other."""
    totals = figures.totals.values()
    if not any(figures.count(name) for name in ("asked", "warned", "reports")):
        return "empty"
    rows = [row for table in figures.tables.values() for row in table]
    same = all(total.count == total.before for total in totals) and all(row.count == row.before for row in rows)
    return "unchanged" if same else ""


# --- who -------------------------------------------------------------------------------------------------------------
def signed(bulletin: Bulletin, official: Official, now: datetime) -> tuple[Signature, ...]:
    """The signatures with this one added. Raises Refused: a reader, the same person twice, two without an approver, or a
    bulletin that is no draft."""
    if bulletin.state is not State.DRAFT:
        raise Refused(f"bulletin {bulletin.id} is {bulletin.state}, not a draft: there is nothing to sign", "no_draft")
    if not official.role.may(Role.EDITOR):
        raise Refused(f"{official.name} is a {official.role}: only editors and approvers sign", "role")
    if any(each.name == official.name for each in bulletin.signatures):
        raise Refused(f"{official.name} has signed already: two different people sign", "same_person")
    signatures = (*bulletin.signatures, Signature(official.name, official.role, now))
    if len(signatures) >= SIGNATURES and not any(each.role.may(Role.APPROVER) for each in signatures):
        raise Refused("one of the two who sign must be an approver", "no_approver")
    return signatures


def state_of(signatures: tuple[Signature, ...]) -> State:
    """What these signatures make of a draft."""
    return State.SIGNED if len(signatures) >= SIGNATURES else State.DRAFT


# --- whose figures ---------------------------------------------------------------------------------------------------
# As alike as two wordings of one line are: a letter put right, a word more or less.
REWORDED = 0.6
_RANK = re.compile(r"^\s*\d+[.)]\s+")
_NUMBER = re.compile(r"\d[\d,.]*")


def resourced(before: Sequence[FigureLine], texts: Sequence[str]) -> tuple[FigureLine, ...]:
    """The edited lines, each with the source of the line that it was. A line that only moved keeps its source; so does one
    that was reworded and tells the same numbers. What tells another number is nobody's figure any more: it has none."""
    left = list(before)
    found: dict[int, str] = {}
    for place, text in enumerate(texts):
        same = next((each for each in left if each.text.strip() == text.strip()), None)
        if same is not None:
            found[place] = same.source
            left.remove(same)
    for place, text in enumerate(texts):
        was = [each for each in left if _reworded(each.text, text)] if place not in found else []
        # Where it could have been either of two it is taken for neither, except where both come from one query.
        if len({each.source for each in was}) == 1:
            found[place] = was[0].source
            left.remove(was[0])
    return tuple(FigureLine(text, found.get(place, "")) for place, text in enumerate(texts))


def _reworded(before: str, text: str) -> bool:
    numbers, words = _told(before)
    same_numbers = bool(numbers) and numbers == _told(text)[0]
    return same_numbers and SequenceMatcher(None, words, _told(text)[1]).ratio() >= REWORDED


def _told(text: str) -> tuple[list[int], str]:
    """The numbers of a line, without its place in the list, and its words."""
    bare = _RANK.sub("", text)
    return [int(re.sub(r"[,.]", "", each)) for each in _NUMBER.findall(bare)], _NUMBER.sub("", bare)


# --- what next -------------------------------------------------------------------------------------------------------
EDITABLE = (State.DRAFT, State.SIGNED, State.SCHEDULED)


def may_edit(bulletin: Bulletin, official: Official | None) -> None:
    """Raises Refused. None is the operator at the command line."""
    if official is not None and not official.role.may(Role.EDITOR):
        raise Refused(f"{official.name} is a {official.role}: only editors and approvers change a bulletin", "role")
    if bulletin.state not in EDITABLE:
        raise Refused(
            f"bulletin {bulletin.id} is {bulletin.state}: what has left is corrected, not changed", "has_left"
        )


def may_send(bulletin: Bulletin, at: datetime, now: datetime) -> None:
    """Raises Refused: unsigned, already sent, cancelled, or for a time long gone."""
    if bulletin.state is State.DRAFT:
        missing = SIGNATURES - len(bulletin.signatures)
        raise Refused(
            f"bulletin {bulletin.id} is not signed: {missing} of {SIGNATURES} signatures are missing", "unsigned"
        )
    if bulletin.state in (State.SENT, State.SENDING, State.PAUSED):
        raise Refused(f"bulletin {bulletin.id} was sent already (it is {bulletin.state})", "has_left")
    if bulletin.state is State.CANCELLED:
        raise Refused(f"bulletin {bulletin.id} was cancelled", "cancelled")
    if at < now - JUST_GONE:
        raise Refused("that time has gone by", "gone_by")


def may_cancel(bulletin: Bulletin) -> None:
    """Raises Refused."""
    if bulletin.state in (State.SENT, State.CANCELLED):
        raise Refused(f"bulletin {bulletin.id} is {bulletin.state}: there is nothing to cancel", "state")


def may_pause(bulletin: Bulletin) -> None:
    """Raises Refused."""
    if bulletin.state is not State.SENDING:
        raise Refused(f"bulletin {bulletin.id} is {bulletin.state}: only one that is being sent can pause", "state")


def may_resume(bulletin: Bulletin) -> None:
    """Raises Refused."""
    if bulletin.state is not State.PAUSED:
        raise Refused(f"bulletin {bulletin.id} is {bulletin.state}, not paused", "state")


def may_correct(bulletin: Bulletin) -> None:
    """Raises Refused: only what somebody may have got is corrected."""
    if bulletin.started_at is None:
        raise Refused(f"nobody has got bulletin {bulletin.id}: change it instead", "nobody_got_it")


# --- to how many -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Quota:
    """LINE's messages of this month as LINE tells them: how many there are (None: no limit), and how many have left."""

    limit: int | None
    used: int

    @property
    def left(self) -> int | None:
        """None where there is no limit."""
        return None if self.limit is None else max(self.limit - self.used, 0)


@dataclass(frozen=True)
class Plan:
    """What sending would do: `recipients` by platform and language, the messages that it costs on LINE, and how many
    LINE has left this month for it (None: no limit, or LINE is off). `quota` is what LINE told, None where it was not
    asked; `silent` says why it told nothing, "" where it did or was not asked."""

    recipients: Mapping[tuple[Platform, Language], int]
    line_left: int | None = None
    quota: Quota | None = None
    silent: str = ""

    @property
    def whole(self) -> int:
        return sum(self.recipients.values())

    @property
    def line(self) -> int:
        return sum(count for (platform, _), count in self.recipients.items() if platform is Platform.LINE)

    @property
    def line_promised(self) -> int:
        """How many of LINE's messages other bulletins on their way still need."""
        left = self.quota.left if self.quota else None
        return 0 if left is None or self.line_left is None else left - self.line_left

    @property
    def line_short(self) -> int:
        """How many messages LINE's quota lacks for everybody; 0 where it suffices."""
        return 0 if self.line_left is None else max(self.line - self.line_left, 0)


def affordable(plan: Plan) -> None:
    """Raises Refused where LINE's quota is too small for everybody."""
    if plan.line_short:
        raise Refused(
            f"LINE has {plan.line_left} messages left this month and {plan.line} are needed: "
            "buy more, send to a part, or wait for the next month",
            "unaffordable",
        )
