"""`rutan serve`: the web server, or a process that only answers."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot import logs
from bot.app import build, opened
from bot.running import Part, Running
from bot.settings import Settings, inherited
from bot.web import inside

log = structlog.get_logger()

# As uvicorn's own command ends where the application did not come up.
NEVER_STARTED = 3

# A request beyond these is answered 503 before it is read. Thousands of browsers may wait for an answer; each holds some 25 kB.
MOST_CONNECTIONS = 4_000

# Where systemd puts the first socket that it hands over.
FIRST_HANDED = 3


def run(settings: Settings, only: str | None) -> None:
    """Serve until SIGTERM or SIGINT; what has begun is finished, the rest waits in the database."""
    logs.set_up(settings)
    if only == Part.WORK:
        asyncio.run(_work(settings))
        return
    server = _Server(configured(build(settings, Part(only) if only else Part.ALL), settings))
    # Ctrl-C has been heard by the server, which ended in good order.
    with suppress(KeyboardInterrupt):
        server.run(sockets=handed_over())
    if not server.started:
        raise SystemExit(NEVER_STARTED)


def configured(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=3,
        limit_concurrency=MOST_CONNECTIONS,
        # A webhook is one short POST; larger headers are nobody's.
        h11_max_incomplete_event_size=64 * 1024,
    )


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        set_apart()


def set_apart() -> None:
    """What is loaded by now stays. Looked through at every full collection, it held everybody up for 0.1 s. For a process
    that is one bot and nothing else."""
    gc.collect()
    gc.freeze()


def handed_over() -> list[socket.socket] | None:
    """The sockets that systemd opened for us and keeps open while we start anew: who calls meanwhile waits, and is not refused.
    None where we open our own."""
    given = inherited(("LISTEN_PID", "LISTEN_FDS"))
    if given.get("LISTEN_PID") != str(os.getpid()):
        return None
    return [socket.socket(fileno=FIRST_HANDED + each) for each in range(int(given.get("LISTEN_FDS", "0")))] or None


class _Inside(uvicorn.Server):
    """Beside a process that has its own way of hearing signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _shown(bot: Running, settings: Settings) -> AsyncIterator[None]:
    """Health and figures of a process that has no pages, where METRICS_PORT asks for them."""
    if not settings.metrics_port:
        yield
        return
    pages = Starlette(routes=inside(bot))
    server = _Inside(
        uvicorn.Config(pages, settings.host, settings.metrics_port, log_config=None, access_log=False, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    async with opened(settings, Part.WORK) as bot, _shown(bot, settings):
        set_apart()
        log.info("answering; stop with Ctrl-C")
        await stopped.wait()
