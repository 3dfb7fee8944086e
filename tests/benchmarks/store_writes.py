"""How many durable writes a second the store does, and how long one waits.

    python tests/benchmarks/store_writes.py [--seconds 3] [--folder DIR]

Every write is on the disk (fsync) when it counts. One at a time shows the price of the fsync; many at once
share it. The folder should lie on the disk that will be used: a folder in memory flatters.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bot.store import SqlStore
from content.models import Language
from handlers.messages import (
    Address,
    Happened,
    Kind,
    Message,
    Outcome,
    Platform,
    Reply,
    Section,
    Tone,
    line,
)
from handlers.ports import Sent

TEXT = "คุณมีพัสดุตกค้าง กรุณาชำระค่าธรรมเนียม 25 บาท ที่ post-th.example ภายในวันนี้ " * 2
REPLY = Reply(
    "ระวัง! คล้ายมิจฉาชีพ", "อย่าเพิ่งกดหรือโอน", Language.THAI, Tone.ALARM,
    tuple(Section("ทำไม", tuple(line(f"**คำของเขา** {TEXT}") for _ in range(3))) for _ in range(3)),
)  # fmt: skip


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Load:
    """The same things that a conversation does, on a store of its own."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._numbers = count()

    def _message(self) -> Message:
        number = next(self._numbers)
        address = Address(Platform.LINE, f"U{number % 1000}", f"U{number % 1000}")
        return Message(address, f"e{number}", Kind.TEXT, datetime.now(UTC), text=TEXT, reply_token="t" * 32)

    async def receive(self) -> None:
        await self._store.receive([self._message()])

    async def turn(self) -> None:
        waiting = await self._store.receive([self._message()])
        session = await self._store.session(waiting[0].message.address)
        letter = await self._store.commit(waiting, Outcome(session, REPLY, (Happened("asked"),)))
        assert letter is not None
        await self._store.sending(letter)
        await self._store.sent(letter, Sent("message", "reply"))


# A turn reads once and writes four times: received, committed, sending, sent.
WRITES = {"receive": 1, "turn": 4}


async def measure(work: Callable[[], Awaitable[None]], at_once: int, seconds: float) -> tuple[float, list[float]]:
    """Rounds a second, and the milliseconds that each round took."""
    took: list[float] = []
    begin = time.perf_counter()

    async def again_and_again() -> None:
        while (started := time.perf_counter()) < begin + seconds:
            await work()
            took.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(again_and_again() for _ in range(at_once)))
    return len(took) / (time.perf_counter() - begin), took


async def main(seconds: float, folder: Path) -> None:
    print(f"{'what':<10}{'at once':>8}{'rounds/s':>11}{'writes/s':>11}{'p50 ms':>9}{'p99 ms':>9}")
    for name, writes in WRITES.items():
        for at_once in (1, 32, 256):
            store = SqlStore.open(f"sqlite:///{folder}/{name}-{at_once}.db", ["benchmark"], WallClock())
            rate, took = await measure(getattr(Load(store), name), at_once, seconds)
            store.close()
            cuts = statistics.quantiles(took, n=100)
            print(f"{name:<10}{at_once:>8}{rate:>11,.0f}{rate * writes:>11,.0f}{cuts[49]:>9.2f}{cuts[98]:>9.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        asyncio.run(main(given.seconds, Path(made)))
