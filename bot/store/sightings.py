"""Messages known again by their fingerprints: who asked, how many, since when. Not a word of them is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.identity import Identity
from bot.store import forms, waves
from bot.store.transaction import Row, Transaction
from content.fingerprints import ALIKE, Fingerprint, likeness
from handlers.messages import Address, ChatKind, Seen, Sighting

# Growth is what came in these days beside what came, on average, in those before them.
RECENT_DAYS = 2
EARLIER_DAYS = 7
# Under this many new people nothing is called rising: two relatives are no wave.
RISING_FROM = 3


@dataclass(frozen=True)
class Growing:
    """A sighting as officials see it. People, groups and hubs are counted as different ones; `recent` are the people
    new in the last two days, `earlier` those new in the seven days before."""

    id: int
    level: str
    type: str | None
    entry: str | None
    asked: int
    people: int
    groups: int
    hubs: int
    recent: int
    earlier: int
    first_seen: datetime
    last_seen: datetime

    @property
    def rising(self) -> bool:
        """Whether at least three are new, and twice as many as would be usual for it."""
        return self.recent >= RISING_FROM and self.recent >= 2 * self.earlier * RECENT_DAYS / EARLIER_DAYS


def seen(tx: Transaction, fingerprint: Fingerprint, asker: str) -> Seen | None:
    """Who else asked about the same message; None when nobody did."""
    row = known(tx, fingerprint)
    if row is None:
        return None
    mine = tx.row("sighting_source", sighting=row["id"], source=asker)
    others = row["people"] - (1 if mine else 0)
    return Seen(others, forms.moment(row["first_seen"])) if others > 0 else None


def known(tx: Transaction, fingerprint: Fingerprint) -> Row | None:
    """The sighting most like a fingerprint, if any is of the same message."""
    near = tx.rows("near_sightings", **_bands(fingerprint))
    scored = [(likeness(fingerprint.signature, _fingerprint(row).signature), -row["id"], row) for row in near]
    best = max(scored, key=lambda each: each[:2], default=None)
    return best[2] if best is not None and best[0] >= ALIKE else None


@dataclass(frozen=True)
class Asking:
    """One question about a message: who asked it where, when, and on which day of the house's calendar; `hub` is the name
    of the hub that they belong to."""

    tx: Transaction
    identity: Identity
    address: Address
    now: datetime
    day: date
    hub: str = ""

    def add(self, sighting: Sighting) -> int:
        """Count the question; answers with the id of its sighting, made where the message is new."""
        row = known(self.tx, sighting.fingerprint)
        if row is None and only_one_makes(self.tx):
            row = known(self.tx, sighting.fingerprint)
        number = int(row["id"]) if row is not None else self._new(sighting)
        said = str(row["said"]) if row is not None else ""
        turned = waves.turned(said, sighting)
        sources = [(kind, self._came_first(number, source, kind)) for source, kind in self._sources()]
        people = sum(first for kind, first in sources if kind == "person")
        self.tx.run(
            "count_sighting",
            id=number,
            now=forms.stamp(self.now),
            people=people,
            groups=sum(first for kind, first in sources if kind == "group"),
            hubs=sum(first for kind, first in sources if kind == "hub"),
            level=sighting.level.value,
            type=sighting.type.value if sighting.type else None,
            entry=sighting.entry,
            said=waves.noted(said, sighting),
        )
        self.tx.run("count_sighting_day", sighting=number, day=self.day.isoformat(), people=people)
        given = f"{sighting.level.value}:{sighting.entry or ''}"
        for source, _ in self._sources():
            values = {"sighting": number, "source": source, "given": given, "words": sighting.words}
            self.tx.run("note_given", now=forms.stamp(self.now), **values)
        # Only now, behind the row's own lock: of two that see a verdict turn at once, one begins the wave.
        if turned and not waves.begin_by_itself(self.tx, number, turned, sighting, self.now):
            self.tx.run("keep_said", id=number, said=said)
        if people:
            grow_cases(self.tx, number, self.day)
        return number

    def _new(self, sighting: Sighting) -> int:
        signature = bytes.fromhex(sighting.fingerprint.signature)
        level, now = sighting.level.value, forms.stamp(self.now)
        number = int(self.tx.rows("new_sighting", signature=signature, level=level, now=now)[0]["id"])
        self.tx.run("new_bands", sighting=number, **_bands(sighting.fingerprint))
        return number

    def _sources(self) -> list[tuple[str, str]]:
        """The person, where the platform tells us who wrote, and the group, where it was in one."""
        if self.address.kind is not ChatKind.GROUP:
            hub = [(self.identity.identifier("hub", self.hub), "hub")] if self.hub else []
            return [(self.identity.person(self.address), "person"), *hub]
        group = (self.identity.group(self.address.platform, self.address.chat), "group")
        return [group, (self.identity.person(self.address), "person")] if self.address.person else [group]

    def _came_first(self, sighting: int, source: str, kind: str) -> int:
        day = self.day.isoformat()
        return self.tx.run("new_source", sighting=sighting, source=source, kind=kind, day=day)


def only_one_makes(tx: Transaction) -> bool:
    """From here to the end of the transaction nobody else makes sightings or pictures; whether somebody may just have."""
    row = tx.row("only_one_makes")
    return row is not None and bool(row["again"])


def grow_cases(tx: Transaction, sighting: int, day: date) -> None:
    """The cases of a sighting learn how many people were new to it in the last days."""
    tx.run("grow_cases", sighting=sighting, day=day.isoformat(), recent=recent_since(day).isoformat())


def shrink_cases(tx: Transaction, day: date, page: int) -> int:
    """The same for a page of cases whose growth was counted on an earlier day; how many."""
    return tx.run("shrink_cases", day=day.isoformat(), recent=recent_since(day).isoformat(), page=page)


def recent_since(day: date) -> date:
    """The first of the days that count as recent on this one."""
    return day - timedelta(days=RECENT_DAYS - 1)


def erase(tx: Transaction, source: str) -> int:
    """Take a person or group, by keyed hash, out of every count; how many sightings knew them. One that nobody else
    asked about goes with them."""
    tx.run("uncount_sighting_days", source=source)
    tx.run("uncount_sightings", source=source)
    lone = _remove(tx, tx.rows("lone_sightings", source=source))
    return lone + tx.run("erase_sources", source=source)


def remove_old(tx: Transaction, before: datetime, page: int) -> int:
    """Forget a page of sightings that nobody asked about since then; how many."""
    return _remove(tx, tx.rows("old_sightings", before=forms.stamp(before), page=page))


def _remove(tx: Transaction, rows: Sequence[Row]) -> int:
    for row in rows:
        for band in _fingerprint(row).bands:
            tx.run("erase_band", band=band, sighting=row["id"])
        tx.run("erase_sighting", id=row["id"])
    return len(rows)


def _bands(fingerprint: Fingerprint) -> dict[str, int]:
    """The bands as the values of a query."""
    return {f"b{number}": band for number, band in enumerate(fingerprint.bands)}


def _fingerprint(row: Row) -> Fingerprint:
    return Fingerprint(bytes(row["signature"]).hex())


def growing(tx: Transaction, now: datetime, limit: int) -> Sequence[Growing]:
    """The sightings that no entry explains, the fastest growing first; `now` in the house's own zone."""
    today = now.date()
    recent = recent_since(today)
    earlier = recent - timedelta(days=EARLIER_DAYS)
    since = forms.stamp(now - timedelta(days=RECENT_DAYS + EARLIER_DAYS))
    days = {"recent": recent.isoformat(), "earlier": earlier.isoformat()}
    rows = tx.rows("unknown_sightings", since=since, page=limit, **days)
    return [
        Growing(
            **{name: row[name] for name in _COUNTED},
            first_seen=forms.moment(row["first_seen"]),
            last_seen=forms.moment(row["last_seen"]),
        )
        for row in rows
    ]


_COUNTED = ("id", "level", "type", "entry", "asked", "people", "groups", "hubs", "recent", "earlier")
