"""Whose people a process answers: fair shares, the dead, the slow, and a fence that nobody steps over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from store_cast import ANSWER, SECRET, SOMCHAI, StandingClock, change, rows, said, taken

from bot.store import SqlStore
from bot.store.leases import LEASE_SECONDS, PATIENCE_SECONDS, SHARDS, LeaseLost, Leases, fair_share, shard_of
from handlers.messages import Outcome, Platform, Session

MINE = shard_of(SOMCHAI.platform, SOMCHAI.chat)


class Watch:
    """A steady clock that moves only when told to."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    opened = SqlStore.open(postgres_url, [SECRET], StandingClock())
    yield opened
    opened.close()


def leases(store: SqlStore, name: str, watch: Watch) -> Leases:
    return Leases(store.foundation, name, watch)


async def settle(*those: Leases) -> None:
    """As many beats as it takes to give and take."""
    for _ in range(3):
        for each in those:
            await each.beat(())


def silent(url: str, process: Leases, seconds: float) -> None:
    """As if a process had not been heard of for so long."""
    change(url, f"update processes set seen_at = seen_at - {seconds} where id = '{process.process}'")


def gone(url: str, process: Leases) -> None:
    """As if its connection had ended a few seconds ago."""
    change(url, f"update processes set seen_at = seen_at - 4, connection = 0 where id = '{process.process}'")


def test_every_chat_has_its_shard_for_ever():
    assert [shard_of(Platform.LINE, "Usomchai"), shard_of(Platform.TELEGRAM, "700000001")] == [48, 14]
    assert {shard_of(Platform.WEB, f"browser-{number}") for number in range(2_000)} == set(range(SHARDS))
    assert [fair_share(living) for living in (1, 2, 3, 5, 64, 100)] == [64, 32, 22, 13, 1, 1]


async def test_shares_are_fair_and_who_ends_gives_all_back(store, watch):
    first, second, third = (leases(store, name, watch) for name in "abc")
    assert len((await first.begin()).gained) == SHARDS
    assert (await second.begin()).gained == frozenset()
    await settle(first, second)
    assert (len(first.held), len(second.held)) == (32, 32) and not set(first.held) & set(second.held)
    await third.begin()
    await settle(first, second, third)
    assert sorted(map(len, (first.held, second.held, third.held))) == [20, 22, 22]
    await second.end()
    await settle(first, third)
    assert sorted(map(len, (first.held, third.held))) == [32, 32] and second.held == {}


async def test_a_shard_in_which_something_is_in_hand_is_not_let_go_of_and_nothing_new_is_begun_in_it(store, watch):
    first, second = leases(store, "a", watch), leases(store, "b", watch)
    await first.begin()
    await second.begin()
    for _ in range(3):
        await first.beat(set(range(SHARDS)))
        await second.beat(())
    assert len(first.held) == SHARDS and len(first.leaving) == 32
    leaving = min(first.leaving)
    assert not first.mine(leaving) and first.mine(min(set(first.held) - first.leaving))
    await settle(first, second)
    assert leaving in second.held and second.mine(leaving)


async def test_the_dead_are_known_by_their_silence_and_sooner_by_their_connection(store, watch, postgres_url):
    first, second = leases(store, "a", watch), leases(store, "b", watch)
    await first.begin()
    await second.begin()
    await settle(first, second)
    # Whoever was away itself does not take others for dead before they could speak.
    silent(postgres_url, second, LEASE_SECONDS + 1)
    watch.at += LEASE_SECONDS
    assert not first.sure()
    await first.beat(())
    assert len(first.held) == 32
    watch.at += PATIENCE_SECONDS
    assert len((await first.beat(())).gained) == 32
    # It wakes, sees what it has lost, and gets its share again.
    change_of_second = await second.beat(())
    assert len(change_of_second.lost) == 32 and second.held == {}
    await settle(first, second)
    assert len(second.held) == 32
    gone(postgres_url, second)
    await first.beat(())
    assert len(first.held) == SHARDS
    # One that comes again under the same name is the same: nobody waits for its silence.
    await first.beat(())
    again = leases(store, "a", watch)
    assert len((await again.begin()).gained) == 32
    assert len((await first.beat(())).lost) == 32


async def test_who_has_lost_a_shard_writes_and_sends_nothing_for_its_people(store, watch, postgres_url):
    other = SqlStore.open(postgres_url, [SECRET], StandingClock())
    try:
        store.leases, other.leases = leases(store, "a", watch), leases(other, "b", watch)
        await store.leases.begin()
        waiting = await taken(store, said("จริงไหม", "e1"), said("จริงหรือ", "e2"))
        assert await store.waiting() == waiting and await other.waiting() == []
        letter = await store.commit(waiting[:1], Outcome(Session(), ANSWER))
        assert letter is not None
        await other.leases.begin()
        silent(postgres_url, store.leases, LEASE_SECONDS + 1)
        watch.at += PATIENCE_SECONDS
        await other.leases.beat(())
        assert MINE in store.leases.held, "it does not know yet"
        before = rows(postgres_url, "inbox"), rows(postgres_url, "outbox")
        with pytest.raises(LeaseLost):
            await store.commit(waiting[1:], Outcome(Session(), ANSWER))
        assert not await store.sending(letter) and await store.letters() == []
        assert (rows(postgres_url, "inbox"), rows(postgres_url, "outbox")) == before
        assert await other.waiting() == waiting[1:] and await other.letters() == [letter]
        assert await other.commit(waiting[1:], Outcome(Session(), ANSWER)) is not None
        # A shard that came back is another lease: what was begun in the old one is not written in the new one.
        old = store.leases.held[MINE]
        await other.leases.end()
        await store.leases.beat(())
        assert store.leases.held[MINE] > old
    finally:
        other.close()


async def test_a_claim_that_was_made_before_a_long_sleep_is_not_used_after_it(store, watch):
    store.leases = leases(store, "a", watch)
    await store.leases.begin()
    letter = await store.commit(await taken(store, said("จริงไหม", "e1")), Outcome(Session(), ANSWER))
    watch.at += LEASE_SECONDS
    assert letter is not None and not await store.sending(letter)
