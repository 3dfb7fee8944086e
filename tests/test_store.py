"""The store in conversation: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from store_cast import (
    ANSWER,
    BROWSER,
    FAMILY,
    MALI,
    NOON,
    NUMBERED,
    REPORT,
    SECRET,
    SILENCE,
    SOMCHAI,
    StandingClock,
    answered,
    change,
    rows,
    said,
    taken,
)

from bot.store import SqlStore, forms
from bot.store.case_numbers import valid_case_number
from content.models import Language, ScamType
from content.verdict import Level
from handlers.errors import Overtaken
from handlers.messages import (
    Address,
    ChatKind,
    Checked,
    Happened,
    Outcome,
    Platform,
    Session,
)
from handlers.ports import Sent, Waiting


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


# The inbox


async def test_a_message_waits_until_it_is_answered_and_is_the_same_as_it_came(store):
    message = said("โอนเงินด่วน", "e1", reply_token="token-1", quoted="ก่อนหน้านี้")
    waiting = await taken(store, message)
    assert await store.waiting() == waiting == [Waiting(waiting[0].id, message)]
    await store.commit(waiting, Outcome(Session(), ANSWER))
    assert await store.waiting() == []


async def test_an_event_seen_before_is_not_taken_again_even_after_its_answer(store):
    message = said("โอนเงินด่วน", "e1")
    waiting = await store.receive([message, message])
    assert len(waiting) == 1
    await store.commit(waiting, SILENCE)
    assert await store.receive([message]) == []
    assert len(await store.receive([replace(message, address=MALI)])) == 1, "another platform has ids of its own"


async def test_messages_without_an_event_id_are_all_kept(store):
    assert len(await store.receive([said("หนึ่ง", ""), said("สอง", "")])) == 2


async def test_of_many_doubles_at_once_exactly_one_is_taken(url, clock):
    stores = [SqlStore.open(url, [SECRET], clock) for _ in range(2)]
    message = said("ซ้ำ", "same")
    try:
        results = await asyncio.gather(*(store.receive([message]) for store in stores * 40))
    finally:
        for each in stores:
            each.close()
    assert sum(len(waiting) for waiting in results) == 1


async def test_half_a_character_costs_no_message(store):
    waiting = await store.receive([said("เงิน\ud83d", "half\udc00")])
    assert waiting[0].message.text == "เงิน\ufffd"
    assert await store.waiting() == waiting
    outcome = Outcome(Session(asked="\ud83d"), replace(ANSWER, title="\ud83d"))
    letter = await store.commit(waiting, outcome)
    assert letter is not None and letter.reply.title == "\ufffd"
    assert await store.letters() == [letter]


# One turn


async def test_a_turn_keeps_session_letter_and_case_together(store, clock):
    session = Session(language=Language.THAI, greeted=True, step="report", data={"came_by": "sms"}, step_at=NOON)
    waiting = await taken(store, said("รายงาน", "e1", reply_token="token-1"))
    letter = await store.commit(waiting, Outcome(session, NUMBERED, (Happened("reported"),), REPORT))
    assert await store.session(SOMCHAI) == session
    [case] = await store.cases(SOMCHAI)
    assert valid_case_number(case.number) and case.number.startswith("RT-2026-00001")
    assert (case.state, case.reported_at) == ("received", NOON)
    assert letter is not None and letter.reply.title == f"เลขที่รับเรื่อง {case.number}"
    assert (letter.reply_token, letter.address, letter.tries, letter.unknown) == (
        "token-1",
        SOMCHAI,
        0,
        False,
    )
    assert await store.letters() == [letter]


async def test_a_second_commit_of_the_same_message_changes_nothing(store, url):
    waiting = await taken(store, said("จริงไหม", "e1"))
    outcome = Outcome(Session(greeted=True), NUMBERED, (Happened("greeted"),), REPORT)
    assert await store.commit(waiting, outcome) is not None
    assert await store.commit(waiting, replace(outcome, session=Session(step="other"))) is None
    assert await store.session(SOMCHAI) == Session(greeted=True)
    assert len(await store.cases(SOMCHAI)) == len(await store.letters()) == len(rows(url, "events")) == 1


async def test_two_commits_of_the_same_message_at_once_make_one_letter(store):
    waiting = await taken(store, said("จริงไหม", "e1"))
    letters = await asyncio.gather(*(store.commit(waiting, Outcome(Session(), ANSWER)) for _ in range(20)))
    assert len([letter for letter in letters if letter]) == len(await store.letters()) == 1


async def test_several_forwards_are_answered_by_one_letter_to_the_last(store):
    waiting = await taken(store, *(said("ส่งต่อ", f"e{n}", reply_token=f"token-{n}") for n in range(3)))
    letter = await store.commit(waiting, Outcome(Session(), ANSWER))
    assert letter is not None and letter.reply_token == "token-2"
    assert await store.waiting() == [] and len(await store.letters()) == 1


async def test_silence_keeps_the_session_and_writes_no_letter(store):
    assert await answered(store, "e1", Outcome(Session(greeted=True))) is None
    assert await store.session(SOMCHAI) == Session(greeted=True)
    assert await store.letters() == [] and await store.waiting() == []


async def test_an_outcome_of_no_message_is_refused(store):
    with pytest.raises(ValueError, match="at least one message"):
        await store.commit([], SILENCE)


async def test_somebody_never_seen_has_a_new_session_and_no_cases(store):
    assert await store.session(MALI) == Session()
    assert await store.cases(MALI) == []


async def test_cases_come_newest_first_and_only_to_their_reporter(store, clock):
    for n in range(3):
        clock.on(minutes=1)
        await answered(store, f"e{n}", Outcome(Session(), NUMBERED, report=REPORT))
    await answered(store, "m", Outcome(Session(), NUMBERED, report=REPORT), MALI)
    mine = await store.cases(SOMCHAI)
    assert len(mine) == 3 and mine == sorted(mine, key=lambda case: case.reported_at, reverse=True)
    assert len(await store.cases(MALI)) == 1


async def test_events_are_counted_without_words_or_person(store, url):
    checked = Checked(Level.KNOWN_SCAM, ScamType.PARCEL, "parcel-fee", None, Language.THAI, "v1")
    await answered(store, "e1", Outcome(Session(spoken=Language.ENGLISH), ANSWER, (checked, Happened("useful", "yes"))))
    await store.record(MALI, [Happened("opened")])
    first, second, third = rows(url, "events")
    assert (first["name"], first["level"], first["type"], first["entry"]) == (
        "checked",
        "known_scam",
        "parcel",
        "parcel-fee",
    )
    assert (second["name"], second["detail"], second["language"]) == ("useful", "yes", "en")
    assert (third["name"], third["platform"], third["language"]) == ("opened", "telegram", None)
    assert not any("somchai" in str(value) for row in (first, second) for value in row.values())


# Groups


async def test_a_group_in_which_we_were_silent_leaves_nothing(store, url):
    await answered(store, "e1", SILENCE, FAMILY)
    assert rows(url, "people") == rows(url, "sessions") == rows(url, "outbox") == []
    assert rows(url, "inbox")[0]["body"] == "" and rows(url, "inbox")[0]["person"] is None


async def test_a_group_has_its_own_session_and_each_member_their_own_cases(store):
    await answered(store, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT), FAMILY)
    assert await store.session(replace(FAMILY, person="Umali")) == Session(greeted=True)
    assert await store.session(SOMCHAI) == Session()
    assert len(await store.cases(SOMCHAI)) == 1
    assert await store.cases(replace(FAMILY, person="Umali")) == []


async def test_a_group_that_becomes_another_keeps_its_session_and_its_letters(store):
    old = Address(Platform.TELEGRAM, "-100", "700000001", ChatKind.GROUP)
    new = replace(old, chat="-200")
    await answered(store, "e1", Outcome(Session(greeted=True, language=Language.THAI), ANSWER), old)
    await answered(store, "e2", Outcome(Session(), ANSWER), new)
    await store.moved(Platform.TELEGRAM, "-100", "-200")
    assert (await store.session(new)).language is Language.THAI
    assert await store.session(old) == Session()
    assert [letter.address.chat for letter in await store.letters()] == ["-200", "-200"]
    await store.moved(Platform.TELEGRAM, "-100", "-200")
    assert (await store.session(new)).language is Language.THAI, "told twice, moved once"


# Subscribers and the unreachable


async def test_who_blocks_us_is_unsubscribed_and_stays_so_when_they_come_back(store, url):
    letter = await answered(store, "e1", Outcome(Session(subscribed=True), ANSWER))
    assert letter is not None and rows(url, "people")[0]["subscribed"] == 1
    await store.failed(letter, "blocked", unreachable=True)
    [person] = rows(url, "people")
    assert person["subscribed"] == 0 and person["unreachable_since"] == forms.stamp(NOON)
    back = await store.session(SOMCHAI)
    assert not back.subscribed
    await answered(store, "e2", Outcome(back, ANSWER))
    assert rows(url, "people")[0]["unreachable_since"] is None


async def test_a_stranger_who_unfollows_leaves_no_row(store, url):
    await answered(store, "e1", Outcome(Session(), unreachable=True))
    assert rows(url, "people") == rows(url, "sessions") == []


async def test_unfollowing_is_kept_with_the_session(store, url):
    await answered(store, "e1", Outcome(Session(greeted=True, subscribed=True), ANSWER))
    await answered(store, "e2", Outcome(Session(greeted=True), unreachable=True))
    assert rows(url, "people")[0]["unreachable_since"] == forms.stamp(NOON)
    assert await store.session(SOMCHAI) == Session(greeted=True)


# The outbox


async def test_a_letter_is_claimed_by_one_hand_only(store):
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    claims = await asyncio.gather(*(store.sending(letter) for _ in range(10)))
    assert sorted(claims) == [False] * 9 + [True]
    assert await store.letters() == [], "what we are sending is not handed out again"


async def test_a_letter_put_off_comes_back_when_due_under_the_same_retry_key(store, clock):
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    assert await store.sending(letter)
    await store.later(letter, NOON + timedelta(seconds=30), unknown=True)
    assert await store.letters() == []
    assert not await store.sending(letter), "an old copy is no claim"
    clock.on(seconds=30)
    assert await store.letters() == [replace(letter, tries=1, unknown=True)]


async def test_what_a_dead_process_was_sending_comes_back_as_unknown(store, url, clock):
    half_sent = await answered(store, "e1", Outcome(Session(), ANSWER))
    untried = await answered(store, "e2", Outcome(Session(), ANSWER))
    assert await store.sending(half_sent)
    store.close()
    again = SqlStore.open(url, [SECRET], clock)
    try:
        assert await again.letters() == [replace(half_sent, tries=1, unknown=True), untried]
        assert await again.sending(replace(half_sent, tries=1))
        assert [letter.id for letter in await again.letters()] == [untried.id]
    finally:
        again.close()


async def test_an_answer_that_left_its_token_behind_is_pushed_also_after_a_death_before_the_push(store, url, clock):
    """Its dead token would answer as a used one does, and the answer would count as delivered."""
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    assert await store.sending(replace(letter, by_push=True))
    store.close()
    again = SqlStore.open(url, [SECRET], clock)
    try:
        assert await again.letters() == [replace(letter, tries=1, unknown=True, by_push=True)]
    finally:
        again.close()


async def test_who_slept_while_another_answered_may_not_push(store, url, clock):
    """It wakes in the midst of its attempt and LINE says that the token is used: used by the other, not dead and unused."""
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    assert await store.sending(letter)
    other = SqlStore.open(url, [SECRET], clock)
    try:
        [taken_over] = await other.letters()
        assert await other.sending(taken_over)
        with pytest.raises(Overtaken):
            await store.pushing(letter)
        await other.pushing(taken_over)
        await other.sent(taken_over, Sent("m", "reply"))
        with pytest.raises(Overtaken):
            await store.pushing(letter)
    finally:
        other.close()


async def test_an_attempt_that_never_told_its_end_comes_back_as_unknown(store, clock):
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    await store.sending(letter)
    clock.on(minutes=4)
    assert await store.letters() == []
    clock.on(minutes=2)
    assert await store.letters() == [replace(letter, tries=1, unknown=True)]
    assert await store.sending(replace(letter, tries=1))
    assert await store.letters() == []


async def test_what_left_keeps_time_and_message_id_and_loses_words_and_address(store, url, clock):
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    clock.on(seconds=2)
    await store.sending(letter)
    await store.sent(letter, Sent("message-77", "push"))
    [row] = rows(url, "outbox")
    assert (row["state"], row["message_id"], row["via"], row["sent_at"]) == (
        "sent", "message-77", "push", forms.stamp(clock.now()),
    )  # fmt: skip
    assert row["body"] == row["chat"] == ""
    assert await store.letters() == []
    await store.failed(letter, "too late")
    assert rows(url, "outbox")[0]["state"] == "sent", "what left has left"


async def test_what_will_never_leave_keeps_its_reason_only(store, url):
    letter = await answered(store, "e1", Outcome(Session(), ANSWER))
    await store.sending(letter)
    await store.failed(letter, "refused")
    [row] = rows(url, "outbox")
    assert (row["state"], row["reason"], row["body"]) == ("failed", "refused", "")
    assert await store.letters() == []


async def test_letters_come_oldest_first(store):
    posted = [await answered(store, f"e{n}", Outcome(Session(), ANSWER)) for n in range(5)]
    assert await store.letters() == posted


async def test_the_web_collects_its_letters_once_and_only_its_own(store):
    await answered(store, "w1", Outcome(Session(), ANSWER), BROWSER)
    await answered(store, "w2", Outcome(Session(), ANSWER), replace(BROWSER, chat="browser-2", person="browser-2"))
    assert await store.letters() == []
    assert [letter.address for letter in await store.collect(BROWSER)] == [BROWSER]
    assert await store.collect(BROWSER) == []


async def test_a_letter_that_cannot_be_read_is_given_up_and_costs_no_other(store, url):
    await answered(store, "e1", Outcome(Session(), ANSWER))
    good = await answered(store, "e2", Outcome(Session(), ANSWER))
    change(url, "update outbox set body = 'spoilt' where id = 1")
    assert await store.letters() == [good]
    assert (rows(url, "outbox")[0]["state"], rows(url, "outbox")[0]["reason"]) == ("failed", "unreadable")
    await answered(store, "w1", Outcome(Session(), ANSWER), BROWSER)
    change(url, "update outbox set body = 'spoilt' where platform = 'web'")
    whole = await answered(store, "w2", Outcome(Session(), ANSWER), BROWSER)
    assert await store.collect(BROWSER) == [whole]


async def test_a_session_or_message_that_cannot_be_read_silences_nobody(store, url):
    await answered(store, "e1", Outcome(Session(greeted=True), ANSWER))
    await taken(store, said("สอง", "e2"))
    [third] = await taken(store, said("สาม", "e3"))
    change(url, "update sessions set body = 'spoilt'")
    change(url, "update inbox set body = 'spoilt' where event_id = 'e2'")
    assert await store.session(SOMCHAI) == Session()
    assert await store.waiting() == [third]


async def test_the_depths_tell_what_waits(store):
    await taken(store, said("รอ", "e1"), said("รอ", "e2"))
    await answered(store, "e3", Outcome(Session(), ANSWER))
    await answered(store, "w1", Outcome(Session(), ANSWER), BROWSER)
    depths = await store.depths()
    assert (depths.inbox, depths.outbox) == (2, 1)
