"""What we remember, over one database: the `Store` of handlers/ports.py and what the house needs beside."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from bot.sealing import Seal, SealBroken
from bot.store import audit, erasure, forms, hubs, ledger, opening, outbox, pictures, sightings, turn, upkeep
from bot.store.drills import DrillBook
from bot.store.erasure import Erased
from bot.store.foundation import Foundation
from bot.store.leases import Fence, Leases, shard_of
from bot.store.limits import Limits
from bot.store.retention import PAGE_OF_UPKEEP, Retention
from bot.store.sightings import Growing
from bot.store.together import Topic
from bot.store.transaction import Reach, Row, StoreFailed, Transaction
from bot.store.trusted import TrustedBook
from bot.store.upkeep import Depths
from content.fingerprints import Fingerprint, Fingerprinter
from content.reported import Standing, Subject
from handlers.drill_types import Practice
from handlers.errors import Overtaken
from handlers.hub_types import AtHub
from handlers.limits import Filed, Limit
from handlers.messages import Address, Case, Event, GroupMode, Message, Outcome, Platform, Reply, Seen, Session
from handlers.ports import PAGE, Clock, Letter, Sent, Waiting
from handlers.trusted_types import Known, Watch
from handlers.urgency import Urgency, ordinary

log = structlog.get_logger()

T = TypeVar("T")

BANGKOK = ZoneInfo("Asia/Bangkok")
# No attempt to send lasts so long: one that is older has died without a word.
LONGEST_ATTEMPT = timedelta(minutes=5)
# How a letter ended is tried again to be written down while the database is away; longer than any restart takes.
LONGEST_OUTAGE = 120.0


class SqlStore:
    """Durable memory. Every method is one transaction, on the disk when it returns; all raise StoreFailed
    when the database does not answer, and nothing of that call is then kept.

    `leases`: the shards that this process answers, where several do; None: all are its own."""

    def __init__(self, foundation: Foundation) -> None:
        self.foundation = foundation
        self._database = foundation.database
        self._seal = foundation.seal
        self._identity = foundation.identity
        self._clock = foundation.clock
        self._timezone = foundation.timezone
        self.limits = Limits(foundation)
        self.hubs = hubs.HubBook(foundation)
        self.trust = TrustedBook(foundation)
        self.drills = DrillBook(foundation)
        self.retention = Retention(foundation)
        self.fingerprinter = Fingerprinter(foundation.identity.fingerprint_key())
        self.leases: Leases | None = None
        # Tells what this process is sending from what a dead one was.
        self._holder = str(uuid4())

    @classmethod
    def open(cls, url: str, secrets: Sequence[str], clock: Clock, timezone: ZoneInfo = BANGKOK) -> Self:
        """Open `sqlite:///path` (made when missing, brought to its newest form). `secrets` are the values of
        SECRET_KEY, the current one first. Raises StoreFailed with what to do."""
        seal = Seal(secrets)
        database, identity = opening.opened(url, seal)
        return cls(Foundation(database, seal, identity, clock, timezone))

    def close(self) -> None:
        """Write what still waits and let go. Afterwards every call raises StoreFailed."""
        self._database.close()

    async def alive(self) -> None:
        """Returns when the database answers; raises StoreFailed when it does not."""
        await self._database.read(lambda tx: tx.rows("alive"))

    # What comes in

    async def receive(
        self, messages: Sequence[Message], urgency: Callable[[Message], Urgency] = ordinary
    ) -> Sequence[Waiting]:
        urgent = [(message, urgency(message)) for message in map(forms.mended, messages)]

        def work(tx: Transaction) -> list[Waiting]:
            return [taken for message, how in urgent if (taken := self._receive(tx, message, how)) is not None]

        return await self._database.write(work, Reach.ROWS)

    def _receive(self, tx: Transaction, message: Message, urgency: Urgency) -> Waiting | None:
        person = self._identity.person(message.address)
        shard = shard_of(message.address.platform, message.address.chat)
        row = tx.row(
            "receive",
            platform=message.address.platform.value,
            # Without an id a message cannot be told from its double: better answered twice than never.
            event_id=message.event_id or f"none-{uuid4()}",
            person=person,
            body=self._seal.close(forms.write(message)),
            received_at=forms.stamp(message.received_at),
            shard=shard,
            urgency=int(urgency),
        )
        if row is None:
            return None
        if self.leases is None or not self.leases.mine(shard):
            tx.tell(Topic.INBOX, str(shard))
        if urgency is Urgency.NEED and row["before"] is not None:
            tx.run("lift", person=person)
        return Waiting(row["id"], message, Urgency(row["urgency"]), row["before"])

    async def waiting(self, most: int = PAGE, besides: Collection[int] = ()) -> Sequence[Waiting]:
        which = {"process": self._process(), "most": most}

        def work(tx: Transaction) -> list[Row | None]:
            new = [row["id"] for row in tx.rows("waiting", **which) if row["id"] not in besides]
            return [tx.row("waiting_message", id=id) for id in new]

        rows = await self._database.read(work)
        return [waiting for row in rows if row is not None and (waiting := self._waiting(row))]

    def _process(self) -> str:
        """Whose shards are looked at; "": everybody's."""
        return self.leases.process if self.leases else ""

    def mine(self, address: Address) -> bool:
        """Whether who writes from there is answered by this process."""
        return self.leases is None or self.leases.mine(shard_of(address.platform, address.chat))

    def _fence(self, address: Address) -> Fence | None:
        return self.leases.fence(shard_of(address.platform, address.chat)) if self.leases else None

    def _waiting(self, row: Row) -> Waiting | None:
        try:
            message = forms.read(Message, self._seal.open(row["body"]))
            return Waiting(row["id"], message, Urgency(row["urgency"]))
        except (SealBroken, forms.FormBroken) as error:
            # Left where it is: a later version, or the right key, may still answer it.
            log.error("message unreadable, left in the inbox", inbox=row["id"], cause=str(error))
            return None

    # The conversation

    async def session(self, address: Address) -> Session:
        key = self._identity.conversation(address)
        row = await self._database.read(lambda tx: tx.row("session", key=key))
        if row is None:
            return Session()
        known = replace(upkeep.session(row, self._seal), subscribed=bool(row["subscribed"]))
        mode = GroupMode(row["mode"]) if row["mode"] else GroupMode.ON
        return replace(known, mode=mode, hub=row["hub"] or "")

    async def cases(self, address: Address) -> Sequence[Case]:
        person = self._identity.person(address)
        rows = await self._database.read(lambda tx: tx.rows("cases", person=person))
        return [upkeep.own_case(row) for row in rows]

    async def seen(self, fingerprints: Sequence[Fingerprint], address: Address) -> Sequence[Seen | None]:
        asker = self._identity.person(address)

        def work(tx: Transaction) -> list[Seen | None]:
            return [sightings.seen(tx, each, asker) for each in fingerprints]

        return await self._database.read(work)

    async def seen_pictures(
        self, looks: Sequence[str], fingerprint: Fingerprint | None, address: Address
    ) -> Sequence[Seen | None]:
        return await pictures.PictureBook(self.foundation).seen(looks, fingerprint, address)

    async def reported(self, subjects: Sequence[Subject]) -> Sequence[Standing]:
        now, zone = self._clock.now(), self._timezone
        found = await self._database.read(lambda tx: ledger.standings(tx, self._identity, subjects, now, zone))
        return list(found.values())

    async def limit(self, address: Address) -> Limit | None:
        return await self.limits.of(address)

    async def at_hub(self, address: Address, code: str, home: str) -> AtHub:
        return await self.hubs.standing(address, code, home)

    async def progress(self, first: Waiting, reply: Reply) -> Letter | None:
        now = self._clock.now()
        draft = outbox.Draft(
            first.message.address,
            reply,
            received_at=first.message.received_at,
            due_at=now,
            answers=first.id,
            person=self._identity.person(first.message.address),
            reply_token=first.message.reply_token,
        )
        return await self._database.write(lambda tx: outbox.post_once(tx, self._seal, draft), Reach.ROWS)

    async def filed(self, address: Address) -> Filed:
        return await self.limits.filed(address)

    async def trusted(self, address: Address, code: str) -> Known:
        return await self.trust.known(address, code)

    async def practice(self, address: Address) -> Practice:
        return await self.drills.practice(address)

    async def watch(self, address: Address) -> Watch | None:
        return await self.trust.watch(address)

    async def unknown_sightings(self, limit: int) -> Sequence[Growing]:
        """What people ask about and no entry explains, the fastest growing first: for officials."""
        now = self._clock.now().astimezone(self._timezone)
        return await self._database.read(lambda tx: sightings.growing(tx, now, limit))

    async def commit(self, done: Sequence[Waiting], outcome: Outcome) -> Letter | None:
        if not done:
            raise ValueError("an outcome follows from at least one message")
        outcome = forms.mended(outcome)
        now = self._clock.now()
        fence = self._fence(done[-1].message.address)

        def work(tx: Transaction) -> Letter | None:
            if fence is not None:
                fence.hold(tx)
            return turn.Turn(tx, self._seal, self._identity, now, self._timezone).write(done, outcome)

        return await self._database.write(work, Reach.PERSON if turn.alone(outcome) else Reach.HOUSE)

    async def record(self, address: Address, events: Sequence[Event]) -> None:
        now = self._clock.now()
        await self._database.write(lambda tx: turn.record(tx, address, events, now), Reach.ROWS)

    # What goes out

    async def letters(self, after: int = 0, most: int = PAGE) -> Sequence[Letter]:
        due = {"now": forms.stamp(self._clock.now()), **self._hold(), "after": after, "most": most}
        rows = await self._database.read(lambda tx: tx.rows("letters", **due))
        letters, unreadable = outbox.readable(rows, self._seal)
        if unreadable:
            await self._database.write(lambda tx: outbox.give_up(tx, unreadable), Reach.ROWS)
        return letters

    async def sending(self, letter: Letter) -> bool:
        """False when another hand has taken the letter since it was read, or may take it: then it must not be sent."""
        now = forms.stamp(self._clock.now())
        values = {"id": letter.id, "tries": letter.tries, "push": int(letter.by_push), "now": now, **self._hold()}
        runs = itertools.count()

        def claim(tx: Transaction) -> int:
            # Once more only because nobody heard how it ended: then the claim that stands may be ours.
            return tx.run("sending", again=min(next(runs), 1), **values)

        claimed = await self._surely(claim) == 1
        return claimed and (self.leases is None or self.leases.sure())

    async def pushing(self, letter: Letter) -> None:
        """Its reply token is dead and unused: from now on it goes by push, whichever process tries. Raises Overtaken where
        another has the letter now."""
        values = {"id": letter.id, "holder": self._holder, "tries": letter.tries + 1}
        if not await self._surely(lambda tx: tx.run("pushing", **values)):
            raise Overtaken

    def _hold(self) -> dict[str, str]:
        stale = forms.stamp(self._clock.now() - LONGEST_ATTEMPT)
        return {"holder": self._holder, "stale": stale, "process": self._process()}

    async def sent(self, letter: Letter, sent: Sent) -> None:
        now = forms.stamp(self._clock.now())
        values = {"id": letter.id, "message_id": sent.message_id, "via": sent.via, "now": now}
        await self._surely(lambda tx: tx.run("sent", **values))

    async def failed(self, letter: Letter, reason: str, *, unreachable: bool = False) -> None:
        key = self._identity.conversation(letter.address)
        now = forms.stamp(self._clock.now())

        def work(tx: Transaction) -> None:
            tx.run("failed", id=letter.id, reason=reason)
            if unreachable:
                tx.run("lose_person", key=key, now=now)

        await self._surely(work)

    async def later(self, letter: Letter, due: datetime, *, unknown: bool) -> None:
        values = {"id": letter.id, "due_at": forms.stamp(due), "unknown": int(unknown)}
        await self._surely(lambda tx: tx.run("later", **values))

    async def _surely(self, work: Callable[[Transaction], T]) -> T:
        """Write down how far a letter is, however often the database must be asked: what happens outside cannot be undone. A
        unit may have been written although nobody heard so, and then is written again."""
        pause, waited = 0.5, 0.0
        while True:
            try:
                return await self._database.write(work, Reach.ROWS)
            except StoreFailed:
                if waited >= LONGEST_OUTAGE or self._database.closed:
                    raise
                await asyncio.sleep(pause)
                pause, waited = min(pause * 2, 5.0), waited + pause

    async def moved(self, platform: Platform, chat: str, new_chat: str) -> None:
        if chat == new_chat:
            return
        key, new_key = self._identity.group(platform, chat), self._identity.group(platform, new_chat)

        def work(tx: Transaction) -> None:
            tx.run("move_out_of_the_way", key=key, new_key=new_key)
            tx.run("move_person", key=key, new_key=new_key, new_chat=new_chat)
            tx.run("move_sources", key=key, new_key=new_key)
            shard = shard_of(platform, new_chat)
            tx.run("move_letters", platform=platform.value, chat=chat, new_chat=new_chat, shard=shard)

        await self._database.write(work)

    async def collect(self, address: Address) -> Sequence[Letter]:
        now = forms.stamp(self._clock.now())
        which = {"platform": address.platform.value, "chat": address.chat, "now": now}
        # A browser asks again and again and mostly nothing waits: that shall not cost a write.
        if not await self._database.read(lambda tx: tx.rows("collect", **which)):
            return []

        def work(tx: Transaction) -> list[Letter]:
            letters, unreadable = outbox.readable(tx.rows("collect", **which), self._seal)
            outbox.give_up(tx, unreadable)
            collected = {"message_id": "", "via": "collected", "now": now}
            # Of two that collect at once, each letter is handed out by the one that marks it.
            return [letter for letter in letters if tx.run("sent", id=letter.id, **collected)]

        return await self._database.write(work, Reach.PERSON)

    # The house's own needs

    async def depths(self) -> Depths:
        """How much waits in the inbox and in the outbox, in the whole house."""
        row = (await self._database.read(lambda tx: tx.rows("depths")))[0]
        waiting = {Urgency.NEED: row["in_need"], Urgency.ORDINARY: row["ordinary"], Urgency.BULK: row["bulk"]}
        oldest = self._clock.now() - forms.moment(row["oldest"]) if row["oldest"] else timedelta(0)
        return Depths(waiting, row["outbox"], max(oldest, timedelta(0)))

    async def forget(self, platform: Platform, id: str) -> Erased:
        """Erase a person, or a group, by the platform's own id, with what still waits; how much of them was here."""
        keys = (self._identity.of_person(platform, id), self._identity.group(platform, id))
        now = self._clock.now()

        def work(tx: Transaction) -> Erased:
            erased = Erased()
            for key in keys:
                dropped = tx.run("erase_messages", person=key, now=forms.stamp(now))
                erased = erased + erasure.erase(tx, key, now) + Erased(messages=dropped)
            if erased:
                erasure.write_down(tx, erased, audit.OPERATOR, now)
            return erased

        return await self._database.write(work)

    async def export_reports(self) -> AsyncIterator[dict[str, str]]:
        """Every report, oldest first, as `upkeep.REPORT_COLUMNS`: masked text, nobody's name or id."""
        after = 0
        while rows := await self._export_page(after):
            for row in rows:
                yield upkeep.report_row(row)
            after = rows[-1]["id"]

    async def _export_page(self, after: int) -> Sequence[Row]:
        return await self._database.read(lambda tx: tx.rows("export_reports", after=after, page=PAGE_OF_UPKEEP))
