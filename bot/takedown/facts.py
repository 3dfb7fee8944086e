"""Everything that a take-down package says, as plain data: masked, defanged, and without anybody who reported it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

# Counts up when a name or a meaning of facts.json changes.
FORMAT = "rutan-takedown/1"


@dataclass(frozen=True)
class Moment:
    """One moment on two clocks, as in 2026-11-22T05:00:00Z and 2026-11-22T12:00:00+07:00."""

    utc: str
    local: str

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> Moment:
        """To the second: nobody's clock is better."""
        told = moment.replace(microsecond=0)
        return cls(told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), told.astimezone(zone).isoformat())


@dataclass(frozen=True)
class Said:
    """The same in both languages."""

    th: str
    en: str


@dataclass(frozen=True)
class TargetFacts:
    """A thing to act on, and what all reports together say of it."""

    kind: str
    value: str
    times_reported: int
    reporters: int
    first_reported: Moment
    last_reported: Moment


@dataclass(frozen=True)
class LinkFacts:
    """A link of the reported messages. `finding` as the directory judges it, `of` whom it imitates or belongs to."""

    link: str
    domain: str
    finding: str
    of: str
    said: Said


@dataclass(frozen=True)
class TextFacts:
    """One wording of the reported message; `copies` reports had it letter by letter."""

    text: str
    first_received: Moment
    copies: int


@dataclass(frozen=True)
class Explained:
    """The trick that it is, as the knowledge explains it."""

    type: str
    type_name: Said
    entry: str
    title: Said
    how_it_works_th: tuple[str, ...]
    how_it_works_en: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """How much stands behind it. People are different ones; `disputing` reports say that it is no scam."""

    reports: int
    reporters: int
    disputing: int
    times_asked: int
    people_asked: int
    first_report: Moment | None
    last_report: Moment
    first_seen: Moment | None
    last_seen: Moment | None


@dataclass(frozen=True)
class Office:
    """Who asks; empty where the house has not said it, and then a line is left to write on."""

    name: str = ""
    contact: str = ""


@dataclass(frozen=True)
class Facts:
    """One package. `as_of`: the newest moment of anything in it, so that equal content makes equal bytes."""

    reference: str
    case: int
    kind: str
    kind_name: Said
    office: Office
    recipient_name: str
    recipient_address: str
    asks: tuple[str, ...]
    asks_said: tuple[Said, ...]
    targets: tuple[TargetFacts, ...]
    decided: Moment | None
    explained: Explained
    counts: Counts
    links: tuple[LinkFacts, ...]
    texts: tuple[TextFacts, ...]
    texts_left_out: int
    timezone: str
    as_of: Moment

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.as_of.utc.replace("Z", "+00:00"))


def as_json(facts: Facts) -> str:
    """`facts.json`."""
    notes = {
        "links": "defanged: hxxp for http, [.] for a dot; never open them",
        "texts": "as forwarded by the public or read from their screenshots; personal data covered",
        "what_this_is": "a request for review; no court order, and no finding that any person did wrong",
    }
    return json.dumps({"format": FORMAT, "notes": notes, **asdict(facts)}, ensure_ascii=False, indent=2) + "\n"
