"""`rutan audit` and `rutan export audit`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, with_store
from bot.commands.people import export

if TYPE_CHECKING:
    from bot.store.store import SqlStore


@click.group()
def audit() -> None:
    """The log of who did what when."""


@audit.command("verify")
@clearly
def verify() -> None:
    """Check that no row of the log was changed or removed; exit 1 names the first that was."""
    import asyncio

    from bot.store.audit import AuditLog

    broken = asyncio.run(with_store(lambda store: AuditLog(store.foundation).first_broken()))
    if broken is not None:
        click.secho(f"The log is broken at row {broken.id}: {broken.why}", fg="red", err=True)
        sys.exit(1)
    click.echo("The log is whole.")


@export.command("audit")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@clearly
def export_audit(form: str) -> None:
    """Every act, oldest first."""
    import asyncio

    from bot.exporting import write
    from bot.store.audit import AUDIT_COLUMNS, AuditLog

    async def work(store: SqlStore) -> None:
        await write(AuditLog(store.foundation).rows(), form, sys.stdout, AUDIT_COLUMNS)

    asyncio.run(with_store(work))
