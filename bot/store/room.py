"""Who waits for the database: of those who may come again only so many, of what was acknowledged everything.

Where a disk or a server is stuck, what is under way is bounded by itself (so many messages in hand, so many letters on their way);
calls from outside are not. So a request is refused at once where too many wait already. What was acknowledged never is: nobody
would bring it again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from bot.store.transaction import StoreBusy

T = TypeVar("T")
W = TypeVar("W")

# More than a second of a slow disk's work: a platform would not wait longer. A webhook that waits holds some 25 kB.
MOST_WAITING = 1_000

_may_come_again: ContextVar[bool] = ContextVar("may_come_again", default=False)


@contextmanager
def may_come_again(really: bool = True) -> Iterator[None]:
    """Whether whoever asks in this block, and in tasks that begin in it, can be refused and come again. Nobody can who has not
    been said to."""
    before = _may_come_again.set(really)
    try:
        yield
    finally:
        _may_come_again.reset(before)


class Room:
    """The place where units wait. May be used from any thread."""

    def __init__(self) -> None:
        self.most = MOST_WAITING
        self._lock = threading.Lock()
        self._waiting = 0
        self._refusable = 0

    @property
    def waiting(self) -> int:
        """How many wait, whoever asked."""
        return self._waiting

    def enter(self) -> bool:
        """One more waits; whether it took the place of one who may come again, to be told to `leave`. Raises StoreBusy."""
        refusable = _may_come_again.get()
        with self._lock:
            if refusable and self._refusable >= self.most:
                raise StoreBusy(f"{self._waiting} wait for the database already: nothing more is taken in")
            self._refusable += refusable
            self._waiting += 1
        return refusable

    def leave(self, refusable: Sequence[bool]) -> None:
        """These wait no more."""
        with self._lock:
            self._refusable -= sum(refusable)
            self._waiting -= len(refusable)


class Readers:
    """Threads that read, each one unit at a time."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "store-reader")
        self.room = Room()

    async def run(self, read: Callable[[W], T], work: W) -> T:
        """`read(work)` in one of the threads. Raises StoreBusy."""
        refusable = self.room.enter()

        def ended(_: Future[T] | None) -> None:
            self.room.leave((refusable,))

        try:
            reading = self._threads.submit(read, work)
        except BaseException:
            ended(None)
            raise
        # Also where nobody waits for it any more.
        reading.add_done_callback(ended)
        return await asyncio.wrap_future(reading)

    def close(self) -> None:
        """Read what still waits, and end."""
        self._threads.shutdown()
