"""The ledger: telephones, accounts, LINE ids, domains… that were reported, known again by keyed hashes alone.

Called at filing (`note`), at withdrawal (`withdraw`), at erasure (`erase`), after an official's decision (`decided`) and
merge (`merged`), and before each verdict (`standings`). Who said what, and whether it counts, stands in the reports; the
ledger only says which report names which thing, so that nothing has to be kept in step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from bot.identity import Identity
from bot.store import forms
from bot.store.transaction import Row, Transaction
from content.reported import MOST_ADDED, Standing, Subject
from handlers.messages import Named
from handlers.standing import Voice, standing

# A text that names more things than this is a list that somebody pasted.
MOST_NAMED = 20
# Voices heard on one thing, the newest: what they add is at its most long before, and whoever asks is waiting.
MOST_VOICES = 300
# All browsers together weigh what one person does: a few days of theirs are enough to know.
MOST_BROWSERS = 30
# So often one person is heard on one thing; what they said before that is forgotten.
MOST_OF_ONE = 5
# A thing that nobody reported for two years weighs next to nothing: its hash goes.
STAYS = timedelta(days=730)
# What an official found in a scam is said without looking at reports; its number may have another owner after a year.
CONFIRMED_STAYS = timedelta(days=365)


@dataclass(frozen=True)
class OfCase:
    """A thing that a case names, as officials see it: its kind, how often and by how many it was reported in all, and
    whether it is guarded by the directory or confirmed by an official."""

    kind: str
    times: int
    reporters: int
    last_at: datetime
    guarded: bool
    confirmed: bool


def note(tx: Transaction, identity: Identity, report_id: int, named: Sequence[Named], now: datetime) -> None:
    """Write down what a report names. Whose report it is and who vouches stands in its row."""
    for each in named[:MOST_NAMED]:
        key = identity.identifier(each.kind, each.value)
        values = {"key": key, "kind": each.kind, "guarded": int(each.guarded), "now": forms.stamp(now)}
        link = {"identifier": tx.rows("name_identifier", **values)[0]["id"], "report": report_id}
        tx.run("name_in_report", **link)
        tx.run("unname_oldest", most=MOST_OF_ONE, **link)


def standings(
    tx: Transaction, identity: Identity, subjects: Sequence[Subject], now: datetime, zone: tzinfo
) -> Mapping[Subject, Standing]:
    """What reports say of each; nothing for what nobody reported or the directory guards."""
    found = {each: _standing(tx, identity, each, now, zone) for each in subjects}
    return {subject: said for subject, said in found.items() if said is not None}


def _standing(tx: Transaction, identity: Identity, subject: Subject, now: datetime, zone: tzinfo) -> Standing | None:
    row = tx.row("identifier", key=identity.identifier(*subject))
    if row is None or row["guarded"]:
        return None
    people = tx.rows("voices", identifier=row["id"], browsers=0, most=MOST_VOICES)
    many = len(people) == MOST_VOICES
    # Beside so many people no browser is needed, and looking for one would read all of them.
    browsers = [] if many else tx.rows("voices", identifier=row["id"], browsers=1, most=MOST_BROWSERS)
    said = standing(subject, [_voice(each) for each in (*people, *browsers)], now, zone)
    if said is not None and many:
        said = replace(said, more=True)
    if row["confirmed_in"] is None or now - forms.moment(row["decided_at"]) > CONFIRMED_STAYS:
        return said
    times, reporters = (said.times, said.reporters) if said else (0, 0)
    last_on = said.last_on if said else _day(row["decided_at"], zone)
    return Standing(subject, times, reporters, last_on, MOST_ADDED, confirmed=True, entry=row["entry"])


def _voice(row: Row) -> Voice:
    return Voice(row["source"], row["evidence"], row["platform"], forms.moment(row["reported_at"]))


def _day(stamp: str, zone: tzinfo) -> date:
    return forms.moment(stamp).astimezone(zone).date()


def of_case(tx: Transaction, case_id: int) -> tuple[OfCase, ...]:
    """What a case names, most reported first."""
    rows = tx.rows("identifiers_of_case", case_id=case_id, most=MOST_NAMED)
    return tuple(
        OfCase(
            kind=row["kind"],
            times=row["times"],
            reporters=row["reporters"],
            last_at=forms.moment(row["last_at"]),
            guarded=bool(row["guarded"]),
            confirmed=row["confirmed_in"] is not None,
        )
        for row in rows
    )


def decided(tx: Transaction, case_id: int, *, scam: bool) -> int:
    """An official's decision on a case, or a changed one: what it names is confirmed, or free again. How many are confirmed."""
    tx.run("release_identifiers", case_id=case_id)
    return tx.run("confirm_identifiers", case_id=case_id) if scam else 0


def merged(tx: Transaction, case_id: int, into: int) -> None:
    """A case became part of another."""
    tx.run("move_confirmed", case_id=case_id, into_case=into)


def withdraw(tx: Transaction, report_id: int) -> int:
    """A report names nothing any more; how many things are forgotten because it alone named them."""
    forgotten = tx.run("erase_lone_of_report", report=report_id)
    tx.run("unname_report", report=report_id)
    return forgotten


def erase(tx: Transaction, person: str) -> int:
    """Take a person, by keyed hash, out of the ledger, while their reports still bear it; how many things are forgotten
    because they alone reported them. What an official found in a scam stays, as the official's word."""
    forgotten = tx.run("erase_lone_of_person", person=person)
    tx.run("unname_person", person=person)
    return forgotten
