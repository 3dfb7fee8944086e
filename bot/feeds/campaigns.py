"""What two officials confirmed: the one source of every form of the early warning.

Three things are in it: campaigns that one official proposed and another confirmed, urgent warnings that two signed, and entries
of the knowledge that a second person made live. Who may see how much of a campaign is decided here and nowhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.bulletin_pages import LISTED, Issue, issues
from bot.settings import Settings
from bot.store.bulletins import Bulletins
from bot.store.campaigns import Campaign, CampaignBook, Mark, Marking, personal
from bot.store.foundation import Foundation
from bot.store.revisions import Revisions
from content.knowledge import Knowledge
from content.models import Entry, Language, ScamType
from content.models import State as EntryState
from content.reported import Subject
from content.revising import Kind as Revised
from scheduler.bulletins import Kind
from scheduler.trends import SMALLEST

# The mark of who warns.
PUBLISHER = "publisher:"


class Reach(StrEnum):
    """Who reads: everybody; partners with the scope `feeds`; agencies that have the scope `identifiers` too."""

    PUBLIC = "public"
    PARTNERS = "partners"
    AGENCIES = "agencies"

    def includes(self, other: Reach) -> bool:
        """Whether whoever reads this may read `other`."""
        order = list(Reach)
        return order.index(self) >= order.index(other)

    @property
    def markings(self) -> frozenset[Marking]:
        """What may be in it."""
        return frozenset({Marking.CLEAR}) if self is Reach.PUBLIC else frozenset(Marking)


@dataclass(frozen=True)
class Publisher:
    """Who warns: what stands in every form of the feed."""

    url: str
    name: str
    contact: str
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> Publisher:
        return cls(settings.public_url, settings.publisher_name, settings.publisher_contact, settings.timezone)


@dataclass(frozen=True)
class Used:
    """A thing that a scam uses: `number` is its place in the campaign, which never changes; `withdrawn` since when we know it
    as somebody's own, so that nobody may be warned of it any more."""

    number: int
    subject: Subject
    withdrawn: datetime | None = None


@dataclass(frozen=True)
class Warned:
    """A campaign as one reach sees it. `over`: its time has run out, so that nobody acts on it any more."""

    campaign: Campaign
    used: tuple[Used, ...]
    over: bool = False

    @property
    def count(self) -> int | None:
        """How often it was reported; None where so few people did that they might be known."""
        return self.campaign.reports if self.campaign.reporters >= SMALLEST else None


@dataclass(frozen=True)
class Renewed:
    """An entry that a second person made live."""

    entry: Entry
    order: int
    at: datetime


@dataclass(frozen=True)
class Warnings:
    """All that may be told now. `marks` say since when a thing of our knowledge is in the feed, by its name."""

    campaigns: tuple[Warned, ...]
    alerts: tuple[Issue, ...]
    renewed: tuple[Renewed, ...]
    knowledge: Knowledge
    marks: Mapping[str, Mark] = field(default_factory=dict)

    def reached(self, reach: Reach) -> tuple[Warned, ...]:
        """The campaigns, and of each what it uses, as far as this reach may know."""
        return tuple(
            replace(each, used=tuple(one for one in each.used if reach is Reach.AGENCIES or not personal(one.subject)))
            for each in self.campaigns
            if each.campaign.marking in reach.markings
        )

    def title(self, campaign: Campaign, language: Language) -> str:
        """What a campaign is called: its entry, else its type."""
        entry = self.knowledge.entries.get(campaign.entry or "")
        if entry is not None:
            return entry.title.in_(language)
        return self.type_name(campaign.type or ScamType.OTHER.value, language)

    def type_name(self, type_: str, language: Language) -> str:
        """A type of scam, as citizens read it."""
        known = self.knowledge.phrases.get(f"bulletin_type_{type_}")
        return known.in_(language) if known else type_

    def channel(self, came_by: str, language: Language) -> str:
        """How a message came."""
        known = self.knowledge.phrases.get(f"came_by_{came_by}")
        return known.in_(language) if known else came_by


class Confirmed:
    """The warnings of one house as they stand; looked up anew as soon as anything has changed."""

    def __init__(self, foundation: Foundation, knowledge: Callable[[], Knowledge], publisher: Publisher) -> None:
        self.publisher = publisher
        self._foundation = foundation
        self._book = CampaignBook(foundation)
        self._bulletins = Bulletins(foundation)
        self._revisions = Revisions(foundation)
        self._knowledge = knowledge
        self._kept: tuple[object, Warnings] | None = None
        self._looking = asyncio.Lock()

    async def warnings(self) -> Warnings:
        """What may be told. Raises StoreFailed."""
        knowledge = self._knowledge()
        async with self._looking:
            pulse = (knowledge.version, await self._book.pulse())
            if self._kept is None or self._kept[0] != pulse:
                self._kept = (pulse, await self._looked_up(knowledge))
            return self._kept[1]

    async def _looked_up(self, knowledge: Knowledge) -> Warnings:
        campaigns = await self._book.published()
        known = await self._book.marks({})
        digests = _digests(knowledge, campaigns, known)
        digests[PUBLISHER] = _digest([self.publisher.name, self.publisher.contact])
        marks = await self._book.marks(digests)
        public = [each for each in issues(await self._bulletins.newest(LISTED)) if each.first.kind is Kind.ALERT]
        return Warnings(
            campaigns=tuple(_warned(each, marks, self._foundation.now()) for each in campaigns),
            alerts=tuple(public),
            renewed=await self._renewed(knowledge),
            knowledge=knowledge,
            marks=marks,
        )

    async def _renewed(self, knowledge: Knowledge) -> tuple[Renewed, ...]:
        _, chains = await self._revisions.chains()
        live = (chain[0] for chain in chains if chain and chain[0].kind is Revised.ENTRY and not chain[0].refused)
        found = ((knowledge.entries.get(each.name), each) for each in live)
        renewed = (
            Renewed(entry, each.live_order, each.decided_at)
            for entry, each in found
            if entry is not None and entry.state is EntryState.LIVE and each.decided_at is not None
        )
        return tuple(sorted(renewed, key=lambda each: each.order))


def named(kind: str, name: str) -> str:
    """Under which name a mark is kept."""
    return f"{kind}:{name}"


def _warned(campaign: Campaign, marks: Mapping[str, Mark], now: datetime) -> Warned:
    used = []
    for number, subject in campaign.used:
        mark = marks.get(_guarded(campaign, number))
        used.append(Used(number, subject, mark.changed if mark else None))
    # Looked up anew each day: a warning is over at the latest a day after its time.
    return Warned(campaign, tuple(used), campaign.valid_until <= now)


def _guarded(campaign: Campaign, number: int) -> str:
    return named("guarded", f"{campaign.uuid}:{number}")


def _digests(knowledge: Knowledge, campaigns: Sequence[Campaign], known: Mapping[str, Mark]) -> dict[str, str]:
    """What is to be marked: each entry and type by its words; and once for ever what the directory guards by now."""
    digests = {named("type", each.value): _digest(_type_words(knowledge, each)) for each in ScamType}
    for id, entry in knowledge.entries.items():
        if entry.state is EntryState.LIVE:
            digests[named("entry", id)] = _digest([entry.title.model_dump(), entry.how_it_works.model_dump()])
    for name in known:
        if name.startswith("entry:") and name not in digests:
            digests[name] = "gone"
    for campaign in campaigns:
        for number, subject in campaign.used:
            if knowledge.directory.guards(*subject):
                digests[_guarded(campaign, number)] = "guarded"
    return digests


def _type_words(knowledge: Knowledge, type_: ScamType) -> object:
    known = knowledge.phrases.get(f"bulletin_type_{type_.value}")
    return known.model_dump() if known else type_.value


def _digest(words: object) -> str:
    return hashlib.sha256(json.dumps(words, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
