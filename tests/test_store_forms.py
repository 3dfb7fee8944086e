"""Case numbers, keyed hashes, seals, and dataclasses written as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_cast import (
    FAMILY,
    NUMBERED,
    REPORT,
    SECRET,
    SOMCHAI,
    StandingClock,
    answered,
)

from bot.identity import Identity
from bot.sealing import Seal, SealBroken
from bot.store import SqlStore, forms
from bot.store.case_numbers import case_number, valid_case_number
from content.models import Language
from handlers.messages import (
    Address,
    Button,
    ButtonKind,
    ChatKind,
    Kind,
    Message,
    Outcome,
    Platform,
    Reply,
    Section,
    Session,
    Span,
    Tone,
)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


# Keys, numbers and forms


def test_case_numbers_have_their_form_and_catch_slips():
    assert case_number(2026, 12) == "RT-2026-000128"
    assert case_number(2026, 99_999).startswith("RT-2026-99999")
    assert case_number(2026, 100_000).startswith("RT-2026-100000") and len(case_number(2026, 100_000)) == 15
    for bad in ("RT-2026-000129", "RT-2026-00012", "rt-2026-000128", " RT-2026-000128", "RT-2026-๐๐๐๑๒๘", ""):
        assert not valid_case_number(bad)
    with pytest.raises(ValueError, match="counter from 1"):
        case_number(2026, 0)


@given(st.integers(2000, 2999), st.integers(1, 2_000_000), st.data())
def test_one_wrong_digit_or_one_swap_is_noticed(year, counter, data):
    number = case_number(year, counter)
    assert valid_case_number(number)
    places = [at for at, letter in enumerate(number) if letter.isdigit()]
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from("0123456789"))
    assert valid_case_number(number[:at] + digit + number[at + 1 :]) == (digit == number[at])
    left = data.draw(st.sampled_from(range(8, len(number) - 1)))
    swapped = number[:left] + number[left + 1] + number[left] + number[left + 2 :]
    assert valid_case_number(swapped) == (number[left] == number[left + 1])


async def test_the_case_year_is_bangkoks(store, clock):
    clock.moment = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)
    await answered(store, "e1", Outcome(Session(), NUMBERED, report=REPORT))
    clock.moment = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    await answered(store, "e2", Outcome(Session(), NUMBERED, report=REPORT))
    assert [case.number for case in await store.cases(SOMCHAI)] == [
        case_number(2027, 1),
        case_number(2026, 1),
    ]


def test_hashes_tell_people_groups_and_platforms_apart_and_hide_the_key():
    one, other = Identity(b"k" * 32), Identity(b"l" * 32)
    keys = {
        one.of_person(Platform.LINE, "7"),
        one.of_person(Platform.TELEGRAM, "7"),
        one.group(Platform.LINE, "7"),
        other.of_person(Platform.LINE, "7"),
    }
    assert len(keys) == 4
    nameless = replace(FAMILY, person="")
    assert one.person(nameless) == one.conversation(nameless) == one.conversation(FAMILY) != one.person(FAMILY)
    assert "kkk" not in repr(one)


def test_a_seal_opens_with_any_of_its_keys_and_shows_every_change():
    sealed = Seal(["old"]).close("ความลับ")
    both = Seal(["new", "old"])
    assert both.open(sealed) == "ความลับ" and not both.is_newest(sealed)
    assert both.is_newest(both.close("ความลับ"))
    for broken in (sealed[:-2] + "AA", sealed[5:], "", "plain"):
        with pytest.raises(SealBroken):
            both.open(broken)
    with pytest.raises(SealBroken):
        Seal(["new"]).open(sealed)
    with pytest.raises(ValueError, match="at least one secret"):
        Seal([])
    with pytest.raises(ValueError, match="none of them empty"):
        Seal(["good", ""])


moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
texts = st.text(max_size=40)
addresses = st.builds(Address, st.sampled_from(Platform), texts, texts, st.sampled_from(ChatKind))
languages = st.none() | st.sampled_from(Language)
messages = st.builds(
    Message, addresses, texts, st.sampled_from(Kind), moments, text=texts, data=texts, file_id=texts,
    forwarded=st.booleans(), addressed=st.booleans(), quoted=texts, language_hint=languages,
    reply_token=texts, callback_id=texts,
)  # fmt: skip
sessions = st.builds(
    Session, languages, languages, st.booleans(), st.booleans(), texts, st.none() | moments,
    st.dictionaries(texts, texts, max_size=3), texts, st.none() | moments,
)  # fmt: skip
buttons = st.lists(st.builds(Button, texts, st.sampled_from(ButtonKind), texts), max_size=4).map(tuple)
lines = st.lists(st.builds(Span, texts, st.booleans()), max_size=3).map(tuple)
sections = st.builds(Section, texts, st.lists(lines, max_size=3).map(tuple), st.booleans())
replies = st.builds(
    Reply, texts, texts, st.sampled_from(Language), st.sampled_from(Tone),
    st.lists(sections, max_size=3).map(tuple), buttons, buttons,
)  # fmt: skip
envelopes = st.builds(forms.Envelope, addresses, replies, texts, texts)


@settings(max_examples=200)
@given(st.one_of(messages, sessions, envelopes))
def test_whatever_is_written_is_read_again_the_same(value):
    assert forms.read(type(value), forms.write(value)) == value
    assert forms.mended(value) is value


@given(moments, moments)
def test_stamps_keep_the_moment_and_its_order(one, other):
    assert forms.moment(forms.stamp(one)) == one
    assert (forms.stamp(one) < forms.stamp(other)) == (one < other)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        forms.stamp(datetime(2026, 1, 1))


def test_an_older_form_is_still_read():
    older = '{"greeted": true, "a_field_we_dropped": {"x": 1}}'
    assert forms.read(Session, older) == Session(greeted=True)


@pytest.mark.parametrize(
    "broken",
    ["", "null", "[]", '{"greeted": "yes"}', '{"language": "xx"}', '{"asked": 5}', '{"step_at": "soon"}'],
)
def test_a_broken_form_is_named_without_its_words(broken):
    with pytest.raises(forms.FormBroken) as caught:
        forms.read(Session, broken)
    assert "stored Session cannot be read" in str(caught.value)
    with pytest.raises(forms.FormBroken) as caught:
        forms.read(Session, '{"greeted": "my secret words"}')
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None
