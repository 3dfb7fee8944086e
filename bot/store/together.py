"""What processes share that serve from one database: who leads, what one tells the others, how much may leave in a second.

Here stands what each of them asks for, and the simple case: one process over SQLite shares with nobody. PostgreSQL's side is in
`leader.py`, `signals.py` and `budgets.py`, loaded only where it serves.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Protocol

from bot.pace import Gate, OwnSlots, Purses
from bot.store.foundation import Foundation
from bot.store.opening import is_postgres
from bot.store.transaction import Reach


class Topic(StrEnum):
    """What one process tells the others. The word beside it: the number of …"""

    KNOWLEDGE = "rutan_knowledge"  # … the revision that became live
    INBOX = "rutan_inbox"  # … the shard that a message came in for
    LETTERS = "rutan_letters"  # … the group of bells that a browser's letter rings
    PARTNERS = "rutan_partners"  # … the partner whose keys have changed


# Given the word, or "" after a time in which a signal may have been missed: then everybody looks once. Must be quick.
Heard = Callable[[str], None]


class Duty(IntEnum):
    """What only one process does at a time, as the number of the lock that it holds meanwhile: any number, the same in every process
    of ours and of no other lock."""

    JOBS = 7_088_472
    ASKING_TELEGRAM = 7_088_474


class Leadership(Protocol):
    """Whether this process leads."""

    def leads(self) -> bool:
        """Asked before each job: costs nothing."""

    async def run(self, took_over: Callable[[], None]) -> None:
        """For as long as the process serves; cancelled, it lets the lead go. `took_over` is told each time it gets it."""


class Signals(Protocol):
    """The ear of one process."""

    def on(self, topic: Topic, heard: Heard) -> None:
        """Before `run`."""

    async def run(self) -> None:
        """Hear for as long as the process serves."""


class Alone:
    """One process serves, and leads."""

    def leads(self) -> bool:
        return True

    async def run(self, took_over: Callable[[], None]) -> None:
        """Nothing to wait for: the ticker's own start was the taking over."""


class Deaf:
    """Nobody to hear: one process serves, and where a second one answers beside it, it looks often."""

    def on(self, topic: Topic, heard: Heard) -> None:
        """Nothing will be heard."""

    async def run(self) -> None:
        """Nothing to wait for."""


@dataclass(frozen=True)
class Budgets:
    """What may leave to Telegram in a second; and what one address may ask, None where this process counts alone."""

    telegram: Gate
    purses: Purses | None = None


def leadership(url: str, duty: Duty = Duty.JOBS) -> Leadership:
    """What `DATABASE_URL` asks for; each duty has a leader of its own."""
    if not is_postgres(url):
        return Alone()
    # Here, so that who serves from SQLite does not wait for PostgreSQL's client.
    from bot.store.leader import Leader

    return Leader(url, duty)


def signals(url: str) -> Signals:
    """What `DATABASE_URL` asks for."""
    if not is_postgres(url):
        return Deaf()
    from bot.store.signals import Listener

    return Listener(url)


@asynccontextmanager
async def budgets(url: str, telegram_a_second: float) -> AsyncIterator[Budgets]:
    """What `DATABASE_URL` asks for; closed with the block."""
    between = 1 / telegram_a_second
    if not is_postgres(url):
        yield Budgets(Gate(OwnSlots(between), between))
        return
    from bot.store.budgets import SharedPurses, SharedSlots, Till

    till = Till(url)
    try:
        yield Budgets(Gate(SharedSlots(till, "telegram", between), between), SharedPurses(till))
    finally:
        await till.close()


# After so long at rest every budget is whole again.
_AT_REST = timedelta(minutes=10)


async def remove_budgets(foundation: Foundation) -> int:
    """Forget whoever has not asked for some minutes; how many."""
    before = (foundation.now() - _AT_REST).timestamp()
    return await foundation.database.write(lambda tx: tx.run("remove_budgets", before=before), Reach.ROWS)


def bells(chat: str) -> str:
    """The group of bells, one of 256, that a letter to this chat rings: of a browser's name, which has 128 bits, a signal tells 8
    by a hash."""
    return str(hashlib.sha256(chat.encode(errors="surrogatepass")).digest()[0])
