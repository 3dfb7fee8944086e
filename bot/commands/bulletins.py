"""`rutan bulletins`: drafted, signed by two, sent, proved."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.commands.common import clearly, knowledge, settings, with_store
from bot.commands.people import export as exports

if TYPE_CHECKING:
    from bot.editorial import Editorial
    from bot.store.bulletins import Progress
    from scheduler.bulletins import Bulletin, Plan
    from scheduler.delivery import ToCrowds

R = TypeVar("R")
BAR = 40
# The reason that is kept where somebody signs a month that tells nothing, and gives none.
SIGNED_EMPTY = "signed at the command line, where a note says so"
SHOWN_AS = ("line", "telegram", "web", "text")

as_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
part_option = click.option(
    "--part",
    default="all",
    show_default=True,
    help="all, hubs-first, hubs, province:nan, interest:calls, platform:line, language:th …",
)


@click.group()
def bulletins() -> None:
    """Monthly bulletins, urgent alerts and corrections."""


def working(work: Callable[[Editorial], Awaitable[R]]) -> R:
    """Do something with the bulletins of the settings' database."""
    import asyncio

    from bot.editorial import Editorial

    async def open_and_do(store: Any) -> R:
        return await work(Editorial(store.foundation, knowledge, settings()))

    return asyncio.run(with_store(open_and_do))


def sending(work: Callable[[Editorial, ToCrowds | None], Awaitable[R]]) -> R:
    """The same with the way to LINE, which knows its quota."""
    from bot.bulletin_senders import ways_of

    async def open_and_do(editorial: Editorial) -> R:
        async with ways_of(settings()) as ways:
            return await work(editorial, ways.line)

    return working(open_and_do)


def told_id(id: int, as_json: bool) -> None:
    click.echo(json.dumps({"id": id}) if as_json else str(id))


# --- making ----------------------------------------------------------------------------------------------------------
@bulletins.command("draft")
@click.option("--month", required=True, help="As in 2026-10. A month that has not ended says so.")
@as_json_option
@clearly
def draft(month: str, as_json: bool) -> None:
    """Draft the bulletin of a month from its figures and print its id; again: fresh figures, while nobody touched it."""
    from bot.store.audit import OPERATOR
    from scheduler.trends import Month

    try:
        wanted = Month.parse(month)
    except ValueError as trouble:
        raise click.UsageError(str(trouble)) from None
    told_id(working(lambda editorial: editorial.draft(wanted, OPERATOR)), as_json)


@bulletins.command("alert")
@click.argument("entry")
@as_json_option
@clearly
def alert(entry: str, as_json: bool) -> None:
    """Draft an urgent warning of an ENTRY of the knowledge base and print its id. At most one a week is sent."""
    from bot.store.audit import OPERATOR

    told_id(working(lambda editorial: editorial.alert(entry, OPERATOR)), as_json)


@bulletins.command("correct")
@click.argument("id", type=int)
@as_json_option
@clearly
def correct(id: int, as_json: bool) -> None:
    """Draft a correction of bulletin ID, for exactly those who got it, and print its id."""
    from bot.store.audit import OPERATOR

    told_id(working(lambda editorial: editorial.correct(id, OPERATOR)), as_json)


@bulletins.command("edit")
@click.argument("id", type=int)
@click.argument("file", type=click.File(encoding="utf-8"))
@clearly
def edit(id: int, file: Any) -> None:
    """Other words for bulletin ID, from FILE (`-`: standard input) in the form that `show ID --json` prints. What was
    signed is a draft again."""
    from bot.bulletin_json import read_content
    from bot.store.audit import OPERATOR

    said = file.read()

    async def work(editorial: Editorial) -> Bulletin:
        standing = await editorial.bulletins.get(id)
        version, content = read_content(said, standing)
        return await editorial.bulletins.edit(id, version, content, OPERATOR)

    try:
        changed = working(work)
    except ValueError as trouble:
        raise click.UsageError(str(trouble)) from None
    click.echo(f"Bulletin {id} stands in version {changed.version}; it is {changed.state}.")


# --- looking ---------------------------------------------------------------------------------------------------------
@bulletins.command("list")
@as_json_option
@clearly
def list_all(as_json: bool) -> None:
    """All bulletins, the newest first."""
    from bot.bulletin_json import summary

    found = working(lambda editorial: editorial.bulletins.newest())
    if as_json:
        click.echo(json.dumps([summary(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        signed = ", ".join(signature.name for signature in each.signatures) or "-"
        click.echo(f"{each.id:>4}  {each.month}  {each.kind:<10}  {each.state:<9}  v{each.version}  signed: {signed}")


@bulletins.command("show")
@click.argument("id", type=int)
@click.option("--json", "as_json", is_flag=True, help="As JSON; `edit` takes it back.")
@click.option("--sources", is_flag=True, help="Every figure with the query that gave it.")
@click.option("--as", "form", type=click.Choice(SHOWN_AS), help="Exactly as this platform will get it.")
@click.option("--language", type=click.Choice(["th", "en"]), help="Only this language.")
@clearly
def show(id: int, as_json: bool, sources: bool, form: str | None, language: str | None) -> None:
    """Bulletin ID, as its readers will see it."""
    from bot import bulletin_json
    from content.models import Language

    languages = [Language(language)] if language else list(Language)
    if sources:
        show_sources(id, as_json)
        return

    async def work(editorial: Editorial) -> tuple[Bulletin, list[str]]:
        found = await editorial.bulletins.get(id)
        shown = [bulletin_json.shown(editorial.letter(found, each), form or "text") for each in languages]
        return found, shown

    found, shown = working(work)
    if as_json and form is None:
        click.echo(json.dumps(bulletin_json.whole(found), ensure_ascii=False, indent=2))
        return
    if form is None:
        signed = ", ".join(f"{each.name} ({each.role})" for each in found.signatures) or "nobody yet"
        click.secho(f"{found.id} · {found.month} · {found.kind} · {found.state} · version {found.version}", bold=True)
        click.echo(f"signed by: {signed}" + (f"\nwhy: {found.why}" if found.why else ""))
    click.echo("\n\n".join(shown))


def show_sources(id: int, as_json: bool) -> None:
    found = working(lambda editorial: editorial.sources(id))
    if as_json:
        rows = [{"figure": each.figure, "query": each.query, "sql": each.sql} for each in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for each in found:
        click.secho(f"{each.figure} ← {each.query}", bold=True)
        click.echo(each.sql + "\n")


@bulletins.command("materials")
@click.argument("id", type=int)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@clearly
def materials(id: int, folder: Path) -> None:
    """Write chart, poster, handout, pictures and scripts of bulletin ID into FOLDER, in Thai and English."""
    from bot import bulletin_pages
    from bot.street.materials import NAMES, made, order
    from content.models import Language

    given, known = settings(), knowledge()

    async def work(editorial: Editorial) -> Bulletin:
        return await editorial.bulletins.get(id)

    found = working(work)
    folder.mkdir(parents=True, exist_ok=True)
    page = f"{given.public_url}/bulletins/{bulletin_pages.address(found)}"
    for language in Language:
        for name in NAMES:
            path = folder / f"{language.value}-{name}"
            path.write_bytes(made(order(name, found, language, known, page)))
            click.echo(path)


# --- signing and sending ---------------------------------------------------------------------------------------------
@bulletins.command("approve")
@click.argument("id", type=int)
@click.option("--as", "name", required=True, help="The official who signs.")
@click.option("--although-empty", "remark", default="", help="Why a month that tells nothing goes out all the same.")
@clearly
def approve(id: int, name: str, remark: str) -> None:
    """Sign bulletin ID. Two different officials sign, one of them an approver; any change undoes it. Whoever signs here a
    month that tells nothing is told so, and has said by it that it goes out all the same."""

    async def work(editorial: Editorial) -> tuple[Bulletin, str]:
        nothing = editorial.tells_nothing(await editorial.bulletins.get(id))
        return await editorial.sign(id, name, remark or (SIGNED_EMPTY if nothing else "")), nothing

    found, nothing = working(work)
    if nothing:
        click.secho(f"Note: {nothing}. Your signature says that it goes out all the same.", fg="yellow", err=True)
    missing = "it may be sent" if found.state == "signed" else "one more signature is needed"
    click.echo(f"{name} has signed version {found.version} of bulletin {id}; {missing}.")


@bulletins.command("plan")
@click.argument("id", type=int)
@part_option
@as_json_option
@clearly
def plan(id: int, part: str, as_json: bool) -> None:
    """To how many bulletin ID would go now, and what it costs."""
    from bot.editorial import told
    from scheduler.bulletins import Part

    found = sending(lambda editorial, line: editorial.preview(id, Part.parse(part), line))
    click.echo(json.dumps(told(found)) if as_json else cost(found))


def cost(plan: Plan) -> str:
    by = ", ".join(
        f"{platform} {language}: {count:,}" for (platform, language), count in sorted(plan.recipients.items())
    )
    lines = [f"{plan.whole:,} recipients" + (f" ({by})" if by else "")]
    lines += line_cost(plan) if plan.line else []
    return "\n".join(lines)


def line_cost(plan: Plan) -> list[str]:
    needed = f"LINE: {plan.line:,} messages"
    if plan.silent:
        return [f"{needed}; what is left cannot be told now ({plan.silent}), and `send` is refused until it can"]
    if plan.quota is None:
        return [f"LINE is off here: its {plan.line:,} recipients would be skipped"]
    if plan.quota.limit is None:
        return [f"{needed}; its quota has no limit (used this month: {plan.quota.used:,})"]
    used = f"limit {plan.quota.limit:,}, used {plan.quota.used:,}"
    if plan.line_promised:
        used += f", kept for other bulletins on their way {plan.line_promised:,}"
    lines = [f"{needed} of the {plan.line_left:,} that are left this month ({used})"]
    if plan.line_short:
        lines.append(
            f"That is {plan.line_short:,} too few: `send` is refused. Buy more, choose a part, or wait a month"
        )
    return lines


@bulletins.command("send")
@click.argument("id", type=int)
@click.option("--at", "at", help="ISO 8601; in the house's time zone where it has no offset. Without it: now.")
@part_option
@clearly
def send(id: int, at: str | None, part: str) -> None:
    """Order bulletin ID for now or for a time; a running `rutan serve` delivers it. Again before then: another time."""
    from bot.store.audit import OPERATOR
    from scheduler.bulletins import Part

    when = moment(at) if at else None

    async def work(editorial: Editorial, line: ToCrowds | None) -> tuple[Plan, bool]:
        return await editorial.order(id, when, Part.parse(part), line, OPERATOR), editorial.wakes(when)

    found, wakes = sending(work)
    click.echo(cost(found))
    if wakes:
        click.secho("Note: that is within the quiet hours, and goes out all the same.", fg="yellow", err=True)
    click.echo(
        f"Bulletin {id} leaves {'at ' + when.isoformat() if when else 'now'}. Follow it: rutan bulletins status {id}"
    )


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise click.UsageError("--at: write it as in 2026-11-01T09:00") from None
    return found if found.tzinfo else found.replace(tzinfo=settings().timezone)


@bulletins.command("test")
@click.argument("id", type=int)
@click.argument("platform", type=click.Choice(["line", "telegram"]))
@click.argument("chat")
@click.option("--language", type=click.Choice(["th", "en"]), default="th", show_default=True)
@clearly
def test(id: int, platform: str, chat: str, language: str) -> None:
    """Send bulletin ID to one CHAT, say your own: it is no delivery. A running `rutan serve` sends it."""
    from bot.store.audit import OPERATOR
    from content.models import Language
    from handlers.messages import Address, Platform

    address = Address(Platform(platform), chat, chat)
    working(lambda editorial: editorial.test(id, address, Language(language), OPERATOR))
    click.echo("It is on its way.")


def acting(name: str, said: str, help_text: str) -> click.Command:
    """A command that does one thing to a bulletin."""

    @click.argument("id", type=int)
    @clearly
    def act(id: int) -> None:
        from bot.store.audit import OPERATOR

        working(lambda editorial: getattr(editorial.bulletins, name)(id, OPERATOR))
        click.echo(said.format(id=id))

    return click.command(name, help=help_text)(act)


bulletins.add_command(acting("pause", "Bulletin {id} is paused.", "Nothing more of bulletin ID leaves until `resume`."))
bulletins.add_command(acting("resume", "Bulletin {id} goes on.", "Bulletin ID goes on where it was paused."))
bulletins.add_command(
    acting("cancel", "Bulletin {id} is cancelled.", "Bulletin ID is not sent; whoever has not got it by now will not.")
)


@bulletins.command("retry")
@click.argument("id", type=int)
@clearly
def retry(id: int) -> None:
    """Try those again who certainly did not get bulletin ID (a spent quota, a platform that was down)."""
    from bot.store.audit import OPERATOR

    tried = working(lambda editorial: editorial.bulletins.retry(id, OPERATOR))
    click.echo(f"Bulletin {id} goes to {tried:,} again.")


@bulletins.command("status")
@click.argument("id", type=int)
@as_json_option
@clearly
def status(id: int, as_json: bool) -> None:
    """How far bulletin ID has come."""
    found = working(lambda editorial: editorial.bulletins.progress(id))
    if as_json:
        names = ("id", "state", "recipients", "sent", "failed", "skipped", "waiting")
        click.echo(json.dumps({name: getattr(found, name) for name in names}))
        return
    show_progress(found)


def show_progress(found: Progress) -> None:
    ended = found.recipients - found.waiting
    filled = BAR * ended // found.recipients if found.recipients else 0
    percent = 100 * ended // found.recipients if found.recipients else 0
    click.echo(f"[{'█' * filled}{'·' * (BAR - filled)}] {percent}%  {found.state}")
    click.echo(
        f"{found.recipients:,} recipients: {found.sent:,} sent, {found.failed:,} failed, "
        f"{found.skipped:,} skipped, {found.waiting:,} waiting"
    )
    for (platform, language), part in sorted(found.parts.items()):
        click.echo(
            f"  {platform} {language}: " + ", ".join(f"{count:,} {state}" for state, count in part.items() if count)
        )
    for (state, why), count in sorted(found.reasons.items()):
        click.echo(f"  {state}, {why}: {count:,}")


# --- proof -----------------------------------------------------------------------------------------------------------
form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="As a table or lines.",
)


@exports.command("bulletins")
@form_option
@clearly
def export_bulletins(form: str) -> None:
    """Every bulletin with its words."""
    from bot.bulletin_json import EXPORTED, exported

    write_out(lambda foundation: exported(foundation), form, EXPORTED)


@exports.command("deliveries")
@form_option
@clearly
def export_deliveries(form: str) -> None:
    """Every delivery: how it ended, when and why. A recipient is a label of that bulletin alone."""
    from bot.store.deliveries import DELIVERY_COLUMNS, DeliveryLedger

    write_out(lambda foundation: DeliveryLedger(foundation).export(), form, DELIVERY_COLUMNS)


def write_out(rows: Callable[[Any], Any], form: str, columns: tuple[str, ...]) -> None:
    import asyncio

    from bot.exporting import write

    async def work(store: Any) -> None:
        await write(rows(store.foundation), form, sys.stdout, columns)

    asyncio.run(with_store(work))
