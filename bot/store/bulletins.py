"""Bulletins as rows: drafted, changed, signed, ordered, paused, cancelled. Every act is checked inside the transaction that
does it, and stands in the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.store import audit, forms
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.models import Language
from handlers.messages import Platform
from handlers.officials import Official, Role
from scheduler import alerts
from scheduler.bulletins import (
    BETWEEN_ALERTS,
    Bulletin,
    BulletinText,
    Content,
    Kind,
    Part,
    PartKind,
    Plan,
    Refused,
    Signature,
    State,
    affordable,
    may_cancel,
    may_correct,
    may_edit,
    may_pause,
    may_resume,
    may_send,
    signed,
    state_of,
)
from scheduler.delivery import Why
from scheduler.trends import Month, MonthFigures

_PAGE = 5_000
_LISTED = 200
Detail = dict[str, str | int]


@dataclass(frozen=True)
class Body:
    """What a version says and what it was made of."""

    content: Mapping[Language, BulletinText]
    figures: MonthFigures | None = None


@dataclass(frozen=True)
class Version:
    """Who wrote a version, and when."""

    number: int
    by: str
    at: datetime


@dataclass(frozen=True)
class Progress:
    """How far a bulletin has come. `recipients` is always the sum of the other four; what is on its way counts as
    waiting. `parts`: the same by platform and language; `reasons`: why some were not reached."""

    id: int
    state: State
    recipients: int
    sent: int
    failed: int
    skipped: int
    waiting: int
    parts: Mapping[tuple[str, str], Mapping[str, int]]
    reasons: Mapping[tuple[str, str], int]


class Bulletins:
    """All bulletins. What is not allowed raises Refused, and then nothing has changed."""

    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database
        self._foundation = foundation

    # reading

    async def get(self, id: int) -> Bulletin:
        """One bulletin. Raises Refused where there is none."""
        return await self._database.read(lambda tx: loaded(tx, id))

    async def newest(self, limit: int = _LISTED) -> Sequence[Bulletin]:
        """The newest first."""

        def work(tx: Transaction) -> list[Bulletin]:
            return [bulletin(tx, row) for row in tx.rows("bulletins", limit=limit)]

        return await self._database.read(work)

    async def every(self) -> AsyncIterator[Bulletin]:
        """All of them, oldest first."""
        after = 0
        while found := await self._database.read(lambda tx, after=after: _page(tx, after)):  # type: ignore[misc]
            for each in found:
                yield each
            after = found[-1].id

    async def of_month(self, month: Month) -> Bulletin | None:
        """The monthly bulletin that stands for a month."""

        def work(tx: Transaction) -> Bulletin | None:
            row = tx.row("bulletin_of_month", month=month.text)
            return loaded(tx, row["id"]) if row else None

        return await self._database.read(work)

    async def history(self, id: int) -> Sequence[Version]:
        """Every version, oldest first."""
        rows = await self._database.read(lambda tx: tx.rows("bulletin_history", bulletin=id))
        return [Version(row["version"], row["made_by"], forms.moment(row["made_at"])) for row in rows]

    async def said(self, id: int, version: int) -> Body:
        """What a version said. Raises Refused."""
        row = await self._database.read(lambda tx: tx.row("bulletin_version", bulletin=id, version=version))
        if row is None:
            raise Refused(f"bulletin {id} has no version {version}")
        return forms.read(Body, row["body"])

    async def official(self, name: str) -> Official:
        """Who signs under this name. Raises Refused."""
        return await self._database.read(lambda tx: _official(tx, name))

    async def untold(self, month: Month) -> bool:
        """Whether a month is to be drafted by itself: nobody drafted it, and the house stood before it ended."""

        def work(tx: Transaction) -> bool:
            began = tx.rows("first_event")[0]["at"]
            stood = began is not None and forms.moment(began) < month.end(self._foundation.timezone)
            return stood and not tx.rows("ever_drafted", month=month.text)[0]["drafted"]

        return await self._database.read(work)

    async def plan(self, bulletin: Bulletin, part: Part, line_left: int | None = None) -> Plan:
        """To whom it would go. `line_left`: what LINE has left, less what other bulletins on their way still need."""

        def work(tx: Transaction) -> Plan:
            found = planned(tx, bulletin, part)
            taken = int(tx.rows("line_promised", id=bulletin.id)[0]["count"]) if line_left is not None else 0
            return Plan(found, None if line_left is None else max(line_left - taken, 0))

        return await self._database.read(work)

    async def progress(self, id: int) -> Progress:
        """How far it has come; in one look, so that it adds up at every moment. Raises Refused."""
        return await self._database.read(lambda tx: progress(tx, id))

    # writing

    async def draft(self, month: Month, body: Body, by: str, *, kind: Kind = Kind.MONTHLY, corrects: int = 0) -> int:
        """A new draft; its id. Raises Refused where the month stands already."""
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            if corrects:
                may_correct(loaded(tx, corrects))
            values = {"kind": kind.value, "month": month.text, "corrects": corrects or None, "now": forms.stamp(now)}
            row = tx.row("draft_bulletin", **values)
            if row is None:
                standing = tx.rows("bulletin_of_month", month=month.text)[0]["id"]
                raise Refused(f"{month} stands already, as bulletin {standing}", "stands")
            id: int = row["id"]
            _keep(tx, id, 1, body, by, now)
            audit.written(tx, Act(by, "bulletin drafted", subject(id), {"month": month.text, "kind": kind.value}), now)
            return id

        return await self._database.write(work)

    async def refresh(self, id: int, body: Body, by: str) -> Bulletin:
        """New figures for a draft that nobody has touched; any other stays as it is."""

        def work(tx: Transaction) -> Bulletin:
            standing = loaded(tx, id)
            untouched = standing.state is State.DRAFT and not standing.edited and not standing.signatures
            if untouched and Body(standing.content, standing.figures) != body:
                self._rewrite(tx, standing, body, by, edited=False)
            return loaded(tx, id)

        return await self._database.write(work)

    async def edit(
        self, id: int, version: int, content: Content, by: str, official: Official | None = None
    ) -> Bulletin:
        """Other words. Signatures are of the words that were: they are undone. Raises Refused, also where somebody else has
        written since `version`."""

        def work(tx: Transaction) -> Bulletin:
            standing = loaded(tx, id)
            may_edit(standing, official)
            if standing.version != version:
                said = f"bulletin {id} has changed: version {standing.version} stands, yours was made on {version}"
                raise Refused(said, "changed")
            if dict(content) != dict(standing.content):
                self._rewrite(tx, standing, Body(content, standing.figures), by, edited=True)
            return loaded(tx, id)

        return await self._database.write(work)

    def _rewrite(self, tx: Transaction, standing: Bulletin, body: Body, by: str, *, edited: bool) -> None:
        now = self._foundation.now()
        tx.run("new_version", id=standing.id, version=standing.version, edited=int(edited))
        _keep(tx, standing.id, standing.version + 1, body, by, now)
        undone = ", ".join(each.name for each in standing.signatures)
        detail: Detail = {"version": standing.version + 1, "signatures undone": undone}
        audit.written(tx, Act(by, "bulletin changed", subject(standing.id), detail), now)

    async def sign(self, id: int, name: str, remark: str = "") -> Bulletin:
        """Signed by an official; with the second signature the version stands. Raises Refused."""
        now = self._foundation.now()

        def work(tx: Transaction) -> Bulletin:
            standing, official = loaded(tx, id), _official(tx, name)
            signatures = signed(standing, official, now)
            which = {"bulletin": id, "version": standing.version}
            tx.run("sign", **which, official=official.name, role=official.role.value, now=forms.stamp(now))
            _move(tx, standing, state_of(signatures))
            detail: Detail = {"version": standing.version, "role": official.role.value}
            act = Act(audit.official(official.name), "bulletin signed", subject(id), _with(detail, remark))
            audit.written(tx, act, now)
            return loaded(tx, id)

        return await self._database.write(work)

    async def schedule(self, id: int, at: datetime, part: Part, plan: Plan, by: str, remark: str = "") -> Bulletin:
        """Ordered for `at`, to a part; again for another time before that. `plan` tells what LINE has left. Raises Refused:
        unsigned, unaffordable, already sent, or a second alert in a week."""
        now = self._foundation.now()

        def work(tx: Transaction) -> Bulletin:
            standing = loaded(tx, id)
            may_send(standing, at, now)
            affordable(plan)
            if standing.kind is Kind.ALERT:
                alerts.far_enough(at, _other_alerts(tx, id, at))
            values = {"id": id, "version": standing.version, "at": forms.stamp(at), "part": str(part)}
            tx.run("schedule_bulletin", **values, planned=plan.whole)
            detail: Detail = {
                "at": forms.stamp(at),
                "part": str(part),
                "recipients": plan.whole,
                "line messages": plan.line,
            }
            audit.written(tx, Act(by, "bulletin ordered", subject(id), _with(detail, remark)), now)
            return loaded(tx, id)

        return await self._database.write(work)

    async def pause(self, id: int, by: str, why: str = "") -> Bulletin:
        """Nothing more leaves until it is resumed. Raises Refused."""
        return await self._change(id, by, "bulletin paused", State.PAUSED, may_pause, why)

    async def resume(self, id: int, by: str) -> Bulletin:
        """It goes on where it was. Raises Refused."""
        return await self._change(id, by, "bulletin resumed", State.SENDING, may_resume)

    async def _change(
        self, id: int, by: str, act: str, state: State, allowed: Callable[[Bulletin], None], why: str = ""
    ) -> Bulletin:
        def work(tx: Transaction) -> Bulletin:
            standing = loaded(tx, id)
            allowed(standing)
            _move(tx, standing, state, why)
            audit.written(tx, Act(by, act, subject(id), _with({}, why)), self._foundation.now())
            return loaded(tx, id)

        return await self._database.write(work)

    async def cancel(self, id: int, by: str) -> Bulletin:
        """It will not be sent; of one that is being sent, the rest is skipped. Raises Refused."""
        standing = await self.get(id)
        may_cancel(standing)
        if standing.state is State.SENDING:
            # First nothing more leaves, then the rest is ended in pages, so that no answer waits behind them.
            await self._database.write(lambda tx: _move(tx, loaded(tx, id), State.PAUSED, "being cancelled"))
        await self._end_rest(id)

        def work(tx: Transaction) -> Bulletin:
            may_cancel(loaded(tx, id))
            now = self._foundation.now()
            tx.run("end_bulletin", id=id, state=State.CANCELLED.value, now=forms.stamp(now))
            audit.written(tx, Act(by, "bulletin cancelled", subject(id), {"was": standing.state.value}), now)
            return loaded(tx, id)

        return await self._database.write(work)

    async def _end_rest(self, id: int) -> None:
        """Who waits is skipped; who was on their way may have got it: what the running process hears yet still counts."""
        values = {"bulletin": id, "page": _PAGE, "now": forms.stamp(self._foundation.now())}
        await self._database.write(lambda tx: tx.run("fail_batches", bulletin=id))
        while await self._database.write(lambda tx: tx.run("abandon_sending", why=Why.NO_ANSWER.value, **values)):
            pass
        while await self._database.write(lambda tx: tx.run("skip_all_waiting", why=Why.CANCELLED.value, **values)):
            pass

    async def retry(self, id: int, by: str) -> int:
        """Try those again who certainly did not get it (a spent quota, a platform that was down); how many. Raises Refused."""
        standing = await self.get(id)
        if standing.state is not State.SENT:
            raise Refused(f"bulletin {id} is {standing.state}: only one that has been sent is tried again", "state")
        whole = 0
        while changed := await self._database.write(lambda tx: tx.run("retry_failed", bulletin=id, page=_PAGE)):
            whole += changed
        if not whole:
            raise Refused(f"everybody has got bulletin {id}, or may have, or cannot be reached", "all_reached")
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            tx.run("reopen_bulletin", id=id)
            audit.written(tx, Act(by, "bulletin tried again", subject(id), {"recipients": whole}), now)

        await self._database.write(work)
        return whole


# --- rows ------------------------------------------------------------------------------------------------------------
def subject(id: int) -> str:
    """What the audit calls a bulletin."""
    return f"bulletin:{id}"


def loaded(tx: Transaction, id: int) -> Bulletin:
    """A bulletin by its id. Raises Refused where there is none."""
    row = tx.row("bulletin", id=id)
    if row is None:
        raise Refused(f"there is no bulletin {id}")
    return bulletin(tx, row)


def bulletin(tx: Transaction, row: Row) -> Bulletin:
    """The bulletin of a row."""
    body = forms.read(Body, row["body"])
    signatures = tx.rows("signatures", bulletin=row["id"], version=row["version"])
    return Bulletin(
        id=row["id"],
        kind=Kind(row["kind"]),
        month=Month.parse(row["month"]),
        state=State(row["state"]),
        version=row["version"],
        made_at=forms.moment(row["made_at"]),
        content=body.content,
        figures=body.figures,
        signatures=tuple(Signature(s["official"], Role(s["role"]), forms.moment(s["at"])) for s in signatures),
        part=Part.parse(row["part"]),
        scheduled_for=_moment(row["scheduled_for"]),
        started_at=_moment(row["started_at"]),
        ended_at=_moment(row["ended_at"]),
        edited=bool(row["edited"]),
        gathered=bool(row["gathered"]),
        why=row["why"],
        corrects=row["corrects"],
    )


def _page(tx: Transaction, after: int) -> list[Bulletin]:
    return [bulletin(tx, row) for row in tx.rows("export_bulletins", after=after, page=_LISTED)]


def _moment(text: str | None) -> datetime | None:
    return forms.moment(text) if text else None


def _official(tx: Transaction, name: str) -> Official:
    row = tx.row("signer_named", name=name)
    if row is None:
        raise Refused(f"there is no official {name} (or they are switched off): rutan officials list")
    return Official(row["id"], row["name"], Role(row["role"]), Language(row["language"]))


def _keep(tx: Transaction, id: int, version: int, body: Body, by: str, now: datetime) -> None:
    tx.run("save_version", bulletin=id, version=version, body=forms.write(body), made_by=by, now=forms.stamp(now))


def _move(tx: Transaction, standing: Bulletin, state: State, why: str = "") -> None:
    if state is not standing.state:
        tx.run("set_bulletin_state", id=standing.id, state=state.value, was=standing.state.value, why=why)


def _with(detail: Detail, remark: str) -> Detail:
    return {**detail, "remark": remark} if remark else detail


def _other_alerts(tx: Transaction, id: int, at: datetime) -> tuple[datetime, ...]:
    after, before = forms.stamp(at - BETWEEN_ALERTS), forms.stamp(at + BETWEEN_ALERTS)
    rows = tx.rows("scheduled_alerts", id=id, after=after, before=before)
    return tuple(forms.moment(row["scheduled_for"]) for row in rows)


def filters(part: Part) -> dict[str, str | int]:
    """What the queries over subscribers are told of a part."""
    return {
        "hubs": int(part.kind is PartKind.HUBS),
        "province": part.value if part.kind is PartKind.PROVINCE else "",
        "interest": part.value if part.kind is PartKind.INTEREST else "",
        "platform": part.value if part.kind is PartKind.PLATFORM else "",
        "language": part.value if part.kind is PartKind.LANGUAGE else "",
    }


def planned(tx: Transaction, bulletin: Bulletin, part: Part) -> Mapping[tuple[Platform, Language], int]:
    """How many a bulletin would go to."""
    if bulletin.corrects:
        rows = tx.rows("plan_correction", corrects=bulletin.corrects)
    else:
        rows = tx.rows("plan_subscribers", **filters(part))
    found: dict[tuple[Platform, Language], int] = {}
    for row in rows:
        key = (Platform(row["platform"]), Language(row["language"]))
        found[key] = found.get(key, 0) + row["count"]
    return found


ENDS = ("sent", "failed", "skipped")


def progress(tx: Transaction, id: int) -> Progress:
    """How far a bulletin has come. Raises Refused."""
    row = tx.row("bulletin", id=id)
    if row is None:
        raise Refused(f"there is no bulletin {id}")
    parts: dict[tuple[str, str], dict[str, int]] = {}
    reasons: dict[tuple[str, str], int] = {}
    for each in tx.rows("delivery_counts", bulletin=id):
        if each["why"]:
            reason = (each["state"], each["why"])
            reasons[reason] = reasons.get(reason, 0) + each["count"]
        state = each["state"] if each["state"] in ENDS else "waiting"
        part = parts.setdefault((each["platform"], each["language"]), dict.fromkeys((*ENDS, "waiting"), 0))
        part[state] += each["count"]
    ended = {state: sum(part[state] for part in parts.values()) for state in ENDS}
    made = sum(sum(part.values()) for part in parts.values())
    state = State(row["state"])
    whole = made if row["gathered"] or state in (State.SENT, State.CANCELLED) else max(made, _expected(tx, row, state))
    return Progress(
        id=id, state=state, recipients=whole, waiting=whole - sum(ended.values()), parts=parts, reasons=reasons, **ended
    )


def _expected(tx: Transaction, row: Row, state: State) -> int:
    """Until every row is made: as many as were counted when it was ordered, before that as many as there are now."""
    if state in (State.DRAFT, State.SIGNED):
        return sum(planned(tx, bulletin(tx, row), Part.parse(row["part"])).values())
    expected: int = row["planned"]
    return expected
