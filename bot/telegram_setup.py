"""`rutan telegram setup`: the list of commands in Thai and English, and the way updates reach us."""

from __future__ import annotations

from collections.abc import Mapping

from telegram import BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeDefault
from telegram.error import InvalidToken, TelegramError

from bot.telegram_client import Connection
from bot.telegram_polling import WANTED_UPDATES
from handlers.errors import RutanError

WEBHOOK_PATH = "/webhooks/telegram"
# Telegram opens that many connections at a time; an answer of ours to each takes milliseconds.
CONNECTIONS = 40

# The commands of the contract, in the order of the menu.
THAI: Mapping[str, str] = {
    "help": "เมนู และวิธีใช้",
    "paid": "โอนเงินไปแล้ว หรือกดลิงก์ไปแล้ว",
    "report": "รายงานข้อความหลอกลวง",
    "status": "เรื่องที่แจ้งไว้",
    "cancel": "ยกเลิกสิ่งที่ทำอยู่",
    "subscribe": "รับข่าวเตือนภัย",
    "unsubscribe": "เลิกรับข่าวเตือนภัย",
    "trusted": "คนที่ไว้ใจ",
    "practice": "ลองฝึกจับกลโกง",
    "hub": "ศูนย์ชุมชนของฉัน",
    "language": "เปลี่ยนภาษา · Language",
    "privacy": "เราเก็บอะไรไว้บ้าง",
    "forget": "ลบข้อมูลของฉัน",
}
ENGLISH: Mapping[str, str] = {
    "help": "Menu and how to use me",
    "paid": "I already paid or tapped a link",
    "report": "Report a scam message",
    "status": "My reports",
    "cancel": "Stop what is going on",
    "subscribe": "Get scam warnings",
    "unsubscribe": "Stop scam warnings",
    "trusted": "Somebody you trust",
    "practice": "Practise spotting a trick",
    "hub": "My community hub",
    "language": "Change language · ภาษา",
    "privacy": "What we keep about you",
    "forget": "Erase my data",
}
# In a group: how much it hears of us. Only its admins can change that.
GROUP_THAI: Mapping[str, str] = {
    "help": "เมนู และวิธีใช้",
    "group": "ตั้งค่ากลุ่มนี้",
    "quiet": "เงียบไว้",
    "asked": "ตอบเมื่อถามเท่านั้น",
    "warn": "เตือนเองเมื่อเจอกลโกงแน่ ๆ",
    "leave": "ออกจากกลุ่ม",
}
GROUP_ENGLISH: Mapping[str, str] = {
    "help": "Menu and how to use me",
    "group": "Settings of this group",
    "quiet": "Be quiet here",
    "asked": "Answer only when asked",
    "warn": "Warn by yourself of tricks you are sure of",
    "leave": "Leave this group",
}


async def run(
    token: str, public_url: str, secret: str | None, *, webhook: bool, api_url: str | None = None
) -> list[str]:
    """Set the commands, and the webhook (`webhook`) or none; returns what to tell the operator, a line each.

    Raises RutanError when Telegram refuses.
    """
    connection = Connection(token, api_url)
    try:
        me = await connection.bot.get_me()
        lines = [f"Telegram bot: @{me.username}"]
        lines.append(await _commands(connection))
        lines.append(await (_webhook(connection, public_url, secret) if webhook else _polling(connection)))
        return lines
    except InvalidToken as refused:
        raise RutanError("Telegram does not take TELEGRAM_BOT_TOKEN: ask @BotFather for it again") from refused
    except TelegramError as failure:
        raise RutanError(f"Telegram refused: {failure.message}") from failure
    finally:
        await connection.close()


async def _commands(connection: Connection) -> str:
    # The Thai list stands without a language too: for the languages that we do not speak, and old clients.
    scopes = ((BotCommandScopeDefault(), THAI, ENGLISH), (BotCommandScopeAllGroupChats(), GROUP_THAI, GROUP_ENGLISH))
    for scope, thai, english in scopes:
        for code, described in (("", thai), ("th", thai), ("en", english)):
            commands = [BotCommand(name, words) for name, words in described.items()]
            await connection.bot.set_my_commands(commands, scope=scope, language_code=code or None)
    return f"Commands: {len(THAI)} set, and {len(GROUP_THAI)} for groups, in Thai and English"


async def _webhook(connection: Connection, public_url: str, secret: str | None) -> str:
    if not public_url.startswith("https://"):
        raise RutanError("Telegram calls https addresses only: set PUBLIC_URL, or TELEGRAM_MODE=polling")
    address = public_url.rstrip("/") + WEBHOOK_PATH
    await connection.bot.set_webhook(
        address, secret_token=secret, max_connections=CONNECTIONS, allowed_updates=WANTED_UPDATES
    )
    return f"Webhook: set to {address}, guarded by TELEGRAM_WEBHOOK_SECRET"


async def _polling(connection: Connection) -> str:
    await connection.bot.delete_webhook()
    return "Webhook: none. `rutan serve` asks Telegram for messages itself (TELEGRAM_MODE=polling)"
