"""The connection to Telegram's Bot API: python-telegram-bot's client, and its errors in our words."""

from __future__ import annotations

import logging
import sys
import warnings
from datetime import timedelta
from importlib.util import find_spec

import httpx
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest
from telegram.warnings import PTBDeprecationWarning

from handlers.errors import Moved, SendFailed, TooFast, Unreachable

# httpx writes every address at INFO, and ours holds the bot's token; the others write bodies at DEBUG.
for _name in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# We read both forms of `retry_after` already.
warnings.filterwarnings("ignore", message=".*retry_after", category=PTBDeprecationWarning)

# httpcore asks for this package at every lock, and Python goes through all its folders each time to find that it is not there:
# a fifth of what a message to Telegram costs. None says so at once.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

OFFICIAL_URL = "https://api.telegram.org"
REQUEST_SECONDS = 8.0
CONNECT_SECONDS = 5.0
CONNECTIONS = 100


class Connection:
    """A client with time-outs and, for rehearsals, another base address. Makes no call by itself."""

    def __init__(self, token: str, api_url: str | None = None, *, poll_seconds: float = 0) -> None:
        base = (api_url or OFFICIAL_URL).rstrip("/")
        self._requests = (_request(1, poll_seconds + REQUEST_SECONDS), _request(CONNECTIONS, REQUEST_SECONDS))
        self.bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            get_updates_request=self._requests[0],
            request=self._requests[1],
        )

    async def close(self) -> None:
        for request in self._requests:
            await request.shutdown()


def _request(connections: int, read_seconds: float) -> HTTPXRequest:
    return HTTPXRequest(
        connections,
        read_timeout=read_seconds,
        write_timeout=REQUEST_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        pool_timeout=REQUEST_SECONDS,
    )


def about_person(refused: BadRequest) -> bool:
    said = refused.message.lower()
    return any(words in said for words in ("chat not found", "user not found", "peer_id_invalid", "deactivated"))


def failed(failure: TelegramError) -> SendFailed:
    if isinstance(failure, RetryAfter):
        return TooFast(asked_pause(failure))
    if isinstance(failure, ChatMigrated):
        return Moved(str(failure.new_chat_id))
    if isinstance(failure, Forbidden) or (isinstance(failure, BadRequest) and about_person(failure)):
        return Unreachable(f"Telegram: {failure.message}")
    if isinstance(failure, BadRequest):
        return SendFailed(f"Telegram: {failure.message}", permanent=True)
    if isinstance(failure, InvalidToken):
        # The operator can mend the token while the letter waits.
        return SendFailed("Telegram does not know this bot token")
    return SendFailed(f"Telegram: {type(failure).__name__}", unknown=_may_have_arrived(failure))


def _may_have_arrived(failure: TelegramError) -> bool:
    """An answer with an error status says no; a connection never made says no; anything else is unknown."""
    cause = failure.__cause__
    never_left = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    answered_no = cause is None and type(failure).__name__ == "NetworkError"
    return not (answered_no or isinstance(cause, never_left))


def asked_pause(failure: Exception) -> float:
    """How many seconds Telegram asks us to wait; 0 when it asks for none."""
    if not isinstance(failure, RetryAfter):
        return 0.0
    wait = failure.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
