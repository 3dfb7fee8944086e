"""`rutan export stix` and `rutan export misp`: the early-warning feed as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, settings, with_store

if TYPE_CHECKING:
    from bot.feeds.campaigns import Publisher, Warnings
    from bot.store.store import SqlStore

REACHES = ("public", "partners", "agencies")
reach_option = click.option(
    "--for",
    "reach",
    type=click.Choice(REACHES),
    default="public",
    show_default=True,
    help="Who will read it. Only agencies may be given telephones and accounts.",
)


@click.command("stix")
@reach_option
@clearly
def export_stix(reach: str) -> None:
    """The feed as one STIX 2.1 bundle: what the TAXII collection holds."""
    from bot.feeds.campaigns import Reach
    from bot.feeds.stix import bundle, things

    warnings, publisher = confirmed()
    click.echo(bundle(things(warnings, Reach(reach), publisher), publisher), nl=False)


@click.command("misp")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder.")
@reach_option
@clearly
def export_misp(folder: Path, reach: str) -> None:
    """The campaigns as a feed that MISP can pull from a folder."""
    from bot.feeds.campaigns import Reach
    from bot.feeds.misp import files

    warnings, publisher = confirmed()
    found = files(warnings, Reach(reach), publisher)
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in found.items():
        (folder / name).write_bytes(body)
    click.echo(f"{len(found)} files: {folder}")


def confirmed() -> tuple[Warnings, Publisher]:
    """What may be told, as it stands in the database of the settings; the knowledge is the one that is live there."""
    import asyncio

    from bot.feeds.campaigns import Confirmed, Publisher
    from bot.live_knowledge import LiveKnowledge
    from bot.store.revisions import Revisions

    publisher = Publisher.of(settings())

    async def work(store: SqlStore) -> Warnings:
        knowledge = await LiveKnowledge(Revisions(store.foundation)).first()
        return await Confirmed(store.foundation, lambda: knowledge, publisher).warnings()

    return asyncio.run(with_store(work)), publisher
