"""A bulletin leaves: everybody once, whatever the platforms do; over a real store and ways out that only remember."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta

import pytest
from bulletin_cast import BANGKOK, NOVEMBER_2, OCTOBER, Office, Remembered, add_subscribers, open_store
from store_cast import StandingClock, add, change, rows

from bot.exporting import write
from bot.store.bulletins import Body
from bot.store.deliveries import DELIVERY_COLUMNS, DeliveryLedger
from content.models import Language
from handlers.errors import QuotaSpent, SendFailed, TooFast, Unreachable
from handlers.messages import Platform
from handlers.wording import Voice
from scheduler.alerts import correction_of
from scheduler.bulletins import Kind, Part, Refused, State
from scheduler.courier import Courier
from scheduler.delivery import LEASE, Quiet, Ways
from scheduler.drafting import reply

# Where the courier waits by its own clock, and the database has no part in it.
ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOVEMBER_2)


@pytest.fixture
def office(url: str, clock: StandingClock, knowledge) -> Iterator[Office]:
    opened = Office.at(url, clock, knowledge)
    yield opened
    opened.store.close()


async def sent_to(office: Office, **how: object) -> int:
    id = await office.signed()
    await office.ordered(id)
    await office.delivered(id, **how)
    return id


def ends(url: str) -> Counter[tuple[object, object]]:
    return Counter((row["state"], row["why"]) for row in rows(url, "deliveries"))


DOWN = SendFailed("down")
PERHAPS = SendFailed("no answer", unknown=True)
WRONG = SendFailed("refused", permanent=True)


# --- everybody, once -------------------------------------------------------------------------------------------------
async def test_everybody_gets_it_once_in_their_own_language(office, url):
    thai = add_subscribers(url, "line", 1_203)
    english = add_subscribers(url, "line", 7, language="en", begin=5_000)
    chats = add_subscribers(url, "telegram", 60, language=None)
    id = await sent_to(office)
    assert office.line.times() == Counter(thai + english) and office.telegram.times() == Counter(chats)
    assert sorted(len(chats) for _, chats, _ in office.line.took) == [7, 203, 500, 500]
    for _, to, letter in office.line.took:
        assert letter.language is (Language.ENGLISH if set(to) <= set(english) else Language.THAI)
    assert await office.counts(id) == (1_270, 0, 0, 0)
    assert (await office.bulletins.get(id)).state is State.SENT
    assert {row["message_id"] for row in rows(url, "deliveries") if row["platform"] == "line"} == {"request-1"}
    assert all(row["at"] and row["version"] == 1 for row in rows(url, "deliveries"))


async def test_every_bulletin_has_the_way_out(office, url):
    add_subscribers(url, "line", 1)
    add_subscribers(url, "telegram", 1)
    await sent_to(office)
    for way in (office.line, office.telegram):
        assert "unsubscribe" in [button.value for button in way.took[0][2].buttons]


async def test_an_order_for_later_waits(office, url, clock):
    add_subscribers(url, "line", 1)
    id = await office.signed()
    await office.ordered(id, within=timedelta(hours=2))
    await office.delivered(id)
    assert office.line.took == []
    clock.on(hours=2)
    await office.delivered(id)
    assert len(office.line.took) == 1


async def test_who_subscribes_until_it_leaves_gets_it_and_who_leaves_does_not(office, url):
    chats = add_subscribers(url, "line", 3)
    id = await office.signed()
    await office.ordered(id)
    new = add_subscribers(url, "line", 1, begin=90)
    change(url, f"update people set subscribed = 0 where chat = '{chats[0]}'")
    await office.delivered(id)
    assert office.line.times() == Counter(chats[1:] + new)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("update people set subscribed = 0", "unsubscribed"),
        ("update people set subscribed = 0, unreachable_since = '2026-11-02'", "blocked"),
        ("delete from people", "forgotten"),
    ],
)
async def test_who_left_between_the_rows_and_the_sending_is_skipped(office, url, statement, why):
    add_subscribers(url, "line", 2)
    add_subscribers(url, "telegram", 2)
    id = await office.signed()
    await office.ordered(id)
    ledger = DeliveryLedger(office.store.foundation)
    now = office.clock.now()
    held = await ledger.hold(id, now, now + LEASE)
    while not await ledger.gather(held):
        pass
    await ledger.let_go(id)
    change(url, statement)
    await office.delivered(id)
    assert office.line.took == [] and ends(url) == Counter({("skipped", why): 4})
    assert (await office.bulletins.get(id)).state is State.SENT


async def test_a_browser_is_sent_nothing_and_that_is_said(office, url):
    add_subscribers(url, "web", 3)
    id = await sent_to(office)
    assert await office.counts(id) == (0, 0, 3, 0) and ends(url) == Counter({("skipped", "no_push"): 3})


@pytest.mark.parametrize("off", [Platform.LINE, Platform.TELEGRAM])
async def test_a_platform_that_is_off_is_skipped(office, url, off):
    add_subscribers(url, "line", 2)
    add_subscribers(url, "telegram", 2)
    id = await sent_to(office, off=off)
    assert await office.counts(id) == (2, 0, 2, 0)


@pytest.mark.parametrize(("part", "counted"), [("platform:line", (3, 0)), ("language:en", (1, 1))])
async def test_a_part_goes_to_that_part(office, url, part, counted):
    add_subscribers(url, "line", 2)
    add_subscribers(url, "line", 1, language="en", begin=50)
    add_subscribers(url, "telegram", 1, language="en")
    id = await office.signed()
    await office.ordered(id, part=part)
    await office.delivered(id)
    assert (len(office.line.times()), len(office.telegram.times())) == counted


def at_a_hub(url: str, chats: list[str], province: str = "nan") -> None:
    """These people belong to a hub there."""
    name, chosen = f"hub {province}", ", ".join(f"'{chat}'" for chat in chats)
    add(
        url,
        "hubs",
        ("name", "name_key", "province", "made_by", "made_at"),
        [(name, name, province, "operator", "2026")],
    )
    change(
        url,
        "insert into hub_members (person, hub, role, joined_at)"
        f" select key, (select max(id) from hubs), 'member', '2026' from people where chat in ({chosen})",
    )


@pytest.mark.parametrize(
    ("part", "heard"), [("hubs", 3), ("province:nan", 1), ("province:krabi", 2), ("hubs-first", 40)]
)
async def test_hubs_are_a_part_and_may_come_first(office, url, part, heard):
    chats = add_subscribers(url, "telegram", 40)
    at_a_hub(url, chats[20:21])
    at_a_hub(url, chats[30:32], "krabi")
    id = await office.signed()
    plan = await office.bulletins.plan(await office.bulletins.get(id), Part.parse(part))
    await office.ordered(id, part=part)
    await office.delivered(id)
    assert plan.whole == heard == len(office.telegram.times()) and set(office.telegram.times().values()) == {1}
    first = {chats for _, (chats,), _ in office.telegram.took[:3]}
    assert part.startswith("province") or first == {chats[20], chats[30], chats[31]}


async def test_with_nobody_subscribed_it_is_simply_sent(office):
    id = await sent_to(office)
    assert (await office.bulletins.get(id)).state is State.SENT and await office.counts(id) == (0, 0, 0, 0)


# --- LINE's moods ----------------------------------------------------------------------------------------------------
async def test_a_retry_goes_out_under_the_key_that_was_stored_before_the_first_try(office, url, monkeypatch):
    monkeypatch.setattr("scheduler.courier.pause", lambda tries: 0.01)
    add_subscribers(url, "line", 10)
    stored: list[list[object]] = []

    class Watched(Remembered):
        async def send_to(self, chats, reply, retry_key):
            stored.append([row["retry_key"] for row in rows(url, "bulletin_batches")])
            assert retry_key in stored[-1]
            return await super().send_to(chats, reply, retry_key)

    office.line = Watched(trouble=[PERHAPS, DOWN])
    await sent_to(office)
    assert len(stored) == 3 and stored[0] == stored[2]
    assert len(office.line.took) == 1 and ends(url) == Counter({("sent", ""): 10})


async def test_too_fast_waits_as_long_as_asked(office, url):
    add_subscribers(url, "line", 3)
    office.line.trouble = [TooFast(0.05)]
    await sent_to(office)
    assert ends(url) == Counter({("sent", ""): 3})


async def test_one_wrong_address_costs_only_itself(office, url):
    chats = add_subscribers(url, "line", 9)

    class Choosy(Remembered):
        async def send_to(self, to, reply, retry_key):
            if chats[4] in to:
                raise Unreachable("'to[4]' is invalid")
            return await super().send_to(to, reply, retry_key)

    office.line = Choosy()
    await sent_to(office)
    assert office.line.times() == Counter(chats[:4] + chats[5:])
    assert ends(url) == Counter({("sent", ""): 8, ("failed", "blocked"): 1})
    assert [row["chat"] for row in rows(url, "people") if not row["subscribed"]] == [chats[4]]


async def test_a_quota_that_runs_out_midway_uses_its_last_message_and_fails_the_rest(office, url):
    chats = add_subscribers(url, "line", 2_300)

    class Metered(Remembered):
        async def send_to(self, to, reply, retry_key):
            if len(to) > self.quota:
                raise QuotaSpent
            self.quota -= len(to)
            return await super().send_to(to, reply, retry_key)

    office.line = Metered(quota=2_300)
    id = await office.signed()
    await office.ordered(id)
    office.line.quota = 1_234
    office.line.left = left_when_asked(office)  # type: ignore[method-assign]
    await office.delivered(id)
    sent, failed, _, waiting = await office.counts(id)
    assert (sent, failed, waiting) == (1_234, 1_066, 0)
    assert set(office.line.times().values()) == {1} and set(office.line.times()) <= set(chats)
    assert ends(url) == Counter({("sent", ""): 1_234, ("failed", "quota_spent"): 1_066})
    office.line.quota = 5_000
    assert await office.bulletins.retry(id, "operator") == 1_066
    await office.delivered(id)
    assert office.line.times() == Counter(chats) and await office.counts(id) == (2_300, 0, 0, 0)


def left_when_asked(office: Office):
    """LINE's figure of what is left is right only once the quota was hit: at the start it still looked enough."""
    asked: list[int] = []

    async def left() -> int | None:
        asked.append(1)
        return 1_000_000 if len(asked) == 1 else office.line.quota

    return left


async def test_a_quota_too_small_at_the_start_pauses_before_anything_leaves(office, url):
    add_subscribers(url, "line", 5)
    add_subscribers(url, "telegram", 5)
    id = await office.signed()
    await office.ordered(id)
    office.line.quota = 4
    await office.delivered(id)
    found = await office.bulletins.get(id)
    assert found.state is State.PAUSED and "only 4 messages" in found.why
    assert office.line.took == [] and office.telegram.took == [] and await office.counts(id) == (0, 0, 0, 10)
    office.line.quota = 5
    await office.bulletins.resume(id, "operator")
    await office.delivered(id)
    assert await office.counts(id) == (10, 0, 0, 0)


async def test_after_a_day_of_trouble_a_crowd_is_given_up_and_called_what_it_is(office, url, clock):
    add_subscribers(url, "line", 2)

    class Down(Remembered):
        async def send_to(self, to, reply, retry_key):
            clock.on(hours=24)
            raise PERHAPS

    office.line = Down()
    await sent_to(office)
    assert ends(url) == Counter({("failed", "no_answer"): 2})


# --- Telegram's moods ------------------------------------------------------------------------------------------------
async def test_who_blocked_us_is_unsubscribed(office, url):
    add_subscribers(url, "telegram", 3)
    office.telegram.trouble = [Unreachable("blocked")]
    await sent_to(office)
    assert ends(url) == Counter({("sent", ""): 2, ("failed", "blocked"): 1})
    assert [row["subscribed"] for row in rows(url, "people") if row["unreachable_since"]] == [0]


async def test_an_answer_that_never_came_is_not_sent_again(office, url):
    chats = add_subscribers(url, "telegram", 3)
    office.telegram.trouble = [PERHAPS]
    await sent_to(office)
    assert ends(url) == Counter({("sent", ""): 2, ("failed", "no_answer"): 1})
    assert set(office.telegram.times().values()) == {1} and len(office.telegram.times()) == len(chats) - 1


@ON_SQLITE
async def test_what_telegram_certainly_did_not_take_is_tried_again(office, url):
    chats = add_subscribers(url, "telegram", 3)
    office.telegram.trouble = [DOWN, TooFast(0.05)]
    await sent_to(office)
    assert office.telegram.times() == Counter(chats)


async def test_a_message_that_telegram_refuses_fails_with_its_reason(office, url):
    add_subscribers(url, "telegram", 2)
    office.telegram.trouble = [WRONG]
    await sent_to(office)
    assert ends(url) == Counter({("sent", ""): 1, ("failed", "refused"): 1})


@ON_SQLITE
async def test_the_pace_is_kept_while_it_is_delivered(office, url):
    add_subscribers(url, "telegram", 60)
    await sent_to(office, a_second=25)
    times = sorted(office.telegram.at)
    assert max(sum(at <= each < at + 1 for each in times) for at in times) <= 30
    assert times[-1] - times[0] >= 59 / 25 - 0.1


# --- pause, cancel, night --------------------------------------------------------------------------------------------
class Held(Remembered):
    """Some sends arrive; those after them wait for `go_on`, and `begun` is set when the first one does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def _meet(self) -> None:
        if len(self.took) >= 20:
            self.begun.set()
            await self.go_on.wait()
        await super()._meet()


async def test_a_paused_bulletin_goes_on_where_it_was(office, url):
    chats = add_subscribers(url, "telegram", 200)
    office.telegram = Held()
    id = await office.signed()
    await office.ordered(id)
    courier = office.courier()
    await courier.tick()
    await office.telegram.begun.wait()
    await office.bulletins.pause(id, "operator")
    office.telegram.go_on.set()
    await courier.until_idle()
    sent, failed, skipped, waiting = await office.counts(id)
    assert 0 < sent < 200 and (failed, skipped, waiting) == (0, 0, 200 - sent)
    await office.delivered(id)
    assert (await office.counts(id))[0] == sent
    await office.bulletins.resume(id, "operator")
    await office.delivered(id)
    assert office.telegram.times() == Counter(chats)


async def test_a_cancelled_bulletin_skips_whoever_has_not_got_it(office, url):
    add_subscribers(url, "telegram", 200)
    office.telegram = Held()
    id = await office.signed()
    await office.ordered(id)
    courier = office.courier()
    await courier.tick()
    await office.telegram.begun.wait()
    await office.bulletins.cancel(id, "operator")
    office.telegram.go_on.set()
    await courier.until_idle()
    found = await office.bulletins.progress(id)
    assert found.state is State.CANCELLED and found.waiting == 0 and found.sent == len(office.telegram.took)
    assert found.sent + found.skipped + found.failed == 200 and found.skipped > 100
    with pytest.raises(Refused):
        await office.bulletins.cancel(id, "operator")


async def test_night_stops_it_and_the_morning_takes_it_up(office, url, clock):
    chats = add_subscribers(url, "line", 3)
    office.quiet = Quiet(time(21), time(8), BANGKOK)
    clock.moment = datetime(2026, 11, 2, 20, 59, tzinfo=BANGKOK)
    id = await office.signed()
    await office.ordered(id)
    clock.on(minutes=1)
    await office.delivered(id)
    assert office.line.took == [] and await office.counts(id) == (0, 0, 0, 3)
    clock.on(hours=11)
    await office.delivered(id)
    assert office.line.times() == Counter(chats)


# --- two at once, and one after the other ----------------------------------------------------------------------------
async def test_two_processes_deliver_one_bulletin_once(office, url, clock):
    chats = add_subscribers(url, "line", 1_500)
    more = add_subscribers(url, "telegram", 120)
    id = await office.signed()
    await office.ordered(id)
    other = Office(url, open_store(url, clock), clock, office.knowledge, office.line, office.telegram)
    couriers = [office.courier(holder="a"), other.courier(holder="b")]
    for _ in range(3):
        await asyncio.gather(*(courier.tick() for courier in couriers))
    await asyncio.gather(*(courier.until_idle() for courier in couriers))
    other.store.close()
    assert office.line.times() == Counter(chats) and office.telegram.times() == Counter(more)
    assert await office.counts(id) == (1_620, 0, 0, 0)


async def test_two_ticks_of_one_process_at_once_begin_one_delivery(office, url):
    chats = add_subscribers(url, "telegram", 60)
    id = await office.signed()
    await office.ordered(id)
    courier = office.courier(a_second=25)
    await asyncio.gather(courier.tick(), courier.tick(), courier.tick())
    await courier.until_idle()
    assert office.telegram.times() == Counter(chats)
    times = sorted(office.telegram.at)
    assert times[-1] - times[0] >= 59 / 25 - 0.1


async def test_a_bulletin_is_held_once_even_by_the_same_holder(office, url, clock):
    add_subscribers(url, "telegram", 1)
    id = await office.signed()
    await office.ordered(id)
    ledger, now = DeliveryLedger(office.store.foundation, "me"), clock.now()
    assert await ledger.hold(id, now, now + LEASE) is not None
    assert await ledger.hold(id, now, now + LEASE) is None and await ledger.due(now) == []


async def test_what_a_dead_process_held_is_taken_up_when_its_lease_runs_out(office, url, clock):
    chats = add_subscribers(url, "line", 700)
    more = add_subscribers(url, "telegram", 10)
    id = await office.signed()
    await office.ordered(id)
    now = clock.now()
    dead = DeliveryLedger(office.store.foundation, "dead")
    held = await dead.hold(id, now, now + LEASE)
    while not await dead.gather(held):
        pass
    arrived = await dead.next_crowd(id, 500, now)
    await office.line.send_to([each.chat for each in arrived.recipients], None, arrived.retry_key)  # type: ignore[arg-type]
    lost = await dead.next_crowd(id, 500, now)
    await dead.next_few(id, Platform.TELEGRAM, 5, now)
    assert lost is not None and await office.counts(id) == (0, 0, 0, 710)
    await office.delivered(id)
    assert len(office.line.took) == 1
    clock.moment = now + LEASE
    await office.delivered(id)
    assert office.line.times() == Counter(chats) and office.telegram.times() == Counter(more)
    assert await office.counts(id) == (710, 0, 0, 0)


async def test_who_opted_out_of_a_crowd_of_unknown_end_is_not_asked_for_again(office, url, clock):
    chats = add_subscribers(url, "line", 3)
    id = await office.signed()
    await office.ordered(id)
    now = clock.now()
    dead = DeliveryLedger(office.store.foundation, "dead")
    held = await dead.hold(id, now, now + LEASE)
    while not await dead.gather(held):
        pass
    await dead.next_crowd(id, 500, now)
    change(url, f"update people set subscribed = 0 where chat = '{chats[1]}'")
    clock.moment = now + LEASE
    await office.delivered(id)
    assert office.line.times() == Counter([chats[0], chats[2]])
    assert ends(url) == Counter({("sent", ""): 2, ("skipped", "unsubscribed"): 1})


# --- proof and recall ------------------------------------------------------------------------------------------------
async def test_a_correction_goes_to_exactly_those_who_got_the_wrong_one(office, url, knowledge):
    add_subscribers(url, "line", 4)
    got = add_subscribers(url, "telegram", 4)
    office.line.trouble = [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]
    id = await sent_to(office)
    add_subscribers(url, "telegram", 5, begin=500)
    change(url, f"update people set subscribed = 0 where chat = '{got[0]}'")
    wrong = await office.bulletins.get(id)
    body = Body(correction_of(wrong, knowledge))
    correction = await office.bulletins.draft(OCTOBER, body, "operator", kind=Kind.CORRECTION, corrects=id)
    await office.bulletins.sign(correction, "Dan")
    await office.bulletins.sign(correction, "Ben")
    office.telegram.took.clear()
    await office.ordered(correction)
    await office.delivered(correction)
    assert office.telegram.times() == Counter(got[1:])
    assert office.telegram.took[0][2].title.startswith("แก้ไข")
    assert await office.counts(correction) == (3, 0, 1, 0)


async def test_the_export_proves_and_names_nobody(office, url):
    chats = add_subscribers(url, "line", 2) + add_subscribers(url, "telegram", 2)
    office.telegram.trouble = [Unreachable("blocked")]
    await sent_to(office)
    second = await office.signed(OCTOBER.before())
    await office.ordered(second)
    await office.delivered(second)
    out = io.StringIO()
    await write(DeliveryLedger(office.store.foundation).export(), "csv", out, DELIVERY_COLUMNS)
    found = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert Counter(row["state"] for row in found) == Counter({"sent": 6, "failed": 1})
    keys = [str(row["key"]) for row in rows(url, "people")]
    assert not any(name in out.getvalue() for name in (*chats, *keys))
    labels = [row["recipient"] for row in found]
    assert len(set(labels)) == len(labels) == 7 and all(labels)


async def test_who_asks_to_be_forgotten_leaves_the_row_without_themselves(office, url):
    chats = add_subscribers(url, "telegram", 1)
    await sent_to(office)
    key = rows(url, "people")[0]["key"]
    await office.store.foundation.database.write(lambda tx: tx.run("erase_person", key=key))
    assert [(row["state"], row["person"]) for row in rows(url, "deliveries")] == [("sent", None)]
    assert chats[0] not in str(rows(url, "deliveries"))


async def test_after_the_days_of_retention_nobody_is_found_by_what_they_got(office, url, clock):
    add_subscribers(url, "line", 3)
    await sent_to(office)
    ledger = DeliveryLedger(office.store.foundation)
    assert await ledger.unlink(clock.now() - timedelta(days=180)) == 0
    assert await ledger.unlink(clock.now() + timedelta(seconds=1)) == 1
    assert [row["person"] for row in rows(url, "deliveries")] == [None] * 3 and ends(url) == Counter({("sent", ""): 3})
    assert await ledger.unlink(clock.now() + timedelta(seconds=1)) == 0


# --- the channel -----------------------------------------------------------------------------------------------------
async def test_a_channel_gets_one_post(office, url):
    add_subscribers(url, "telegram", 1)
    id = await office.signed()
    await office.ordered(id)
    courier = Courier(
        DeliveryLedger(office.store.foundation),
        Ways(office.line, office.telegram, "@rutan_example"),
        lambda bulletin, language: reply(bulletin, Voice(office.knowledge, language)),
        office.clock,
        office.quiet,
    )
    await courier.tick()
    await courier.until_idle()
    assert office.telegram.times()["@rutan_example"] == 1
    assert [row["channel"] for row in rows(url, "bulletins")] == ["sent"] and await office.counts(id) == (1, 0, 0, 0)
