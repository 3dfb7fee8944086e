"""Three processes answer from one PostgreSQL: in order for one person, nothing lost and nothing said twice, whoever dies."""

from __future__ import annotations

import asyncio
import random
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from conftest import free_port, served
from doubles import FakeTelegram
from pydantic import SecretStr
from several_cast import Hook, Several, several, until
from store_cast import ANSWER, rows, said
from talk import InBrowser
from test_kill import Witness

from bot.running import Running
from bot.settings import LogLevel, Settings
from bot.store.leases import LeaseLost, Leases, shard_of
from handlers.messages import Address, Outcome, Platform, Session


async def settled(them: Several, seed: int) -> None:
    """Every answer has come once, and for each person in the order of what they wrote."""
    await until(them.answered, 90)
    # A second answer would come with the next look into the outbox.
    await asyncio.sleep(1.5)
    logs = [place.said()[-3000:] for place in them.places]
    assert not them.unanswered(), f"lost; seed {seed}; {them.shards()}; {logs}"
    assert not them.doubled(), f"said twice; seed {seed}"
    assert not them.out_of_order(), f"out of order; seed {seed}"
    assert not them.line.violations


@pytest.mark.slow
async def test_three_that_answer_from_one_database_answer_each_person_in_order(
    tmp_path: Path, postgres_url: str
) -> None:
    """All three in this process, so that it takes little; apart they stand below."""
    dice = random.Random(14)
    async with Witness() as line, AsyncExitStack() as stack:
        bots = [await stack.enter_async_context(served(settings(tmp_path, postgres_url, line))) for _ in range(3)]
        assert await until(lambda: all(20 <= len(shards(bot)) <= 22 for bot in bots)), [
            len(shards(bot)) for bot in bots
        ]
        them = Several(tmp_path, postgres_url, line, FakeTelegram(), dice)
        hooks = [Hook(f"http://127.0.0.1:{bot.settings.port}/webhooks/line") for bot in bots]
        await them.talk(16, 4, hooks)
        await settled(them, 14)
        # Somebody's shard changes hands while one of the three believes to hold it: it writes nothing more for its people.
        held = shards(bots[0])
        takes = Leases(bots[1].store.foundation, "another")
        # Among the living: of somebody whom nobody knows the three would take it again at their next beat.
        await takes.begin()
        await takes.foundation.database.write(
            lambda tx: [tx.row("take_shard", shard=each, process=takes.process) for each in held]
        )
        taken = await bots[1].store.receive([said("เมนู", "e1", chat_in(min(held)))])
        with pytest.raises(LeaseLost):
            await bots[0].store.commit(taken, Outcome(Session(), ANSWER))
        assert not await bots[0].store.letters()


def settings(folder: Path, database: str, line: Witness) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database,
        port=free_port(),
        secret_key=SecretStr("a key for tests only, long enough"),
        line_channel_secret=SecretStr(line.secret),
        line_channel_access_token=SecretStr("line-token"),
        line_api_url=line.url,
        log_level=LogLevel.ERROR,
    )


def shards(bot: Running) -> set[int]:
    assert bot.store.leases is not None
    return set(bot.store.leases.held)


def chat_in(shard: int) -> Address:
    """Somebody of this shard."""
    chat = next(f"U{number}" for number in range(10_000) if shard_of(Platform.LINE, f"U{number}") == shard)
    return Address(Platform.LINE, chat, chat)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_three_processes_share_the_people_and_one_that_ends_hands_them_over(
    tmp_path: Path, postgres_url: str
) -> None:
    seed = random.randrange(10**6)
    async with several(tmp_path, postgres_url, seed) as them:
        await them.start(1)
        await them.talk(6, 2, them.places)
        # Two more join in the midst of it and get their share.
        await them.start(2)
        assert await until(lambda: them.fair(3)), them.shards()
        await them.talk(20, 4, them.places)
        await settled(them, seed)
        # One says goodbye: the others have its people at once, and it loses nothing.
        talking = asyncio.create_task(them.talk(20, 4, them.places[1:], prefix="V"))
        await asyncio.sleep(0.3)
        assert await them.places[0].end(signal.SIGTERM) < 10
        await talking
        assert await until(lambda: them.fair(2)), them.shards()
        await settled(them, seed)
        assert them.line.pushed == 0, "a push where the reply token was alive"
        assert not [place.said() for place in them.places if "Traceback" in place.said()]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_one_killed_and_one_asleep_past_its_lease_cost_nobody_an_answer_and_double_none(
    tmp_path: Path, postgres_url: str
) -> None:
    seed = random.randrange(10**6)
    async with several(tmp_path, postgres_url, seed) as them:
        await them.start(3)
        assert await until(lambda: them.fair(3)), them.shards()
        stays, sleeps, dies = them.places
        talking = asyncio.create_task(them.talk(20, 4, them.places))
        await asyncio.sleep(0.3)
        sleeps.signal(signal.SIGSTOP)
        await dies.end(signal.SIGKILL)
        await talking
        assert await until(lambda: list(them.shards().values()) == [64]), them.shards()
        await until(them.answered)
        assert not them.unanswered(), f"lost; seed {seed}"
        # It wakes with messages in hand that others have answered since, and with letters that it was about to send.
        sleeps.signal(signal.SIGCONT)
        await them.talk(20, 3, [stays, sleeps], prefix="V")
        assert await until(lambda: them.fair(2)), them.shards()
        await settled(them, seed)
        assert "Traceback" not in stays.said()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_one_process_that_only_takes_in_keeps_everything_until_one_comes_that_only_answers(
    tmp_path: Path, postgres_url: str
) -> None:
    seed = random.randrange(10**6)
    async with several(tmp_path, postgres_url, seed) as them, aiohttp.ClientSession() as http:
        [web] = await them.start(1, only="web")
        # It acknowledges, or this would not end; nobody answers, and nobody is lost.
        await them.talk(4, 2, [web])
        await asyncio.sleep(1.5)
        assert not them.line.called("reply") and not them.line.called("push")
        assert [row["done_at"] for row in rows(postgres_url, "inbox")] == [None] * 8
        assert them.shards() == {"": 64}, "who does not answer holds nobody"
        [work] = await them.start(1, only="work")
        await settled(them, seed)
        assert list(them.shards().values()) == [64]
        # What comes from now on goes from the one to the other, a browser's question there and back.
        await them.talk(6, 3, [web], prefix="V")
        await settled(them, seed)
        asked = await InBrowser(SimpleNamespace(http=http, url=f"http://127.0.0.1:{web.port}")).says("เมนู")  # type: ignore[arg-type]
        assert asked.buttons
        assert not [place.said() for place in (web, work) if "Traceback" in place.said()]
