"""`rutan line` and `rutan telegram`: what is set on the platforms."""

from __future__ import annotations

import click

from bot.commands.common import clearly, settings


@click.group()
def line() -> None:
    """The LINE official account."""


@line.command("setup")
@clearly
def line_setup() -> None:
    """Make the rich menu and check the webhook. May be run again at any time."""
    from bot.setting_up import set_up_line

    report(set_up_line(settings()))


@click.group()
def telegram() -> None:
    """The Telegram bot."""


@telegram.command("setup")
@clearly
def telegram_setup() -> None:
    """Set the commands in Thai and English, and the webhook where one is used."""
    from bot.setting_up import set_up_telegram

    report(set_up_telegram(settings()))


def report(lines: list[str]) -> None:
    for each in lines:
        click.echo(each)
