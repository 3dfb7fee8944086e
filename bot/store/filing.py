"""A report is filed: its number, its case, its weight, and by when it will have been looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.identity import Identity
from bot.store import forms, ledger, sightings
from bot.store.case_numbers import case_number
from bot.store.transaction import Row, Transaction
from handlers.limits import LimitKind
from handlers.messages import Address, Details, NewReport, Platform, Sighting
from handlers.report import REVIEW_DAYS
from handlers.standing import WEIGHTS, Evidence

# A browser is nobody: a script makes a thousand of them. In the queue four weigh what one person does.
BROWSER_SHARE = 0.25
# These decisions stand when more people report the same; "we cannot tell" is looked at again.
STANDING_DECISIONS = ("scam", "new_entry", "not_a_scam")


def weight(evidence: str, platform: str) -> float:
    """What one reporter adds to the weight of a case, in citizens."""
    share = BROWSER_SHARE if evidence == Evidence.CITIZEN and platform == Platform.WEB else 1.0
    return WEIGHTS[evidence] * share


@dataclass(frozen=True)
class Filed:
    """What the reporter hears: the number, and the day by which it will have been looked at (22/11/2026)."""

    number: str
    promised: str


@dataclass(frozen=True)
class Place:
    """Where a report goes: its case (None for a blocked reporter's), the state it begins in, the promise."""

    case: int | None
    state: str
    promised_at: datetime


@dataclass(frozen=True)
class Filing:
    """All that filing needs. `evidence` says who vouches, `hub` through which hub it came."""

    tx: Transaction
    identity: Identity
    now: datetime
    timezone: ZoneInfo
    evidence: Evidence = Evidence.CITIZEN
    hub: str | None = None

    def file(self, address: Address, report: NewReport) -> Filed:
        """Keep a report, in the case of its message. One who is blocked gets a number as well, and counts for nothing."""
        person = self.identity.person(address)
        number = self._number()
        limit = self.tx.row("limit_of", person=person, now=forms.stamp(self.now))
        blocked = limit is not None and limit["kind"] == LimitKind.BLOCKED
        place = self._unread() if blocked else self._place(address, report)
        added = self._added(place.case, person, address.platform) if place.case is not None else None
        row = self.tx.rows(
            "report",
            number=number,
            person=person,
            platform=address.platform.value,
            # Not every database takes the NUL character in a text.
            text=report.text.replace("\0", ""),
            language=report.language.value,
            level=report.level.value,
            type=report.type.value if report.type else None,
            entry=report.entry,
            state=place.state,
            reported_at=forms.stamp(self.now),
            case_id=place.case,
            evidence=self.evidence.value,
            hub=self.hub,
            disputes=int(report.disputes),
            hidden=int(blocked),
            promised_at=forms.stamp(place.promised_at),
        )[0]
        if added is not None:
            self._join(place, report, added)
            ledger.note(self.tx, self.identity, int(row["id"]), report.named, self.now)
        return Filed(number, place.promised_at.astimezone(self.timezone).strftime("%d/%m/%Y"))

    def _number(self) -> str:
        """The year is the one on the house's calendar."""
        year = self.now.astimezone(self.timezone).year
        return case_number(year, self.tx.rows("next_counter", name=f"case:{year}")[0]["value"])

    def _unread(self) -> Place:
        return Place(None, "received", self._promise())

    def _promise(self) -> datetime:
        return self.now + timedelta(days=REVIEW_DAYS)

    def _place(self, address: Address, report: NewReport) -> Place:
        sighting = self._sighting(address, report)
        text_key = self._text_key(report)
        known = self._known(sighting, text_key)
        if known is None:
            case = self._open(report, sighting, text_key)
            return Place(case, "received", self._promise())
        case, promised_at = int(known["id"]), forms.moment(known["promised_at"])
        if known["state"] != "answered":
            # What is overdue was promised to others; nobody is promised a day that has passed.
            return Place(case, known["state"], promised_at if promised_at > self.now else self._promise())
        if report.disputes or known["decision"] not in STANDING_DECISIONS:
            self.tx.run("reopen_case", id=case, promised_at=forms.stamp(self._promise()))
            return Place(case, "received", self._promise())
        self.tx.run("tell_case", id=case)
        return Place(case, "answered", self.now)

    def _sighting(self, address: Address, report: NewReport) -> int | None:
        """The sighting of the message, which the reporter is counted in; None for one too short to be known again."""
        if report.fingerprint is None:
            return None
        known = sightings.known(self.tx, report.fingerprint)
        source = self.identity.person(address)
        if known is not None and self.tx.row("sighting_source", sighting=known["id"], source=source):
            return int(known["id"])
        day = self.now.astimezone(self.timezone).date()
        asking = sightings.Asking(self.tx, self.identity, address, self.now, day)
        return asking.add(Sighting(report.fingerprint, report.level, report.type, report.entry))

    def _text_key(self, report: NewReport) -> str | None:
        return self.identity.of_text(report.folds_by) if report.folds_by else None

    def _known(self, sighting: int | None, text_key: str | None) -> Row | None:
        found = self.tx.row("case_of_sighting", sighting=sighting) if sighting is not None else None
        if found is None and text_key is not None:
            found = self.tx.row("case_of_text", text_key=text_key)
        if found is None or found["merged_into"] is None:
            return found
        return self.tx.row("case_state", id=found["merged_into"])

    def _open(self, report: NewReport, sighting: int | None, text_key: str | None) -> int:
        opened = self.tx.rows(
            "open_case",
            sighting=sighting,
            text_key=text_key,
            level=report.level.value,
            type=report.type.value if report.type else None,
            entry=report.entry,
            now=forms.stamp(self.now),
            promised_at=forms.stamp(self._promise()),
        )
        if sighting is not None:
            sightings.grow_cases(self.tx, sighting, self.now.astimezone(self.timezone).date())
        return int(opened[0]["id"])

    def _added(self, case: int, person: str, platform: Platform) -> tuple[int, float]:
        """By how many reporters and how much weight the case grows: whoever reports again adds only what is new."""
        own = [weight(row["evidence"], platform) for row in self.tx.rows("own_in_case", case_id=case, person=person)]
        return (0 if own else 1), max(0.0, weight(self.evidence, platform) - max(own, default=0.0))

    def _join(self, place: Place, report: NewReport, added: tuple[int, float]) -> None:
        reporters, more = added
        self.tx.run(
            "join_case",
            id=place.case,
            reporters=reporters,
            weight=more,
            disputed=int(report.disputes),
            guarded=int(any(each.guarded for each in report.named)),
            text_key=self._text_key(report),
            now=forms.stamp(self.now),
        )


def detail(tx: Transaction, person: str, told: Details) -> None:
    """Add what the reporter tells of their own report; nothing where it is not theirs, or withdrawn."""
    tx.run(
        "details",
        number=told.number,
        person=person,
        came_by=told.came_by.value if told.came_by else None,
        loss=told.loss.value if told.loss else None,
        province=told.province,
        note=told.note.replace("\0", "") if told.note is not None else None,
    )


def withdraw(tx: Transaction, person: str, number: str) -> bool:
    """Take back one's own report: its words go at once and it counts no more. Whether there was such a one."""
    row = tx.row("own_report", number=number, person=person)
    if row is None:
        return False
    ledger.withdraw(tx, row["id"])
    tx.run("withdraw", id=row["id"])
    if row["case_id"] is not None:
        recount(tx, row["case_id"])
    tx.tidy()
    return True


def forget(tx: Transaction, person: str) -> int:
    """Erase a person's reports: words, and whose they were; that there were some stays. How many rows changed."""
    left = [row["case_id"] for row in tx.rows("cases_of_person", person=person)]
    # First what finds them by their reports.
    ledger.erase(tx, person)
    changed = tx.run("erase_reports", person=person)
    changed += tx.run("erase_notices", person=person)
    changed += tx.run("erase_follow_ups", person=person)
    for case in left:
        recount(tx, case)
    return changed


def show_again(tx: Transaction, person: str) -> tuple[int, int]:
    """Take back that a person's reports were hidden: they count again, and their reporter hears what became of their cases
    meanwhile. How many reports, in how many cases."""
    shown = tx.run("show_reports", person=person)
    return shown, recounted(tx, [row["case_id"] for row in tx.rows("cases_of_person", person=person)], tell=shown > 0)


def recounted(tx: Transaction, cases: Iterable[int], *, tell: bool = False) -> int:
    """Count cases anew after an official's act on somebody's reports: whoever has one open sees that it changed. How many."""
    each_once = sorted(set(cases))
    for each in each_once:
        recount(tx, each)
        tx.run("touch_case", id=each)
        if tell:
            tx.run("tell_case", id=each)
    return len(each_once)


def recount(tx: Transaction, case: int) -> None:
    """Count a case anew: after a report has left it, or others have come to it."""
    rows = tx.rows("counted_reports", case_id=case)
    tx.run(
        "recount_case",
        id=case,
        reports=len(rows),
        reporters=len({row["person"] for row in rows if row["person"]}),
        weight=_whole_weight(rows),
        disputed=int(any(row["disputes"] for row in rows)),
    )


def _whole_weight(rows: Sequence[Row]) -> float:
    heaviest: dict[str, float] = {}
    for row in rows:
        if row["person"]:
            heaviest[row["person"]] = max(heaviest.get(row["person"], 0.0), weight(row["evidence"], row["platform"]))
    return sum(heaviest.values())
