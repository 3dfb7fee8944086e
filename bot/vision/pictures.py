"""Pictures of messages, read before the messages are answered: fetched, within bounds, and never kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.vision.fetching import Hands, NotFetched
from bot.vision.pool import Pool
from bot.vision.reading import models
from handlers.messages import Address, ChatKind, Kind, Message, Platform
from handlers.picture_types import Picture, PictureTrouble
from handlers.pictures import AGAIN
from handlers.ports import Sender, Waiting

log = structlog.get_logger()

# Within this the person hears of it, read or not; LINE's reply token lives four times as long.
READ_WITHIN = 12.0
# An album has ten pictures at most. Who sends more within a minute is asked to wait.
MOST_A_MINUTE = 10
MINUTE = timedelta(minutes=1)
# So many people are remembered for that; the rest have not written for a minute.
MOST_REMEMBERED = 2_000
INSTALL = "apt-get install tesseract-ocr tesseract-ocr-tha"


class Pictures:
    """The one door to the pool. `read` fills in the picture of every message that has one."""

    def __init__(self, pool: Pool | None = None) -> None:
        self.pool = pool or Pool(models())
        self._recent: dict[tuple[Platform, str], deque[datetime]] = {}

    @property
    def told(self) -> str:
        """One line for the start: what is read, or what would have to be installed."""
        if self.pool.models is None:
            return f"The words in pictures are not read, only QR codes: {INSTALL}"
        return f"Pictures are read (at most {self.pool.size} at a time)"

    async def read(self, batch: Sequence[Waiting], senders: Mapping[Platform, Sender], now: datetime) -> list[Waiting]:
        """The batch, its pictures read. Never raises for what a platform or a file does."""

        async def one(waiting: Waiting) -> Waiting:
            message = waiting.message
            if not wanted(message):
                return waiting
            picture = await self._read(message, senders.get(message.address.platform), now)
            return replace(waiting, message=replace(message, picture=picture))

        return list(await asyncio.gather(*(one(each) for each in batch)))

    async def read_file(self, data: bytes, address: Address, now: datetime) -> Picture:
        """A file that came with the request itself (the web chat)."""
        if not self._may(address, now):
            return Picture(trouble=PictureTrouble.TOO_MANY)
        try:
            return await asyncio.wait_for(self.pool.read(data), READ_WITHIN)
        except TimeoutError:
            return Picture(trouble=PictureTrouble.BUSY)

    async def close(self) -> None:
        await self.pool.close()

    async def _read(self, message: Message, sender: Sender | None, now: datetime) -> Picture:
        if not isinstance(sender, Hands):
            return Picture(trouble=PictureTrouble.NOT_FETCHED)
        if not self._may(message.address, now):
            return Picture(trouble=PictureTrouble.TOO_MANY)
        try:
            return await asyncio.wait_for(self._fetched_and_read(name_of(message), sender), READ_WITHIN)
        except NotFetched as trouble:
            log.warning(
                "a picture was not fetched", platform=message.address.platform.value, cause=trouble.trouble.value
            )
            return Picture(trouble=trouble.trouble)
        except TimeoutError:
            return Picture(trouble=PictureTrouble.BUSY)

    async def _fetched_and_read(self, name: str, sender: Hands) -> Picture:
        return await self.pool.read(await sender.content(name))

    def _may(self, address: Address, now: datetime) -> bool:
        """Whether this person has sent few enough within the last minute; counts this one."""
        key = (address.platform, address.person or address.chat)
        times = self._recent.setdefault(key, deque())
        while times and now - times[0] >= MINUTE:
            times.popleft()
        if len(times) >= MOST_A_MINUTE:
            return False
        times.append(now)
        if len(self._recent) > MOST_REMEMBERED:
            quiet = [each for each, when in self._recent.items() if not when or now - when[-1] >= MINUTE]
            for each in quiet:
                del self._recent[each]
        return True


def wanted(message: Message) -> bool:
    """Whether there is a picture to read: sent to us alone or with our name in a group; or asked for once more."""
    if message.picture is not None or not name_of(message):
        return False
    return message.address.kind is ChatKind.PRIVATE or message.addressed


def name_of(message: Message) -> str:
    """What the platform calls the picture; "" where there is none."""
    if message.kind is Kind.TAP:
        head, _, name = message.data.partition(":")
        return name if head == AGAIN else ""
    return message.file_id if message.kind is Kind.IMAGE else ""
