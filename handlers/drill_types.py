"""What a practice drill is made of: what is known of the person, and what a turn changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from content.models import ScamType


class Choice(StrEnum):
    """What somebody would do."""

    DO = "do"  # what it says
    ASK = "ask"  # ask somebody first, or call a number that they look up
    IGNORE = "ignore"  # nothing
    UNSURE = "unsure"


@dataclass(frozen=True)
class Practice:
    """One person's practice: this month's `theme`, the types of the last months that they `did`, and whether they want
    one every month."""

    theme: ScamType | None = None
    did: frozenset[str] = frozenset()
    monthly: bool = False


NEVER = Practice()


@dataclass(frozen=True)
class Shown:
    """A drill of this type was shown."""

    type: ScamType


@dataclass(frozen=True)
class Chose:
    """The answer to the last drill of this type: counted once, as part of a total, and kept nowhere else."""

    type: ScamType
    choice: Choice


@dataclass(frozen=True)
class Monthly:
    """One every month, or none any more."""

    on: bool


Act = Shown | Chose | Monthly
