"""`rutan evaluate` and `rutan bench`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import clearly, knowledge

if TYPE_CHECKING:
    from content.evaluation import Labelled


@click.command()
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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--quick", is_flag=True, help="Without the largest sizes: half a minute instead of some ten.")
@clearly
def bench(as_json: bool, quick: bool) -> None:
    """Speed beside the naive ways, in one run: phrases, whole checks, cold start, messages known again."""
    from bot import bench as benchmark

    plan = benchmark.QUICK if quick else benchmark.FULL
    report = benchmark.run(knowledge(), plan, lambda what: click.echo(f"{what} …", err=True))
    click.echo(report.as_json() if as_json else benchmark.render(report))
