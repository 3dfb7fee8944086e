"""`rutan check`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, knowledge

if TYPE_CHECKING:
    from content.loading import Knowledge
    from content.verdict import Verdict


@click.command()
@click.argument("text", required=False)
@click.option("--json", "as_json", is_flag=True, help="The verdict as JSON.")
@click.option(
    "--jsonl",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help='Lines {"id","text"}; one verdict a line.',
)
@click.option("--language", type=click.Choice(["th", "en"]), help="The language of the answer; else that of the text.")
@clearly
def check(text: str | None, as_json: bool, jsonl: str | None, language: str | None) -> None:
    """Is TEXT a scam? `-` reads standard input."""
    if (text is None) == (jsonl is None):
        raise click.UsageError("Give a TEXT (or - for standard input), or --jsonl FILE.")
    if jsonl is not None:
        check_lines(jsonl)
        return
    asked = sys.stdin.read() if text == "-" else str(text)
    if not asked.strip():
        raise click.UsageError("The text is empty.")
    known = knowledge()
    verdict = judged(asked, language, known)
    if as_json:
        from bot.verdict_json import as_json as form

        click.echo(json.dumps(form(verdict), ensure_ascii=False))
        return
    show(verdict, known)


def judged(text: str, language: str | None, known: Knowledge) -> Verdict:
    from content.models import Language
    from content.verdict import judge
    from handlers.languages import script

    return judge(text, known, Language(language) if language else script(text) or Language.THAI)


COLOURS = {"known_scam": "red", "warning_signs": "yellow", "not_known": "cyan", "not_a_check": "white"}


def show(verdict: Verdict, known: Knowledge) -> None:
    """The answer as a person would read it; colour in a terminal, plain in a pipe."""
    from bot.verdict_json import paragraphs, spoken
    from handlers.wording import Voice

    told = paragraphs(spoken(verdict, Voice(known, verdict.language)))
    click.secho(told[0], fg=COLOURS[verdict.level.value], bold=True)
    for paragraph in told[1:]:
        click.echo("\n" + paragraph)
    click.secho(f"\n{verdict.level.value} · {verdict.score:.2f} · {verdict.entry or '-'}", dim=True)


def check_lines(path: str) -> None:
    """One verdict a line, in the order of the questions; a broken line is answered with its fault."""
    from bot.verdict_json import as_json as form

    faults, known = 0, knowledge()
    with click.open_file(path, encoding="utf-8") as lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw)
                text, key = row["text"], row.get("id")
                if not isinstance(text, str):
                    raise TypeError
            except (ValueError, KeyError, TypeError, AttributeError):
                faults += 1
                click.echo(json.dumps({"id": None, "error": f"line {number}: not an object with a text"}))
                continue
            click.echo(json.dumps({**form(judged(text, None, known)), "id": key}, ensure_ascii=False))
    if faults:
        click.secho(f"{faults} lines could not be read", fg="red", err=True)
        sys.exit(1)
