"""Messages that wait too long, for an operator to look at without their words, and to take away when one breaks the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.sealing import SealBroken
from bot.store import audit, forms
from bot.store.audit import OPERATOR, Act
from bot.store.foundation import Foundation
from bot.store.transaction import Transaction
from handlers.messages import Message
from handlers.ports import Waiting

# More would fill any screen.
MOST = 200


@dataclass(frozen=True)
class Stuck:
    """One message: `id` as the logs name it (`inbox=…`), `size` of what is sealed, in bytes."""

    id: int
    platform: str
    received_at: datetime
    size: int


class StuckMessages:
    """The inbox as an operator sees it."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    async def waiting(self) -> Sequence[Stuck]:
        """The oldest first, `MOST` of them."""
        rows = await self._database.read(lambda tx: tx.rows("stuck", page=MOST))
        return [Stuck(row["id"], row["platform"], forms.moment(row["received_at"]), row["size"]) for row in rows]

    async def readable(self, id: int) -> Waiting | None:
        """The message, to be apologised for; None where it is gone or cannot be read."""
        row = await self._database.read(lambda tx: tx.row("waiting_message", id=id))
        try:
            return Waiting(row["id"], forms.read(Message, self._foundation.seal.open(row["body"]))) if row else None
        except (SealBroken, forms.FormBroken):
            return None

    async def drop(self, id: int) -> bool:
        """Take it away without an answer; False where it does not wait any more."""
        now = self._foundation.now()

        def work(tx: Transaction) -> bool:
            if not tx.run("done", id=id, now=forms.stamp(now)):
                return False
            audit.written(tx, Act(OPERATOR, "message dropped", f"inbox:{id}"), now)
            return True

        return await self._database.write(work)

    async def noted(self, id: int) -> None:
        """That it was taken away with an apology in its place."""
        now = self._foundation.now()
        act = Act(OPERATOR, "message apologised for", f"inbox:{id}")
        await self._database.write(lambda tx: audit.written(tx, act, now))
