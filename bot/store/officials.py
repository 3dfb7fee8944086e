"""The accounts of officials: added, invited, changed, shut. Every act stands in the audit log.

Signing in and its sessions are in doorkeeping.py.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot import credentials
from bot.credentials import Passwords
from bot.store import audit, forms
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.models import Language
from handlers.errors import RutanError
from handlers.officials import Official, Role

# Long enough for a letter that lies over a week-end.
LINK_LASTS = timedelta(hours=72)
SHORTEST_NAME, LONGEST_NAME = 2, 60


class Why(StrEnum):
    """Why something about an account was not done."""

    NAME_TAKEN = "name_taken"
    NAME_UNFIT = "name_unfit"
    NOBODY = "nobody"
    OWN_ACCOUNT = "own_account"
    SHUT = "shut"
    LINK_OVER = "link_over"
    CODE_WRONG = "code_wrong"
    PASSWORD_SHORT = "password_short"  # noqa: S105 (a reason, no password)
    PASSWORD_LONG = "password_long"  # noqa: S105
    PASSWORD_NAMED = "password_named"  # noqa: S105
    PASSWORD_SIMPLE = "password_simple"  # noqa: S105


SAID = {
    Why.NAME_TAKEN: "there is an official of this name already",
    Why.NAME_UNFIT: f"a name has {SHORTEST_NAME} to {LONGEST_NAME} letters, and no control characters",
    Why.NOBODY: "there is no official of this name",
    Why.OWN_ACCOUNT: "nobody changes or shuts their own account: another admin does",
    Why.SHUT: "this account is shut: open it first",
    Why.LINK_OVER: "this link was used, replaced, or is too old",
    Why.CODE_WRONG: "the code is not the one that the app shows now",
    Why.PASSWORD_SHORT: f"a password has at least {credentials.SHORTEST_PASSWORD} characters",
    Why.PASSWORD_LONG: f"a password has at most {credentials.LONGEST_PASSWORD} characters",
    Why.PASSWORD_NAMED: "a password does not contain the name",
    Why.PASSWORD_SIMPLE: f"a password has at least {credentials.FEWEST_LETTERS} different characters",
}


class NotDone(RutanError):
    """Nothing was changed; `.why` says why."""

    def __init__(self, why: Why) -> None:
        super().__init__(SAID[why])
        self.why = why


@dataclass(frozen=True)
class Account:
    """What the house knows of an official. Moments are aware UTC."""

    official: Official
    made_at: datetime
    disabled_at: datetime | None
    signed_in_at: datetime | None
    # Whether password and second factor were chosen.
    ready: bool
    link_until: datetime | None
    sessions: int


@dataclass(frozen=True)
class Invitation:
    """A one-time link was made; `token` is its secret end and is kept nowhere."""

    official: Official
    token: str
    until: datetime


@dataclass(frozen=True)
class Welcomed:
    """Somebody follows their link. `chosen`: a password was chosen; `secret`: of the second factor, '' before that."""

    official: Official
    chosen: bool
    secret: str = field(repr=False)


class Officials:
    """Everybody who works at the desk. `by` is an actor of the audit log: OPERATOR or `audit.official(name)`."""

    def __init__(self, foundation: Foundation, passwords: Passwords | None = None) -> None:
        self.foundation = foundation
        self.passwords = passwords or Passwords()
        self._database = foundation.database
        # From the same secret as the people's hashes, so that a change of SECRET_KEY signs nobody out.
        self._key = hmac.digest(foundation.identity.key, b"desk 1", "sha256")

    def hash(self, purpose: str, said: str) -> str:
        """A keyed hash: what lies in the database opens nothing."""
        return hmac.digest(self._key, f"{purpose}:{said}".encode(errors="replace"), "sha256").hex()

    # The accounts

    async def every(self) -> Sequence[Account]:
        """All of them, the open ones first, by name."""
        return [_account(row) for row in await self._database.read(lambda tx: tx.rows("officials"))]

    async def named(self, name: str) -> Official | None:
        """The official of this name whose account is open."""
        row = await self._database.read(lambda tx: tx.row("official_named", name_key=name_key(name)))
        return official_of(row) if row and not row["disabled_at"] else None

    async def add(self, name: str, role: Role, by: str, language: Language = Language.THAI) -> Invitation:
        """A new account and its one-time link. Raises NotDone."""
        known = fitting_name(name)
        now, token = self.foundation.now(), secrets.token_urlsafe(32)

        def work(tx: Transaction) -> Invitation:
            made = tx.row(
                "official_add",
                name=known,
                name_key=name_key(known),
                role=role.value,
                language=language.value,
                now=forms.stamp(now),
            )
            if made is None:
                raise NotDone(Why.NAME_TAKEN)
            official = Official(made["id"], known, role, language)
            audit.written(tx, Act(by, "official added", audit.official(known), {"role": role.value}), now)
            return self._invite(tx, official, token, now)

        return await self._database.write(work)

    async def reset(self, name: str, by: str) -> Invitation:
        """A new one-time link; the old password, second factor, codes and sessions end at once. Raises NotDone."""
        now, token = self.foundation.now(), secrets.token_urlsafe(32)

        def work(tx: Transaction) -> Invitation:
            row = self._changeable(tx, name, by)
            if row["disabled_at"]:
                raise NotDone(Why.SHUT)
            official = official_of(row)
            tx.run("official_password", id=official.id, password="", totp="", totp_step=0)
            tx.run("official_codes_clear", official=official.id)
            tx.run("desk_sessions_end", official=official.id)
            audit.written(tx, Act(by, "official reset", audit.official(official.name)), now)
            return self._invite(tx, official, token, now)

        return await self._database.write(work)

    def _invite(self, tx: Transaction, official: Official, token: str, now: datetime) -> Invitation:
        until = now + LINK_LASTS
        tx.run("official_link", official=official.id, hash=self.hash("link", token), until=forms.stamp(until))
        return Invitation(official, token, until)

    async def change_role(self, name: str, role: Role, by: str) -> None:
        """Another role, at once: sessions of the old one end. Raises NotDone."""

        def change(tx: Transaction, official: Official, now: datetime) -> Act:
            tx.run("official_role", id=official.id, role=role.value)
            detail = {"from": official.role.value, "to": role.value}
            return Act(by, "official's role changed", audit.official(official.name), detail)

        await self._change(name, by, change)

    async def disable(self, name: str, by: str) -> None:
        """Shut the account: its sessions and its link end at once. Raises NotDone."""

        def change(tx: Transaction, official: Official, now: datetime) -> Act:
            tx.run("official_disabled", id=official.id, at=forms.stamp(now))
            tx.run("official_link_end", official=official.id)
            return Act(by, "official disabled", audit.official(official.name))

        await self._change(name, by, change)

    async def enable(self, name: str, by: str) -> None:
        """Open a shut account again. Raises NotDone."""

        def change(tx: Transaction, official: Official, now: datetime) -> Act:
            tx.run("official_disabled", id=official.id, at=None)
            return Act(by, "official enabled", audit.official(official.name))

        await self._change(name, by, change)

    async def _change(self, name: str, by: str, change: Callable[[Transaction, Official, datetime], Act]) -> None:
        now = self.foundation.now()

        def work(tx: Transaction) -> None:
            official = official_of(self._changeable(tx, name, by))
            audit.written(tx, change(tx, official, now), now)
            tx.run("desk_sessions_end", official=official.id)

        await self._database.write(work)

    def _changeable(self, tx: Transaction, name: str, by: str) -> Row:
        row = tx.row("official_named", name_key=name_key(name))
        if row is None:
            raise NotDone(Why.NOBODY)
        # So there is always an admin left: the one who did it.
        if by == audit.official(row["name"]):
            raise NotDone(Why.OWN_ACCOUNT)
        return row

    async def speak(self, official: Official, language: Language) -> None:
        """The desk in another language, for this official."""
        await self._database.write(lambda tx: tx.run("official_language", id=official.id, language=language.value))

    # The one-time link, from its first step to its end

    async def welcomed(self, token: str) -> Welcomed | None:
        """Whose link this is; None where it is none of ours, or over. Looking does not use it up: messengers look too."""
        return await self._database.read(lambda tx: self._welcomed(tx, token))

    def _welcomed(self, tx: Transaction, token: str) -> Welcomed | None:
        row = tx.row("official_linked", hash=self.hash("link", token), now=forms.stamp(self.foundation.now()))
        if row is None:
            return None
        secret = self.foundation.seal.open(row["chosen_totp"]) if row["chosen_totp"] else ""
        return Welcomed(official_of(row), bool(row["chosen_password"]), secret)

    async def choose(self, token: str, password: str) -> None:
        """The password, and with it a new second factor to be confirmed by `finish`. Raises NotDone."""
        welcomed = await self.welcomed(token)
        if welcomed is None:
            raise NotDone(Why.LINK_OVER)
        if weak := credentials.weakness(password, welcomed.official.name):
            raise NotDone(Why(f"password_{weak.value}"))
        hashed = await self.passwords.hashed(password)
        sealed = self.foundation.seal.close(credentials.new_secret())

        def work(tx: Transaction) -> None:
            if not tx.run("official_link_chosen", hash=self.hash("link", token), password=hashed, totp=sealed):
                raise NotDone(Why.LINK_OVER)

        await self._database.write(work)

    async def finish(self, token: str, code: str) -> tuple[Official, tuple[str, ...]]:
        """The first code of the app fits: the account is ready and the link used up; answers with the official and
        the recovery codes, which are told here and never again. Raises NotDone."""
        now, codes = self.foundation.now(), credentials.new_recovery_codes()

        def work(tx: Transaction) -> Official:
            row = tx.row("official_linked", hash=self.hash("link", token), now=forms.stamp(now))
            if row is None or not row["chosen_totp"]:
                raise NotDone(Why.LINK_OVER)
            official = official_of(row)
            step = credentials.code_step(self.foundation.seal.open(row["chosen_totp"]), code, now)
            if step is None:
                raise NotDone(Why.CODE_WRONG)
            tx.run(
                "official_password",
                id=official.id,
                password=row["chosen_password"],
                totp=row["chosen_totp"],
                totp_step=step,
            )
            self._keep_codes(tx, official, codes)
            tx.run("official_link_end", official=official.id)
            tx.run("desk_sessions_end", official=official.id)
            name = audit.official(official.name)
            audit.written(tx, Act(name, "password and second factor set", name), now)
            return official

        return await self._database.write(work), codes

    def _keep_codes(self, tx: Transaction, official: Official, codes: Sequence[str]) -> None:
        tx.run("official_codes_clear", official=official.id)
        for code in codes:
            tx.run("official_code_add", official=official.id, hash=self.recovery_hash(official, code))

    def recovery_hash(self, official: Official, code: str) -> str:
        """How a recovery code of this official is kept."""
        return self.hash("recovery", f"{official.id}:{credentials.recovery_letters(code)}")


def fitting_name(name: str) -> str:
    """The name as it is kept. Raises NotDone."""
    known = " ".join(unicodedata.normalize("NFC", name).split())
    fits = SHORTEST_NAME <= len(known) <= LONGEST_NAME and all(
        unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn") for letter in known
    )
    if not fits:
        raise NotDone(Why.NAME_UNFIT)
    return known


def name_key(name: str) -> str:
    """A name as people compare names."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def official_of(row: Row) -> Official:
    """The official of a row."""
    return Official(row["id"], row["name"], Role(row["role"]), Language(row["language"]))


def _account(row: Row) -> Account:
    def moment(column: str) -> datetime | None:
        return forms.moment(row[column]) if row[column] else None

    return Account(
        official_of(row),
        forms.moment(row["made_at"]),
        moment("disabled_at"),
        moment("signed_in_at"),
        bool(row["password"] and row["totp"]),
        moment("link_until"),
        row["sessions"],
    )
