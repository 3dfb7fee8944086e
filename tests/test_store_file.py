"""The store's file: many at once, faults, versions, keys."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_cast import (
    NUMBERED,
    REPORT,
    SECRET,
    SOMCHAI,
    StandingClock,
    answered,
    change,
    rows,
    said,
    schema,
    taken,
)

from bot.store import SqlStore, StoreFailed
from bot.store.case_numbers import case_number
from bot.store.database import Database, refuse_too_old
from bot.store.opening import QUERIES, queries_text
from bot.store.resealing import Resealed, reseal
from bot.store.transaction import Transaction, named_queries
from handlers.messages import (
    Outcome,
    Session,
)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/rutan.db"


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


# Many at once


def in_two_threads(work) -> None:
    failures: list[BaseException] = []

    def run(name: str) -> None:
        try:
            asyncio.run(work(name))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def numbers_of(url: str) -> list[str]:
    return sorted(row["number"] for row in rows(url, "reports"))


def test_two_threads_of_fifty_reports_each_lose_no_number(store, url):
    async def fifty(name: str) -> None:
        for n in range(50):
            await answered(store, f"{name}{n}", Outcome(Session(), NUMBERED, report=REPORT))

    in_two_threads(fifty)
    assert numbers_of(url) == [case_number(2026, n) for n in range(1, 101)]


def test_two_stores_on_one_file_lose_no_number(url, clock):
    async def fifty(name: str) -> None:
        own = SqlStore.open(url, [SECRET], clock)
        try:
            await asyncio.gather(
                *(answered(own, f"{name}{n}", Outcome(Session(), NUMBERED, report=REPORT)) for n in range(50))
            )
        finally:
            own.close()

    in_two_threads(fifty)
    assert numbers_of(url) == [case_number(2026, n) for n in range(1, 101)]


async def test_a_unit_that_fails_costs_only_itself(tmp_path):
    queries = {
        "make": "create table n (value integer unique)",
        "add": "insert into n (value) values (:value)",
        "all": "select value from n order by value",
    }
    database = Database(tmp_path / "n.db", queries)
    database.start(lambda raw: None)
    await database.write(lambda tx: tx.run("make"))

    def add(value: int, then: Exception | None = None):
        def work(tx: Transaction) -> None:
            tx.run("add", value=value)
            if then:
                raise then

        return database.write(work)

    results = await asyncio.gather(add(1), add(2, KeyError("mine")), add(1), add(3), return_exceptions=True)
    assert results[0] is None and results[3] is None
    assert isinstance(results[1], KeyError) and isinstance(results[2], StoreFailed)
    assert [row["value"] for row in await database.read(lambda tx: tx.rows("all"))] == [1, 3]
    database.close()


async def test_closing_writes_what_still_waits(store, url, clock):
    writes = [asyncio.create_task(store.receive([said("ก่อนปิด", f"e{n}")])) for n in range(50)]
    await asyncio.sleep(0)
    store.close()
    store.close()
    assert all(len(waiting) == 1 for waiting in await asyncio.gather(*writes))
    assert len(rows(url, "inbox")) == 50
    with pytest.raises(StoreFailed, match="closed"):
        await store.receive([said("หลังปิด", "late")])
    with pytest.raises(StoreFailed, match="closed"):
        await store.waiting()


async def test_a_caller_who_gives_up_waiting_loses_nothing(store):
    write = asyncio.create_task(store.receive([said("ใจร้อน", "e1")]))
    await asyncio.sleep(0)
    write.cancel()
    await store.receive([said("ต่อไป", "e2")])
    assert [waiting.message.event_id for waiting in await store.waiting()] == ["e1", "e2"]


# The file's form, and faults


def test_opening_twice_changes_nothing(url, clock):
    SqlStore.open(url, [SECRET], clock).close()
    before = (schema(url), rows(url, "meta"))
    SqlStore.open(url, [SECRET], clock).close()
    assert (schema(url), rows(url, "meta")) == before


def test_many_may_open_a_new_file_at_once(url, clock):
    failures: list[Exception] = []

    def run() -> None:
        try:
            SqlStore.open(url, [SECRET], clock).close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and len(rows(url, "meta")) == 1


def test_a_database_of_a_later_version_is_refused(url, clock):
    SqlStore.open(url, [SECRET], clock).close()
    change(url, "update _sqlite_migrations set name = 'm9999_future' where name = 'm0001_first_form'")
    with pytest.raises(StoreFailed, match=r"later version.*m9999_future"):
        SqlStore.open(url, [SECRET], clock)


def test_a_wrong_secret_key_stops_the_start(url, clock):
    SqlStore.open(url, [SECRET], clock).close()
    with pytest.raises(StoreFailed, match="SECRET_KEY does not open"):
        SqlStore.open(url, ["another"], clock)


async def test_a_new_secret_key_takes_over_and_the_old_one_can_go(url, clock):
    old = SqlStore.open(url, [SECRET], clock)
    await answered(old, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT))
    waiting = await taken(old, said("รอ", "e2"))
    old.close()
    both = SqlStore.open(url, ["new", SECRET], clock)
    assert await reseal(both.foundation) == Resealed(3)
    assert await reseal(both.foundation) == Resealed()
    both.close()
    new = SqlStore.open(url, ["new"], clock)
    assert (await new.session(SOMCHAI)).greeted and len(await new.cases(SOMCHAI)) == 1
    assert await new.waiting() == waiting and len(await new.letters()) == 1
    new.close()


@pytest.mark.parametrize("bad", ["postgresql://here/x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "var/x.db"])
def test_an_address_we_cannot_serve_is_named(bad, clock):
    with pytest.raises(StoreFailed, match="DATABASE_URL"):
        SqlStore.open(bad, [SECRET], clock)


def test_a_file_that_is_no_database_is_named(tmp_path, clock):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Rutan, this is no database at all. " * 200)
    with pytest.raises(StoreFailed, match=r"letter\.txt could not be opened"):
        SqlStore.open(f"sqlite:///{path}", [SECRET], clock)


def test_a_python_with_too_old_an_sqlite_is_told_so():
    refuse_too_old((3, 35, 0))
    with pytest.raises(StoreFailed, match=r"has SQLite 3\.31\.1; Rutan needs 3\.35\.0"):
        refuse_too_old((3, 31, 1))


def test_a_folder_that_cannot_be_made_is_named(tmp_path, clock):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreFailed, match="could not be opened"):
        SqlStore.open(f"sqlite:///{tmp_path}/file/rutan.db", [SECRET], clock)


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from bot.store import SqlStore, StoreFailed
from store_cast import SECRET, StandingClock, said

async def main(url):
    store = SqlStore.open(url, [SECRET], StandingClock())
    await store.receive([said("before", "e0")])
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = Path(url.removeprefix("sqlite:///") + "-wal").stat().st_size + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, hard))
    tries = await asyncio.gather(
        *(store.receive([said("x" * 20000, f"full{n}")]) for n in range(4)), return_exceptions=True
    )
    assert all(isinstance(each, StoreFailed) for each in tries), tries
    print(tries[0])
    await store.alive()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.receive([said("after", "e1")])
    print([each.message.event_id for each in await store.waiting()])
    store.close()

asyncio.run(main(sys.argv[1]))
"""


def test_a_full_disk_is_said_clearly_and_survived(url):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, url], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    assert done.returncode == 0, done.stderr
    assert "could not be written" in done.stdout and "['e0', 'e1']" in done.stdout


async def test_a_database_that_answers_is_alive(store):
    await store.alive()
    store.close()
    with pytest.raises(StoreFailed):
        await store.alive()


def test_every_query_has_a_reason_and_a_caller():
    text = queries_text()
    callers = "".join(file.read_text(encoding="utf-8") for file in QUERIES.parent.rglob("*.py"))
    for name in named_queries(text):
        assert re.search(rf"^-- {name} --\n-- \S", text, re.MULTILINE), f"{name} says no why"
        called = f'"{name}"' in callers or name.startswith(("sealed_", "reseal_"))
        assert called, f"{name} is never run"


# The growing tables: a query that runs with every message must not read them from end to end.
GROWING = (
    "inbox", "outbox", "sessions", "reports", "events", "people",
    "cases", "notices", "follow_ups", "recalls", "audit", "identifiers", "identifier_reports",
    "sightings", "sighting_bands", "sighting_sources", "sighting_days", "days", "mine",
    "desk_sessions", "desk_tries", "budgets",
    "pictures", "picture_bands", "picture_sources",
    "deliveries", "bulletin_batches", "revisions",
    "hub_members", "hub_tries", "hub_counts", "hub_tables", "group_settings", "group_answers",
    "trusted_codes", "trusted_links", "trusted_alerts", "trusted_news", "trusted_tries", "drill_members", "drill_rounds",
    "takedowns", "takedown_targets", "recalls_past",
    "partner_reports", "partner_events", "partner_deliveries",
)  # fmt: skip


def test_no_query_of_every_day_reads_a_growing_table_from_end_to_end(store, url):
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    for name, query in named_queries(queries_text()).items():
        values = dict.fromkeys(re.findall(r":([a-z_0-9]+)", query), 1)
        plan = [row[3] for row in connection.execute(f"explain query plan {query}", values)]
        scans = [step for step in plan if re.fullmatch(rf"SCAN ({'|'.join(GROWING)})", step)]
        assert scans == [], f"{name}: {plan}"
    connection.close()
