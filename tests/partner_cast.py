"""Partners for tests: a program with a key, and a server that is told of warnings and answers as it likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from bulletin_cast import add_officials
from conftest import House, free_port
from store_cast import StandingClock, add

from bot.partners.guard import Guard
from bot.partners.scopes import Scope
from bot.store.audit import OPERATOR
from bot.store.bulletins import Body, Bulletins
from bot.store.forms import stamp
from handlers.officials import Role
from scheduler.alerts import warning_of
from scheduler.bulletins import Kind
from scheduler.trends import Month


@dataclass(frozen=True)
class Seen:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def trouble(self) -> str:
        """The kind of a problem, after it was looked at whether it is a whole one."""
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        assert {"type", "title", "status", "detail"} <= set(self.body) and self.body["status"] == self.status
        return str(self.body["type"]).removeprefix("urn:rutan:problem:")


@dataclass
class Program:
    """A partner's program."""

    house: House
    key: str = ""

    async def ask(self, method: str, path: str, **given: Any) -> Seen:
        headers = dict(given.pop("headers", {}))
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        url = f"{self.house.url}/api/v1{path}"
        async with self.house.http.request(method, url, headers=headers, **given) as answer:
            return Seen(answer.status, answer.headers, await answer.text())

    async def get(self, path: str, **given: Any) -> Seen:
        return await self.ask("GET", path, **given)

    async def post(self, path: str, body: Any, **given: Any) -> Seen:
        return await self.ask("POST", path, json=body, **given)


def timed(house: House) -> StandingClock:
    """From now on this house's guard goes by a clock that stands still."""
    clock = StandingClock(house.bot.ports.clock.now())
    house.bot.partners = Guard(replace(house.bot.store.foundation, clock=clock), house.bot.doors)
    return clock


async def program(
    house: House, *scopes: Scope, name: str = "", rate: int = 100_000, until: datetime | None = None
) -> Program:
    """A partner of a house with these scopes (none: all of them)."""
    chosen = scopes or tuple(Scope)
    issued = await house.bot.partners.book.add(
        name or f"a bank {len(chosen)} {chosen[0]}", chosen, rate, until, OPERATOR
    )
    return Program(house, issued.key)


async def something_to_read(house: House) -> int:
    """Two officials sign a warning, and last month some people asked and reported; the id of the warning."""
    url, foundation = house.settings.database_url, house.bot.store.foundation
    add_officials(url, [("Nat", Role.APPROVER), ("Mali", Role.EDITOR)])
    this, bulletins = Month.of(foundation.today()), Bulletins(foundation)
    warning = Body(warning_of("parcel-fee-link", house.bot.ports.knowledge))
    id = await bulletins.draft(this, warning, OPERATOR, kind=Kind.ALERT)
    for name in ("Nat", "Mali"):
        await bulletins.sign(id, name)
    at = stamp(this.before().start(foundation.timezone) + timedelta(days=3))
    checked = [(at, "checked", "known_scam", "parcel", "parcel-fee-link", "line", "private", "th")] * 20
    checked += [(at, "checked", "warning_signs", "loan", None, "telegram", "private", "en")] * 7
    checked += [(at, "checked", "not_known", None, None, "web", "private", "th")] * 3
    add(url, "events", ("at", "name", "level", "type", "entry", "platform", "chat_kind", "language"), checked)
    losses = ["none"] * 6 + ["under_1k"] * 20 + ["1k_10k"] * 3 + [""] * 30
    columns = ("number", "person", "platform", "text", "came_by", "language", "level", "state", "reported_at", "loss")
    told = [
        (f"RT-{n}", f"p{n}", "line", "x", "sms", "th", "known_scam", "received", at, loss)
        for n, loss in enumerate(losses)
    ]
    add(url, "reports", columns, told)
    return id


@dataclass
class Told:
    """One call that came to a receiver."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """A partner's server. `answers` are the statuses of the next calls (0: hangs until let go), then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    redirect: str = ""

    def __post_init__(self) -> None:
        self._arrived = asyncio.Condition()
        self.let_go = asyncio.Event()

    async def until(self, calls: int, seconds: float = 30.0) -> None:
        """Waits until so many calls have come. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.told) >= calls)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        status = self.answers.pop(0) if self.answers else 200
        async with self._arrived:
            self.told.append(Told(dict(request.headers), body))
            self._arrived.notify_all()
        if status == 0:
            await self.let_go.wait()
        headers = {"Location": self.redirect} if self.redirect else {}
        return web.Response(status=status or 200, headers=headers)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on the loopback."""
    port, it = free_port(), Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", it.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    it.url = f"http://127.0.0.1:{port}/hook?token=of-the-partner"
    try:
        yield it
    finally:
        it.let_go.set()
        await runner.cleanup()


async def until(found: Callable[[], Any], seconds: float = 30.0) -> None:
    """Waits until something is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not found():  # noqa: ASYNC110 - what is looked at is a database
            await asyncio.sleep(0.02)
