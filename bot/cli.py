"""The command line. Exit 0: done; 1: it ran and found a fault; 2: called wrongly or set up wrongly."""

from __future__ import annotations

import click

from bot.commands import (
    audit,
    backup,
    bulletins,
    checking,
    content,
    copy,
    curating,
    demo,
    feeds,
    hubs,
    measuring,
    officials,
    open_data,
    partners,
    people,
    platforms,
    rekey,
    results,
    takedowns,
    waiting,
)
from bot.commands.common import clearly, knowledge, settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rutan")
def rutan() -> None:
    """รู้ทัน · Rutan: is this a scam? Ask on LINE, Telegram or the web."""


@rutan.command()
@click.option("--only", type=click.Choice(["web", "work"]), help="Only take messages in, or only answer them.")
@clearly
def serve(only: str | None) -> None:
    """Serve LINE, Telegram and the web chat until stopped."""
    from bot.serving import run

    given = settings()
    knowledge(overdue=True)
    run(given, only)


@rutan.command()
@clearly
def migrate() -> None:
    """Bring the database to the newest form (`serve` does it too)."""
    from bot.running import SystemClock
    from bot.store.store import SqlStore

    given = settings()
    SqlStore.open(given.database_url, given.keys(), SystemClock(), given.timezone).close()
    click.echo(f"The database is in its newest form: {given.database_shown}")


for each in (
    checking.check,
    content.content,
    people.forget,
    people.export,
    audit.audit,
    backup.backup,
    backup.restore,
    copy.copy,
    rekey.reseal,
    waiting.waiting,
    officials.officials,
    partners.partners,
    hubs.hubs,
    bulletins.bulletins,
    takedowns.takedowns,
    results.results,
    platforms.line,
    platforms.telegram,
    measuring.evaluate,
    measuring.bench,
    demo.demo,
):
    rutan.add_command(each)
people.export.add_command(curating.export_knowledge)
people.export.add_command(feeds.export_stix)
people.export.add_command(feeds.export_misp)
people.export.add_command(open_data.export_open_data)
