"""An official's own account, changed by themselves: a new password, another telephone.

Sitting at a browser that is signed in is not enough: each change asks for the password and a code again, and wrong ones are
slowed as at the door.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot import credentials
from bot.store import audit, forms
from bot.store.audit import HOUSE, Act
from bot.store.doorkeeping import FREE_TRIES, NotSignedIn, count_try, second_factor
from bot.store.officials import Invitation, NotDone, Officials, Why, name_key
from bot.store.transaction import Row, Transaction
from handlers.officials import Official

# Long enough to find the other telephone.
APP_LINK_LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Proof:
    """That it is really they who sit there: the password of now, and a code of the app or a recovery code."""

    password: str = field(repr=False)
    code: str = field(repr=False)


class OwnAccount:
    """What officials change about themselves. Every change stands in the audit log."""

    def __init__(self, officials: Officials) -> None:
        self._officials = officials
        self._foundation = officials.foundation
        self._database = officials.foundation.database

    async def change_password(self, official: Official, proof: Proof, password: str, session: int) -> None:
        """A new password. Every session but this one ends. Raises NotDone, NotSignedIn, Slowed; then nothing has changed."""
        if weak := credentials.weakness(password, official.name):
            raise NotDone(Why(f"password_{weak.value}"))
        hashed = await self._officials.passwords.hashed(password)

        def change(tx: Transaction, row: Row) -> None:
            tx.run("official_rehash", id=official.id, password=hashed)
            # A link half followed holds the old password.
            tx.run("official_link_end", official=official.id)
            tx.run("desk_sessions_end_others", official=official.id, session=session)

        await self._proved(official, proof, "password changed", change)

    async def another_app(self, official: Official, proof: Proof) -> Invitation:
        """A one-time link that leads through connecting an app to new recovery codes; until its end the old app and codes
        hold. Raises NotSignedIn, Slowed."""
        token, until = secrets.token_urlsafe(32), self._foundation.now() + APP_LINK_LASTS
        sealed = self._foundation.seal.close(credentials.new_secret())
        hash = self._officials.hash("link", token)

        def change(tx: Transaction, row: Row) -> None:
            tx.run("official_link", official=official.id, hash=hash, until=forms.stamp(until))
            tx.run("official_link_chosen", hash=hash, password=row["password"], totp=sealed)

        await self._proved(official, proof, "another app asked for", change)
        return Invitation(official, token, until)

    async def _proved(
        self, official: Official, proof: Proof, act: str, change: Callable[[Transaction, Row], None]
    ) -> None:
        """Do it in one transaction with the second factor's use, once the password fits."""
        key = self._officials.hash("try", f"own:{name_key(official.name)}")
        row = await self._database.write(lambda tx: self._counted(tx, official, key))
        kept = row["password"] if row and not row["disabled_at"] else ""
        right = await self._officials.passwords.fits(proof.password, kept)
        now, name = self._foundation.now(), audit.official(official.name)

        def work(tx: Transaction) -> bool:
            row = tx.row("official", id=official.id)
            # Between the two looks the account may have been reset or shut.
            password_right = bool(row and right and row["password"] == kept and not row["disabled_at"])
            if row is None or second_factor(tx, self._officials, row, proof.code, take=password_right) is None:
                why = "code" if password_right else "password"
                audit.written(tx, Act(HOUSE, "own account not changed", name, {"why": why}), now)
                return False
            change(tx, row)
            tx.run("desk_try_forgiven", key=key)
            audit.written(tx, Act(name, act, name), now)
            return True

        # A try that failed raises only here: what is written of it must stand.
        if not await self._database.write(work):
            raise NotSignedIn("the password or the code is wrong")

    def _counted(self, tx: Transaction, official: Official, key: str) -> Row | None:
        count_try(tx, key, FREE_TRIES, self._foundation.now())
        return tx.row("official", id=official.id)
