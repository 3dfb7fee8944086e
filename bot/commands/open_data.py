"""`rutan export open-data`: the figures that anybody may have, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, settings, with_store

if TYPE_CHECKING:
    from bot.open_data import OpenData
    from bot.store.store import SqlStore


@click.command("open-data")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder.")
@click.option("--sqlite", is_flag=True, help="Also a SQLite database for Datasette.")
@clearly
def export_open_data(folder: Path, sqlite: bool) -> None:
    """Every ended month as CSV and JSON with its data dictionary: the files of /open-data, byte for byte."""
    import asyncio

    from bot.live_knowledge import LiveKnowledge
    from bot.open_data import gathered
    from bot.open_data_files import DATABASE, database, files
    from bot.store.revisions import Revisions

    async def work(store: SqlStore) -> OpenData:
        knowledge = await LiveKnowledge(Revisions(store.foundation)).first()
        return await gathered(store.foundation, knowledge)

    data, given = asyncio.run(with_store(work)), settings()
    found = dict(files(data, given.publisher_name, given.public_url))
    if sqlite:
        found[f"{DATABASE}.db"] = database(data)
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in found.items():
        (folder / name).write_bytes(body)
    click.echo(f"{len(data.months)} months, {len(found)} files: {folder}")
    if sqlite:
        click.echo(f"datasette serve {folder / f'{DATABASE}.db'} --metadata {folder / 'metadata.json'}")
