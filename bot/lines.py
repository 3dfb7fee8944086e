"""One person's messages, waiting their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from handlers.messages import Address, Platform
from handlers.ports import Waiting

# Who writes, and where.
Key = tuple[Platform, str, str]


@dataclass
class Line:
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


def key_of(address: Address) -> Key:
    return address.platform, address.chat, address.person


async def within(event: asyncio.Event, seconds: float | None) -> bool:
    """Whether it happened in time; None waits for ever."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
