"""What one process writes, the others hear at once; what they could not hear, they look for."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from conftest import house_of
from starlette.requests import Request
from store_cast import ANSWER, BROWSER, SECRET, SOMCHAI, StandingClock, answered, rows, said
from test_live_knowledge import approved, title, titled

from bot.live_knowledge import LiveKnowledge, swap
from bot.mailroom import Mailroom
from bot.metrics import Metrics
from bot.store import SqlStore
from bot.store.leader import Leader
from bot.store.leases import shard_of
from bot.store.revisions import Revisions
from bot.store.signals import Listener
from bot.store.together import Deaf, Topic, bells, signals
from content.knowledge import Knowledge
from handlers.messages import Address, Outcome, Platform, Session
from handlers.ports import Letter

LONGEST = 30.0


@asynccontextmanager
async def hearing(url: str, **on: Callable[[str], None]) -> AsyncIterator[Listener]:
    """An ear that hears already."""
    ear = Listener(url)
    for topic, heard in on.items():
        ear.on(Topic[topic], heard)
    task = asyncio.create_task(ear.run())
    try:
        async with asyncio.timeout(LONGEST):
            await ear.hearing.wait()
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(said: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not said():
        assert time.monotonic() - began < LONGEST, "it never came"
        await asyncio.sleep(0.005)


async def test_a_signal_is_heard_by_all_once_it_is_committed_and_never_before(postgres_url: str) -> None:
    store = SqlStore.open(postgres_url, [SECRET], StandingClock())
    first: list[str] = []
    second: list[str] = []

    def told(tx: Any, word: str, then: Exception | None = None) -> None:
        tx.tell(Topic.INBOX, word)
        if then:
            raise then

    async with hearing(postgres_url, INBOX=first.append), hearing(postgres_url, INBOX=second.append):
        assert first == second == [""], "at the start everybody looks once"
        with suppress(KeyError):
            await store.foundation.database.write(lambda tx: told(tx, "7", KeyError("undone")))
        await asyncio.gather(*(store.foundation.database.write(lambda tx: told(tx, "12")) for _ in range(20)))
        await store.foundation.database.write(lambda tx: told(tx, "63"))
        await until(lambda: "63" in first and "63" in second)
    assert set(first) == set(second) == {"", "12", "63"}
    store.close()


async def test_after_a_time_of_silence_everybody_looks_once(postgres_url: str) -> None:
    heard: list[str] = []
    async with hearing(postgres_url, KNOWLEDGE=heard.append):
        heard.clear()
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'rutan signals'"
            )
        await until(lambda: heard == [""])
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("select pg_notify('rutan_knowledge', '8')")
        await until(lambda: heard == ["", "8"])


async def test_whoever_does_not_understand_a_signal_costs_nobody_theirs(postgres_url: str) -> None:
    heard: list[str] = []

    def broken(word: str) -> None:
        raise ValueError(word)

    async with hearing(postgres_url, PARTNERS=broken) as ear:
        ear.on(Topic.PARTNERS, heard.append)
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("select pg_notify('rutan_partners', '3')")
        await until(lambda: "3" in heard)


async def test_on_sqlite_there_is_nobody_to_hear(tmp_path: object) -> None:
    deaf = signals(f"sqlite:///{tmp_path}/rutan.db")
    assert isinstance(deaf, Deaf)
    deaf.on(Topic.INBOX, lambda word: pytest.fail("heard something"))
    await deaf.run()
    assert isinstance(signals("postgresql://here/rutan"), Listener)


@pytest.mark.slow
async def test_what_is_approved_by_one_process_is_live_in_another_by_the_signal_alone(
    postgres_url: str, knowledge: Knowledge
) -> None:
    here, there = (SqlStore.open(postgres_url, [SECRET], StandingClock()) for _ in range(2))
    live, ports = LiveKnowledge(Revisions(there.foundation)), SimpleNamespace(knowledge=knowledge)
    # No look by itself: only the signal can bring it.
    live.look_every = 3600.0
    watching = asyncio.create_task(live.watch(swap(ports, Metrics())))  # type: ignore[arg-type]
    try:
        async with hearing(postgres_url, KNOWLEDGE=live.heard):
            await approved(Revisions(here.foundation), titled(knowledge, "จากอีกเครื่อง"))
            await until(lambda: title(ports.knowledge) == "จากอีกเครื่อง")
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        here.close()
        there.close()


async def test_a_message_for_another_process_is_told_by_its_shard(postgres_url: str) -> None:
    # A process that only takes messages in holds no shards.
    web = SqlStore.open(postgres_url, [SECRET], StandingClock())
    heard: list[str] = []
    async with hearing(postgres_url, INBOX=heard.append):
        await web.receive([said("จริงไหม", "e1")])
        await until(lambda: len(heard) == 2)
        await web.receive([said("จริงไหม", "e1")])
        await web.receive([said("จริงไหม", "e2")])
        await until(lambda: len(heard) == 3)
    assert heard == ["", *[str(shard_of(SOMCHAI.platform, SOMCHAI.chat))] * 2], "what was seen before is told to nobody"
    web.close()


async def test_a_letter_written_by_one_process_reaches_the_browser_that_waits_at_another(postgres_url: str) -> None:
    here, there = (SqlStore.open(postgres_url, [SECRET], StandingClock()) for _ in range(2))
    mailroom = Mailroom()
    bell = mailroom.bell(BROWSER.chat)
    async with hearing(postgres_url, LETTERS=mailroom.heard):
        await bell.wait(0)
        await answered(there, "e1", Outcome(Session(), ANSWER), BROWSER)
        # No look by itself: only the signal can ring it.
        await bell.wait(LONGEST)
        assert [letter.reply for letter in await here.collect(BROWSER)] == [ANSWER]
    here.close()
    there.close()


async def test_a_house_on_postgresql_leads_hears_and_shares(tmp_path: Path, postgres_url: str) -> None:
    async with house_of(tmp_path, database_url=postgres_url) as house:
        bot = house.bot
        assert isinstance(bot.signals, Listener) and isinstance(bot.leader, Leader)
        await until(bot.leader.leads)
        assert b"rutan_leading 1.0" in await bot.measured()
        await until(bot.signals.hearing.is_set)
        assert "1441" in (await house.telegram.says(7, "พัสดุตกค้าง จ่ายค่าธรรมเนียม กดลิงก์")).text
        page = await house.http.post(f"{house.url}/chat", data={"text": "สวัสดี", "fragment": "1"})
        assert page.status == 200
        assert [row["name"] for row in rows(postgres_url, "budgets")] == ["telegram"], (
            "and nobody who asks now and then"
        )
        for _ in range(20):
            await bot.doors.check(Request({"type": "http", "headers": [], "client": ("203.0.113.9", 1)}))
        (shared,) = [row for row in rows(postgres_url, "budgets") if row["name"] != "telegram"]
        assert re.fullmatch("[0-9a-f]{32}", str(shared["name"])), "an address is a keyed hash"


# --- the bells of browsers -------------------------------------------------------------------------------------------
def letter(chat: str) -> Letter:
    address = Address(Platform.WEB, chat, chat)
    return Letter(1, address, ANSWER, "key", "", "", StandingClock().now(), tries=0, unknown=False)


async def test_a_letter_of_another_process_wakes_its_browser_and_is_not_taken_for_an_answer() -> None:
    mailroom = Mailroom()
    bell = mailroom.bell("browser-1")
    mailroom.heard(bells("browser-1"))
    await bell.wait(LONGEST)
    assert not bell.here, "it may be another browser's: whoever waits looks, and goes on waiting"
    mailroom.deliver(letter("browser-1"))
    await bell.wait(LONGEST)
    assert bell.here
    mailroom.leave("browser-1", bell)
    mailroom.heard("")


async def test_the_others_sleep_on() -> None:
    mailroom = Mailroom()
    others = [chat for chat in (f"browser-{n}" for n in range(50)) if bells(chat) != bells("browser-1")]
    bell = mailroom.bell(others[0])
    mailroom.heard(bells("browser-1"))
    await bell.wait(0)
    assert not bell.rang and not bell.here
    mailroom.heard("")
    assert bell.rang
    await bell.wait(LONGEST)
    assert {bells(f"browser-{n}") for n in range(2000)} == {str(n) for n in range(256)}
