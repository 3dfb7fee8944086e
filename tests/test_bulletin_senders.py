"""The ways out for bulletins, over the platforms as fakes: keys, quotas, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from bulletin_cast import BANGKOK, figures
from doubles import FakeLine, FakeTelegram, Fault

from bot.bulletin_senders import LineCrowds, TelegramPosts
from content.models import Language
from handlers.errors import QuotaSpent, SendFailed, TooFast, Unreachable
from handlers.messages import Reply
from handlers.wording import Voice
from scheduler.bulletins import Bulletin, Kind, Quota, State
from scheduler.drafting import composed, reply

CHATS = [f"U{n:032x}" for n in range(5)]


@pytest.fixture
def letter(knowledge) -> Reply:
    counted = figures()
    content = composed(counted, knowledge, BANGKOK)
    bulletin = Bulletin(1, Kind.MONTHLY, counted.month, State.SENDING, 1, counted.until, content, counted)
    return reply(bulletin, Voice(knowledge, Language.THAI), "https://rutan.example/bulletins/2026-10")


@pytest.fixture
async def line() -> AsyncIterator[FakeLine]:
    async with FakeLine(token_life=None) as fake:
        yield fake


@pytest.fixture
async def crowds(line: FakeLine) -> AsyncIterator[LineCrowds]:
    async with LineCrowds.reaching("token", line.url) as opened:
        yield opened


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def posts(telegram: FakeTelegram) -> AsyncIterator[TelegramPosts]:
    async with TelegramPosts.reaching(telegram.token, telegram.url) as opened:
        yield opened


async def test_one_request_reaches_many_and_is_what_line_takes(line, crowds, letter):
    took = await crowds.send_to(CHATS, letter, str(uuid4()))
    assert took.request_id and not took.before
    assert [answer.to for answer in line.answers] == CHATS and len(line.called("multicast")) == 1
    assert line.violations == []
    assert "unsubscribe" in line.answers[0].buttons.values()


async def test_a_lost_answer_is_asked_for_under_the_same_key_and_nobody_hears_it_twice(line, crowds, letter):
    key = str(uuid4())
    line.fault(Fault(status=500, accepted=True, only="multicast"))
    with pytest.raises(SendFailed) as lost:
        await crowds.send_to(CHATS, letter, key)
    assert lost.value.unknown and not lost.value.permanent
    took = await crowds.send_to(CHATS, letter, key)
    assert took.before and took.request_id and len(line.answers) == len(CHATS)


async def test_a_month_that_is_used_up_is_told_from_too_fast(line, crowds, letter):
    line.quota = 3
    with pytest.raises(QuotaSpent):
        await crowds.send_to(CHATS, letter, str(uuid4()))
    line.quota = None
    line.fault(Fault(status=429, headers={"Retry-After": "7"}, only="multicast"))
    with pytest.raises(TooFast) as asked:
        await crowds.send_to(CHATS, letter, str(uuid4()))
    assert asked.value.seconds == 7


async def test_what_is_left_of_the_quota(line, crowds, letter):
    assert await crowds.left() is None and await crowds.quota_of_month() == Quota(None, 0)
    line.quota = 100
    await crowds.send_to(CHATS, letter, str(uuid4()))
    assert await crowds.left() == 95 and await crowds.quota_of_month() == Quota(100, 5)
    line.quota = 2
    assert await crowds.left() == 0
    line.fault(Fault(status=500, only="quota"))
    with pytest.raises(SendFailed):
        await crowds.left()


async def test_an_address_that_line_does_not_know_is_blamed_not_the_words(line, crowds, letter):
    line.unknown = {CHATS[3]}
    with pytest.raises(Unreachable):
        await crowds.send_to(CHATS, letter, str(uuid4()))
    assert len(line.called("multicast")) == 1


async def test_a_bubble_that_line_refuses_goes_as_bare_words(line, crowds, letter):
    body = '{"message": "The request body has 1 error(s)", "details": [{"message": "bad", "property": "messages[0]"}]}'
    line.fault(Fault(status=400, body=body, only="multicast"))
    await crowds.send_to(CHATS, letter, str(uuid4()))
    assert [answer.messages[0]["type"] for answer in line.answers] == ["text"] * len(CHATS)
    assert "1441" in line.answers[0].text


async def test_telegram_gets_the_words_and_the_buttons(telegram, posts, letter):
    message_id = await posts.send_one("700", letter)
    (answer,) = telegram.answers
    assert message_id and answer.to == "700" and telegram.violations == []
    assert answer.buttons["เลิกติดตาม"] == "unsubscribe"
    assert answer.buttons["อ่านฉบับเต็ม"] == "https://rutan.example/bulletins/2026-10"


async def test_who_blocked_us_on_telegram_is_unreachable(telegram, posts, letter):
    telegram.blocked = {"700"}
    with pytest.raises(Unreachable):
        await posts.send_one("700", letter)


async def test_telegram_says_how_long_to_wait(telegram, posts, letter):
    telegram.fault(Fault(status=429, only="sendMessage"))
    with pytest.raises(TooFast) as asked:
        await posts.send_one("700", letter)
    assert asked.value.seconds == 1


@pytest.mark.parametrize(("fault", "unknown"), [(Fault(status=500), False), (Fault(status=0), True)])
async def test_what_may_have_arrived_is_told_from_what_did_not(telegram, posts, letter, fault, unknown):
    telegram.fault(fault)
    with pytest.raises(SendFailed) as failure:
        await posts.send_one("700", letter)
    assert failure.value.unknown is unknown and not failure.value.permanent
