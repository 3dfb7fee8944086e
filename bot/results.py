"""The results of a quarter in words: sections with what was counted, how, and what it cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.desk import formats
from bot.desk.labels import Labels, of_file
from bot.score import answered_within, at_most
from bot.store.results import Results, Rows
from bot.store.takedown_types import Took, half_within
from bot.street.sheet import Block, Heading, Points, Sheet, Table, Text
from content.knowledge import Knowledge
from content.models import Language
from handlers.report import REVIEW_DAYS
from scheduler.trends import SMALLEST

HERE = Path(__file__).parent
# Section → its figures, in the order of the page; a name in TABLES is a table, TAKEDOWNS one of its own.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "reach": (
        "new_people", "asked", "subscribed", "unsubscribed", "groups_joined", "groups_left", "hubs_open",
        "new_people_platform", "asked_platform",
    ),
    "answers": ("answers", "failed_answers", "answer_median", "answer_p95", "warned", "unknown", "unknown_share"),
    "review": (
        "reports", "reporters", "disputed", "answered_cases", "review_median", "review_p95", "promised", "late",
        "late_share", "overturned", "false_alarms", "missed", "overturned_share", "recalled",
    ),
    "emergency": ("emergencies", "lost_money", "emergency_kind", "follow_up"),
    "takedowns": (),
    "satisfaction": ("useful", "not_useful", "useful_share", "said_share"),
    "hubs": ("hub_asked", "hub_reports", "hub_share", "drill_answers"),
    "bulletins": (
        "bulletins_monthly", "bulletins_alert", "bulletins_correction", "letters_sent", "letters_failed",
    ),
}  # fmt: skip
TABLES = frozenset({"new_people_platform", "asked_platform", "emergency_kind", "follow_up", "drill_answers"})
TIMES = frozenset({"answer_median", "answer_p95", "review_median", "review_p95"})
# Share → of what, in which direction it may be rounded: never in our favour.
SHARES: Mapping[str, tuple[str, str, bool]] = {
    "unknown_share": ("unknown", "asked", True),
    "late_share": ("late", "promised", True),
    "overturned_share": ("overturned", "answered_cases", True),
    "useful_share": ("useful", "rated", False),
    "said_share": ("rated", "answers", False),
    "hub_share": ("hub_reports", "reports", False),
}


@dataclass(frozen=True)
class Line:
    """One figure: its name in words, and what is said of this quarter and of the one before."""

    label: str
    now: str
    before: str


@dataclass(frozen=True)
class Part:
    """A table: `rows` None where all of it is withheld, in this quarter and the one before."""

    title: str
    rows: tuple[Line, ...]
    withheld: bool


@dataclass(frozen=True)
class Section:
    """A chapter of the results. `taken` are the take-downs: each row a recipient."""

    name: str
    title: str
    lines: tuple[Line, ...]
    parts: tuple[Part, ...]
    taken: tuple[tuple[str, ...], ...]
    how: str
    limits: str


def measures(results: Results) -> Mapping[str, int | float | None]:
    """Every figure that is told, by name: counts, shares in percent (one place), times in ms and hours; None for what is
    hidden or was not there to be counted."""
    counts: dict[str, int | None] = dict(results.counts)
    useful, not_useful = counts["useful"], counts["not_useful"]
    counts["rated"] = None if useful is None or not_useful is None else useful + not_useful
    counts["hub_reports"] = _of_hubs(results)
    shares = {name: _share(counts[of], counts[whole], up) for name, (of, whole, up) in SHARES.items()}
    times = {
        "answer_median": answered_within(results.times, 0.5, counts["answers"]),
        "answer_p95": answered_within(results.times, 0.95, counts["answers"]),
        "review_median": at_most(results.times.reviews, 0.5),
        "review_p95": at_most(results.times.reviews, 0.95),
    }
    return {**counts, **shares, **times}


def _of_hubs(results: Results) -> int | None:
    """Reports that came from a hub: all but those that came from none, where that is told."""
    table = results.tables["reports_hub"]
    reports = results.counts["reports"]
    rest = None if table is None else dict(table).get("", 0)
    return None if rest is None or reports is None else reports - rest


def _share(part: int | None, whole: int | None, up: bool) -> float | None:
    """Percent, to one place, up or down; None where there is nothing to share."""
    if part is None or not whole:
        return None
    tenths = Fraction(part * 1000, whole)
    return (ceil(tenths) if up else floor(tenths)) / 10


def sentences() -> Labels:
    """The sentences of the results, in both languages."""
    return of_file(HERE / "templates" / "results.yaml")


class Telling:
    """Says the results of one quarter beside those of the one before, in one language."""

    def __init__(
        self, now: Results, before: Results, language: Language, knowledge: Knowledge, zone: ZoneInfo, labels: Labels
    ) -> None:
        self.results = now
        self._before = before
        self._language = language
        self._knowledge = knowledge
        self._zone = zone
        self._labels = labels
        self._measured = measures(now), measures(before)

    def say(self, key: str, **values: object) -> str:
        """A sentence of the page."""
        return self._labels.say(key, self._language, **values)

    @property
    def title(self) -> str:
        return self.say("results.title", quarter=self.results.quarter.name(self._language))

    def when(self, moment: datetime | None) -> str:
        """A moment on the house's clock."""
        return formats.when(moment, self._language, self._zone)

    @property
    def notices(self) -> tuple[str, ...]:
        """What must be known before the figures."""
        results, quarter = self.results, self.results.quarter
        if results.empty:
            key = "results.empty_began" if results.began else "results.empty"
            return (self.say(key, when=self.when(results.began)),)
        said = [self.say("results.so_far" if results.so_far else "results.whole", when=self.when(results.until))]
        if results.began and results.began > quarter.start(self._zone):
            said.append(self.say("results.began_within", when=self.when(results.began)))
        if self._before.empty:
            said.append(self.say("results.before_missing"))
        return tuple(said)

    @property
    def rules(self) -> tuple[str, ...]:
        """What holds for all of the figures."""
        small = self.say("results.note_small", smallest=SMALLEST)
        return (small, *(self.say(f"results.note_{each}") for each in ("rounding", "people", "forgotten")))

    @property
    def head(self) -> tuple[str, str, str]:
        """Over the columns."""
        now = "results.now_so_far" if self.results.so_far else "results.now"
        return self.say("results.what"), self.say(now), self.say("results.before")

    def sections(self) -> tuple[Section, ...]:
        """Every chapter; none for a quarter without data."""
        return () if self.results.empty else tuple(self._section(name) for name in SECTIONS)

    def _section(self, name: str) -> Section:
        figures = SECTIONS[name]
        return Section(
            name,
            self.say(f"{name}.title"),
            tuple(self._line(name, each) for each in figures if each not in TABLES),
            tuple(self._part(name, each) for each in figures if each in TABLES),
            tuple(self._taken(each) for each in self.results.takedowns if each.sent) if name == "takedowns" else (),
            self.say(f"{name}.how", hours=REVIEW_DAYS * 24),
            self.say(f"{name}.limits"),
        )

    def _line(self, section: str, name: str) -> Line:
        now, before = (
            self._value(name, measured, results)
            for measured, results in zip(self._measured, (self.results, self._before), strict=True)
        )
        return Line(self.say(f"{section}.{name}"), now, formats.NOTHING if self._before.empty else before)

    def _value(self, name: str, measured: Mapping[str, int | float | None], results: Results) -> str:
        value = measured[name]
        if name in TIMES:
            return self._time(name, value, results)
        if name in SHARES:
            of, whole, _ = SHARES[name]
            hidden = measured[of] is None or measured[whole] is None
            if value is None:
                return self.say("results.hidden" if hidden else "results.none")
            return self.say("results.percent", n=f"{value:,.1f}")
        return self.say("results.hidden") if value is None else formats.number(value)

    def _time(self, name: str, value: float | None, results: Results) -> str:
        if value is None:
            if name.startswith("answer") and results.times.never:
                return self.say("results.hidden" if results.counts["answers"] is None else "results.endless")
            return self.say("results.none")
        if name.startswith("review"):
            return self.say("results.hours", n=f"{value:,}")
        return self.say("results.seconds", n=f"{value / 1000:,.2f}")

    def _part(self, section: str, name: str) -> Part:
        now, before = self.results.tables[name], self._before.tables[name]
        rows = [
            Line(self._name(key), self._told(count), self._told_before(before, key)) for key, count in now or ()
        ]  # fmt: skip
        return Part(self.say(f"{section}.{name}"), tuple(rows), withheld=now is None)

    def _told(self, count: int | None) -> str:
        return self.say("results.hidden") if count is None else formats.number(count)

    def _told_before(self, rows: Rows | None, key: str) -> str:
        if self._before.empty:
            return formats.NOTHING
        return self.say("results.hidden") if rows is None else self._told(dict(rows).get(key, 0))

    def _name(self, key: str) -> str:
        named = f"name.{key or 'unsaid'}"
        return self.say(named) if named in self._labels else key

    @property
    def taken_head(self) -> tuple[str, ...]:
        """Over the take-downs."""
        names = ("kind", "sent", "acknowledged", "removed", "refused", "withdrawn", "waiting")
        return tuple(self.say(f"takedowns.{each}") for each in names)

    def _taken(self, took: Took) -> tuple[str, ...]:
        def timed(times: Sequence[timedelta]) -> str:
            half = half_within(times)
            if half is None:
                return "0"
            return self.say("takedowns.timed", count=formats.number(len(times)), n=int(half.total_seconds() // 3600))

        name = self._knowledge.takedown.of(took.kind).name.in_(self._language)
        rest = (took.refused, took.withdrawn, took.waiting)
        counts = (formats.number(took.sent), timed(took.acknowledged), timed(took.removed), *map(formats.number, rest))
        return name, *counts

    def sheet(self) -> Sheet:
        """The PDF's content."""
        blocks: list[Block] = [Text(each, strong=not index) for index, each in enumerate(self.notices)]
        blocks.append(Text(self.say("results.intro")))
        for section in self.sections():
            blocks += self._blocks(section)
        blocks += [Heading(self.say("results.notes")), Points(self.rules)]
        return Sheet(
            self.title, self._language.value, "รู้ทัน · Rutan", self.title, self.results.until, tuple(blocks)
        )  # fmt: skip

    def _blocks(self, section: Section) -> list[Block]:
        blocks: list[Block] = [Heading(section.title)]
        if section.lines:
            blocks.append(self._table(self.head, section.lines))
        for part in section.parts:
            blocks.append(Text(part.title, strong=True))
            hidden = Text(self.say("results.table_hidden" if part.withheld else "results.none"))
            blocks.append(self._table(self.head, part.rows) if part.rows else hidden)
        if section.name == "takedowns":
            taken = Table(self.taken_head, section.taken, (0.2, 0.08, 0.2, 0.2, 0.1, 0.1, 0.12))
            blocks.append(taken if section.taken else Text(self.say("takedowns.nothing")))
        how, limits = self.say("results.how"), self.say("results.limits")
        return [*blocks, Text(f"{how}: {section.how}", small=True), Text(f"{limits}: {section.limits}", small=True)]

    def _table(self, head: tuple[str, str, str], lines: tuple[Line, ...]) -> Table:
        rows = tuple((each.label, each.now, each.before) for each in lines)
        return Table(head, rows, (0.56, 0.22, 0.22), numbers=True)
