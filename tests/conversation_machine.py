"""A whole house under whatever people, officials, platforms and time do to it, in any order: a machine for hypothesis.

Everything is real but the platforms and the clock: the store and its file, what decides, what leaves by itself. A process may
be ended between any two steps, with a message taken in and not yet answered.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from store_cast import NOON, SECRET, StandingClock, rows
from test_dialogue_any import ODD_TAPS, WORDS

from bot.store import SqlStore
from bot.store.audit import AuditLog
from bot.store.case_types import Changed
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.notices import Notices
from content.loading import Knowledge, load
from handlers import exchange
from handlers.conversation import gatherable
from handlers.errors import SendFailed, TooFast
from handlers.messages import Address, ButtonKind, ChatKind, Kind, Message, Platform, Reply
from handlers.officials import Official, Role
from handlers.picture_types import Picture, PictureTrouble
from handlers.ports import Letter, Ports, Sent, Waiting
from handlers.report import Terms
from scheduler import follow_ups, recalls, reporters

KNOWLEDGE: Knowledge = load()
TERMS = Terms(180, ZoneInfo("Asia/Bangkok"))
# Personal as nothing else is: wherever they stand in a file, they were not masked.
NATIONAL_ID, CARD = "1101700230705", "4111111111111111"
PERSONAL = (
    f"เขาขอเลขบัตรประชาชน {NATIONAL_ID} และเลขบัตร {CARD} บอกว่าพัสดุตกค้าง กรอกที่ parcel-pay-th.example",
    f"They want my ID {NATIONAL_ID} and card {CARD} for a parcel fee at parcel-pay-th.example",
)
PEOPLE = (
    Address(Platform.LINE, "Umali", "Umali"),
    Address(Platform.LINE, "Usomchai", "Usomchai"),
    Address(Platform.TELEGRAM, "700000001", "700000001"),
    Address(Platform.WEB, "a" * 32, "a" * 32),
)
FAMILY = Address(Platform.LINE, "Cfamily", "Umali", ChatKind.GROUP)
MEDIA = (Kind.IMAGE, Kind.STICKER, Kind.AUDIO, Kind.VIDEO, Kind.FILE, Kind.LOCATION, Kind.CONTACT, Kind.OTHER)
PICTURES = (
    Picture(PERSONAL[0], 0.9, look="f0" * 32),
    Picture("", 0.0, ("https://parcel-pay-th.example/pay",), look="0f" * 32),
    Picture(trouble=PictureTrouble.BROKEN),
)
SAID = st.one_of(st.sampled_from(WORDS), st.sampled_from(PERSONAL), st.text(max_size=40))
WHO = st.sampled_from(PEOPLE)
ONE, TWO = Official(1, "pornthip", Role.EDITOR), Official(2, "wichai", Role.APPROVER)
DECISIONS = (
    Decision(DecisionKind.SCAM, "parcel", "parcel-fee-link"),
    Decision(DecisionKind.NOT_A_SCAM),
    Decision(DecisionKind.CANT_TELL),
)


class Platforms:
    """Both platforms: remember what they were given, and fail when told to."""

    def __init__(self) -> None:
        self.failing: list[SendFailed] = []
        self.heard: Counter[int] = Counter()  # by letter
        self.last: dict[Address, Reply] = {}

    async def send(self, letter: Letter) -> Sent:
        if self.failing:
            raise self.failing.pop()
        self.heard[letter.id] += 1
        self.last[letter.address] = letter.reply
        return Sent(f"m{letter.id}", "reply")

    async def working(self, message: Message) -> None:
        return


@dataclass
class House:
    """The house in its folder. `open` begins a process, `close` ends it, however it stands."""

    folder: Path
    clock: StandingClock = field(default_factory=lambda: StandingClock(NOON))
    platforms: Platforms = field(default_factory=Platforms)
    apologies: int = 0

    def open(self) -> None:
        self.store = SqlStore.open(self.url, [SECRET], self.clock)
        senders = dict.fromkeys((Platform.LINE, Platform.TELEGRAM), self.platforms)
        self.ports = Ports(self.store, dict(senders), self.clock, KNOWLEDGE, TERMS, self.store.fingerprinter)
        self.book, self.notices = CaseBook(self.store.foundation), Notices(self.store.foundation)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/rutan.db"

    async def answer(self, waiting: Sequence[Waiting]) -> None:
        """What the worker does with what waits together."""
        if not waiting:
            return
        try:
            letter = (await exchange.respond(waiting, self.ports, at_once)).letter
        except Exception:
            self.apologies += 1
            raise
        if letter is not None:
            await self.deliver(letter)

    async def deliver(self, letter: Letter) -> None:
        if letter.address.platform is Platform.WEB:
            for each in await self.store.collect(letter.address):
                self.platforms.heard[each.id] += 1
                self.platforms.last[each.address] = each.reply
            return
        await exchange.deliver(letter, self.ports, at_once)

    async def deliver_due(self) -> None:
        for letter in await self.store.letters():
            await self.deliver(letter)

    async def news(self) -> None:
        """All that leaves by itself."""
        await reporters.tell(self.notices, KNOWLEDGE)
        await recalls.recall(self.notices, KNOWLEDGE, TERMS.zone)
        await follow_ups.ask(self.notices, KNOWLEDGE)
        await self.store.retention.shrink_growth()
        await self.deliver_due()


async def at_once() -> None:
    """Leave to do something, given at once."""


class ConversationMachine(RuleBasedStateMachine):
    """Any sequence of what may happen. What must hold, holds after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.house = House(Path(tempfile.mkdtemp()))
        self.number = 0
        self.asked: list[str] = []  # events of people who are to be answered

    @initialize()
    def begins(self) -> None:
        self.house.open()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # People

    @rule(who=WHO, text=SAID, forwarded=st.booleans())
    def says(self, who: Address, text: str, forwarded: bool) -> None:
        self._sends([self._message(who, Kind.TEXT, text=text, forwarded=forwarded)])

    @rule(who=WHO, text=st.sampled_from(PERSONAL))
    def reports(self, who: Address, text: str) -> None:
        for words in ("ยกเลิก", "รายงาน", "ยินยอม", text):
            self._sends([self._message(who, Kind.TEXT, text=words)])

    @rule(who=WHO, data=st.sampled_from(ODD_TAPS))
    def taps_an_old_button(self, who: Address, data: str) -> None:
        self._sends([self._message(who, Kind.TAP, data=data)])

    @rule(who=WHO, number=st.integers(0, 15))
    def presses(self, who: Address, number: int) -> None:
        """A button of the last answer."""
        reply = self.house.platforms.last.get(who)
        taps = [b for b in (*reply.buttons, *reply.quick) if b.kind is ButtonKind.TAP] if reply else []
        if taps:
            self._sends([self._message(who, Kind.TAP, data=taps[number % len(taps)].value)])

    @rule(who=WHO, kind=st.sampled_from(MEDIA))
    def shows(self, who: Address, kind: Kind) -> None:
        self._sends([self._message(who, kind, data="081-000-1234" if kind is Kind.CONTACT else "")])

    @rule(
        who=WHO,
        pictures=st.lists(st.sampled_from(PICTURES), min_size=1, max_size=2),
        text=st.sampled_from(("", *WORDS[:3])),
    )
    def sends_pictures(self, who: Address, pictures: list[Picture], text: str) -> None:
        self._sends([replace(self._message(who, Kind.IMAGE, text=text), picture=each) for each in pictures])

    @rule(who=WHO, texts=st.lists(st.sampled_from((*PERSONAL, WORDS[-9], WORDS[-7])), min_size=2, max_size=3))
    def forwards_several(self, who: Address, texts: list[str]) -> None:
        self._sends([self._message(who, Kind.TEXT, text=each, forwarded=True) for each in texts])

    @rule(text=SAID, addressed=st.booleans())
    def is_said_in_the_family(self, text: str, addressed: bool) -> None:
        self._sends([self._message(FAMILY, Kind.TEXT, text=text, addressed=addressed)], answered=False)

    @rule(who=WHO)
    def blocks_and_comes_back(self, who: Address) -> None:
        self._sends([self._message(who, Kind.UNFOLLOW)], answered=False)
        self._sends([self._message(who, Kind.FOLLOW)])

    # Trouble

    @rule(who=WHO, text=SAID)
    def the_process_dies_before_it_answers(self, who: Address, text: str) -> None:
        message = self._message(who, Kind.TEXT, text=text)
        self.run(self.house.store.receive([message]))
        self.asked.append(message.event_id)
        self.restarts()

    @rule()
    def restarts(self) -> None:
        self.house.store.close()
        self.house.open()
        for each in self.run(self.house.store.waiting()):
            self.run(self.house.answer([each]))

    @rule(who=WHO, text=SAID)
    def a_platform_brings_it_twice(self, who: Address, text: str) -> None:
        message = self._message(who, Kind.TEXT, text=text)
        self._sends([message])
        assert self.run(self.house.store.receive([message])) == []

    @rule(fails=st.sampled_from((TooFast(3), SendFailed("down"), SendFailed("500"))))
    def a_platform_stumbles(self, fails: SendFailed) -> None:
        self.house.platforms.failing.append(fails)

    @rule(hours=st.one_of(st.integers(-2, 60), st.sampled_from((24 * 31, 24 * 181))))
    def time_jumps(self, hours: int) -> None:
        self.house.clock.on(hours=hours)
        self.run(self.house.news())

    @rule()
    def what_is_old_goes(self) -> None:
        self.run(self.house.store.retention.remove_old(180))

    # Officials

    @rule(which=st.integers(0, 5), decision=st.sampled_from(DECISIONS), stale=st.booleans())
    def an_official_decides(self, which: int, decision: Decision, stale: bool) -> None:
        cases = [row for row in rows(self.house.url, "cases") if row["state"] != "merged"]
        if not cases:
            return
        case = cases[which % len(cases)]
        self.run(self.house.book.take(case["id"], ONE))
        version = next(int(str(row["version"])) for row in rows(self.house.url, "cases") if row["id"] == case["id"])
        try:
            self.run(self.house.book.decide(case["id"], version - stale, decision, TWO))
        except Changed:
            assert stale
        self.run(self.house.news())

    @precondition(lambda self: rows(self.house.url, "reports"))
    @rule(which=st.integers(0, 5))
    def an_official_hides_somebody(self, which: int) -> None:
        standing = [row for row in rows(self.house.url, "reports") if row["person"] and not row["hidden"]]
        if standing:
            report = standing[which % len(standing)]
            self.run(self.house.book.hide_reporter(report["case_id"], report["number"], TWO, "made up"))

    # What must hold

    @invariant()
    def nobody_is_left_without_an_answer(self) -> None:
        if self.number:
            assert [row["id"] for row in rows(self.house.url, "inbox") if row["done_at"] is None] == []
            assert self.house.apologies == 0

    @invariant()
    def every_report_has_its_case_and_every_count_adds_up(self) -> None:
        if not self.number:
            return
        reports, cases = rows(self.house.url, "reports"), {row["id"]: row for row in rows(self.house.url, "cases")}
        assert all(row["case_id"] in cases for row in reports)
        assert len({row["number"] for row in reports}) == len(reports)
        for case in cases.values():
            mine = self.run(
                self.house.store.foundation.database.read(
                    lambda tx, id=case["id"]: tx.rows("counted_reports", case_id=id)
                )
            )
            assert case["reporters"] == len({row["person"] for row in mine if row["person"]}), case["id"]
            assert case["weight"] >= 0 and case["reports"] >= case["reporters"]

    @invariant()
    def no_letter_belongs_to_nothing(self) -> None:
        if self.number:
            known = {row["id"] for row in rows(self.house.url, "inbox")}
            letters = rows(self.house.url, "outbox")
            assert {row["answers"] for row in letters} - {None} <= known
            assert all(heard == 1 for heard in self.house.platforms.heard.values()), "said twice"

    def teardown(self) -> None:
        try:
            if self.number:
                self._ends()
        finally:
            self.house.store.close()
            self.runner.close()
            shutil.rmtree(self.house.folder)

    def _ends(self) -> None:
        """Everything that was asked has been answered by one send; nothing personal lies in the files."""
        self.house.platforms.failing.clear()
        for _ in range(12):
            self.house.clock.on(minutes=6)
            self.run(self.house.deliver_due())
        letters = {row["answers"]: row for row in rows(self.house.url, "outbox") if row["answers"] is not None}
        asked = {row["event_id"]: row["id"] for row in rows(self.house.url, "inbox")}
        for event in self.asked:
            if event in asked:  # what is older than a month is forgotten, and its letter with it
                letter = letters.get(asked[event])
                assert letter is not None, f"no letter for {event}"
                assert letter["state"] == "sent" or "given up" in str(letter["reason"]), letter
                assert self.house.platforms.heard[int(str(letter["id"]))] == (letter["state"] == "sent")
        assert self.run(AuditLog(self.house.store.foundation).first_broken()) is None
        for file in self.house.folder.iterdir():
            kept = file.read_bytes()
            assert NATIONAL_ID.encode() not in kept and CARD.encode() not in kept, file.name

    def _message(self, who: Address, kind: Kind, **more: Any) -> Message:
        self.number += 1
        return Message(who, f"e{self.number}", kind, self.house.clock.now(), **more)

    def _sends(self, messages: list[Message], *, answered: bool = True) -> None:
        if answered:
            self.asked.append(messages[-1].event_id)
        waiting = self.run(self.house.store.receive(messages))
        assert len(waiting) == len(messages)
        together = len(messages) > 1 and messages[-1].kind is Kind.TEXT
        if together:
            together = self._gatherable(messages)
        for batch in [waiting] if together or messages[-1].kind is Kind.IMAGE else [[each] for each in waiting]:
            self.run(self.house.answer(batch))
        if not together and messages[-1].kind is Kind.TEXT and answered:
            self.asked += [each.event_id for each in messages[:-1]]
        self.house.clock.on(seconds=20)

    def _gatherable(self, messages: Sequence[Message]) -> bool:
        """Whether the worker would answer these as one."""
        session = self.run(self.house.store.session(messages[0].address))
        return all(gatherable(each, session, KNOWLEDGE) for each in messages)
