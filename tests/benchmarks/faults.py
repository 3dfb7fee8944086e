"""What may happen to a running house, each with many messages in flight: nothing that was acknowledged is lost, LINE hears nothing twice.

    python tests/benchmarks/faults.py NAME [--messages 20000] [--database sqlite|postgres]     (faults.py --list names them)

Everybody writes one message, as fast as it is acknowledged, and the fault comes while they do; what is not acknowledged is brought
again. At the end each person must have heard one answer. One JSON object is printed. `unknowable` are letters whose every attempt
ended without a word until their reply token was dead: nobody can tell then whether the person has read the answer, and it is never
said again (docs/decisions/0015-unknown-ends.md); "lost" counts those of them that in truth had not arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import rig

HOUR = 3600
MOST_KILLS = 12
# An answer that met a platform in trouble waits 20 s at most for its next try.
STILL = 90.0


@dataclass
class House:
    """What a fault may lay hands on."""

    fake: rig.Fake
    running: list[rig.Bot]
    crowd: rig.Crowd
    folder: Path
    seconds: float  # how long the fault lasts
    server: rig.Postgres | None = None
    told: dict[str, Any] = field(default_factory=dict)

    async def written(self, share: float, messages: int) -> None:
        """Waits until so large a share of the messages was acknowledged."""
        while len(self.crowd.acknowledged) < share * messages:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.05)


Fault = Callable[[House, int], Awaitable[None]]


def in_thread(work: Callable[..., Any], *given: Any, **named: Any) -> Awaitable[Any]:
    return asyncio.to_thread(lambda: work(*given, **named))


# --- the faults ----------------------------------------------------------------------------


async def kill(house: House, messages: int) -> None:
    """SIGKILL, one process after the other, as long as many wait."""
    kills = 0
    while kills < 3 or (kills < MOST_KILLS and await in_thread(lambda: house.fake.answered) < 0.9 * messages):
        await asyncio.sleep(house.seconds)
        victim = house.running[kills % len(house.running)]
        await in_thread(victim.end, signal.SIGKILL)
        await in_thread(victim.start)
        kills += 1
    house.told["kills"] = kills


async def stopped_database(house: House, messages: int) -> None:
    """PostgreSQL is stopped at once, as by a power switch, and started again."""
    assert house.server is not None
    await house.written(0.2, messages)
    await in_thread(house.server.stop)
    await asyncio.sleep(house.seconds)
    await in_thread(house.server.start)


async def full_disk(house: House, messages: int) -> None:
    """The disk of the database is filled to the last byte, then freed."""
    await house.written(0.2, messages)
    ballast = house.folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    house.told["acknowledged_before"] = len(house.crowd.acknowledged)
    await asyncio.sleep(house.seconds)
    house.told["acknowledged_while_full"] = len(house.crowd.acknowledged) - house.told["acknowledged_before"]
    ballast.unlink()


def answering(mode: str) -> Fault:
    async def fault(house: House, messages: int) -> None:
        await house.written(0.1, messages)
        await in_thread(house.fake.mode, mode, house.told["accepted"])
        await asyncio.sleep(house.seconds)
        await in_thread(house.fake.mode, "ok")

    fault.__doc__ = f"The platforms answer every call with {mode} for a while."
    return fault


async def clock(house: House, messages: int) -> None:
    """The wall clock jumps an hour ahead, then two back, then to the right time."""
    for share, wrong in ((0.2, HOUR), (0.4, -HOUR), (0.7, 0)):
        await house.written(share, messages)
        set_clock(house.folder, wrong)
        await asyncio.sleep(house.seconds)


def set_clock(folder: Path, wrong: int) -> None:
    with (folder / "clock").open("r+b") as file:
        file.write(struct.pack("q", wrong))


async def pause(house: House, messages: int) -> None:
    """One of the processes stands still for longer than its lease, and wakes."""
    await house.written(0.2, messages)
    house.running[0].hear(signal.SIGSTOP)
    await asyncio.sleep(house.seconds)
    house.running[0].hear(signal.SIGCONT)


async def cut_cable(house: House, messages: int) -> None:
    """The network between one process and the database is gone: nothing is refused, nothing comes back."""
    await house.written(0.2, messages)
    await in_thread(ip, "link", "set", CABLE, "down")
    await asyncio.sleep(house.seconds)
    await in_thread(ip, "link", "set", CABLE, "up")


async def power(house: House, messages: int) -> None:
    """Three power cuts: the process dies, and of its files is left what was synced and not a byte more."""
    dropped = 0
    for share in (0.2, 0.5, 0.8):
        await house.written(share, messages)
        await in_thread(house.running[0].end, signal.SIGKILL)
        dropped += restore(house.folder)
        await in_thread(house.running[0].start)
    house.told["bytes_dropped"] = dropped


def restore(folder: Path) -> int:
    """Puts the twins in the place of the files; how many bytes were written and not synced."""
    dropped = 0
    for old in folder.glob("rutan.db*"):
        twin = folder / "synced" / old.name
        if not old.name.endswith("-shm"):
            before, after = old.read_bytes(), twin.read_bytes() if twin.exists() else b""
            dropped += abs(len(before) - len(after)) + sum(a != b for a, b in zip(before, after, strict=False))
        old.unlink()
        if twin.exists():
            shutil.copyfile(twin, old)
    return dropped


# --- where they happen ---------------------------------------------------------------------


def built(shim: str, folder: Path) -> Path:
    """One of the shims beside this file, compiled."""
    library = folder / f"{shim}.so"
    source = rig.HERE / f"{shim}.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


def power_environment(folder: Path) -> dict[str, str]:
    """What makes a program keep twins of the files of `folder` in its part `synced`."""
    return {
        "LD_PRELOAD": str(built("power_shim", folder)),
        "POWER_SHIM_FROM": str(folder),
        "POWER_SHIM_TO": str(folder / "synced"),
        "POWER_SHIM_NAME": "rutan.db",
    }


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A disk of its own; needs root."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


NAMESPACE, CABLE = "rutan-faults", "rutan-db"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def apart() -> Iterator[None]:
    """A network namespace with two cables: one to the database, one to everything else. Needs root and iproute2."""
    ip("netns", "add", NAMESPACE)
    try:
        for name, net in ((CABLE, "10.213.1"), ("rutan-rest", "10.213.2")):
            ip("link", "add", name, "type", "veth", "peer", "name", f"{name}0", "netns", NAMESPACE)
            ip("addr", "add", f"{net}.1/24", "dev", name)
            ip("link", "set", name, "up")
            ip("-n", NAMESPACE, "addr", "add", f"{net}.2/24", "dev", f"{name}0")
            ip("-n", NAMESPACE, "link", "set", f"{name}0", "up")
        ip("-n", NAMESPACE, "link", "set", "lo", "up")
        yield
    finally:
        ip("netns", "del", NAMESPACE)


@contextmanager
def sqlite_house(fake: rig.Fake, folder: Path, environment: dict[str, str]) -> Iterator[list[rig.Bot]]:
    with rig.bots(fake, "sqlite:///{folder}/rutan.db", folder=folder, environment=environment) as running:
        yield running


@contextmanager
def postgres_house(
    fake: rig.Fake, folder: Path, server: rig.Postgres, environment: dict[str, str]
) -> Iterator[list[rig.Bot]]:
    with rig.bots(fake, server.url, 2, folder=folder, environment=environment) as running:
        yield running


@dataclass(frozen=True)
class Case:
    """A fault, where it happens, and how long it lasts or how often it comes, in seconds."""

    fault: Fault
    seconds: float
    database: str = "sqlite"


CASES = {
    "kill": Case(kill, 10),
    "kill-postgres": Case(kill, 10, "postgres"),
    "stopped-database": Case(stopped_database, 30, "postgres"),
    "full-disk": Case(full_disk, 30),
    "platform-500": Case(answering("500"), 60),
    "platform-429": Case(answering("429"), 60),
    "platform-never": Case(answering("never"), 60),
    "platform-garbage": Case(answering("garbage"), 60),
    "clock": Case(clock, 5),
    "pause": Case(pause, 75, "postgres"),
    "cut-cable": Case(cut_cable, 40, "postgres"),
    "power-cut": Case(power, 0),
}


@asynccontextmanager
async def house_of(name: str, seconds: float, accepted: float, dice: random.Random) -> AsyncIterator[House]:
    case = CASES[name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fake = stack.enter_context(rig.platforms("0.0.0.0" if name == "cut-cable" else "127.0.0.1"))
        environment: dict[str, str] = {}
        server = None
        if name == "full-disk":
            stack.enter_context(small_disk(folder, 160))
        if name == "clock":
            (folder / "clock").write_bytes(struct.pack("q", 0))
            environment = {"LD_PRELOAD": str(built("clock_shim", folder)), "CLOCK_SHIM": str(folder / "clock")}
        if name == "power-cut":
            (folder / "synced").mkdir()
            environment = power_environment(folder)
        if case.database == "sqlite":
            running = stack.enter_context(sqlite_house(fake, folder, environment))
        else:
            server = stack.enter_context(rig.postgres())
            if name == "cut-cable":
                running = stack.enter_context(cable_house(fake, folder, server))
            else:
                running = stack.enter_context(postgres_house(fake, folder, server, environment))
        hosts = {bot.host for bot in running}
        crowd = rig.Crowd([bot.port for bot in running], dice, host=hosts.pop())
        yield House(fake, running, crowd, folder, seconds, server, {"accepted": accepted})
        crowd.close()


@contextmanager
def cable_house(fake: rig.Fake, folder: Path, server: rig.Postgres) -> Iterator[list[rig.Bot]]:
    """Two processes in a network of their own; the database is reached over a cable that can be cut."""
    server.allow("10.213.1.0/24")
    with apart():
        server.stop("fast")
        server.start("10.213.1.1")
        outside = rig.Fake(fake.url.replace("127.0.0.1", "10.213.2.1"))
        address = "postgresql://postgres@10.213.1.1:5432/postgres"
        more = {
            "within": ("ip", "netns", "exec", NAMESPACE),
            "host": "10.213.2.2",
            "environment": {"HOST": "10.213.2.2", "PUBLIC_URL": "http://10.213.2.2"},
        }
        with rig.bots(outside, address, 2, folder=folder, **more) as running:
            yield running


# Letters of unknown end whose reply token died: taken as delivered, which nobody can know.
_UNKNOWABLE = (
    "select count(*) from outbox where platform = 'line' and state = 'sent' and via = 'reply' and unknown = 1"
    " and message_id = ''"
)
_UNANSWERED = "select count(*) from inbox where done_at is null"
_NOT_SENT = "select count(*) from outbox where state <> 'sent'"


def left(house: House) -> dict[str, int]:
    """What the database says of all this."""
    asked = {"unknowable": _UNKNOWABLE, "left_in_inbox": _UNANSWERED, "left_in_outbox": _NOT_SENT}
    if house.server is None:
        with closing(sqlite3.connect(house.folder / "rutan.db")) as opened:
            return {name: int(opened.execute(query).fetchone()[0]) for name, query in asked.items()}
    with psycopg.connect(house.server.url) as connection:
        rows = {name: connection.execute(query.encode()).fetchone() for name, query in asked.items()}
    return {name: int(row[0]) if row else 0 for name, row in rows.items()}


def said(house: House) -> str:
    """The end of what each process wrote down."""
    logs = (house.folder / f"bot-{bot.port}.log" for bot in house.running)
    return "\n".join(log.read_text(errors="replace")[-6000:] for log in logs)


async def happened(name: str, messages: int, seconds: float, accepted: float, seed: int) -> dict[str, Any]:
    """One fault from its beginning to the last answer; what is printed."""
    began = time.monotonic()
    async with house_of(name, seconds, accepted, random.Random(seed)) as house:
        crowd = house.crowd
        whole = messages // crowd.connections * crowd.connections
        writing = asyncio.create_task(crowd.all_at_once(whole))
        await CASES[name].fault(house, whole)
        await writing
        written = time.monotonic()
        answers = await rig.answered(house.fake, crowd, 1800, still=STILL)
        found = crowd.reckoned(answers)
        # A second answer would come with the next looks into the outbox.
        await asyncio.sleep(3)
        late = await asyncio.to_thread(house.fake.ask, "/_answers")
        again = [person for person in late["first"] if person in answers["first"] and person[0] == "U"]
        if found["lost"]:
            print(said(house), file=sys.stderr)
        return {
            "fault": name,
            "seconds": seconds,
            **house.told,
            **found,
            "doubled_on_line": found["doubled_on_line"] + len(again),
            **left(house),
            "calls": (await asyncio.to_thread(house.fake.ask, "/_state"))["calls"],
            "drained_after_s": round(max(answers["first"].values()) - written, 1),
            "whole_s": round(time.monotonic() - began, 1),
            "memory": [round(bot.memory, 1) for bot in house.running],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", choices=[*CASES, []], help="all of them where none is named")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, help="how long it lasts, or how often it comes")
    parser.add_argument(
        "--accepted", type=float, default=0.0, help="share of spoilt calls that take effect all the same"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join(CASES))
        return
    rig.end_tidily()
    for name in chosen.name or CASES:
        seconds = chosen.seconds or CASES[name].seconds
        print(
            json.dumps(asyncio.run(happened(name, chosen.messages, seconds, chosen.accepted, chosen.seed))), flush=True
        )


if __name__ == "__main__":
    main()
