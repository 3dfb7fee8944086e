"""Partners: their names, scopes, keys and rates. A key is kept as a keyed hash alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from unicodedata import normalize

from bot.partners import keys
from bot.partners.scopes import Key, Partner, Refusal, Scope
from bot.store import audit, forms
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from handlers.errors import RutanError

# So long the older key opens things after a rotation: time to change it in every program of a partner's.
GRACE = timedelta(days=7)
# How exactly it is known when a key was last used.
_USED_EVERY = timedelta(minutes=1)
_LONGEST_NAME = 80


class PartnerRefused(RutanError):
    """A partner cannot be made, found or changed; the message says why."""


@dataclass(frozen=True)
class Issued:
    """A key, this once: it is kept nowhere. `until`: None where it has no end."""

    partner: Partner
    key: str
    until: datetime | None


@dataclass(frozen=True)
class Listed:
    """A partner as officials and operators see them; the newest key first."""

    partner: Partner
    made_at: datetime
    revoked_at: datetime | None
    keys: tuple[Key, ...]

    @property
    def used_at(self) -> datetime | None:
        """When any of their keys was last used, to the minute."""
        return max((each.used_at for each in self.keys if each.used_at), default=None)


class PartnerBook:
    """The partners of one house. What cannot be done raises PartnerRefused, and then nothing has changed."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    async def add(self, name: str, scopes: Iterable[Scope], rate: int, until: datetime | None, made_by: str) -> Issued:
        """Make a partner and their first key."""
        name, now = " ".join(normalize("NFC", name).split()), self._foundation.now()
        if not name or len(name) > _LONGEST_NAME:
            raise PartnerRefused(f"A partner needs a name of at most {_LONGEST_NAME} letters.")
        given = _allowed(scopes, rate)

        def work(tx: Transaction) -> Issued:
            row = tx.row("add_partner", name=name, name_key=_key(name), made_by=made_by, now=forms.stamp(now), **given)
            if row is None:
                raise PartnerRefused(f"There is a partner named {name} already.")
            made = Partner(row["id"], name, _scopes(str(given["scopes"])), rate)
            audit.written(tx, Act(made_by, "partner added", subject(made.id), {"name": name, **given}), now)
            return self._issue(tx, made, until, now)

        return await self._database.write(work)

    async def change(self, name: str, scopes: Iterable[Scope] | None, rate: int | None, made_by: str) -> Partner:
        """Other scopes, another rate, or both (None: as they are); true from the next request on."""
        now = self._foundation.now()

        def work(tx: Transaction) -> Partner:
            found = known(tx, name)
            given = _allowed(found.scopes if scopes is None else scopes, found.rate if rate is None else rate)
            tx.run("change_partner", id=found.id, **given)
            audit.written(tx, Act(made_by, "partner changed", subject(found.id), given), now)
            return replace(found, scopes=_scopes(str(given["scopes"])), rate=int(given["rate"]))

        return await self._database.write(work)

    async def rotate(self, name: str, until: datetime | None, grace: timedelta, made_by: str) -> Issued:
        """A new key; the older ones open things for `grace` yet, and none of them longer than before."""
        now = self._foundation.now()

        def work(tx: Transaction) -> Issued:
            issued = self._issue(tx, known(tx, name), until, now)
            tx.run(
                "end_partner_keys", partner=issued.partner.id, but=issued.partner.key, until=forms.stamp(now + grace)
            )
            hint = keys.hint(issued.key)
            audit.written(tx, Act(made_by, "partner's key rotated", subject(issued.partner.id), {"hint": hint}), now)
            return issued

        return await self._database.write(work)

    async def revoke(self, name: str, made_by: str, hint: str = "") -> int:
        """End a partner and all of their keys at once, or the one key that begins so; how many keys ended."""
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            found = known(tx, name, revoked=True)
            ended = tx.run("revoke_partner_key", partner=found.id, hint=hint, now=forms.stamp(now))
            if hint and not ended:
                raise PartnerRefused(f"{found.name} has no key that begins with {hint} and still opens anything.")
            if not hint:
                tx.run("revoke_partner", id=found.id, now=forms.stamp(now))
            act = "partner's key revoked" if hint else "partner revoked"
            audit.written(tx, Act(made_by, act, subject(found.id), {"keys": ended}), now)
            return ended

        return await self._database.write(work)

    async def every(self) -> tuple[Listed, ...]:
        """All partners, those who may still come first."""

        def work(tx: Transaction) -> tuple[Listed, ...]:
            return tuple(_listed(row, tx) for row in tx.rows("partners"))

        return await self._database.read(work)

    # At every request

    async def of_key(self, key: str) -> Partner | Refusal:
        """Whose key this is. Read from the database each time: what is revoked is revoked in every process."""
        now, hash = self._foundation.now(), self._hash(key)
        row = await self._database.read(lambda tx: tx.row("partner_of_key", hash=hash))
        if row is None:
            return Refusal.UNKNOWN
        if row["left_at"] or row["revoked_at"]:
            return Refusal.REVOKED
        if row["expires_at"] and forms.moment(row["expires_at"]) <= now:
            return Refusal.EXPIRED
        return Partner(row["id"], row["name"], _scopes(row["scopes"]), row["rate"], row["key_id"])

    async def used(self, partner: Partner) -> None:
        """A key was used."""
        now = self._foundation.now()
        values = {"id": partner.key, "now": forms.stamp(now), "before": forms.stamp(now - _USED_EVERY)}
        await self._database.write(lambda tx: tx.run("use_partner_key", **values))

    async def take(self, partner: Partner, cost: int, minute: str) -> int | None:
        """Take so much of a minute's rate; how much all processes have now taken of it, None where so much is not left.
        `minute` as in "2026-10-22T08:05": text order is time order."""
        values = {"partner": partner.id, "cost": cost, "minute": minute, "rate": partner.rate}
        row = await self._database.write(lambda tx: tx.row("take_partner_rate", **values))
        return int(row["taken"]) if row else None

    # Rows

    def _issue(self, tx: Transaction, partner: Partner, until: datetime | None, now: datetime) -> Issued:
        key = keys.new()
        values = {"partner": partner.id, "hash": self._hash(key), "hint": keys.hint(key), "now": forms.stamp(now)}
        row = tx.rows("add_partner_key", expires_at=forms.stamp(until) if until else None, **values)[0]
        return Issued(replace(partner, key=row["id"]), key, until)

    def _hash(self, key: str) -> str:
        return self._foundation.identity.identifier("partner key", key)


def subject(partner: int) -> str:
    """What the audit calls a partner."""
    return f"partner:{partner}"


def known(tx: Transaction, name: str, *, revoked: bool = False) -> Partner:
    """A partner by their name; `revoked`: also one who was. Raises PartnerRefused."""
    row = tx.row("partner_named", name_key=_key(name))
    if row is None:
        raise PartnerRefused(f"There is no partner named {name}.")
    if row["revoked_at"] and not revoked:
        raise PartnerRefused(f"{row['name']} was revoked: add a partner of another name.")
    return Partner(row["id"], row["name"], _scopes(row["scopes"]), row["rate"])


def _key(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())


def _allowed(scopes: Iterable[Scope], rate: int) -> dict[str, str | int]:
    chosen = set(scopes)
    if not chosen:
        raise PartnerRefused("A partner needs at least one scope.")
    if not 1 <= rate <= 10_000_000:
        raise PartnerRefused("A rate is 1 to 10,000,000 a minute.")
    return {"scopes": ",".join(each.value for each in Scope if each in chosen), "rate": rate}


def _scopes(text: str) -> frozenset[Scope]:
    # A scope that a later version knew opens nothing here.
    return frozenset(each for each in Scope if each.value in text.split(","))


def _listed(row: Row, tx: Transaction) -> Listed:
    found = tuple(
        Key(
            each["id"],
            each["hint"],
            forms.moment(each["made_at"]),
            _moment(each["expires_at"]),
            _moment(each["revoked_at"]),
            _moment(each["used_at"]),
        )
        for each in tx.rows("partner_keys", partner=row["id"])
    )
    partner = Partner(row["id"], row["name"], _scopes(row["scopes"]), row["rate"])
    return Listed(partner, forms.moment(row["made_at"]), _moment(row["revoked_at"]), found)


def _moment(text: str | None) -> datetime | None:
    return forms.moment(text) if text else None
