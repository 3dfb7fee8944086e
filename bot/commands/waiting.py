"""`rutan waiting`: messages without an answer, and what to do when one of them breaks whatever takes it up."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, knowledge, settings, with_store

if TYPE_CHECKING:
    from bot.store.store import SqlStore


@click.group()
def waiting() -> None:
    """Messages that wait for their answer. Their words are shown nowhere."""


@waiting.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@clearly
def list_(as_json: bool) -> None:
    """The oldest first: number, platform, how long it has waited, how large it is."""
    import asyncio

    from bot.store.stuck import StuckMessages

    found = asyncio.run(with_store(lambda store: StuckMessages(store.foundation).waiting()))
    now = datetime.now(UTC)
    shown = [
        {
            "id": each.id,
            "platform": each.platform,
            "seconds": int((now - each.received_at).total_seconds()),
            "bytes": each.size,
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps(shown))
        return
    for one in shown:
        click.echo("\t".join(map(str, one.values())))


@waiting.command("drop")
@click.argument("id", type=int)
@clearly
def drop(id: int) -> None:
    """Take message ID away. Who wrote it is told that we failed, and what to do meanwhile, once something serves."""
    import asyncio

    told = asyncio.run(with_store(lambda store: _dropped(store, id)))
    if told is None:
        click.secho(f"No message {id} waits.", fg="red", err=True)
        sys.exit(1)
    click.echo("An apology is on its way to whoever wrote it." if told else "It could not be read: nobody is told.")


async def _dropped(store: SqlStore, id: int) -> bool | None:
    """Whether an apology was written; None where there is no such message."""
    from bot.store.stuck import StuckMessages
    from handlers.exchange import apologise
    from handlers.ports import Ports
    from handlers.report import Terms

    stuck = StuckMessages(store.foundation)
    if (message := await stuck.readable(id)) is None:
        return False if await stuck.drop(id) else None
    given, clock = settings(), store.foundation.clock
    terms = Terms(days=given.retention_days, zone=given.timezone)
    await apologise([message], Ports(store, {}, clock, knowledge(overdue=True), terms, store.fingerprinter))
    await stuck.noted(id)
    return True
