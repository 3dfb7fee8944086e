"""Who is who, without saying who: people and groups as keyed hashes."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache

from handlers.messages import Address, ChatKind, Platform


@dataclass(frozen=True)
class Identity:
    """Keyed hashes of people and groups: 32 hexadecimal letters each, meaningless without `key`.

    The key is random and lives sealed in the database, so that a change of SECRET_KEY loses nobody.
    """

    key: bytes

    def __repr__(self) -> str:
        return "Identity(key=hidden)"

    @staticmethod
    def new_key() -> bytes:
        return secrets.token_bytes(32)

    def person(self, address: Address) -> str:
        """The one who writes. Where LINE does not tell us who in a group wrote: the group."""
        if address.kind is ChatKind.GROUP and not address.person:
            return self.group(address.platform, address.chat)
        return self.of_person(address.platform, address.person or address.chat)

    def conversation(self, address: Address) -> str:
        """The one whose session it is: the person, or in a group the group."""
        if address.kind is ChatKind.GROUP:
            return self.group(address.platform, address.chat)
        return self.person(address)

    def of_person(self, platform: Platform, person: str) -> str:
        return self._hash("person", platform.value, person)

    def group(self, platform: Platform, chat: str) -> str:
        return self._hash("group", platform.value, chat)

    def identifier(self, kind: str, value: str) -> str:
        """A telephone, account, LINE id, domain… that was reported (`content.reported.Subject`)."""
        return self._hash("identifier", kind, value)

    def of_text(self, skeleton: str) -> str:
        """A message too short for a fingerprint, known again letter by letter."""
        return self._hash("text", skeleton)

    def recipient_key(self) -> bytes:
        """The key of the labels under which recipients stand in an export: of no use for finding people."""
        return hmac.digest(self.key, b"recipients 1", "sha256")

    def fingerprint_key(self) -> bytes:
        """The key of fingerprints: from the same secret, of no use for finding people."""
        return hmac.digest(self.key, b"fingerprints 1", "sha256")

    def _hash(self, *parts: str) -> str:
        return _hashed(self.key, parts)


# One turn asks for the same person ten times, and each time costs as much as reading a row.
@lru_cache(maxsize=4_096)
def _hashed(key: bytes, parts: tuple[str, ...]) -> str:
    # Each part is led by its length, so that no two different lists of parts give the same bytes.
    said = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.digest(key, said.encode(errors="surrogatepass"), "sha256").hex()[:32]
