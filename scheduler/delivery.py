"""The delivery of a bulletin, in words and figures: who gets it, at what pace, when nobody is woken, and what is needed of
the world for it. `scheduler.courier` does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from content.models import Language
from handlers.messages import Platform, Reply
from scheduler.bulletins import Bulletin, Quota

# LINE takes so many in one multicast.
LARGEST_CROWD = 500
# Multicasts on their way side by side.
CROWDS_AT_ONCE = 3
# Telegram takes 30 a second over all chats: some are left for people who wait for an answer.
SINGLES_A_SECOND = 24.0
# With those above no more than 30 can reach Telegram in a second, whatever is held up on the way.
SINGLES_AT_ONCE = 5
# As much as leaves in a second.
FEW = 25
# And one a second in one chat.
BETWEEN_TWO_IN_A_CHAT = 1.0
# More chats than a second can hold are looked through for those that are free again.
REMEMBERED_CHATS = 200
# One that fails again and again while others get through is given up.
MOST_TRIES = 6
# So many failures in a row are a platform that is down, not its recipients' fault.
DOWN = 3 * SINGLES_AT_ONCE
LONGEST_PAUSE = 60.0
# LINE's retry keys live 24 hours.
GIVE_UP_AFTER = timedelta(hours=23)
# How long a process that does not say so again still holds a bulletin.
LEASE = timedelta(seconds=5)
KEEP_EVERY = 1.0
# SIGTERM leaves ten seconds for all: what has begun may end, the rest waits in the ledger.
LONGEST_GOODBYE = 3.0


class Why(StrEnum):
    """Why somebody did not get a bulletin, or may not have."""

    BLOCKED = "blocked"  # blocked us, left, or never was there
    REFUSED = "refused"  # the platform takes no message for this address
    NO_ANSWER = "no_answer"  # no answer came: it may have arrived; it is not sent again
    GIVEN_UP = "given_up"  # the platform was down all day
    QUOTA_SPENT = "quota_spent"
    UNSUBSCRIBED = "unsubscribed"  # between the order and the sending
    FORGOTTEN = "forgotten"  # asked to be forgotten meanwhile
    NO_PUSH = "no_push"  # a browser is sent nothing: the public page has it
    PLATFORM_OFF = "platform_off"
    CANCELLED = "cancelled"


# --- at night --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Quiet:
    """The hours in which nobody is woken: from `start` to `end` on the house's clock; none where both are the same."""

    start: time
    end: time
    zone: ZoneInfo

    def night(self, moment: datetime) -> date | None:
        """The day on which the night of this moment began; None by day."""
        here = moment.astimezone(self.zone)
        clock = here.time()
        if self.start <= self.end:
            return here.date() if self.start <= clock < self.end else None
        if clock >= self.start:
            return here.date()
        return here.date() - timedelta(days=1) if clock < self.end else None

    def lets(self, now: datetime, ordered_for: datetime) -> bool:
        """Whether something may leave now. By night only what somebody ordered for a time of this very night: who names
        such a time means it. All else waits for the morning."""
        night = self.night(now)
        return night is None or night == self.night(ordered_for)


# --- ports -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Recipient:
    """One row of the ledger: where it goes, and whose it is (`key`, to be lost when blocked)."""

    row: int
    chat: str
    key: str


@dataclass(frozen=True)
class Due:
    """A bulletin that may be delivered, and the time that it was ordered for."""

    bulletin: int
    ordered_for: datetime


@dataclass(frozen=True)
class Crowd:
    """Many recipients under one retry key, the same at every try. `tries` counts those made by an earlier process; `began`:
    when the first was made; `absent`: rows of those who opted out since."""

    id: int
    language: Language
    retry_key: str
    rows: tuple[int, int]
    recipients: tuple[Recipient, ...]
    tries: int
    began: datetime
    absent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Few:
    """Some recipients of one language, claimed."""

    language: Language
    recipients: tuple[Recipient, ...]


class Ended(StrEnum):
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class End:
    """How it ended for a recipient: sent under the platform's name for it, or failed or skipped and why. `before`: a try
    before this one had arrived."""

    state: Ended
    why: str = ""
    message_id: str = ""
    before: bool = False


def failed(why: Why) -> End:
    return End(Ended.FAILED, why)


def skipped(why: Why) -> End:
    return End(Ended.SKIPPED, why)


@dataclass(frozen=True)
class Took:
    """What LINE said to a crowd: its name for the request, and whether it had taken it at an earlier try."""

    request_id: str
    before: bool = False


class Ledger(Protocol):
    """Who gets which bulletin, and how it ended. Each method is one transaction."""

    async def due(self, now: datetime) -> Sequence[Due]:
        """Bulletins to deliver now that nobody else holds."""

    async def hold(self, bulletin: int, now: datetime, until: datetime) -> Bulletin | None:
        """Claim one, and all that an earlier holder had begun; None where another was quicker."""

    async def keep(self, bulletin: int, until: datetime) -> bool:
        """Still here. False: paused, cancelled or taken over, and nothing more may leave."""

    async def let_go(self, bulletin: int) -> None:
        """Another process may go on at once."""

    async def needed(self, bulletin: Bulletin) -> int:
        """How many LINE messages it will cost."""

    async def halt(self, bulletin: int, why: str, now: datetime) -> None:
        """Pause it by itself."""

    async def gather(self, bulletin: Bulletin) -> bool:
        """Make a page of recipients; True when there are no more."""

    async def open_crowds(self, bulletin: int) -> Sequence[Crowd]:
        """Those that an earlier process left unsettled."""

    async def next_crowd(self, bulletin: int, most: int, now: datetime) -> Crowd | None:
        """Claim the next for LINE under a new retry key; who opted out meanwhile is skipped. None: nobody waits, or the
        bulletin is held no more."""

    async def tried(self, crowd: Crowd) -> None:
        """One more try is about to be made."""

    async def divide(self, crowd: Crowd, first: int, now: datetime) -> tuple[Crowd, Crowd]:
        """Two crowds under new keys of one that was refused as a whole: the `first` so many, and the rest."""

    async def settle_crowd(self, crowd: Crowd, end: End, now: datetime) -> None:
        """How a whole crowd ended. Who was absent at a try that LINE took is skipped."""

    async def next_few(self, bulletin: int, platform: Platform, most: int, now: datetime) -> Few | None:
        """Claim the next of another platform, likewise."""

    async def settle(self, one: Recipient, end: End, now: datetime) -> None:
        """How one ended. Who is blocked is lost: no further bulletin goes there."""

    async def put_back(self, rows: Sequence[int]) -> None:
        """These were claimed and certainly not sent."""

    async def end_waiting(self, bulletin: int, platform: Platform, end: End, now: datetime) -> None:
        """All who still wait on a platform end so."""

    async def channel_free(self, bulletin: int) -> bool:
        """True once: the post to the channel is ours to try."""

    async def channel_ended(self, bulletin: int, how: str, message_id: str) -> None: ...

    async def finish(self, bulletin: int, now: datetime) -> bool:
        """Sent, where every recipient has ended; False where somebody still waits."""


class ToCrowds(Protocol):
    """The way to many at once. Raises the family of `errors.SendFailed`."""

    async def send_to(self, chats: Sequence[str], reply: Reply, retry_key: str) -> Took: ...

    async def left(self) -> int | None:
        """How many messages of this month are left; None where there is no limit."""

    async def quota_of_month(self) -> Quota:
        """How many there are, and how many have left."""


class ToEach(Protocol):
    """The way to one at a time. Raises the family of `errors.SendFailed`."""

    async def send_one(self, chat: str, reply: Reply) -> str:
        """The platform's name for the message."""


@dataclass(frozen=True)
class Ways:
    """The ways out that are on. `channel` is Telegram's, "" where none is set."""

    line: ToCrowds | None = None
    telegram: ToEach | None = None
    channel: str = ""


Sleep = Callable[[float], Awaitable[None]]


# --- pacing ----------------------------------------------------------------------------------------------------------
class Pacer:
    """So many a second over all (0: as fast as it goes), and not two within a second in one chat. `hold` stops everybody."""

    def __init__(self, a_second: float, *, clock: Callable[[], float], sleep: Sleep = asyncio.sleep) -> None:
        self._between = 1 / a_second if a_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._free = 0.0
        self._held = 0.0
        self._chats: dict[str, float] = {}
        # One after the other: who was held up does not leave together with those behind.
        self._door = asyncio.Lock()

    async def turn(self, chat: str) -> None:
        """Returns when one may leave for this chat."""
        async with self._door:
            while (wait := max(self._free, self._held, self._chats.get(chat, 0.0)) - self._clock()) > 0:
                await self._sleep(wait)
            now = self._clock()
            self._free = now + self._between
            self._remember(chat, now)

    def hold(self, seconds: float) -> None:
        """The platform asks all of us to wait."""
        self._held = max(self._held, self._clock() + seconds)

    def _remember(self, chat: str, now: float) -> None:
        if len(self._chats) > REMEMBERED_CHATS:
            self._chats = {each: free for each, free in self._chats.items() if free > now}
        self._chats[chat] = now + BETWEEN_TWO_IN_A_CHAT


def pause(tries: int) -> float:
    """Seconds before the next try: 1, 2, 4… at most a minute."""
    return float(min(2 ** min(tries, 10), LONGEST_PAUSE))
