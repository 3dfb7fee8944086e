"""Takes waiting messages: in order for one person, side by side for different people, several forwards as one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import timedelta

import structlog

from bot.forwarded import fetching
from bot.gathering import Gathering
from bot.lines import Key, Line, key_of, within
from bot.metrics import Metrics
from bot.outbox import Outbox, finished
from bot.pacing import Pacing
from bot.rests import REST_SECONDS, Rests
from bot.store.leases import LeaseLost, shard_of
from bot.store.transaction import StoreFailed
from bot.turnstile import Turnstile
from bot.vision.pictures import Pictures, wanted
from handlers import hub_bulk
from handlers.exchange import Answered, apologise, respond
from handlers.limits import in_need
from handlers.messages import Address, ChatKind, Message, Outcome, Session
from handlers.ports import Ports, Waiting
from handlers.urgency import Urgency

log = structlog.get_logger()

# SIGTERM leaves ten seconds for all: an answer is worked out in far less than this.
LONGEST_GOODBYE = 2.0
# Above this many people at once the "working" sign is left out: it costs a call each.
SHOW_WORKING_BELOW = 40

# So many messages are in hand at once: some seconds of work, with those that are only gathered. The rest waits in the table,
# where it costs no memory, and is taken up in order of urgency.
MOST_IN_HAND = 600
# Room that is kept for who is in need.
KEPT_FOR_NEED = 100
# Of somebody who writes faster than they are answered, so many are in hand.
MOST_OF_PACED = 20
# With so much room again it is worth looking for more.
ROOM_AGAIN = 150
# How often we look for what another process has taken in, where several serve.
LOOK_EVERY = 0.3
# Whoever waited so long in a crowd is told, once, how long it takes.
LONG_WAIT = timedelta(seconds=10)


class Inbox:
    """The worker over the inbox table. `outbox` takes each letter that is ready to leave; `mine` says whether somebody is
    answered by this process."""

    def __init__(
        self,
        ports: Ports,
        metrics: Metrics,
        outbox: Outbox,
        turnstile: Turnstile,
        pictures: Pictures,
        mine: Callable[[Address], bool],
    ) -> None:
        self._ports = ports
        self._mine = mine
        self._metrics = metrics
        self._outbox = outbox
        self._turnstile = turnstile
        self._pictures = pictures
        self._lines: dict[Key, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._here: set[int] = set()
        self._rests = Rests(self.wake)
        self._woken = asyncio.Event()
        # More waits in the table than there was room for.
        self._behind = False
        self._told: set[Key] = set()
        self._stopping = asyncio.Event()
        self._gathering = Gathering(ports, outbox.post, self._show_working, self._stopping)
        self.pacing = Pacing(ports, self._look_where_there_is_room, self._stopping)
        self.most_in_hand = MOST_IN_HAND

    async def keep_looking(self, *, often: bool) -> None:
        """Look into the table when woken, and `often` where other processes put something in."""
        while True:
            try:
                await self.look()
            except StoreFailed as trouble:
                log.error("could not look into the inbox", exc_info=trouble)
                asyncio.get_running_loop().call_later(REST_SECONDS, self.wake)
            await within(self._woken, LOOK_EVERY if often else None)
            self._woken.clear()

    def wake(self) -> None:
        """Something has come in, or there is room: look now."""
        self._woken.set()

    async def look(self) -> int:
        """Take from the table what is ours and not in hand, as far as there is room; how many."""
        most = self.most_in_hand + KEPT_FOR_NEED
        besides = self._here | set(self._rests.rows)
        if self._room_taken() >= most:
            self._behind = True
            return 0
        most += len(self._here) - self._room_taken() + len(self._rests.rows)
        changes = self._rests.changes
        found = await self._ports.store.waiting(most, besides)
        if changes != self._rests.changes:
            # Somebody's first message was left out, or is to be: what was found of theirs comes after it.
            self.wake()
            return 0
        new = [each for each in found if each.id not in self._here and self._may_begin(each)]
        taken = 0
        for each in itertools.takewhile(self._has_room, new):
            self._put(each)
            taken += 1
        self._behind = taken < len(new) or len(besides) + len(found) >= most
        if not self._behind:
            self._told.clear()
        return taken

    def take(self, waiting: Sequence[Waiting]) -> None:
        """Take up what has just come in. What is another's to answer, what there is no room for and what came after something of
        the same person that is not here stays in the table, and is found there."""
        for each in waiting:
            if each.id in self._here or not self._may_begin(each):
                continue
            if not self._has_room(each):
                self._behind = True
            elif each.before is not None and each.before not in self._here:
                self.wake()
            else:
                self._put(each)

    def _may_begin(self, waiting: Waiting) -> bool:
        address = waiting.message.address
        if not self._mine(address) or self._rests.of(key_of(address)):
            return False
        line = self._lines.get(key_of(address))
        if line is None or not line.paced or waiting.urgency is Urgency.NEED or len(line.rows) < MOST_OF_PACED:
            return True
        line.more = True
        return False

    def _has_room(self, waiting: Waiting) -> bool:
        kept = KEPT_FOR_NEED if waiting.urgency is Urgency.NEED else 0
        return self._room_taken() < self.most_in_hand + kept

    def _room_taken(self) -> int:
        """Rows in hand, without those that only wait for a pace: whoever floods us keeps nobody else out."""
        return len(self._here) - sum(len(line.rows) for line in self.pacing.waiting)

    def _put(self, waiting: Waiting) -> None:
        address = waiting.message.address
        key = key_of(address)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(shard_of(address.platform, address.chat))
            line.work = self._begin(self._serve(key, line), f"inbox {key[0].value}")
        self._here.add(waiting.id)
        line.rows.add(waiting.id)
        line.messages.append(waiting)
        line.arrived.set()

    def busy(self) -> set[int]:
        """The shards in which something is in hand."""
        return {line.shard for line in self._lines.values()}

    def drop(self, shards: Collection[int]) -> None:
        """Another process answers these people: what is in hand of theirs is not."""
        for key, line in [each for each in self._lines.items() if each[1].shard in shards]:
            del self._lines[key]
            self._rests.forget(line.rows)
            self._let_go(line, tuple(line.rows))
            line.messages.clear()
            if line.work is not None:
                line.work.cancel()

    def _let_go(self, line: Line, rows: Collection[int]) -> None:
        """These rows are in hand no more."""
        line.rows.difference_update(rows)
        self._here.difference_update(rows)
        if line.more and len(line.rows) < MOST_OF_PACED // 2:
            line.more = False
            self.wake()
        self._look_where_there_is_room()

    def _look_where_there_is_room(self) -> None:
        if self._behind and self._room_taken() <= max(0, self.most_in_hand - ROOM_AGAIN):
            self.wake()

    def _begin(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def in_hand(self) -> int:
        """How many messages are in line or being answered here."""
        return len(self._here)

    @property
    def depth(self) -> int:
        return sum(len(line.messages) for line in self._lines.values())

    async def stop(self) -> None:
        """Finish what has begun; what has not stays in the table for the next process."""
        self._stopping.set()
        for line in self._lines.values():
            line.arrived.set()
        await finished(self._tasks, LONGEST_GOODBYE)

    async def _serve(self, key: Key, line: Line) -> None:
        try:
            while line.messages and not self._stopping.is_set():
                slowed = await self.pacing.wait(key, line)
                if self._stopping.is_set():
                    break
                batch = await self._gathering.batch(line)
                if self._stopping.is_set() and len(batch) >= hub_bulk.PROGRESS_FROM:
                    # Half a burst would be half a table: all of it waits in the inbox for the next process.
                    break
                if not await self._answer(batch, slowed):
                    break
                self._let_go(line, [each.id for each in batch])
        finally:
            if self._lines.get(key) is line:
                del self._lines[key]
                if line.rows and not self._stopping.is_set():
                    self._rests.begin(key, tuple(line.rows))
                self._let_go(line, tuple(line.rows))

    async def _answer(self, batch: list[Waiting], slowed: bool = False) -> bool:
        """False where nothing could be written: then it is to be tried again."""
        platform = batch[-1].message.address.platform
        rows = [each.id for each in batch]
        try:
            batch = await self._seen(batch)
            wait = 0 if slowed else self._minutes_to_tell(batch)
            answered = await respond(batch, self._ports, self._turnstile.through, slowed=slowed, wait=wait)
        except LeaseLost as lost:
            log.info("another process answers", platform=platform.value, inbox=rows, cause=str(lost))
            return True
        except Exception as trouble:
            if isinstance(trouble, StoreFailed) and not self._rests.worn_out(rows[0]):
                log.error("the database did not answer, so nobody did", inbox=rows, exc_info=trouble)
                # What was written before the answer of the database was lost stands: a letter may lie there.
                self._outbox.doubt()
                self._rests.count(rows)
                return False
            self._metrics.broken.inc()
            log.error("a turn failed", platform=platform.value, inbox=[w.id for w in batch], exc_info=trouble)
            apology = await self._apologise(batch)
            if apology is None:
                self._rests.count(rows)
                return False
            answered = apology
        self._rests.forget(rows)
        self._metrics.count(answered.outcome.events, platform)
        if answered.letter is not None:
            self._outbox.post(answered.letter)
        return True

    def _minutes_to_tell(self, batch: Sequence[Waiting]) -> int:
        """How many minutes an answer takes at present, for somebody who waited in a crowd and was not told yet; else 0."""
        first = batch[0].message
        key = key_of(first.address)
        waited = self._ports.clock.now() - first.received_at
        if not self._behind or waited < LONG_WAIT or key in self._told or first.address.kind is ChatKind.GROUP:
            return 0
        if any(in_need(each.message, self._ports.knowledge.words) for each in batch):
            return 0
        self._told.add(key)
        return max(1, round(waited / timedelta(minutes=1)))

    def _show_working(self, message: Message) -> None:
        sender = self._ports.senders.get(message.address.platform)
        if sender is not None and len(self._lines) < SHOW_WORKING_BELOW:
            self._begin(sender.working(message), "working")

    async def _seen(self, batch: list[Waiting]) -> list[Waiting]:
        """The batch with its pictures, or a hub's list, read; the person is shown that it takes a moment."""
        if fetching.wanted(batch[-1].message) and await self._gathering.at_hub(batch[-1].message):
            self._show_working(batch[-1].message)
            return [*batch[:-1], await fetching.fetched(batch[-1], self._ports.senders)]
        first = next((each.message for each in batch if wanted(each.message)), None)
        if first is None:
            return batch
        self._show_working(first)
        member = await self._gathering.at_hub(first)
        return await self._pictures.read(batch, self._ports.senders, self._ports.clock.now(), member=member)

    async def _apologise(self, batch: list[Waiting]) -> Answered | None:
        try:
            return Answered(Outcome(Session()), await apologise(batch, self._ports))
        except Exception as trouble:
            log.error("could not even apologise", inbox=[w.id for w in batch], exc_info=trouble)
            return None
