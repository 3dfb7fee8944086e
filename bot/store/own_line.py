"""A connection to PostgreSQL beside the store's, for what may not wait behind its writes: leading, listening, budgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

CONNECT_SECONDS = 5
# Whatever is asked on such a line takes a millisecond; whoever hears nothing for so long is cut off.
ANSWER_SECONDS = 5.0
# What we wrote and nobody confirmed for so long has met a cut network: the line is given up.
UNCONFIRMED_MILLISECONDS = 8_000

OwnLine = psycopg.AsyncConnection[tuple[Any, ...]]
# What a broken line, or a server that is away, can raise.
CUT = (psycopg.Error, OSError, TimeoutError)


@asynccontextmanager
async def opened(url: str, purpose: str, **server: str) -> AsyncIterator[OwnLine]:
    """A line of its own, each statement a transaction; closed with the block, and with it whatever the server held for it.

    `purpose` is shown to whoever looks at the server's sessions; `server` are settings of the server for this session. Raises one
    of CUT, whose words may hold the address: say only their kind.
    """
    settings = {"statement_timeout": f"{int(ANSWER_SECONDS * 1000)}", "timezone": "UTC", **server}
    address = make_conninfo(
        url,
        application_name=f"rutan {purpose}",
        connect_timeout=CONNECT_SECONDS,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=UNCONFIRMED_MILLISECONDS,
        options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
    )
    line: OwnLine = await psycopg.AsyncConnection.connect(address, autocommit=True)
    try:
        yield line
    finally:
        await line.close()


async def asked(line: OwnLine, words: str, values: dict[str, object] | None = None) -> tuple[Any, ...] | None:
    """The first row of an answer. Raises one of CUT where there is none in time."""
    async with asyncio.timeout(ANSWER_SECONDS):
        cursor = await line.execute(words.encode(), values)
        return await cursor.fetchone() if cursor.description else None
