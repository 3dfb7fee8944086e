"""Practice drills: who wants one, what was shown, and answers as totals. What somebody answered is kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.identity import Identity
from bot.store import forms, outbox
from bot.store.foundation import Foundation
from bot.store.transaction import Transaction
from content.models import Language, ScamType
from handlers.drill_types import Act, Choice, Chose, Monthly, Practice, Shown
from handlers.messages import Address, Platform, Reply
from scheduler.drills import Wanting
from scheduler.trends import Month

# A drill that was shown comes back only after this long: this month's and the last one's.
ROUNDS_STAY = timedelta(days=62)
# Answers of people who belong to no hub.
NO_HUB = 0
_PAGE = 200


class DrillBook:
    """The drills of one house: what a turn must know of them, and the `Rounds` of the scheduler."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    @property
    def _month(self) -> str:
        return Month.of(self._foundation.today()).text

    async def practice(self, address: Address) -> Practice:
        """What whoever writes from there has practised."""
        person, now, month = self._foundation.identity.person(address), self._foundation.now(), self._month
        return await self._database.read(lambda tx: practice(tx, person, month, now))

    async def totals(self, hub: int, month: Month) -> Mapping[Choice, int]:
        """The answers of a hub's people in a month: to be suppressed by whoever shows them."""
        rows = await self._database.read(lambda tx: tx.rows("drill_totals", hub=hub, month=month.text))
        return {Choice(row["answer"]): int(row["count"]) for row in rows}

    # Rounds

    async def keep_theme(self, theme: ScamType) -> bool:
        values = {"month": self._month, "type": theme.value, "now": forms.stamp(self._foundation.now())}
        return await self._database.write(lambda tx: tx.run("save_drill_theme", **values)) == 1

    async def wanting(self, most: int) -> Sequence[Wanting]:
        now, month = self._foundation.now(), self._month

        def work(tx: Transaction) -> list[Wanting]:
            return [
                Wanting(row["person"], _language(row["language"]), practice(tx, row["person"], month, now))
                for row in tx.rows("drill_due", month=month, page=most)
            ]

        return await self._database.read(work)

    async def send(self, letters: Sequence[tuple[Wanting, ScamType, Reply]]) -> int:
        return await self._database.write(lambda tx: sum(self._send(tx, *each) for each in letters))

    def _send(self, tx: Transaction, wanting: Wanting, shown: ScamType, reply: Reply) -> bool:
        now, month = self._foundation.now(), self._month
        if not tx.run("drill_claim", person=wanting.person, month=month):
            return False
        # Who cannot be reached has missed this month's, and nobody looks again before the next.
        row = tx.row("reachable", key=wanting.person)
        if row is None:
            return False
        tx.run("drill_shown", person=wanting.person, month=month, type=shown.value, now=forms.stamp(now))
        address = Address(Platform(row["platform"]), row["chat"], row["chat"])
        draft = outbox.Draft(address, reply, received_at=now, due_at=now, person=wanting.person)
        outbox.post(tx, self._foundation.seal, draft)
        return True

    # As time goes by

    async def remove_old(self) -> int:
        """Rounds of long ago; how many."""
        before, removed = forms.stamp(self._foundation.now() - ROUNDS_STAY), 0
        while gone := await self._database.write(lambda tx: tx.run("drill_old_rounds", before=before, page=_PAGE)):
            removed += gone
        return removed


def practice(tx: Transaction, person: str, month: str, now: datetime) -> Practice:
    """What one person has practised of late, and whether they want more."""
    theme = tx.row("drill_theme", month=month)
    done = tx.rows("drill_done", person=person, after=forms.stamp(now - ROUNDS_STAY))
    return Practice(
        theme=ScamType(theme["type"]) if theme is not None and theme["type"] in set(ScamType) else None,
        did=frozenset(row["type"] for row in done),
        monthly=tx.row("drill_wanted", person=person) is not None,
    )


@dataclass(frozen=True)
class AtTurn:
    """What a turn changes about drills. `person` is the keyed hash of whoever wrote; `hub` the number of theirs."""

    tx: Transaction
    identity: Identity
    now: datetime
    timezone: ZoneInfo
    hub: int = NO_HUB

    def act(self, address: Address, act: Act | None) -> None:
        """Make it true."""
        if act is None:
            return
        person = self.identity.person(address)
        month = Month.of(self.now.astimezone(self.timezone).date()).text
        match act:
            case Shown(kind):
                self.tx.run("drill_shown", person=person, month=month, type=kind.value, now=forms.stamp(self.now))
            case Chose(kind, choice):
                self._count(person, kind, choice)
            case Monthly(on):
                if on:
                    self.tx.run("drill_join", person=person, now=forms.stamp(self.now), month=month)
                else:
                    self.tx.run("drill_leave", person=person)

    def _count(self, person: str, kind: ScamType, choice: Choice) -> None:
        row = self.tx.row("drill_open_round", person=person, type=kind.value)
        if row is None or not self.tx.run("drill_close_round", person=person, type=kind.value):
            return
        self.tx.run("drill_count", month=row["month"], hub=self.hub, type=kind.value, answer=choice.value)


def _language(text: str | None) -> Language:
    return Language(text) if text in set(Language) else Language.THAI
