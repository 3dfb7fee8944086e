"""`rutan forget` and `rutan export`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from bot.commands.common import clearly, with_store

# How the counts of what was erased are said.
_GONE = {
    "people": "conversation(s)",
    "reports": "report(s) emptied",
    "identifiers": "identifier(s) that only they reported",
    "letters": "answer(s)",
    "questions": "question(s) counted",
    "follow_ups": "follow-up(s)",
    "messages": "message(s) waiting",
    "limits": "limit(s) stripped",
}


@click.command()
@click.argument("platform", type=click.Choice(["line", "telegram", "web"]))
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="What was erased, as counts.")
@clearly
def forget(platform: str, id: str, as_json: bool) -> None:
    """Erase one person, by the platform's id, and tell what was erased."""
    import asyncio

    from handlers.messages import Platform

    erased = asyncio.run(with_store(lambda store: store.forget(Platform(platform), id)))
    if as_json:
        click.echo(json.dumps(erased.counts))
        return
    if not erased:
        click.echo("Nothing of that person was here.")
        return
    click.echo("Erased: " + ", ".join(f"{count} {_GONE[name]}" for name, count in erased.counts.items() if count) + ".")
    if erased.limits:
        click.echo("That an official limited them stays until it ends, without the reason.")
    click.echo("The audit log holds that somebody was erased, and not who.")


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
