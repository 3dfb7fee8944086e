"""What the weekly sheets of hubs are made of, and the claim by which each is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from bot.store import audit, forms, outbox
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.models import Language, ScamType
from handlers.drill_types import Choice
from handlers.hub_types import Hub
from handlers.messages import Address, Platform, Reply
from scheduler.hub_sheets import MOST_ANSWERS, WEEK, HubWeek
from scheduler.trends import Month

# Longer than any catching up.
CLAIMS_STAY = timedelta(days=60)


class SheetBook:
    """The `Sheets` of the scheduler, over one database."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    async def due(self, monday: date, since: datetime) -> Sequence[HubWeek]:
        def work(tx: Transaction) -> list[HubWeek]:
            hubs = tx.rows("sheet_hubs", week=monday.isoformat(), before=forms.stamp(since))
            return [self._week(tx, row, monday) for row in hubs]

        return await self._database.read(work)

    def _week(self, tx: Transaction, row: Row, monday: date) -> HubWeek:
        first, month = monday - WEEK, Month.of(monday - timedelta(days=1))
        span = {"start": self._midnight(first), "end": self._midnight(monday)}
        days = {"first": first.isoformat(), "next": monday.isoformat()}
        counts = {
            (each["name"], each["key"]): int(each["count"]) for each in tx.rows("sheet_counts", hub=row["id"], **days)
        }
        answered = tx.rows("sheet_answered", hub=row["name"], page=MOST_ANSWERS + 1, **span)
        drills = tx.rows("drill_totals", hub=row["id"], month=month.text)
        theme = tx.row("drill_theme", month=month.text)
        return HubWeek(
            hub=Hub(row["id"], row["name"], province=row["province"]),
            monday=monday,
            levels={key: count for (name, key), count in counts.items() if name == "level"},
            types={key: count for (name, key), count in counts.items() if name == "type"},
            reports=tx.rows("sheet_reports", hub=row["name"], **span)[0]["count"],
            answered=[(each["number"], each["decision"]) for each in answered],
            nearby=self._nearby(tx, row["province"], first, monday),
            drills={Choice(each["answer"]): int(each["count"]) for each in drills},
            theme=ScamType(theme["type"]) if theme is not None else None,
        )

    def _nearby(self, tx: Transaction, province: str, first: date, monday: date) -> Mapping[str, tuple[int, int]]:
        if not province:
            return {}
        now = self._reported(tx, province, first, monday)
        before = self._reported(tx, province, first - WEEK, first)
        return {kind: (count, before.get(kind, 0)) for kind, count in now.items()}

    def _reported(self, tx: Transaction, province: str, first: date, after: date) -> Mapping[str, int]:
        span = {"start": self._midnight(first), "end": self._midnight(after)}
        rows = tx.rows("sheet_province", province=province, **span)
        return {row["type"]: int(row["count"]) for row in rows if row["type"] in set(ScamType)}

    def _midnight(self, day: date) -> str:
        return forms.stamp(datetime.combine(day, time(), self._foundation.timezone))

    async def send(self, week: HubWeek, replies: Mapping[Language, Reply]) -> int:
        return await self._database.write(lambda tx: self._send(tx, week, replies))

    def _send(self, tx: Transaction, week: HubWeek, replies: Mapping[Language, Reply]) -> int:
        now = self._foundation.now()
        which = {"hub": week.hub.id, "week": week.monday.isoformat()}
        if not tx.run("sheet_claim", now=forms.stamp(now), **which):
            return 0
        members = tx.rows("sheet_members", hub=week.hub.id)
        for row in members:
            language = Language(row["language"]) if row["language"] in set(Language) else Language.THAI
            address = Address(Platform(row["platform"]), row["chat"], row["chat"])
            draft = outbox.Draft(address, replies[language], received_at=now, due_at=now, person=row["key"])
            outbox.post(tx, self._foundation.seal, draft)
        tx.run("sheet_letters", letters=len(members), **which)
        audit.written(tx, Act(audit.HOUSE, "hub sheet sent", f"hub:{week.hub.id}", {"letters": len(members)}), now)
        tx.run("sheet_old", before=(week.monday - CLAIMS_STAY).isoformat())
        return len(members)
