"""Every material of a bulletin by its file's name: drawn in a process of its own, and kept while it is asked for."""

from __future__ import annotations

import asyncio
import csv
import io
import multiprocessing
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from bot.exporting import harmless
from bot.street.facts import Facts, facts
from content.knowledge import Knowledge
from content.models import Language
from handlers.wording import Voice
from scheduler.bulletins import Bulletin

Given = TypeVar("Given")
# What there is, and as what it is sent.
NAMES = {
    "chart.png": "image/png",
    "figures.csv": "text/csv; charset=utf-8",
    "poster.pdf": "application/pdf",
    "handout.pdf": "application/pdf",
    "picture.png": "image/png",
    "picture-hashtag.png": "image/png",
    "loudspeaker.txt": "text/plain; charset=utf-8",
    "radio.txt": "text/plain; charset=utf-8",
}
# A bulletin has sixteen; three bulletins are asked for at a time.
KEPT = 48
# The libraries that draw take a hundred megabytes: a process that has drawn so often makes room.
DRAWN_BY_ONE = 64


@dataclass(frozen=True)
class Order:
    """What the drawing process needs: nothing of the database, nothing of a person."""

    name: str
    facts: Facts
    loudspeaker: tuple[str, str]
    radio: tuple[str, str]


def made(order: Order) -> bytes:
    """One material. Raises ValueError where a bulletin is too long to be drawn."""
    from bot.street import chart, handout, picture, poster, script

    told = order.facts
    match order.name:
        case "chart.png":
            return chart.chart(told)
        case "figures.csv":
            return _table(told)
        case "poster.pdf":
            return poster.poster(told)
        case "handout.pdf":
            return handout.handout(told, chart.chart(told) if told.rows else b"")
        case "picture.png" | "picture-hashtag.png":
            return picture.picture(told, hashtag="hashtag" in order.name)
        case "loudspeaker.txt":
            return script.loudspeaker(told, *order.loudspeaker).text().encode()
        case "radio.txt":
            return script.radio(told, *order.radio).text().encode()
    raise ValueError(f"no such material: {order.name}")


def _table(told: Facts) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow([told.word("street_chart"), told.month, told.month_before])
    for row in told.rows:
        rows.writerow([harmless(row.name), row.count, "" if row.before is None else row.before])
    # The mark by which spreadsheets know the letters.
    return ("\ufeff" + written.getvalue()).encode()


def order(name: str, bulletin: Bulletin, language: Language, knowledge: Knowledge, url: str) -> Order:
    """What is to be drawn. Raises ValueError for a name that there is not."""
    if name not in NAMES:
        raise ValueError(f"no such material: {name}")
    voice = Voice(knowledge, language)
    return Order(
        name,
        facts(bulletin, voice, url),
        (voice.say("street_loudspeaker_open"), voice.say("street_loudspeaker_close")),
        (voice.say("street_radio_open"), voice.say("street_radio_close")),
    )


class Materials:
    """Draws one at a time, so that answers to citizens are not held up; what was drawn is kept for a while."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._kept: OrderedDict[Order, bytes] = OrderedDict()
        self._one = asyncio.Lock()

    async def get(self, wanted: Order) -> bytes:
        """The material. Raises ValueError where it cannot be drawn."""
        async with self._one:
            if wanted not in self._kept:
                self._kept[wanted] = await self._draw(wanted)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(wanted)
            return self._kept[wanted]

    async def draw(self, made: Callable[[Given], bytes], given: Given) -> bytes:
        """Anything else that is printed, drawn in the same process; nothing of it is kept. `made` is a function of a
        module, `given` plain data."""
        async with self._one:
            return await self._run(made, given)

    async def _draw(self, wanted: Order) -> bytes:
        return await self._run(made, wanted)

    async def _run(self, made: Callable[[Given], bytes], given: Given) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._drawing(), made, given)
        except BrokenExecutor:
            # The process died (memory, a kill): once more with a new one.
            self._pool = None
            return await loop.run_in_executor(self._drawing(), made, given)

    def _drawing(self) -> ProcessPoolExecutor:
        if self._pool is None:
            method = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=method, max_tasks_per_child=DRAWN_BY_ONE)
        return self._pool

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
