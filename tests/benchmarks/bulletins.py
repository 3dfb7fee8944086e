"""Bulletins at full size. `python tests/benchmarks/bulletins.py rehearsal|enqueue|overhead [--people N]`

rehearsal   100,000 subscribers; the server is killed five times; 429s, 500s, time-outs, closed connections; 3 % have blocked
            us; LINE's quota runs out midway
enqueue     recipients made for a million subscribers: seconds and memory
overhead    a delivery beside a bare loop of the same client calls, in one run
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import structlog
from bulletin_cast import BANGKOK, NEVER, NOVEMBER_2, OCTOBER, Office, add_subscribers, figures
from bulletin_rehearsal import Plan, rehearse
from conftest import free_port
from store_cast import StandingClock

from bot.bulletin_senders import LineCrowds, TelegramPosts
from bot.store.deliveries import DeliveryLedger
from content.loading import load
from content.models import Language
from handlers.wording import Voice
from scheduler.bulletins import Bulletin, Kind, State
from scheduler.courier import Courier
from scheduler.delivery import CROWDS_AT_ONCE, LARGEST_CROWD, LEASE, SINGLES_AT_ONCE, ToCrowds, ToEach, Ways
from scheduler.drafting import composed, reply

# The fake's own.
TOKEN = "123456:telegram-token"


async def rehearsal(people: int, seed: int) -> None:
    """The whole rehearsal."""
    telegram = people * 4 // 100
    plan = Plan(
        line=people - telegram, telegram=telegram, kills=5, line_seconds=0.7, seed=seed,
        quota_ends_after=int((people - telegram) * 0.7), kills_within=10.0,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        found = await rehearse(plan, Path(folder), load(), lambda what: print(what, flush=True))
    print(f"{len(found.rows):,} recipients in {found.seconds:.0f} s, {plan.kills} SIGKILLs")
    for (platform, state, why), count in sorted(found.ends().items()):
        print(f"  {platform:<9} {state:<8} {why:<12} {count:>8,}")
    print(f"LINE people who heard it twice: {found.line_doubles()}")
    print(
        f"Telegram doubles: {found.telegram_doubles()} (at most {plan.kills} kills × {SINGLES_AT_ONCE} in flight = {found.most_doubles()})"
    )
    print(f"Telegram calls in the busiest second: {found.most_in_a_second}")
    print(f"looked at while it ran: {len(found.sums):,} times, and it always added up")
    found.check()
    print("every recipient has exactly one final state; the ledger tells what the platforms saw")


async def enqueue(people: int) -> None:
    """Recipients made in pages, by one process that never sees them."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/rutan.db"
        office = Office.at(url, StandingClock(NOVEMBER_2), load())
        for begin in range(0, people, 100_000):
            add_subscribers(url, "line", min(100_000, people - begin), begin=begin)
        id = await office.signed()
        await office.ordered(id)
        ledger = DeliveryLedger(office.store.foundation)
        now = office.clock.now()
        held = await ledger.hold(id, now, now + LEASE)
        assert held is not None
        before, longest = _memory(), 0.0
        began = time.monotonic()
        whole = False
        while not whole:
            page = time.monotonic()
            whole = await ledger.gather(held)
            longest = max(longest, time.monotonic() - page)
        seconds = time.monotonic() - began
        assert (await office.bulletins.progress(id)).waiting == people
        looked = time.monotonic()
        await office.bulletins.progress(id)
        print(
            f"{people:,} recipients made in {seconds:.1f} s, the longest page held the writer {longest * 1000:.0f} ms"
        )
        print(f"memory before {before:.0f} MB, highest after {_memory():.0f} MB")
        print(f"one look at the status: {(time.monotonic() - looked) * 1000:.0f} ms")
        office.store.close()


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- overhead --------------------------------------------------------------------------------------------------------
async def overhead(people: int, answer_after: float) -> None:
    """A delivery through the ledger beside the same calls with nothing around them: as many at once, the same words."""
    knowledge, crowds, singles = load(), people, people // 50
    line_ratio, telegram_ratio = [], []
    async with _platforms(answer_after) as (line_url, telegram_url):
        for round in range(4):
            async with (
                LineCrowds.reaching("t", line_url) as line,
                TelegramPosts.reaching(TOKEN, telegram_url) as telegram,
            ):
                bare_line = await _timed(lambda line=line: _bare_line(line, crowds, knowledge))
                ours_line = await _delivered("line", crowds, line, telegram, knowledge)
                bare_telegram = await _timed(lambda telegram=telegram: _bare_telegram(telegram, singles, knowledge))
                ours_telegram = await _delivered("telegram", singles, line, telegram, knowledge)
            if round:  # the first warms up
                line_ratio.append(ours_line / bare_line)
                telegram_ratio.append(ours_telegram / bare_telegram)
                print(
                    f"LINE, {crowds:,} people: bare {bare_line:.2f} s, ours {ours_line:.2f} s ({line_ratio[-1]:.2f}×)   "
                    f"Telegram, {singles:,}: bare {bare_telegram:.2f} s, ours {ours_telegram:.2f} s ({telegram_ratio[-1]:.2f}×)",
                    flush=True,
                )
    print(f"median: LINE {statistics.median(line_ratio):.2f}×, Telegram {statistics.median(telegram_ratio):.2f}×")


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.monotonic()
    await work()
    return time.monotonic() - began


def _letter(knowledge):
    counted = figures()
    content = composed(counted, knowledge, BANGKOK)
    bulletin = Bulletin(1, Kind.MONTHLY, OCTOBER, State.SENDING, 1, datetime.now(UTC), content, counted)
    return reply(bulletin, Voice(knowledge, Language.THAI))


async def _bare_line(line: ToCrowds, people: int, knowledge) -> None:
    letter = _letter(knowledge)
    chats = [f"U{n:032x}" for n in range(people)]
    pages = iter([chats[at : at + LARGEST_CROWD] for at in range(0, people, LARGEST_CROWD)])

    async def worker() -> None:
        for page in pages:
            await line.send_to(page, letter, str(uuid4()))

    await asyncio.gather(*(worker() for _ in range(CROWDS_AT_ONCE)))


async def _bare_telegram(telegram: ToEach, people: int, knowledge) -> None:
    letter = _letter(knowledge)
    chats = iter([str(5_000_000 + n) for n in range(people)])

    async def worker() -> None:
        for chat in chats:
            await telegram.send_one(chat, letter)

    await asyncio.gather(*(worker() for _ in range(SINGLES_AT_ONCE)))


async def _delivered(platform: str, people: int, line: ToCrowds, telegram: ToEach, knowledge) -> float:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/rutan.db"
        office = Office.at(url, StandingClock(NOVEMBER_2), knowledge)
        add_subscribers(url, platform, people)
        id = await office.signed()
        await office.ordered(id)
        letter = _letter(knowledge)
        courier = Courier(
            DeliveryLedger(office.store.foundation), Ways(line, telegram), lambda bulletin, language: letter,
            office.clock, NEVER, singles_a_second=0,
        )  # fmt: skip
        began = time.monotonic()
        await courier.tick()
        await courier.until_idle()
        seconds = time.monotonic() - began
        assert await office.counts(id) == (people, 0, 0, 0)
        office.store.close()
        return seconds


class _platforms:
    """Both platforms in a process of their own; every answer takes so many seconds."""

    def __init__(self, answer_after: float) -> None:
        self._answer_after = answer_after

    async def __aenter__(self) -> tuple[str, str]:
        ports = free_port(), free_port()
        doubles = Path(__file__).parents[1] / "doubles.py"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(doubles),
            "--line",
            str(ports[0]),
            "--telegram",
            str(ports[1]),
            "--answer-after",
            str(self._answer_after),
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        await self._process.stdout.readline()
        return f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"

    async def __aexit__(self, *how: object) -> None:
        self._process.kill()
        await self._process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rehearsal", "enqueue", "overhead"])
    parser.add_argument("--people", type=int)
    parser.add_argument("--seed", type=int, default=1)
    # Neither platform answers sooner from Bangkok.
    parser.add_argument("--answer-after", type=float, default=0.05, help="overhead: seconds that every answer takes")
    chosen = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    if chosen.what == "rehearsal":
        asyncio.run(rehearsal(chosen.people or 100_000, chosen.seed))
    elif chosen.what == "enqueue":
        asyncio.run(enqueue(chosen.people or 1_000_000))
    else:
        asyncio.run(overhead(chosen.people or 50_000, chosen.answer_after))


if __name__ == "__main__":
    main()
