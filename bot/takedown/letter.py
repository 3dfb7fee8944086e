"""The letter of a request, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.desk import labels
from bot.desk.formats import day, number
from bot.street.sheet import Block, Heading, Points, Sheet, Table, Text
from bot.takedown.facts import Facts, Moment, Said
from content.models import Language
from content.takedown import RecipientKind

HERE = Path(__file__).parent
# More links stand in evidence.txt.
MOST_LINKS = 12


class Letter:
    """Writes the letters of one request."""

    def __init__(self, facts: Facts, language: Language) -> None:
        self._facts = facts
        self._language = language
        self._labels = labels.load(HERE)

    def sheet(self, checksums: Mapping[str, str]) -> Sheet:
        """The letter; `checksums` are those of the files beside it."""
        facts = self._facts
        return Sheet(
            title=self._say("title"),
            language=self._language.value,
            above=self._say("above", kind=self._in(facts.kind_name)),
            foot=f"{facts.reference} · รู้ทัน · Rutan",
            at=facts.moment,
            blocks=(*self._opening(), *self._targets(), *self._why(), *self._notes(), *self._end(checksums)),
        )

    def _say(self, key: str, **values: str | int) -> str:
        return self._labels.say(f"letter.{key}", self._language, **values)

    def _in(self, said: Said) -> str:
        return said.th if self._language is Language.THAI else said.en

    def _day(self, moment: Moment | None) -> str:
        zone = ZoneInfo(self._facts.timezone)
        return day(datetime.fromisoformat(moment.local) if moment else None, self._language, zone)

    def _opening(self) -> tuple[Block, ...]:
        facts, blank = self._facts, self._say("blank")
        return (
            Text(self._say("reference", reference=facts.reference, date=self._day(facts.as_of))),
            Text(self._say("to", name=facts.recipient_name or blank), strong=True),
            Text(self._say("by", address=facts.recipient_address or blank)),
            Text(self._say("from", name=facts.office.name or blank), strong=True),
            Text(self._say("contact", contact=facts.office.contact or blank)),
            Text(self._say("opening", date=self._day(facts.decided))),
        )

    def _targets(self) -> tuple[Block, ...]:
        known = labels.load()
        rows = tuple(
            (
                known.say(f"identifier.{each.kind}", self._language),
                each.value,
                self._say(
                    "times_of", times=number(each.times_reported), people=number(each.reporters), last=self._day(each.last_reported)
                ),
            )
            for each in self._facts.targets
        )  # fmt: skip
        head = (self._say("kind"), self._say("value"), self._say("times"))
        table: Block = Table(head, rows, (0.2, 0.45, 0.35)) if rows else Text(self._say("no_targets"))
        asked = Points(tuple(map(self._in, self._facts.asks_said)))
        return Heading(self._say("targets")), table, Heading(self._say("asks")), asked

    def _why(self) -> tuple[Block, ...]:
        facts, counts = self._facts, self._facts.counts
        explained = facts.explained
        how = explained.how_it_works_th if self._language is Language.THAI else explained.how_it_works_en
        said = [
            self._say("type", type=self._in(explained.type_name)) if explained.type else "",
            self._say("entry", title=self._in(explained.title)) if explained.entry else "",
            *how,
            self._say(
                "counts", reports=number(counts.reports), people=number(counts.reporters),
                first=self._day(counts.first_report), last=self._day(counts.last_report),
            ),
            self._say(
                "asked", asked=number(counts.times_asked), people=number(counts.people_asked),
                first=self._day(counts.first_seen), last=self._day(counts.last_seen),
            ) if counts.times_asked else "",
            self._say("disputing", n=number(counts.disputing)) if counts.disputing else "",
        ]  # fmt: skip
        links = tuple(f"{each.link}: {self._in(each.said)}" for each in facts.links[:MOST_LINKS])
        below: tuple[Block, ...] = (Heading(self._say("links")), Points(links)) if links else ()
        return Heading(self._say("why")), Points(tuple(each for each in said if each)), *below

    def _notes(self) -> tuple[Block, ...]:
        keys = ["no_order", "mistaken", "masked", "defanged"]
        if self._facts.kind == RecipientKind.BANK:
            keys.insert(1, "bank")
        return Heading(self._say("note")), Points(tuple(map(self._say, keys)))

    def _end(self, checksums: Mapping[str, str]) -> tuple[Block, ...]:
        return (
            Text(self._say("reply", reference=self._facts.reference), strong=True),
            Text(self._say("sign")),
            Text(self._say("files"), small=True),
            *(Text(f"{name}  {checksum}", small=True) for name, checksum in checksums.items()),
        )
