"""Who comes in at the desk: signing in, tries that fail, and the sessions of browsers.

A wrong name, a wrong password and a wrong code take the same time and hear the same word. Tries are counted before
they are looked at, and the wait after too many grows, but never beyond a quarter of an hour.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import credentials
from bot.store import audit, forms
from bot.store.audit import HOUSE, Act
from bot.store.officials import Officials, name_key, official_of
from bot.store.transaction import Row, Transaction
from handlers.errors import RutanError
from handlers.officials import Official

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# A page that is looked at is written down once a minute, not with every look.
SEEN_EVERY = timedelta(minutes=1)
# So many wrong tries are a tired person's; after them the wait doubles from five seconds on.
FREE_TRIES = 5
# Behind one address there may be a whole office.
FREE_TRIES_OF_ADDRESS = 30
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
TRIES_FORGOTTEN = timedelta(hours=6)
# A hash takes a twentieth of a second and much memory: a crowd must not hold up the answers to citizens.
MOST_AT_THE_DOOR = 20


class NotSignedIn(RutanError):
    """The name, the password or the code is wrong; nobody is told which."""


class Slowed(RutanError):
    """Too many wrong tries; `.seconds` is how long to wait. This try was not looked at."""

    def __init__(self, seconds: int, what: str = "too many tries") -> None:
        super().__init__(f"{what}: wait {seconds} s")
        self.seconds = seconds


class Crowded(Slowed):
    """More people stand at the door than we can look at."""

    def __init__(self) -> None:
        super().__init__(5, "too many people at the door")


@dataclass(frozen=True)
class Try:
    """Somebody at the door. `address` is where from, "" for this machine itself, whose tries are counted for the account
    alone; `known_browser` is the name of an account that has signed in from this browser before."""

    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    address: str
    device: str = ""
    known_browser: str = ""


@dataclass(frozen=True)
class Entry:
    """Somebody came in: `token` is the browser's, and kept nowhere. `codes_left` is told after a recovery code, else None."""

    official: Official
    token: str = field(repr=False)
    codes_left: int | None = None


@dataclass(frozen=True)
class Visit:
    """A browser that is signed in."""

    official: Official
    session: int


@dataclass(frozen=True)
class Browser:
    """One of an official's sessions, as they see it."""

    id: int
    device: str
    began_at: datetime
    seen_at: datetime


class Doorkeeping:
    """Lets officials in and out."""

    def __init__(self, officials: Officials) -> None:
        self._officials = officials
        self._foundation = officials.foundation
        self._database = officials.foundation.database
        self._at_the_door = 0

    async def sign_in(self, tried: Try) -> Entry:
        """A new session for name, password and code. Raises NotSignedIn, Slowed, Crowded."""
        if self._at_the_door >= MOST_AT_THE_DOOR:
            raise Crowded
        self._at_the_door += 1
        try:
            return await self._sign_in(tried)
        finally:
            self._at_the_door -= 1

    async def _sign_in(self, tried: Try) -> Entry:
        # Somebody else's wrong tries do not hold up the official's own browser.
        whose = "browser" if name_key(tried.known_browser) == name_key(tried.name) else "account"
        account_key = self._officials.hash("try", f"{whose}:{name_key(tried.name)}")
        address_key = self._officials.hash("try", f"address:{tried.address}") if tried.address else ""
        row = await self._database.write(lambda tx: self._counted(tx, tried, account_key, address_key))
        kept = row["password"] if row and not row["disabled_at"] else ""
        right = await self._officials.passwords.fits(tried.password, kept)
        renewed = ""
        if right and self._officials.passwords.outdated(kept):
            renewed = await self._officials.passwords.hashed(tried.password)
        token = secrets.token_urlsafe(32)

        def work(tx: Transaction) -> Entry | None:
            entry = self._entered(tx, tried, kept if right else None, renewed, token)
            if entry:
                self._forgiven(tx, account_key, address_key)
            return entry

        # A try that failed raises only here: what is written of it must stand.
        if entry := await self._database.write(work):
            return entry
        raise NotSignedIn("the name, the password or the code is wrong")

    def _counted(self, tx: Transaction, tried: Try, account_key: str, address_key: str) -> Row | None:
        """The account tried for, once the try is counted. Raises Slowed where it is too early: then it is not."""
        now = self._foundation.now()
        tx.run("desk_tries_old", before=forms.stamp(now - TRIES_FORGOTTEN))
        count_try(tx, account_key, FREE_TRIES, now)
        if address_key:
            count_try(tx, address_key, FREE_TRIES_OF_ADDRESS, now)
        return tx.row("official_named", name_key=name_key(tried.name))

    def _entered(self, tx: Transaction, tried: Try, fitting: str | None, renewed: str, token: str) -> Entry | None:
        """The session, where the second factor fits too; `fitting` is the hash that the password fits."""
        now = self._foundation.now()
        row = tx.row("official_named", name_key=name_key(tried.name))
        # Between the two looks the account may have been reset or shut.
        password_right = bool(row and fitting and row["password"] == fitting and not row["disabled_at"])
        second = second_factor(tx, self._officials, row, tried.code, take=password_right)
        if row is None or not password_right or second is None:
            self._refused(tx, row, password_right, now)
            return None
        official = official_of(row)
        if renewed:
            tx.run("official_rehash", id=official.id, password=renewed)
        self._begin(tx, official, tried.device, token, now)
        by_recovery = second == "recovery"
        name = audit.official(official.name)
        audit.written(tx, Act(name, "signed in", name, {"with": second}), now)
        left = tx.row("official_codes_left", official=official.id) if by_recovery else None
        return Entry(official, token, left["codes"] if left else None)

    def _refused(self, tx: Transaction, row: Row | None, password_right: bool, now: datetime) -> None:
        # What was typed as a name may be a password: it is written down only where it is a name.
        subject = audit.official(row["name"]) if row else "desk"
        why = "nobody" if row is None else "code" if password_right else "password"
        audit.written(tx, Act(HOUSE, "sign-in failed", subject, {"why": why}), now)

    def _forgiven(self, tx: Transaction, account_key: str, address_key: str) -> None:
        tx.run("desk_try_forgiven", key=account_key)
        # An address stays counted, less this one: whoever has an account could else guess for others without end.
        if address_key:
            tx.run("desk_try_right", key=address_key)

    # Sessions

    async def begin(self, official: Official, device: str) -> Entry:
        """A new session for somebody who has just proved themselves in another way (the end of a one-time link)."""
        now, token = self._foundation.now(), secrets.token_urlsafe(32)

        def work(tx: Transaction) -> Entry:
            self._begin(tx, official, device, token, now)
            name = audit.official(official.name)
            audit.written(tx, Act(name, "signed in", name, {"with": "link"}), now)
            return Entry(official, token)

        return await self._database.write(work)

    def _begin(self, tx: Transaction, official: Official, device: str, token: str, now: datetime) -> None:
        tx.run("desk_sessions_old", began_before=forms.stamp(now - LONGEST))
        tx.row(
            "desk_session_begin",
            hash=self._officials.hash("session", token),
            official=official.id,
            device=device,
            now=forms.stamp(now),
        )
        tx.run("official_signed_in", id=official.id, now=forms.stamp(now))

    async def visit(self, token: str) -> Visit | None:
        """Who this browser is; None where its session has ended, by the clock or by somebody."""
        now = self._foundation.now()
        hash = self._officials.hash("session", token)
        row = await self._database.read(lambda tx: tx.row("desk_session", hash=hash, **self._lives(now)))
        if row is None:
            return None
        if now - forms.moment(row["seen_at"]) > SEEN_EVERY:
            await self._database.write(lambda tx: tx.run("desk_session_seen", id=row["session"], now=forms.stamp(now)))
        return Visit(official_of(row), row["session"])

    async def browsers(self, official: Official) -> Sequence[Browser]:
        """Where this official is signed in, the latest used first."""
        lives = self._lives(self._foundation.now())
        rows = await self._database.read(lambda tx: tx.rows("desk_sessions_of", official=official.id, **lives))
        return [
            Browser(row["id"], row["device"], forms.moment(row["began_at"]), forms.moment(row["seen_at"]))
            for row in rows
        ]

    async def sign_out(self, official: Official, session: int) -> None:
        """End one session of this official; another's stays."""
        await self._end(official, "signed out", lambda tx: tx.run("desk_session_end", id=session, official=official.id))

    async def sign_out_everywhere(self, official: Official) -> None:
        """End all of them."""
        await self._end(official, "signed out everywhere", lambda tx: tx.run("desk_sessions_end", official=official.id))

    async def _end(self, official: Official, act: str, work: Callable[[Transaction], int]) -> None:
        now, name = self._foundation.now(), audit.official(official.name)

        def ended(tx: Transaction) -> None:
            if work(tx):
                audit.written(tx, Act(name, act, name), now)

        await self._database.write(ended)

    def _lives(self, now: datetime) -> dict[str, str]:
        return {"began_after": forms.stamp(now - LONGEST), "seen_after": forms.stamp(now - IDLE)}


def count_try(tx: Transaction, key: str, free: int, now: datetime) -> None:
    """Count a try before it is looked at; `free` of them wait for nothing. Raises Slowed where it is too early."""
    row = tx.row("desk_try", key=key, now=forms.stamp(now))
    assert row is not None  # noqa: S101 (an insert with `returning` gives its row)
    if (wait := forms.moment(row["free_at"]) - now) > timedelta():
        raise Slowed(max(1, round(wait.total_seconds())))
    tx.run("desk_try_wait", key=key, free_at=forms.stamp(now + waiting(row["failures"] - free)))
    if row["failures"] == free + 1:
        audit.written(tx, Act(HOUSE, "sign-in slowed", "desk", {"tries": row["failures"]}), now)


def second_factor(tx: Transaction, officials: Officials, row: Row | None, code: str, *, take: bool) -> str | None:
    """ "app" or "recovery" where the code fits; it is used up (`take`) only where the password fitted too."""
    sealed = row["totp"] if row else ""
    secret = officials.foundation.seal.open(sealed) if sealed else credentials.NOBODYS_SECRET
    step = credentials.code_step(secret, code, officials.foundation.now())
    if row is None or not take or not sealed:
        return None
    if step is not None and tx.run("official_code_used", id=row["id"], step=step):
        return "app"
    if credentials.recovery_letters(code):
        hash = officials.recovery_hash(official_of(row), code)
        if tx.run("official_code_spend", official=row["id"], hash=hash):
            return "recovery"
    return None


def waiting(over: int) -> timedelta:
    """How long to wait after so many wrong tries over the free ones."""
    if over < 1:
        return timedelta()
    doubled: int = 2 ** min(over - 1, 20)  # past the longest wait by far
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)
