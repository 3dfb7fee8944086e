"""Take-down requests: prepared, sent, acknowledged, and how they ended.

What is to be taken down is kept sealed, beside the keyed hash under which reports know it. Only what a report of the case
names can be asked for, nothing of the directory, and only where an official found a scam.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.sealing import SealBroken
from bot.store import audit, forms
from bot.store.audit import Act
from bot.store.case_types import Done, NoSuchCase
from bot.store.foundation import Foundation
from bot.store.takedown_reading import moment, request, seen_again, took
from bot.store.takedown_types import (
    FOUND_SCAM,
    WAITING,
    Changed,
    Counted,
    Named,
    NoSuchRequest,
    Refused,
    Request,
    State,
    Target,
    Took,
    Wish,
)
from bot.store.transaction import Transaction
from content.reported import Subject
from content.takedown import RecipientKind
from handlers.errors import NotMasked
from handlers.masking import masked
from handlers.officials import Official, Role

# More stand in no list; who wants them all takes `rutan takedowns list --json`.
LISTED = 300
# What was removed longer ago is not looked for any more.
LOOKED_FOR = timedelta(days=365)
# So long after the end a number or an account may have to be asked for again.
VALUES_STAY = timedelta(days=90)
LONGEST_REASON = 300


class Takedowns:
    """The requests of one database. Every method is one transaction; all raise StoreFailed when it does not answer."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    # Reading

    async def get(self, id: int) -> Request:
        """One request with its targets. Raises NoSuchRequest."""
        return await self._database.read(lambda tx: self._loaded(tx, id))

    async def waiting(self) -> Sequence[Request]:
        """What is not over yet, oldest first."""
        return await self._listed("waiting_takedowns")

    async def ended(self) -> Sequence[Request]:
        """What is over, newest first; what was seen again comes before all others."""
        found = await self._listed("ended_takedowns")
        return sorted(found, key=lambda each: each.seen_again is None)

    async def reappeared(self) -> Sequence[Request]:
        """What was removed and is reported or asked about again, for which nobody has asked a second time."""
        return [each for each in await self.ended() if each.seen_again is not None]

    async def of_case(self, case: int) -> Sequence[Request]:
        """The requests of a case, newest first."""
        return await self._listed("takedowns_of_case", case_id=case)

    async def _listed(self, query: str, **values: int) -> Sequence[Request]:
        since = self._foundation.now() - LOOKED_FOR

        def work(tx: Transaction) -> Sequence[Request]:
            again = seen_again(tx, since)
            return [request(row, self._targets(tx, row["id"]), again) for row in tx.rows(query, page=LISTED, **values)]

        return await self._database.read(work)

    async def history(self, id: int) -> Sequence[Done]:
        """What was done with a request, oldest first."""
        rows = await self._database.read(lambda tx: tx.rows("takedown_history", subject=_subject(id)))
        return [Done(forms.moment(row["at"]), row["actor"], row["act"], row["detail"]) for row in rows]

    async def repeated_by(self, id: int) -> int | None:
        """The request that asks for the same again."""
        row = await self._database.read(lambda tx: tx.row("repeated_by", id=id))
        return int(row["id"]) if row else None

    async def named(self, case: int, subjects: Sequence[Subject]) -> Mapping[Subject, Named]:
        """Those of the things that reports of a case name, and what all reports say of each."""

        def work(tx: Transaction) -> Mapping[Subject, Named]:
            found = {each: self._named(tx, case, each) for each in subjects}
            return {subject: named for subject, named in found.items() if named is not None}

        return await self._database.read(work)

    def _named(self, tx: Transaction, case: int, subject: Subject) -> Named | None:
        row = tx.row("identifier_in_case", case_id=case, key=self._foundation.identity.identifier(*subject))
        if row is None or row["guarded"]:
            return None
        return Named(row["times"], row["reporters"], forms.moment(row["first_at"]), forms.moment(row["last_at"]))

    async def counted(self, case: int) -> Counted:
        """How often the message of a case was asked about and reported."""

        def work(tx: Transaction) -> Counted:
            asked = tx.rows("asked_of_case", case_id=case)[0]
            reported = tx.rows("first_report_of_case", case_id=case)[0]["at"]
            return Counted(
                int(asked["asked"]),
                int(asked["people"]),
                moment(asked["first_seen"]),
                moment(asked["last_seen"]),
                moment(reported),
            )

        return await self._database.read(work)

    async def took(self, start: datetime, end: datetime) -> Sequence[Took]:
        """What became of what was sent from `start` up to `end`, by kind of recipient."""
        span = {"start": forms.stamp(start), "end": forms.stamp(end)}
        rows = await self._database.read(lambda tx: tx.rows("takedowns_between", **span))
        return [took(kind, [row for row in rows if row["kind"] == kind.value]) for kind in RecipientKind]

    # Writing

    async def prepare(self, case: int, wish: Wish, official: Official, follows: int | None = None) -> int:
        """A request on a case; its number. The one that is open already, where there is one. Raises NoSuchCase, and
        Refused where the case is not decided to be a scam or does not name a target."""
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            _must_stand(tx, case)
            values = {**_values(case, wish), "official": official.name, "now": forms.stamp(now), "follows": follows}
            made = tx.rows("add_takedown", **values)
            if not made:
                return _open_already(tx, case, wish, follows)
            id = int(made[0]["id"])
            self._aim(tx, id, case, wish.targets)
            said = {"kind": wish.kind.value, "case": case, "targets": len(wish.targets)}
            self._written(tx, official, "takedown prepared", id, said, now)
            return id

        return await self._database.write(work)

    async def change(self, id: int, version: int, wish: Wish, official: Official) -> None:
        """Another recipient, wish or other targets, while nothing has been sent. Raises Changed, Refused, NoSuchRequest."""
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            before = self._loaded(tx, id)
            _must_stand(tx, before.case)
            values = _values(before.case, wish)
            others = tx.row("open_takedown", **{name: values[name] for name in ("case_id", "kind", "name", "way")})
            if others is not None and others["id"] != id:
                raise Refused("open", str(others["id"]))
            changed = {name: values[name] for name in ("name", "way", "asks")}
            if not tx.run(
                "change_takedown", id=id, version=version, official=official.name, now=forms.stamp(now), **changed
            ):
                raise Changed(f"take-down request {id} has been changed")
            tx.run("drop_targets", takedown=id)
            self._aim(tx, id, before.case, wish.targets)
            self._written(tx, official, "takedown changed", id, {"targets": len(wish.targets)}, now)

        await self._database.write(work)

    async def sent(self, id: int, version: int, official: Official, at: datetime, reference: str = "") -> None:
        """It has left the house. Raises Changed, NoSuchRequest, and Refused: whoever prepared it does not send it, nobody
        but an approver does, not without a recipient and a target, and not at a moment that cannot be."""

        def check(request: Request) -> None:
            if not official.role.may(Role.APPROVER):
                raise Refused("approver")
            if official.name == request.prepared_by:
                raise Refused("own")
            if not request.name or not request.address:
                raise Refused("recipient")
            if not request.targets:
                raise Refused("targets")
            if not request.stands:
                raise Refused("scam")
            self._possible(at, request.prepared_at)

        values = {"at": forms.stamp(at), "official": official.name, "reference": reference}
        await self._step(id, version, official, "takedown sent", "send_takedown", check, {}, values)

    async def acknowledged(self, id: int, version: int, official: Official, at: datetime, reference: str = "") -> None:
        """The recipient says that they have it. Raises Changed, NoSuchRequest, Refused."""
        values = {"at": forms.stamp(at), "reference": reference}
        check = self._after_sending(at)
        await self._step(id, version, official, "takedown acknowledged", "acknowledge_takedown", check, {}, values)

    async def removed(self, id: int, version: int, official: Official, at: datetime) -> None:
        """It is gone. Raises Changed, NoSuchRequest, Refused."""
        values = {"at": forms.stamp(at), "state": State.REMOVED.value, "reason": ""}
        await self._step(id, version, official, "takedown removed", "end_takedown", self._after_sending(at), {}, values)

    async def refused(self, id: int, version: int, official: Official, at: datetime, reason: str) -> None:
        """They will not. Raises Changed, NoSuchRequest, and Refused, also without a reason."""
        said = _reason(reason)
        values = {"at": forms.stamp(at), "state": State.REFUSED.value, "reason": said}
        check = self._after_sending(at)
        await self._step(
            id, version, official, "takedown refused", "end_takedown", check, {"reason": _harmless(said)}, values
        )

    async def withdraw(self, id: int, version: int, official: Official, reason: str) -> None:
        """We take it back. Raises Changed, NoSuchRequest, and Refused without a reason or where it is over."""
        said = _reason(reason)

        def check(request: Request) -> None:
            if not request.waiting:
                raise Refused("over")

        values = {"at": forms.stamp(self._foundation.now()), "state": State.WITHDRAWN.value, "reason": said}
        await self._step(
            id, version, official, "takedown withdrawn", "end_takedown", check, {"reason": _harmless(said)}, values
        )

    async def again(self, id: int, official: Official) -> int:
        """Ask once more for what was removed and is seen again: a new request to the same; its number. Raises
        NoSuchRequest, and Refused where it was not removed or the case is no scam any more."""
        before = await self.get(id)
        if before.state is not State.REMOVED:
            raise Refused("over")
        kept = tuple(each.subject for each in before.targets if each.value)
        wish = Wish(before.kind, before.asks, before.name, before.address, kept)
        return await self.prepare(before.case, wish, official, follows=id)

    async def forget_old(self) -> int:
        """Numbers, accounts and ids of requests that ended long ago; how many were emptied."""
        before, whole = forms.stamp(self._foundation.now() - VALUES_STAY), 0
        while emptied := await self._database.write(lambda tx: tx.run("empty_targets", before=before, page=500)):
            whole += emptied
        return whole

    async def _step(
        self,
        id: int,
        version: int,
        official: Official,
        act: str,
        query: str,
        check: Callable[[Request], None],
        said: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> None:
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            before = self._loaded(tx, id)
            if before.version != version:
                raise Changed(f"take-down request {id} has been changed")
            check(before)
            if not tx.run(query, id=id, version=version, **values):
                raise Changed(f"take-down request {id} has been changed")
            self._written(tx, official, act, id, {"kind": before.kind.value, "case": before.case, **said}, now)

        await self._database.write(work)

    def _after_sending(self, at: datetime) -> Callable[[Request], None]:
        def check(request: Request) -> None:
            if request.state not in WAITING or request.sent_at is None:
                raise Refused("over" if request.sent_at else "not_sent")
            self._possible(at, max(request.sent_at, request.acknowledged_at or request.sent_at))

        return check

    def _possible(self, at: datetime, earliest: datetime) -> None:
        # A form says minutes: what was done in this one is neither before nor after what it follows.
        minute = timedelta(minutes=1)
        if not earliest - minute <= at <= self._foundation.now() + minute:
            raise Refused("moment")

    def _aim(self, tx: Transaction, id: int, case: int, subjects: Sequence[Subject]) -> None:
        for each in dict.fromkeys(subjects):
            if self._named(tx, case, each) is None:
                raise Refused("not_named", each.value)
            key = self._foundation.identity.identifier(*each)
            sealed = self._foundation.seal.close(each.value)
            tx.run("add_target", takedown=id, key=key, kind=each.kind, value=sealed)

    def _written(
        self, tx: Transaction, official: Official, act: str, id: int, said: Mapping[str, str | int], now: datetime
    ) -> None:
        audit.written(tx, Act(audit.official(official.name), act, _subject(id), said), now)

    def _loaded(self, tx: Transaction, id: int) -> Request:
        row = tx.row("takedown_row", id=id)
        if row is None:
            raise NoSuchRequest(f"there is no take-down request {id}")
        return request(row, self._targets(tx, id), seen_again(tx, self._foundation.now() - LOOKED_FOR))

    def _targets(self, tx: Transaction, id: int) -> tuple[Target, ...]:
        return tuple(
            Target(Subject(row["kind"], self._opened(row["value"])), row["key"])
            for row in tx.rows("targets", takedown=id)
        )

    def _opened(self, sealed: str) -> str:
        try:
            return self._foundation.seal.open(sealed) if sealed else ""
        except SealBroken:
            return ""


def _must_stand(tx: Transaction, case: int) -> None:
    row = tx.row("case_row", id=case)
    if row is None:
        raise NoSuchCase(f"there is no case {case}")
    if row["state"] != "answered" or row["decision"] not in FOUND_SCAM:
        raise Refused("scam")


def _values(case: int, wish: Wish) -> dict[str, Any]:
    return {
        "case_id": case,
        "kind": wish.kind.value,
        "name": wish.name,
        "way": wish.address,
        "asks": ",".join(each.value for each in wish.asks),
    }


def _open_already(tx: Transaction, case: int, wish: Wish, follows: int | None) -> int:
    values = {name: value for name, value in _values(case, wish).items() if name != "asks"}
    row = tx.row("open_takedown", **values) or (tx.row("repeated_by", id=follows) if follows else None)
    if row is None:
        raise Refused("open")
    return int(row["id"])


def _reason(given: str) -> str:
    said = given.strip()[:LONGEST_REASON]
    if not said:
        raise Refused("reason")
    return said


def _harmless(reason: str) -> str:
    """A reason for the log that is never erased: nobody's number or name stands in it."""
    try:
        return masked(reason)
    except NotMasked:
        return ""


def _subject(id: int) -> str:
    return f"takedown:{id}"
