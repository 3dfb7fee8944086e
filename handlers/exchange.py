"""The impure lines: a message becomes an outcome that is kept, and a letter leaves the house."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from content.fingerprints import Fingerprint, Fingerprinter
from handlers.conversation import Turn, decide
from handlers.errors import Moved, SendFailed, TooFast, Unreachable
from handlers.messages import ChatKind, Kind, Message, Outcome, Session, Tone
from handlers.ports import Letter, Ports, Waiting
from handlers.sightings import Recall, question_in
from handlers.wording import Voice

# An answer is stale after this; LINE's retry keys end at 24 hours.
GIVE_UP_AFTER = timedelta(hours=23)
# Somebody is waiting: while the question is fresh, the next try is never far.
FRESH = timedelta(minutes=15)
LONGEST_PAUSE_WHILE_FRESH = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(minutes=5)
# Waits for leave to do something that takes a millisecond: see `bot.turnstile`.
Leave = Callable[[], Awaitable[None]]
# More letters than this take several milliseconds: they are judged in a thread, so that nobody waits behind them.
LONG = 2_000
# Another hand has the letter: not a failure, and not ours to count.
TAKEN = "taken"


@dataclass(frozen=True)
class Answered:
    """What a turn led to; `letter` is None where silence was the answer."""

    outcome: Outcome
    letter: Letter | None


async def respond(waiting: Sequence[Waiting], ports: Ports, leave: Leave) -> Answered:
    """Decide and keep the outcome, in one transaction. Never silent on a failure: see `apologise`."""
    last = waiting[-1].message
    if last.kind is Kind.MIGRATED:
        await ports.store.moved(last.address.platform, last.address.chat, last.data)
    session = await ports.store.session(last.address)
    private = last.address.kind is ChatKind.PRIVATE
    cases = await ports.store.cases(last.address) if private and _asks_for_cases(last.text, last.data, ports) else ()
    messages = tuple(w.message for w in waiting)
    recall = await _recall(messages, ports)
    turn = Turn(messages, session, cases, ports.knowledge, ports.terms, ports.clock.now(), recall)
    await leave()
    letters = sum(len(each.text) + len(each.quoted) for each in messages)
    outcome = await asyncio.to_thread(decide, turn) if letters > LONG else decide(turn)
    return Answered(outcome, await ports.store.commit(waiting, outcome))


async def _recall(messages: Sequence[Message], ports: Ports) -> Recall:
    """What is known of earlier questions about the same messages."""
    texts = [text for each in messages if (text := question_in(each, ports.knowledge.words)).strip()]
    made: Mapping[str, Fingerprint] = {}
    if sum(map(len, texts)) > LONG:
        made = await asyncio.to_thread(_fingerprints, texts, ports.fingerprinter)
    else:
        made = _fingerprints(texts, ports.fingerprinter)
    signatures = {each.signature: each for each in made.values()}
    found = await ports.store.seen(list(signatures.values()), messages[-1].address) if signatures else ()
    seen = {signature: each for signature, each in zip(signatures, found, strict=False) if each is not None}
    return Recall(ports.fingerprinter, made, seen, ports.terms.zone)


def _fingerprints(texts: Sequence[str], fingerprinter: Fingerprinter) -> dict[str, Fingerprint]:
    return {text: made for text in texts if (made := fingerprinter.of(text)) is not None}


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


async def deliver(letter: Letter, ports: Ports, leave: Leave) -> str:
    """One attempt to send. The row ends in sent, failed (why) or later. Answers with the cause, "" when it left."""
    sender = ports.senders.get(letter.address.platform)
    if sender is None:
        return await _put_off(letter, ports, "platform off", unknown=letter.unknown)
    if not await ports.store.sending(letter):
        return TAKEN
    await leave()
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
    longest = LONGEST_PAUSE_WHILE_FRESH if now - letter.received_at < FRESH else LONGEST_PAUSE
    pause = min(timedelta(seconds=2 ** min(letter.tries, 10)), longest)
    await ports.store.later(letter, now + pause, unknown=unknown)
    return "put_off"
