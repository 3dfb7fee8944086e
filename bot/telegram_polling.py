"""Asking Telegram for updates, where no webhook can reach us."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from telegram.warnings import PTBUserWarning

from bot import payload
from bot.payload import Payload
from bot.telegram_client import REQUEST_SECONDS, Connection, asked_pause

log = structlog.get_logger(__name__)

# PTB advises its own reading of updates; see `_round` for why we want them raw.
warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'", category=PTBUserWarning)

POLL_SECONDS = 25
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
WANTED_UPDATES: Final = ["message", "edited_message", "callback_query", "my_chat_member"]


class TelegramPolling:
    """Asks Telegram for updates where no webhook can reach us.

    `take` gets the raw updates of one answer and must have stored them when it returns: only then does the
    offset move on, which is how Telegram learns that it may forget them. Telegram lets one ask at a time: where several
    processes serve, `may_ask` says which one it is.
    """

    def __init__(
        self,
        token: str,
        take: Callable[[Sequence[Payload]], Awaitable[None]],
        api_url: str | None = None,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self._connection = Connection(token, api_url, poll_seconds=POLL_SECONDS)
        self._bot = self._connection.bot
        self._take = take
        self._may_ask = may_ask
        self._stopping = asyncio.Event()
        self._offset = 0

    async def run(self) -> None:
        """Until `stop`. Whatever goes wrong is logged and tried again, more and more slowly."""
        pause, webhook_gone = SHORTEST_PAUSE, False
        while not self._stopping.is_set():
            if not self._may_ask():
                await self._unless_stopped(asyncio.sleep(SHORTEST_PAUSE))
                continue
            try:
                if not webhook_gone:
                    webhook_gone = bool(await self._unless_stopped(self._bot.delete_webhook()))
                await self._round()
                pause = SHORTEST_PAUSE
            except Exception as failure:
                wait = max(pause, asked_pause(failure))
                log.warning("telegram polling failed", reason=type(failure).__name__, again_in_seconds=wait)
                await self._unless_stopped(asyncio.sleep(wait))
                pause = min(pause * 2, LONGEST_PAUSE)

    def stop(self) -> None:
        """`run` ends at once when it waits, else as soon as what it holds is stored."""
        self._stopping.set()

    async def close(self) -> None:
        await self._connection.close()

    async def _round(self) -> None:
        # Raw, because PTB's own reading loses a whole answer for one odd update, again and again.
        call = self._bot.do_api_request(
            "getUpdates",
            {"offset": self._offset, "timeout": POLL_SECONDS, "allowed_updates": WANTED_UPDATES},
            read_timeout=POLL_SECONDS + REQUEST_SECONDS,
        )
        answer = await self._unless_stopped(call)
        updates = [update for update in answer or () if isinstance(update, dict)]
        if not updates:
            return
        await self._take(updates)
        newest = max((payload.number(update, "update_id") or 0) for update in updates)
        self._offset = max(self._offset, newest + 1)

    async def _unless_stopped(self, waiting: Awaitable[Any]) -> Any:
        """The result, or None when `stop` came first."""
        work = asyncio.ensure_future(waiting)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            stopped.cancel()
            if not work.done():
                work.cancel()
