"""More comes in than can be answered: memory stays bounded, who is in need comes first, nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from conftest import House
from hub_cast import UNKNOWN, joined
from store_cast import said

from bot import line, webchat
from content.loading import Knowledge
from content.models import Language
from handlers.messages import Address, Kind, Message, Platform
from handlers.urgency import Urgency, urgency
from handlers.wording import Voice

NEED = "โอนเงินไปแล้ว"


def brought(house: House, person: str, text: str, age: float = 0) -> Message:
    """A message as LINE brings it, so many seconds after it was sent."""
    now = house.bot.ports.clock.now() - timedelta(seconds=age)
    (message,) = line.read({"events": [house.line.text_event(person, text, age=age)]}, now)
    return message


async def waits(house: House, messages: Sequence[Message]) -> None:
    """Put into the table as another process does: nobody has it in hand."""
    words = house.bot.ports.knowledge.words
    await house.bot.store.receive(messages, lambda message: urgency(message, words))


async def answers(house: House, number: int) -> list[str]:
    """Who was answered, in this order, once there are so many answers; what is in hand stays within its bound."""
    inbox = house.bot.inbox
    for _ in range(3_000):
        assert inbox.in_hand <= inbox.most_in_hand + 100
        if len(house.line.answers) >= number:
            break
        await asyncio.sleep(0.01)
    return [answer.to for answer in house.line.answers]


async def emptied(house: House) -> None:
    """Nothing waits any more."""
    async with asyncio.timeout(30):
        while (await house.bot.store.depths()).inbox:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.05)


async def test_who_is_in_need_is_answered_before_a_crowd_and_every_webhook_is_taken(house: House) -> None:
    inbox = house.bot.inbox
    inbox.most_in_hand = 0
    for number in range(20):
        assert await house.line.send(house.line.text_event(f"U{number}", "เมนู")) == 200
    assert inbox.in_hand == 0 and (await house.bot.store.depths()).inbox == 20
    inbox.most_in_hand = 4
    await waits(
        house, [brought(house, "Uelder", "สวัสดี"), brought(house, "Uelder", NEED), brought(house, "Uother", NEED)]
    )
    began = len(house.line.answers)
    inbox.wake()
    order = (await answers(house, 23))[began:]
    assert sorted(order) == sorted([f"U{number}" for number in range(20)] + ["Uelder", "Uelder", "Uother"])
    # With four others, at most, that were in hand beside them.
    assert max(place for place, who in enumerate(order) if who in ("Uelder", "Uother")) < 3 + 8, order
    elder = [answer.text for answer in house.line.answers if answer.to == "Uelder"]
    assert "1441" in elder[1], "in the order they wrote in"
    await emptied(house)
    assert inbox.in_hand == 0


async def test_whoever_waits_long_in_a_crowd_is_told_once_how_long_it_takes(house: House) -> None:
    inbox = house.bot.inbox
    inbox.most_in_hand = 2
    crowd = [brought(house, f"U{number}", "เมนู", age=40) for number in range(8)]
    await waits(house, [brought(house, "Umali", "สวัสดี", age=45), brought(house, "Umali", "เมนู", age=44), *crowd])
    await waits(house, [brought(house, "Uneed", NEED, age=40)])
    inbox.wake()
    await answers(house, 11)
    told = [answer.to for answer in house.line.answers if "พร้อมกันมาก" in answer.text]
    assert told.count("Umali") == 1 and len(set(told)) == len(told)
    assert "Uneed" not in told
    # The last ones have nobody behind them any more.
    assert len(told) < 9


async def test_what_a_hub_passes_on_in_numbers_waits_for_everybody_else(house: House) -> None:
    await joined(house)
    inbox = house.bot.inbox
    inbox.most_in_hand = 3
    began = len(house.line.answers)
    await waits(house, [brought(house, "Uhub", UNKNOWN[number]) for number in range(2)])
    await waits(house, [brought(house, "Uhub", "เมนู")])  # behind what they brought before it
    await waits(house, [brought(house, f"U{number}", "เมนู") for number in range(12)])
    depths = await house.bot.store.depths()
    assert depths.waiting == {Urgency.NEED: 0, Urgency.ORDINARY: 12, Urgency.BULK: 3}
    async with house.http.get(f"{house.url}/metrics") as answer:
        assert 'rutan_inbox_depth{urgency="bulk"} 3.0' in await answer.text()
    inbox.wake()
    order = (await answers(house, began + 13))[began:]
    # In hand together with the last of the others at most.
    assert "Uhub" not in order[:9], order
    await emptied(house)


async def test_a_page_that_waits_in_a_crowd_says_how_long(house: House) -> None:
    voice = Voice(house.bot.ports.knowledge, Language.ENGLISH)
    assert (await webchat.not_yet(house.bot, voice)).title == voice.say("failed_title")
    house.bot.inbox.most_in_hand = 0
    await waits(house, [brought(house, "U1", "เมนู", age=125)])
    told = await webchat.not_yet(house.bot, voice)
    assert told.title == voice.say("web_crowded_title") and "2 min" in told.summary


def test_urgency_is_heard_in_words_and_taps(knowledge: Knowledge) -> None:
    words = knowledge.words
    mali = Address(Platform.LINE, "Umali", "Umali")
    assert urgency(said(NEED, "e1", mali), words) is Urgency.NEED
    assert urgency(said("อยากตาย", "e2", mali), words) is Urgency.NEED
    assert urgency(said("เมนู", "e3", mali), words) is Urgency.ORDINARY
    tap = Message(mali, "e4", Kind.TAP, said("", "x").received_at, data="paid:now")
    assert urgency(tap, words) is Urgency.NEED
