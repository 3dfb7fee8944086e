"""The warnings as STIX 2.1. The same warnings give the same bytes: every id and moment comes from what was confirmed.

An id is a UUID of version 5 under the house's own address; a campaign's comes from the name it was given when it was proposed.
Nothing that a telephone or account could be guessed from is in an id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import stix2.v21 as stix

from bot.bulletin_pages import Issue
from bot.feeds.campaigns import PUBLISHER, Publisher, Reach, Used, Warned, Warnings, named
from bot.store.campaigns import Campaign, Mark, Marking, personal
from content.models import Entry, Language, ScamType
from content.models import State as EntryState
from content.reported import Subject

# TLP 2.0 as OASIS publishes it for STIX 2.1: these ids and this moment are fixed, readers know the markings by them.
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_CREATED = "2022-10-01T00:00:00.000Z"
TLP = {
    Marking.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Marking.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Marking.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
}
# What a telephone, an account or a LINE id is in a pattern: STIX has no object of its own for them.
ACCOUNT_TYPES = {"phone": "phone", "account": "bank-account", "line_id": "line", "wallet": "crypto-wallet"}
CALLED = {
    "domain": "Domain", "page": "Page", "phone": "Telephone", "account": "Bank account", "line_id": "LINE id",
    "wallet": "Crypto wallet",
}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """One object of the feed. `added`: when it came into the feed in this form; `version` as STIX writes that moment."""

    id: str
    type: str
    added: datetime
    version: str
    body: Mapping[str, Any]

    @cached_property
    def place(self) -> tuple[str, str]:
        """Its place in the order of the feed; moments of one width, so that text order is time order."""
        return written(self.added), self.id


Memo = dict[Hashable, tuple[Thing, ...]]


def things(warnings: Warnings, reach: Reach, publisher: Publisher, memo: Memo | None = None) -> tuple[Thing, ...]:
    """Everything that this reach may see, in the order in which it came into the feed. `memo` is what was made before for this
    reach: what has not changed is taken from it, for making an object takes a fifth of a millisecond."""
    known, used = memo if memo is not None else Memo(), Memo()
    for key, make in _Maker(warnings, reach, publisher).everything():
        used[key] = known[key] if key in known else tuple(_thing(each) for each in make())
    known.clear()
    known.update(used)
    return tuple(sorted((each for made in used.values() for each in made), key=lambda each: each.place))


def bundle(found: Sequence[Thing], publisher: Publisher) -> str:
    """One bundle of them all, as JSON."""
    bodies = [dict(each.body) for each in found]
    whole = hashlib.sha256(json.dumps(bodies, ensure_ascii=False).encode()).hexdigest()
    said = {"type": "bundle", "id": f"bundle--{uuid5(namespace(publisher), whole)}", "objects": bodies}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def written(moment: datetime) -> str:
    """A moment of UTC to the millisecond, as TAXII writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _alone(make: Callable[..., Any], *given: Any) -> tuple[Any, ...]:
    return (make(*given),)


def namespace(publisher: Publisher) -> UUID:
    """Under which all ids of this house are made."""
    return uuid5(NAMESPACE_URL, publisher.url)


def _thing(made: Any) -> Thing:
    body = json.loads(made.serialize())
    version = body.get("modified") or body["created"]
    return Thing(body["id"], body["type"], datetime.fromisoformat(version), version, body)


class _Maker:
    """Makes the objects of one reach."""

    def __init__(self, warnings: Warnings, reach: Reach, publisher: Publisher) -> None:
        self._warnings = warnings
        self._reach = reach
        self._publisher = publisher
        self._space = namespace(publisher)
        self._me = self._id("identity", "publisher")

    def everything(self) -> Iterator[tuple[Hashable, Callable[[], Iterable[Any]]]]:
        """All there is to make, each part under a key that is another one when the part is."""
        version, marks = self._warnings.knowledge.version, self._warnings.marks
        yield ("frame", marks[PUBLISHER]), self._frame
        for name, mark in marks.items():
            kind, _, id = name.partition(":")
            if kind in ("type", "entry"):
                make = self._type if kind == "type" else self._entry
                yield (name, mark, version), partial(_alone, make, id, mark)
        for issue in self._warnings.alerts:
            yield ("alert", issue.address, issue.shown.id, issue.shown.version), partial(_alone, self._alert, issue)
        for warned in self._warnings.reached(self._reach):
            yield (warned, version), partial(self._campaign, warned)

    def _frame(self) -> Iterator[Any]:
        yield from (self._marking(each) for each in Marking if each in self._reach.markings)
        yield self._identity()

    # What stands for itself

    def _marking(self, marking: Marking) -> Any:
        said = {"extension_type": "property-extension", "tlp_2_0": marking.value}
        return stix.MarkingDefinition(
            id=TLP[marking], created=TLP_CREATED, name=f"TLP:{marking.upper()}", extensions={TLP_EXTENSION: said}
        )

    def _identity(self) -> Any:
        mark = self._warnings.marks[PUBLISHER]
        given = {"contact_information": self._publisher.contact} if self._publisher.contact else {}
        return stix.Identity(
            id=self._me,
            created=mark.since,
            modified=mark.changed,
            name=self._publisher.name,
            identity_class="organization",
            object_marking_refs=[TLP[Marking.CLEAR]],
            **given,
        )

    def _type(self, type_: str, mark: Mark) -> Any:
        english, thai = (self._warnings.type_name(type_, each) for each in (Language.ENGLISH, Language.THAI))
        return stix.AttackPattern(
            id=self._type_id(type_),
            name=english,
            aliases=[thai],
            description=f"A type of scam. {thai}",
            external_references=[{"source_name": "rutan-type", "external_id": type_}],
            **self._clear(mark.since, mark.changed),
        )

    def _entry(self, id: str, mark: Mark) -> Any:
        entry = self._warnings.knowledge.entries.get(id)
        live = entry is not None and entry.state is EntryState.LIVE
        said = _entry_words(entry) if entry is not None else {"name": id}
        return stix.AttackPattern(
            id=self._entry_id(id),
            external_references=[{"source_name": "rutan-entry", "external_id": id}],
            **said,
            **self._clear(mark.since, mark.changed),
            **({} if live else {"revoked": True}),
        )

    def _alert(self, issue: Issue) -> Any:
        english, thai = (issue.shown.text(each) for each in (Language.ENGLISH, Language.THAI))
        published = _to_ms(issue.first.started_at or issue.first.made_at)
        changed = _to_ms(issue.shown.started_at or issue.shown.made_at)
        warned = [
            self._entry_id(each.entry)
            for each in english.warnings
            if named("entry", each.entry) in self._warnings.marks
        ]
        page = f"{self._publisher.url}/bulletins/{issue.address}"
        return stix.Report(
            id=self._id("report", issue.address),
            name=_plain(english.title),
            description="\n".join(map(_plain, (english.intro, thai.title, thai.intro, page))),
            report_types=["attack-pattern"],
            published=published,
            object_refs=warned or [self._me],
            **self._clear(published, max(published, changed)),
        )

    # A campaign and all that hangs on it

    def _campaign(self, warned: Warned) -> Iterator[Any]:
        campaign = warned.campaign
        id = self._id("campaign", campaign.uuid)
        english, thai = (self._warnings.title(campaign, each) for each in (Language.ENGLISH, Language.THAI))
        yield stix.Campaign(
            id=id,
            name=f"{english} ({campaign.first_on.isoformat()}, {campaign.uuid[:8]})",
            aliases=[thai],
            description=self._told(warned),
            first_seen=self._start(campaign.first_on),
            last_seen=self._start(campaign.last_on),
            **self._marked(campaign, campaign.changed_at),
        )
        yield self._sighting(warned, id)
        yield from (self._link(campaign, id, "uses", pattern) for pattern in self._patterns(campaign))
        for used in warned.used:
            indicator = self._indicator(campaign, used, english)
            yield indicator
            yield self._link(campaign, indicator["id"], "indicates", id, used)

    def _told(self, warned: Warned) -> str:
        campaign, lines = warned.campaign, []
        entry = self._warnings.knowledge.entries.get(campaign.entry or "")
        for language in (Language.ENGLISH, Language.THAI):
            lines.append(self._warnings.title(campaign, language))
            lines += entry.how_it_works.in_(language) if entry else ()
        if campaign.came_by:
            channels = (self._warnings.channel(each, Language.ENGLISH) for each in campaign.came_by)
            lines.append(f"Came by: {', '.join(channels)}")
        if warned.count is not None:
            lines.append(f"Reported {campaign.reports} times by {campaign.reporters} people.")
        return "\n".join(lines)

    def _sighting(self, warned: Warned, campaign_id: str) -> Any:
        campaign = warned.campaign
        return stix.Sighting(
            id=self._id("sighting", campaign.uuid),
            sighting_of_ref=campaign_id,
            where_sighted_refs=[self._me],
            first_seen=self._start(campaign.first_on),
            last_seen=self._start(campaign.last_on),
            **({} if warned.count is None else {"count": warned.count}),
            **self._marked(campaign, campaign.changed_at),
        )

    def _patterns(self, campaign: Campaign) -> Iterator[str]:
        if campaign.entry and named("entry", campaign.entry) in self._warnings.marks:
            yield self._entry_id(campaign.entry)
        if campaign.type in set(ScamType):
            yield self._type_id(campaign.type or "")

    def _indicator(self, campaign: Campaign, used: Used, title: str) -> Any:
        return stix.Indicator(
            id=self._id("indicator", f"{campaign.uuid}:{used.number}"),
            name=f"{CALLED[used.subject.kind]} used in a scam",
            description=f"Used in: {title}. Two officials confirmed it.",
            indicator_types=["malicious-activity"],
            pattern=pattern(used.subject),
            pattern_type="stix",
            valid_from=campaign.confirmed_at,
            valid_until=campaign.valid_until,
            **self._marked(campaign, campaign.confirmed_at, used),
        )

    def _link(self, campaign: Campaign, source: str, how: str, target: str, used: Used | None = None) -> Any:
        return stix.Relationship(
            id=self._id("relationship", f"{source} {how} {target}"),
            relationship_type=how,
            source_ref=source,
            target_ref=target,
            **self._marked(campaign, campaign.confirmed_at, used),
        )

    # What all of them carry

    def _marked(self, campaign: Campaign, changed: datetime | None, used: Used | None = None) -> dict[str, Any]:
        """Moments, marking and revocation of a part of a campaign; what leads to a person is never marked less than amber."""
        created = campaign.confirmed_at or campaign.proposed_at
        withdrawn = used.withdrawn if used else None
        ends = [each for each in (campaign.ended_at, withdrawn) if each]
        marking = Marking.AMBER if used and personal(used.subject) else campaign.marking
        return {
            "created_by_ref": self._me,
            "created": created,
            "modified": max([created, changed or created, *ends]),
            "object_marking_refs": [TLP[marking]],
            **({"revoked": True} if ends else {}),
        }

    def _clear(self, created: datetime, modified: datetime) -> dict[str, Any]:
        return {
            "created_by_ref": self._me,
            "created": created,
            "modified": modified,
            "object_marking_refs": [TLP[Marking.CLEAR]],
        }

    def _start(self, day: date) -> datetime:
        """A day is told, not a minute: the day's beginning where the house stands."""
        return datetime(day.year, day.month, day.day, tzinfo=self._publisher.zone).astimezone(UTC)

    def _type_id(self, type_: str) -> str:
        return self._id("attack-pattern", f"type:{type_}")

    def _entry_id(self, entry: str) -> str:
        return self._id("attack-pattern", f"entry:{entry}")

    def _id(self, kind: str, name: str) -> str:
        return f"{kind}--{uuid5(self._space, f'{kind} {name}')}"


def pattern(subject: Subject) -> str:
    """A thing that a scam uses as a STIX pattern."""
    if subject.kind == "domain":
        numbers = subject.value.replace(".", "")
        kind = "ipv4-addr" if numbers.isascii() and numbers.isdigit() else "domain-name"
        return f"[{kind}:value = {_quoted(subject.value)}]"
    if subject.kind == "page":
        addresses = (f"url:value = {_quoted(f'{scheme}://{subject.value}')}" for scheme in ("https", "http"))
        return f"[{' OR '.join(addresses)}]"
    account = ACCOUNT_TYPES[subject.kind]
    return f"[user-account:account_type = '{account}' AND user-account:user_id = {_quoted(subject.value)}]"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _entry_words(entry: Entry) -> dict[str, Any]:
    lines: Iterable[str] = (*entry.how_it_works.en, *entry.how_it_works.th)
    return {"name": entry.title.en, "aliases": [entry.title.th], "description": "\n".join(lines)}


def _plain(text: str) -> str:
    return text.replace("**", "")


def _to_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
