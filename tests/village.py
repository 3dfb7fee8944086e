"""People who talk with the whole house but its platforms: real store, real knowledge, a clock that moves when told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from conversing import data_behind, words
from store_cast import SECRET, StandingClock, rows

from bot.store import SqlStore
from content.loading import Knowledge
from handlers import exchange
from handlers.messages import Address, ChatKind, Kind, Message, Platform, Reply
from handlers.ports import Ports
from handlers.report import Terms

ZONE = ZoneInfo("Asia/Bangkok")
GRANNY = Address(Platform.LINE, "Ugranny", "Ugranny")
NIDA = Address(Platform.TELEGRAM, "700000002", "700000002")
STRANGER = Address(Platform.LINE, "Ustranger", "Ustranger")
FAMILY = Address(Platform.LINE, "Cfamily", "Ugranny", ChatKind.GROUP)
BROWSER = Address(Platform.WEB, "a" * 32, "a" * 32)
SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรและรหัสหลังบัตรที่ลิงก์ parcel-pay-th.example โทร 081-000-1234 ภายในวันนี้"
ENGLISH_SCAM = "Your parcel is held at customs. Pay the 38 baht fee today and enter your card number and CVV at parcel-pay-th.example"


async def at_once() -> None:
    """Leave to do something, given at once."""


@dataclass
class Village:
    """One house and those who talk with it. `letter_count` counts what was read of the outbox so far."""

    store: SqlStore
    clock: StandingClock
    knowledge: Knowledge
    url: str
    turns: int = 0
    last: dict[Address, Reply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        terms = Terms(180, ZONE)
        self.ports = Ports(self.store, {}, self.clock, self.knowledge, terms, self.store.fingerprinter)

    @classmethod
    def open(cls, url: str, knowledge: Knowledge, clock: StandingClock | None = None) -> Village:
        clock = clock or StandingClock()
        return cls(SqlStore.open(url, [SECRET], clock), clock, knowledge, url)

    async def says(self, who: Address, text: str) -> str:
        return await self._turn(who, Kind.TEXT, text=text)

    async def taps(self, who: Address, data: str) -> str:
        return await self._turn(who, Kind.TAP, data=data)

    async def presses(self, who: Address, label: str, reply: Reply | None = None) -> str:
        """The button that begins with this label, of a letter or of the last answer."""
        return await self.taps(who, data_behind(reply or self.last[who], label))

    async def blocks(self, who: Address) -> None:
        await self._turn(who, Kind.UNFOLLOW)

    async def _turn(self, who: Address, kind: Kind, text: str = "", data: str = "") -> str:
        self.turns += 1
        message = Message(who, f"turn{self.turns}", kind, self.clock.now(), text=text, data=data, addressed=True)
        answered = await exchange.respond(await self.store.receive([message]), self.ports, at_once)
        if answered.letter is None:
            return ""
        self.last[who] = answered.letter.reply
        return words(answered.letter.reply)

    async def post(self, who: Address) -> Sequence[Reply]:
        """Letters that answer no message and wait for one person, oldest first; they are taken out."""
        news = {row["id"] for row in rows(self.url, "outbox") if row["answers"] is None}
        mine = [each for each in await self.store.letters() if each.id in news and each.address.chat == who.chat]
        for each in mine:
            await self.store.failed(each, "read in the test")
        return [each.reply for each in mine]
