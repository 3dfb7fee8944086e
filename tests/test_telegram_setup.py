"""`rutan telegram setup`: commands in both languages, and the way in that the settings ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from doubles import FakeTelegram, Fault

from bot import telegram_setup
from content.loading import Knowledge
from handlers.errors import RutanError

PUBLIC = "https://rutan.example"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.violations == []


async def test_commands_stand_in_thai_english_and_for_everybody_else(fake: FakeTelegram) -> None:
    told = await telegram_setup.run(fake.token, PUBLIC, "s3cret", webhook=True, api_url=fake.url)
    names = {
        language: [each["command"] for each in fake.commands["default", language]] for language in ("", "th", "en")
    }
    assert names[""] == names["th"] == names["en"]
    assert {"help", "report", "paid", "status", "cancel", "language", "privacy", "forget"} <= set(names["th"])
    groups = {each["command"] for each in fake.commands["all_group_chats", "th"]}
    assert {"group", "quiet", "asked", "warn", "leave"} <= groups and "paid" not in groups
    assert fake.commands["default", "en"][0]["description"] == "Menu and how to use me"
    assert told[0] == "Telegram bot: @RutanBot"


async def test_in_webhook_mode_the_address_and_the_secret_are_set(fake: FakeTelegram) -> None:
    told = await telegram_setup.run(fake.token, PUBLIC, "s3cret", webhook=True, api_url=fake.url)
    assert (fake.webhook_set, fake.webhook_secret) == (f"{PUBLIC}/webhooks/telegram", "s3cret")
    assert "s3cret" not in "\n".join(told)
    assert set(telegram_setup.THAI) == set(telegram_setup.ENGLISH)
    assert set(telegram_setup.GROUP_THAI) == set(telegram_setup.GROUP_ENGLISH)


def test_every_command_in_the_menu_is_one_that_we_understand(knowledge: Knowledge) -> None:
    known = {word for each in knowledge.words.commands.values() for word in each.telegram}
    assert {*telegram_setup.THAI, *telegram_setup.GROUP_THAI} <= known


async def test_in_polling_mode_no_webhook_stands_in_the_way(fake: FakeTelegram) -> None:
    fake.webhook_set = "https://old.example/"
    await telegram_setup.run(fake.token, "http://127.0.0.1:8080", None, webhook=False, api_url=fake.url)
    assert fake.webhook_set == ""


async def test_what_is_wrong_is_told_plainly(fake: FakeTelegram) -> None:
    with pytest.raises(RutanError, match="PUBLIC_URL"):
        await telegram_setup.run(fake.token, "http://127.0.0.1:8080", "x", webhook=True, api_url=fake.url)
    with pytest.raises(RutanError, match="TELEGRAM_BOT_TOKEN"):
        await telegram_setup.run("1:wrong", PUBLIC, "x", webhook=True, api_url=fake.url)
    fake.fault(Fault(status=500))
    with pytest.raises(RutanError, match="Telegram refused"):
        await telegram_setup.run(fake.token, PUBLIC, "x", webhook=True, api_url=fake.url)
