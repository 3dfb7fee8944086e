"""What a campaign of the early-warning feed is, who may be told of it, and why something was not done with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from content.reported import Subject
from handlers.errors import RutanError

# The decisions that name a scam.
SCAMS = ("scam", "new_entry")
# Kinds of `Subject` that belong to a person: only agencies that may see identifiers are told. A LINE id with @ is an account
# that a shop opened to be found.
PERSONAL = frozenset({"phone", "account", "wallet"})
# Never told to anybody: thirteen digits are somebody's national id.
NEVER = frozenset({"promptpay"})


class Marking(StrEnum):
    """TLP 2.0: to whom it may be passed on."""

    CLEAR = "clear"  # everybody
    GREEN = "green"  # the community of whoever got it
    AMBER = "amber"  # their own organisation and its clients


class State(StrEnum):
    """Where a campaign stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REVOKED = "revoked"
    DECLINED = "declined"  # never was in the feed


class Why(StrEnum):
    """Why something was not done with a campaign."""

    NO_CASE = "no_case"
    UNDECIDED = "undecided"  # nobody has decided that the case is a scam
    OPEN = "open"  # the case has a campaign already
    NOT_NAMED = "not_named"  # the case does not bear out one of the things
    NEVER = "never"  # nothing of that kind is told to anybody
    MANY = "many"
    OWN = "own"  # whoever proposed it cannot confirm it
    ROLE = "role"
    CHANGED = "changed"  # somebody was faster
    NO_REASON = "no_reason"
    TIME = "time"  # it would hold too long, or not at all


class NotDone(RutanError):
    """`why`; `which` is the place (from 1) of the thing it is about, 0 for none."""

    def __init__(self, why: Why, which: int = 0) -> None:
        super().__init__(why.value)
        self.why = why
        self.which = which


@dataclass(frozen=True)
class Campaign:
    """One campaign. `reports` and `reporters` are those of its case, `first_on` and `last_on` days of the house's calendar,
    `used` what it uses; `number` of a thing is its place in `used` from 1, which never changes."""

    id: int
    uuid: str
    case: int
    type: str | None
    entry: str | None
    marking: Marking
    state: State
    valid_until: datetime
    reports: int
    reporters: int
    first_on: date
    last_on: date
    came_by: tuple[str, ...]
    counted_at: datetime
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    reason: str = ""
    used: tuple[tuple[int, Subject], ...] = ()

    @property
    def revoked(self) -> bool:
        return self.state is State.REVOKED

    @property
    def changed_at(self) -> datetime:
        """When what the feed says of it changed last."""
        moments = (self.confirmed_at, self.ended_at, self.counted_at if self.confirmed_at else None)
        return max((each for each in moments if each), default=self.proposed_at)


@dataclass(frozen=True)
class Proposal:
    """What an official wants told: to whom, until when, and what the scam uses."""

    case: int
    marking: Marking
    valid: timedelta
    used: Sequence[Subject] = ()


@dataclass(frozen=True)
class Mark:
    """Since when something is in the feed, and since when in its present words."""

    digest: str
    since: datetime
    changed: datetime


def personal(subject: Subject) -> bool:
    """Whether it leads to a person, so that only agencies are told."""
    return subject.kind in PERSONAL or (subject.kind == "line_id" and not subject.value.startswith("@"))
