"""How long each page of the desk takes among 100,000 cases, a million sightings and three million counted events.

    python tests/benchmarks/desk.py [--sightings 1000000] [--cases 100000] [--events 3000000] [--rounds 60] [--folder DIR]

A real server over a database that is filled past the store, in the store's own form; what is timed is the whole request
as a browser on the same machine sees it: every page that the desk has registered, and some in more than one view. Exit 1
where a page takes more than 150 ms at the 95th of a hundred, or has no address here. Files that another process makes when
somebody asks for them are timed too, a few times each, but are no pages. `cpu` is the processor's time for one request, server
and browser together: what a page costs also where other work keeps the machine busy.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import case_queue
import desk_rows
from case_queue import Clock
from conftest import House, house_of
from desk_cast import PASSWORD, Visitor, at_desk, officials_of, visitor

from bot.demo_knowledge import ASKED, WRITTEN
from bot.desk import furnished
from bot.settings import Settings
from bot.store import SqlStore, forms
from bot.store.audit import OPERATOR
from bot.store.figures import Figures
from content.loading import load
from content.models import ScamType
from handlers.officials import Role

LONGEST = 150.0  # milliseconds, at p95
KEY = "a key for tests only, long enough"
NOW = datetime.now(UTC)
DAYS = 90
TYPES = [each.value for each in ScamType]
PROVINCES = [f"province-{number}" for number in range(77)]
LEVELS = (("known_scam", 45), ("warning_signs", 25), ("not_known", 25), ("not_a_check", 5))


def events(many: int, dice: random.Random) -> Iterator[tuple[object, ...]]:
    names = [name for name, times in LEVELS for _ in range(times)]
    for number in range(many):
        at = forms.stamp(NOW - timedelta(days=DAYS * (1 - number / many)))
        level = names[number % 100]
        warned = level in ("known_scam", "warning_signs")
        # Some 95 entries, each of one type.
        kind = TYPES[number * 7 % len(TYPES)]
        entry = f"{kind}-{dice.randrange(3)}" if warned else None
        said = (
            ("useful", "yes:1") if number % 40 == 0 else ("emergency", "code") if number % 400 == 1 else ("checked", "")
        )
        yield (at, *said, level if said[0] == "checked" else None, kind if warned else None, entry,
               dice.choice(("line", "line", "line", "telegram", "web")), "th" if number % 9 else "en")  # fmt: skip


def letters(many: int, dice: random.Random) -> Iterator[tuple[object, ...]]:
    for number in range(many):
        received = NOW - timedelta(days=29 * (1 - number / many))
        failed = number % 500 == 0
        sent = None if failed else forms.stamp(received + timedelta(seconds=dice.expovariate(0.8)))
        yield (-number - 1, dice.choice(("line", "line", "telegram", "web")), f"desk-{number}", forms.stamp(received),
               forms.stamp(received), "failed" if failed else "sent", "the platform did not answer" if failed else "", sent)  # fmt: skip


def build(path: Path, given: argparse.Namespace, dice: random.Random) -> None:
    """Sightings, cases and reports as in `case_queue`; then events, letters, and what reporters told."""
    case_queue.build(path, given.sightings, given.cases * 5 // 2, dice)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("pragma synchronous = off")
    raw.execute("begin")
    raw.executemany(
        "insert into events (at, name, detail, level, type, entry, platform, chat_kind, language) values (?,?,?,?,?,?,?,'private',?)",
        events(given.events, dice),
    )
    raw.executemany(
        """insert into outbox (answers, platform, chat, body, retry_key, received_at, due_at, state, reason, sent_at)
           values (?, ?, '', '', ?, ?, ?, ?, ?, ?)""",
        letters(given.events // 3, dice),
    )
    raw.create_function("province", 1, lambda id: PROVINCES[int(id) * 7919 % 77])
    # Most messages are new to one person a day; one in twenty to more.
    raw.execute("update sighting_days set people = case when sighting * 7919 % 20 = 0 then 2 + sighting % 3 else 1 end")
    raw.execute("update reports set province = province(id), loss = '1k_10k', disputes = id % 200 = 0")
    raw.execute("commit")
    raw.close()


MONTH = (NOW.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
# The addresses of each page, by the one it is registered under; holes are filled with what `desk_rows` made.
PAGES = {
    "/desk": ("/desk",),
    "/desk/queue": (
        "/desk/queue", "/desk/queue?sort=weight", "/desk/queue?sort=growth", "/desk/queue?page=1000",
        "/desk/queue?view=answered", "/desk/queue?view=all",
    ),
    # One that thousands reported, one with everything that can be made of a case; any other is timed by itself.
    "/desk/case/{id}": ("/desk/case/1", "/desk/case/{case}"),
    "/desk/case/{id}/warning": ("/desk/case/{case}/warning",),
    "/desk/trends": ("/desk/trends", f"/desk/trends?month={MONTH}"),
    "/desk/trends.csv": (f"/desk/trends.csv?month={MONTH}",),
    "/desk/bulletins": ("/desk/bulletins",),
    "/desk/bulletins/{id}": ("/desk/bulletins/{bulletin}",),
    "/desk/campaigns": ("/desk/campaigns",),
    "/desk/campaigns/{id}": ("/desk/campaigns/{campaign}",),
    "/desk/takedowns": ("/desk/takedowns",),
    "/desk/takedowns/{id}": ("/desk/takedowns/{takedown}",),
    "/desk/hubs": ("/desk/hubs",),
    "/desk/hubs/{id}": ("/desk/hubs/{hub}",),
    "/desk/hubs/{id}/card": ("/desk/hubs/{hub}/card",),
    "/desk/forwarded": ("/desk/forwarded",),
    "/desk/knowledge": ("/desk/knowledge", "/desk/knowledge?what=sign", "/desk/knowledge?q=bank&what=organisation"),
    "/desk/knowledge/expiry": ("/desk/knowledge/expiry",),
    "/desk/knowledge/{kind}/{name}": (f"/desk/knowledge/entry/{ASKED}", "/desk/knowledge/organisation/scb"),
    "/desk/knowledge/{kind}/{name}/history": (f"/desk/knowledge/entry/{WRITTEN}/history",),
    "/desk/knowledge/{kind}/{name}/change": (f"/desk/knowledge/entry/{WRITTEN}/change",),
    "/desk/knowledge/new/{kind}": ("/desk/knowledge/new/entry",),
    "/desk/knowledge/draft/{id}": ("/desk/knowledge/draft/{draft}",),
    "/desk/knowledge/draft/{id}/edit": ("/desk/knowledge/draft/{draft}/edit",),
    "/desk/people": ("/desk/people",),
    "/desk/me": ("/desk/me",),
    "/desk/me/password": ("/desk/me/password",),
    "/desk/me/app": ("/desk/me/app",),
}  # fmt: skip
# The door, for whoever is not signed in.
DOOR = {
    "/desk/sign-in": "/desk/sign-in",
    "/desk/welcome/{token}": "/desk/welcome/{token}",
    "/desk/welcome/{token}/qr.svg": "/desk/welcome/{token}/qr.svg",
}
FILES = {
    "/desk/bulletins/{id}/materials/{name}": "/desk/bulletins/{bulletin}/materials/figures.csv",
    "/desk/takedowns/{id}/package.zip": "/desk/takedowns/{takedown}/package.zip",
    "/desk/knowledge/export": "/desk/knowledge/export",
}
OTHERS = ("/score",)
FILE_ROUNDS = 5


@dataclass(frozen=True)
class Took:
    """Milliseconds of some requests: each on the clock, and of the processor in the middle of them."""

    each: Sequence[float]
    cpu: float


async def timed(visitor: Visitor, *paths: str) -> Took:
    """These requests, one after another."""
    took, cpu = [], []
    for path in paths:
        began, worked = time.perf_counter(), time.process_time()
        page = await visitor.get(path)
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - worked) * 1000)
        assert page.status == 200, (path, page.status)
    return Took(took, float(np.median(cpu)))


def told(name: str, took: Took) -> float:
    p50, p95, p99 = np.percentile(took.each, [50, 95, 99]).tolist()
    print(
        f"{name:48} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   p99 {p99:7.2f} ms   first {took.each[0]:7.2f} ms"
        f"   cpu {took.cpu:6.2f} ms   ({len(took.each)})",
        flush=True,
    )
    return float(p95)


async def measure(house: House, given: argparse.Namespace, dice: random.Random, known: dict[str, str]) -> float:
    """Print every page's figures; the slowest p95."""
    there = {page.path for page in furnished(house.bot).pages if page.method == "GET"}
    if left := there - {*PAGES, *DOOR, *FILES}:
        raise SystemExit(f"pages of which nobody here knows an address: {', '.join(sorted(left))}")
    slowest = []
    async with at_desk(house, Role.ADMIN) as admin:
        for path in (*(each for several in PAGES.values() for each in several), *OTHERS):
            slowest.append(told(path, await timed(admin, *[path.format_map(known)] * given.rounds)))
        any_case = [f"/desk/case/{dice.randrange(2, given.cases)}" for _ in range(given.rounds)]
        slowest.append(told("/desk/case/…, any", await timed(admin, *any_case)))
        for path in FILES.values():
            told(f"{path}, a file", await timed(admin, *[path.format_map(known)] * FILE_ROUNDS))
    async with visitor(house) as stranger:
        officials = officials_of(house)
        invited = await officials.add("somebody new", Role.READER, OPERATOR)
        await officials.choose(invited.token, PASSWORD)
        for path in DOOR.values():
            asked = path.format_map({"token": invited.token})
            slowest.append(told(path, await timed(stranger, *[asked] * given.rounds)))
    return max(slowest)


async def counted(path: Path) -> dict[str, str]:
    """Past days counted, and one of each thing that has a page; what fills the holes of the pages' addresses."""
    store = SqlStore.open(f"sqlite:///{path}", [KEY], Clock())
    began = time.perf_counter()
    days = await Figures(store.foundation).keep_counted()
    print(f"{days} past days counted in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    settings = Settings(_env_file=None, database_url=f"sqlite:///{path}")  # type: ignore[call-arg]
    known = await desk_rows.furnish(store, settings, load())
    store.close()
    desk_rows.many(path, known["bulletin"])
    print(f"bulletins, campaigns, take-downs, hubs, drafts made in {time.perf_counter() - began:.1f} s", flush=True)
    return known


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sightings", type=int, default=1_000_000)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    dice = random.Random(1)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "rutan.db"
        SqlStore.open(f"sqlite:///{path}", [KEY], Clock()).close()
        began = time.perf_counter()
        build(path, given, dice)
        print(f"{given.sightings:,} sightings, {given.cases:,} cases, {given.events:,} events: "
              f"{path.stat().st_size / 1e6:,.0f} MB, built in {time.perf_counter() - began:.0f} s")  # fmt: skip
        known = await counted(path)
        async with house_of(Path(folder)) as house:
            # The house counts this month by itself when it starts, so that nobody has to wait for it.
            await asyncio.sleep(10)
            slowest = await measure(house, given, dice, known)
    print(f"every page within {LONGEST:g} ms at p95: {'yes' if slowest <= LONGEST else 'NO'} ({slowest:.0f} ms)")
    return 0 if slowest <= LONGEST else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
