"""How long the officials' queue and a case page take among a million sightings and 100,000 reports.

    python tests/benchmarks/case_queue.py [--sightings 1000000] [--reports 100000] [--rounds 100] [--folder DIR]

The database is filled past the store, in the store's own form; what is timed goes through the store: the query in its
reading thread and the way there and back. Exit 1 where a page of the queue takes more than 20 ms at the 99th of a hundred.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bot.bench_sightings import fill
from bot.store import SqlStore, forms
from bot.store.casebook import CaseBook, Sort, View
from bot.store.notices import Notices
from content.fingerprints import HASHES
from content.models import Language
from content.verdict import Level
from handlers.messages import Address, Kind, Message, NewReport, Outcome, Platform, Reply, Session

LONGEST = 20.0  # milliseconds, at p99
NOW = datetime.now(UTC)
TEXT = "พัสดุของท่านตกค้าง กรุณาชำระค่าธรรมเนียม [ปิดไว้] บาท ที่ parcel.example ภายในวันนี้ มิฉะนั้นจะถูกส่งคืน " * 3
TYPES = ("parcel", "police", "loan", "investment", "job")
# One case in ten thousand is one that the whole country reports.
BIGGEST = 5_000


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def build(path: Path, sightings: int, reports: int, dice: random.Random) -> int:
    """Fill the database; how many cases there are."""
    chance = np.random.default_rng(1)
    signatures = chance.integers(0, 256, size=(sightings, HASHES), dtype=np.uint8)
    # Each twentieth is a relative of the one before it: half of its letter runs.
    relatives = np.arange(20, sightings, 20)
    signatures[relatives, : HASHES // 2] = signatures[relatives - 1, : HASHES // 2]
    fill(path, signatures)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("pragma synchronous = off")
    raw.execute("pragma cache_size = -200000")
    raw.execute("begin")
    today = NOW.date()
    days = [(today - timedelta(days=back)).isoformat() for back in range(30)]
    raw.executemany(
        "insert into sighting_days (sighting, day, asked, people) values (?, ?, ?, ?)",
        ((number, day, 3, 2) for number in range(1, sightings + 1) for day in sorted(dice.sample(days, 2))),
    )
    cases = reports * 2 // 5
    raw.executemany(
        """insert into cases (id, state, sighting, level, type, reports, reporters, weight, disputed, opened_at,
             last_report_at, promised_at, decision, decided_at, decided_by, growth, grown_on)
           values (?, ?, ?, 'warning_signs', ?, 2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (case_row(number, sightings, today.isoformat(), dice) for number in range(1, cases + 1)),
    )
    weights = [BIGGEST if number < cases // 10_000 + 1 else 1 for number in range(cases)]
    chosen = dice.choices(range(1, cases + 1), weights, k=reports)
    raw.executemany(
        """insert into reports (number, person, platform, text, came_by, language, level, state, reported_at, case_id)
           values (?, ?, 'line', ?, 'sms', 'th', 'warning_signs', 'received', ?, ?)""",
        (
            (f"old-{number}", f"{number % 60_000:032x}", f"{number} {TEXT}", moment(dice.uniform(0, 90)), case)
            for number, case in enumerate(chosen)
        ),
    )
    raw.execute("commit")
    raw.execute("pragma wal_checkpoint(truncate)")
    raw.close()
    return cases


def moment(days_ago: float) -> str:
    return forms.stamp(NOW - timedelta(days=days_ago))


def case_row(number: int, sightings: int, today: str, dice: random.Random) -> tuple[object, ...]:
    """Half of the cases are open, a quarter of those overdue: a desk that is far behind."""
    opened = dice.uniform(0, 90)
    is_open = dice.random() < 0.5
    state = dice.choice(("received", "in_review")) if is_open else "answered"
    promised = moment(dice.uniform(-3, 1)) if is_open else moment(opened - 3)
    decided = None if is_open else moment(opened / 2)
    growth = int(dice.paretovariate(1.2)) if is_open and dice.random() < 0.3 else 0
    return (
        number, state, dice.randrange(1, sightings + 1), dice.choice(TYPES), dice.randrange(1, 5), dice.paretovariate(1.1),
        int(dice.random() < 0.03), moment(opened), moment(opened / 2), promised, "" if is_open else "scam", decided,
        None if is_open else "pornthip", growth, today,
    )  # fmt: skip


async def timed(rounds: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds of each of so many calls."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    return took


def told(name: str, took: Sequence[float]) -> float:
    p50, p99 = np.percentile(took, [50, 99]).tolist()
    print(f"{name:44} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   longest {max(took):6.2f} ms   ({len(took)})")
    return float(p99)


async def measure(store: SqlStore, cases: int, rounds: int, dice: random.Random) -> bool:
    """Print every figure; whether the queue is fast enough."""
    book = CaseBook(store.foundation)
    slowest = 0.0
    asked = [(view, sort) for view in View for sort in Sort if view not in (View.ANSWERED, View.ALL)]
    for view, sort in [*asked, (View.ANSWERED, Sort.NEWEST), (View.ALL, Sort.NEWEST)]:
        took = await timed(rounds, lambda v=view, s=sort: book.queue(v, sort=s))
        slowest = max(slowest, told(f"queue {view.value} by {sort.value}, first page", took))
    open_pages = (await book.queue()).total // 50
    took = await timed(rounds, lambda: book.queue(page=dice.randrange(1, open_pages + 1)))
    slowest = max(slowest, told(f"queue open by promise, any of {open_pages} pages", took))
    told("counts for the first page of the day", await timed(rounds, book.counts))
    told("case page, any case", await timed(rounds, lambda: book.case(dice.randrange(1, cases + 1))))
    told("case page, the case of thousands", await timed(rounds, lambda: book.case(1)))
    told("who is still to be told (every second)", await timed(rounds, lambda: Notices(store.foundation).untold(100)))
    told("one report filed", await timed(rounds, lambda: filed(store, dice)))
    return slowest <= LONGEST


async def filed(store: SqlStore, dice: random.Random) -> None:
    name = f"U{dice.random()}"
    address = Address(Platform.LINE, name, name)
    waiting = await store.receive([Message(address, name, Kind.TEXT, NOW, text="…")])
    text = f"{TEXT} {dice.choice(TYPES) * 8} {dice.randrange(10)}"
    report = NewReport(text, Language.THAI, Level.NOT_KNOWN, None, None, store.fingerprinter.of(text))
    await store.commit(waiting, Outcome(Session(), Reply("{case_number}", "", Language.THAI), report=report))


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sightings", type=int, default=1_000_000)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    dice = random.Random(1)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "queue.db"
        SqlStore.open(f"sqlite:///{path}", ["benchmark"], Clock()).close()
        began = time.perf_counter()
        cases = build(path, given.sightings, given.reports, dice)
        size = path.stat().st_size / 1e6
        print(f"{given.sightings:,} sightings, {given.reports:,} reports in {cases:,} cases: {size:,.0f} MB, "
              f"built in {time.perf_counter() - began:.0f} s")  # fmt: skip
        store = SqlStore.open(f"sqlite:///{path}", ["benchmark"], Clock())
        fast = await measure(store, cases, given.rounds, dice)
        store.close()
    print(f"every page of the queue within {LONGEST:g} ms at p99: {'yes' if fast else 'NO'}")
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
