"""What may happen to a running house, in small: the same faults as `benchmarks/faults.py`, with few messages."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from conftest import needed

sys.path.insert(0, str(Path(__file__).with_name("benchmarks")))

import faults
import rig


@pytest.fixture(scope="session")
def compiler() -> str:
    return str(needed(shutil.which("cc"), "no C compiler here: apt-get install gcc"))


def nobody_is_left_out(found: dict[str, object]) -> None:
    assert found["acknowledged"] == MESSAGES
    assert found["lost"] == 0, found
    assert found["doubled_on_line"] == 0, found
    assert found["left_in_inbox"] == 0 and found["left_in_outbox"] == 0, found


MESSAGES = 128


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_power_cut_takes_nothing_that_was_acknowledged(compiler: str) -> None:
    nobody_is_left_out(await faults.happened("power-cut", MESSAGES, 0, 0.0, 1))


WRITES = """
import os, sqlite3, sys
one = sqlite3.connect(sys.argv[1], isolation_level=None)
one.execute("pragma journal_mode = wal")
one.execute("pragma synchronous = " + sys.argv[2])
one.execute("create table kept (number integer)")
for number in range(50):
    one.execute("insert into kept values (?)", (number,))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("synchronous", "left"), [("full", 50), ("off", 0)])
def test_the_model_of_a_power_cut_drops_what_was_not_synced(
    tmp_path: Path, compiler: str, synchronous: str, left: int
) -> None:
    (tmp_path / "synced").mkdir()
    subprocess.run(
        [sys.executable, "-c", WRITES, tmp_path / "rutan.db", synchronous],
        env=os.environ | faults.power_environment(tmp_path),
    )
    faults.restore(tmp_path)
    found = 0
    if (tmp_path / "rutan.db").exists():
        with closing(sqlite3.connect(tmp_path / "rutan.db")) as opened:
            tables = opened.execute("select count(*) from sqlite_master").fetchone()[0]
            found = opened.execute("select count(*) from kept").fetchone()[0] if tables else 0
    assert found == left


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_clock_that_jumps_an_hour_costs_nobody_an_answer(compiler: str) -> None:
    nobody_is_left_out(await faults.happened("clock", MESSAGES, 0.5, 0.0, 2))


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_platform_in_trouble_is_waited_for_and_hears_nothing_twice() -> None:
    found = await faults.happened("platform-500", 256, 6, 0.0, 3)
    assert found["acknowledged"] == 256 and found["lost"] == 0 and found["doubled_on_line"] == 0, found
    calls = found["calls"]
    assert isinstance(calls, dict)
    # Everybody's first attempt would fail and be made again, were the untried not kept back.
    assert calls["reply"] < 2 * 256, "it was hammered while it was down"


def test_the_reckoning_sees_who_is_lost_and_who_heard_it_twice() -> None:
    crowd = rig.Crowd([1], dice=faults.random.Random(1))
    crowd.due = {"U1": 0.0, "U2": 0.0, "T3": 0.0, "U4": 0.0}
    crowd.acknowledged = {"U1": 0.1, "U2": 0.2, "T3": 0.1}
    found = crowd.reckoned({"first": {"U2": 1.0, "T3": 2.0, "U9": 1.0}, "times": {"U2": 2, "T3": 3, "U9": 1}})
    assert (found["lost"], found["lost_on_line"], found["doubled_on_line"], found["doubled_on_telegram"]) == (
        1,
        1,
        1,
        1,
    )
    assert found["strangers"] == 1, "somebody whom the crowd does not know"
    assert (found["ack_p50_ms"], found["answer_p99_ms"]) == (100.0, 2000.0)
