"""Several processes that answer from one PostgreSQL, and people who write to whichever of them."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
from doubles import JSON, FakeTelegram
from psycopg.rows import dict_row
from test_kill import SHORT, Bot, Witness


@dataclass(frozen=True)
class Hook:
    """Where one of several takes in what LINE brings."""

    webhook: str


@dataclass
class Place(Bot):
    """One of the processes; `only`: a part of the work, "" for all of it."""

    database: str = ""
    only: str = ""

    def environment(self) -> dict[str, str]:
        # One that only works has no pages but those at this port.
        there = {"METRICS_PORT": str(self.port)} if self.only == "work" else {}
        return super().environment() | {"DATABASE_URL": self.database} | there

    def words(self) -> Sequence[str]:
        return ("--only", self.only) if self.only else ()

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/line"

    def signal(self, which: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(which)

    @property
    def serving(self) -> bool:
        return self.process is not None and self.process.returncode is None


@dataclass
class Several:
    """The processes, LINE beside them, and what was sent in which order."""

    folder: Path
    database: str
    line: Witness
    telegram: FakeTelegram
    dice: random.Random
    places: list[Place] = field(default_factory=list)
    # Person → reply tokens of what they sent, in order, as far as it was acknowledged.
    sent: dict[str, list[str]] = field(default_factory=dict)

    async def start(self, number: int, only: str = "") -> list[Place]:
        """So many more processes, ready to be written to."""
        new = []
        for _ in range(number):
            folder = self.folder / f"place{len(self.places)}"
            folder.mkdir()
            new.append(Place(folder, self.line, self.telegram, database=self.database, only=only))
            self.places.append(new[-1])
        await asyncio.gather(*(place.start() for place in new))
        return new

    async def says(self, person: str, text: str, places: Sequence[Place | Hook]) -> None:
        """A person writes to one of the processes; LINE brings it again, to any of them, until it is acknowledged."""
        event: JSON = self.line.text_event(person, text)
        while True:
            self.line.webhook = self.dice.choice(places).webhook
            with suppress(aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(1.5):
                    if await self.line.send(event) == 200:
                        break
            await asyncio.sleep(0.1)
        self.sent.setdefault(person, []).append(event["replyToken"])

    async def talk(self, people: int, times: int, places: Sequence[Place | Hook], prefix: str = "U") -> None:
        """Many people at once, each of whom writes several short words one after the other."""

        async def one(person: str) -> None:
            for _ in range(times):
                await self.says(person, self.dice.choice(SHORT), places)
                await asyncio.sleep(self.dice.uniform(0, 0.05))

        await asyncio.gather(*(one(f"{prefix}{number}") for number in range(people)))

    def answered(self) -> bool:
        carried = {key for _, key, _ in self.line.carried}
        return all(token in carried for tokens in self.sent.values() for token in tokens)

    def unanswered(self) -> list[tuple[str, int]]:
        carried = {key for _, key, _ in self.line.carried}
        return [
            (person, number)
            for person, tokens in self.sent.items()
            for number, token in enumerate(tokens)
            if token not in carried
        ]

    def doubled(self) -> list[str]:
        """Reply tokens that carried more than one answer."""
        keys = [key for _, key, _ in self.line.carried]
        return [key for key in set(keys) if keys.count(key) > 1]

    def out_of_order(self) -> list[str]:
        """Who was answered in another order than they wrote in."""
        carried = [key for _, key, _ in self.line.carried]
        at = {key: number for number, key in enumerate(carried)}
        return [
            person
            for person, tokens in self.sent.items()
            if (answers := [at[token] for token in tokens if token in at]) != sorted(answers)
        ]

    def shards(self) -> dict[str, int]:
        """How many each living process holds, by its name; under "" what nobody does."""
        query = """select coalesce(processes.name, '') as name, count(*) as held
            from shards left join processes on processes.id = shards.holder group by 1"""
        with psycopg.connect(self.database, row_factory=dict_row) as connection:
            return {row["name"]: row["held"] for row in connection.execute(query)}

    def fair(self, among: int) -> bool:
        """Whether so many processes hold all shards, none more than one too many."""
        held = self.shards()
        return len(held) == among and "" not in held and max(held.values()) - min(held.values()) <= among


@asynccontextmanager
async def several(folder: Path, database: str, seed: int) -> AsyncIterator[Several]:
    async with Witness() as line, FakeTelegram() as telegram:
        them = Several(folder, database, line, telegram, random.Random(seed))
        try:
            yield them
        finally:
            for place in them.places:
                if place.serving:
                    with suppress(ProcessLookupError):
                        place.signal(signal.SIGCONT)
                    await place.end(signal.SIGKILL)


async def until(settled: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until it is true, or the time is up; whether it is."""
    for _ in range(int(seconds * 10)):
        if settled():
            return True
        await asyncio.sleep(0.1)
    return settled()
