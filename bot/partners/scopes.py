"""Who a partner is and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a key opens. An endpoint shows just what its scope allows."""

    CHECK = "check"  # many texts in one request
    ENTRIES = "entries"  # the tricks we know
    DIRECTORY = "directory"  # who is really who
    ALERTS = "alerts"  # urgent warnings that two officials signed
    TRENDS = "trends"  # figures of a month, small numbers suppressed
    REPORTS = "reports"  # report, and hear what became of it
    FEEDS = "feeds"  # the early-warning feeds that are not public
    IDENTIFIERS = "identifiers"  # telephones and accounts in them: for agencies


@dataclass(frozen=True)
class Partner:
    """Who asks. `rate`: requests, and texts of a batch, in a minute; `key` is the row of the key that they came with."""

    id: int
    name: str
    scopes: frozenset[Scope]
    rate: int
    key: int = 0

    def may(self, *scopes: Scope) -> bool:
        """Whether they may do all of that."""
        return self.scopes.issuperset(scopes)


class Refusal(StrEnum):
    """Why a key opens nothing."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Key:
    """A key as people see it again: `hint` are its first letters. The moments are aware UTC."""

    id: int
    hint: str
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Whether it still does."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
