"""One process of several runs the jobs, and another takes over when it ends, hangs or is cut off."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from zoneinfo import ZoneInfo

import psycopg
import pytest
from conftest import ROOT

from bot.store.leader import Leader, Timing
from bot.store.together import Alone, Duty, leadership
from scheduler.jobs import Every, Job, Ticker

BANGKOK = ZoneInfo("Asia/Bangkok")
# As patient as in the house, but asking sooner.
QUICK = Timing(say=0.5, ask=0.3)
LONGEST = 60.0


async def until(said: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not said():
        assert time.monotonic() - began < LONGEST, "it never came"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def ticking(url: str) -> AsyncIterator[tuple[Leader, Ticker, list[str]]]:
    """A ticker that runs while its process leads; what its jobs did."""
    leader, done = Leader(url, timing=QUICK), list[str]()
    ticker = Ticker(BANGKOK, leader.leads)

    async def work() -> None:
        done.append("job")

    async def mine() -> None:
        done.append("mine")

    ticker.add(Job("job", Every(0.05), work))
    ticker.add(Job("mine", Every(3600), mine, everywhere=True))
    ticker.start()
    task = asyncio.create_task(leader.run(ticker.take_over))
    try:
        yield leader, ticker, done
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        ticker.stop()


async def test_of_three_tickers_on_one_database_exactly_one_runs(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        three = [await stack.enter_async_context(ticking(postgres_url)) for _ in range(3)]
        await until(lambda: sum(done.count("job") for _, _, done in three) >= 20)
        ran = [done for _, _, done in three if "job" in done]
        assert len(ran) == 1
        assert [leader.leads() for leader, _, _ in three].count(True) == 1
        assert all(done.count("mine") == 1 for _, _, done in three), "what is about a process itself runs in each"
        # The server ends the leader's session: whoever asks first has it now, and the jobs go on.
        ended_by_the_server(postgres_url)
        for _, _, done in three:
            done.clear()
        await until(lambda: sum(done.count("job") for _, _, done in three) >= 20)
        assert [leader.leads() for leader, _, _ in three].count(True) == 1


def ended_by_the_server(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'rutan leader' and pid in"
            " (select pid from pg_locks where locktype = 'advisory' and granted)"
        )


async def test_whoever_takes_over_runs_every_job_for_what_came_due_meanwhile(postgres_url: str) -> None:
    first, second = Leader(postgres_url, timing=QUICK), Leader(postgres_url, timing=QUICK)
    told: list[str] = []
    one = asyncio.create_task(first.run(lambda: told.append("first")))
    await until(first.leads)
    two = asyncio.create_task(second.run(lambda: told.append("second")))
    assert not second.leads()
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    assert not first.leads(), "who stops lets go at once"
    await until(second.leads)
    assert told == ["first", "second"]
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)


PROCESS = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from bot.store.leader import Leader, Timing

async def main():
    leader = Leader(sys.argv[1], timing=Timing(say=0.5, certain=2.0, silence=3.0, ask=0.3))
    led = []
    task = asyncio.create_task(leader.run(lambda: (print("leads", flush=True), led.append(1))))
    while True:
        await asyncio.sleep(0.02)
        if led and not leader.leads():
            print("leads no longer", flush=True)
            led.clear()

asyncio.run(main())
"""


@asynccontextmanager
async def process(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of its own that wants to lead."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, url, str(ROOT), stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.send_signal(signal.SIGCONT)
            made.kill()
        await made.wait()


async def heard(made: asyncio.subprocess.Process) -> str:
    """The next line that is not the log's."""
    assert made.stdout is not None
    async with asyncio.timeout(LONGEST):
        while (line := (await made.stdout.readline()).decode().strip()).startswith("20"):
            continue
        return line


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.slow
async def test_another_takes_over_from_a_leader_that_is_killed_or_stopped(
    postgres_url: str, how: signal.Signals
) -> None:
    async with process(postgres_url) as first:
        assert await heard(first) == "leads"
        async with process(postgres_url) as second:
            first.send_signal(how)
            assert await heard(second) == "leads"
            if how is signal.SIGSTOP:
                first.send_signal(signal.SIGCONT)
                assert await heard(first) == "leads no longer", "it slept, and knows it when it wakes up"


async def test_a_leader_survives_a_server_that_is_away(postgres_url: str) -> None:
    away = Leader("postgresql://rutan@127.0.0.1:1/rutan", timing=QUICK)
    task = asyncio.create_task(away.run(lambda: None))
    await asyncio.sleep(0)
    assert not away.leads()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_duty_has_a_leader_of_its_own(postgres_url: str) -> None:
    both = [Leader(postgres_url, duty, QUICK) for duty in Duty]
    tasks = [asyncio.create_task(each.run(lambda: None)) for each in both]
    await until(lambda: all(each.leads() for each in both))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_on_sqlite_the_one_process_leads(tmp_path: object) -> None:
    alone = leadership(f"sqlite:///{tmp_path}/rutan.db")
    assert isinstance(alone, Alone)
    assert alone.leads()
    await alone.run(lambda: pytest.fail("the ticker's start was the taking over"))
    assert isinstance(leadership("postgresql://here/rutan"), Leader)
