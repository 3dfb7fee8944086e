"""Moving house: every row arrives, what was broken off goes on, and nobody serves from half a copy."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from conftest import ROOT, house_of
from databases import new_postgres
from store_cast import NOON, SECRET, SOMCHAI, StandingClock, change, rows, said

from bot.cli import rutan
from bot.store import SqlStore, StoreFailed, audit
from bot.store.audit import HOUSE, Act, AuditLog
from bot.store.copy_tables import OF_THE_RUNNING, CopyRefused, Table, plan
from bot.store.copying import CopyDiffers, copy

LONG_SECRET = "a key for tests only, long enough"
_CHOICE = re.compile(r"check\s*\((\w+) in \(([^)]*)\)\)")
MANY = 12


def quiet(table: str, rows: int, whole: int) -> None:
    """Nobody wants to know."""


# --- a database in which every table has rows ------------------------------------------------------------------------
def lived_in(folder: Path, secret: str = SECRET, more_events: int = 0) -> str:
    """A SQLite database with rows in every table that there is, made from the schema alone: strange texts, nothing, and rows that
    name later ones of their own table among them."""
    url = f"sqlite:///{folder}/old.db"
    store = SqlStore.open(url, [secret], StandingClock())
    asyncio.run(_acts(store))
    store.close()
    connection = sqlite3.connect(folder / "old.db")
    connection.execute("pragma foreign_keys=off")
    for table in plan():
        if table.name not in ("meta", "audit"):
            made = [_row(connection, table, number) for number in range(1, MANY + 1)]
            marks = ", ".join("?" * len(table.columns))
            connection.executemany(f"insert into {table.name} ({', '.join(table.columns)}) values ({marks})", made)
    # An id that was given once is never given again.
    connection.execute("delete from events where id = ?", (MANY,))
    connection.executemany(
        "insert into events (at, name, platform, chat_kind) values ('2026-11-01T05', ?, 'line', 'private')",
        [(f"e{number}",) for number in range(more_events)],
    )
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    connection.commit()
    connection.close()
    return url


async def _acts(store: SqlStore) -> None:
    await store.receive([said("จริงไหม", "e1")])
    for number in range(3):
        act = Act(HOUSE, "case answered", f"case:{number}", {"คำ": "ไทย"})
        await store.foundation.database.write(lambda tx, act=act: audit.written(tx, act, NOON))
    change(f"sqlite:///{store.foundation.database._path}", "delete from inbox")  # type: ignore[union-attr]


def _row(connection: sqlite3.Connection, table: Table, number: int) -> tuple[Any, ...]:
    (schema,) = connection.execute("select sql from sqlite_master where name = ?", (table.name,)).fetchone()
    choices = {name: re.findall(r"'([^']*)'", said) for name, said in _CHOICE.findall(schema)}
    named = {row[3]: row[2] for row in connection.execute(f"pragma foreign_key_list({table.name})")}
    facts = {row[1]: (row[2].lower(), bool(row[3])) for row in connection.execute(f"pragma table_info({table.name})")}
    return tuple(_value(table, column, number, named.get(column), facts[column], choices) for column in table.columns)


def _value(
    table: Table, column: str, number: int, names: str | None, fact: tuple[str, bool], choices: dict[str, list[str]]
) -> Any:
    kind, needed = fact
    if column in table.loops:
        return number + 1 if number % 3 == 0 and number < MANY else None
    if not needed and column not in table.key and number % 4 == 0:
        return None
    if names == "people":
        return _text("people.key", number)
    if kind == "integer":
        return number
    if kind == "real":
        return number / 7
    if kind == "blob":
        return bytes([number, 0, 255]) * 5
    if column in choices and (found := choices[column]):
        return found[number % len(found)]
    return _text(f"{table.name}.{column}", number)


def _text(place: str, number: int) -> str:
    # Orders that collations disagree about: capitals, Thai vowels, punctuation.
    beginning = ("a", "B", "b", "เ", "ก", "_", "-", "Z", "é", " ", "0", "ไ", "~")[number % 13]
    return f"{beginning}{number} {place} ก็\t\\N \\. 'x' \"y\"\n"


def everything(url: str) -> dict[str, list[dict[str, object]]]:
    return {table.name: sorted(rows(url, table.name), key=repr) for table in plan()}


def test_every_table_is_copied_or_belongs_to_what_runs(tmp_path: Path) -> None:
    lived_in(tmp_path)
    connection = sqlite3.connect(tmp_path / "old.db")
    there = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    ours = {name for name in there if not name.startswith(("sqlite_", "_sqlite"))}
    connection.close()
    assert {table.name for table in plan()} == ours - OF_THE_RUNNING
    assert all(table.key for table in plan()), "without a key nobody knows where to go on"
    assert all(everything(f"sqlite:///{tmp_path}/old.db").values()), "every table has rows"


# --- there and back --------------------------------------------------------------------------------------------------
def test_every_row_arrives_in_postgresql_and_comes_back(tmp_path: Path, postgres_template: str) -> None:
    old, back = lived_in(tmp_path), f"sqlite:///{tmp_path}/back.db"
    first, second = new_postgres(postgres_template), new_postgres(postgres_template)
    there = copy(old, first, [SECRET], quiet, page=5)
    assert there.brought == sum(each.rows for each in there.tables.values()) > 300
    assert copy(first, second, [SECRET], quiet).tables == there.tables
    assert copy(second, back, [SECRET], quiet, page=7).tables == there.tables
    assert everything(old) == everything(first) == everything(back)
    for url in (first, back):
        alive(url)


def alive(url: str) -> None:
    """Things happen by themselves again, ids go on, and the log is whole and only grows."""
    change(
        url, "insert into events (at, name, platform, chat_kind) values ('2031-01-01T05:00', 'x', 'line', 'private')"
    )
    assert max(int(str(row["id"])) for row in rows(url, "events")) == MANY + 1, "an id that was given once is used up"
    assert any(str(row["hour"]).startswith("2031") for row in rows(url, "figures_hours"))
    refuses(url, "delete from audit")
    store = SqlStore.open(url, [SECRET], StandingClock())
    assert asyncio.run(AuditLog(store.foundation).first_broken()) is None
    key = store.foundation.identity.person(SOMCHAI)
    store.close()
    assert re.fullmatch("[0-9a-f]{32}", key)


def refuses(url: str, forbidden: str) -> None:
    opened: Any = psycopg.connect(url) if url.startswith("post") else sqlite3.connect(url.removeprefix("sqlite:///"))
    with closing(opened), pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="only grows"):
        opened.execute(forbidden)


def test_texts_that_postgresql_cannot_hold_arrive_without_what_it_cannot(tmp_path: Path, postgres_url: str) -> None:
    old = lived_in(tmp_path)
    change(old, "update reports set text = 'before' || char(0) || 'after' where id = 1")
    copy(old, postgres_url, [SECRET], quiet)
    assert rows(postgres_url, "reports")[0]["text"] == "before\ufffdafter"


# --- broken off ------------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_killed_in_the_midst_it_goes_on_and_meanwhile_nobody_serves_from_it(
    tmp_path: Path, postgres_url: str
) -> None:
    old = await asyncio.to_thread(lived_in, tmp_path, LONG_SECRET, 30_000)
    killed = await rutan_copy(old, postgres_url, "--page", "10")
    assert killed.stderr is not None
    async with asyncio.timeout(60):
        while not (await killed.stderr.readline()).startswith(b"events"):
            assert killed.returncode is None
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    arrived = len(rows(postgres_url, "events"))
    assert 0 < arrived < 30_000 + MANY - 1, "killed in the midst"
    with pytest.raises(StoreFailed, match="unfinished copy"):
        SqlStore.open(postgres_url, [LONG_SECRET], StandingClock())
    again = await rutan_copy(old, postgres_url, "--json")
    out, told = await again.communicate()
    assert again.returncode == 0, told.decode()
    done = json.loads(out)
    assert done["tables"]["events"]["rows"] == 30_000 + MANY - 1
    assert done["brought"] <= sum(each["rows"] for each in done["tables"].values()) - arrived
    assert await asyncio.to_thread(everything, old) == await asyncio.to_thread(everything, postgres_url)
    SqlStore.open(postgres_url, [LONG_SECRET], StandingClock()).close()


async def rutan_copy(source: str, target: str, *more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "copy", "--from", source, "--to", target, *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SECRET_KEY": LONG_SECRET},
    )  # fmt: skip


class Stopped(Exception):
    """Somebody pulled the plug."""


def broken_off(old: str, new: str, secret: str = SECRET, after: str = "reports") -> None:
    """A copy that ends when a table has come."""

    def stop(table: str, *_: object) -> None:
        if table == after:
            raise Stopped

    with pytest.raises(Stopped):
        copy(old, new, [secret], stop, page=5)


def test_what_was_written_to_the_source_meanwhile_is_found_and_named(tmp_path: Path, url: str) -> None:
    old, new = lived_in(tmp_path), url if url.startswith("post") else f"sqlite:///{tmp_path}/new.db"
    broken_off(old, new)
    change(old, "update people set language = 'xx'")
    with pytest.raises(CopyDiffers, match="people") as differs:
        copy(old, new, [SECRET], quiet)
    assert differs.value.tables == ["people"]
    with pytest.raises(StoreFailed, match="unfinished copy"):
        SqlStore.open(new, [SECRET], StandingClock())
    copy(old, new, [SECRET], quiet, anew=True)
    assert everything(old) == everything(new)
    alive(new)


def test_an_unfinished_copy_of_somebody_else_is_not_mixed_with_ours(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours, theirs = lived_in(tmp_path / "a"), lived_in(tmp_path / "b")
    broken_off(theirs, postgres_url)
    with pytest.raises(CopyRefused, match="another installation"):
        copy(ours, postgres_url, [SECRET], quiet)
    copy(ours, postgres_url, [SECRET], quiet, anew=True)
    assert everything(ours) == everything(postgres_url)


# --- refused ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_while_somebody_serves_nothing_is_copied(tmp_path: Path, postgres_template: str, kind: str) -> None:
    old, other = f"sqlite:///{tmp_path}/old.db", f"sqlite:///{tmp_path}/other.db"
    if kind == "postgresql":
        old, other = new_postgres(postgres_template), new_postgres(postgres_template)
    serving = SqlStore.open(old, [SECRET], StandingClock())
    try:
        with pytest.raises(CopyRefused, match="stop what serves"):
            copy(old, f"sqlite:///{tmp_path}/new.db", [SECRET], quiet)
    finally:
        serving.close()
    taking = SqlStore.open(other, [SECRET], StandingClock())
    try:
        with pytest.raises((CopyRefused, StoreFailed), match=r"stop what serves|locked"):
            copy(old, other, [SECRET], quiet)
    finally:
        taking.close()
    copy(old, f"sqlite:///{tmp_path}/new.db", [SECRET], quiet)
    with pytest.raises(CopyRefused, match="not empty"):
        copy(old, other, [SECRET], quiet)


def test_what_cannot_be_copied_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    new = f"sqlite:///{tmp_path}/new.db"
    with pytest.raises(CopyRefused, match="no database at"):
        copy(f"sqlite:///{tmp_path}/nowhere.db", new, [SECRET], quiet)
    old = lived_in(tmp_path)
    with pytest.raises(CopyRefused, match="SECRET_KEY does not open"):
        copy(old, new, ["another key"], quiet)
    change(old, "update _sqlite_migrations set name = 'm9999_future' where name = 'm0001_first_form'")
    with pytest.raises(CopyRefused, match=r"later version.*m9999_future"):
        copy(old, new, [SECRET], quiet)
    change(old, "delete from _sqlite_migrations where name = 'm9999_future'")
    with pytest.raises(CopyRefused, match="rutan migrate"):
        copy(old, new, [SECRET], quiet)
    assert not (tmp_path / "new.db").exists()


def test_the_command_says_what_is_wrong_and_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = lived_in(tmp_path, LONG_SECRET), f"sqlite:///{tmp_path}/new.db"
    monkeypatch.delenv("SECRET_KEY", raising=False)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(rutan, ["copy", *words])
        return result.exit_code, result.output

    assert run("--from", old)[0] == 2
    assert run("--from", old, "--to", old)[0] == 2
    assert run("--from", old, "--to", "mysql://here")[0] == 2
    code, told = run("--from", old, "--to", new)
    assert code == 1 and "SECRET_KEY is not set" in told
    # As it lies beside the database where nobody set one.
    (tmp_path / "secret.key").write_text(LONG_SECRET)
    code, told = run("--from", old, "--to", new)
    assert code == 0 and "The same on both sides" in told and "events" in told
    code, told = run("--from", old, "--to", new)
    assert code == 1 and "not empty" in told


# --- and then --------------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_a_bot_serves_from_the_copy_and_knows_its_people(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "old").mkdir()
    async with house_of(tmp_path / "old") as house:
        await house.line.says("U1", "รายงาน")
        await house.line.says("U1", "ยินยอม")
        told = await house.line.says("U1", "คุณได้รับรางวัล กดลิงก์ http://prize.example เพื่อรับเงิน")
        numbers: Sequence[str] = re.findall(r"RT-\d{4}-\d{6}", told.text)
        assert numbers
    old = f"sqlite:///{tmp_path}/old/rutan.db"
    await asyncio.to_thread(copy, old, postgres_url, [LONG_SECRET], quiet)
    async with house_of(tmp_path, database_url=postgres_url) as house:
        assert numbers[0] in (await house.line.says("U1", "สถานะ")).text
        assert "1441" in (await house.line.says("U2", "พัสดุตกค้าง จ่ายค่าธรรมเนียม กดลิงก์")).text
