"""Months, officials and subscribers for the tests of bulletins, and ways out that only remember."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from store_cast import SECRET, StandingClock, add

from bot.store import SqlStore
from bot.store.bulletins import Body, Bulletins
from bot.store.deliveries import DeliveryLedger
from content.loading import Knowledge
from handlers.errors import SendFailed
from handlers.messages import Platform, Reply
from handlers.officials import Role
from handlers.wording import Voice
from scheduler.bulletins import Part, Quota
from scheduler.courier import Courier
from scheduler.delivery import Quiet, Took, Ways
from scheduler.drafting import composed, reply
from scheduler.trends import Counted, Dimension, Month, MonthFigures, Total

BANGKOK = ZoneInfo("Asia/Bangkok")
OCTOBER = Month(2026, 10)
NEVER = Quiet(datetime.min.time(), datetime.min.time(), BANGKOK)
TOLD = {"asked": (1_234, 980), "reports": (150, 120), "reporters": (142, 110)}
TABLES = {
    Dimension.TYPE: (
        Counted("parcel", 120, 80), Counted("loan", 90, None), Counted("job_task", 40, 10), Counted("romance", None, None),
        Counted("qr", 20, 25), Counted("ticket", 12, 12), Counted("crypto", 9, 11),
    ),
    Dimension.ENTRY: (Counted("parcel-fee-link", 70, 60),),
    Dimension.CAME_BY: (Counted("sms", 50, 20), Counted("call", 30, 20), Counted("other", None, None)),
    Dimension.LOSS: (Counted("1k_10k", 20, 15), Counted("none", 80, 60)),
    Dimension.HUB: (Counted("", 100, 100), Counted("hub-1", 50, 20)),
}  # fmt: skip


def figures(
    month: Month = OCTOBER,
    *,
    so_far: bool = False,
    totals: dict[str, tuple[int, int]] | None = None,
    tables: dict[Dimension, tuple[Counted, ...]] | None = None,
) -> MonthFigures:
    """A month as the figures' store gives it."""
    counted = {name: Total(name, *both, "a_query") for name, both in (TOLD if totals is None else totals).items()}
    shown = TABLES if tables is None else tables
    until = datetime(month.year, month.month, 22, 12, tzinfo=BANGKOK) if so_far else month.end(BANGKOK)
    fastest = Counted("job_task", 40, 10) if shown is TABLES else None
    return MonthFigures(month, so_far, until, counted, shown, fastest, {"asked": "a_query"})


def open_store(url: str, clock: StandingClock) -> SqlStore:
    return SqlStore.open(url, [SECRET], clock)


def add_officials(url: str, people: Iterable[tuple[str, Role]]) -> None:
    """Officials who can sign, without links and passwords."""
    columns = ("name", "name_key", "role", "made_at")
    add(url, "officials", columns, [(name, name.casefold(), role.value, "2026-01-01") for name, role in people])


def add_subscribers(url: str, platform: str, count: int, *, language: str | None = "th", begin: int = 0) -> list[str]:
    """So many people who get bulletins; their chats."""
    names = {"line": lambda n: f"U{n:032x}", "telegram": lambda n: str(5_000_000 + n), "web": lambda n: f"browser-{n}"}
    chats = [names[platform](n) for n in range(begin, begin + count)]
    now = "2026-10-01T00:00:00.000000+00:00"
    columns = ("key", "platform", "chat", "kind", "language", "subscribed", "first_seen", "last_seen")
    keys = (hashlib.md5(f"{platform} {chat}".encode()).hexdigest() for chat in chats)
    add(
        url,
        "people",
        columns,
        [(key, platform, chat, "private", language, 1, now, now) for key, chat in zip(keys, chats, strict=True)],
    )
    return chats


@dataclass
class Remembered:
    """A way out that only remembers; `trouble` is raised by the next sends, one after the other."""

    took: list[tuple[str, tuple[str, ...], Reply]] = field(default_factory=list)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trouble: list[SendFailed | None] = field(default_factory=list)
    quota: int | None = None
    seconds: float = 0.0
    at: list[float] = field(default_factory=list)

    async def send_to(self, chats: Sequence[str], reply: Reply, retry_key: str) -> Took:
        await self._meet()
        if retry_key in self.keys:
            return Took("before", before=True)
        self.keys[retry_key] = tuple(chats)
        self.took.append((retry_key, tuple(chats), reply))
        return Took("request-1")

    async def send_one(self, chat: str, reply: Reply) -> str:
        await self._meet()
        self.at.append(asyncio.get_running_loop().time())
        self.took.append(("", (chat,), reply))
        return f"message-{len(self.took)}"

    async def left(self) -> int | None:
        return self.quota

    async def quota_of_month(self) -> Quota:
        return Quota(self.quota, 0)

    async def _meet(self) -> None:
        await asyncio.sleep(self.seconds)
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble is not None:
            raise trouble

    def times(self) -> Counter[str]:
        """How often each chat heard it."""
        return Counter(chat for _, chats, _ in self.took for chat in chats)


@dataclass
class Office:
    """A store with officials, bulletins and a courier over ways that only remember."""

    url: str
    store: SqlStore
    clock: StandingClock
    knowledge: Knowledge
    line: Remembered = field(default_factory=Remembered)
    telegram: Remembered = field(default_factory=Remembered)
    quiet: Quiet = NEVER

    def __post_init__(self) -> None:
        self.bulletins = Bulletins(self.store.foundation)

    @classmethod
    def at(cls, url: str, clock: StandingClock, knowledge: Knowledge) -> Office:
        office = cls(url, open_store(url, clock), clock, knowledge)
        add_officials(url, [("Ann", Role.EDITOR), ("Ben", Role.APPROVER), ("Cat", Role.READER), ("Dan", Role.EDITOR)])
        return office

    def body(self, **given: object) -> Body:
        counted = figures(**given)  # type: ignore[arg-type]
        return Body(composed(counted, self.knowledge, BANGKOK), counted)

    async def signed(self, month: Month = OCTOBER) -> int:
        """A month's bulletin, signed by two."""
        id = await self.bulletins.draft(month, self.body(month=month), "operator")
        await self.bulletins.sign(id, "Ann")
        await self.bulletins.sign(id, "Ben")
        return id

    async def ordered(self, id: int, *, part: str = "all", within: timedelta = timedelta()) -> None:
        bulletin = await self.bulletins.get(id)
        chosen = Part.parse(part)
        plan = await self.bulletins.plan(bulletin, chosen, self.line.quota)
        await self.bulletins.schedule(id, self.clock.now() + within, chosen, plan, "operator")

    def courier(self, *, holder: str = "", a_second: float = 0, off: Platform | None = None) -> Courier:
        ways = Ways(None if off is Platform.LINE else self.line, None if off is Platform.TELEGRAM else self.telegram)
        return Courier(
            DeliveryLedger(self.store.foundation, holder),
            ways,
            lambda bulletin, language: reply(bulletin, Voice(self.knowledge, language)),
            self.clock,
            self.quiet,
            singles_a_second=a_second,
        )

    async def delivered(self, id: int, **how: object) -> None:
        """Tick until there is nothing more to do."""
        courier = self.courier(**how)  # type: ignore[arg-type]
        await courier.tick()
        await courier.until_idle()
        await courier.stop()

    async def counts(self, id: int) -> tuple[int, int, int, int]:
        """Sent, failed, skipped, waiting."""
        found = await self.bulletins.progress(id)
        assert found.recipients == found.sent + found.failed + found.skipped + found.waiting
        return found.sent, found.failed, found.skipped, found.waiting


NOVEMBER_2 = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)  # ten in the morning in Bangkok
