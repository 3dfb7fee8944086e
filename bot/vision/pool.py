"""The processes that read pictures: at most one a core, started when first needed, killed and renewed when one hangs or dies."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from bot.vision.opening import LARGEST_FILE
from bot.vision.worker import LENGTH
from handlers.picture_types import Picture, PictureTrouble

log = structlog.get_logger()

ROOT = Path(__file__).parents[2]
# Loading the models takes half a second; on a busy machine several.
START_SECONDS = 20.0
# To open a picture and look for codes, and to read its words. Measured: 0.1 s and 0.3 s, on a busy machine 1 s and 2 s.
OPEN_SECONDS = 5.0
WORDS_SECONDS = 8.0
# A process that has read so many is replaced: what a library leaks stays small.
MOST_PICTURES = 300
# Who waits behind more pictures than this, for each process, is told so instead of kept waiting.
LONGEST_QUEUE = 6


class WorkerLost(Exception):
    """The process hung or died; it has been ended."""


@dataclass(eq=False)
class _Worker:
    """One process and what it has done."""

    process: asyncio.subprocess.Process
    read: int = 0

    async def heard(self, seconds: float) -> dict[str, Any]:
        """Its next line. Raises WorkerLost when none comes in time or it is none of ours."""
        if self.process.stdout is None:
            raise WorkerLost
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), seconds)
            said = json.loads(line)
        except (TimeoutError, ValueError, OSError, asyncio.LimitOverrunError):
            raise WorkerLost from None
        if not isinstance(said, dict):
            raise WorkerLost
        return said

    async def give(self, data: bytes) -> None:
        if self.process.stdin is None:
            raise WorkerLost
        try:
            self.process.stdin.write(len(data).to_bytes(LENGTH, "big") + data)
            await asyncio.wait_for(self.process.stdin.drain(), OPEN_SECONDS)
        except (TimeoutError, OSError):
            raise WorkerLost from None

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        with suppress(OSError):
            await self.process.wait()


@dataclass
class Pool:
    """`read` a file's bytes as a `Picture`. `models` is the folder of Tesseract's models; without it only codes are read."""

    models: Path | None
    size: int = field(default_factory=lambda: max(1, cores()))
    command: Sequence[str] = (sys.executable, "-m", "bot.vision.worker")
    open_seconds: float = OPEN_SECONDS
    words_seconds: float = WORDS_SECONDS
    _idle: list[_Worker] = field(default_factory=list)
    _all: set[_Worker] = field(default_factory=set)
    _room: asyncio.Semaphore | None = None
    _waiting: int = 0
    lost: int = 0  # processes that hung or died

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.size)

    async def read(self, data: bytes) -> Picture:
        """What is in a file; what could not be read is said in its `trouble`. Never raises for what a file does."""
        if len(data) > LARGEST_FILE:
            return Picture(trouble=PictureTrouble.TOO_LARGE)
        if self._waiting >= LONGEST_QUEUE * self.size or self._room is None:
            return Picture(trouble=PictureTrouble.BUSY)
        self._waiting += 1
        try:
            async with self._room:
                return await self._read(data)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End every process; what is being read is lost."""
        for worker in tuple(self._all):
            await self._end(worker)

    async def _read(self, data: bytes) -> Picture:
        picture = Picture()
        try:
            worker = await self._worker()
        except WorkerLost:
            return Picture(trouble=PictureTrouble.BUSY)
        try:
            await worker.give(data)
            said = await worker.heard(self.open_seconds)
            picture = _taken(picture, said)
            if said.get("more"):
                picture = _taken(picture, await worker.heard(self.words_seconds))
            elif self.models is None and picture.trouble is None:
                picture = replace(picture, trouble=PictureTrouble.NO_MODELS)
            worker.read += 1
            if worker.read >= MOST_PICTURES:
                await self._end(worker)
            else:
                self._idle.append(worker)
            return picture
        except WorkerLost:
            self.lost += 1
            log.warning("a process that read a picture was ended", bytes=len(data), opened=bool(picture.look))
            await self._end(worker)
            return replace(picture, trouble=PictureTrouble.TOO_SLOW)
        except asyncio.CancelledError:
            await asyncio.shield(self._end(worker))
            raise

    async def _worker(self) -> _Worker:
        """An idle process that lives, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
            self._all.discard(worker)
        return await self._new()

    async def _new(self) -> _Worker:
        folder = [str(self.models)] if self.models else []
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                *folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=ENVIRONMENT,
                limit=1024 * 1024,
                start_new_session=True,  # a Ctrl-C in the terminal is for the bot to hear, which then ends its processes
            )
        except OSError as trouble:
            log.error("no process to read pictures", exc_info=trouble)
            raise WorkerLost from None
        worker = _Worker(process)
        self._all.add(worker)
        try:
            await worker.heard(START_SECONDS)
        except BaseException as trouble:
            await self._end(worker)
            if isinstance(trouble, WorkerLost):
                log.error("a process to read pictures did not start")
            raise
        return worker

    async def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        await worker.end()


# All that the processes are told of the world: nothing of our settings, no secret.
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": str(ROOT),
    "LC_ALL": "C.UTF-8",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


MOST_MARKS = 8


def _taken(picture: Picture, said: dict[str, Any]) -> Picture:
    """What a process said, checked piece by piece: it may be a stranger's file that speaks."""
    if trouble := said.get("trouble"):
        known = trouble in set(PictureTrouble)
        return replace(picture, trouble=PictureTrouble(trouble) if known else PictureTrouble.BROKEN)
    marks = said.get("marks", picture.marks)
    look = said.get("look", picture.look)
    sure = said.get("sure", picture.sure)
    return replace(
        picture,
        marks=tuple(str(mark) for mark in marks[:MOST_MARKS]) if isinstance(marks, list | tuple) else (),
        look=look if isinstance(look, str) and set(look) <= set("0123456789abcdef") and len(look) in (0, 64) else "",
        text=str(said.get("text", picture.text))[:6_000],
        sure=float(sure) if isinstance(sure, int | float) else 0.0,
    )
