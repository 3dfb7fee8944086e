"""From a message on a phone to the official's answer on the same phone: over both platforms' fakes and the web page."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable

import pytest
from case_cast import FOUND_SCAM, PORNTHIP, SCAM
from conftest import House, house_of
from store_cast import rows
from talk import InBrowser, OnLine, OnTelegram, Person, unmarked

from bot.store import forms
from bot.store.casebook import CaseBook

FOUND = "ตรวจแล้ว"
NUMBER = re.compile(r"RT-[0-9]{4}-[0-9]{6}")


async def reported(person: Person) -> str:
    """Asks, reports, agrees; the number that is heard."""
    await person.says(SCAM)
    await person.taps("report")
    heard = await person.taps("consent:yes")
    found = NUMBER.search(heard.text)
    assert found is not None, heard.text
    return found[0]


async def decided(house: House) -> None:
    book = CaseBook(house.bot.store.foundation)
    [row] = (await book.queue()).rows
    await book.decide(row.id, row.version, FOUND_SCAM, PORNTHIP)


async def test_the_answer_comes_back_on_every_platform_by_itself(house):
    book = CaseBook(house.bot.store.foundation)
    browser = InBrowser(house)
    numbers = [await reported(each) for each in (OnLine(house), OnTelegram(house), browser)]
    assert len(set(numbers)) == 3
    [row] = (await book.queue()).rows
    assert row.reporters == 3
    before = len(house.line.answers)
    await decided(house)
    pushed = await house.line.next_answer(before, "Uperson1")
    assert pushed.via == "push" and numbers[0] in pushed.text
    await until(lambda: FOUND in house.telegram.answers[-1].text)
    assert numbers[1] in house.telegram.answers[-1].text
    for _ in range(600):
        if news := await collected(house):
            break
        await asyncio.sleep(0.05)
    assert FOUND in news and numbers[2] in news
    assert "RT-" in (await OnLine(house).says("สถานะ")).text


async def until(there: Callable[[], bool]) -> None:
    """Returns when it is so; fails where it is not within a minute."""
    for _ in range(1_200):
        if there():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


def news_wait(house: House) -> bool:
    """Whether a browser is to be told something that answers none of its messages, and may be told it now."""
    now = forms.stamp(house.bot.ports.clock.now())
    letters = [row for row in rows(house.settings.database_url, "outbox") if row["platform"] == "web"]
    return any(row["answers"] is None and str(row["due_at"]) <= now for row in letters)


async def collected(house: House) -> str:
    async with house.http.get(f"{house.url}/chat/news") as answer:
        return unmarked(await answer.text())


@pytest.mark.slow
async def test_news_that_waited_for_a_browser_are_not_taken_for_the_answer(house):
    browser = InBrowser(house)
    number = await reported(browser)
    await decided(house)
    # The number leaves first: the news follow some seconds after the report.
    await until(lambda: news_wait(house))
    page = (await browser.says("สถานะ")).text
    assert FOUND in page and page.index(FOUND) < page.rindex(number)
    assert page.count(number) > 1, "the news and the list both stand there"


@pytest.mark.slow
async def test_an_answer_survives_a_restart_between_the_decision_and_the_letter(tmp_path):
    async with house_of(tmp_path) as house:
        number = await reported(OnTelegram(house))
        house.bot.ticker.stop()
        await decided(house)
    async with house_of(tmp_path) as house:
        await until(lambda: len(house.telegram.answers) > 0)
        await asyncio.sleep(2.5)
        assert [number in answer.text for answer in house.telegram.answers] == [True]


@pytest.mark.parametrize("people", [25, 200])
@pytest.mark.slow
async def test_many_reporters_at_once_hear_one_answer_each(house, people):
    everybody = [OnLine(house, f"Uperson{number}") for number in range(people)]
    house.line.patience = 60.0
    numbers = await asyncio.gather(*(reported(each) for each in everybody))
    assert len(set(numbers)) == people
    [row] = (await CaseBook(house.bot.store.foundation).queue()).rows
    assert (row.reporters, row.weight) == (people, float(people))
    before = len(house.line.answers)
    await decided(house)
    await until(lambda: len(house.line.answers) >= before + people)
    # Whoever tells twice does so with the next tick.
    await asyncio.sleep(2.5)
    told = house.line.answers[before:]
    assert {answer.via for answer in told} == {"push"} and all(FOUND in answer.text for answer in told)
    assert Counter(answer.to for answer in told) == {f"Uperson{number}": 1 for number in range(people)}
