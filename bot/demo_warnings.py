"""What leaves the demonstration's house for others: early warnings, and requests to take down what a scam uses. Those who are
asked are as invented as the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.demo_sayings import LINE_IDS
from bot.demo_stage import Act, Plan, Stage
from bot.store.campaigns import SCAMS, CampaignBook, Marking, NotDone, Proposal
from bot.store.casebook import CaseBook
from bot.store.takedown_types import Wish
from bot.store.takedowns import Takedowns
from bot.takedown.targets import written_in
from content.reported import Subject
from content.takedown import RecipientKind
from handlers.officials import Official, Role

REVOKED = "ตรวจอีกครั้งพบว่าโดเมนเปลี่ยนเจ้าของแล้ว"
DECLINED = "หลักฐานยังไม่พอ ขอรอเรื่องที่สอง"
TOLD_NO = "ผู้รับแจ้งว่าไม่พบหน้าเว็บตามที่ระบุ"
WITHDRAWN = "เตรียมซ้ำกับคำขอก่อนหน้า"
REGISTRAR = ("ผู้รับจดโดเมนตัวอย่าง (สาธิต)", "abuse@registrar.example")
PLATFORM = ("แพลตฟอร์มตัวอย่าง (สาธิต)", "trust@platform.example")


@dataclass(frozen=True)
class Warned:
    """One early warning: proposed so many days ago, and what became of it after how many days (None: it waits)."""

    ago: int
    marking: Marking
    kind: str
    confirmed: bool = True
    ended_ago: int | None = None
    reason: str = ""


WARNINGS = (
    Warned(60, Marking.GREEN, "domain"),
    Warned(41, Marking.CLEAR, "domain"),
    Warned(33, Marking.CLEAR, "domain", ended_ago=12, reason=REVOKED),
    Warned(15, Marking.CLEAR, "domain"),
    Warned(10, Marking.AMBER, "line_id"),
    Warned(8, Marking.GREEN, "domain", confirmed=False, ended_ago=6, reason=DECLINED),
    Warned(1, Marking.CLEAR, "domain", confirmed=False),
)


@dataclass(frozen=True)
class Asked:
    """One take-down request: prepared so many days ago; when it was sent, acknowledged and over, and how (None: not yet).
    `value`: what it is about, where that matters."""

    ago: int
    recipient: RecipientKind
    kind: str
    sent: int | None = None
    acknowledged: int | None = None
    over: int | None = None
    how: str = ""
    value: str = ""


REQUESTS = (
    Asked(55, RecipientKind.REGISTRAR, "domain", 54, 53, 50, "removed"),
    Asked(50, RecipientKind.PLATFORM, "line_id", 50, 49, 46, "removed", next(iter(LINE_IDS))),
    Asked(28, RecipientKind.REGISTRAR, "domain", 27, 26, 21, "refused"),
    Asked(17, RecipientKind.PLATFORM, "line_id", 16, 15, 14, "removed"),
    Asked(13, RecipientKind.REGISTRAR, "domain", over=12, how="withdrawn"),
    Asked(9, RecipientKind.REGISTRAR, "domain", 8),
    Asked(4, RecipientKind.PLATFORM, "line_id", 3, 2),
    Asked(1, RecipientKind.REGISTRAR, "domain"),
)


class Leaving:
    """All of it is planned. A case and what it names are warned of once, and asked about once: the next act takes the next."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._campaigns = CampaignBook(stage.foundation)
        self._takedowns = Takedowns(stage.foundation)
        self._cases = CaseBook(stage.foundation)
        self._taken: dict[str, set[int | Subject]] = {"warned": set(), "asked": set()}
        self._known: dict[int, tuple[Subject, ...]] = {}
        acts: list[Act] = []
        for warned in WARNINGS:
            acts += self._of_warning(warned)
        for asked in REQUESTS:
            acts += self._of_request(asked)
        self._plan = Plan(stage, *acts)

    async def tell(self, ago: int) -> None:
        """What is planned for the day."""
        await self._plan.tell(ago)

    def _of_warning(self, warned: Warned) -> list[Act]:
        made: list[int] = []

        async def propose() -> None:
            async for case, named in self._named("warned", warned.kind):
                # What no official's decision convicted in this very case is told to nobody.
                with suppress(NotDone):
                    proposal = Proposal(case, warned.marking, timedelta(days=90), named)
                    made.append((await self._campaigns.propose(proposal, self._editor)).id)
                    return

        async def confirm() -> None:
            for id in made:
                await self._campaigns.confirm(id, self._approver)

        async def end() -> None:
            for id in made:
                await self._campaigns.end(id, self._approver, warned.reason)

        acts: list[Act] = [(warned.ago, 16, propose)]
        if warned.confirmed:
            acts.append((warned.ago, 17, confirm))
        if warned.ended_ago is not None:
            acts.append((warned.ended_ago, 16, end))
        return acts

    def _of_request(self, asked: Asked) -> list[Act]:
        made: list[int] = []
        name, address = PLATFORM if asked.recipient is RecipientKind.PLATFORM else REGISTRAR
        known = self._stage.knowledge.takedown.of(asked.recipient)

        async def prepare() -> None:
            async for case, named in self._named("asked", asked.kind, asked.value):
                wish = Wish(asked.recipient, known.asks, name, address, named)
                made.append(await self._takedowns.prepare(case, wish, self._editor))
                return

        def step(do: Callable[[int, int], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
            async def done() -> None:
                for id in made:
                    await do(id, (await self._takedowns.get(id)).version)

            return done

        acts: list[Act] = [(asked.ago, 16, prepare)]
        if asked.sent is not None:
            acts.append((asked.sent, 17, step(self._sent)))
        if asked.acknowledged is not None:
            acts.append((asked.acknowledged, 11, step(self._acknowledged)))
        if asked.over is not None:
            ends = {"removed": self._removed, "refused": self._refused, "withdrawn": self._withdrawn}
            acts.append((asked.over, 14, step(ends[asked.how])))
        return acts

    async def _sent(self, id: int, version: int) -> None:
        await self._takedowns.sent(id, version, self._approver, self._now(), f"DEMO-{id:03}")

    async def _acknowledged(self, id: int, version: int) -> None:
        await self._takedowns.acknowledged(id, version, self._editor, self._now(), f"DEMO-{id:03}")

    async def _removed(self, id: int, version: int) -> None:
        await self._takedowns.removed(id, version, self._editor, self._now())

    async def _refused(self, id: int, version: int) -> None:
        await self._takedowns.refused(id, version, self._editor, self._now(), TOLD_NO)

    async def _withdrawn(self, id: int, version: int) -> None:
        await self._takedowns.withdraw(id, version, self._editor, WITHDRAWN)

    async def _named(self, purpose: str, kind: str, value: str = "") -> AsyncIterator[tuple[int, tuple[Subject, ...]]]:
        """Cases that were found to be scams, those with most reports first, and what their reports name of this kind."""
        taken = self._taken[purpose]
        rows = (await self._cases.queue("answered", size=200)).rows
        found = [row for row in rows if row.decision in SCAMS and row.id not in taken]
        for row in sorted(found, key=lambda each: (-each.reports, each.id)):
            written = await self._written(row.id)
            wanted = [each for each in written if each.kind == kind and value in ("", each.value) and each not in taken]
            if wanted and (named := tuple(await self._takedowns.named(row.id, wanted))):
                taken.update((row.id, *named))
                yield row.id, named

    async def _written(self, case: int) -> tuple[Subject, ...]:
        """What the reports of a case name; looked up once, for the messages of a case are copies."""
        if case not in self._known:
            file = await self._cases.case(case)
            texts = [each.text for each in file.reports if each.text and not each.hidden] if file else []
            self._known[case] = written_in(texts, self._stage.knowledge.directory)
        return self._known[case]

    def _now(self) -> datetime:
        return self._stage.foundation.now()

    @property
    def _editor(self) -> Official:
        return self._stage.cast[Role.EDITOR]

    @property
    def _approver(self) -> Official:
        return self._stage.cast[Role.APPROVER]
