"""An hour at half of what one process can answer: memory, answers and acknowledgements minute by minute, as JSON lines.

    python tests/benchmarks/soak.py [--minutes 60] [--rate N] [--database sqlite:///{folder}/rutan.db] > soak.jsonl

Without `--rate` the bot is first written to as fast as it answers, and half of that rate is kept. Memory is counted from the fifth
minute on: until then caches fill. The drift is how much the line through the samples rises from its beginning to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from typing import Any

import rig

WARM_UP_MINUTES = 5
PROBE = 1500


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def saturated(fake: rig.Fake, bot: rig.Bot, dice: random.Random, number: int = PROBE) -> float:
    """Answers a second, as fast as it goes, from the first message to the last answer."""
    crowd, began = rig.Crowd([bot.port], dice), time.monotonic()
    await crowd.all_at_once(number)
    answers = await rig.answered(fake, crowd, 240)
    crowd.close()
    found = crowd.reckoned(answers)
    if found["lost"]:
        raise SystemExit(f"{found['lost']} of {number} were not answered")
    return len(crowd.acknowledged) / (max(answers["first"].values()) - began)


def drift(samples: list[float]) -> float:
    """By what share the straight line through the samples rises."""
    number = len(samples)
    if number < 2:
        return 0.0
    middle, mean = (number - 1) / 2, sum(samples) / number
    slope = sum((at - middle) * (each - mean) for at, each in enumerate(samples)) / sum(
        (at - middle) ** 2 for at in range(number)
    )
    return slope * (number - 1) / (mean - slope * middle)


async def minute(fake: rig.Fake, bot: rig.Bot, rate: float, dice: random.Random, seconds: float) -> dict[str, Any]:
    began, spent = time.monotonic(), bot.seconds
    crowd = rig.Crowd([bot.port], dice)
    await crowd.at_rate(rate, seconds)
    # Where the machine has other things to do, nothing is carried over into the next minute.
    found = crowd.reckoned(await rig.answered(fake, crowd, 600, still=120))
    crowd.close()
    return {**found, "seconds": round(time.monotonic() - began, 1), "processor": round(bot.seconds - spent, 1)}


async def soak(minutes: int, rate: float | None, database: str, seed: int, seconds: float) -> None:
    dice = random.Random(seed)
    with rig.platforms() as fake, rig.bots(fake, database) as (bot,):
        await saturated(fake, bot, dice, 320)
        if rate is None:
            whole = await saturated(fake, bot, dice)
            rate = whole / 2
            say(saturated=round(whole, 1))
        say(rate=round(rate, 1), database=database.partition(":")[0], memory=round(bot.memory, 1))
        samples, lost, doubled = [], 0, 0
        for number in range(minutes):
            found = await minute(fake, bot, rate, dice, seconds)
            samples.append(bot.memory)
            lost, doubled = lost + found["lost"], doubled + found["doubled_on_line"]
            say(minute=number + 1, memory=round(samples[-1], 1), **found)
        warm = samples[min(WARM_UP_MINUTES, len(samples) - 1) :]
        say(
            minutes=minutes,
            rate=round(rate, 1),
            lost=lost,
            doubled_on_line=doubled,
            memory_first=round(warm[0], 1),
            memory_last=round(warm[-1], 1),
            memory_most=round(max(warm), 1),
            drift=round(drift(warm), 4),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long such a minute is")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--database", default="sqlite:///{folder}/rutan.db")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rig.end_tidily()
    asyncio.run(soak(chosen.minutes, chosen.rate, chosen.database, chosen.seed, chosen.seconds))


if __name__ == "__main__":
    main()
