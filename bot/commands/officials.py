"""`rutan officials`: who may sign in at the desk."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from bot.commands.common import clearly, settings, with_store

if TYPE_CHECKING:
    from bot.store.officials import Account, Invitation, Officials

R = TypeVar("R")
ROLES = ("reader", "editor", "approver", "admin")


@click.group()
def officials() -> None:
    """Who may sign in at the desk. Each act stands in the audit log."""


as_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
role_option = click.option(
    "--role", type=click.Choice(ROLES), required=True, help="What they may do; each includes those before it."
)


@officials.command("add")
@click.argument("name")
@role_option
@as_json_option
@clearly
def add(name: str, role: str, as_json: bool) -> None:
    """Add NAME and print a one-time link, with which they choose their password and connect an app."""
    from bot.store.audit import OPERATOR
    from handlers.officials import Role

    show_link(with_officials(lambda known: known.add(name, Role(role), OPERATOR)), as_json)


@officials.command("reset")
@click.argument("name")
@as_json_option
@clearly
def reset(name: str, as_json: bool) -> None:
    """Print a new one-time link for NAME. Their password, app, recovery codes and sessions end at once."""
    from bot.store.audit import OPERATOR

    show_link(with_officials(lambda known: known.reset(name, OPERATOR)), as_json)


@officials.command("role")
@click.argument("name")
@role_option
@clearly
def change_role(name: str, role: str) -> None:
    """Give NAME another role; they sign in anew."""
    from bot.store.audit import OPERATOR
    from handlers.officials import Role

    with_officials(lambda known: known.change_role(name, Role(role), OPERATOR))
    click.echo(f"{name}: {role}")


@officials.command("disable")
@click.argument("name")
@clearly
def disable(name: str) -> None:
    """Shut the account of NAME: their sessions and link end at once, what they did stays."""
    from bot.store.audit import OPERATOR

    with_officials(lambda known: known.disable(name, OPERATOR))
    click.echo(f"{name}: shut")


@officials.command("enable")
@click.argument("name")
@clearly
def enable(name: str) -> None:
    """Open the account of NAME again."""
    from bot.store.audit import OPERATOR

    with_officials(lambda known: known.enable(name, OPERATOR))
    click.echo(f"{name}: open")


@officials.command("list")
@as_json_option
@clearly
def list_all(as_json: bool) -> None:
    """Everybody, the open accounts first."""
    accounts = with_officials(lambda known: known.every())
    if as_json:
        click.echo(json.dumps([row(each) for each in accounts], ensure_ascii=False))
        return
    for each in accounts:
        click.echo(f"{each.official.name}\t{each.official.role.value}\t{row(each)['state']}")


def with_officials(work: Callable[[Officials], Awaitable[R]]) -> R:
    """Do the work on the accounts of the database that the settings name."""
    import asyncio

    from bot.store.officials import Officials

    return asyncio.run(with_store(lambda store: work(Officials(store.foundation))))


def row(account: Account) -> dict[str, str | None]:
    """An account for a script: no hash, no secret."""
    state = "shut" if account.disabled_at else "ready" if account.ready else "invited"
    seen = account.signed_in_at
    return {
        "name": account.official.name,
        "role": account.official.role.value,
        "state": state,
        "made_at": account.made_at.isoformat(timespec="seconds"),
        "signed_in_at": seen.isoformat(timespec="seconds") if seen else None,
    }


def show_link(invitation: Invitation, as_json: bool) -> None:
    """The link, this once: it is kept nowhere."""
    given = settings()
    link = f"{given.public_url}/desk/welcome/{invitation.token}"
    until = invitation.until.astimezone(given.timezone).isoformat(timespec="minutes")
    official = invitation.official
    if as_json:
        shown = {"name": official.name, "role": official.role.value, "link": link, "until": until}
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    click.echo(f"One-time link for {official.name} ({official.role.value}), until {until}. Give it to them alone:")
    click.echo(link)
