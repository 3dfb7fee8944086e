"""Who answers whom, where several processes work on one database.

Everybody belongs to one of 64 shards, by their chat. A process holds its fair share of them, says every second that it is
still here, and loses them all when it has been silent for too long; whoever held a shard before writes nothing for it any
more, because every unit of a turn looks whether it still holds the shard since the same change of hands.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from uuid import uuid4

from bot.store import forms
from bot.store.foundation import Foundation
from bot.store.transaction import Reach, StoreFailed, Transaction
from handlers.messages import Platform

SHARDS = 64
# Every process says so often that it is here; each time it also sees whether it has too many shards or too few.
BEAT_SECONDS = 1.0
# Silent for so long, a process is taken for dead: ten beats, so that a slow machine is not.
LEASE_SECONDS = 10.0
# Silent for so long and without a connection to the database, it has ended.
GONE_SECONDS = 3.0
# Whoever has been away itself (paused, or the database was) must not take the others for dead before they could speak.
PATIENCE_SECONDS = 5.0
# What has been silent for a day was switched off: its row goes.
FORGOTTEN_SECONDS = 86_400.0
# Longer than anything was ever silent: only who has said goodbye is then taken for dead.
_FOR_EVER = 1e9


class LeaseLost(StoreFailed):
    """Another process answers these people now: nothing was written, and it will answer."""


@dataclass(frozen=True)
class Fence:
    """The right to write for the people of a shard."""

    shard: int
    process: str
    epoch: int

    def hold(self, tx: Transaction) -> None:
        """Raises LeaseLost where the shard has changed hands; else nobody can take it before this transaction ends."""
        if tx.row("hold_shard", shard=self.shard, process=self.process, epoch=self.epoch) is None:
            raise LeaseLost(f"another process holds shard {self.shard}")


@dataclass(frozen=True)
class Change:
    """What a beat found: shards that are ours since then, and shards that are ours no more."""

    gained: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()


def shard_of(platform: Platform, chat: str) -> int:
    """Which of the 64 a chat belongs to, for ever and in every process."""
    return zlib.crc32(f"{platform.value}:{chat}".encode(errors="surrogatepass")) % SHARDS


def fair_share(living: int) -> int:
    """The most that one of so many processes holds."""
    return -(-SHARDS // max(living, 1))


@dataclass
class Leases:
    """The shards of this process. `name` is its address where it listens at one: two cannot, so that whoever had it before is
    known to be dead at once. `seconds` is a steady clock of this machine."""

    foundation: Foundation
    name: str
    seconds: Callable[[], float] = time.monotonic
    process: str = field(default_factory=lambda: str(uuid4()))
    # Shard → since which change of hands.
    held: dict[int, int] = field(default_factory=dict)
    # To be let go of as soon as nothing is in hand: nothing new is begun in them.
    leaving: set[int] = field(default_factory=set)
    living: int = 1
    _beaten_at: float | None = None
    _steady_since: float = 0.0

    def mine(self, shard: int) -> bool:
        """Whether what comes in for this shard may be begun here."""
        return shard in self.held and shard not in self.leaving

    def sure(self) -> bool:
        """Whether nobody can have taken our shards, by the time that has passed here since we last said that we live."""
        return self._beaten_at is not None and self.seconds() - self._beaten_at < LEASE_SECONDS

    def fence(self, shard: int) -> Fence:
        """Raises LeaseLost where the shard is not ours as far as we know."""
        if shard not in self.held:
            raise LeaseLost(f"shard {shard} is not ours")
        return Fence(shard, self.process, self.held[shard])

    async def begin(self) -> Change:
        """Say that we are here, and that whoever was here under our name is not; then as `beat`."""
        await self.foundation.database.write(
            lambda tx: tx.run("supersede_processes", name=self.name, process=self.process), Reach.SHARDS
        )
        return await self.beat(frozenset())

    async def beat(self, busy: Collection[int]) -> Change:
        """Say that we are here, take what is free up to our share, and let go of what is over it, but of no shard that is
        `busy`. Raises StoreFailed; then nothing has changed."""
        asked_at = self.seconds()
        if not self.sure():
            self._steady_since = asked_at
        patient = self._beaten_at is not None and asked_at - self._steady_since >= PATIENCE_SECONDS
        spare = self.leaving - set(busy)

        def work(tx: Transaction) -> tuple[int, dict[int, int]]:
            return self._beat(tx, spare, patient=patient)

        self.living, now = await self.foundation.database.write(work, Reach.SHARDS)
        # What was said while we were not looking counts from when it was begun.
        self._beaten_at = asked_at
        before, self.held = self.held, now
        self._mark_surplus(busy)
        return Change(
            gained=frozenset(shard for shard, epoch in now.items() if before.get(shard) != epoch),
            lost=frozenset(shard for shard, epoch in before.items() if now.get(shard) != epoch),
        )

    def _beat(self, tx: Transaction, spare: Collection[int], *, patient: bool) -> tuple[int, dict[int, int]]:
        tx.run("note_process", process=self.process, name=self.name, now=forms.stamp(self.foundation.now()))
        tx.run("forget_processes", long=FORGOTTEN_SECONDS)
        dead = {"lease": LEASE_SECONDS, "gone": GONE_SECONDS} if patient else {"lease": _FOR_EVER, "gone": _FOR_EVER}
        living = int(tx.rows("living_processes", **dead)[0]["living"])
        for shard in sorted(spare):
            tx.run("let_go_of_shard", shard=shard, process=self.process)
        held = {row["shard"]: row["epoch"] for row in tx.rows("my_shards", process=self.process)}
        wanted = fair_share(living) - len(held)
        if wanted > 0 and not spare:
            for row in tx.rows("free_shards", **dead, most=wanted):
                taken = tx.row("take_shard", shard=row["shard"], process=self.process)
                if taken is not None:
                    held[row["shard"]] = taken["epoch"]
        return living, held

    def _mark_surplus(self, busy: Collection[int]) -> None:
        """Choose what to let go of at the next beat: what has nothing in hand first."""
        over = max(0, len(self.held) - fair_share(self.living))
        chosen = sorted(self.held, key=lambda shard: (shard not in self.leaving, shard in busy, -shard))
        self.leaving = set(chosen[:over])

    async def end(self) -> None:
        """Let go of everything: the others take over at their next beat."""

        def work(tx: Transaction) -> None:
            tx.run("let_go_of_all", process=self.process)
            tx.run("leave_processes", process=self.process)

        await self.foundation.database.write(work, Reach.SHARDS)
        self.held, self._beaten_at = {}, None
        self.leaving.clear()
