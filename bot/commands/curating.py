"""`rutan export knowledge`."""

from __future__ import annotations

from pathlib import Path

import click

from bot.commands.common import clearly, with_store


@click.command("knowledge")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@clearly
def export_knowledge(folder: Path) -> None:
    """The knowledge as it is live, written into FOLDER as the repository holds it.

    Files of the same name in FOLDER are written over; `git diff` then shows what the officials changed.
    """
    import asyncio
    from datetime import date

    from bot.store.revisions import Revisions
    from content import loading, revising

    _, standing = asyncio.run(with_store(lambda store: Revisions(store.foundation).standing()))
    revising.lay(loading.FOLDER, standing, folder)
    version = loading.load(folder, cache=None, today=date.min).version
    click.echo(f"{len(standing)} revised, written to {folder}. Version {version}")
