"""The demonstration's community hubs: villages that nobody finds on a map, their members, and Monday's sheets."""

from __future__ import annotations

from bot.demo_stage import DAYS, Stage
from bot.store import audit, forms, turn
from bot.store.hub_sheets import SheetBook
from bot.store.hubs import HubBook
from bot.store.leases import shard_of
from bot.store.transaction import Transaction
from content.models import Language
from handlers.hub_types import Hub, HubRole, Join
from handlers.messages import Address, Kind, Message, Outcome, Platform, Session
from handlers.officials import Role
from handlers.ports import Waiting
from handlers.urgency import Urgency
from scheduler import hub_sheets

MONDAY = 0
ESCALATION = "ประธานกลุ่ม แล้วจึงเจ้าหน้าที่ที่โต๊ะ (สาธิต)"
# Each with how many of a hundred messages come from it, and how many members.
HUBS = (
    (Hub(0, "บ้านหนองแวง", "ศาลากลางหมู่บ้าน", "khon-kaen", "จันทร์–ศุกร์ 9:00–15:00", "ไทย, อีสาน", ESCALATION), 9, 8),
    (Hub(0, "ชุมชนริมคลอง", "ห้องสมุดชุมชน", "bangkok", "เสาร์ 10:00–16:00", "ไทย", ESCALATION), 7, 6),
    (Hub(0, "ศูนย์ผู้สูงอายุท่าหิน", "อาคารอเนกประสงค์", "lop-buri", "พุธ 13:00–16:00", "ไทย", ESCALATION), 4, 5),
)


class Hubs:
    """`members` of each hub by its name; the first of them leads it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._book = HubBook(stage.foundation)
        self.members = {
            hub.name: [_member(place, number) for number in range(many)] for place, (hub, _, many) in enumerate(HUBS)
        }
        self._homes = {address: name for name, members in self.members.items() for address in members}

    def of(self, address: Address) -> str | None:
        """The hub that somebody belongs to."""
        return self._homes.get(address)

    async def arrive(self) -> None:
        """An admin makes each hub, and its members join by its codes."""
        self._stage.at(DAYS, 11)
        admin = audit.official(self._stage.cast[Role.ADMIN].name)
        for hub, _, _ in HUBS:
            opened = await self._book.add(hub, admin)
            leads = await self._book.code(hub.name, HubRole.LEAD, admin)
            lead, *others = self.members[hub.name]
            await self._join(lead, leads.code)
            for member in others:
                await self._join(member, opened.code)

    async def _join(self, address: Address, code: str) -> None:
        foundation = self._stage.foundation
        now = foundation.now()

        def work(tx: Transaction) -> None:
            row = tx.rows(
                "receive",
                platform=address.platform.value,
                event_id=f"demo-join-{address.chat}",
                person=None,
                body="",
                received_at=forms.stamp(now),
                shard=shard_of(address.platform, address.chat),
                urgency=int(Urgency.ORDINARY),
            )[0]
            waiting = Waiting(row["id"], Message(address, f"demo-join-{address.chat}", Kind.TEXT, now))
            session = Session(spoken=Language.THAI, subscribed=True)
            written = turn.Turn(tx, foundation.seal, foundation.identity, now, foundation.timezone)
            written.write([waiting], Outcome(session, hub=Join(code)))

        await foundation.database.write(work)

    async def tell(self, ago: int) -> None:
        """On Mondays every member gets the sheet."""
        if self._stage.day(ago).weekday() != MONDAY or not self._stage.at(ago, hub_sheets.HOUR.hour, 1):
            return
        foundation = self._stage.foundation
        now = foundation.now()
        await hub_sheets.send(SheetBook(foundation), self._stage.knowledge, now, foundation.timezone)
        await self._delivered()

    async def _delivered(self) -> None:
        letters = await self._stage.store.letters()
        now = forms.stamp(self._stage.foundation.now())

        def work(tx: Transaction) -> None:
            for letter in letters:
                tx.run("sent", id=letter.id, message_id="", via="push", now=now)

        await self._stage.foundation.database.write(work)


def _member(place: int, number: int) -> Address:
    platform = Platform.TELEGRAM if number % 3 == 2 else Platform.LINE
    return Address(platform, f"demo-hub-{place}-{number}", f"demo-hub-{place}-{number}")
