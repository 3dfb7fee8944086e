"""Takes waiting messages: in order for one person, side by side for different people, several forwards as one."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.forwarded import fetching
from bot.metrics import Metrics
from bot.outbox import Outbox, finished
from bot.pace import Buckets, Rate
from bot.store.leases import LeaseLost, shard_of
from bot.store.transaction import StoreFailed
from bot.turnstile import Turnstile
from bot.vision.pictures import Pictures, wanted
from handlers import hub_bulk
from handlers.check import QUESTION
from handlers.conversation import SILENT, gatherable
from handlers.exchange import Answered, apologise, respond
from handlers.languages import answer_in
from handlers.limits import LimitKind, in_need
from handlers.messages import Address, ChatKind, Kind, Message, Outcome, Platform, Session
from handlers.ports import Ports, Waiting
from handlers.steps import PASSING
from handlers.urgency import Urgency
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
# What failed because the database was away is tried again after so long, then after twice as long, up to a minute.
REST_SECONDS = 1.0
LONGEST_REST = 60.0
# After so many times, a minute altogether, it is not the database but what we want to write.
RESTS_BEFORE_APOLOGY = 6
# Whoever waited so long in a crowd is told, once, how long it takes.
LONG_WAIT = timedelta(seconds=10)

# A lively talk never gets there: sixty answers at once, then one every two seconds. Several forwards are one answer.
PACE = Rate(60, 2.0)
# Whom an official slowed down waits so long for each answer; for the first few in a row nobody asks who it is.
SLOWED_SECONDS = 10.0
SELDOM = 3


@dataclass
class _Line:
    """One person's messages, waiting their turn."""

    shard: int
    messages: deque[Waiting] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    # Rows that are in line, or being answered.
    rows: set[int] = field(default_factory=set)
    work: asyncio.Task[None] | None = None
    # Waits for its pace: then it takes no room from others, and no more than a few rows of memory.
    paced: bool = False
    # More of this person's waits in the table.
    more: bool = False


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
        self._lines: dict[tuple[Platform, str, str], _Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._here: set[int] = set()
        # Rows that come again after a while, because the database was away, and whose they are: nothing of theirs goes before
        # them. And how often that was tried.
        self._resting: dict[int, tuple[Platform, str, str]] = {}
        self._tries: dict[int, int] = {}
        # How often a rest has begun or ended.
        self._rests = 0
        self._woken = asyncio.Event()
        # More waits in the table than there was room for.
        self._behind = False
        self._waiting_for_pace: list[_Line] = []
        self._told: set[tuple[Platform, str, str]] = set()
        self._stopping = False
        self._pace: Buckets[tuple[Platform, str, str]] = Buckets(PACE)
        self.slowed_seconds = SLOWED_SECONDS
        self.most_in_hand = MOST_IN_HAND

    async def keep_looking(self, *, often: bool) -> None:
        """Look into the table when woken, and `often` where other processes put something in."""
        while True:
            try:
                await self.look()
            except StoreFailed as trouble:
                log.error("could not look into the inbox", exc_info=trouble)
                asyncio.get_running_loop().call_later(REST_SECONDS, self.wake)
            await _within(self._woken, LOOK_EVERY if often else None)
            self._woken.clear()

    def wake(self) -> None:
        """Something has come in, or there is room: look now."""
        self._woken.set()

    async def look(self) -> int:
        """Take from the table what is ours and not in hand, as far as there is room; how many."""
        most = self.most_in_hand + KEPT_FOR_NEED
        besides = self._here | self._resting.keys()
        if self._room_taken() >= most:
            self._behind = True
            return 0
        most += len(self._here) - self._room_taken() + len(self._resting)
        rests = self._rests
        found = await self._ports.store.waiting(most, besides)
        if rests != self._rests:
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
        if not self._mine(address) or (self._resting and _key(address) in self._resting.values()):
            return False
        line = self._lines.get(_key(address))
        if line is None or not line.paced or waiting.urgency is Urgency.NEED or len(line.rows) < MOST_OF_PACED:
            return True
        line.more = True
        return False

    def _has_room(self, waiting: Waiting) -> bool:
        kept = KEPT_FOR_NEED if waiting.urgency is Urgency.NEED else 0
        return self._room_taken() < self.most_in_hand + kept

    def _room_taken(self) -> int:
        """Rows in hand, without those that only wait for a pace: whoever floods us keeps nobody else out."""
        return len(self._here) - sum(len(line.rows) for line in self._waiting_for_pace)

    def _put(self, waiting: Waiting) -> None:
        address = waiting.message.address
        key = _key(address)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(shard_of(address.platform, address.chat))
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
            for row in line.rows:
                self._tries.pop(row, None)
            self._let_go(line, tuple(line.rows))
            line.messages.clear()
            if line.work is not None:
                line.work.cancel()

    def _let_go(self, line: _Line, rows: Collection[int]) -> None:
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
                    break
                if not await self._answer(batch, slowed):
                    break
                self._let_go(line, [each.id for each in batch])
        finally:
            if self._lines.get(key) is line:
                del self._lines[key]
                if line.rows and not self._stopping:
                    self._rest(key, tuple(line.rows))
                self._let_go(line, tuple(line.rows))

    async def _paced(self, key: tuple[Platform, str, str], line: _Line) -> bool:
        """Wait as long as somebody must who sends very much; whether they are to be told. What comes meanwhile waits in line
        and is gathered as ever. Nobody waits who has lost money, and no group does: there we mostly are silent."""
        address = line.messages[0].message.address
        if address.kind is ChatKind.GROUP or line.messages[0].message.kind in SILENT:
            return False
        loop = asyncio.get_running_loop()
        wait = self._pace.borrow(key, loop.time())
        if self._pace.taken(key) > SELDOM and await self._is_slowed(address):
            wait = max(wait, self.slowed_seconds)
        if not wait or self._somebody_in_need(line):
            return False
        due = loop.time() + min(wait, self.slowed_seconds)
        line.paced = True
        self._waiting_for_pace.append(line)
        self._look_where_there_is_room()
        try:
            while (left := due - loop.time()) > 0 and not self._stopping and not self._somebody_in_need(line):
                line.arrived.clear()
                await _within(line.arrived, left)
        finally:
            self._waiting_for_pace.remove(line)
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
            self._outbox.post(letter)

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
            if isinstance(trouble, StoreFailed) and self._tries.get(rows[0], 0) < RESTS_BEFORE_APOLOGY:
                log.error("the database did not answer, so nobody did", inbox=rows, exc_info=trouble)
                # What was written before the answer of the database was lost stands: a letter may lie there.
                self._outbox.doubt()
                self._count_try(rows)
                return False
            self._metrics.broken.inc()
            log.error("a turn failed", platform=platform.value, inbox=[w.id for w in batch], exc_info=trouble)
            apology = await self._apologise(batch)
            if apology is None:
                self._count_try(rows)
                return False
            answered = apology
        for each in rows:
            self._tries.pop(each, None)
        self._metrics.count(answered.outcome.events, platform)
        if answered.letter is not None:
            self._outbox.post(answered.letter)
        return True

    def _count_try(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._tries[row] = self._tries.get(row, 0) + 1

    def _rest(self, key: tuple[Platform, str, str], rows: Sequence[int]) -> None:
        """The rows stay in the table; they are looked at again after a while, which is longer each time."""
        tries = max(1, *(self._tries.get(row, 1) for row in rows))
        self._resting.update(dict.fromkeys(rows, key))
        self._rests += 1
        asyncio.get_running_loop().call_later(min(REST_SECONDS * 2 ** (tries - 1), LONGEST_REST), self._rested, rows)

    def _rested(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._resting.pop(row, None)
        self._rests += 1
        self.wake()

    def _minutes_to_tell(self, batch: Sequence[Waiting]) -> int:
        """How many minutes an answer takes at present, for somebody who waited in a crowd and was not told yet; else 0."""
        first = batch[0].message
        key = _key(first.address)
        waited = self._ports.clock.now() - first.received_at
        if not self._behind or waited < LONG_WAIT or key in self._told or first.address.kind is ChatKind.GROUP:
            return 0
        if any(in_need(each.message, self._ports.knowledge.words) for each in batch):
            return 0
        self._told.add(key)
        return max(1, round(waited / timedelta(minutes=1)))

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

    async def _apologise(self, batch: list[Waiting]) -> Answered | None:
        try:
            return Answered(Outcome(Session()), await apologise(batch, self._ports))
        except Exception as trouble:
            log.error("could not even apologise", inbox=[w.id for w in batch], exc_info=trouble)
            return None


def _key(address: Address) -> tuple[Platform, str, str]:
    return address.platform, address.chat, address.person


def _long_enough(message: Message) -> bool:
    return message.forwarded or len(message.text) >= SHORTEST_FORWARD


async def _within(event: asyncio.Event, seconds: float | None) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
