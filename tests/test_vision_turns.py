"""Whose pictures are read, how many and in which order: an allowance for everybody, and turns for those who pass on many."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import needed
from test_kill import bot_of

from bot.vision.pictures import BURST_FOR_EACH, MOST_A_MINUTE, MOST_OF_MEMBERS, Pictures
from bot.vision.pool import LONGEST_QUEUE, Pool
from bot.vision.reading import models
from handlers.messages import Address, Kind, Message, Platform
from handlers.picture_types import Picture, PictureTrouble
from handlers.ports import Waiting

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
OFFICER = Address(Platform.LINE, "Uhub", "Uhub")
AUNT = Address(Platform.LINE, "Uaunt", "Uaunt")


@dataclass
class Readers(Pool):
    """Two readers that need some time and read the picture's name."""

    models: None = None  # type: ignore[assignment]
    size: int = 2
    seconds: float = 0.0
    read_in_order: list[str] = field(default_factory=list)
    most_on_their_way: int = 0

    async def _read(self, data: bytes) -> Picture:
        self.most_on_their_way = max(self.most_on_their_way, self._waiting)
        await asyncio.sleep(self.seconds)
        self.read_in_order.append(data.decode())
        return Picture(text=data.decode())


class Platforms:
    """Gives a picture's name as its content."""

    async def content(self, file_id: str) -> bytes:
        return file_id.encode()


SENDERS = {Platform.LINE: Platforms()}


def sent(address: Address, count: int) -> list[Waiting]:
    return [
        Waiting(n, Message(address, f"{address.chat}-{n}", Kind.IMAGE, NOW, file_id=f"{address.chat}-{n}"))
        for n in range(count)
    ]


async def troubles(pictures: Pictures, batch: list[Waiting], **how: object) -> Counter[PictureTrouble | None]:
    """How the pictures ended; None is one that was read."""
    read = await pictures.read(batch, SENDERS, NOW, **how)  # type: ignore[arg-type]
    assert [each.id for each in read] == [each.id for each in batch]
    assert all(each.message.picture is not None for each in read)
    return Counter(each.message.picture.trouble for each in read if each.message.picture is not None)


async def test_all_of_a_members_two_hundred_are_read_and_only_ten_of_anybody_elses() -> None:
    pictures = Pictures(Readers())
    assert await troubles(pictures, sent(OFFICER, MOST_OF_MEMBERS), member=True) == {None: MOST_OF_MEMBERS}
    one_more = await troubles(pictures, sent(OFFICER, 1), member=True)
    assert one_more == {PictureTrouble.TOO_MANY: 1}, "the minute is bounded for members too"
    assert await troubles(pictures, sent(AUNT, 12)) == {None: MOST_A_MINUTE, PictureTrouble.TOO_MANY: 2}
    later = NOW + timedelta(minutes=1)
    [read] = await pictures.read(sent(AUNT, 1), SENDERS, later)  # type: ignore[arg-type]
    assert read.message.picture == Picture(text="Uaunt-0")


async def test_many_of_a_hub_never_fill_the_queue_and_somebodys_single_picture_is_soon_read() -> None:
    readers = Readers(seconds=0.01)
    pictures = Pictures(readers)
    hubs = [
        asyncio.create_task(troubles(pictures, sent(Address(Platform.LINE, f"Uhub{n}", f"Uhub{n}"), 30), member=True))
        for n in range(3)
    ]
    while len(readers.read_in_order) < 10:  # noqa: ASYNC110 - a reader tells nobody
        await asyncio.sleep(0)
    assert await troubles(pictures, sent(AUNT, 1)) == {None: 1}
    behind = readers.read_in_order.index("Uaunt-0") - 10
    assert behind <= (BURST_FOR_EACH + 1) * readers.size, "it waits behind those on their way and no others"
    assert await asyncio.gather(*hubs) == [{None: 30}] * 3
    assert readers.most_on_their_way <= BURST_FOR_EACH * readers.size + 1 < LONGEST_QUEUE * readers.size


async def test_what_the_machine_cannot_read_in_time_is_unread_and_nothing_waits_for_ever() -> None:
    pictures = Pictures(Readers(seconds=0.1), burst_within=0.35)
    began = asyncio.get_running_loop().time()
    ended = await troubles(pictures, sent(OFFICER, 60), member=True)
    assert asyncio.get_running_loop().time() - began < 5
    assert set(ended) == {None, PictureTrouble.BUSY} and sum(ended.values()) == 60


def test_at_start_it_is_said_which_models_are_missing() -> None:
    without = Pictures(Pool(None)).told
    assert "not read" in without and "apt-get install tesseract-ocr tesseract-ocr-tha" in without
    needed(models(), "no models to read words with: apt-get install tesseract-ocr tesseract-ocr-tha")
    assert "Pictures are read" in Pictures().told and "apt-get" not in Pictures().told


@pytest.mark.slow
async def test_a_server_says_it_when_it_starts(tmp_path: Path) -> None:
    async with bot_of(tmp_path) as (bot, _):
        await bot.start()
        assert Pictures().told in bot.said()
