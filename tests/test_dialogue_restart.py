"""A report and an emergency, with the house restarted, or killed, between any two steps: nothing asked twice, nothing lost."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import house_of
from talk import OnLine, OnTelegram
from test_kill import bot_of

from handlers.messages import Address, Platform


@dataclass(frozen=True)
class Step:
    """What is typed ("" where a button is pressed), the button's label, and what the answer holds."""

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


def kept(folder: Path) -> tuple[str, ...]:
    """What the one report holds in the end."""
    with sqlite3.connect(folder / "rutan.db") as database:
        rows = database.execute("select came_by, loss, province, note from reports").fetchall()
    assert len(rows) == 1
    return tuple(map(str, rows[0]))


@pytest.mark.parametrize(("platform", "story"), [(OnLine, THAI), (OnTelegram, ENGLISH)], ids=["line-th", "telegram-en"])
@pytest.mark.slow
async def test_a_new_process_between_any_two_steps(tmp_path: Path, platform, story) -> None:  # type: ignore[no-untyped-def]
    buttons: dict[str, str] = {}
    numbers: set[str] = set()
    for turn, step in enumerate(story):
        async with house_of(tmp_path) as house:
            # One Telegram counts its updates on and on: what comes again under an old number is taken for a double.
            for _ in range(100 * turn):
                house.telegram.update()
            person = platform(house)
            if step.says:
                heard = await person.says(step.says)
            else:
                heard = await person.taps(
                    next(data for label, data in buttons.items() if label.startswith(step.presses))
                )
            assert step.hears in heard.text, heard.text
            assert "{" not in heard.text
            buttons = heard.buttons
            numbers |= set(re.findall(r"RT-\d{4}-\d{6,}", heard.text))
    assert len(numbers) == 1
    came_by, loss, province, note = kept(tmp_path)
    assert (came_by, loss, province) == ("line", "1k_10k" if story is THAI else "under_1k", "khon-kaen")
    assert note == (THAI if story is THAI else ENGLISH)[6].says


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("every", [1])
async def test_killed_after_a_step_before_it_is_answered(tmp_path: Path, every: int) -> None:
    """The message is taken (200), the process dies at once; the next one answers it, once, and the dialogue goes on."""
    async with bot_of(tmp_path) as (bot, line):
        buttons: dict[str, str] = {}
        await bot.start()
        for turn, step in enumerate(THAI):
            before = len(line.answers)
            data = next(
                (data for label, data in buttons.items() if step.presses and label.startswith(step.presses)), ""
            )
            event = (
                line.text_event("Ukilled", step.says)
                if step.says
                else line.event("postback", "Ukilled", postback={"data": data})
            )
            assert await line.send(event) == 200
            if turn % every == every - 1:
                await bot.end(signal.SIGKILL)
                await bot.start()
            answer = await line.next_answer(before, "Ukilled")
            assert step.hears in answer.text, answer.text
            buttons = answer.buttons
        await asyncio.sleep(1.2)
        assert len(line.answers) == len(THAI), "every step was answered once"
        assert not line.violations
    assert kept(tmp_path) == ("line", "1k_10k", "khon-kaen", "เขาอ้างว่าเป็นไปรษณีย์")


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
