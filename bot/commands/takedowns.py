"""`rutan takedowns`: requests to take a scam down, listed, shown, and their package written to a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.commands.common import clearly, knowledge, settings, with_store

if TYPE_CHECKING:
    from bot.store.store import SqlStore
    from bot.store.takedown_types import Request
    from bot.store.takedowns import Takedowns

R = TypeVar("R")
TOLD = (
    "id", "case", "name", "address", "prepared_by", "prepared_at", "sent_by", "sent_at", "reference",
    "acknowledged_at", "ended_at", "reason", "follows", "stands", "seen_again",
)  # fmt: skip


@click.group()
def takedowns() -> None:
    """Take-down requests: what waits, what was done, and the package."""


def working(work: Callable[[Takedowns, SqlStore], Awaitable[R]]) -> R:
    """Do something with the requests of the settings' database."""
    import asyncio

    from bot.store.takedowns import Takedowns

    async def open_and_do(store: SqlStore) -> R:
        return await work(Takedowns(store.foundation), store)

    return asyncio.run(with_store(open_and_do))


@takedowns.command("list")
@click.option("--ended", is_flag=True, help="What is over instead of what waits.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@clearly
def listed(ended: bool, as_json: bool) -> None:
    """Every request that is not over, oldest first."""

    async def work(requests: Takedowns, _: SqlStore) -> Sequence[Request]:
        return await (requests.ended() if ended else requests.waiting())

    found = working(work)
    if as_json:
        click.echo(json.dumps([plain(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        again = " seen again" if each.seen_again else ""
        click.echo(f"{each.id:>5}  {each.kind.value:<10} {each.state.value:<13} case {each.case:<6} {each.name}{again}")


@takedowns.command("show")
@click.argument("id", type=int)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@clearly
def show(id: int, as_json: bool) -> None:
    """One request: where it stands and since when."""
    told = plain(working(lambda requests, _: requests.get(id)))  # nosec B113  # the book of requests, no network
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        click.echo(f"{name:<16} {', '.join(value) if isinstance(value, list) else '' if value is None else value}")


@takedowns.command("export")
@click.argument("id", type=int)
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The ZIP to write.")
@clearly
def export(id: int, to: Path) -> None:
    """The package of a request, the same bytes as at the desk."""
    from bot.takedown import package
    from bot.takedown.making import Maker
    from bot.takedown.office import office_of

    async def work(_: Takedowns, store: SqlStore) -> package.Order:
        return await Maker(store.foundation, knowledge(overdue=True), office_of(settings())).order(id)

    if to.exists():
        click.secho(f"{to} is there already; nothing was written", fg="red", err=True)
        sys.exit(1)
    to.write_bytes(package.made(working(work)))
    click.echo(str(to), err=True)


def plain(request: Request) -> dict[str, Any]:
    """A request in plain values; what it is about is defanged."""
    from bot.desk.formats import defang

    values = {name: getattr(request, name) for name in TOLD}
    told = {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    return told | {
        "kind": request.kind.value,
        "state": request.state.value,
        "asks": [each.value for each in request.asks],
        "targets": [f"{each.subject.kind}:{defang(each.value)}" for each in request.targets],
    }
