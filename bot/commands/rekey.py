"""`rutan reseal`: the last step of a change of SECRET_KEY."""

from __future__ import annotations

import json
import sys

import click

from bot.commands.common import clearly, settings, with_store


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON; `old_key_can_go` says whether it may.")
@clearly
def reseal(as_json: bool) -> None:
    """Seal anew with SECRET_KEY what SECRET_KEY_OLD sealed, while everything is served, and say when the old key can go."""
    import asyncio

    from bot.store.resealing import reseal as anew

    first = asyncio.run(with_store(lambda store: anew(store.foundation)))
    # Whoever still seals with the old key has had the time of the first round to show it.
    again = asyncio.run(with_store(lambda store: anew(store.foundation)))
    done = not again.rows and not again.unreadable
    told = {"rows": first.rows + again.rows, "unreadable": again.unreadable, "old_key_can_go": done}
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"Sealed anew: {told['rows']} rows")
        _conclude(again.rows, again.unreadable, old=settings().secret_key_old is not None)
    if not done:
        sys.exit(1)


def _conclude(late: int, unreadable: int, *, old: bool) -> None:
    if unreadable:
        click.secho(
            f"{unreadable} rows open with no key given here: is SECRET_KEY_OLD the right one?", fg="red", err=True
        )
    elif late:
        click.secho("A process still seals with the old key: start it anew, then run this again.", fg="red", err=True)
    elif old:
        click.echo(
            "Nothing is left under the old key. Once every process serves with the new one, SECRET_KEY_OLD can go."
        )
    else:
        click.echo("Everything is sealed with SECRET_KEY.")
