"""`rutan forget` and `rutan export`."""

from __future__ import annotations

import sys
from typing import Any

import click

from bot.commands.common import clearly, with_store


@click.command()
@click.argument("platform", type=click.Choice(["line", "telegram", "web"]))
@click.argument("id")
@clearly
def forget(platform: str, id: str) -> None:
    """Erase one person, by the platform's id."""
    import asyncio

    from handlers.messages import Platform

    known = asyncio.run(with_store(lambda store: store.forget(Platform(platform), id)))
    click.echo("Erased." if known else "Nothing of that person was here.")


@click.group()
def export() -> None:
    """What may leave the house: never names, ids or unmasked personal data."""


@export.command("reports")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@clearly
def export_reports(form: str) -> None:
    """Every report, masked."""
    import asyncio

    from bot.exporting import write

    async def work(store: Any) -> None:
        await write(store.export_reports(), form, sys.stdout)

    asyncio.run(with_store(work))
