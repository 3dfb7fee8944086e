"""What was counted a moment ago and has not changed since: so that a page does not count it again.

Everything here holds only as long as the mark under which it was put away is still the database's; a mark is always read
before what it stands for. One memory a database, shared by whoever counts in this process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

# Some days of hours in four tables, and a dozen months: a few megabytes.
MOST = 600


class Memory:
    """Values by name, each under a mark. Safe in several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: Hashable, mark: Hashable, count: Callable[[], T]) -> T:
        """What was put away under this name and mark, else what `count` says now. Not to be changed by whoever gets it."""
        with self._lock:
            known, value = self._kept.get(name, (None, None))
            if known == mark and name in self._kept:
                self._kept.move_to_end(name)
                found: T = value
                return found
        counted = count()
        with self._lock:
            self._kept[name] = (mark, counted)
            self._kept.move_to_end(name)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return counted


_MEMORIES: WeakKeyDictionary[Any, Memory] = WeakKeyDictionary()


def memory_of(database: object) -> Memory:
    """The memory of a database, for as long as it is open."""
    return _MEMORIES.setdefault(database, Memory())
