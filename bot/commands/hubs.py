"""`rutan hubs`: community hubs and the codes that open them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from bot.commands.common import clearly, settings, with_store

if TYPE_CHECKING:
    from bot.store.hubs import HubBook, Opened

R = TypeVar("R")
as_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def hubs() -> None:
    """Community hubs: those who ask for others. Each act stands in the audit log."""


@hubs.command("add")
@click.argument("name")
@click.option("--place", default="", help="Where it is, as people say it.")
@click.option("--province", default="", help='Its province: an id ("khon-kaen") or a name, as people write it.')
@click.option("--hours", default="", help="When somebody is there.")
@click.option("--languages", default="", help="Languages spoken there.")
@click.option("--escalation", default="", help="Whom to turn to first at this place.")
@as_json_option
@clearly
def add(name: str, place: str, province: str, hours: str, languages: str, escalation: str, as_json: bool) -> None:
    """Add a hub and print the code with which its people join."""
    from bot.store.audit import OPERATOR
    from handlers.hub_types import Hub

    hub = Hub(0, name, place, province_id(province), hours, languages, escalation)
    show(with_hubs(lambda known: known.add(hub, OPERATOR)), as_json)


@hubs.command("code")
@click.argument("name")
@click.option("--lead", is_flag=True, help="For somebody who may give codes to others.")
@as_json_option
@clearly
def code(name: str, lead: bool, as_json: bool) -> None:
    """Print a new code for the hub NAME; the older ones hold until their own end."""
    from bot.store.audit import OPERATOR
    from handlers.hub_types import HubRole

    role = HubRole.LEAD if lead else HubRole.MEMBER
    show(with_hubs(lambda known: known.code(name, role, OPERATOR)), as_json)


@hubs.command("close")
@click.argument("name")
@clearly
def close(name: str) -> None:
    """End the hub NAME: no members, no codes; its reports and figures stay."""
    from bot.store.audit import OPERATOR

    with_hubs(lambda known: known.close(name, OPERATOR))
    click.echo(f"{name}: closed")


@hubs.command("list")
@as_json_option
@clearly
def list_all(as_json: bool) -> None:
    """Every hub, the open ones first."""
    found = with_hubs(lambda known: known.every())
    if as_json:
        rows = [
            {
                "name": each.hub.name,
                "place": each.hub.place,
                "province": each.hub.province,
                "members": each.members,
                "state": "closed" if each.closed else "open",
                "made_at": each.made_at.isoformat(timespec="seconds"),
            }
            for each in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each.hub.name}\t{'closed' if each.closed else 'open'}\t{each.members}\t{each.hub.place}")


def with_hubs(work: Callable[[HubBook], Awaitable[R]]) -> R:
    """Do the work on the hubs of the database that the settings name."""
    import asyncio

    return asyncio.run(with_store(lambda store: work(store.hubs)))


def province_id(said: str) -> str:
    """The id of a province that somebody names. Raises click's own error where there is none of that name."""
    from bot.commands.common import knowledge
    from content.provinces import match

    if not said.strip():
        return ""
    found = match(said, knowledge(overdue=True).provinces).sure
    if found is None:
        raise click.BadParameter(f"no province named {said}", param_hint="--province")
    return found.id


def show(opened: Opened, as_json: bool) -> None:
    """The code, this once: it is kept nowhere."""
    until = opened.until.astimezone(settings().timezone).isoformat(timespec="minutes")
    if as_json:
        click.echo(json.dumps({"name": opened.hub.name, "code": opened.code, "until": until}, ensure_ascii=False))
        return
    click.echo(f"Code of {opened.hub.name}, until {until}. Its people send this to Rutan:")
    click.echo(f"/hub {opened.code}")
