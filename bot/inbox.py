"""Takes waiting messages: in order for one person, side by side for different people, several forwards as one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field

import structlog

from bot.metrics import Metrics
from bot.outbox import finished
from bot.store.transaction import StoreFailed
from bot.turnstile import Turnstile
from handlers.conversation import gatherable
from handlers.exchange import Answered, apologise, respond
from handlers.messages import Address, Message, Outcome, Platform, Session
from handlers.ports import Letter, Ports, Waiting

log = structlog.get_logger()

# How long we wait for the next forward: longer where the platform marks forwards, for they come in bursts.
GATHER_SECONDS = 0.8
GATHER_FORWARDS_SECONDS = 1.6
LONGEST_GATHERING = 3.2
MOST_GATHERED = 20
# A typed word is never a forward; shorter texts are answered at once.
SHORTEST_FORWARD = 15
# SIGTERM leaves ten seconds for all: an answer is worked out in far less than this.
LONGEST_GOODBYE = 2.0
# Above this many people at once the "working" sign is left out: it costs a call each.
SHOW_WORKING_BELOW = 40


@dataclass
class _Line:
    """One person's messages, waiting their turn."""

    messages: deque[Waiting] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Inbox:
    """The worker over the inbox table. `post` takes each letter that is ready to leave."""

    def __init__(self, ports: Ports, metrics: Metrics, post: Callable[[Letter], None], turnstile: Turnstile) -> None:
        self._ports = ports
        self._metrics = metrics
        self._post = post
        self._turnstile = turnstile
        self._lines: dict[tuple[Platform, str, str], _Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._here: set[int] = set()
        self._stopping = False

    async def recover(self) -> int:
        """Take up what an earlier process left; answers with how many messages that was."""
        left = await self._ports.store.waiting()
        self.take(left)
        return len(left)

    def take_new(self, waiting: Sequence[Waiting]) -> None:
        """Take what another process has received, without what is here already."""
        self.take([each for each in waiting if each.id not in self._here])

    def take(self, waiting: Sequence[Waiting]) -> None:
        self._here.update(each.id for each in waiting)
        for each in waiting:
            key = _key(each.message.address)
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = _Line()
                self._begin(self._serve(key, line), f"inbox {key[0].value}")
            line.messages.append(each)
            line.arrived.set()

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def depth(self) -> int:
        return sum(len(line.messages) for line in self._lines.values())

    async def stop(self) -> None:
        """Finish what has begun; what has not stays in the table for the next process."""
        self._stopping = True
        for line in self._lines.values():
            line.arrived.set()
        await finished(self._tasks, LONGEST_GOODBYE)

    async def _serve(self, key: tuple[Platform, str, str], line: _Line) -> None:
        try:
            while line.messages and not self._stopping:
                batch = await self._gather(line)
                try:
                    await self._answer(batch)
                finally:
                    self._here.difference_update(each.id for each in batch)
        finally:
            self._lines.pop(key, None)
            if line.messages and not self._stopping:
                self.take(tuple(line.messages))

    async def _gather(self, line: _Line) -> list[Waiting]:
        """The next message, with the forwards that come within the window after it."""
        batch = [line.messages.popleft()]
        first = batch[0].message
        if not self._may_gather(first):
            return batch
        self._show_working(first)
        began = asyncio.get_running_loop().time()
        while len(batch) < MOST_GATHERED:
            if line.messages:
                if not self._may_gather(line.messages[0].message):
                    break
                batch.append(line.messages.popleft())
                continue
            quiet = GATHER_FORWARDS_SECONDS if batch[-1].message.forwarded else GATHER_SECONDS
            left = min(quiet, began + LONGEST_GATHERING - asyncio.get_running_loop().time())
            line.arrived.clear()
            if left <= 0 or self._stopping or not await _within(line.arrived, left):
                break
        return await self._together(batch, line)

    def _may_gather(self, message: Message) -> bool:
        return _long_enough(message) and gatherable(message, Session(), self._ports.knowledge)

    async def _together(self, batch: list[Waiting], line: _Line) -> list[Waiting]:
        """The batch, or its first alone where the person is in the midst of a dialogue: the rest waits its turn."""
        if len(batch) == 1:
            return batch  # as nearly always: then nobody need ask where the person stands
        try:
            session = await self._ports.store.session(batch[0].message.address)
        except StoreFailed as trouble:
            log.error("could not ask where a person stands", inbox=[w.id for w in batch], exc_info=trouble)
            return batch  # the answer will fail as well, and say so
        if all(gatherable(each.message, session, self._ports.knowledge) for each in batch):
            return batch
        line.messages.extendleft(reversed(batch[1:]))
        return batch[:1]

    def _show_working(self, message: Message) -> None:
        sender = self._ports.senders.get(message.address.platform)
        if sender is not None and len(self._lines) < SHOW_WORKING_BELOW:
            self._begin(sender.working(message), "working")

    async def _answer(self, batch: list[Waiting]) -> None:
        platform = batch[-1].message.address.platform
        try:
            answered = await respond(batch, self._ports, self._turnstile.through)
        except Exception as trouble:
            self._metrics.broken.inc()
            log.error("a turn failed", platform=platform.value, inbox=[w.id for w in batch], exc_info=trouble)
            answered = await self._apologise(batch)
        self._metrics.count(answered.outcome.events, platform)
        if answered.letter is not None:
            self._post(answered.letter)

    async def _apologise(self, batch: list[Waiting]) -> Answered:
        try:
            return Answered(Outcome(Session()), await apologise(batch, self._ports))
        except Exception as trouble:
            # The row stays in the inbox: the next start tries again.
            log.error("could not even apologise", inbox=[w.id for w in batch], exc_info=trouble)
            return Answered(Outcome(Session()), None)


def _key(address: Address) -> tuple[Platform, str, str]:
    return address.platform, address.chat, address.person


def _long_enough(message: Message) -> bool:
    return message.forwarded or len(message.text) >= SHORTEST_FORWARD


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
