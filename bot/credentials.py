"""What an official proves themselves with: a password, a code that changes every half minute, codes for the day the
telephone is lost. Nothing here remembers anything."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

SHORTEST_PASSWORD = 12
# More would only make our own hashing slow; nobody types it.
LONGEST_PASSWORD = 200
# "aaaaaaaaaaaa" is long and no secret.
FEWEST_LETTERS = 5
# A name of two letters stands in half of all good passwords.
NAME_THAT_COUNTS = 4
CODE_SECONDS = 30
RECOVERY_CODES = 10
# Without 0 and o, 1 and l: they are read from paper.
_RECOVERY_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_RECOVERY_LENGTH = 12
# What a code is compared with where nobody has that name, so that it takes as long.
NOBODYS_SECRET = pyotp.random_base32()
# Each takes 64 MiB for a twentieth of a second: a crowd at the door must not take the memory that answers need.
_AT_ONCE = 2


class Weak(StrEnum):
    """Why a password is not taken."""

    SHORT = "short"
    LONG = "long"
    NAMED = "named"
    SIMPLE = "simple"


def weakness(password: str, name: str) -> Weak | None:
    """What is wrong with a new password of somebody of this name; None where nothing is."""
    said = _plain(password)
    if len(said) < SHORTEST_PASSWORD:
        return Weak.SHORT
    if len(said) > LONGEST_PASSWORD:
        return Weak.LONG
    known = _plain(name).casefold().replace(" ", "")
    if len(known) >= NAME_THAT_COUNTS and known in said.casefold().replace(" ", ""):
        return Weak.NAMED
    return Weak.SIMPLE if len(set(said)) < FEWEST_LETTERS else None


def _plain(text: str) -> str:
    # The same letters typed on another keyboard are the same password.
    return unicodedata.normalize("NFKC", text)


@dataclass
class Passwords:
    """Hashes passwords and checks them, never more than two at once. Tests give a cheaper `hasher`."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    def __post_init__(self) -> None:
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = ""

    async def hashed(self, password: str) -> str:
        """The password as argon2 keeps it."""
        return await self._apart(self._hash, password)

    async def fits(self, password: str, kept: str) -> bool:
        """Whether it is the password of this hash. '' is nobody's: it takes as long and never fits."""
        return await self._apart(self._verify, password, kept)

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made by weaker rules than today's."""
        return self.hasher.check_needs_rehash(kept)

    async def _apart(self, work: Callable[..., T], *given: str) -> T:
        async with self._gate:
            return await asyncio.to_thread(work, *given)

    def _hash(self, password: str) -> str:
        return self.hasher.hash(_plain(password))

    def _verify(self, password: str, kept: str) -> bool:
        if not self._nobodys:
            self._nobodys = self._hash(secrets.token_hex(16))
        try:
            return self.hasher.verify(kept or self._nobodys, _plain(password[: LONGEST_PASSWORD + 1])) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def new_secret() -> str:
    """A new second factor's secret, as authenticator apps take it."""
    return pyotp.random_base32()


def app_address(secret: str, name: str) -> str:
    """What the QR code holds: authenticator apps read it."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Rutan")


def code_step(secret: str, code: str, now: datetime) -> int | None:
    """The half minute that a code belongs to: this one, or a neighbour (clocks differ); None for a wrong code."""
    # Thai digits are digits too.
    digits = "".join(str(unicodedata.digit(letter)) for letter in _plain(code) if letter.isdigit())
    this = int(now.timestamp()) // CODE_SECONDS
    otp = pyotp.TOTP(secret)
    fitting = [step for step in (this - 1, this, this + 1) if hmac.compare_digest(otp.generate_otp(step), digits)]
    return fitting[-1] if fitting else None


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes to print and keep, as in `k7fm-2qxz-9hpr`."""
    return tuple(_recovery_code() for _ in range(RECOVERY_CODES))


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, _RECOVERY_LENGTH, 4))


def recovery_letters(code: str) -> str:
    """A recovery code as it is compared: without dashes, spaces and capitals. '' where it cannot be one."""
    letters = "".join(letter for letter in _plain(code).casefold() if letter not in "- ")
    return letters if len(letters) == _RECOVERY_LENGTH and set(letters) <= set(_RECOVERY_LETTERS) else ""
