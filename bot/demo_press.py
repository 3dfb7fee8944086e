"""The demonstration's bulletins: each month drafted, signed by two and sent to those who asked for it; one urgent warning sent,
and one that waits for its second signature."""

from __future__ import annotations

from dataclasses import replace

from bot.demo_nobody import Nobody
from bot.demo_stage import Plan, Stage
from bot.editorial import Editorial, letters, quiet
from bot.store import audit
from bot.store.deliveries import DeliveryLedger
from content.models import Language
from handlers.officials import Role
from scheduler.bulletins import Part, PartKind, State
from scheduler.courier import Courier
from scheduler.delivery import Ways

SENT_ALERT = "fake-fine-link"
WAITING_ALERT = "parcel-fee-link"
CONTEXT = {
    Language.THAI: "เดือนนี้อาสาสมัครในสามชุมชนช่วยกันเล่าวิธีสังเกตข้อความปลอมให้เพื่อนบ้านฟัง (ข้อความสาธิต)",
    Language.ENGLISH: "This month volunteers of three communities told their neighbours how to spot fake messages (invented).",
}
# As fast as it goes: nobody is there who could be sent too much.
A_SECOND = 0.0


class Press:
    """Drafts on the first of a month, and what officials make of it on the same day."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._editorial = Editorial(stage.foundation, lambda: stage.knowledge, stage.settings)
        self._plan = Plan(stage, (18, 10, self._alert), (1, 15, self._second_alert))

    async def tell(self, ago: int) -> None:
        """The day's work, as far as the story reaches."""
        if self._stage.day(ago).day == self._stage.settings.bulletin_day:
            await self._month(ago)
        await self._plan.tell(ago)

    async def _month(self, ago: int) -> None:
        if self._stage.at(ago, self._stage.settings.bulletin_hour, 1):
            await self._editorial.draft_due()
        if self._stage.at(ago, 9):
            await self._edit()
        if self._stage.at(ago, 11):
            await self._finish()

    def _name(self, role: Role) -> str:
        return self._stage.cast[role].name

    async def _edit(self) -> None:
        """The editor adds a line and signs what was drafted before this day."""
        for each in await self._editorial.bulletins.newest(3):
            if each.state is State.DRAFT and not each.edited and each.figures is not None:
                content = {
                    language: replace(text, context=CONTEXT[language]) for language, text in each.content.items()
                }
                editor = self._stage.cast[Role.EDITOR]
                await self._editorial.bulletins.edit(
                    each.id, each.version, content, audit.official(editor.name), editor
                )
                await self._editorial.sign(each.id, editor.name)

    async def _finish(self) -> None:
        """The approver signs what the editor has signed, and orders it."""
        for each in await self._editorial.bulletins.newest(3):
            if each.state is State.DRAFT and each.figures is not None and each.signatures:
                await self._leave(each.id)

    async def _leave(self, id: int) -> None:
        approver = self._name(Role.APPROVER)
        await self._editorial.sign(id, approver)
        await self._editorial.order(id, None, Part(PartKind.HUBS_FIRST), Nobody(), audit.official(approver))
        await self._deliver()

    async def _deliver(self) -> None:
        foundation, settings = self._stage.foundation, self._stage.settings
        courier = Courier(
            DeliveryLedger(foundation),
            Ways(Nobody(), Nobody()),
            letters(lambda: self._stage.knowledge, settings),
            foundation.clock,
            quiet(settings),
            singles_a_second=A_SECOND,
        )
        await courier.tick()
        await courier.until_idle()
        await courier.stop()

    async def _alert(self) -> None:
        id = await self._editorial.alert(SENT_ALERT, audit.official(self._name(Role.EDITOR)))
        await self._editorial.sign(id, self._name(Role.EDITOR))
        await self._leave(id)

    async def _second_alert(self) -> None:
        id = await self._editorial.alert(WAITING_ALERT, audit.official(self._name(Role.EDITOR)))
        await self._editorial.sign(id, self._name(Role.EDITOR))
