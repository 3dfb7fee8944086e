"""The impure lines: a message becomes an outcome that is kept, and a letter leaves the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.conversation import Turn, decide
from handlers.errors import Moved, SendFailed, TooFast, Unreachable
from handlers.messages import ChatKind, Kind, Outcome, Session, Tone
from handlers.ports import Letter, Ports, Waiting
from handlers.wording import Voice

# An answer is stale after this; LINE's retry keys end at 24 hours.
GIVE_UP_AFTER = timedelta(hours=23)
LONGEST_PAUSE = timedelta(minutes=5)
# Another hand has the letter: not a failure, and not ours to count.
TAKEN = "taken"


@dataclass(frozen=True)
class Answered:
    """What a turn led to; `letter` is None where silence was the answer."""

    outcome: Outcome
    letter: Letter | None


async def respond(waiting: Sequence[Waiting], ports: Ports) -> Answered:
    """Decide and keep the outcome, in one transaction. Never silent on a failure: see `apologise`."""
    last = waiting[-1].message
    if last.kind is Kind.MIGRATED:
        await ports.store.moved(last.address.platform, last.address.chat, last.data)
    session = await ports.store.session(last.address)
    private = last.address.kind is ChatKind.PRIVATE
    cases = await ports.store.cases(last.address) if private and _asks_for_cases(last.text, last.data, ports) else ()
    turn = Turn(tuple(w.message for w in waiting), session, cases, ports.knowledge, ports.terms, ports.clock.now())
    outcome = decide(turn)
    return Answered(outcome, await ports.store.commit(waiting, outcome))


def _asks_for_cases(text: str, data: str, ports: Ports) -> bool:
    return data.startswith("status") or ports.knowledge.words.command(text)[0] == "status"


async def apologise(waiting: Sequence[Waiting], ports: Ports) -> Letter | None:
    """The last line of all: something of ours broke, and the person hears what to do meanwhile."""
    message = waiting[-1].message
    if message.address.kind is ChatKind.GROUP and not message.addressed:
        return await ports.store.commit(waiting, Outcome(Session()))
    session = await ports.store.session(message.address)
    turn = Turn((message,), session, (), ports.knowledge, ports.terms, ports.clock.now())
    voice: Voice = turn.voice
    reply = voice.short("failed_title", "failed", tone=Tone.CAUTION, buttons=(voice.call("1441"),))
    return await ports.store.commit(waiting, Outcome(session, reply))


async def deliver(letter: Letter, ports: Ports) -> str:
    """One attempt to send. The row ends in sent, failed (why) or later. Answers with the cause, "" when it left."""
    sender = ports.senders.get(letter.address.platform)
    if sender is None:
        return await _put_off(letter, ports, "platform off", unknown=letter.unknown)
    if not await ports.store.sending(letter):
        return TAKEN
    try:
        sent = await sender.send(letter)
    except Unreachable as trouble:
        await ports.store.failed(letter, trouble.reason, unreachable=True)
        return "unreachable"
    except Moved as trouble:
        await ports.store.moved(letter.address.platform, letter.address.chat, trouble.chat)
        await ports.store.later(letter, ports.clock.now(), unknown=False)
        return "moved"
    except TooFast as trouble:
        due = ports.clock.now() + timedelta(seconds=trouble.seconds)
        await ports.store.later(letter, due, unknown=letter.unknown)
        return "too_fast"
    except SendFailed as trouble:
        if trouble.permanent:
            await ports.store.failed(letter, trouble.reason)
            return "refused"
        return await _put_off(letter, ports, trouble.reason, unknown=letter.unknown or trouble.unknown)
    await ports.store.sent(letter, sent)
    return ""


async def _put_off(letter: Letter, ports: Ports, reason: str, *, unknown: bool) -> str:
    now = ports.clock.now()
    if now - letter.received_at > GIVE_UP_AFTER:
        await ports.store.failed(letter, f"given up: {reason}")
        return "given_up"
    # Twice as long each time: 1 s, 2 s, 4 s… so that a platform that is down is not hammered.
    pause = min(timedelta(seconds=2 ** min(letter.tries, 10)), LONGEST_PAUSE)
    await ports.store.later(letter, now + pause, unknown=unknown)
    return "put_off"
