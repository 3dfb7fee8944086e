"""One turn of a conversation, written down: everything that an outcome changes, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.identity import Identity
from bot.sealing import Seal
from bot.store import forms, outbox, sightings
from bot.store.case_numbers import case_number
from bot.store.transaction import Transaction
from handlers.messages import Address, ChatKind, Checked, Event, NewReport, Outcome, Session
from handlers.ports import Letter, Waiting


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
        if outcome.erase:
            erase(self.tx, self.identity.person(address))
        self._remember(address, outcome)
        record(self.tx, address, outcome.events, self.now, outcome.session.language or outcome.session.spoken)
        asking = sightings.Asking(self.tx, self.identity, address, self.now, self.now.astimezone(self.timezone).date())
        for sighting in outcome.sightings:
            asking.add(sighting)
        reply = outcome.reply
        if outcome.report is not None:
            number = self._report(address, outcome.report)
            reply = reply.filled({"case_number": number}) if reply else None
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
            now=forms.stamp(self.now),
        )

    def _report(self, address: Address, report: NewReport) -> str:
        """Keeps a report and gives its number. The year is the one on the reporter's calendar."""
        year = self.now.astimezone(self.timezone).year
        counted = self.tx.rows("next_counter", name=f"case:{year}")[0]
        number = case_number(year, counted["value"])
        self.tx.run(
            "report",
            number=number,
            person=self.identity.person(address),
            platform=address.platform.value,
            # Not every database takes the NUL character in a text.
            text=report.text.replace("\0", ""),
            came_by="",
            language=report.language.value,
            level=report.level.value,
            type=report.type.value if report.type else None,
            entry=report.entry,
            reported_at=forms.stamp(self.now),
        )
        return number


def save_session(tx: Transaction, seal: Seal, key: str, session: Session) -> None:
    """Keep where a conversation stands; its two moments stay readable so that what is old is found."""
    tx.run(
        "save_session",
        key=key,
        body=seal.close(forms.write(session)),
        asked_at=forms.stamp(session.asked_at) if session.asked_at and session.asked else None,
        step_at=forms.stamp(session.step_at) if session.step_at and session.step else None,
    )


def erase(tx: Transaction, person: str) -> bool:
    """Remove a person or group, by keyed hash, and every word of theirs; whether there was anything."""
    changed = tx.run("erase_person", key=person)
    changed += tx.run("erase_reports", person=person)
    changed += tx.run("erase_letters", person=person)
    changed += sightings.erase(tx, person)
    tx.tidy()
    return changed > 0


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
