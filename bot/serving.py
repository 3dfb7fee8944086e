"""`rutan serve`: the web server, or a process that only answers."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvicorn

from bot import logs
from bot.app import build, opened
from bot.running import Part
from bot.settings import Settings

log = structlog.get_logger()


def run(settings: Settings, only: str | None) -> None:
    """Serve until SIGTERM or SIGINT; what has begun is finished, the rest waits in the database."""
    logs.set_up(settings)
    if only == Part.WORK:
        asyncio.run(_work(settings))
        return
    uvicorn.run(
        build(settings, Part(only) if only else Part.ALL),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        # A webhook is one short POST; larger headers are nobody's.
        h11_max_incomplete_event_size=64 * 1024,
    )


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    async with opened(settings, Part.WORK):
        log.info("answering; stop with Ctrl-C")
        await stopped.wait()
