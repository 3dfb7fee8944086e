"""Forgetting a person: everything that is theirs goes at once, and the audit keeps that it was done, without whom."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from bot.store import audit, filing, hubs, ledger, limits, pictures, sightings, trusted
from bot.store.audit import Act
from bot.store.transaction import Transaction


@dataclass(frozen=True)
class Erased:
    """What went, in rows. `limits` are not gone but stripped: see docs/privacy.md."""

    people: int = 0  # the person's row, and with it their conversation
    reports: int = 0  # emptied of words and of whose they were; that there were some stays
    identifiers: int = 0  # hashes of numbers, accounts, pages that only they had reported
    letters: int = 0  # answers on their way, and whose the sent ones were
    questions: int = 0  # messages and pictures in whose counts they were
    follow_ups: int = 0
    messages: int = 0  # what still waited to be answered
    limits: int = 0

    def __add__(self, other: Erased) -> Erased:
        return Erased(**{name: count + other.counts[name] for name, count in self.counts.items()})

    def __bool__(self) -> bool:
        return any(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """Each count by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def erase(tx: Transaction, person: str, now: datetime) -> Erased:
    """Remove a person or group, by keyed hash, and every word of theirs. What they say from now on is something new."""
    told = tx.rows("own_rows", person=person)[0]
    # Whom they were linked with is told, while it is known who that is.
    trusted.end_all(tx, person, now)
    # First what finds theirs by their reports.
    identifiers = ledger.erase(tx, person)
    filing.forget(tx, person)
    hubs.forget(tx, person)
    erased = Erased(
        people=tx.run("erase_person", key=person),
        reports=told["reports"],
        identifiers=identifiers,
        letters=tx.run("erase_letters", person=person),
        questions=sightings.erase(tx, person) + pictures.erase(tx, person),
        follow_ups=told["follow_ups"],
        limits=limits.strip(tx, person, now),
    )
    tx.tidy()
    return erased


def write_down(tx: Transaction, erased: Erased, by: str, now: datetime) -> None:
    """That somebody was erased, by whom (`audit.HOUSE` at their own wish) and how much went; never who it was."""
    audit.written(tx, Act(by, "person erased", "person", erased.counts), now)
