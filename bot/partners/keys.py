"""What a key looks like: `rtn_`, 43 letters of chance, six that prove that none was mistyped."""

from __future__ import annotations

import secrets
import zlib

# Programs that look for lost secrets in code know a key by it.
PREFIX = "rtn_"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# 62 ** 43 is more than 2 ** 256.
_CHANCE = 43
_PROOF = 6
_WHOLE = len(PREFIX) + _CHANCE + _PROOF
# Enough to tell a partner's keys apart, of no use for guessing one.
_HINT = 10


def new() -> str:
    """A key that nobody can guess."""
    begin = PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_CHANCE))
    return begin + _proof(begin)


def whole(key: str) -> bool:
    """Whether this can be a key of ours: what cannot is refused without a look into the database."""
    if len(key) != _WHOLE or not key.startswith(PREFIX) or not key.isascii():
        return False
    return key[-_PROOF:] == _proof(key[:-_PROOF])


def hint(key: str) -> str:
    """The first letters, by which people tell keys apart."""
    return key[:_HINT]


def _proof(begin: str) -> str:
    rest, letters = zlib.crc32(begin.encode()), ""
    for _ in range(_PROOF):
        rest, digit = divmod(rest, len(_LETTERS))
        letters = _LETTERS[digit] + letters
    return letters
