"""Sealing: a citizen's words lie in the database unreadable without SECRET_KEY."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from handlers.errors import RutanError


class SealBroken(RutanError):
    """None of the keys we hold opens what was sealed."""


def derived_key(secret: str, purpose: str) -> bytes:
    """32 bytes that belong to one secret and one purpose, so that no two uses of SECRET_KEY share a key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"rutan {purpose} 1".encode()).derive(secret.encode())


class Seal:
    """Seals with the first secret, opens with any of them: put the new one in front to change SECRET_KEY."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("sealing needs at least one secret, and none of them empty")
        keys = [Fernet(base64.urlsafe_b64encode(derived_key(secret, "seal"))) for secret in secrets]
        self._newest = keys[0]
        self._all = MultiFernet(keys)

    def close(self, text: str) -> str:
        """The text, sealed: printable ASCII, about 1.4 times its UTF-8 length and 100 more."""
        return self._newest.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text again. Raises SealBroken when no key of ours fits or a byte was changed."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBroken("what was sealed cannot be opened with SECRET_KEY") from error

    def is_newest(self, sealed: str) -> bool:
        """Whether the first secret alone opens it, so that the older ones can be given up."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True
