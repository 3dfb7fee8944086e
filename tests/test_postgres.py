"""PostgreSQL under the store: our dialect, many writers at once, connections that break."""

from __future__ import annotations

import asyncio
import re

import psycopg
import pytest
from databases import named
from psycopg import sql
from store_cast import NUMBERED, REPORT, SECRET, StandingClock, answered, rows, said, taken

from bot.store import SqlStore, StoreFailed, dialect
from bot.store.opening import queries_text
from bot.store.postgres import PostgresDatabase
from bot.store.transaction import named_queries
from handlers.messages import Address, Outcome, Platform, Session


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.mark.parametrize("name", sorted(named_queries(queries_text())))
def test_postgresql_understands_every_query(name: str, postgres_template: str) -> None:
    query = named_queries(queries_text())[name]
    values = dict.fromkeys(re.findall(r"(?<!:):([a-z_][a-z_0-9]*)", query))
    with psycopg.connect(named(postgres_template, "newest_form"), cursor_factory=psycopg.ClientCursor) as connection:
        plan = connection.execute(b"explain " + dialect.query(query).encode(), values).fetchall()
    assert plan


def test_a_value_between_quotes_or_a_cast_is_no_value_of_ours() -> None:
    assert dialect.query("select ':no', x::text, :yes, '%' from t") == "select ':no', x::text, %(yes)s, '%%' from t"


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
