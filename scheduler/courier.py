"""A bulletin leaves: to many at once on LINE, one by one on Telegram, and every recipient ends in sent, failed (why) or
skipped (why). What was begun by a process that died is taken up by the next.

The ledger is the truth: who waits is read from it, and what is about to leave is written there before it does. LINE keeps
doubles away by the retry key that a crowd holds from the start. Telegram has no such key: of those that were on their way
when a process died, at most `SINGLES_AT_ONCE`, some may hear twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from content.models import Language
from handlers.errors import QuotaSpent, SendFailed, TooFast, Unreachable
from handlers.messages import Platform, Reply
from handlers.ports import Clock
from scheduler.bulletins import Bulletin
from scheduler.delivery import (
    CROWDS_AT_ONCE,
    DOWN,
    FEW,
    GIVE_UP_AFTER,
    KEEP_EVERY,
    LARGEST_CROWD,
    LEASE,
    LONGEST_GOODBYE,
    MOST_TRIES,
    SINGLES_A_SECOND,
    SINGLES_AT_ONCE,
    Crowd,
    End,
    Ended,
    Ledger,
    Pacer,
    Quiet,
    Recipient,
    ToCrowds,
    ToEach,
    Ways,
    Why,
    failed,
    pause,
    skipped,
)

log = structlog.get_logger()

Letter = Callable[[Bulletin, Language], Reply]


@dataclass
class Round:
    """One bulletin while this process delivers it. `over`: nothing more may leave. `failures`: how many sends to Telegram
    failed in a row."""

    bulletin: Bulletin
    over: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0

    @property
    def id(self) -> int:
        return self.bulletin.id

    async def rest(self, seconds: float) -> None:
        """Wait, but no longer than the round lasts."""
        try:
            await asyncio.wait_for(self.over.wait(), seconds)
        except TimeoutError:
            return


class Courier:
    """Delivers what is due. `tick` may be called as often as one likes, in as many processes as one likes."""

    def __init__(
        self,
        ledger: Ledger,
        ways: Ways,
        letter: Letter,
        clock: Clock,
        quiet: Quiet,
        *,
        singles_a_second: float = SINGLES_A_SECOND,
    ) -> None:
        self._ledger = ledger
        self._ways = ways
        self._letter = letter
        self._clock = clock
        self._quiet = quiet
        self._rate = singles_a_second
        self._round: Round | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._looking = False

    async def tick(self) -> None:
        """Begin or go on with what is due, in the background. One bulletin at a time, so that the pace is kept."""
        # The ticker's first look and its catching up at the start may come at once.
        if self._stopping or self._looking or (self._task is not None and not self._task.done()):
            return
        self._looking = True
        try:
            await self._take_up(self._clock.now())
        finally:
            self._looking = False

    async def _take_up(self, now: datetime) -> None:
        for due in await self._ledger.due(now):
            if not self._quiet.lets(now, due.ordered_for):
                continue
            if held := await self._ledger.hold(due.bulletin, now, now + LEASE):
                self._round = Round(held)
                self._task = asyncio.create_task(self._run(self._round), name="bulletin")
                return

    async def until_idle(self) -> None:
        """Returns when nothing is being delivered by this process."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def stop(self) -> None:
        """What has begun may end within a moment; the rest stays in the ledger for whoever comes next."""
        self._stopping = True
        if self._task is None or self._round is None:
            return
        self._round.over.set()
        _, late = await asyncio.wait([self._task], timeout=LONGEST_GOODBYE)
        for task in late:
            task.cancel()
        await self.until_idle()

    async def _run(self, work: Round) -> None:
        keeping = asyncio.create_task(self._keep(work), name="bulletin lease")
        try:
            await self._deliver(work)
        except Exception as trouble:
            log.error("a bulletin was broken off, it will be taken up again", bulletin=work.id, exc_info=trouble)
        finally:
            work.over.set()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        try:
            await self._ledger.let_go(work.id)
        except Exception as trouble:
            log.error(
                "a bulletin could not be let go, its lease runs out by itself", bulletin=work.id, exc_info=trouble
            )

    async def _keep(self, work: Round) -> None:
        """Say again and again that we are here; as soon as that is not ours to say, nothing more leaves."""
        try:
            while not work.over.is_set():
                await asyncio.sleep(KEEP_EVERY)
                now = self._clock.now()
                if not self._quiet.lets(now, work.bulletin.scheduled_for or now):
                    log.info("night has come, a bulletin goes on in the morning", bulletin=work.id)
                    return
                if not await self._ledger.keep(work.id, now + LEASE):
                    return
        finally:
            work.over.set()

    async def _deliver(self, work: Round) -> None:
        if not work.bulletin.gathered and not await self._fits(work):
            return
        while not work.over.is_set() and not await self._ledger.gather(work.bulletin):
            pass
        await self._together(work, self._channel(work), self._line(work), self._telegram(work), self._others(work))
        if not work.over.is_set() and await self._ledger.finish(work.id, self._clock.now()):
            log.info("a bulletin is delivered", bulletin=work.id)

    async def _together(self, work: Round, *lanes: Awaitable[None]) -> None:
        """Side by side. Where one breaks, the others end what they have begun, and then it is told."""

        async def watched(lane: Awaitable[None]) -> None:
            try:
                await lane
            except BaseException:
                work.over.set()
                raise

        ends = await asyncio.gather(*map(watched, lanes), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _fits(self, work: Round) -> bool:
        """The quota may have shrunk since the order: then nothing leaves, and somebody has to look."""
        if self._ways.line is None:
            return True
        try:
            left = await self._ways.line.left()
        except SendFailed as trouble:
            # The first multicast will find out.
            log.warning("LINE did not tell its quota", reason=trouble.reason)
            return True
        if left is None or await self._ledger.needed(work.bulletin) <= left:
            return True
        log.error("LINE's quota is too small for a bulletin, it is paused", bulletin=work.id, left=left)
        await self._ledger.halt(work.id, f"LINE has only {left} messages left this month", self._clock.now())
        return False

    async def _others(self, work: Round) -> None:
        """Whom nothing can be sent to: browsers, and the people of a platform that is off."""
        ends = {Platform.WEB: skipped(Why.NO_PUSH)}
        if self._ways.line is None:
            ends[Platform.LINE] = skipped(Why.PLATFORM_OFF)
        if self._ways.telegram is None:
            ends[Platform.TELEGRAM] = skipped(Why.PLATFORM_OFF)
        for platform, end in ends.items():
            if not work.over.is_set():
                await self._ledger.end_waiting(work.id, platform, end, self._clock.now())

    # LINE

    async def _line(self, work: Round) -> None:
        if self._ways.line is None:
            return
        left = deque(await self._ledger.open_crowds(work.id))
        spent = asyncio.Event()
        lane = _Crowds(self._ledger, self._ways.line, self._letter, self._clock, work, left, spent)
        # While some are on their way, others are being written down before or after.
        await self._together(work, *(lane.run() for _ in range(2 * CROWDS_AT_ONCE)))
        if spent.is_set() and not work.over.is_set():
            log.error("LINE's quota is spent, the rest of a bulletin fails", bulletin=work.id)
            await self._ledger.end_waiting(work.id, Platform.LINE, failed(Why.QUOTA_SPENT), self._clock.now())

    # Telegram

    async def _telegram(self, work: Round) -> None:
        if self._ways.telegram is None:
            return
        pacer = Pacer(self._rate, clock=asyncio.get_running_loop().time)
        lane = _Singles(self._ledger, self._ways.telegram, self._letter, self._clock, work, pacer)
        try:
            await self._together(work, *(lane.run() for _ in range(SINGLES_AT_ONCE)))
        finally:
            await lane.put_back()

    async def _channel(self, work: Round) -> None:
        """One post, in Thai. A channel shows a double to everybody, so an unknown end is left at that."""
        way, channel = self._ways.telegram, self._ways.channel
        if way is None or not channel or work.bulletin.corrects or work.over.is_set():
            return
        if not await self._ledger.channel_free(work.id):
            return
        try:
            message_id = await way.send_one(channel, self._letter(work.bulletin, Language.THAI))
        except SendFailed as trouble:
            log.error("the post to the channel failed", bulletin=work.id, reason=trouble.reason)
            await self._ledger.channel_ended(work.id, "failed", "")
            return
        await self._ledger.channel_ended(work.id, "sent", message_id)


@dataclass
class _Crowds:
    """LINE: `left` holds the crowds to be tried before new ones are made; `spent`: no new ones any more."""

    ledger: Ledger
    way: ToCrowds
    letter: Letter
    clock: Clock
    work: Round
    left: deque[Crowd]
    spent: asyncio.Event
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CROWDS_AT_ONCE))

    async def run(self) -> None:
        while not self.work.over.is_set():
            crowd = await self._next()
            if crowd is None:
                return
            await self._deliver(crowd)

    async def _next(self) -> Crowd | None:
        if self.left:
            return self.left.popleft()
        if self.spent.is_set():
            return None
        return await self.ledger.next_crowd(self.work.id, LARGEST_CROWD, self.clock.now())

    async def _deliver(self, crowd: Crowd) -> None:
        """Try until it ends. A crowd that is left open is tried under the same key by whoever comes next."""
        tries, perhaps = crowd.tries, crowd.tries > 0
        while not self.work.over.is_set():
            if tries:
                await self.ledger.tried(crowd)
            try:
                end = await self._once(crowd)
            except QuotaSpent:
                await self._out_of_quota(crowd)
                return
            except TooFast as trouble:
                await self.work.rest(trouble.seconds)
            except SendFailed as trouble:
                if trouble.permanent:
                    await self._refused(crowd, trouble)
                    return
                perhaps = perhaps or trouble.unknown
                if self.clock.now() - crowd.began > GIVE_UP_AFTER:
                    await self._settle(crowd, failed(Why.NO_ANSWER if perhaps else Why.GIVEN_UP))
                    return
                log.warning("a crowd did not leave", bulletin=self.work.id, crowd=crowd.id, reason=trouble.reason)
                await self.work.rest(pause(tries))
            else:
                await self._settle(crowd, end)
                return
            tries += 1

    async def _once(self, crowd: Crowd) -> End:
        if not crowd.recipients:
            # All of them left since its first try, of which nobody knows the end.
            return failed(Why.NO_ANSWER)
        chats = [each.chat for each in crowd.recipients]
        async with self.slots:
            took = await self.way.send_to(chats, self.letter(self.work.bulletin, crowd.language), crowd.retry_key)
        return End(Ended.SENT, "", took.request_id, took.before)

    async def _settle(self, crowd: Crowd, end: End) -> None:
        await self.ledger.settle_crowd(crowd, end, self.clock.now())

    async def _out_of_quota(self, crowd: Crowd) -> None:
        """The month's messages are used up: what little is left still goes out, the rest fails."""
        first_to_know = not self.spent.is_set()
        self.spent.set()
        try:
            left = await self.way.left() or 0
        except SendFailed:
            left = 0
        if first_to_know and 0 < left < len(crowd.recipients):
            self.left.extend(await self.ledger.divide(crowd, left, self.clock.now()))
            return
        await self._settle(crowd, failed(Why.QUOTA_SPENT))

    async def _refused(self, crowd: Crowd, trouble: SendFailed) -> None:
        """One wrong address makes LINE refuse everybody: halves, until it stands alone."""
        if len(crowd.recipients) > 1:
            self.left.extend(await self.ledger.divide(crowd, len(crowd.recipients) // 2, self.clock.now()))
            return
        log.warning("LINE refused a recipient", crowd=crowd.id, reason=trouble.reason)
        await self._settle(crowd, failed(Why.BLOCKED if isinstance(trouble, Unreachable) else Why.REFUSED))


class _Singles:
    """Telegram: one by one, some side by side, each claimed before it leaves and settled before the next."""

    def __init__(self, ledger: Ledger, way: ToEach, letter: Letter, clock: Clock, work: Round, pacer: Pacer) -> None:
        self._ledger = ledger
        self._way = way
        self._letter = letter
        self._clock = clock
        self._work = work
        self._pacer = pacer
        self._at_hand: deque[tuple[Recipient, Language]] = deque()
        self._claiming = asyncio.Lock()

    async def run(self) -> None:
        while not self._work.over.is_set():
            found = await self._next()
            if found is None:
                return
            await self._deliver(*found)

    async def put_back(self) -> None:
        """Whoever was claimed and not begun waits again."""
        if self._at_hand:
            await self._ledger.put_back([one.row for one, _ in self._at_hand])
            self._at_hand.clear()

    async def _next(self) -> tuple[Recipient, Language] | None:
        async with self._claiming:
            if not self._at_hand:
                few = await self._ledger.next_few(self._work.id, Platform.TELEGRAM, FEW, self._clock.now())
                if few is None:
                    return None
                self._at_hand.extend((each, few.language) for each in few.recipients)
            return self._at_hand.popleft()

    async def _deliver(self, one: Recipient, language: Language) -> None:
        reply = self._letter(self._work.bulletin, language)
        tries = 0
        while True:
            await self._pacer.turn(one.chat)
            if self._work.over.is_set():
                await self._ledger.put_back([one.row])
                return
            try:
                message_id = await self._way.send_one(one.chat, reply)
            except TooFast as trouble:
                self._pacer.hold(trouble.seconds)
            except SendFailed as trouble:
                # While Telegram is down it is nobody's own fault.
                tries += self._work.failures < DOWN
                why = self._final(trouble, tries)
                self._work.failures = 0 if why in (Why.BLOCKED, Why.REFUSED) else self._work.failures + 1
                if why is not None:
                    await self._ledger.settle(one, failed(why), self._clock.now())
                if self._work.failures:
                    await self._work.rest(pause(self._work.failures // SINGLES_AT_ONCE))
                if why is not None:
                    return
            else:
                self._work.failures = 0
                await self._ledger.settle(one, End(Ended.SENT, "", message_id), self._clock.now())
                return

    def _final(self, trouble: SendFailed, tries: int) -> Why | None:
        """Why it is not tried again; None where it is."""
        if isinstance(trouble, Unreachable):
            return Why.BLOCKED
        if trouble.permanent:
            return Why.REFUSED
        if trouble.unknown:
            # Telegram has no key against doubles: whoever may have heard it does not hear it again.
            return Why.NO_ANSWER
        began = self._work.bulletin.started_at
        too_long = began is not None and self._clock.now() - began > GIVE_UP_AFTER
        return Why.GIVEN_UP if tries >= MOST_TRIES or too_long else None
