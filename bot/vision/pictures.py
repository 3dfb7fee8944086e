"""Pictures of messages, read before the messages are answered: fetched, within bounds, and never kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.vision.fetching import Hands, NotFetched
from bot.vision.pool import Pool
from bot.vision.reading import models
from handlers import hub_bulk
from handlers.messages import Address, ChatKind, Kind, Message, Platform
from handlers.picture_types import Picture, PictureTrouble
from handlers.pictures import AGAIN
from handlers.ports import Sender, Waiting

log = structlog.get_logger()

# Within this the person hears of it, read or not; LINE's reply token lives four times as long.
READ_WITHIN = 12.0
# An album has ten pictures at most. Who sends more within a minute is asked to wait.
MOST_A_MINUTE = 10
# A member of a hub passes on as many as one table holds.
MOST_OF_MEMBERS = hub_bulk.MOST
# What of a hub's many is not read by then stands in the table as unread: LINE's reply token dies soon after.
BURST_WITHIN = 40.0
# Of all hubs' pictures so many are on their way for each process: one is read, the next is fetched. They never fill the queue
# (`pool.LONGEST_QUEUE`), so that whoever sends a single picture waits behind a few at most.
BURST_FOR_EACH = 2
MINUTE = timedelta(minutes=1)
# So many people are remembered for that; the rest have not written for a minute.
MOST_REMEMBERED = 2_000
INSTALL = "apt-get install tesseract-ocr tesseract-ocr-tha"


class Pictures:
    """The one door to the pool. `read` fills in the picture of every message that has one."""

    def __init__(self, pool: Pool | None = None, *, burst_within: float = BURST_WITHIN) -> None:
        self.pool = pool or Pool(models())
        self._burst_within = burst_within
        self._turns = asyncio.Semaphore(BURST_FOR_EACH * self.pool.size)
        self._recent: dict[tuple[Platform, str], deque[datetime]] = {}

    @property
    def told(self) -> str:
        """One line for the start: what is read, or what would have to be installed."""
        if self.pool.models is None:
            return f"The words in pictures are not read, only QR codes: {INSTALL}"
        return f"Pictures are read (at most {self.pool.size} at a time)"

    async def read(
        self, batch: Sequence[Waiting], senders: Mapping[Platform, Sender], now: datetime, *, member: bool = False
    ) -> list[Waiting]:
        """The batch, its pictures read; a `member` of a hub may send many. Never raises for what a platform or a file does."""
        many = member and sum(wanted(each.message) for each in batch) > 1
        until = asyncio.get_running_loop().time() + self._burst_within
        most = MOST_OF_MEMBERS if member else MOST_A_MINUTE

        async def one(waiting: Waiting) -> Waiting:
            message = waiting.message
            if not wanted(message):
                return waiting
            sender = senders.get(message.address.platform)
            read = self._read(message, sender, now, most)
            picture = await (self._in_turn(read, until) if many else read)
            return replace(waiting, message=replace(message, picture=picture))

        return list(await asyncio.gather(*(one(each) for each in batch)))

    async def read_file(self, data: bytes, address: Address, now: datetime) -> Picture:
        """A file that came with the request itself (the web chat)."""
        if not self._may(address, now, MOST_A_MINUTE):
            return Picture(trouble=PictureTrouble.TOO_MANY)
        try:
            return await asyncio.wait_for(self.pool.read(data), READ_WITHIN)
        except TimeoutError:
            return Picture(trouble=PictureTrouble.BUSY)

    async def close(self) -> None:
        await self.pool.close()

    async def _in_turn(self, read: Coroutine[None, None, Picture], until: float) -> Picture:
        """One of a hub's many pictures, read when its turn has come; busy where that is not before `until`."""
        try:
            async with asyncio.timeout_at(until), self._turns:
                return await read
        except TimeoutError:
            return Picture(trouble=PictureTrouble.BUSY)
        finally:
            read.close()

    async def _read(self, message: Message, sender: Sender | None, now: datetime, most: int) -> Picture:
        if not isinstance(sender, Hands):
            return Picture(trouble=PictureTrouble.NOT_FETCHED)
        if not self._may(message.address, now, most):
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

    def _may(self, address: Address, now: datetime, most: int) -> bool:
        """Whether this person has sent fewer than `most` within the last minute; counts this one."""
        key = (address.platform, address.person or address.chat)
        times = self._recent.setdefault(key, deque())
        while times and now - times[0] >= MINUTE:
            times.popleft()
        if len(times) >= most:
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
