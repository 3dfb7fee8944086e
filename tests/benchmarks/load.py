"""Sustained webhooks of LINE and Telegram: answers a second, acknowledgements, answers, memory; then ten times as much for a minute.

    python tests/benchmarks/load.py [--only sqlite|postgres|two] [--spike 60] [--json]

For each way of running (one process on SQLite, one and two on PostgreSQL), in one run: the bare echo bot as fast as it answers, then
Rutan as fast as it answers (texts that are all different, then a wave in which nine of ten pass on the same message), then at 60 % of
that with three tenths from Telegram, then a spike: a tenth of what it can bear three halves of, ten times that for a minute, and back.
"Calm again" is when no more people wait than the base rate brings in two seconds. Times of acknowledging and answering count from the
moment a message was due.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rig

WAYS = {"sqlite": ("SQLite, one process", 1), "postgres": ("PostgreSQL, one", 1), "two": ("PostgreSQL, two", 2)}
WARM, MESSAGES = 320, 2000
STEADY_SHARE, STEADY_SECONDS = 0.6, 12.0
SPIKE_SHARE, BEFORE_SECONDS, AFTER_SECONDS = 0.15, 6.0, 15.0
TIMES = 10


@contextmanager
def database_of(way: str) -> Iterator[str]:
    """DATABASE_URL of a new database."""
    if way == "sqlite":
        yield "sqlite:///{folder}/rutan.db"
        return
    with rig.postgres() as server:
        yield server.url


async def saturated(
    fake: rig.Fake, running: list[rig.Bot], dice: random.Random, number: int, alike: float = 0.0
) -> dict[str, Any]:
    """As fast as it goes, on LINE alone: from the first message to the last answer."""
    crowd = rig.Crowd([bot.port for bot in running], dice, telegram=0.0, alike=alike)
    spent, began = sum(bot.seconds for bot in running), time.monotonic()
    await crowd.all_at_once(number)
    answers = await rig.answered(fake, crowd, 600, still=60)
    spent = sum(bot.seconds for bot in running) - spent
    crowd.close()
    found = crowd.reckoned(answers)
    rate = (found["acknowledged"] - found["lost"]) / (max(answers["first"].values()) - began)
    return {
        "answers_a_second": round(rate, 1),
        "processor_ms_a_message": round(spent / found["acknowledged"] * 1000, 2),
        **found,
    }


async def steady(fake: rig.Fake, running: list[rig.Bot], dice: random.Random, rate: float) -> dict[str, Any]:
    crowd = rig.Crowd([bot.port for bot in running], dice)
    await crowd.at_rate(rate, STEADY_SECONDS)
    answers = await rig.answered(fake, crowd, 300)
    crowd.close()
    memory = [round(bot.memory, 1) for bot in running]
    return {"rate": round(rate, 1), "memory": memory, **crowd.reckoned(answers)}


@dataclass
class Watch:
    """How many wait, and how much memory is used, twice a second."""

    fake: rig.Fake
    running: list[rig.Bot]
    crowd: rig.Crowd
    waiting: list[tuple[float, int]] = field(default_factory=list)
    most_memory: float = 0.0

    async def look(self) -> None:
        while True:
            there = await asyncio.to_thread(lambda: self.fake.answered)
            self.waiting.append((time.monotonic(), len(self.crowd.acknowledged) - there))
            self.most_memory = max(self.most_memory, *(bot.memory for bot in self.running))
            await asyncio.sleep(0.5)

    def calm_after(self, moment: float, few: float) -> float | None:
        """Seconds after `moment` until no more than `few` waited."""
        return next((round(at - moment, 1) for at, number in self.waiting if at >= moment and number <= few), None)


async def spike(
    fake: rig.Fake, running: list[rig.Bot], dice: random.Random, base: float, seconds: float
) -> dict[str, Any]:
    crowd = rig.Crowd([bot.port for bot in running], dice)
    watch = Watch(fake, running, crowd)
    before = max(bot.memory for bot in running)
    looking = asyncio.create_task(watch.look())
    await crowd.at_rate(base, BEFORE_SECONDS)
    await crowd.at_rate(base * TIMES, seconds)
    ended = time.monotonic()
    few = base * 2
    for _ in range(40):
        await crowd.at_rate(base, AFTER_SECONDS)
        if watch.calm_after(ended, few) is not None:
            break
    answers = await rig.answered(fake, crowd, 300, still=60)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    crowd.close()
    return {
        "base_rate": round(base, 1),
        "spike_rate": round(base * TIMES, 1),
        "most_waiting": max(number for _, number in watch.waiting),
        "calm_again_after_s": watch.calm_after(ended, few),
        "memory_before": round(before, 1),
        "memory_most": round(watch.most_memory, 1),
        "memory_after": round(max(bot.memory for bot in running), 1),
        **crowd.reckoned(answers),
    }


async def way(fake: rig.Fake, name: str, dice: random.Random, seconds: float) -> dict[str, Any]:
    title, number = WAYS[name]
    with ExitStack() as stack:
        echo = stack.enter_context(rig.bots(fake, "", command=(str(Path(__file__).with_name("echo_bot.py")),)))
        await saturated(fake, echo, dice, WARM)
        bare = await saturated(fake, echo, dice, MESSAGES)
    with ExitStack() as stack:
        running = stack.enter_context(rig.bots(fake, stack.enter_context(database_of(name)), number))
        rest = [round(bot.memory, 1) for bot in running]
        await saturated(fake, running, dice, WARM)
        whole = await saturated(fake, running, dice, MESSAGES)
        wave = await saturated(fake, running, dice, MESSAGES, alike=0.9)
        rate = whole["answers_a_second"]
        return {
            "way": title,
            "echo": bare,
            "distinct": whole,
            "wave": wave,
            "ratio": round(rate / bare["answers_a_second"], 3),
            "ratio_in_a_wave": round(wave["answers_a_second"] / bare["answers_a_second"], 3),
            "memory_at_rest": rest,
            "steady": await steady(fake, running, dice, rate * STEADY_SHARE),
            "spike": await spike(fake, running, dice, rate * SPIKE_SHARE, seconds),
        }


def table(found: list[dict[str, Any]]) -> str:
    lines = [
        "way                   echo/s  distinct/s  wave/s  ratio  60%: ack p99  answer p99  memory  spike: calm after  lost"
    ]
    for each in found:
        lines.append(
            f"{each['way']:<20} {each['echo']['answers_a_second']:>7.0f} {each['distinct']['answers_a_second']:>11.0f}"
            f" {each['wave']['answers_a_second']:>7.0f} {each['ratio']:>6.2f} {each['steady']['ack_p99_ms']:>10.0f} ms"
            f" {each['steady']['answer_p99_ms']:>8.0f} ms {max(each['steady']['memory']):>7.0f}"
            f" {each['spike']['calm_again_after_s']!s:>15} s {each['spike']['lost']:>5}"
        )
    return "\n".join(lines)


async def load(names: list[str], seconds: float, seed: int) -> list[dict[str, Any]]:
    with rig.platforms() as fake:
        return [await way(fake, name, random.Random(seed), seconds) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=WAYS, action="append")
    parser.add_argument("--spike", type=float, default=60.0, help="seconds that it lasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rig.end_tidily()
    found = asyncio.run(load(chosen.only or list(WAYS), chosen.spike, chosen.seed))
    print(json.dumps(found, indent=1) if chosen.json else table(found))


if __name__ == "__main__":
    main()
