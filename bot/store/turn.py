"""One turn of a conversation, written down: everything that an outcome changes, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.identity import Identity
from bot.sealing import Seal
from bot.store import audit, drills, erasure, filing, forms, groups, hubs, outbox, pictures, sightings, trusted
from bot.store.transaction import Transaction
from content.models import Language
from handlers.hub_types import Hub
from handlers.messages import Address, ChatKind, Checked, Event, Outcome, Session
from handlers.ports import Letter, Waiting
from handlers.standing import Evidence


@dataclass(frozen=True)
class Turn:
    """What a turn needs to be written: the transaction, the keys, the moment and the place."""

    tx: Transaction
    seal: Seal
    identity: Identity
    now: datetime
    timezone: ZoneInfo

    def write(self, done: Sequence[Waiting], outcome: Outcome) -> Letter | None:
        """Write everything, or nothing when all of `done` were answered before. Gives the letter to send."""
        newly_done = [each for each in done if self._close(each)]
        if not newly_done:
            return None
        last = done[-1].message
        address = last.address
        group = groups.Group(self.tx, self.identity.conversation(address), self.now, self.timezone)
        if outcome.left:
            group.forget()
            return None
        if outcome.unasked is not None and not group.may_speak(outcome.unasked):
            return None
        if outcome.erase:
            erased = erasure.erase(self.tx, self.identity.person(address), self.now)
            erasure.write_down(self.tx, erased, audit.HOUSE, self.now)
        reply, session = outcome.reply, outcome.session
        at_hub = hubs.AtTurn(self.tx, self.seal, self.identity, self.now, self.timezone, address)
        hub = at_hub.mine() if address.kind is ChatKind.PRIVATE and not outcome.erase else None
        if outcome.report is not None:
            filed = self._filing(hub).file(address, outcome.report)
            known = {"case_number": filed.number, "promised": filed.promised}
            reply = reply.filled(known) if reply else None
            session = _filled(session, known)
        self._keep(self.identity.person(address), outcome)
        self._remember(address, replace(outcome, reply=reply, session=session))
        group.keep(outcome.unasked, outcome.group_mode)
        known = at_hub.act(outcome.hub) | at_hub.keep(outcome.table, hub)
        reply = reply.filled(known) if reply and known else reply
        if hub is not None:
            at_hub.count(outcome, hub)
        record(self.tx, address, outcome.events, self.now, outcome.session.language or outcome.session.spoken)
        at_drill = drills.AtTurn(self.tx, self.identity, self.now, self.timezone, hub.id if hub else drills.NO_HUB)
        at_drill.act(address, outcome.drill)
        reply = trusted.follow(self.tx, self.seal, self.identity, address, outcome, reply, self.now)
        today = self.now.astimezone(self.timezone).date()
        asking = sightings.Asking(self.tx, self.identity, address, self.now, today, hub.name if hub else "")
        # In one order everywhere: two people with the same messages wait for one another, and not each for the other.
        for sighting in sorted(outcome.sightings, key=lambda each: each.fingerprint.signature):
            asking.add(sighting)
        for picture in sorted(outcome.pictures, key=lambda each: each.look):
            pictures.add(self.tx, self.identity, address, self.now, picture)
        if reply is None:
            return None
        draft = outbox.Draft(
            address=address,
            reply=reply,
            received_at=last.received_at,
            due_at=self.now,
            answers=newly_done[-1].id,
            # The farewell to somebody erased belongs to nobody we know.
            person=None if outcome.erase else self.identity.person(address),
            reply_token=last.reply_token,
            callback_id=last.callback_id,
        )
        return outbox.post(self.tx, self.seal, draft)

    def _filing(self, hub: Hub | None) -> filing.Filing:
        """Who belongs to a hub reports for it."""
        evidence = Evidence.HUB if hub else Evidence.CITIZEN
        return filing.Filing(self.tx, self.identity, self.now, self.timezone, evidence, hub.name if hub else None)

    def _close(self, waiting: Waiting) -> bool:
        return self.tx.run("done", id=waiting.id, now=forms.stamp(self.now)) == 1

    def _remember(self, address: Address, outcome: Outcome) -> None:
        group = address.kind is ChatKind.GROUP
        if outcome.erase and not group:
            return
        key = self.identity.conversation(address)
        if outcome.unreachable:
            if self.tx.run("lose_person", key=key, now=forms.stamp(self.now)):
                save_session(self.tx, self.seal, key, outcome.session)
            return
        if group and outcome.reply is None and outcome.session == Session():
            # A group in which we had nothing to say leaves no trace.
            return
        self._save_person(key, address, outcome.session)
        save_session(self.tx, self.seal, key, outcome.session)

    def _save_person(self, key: str, address: Address, session: Session) -> None:
        language = session.language or session.spoken
        self.tx.run(
            "save_person",
            key=key,
            platform=address.platform.value,
            chat=address.chat,
            kind=address.kind.value,
            language=language.value if language else None,
            subscribed=int(session.subscribed),
            interests="".join(f"{each}," for each in session.interests),
            province=session.province,
            now=forms.stamp(self.now),
        )

    def _keep(self, person: str, outcome: Outcome) -> None:
        """What else the person said of their reports, and what they are to be asked."""
        if outcome.details is not None:
            filing.detail(self.tx, person, outcome.details)
        if outcome.withdraw:
            filing.withdraw(self.tx, person, outcome.withdraw)
        if outcome.answered is not None:
            kind, said = outcome.answered
            self.tx.run("answer_follow_up", person=person, kind=kind.value, answer=said)
        if outcome.follow_up is not None:
            self.tx.run(
                "plan_follow_up",
                person=person,
                kind=outcome.follow_up.kind.value,
                language=str(outcome.session.language or outcome.session.spoken or Language.THAI),
                due_at=forms.stamp(outcome.follow_up.due_at),
            )


def alone(outcome: Outcome) -> bool:
    """Whether an outcome changes nothing but what is this person's, and counts: then nobody need wait for its being written.
    What others may be changing (cases, hubs, links, what was said in a group) is looked at by one at a time."""
    kept = (
        outcome.report,
        outcome.details,
        outcome.answered,
        outcome.unasked,
        outcome.hub,
        outcome.table,
        outcome.drill,
    )
    ended = outcome.withdraw or outcome.erase or outcome.left or outcome.unreachable
    return not ended and outcome.trusted is None and all(each is None for each in kept)


def _filled(session: Session, values: Mapping[str, str]) -> Session:
    """The session with `{name}` in what its dialogue has gathered replaced."""

    def fill(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    return replace(session, data={name: fill(text) for name, text in session.data.items()})


def save_session(tx: Transaction, seal: Seal, key: str, session: Session) -> None:
    """Keep where a conversation stands; its two moments stay readable so that what is old is found."""
    tx.run(
        "save_session",
        key=key,
        body=seal.close(forms.write(session)),
        asked_at=forms.stamp(session.asked_at) if session.asked_at and session.asked else None,
        step_at=forms.stamp(session.step_at) if session.step_at and (session.step or session.aside) else None,
    )


def record(
    tx: Transaction, address: Address, events: Iterable[Event], now: datetime, language: str | None = None
) -> None:
    """Count events, without a word and without a person; `language` stands where the event names none."""
    for event in events:
        checked = event if isinstance(event, Checked) else None
        tx.run(
            "event",
            at=forms.stamp(now),
            name="checked" if isinstance(event, Checked) else event.name,
            detail="" if isinstance(event, Checked) else event.detail,
            level=checked.level.value if checked else None,
            type=checked.type.value if checked and checked.type else None,
            entry=checked.entry if checked else None,
            question=checked.question if checked else None,
            platform=address.platform.value,
            chat_kind=address.kind.value,
            language=str(checked.language) if checked else language and str(language),
            content_version=checked.content_version if checked else None,
        )
