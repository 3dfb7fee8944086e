"""What the demonstration's officials did with the knowledge: an entry that was written and changed at the desk, one change that
waits for the second person, one that was sent back, and one that is being written.

What became live in the story is what is shipped, to the letter, so that the server starts from knowledge that is made already.
"""

from __future__ import annotations

from typing import Any

from bot.demo_stage import Plan, Stage
from bot.store.revisions import Revision, Revisions
from content.models import Entry, Organisation
from content.revising import Body, Kind, Revised, body_of
from handlers.officials import Role

WRITTEN = "fake-fine-link"
FIRST_NOTE = "มีคนแจ้งใบสั่งปลอมเข้ามาหลายเรื่อง"
CHANGED_NOTE = "คลื่นใหม่: ข้อความค่าทางด่วน และลิงก์คืนแต้มใบขับขี่"
ASKED = "parcel-fee-link"
ASKED_NOTE = "มีคนแจ้งข้อความแบบใหม่ อ้างว่าพัสดุเปียกน้ำ (สาธิต)"
ASKED_PHRASE = {
    "th": "พัสดุของท่านเปียกน้ำระหว่างทาง จ่ายค่าห่อใหม่สิบห้าบาทในลิงก์ก่อนหกโมงเย็น",
    "en": "Your parcel got wet on the way, pay 15 baht for new wrapping in this link before six",
}
RETURNED = "job-like-and-follow"
RETURNED_NOTE = "เพิ่มข้อความชวนกดหัวใจ (สาธิต)"
RETURNED_PHRASE = {
    "th": "แค่กดหัวใจร้านค้าวันละสิบร้าน รับค่าขนมเข้าบัญชีทุกเย็น",
    "en": "Just tap hearts for ten shops a day and get pocket money every evening",
}
REMARK = "ขอเพิ่มตัวอย่างภาษาอังกฤษอีกหนึ่งประโยค แล้วส่งมาใหม่ได้เลย"
WRITING = "cimb-thai"
WRITING_NOTE = "เพิ่มชื่อที่คนเรียก (สาธิต)"
NICKNAME = "ธนาคารซีไอเอ็มบี (สาธิต)"


class Knowing:
    """All of it is planned."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._revisions = Revisions(stage.foundation)
        self._plan = Plan(
            stage,
            (70, 13, self._write),
            (19, 13, self._change),
            (5, 10, self._send_back),
            (2, 13, self._ask),
            (1, 13, self._begin),
        )

    async def tell(self, ago: int) -> None:
        """What is planned for the day."""
        await self._plan.tell(ago)

    async def _write(self) -> None:
        """The entry as it was at first: without the wordings that came later."""
        await self._approve(await self._asked(Kind.ENTRY, WRITTEN, _earlier(self._entry(WRITTEN)), FIRST_NOTE), None)

    async def _change(self) -> None:
        before = _earlier(self._entry(WRITTEN))
        await self._approve(await self._asked(Kind.ENTRY, WRITTEN, self._entry(WRITTEN), CHANGED_NOTE), before)

    async def _ask(self) -> None:
        await self._asked(Kind.ENTRY, ASKED, _with_phrase(self._entry(ASKED), ASKED_PHRASE), ASKED_NOTE)

    async def _send_back(self) -> None:
        body = _with_phrase(self._entry(RETURNED), RETURNED_PHRASE)
        asked = await self._asked(Kind.ENTRY, RETURNED, body, RETURNED_NOTE)
        await self._revisions.send_back(asked.id, asked.version, self._stage.cast[Role.APPROVER], REMARK)

    async def _begin(self) -> None:
        known: Organisation = self._stage.knowledge.organisations[WRITING]
        body = body_of(known)
        names = body.setdefault("nicknames", {"th": [], "en": []})
        names["th"] = [*names.get("th", []), NICKNAME]
        await self._draft(Kind.ORGANISATION, WRITING, body, WRITING_NOTE)

    def _entry(self, name: str) -> dict[str, Any]:
        known: Entry = self._stage.knowledge.entries[name]
        return body_of(known)

    async def _draft(self, kind: Kind, name: str, body: Body, note: str) -> Revision:
        """A draft whose checks found nothing: a test sees to it that they would not."""
        editor = self._stage.cast[Role.EDITOR]
        made = await self._revisions.begin(Revised(kind, name, body), editor, note)
        await self._revisions.checked(made.id, made.version, ())
        return made

    async def _asked(self, kind: Kind, name: str, body: Body, note: str) -> Revision:
        made = await self._draft(kind, name, body, note)
        return await self._revisions.ask(made.id, made.version, self._stage.cast[Role.EDITOR])

    async def _approve(self, asked: Revision, before: Body | None) -> None:
        newest, version = await self._revisions.newest(), self._stage.knowledge.version
        approver = self._stage.cast[Role.APPROVER]
        await self._revisions.approve(asked.id, asked.version, approver, before, newest, version)


def _earlier(body: dict[str, Any]) -> dict[str, Any]:
    phrases = body["phrases"]["scammer"]
    shorter = {language: lines[: len(lines) * 2 // 3] for language, lines in phrases.items()}
    steps = {language: lines[:-1] for language, lines in body["check_yourself"].items()}
    return {**body, "phrases": {**body["phrases"], "scammer": shorter}, "check_yourself": steps}


def _with_phrase(body: dict[str, Any], phrase: dict[str, str]) -> dict[str, Any]:
    phrases = body["phrases"]["scammer"]
    longer = {language: [*lines, phrase[language]] for language, lines in phrases.items()}
    return {**body, "phrases": {**body["phrases"], "scammer": longer}}
