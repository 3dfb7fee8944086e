"""The log of who did what when: it only grows, and shows where somebody has laid hands on it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from collections.abc import Iterator

import psycopg
import pytest
from click.testing import CliRunner, Result
from store_cast import NOON, SECRET, StandingClock, change, rows

from bot.cli import rutan as whole
from bot.store import SqlStore, StoreFailed
from bot.store.audit import HOUSE, OPERATOR, Act, AuditLog, official, written
from bot.store.transaction import Transaction

UNLOCKED = ("drop trigger audit_never_changes", "drop trigger audit_never_shrinks")


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], StandingClock())
    yield opened
    opened.close()


async def three_acts(store: SqlStore) -> AuditLog:
    def work(tx: Transaction) -> None:
        written(tx, Act(official("pornthip"), "case taken", "case:1"), NOON)
        written(tx, Act(HOUSE, "report texts removed", "reports", {"count": 3}), NOON)
        written(tx, Act(OPERATOR, "เปลี่ยนบทบาท", "official:วิชัย", {"role": "admin"}), NOON)

    await store.foundation.database.write(work)
    return AuditLog(store.foundation)


def by_hand(url: str, statement: str) -> None:
    """As somebody who owns the database may."""
    for unlocking in UNLOCKED:
        change(url, f"{unlocking} on audit" if url.startswith("postgresql") else unlocking)
    change(url, statement)


async def test_an_untouched_log_is_whole(store):
    assert await AuditLog(store.foundation).first_broken() is None
    log = await three_acts(store)
    assert await log.first_broken() is None


@pytest.mark.parametrize("statement", ["update audit set actor = 'x'", "delete from audit"])
async def test_the_database_itself_refuses_to_change_it(store, url, statement):
    await three_acts(store)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="only grows"):
        change(url, statement)
    assert len(rows(url, "audit")) == 3


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("update audit set actor = 'official:someone-else' where id = 2", 2),
        ("update audit set at = '2020-01-01' where id = 1", 1),
        ("update audit set detail = '{\"count\": 4}' where id = 2", 2),
        ("delete from audit where id = 2", 3),
        ("delete from audit where id = 1", 2),
        ("delete from audit where id = 3", 2),
        ("delete from audit", 0),
        ("insert into audit (at, actor, act, subject, previous, hash) values ('x', 'y', 'z', 's', 'p', 'h')", 4),
    ],
)
async def test_whatever_is_changed_by_hand_is_found_at_its_row(store, url, statement, row):
    log = await three_acts(store)
    by_hand(url, statement)
    broken = await log.first_broken()
    assert broken is not None and broken.id == row, broken


async def test_an_act_that_is_undone_leaves_no_row(store, url):
    def work(tx: Transaction) -> None:
        written(tx, Act(HOUSE, "nothing", "nothing"), NOON)
        raise KeyError("mine")

    with pytest.raises(KeyError):
        await store.foundation.database.write(work)
    assert rows(url, "audit") == []
    assert await (await three_acts(store)).first_broken() is None


async def test_two_processes_write_one_chain(store, url):
    other = SqlStore.open(url, [SECRET], StandingClock())
    for each in (store, other, store):
        await three_acts(each)
    other.close()
    assert len(rows(url, "audit")) == 9
    assert await AuditLog(store.foundation).first_broken() is None


def rutan(url: str, *words: str) -> Result:
    return CliRunner(env={"DATABASE_URL": url, "SECRET_KEY": SECRET}).invoke(whole, words)


async def test_the_command_line_verifies_and_names_the_first_broken_row(store, url):
    await three_acts(store)
    store.close()
    sound = await asyncio.to_thread(rutan, url, "audit", "verify")
    assert (sound.exit_code, sound.stdout) == (0, "The log is whole.\n"), sound.stderr
    by_hand(url, "update audit set subject = 'case:2' where id = 1")
    broken = await asyncio.to_thread(rutan, url, "audit", "verify")
    assert broken.exit_code == 1 and "row 1" in broken.stderr


async def test_the_log_is_given_out_whole_in_both_forms(store, url):
    await three_acts(store)
    store.close()
    csv_, jsonl = [
        (await asyncio.to_thread(rutan, url, "export", "audit", "--format", form)).stdout for form in ("csv", "jsonl")
    ]
    table = list(csv.DictReader(io.StringIO(csv_)))
    lines = [json.loads(each) for each in jsonl.splitlines()]
    assert table == lines
    assert [(row["act"], row["subject"]) for row in lines][-1] == ("เปลี่ยนบทบาท", "official:วิชัย")
    assert json.loads(lines[1]["detail"]) == {"count": 3}


def test_a_store_that_is_shut_says_so(store):
    store.close()
    with pytest.raises(StoreFailed):
        asyncio.run(AuditLog(store.foundation).first_broken())
