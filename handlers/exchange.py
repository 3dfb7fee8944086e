"""The impure lines: a message becomes an outcome that is kept, and a letter leaves the house."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from content.fingerprints import Fingerprint, Fingerprinter
from content.reported import MOST_LOOKED_UP, Standing, Subject, subjects
from handlers import drill, groups, hub, hub_bulk, limits, pictures, trusted
from handlers.conversation import Turn, decide
from handlers.errors import Moved, Overtaken, SendFailed, TooFast, Unreachable
from handlers.messages import UNNAMED, ChatKind, Kind, Message, Outcome, Seen, Session, Tone
from handlers.ports import Host, Letter, Ports, Replier, Waiting
from handlers.sightings import Recall, question_in
from handlers.status import numbers_wanted
from handlers.wording import Voice

# An answer is stale after this; LINE's retry keys end at 24 hours.
GIVE_UP_AFTER = timedelta(hours=23)
# Somebody is waiting: while the question is fresh, the next try is never far.
FRESH = timedelta(minutes=15)
LONGEST_PAUSE_WHILE_FRESH = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(minutes=5)
# Whether an attempt of unknown end arrived, its reply token tells while it lives and nothing afterwards: it is asked
# often, and once more at the very end.
TOKEN_TELLS = timedelta(seconds=50)
LONGEST_PAUSE_WHILE_IT_TELLS = timedelta(seconds=5)
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


async def respond(
    waiting: Sequence[Waiting], ports: Ports, leave: Leave, *, slowed: bool = False, wait: int = 0
) -> Answered:
    """Decide and keep the outcome, in one transaction. Never silent on a failure: see `apologise`. Who is `slowed` is told so,
    and so is who had to `wait` because so many ask: that many minutes."""
    last = waiting[-1].message
    if last.kind is Kind.MIGRATED:
        await ports.store.moved(last.address.platform, last.address.chat, last.data)
    session = await ports.store.session(last.address)
    private = last.address.kind is ChatKind.PRIVATE
    wanted = private and numbers_wanted(last, ports.knowledge.words)
    cases = await ports.store.cases(last.address) if wanted else ()
    messages = tuple(w.message for w in waiting)
    recall = await recall_of(messages, ports, apart=bool(session.hub))
    turn = Turn(messages, session, cases, ports.knowledge, ports.terms, ports.clock.now(), recall)
    if last.address.kind is ChatKind.GROUP:
        turn = await _as_guest(turn, ports)
    turn = await _with_hub(replace(turn, home=ports.home), ports)
    if drill.wanted(last, ports.knowledge.words):
        turn = replace(turn, practice=await ports.store.practice(last.address))
    if trusted.wanted(last, session, ports.knowledge.words):
        links = await ports.store.trusted(last.address, trusted.code_in(last, session))
        turn = replace(turn, trusted=links)
    await leave()
    letters = sum(len(each.text) + len(each.quoted) for each in messages) + sum(map(len, hub_bulk.listed_in(messages)))
    outcome = await asyncio.to_thread(decide, turn) if letters > LONG else decide(turn)
    if limits.concern(outcome, session):
        outcome = await _within_limits(outcome, turn, ports)
    if (kind := trusted.alarming(outcome, last)) and (watch := await ports.store.watch(last.address)):
        outcome = trusted.alerted(outcome, kind, watch, turn.voice)
    if slowed:
        outcome = limits.with_notice(outcome, turn.voice.lines("slowed"))
    if wait:
        outcome = limits.with_notice(outcome, turn.voice.lines("crowded", minutes=str(wait)))
    letter = await ports.store.commit(waiting, outcome)
    # Said in this group today already: it was not said again, and does not count.
    dropped = outcome.unasked is not None and letter is None
    return Answered(Outcome(session) if dropped else outcome, letter)


async def _with_hub(turn: Turn, ports: Ports) -> Turn:
    """The turn of somebody who speaks of a hub, with what the store knows of it."""
    message, session = turn.message, turn.session
    if not hub.speaks_of(message, session, turn.knowledge.words):
        return turn
    return replace(turn, hub=await ports.store.at_hub(message.address, hub.code_of(message, session), ports.home))


async def _as_guest(turn: Turn, ports: Ports) -> Turn:
    """The turn in a group: what we are called there, and whether one of its admins speaks, where that matters."""
    address = turn.message.address
    sender = ports.senders.get(address.platform)
    asks = isinstance(sender, Host) and groups.needs_admin(turn.message, turn.knowledge.words)
    admin = await sender.is_admin(address) if asks and isinstance(sender, Host) else None
    return replace(turn, account=ports.accounts.get(address.platform, UNNAMED), admin=admin)


async def _within_limits(outcome: Outcome, turn: Turn, ports: Ports) -> Outcome:
    """A report, where whoever makes it has not made too many."""
    address = turn.message.address
    limit, filed = await ports.store.limit(address), await ports.store.filed(address)
    who = limits.Reporter(address.platform, limit, filed, ports.allowance)
    return limits.within(outcome, turn.session, who, turn.voice, turn.now, turn.terms)


async def recall_of(messages: Sequence[Message], ports: Ports, *, apart: bool = False) -> Recall:
    """What is known of earlier questions about the same messages; `apart`: each picture is one of its own."""
    texts = [text for each in messages if (text := question_in(each, ports.knowledge.words)).strip()]
    if apart and (len(messages) > 1 or hub_bulk.listed_in(messages)):
        texts = [text for text in hub_bulk.texts_of(messages) if text.strip()]
    elif pictures.read_of(messages):
        texts = [text for text in (pictures.words(messages),) if text.strip()]
    made: Mapping[str, Fingerprint] = {}
    if sum(map(len, texts)) > LONG:
        made = await asyncio.to_thread(_fingerprints, texts, ports.fingerprinter)
    else:
        made = _fingerprints(texts, ports.fingerprinter)
    signatures = {each.signature: each for each in made.values()}
    found = await ports.store.seen(list(signatures.values()), messages[-1].address) if signatures else ()
    seen = {signature: each for signature, each in zip(signatures, found, strict=False) if each is not None}
    looks = await _looks(messages, made, ports)
    return Recall(ports.fingerprinter, made, seen, ports.terms.zone, await reported_of(texts, ports), looks)


async def _looks(messages: Sequence[Message], made: Mapping[str, Fingerprint], ports: Ports) -> Mapping[str, Seen]:
    """Who else sent the same pictures, by look."""
    looks = [each.look for each in pictures.read_of(messages) if each.look]
    if not looks:
        return {}
    fingerprint = next(iter(made.values()), None)
    found = await ports.store.seen_pictures(looks, fingerprint, messages[-1].address)
    return {look: each for look, each in zip(looks, found, strict=True) if each is not None}


async def reported_of(texts: Sequence[str], ports: Ports) -> tuple[Standing, ...]:
    """What people's reports say of the numbers, accounts and pages in the texts. Costs nothing where there are none."""
    named: dict[Subject, None] = {}
    for text in texts:
        directory = ports.knowledge.directory
        long = len(text) > LONG
        found = await asyncio.to_thread(subjects, text, directory) if long else subjects(text, directory)
        named.update(dict.fromkeys(found))
    return tuple(await ports.store.reported(list(named)[:MOST_LOOKED_UP])) if named else ()


def _fingerprints(texts: Sequence[str], fingerprinter: Fingerprinter) -> dict[str, Fingerprint]:
    return {text: made for text in texts if (made := fingerprinter.of(text)) is not None}


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
    if isinstance(sender, Replier) and sender.must_push(letter):
        letter = replace(letter, by_push=True)
    if not await ports.store.sending(letter):
        return TAKEN
    await leave()
    try:
        sent = await sender.send(letter)
    except Overtaken:
        return TAKEN
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
    if letter.reply.farewell and isinstance(sender, Host):
        await sender.leave(letter.address)
    return ""


async def _put_off(letter: Letter, ports: Ports, reason: str, *, unknown: bool) -> str:
    now = ports.clock.now()
    if now - letter.received_at > GIVE_UP_AFTER:
        await ports.store.failed(letter, f"given up: {reason}")
        return "given_up"
    await ports.store.later(letter, now + pause(letter, now, unknown=unknown), unknown=unknown)
    return "put_off"


def pause(letter: Letter, now: datetime, *, unknown: bool) -> timedelta:
    """How long to wait before a letter is tried again; `unknown`: an attempt may have been delivered."""
    # Twice as long each time: 1 s, 2 s, 4 s… so that a platform that is down is not hammered.
    longest = LONGEST_PAUSE_WHILE_FRESH if now - letter.received_at < FRESH else LONGEST_PAUSE
    usual = min(timedelta(seconds=2 ** min(letter.tries, 10)), longest)
    telling = letter.received_at + TOKEN_TELLS - now
    if not unknown or not letter.reply_token or letter.by_push or telling <= timedelta(0):
        return usual
    return min(usual, LONGEST_PAUSE_WHILE_IT_TELLS, telling)
