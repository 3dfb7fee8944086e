"""A request and its case → the facts of its package. Pure: everything is handed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.desk import labels
from bot.desk.formats import defang
from bot.desk.names import Names
from bot.store.case_types import CaseFile, ReportRow
from bot.store.takedown_types import Counted, Named, Request
from bot.takedown.facts import (
    Counts,
    Explained,
    Facts,
    LinkFacts,
    Moment,
    Office,
    Said,
    TargetFacts,
    TextFacts,
)
from content.directory import registrable
from content.identifiers import Kind, find, host_of
from content.knowledge import Knowledge
from content.models import Language
from content.reported import Subject
from handlers.errors import NotMasked
from handlers.masking import masked

# Reports of one case are copies: so many different wordings of them say it.
MOST_TEXTS = 20
MOST_LINKS = 30


class Gathering:
    """Makes facts with one knowledge, one zone and one office."""

    def __init__(self, knowledge: Knowledge, zone: ZoneInfo, office: Office) -> None:
        self._knowledge = knowledge
        self._zone = zone
        self._office = office
        self._names = {each: Names(knowledge, labels.load(), each) for each in Language}

    def facts(self, request: Request, case: CaseFile, named: Mapping[Subject, Named], counted: Counted) -> Facts:
        """Everything that the package says. `named`: what reports say of the targets."""
        texts, left_out = _texts(case.reports)
        known = self._knowledge.takedown
        return Facts(
            reference=reference(request.id),
            case=case.row.id,
            kind=request.kind.value,
            kind_name=_both(known.of(request.kind).name.th, known.of(request.kind).name.en),
            office=self._office,
            recipient_name=defang(request.name),
            recipient_address=request.address,
            asks=tuple(each.value for each in request.asks),
            asks_said=tuple(_both(known.asks[each].th, known.asks[each].en) for each in request.asks),
            targets=tuple(self._target(each.subject, named[each.subject]) for each in request.targets if each.subject in named),
            decided=self._moment(case.row.decided_at),
            explained=self._explained(case),
            counts=self._counts(case, counted),
            links=self._links([text for text, _, _ in texts]),
            texts=tuple(TextFacts(defang(text), self._at(first), copies) for text, first, copies in texts),
            texts_left_out=left_out,
            timezone=self._zone.key,
            as_of=self._at(_newest(request, case, counted)),
        )  # fmt: skip

    def _at(self, moment: datetime) -> Moment:
        return Moment.of(moment, self._zone)

    def _moment(self, moment: datetime | None) -> Moment | None:
        return self._at(moment) if moment else None

    def _target(self, subject: Subject, said: Named) -> TargetFacts:
        first, last = self._at(said.first_at), self._at(said.last_at)
        return TargetFacts(subject.kind, defang(subject.value), said.times, said.reporters, first, last)

    def _explained(self, case: CaseFile) -> Explained:
        kind, entry = case.row.decided_type or "", case.row.decided_entry or ""
        known = self._knowledge.entries.get(entry)
        thai, english = (self._names[each] for each in (Language.THAI, Language.ENGLISH))
        return Explained(
            type=kind,
            type_name=_both(thai.type(kind), english.type(kind)),
            entry=entry,
            title=_both(thai.entry(entry), english.entry(entry)),
            how_it_works_th=tuple(map(defang, known.how_it_works.th)) if known else (),
            how_it_works_en=tuple(map(defang, known.how_it_works.en)) if known else (),
        )

    def _counts(self, case: CaseFile, counted: Counted) -> Counts:
        return Counts(
            reports=case.row.reports,
            reporters=case.row.reporters,
            disputing=sum(each.disputes and not each.hidden for each in case.reports),
            times_asked=counted.asked,
            people_asked=counted.people,
            first_report=self._moment(counted.first_report),
            last_report=self._at(case.row.last_report_at),
            first_seen=self._moment(counted.first_seen),
            last_seen=self._moment(counted.last_seen),
        )

    def _links(self, texts: Sequence[str]) -> tuple[LinkFacts, ...]:
        found = dict.fromkeys(each.value for text in texts for each in find(text) if each.kind is Kind.URL)
        return tuple(self._link(value) for value in list(found)[:MOST_LINKS])

    def _link(self, value: str) -> LinkFacts:
        finding = self._knowledge.directory.judge_link(value)
        said, _, about = finding.partition(":")
        domain = registrable(host_of(value)) or host_of(value)
        told = {each: defang(self._names[each].finding(finding)) for each in Language}
        return LinkFacts(
            defang(value), defang(domain), said, defang(about), Said(told[Language.THAI], told[Language.ENGLISH])
        )


def reference(id: int) -> str:
    """By what both sides call it."""
    return f"RT-TD-{id:05d}"


def _both(th: str, en: str) -> Said:
    return Said(defang(th), defang(en))


def _texts(reports: Sequence[ReportRow]) -> tuple[list[tuple[str, datetime, int]], int]:
    """The newest wordings with when each first came and how often, oldest first; how many reports are not shown."""
    shown = [each for each in reports if each.text and not each.hidden and each.state != "withdrawn"]
    copies: Counter[str] = Counter()
    first: dict[str, datetime] = {}
    for each in shown:
        if text := _covered(each.text):
            copies[text] += 1
            first.setdefault(text, each.reported_at)
    kept = list(first)[-MOST_TEXTS:]
    return [(text, first[text], copies[text]) for text in kept], len(reports) - sum(copies[text] for text in kept)


def _covered(text: str) -> str:
    """Masked before it was kept, and looked at once more before it leaves the house."""
    try:
        return masked(text)
    except NotMasked:
        return ""


def _newest(request: Request, case: CaseFile, counted: Counted) -> datetime:
    moments = (request.prepared_at, case.row.last_report_at, case.row.decided_at, counted.last_seen)
    return max(each for each in moments if each is not None)
