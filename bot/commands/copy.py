"""`rutan copy`: a running installation moves into another database."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, settings

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.copying import Copied


@click.command()
@click.option(
    "--from", "source", required=True, metavar="URL", help="What is served from until now, as in DATABASE_URL."
)
@click.option("--to", "target", required=True, metavar="URL", help="A new, empty database; or an unfinished copy.")
@click.option("--anew", is_flag=True, help="Remove an unfinished copy from the target and begin again.")
@click.option("--page", default=2_000, show_default=True, type=click.IntRange(1, 100_000), help="Rows a transaction.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@clearly
def copy(source: str, target: str, anew: bool, page: int, as_json: bool) -> None:
    """Copy every row into another database, sqlite:///… or postgresql://…, and prove it.

    Stop what serves first. A copy that was broken off goes on where it was. Exit 1: refused, or the two differ.
    """
    from bot.store import copying

    for url in (source, target):
        _refuse_wrong(url)
    if source == target:
        raise click.UsageError("--from and --to are the same database")
    secrets = _secrets(settings(), source)
    done = copying.copy(source, target, secrets, _tell, anew=anew, page=page)
    if as_json:
        click.echo(json.dumps(_as_json(done)))
        return
    rows = sum(each.rows for each in done.tables.values())
    click.echo(f"The same on both sides: {rows:,} rows in {len(done.tables)} tables ({done.seconds:.0f} s).")
    click.echo("Now set DATABASE_URL to the new database, keep SECRET_KEY as it is, and start.")
    click.echo("Start nothing on the old one again: what waited in it would be answered twice.")


def _as_json(done: Copied) -> dict[str, object]:
    tables = {name: {"rows": each.rows, "sha256": each.digest} for name, each in done.tables.items()}
    return {"tables": tables, "brought": done.brought, "seconds": round(done.seconds, 3)}


def _tell(table: str, rows: int, whole: int) -> None:
    print(f"{table} {rows:,} of {whole:,}", file=sys.stderr, flush=True)


def _refuse_wrong(url: str) -> None:
    if not url.startswith(("sqlite:///", "postgresql://", "postgres://")) or url.endswith(":///"):
        raise click.UsageError("a database is sqlite:///path/to/file.db or postgresql://…")


def _secrets(given: Settings, source: str) -> tuple[str, ...]:
    """SECRET_KEY of the settings; where none is given, the one that whoever serves from the source keeps. None is made."""
    from bot.store.copy_tables import CopyRefused

    there = given.model_copy(update={"database_url": source})
    if given.secret_key is None and not (kept := there.database_path.parent / "secret.key").is_file():
        raise CopyRefused(f"SECRET_KEY is not set, and there is no {kept}: give the key that the source is served with")
    return there.keys()
