"""The ledger of deliveries: the `Ledger` of scheduler/delivery.py, and what is proved from it."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import uuid4

from bot.store import audit, forms
from bot.store.audit import HOUSE, Act
from bot.store.bulletins import filters, loaded, planned, subject
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.models import Language
from handlers.messages import Platform
from scheduler.bulletins import Bulletin, Part, PartKind, State
from scheduler.delivery import LEASE, Crowd, Due, End, Ended, Few, Recipient, Why

# Recipients made in one transaction: a person's answer waits no longer than that takes.
_GATHERED_AT_ONCE = 4_000
_PAGE = 5_000
_EXPORTED_AT_ONCE = 500

DELIVERY_COLUMNS = (
    "bulletin", "version", "recipient", "platform", "language", "state", "why", "at", "message_id", "batch",
)  # fmt: skip


class DeliveryLedger:
    """Who gets which bulletin. `holder` tells this process from others."""

    def __init__(self, foundation: Foundation, holder: str = "") -> None:
        self._database = foundation.database
        self._foundation = foundation
        self._holder = holder or str(uuid4())

    # whose turn it is

    async def due(self, now: datetime) -> Sequence[Due]:
        stamp = forms.stamp(now)
        rows = await self._database.read(lambda tx: tx.rows("due_bulletins", now=stamp))
        return [Due(row["id"], forms.moment(row["scheduled_for"])) for row in rows]

    async def hold(self, bulletin: int, now: datetime, until: datetime) -> Bulletin | None:
        def work(tx: Transaction) -> Bulletin | None:
            standing = loaded(tx, bulletin)
            times = {"now": forms.stamp(now), "until": forms.stamp(until)}
            if not tx.run("hold_bulletin", id=bulletin, holder=self._holder, **times):
                return None
            tx.run("take_back", bulletin=bulletin)
            if standing.started_at is None:
                audit.written(tx, Act(HOUSE, "bulletin began to leave", subject(bulletin)), now)
            return loaded(tx, bulletin)

        return await self._database.write(work)

    async def keep(self, bulletin: int, until: datetime) -> bool:
        return await self._database.write(lambda tx: self._held(tx, bulletin, until))

    def _held(self, tx: Transaction, bulletin: int, until: datetime) -> bool:
        return tx.run("keep_bulletin", id=bulletin, holder=self._holder, until=forms.stamp(until)) == 1

    async def let_go(self, bulletin: int) -> None:
        await self._database.write(lambda tx: tx.run("release_bulletin", id=bulletin, holder=self._holder))

    async def needed(self, bulletin: Bulletin) -> int:
        def work(tx: Transaction) -> int:
            found = planned(tx, bulletin, bulletin.part)
            return sum(count for (platform, _), count in found.items() if platform is Platform.LINE)

        return await self._database.read(work)

    async def halt(self, bulletin: int, why: str, now: datetime) -> None:
        def work(tx: Transaction) -> None:
            states = {"state": State.PAUSED.value, "was": State.SENDING.value}
            if tx.run("set_bulletin_state", id=bulletin, why=why, **states):
                audit.written(tx, Act(HOUSE, "bulletin paused", subject(bulletin), {"remark": why}), now)

        await self._database.write(work)

    # recipients

    async def gather(self, bulletin: Bulletin) -> bool:
        until = self._foundation.now() + LEASE

        def work(tx: Transaction) -> bool:
            row = tx.row("bulletin", id=bulletin.id)
            if row is None or row["gathered"] or not self._held(tx, bulletin.id, until):
                return True
            if bulletin.corrects:
                return self._gather_corrected(tx, bulletin, row["gathered_to"])
            return self._gather_subscribers(tx, bulletin, row["gathered_to"])

        return await self._database.write(work)

    def _gather_subscribers(self, tx: Transaction, bulletin: Bulletin, after: str) -> bool:
        part = bulletin.part
        if part.kind is PartKind.HUBS_FIRST and not after:
            # Rows are sent in their order; who has one already is passed over later.
            everybody = {"bulletin": bulletin.id, "version": bulletin.version, "after": "", "last": "g"}
            tx.run("gather_subscribers", **everybody, **filters(Part(PartKind.HUBS)))
            return self._gathered(tx, bulletin, "!", whole=False)
        end = tx.row("subscribers_page_end", after=after, page=_GATHERED_AT_ONCE - 1)
        # Keys are hexadecimal: "g" comes after all of them.
        last = end["key"] if end else "g"
        values = {"bulletin": bulletin.id, "version": bulletin.version, "after": after, "last": last}
        tx.run("gather_subscribers", **values, **filters(part))
        return self._gathered(tx, bulletin, last, whole=end is None)

    def _gather_corrected(self, tx: Transaction, bulletin: Bulletin, after: str) -> bool:
        span = tx.rows("delivery_span", bulletin=bulletin.corrects)[0]
        begin = int(after or (span["low"] or 1) - 1)
        last = begin + _GATHERED_AT_ONCE
        values = {"corrects": bulletin.corrects, "after": begin, "last": last}
        tx.run("gather_corrected", bulletin=bulletin.id, version=bulletin.version, **values)
        return self._gathered(tx, bulletin, str(last), whole=last >= (span["high"] or 0))

    def _gathered(self, tx: Transaction, bulletin: Bulletin, last: str, *, whole: bool) -> bool:
        tx.run("gathered_to", id=bulletin.id, last=last, whole=int(whole))
        return whole

    # LINE: many at once

    async def open_crowds(self, bulletin: int) -> Sequence[Crowd]:
        def work(tx: Transaction) -> list[Crowd]:
            return [_crowd(tx, row) for row in tx.rows("open_batches", bulletin=bulletin)]

        return await self._database.read(work)

    async def next_crowd(self, bulletin: int, most: int, now: datetime) -> Crowd | None:
        def work(tx: Transaction) -> Crowd | None:
            found = self._claimed(tx, bulletin, Platform.LINE, most, now)
            if found is None:
                return None
            language, recipients = found
            rows = (recipients[0].row, recipients[-1].row)
            which: dict[str, str | int] = {"bulletin": bulletin, "platform": "line", "language": language.value}
            batch, retry_key = _open(tx, rows, now, **which)
            tx.run("join_batch", batch=batch, first_row=rows[0], last_row=rows[1], **which)
            return Crowd(batch, language, retry_key, rows, tuple(recipients), 0, now)

        return await self._database.write(work)

    async def tried(self, crowd: Crowd) -> None:
        await self._database.write(lambda tx: tx.run("try_batch", id=crowd.id))

    async def divide(self, crowd: Crowd, first: int, now: datetime) -> tuple[Crowd, Crowd]:
        parts = (crowd.recipients[:first], crowd.recipients[first:])

        def work(tx: Transaction) -> tuple[Crowd, Crowd]:
            tx.run("settle_batch", id=crowd.id, state="divided")
            for row in crowd.absent:
                tx.run("skip_delivery", id=row, why=Why.UNSUBSCRIBED.value, now=forms.stamp(now))
            halves = [self._half(tx, crowd, part, now) for part in parts]
            return halves[0], halves[1]

        return await self._database.write(work)

    def _half(self, tx: Transaction, crowd: Crowd, recipients: tuple[Recipient, ...], now: datetime) -> Crowd:
        rows = (recipients[0].row, recipients[-1].row)
        of = tx.rows("batch", id=crowd.id)[0]
        which = {"bulletin": of["bulletin"], "platform": of["platform"], "language": of["language"]}
        batch, retry_key = _open(tx, rows, now, **which)
        tx.run("rejoin_batch", batch=batch, was=crowd.id, first_row=rows[0], last_row=rows[1])
        return Crowd(batch, crowd.language, retry_key, rows, recipients, 0, now)

    async def settle_crowd(self, crowd: Crowd, end: End, now: datetime) -> None:
        first, last = crowd.rows
        values = {"why": end.why, "message_id": end.message_id, "now": forms.stamp(now)}

        def work(tx: Transaction) -> None:
            if not tx.run("settle_batch", id=crowd.id, state=end.state.value):
                return
            if end.state is Ended.SENT and not end.before:
                for row in crowd.absent:
                    tx.run("skip_delivery", id=row, why=Why.UNSUBSCRIBED.value, now=forms.stamp(now))
            tx.run("settle_batch_rows", batch=crowd.id, first_row=first, last_row=last, state=end.state.value, **values)
            if end.why == Why.BLOCKED:
                for each in crowd.recipients:
                    tx.run("lose_recipient", key=each.key, now=forms.stamp(now))

        await self._database.write(work)

    # Telegram: one by one

    async def next_few(self, bulletin: int, platform: Platform, most: int, now: datetime) -> Few | None:
        def work(tx: Transaction) -> Few | None:
            found = self._claimed(tx, bulletin, platform, most, now)
            if found is None:
                return None
            language, recipients = found
            for each in recipients:
                tx.run("start_delivery", id=each.row)
            return Few(language, tuple(recipients))

        return await self._database.write(work)

    async def settle(self, one: Recipient, end: End, now: datetime) -> None:
        values = {"state": end.state.value, "why": end.why, "message_id": end.message_id, "now": forms.stamp(now)}

        def work(tx: Transaction) -> None:
            tx.run("settle_delivery", id=one.row, **values)
            if end.why == Why.BLOCKED:
                tx.run("lose_recipient", key=one.key, now=forms.stamp(now))

        await self._database.write(work)

    async def put_back(self, rows: Sequence[int]) -> None:
        def work(tx: Transaction) -> None:
            for row in rows:
                tx.run("put_back_delivery", id=row)

        await self._database.write(work)

    def _claimed(
        self, tx: Transaction, bulletin: int, platform: Platform, most: int, now: datetime
    ) -> tuple[Language, list[Recipient]] | None:
        """The next who wait and may be written to, of one language; who may not is skipped."""
        if not self._held(tx, bulletin, now + LEASE):
            return None
        for language in Language:
            which = {"bulletin": bulletin, "platform": platform.value, "language": language.value}
            while rows := tx.rows("waiting_recipients", page=most, **which):
                if recipients := _reachable(tx, rows, now):
                    return language, recipients
        return None

    # how it ends

    async def end_waiting(self, bulletin: int, platform: Platform, end: End, now: datetime) -> None:
        query = "skip_waiting" if end.state is Ended.SKIPPED else "fail_waiting"
        values = {"bulletin": bulletin, "platform": platform.value, "why": end.why, "now": forms.stamp(now)}
        while await self._database.write(lambda tx: tx.run(query, page=_PAGE, **values)):
            pass

    async def channel_free(self, bulletin: int) -> bool:
        return await self._database.write(lambda tx: tx.run("try_channel", id=bulletin)) == 1

    async def channel_ended(self, bulletin: int, how: str, message_id: str) -> None:
        await self._database.write(lambda tx: tx.run("settle_channel", id=bulletin, channel=how, message_id=message_id))

    async def finish(self, bulletin: int, now: datetime) -> bool:
        def work(tx: Transaction) -> bool:
            counts: dict[str, int] = {}
            for part in tx.rows("delivery_counts", bulletin=bulletin):
                counts[part["state"]] = counts.get(part["state"], 0) + part["count"]
            row = tx.row("bulletin", id=bulletin)
            if row is None or not row["gathered"] or counts.get("waiting") or counts.get("sending"):
                return False
            if row["state"] != State.SENDING:
                return False
            tx.run("end_bulletin", id=bulletin, state=State.SENT.value, now=forms.stamp(now))
            audit.written(tx, Act(HOUSE, "bulletin sent", subject(bulletin), counts), now)
            return True

        return await self._database.write(work)

    # proof

    async def export(self) -> AsyncIterator[dict[str, str]]:
        """Every delivery, oldest first, as `DELIVERY_COLUMNS`. `recipient` is a label that is the same person within one
        bulletin and tells nothing across two; "" for who asked to be forgotten."""
        key, after = self._foundation.identity.recipient_key(), 0
        while rows := await self._database.read(
            lambda tx: tx.rows("export_deliveries", after=after, page=_EXPORTED_AT_ONCE)  # noqa: B023 - awaited at once
        ):
            for row in rows:
                yield _exported(row, key)
            after = rows[-1]["id"]

    async def unlink(self, before: datetime) -> int:
        """Take the person out of the rows of bulletins that ended before then; how many bulletins. What was sent stays."""
        stamp = forms.stamp(before)
        found = await self._database.read(lambda tx: [row["id"] for row in tx.rows("linked_bulletins", before=stamp)])
        for bulletin in found:
            await self._unlink(bulletin)
        return len(found)

    async def _unlink(self, bulletin: int) -> None:
        span = await self._database.read(lambda tx: tx.rows("delivery_span", bulletin=bulletin)[0])
        for after in range((span["low"] or 1) - 1, span["high"] or 0, _PAGE):
            values = {"bulletin": bulletin, "after": after, "last": after + _PAGE}
            await self._database.write(lambda tx, values=values: tx.run("unlink_deliveries", **values))  # type: ignore[misc]
        await self._database.write(lambda tx: tx.run("unlinked", id=bulletin))


def _open(tx: Transaction, rows: tuple[int, int], now: datetime, **which: str | int) -> tuple[int, str]:
    retry_key = str(uuid4())
    span = {"first_row": rows[0], "last_row": rows[1]}
    opened = tx.rows("open_batch", retry_key=retry_key, now=forms.stamp(now), **span, **which)
    return opened[0]["id"], retry_key


def _crowd(tx: Transaction, row: Row) -> Crowd:
    """A crowd that was left open: whoever opted out since is not asked for again."""
    span = {"first_row": row["first_row"], "last_row": row["last_row"]}
    people = tx.rows("batch_people", batch=row["id"], **span)
    there = [each for each in people if _why_not(each) is None]
    return Crowd(
        id=row["id"],
        language=Language(row["language"]),
        retry_key=row["retry_key"],
        rows=(row["first_row"], row["last_row"]),
        recipients=tuple(Recipient(each["id"], each["chat"], each["key"]) for each in there),
        tries=row["tries"] + 1,
        began=forms.moment(row["made_at"]),
        absent=tuple(each["id"] for each in people if _why_not(each) is not None),
    )


def _why_not(row: Row) -> Why | None:
    """Why somebody is not written to any more; None where they may be."""
    if row["key"] is None:
        return Why.FORGOTTEN
    if row["unreachable_since"] is not None:
        return Why.BLOCKED
    return None if row["subscribed"] else Why.UNSUBSCRIBED


def _reachable(tx: Transaction, rows: Sequence[Row], now: datetime) -> list[Recipient]:
    found = []
    for row in rows:
        why = _why_not(row)
        if why is None:
            found.append(Recipient(row["id"], row["chat"], row["key"]))
        else:
            tx.run("skip_delivery", id=row["id"], why=why.value, now=forms.stamp(now))
    return found


def _exported(row: Row, key: bytes) -> dict[str, str]:
    label = ""
    if row["person"]:
        said = f"{row['bulletin']}:{row['person']}".encode()
        label = hmac.digest(key, said, "sha256").hex()[:12]
    values = {column: str(row[column] or "") for column in DELIVERY_COLUMNS if column != "recipient"}
    return {column: label if column == "recipient" else values[column] for column in DELIVERY_COLUMNS}
