"""The command line. Exit 0: done; 1: it ran and found a fault; 2: called wrongly or set up wrongly."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from bot.settings import Settings
    from content.evaluation import Labelled
    from content.loading import Knowledge
    from content.verdict import Verdict

# Imports stand inside the commands: `rutan check` must answer in under a second from a cold start.
P = ParamSpec("P")
R = TypeVar("R")


def clearly(command: Callable[P, R]) -> Callable[P, R]:
    """Faults of ours end in one plain message and exit code, never in a trace."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from handlers.errors import RutanError

        try:
            return command(*args, **kwargs)
        except RutanError as trouble:
            click.secho(str(trouble), fg="red", err=True)
            sys.exit(2 if type(trouble).__name__ == "SettingsError" else 1)

    return run


def settings() -> Settings:
    from bot.settings import load

    return load()


def knowledge() -> Knowledge:
    from content.loading import ContentError, load

    try:
        return load()
    except ContentError as trouble:
        click.secho(str(trouble), fg="red", err=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rutan")
def rutan() -> None:
    """รู้ทัน · Rutan: is this a scam? Ask on LINE, Telegram or the web."""


# --- serving ---------------------------------------------------------------------------------------------------------
@rutan.command()
@click.option("--only", type=click.Choice(["web", "work"]), help="Only take messages in, or only answer them.")
@clearly
def serve(only: str | None) -> None:
    """Serve LINE, Telegram and the web chat until stopped."""
    from bot.serving import run

    given = settings()
    knowledge()
    run(given, only)


@rutan.command()
@clearly
def migrate() -> None:
    """Bring the database to the newest form (`serve` does it too)."""
    from bot.running import SystemClock
    from bot.store.store import SqlStore

    given = settings()
    SqlStore.open(given.database_url, given.keys(), SystemClock(), given.timezone).close()
    click.echo(f"The database is in its newest form: {given.database_path}")


# --- checking --------------------------------------------------------------------------------------------------------
@rutan.command()
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
    verdict, known = judged(asked, language), knowledge()
    if as_json:
        from bot.verdict_json import as_json as form

        click.echo(json.dumps(form(verdict), ensure_ascii=False))
        return
    show(verdict, known)


def judged(text: str, language: str | None) -> Verdict:
    from content.models import Language
    from content.verdict import judge
    from handlers.languages import script

    return judge(text, knowledge(), Language(language) if language else script(text) or Language.THAI)


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

    faults = 0
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
            click.echo(json.dumps({**form(judged(text, None)), "id": key}, ensure_ascii=False))
    if faults:
        click.secho(f"{faults} lines could not be read", fg="red", err=True)
        sys.exit(1)


# --- content ---------------------------------------------------------------------------------------------------------
@rutan.group()
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


# --- people and reports ----------------------------------------------------------------------------------------------
@rutan.command()
@click.argument("platform", type=click.Choice(["line", "telegram", "web"]))
@click.argument("id")
@clearly
def forget(platform: str, id: str) -> None:
    """Erase one person, by the platform's id."""
    import asyncio

    from handlers.messages import Platform

    known = asyncio.run(with_store(lambda store: store.forget(Platform(platform), id)))
    click.echo("Erased." if known else "Nothing of that person was here.")


@rutan.group()
def export() -> None:
    """What may leave the house: never names, ids or unmasked personal data."""


@export.command("reports")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@clearly
def export_reports(form: str) -> None:
    """Every report, masked."""
    import asyncio

    from bot.exporting import write

    async def work(store: Any) -> None:
        await write(store.export_reports(), form, sys.stdout)

    asyncio.run(with_store(work))


async def with_store(work: Callable[[Any], Any]) -> Any:
    from bot.running import SystemClock
    from bot.store.store import SqlStore

    given = settings()
    store = SqlStore.open(given.database_url, given.keys(), SystemClock(), given.timezone)
    try:
        return await work(store)
    finally:
        store.close()


# --- platforms -------------------------------------------------------------------------------------------------------
@rutan.group()
def line() -> None:
    """The LINE official account."""


@line.command("setup")
@clearly
def line_setup() -> None:
    """Make the rich menu and check the webhook. May be run again at any time."""
    from bot.setting_up import set_up_line

    report(set_up_line(settings()))


@rutan.group()
def telegram() -> None:
    """The Telegram bot."""


@telegram.command("setup")
@clearly
def telegram_setup() -> None:
    """Set the commands in Thai and English, and the webhook where one is used."""
    from bot.setting_up import set_up_telegram

    report(set_up_telegram(settings()))


def report(lines: list[str]) -> None:
    for each in lines:
        click.echo(each)


# --- measuring -------------------------------------------------------------------------------------------------------
@rutan.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--compare",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another content folder: what it would answer otherwise.",
)
@click.option("--signs", is_flag=True, help="How often each sign stands in scams and in benign messages.")
@click.option(
    "--fit", is_flag=True, help="Fit the scorecard and the learnt feature to FILES (needs the development packages)."
)
@clearly
def evaluate(files: tuple[Path, ...], as_json: bool, compare: Path | None, signs: bool, fit: bool) -> None:
    """The error table on FILES of lines with text, label (scam/benign) and expect_type."""
    from content import evaluation

    try:
        found = evaluation.messages(files)
    except ValueError as trouble:
        raise click.UsageError(str(trouble)) from None
    if signs:
        show_signs(evaluation.sign_hits(found, knowledge()))
        return
    if fit:
        fit_to(found)
        return
    if compare is not None:
        show_comparison(found, compare)
        return
    table = evaluation.evaluate(found, knowledge())
    click.echo(json.dumps(table.as_json(), ensure_ascii=False) if as_json else evaluation.render(table))


def show_signs(hits: tuple[tuple[str, int, int], ...]) -> None:
    """The weakest first: a sign under two scams for each benign message is declared weak or mended."""
    for name, scams, benign in sorted(hits, key=lambda hit: (hit[1] + 1) / (hit[2] + 1)):
        click.echo(f"{name:<40} scam {scams:>5}  benign {benign:>5}")


def fit_to(found: tuple[Labelled, ...]) -> None:
    """Write scorecard.yaml and the learnt feature anew, and show how they fare on sources left out."""
    from content import evaluation, fitting, loading

    fitted = fitting.fit(found, knowledge())
    fitting.write(fitted, loading.FOLDER)
    if fitted.left_out is not None:
        click.echo("On sources left out:\n" + evaluation.render(fitted.left_out))


def show_comparison(found: tuple[Labelled, ...], other: Path) -> None:
    from content import evaluation
    from content.loading import ContentError, load

    try:
        after = load(other)
    except ContentError as trouble:
        click.secho(str(trouble), fg="red", err=True)
        sys.exit(1)
    _, _, changes = evaluation.compare(found, knowledge(), after)
    click.echo(evaluation.render_changes(changes))


@rutan.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--quick", is_flag=True, help="Without the largest sizes: half a minute instead of some ten.")
@clearly
def bench(as_json: bool, quick: bool) -> None:
    """Speed beside the naive ways, in one run: phrases, whole checks, cold start, messages known again."""
    from bot import bench as benchmark

    plan = benchmark.QUICK if quick else benchmark.FULL
    report = benchmark.run(knowledge(), plan, lambda what: click.echo(f"{what} …", err=True))
    click.echo(report.as_json() if as_json else benchmark.render(report))
