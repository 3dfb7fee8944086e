"""Killed at random moments under load, the store has lost nothing that it acknowledged and doubled nothing.

Run as a program, this file is the process that gets killed: it receives, answers and "sends" as fast as it
can, and says on standard output what the store has acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store import SqlStore
from bot.store.case_numbers import case_number
from bot.store.store import BANGKOK
from content.models import Language
from content.verdict import Level
from handlers.messages import Address, Kind, Message, NewReport, Outcome, Platform, Reply, Session
from handlers.ports import Letter, Sent, Waiting

SECRET = "a secret for tests only"
PEOPLE = 16
# A platform that got no 200 brings its event again: so many of the newest are brought twice.
REPEATED = 20


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def acknowledged(what: str, name: str | int) -> None:
    # One write call a line: a killed process leaves whole lines behind.
    os.write(1, f"{what} {name}\n".encode())


async def answer(store: SqlStore, waiting: Waiting, log: int) -> None:
    """A turn: session, report, letter; then one attempt to deliver."""
    session = await store.session(waiting.message.address)
    report = NewReport("masked", Language.THAI, Level.KNOWN_SCAM, None, None)
    turns = int(session.data.get("turns", "0")) + 1
    outcome = Outcome(Session(data={"turns": str(turns)}), Reply("{case_number}", "", Language.THAI), report=report)
    letter = await store.commit([waiting], outcome)
    assert letter is not None
    acknowledged("committed", waiting.message.event_id)
    await deliver(store, letter, log)


async def deliver(store: SqlStore, letter: Letter, log: int) -> None:
    if letter.unknown:
        # It may have arrived: on a platform without a way to ask, it is not said again.
        await store.failed(letter, "unknown")
        return
    assert await store.sending(letter)
    os.write(log, f"{letter.retry_key}\n".encode())
    await store.sent(letter, Sent("message", "send"))


async def one_person(store: SqlStore, person: int, events: Iterable[int], log: int) -> None:
    address = Address(Platform.LINE, f"U{person}", f"U{person}")
    for number in events:
        message = Message(address, f"event-{number}", Kind.TEXT, datetime.now(UTC), text="ข้อความ " * 20)
        new = await store.receive([message])
        acknowledged("received", message.event_id)
        for waiting in new:
            await answer(store, waiting, log)


async def live(folder: Path, first: int, load: bool) -> None:
    store = SqlStore.open(f"sqlite:///{folder}/rutan.db", [SECRET], WallClock())
    log = os.open(folder / "platform.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for letter in await store.letters():
        await deliver(store, letter, log)
    for waiting in await store.waiting():
        await answer(store, waiting, log)
    acknowledged("ready", first)
    if load:
        begin = max(0, first - REPEATED)
        await asyncio.gather(
            *(one_person(store, n, range(begin + n, begin + 100_000, PEOPLE), log) for n in range(PEOPLE))
        )
    store.close()


def start(folder: Path, first: int, mode: str) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, __file__, str(folder), str(first), mode],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip


def lines_until_killed(process: subprocess.Popen[bytes], after: float) -> list[str]:
    """What the process acknowledged until it was killed, `after` seconds from its readiness."""
    assert process.stdout is not None and process.stderr is not None
    said = [process.stdout.readline().decode()]
    while said[-1] and not said[-1].startswith("ready"):
        said.append(process.stdout.readline().decode())
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    rest, trouble = process.communicate()
    assert process.returncode == -signal.SIGKILL, trouble.decode()
    return [line for line in [*said, *rest.decode().splitlines()] if line.strip()]


def names(said: list[str], what: str) -> set[str]:
    return {line.split()[1] for line in said if line.startswith(f"{what} ")}


def crash_again_and_again(folder: Path, rounds: int, dice: random.Random) -> list[str]:
    said: list[str] = []
    for _ in range(rounds):
        newest = max((int(name.split("-")[1]) for name in names(said, "received")), default=0)
        said += lines_until_killed(start(folder, newest, "load"), dice.uniform(0.0, 0.4))
    finishing = start(folder, 0, "finish")
    rest, trouble = finishing.communicate(timeout=60)
    assert finishing.returncode == 0, trouble.decode()
    return said + rest.decode().splitlines()


def check(folder: Path, said: list[str]) -> int:
    connection = sqlite3.connect(folder / "rutan.db")
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    inbox = dict(connection.execute("select event_id, id from inbox where done_at is not null"))
    letters = connection.execute("select answers, retry_key, state, reason from outbox").fetchall()
    numbers = {number for (number,) in connection.execute("select number from reports")}
    unanswered = connection.execute("select count(*) from inbox where done_at is null").fetchone()[0]
    connection.close()
    delivered = (folder / "platform.log").read_text().split()

    assert names(said, "received") <= inbox.keys(), "an acknowledged message was lost"
    assert names(said, "committed") <= inbox.keys()
    assert unanswered == 0
    assert sorted(answers for answers, *_ in letters) == sorted(inbox.values()), "one letter for each message"
    assert len(set(delivered)) == len(delivered), "an answer went out twice"
    assert {key for _, key, state, _ in letters if state == "sent"} <= set(delivered)
    assert {(state, reason) for *_, state, reason in letters} <= {("sent", ""), ("failed", "unknown")}
    assert numbers == {case_number(year(), n) for n in range(1, len(inbox) + 1)}, "a case number was skipped"
    return len(inbox)


def year() -> int:
    return datetime.now(BANGKOK).year


@pytest.mark.parametrize("rounds", [8, pytest.param(60, marks=pytest.mark.timeout(600))])
@pytest.mark.slow
def test_killed_under_load_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path, rounds):
    seed = random.randrange(10**6)
    said = crash_again_and_again(tmp_path, rounds, random.Random(seed))
    answered = check(tmp_path, said)
    assert answered > rounds, f"seed {seed}: too little happened to mean anything"


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "load"))
