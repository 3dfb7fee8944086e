"""The cases as officials see and answer them."""

from __future__ import annotations

from datetime import datetime

from bot.store import audit, campaigns, filing, forms, ledger, limits, waves
from bot.store.audit import Act
from bot.store.case_reading import asked, case_file, case_row, counted, found_row, subject, waiting
from bot.store.case_types import (
    CaseFile,
    CaseRow,
    Changed,
    Counts,
    Decision,
    DecisionKind,
    Done,
    Near,
    NoSuchCase,
    QueuePage,
    ReportRow,
    Sort,
    View,
)
from bot.store.foundation import Foundation
from bot.store.ledger import OfCase
from bot.store.transaction import Row, Transaction
from handlers.errors import NotMasked
from handlers.limits import BLOCKED_FOR, SLOWED_FOR, Limit, LimitKind
from handlers.masking import masked
from handlers.officials import Official

# What a page of the desk imports from here.
__all__ = [
    "CaseBook",
    "CaseFile",
    "CaseRow",
    "Changed",
    "Counts",
    "Decision",
    "DecisionKind",
    "Done",
    "Near",
    "NoSuchCase",
    "OfCase",
    "QueuePage",
    "ReportRow",
    "Sort",
    "View",
]


class CaseBook:
    """The cases of one database. Every method is one transaction; all raise StoreFailed when it does not answer."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    async def queue(
        self, view: str = View.OPEN, *, sort: str = Sort.PROMISE, page: int = 1, size: int = 50
    ) -> QueuePage:
        """A page (from 1) of a view. Raises ValueError for a view or sort that there is not."""
        now = self._foundation.now()
        which = asked(View(view), Sort(sort), now)
        place = {"size": size, "skip": (max(page, 1) - 1) * size}

        def work(tx: Transaction) -> QueuePage:
            rows = tuple(case_row(row, now) for row in tx.rows(which.listing, **which.shown, **place))
            return QueuePage(rows, *counted(tx, which, now))

        return await self._database.read(work)

    async def case(self, id: int) -> CaseFile | None:
        """Everything about a case; None where there is none."""
        now = self._foundation.now()
        return await self._database.read(lambda tx: case_file(tx, id, now))

    async def counts(self) -> Counts:
        """What waits now, and what this day on the house's calendar has brought."""
        now = self._foundation.now()
        morning = now.astimezone(self._foundation.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        since = forms.stamp(morning)

        def work(tx: Transaction) -> Counts:
            return Counts(
                **waiting(tx, now),
                answered_today=tx.rows("count_decided", since=since)[0]["decided"],
                reported_today=tx.rows("count_reported", since=since)[0]["reported"],
            )

        return await self._database.read(work)

    async def take(self, id: int, official: Official) -> None:
        """Begin to review a case: its reporters are told once. Nothing happens where somebody has begun. NoSuchCase."""
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            found_row(tx, id, now)
            if tx.run("take_case", id=id):
                tx.run("reports_taken", case_id=id)
                audit.written(tx, Act(audit.official(official.name), "case taken", subject(id)), now)

        await self._database.write(work)

    async def decide(self, id: int, version: int, decision: Decision, official: Official) -> None:
        """Answer a case: every reporter is told once, and those who were told otherwise are told again. Raises Changed
        where the case is no longer as `version` was, NoSuchCase."""
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            before = found_row(tx, id, now)
            values = {
                "decision": decision.kind.value,
                "type": decision.type,
                "entry": decision.entry,
                "remark": decision.remark,
            }
            if not tx.run(
                "decide_case", id=id, version=version, official=official.name, now=forms.stamp(now), **values
            ):
                raise Changed(before)
            tx.run("reports_answered", case_id=id, now=forms.stamp(now))
            ledger.decided(tx, id, scam=decision.kind in (DecisionKind.SCAM, DecisionKind.NEW_ENTRY))
            waves.begin(tx, id, decision.kind.value, decision.entry, now)
            campaigns.overturned(tx, id, decision.kind.value, decision.type, decision.entry, now)
            said: dict[str, str | None] = {"decision": decision.kind.value, "entry": decision.entry}
            if before.decision:
                said |= {"before": before.decision, "entry_before": before.decided_entry}
            audit.written(tx, Act(audit.official(official.name), "case answered", subject(id), said), now)

        await self._database.write(work)

    async def merge(self, id: int, version: int, into: int, official: Official) -> None:
        """Fold a case into another, with its reports; their reporters hear of that one from now on. Raises Changed,
        NoSuchCase, and ValueError for a case into itself."""
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            before, target = found_row(tx, id, now), found_row(tx, into, now)
            if target.merged_into is not None:
                target = found_row(tx, target.merged_into, now)
            if target.id == id:
                raise ValueError("a case cannot be merged into itself")
            if not tx.run("merge_case", id=id, version=version, into=target.id):
                raise Changed(before)
            _move(tx, before, target, now)
            if target.decision:
                campaigns.overturned(tx, target.id, target.decision, target.decided_type, target.decided_entry, now)
            said = {"into": target.id, "reports": before.reports}
            actor = audit.official(official.name)
            audit.written(tx, Act(actor, "case merged", subject(id), said), now)
            audit.written(tx, Act(actor, "case joined", subject(target.id), {"from": id}), now)

        await self._database.write(work)

    async def hide_reporter(self, id: int, report_number: str, official: Official, reason: str) -> int:
        """Hide every report of whoever made this one, in all cases, and let them bring no more for `BLOCKED_FOR`; how many
        were hidden. Raises NoSuchCase, and ValueError without a reason."""
        if not reason.strip():
            raise ValueError("to hide somebody's reports needs a reason")
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            report = _report(tx, id, report_number)
            person = report["person"]
            if person is None:
                hidden = tx.run("hide_report", id=report["id"])
            else:
                hidden = tx.run("hide_reports", person=person)
                limits.put(tx, Limit(LimitKind.BLOCKED, now + BLOCKED_FOR), person, reason, official.name, now)
            cases = filing.recounted(tx, _cases(tx, id, person))
            said: dict[str, str | int] = {"reports": hidden, "cases": cases, "reason": _harmless(reason)}
            audit.written(tx, Act(audit.official(official.name), "reporter hidden", subject(id), said), now)
            return hidden

        return await self._database.write(work)

    async def show_reporter(self, id: int, report_number: str, official: Official, reason: str = "") -> int:
        """Take back `hide_reporter`: their reports count again, and they may bring more; how many count again. Raises
        NoSuchCase."""
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            report = _report(tx, id, report_number)
            person = report["person"]
            if person is None:
                shown = tx.run("show_report", id=report["id"])
                cases = filing.recounted(tx, [id])
            else:
                tx.run("lift_limit", person=person)
                shown, cases = filing.show_again(tx, person)
            said: dict[str, str | int] = {"reports": shown, "cases": cases}
            if told := _harmless(reason).strip():
                said["reason"] = told
            audit.written(tx, Act(audit.official(official.name), "reporter shown again", subject(id), said), now)
            return shown

        return await self._database.write(work)

    async def slow_reporter(self, id: int, report_number: str, official: Official, reason: str) -> bool:
        """Let whoever made this report wait for each answer for `SLOWED_FOR`; what they report still counts. False, and
        nothing happens, where their reports are not taken anyway or nobody knows any more who it was. Raises NoSuchCase, and
        ValueError without a reason."""
        if not reason.strip():
            raise ValueError("to slow somebody down needs a reason")
        now = self._foundation.now()

        def work(tx: Transaction) -> bool:
            person = _report(tx, id, report_number)["person"]
            limit = tx.row("limit_of", person=person, now=forms.stamp(now)) if person is not None else None
            if person is None or (limit is not None and limit["kind"] == LimitKind.BLOCKED):
                return False
            limits.put(tx, Limit(LimitKind.SLOWED, now + SLOWED_FOR), person, reason, official.name, now)
            act = Act(audit.official(official.name), "reporter slowed", subject(id), {"reason": _harmless(reason)})
            audit.written(tx, act, now)
            return True

        return await self._database.write(work)


def _report(tx: Transaction, case: int, number: str) -> Row:
    row = tx.row("report_of_case", case_id=case, number=number)
    if row is None:
        raise NoSuchCase(f"case {case} has no report {number}")
    return row


def _cases(tx: Transaction, case: int, person: str | None) -> set[int]:
    """This case and every other that somebody reported."""
    of_theirs = tx.rows("cases_of_person", person=person) if person is not None else []
    return {case, *(row["case_id"] for row in of_theirs)}


def _harmless(reason: str) -> str:
    """An official's reason, for the log that is never erased: no number or name of a citizen stands in it."""
    try:
        return masked(reason)
    except NotMasked:
        return ""


def _move(tx: Transaction, case: CaseRow, target: CaseRow, now: datetime) -> None:
    """Everything of a merged case goes to the other."""
    tx.run("merged_before", id=case.id, into=target.id)
    tx.run("merge_reports", id=case.id, into=target.id)
    ledger.merged(tx, case.id, target.id)
    tx.run("merge_notices", id=case.id, into=target.id)
    tx.run("remove_notices", id=case.id)
    tx.run(
        "merge_into",
        id=target.id,
        promised_at=forms.stamp(case.promised_at),
        opened_at=forms.stamp(case.opened_at),
        last_report_at=forms.stamp(case.last_report_at),
        guarded=int(case.guarded),
    )
    filing.recount(tx, target.id)
    if target.state == "in_review":
        tx.run("reports_taken", case_id=target.id)
    if target.state == "answered":
        tx.run("reports_answered", case_id=target.id, now=forms.stamp(now))
        waves.begin(tx, target.id, target.decision, target.decided_entry, now)
