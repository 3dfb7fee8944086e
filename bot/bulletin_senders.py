"""The ways out for bulletins: LINE to many at once, with its quota; Telegram one by one. Their connections are their own, so
that whoever waits for an answer never waits behind a bulletin."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache
from typing import Any, Self

import aiohttp
import structlog
from linebot.v3.messaging import ApiException
from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, TelegramError

from bot import line, telegram
from bot.flex import FlexPart
from bot.line import LineSender
from bot.pace import Gate
from bot.settings import Settings
from bot.telegram import TelegramSender
from bot.telegram_client import Connection, about_person, failed
from handlers.errors import SendFailed, Unreachable
from handlers.messages import Reply
from scheduler.bulletins import Quota
from scheduler.delivery import Took, Ways

log = structlog.get_logger(__name__)

MULTICAST = "/v2/bot/message/multicast"
QUOTA_SECONDS = 8.0
# As LINE blames one of the recipients: 'to[3]'.
ABOUT_ADDRESS = re.compile(r"""['"]to(\[\d+\])?['"]""")


class LineCrowds(LineSender):
    """LINE's multicast: one request, one retry key, up to 500 people."""

    @classmethod
    @asynccontextmanager
    async def reaching(cls, access_token: str, api_url: str | None = None) -> AsyncIterator[Self]:
        """Connections close with the block. Asks LINE nothing yet."""
        sender = cls(access_token, api_url)
        try:
            yield sender
        finally:
            if sender._client is not None:
                await sender._client.close()

    async def send_to(self, chats: Sequence[str], reply: Reply, retry_key: str) -> Took:
        """Raises Unreachable where LINE blames an address, QuotaSpent, TooFast, or SendFailed."""
        body: FlexPart = {"to": list(chats)}
        headers = {"X-Line-Retry-Key": retry_key}
        answer = await self._post(MULTICAST, {**body, "messages": _bubble(reply)}, headers)
        about_address = answer.status == 400 and ABOUT_ADDRESS.search(answer.body) is not None
        if answer.status == 400 and not about_address:
            log.error("line refused a bulletin's bubble", details=answer.body[:500])
            answer = await self._post(MULTICAST, {**body, "messages": line.rescued(reply)}, headers)
        if answer.status in (200, 409):  # 409: LINE had taken it at an earlier try
            accepted = "x-line-request-id" if answer.status == 200 else "x-line-accepted-request-id"
            return Took(_header(answer.headers, accepted), before=answer.status == 409)
        if about_address:
            raise Unreachable(f"LINE answered 400 to a multicast to {len(chats)}")
        raise line._failure(answer)

    async def left(self) -> int | None:
        """What the month's quota still holds; None where there is no limit. Raises SendFailed."""
        return (await self.quota_of_month()).left

    async def quota_of_month(self) -> Quota:
        """The month's quota and what is used of it. Raises SendFailed."""
        try:
            quota, used = await asyncio.gather(
                self._api.get_message_quota(_request_timeout=QUOTA_SECONDS),
                self._api.get_message_quota_consumption(_request_timeout=QUOTA_SECONDS),
            )
        except ApiException as refused:
            raise SendFailed(f"LINE answered {refused.status} when asked for its quota") from refused
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as trouble:
            raise SendFailed(f"LINE did not tell its quota: {type(trouble).__name__}") from trouble
        limited = quota.type == "limited" and quota.value is not None
        return Quota(int(quota.value) if limited else None, int(used.total_usage))


def _header(headers: Any, name: str) -> str:
    return next((str(value) for key, value in dict(headers).items() if key.lower() == name), "")


@lru_cache(maxsize=8)
def _bubble(reply: Reply) -> list[FlexPart]:
    return line.render(reply)


class TelegramPosts(TelegramSender):
    """Telegram's sendMessage, the words rendered once for all. Whoever waits for an answer goes first."""

    @classmethod
    @asynccontextmanager
    async def reaching(cls, token: str, api_url: str | None = None, gate: Gate | None = None) -> AsyncIterator[Self]:
        """Connections close with the block. Asks Telegram nothing yet."""
        connection = Connection(token, api_url)
        try:
            yield cls(connection, gate)
        finally:
            await connection.close()

    async def send_one(self, chat: str, reply: Reply) -> str:
        """The message's id. Raises Unreachable, TooFast or SendFailed."""
        chat_id = int(chat) if chat.lstrip("-").isdigit() else chat
        text, keyboard = _message(reply)
        try:
            await self._turn(patient=True)
            try:
                sent = await self._bot.send_message(
                    chat_id, text, parse_mode="HTML", link_preview_options=_NO_PREVIEW, reply_markup=keyboard
                )
            except BadRequest as refused:
                if about_person(refused):
                    raise
                log.error("telegram refused a bulletin's form", reason=refused.message)
                await self._turn()
                sent = await self._bot.send_message(chat_id, telegram.rescued(reply), link_preview_options=_NO_PREVIEW)
        except TelegramError as failure:
            raise failed(failure) from failure
        return str(sent.message_id)


_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@lru_cache(maxsize=8)
def _message(reply: Reply) -> tuple[str, InlineKeyboardMarkup | None]:
    rendered = telegram.render(reply)
    keyboard = rendered.get("reply_markup")
    return rendered["text"], InlineKeyboardMarkup.de_json(keyboard, None) if keyboard else None


@asynccontextmanager
async def ways_of(settings: Settings, gate: Gate | None = None) -> AsyncIterator[Ways]:
    """The ways out that these settings turn on; `gate` is the one that Telegram's answers go through as well."""
    async with AsyncExitStack() as stack:
        crowds = posts = None
        if settings.line_on and settings.line_channel_access_token:
            token = settings.line_channel_access_token.get_secret_value()
            crowds = await stack.enter_async_context(LineCrowds.reaching(token, settings.line_api_url))
        if settings.telegram_bot_token:
            token = settings.telegram_bot_token.get_secret_value()
            posts = await stack.enter_async_context(TelegramPosts.reaching(token, settings.telegram_api_url, gate))
        yield Ways(crowds, posts, settings.telegram_channel if posts else "")
