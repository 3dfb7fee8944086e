"""What was worked out a moment ago, kept in memory and nowhere else: in a wave thousands pass on the very same message."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar, cast

T = TypeVar("T")

_NOTHING = object()


class Recent(Generic[T]):
    """The last `most` different results of one pure function, the least lately asked for dropped first. A key is of 16 bytes: the
    hash of what the result follows from. Several threads may ask; two that ask for the same at once may both work it out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, object] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: bytes, make: Callable[[], T]) -> T:
        """What is kept under `key`, or what `make` gives, kept from now on."""
        with self._lock:
            found = self._kept.get(key, _NOTHING)
            if found is not _NOTHING:
                self._kept.move_to_end(key)
                return cast(T, found)
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._kept)


def key_of(*parts: str) -> bytes:
    """One key for several strings in this order; no two different lists of them have the same."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        hashed.update(len(raw).to_bytes(8, "big") + raw)
    return hashed.digest()
