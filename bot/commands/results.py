"""`rutan results`: a quarter's results in the terminal, as JSON or as PDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, knowledge, with_store

if TYPE_CHECKING:
    from bot.results import Telling
    from bot.store.results import Results
    from bot.store.store import SqlStore
    from scheduler.quarters import Quarter

WIDE = 60


@click.command("results")
@click.argument("quarter", required=False)
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write it as PDF to this file.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the queries that count it.")
@click.option("--lang", type=click.Choice(["th", "en"]), default="en", show_default=True)
@clearly
def results(quarter: str | None, pdf: Path | None, as_json: bool, lang: str) -> None:
    """What came of a QUARTER, as in 2026-Q4 (default: the last that is over), beside the one before."""
    import asyncio

    from bot import results as telling
    from bot.results_json import as_json as in_json
    from content.models import Language
    from scheduler.quarters import Quarter

    try:
        wanted = Quarter.parse(quarter) if quarter else None
    except ValueError as trouble:
        raise click.UsageError(str(trouble)) from None

    async def work(store: SqlStore) -> tuple[Results, Results, Telling]:
        from bot.store.results import ResultsBook

        book = ResultsBook(store.foundation)
        asked: Quarter = wanted or book.this_quarter().before()
        try:
            now, before = await book.quarter(asked), await book.quarter(asked.before())
        except ValueError as trouble:
            raise click.UsageError(str(trouble)) from None
        zone = store.foundation.timezone
        told = telling.Telling(now, before, Language(lang), knowledge(overdue=True), zone, telling.sentences())
        return now, before, told

    now, before, told = asyncio.run(with_store(work))
    if pdf is not None:
        from bot.street.sheet import drawn

        pdf.write_bytes(drawn(told.sheet()))
        click.echo(str(pdf), err=True)
    if as_json:
        click.echo(json.dumps(in_json(now, before), ensure_ascii=False))
    elif pdf is None:
        click.echo(as_text(told))


def as_text(told: Telling) -> str:
    """The results as lines of a terminal."""
    lines = [told.title, *told.notices]
    for section in told.sections():
        lines += ["", section.title]
        lines += [f"  {each.label:<{WIDE}} {each.now:>14} {each.before:>14}" for each in section.lines]
        for part in section.parts:
            lines.append(f"  {part.title}")
            nothing = told.say("results.table_hidden" if part.withheld else "results.none")
            rows = [f"    {each.label:<{WIDE - 2}} {each.now:>14} {each.before:>14}" for each in part.rows]
            lines += rows or [f"    {nothing}"]
        if section.name == "takedowns":
            taken = [
                " · ".join(f"{name} {cell}" for name, cell in zip(told.taken_head, row, strict=True))
                for row in section.taken
            ]
            lines += [f"  {each}" for each in taken] or [f"  {told.say('takedowns.nothing')}"]
        lines += [f"  {told.say('results.how')}: {section.how}", f"  {told.say('results.limits')}: {section.limits}"]
    return "\n".join([*lines, "", told.say("results.notes"), *(f"- {each}" for each in told.rules)])
