"""How fast: buckets of tokens, for people who are answered and for addresses that ask over HTTP."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

# Forgotten when full again: what a person sent in the last minutes is nobody's business.
_MOST_KEPT = 10_000


@dataclass(frozen=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


@dataclass
class _Bucket:
    tokens: float
    at: float
    told: bool = False


class Buckets(Generic[Key]):
    """One bucket of tokens a key. Time is handed in, in seconds of any steady clock. Holds no more than it must."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: dict[Key, _Bucket] = {}

    def take(self, key: Key, now: float) -> float:
        """Take a token: 0.0, or how many seconds until there is one (then none was taken)."""
        bucket = self._filled(key, now)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) * self._rate.seconds

    def borrow(self, key: Key, now: float) -> float:
        """Take a token that may not be there yet: 0.0, or how many seconds to wait for it."""
        bucket = self._filled(key, now)
        bucket.tokens -= 1
        return max(0.0, -bucket.tokens * self._rate.seconds)

    def taken(self, key: Key) -> float:
        """How many tokens are out."""
        bucket = self._buckets.get(key)
        return self._rate.burst - bucket.tokens if bucket else 0.0

    def first_time(self, key: Key) -> bool:
        """Whether this is the first time that somebody is told since their bucket was last full."""
        bucket = self._buckets.get(key)
        if bucket is None or bucket.told:
            return False
        bucket.told = True
        return True

    def _filled(self, key: Key, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST_KEPT:
                self._forget_full(now)
            bucket = self._buckets[key] = _Bucket(self._rate.burst, now)
            return bucket
        bucket.tokens = min(self._rate.burst, bucket.tokens + (now - bucket.at) / self._rate.seconds)
        bucket.at = now
        if bucket.tokens >= self._rate.burst:
            bucket.told = False
        return bucket

    def _forget_full(self, now: float) -> None:
        full = self._rate.burst * self._rate.seconds
        self._buckets = {key: each for key, each in self._buckets.items() if now - each.at < full}
        if len(self._buckets) >= _MOST_KEPT:
            # So many at once are no people; who is thrown out begins with a full bucket.
            self._buckets = dict(list(self._buckets.items())[_MOST_KEPT // 2 :])

    def __len__(self) -> int:
        return len(self._buckets)
