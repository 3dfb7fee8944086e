"""`rutan line setup` and `rutan telegram setup` with the settings; each returns lines for the operator."""

from __future__ import annotations

import asyncio

from bot import line_setup, telegram_setup
from bot.settings import Settings, TelegramMode
from handlers.errors import RutanError


def set_up_line(settings: Settings) -> list[str]:
    """Raises RutanError when a setting is missing or LINE refuses."""
    if settings.line_channel_access_token is None:
        raise RutanError("LINE_CHANNEL_ACCESS_TOKEN: missing; LINE is off until it is given")
    token = settings.line_channel_access_token.get_secret_value()
    return asyncio.run(line_setup.run(token, settings.public_url, settings.line_api_url))


def set_up_telegram(settings: Settings) -> list[str]:
    """Raises RutanError when a setting is missing or Telegram refuses."""
    if settings.telegram_bot_token is None:
        raise RutanError("TELEGRAM_BOT_TOKEN: missing; Telegram is off until it is given")
    secret = settings.telegram_webhook_secret
    return asyncio.run(
        telegram_setup.run(
            settings.telegram_bot_token.get_secret_value(),
            settings.public_url,
            secret.get_secret_value() if secret else None,
            webhook=settings.telegram_reads_by is TelegramMode.WEBHOOK,
            api_url=settings.telegram_api_url,
        )
    )
