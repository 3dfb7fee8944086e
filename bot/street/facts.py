"""What the street materials say: the bulletin's facts in one language, in a form that another process can be handed."""

from __future__ import annotations

from dataclasses import dataclass

from content.models import Language
from handlers.messages import plain
from handlers.wording import Voice, hotline
from scheduler.bulletins import Bulletin, Kind
from scheduler.drafting import named
from scheduler.trends import Dimension

MOST_ROWS = 8
# Phrases that the materials say, by their keys in content/phrases.yaml.
SAID = (
    "street_beware", "street_three", "street_call", "street_call_line", "street_ask", "street_scan", "street_this_month", "street_month_before", "street_chart", "street_few", "street_how", "street_yourself", "street_whom", "street_hub_title", "street_hub_say", "street_hub_write",
)  # fmt: skip
HOTLINES = ("aoc-1441", "thaipoliceonline", "police-191", "etda-1212", "mental-1323")


@dataclass(frozen=True)
class Row:
    """One type of scam: how many in the month and in the month before (None: not shown)."""

    name: str
    count: int
    before: int | None


@dataclass(frozen=True)
class Beware:
    """One trick to warn of."""

    title: str
    how: tuple[str, ...]
    steps: tuple[str, ...]
    check: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Everything that the materials of one bulletin may say, in one language."""

    language: Language
    title: str
    month: str
    month_before: str
    intro: tuple[str, ...]
    rows: tuple[Row, ...]
    figures: tuple[str, ...]
    warnings: tuple[Beware, ...]
    context: tuple[str, ...]
    results: tuple[str, ...]
    basis: str
    calls: tuple[str, ...]
    url: str
    said: tuple[tuple[str, str], ...]
    urgent: bool = False

    def word(self, key: str) -> str:
        """One of the phrases in SAID."""
        return dict(self.said)[key]


def facts(bulletin: Bulletin, voice: Voice, url: str) -> Facts:
    """The facts of a bulletin, in the voice's language; `url` is its public page."""
    text = bulletin.text(voice.language)
    return Facts(
        language=voice.language,
        title=text.title,
        month=bulletin.month.name(voice.language),
        month_before=bulletin.month.before().name(voice.language),
        intro=_plain(text.intro),
        rows=_rows(bulletin, voice),
        figures=tuple(line for figure in text.figures for line in _plain(figure.text)),
        warnings=tuple(_beware(each.entry, each.title, each.do_now, voice) for each in text.warnings),
        context=_plain(text.context),
        results=_plain(text.results),
        basis=" ".join(_plain(text.basis)),
        calls=tuple(
            plain(hotline(voice.knowledge.hotlines[each], voice))
            for each in HOTLINES
            if each in voice.knowledge.hotlines
        ),
        url=url,
        said=tuple((key, voice.say(key)) for key in SAID),
        urgent=bulletin.kind is Kind.ALERT,
    )


def _plain(text: str) -> tuple[str, ...]:
    return tuple(line.replace("**", "").strip() for line in text.split("\n") if line.strip())


def _rows(bulletin: Bulletin, voice: Voice) -> tuple[Row, ...]:
    table = bulletin.figures.tables.get(Dimension.TYPE, ()) if bulletin.figures else ()
    shown = [row for row in table if row.key and row.count][:MOST_ROWS]
    return tuple(Row(named(Dimension.TYPE, row.key, voice), row.count or 0, row.before) for row in shown)


def _beware(entry_id: str, title: str, steps: tuple[str, ...], voice: Voice) -> Beware:
    entry = voice.knowledge.entries.get(entry_id)
    how = entry.how_it_works.in_(voice.language) if entry else ()
    check = entry.check_yourself.in_(voice.language) if entry else ()
    return Beware(title, tuple(how[:3]), steps, tuple(check[:2]))
