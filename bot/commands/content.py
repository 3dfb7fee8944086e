"""`rutan content`: the knowledge base."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, knowledge

if TYPE_CHECKING:
    from content.loading import Knowledge


@click.group()
def content() -> None:
    """The knowledge base."""


@content.command("check")
@clearly
def content_check() -> None:
    """Validate all content; every fault is named with its file and line."""
    known = knowledge()
    click.echo(
        f"{len(known.entries)} entries, {len(known.signs)} signs, {len(known.organisations)} organisations, "
        f"{len(known.phrases)} sentences: no fault. Version {known.version}"
    )


@content.command("phrases")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@clearly
def content_phrases(as_json: bool) -> None:
    """The phrases of the knowledge base, so that anyone can compare scorers on them."""
    rows = list(all_phrases(knowledge()))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['entry']}\t{row['language']}\t{row['text']}")


def all_phrases(known: Knowledge) -> Iterator[dict[str, str]]:
    for entry in known.entries.values():
        for side in (entry.phrases.scammer, entry.phrases.victim):
            for language in ("th", "en"):
                for text in getattr(side, language):
                    yield {"text": text, "entry": entry.id, "language": language}
