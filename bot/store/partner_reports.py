"""Reports that partners bring: filed like anybody's, with a partner's weight, each request once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.partners.scopes import Partner
from bot.store import filing, forms
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from handlers.errors import RutanError
from handlers.messages import Address, Details, NewReport, Platform
from handlers.standing import Evidence


class RequestReused(RutanError):
    """A request of this name said something else."""


@dataclass(frozen=True)
class Standing:
    """A partner's own report. `state`: received, in_review, answered, withdrawn; `decision`, `entry` and `type` once it is
    answered: scam, new_entry, not_a_scam, cant_tell."""

    number: str
    state: str
    reported_at: datetime
    promised_at: datetime | None
    decision: str | None
    entry: str | None
    type: str | None

    @property
    def withdrawn(self) -> bool:
        """Whether the partner took it back."""
        return self.state == "withdrawn"


@dataclass(frozen=True)
class Filed:
    """A report; `again`: it was filed by an earlier request of the same name."""

    standing: Standing
    again: bool


class PartnerReports:
    """What partners report, over one database."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    async def seen(self, partner: Partner, request: str, said: object) -> Standing | None:
        """What an earlier request of this name filed. Raises RequestReused where that one said something else."""
        which = {"partner": partner.id, "request": self._name(request)}
        found = await self._database.read(lambda tx: tx.row("partner_request", **which))
        return await self.standing(partner, self._same(found, said)) if found else None

    async def file(
        self, partner: Partner, report: NewReport, tell: Callable[[str], Details], request: str, said: object
    ) -> Filed:
        """File a report; `tell` gives its details by its number. `said` is the request as it came: a keyed hash of it is
        kept, so that the same name with other words is refused. Raises RequestReused."""
        now = self._foundation.now()

        def work(tx: Transaction) -> Filed:
            found = tx.row("partner_request", partner=partner.id, request=self._name(request))
            if found is not None:
                return Filed(_standing(tx, partner, self._same(found, said)), again=True)
            foundation, address = self._foundation, address_of(partner)
            desk = filing.Filing(tx, foundation.identity, now, foundation.timezone, Evidence.PARTNER)
            number = desk.file(address, report).number
            filing.detail(tx, foundation.identity.person(address), tell(number))
            values = {"partner": partner.id, "number": number, "request": self._name(request)}
            tx.run("claim_partner_report", said=self._hash(said), now=forms.stamp(now), **values)
            return Filed(_standing(tx, partner, number), again=False)

        return await self._database.write(work)

    async def standing(self, partner: Partner, number: str) -> Standing | None:
        """Where a partner's own report stands; None for anybody else's."""

        def work(tx: Transaction) -> Standing | None:
            row = tx.row("partner_report", partner=partner.id, number=number)
            return _of(row) if row else None

        return await self._database.read(work)

    async def withdraw(self, partner: Partner, number: str) -> bool:
        """Take back a report: its words go at once and it counts no more. Whether there was such a one."""
        person = self._foundation.identity.person(address_of(partner))

        def work(tx: Transaction) -> bool:
            mine = tx.row("partner_report", partner=partner.id, number=number)
            return mine is not None and filing.withdraw(tx, person, number)

        return await self._database.write(work)

    def _same(self, found: Row, said: object) -> str:
        if found["said"] != self._hash(said):
            raise RequestReused
        return str(found["number"])

    def _name(self, request: str) -> str:
        # A partner may name a request by its caller's telephone.
        return self._foundation.identity.identifier("partner request", request)

    def _hash(self, said: object) -> str:
        # Keyed: a hash of a short text alone would give the text away.
        return self._foundation.identity.of_text(json.dumps(said, sort_keys=True))


def address_of(partner: Partner) -> Address:
    """A partner as a reporter: one voice, however many people are behind it."""
    return Address(Platform.PARTNER, str(partner.id), str(partner.id))


def _standing(tx: Transaction, partner: Partner, number: str) -> Standing:
    return _of(tx.rows("partner_report", partner=partner.id, number=number)[0])


def _of(row: Any) -> Standing:
    answered = row["state"] == "answered"
    return Standing(
        number=row["number"],
        state=row["state"],
        reported_at=forms.moment(row["reported_at"]),
        promised_at=forms.moment(row["promised_at"]) if row["promised_at"] else None,
        decision=(row["decision"] or None) if answered else None,
        entry=row["decided_entry"] if answered else None,
        type=row["decided_type"] if answered else None,
    )
