"""Whom an official slowed down or blocked, and why. Every act is in the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store import audit, filing, forms
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from handlers.limits import DAY, Filed, Limit, LimitKind
from handlers.messages import Address, Platform

# How a person is named where a limit is shown: enough to tell two apart, of no use elsewhere.
LABEL = 10
# A page for officials; more are not set by hand.
_PAGE = 1_000
# Who was erased keeps a block that had no end for so long.
ERASED_STAYS = timedelta(days=365)


@dataclass(frozen=True)
class Limited:
    """One limit as officials see it: `label` names it for `lift`, and nobody."""

    label: str
    kind: LimitKind
    reason: str
    made_by: str
    made_at: datetime
    until: datetime | None


class Limits:
    """The limits that officials set. Every method is one transaction; all raise StoreFailed."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def set(
        self, person: str, kind: LimitKind, reason: str, made_by: str, *, until: datetime | None = None
    ) -> None:
        """Slow or block a person, by keyed hash (a report knows it). `made_by` is an official's name; a reason is needed."""
        if not reason.strip():
            raise ValueError("a limit needs a reason")
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            put(tx, Limit(kind, until), person, reason, made_by, now)
            _wrote(tx, made_by, f"person {kind.value}", reason.strip(), now)

        await self._foundation.database.write(work)

    async def lift(self, label: str, made_by: str, reason: str = "", *, show: bool = False) -> bool:
        """Take a limit away, and with `show` let the reports that were hidden with it count again; whether there was one of
        that label."""
        now = self._foundation.now()

        def work(tx: Transaction) -> bool:
            # A piece of a label would name several.
            rows = tx.rows("person_of_limit", label=label, length=LABEL) if len(label) == LABEL else []
            for row in rows:
                tx.run("lift_limit", person=row["person"])
                shown = filing.show_again(tx, row["person"])[0] if show else 0
                _wrote(tx, made_by, "limit lifted", reason.strip(), now, shown)
            return bool(rows)

        return await self._foundation.database.write(work)

    async def all(self) -> tuple[Limited, ...]:
        """Every limit that holds, the newest first."""
        now = forms.stamp(self._foundation.now())
        rows = await self._foundation.database.read(lambda tx: tx.rows("limits", now=now, page=_PAGE))
        return tuple(_limited(row) for row in rows)

    async def of(self, address: Address) -> Limit | None:
        """What holds for whoever writes from there."""
        person, now = self._foundation.identity.person(address), forms.stamp(self._foundation.now())
        row = await self._foundation.database.read(lambda tx: tx.row("limit_of", person=person, now=now))
        return Limit(LimitKind(row["kind"]), _until(row)) if row else None

    async def filed(self, address: Address) -> Filed:
        """How many reports came in the last 24 hours: from there, and for a browser from all browsers."""
        person, platform = self._foundation.identity.person(address), address.platform
        since = forms.stamp(self._foundation.now() - DAY)

        def work(tx: Transaction) -> Filed:
            mine = tx.rows("reports_of_person", person=person, since=since)[0]["reports"]
            if platform is not Platform.WEB:
                return Filed(mine)
            return Filed(mine, tx.rows("reports_of_platform", platform=platform.value, since=since)[0]["reports"])

        return await self._foundation.database.read(work)

    async def remove_ended(self) -> int:
        """Forget the limits that have ended; how many."""
        now = forms.stamp(self._foundation.now())

        def work(tx: Transaction) -> int:
            ended = tx.run("remove_limits", now=now)
            if ended:
                tx.tidy()
            return ended

        return await self._foundation.database.write(work)


def strip(tx: Transaction, person: str, now: datetime) -> int:
    """What an erased person leaves of a limit: that it holds, until when, and nothing else. How many rows."""
    return tx.run("strip_limit", person=person, until=forms.stamp(now + ERASED_STAYS))


def put(tx: Transaction, limit: Limit, person: str, reason: str, made_by: str, now: datetime) -> None:
    """Set a limit for a person, by keyed hash: the newest word on them wins. Whoever sets it writes it into the log."""
    until = forms.stamp(limit.until) if limit.until else None
    values = {"person": person, "kind": limit.kind.value, "reason": reason.strip(), "made_by": made_by}
    tx.run("set_limit", now=forms.stamp(now), until=until, **values)


def _wrote(tx: Transaction, made_by: str, act: str, reason: str, now: datetime, shown: int = 0) -> None:
    # The log never shrinks: whom it was about is not in it, not even as a piece of a hash.
    said: dict[str, str | int] = {"reason": reason} if reason else {}
    if shown:
        said["reports"] = shown
    audit.written(tx, Act(audit.official(made_by), act, "limit", said), now)


def _limited(row: Row) -> Limited:
    kind, made_at = LimitKind(row["kind"]), forms.moment(row["made_at"])
    return Limited(row["person"][:LABEL], kind, row["reason"], row["made_by"], made_at, _until(row))


def _until(row: Row) -> datetime | None:
    return forms.moment(row["until"]) if row["until"] else None
