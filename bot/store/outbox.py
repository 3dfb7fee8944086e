"""Letters as rows: how an answer is put into the outbox and read from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import structlog

from bot.sealing import Seal, SealBroken
from bot.store import forms
from bot.store.leases import shard_of
from bot.store.together import Topic, bells
from bot.store.transaction import Row, Transaction
from handlers.messages import Address, Platform, Reply
from handlers.ports import Letter

log = structlog.get_logger()


@dataclass(frozen=True)
class Draft:
    """A letter before it has a row.

    `answers` is the inbox row that it answers, `person` the keyed hash of the one whose words it may quote;
    None where there is no such.
    """

    address: Address
    reply: Reply
    received_at: datetime
    due_at: datetime
    answers: int | None = None
    person: str | None = None
    reply_token: str = ""
    callback_id: str = ""


def post(tx: Transaction, seal: Seal, draft: Draft) -> Letter:
    """Put a letter into the outbox; it holds its retry key from now on."""
    letter = _posted(tx, seal, draft, "post")
    assert letter is not None  # noqa: S101 - an insert that returns its id gives a row or raises
    return letter


def post_once(tx: Transaction, seal: Seal, draft: Draft) -> Letter | None:
    """The same, but only where nothing was posted for the same message before."""
    return _posted(tx, seal, draft, "post_progress")


def _posted(tx: Transaction, seal: Seal, draft: Draft, query: str) -> Letter | None:
    envelope = forms.Envelope(draft.address, draft.reply, draft.reply_token, draft.callback_id)
    retry_key = str(uuid4())
    row = tx.row(
        query,
        answers=draft.answers,
        platform=draft.address.platform.value,
        chat=draft.address.chat,
        person=draft.person,
        body=seal.close(forms.write(envelope)),
        retry_key=retry_key,
        received_at=forms.stamp(draft.received_at),
        due_at=forms.stamp(draft.due_at),
        shard=shard_of(draft.address.platform, draft.address.chat),
    )
    if row is None:
        return None
    if draft.address.platform is Platform.WEB:
        # The browser may wait at another process.
        tx.tell(Topic.LETTERS, bells(draft.address.chat))
    return Letter(
        id=row["id"],
        address=draft.address,
        reply=draft.reply,
        retry_key=retry_key,
        reply_token=draft.reply_token,
        callback_id=draft.callback_id,
        received_at=draft.received_at,
        tries=0,
        unknown=False,
    )


def readable(rows: Iterable[Row], seal: Seal) -> tuple[list[Letter], list[int]]:
    """The letters of some rows, and the ids of those rows that nobody can read any more."""
    letters: list[Letter] = []
    unreadable: list[int] = []
    for row in rows:
        try:
            letters.append(letter(row, seal))
        except (SealBroken, forms.FormBroken) as error:
            log.error("letter unreadable, given up", outbox=row["id"], cause=str(error))
            unreadable.append(row["id"])
    return letters, unreadable


def give_up(tx: Transaction, letters: Iterable[int]) -> None:
    """End letters that nobody can read, so that they do not come back for ever."""
    for letter in letters:
        tx.run("failed", id=letter, reason="unreadable")


def letter(row: Row, seal: Seal) -> Letter:
    """The letter of a row. Raises SealBroken or FormBroken."""
    envelope = forms.read(forms.Envelope, seal.open(row["body"]))
    return Letter(
        id=row["id"],
        # The row knows when a chat has moved, the sealed body does not.
        address=replace(envelope.address, chat=row["chat"]),
        reply=envelope.reply,
        retry_key=row["retry_key"],
        reply_token=envelope.reply_token,
        callback_id=envelope.callback_id,
        received_at=forms.moment(row["received_at"]),
        tries=row["tries"],
        unknown=bool(row["unknown"]),
        by_push=row["via"] == "push",
    )
