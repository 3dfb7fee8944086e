"""`rutan partners`: who may ask over the API, their keys, and where they are told of warnings."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from bot.commands.common import clearly, settings, with_store

if TYPE_CHECKING:
    from bot.partners.scopes import Scope
    from bot.store.partner_hooks import Ended, Webhook, WebhookBook
    from bot.store.partners import Issued, Listed, PartnerBook
    from bot.store.store import SqlStore

R = TypeVar("R")
SCOPES = ("check", "entries", "directory", "alerts", "trends", "reports", "feeds", "identifiers")
USUAL_RATE = "600/min"
as_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
scope_option = click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What the key opens; may be given often."
)


def _rate(context: click.Context, parameter: click.Parameter, said: str | None) -> int | None:
    if said is None:
        return None
    found = re.fullmatch(r"(\d{1,8})(?:/min)?", said)
    if not found or int(found[1]) < 1:
        raise click.BadParameter("a number a minute, as in 600/min")
    return int(found[1])


def _until(context: click.Context, parameter: click.Parameter, said: str | None) -> datetime | None:
    """The end of a day on the house's calendar."""
    if said is None:
        return None
    try:
        day = datetime.strptime(said, "%Y-%m-%d")
    except ValueError:
        raise click.BadParameter("a day, as in 2027-01-31") from None
    until = (day + timedelta(days=1)).replace(tzinfo=settings().timezone)
    if until <= datetime.now(until.tzinfo):
        raise click.BadParameter("this day is over")
    return until


expires_option = click.option("--expires", callback=_until, metavar="DATE", help="The last day on which the key opens.")


@click.group()
def partners() -> None:
    """Partners: call desks, other bots, banks. Each act stands in the audit log."""


@partners.command("add")
@click.argument("name")
@scope_option
@click.option(
    "--rate", callback=_rate, default=USUAL_RATE, show_default=True, metavar="N/min", help="Requests a minute."
)
@expires_option
@as_json_option
@clearly
def add(name: str, scopes: tuple[str, ...], rate: int, expires: datetime | None, as_json: bool) -> None:
    """Add NAME and print their key, this once."""
    from bot.store.audit import OPERATOR

    if not scopes:
        raise click.UsageError("Give at least one --scope.")
    show(with_partners(lambda book: book.add(name, chosen(scopes), rate, expires, OPERATOR)), as_json)


@partners.command("change")
@click.argument("name")
@scope_option
@click.option("--rate", callback=_rate, metavar="N/min", help="Requests a minute.")
@clearly
def change(name: str, scopes: tuple[str, ...], rate: int | None) -> None:
    """Give NAME other scopes (all of them anew) or another rate, from the next request on."""
    from bot.store.audit import OPERATOR

    changed = with_partners(lambda book: book.change(name, chosen(scopes) if scopes else None, rate, OPERATOR))
    click.echo(f"{changed.name}: {' '.join(sorted(changed.scopes))}, {changed.rate}/min")


@partners.command("rotate")
@click.argument("name")
@expires_option
@click.option(
    "--grace", type=click.IntRange(0, 90 * 24), default=168, show_default=True, help="Hours that older keys still open."
)
@as_json_option
@clearly
def rotate(name: str, expires: datetime | None, grace: int, as_json: bool) -> None:
    """Print a new key of NAME; the older ones end after the grace."""
    from bot.store.audit import OPERATOR

    show(with_partners(lambda book: book.rotate(name, expires, timedelta(hours=grace), OPERATOR)), as_json)


@partners.command("revoke")
@click.argument("name")
@click.option(
    "--key", "hint", default="", metavar="HINT", help="Only the key that begins so (see list); else the partner."
)
@clearly
def revoke(name: str, hint: str) -> None:
    """End NAME and all of their keys at once, in every process."""
    from bot.store.audit import OPERATOR

    ended = with_partners(lambda book: book.revoke(name, OPERATOR, hint))
    click.echo(f"{name}: {ended} key(s) revoked")


@partners.command("list")
@as_json_option
@clearly
def list_all(as_json: bool) -> None:
    """Every partner, those who may come first. No key is shown: none is kept."""
    found = with_partners(lambda book: book.every())
    if as_json:
        click.echo(json.dumps([row(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        state = "revoked" if each.revoked_at else "open"
        used = each.used_at.isoformat(timespec="minutes") if each.used_at else "never used"
        scopes = " ".join(sorted(each.partner.scopes))
        click.echo(f"{each.partner.name}\t{state}\t{scopes}\t{each.partner.rate}/min\t{used}")


@partners.group("webhook")
def webhook() -> None:
    """Where a partner is told of confirmed warnings."""


@webhook.command("add")
@click.argument("name")
@click.argument("url")
@as_json_option
@clearly
def add_webhook(name: str, url: str, as_json: bool) -> None:
    """Tell NAME at URL (https), and print the secret that signs, this once."""
    from bot.partners.addresses import fault
    from bot.store.audit import OPERATOR

    if wrong := fault(url, inside=settings().webhooks_inside):
        raise click.BadParameter(wrong, param_hint="URL")
    opened = with_webhooks(lambda book: book.add(name, url, OPERATOR))
    if as_json:
        click.echo(json.dumps({"id": opened.id, "secret": opened.secret}))
        return
    click.echo(f"Webhook {opened.id} of {name}. The secret that signs, shown this once:")
    click.echo(opened.secret)


@webhook.command("rotate")
@click.argument("name")
@click.argument("id", type=int)
@click.option(
    "--grace",
    type=click.IntRange(0, 90 * 24),
    default=168,
    show_default=True,
    help="Hours that older secrets still sign.",
)
@as_json_option
@clearly
def rotate_webhook(name: str, id: int, grace: int, as_json: bool) -> None:
    """Print a new secret of webhook ID of NAME, this once; the older ones sign beside it until the grace is over."""
    from bot.store.audit import OPERATOR

    opened = with_webhooks(lambda book: book.rotate(name, id, timedelta(hours=grace), OPERATOR))
    if as_json:
        click.echo(json.dumps({"id": opened.id, "secret": opened.secret}))
        return
    beside = f"the older one signs too for {grace} h" if grace else "the older one signs nothing any more"
    click.echo(f"Webhook {opened.id} of {name}. The new secret, shown this once; {beside}:")
    click.echo(opened.secret)


@webhook.command("list")
@click.argument("name")
@as_json_option
@clearly
def list_webhooks(name: str, as_json: bool) -> None:
    """The webhooks of NAME and how they fare."""
    found = with_webhooks(lambda book: book.of_named(name))
    if as_json:
        click.echo(json.dumps([webhook_row(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        state = webhook_row(each)["state"]
        click.echo(f"{each.id}\t{each.host}\t{state}\t{each.waiting} waiting\t{each.why}")


@webhook.command("remove")
@click.argument("name")
@click.argument("id", type=int)
@clearly
def remove_webhook(name: str, id: int) -> None:
    """Tell NAME nothing any more at webhook ID."""
    from bot.store.audit import OPERATOR

    with_webhooks(lambda book: book.remove(name, id, OPERATOR))
    click.echo(f"{name}: webhook {id} removed")


@webhook.command("enable")
@click.argument("name")
@click.argument("id", type=int)
@clearly
def enable_webhook(name: str, id: int) -> None:
    """Try webhook ID of NAME again, from now on: one is switched off where nothing has arrived for long."""
    from bot.store.audit import OPERATOR

    with_webhooks(lambda book: book.enable(name, id, OPERATOR))
    click.echo(f"{name}: webhook {id} on")


@webhook.command("test")
@click.argument("name")
@click.argument("id", type=int)
@as_json_option
@clearly
def test_webhook(name: str, id: int, as_json: bool) -> None:
    """Send a signed test to webhook ID of NAME, now. Exit 1 where it did not arrive."""
    import sys

    ended = tested(name, id)
    if as_json:
        click.echo(json.dumps({"state": ended.state, "why": ended.why}))
    else:
        click.echo("It arrived." if ended.state == "delivered" else f"It did not arrive: {ended.why}")
    if ended.state != "delivered":
        sys.exit(1)


def tested(name: str, id: int) -> Ended:
    """A test, from here, so that it works while nothing serves."""
    import asyncio

    from bot.commands.common import knowledge
    from bot.partners.herald import Herald
    from bot.partners.sending import Messenger

    inside = settings().webhooks_inside

    async def work() -> Ended:
        async def test(store: SqlStore) -> Ended:
            async with Messenger(inside=inside) as messenger:
                return await Herald(store.foundation, lambda: knowledge(overdue=True), messenger).test(name, id)

        return await with_store(test)

    return asyncio.run(work())


def with_partners(work: Callable[[PartnerBook], Awaitable[R]]) -> R:
    """Do the work on the partners of the database that the settings name."""
    import asyncio

    from bot.store.partners import PartnerBook

    return asyncio.run(with_store(lambda store: work(PartnerBook(store.foundation))))


def with_webhooks(work: Callable[[WebhookBook], Awaitable[R]]) -> R:
    """The same for their webhooks."""
    import asyncio

    from bot.store.partner_hooks import WebhookBook

    return asyncio.run(with_store(lambda store: work(WebhookBook(store.foundation))))


def chosen(names: tuple[str, ...]) -> list[Scope]:
    from bot.partners.scopes import Scope

    return [Scope(each) for each in names]


def row(listed: Listed) -> dict[str, object]:
    """A partner for a script: no hash, no secret."""
    return {
        "name": listed.partner.name,
        "state": "revoked" if listed.revoked_at else "open",
        "scopes": sorted(listed.partner.scopes),
        "rate": listed.partner.rate,
        "made_at": _said(listed.made_at),
        "used_at": _said(listed.used_at),
        "keys": [
            {
                "hint": each.hint,
                "made_at": _said(each.made_at),
                "expires_at": _said(each.expires_at),
                "revoked_at": _said(each.revoked_at),
                "used_at": _said(each.used_at),
            }
            for each in listed.keys
        ],
    }


def webhook_row(known: Webhook) -> dict[str, object]:
    """A webhook for a script: neither its secret nor its whole address."""
    state = "off" if known.disabled_at else "failing" if known.failing_since else "on"
    return {
        "id": known.id,
        "host": known.host,
        "state": state,
        "waiting": known.waiting,
        "told_at": _said(known.told_at),
        "failing_since": _said(known.failing_since),
        "older_secret_until": _said(known.older_until),
        "why": known.why,
    }


def show(issued: Issued, as_json: bool) -> None:
    """The key, this once: it is kept nowhere."""
    until = issued.until.isoformat(timespec="seconds") if issued.until else None
    scopes = sorted(issued.partner.scopes)
    if as_json:
        given = {"name": issued.partner.name, "key": issued.key, "scopes": scopes, "until": until}
        click.echo(json.dumps(given, ensure_ascii=False))
        return
    click.echo(f"Key of {issued.partner.name} ({' '.join(scopes)}), {f'until {until}' if until else 'without an end'}:")
    click.echo(issued.key)


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
