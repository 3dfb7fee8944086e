"""Rows of the inbox that could not be answered because the database was away: they come again after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from bot.lines import Key

# What failed because the database was away is tried again after so long, then after twice as long, up to a minute.
REST_SECONDS = 1.0
LONGEST_REST = 60.0
# After so many times, a minute altogether, it is not the database but what we want to write.
RESTS_BEFORE_APOLOGY = 6


class Rests:
    """Which rows rest and whose they are: nothing of theirs goes before them. `over` is called when a rest ends."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self._rows: dict[int, Key] = {}
        self._tries: dict[int, int] = {}
        # How often a rest has begun or ended: who reads the table meanwhile sees that what was read is out of date.
        self.changes = 0

    @property
    def rows(self) -> Collection[int]:
        return self._rows.keys()

    def of(self, key: Key) -> bool:
        """Whether something of this person rests."""
        return bool(self._rows) and key in self._rows.values()

    def worn_out(self, row: int) -> bool:
        """Whether it was tried so often that it is not to rest again."""
        return self._tries.get(row, 0) >= RESTS_BEFORE_APOLOGY

    def count(self, rows: Sequence[int]) -> None:
        """One more try failed."""
        for row in rows:
            self._tries[row] = self._tries.get(row, 0) + 1

    def forget(self, rows: Collection[int]) -> None:
        """They were answered, or are another's now."""
        for row in rows:
            self._tries.pop(row, None)

    def begin(self, key: Key, rows: Sequence[int]) -> None:
        """The rows stay in the table; they are looked at again after a while, which is longer each time."""
        tries = max(1, *(self._tries.get(row, 1) for row in rows))
        self._rows.update(dict.fromkeys(rows, key))
        self.changes += 1
        asyncio.get_running_loop().call_later(min(REST_SECONDS * 2 ** (tries - 1), LONGEST_REST), self._end, rows)

    def _end(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._rows.pop(row, None)
        self.changes += 1
        self._over()
