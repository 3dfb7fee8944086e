"""What officials see of take-down requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from content.reported import Subject
from content.takedown import Ask, RecipientKind
from handlers.errors import RutanError


class State(StrEnum):
    """Where a request stands."""

    PREPARED = "prepared"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REMOVED = "removed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # we take it back


WAITING = (State.PREPARED, State.SENT, State.ACKNOWLEDGED)
# The decisions on which a request may stand.
FOUND_SCAM = ("scam", "new_entry")


@dataclass(frozen=True)
class Target:
    """A thing to be taken down; `value` is "" where it is not kept any more."""

    subject: Subject
    key: str

    @property
    def value(self) -> str:
        return self.subject.value


@dataclass(frozen=True)
class Wish:
    """Who is asked for what."""

    kind: RecipientKind
    asks: tuple[Ask, ...]
    name: str = ""
    address: str = ""
    targets: tuple[Subject, ...] = ()


@dataclass(frozen=True)
class Request:
    """A request. `case` is the case as it is now (another one where it was merged); `stands`: an official's decision that
    it is a scam stands; `seen_again`: when what was removed was reported or asked about again; `by_report`: it was
    reported, which names the very thing."""

    id: int
    case: int
    kind: RecipientKind
    name: str
    address: str
    asks: tuple[Ask, ...]
    state: State
    version: int
    prepared_by: str
    prepared_at: datetime
    sent_by: str
    sent_at: datetime | None
    reference: str
    acknowledged_at: datetime | None
    ended_at: datetime | None
    reason: str
    follows: int | None
    stands: bool
    targets: tuple[Target, ...] = ()
    seen_again: datetime | None = None
    by_report: bool = False

    @property
    def waiting(self) -> bool:
        return self.state in WAITING

    @property
    def to_acknowledge(self) -> timedelta | None:
        """How long it took them to say that they have it."""
        return self.acknowledged_at - self.sent_at if self.acknowledged_at and self.sent_at else None

    @property
    def to_remove(self) -> timedelta | None:
        """How long it took from sending to removal."""
        removed = self.state is State.REMOVED and self.ended_at and self.sent_at
        return self.ended_at - self.sent_at if removed and self.ended_at and self.sent_at else None


@dataclass(frozen=True)
class Named:
    """What reports say of one target."""

    times: int
    reporters: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Counted:
    """How often the message of a case was asked about and reported. `people` are different ones."""

    asked: int
    people: int
    first_seen: datetime | None
    last_seen: datetime | None
    first_report: datetime | None


@dataclass(frozen=True)
class Took:
    """What became of the requests to one kind of recipient that were sent in a time, and each one's time: to say that they
    have it, and to remove."""

    kind: RecipientKind
    sent: int = 0
    acknowledged: Sequence[timedelta] = ()
    removed: Sequence[timedelta] = ()
    refused: int = 0
    withdrawn: int = 0
    waiting: int = 0


class NoSuchRequest(RutanError):
    """There is no take-down request of that number."""


class Refused(RutanError):
    """A request may not be made or changed like this: `why` in a word, `about` what."""

    def __init__(self, why: str, about: str = "") -> None:
        super().__init__(f"{why} {about}".strip())
        self.why = why
        self.about = about


class Changed(RutanError):
    """Somebody has changed the request since it was shown."""


def half_within(times: Sequence[timedelta]) -> timedelta | None:
    """The time within which at least half were done, in whole hours and never less than it was; None for none."""
    hours = sorted(max(ceil(each / timedelta(hours=1)), 1) for each in times)
    return timedelta(hours=hours[(len(hours) - 1) // 2]) if hours else None
