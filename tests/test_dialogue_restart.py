"""A report and an emergency, with the house restarted, or killed, between any two steps: nothing asked twice, nothing lost."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from case_cast import SCAM
from conftest import house_of
from doubles import Answer
from talk import OnLine, OnTelegram, unmarked
from test_kill import Bot, bot_of

from handlers.messages import Address, Platform


@dataclass(frozen=True)
class Step:
    """What is typed ("" where a button is pressed), the button's label, and what the answer holds. `{number}` is the case number
    that was heard."""

    says: str
    presses: str
    hears: str


THAI = (
    Step("รายงาน", "", "ขออนุญาต"),
    Step("ยินยอม", "", "ส่งข้อความที่ได้รับมา"),
    Step("มีคนโทรมาบอกว่าพัสดุติดศุลกากร ให้จ่าย 38 บาท ที่ parcel-pay-th.example", "", "เลขที่รับเรื่อง RT-"),
    Step("", "ไลน์", "เสียเงินไปไหม"),
    Step("5,000 บาท", "", "จังหวัดไหน"),
    Step("ขอนแก่น", "", "อยากเล่าเพิ่ม"),
    Step("เขาอ้างว่าเป็นไปรษณีย์", "", "เลขที่รับเรื่อง RT-"),
    Step("สถานะ", "", "จะตรวจภายในวันที่"),
    Step("โอนเงินไปแล้ว", "", "ทำเดี๋ยวนี้"),
    Step("", "โอนเงินไปแล้ว", "ธนาคารไหน"),
    Step("", "ไทยพาณิชย์", "02-777-7575"),
    Step("", "วันนี้", "ข้อ 1 จาก 7"),
    Step("", "ทำแล้ว", "ข้อ 2 จาก 7"),
    Step("ทำแล้ว", "", "ข้อ 3 จาก 7"),
)
ENGLISH = (
    Step("report", "", "May we keep this?"),
    Step("", "I agree", "Send the message you received"),
    Step("They called about a parcel at customs and want 38 baht at parcel-pay-th.example", "", "Case number RT-"),
    Step("line", "", "Did you lose money?"),
    Step("", "Under 1,000", "Which province"),
    Step("Khon Kaen", "", "Anything to add?"),
    Step("He said he was from the post office", "", "Case number RT-"),
    Step("status", "", "Will be reviewed by"),
    Step("i paid", "", "Do this now"),
    Step("", "Installed an app", "Which bank is it?"),
    Step("krungthai", "", "02-111-1111"),
    Step("", "Within the hour", "Step 1 of 10"),
    Step("", "Skip", "Step 2 of 10"),
)

# No is said, and said again; what was given is taken back, and in the end everything.
CHANGING_MINDS = (
    Step(SCAM, "", "ระวัง"),
    Step("", "ไม่ตรง", "ตรงไหนยังไม่ดี"),
    Step("", "คำตอบผิด", "ให้เจ้าหน้าที่ช่วยดูอีกทีไหม"),
    Step("", "ให้เจ้าหน้าที่ช่วยดู", "ขออนุญาต"),
    Step("", "ไม่ยินยอม", "เราไม่เก็บอะไรไว้"),
    Step(SCAM, "", "ระวัง"),
    Step("", "ไม่ตรง", "ตรงไหนยังไม่ดี"),
    Step("", "คำตอบผิด", "ให้เจ้าหน้าที่ช่วยดูอีกทีไหม"),
    Step("", "ให้เจ้าหน้าที่ช่วยดู", "ขออนุญาต"),
    Step("ยินยอม", "", "เลขที่รับเรื่อง RT-"),
    Step("", "พอแค่นี้", "{number}"),
    Step("สถานะ", "", "จะตรวจภายในวันที่"),
    Step("", "ถอน {number}", "ถอนเรื่องนี้ใช่ไหม"),
    Step("", "ไม่ถอน", "ไม่ได้ถอน"),
    Step("ถอน {number}", "", "ถอนเรื่องนี้ใช่ไหม"),
    Step("", "ยืนยันถอน", "ถอนเรื่องแล้ว"),
    Step("สถานะ", "", "คุณถอนเรื่องนี้แล้ว"),
    Step("ลบข้อมูล", "", "ลบข้อมูลทั้งหมดของคุณใช่ไหม"),
    Step("", "ไม่ลบ", "ไม่ได้ลบอะไร"),
    Step("ลบข้อมูล", "", "ลบข้อมูลทั้งหมดของคุณใช่ไหม"),
    Step("", "ยืนยันลบ", "ลบข้อมูลของคุณแล้ว"),
    Step("สถานะ", "", "คุณยังไม่มีเรื่องที่รายงานไว้"),
)  # fmt: skip


def rows_of(folder: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / "rutan.db")) as database:
        return [tuple(map(str, row)) for row in database.execute(query)]


def told_in_thai(folder: Path) -> None:
    """What the one report holds in the end."""
    told = rows_of(folder, "select came_by, loss, province, note from reports")
    assert told == [("line", "1k_10k", "khon-kaen", "เขาอ้างว่าเป็นไปรษณีย์")]


def told_in_english(folder: Path) -> None:
    told = rows_of(folder, "select came_by, loss, province, note from reports")
    assert told == [("line", "under_1k", "khon-kaen", "He said he was from the post office")]


def all_taken_back(folder: Path) -> None:
    """One report that disputed, without words and without a person; each tap was counted once, and nobody is remembered."""
    assert rows_of(folder, "select state, text, person, disputes from reports") == [("withdrawn", "", "None", "1")]
    counted = rows_of(
        folder, "select substr(detail, 1, instr(detail, ':') - 1) from events where name = 'useful' order by id"
    )
    assert counted == [("no",), ("wrong",)] * 2
    assert rows_of(folder, "select count(*) from audit where act = 'person erased'") == [("1",)]
    # Whoever asks for their status is answered, and so known again, with nothing behind it.
    assert rows_of(folder, "select count(*) from sighting_sources") == [("0",)]


STORIES = {
    "line-th": (OnLine, THAI, told_in_thai),
    "telegram-en": (OnTelegram, ENGLISH, told_in_english),
    "changing-minds": (OnLine, CHANGING_MINDS, all_taken_back),
}


@pytest.mark.parametrize(("platform", "story", "ends"), STORIES.values(), ids=STORIES)
@pytest.mark.slow
async def test_a_new_process_between_any_two_steps(
    tmp_path: Path, platform: type[OnLine | OnTelegram], story: tuple[Step, ...], ends: Callable[[Path], None]
) -> None:
    buttons: dict[str, str] = {}
    numbers: set[str] = set()
    for turn, step in enumerate(story):
        async with house_of(tmp_path) as house:
            # One Telegram counts its updates on and on: what comes again under an old number is taken for a double.
            for _ in range(100 * turn):
                house.telegram.update()
            person = platform(house)
            now = with_number(step, numbers)
            if now.says:
                heard = await person.says(now.says)
            else:
                heard = await person.taps(
                    next(data for label, data in buttons.items() if label.startswith(now.presses))
                )
            assert now.hears in heard.text, heard.text
            assert "{" not in heard.text
            buttons = heard.buttons
            numbers |= set(NUMBER.findall(heard.text))
    assert len(numbers) == 1
    ends(tmp_path)


NUMBER = re.compile(r"RT-\d{4}-\d{6,}")


def with_number(step: Step, numbers: set[str]) -> Step:
    number = next(iter(numbers), "")
    return Step(*(each.replace("{number}", number) for each in (step.says, step.presses, step.hears)))


@dataclass
class Killed:
    """Somebody whose bot dies after each of their messages, before it has answered: how they write, and what they heard last."""

    bot: Bot
    platform: type[OnLine | OnTelegram]
    last: Answer | None = None

    @property
    def fake(self):  # type: ignore[no-untyped-def]
        return self.bot.line if self.platform is OnLine else self.bot.telegram

    async def does(self, step: Step) -> Answer:
        """The message is taken (200), the process dies at once; the next one answers it."""
        before, fake = len(self.fake.answers), self.fake
        assert await self._sends(step) == 200
        await self.bot.end(signal.SIGKILL)
        await self.bot.start()
        while True:
            answer: Answer = await fake.next_answer(before, self._name)
            if self.platform is OnLine or self.last is None or answer.text != self.last.text:
                self.last = answer
                return answer
            # Telegram has nothing by which to know a message again: what left as the process died comes once more.
            before = fake.answers.index(answer, before) + 1

    @property
    def _name(self) -> str:
        return "Ukilled" if self.platform is OnLine else "700009"

    async def _sends(self, step: Step) -> int:
        data = ""
        if not step.says:
            assert self.last is not None
            data = next(each for label, each in self.last.buttons.items() if label.startswith(step.presses))
        if self.platform is OnLine:
            line, postback = self.bot.line, {"data": data}
            event = (
                line.text_event(self._name, step.says)
                if step.says
                else line.event("postback", self._name, postback=postback)
            )
            return await line.send(event)
        telegram, user = self.bot.telegram, int(self._name)
        if step.says:
            return await telegram.send(telegram.update(message=telegram.message(user, step.says)))
        tap = {"id": f"tap{len(telegram.answers)}", "from": telegram.message(user)["from"], "chat_instance": "1", "data": data,
               "message": telegram.message(user, "…")}  # fmt: skip
        return await telegram.send(telegram.update(callback_query=tap))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("platform", "story", "ends"), STORIES.values(), ids=STORIES)
async def test_killed_after_every_step_before_it_is_answered(
    tmp_path: Path, platform: type[OnLine | OnTelegram], story: tuple[Step, ...], ends: Callable[[Path], None]
) -> None:
    """Each message is answered, once, and the dialogue goes on where it stood: in both languages, on both platforms, through yes
    and through no."""
    async with bot_of(tmp_path) as (bot, _):
        await bot.start()
        person, numbers = Killed(bot, platform), set[str]()
        for step in story:
            now = with_number(step, numbers)
            answer = await person.does(now)
            said = answer.text if platform is OnLine else unmarked(answer.text)
            assert now.hears in said, said
            numbers |= set(NUMBER.findall(said))
        await asyncio.sleep(1.2)
        answers = [each.text for each in person.fake.answers]
        if platform is OnLine:
            assert len(answers) == len(story), "every step was answered once"
        else:
            assert len([text for text, _ in groupby(answers)]) == len(story), "or the very same words once more"
        assert not person.fake.violations and len(numbers) == 1
    ends(tmp_path)


async def test_what_waits_aside_is_cleared_away_after_a_day(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        person, address = OnLine(house), Address(Platform.LINE, "Uperson1", "Uperson1")
        for step in THAI[:3]:
            await person.says(step.says)
        await person.says("เมนู")
        assert (await house.bot.store.session(address)).aside
        assert await house.bot.store.retention.clear_steps(datetime.now(UTC) - timedelta(minutes=5)) == 0
        assert await house.bot.store.retention.clear_steps(datetime.now(UTC) + timedelta(minutes=5)) == 1
        session = await house.bot.store.session(address)
        assert not session.aside and not session.data and session.step == ""
