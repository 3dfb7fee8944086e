"""From when on there are figures at all."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store.foundation import Foundation


async def began(foundation: Foundation) -> datetime | None:
    """The hour in which anything was counted first, on the house's clock; None in a new house."""
    row = (await foundation.database.read(lambda tx: tx.rows("first_figures")))[0]
    if not row["hour"]:
        return None
    return datetime.fromisoformat(f"{row['hour']}:00").replace(tzinfo=UTC).astimezone(foundation.timezone)
