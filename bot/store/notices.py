"""Letters that answer no message: what became of a report, a verdict that turned out otherwise, the morning's question.

Each is claimed by one conditional write and put into the outbox in the same transaction: a process that dies between the
two leaves neither, and of two that claim the same one finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.store import forms, outbox
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.models import Language
from handlers.messages import Address, FollowUpKind, Platform, Reply
from scheduler.follow_ups import Due
from scheduler.recalls import Asker, Wave, verdict_given
from scheduler.reporters import IN_REVIEW, News

# Whoever reports what is answered already hears the number first.
AFTER_THE_NUMBER = timedelta(seconds=3)
# Cases looked at in one go for somebody who is to be told.
_CASES = 20


class Notices:
    """Who is to be told what: the `Reporters`, `Waves` and `FollowUps` of the scheduler, over one database."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    # Reporters

    async def untold(self, most: int) -> Sequence[News]:
        # This is asked every second and mostly nobody waits: that shall not cost a write.
        if not await self._database.read(lambda tx: tx.rows("telling_cases", page=1)):
            return []
        return await self._database.write(lambda tx: _untold(tx, most))

    async def tell(self, letters: Sequence[tuple[News, Reply]]) -> int:
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            return sum(self._tell(tx, news, reply, now) for news, reply in letters)

        return await self._database.write(work)

    def _tell(self, tx: Transaction, news: News, reply: Reply, now: datetime) -> bool:
        values = {"case_id": news.case, "person": news.person, "said": news.said, "version": news.version}
        if not tx.run("tell_reporter", now=forms.stamp(now), **values):
            return False
        # Who cannot be reached counts as told: their list of reports says it when they come back.
        return self._post(tx, news.person, reply, now, max(now, news.reported_at + AFTER_THE_NUMBER))

    # Those who asked

    async def wave(self) -> Wave | None:
        row = await self._database.read(lambda tx: tx.row("waiting_recall"))
        if row is None:
            return None
        which = (row["id"], row["sighting"], row["case_id"], row["decision"], row["entry"], row["after"])
        return Wave(*which, forms.moment(row["made_at"]), row["words"])

    async def askers(self, wave: Wave, since: timedelta, most: int) -> Sequence[Asker]:
        after = forms.stamp(self._foundation.now() - since)
        which = {
            "id": wave.id,
            "sighting": wave.sighting,
            "case_id": wave.case,
            "after": wave.after,
            "made_at": forms.stamp(wave.made_at),
            "words": wave.words,
        }
        rows = await self._database.read(lambda tx: tx.rows("recall_page", since=after, page=most, **which))
        return [
            Asker(row["source"], _language(row["language"]), row["given"], forms.moment(row["given_at"]))
            for row in rows
        ]

    async def recall(self, wave: Wave, letters: Sequence[tuple[Asker, Reply]], after: str) -> int:
        now = self._foundation.now()
        given = verdict_given(wave.decision, wave.entry)

        def work(tx: Transaction) -> int:
            if not tx.run("advance_recall", id=wave.id, after=wave.after, last=after, told=len(letters)):
                return 0
            told = 0
            for asker, reply in letters:
                values = {"id": wave.id, "sighting": wave.sighting, "source": asker.source, "given": given}
                if tx.run("recall_source", now=forms.stamp(now), **values):
                    told += self._post(tx, asker.source, reply, now, now)
            return told

        return await self._database.write(work)

    async def finish(self, wave: Wave) -> None:
        now = forms.stamp(self._foundation.now())
        await self._database.write(lambda tx: tx.run("finish_recall", id=wave.id, after=wave.after, now=now))

    # The morning after

    async def due(self, too_late: timedelta, most: int) -> Sequence[Due]:
        now = self._foundation.now()
        if not await self._database.read(lambda tx: tx.rows("due_follow_ups", now=forms.stamp(now), page=1)):
            return []
        return await self._database.write(lambda tx: _due(tx, now, too_late, most))

    async def ask(self, questions: Sequence[tuple[Due, Reply]]) -> int:
        now = self._foundation.now()

        def work(tx: Transaction) -> int:
            claimed = [(due, reply) for due, reply in questions if tx.run("claim_follow_up", id=due.id)]
            return sum(self._post(tx, due.person, reply, now, now) for due, reply in claimed)

        return await self._database.write(work)

    def _post(self, tx: Transaction, person: str, reply: Reply, now: datetime, due: datetime) -> bool:
        row = tx.row("reachable", key=person)
        if row is None:
            return False
        address = Address(Platform(row["platform"]), row["chat"], row["chat"])
        outbox.post(tx, self._foundation.seal, outbox.Draft(address, reply, received_at=now, due_at=due, person=person))
        return True


def _untold(tx: Transaction, most: int) -> list[News]:
    """The reporters of the first case of which somebody is to be told. A case of which nobody is, is done with."""
    while cases := tx.rows("telling_cases", page=_CASES):
        for case in cases:
            if news := _news(tx, case, most):
                return news
            tx.run("told_all", id=case["id"])
    return []


def _news(tx: Transaction, case: Row, most: int) -> list[News]:
    if case["state"] not in ("in_review", "answered"):
        return []
    answered = case["state"] == "answered"
    said = f"{case['decision']}:{case['decided_entry'] or ''}" if answered else IN_REVIEW
    which = {"case_id": case["id"], "state": case["state"], "said": said, "version": case["version"]}
    return [
        News(
            case=case["id"],
            version=case["version"],
            person=row["person"],
            said=said,
            number=row["number"],
            reported_at=forms.moment(row["reported_at"]),
            language=_language(row["language"]),
            decision=case["decision"] if answered else "",
            entry=case["decided_entry"] if answered else None,
            remark=case["remark"] if answered else "",
        )
        for row in tx.rows("untold_reporters", page=most, **which)
    ]


def _due(tx: Transaction, now: datetime, too_late: timedelta, most: int) -> list[Due]:
    """What is to be asked; what cannot be is dropped on the way."""
    while rows := tx.rows("due_follow_ups", now=forms.stamp(now), page=most):
        found = [row for row in rows if _askable(tx, row, now - too_late)]
        for row in rows:
            if row not in found:
                tx.run("drop_follow_up", id=row["id"])
        if found:
            return [
                Due(row["id"], row["person"], FollowUpKind(row["kind"]), _language(row["language"])) for row in found
            ]
    return []


def _askable(tx: Transaction, row: Row, not_before: datetime) -> bool:
    known = row["kind"] in set(FollowUpKind)
    late = forms.moment(row["due_at"]) < not_before
    return known and not late and tx.row("reachable", key=row["person"]) is not None


def _language(text: str | None) -> Language:
    return Language(text) if text in set(Language) else Language.THAI
