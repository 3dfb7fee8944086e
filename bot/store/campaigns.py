"""Campaigns for the early-warning feed: proposed by one official, confirmed by another, revoked by either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from uuid import uuid4

from bot.sealing import Seal
from bot.store import audit, forms, partner_hooks
from bot.store.audit import HOUSE, Act
from bot.store.campaign_types import (
    NEVER,
    SCAMS,
    Campaign,
    Mark,
    Marking,
    NotDone,
    Proposal,
    State,
    Why,
    personal,
)
from bot.store.case_reading import found_row, subject
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.reported import Subject
from handlers.officials import Official, Role

# What ended is shown as revoked for so long that everybody who asks four times a year has heard it; then what it used is erased.
ENDED_STAYS = timedelta(days=90)
# The numbers of a campaign follow its case once a day: a feed that changes with every report tells who reported when.
COUNTED_EVERY = timedelta(days=1)
MOST_USED = 20
LONGEST_REASON = 200
LONGEST_VALID = timedelta(days=365)
_LISTED = 200
_COUNTED_AT_ONCE = 100

# What the rest of the house imports from here.
__all__ = [
    "SCAMS",
    "Campaign",
    "CampaignBook",
    "Mark",
    "Marking",
    "NotDone",
    "Proposal",
    "State",
    "Why",
    "overturned",
    "personal",
]


class CampaignBook:
    """The campaigns of one database. Every method is one transaction."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    # Reading

    async def newest(self) -> Sequence[Campaign]:
        """For officials: all of them, the newest first, with what they use."""
        return await self._database.read(
            lambda tx: [_whole(tx, self._foundation.seal, row) for row in tx.rows("campaigns", page=_LISTED)]
        )

    async def waiting(self) -> int:
        """How many wait for a second person."""
        now = forms.stamp(self._foundation.now())
        return int((await self._database.read(lambda tx: tx.rows("campaigns_proposed", now=now)))[0]["waiting"])

    async def get(self, id: int) -> Campaign | None:
        """One, with what it uses."""

        def work(tx: Transaction) -> Campaign | None:
            row = tx.row("campaign", id=id)
            return _whole(tx, self._foundation.seal, row) if row else None

        return await self._database.read(work)

    async def of_case(self, case: int) -> Sequence[Campaign]:
        """What was made of a case, the newest first; without what they use."""
        rows = await self._database.read(lambda tx: tx.rows("campaigns_of_case", case_id=case, page=_LISTED))
        return [_campaign(row) for row in rows]

    async def pulse(self) -> tuple[object, ...]:
        """Something that is different whenever anything of the feed has changed, be it a campaign or a signed warning."""
        since = self._since()

        def work(tx: Transaction) -> tuple[object, ...]:
            own, sent = tx.rows("campaigns_pulse")[0], tx.rows("warnings_pulse")[0]
            newest = tx.rows("newest_revision")[0]["newest"]
            return (
                *(own[name] for name in ("campaigns", "confirmed", "ended", "counted")),
                *(sent[name] for name in ("sent", "newest", "versions")),
                newest,
                len(tx.rows("refused_revisions", page=_LISTED)),
                since,
            )

        return await self._database.read(work)

    async def published(self) -> Sequence[Campaign]:
        """What the feed holds: what is confirmed, and what ended within `ENDED_STAYS`; with what they use."""
        seal, since = self._foundation.seal, self._since()

        def work(tx: Transaction) -> list[Campaign]:
            used: dict[int, list[tuple[int, Subject]]] = {}
            for row in tx.rows("published_identifiers"):
                used.setdefault(row["campaign"], []).append(_used(row, seal))
            rows = tx.rows("published_campaigns", since=since)
            return [replace(_campaign(row), used=tuple(used.get(row["id"], ()))) for row in rows]

        return await self._database.read(work)

    def _since(self) -> str:
        """By whole days, so that all who ask on one day see the same."""
        start = (
            self._foundation.now()
            .astimezone(self._foundation.timezone)
            .replace(hour=0, minute=0, second=0, microsecond=0)
        )
        return forms.stamp(start - ENDED_STAYS)

    # Acts

    async def propose(self, proposal: Proposal, official: Official) -> Campaign:
        """Propose a case for the feed. Raises NotDone: NO_CASE, UNDECIDED, OPEN, NOT_NAMED, NEVER, MANY, ROLE, TIME."""
        _may(official, Role.EDITOR)
        if not timedelta() < proposal.valid <= LONGEST_VALID:
            raise NotDone(Why.TIME)
        if len(proposal.used) > MOST_USED:
            raise NotDone(Why.MANY)
        now = self._foundation.now()

        def work(tx: Transaction) -> Campaign:
            id = self._proposed(tx, proposal, official, now)
            for number, each in enumerate(proposal.used, start=1):
                self._name(tx, id, proposal.case, number, each)
            detail = {"campaign": id, "marking": proposal.marking.value, **_kinds(proposal.used)}
            _written(tx, official.name, "early warning proposed", proposal.case, detail, now)
            return _found(tx, self._foundation.seal, id)

        return await self._database.write(work)

    def _proposed(self, tx: Transaction, proposal: Proposal, official: Official, now: datetime) -> int:
        if tx.row("case_in_numbers", case_id=proposal.case) is None:
            raise NotDone(Why.NO_CASE)
        case = found_row(tx, proposal.case, now)
        if case.state != "answered" or case.decision not in SCAMS:
            raise NotDone(Why.UNDECIDED)
        row = tx.row(
            "propose_campaign",
            uuid=str(uuid4()),
            case_id=case.id,
            type=case.decided_type,
            entry=case.decided_entry,
            marking=proposal.marking.value,
            valid_until=forms.stamp(now + proposal.valid),
            official=official.name,
            now=forms.stamp(now),
            **_numbers(tx, case.id, self._foundation.timezone),
        )
        if row is None:
            raise NotDone(Why.OPEN)
        return int(row["id"])

    def _name(self, tx: Transaction, campaign: int, case: int, number: int, each: Subject) -> None:
        if each.kind in NEVER:
            raise NotDone(Why.NEVER, number)
        borne_out = next((form for form in _forms(each) if self._borne_out(tx, case, form)), None)
        if borne_out is None:
            raise NotDone(Why.NOT_NAMED, number)
        body = self._foundation.seal.close(borne_out.value)
        tx.run("name_in_campaign", campaign=campaign, number=number, kind=each.kind, body=body)

    def _borne_out(self, tx: Transaction, case: int, subject: Subject) -> bool:
        key = self._foundation.identity.identifier(subject.kind, subject.value)
        return tx.row("named_by_case", key=key, case_id=case) is not None

    async def confirm(self, id: int, official: Official) -> Campaign:
        """Put it into the feed: an approver who did not propose it. Raises NotDone: OWN, ROLE, CHANGED."""
        _may(official, Role.APPROVER)
        now = self._foundation.now()

        def work(tx: Transaction) -> Campaign:
            before = _found(tx, self._foundation.seal, id)
            if before.proposed_by == official.name:
                raise NotDone(Why.OWN)
            if before.valid_until <= now:
                raise NotDone(Why.TIME)
            if not tx.run("confirm_campaign", id=id, official=official.name, now=forms.stamp(now)):
                raise NotDone(Why.CHANGED)
            tx.run(
                "count_campaign",
                id=id,
                now=forms.stamp(now),
                **_numbers(tx, before.case, self._foundation.timezone),
            )
            detail = {"campaign": id, "marking": before.marking.value}
            _written(tx, official.name, "early warning confirmed", before.case, detail, now)
            _announced(tx, id, now)
            return _found(tx, self._foundation.seal, id)

        return await self._database.write(work)

    async def end(self, id: int, official: Official, reason: str) -> Campaign:
        """Revoke what is confirmed, decline what is proposed. Raises NotDone: ROLE, NO_REASON, CHANGED."""
        _may(official, Role.EDITOR)
        if not reason.strip():
            raise NotDone(Why.NO_REASON)
        now = self._foundation.now()

        def work(tx: Transaction) -> Campaign:
            before = _found(tx, self._foundation.seal, id)
            act = _ended(tx, id, before.state, official.name, reason.strip()[:LONGEST_REASON], now)
            if not act:
                raise NotDone(Why.CHANGED)
            _written(tx, official.name, act, before.case, {"campaign": id}, now)
            return _found(tx, self._foundation.seal, id)

        return await self._database.write(work)

    # What happens by itself

    async def count(self) -> int:
        """Look once a day at the cases of what is confirmed; how many have changed."""
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            before, changed = forms.stamp(now - COUNTED_EVERY), 0
            for row in tx.rows("campaigns_to_count", before=before, now=forms.stamp(now), page=_COUNTED_AT_ONCE):
                numbers = _numbers(tx, row["case_id"], self._foundation.timezone)
                if any(row[name] != value for name, value in numbers.items()):
                    changed += tx.run("count_campaign", id=row["id"], now=forms.stamp(now), **numbers)
                else:
                    tx.run("look_at_campaign", id=row["id"], now=forms.stamp(now))
            return changed

        return await self._database.write(work)

    async def forget(self) -> int:
        """Erase what ended campaigns used, after `ENDED_STAYS`; how many things."""
        before = forms.stamp(self._foundation.now() - ENDED_STAYS - timedelta(days=1))

        def work(tx: Transaction) -> int:
            erased = tx.run("forget_campaign_identifiers", before=before)
            if erased:
                tx.tidy()
            return erased

        return await self._database.write(work)

    async def marks(self, digests: Mapping[str, str]) -> Mapping[str, Mark]:
        """Since when each of these things is in the feed; what is new or changed is written down."""
        known = await self._database.read(_marks)
        changed = {
            name: digest for name, digest in digests.items() if name not in known or known[name].digest != digest
        }
        if not changed:
            return known
        now = forms.stamp(self._foundation.now())

        def work(tx: Transaction) -> Mapping[str, Mark]:
            for name, digest in changed.items():
                tx.run("mark_feed", name=name, digest=digest, now=now)
            return _marks(tx)

        return await self._database.write(work)


def overturned(tx: Transaction, case: int, decision: str, type_: str | None, entry: str | None, now: datetime) -> None:
    """A case was decided, in this transaction: what the feed says of it ends unless it says the same."""
    for row in tx.rows("open_campaigns_of_case", case_id=case):
        if decision in SCAMS and (row["type"], row["entry"]) == (type_, entry):
            continue
        if act := _ended(tx, row["id"], State(row["state"]), HOUSE, "case decided anew", now):
            detail = {"campaign": row["id"], "decision": decision}
            audit.written(tx, Act(HOUSE, act, subject(case), detail), now)


def _ended(tx: Transaction, id: int, state: State, by: str, reason: str, now: datetime) -> str:
    """What was done, in the words of the log; "" where somebody was faster."""
    query = {State.PROPOSED: "decline_campaign", State.CONFIRMED: "revoke_campaign"}.get(state, "")
    if not query or not tx.run(query, id=id, official=by, reason=reason, now=forms.stamp(now)):
        return ""
    if state is not State.CONFIRMED:
        return "early warning declined"
    _announced(tx, id, now)
    return "early warning revoked"


def _announced(tx: Transaction, id: int, now: datetime) -> None:
    """Tell the partners' webhooks that the feed has changed, and nothing of what the scam uses: that is read at the feed."""
    campaign = _campaign(tx.rows("campaign", id=id)[0])
    data = {
        "id": campaign.uuid,
        "state": campaign.state.value,
        "marking": f"TLP:{campaign.marking.upper()}",
        "type": campaign.type,
        "entry": campaign.entry,
        "valid_until": campaign.valid_until.isoformat(timespec="seconds"),
    }
    kind = f"campaign.{campaign.state.value}"
    partner_hooks.announce(tx, partner_hooks.News(kind, f"campaign:{campaign.uuid}", 1, data), now)


def _may(official: Official, role: Role) -> None:
    if not official.role.may(role):
        raise NotDone(Why.ROLE)


def _written(tx: Transaction, name: str, act: str, case: int, detail: Mapping[str, str | int], now: datetime) -> None:
    audit.written(tx, Act(audit.official(name), act, subject(case), detail), now)


def _forms(subject: Subject) -> tuple[Subject, ...]:
    """As it was typed, and as reporters may have written it: a LINE id with and without its @."""
    if subject.kind != "line_id":
        return (subject,)
    bare = subject.value.removeprefix("@")
    return subject, Subject("line_id", bare if subject.value != bare else f"@{bare}")


def _kinds(used: Sequence[Subject]) -> dict[str, int]:
    """How many of each kind: the log never says which."""
    kinds: dict[str, int] = {}
    for each in used:
        kinds[each.kind] = kinds.get(each.kind, 0) + 1
    return kinds


def _numbers(tx: Transaction, case: int, zone: tzinfo) -> dict[str, str | int]:
    row = tx.rows("case_in_numbers", case_id=case)[0]
    return {
        "reports": int(row["reports"]),
        "reporters": int(row["reporters"]),
        "first_on": _day(row["opened_at"], zone),
        "last_on": _day(row["last_report_at"], zone),
        "came_by": ",".join(each["came_by"] for each in tx.rows("channels_of_case", case_id=row["id"])),
    }


def _day(stamp: str, zone: tzinfo) -> str:
    return forms.moment(stamp).astimezone(zone).date().isoformat()


def _found(tx: Transaction, seal: Seal, id: int) -> Campaign:
    row = tx.row("campaign", id=id)
    if row is None:
        raise NotDone(Why.CHANGED)
    return _whole(tx, seal, row)


def _whole(tx: Transaction, seal: Seal, row: Row) -> Campaign:
    used = tuple(_used(each, seal) for each in tx.rows("identifiers_of_campaign", campaign=row["id"]))
    return replace(_campaign(row), used=used)


def _used(row: Row, seal: Seal) -> tuple[int, Subject]:
    return int(row["number"]), Subject(row["kind"], seal.open(row["body"]))


def _campaign(row: Row) -> Campaign:
    return Campaign(
        id=row["id"],
        uuid=row["uuid"],
        case=row["case_id"],
        type=row["type"],
        entry=row["entry"],
        marking=Marking(row["marking"]),
        state=State(row["state"]),
        valid_until=_moment(row["valid_until"]),
        reports=row["reports"],
        reporters=row["reporters"],
        first_on=date.fromisoformat(row["first_on"]),
        last_on=date.fromisoformat(row["last_on"]),
        came_by=tuple(filter(None, row["came_by"].split(","))),
        counted_at=_moment(row["counted_at"]),
        proposed_by=row["proposed_by"],
        proposed_at=_moment(row["proposed_at"]),
        confirmed_by=row["confirmed_by"] or "",
        confirmed_at=_moment(row["confirmed_at"]) if row["confirmed_at"] else None,
        ended_by=row["ended_by"] or "",
        ended_at=_moment(row["ended_at"]) if row["ended_at"] else None,
        reason=row["reason"],
    )


def _moment(stamp: str) -> datetime:
    """To the millisecond, as every format of the feed writes it."""
    exact = forms.moment(stamp)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


def _marks(tx: Transaction) -> Mapping[str, Mark]:
    rows = tx.rows("feed_marks")
    return {row["name"]: Mark(row["digest"], _moment(row["since"]), _moment(row["changed"])) for row in rows}
