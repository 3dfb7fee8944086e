"""One thread that writes, many units in one commit: the same for every database."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.store.transaction import StoreFailed, Transaction

T = TypeVar("T")

# A bigger batch spares no more fsyncs worth having, and its first writer would wait too long for its last.
LARGEST_BATCH = 256
# Where another process wrote the same rows meanwhile, the whole batch is done again; mostly once is enough.
MOST_ATTEMPTS = 12


class Again(Exception):
    """Another process was in the way: nothing of the batch stands, and it may be done again."""


class Pen(Protocol):
    """A connection that writes. `Again` may be raised by any of these and by what a unit does with `transaction`."""

    def begin(self) -> Transaction:
        """A new transaction for a whole batch."""

    def mark(self) -> None:
        """What follows can be undone alone."""

    def undo(self) -> bool:
        """Undo what followed the mark; False when the whole transaction is gone with it."""

    def settle(self) -> None:
        """What followed the mark stands with the batch."""

    def commit(self) -> None: ...

    def drop(self) -> None:
        """End a transaction that stands for nothing, where there is one. Never raises."""

    def wrapped(self, error: Exception) -> Exception:
        """What the caller hears: StoreFailed for a fault of the database, the error itself for one of the unit."""


@dataclass(frozen=True)
class _Unit:
    work: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


@dataclass(frozen=True)
class _Failure:
    error: Exception


class Writer:
    """Takes units of work from any thread and event loop; they are on the disk when `write` returns."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._waiting: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write_on, name="store-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit of work and wait until it is on the disk. What the unit raises, the caller hears: then its writes
        are undone, and no other unit's. A unit may be run more than once and must touch nothing but its transaction."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._gate:
            self.refuse_when_closed()
            self._waiting.put(_Unit(work, loop, future))
        return await future

    def refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreFailed("the database is closed")

    def close(self) -> bool:
        """Write what still waits and end; False when that was done before."""
        with self._gate:
            if self._closed:
                return False
            self._closed = True
            self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join()
        return True

    def _write_on(self) -> None:
        while batch := self._next_batch():
            _answer(batch, self._written(batch))

    def _next_batch(self) -> list[_Unit]:
        """Waits for a unit, then takes what has queued meanwhile; empty when there will be no more."""
        first = self._waiting.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < LARGEST_BATCH:
            try:
                unit = self._waiting.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                # Not yet: first this batch, then the end.
                self._waiting.put(None)
                break
            batch.append(unit)
        return batch

    def _written(self, batch: Sequence[_Unit]) -> Sequence[object]:
        for _ in range(MOST_ATTEMPTS):
            try:
                return self._commit(batch)
            except Again:
                self._pen.drop()
        busy = StoreFailed("the database was too busy: other processes wrote the same rows again and again")
        return [_Failure(busy)] * len(batch)

    def _commit(self, batch: Sequence[_Unit]) -> Sequence[object]:
        """One transaction for the whole batch; the result, or failure, of each unit."""
        try:
            transaction = self._pen.begin()
            results = [self._attempt(unit, transaction) for unit in batch]
            self._pen.commit()
        except Again:
            raise
        except Exception as error:
            self._pen.drop()
            return [_Failure(self._pen.wrapped(error))] * len(batch)
        return results

    def _attempt(self, unit: _Unit, transaction: Transaction) -> object:
        self._pen.mark()
        try:
            result: object = unit.work(transaction)
        except Again:
            raise
        except Exception as error:
            if not self._pen.undo():
                raise
            result = _Failure(self._pen.wrapped(error))
        self._pen.settle()
        return result


def _answer(batch: Sequence[_Unit], results: Sequence[object]) -> None:
    """Wake everybody whose unit has been settled: once for each event loop, not once for each unit."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
    for unit, result in zip(batch, results, strict=True):
        by_loop.setdefault(unit.loop, []).append((unit.future, result))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)
        except RuntimeError:
            # That loop has ended and nobody listens; what was written stands all the same.
            continue


def _settle(settled: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for future, result in settled:
        if future.done():
            continue
        if isinstance(result, _Failure):
            future.set_exception(result.error)
        else:
            future.set_result(result)
