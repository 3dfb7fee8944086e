"""A list that a member of a hub sent as a file: fetched, read in a thread, never kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.forwarded.found import Refused
from bot.forwarded.reading import read
from bot.vision.fetching import Hands, NotFetched
from handlers.hub_types import Listed
from handlers.messages import ChatKind, Kind, Message, Platform
from handlers.picture_types import PictureTrouble
from handlers.ports import Sender, Waiting

log = structlog.get_logger()

LISTS = (".txt", ".csv", ".tsv", ".xlsx", ".xlsm", ".xls")
NOT_FETCHED, TOO_BIG = "hub_file_not_fetched", "forwarded_too_big"
# Two of these fill the memory and the cores that answers need.
_one_at_a_time = asyncio.Semaphore(1)


def wanted(message: Message) -> bool:
    """Whether this may be a list of messages: a file of that kind, sent to us alone."""
    alone = message.address.kind is ChatKind.PRIVATE
    return alone and message.kind is Kind.FILE and bool(message.file_id) and message.data.lower().endswith(LISTS)


async def fetched(waiting: Waiting, senders: Mapping[Platform, Sender]) -> Waiting:
    """The message with what is in its file, or with the reason why it is not read. Never raises for what a file does."""
    message = waiting.message
    sender = senders.get(message.address.platform)
    if not isinstance(sender, Hands):
        return replace(waiting, message=replace(message, listed=Listed(refused=NOT_FETCHED)))
    try:
        content = await sender.content(message.file_id)
    except NotFetched as trouble:
        log.warning("a list was not fetched", platform=message.address.platform.value, cause=trouble.trouble.value)
        refused = TOO_BIG if trouble.trouble is PictureTrouble.TOO_LARGE else NOT_FETCHED
        return replace(waiting, message=replace(message, listed=Listed(refused=refused)))
    return replace(waiting, message=replace(message, listed=await listed(message.data, content)))


async def listed(name: str, content: bytes) -> Listed:
    """The messages of a file, or why it is not read."""
    async with _one_at_a_time:
        try:
            found = await asyncio.to_thread(read, name, content)
        except Refused as refused:
            return Listed(refused=refused.reason.value)
    left_out = {key.value: count for key, count in found.left_out.items()}
    return Listed(found.messages, left_out, tuple(note.value for note in found.notes), found.since)
