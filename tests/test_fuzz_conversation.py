"""Any sequence of what people, officials, platforms and time may do: see `conversation_machine`."""

from __future__ import annotations

import pytest
from conversation_machine import FAMILY, KNOWLEDGE, PEOPLE, TERMS, ConversationMachine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from store_cast import NOON

from handlers.conversation import Turn, decide
from handlers.messages import Address, Kind, Message, Session

UNHURRIED = tuple(HealthCheck)


@pytest.mark.slow
def test_whatever_happens_everybody_is_answered_once_and_nothing_personal_is_kept() -> None:
    run_state_machine_as_test(
        ConversationMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=UNHURRIED,
            database=None,
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_for_longer() -> None:
    run_state_machine_as_test(
        ConversationMachine,
        settings=settings(
            max_examples=12, stateful_step_count=35, deadline=None, suppress_health_check=UNHURRIED, database=None
        ),
    )


# --- what was found so, held by itself -----------------------------------------------------------------------------------
def said(*texts: str, by: Address = PEOPLE[0], kind: Kind = Kind.TEXT) -> Turn:
    messages = tuple(Message(by, f"e{n}", kind, NOON, text=text, addressed=True) for n, text in enumerate(texts))
    return Turn(messages, Session(), (), KNOWLEDGE, TERMS, NOON)


def test_several_forwards_of_which_none_can_be_judged_are_answered_as_such() -> None:
    reply = decide(said("x" * 3000, "x" * 2000)).reply
    assert reply is not None and "Too short to judge" in reply.summary


def test_in_a_group_what_cannot_be_judged_is_answered_too() -> None:
    for text in ("x" * 3000, "1", "😀", "ก" * 500):
        assert decide(said(text, by=FAMILY)).reply is not None, text


def test_a_chat_of_one_person_that_we_are_said_to_have_joined_is_left_alone() -> None:
    for kind in (Kind.JOIN, Kind.LEAVE):
        assert decide(said("", kind=kind)).reply is None
