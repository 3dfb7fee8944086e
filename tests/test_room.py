"""A disk or a server that is stuck: who may come again is refused at once, what was acknowledged waits, and all of it goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from conftest import House, free_port, house_of
from databases import KINDS
from partner_cast import program
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from store_cast import ANSWER, SECRET, SOMCHAI, StandingClock, rows, said, taken
from test_web import measured

from bot import line as platform_line
from bot import serving
from bot.partners.scopes import Scope as Allowed
from bot.store import SqlStore
from bot.store.room import MOST_WAITING, may_come_again
from bot.store.transaction import AnyDatabase, Reach, StoreBusy, Transaction
from handlers.messages import Address, Outcome, Platform, Session


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], StandingClock())
    yield opened
    opened.close()


@asynccontextmanager
async def stuck(database: AnyDatabase) -> AsyncIterator[None]:
    """Nothing is written while the block lasts."""
    go, held = threading.Event(), threading.Semaphore(0)

    def hold(tx: Transaction) -> None:
        held.release()
        go.wait(60)

    # One for each thread that writes; what keeps a process's shards goes on, as it does where only the disk is slow.
    pens = [Reach.ROWS] if len(database.rooms) == 2 else [Reach.ROWS, Reach.HOUSE, *[Reach.PERSON] * 3]
    holding = [asyncio.create_task(database.write(hold, reach)) for reach in pens]
    for _ in pens:
        assert await asyncio.to_thread(held.acquire, timeout=30)
    try:
        yield
    finally:
        go.set()
        await asyncio.gather(*holding, return_exceptions=True)


def waiting(database: AnyDatabase) -> int:
    return sum(room.waiting for room in database.rooms)


async def until_ended(tasks: list[asyncio.Task[object]], number: int) -> list[asyncio.Task[object]]:
    """So many of the tasks, once they have ended."""
    async with asyncio.timeout(30):
        while len(ended := [each for each in tasks if each.done()]) < number:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.01)
    return ended


def somebody(number: int) -> Address:
    return Address(Platform.LINE, f"U{number}", f"U{number}")


async def test_beyond_a_thousand_who_wait_newcomers_are_refused_at_once_and_nothing_else(
    store: SqlStore, url: str
) -> None:
    database = store.foundation.database
    acknowledged = await taken(store, said("จริงไหม", "e0"))
    letter = await store.commit(await taken(store, said("จริงไหม", "e1")), Outcome(Session(), ANSWER))
    assert letter is not None and await store.sending(letter)
    async with stuck(database):
        with may_come_again():
            crowd = [
                asyncio.create_task(store.receive([said("จริงไหม", f"f{number}", somebody(number))]))
                for number in range(MOST_WAITING + 300)
            ]
        refused = await until_ended(crowd, 300)
        assert len(refused) == 300 and all(isinstance(each.exception(), StoreBusy) for each in refused)
        assert waiting(database) == MOST_WAITING
        # An answer to what was acknowledged, and the word on a letter that has left, are taken however many wait.
        turn = asyncio.create_task(store.commit(acknowledged, Outcome(Session(), ANSWER)))
        word = asyncio.create_task(store.failed(letter, "no"))
        await asyncio.sleep(0.1)
        assert not turn.done() and not word.done() and waiting(database) == MOST_WAITING + 2
        assert len(await store.waiting()) == 1, "what is read goes on"
        with pytest.raises(StoreBusy, match="nothing more is taken in"), may_come_again():
            await store.receive([said("จริงไหม", "late", SOMCHAI)])
    assert await turn is not None
    await word
    done = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(each, StoreBusy) for each in done) == 300
    assert waiting(database) == 0
    # All come again, as platforms do where they heard nothing good: each is taken in once.
    again = [number for number, each in enumerate(done) if isinstance(each, StoreBusy)]
    with may_come_again():
        for number in [*again, *range(20)]:
            found = await store.receive([said("จริงไหม", f"f{number}", somebody(number))])
            assert len(found) == (number in again)
    assert len(rows(url, "inbox")) == MOST_WAITING + 300 + 2
    assert {row["state"] for row in rows(url, "outbox")} == {"failed", "waiting"}


async def test_where_reading_is_stuck_a_crowd_of_readers_is_bounded_too(store: SqlStore) -> None:
    database = store.foundation.database
    go = threading.Event()
    with may_come_again():
        crowd = [asyncio.create_task(database.read(lambda tx: go.wait(60))) for _ in range(MOST_WAITING + 50)]
    refused = await until_ended(crowd, 50)
    assert len(refused) == 50 and all(isinstance(each.exception(), StoreBusy) for each in refused)
    ours = asyncio.create_task(store.session(SOMCHAI))
    given_up = asyncio.create_task(store.session(SOMCHAI))
    await asyncio.sleep(0.05)
    given_up.cancel()
    await asyncio.sleep(0.05)
    assert waiting(database) == MOST_WAITING + 1, "nobody waits for what was given up"
    go.set()
    assert await ours == Session()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert waiting(database) == 0
    with may_come_again():
        await store.alive()


# --- a whole house --------------------------------------------------------------------------------------------------------
@pytest.fixture(params=KINDS)
async def either_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A house on each kind of database in which three newcomers at most may wait."""
    given = {"database_url": request.getfixturevalue("postgres_url")} if request.param == "postgresql" else {}
    async with house_of(tmp_path, **given) as house:
        for room in house.bot.store.foundation.database.rooms:
            room.most = 3
        yield house


async def test_a_house_whose_database_is_stuck_refuses_newcomers_and_answers_everybody_in_the_end(
    either_house: House,
) -> None:
    house = either_house
    database, line = house.bot.store.foundation.database, house.line
    bank = await program(house, Allowed.ENTRIES)
    # Somebody was acknowledged before; their answer is worked out while nothing can be written.
    house.bot.inbox.most_in_hand = -100
    assert await line.send(line.text_event("Ubefore", "เมนู")) == 200
    async with stuck(database):
        house.bot.inbox.most_in_hand = 600
        house.bot.inbox.wake()
        events = {f"U{number}": line.text_event(f"U{number}", "เมนู") for number in range(8)}
        crowd = {who: asyncio.create_task(line.send(event)) for who, event in events.items()}
        refused = await until_ended(list(crowd.values()), 5)
        assert [each.result() for each in refused] == [503] * 5
        telegram = await house.telegram.send(house.telegram.message(77, "เมนู"))
        assert telegram == 503
        for room in database.rooms[:-1]:
            # Wherever a page or a partner would write.
            room.most = 0
        assert (await bank.get("/entries")).trouble == "unavailable"
        async with house.http.post(f"{house.url}/api/v1/check", json={"text": "โอนค่าธรรมเนียมก่อน"}) as answer:
            assert answer.status == 200, "what writes nothing goes on"
        async with house.http.post(f"{house.url}/chat?lang=th", data={"text": "เมนู", "fragment": "1"}) as answer:
            assert answer.status == 200 and "ตอนนี้เราตรวจให้ไม่ได้" in await answer.text()
        figures = await measured(house)
        shown = next(row for row in figures.splitlines() if row.startswith("rutan_store_waiting "))
        assert 3 <= float(shown.split()[1]) < 30
        assert 'rutan_refused_total{platform="line",status="503"} 5.0' in figures
    assert sorted([await each for each in crowd.values()]) == [200] * 3 + [503] * 5
    for room in database.rooms:
        room.most = 3
    # The platforms bring again what was refused.
    for who, each in crowd.items():
        if each.result() == 503:
            assert await line.send(events[who]) == 200
    async with asyncio.timeout(30):
        while {answer.to for answer in line.answers} < {*events, "Ubefore"}:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.02)
    assert sorted(answer.to for answer in line.answers) == sorted([*events, "Ubefore"]), "each once"
    assert "rutan_turns_broken_total 0.0" in await measured(house)
    async with asyncio.timeout(30):
        # That the last letters have left is written down after they have.
        while waiting(database):  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.02)


async def test_whoever_was_acknowledged_is_answered_however_full_it_is(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    """The turn begins in the webhook's own call, and is none of those that may be refused."""
    line = house.line
    with may_come_again():
        (message,) = platform_line.read({"events": [line.text_event("Uheard", "เมนู")]}, house.bot.ports.clock.now())
        await house.bot.accept([message])
        for room in house.bot.store.foundation.database.rooms:
            room.most = 0
    assert "รู้ทัน" in (await line.next_answer(0, "Uheard")).text
    assert "did not answer" not in capfd.readouterr().err, "at the first try"
    assert await line.send(line.text_event("Ulate", "เมนู")) == 503


# --- connections ----------------------------------------------------------------------------------------------------------
async def test_beyond_so_many_connections_a_request_is_answered_503_and_the_next_goes_through(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "it has no beginning and no end of its own"
        await go.wait()
        await PlainTextResponse("ok")(scope, receive, send)

    assert serving.configured(slow, house.settings).limit_concurrency == serving.MOST_CONNECTIONS
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 3)
    port = free_port()
    settings = house.settings.model_copy(update={"port": port})
    server = uvicorn.Server(serving.configured(slow, settings))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nobody tells when
        await asyncio.sleep(0.01)

    async def asked(http: aiohttp.ClientSession) -> int:
        async with http.get(f"http://127.0.0.1:{port}/") as answer:
            return answer.status

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        first = [asyncio.create_task(asked(http)) for _ in range(2)]
        await asyncio.sleep(0.2)
        assert await asked(http) == 503
        go.set()
        assert await asyncio.gather(*first) == [200, 200]
        assert await asked(http) == 200
    server.should_exit = True
    await running
