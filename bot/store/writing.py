"""Threads that write, many units in one commit: the same for every database."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.store.room import Room
from bot.store.transaction import StoreFailed, Transaction

T = TypeVar("T")

# A bigger batch spares no more fsyncs worth having, and its first writer would wait too long for its last.
LARGEST_BATCH = 256
# Where two waited for one another, the whole batch is done again; mostly once is enough.
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

    def gone(self, error: Exception) -> bool:
        """Whether the database itself is away, so that nothing else would go through either."""


@dataclass(frozen=True)
class _Unit:
    work: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    refusable: bool


@dataclass(frozen=True)
class _Failure:
    error: Exception


class Writer:
    """Takes units of work from any thread and event loop; they are on the disk when `write` returns. Each pen has a thread of
    its own and commits at most `largest` units at once. Where they are `marked`, a unit that fails is undone alone; else all
    of its batch are, and done again one by one."""

    def __init__(
        self, pens: Sequence[Pen], *, largest: int = LARGEST_BATCH, marked: bool = True, name: str = "store-writer"
    ) -> None:
        # Bounded by the room where units enter it.
        self._waiting: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self.room = Room()
        self._gate = threading.Lock()
        self._closed = False
        self._largest = largest
        self._marked = marked
        self._threads = [threading.Thread(target=self._write_on, args=(pen,), name=name, daemon=True) for pen in pens]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a unit of work and wait until it is on the disk. What the unit raises, the caller hears: then its writes
        are undone, and no other unit's. A unit may be run more than once and must touch nothing but its transaction.
        Raises StoreBusy at once where too many wait who may come again, as this one may."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._gate:
            self.refuse_when_closed()
            self._waiting.put(_Unit(work, loop, future, self.room.enter()))
        return await future

    @property
    def closed(self) -> bool:
        return self._closed

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
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        return True

    def _write_on(self, pen: Pen) -> None:
        while batch := self._next_batch():
            _answer(batch, _written(batch, pen) if self._marked else _written_plainly(batch, pen))
        # For the next thread.
        self._waiting.put(None)

    def _next_batch(self) -> list[_Unit]:
        """Waits for a unit, then takes what has queued meanwhile; empty when there will be no more."""
        first = self._waiting.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < self._largest:
            try:
                unit = self._waiting.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                # Not yet: first this batch, then the end.
                self._waiting.put(None)
                break
            batch.append(unit)
        self.room.leave([unit.refusable for unit in batch])
        return batch


def _written(batch: Sequence[_Unit], pen: Pen) -> Sequence[object]:
    """The result, or failure, of each unit."""
    for _ in range(MOST_ATTEMPTS):
        try:
            return _commit(batch, pen)
        except Again:
            pen.drop()
        except Exception as error:
            pen.drop()
            return [_Failure(pen.wrapped(error))] * len(batch)
    busy = StoreFailed("the database was too busy: other processes wrote the same rows again and again")
    return [_Failure(busy)] * len(batch)


def _written_plainly(batch: Sequence[_Unit], pen: Pen) -> Sequence[object]:
    """The same without marks."""
    try:
        transaction = pen.begin()
        results: list[object] = [unit.work(transaction) for unit in batch]
        pen.commit()
    except Exception as error:
        pen.drop()
        if pen.gone(error) or (len(batch) == 1 and not isinstance(error, Again)):
            return [_Failure(pen.wrapped(error))] * len(batch)
        return [_written([unit], pen)[0] for unit in batch]
    return results


def _commit(batch: Sequence[_Unit], pen: Pen) -> Sequence[object]:
    """One transaction for the whole batch. Raises what concerns all of it."""
    transaction = pen.begin()
    # One alone has nobody else's writes to spare: what fails, fails whole.
    attempt = _attempt if len(batch) > 1 else _work
    results = [attempt(unit, transaction, pen) for unit in batch]
    pen.commit()
    return results


def _work(unit: _Unit, transaction: Transaction, pen: Pen) -> object:
    return unit.work(transaction)


def _attempt(unit: _Unit, transaction: Transaction, pen: Pen) -> object:
    pen.mark()
    try:
        result: object = unit.work(transaction)
    except Again:
        raise
    except Exception as error:
        if not pen.undo():
            raise
        result = _Failure(pen.wrapped(error))
    pen.settle()
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
