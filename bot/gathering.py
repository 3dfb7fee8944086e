"""Several forwards, the pictures of an album and a hub's burst become one batch, to be answered as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.lines import Line, within
from bot.store.transaction import StoreFailed
from handlers import hub_bulk
from handlers.check import QUESTION
from handlers.conversation import gatherable
from handlers.languages import answer_in
from handlers.messages import Kind, Message, Session
from handlers.ports import Letter, Ports, Waiting
from handlers.steps import PASSING
from handlers.wording import Voice

log = structlog.get_logger()

# How long we wait for the next forward: longer where the platform marks forwards, for they come in bursts.
GATHER_SECONDS = 0.8
GATHER_FORWARDS_SECONDS = 1.6
LONGEST_GATHERING = 3.2
MOST_GATHERED = 20
# Two hundred forwards of a hub, on a slow line.
LONGEST_BURST = 30.0
# The pictures of an album come one by one, sometimes in webhooks of their own.
GATHER_ALBUM_SECONDS = 1.2
# A typed word is never a forward; shorter texts are answered at once.
SHORTEST_FORWARD = 15


class Gathering:
    """Takes the next batch out of a line. `post` sends a letter, `show_working` shows a person that it takes a moment; once
    `stopping` is set nothing is waited for any more."""

    def __init__(
        self,
        ports: Ports,
        post: Callable[[Letter], None],
        show_working: Callable[[Message], None],
        stopping: asyncio.Event,
    ) -> None:
        self._ports = ports
        self._post = post
        self._show_working = show_working
        self._stopping = stopping

    async def batch(self, line: Line) -> list[Waiting]:
        """The next message, with the forwards that come within the window after it."""
        batch = [line.messages.popleft()]
        first = batch[0].message
        member = await self._begins_burst(first, line)
        if first.album and not member:
            return await self._gather_album(batch, line)
        if not member and not self._may_gather(first):
            return batch
        self._show_working(first)
        began = asyncio.get_running_loop().time()
        while len(batch) < (hub_bulk.MOST if member else MOST_GATHERED):
            if line.messages:
                # Two of a kind are rare: only then is it asked who sends them.
                member = member or (len(batch) == 1 and await self.at_hub(first))
                if not self._joins(line.messages[0].message, member):
                    break
                batch.append(line.messages.popleft())
                if member and len(batch) == hub_bulk.PROGRESS_FROM:
                    await self._say_working(batch[0])
                continue
            patient = member or batch[-1].message.forwarded
            longest = LONGEST_BURST if member else LONGEST_GATHERING
            left = min(
                GATHER_FORWARDS_SECONDS if patient else GATHER_SECONDS,
                began + longest - asyncio.get_running_loop().time(),
            )
            line.arrived.clear()
            if left <= 0 or self._stopping.is_set() or not await within(line.arrived, left):
                break
        return await self._together(batch, line, member)

    async def _begins_burst(self, first: Message, line: Line) -> bool:
        """Whether a member of a hub begins to pass on many messages with something that is otherwise answered by itself."""
        unusual = bool(first.album) or not self._may_gather(first)
        if not unusual or not hub_bulk.in_burst(first, self._ports.knowledge.words):
            return False
        return (bool(line.messages) or first.kind is Kind.IMAGE) and await self.at_hub(first)

    def _joins(self, message: Message, member: bool) -> bool:
        return hub_bulk.in_burst(message, self._ports.knowledge.words) if member else self._may_gather(message)

    async def at_hub(self, message: Message) -> bool:
        """Whether who writes belongs to a hub."""
        try:
            return bool((await self._ports.store.session(message.address)).hub)
        except StoreFailed as trouble:
            log.error("could not ask who belongs to a hub", exc_info=trouble)
            return False

    async def _say_working(self, first: Waiting) -> None:
        """One line, once, however often these messages are taken up."""
        try:
            session = await self._ports.store.session(first.message.address)
            voice = Voice(self._ports.knowledge, answer_in((first.message,), session))
            letter = await self._ports.store.progress(first, hub_bulk.working(voice))
        except StoreFailed as trouble:
            log.error("could not say that many messages are looked at", exc_info=trouble)
            return
        if letter is not None:
            self._post(letter)

    async def _gather_album(self, batch: list[Waiting], line: Line) -> list[Waiting]:
        """The pictures that were sent together, until all that were announced are here or no more come."""
        album = batch[0].message
        while len(batch) < (album.album_size or MOST_GATHERED):
            together = next((each for each in line.messages if each.message.album == album.album), None)
            if together is not None:
                line.messages.remove(together)
                batch.append(together)
                continue
            line.arrived.clear()
            if self._stopping.is_set() or not await within(line.arrived, GATHER_ALBUM_SECONDS):
                break
        return batch

    def _may_gather(self, message: Message) -> bool:
        return _long_enough(message) and gatherable(message, Session(), self._ports.knowledge)

    async def _together(self, batch: list[Waiting], line: Line, member: bool) -> list[Waiting]:
        """The batch, or its first alone where the person is in the midst of a dialogue: the rest waits its turn."""
        if len(batch) == 1:
            return batch  # as nearly always: then nobody need ask where the person stands
        try:
            session = await self._ports.store.session(batch[0].message.address)
        except StoreFailed as trouble:
            log.error("could not ask where a person stands", inbox=[w.id for w in batch], exc_info=trouble)
            return batch  # the answer will fail as well, and say so
        if member and session.step in ("", QUESTION, *PASSING):
            return batch
        if all(gatherable(each.message, session, self._ports.knowledge) for each in batch):
            return batch
        line.messages.extendleft(reversed(batch[1:]))
        return batch[:1]


def _long_enough(message: Message) -> bool:
    return message.forwarded or len(message.text) >= SHORTEST_FORWARD
