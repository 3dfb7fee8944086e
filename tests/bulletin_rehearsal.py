"""A bulletin delivered by a real server that is killed at random moments, over platforms that misbehave.

`rehearse` gives everything that can be counted afterwards; `test_bulletins_rehearsal` runs a small one, the benchmark
`benchmarks/bulletins.py` the whole one with a hundred thousand subscribers.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from bulletin_cast import Office, add_subscribers
from doubles import JSON, FakeLine, FakeTelegram, Fault
from store_cast import SECRET, StandingClock, rows
from test_kill import Bot

from bot.running import SystemClock
from content.loading import Knowledge
from scheduler.delivery import SINGLES_AT_ONCE

HANGS = Fault(hang=9, accepted=True)
LINE_FAULTS = (
    Fault(status=500),
    Fault(status=500, accepted=True),
    Fault(status=429, headers={"Retry-After": "1"}),
    Fault(status=0),
    Fault(status=0, accepted=True),
    HANGS,
    Fault(hang=9),
)
TELEGRAM_FAULTS = (Fault(status=500), Fault(status=429), Fault(status=0), Fault(status=0, accepted=True))


@dataclass(frozen=True)
class Plan:
    """What is rehearsed: how many people, how many kills, how often a call meets a fault, how slow the platforms are."""

    line: int = 1_900
    telegram: int = 100
    kills: int = 1
    blocked: float = 0.03
    faults: float = 0.2
    line_seconds: float = 0.3
    seed: int = 1
    # After so many LINE messages somebody else has used the rest of the quota, but for a few.
    quota_ends_after: int | None = None
    # A kill comes at a random moment in so many seconds after the first send of each life.
    kills_within: float = 4.0
    hangs: bool = True


class MoodyLine(FakeLine):
    """LINE, slow and moody; it also has another customer who uses up the quota."""

    def __init__(self, plan: Plan, dice: random.Random) -> None:
        super().__init__(validate=plan.line < 5_000)
        self._plan = plan
        self._dice = dice
        self._faulty = [fault for fault in LINE_FAULTS if plan.hangs or not fault.hang]
        self.hung = 0

    async def _multicast(self, request: web.Request, body: JSON) -> web.Response:
        await asyncio.sleep(self._plan.line_seconds * self._dice.uniform(0.5, 1.5))
        ends = self._plan.quota_ends_after
        if ends is not None and self.pushed >= ends and self.quota is not None and self.quota > self.pushed + 300:
            self.quota = self.pushed + 123
        return await super()._multicast(request, body)

    def _next_fault(self, path: str) -> Fault | None:
        if not path.endswith("multicast"):
            return None
        # Of a few calls it might be that none hangs: once two were answered one does, and is taken all the same.
        first = self._plan.hangs and not self.hung and len(self.called("multicast")) >= 2
        if not first and self._dice.random() >= self._plan.faults:
            return None
        fault = HANGS if first else self._dice.choice(self._faulty)
        self.hung += bool(fault.hang)
        return fault


class MoodyTelegram(FakeTelegram):
    """Telegram, moody."""

    def __init__(self, plan: Plan, dice: random.Random) -> None:
        super().__init__(validate=plan.line < 5_000)
        self._plan = plan
        self._dice = dice

    def _next_fault(self, path: str) -> Fault | None:
        if path.endswith("sendMessage") and self._dice.random() < self._plan.faults / 10:
            return self._dice.choice(TELEGRAM_FAULTS)
        return None


@dataclass
class Rehearsed:
    """What came of it."""

    plan: Plan
    seconds: float
    state: str
    rows: Sequence[dict[str, object]]
    chats: dict[object, str]
    line_heard: Counter[str]
    telegram_heard: Counter[str]
    blocked: set[str]
    most_in_a_second: int
    # Calls that LINE left hanging.
    hung: int = 0
    sums: list[int] = field(default_factory=list)

    def ends(self) -> Counter[tuple[str, str, str]]:
        return Counter((str(row["platform"]), str(row["state"]), str(row["why"])) for row in self.rows)

    def line_doubles(self) -> int:
        return sum(times - 1 for times in self.line_heard.values())

    def telegram_doubles(self) -> int:
        return sum(times - 1 for times in self.telegram_heard.values())

    def most_doubles(self) -> int:
        return self.plan.kills * SINGLES_AT_ONCE

    def check(self) -> None:
        """Everybody has exactly one final state, nobody on LINE heard it twice, nobody is forgotten, and the ledger tells
        what the platforms saw."""
        people = self.plan.line + self.plan.telegram
        assert self.state == "sent"
        assert len(self.rows) == people == len({row["person"] for row in self.rows})
        assert {row["state"] for row in self.rows} <= {"sent", "failed", "skipped"}
        assert self.line_doubles() == 0, f"{self.line_doubles()} LINE people heard it twice"
        assert self.telegram_doubles() <= self.most_doubles()
        assert set(self.sums) == {people}
        assert self.most_in_a_second <= 30
        for row in self.rows:
            self._check_row(row)

    def _check_row(self, row: dict[str, object]) -> None:
        chat = self.chats[row["person"]]
        heard = (self.line_heard if row["platform"] == "line" else self.telegram_heard)[chat]
        if row["state"] == "sent":
            # LINE does not say who blocked us; Telegram does.
            assert heard >= 1 or (chat in self.blocked and row["platform"] == "line"), (chat, row)
            assert row["at"] and row["message_id"], row
        elif row["why"] != "no_answer":
            assert heard == 0, (chat, row)


async def rehearse(plan: Plan, folder: Path, knowledge: Knowledge, say=lambda what: None) -> Rehearsed:
    dice = random.Random(plan.seed)
    url = f"sqlite:///{folder}/rutan.db"
    async with MoodyLine(plan, dice) as line, MoodyTelegram(plan, dice) as telegram:
        office = Office.at(url, _real_clock(), knowledge)
        people = add_subscribers(url, "line", plan.line) + add_subscribers(url, "telegram", plan.telegram)
        blocked = set(dice.sample(people, int(len(people) * plan.blocked)))
        line.blocked = telegram.blocked = blocked
        line.quota = plan.line + 1_000
        chats = {row["key"]: str(row["chat"]) for row in rows(url, "people")}
        id = await office.signed()
        await office.ordered(id)
        began = time.monotonic()
        sums: list[int] = []
        bot = _Server(folder, line, telegram)  # type: ignore[arg-type]
        await bot.start()
        for count in range(1, plan.kills + 1):
            before = _sends(line, telegram)
            while _sends(line, telegram) == before:
                await _sampled(office, id, sums, until=time.monotonic() + 0.05)
            await _sampled(office, id, sums, until=time.monotonic() + dice.uniform(0, plan.kills_within))
            await bot.end(signal.SIGKILL)
            found = await office.bulletins.progress(id)
            say(f"killed {count} of {plan.kills}: {found.state}, {found.sent:,} sent, {found.waiting:,} wait")
            await bot.start()
        while (found := await office.bulletins.progress(id)).state != "sent":
            await _sampled(office, id, sums, until=time.monotonic() + 0.5)
            assert time.monotonic() - began < 1_800, found
            assert bot.process is not None and bot.process.returncode is None, bot.said()
        seconds = time.monotonic() - began
        say(f"done after {seconds:.0f} s: {found}")
        await bot.end(signal.SIGTERM)
        office.store.close()
        sends = sorted(call.at for call in telegram.called("sendMessage"))
        return Rehearsed(
            plan, seconds, found.state, rows(url, "deliveries"), chats,
            Counter(each.to for each in line.answers if each.via == "multicast"),
            Counter(each.to for each in telegram.answers), blocked, _most_in_a_second(sends), line.hung, sums,
        )  # fmt: skip


class _Server(Bot):
    """As in the tests of killing, and awake by night."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "SECRET_KEY": SECRET, "QUIET_HOURS": "00:00-00:00"}


def _real_clock() -> StandingClock:
    return SystemClock()  # type: ignore[return-value]


async def _sampled(office: Office, id: int, sums: list[int], *, until: float) -> None:
    """Look at the figures again and again: they must add up at every moment."""
    while time.monotonic() < until:
        found = await office.bulletins.progress(id)
        assert found.recipients == found.sent + found.failed + found.skipped + found.waiting
        sums.append(found.recipients)
        await asyncio.sleep(0.1)


def _sends(line: FakeLine, telegram: FakeTelegram) -> int:
    return len(line.called("multicast")) + len(telegram.called("sendMessage"))


def _most_in_a_second(times: Sequence[float]) -> int:
    most, first = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most
