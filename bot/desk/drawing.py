"""The templates of the desk, and how values are written in them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from bot.desk import formats

TEMPLATES = Path(__file__).parent / "templates"


def environment(zone: ZoneInfo) -> Environment:
    """Everything that a template shows is escaped; a value that it was not given is a fault. Moments are said on the clock
    of `zone`, in the page's language."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )

    @pass_context
    def when(context: Context, moment: datetime | None) -> str:
        return formats.when(moment, context["language"], zone)

    @pass_context
    def day(context: Context, moment: datetime | date | None) -> str:
        return formats.day(moment, context["language"], zone)

    pages.filters |= {"when": when, "day": day, "number": formats.number, "defang": formats.defang}
    return pages
