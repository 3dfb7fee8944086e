"""After SECRET_KEY has changed: whatever an older key sealed is sealed anew, beside a house that goes on serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sealing import Seal, SealBroken
from bot.store import audit
from bot.store.audit import OPERATOR, Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction

# Every table that holds something sealed, and what comes before its first key. The people's own key is sealed anew at each start.
PARTS: tuple[tuple[str, int | str], ...] = (
    ("sessions", ""),
    ("inbox", 0),
    ("outbox", 0),
    ("officials", 0),
    ("official_links", 0),
    ("hub_tables", 0),
    ("trusted_news", 0),
    ("campaign_identifiers", 0),
    ("takedown_targets", 0),
    # A rotation moves a secret from the first to the second.
    ("partner_webhooks", 0),
    ("partner_webhook_secrets", 0),
)
# Opened and sealed between two transactions, so that no answer waits behind it.
_PAGE = 200


@dataclass(frozen=True)
class Resealed:
    """How many rows were sealed anew, and how many no key of ours opens."""

    rows: int = 0
    unreadable: int = 0

    def __add__(self, other: Resealed) -> Resealed:
        return Resealed(self.rows + other.rows, self.unreadable + other.unreadable)


async def reseal(foundation: Foundation) -> Resealed:
    """Seal anew with the newest key. May run beside serving processes, as often as one likes; when a round changes nothing
    and every process has the new key in front, the older keys can go."""
    whole = Resealed()
    for name, first in PARTS:
        whole = whole + await _part(foundation, name, first)
    if whole.rows:
        now = foundation.now()
        act = Act(OPERATOR, "sealed anew", "database", {"rows": whole.rows})
        await foundation.database.write(lambda tx: audit.written(tx, act, now))
    return whole


async def _part(foundation: Foundation, name: str, first: int | str) -> Resealed:
    whole, after = Resealed(), first
    while rows := await _page(foundation, name, after):
        after = rows[-1]["id"]
        whole = whole + await _anew(foundation, name, rows)
    return whole


async def _page(foundation: Foundation, name: str, after: int | str) -> Sequence[Row]:
    return await foundation.database.read(lambda tx: tx.rows(f"sealed_{name}", after=after, page=_PAGE))


async def _anew(foundation: Foundation, name: str, rows: Sequence[Row]) -> Resealed:
    older = [(row["id"], row["body"]) for row in rows if not foundation.seal.is_newest(row["body"])]
    opened = [(id, before, _opened(foundation.seal, before)) for id, before in older]
    changes = [(id, before, foundation.seal.close(text)) for id, before, text in opened if text is not None]

    def work(tx: Transaction) -> int:
        return sum(tx.run(f"reseal_{name}", id=id, before=before, body=body) for id, before, body in changes)

    changed = await foundation.database.write(work) if changes else 0
    return Resealed(changed, len(older) - len(changes))


def _opened(seal: Seal, sealed: str) -> str | None:
    try:
        return seal.open(sealed)
    except SealBroken:
        return None
