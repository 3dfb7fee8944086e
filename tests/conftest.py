"""What every test may ask for: the real knowledge, and a whole bot on loopback with both platforms beside it."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from browsing import axe, browser  # noqa: F401 - fixtures for every test
from databases import new_sqlite, postgres_server, postgres_template, postgres_url, url  # noqa: F401 - fixtures for every test
from doubles import FakeLine, FakeTelegram
from fastapi import FastAPI
from fastapi.dependencies import models as fastapi_models
from hypothesis import HealthCheck
from hypothesis import settings as examples

from bot import logs
from bot.app import build
from bot.running import Running
from bot.settings import Settings
from content.loading import Knowledge, load

# How long one example takes says how busy the machine is, and nothing about what is tested.
examples.register_profile("unhurried", examples(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
examples.load_profile("unhurried")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The knowledge that is shipped."""
    return load()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material; a newcomer's machine does not have it, the project's own must."""
    return needed(SHARED if SHARED.is_dir() else None, "the reference folder ../shared is not on this machine")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return str(needed(found, "no browser here: apt-get install chromium fonts-thai-tlwg"))


def needed(found: Any, why: str) -> Any:
    """`found`, or a skip that says why; where CI=true, a skip is a failure."""
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


# Under those that the system hands out by itself. Each process of tests, whoever started it, has a block of its own: what is
# free a moment before a server starts is then still free when it does, and when it starts again after it was killed.
_FIRST, _EACH, _BLOCKS = 20_000, 500, 24
_ports = itertools.count(0)


@cache
def _block() -> tuple[int, socket.socket]:
    """The first port of a block that no other process has; the socket holds it as long as we live."""
    for number in range(_BLOCKS):
        first = _FIRST + number * _EACH
        guard = socket.socket()
        try:
            guard.bind(("127.0.0.1", first))
        except OSError:
            guard.close()
        else:
            return first, guard
    raise RuntimeError(f"{_BLOCKS} processes of tests run at once: no ports are left")


def free_port() -> int:
    """A port that nobody else will take."""
    first, _ = _block()
    while True:
        port = first + 1 + next(_ports) % (_EACH - 1)
        with socket.socket() as probe, suppress(OSError):
            # As servers do: a connection that has just ended holds no port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class House:
    """A running bot with both platforms and a way to its own pages."""

    bot: Running
    line: FakeLine
    telegram: FakeTelegram
    url: str
    http: aiohttp.ClientSession
    settings: Settings


# The application behind a running bot, for tests that ask it what routes it has.
APPLICATIONS: dict[Running, FastAPI] = {}


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Running]:
    """The application of these settings, served for real on its port."""
    logs.set_up(settings)
    app = build(settings)
    server = uvicorn.Server(
        uvicorn.Config(app, port=settings.port, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.01)
    APPLICATIONS[app.state.bot] = app
    try:
        yield app.state.bot
    finally:
        server.should_exit = True
        await task
        # It holds the bot that it is kept by.
        APPLICATIONS.pop(app.state.bot, None)
        let_go()


def let_go() -> None:
    """FastAPI remembers every route it has ever looked at, and with it this bot: thirty megabytes for each house."""
    for each in vars(fastapi_models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
    # Quick, for all that was there before is set apart; left to itself a worker would hold dozens of them.
    gc.collect()


def client() -> aiohttp.ClientSession:
    """Somebody's cookies and connections. A connection is let go before the house does it: see the doubles."""
    lines = aiohttp.TCPConnector(keepalive_timeout=2)
    return aiohttp.ClientSession(connector=lines, cookie_jar=aiohttp.CookieJar(unsafe=True))


@asynccontextmanager
async def house_of(folder: Path, **given: Any) -> AsyncIterator[House]:
    """A house in `folder`; `given` overrides single settings."""
    async with FakeLine() as line, FakeTelegram() as telegram, client() as http:
        values: dict[str, Any] = {
            "database_url": given.get("database_url") or new_sqlite(folder),
            "port": free_port(),
            "secret_key": "a key for tests only, long enough",
            "line_channel_secret": line.secret,
            "line_channel_access_token": "line-token",
            "line_api_url": line.url,
            "telegram_bot_token": telegram.token,
            "telegram_webhook_secret": telegram.secret,
            "telegram_mode": "webhook",
            "telegram_api_url": telegram.url,
            "log_level": "warning",
        }
        settings = Settings(_env_file=None, **(values | given))  # type: ignore[call-arg]
        url = f"http://127.0.0.1:{settings.port}"
        line.webhook, telegram.webhook = f"{url}/webhooks/line", f"{url}/webhooks/telegram"
        async with served(settings) as bot:
            yield House(bot, line, telegram, url, http, settings)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_of(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def outside_any_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test reads the developer's own `.env`."""
    monkeypatch.chdir(tmp_path)
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Nothing here speaks TLS to the outside. One certificate is read in a moment, a hundred and fifty cost each client of
    each platform of each house 19 ms."""
    os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("certificate.pem"))


def pytest_collection_finish() -> None:
    """As `rutan serve` does: thousands of tests and the knowledge are not looked through at every collection."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is asked of a real browser is the slow tier's: minutes of Chromium. All but what shows that the web chat works there."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if {"axe", "browser"}.intersection(names) and item.get_closest_marker("quick") is None:
            item.add_marker(pytest.mark.slow)
