"""Takes waiting messages: in order for one person, side by side for different people, several forwards as one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field

import structlog

from bot.forwarded import fetching
from bot.metrics import Metrics
from bot.outbox import finished
from bot.pace import Buckets, Rate
from bot.store.transaction import StoreFailed
from bot.turnstile import Turnstile
from bot.vision.pictures import Pictures, wanted
from handlers import hub_bulk
from handlers.check import QUESTION
from handlers.conversation import gatherable
from handlers.exchange import Answered, apologise, respond
from handlers.languages import answer_in
from handlers.limits import LimitKind, in_need
from handlers.messages import Address, ChatKind, Kind, Message, Outcome, Platform, Session
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
# SIGTERM leaves ten seconds for all: an answer is worked out in far less than this.
LONGEST_GOODBYE = 2.0
# Above this many people at once the "working" sign is left out: it costs a call each.
SHOW_WORKING_BELOW = 40


# A lively talk never gets there: sixty answers at once, then one every two seconds. Several forwards are one answer.
PACE = Rate(60, 2.0)
# Whom an official slowed down waits so long for each answer; for the first few in a row nobody asks who it is.
SLOWED_SECONDS = 10.0
SELDOM = 3


@dataclass
class _Line:
    """One person's messages, waiting their turn."""

    messages: deque[Waiting] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Inbox:
    """The worker over the inbox table. `post` takes each letter that is ready to leave."""

    def __init__(
        self,
        ports: Ports,
        metrics: Metrics,
        post: Callable[[Letter], None],
        turnstile: Turnstile,
        pictures: Pictures,
    ) -> None:
        self._ports = ports
        self._metrics = metrics
        self._post = post
        self._turnstile = turnstile
        self._pictures = pictures
        self._lines: dict[tuple[Platform, str, str], _Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._here: set[int] = set()
        self._stopping = False
        self._pace: Buckets[tuple[Platform, str, str]] = Buckets(PACE)
        self.slowed_seconds = SLOWED_SECONDS

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
                slowed = await self._paced(key, line)
                if self._stopping:
                    break
                batch = await self._gather(line)
                if self._stopping and len(batch) >= hub_bulk.PROGRESS_FROM:
                    # Half a burst would be half a table: all of it waits in the inbox for the next process.
                    self._here.difference_update(each.id for each in batch)
                    break
                try:
                    await self._answer(batch, slowed)
                finally:
                    self._here.difference_update(each.id for each in batch)
        finally:
            self._lines.pop(key, None)
            if line.messages and not self._stopping:
                self.take(tuple(line.messages))

    async def _paced(self, key: tuple[Platform, str, str], line: _Line) -> bool:
        """Wait as long as somebody must who sends very much; whether they are to be told. What comes meanwhile waits in line
        and is gathered as ever. Nobody waits who has lost money, and no group does: there we mostly are silent."""
        address = line.messages[0].message.address
        if address.kind is ChatKind.GROUP:
            return False
        loop = asyncio.get_running_loop()
        wait = self._pace.borrow(key, loop.time())
        if self._pace.taken(key) > SELDOM and await self._is_slowed(address):
            wait = max(wait, self.slowed_seconds)
        if not wait or self._somebody_in_need(line):
            return False
        due = loop.time() + min(wait, self.slowed_seconds)
        while (left := due - loop.time()) > 0 and not self._stopping and not self._somebody_in_need(line):
            line.arrived.clear()
            await _within(line.arrived, left)
        return self._pace.first_time(key)

    async def _is_slowed(self, address: Address) -> bool:
        try:
            limit = await self._ports.store.limit(address)
        except StoreFailed as trouble:
            log.error("could not ask for a limit", exc_info=trouble)
            return False
        return limit is not None and limit.kind is LimitKind.SLOWED

    def _somebody_in_need(self, line: _Line) -> bool:
        return any(in_need(each.message, self._ports.knowledge.words) for each in line.messages)

    async def _gather(self, line: _Line) -> list[Waiting]:
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
                member = member or (len(batch) == 1 and await self._at_hub(first))
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
            if left <= 0 or self._stopping or not await _within(line.arrived, left):
                break
        return await self._together(batch, line, member)

    async def _begins_burst(self, first: Message, line: _Line) -> bool:
        """Whether a member of a hub begins to pass on many messages with something that is otherwise answered by itself."""
        unusual = bool(first.album) or not self._may_gather(first)
        if not unusual or not hub_bulk.in_burst(first, self._ports.knowledge.words):
            return False
        return (bool(line.messages) or first.kind is Kind.IMAGE) and await self._at_hub(first)

    def _joins(self, message: Message, member: bool) -> bool:
        return hub_bulk.in_burst(message, self._ports.knowledge.words) if member else self._may_gather(message)

    async def _at_hub(self, message: Message) -> bool:
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

    async def _gather_album(self, batch: list[Waiting], line: _Line) -> list[Waiting]:
        """The pictures that were sent together, until all that were announced are here or no more come."""
        album = batch[0].message
        while len(batch) < (album.album_size or MOST_GATHERED):
            together = next((each for each in line.messages if each.message.album == album.album), None)
            if together is not None:
                line.messages.remove(together)
                batch.append(together)
                continue
            line.arrived.clear()
            if self._stopping or not await _within(line.arrived, GATHER_ALBUM_SECONDS):
                break
        return batch

    def _may_gather(self, message: Message) -> bool:
        return _long_enough(message) and gatherable(message, Session(), self._ports.knowledge)

    async def _together(self, batch: list[Waiting], line: _Line, member: bool) -> list[Waiting]:
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

    def _show_working(self, message: Message) -> None:
        sender = self._ports.senders.get(message.address.platform)
        if sender is not None and len(self._lines) < SHOW_WORKING_BELOW:
            self._begin(sender.working(message), "working")

    async def _answer(self, batch: list[Waiting], slowed: bool = False) -> None:
        platform = batch[-1].message.address.platform
        try:
            batch = await self._seen(batch)
            answered = await respond(batch, self._ports, self._turnstile.through, slowed=slowed)
        except Exception as trouble:
            self._metrics.broken.inc()
            log.error("a turn failed", platform=platform.value, inbox=[w.id for w in batch], exc_info=trouble)
            answered = await self._apologise(batch)
        self._metrics.count(answered.outcome.events, platform)
        if answered.letter is not None:
            self._post(answered.letter)

    async def _seen(self, batch: list[Waiting]) -> list[Waiting]:
        """The batch with its pictures, or a hub's list, read; the person is shown that it takes a moment."""
        if fetching.wanted(batch[-1].message) and await self._at_hub(batch[-1].message):
            self._show_working(batch[-1].message)
            return [*batch[:-1], await fetching.fetched(batch[-1], self._ports.senders)]
        first = next((each.message for each in batch if wanted(each.message)), None)
        if first is None:
            return batch
        self._show_working(first)
        return await self._pictures.read(batch, self._ports.senders, self._ports.clock.now())

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
