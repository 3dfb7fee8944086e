"""What whoever watches the house is told of its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store import forms
from bot.store.foundation import Foundation


@dataclass(frozen=True)
class Watched:
    """`oldest_letter`: how long the oldest answer that should have left has waited; `backed_up_at` None: never."""

    oldest_letter: timedelta
    cases_open: int
    cases_overdue: int
    backed_up_at: datetime | None


async def watched(foundation: Foundation, now: datetime) -> Watched:
    """How things stand at this moment."""
    row = (await foundation.database.read(lambda tx: tx.rows("watched", now=forms.stamp(now))))[0]
    waited = now - forms.moment(row["letter"]) if row["letter"] else timedelta()
    backed_up = forms.moment(row["backed_up"]) if row["backed_up"] else None
    return Watched(max(waited, timedelta()), row["open"], row["overdue"], backed_up)
