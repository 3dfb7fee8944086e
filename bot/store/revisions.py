"""Revisions of the knowledge: drafts of officials, the approval of a second person, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.store import audit, forms
from bot.store.audit import HOUSE, Act
from bot.store.foundation import Foundation
from bot.store.together import Topic
from bot.store.transaction import Row, Transaction
from content.revising import Body, Kind, Located, Revised, fitting
from handlers.errors import RutanError
from handlers.officials import Official

_PAGE = 500
# A thing that was revised more often than this falls back on what is shipped.
LONGEST_CHAIN = 4
MOST_REPORTS = 500
LONGEST_REMARK = 1_000
LONGEST_NOTE = 500


class State(StrEnum):
    """Where a revision stands."""

    DRAFT = "draft"
    ASKED = "asked"  # waits for a second person
    LIVE = "live"
    PAST = "past"  # was live
    DROPPED = "dropped"


class Why(StrEnum):
    """Why something was not done with a revision."""

    CHANGED = "changed"  # somebody was faster
    OPEN = "open"  # there is a draft of this already
    OWN = "own"  # whoever wrote it cannot approve it
    FAULTY = "faulty"  # the checks found something
    NAME = "name"  # no id
    MOVED = "moved"  # what is live has changed since the checks


@dataclass(frozen=True)
class Revision:
    """One revision. `before` is the body of what it took the place of, None while it is open or was something new;
    `faults` are None while the checks have not looked at this version; `live_order` 0 while it was never live."""

    id: int
    kind: Kind
    name: str
    body: Body
    before: Body | None
    state: State
    version: int
    note: str
    remark: str
    writers: tuple[str, ...]
    changed_by: str
    made_at: datetime
    changed_at: datetime
    decided_by: str
    decided_at: datetime | None
    live_order: int
    restores: int | None
    faults: tuple[Located, ...] | None
    refused: tuple[str, ...]

    @property
    def open(self) -> bool:
        return self.state in (State.DRAFT, State.ASKED)

    @property
    def revised(self) -> Revised:
        return Revised(self.kind, self.name, self.body)


class NotDone(RutanError):
    """`why`, and the revision as it stands now where there is one."""

    def __init__(self, why: Why, now: Revision | None = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.now = now


class Revisions:
    """The revisions over one database. Every method is one transaction."""

    def __init__(self, foundation: Foundation) -> None:
        self.foundation = foundation
        self._database = foundation.database

    async def newest(self) -> int:
        """The number of the revision that became live last; 0 while there is none."""
        row = (await self._database.read(lambda tx: tx.rows("newest_revision")))[0]
        return int(row["newest"])

    async def chains(self) -> tuple[int, Sequence[Sequence[Revision]]]:
        """For each thing that was ever revised its revisions, the newest first; and the number of the newest of all."""

        def work(tx: Transaction) -> tuple[int, list[list[Revision]]]:
            chains = []
            for row in tx.rows("live_revisions"):
                past = tx.rows("past_revisions", kind=row["kind"], name=row["name"], page=LONGEST_CHAIN)
                chains.append([_revision(each) for each in past])
            return int(tx.rows("newest_revision")[0]["newest"]), chains

        return await self._database.read(work)

    async def standing(self) -> tuple[int, Sequence[Revised]]:
        """The number of the newest revision, and every thing as it is live by way of a revision."""
        newest, chains = await self.chains()
        sound = (next((each for each in chain if not each.refused), None) for chain in chains)
        return newest, [each.revised for each in sound if each]

    async def get(self, id: int) -> Revision | None:
        """One revision."""
        return await self._one("revision", id=id)

    async def open_of(self, kind: Kind, name: str) -> Revision | None:
        """The draft of one thing."""
        return await self._one("open_revision", kind=kind.value, name=name)

    async def live_of(self, kind: Kind, name: str) -> Revision | None:
        """What is live of one thing, where it was ever revised."""
        return await self._one("live_revision", kind=kind.value, name=name)

    async def drafts(self) -> Sequence[Revision]:
        """Every draft, the one changed last first."""
        return await self._many("open_revisions", page=_PAGE)

    async def refused(self) -> Sequence[Revision]:
        """What was approved and yet could not be used."""
        return await self._many("refused_revisions", page=_PAGE)

    async def history(self, kind: Kind, name: str) -> Sequence[Revision]:
        """What was ever live of one thing, the newest first."""
        return await self._many("past_revisions", kind=kind.value, name=name, page=_PAGE)

    async def reports_to_try(self, now: datetime) -> Sequence[str]:
        """The masked words of last week's reports that are still kept."""
        since = forms.stamp(now - timedelta(days=7))
        rows = await self._database.read(lambda tx: tx.rows("reports_to_try", since=since, page=MOST_REPORTS))
        return [str(row["text"]) for row in rows]

    # Writing

    async def begin(
        self, revised: Revised, official: Official, note: str = "", restores: int | None = None
    ) -> Revision:
        """A new draft. Raises NotDone: OPEN where there is one of it already, NAME where that is no id."""
        if not fitting(revised.name):
            raise NotDone(Why.NAME)
        now = self.foundation.now()
        which = {"kind": revised.kind.value, "name": revised.name}

        def work(tx: Transaction) -> Revision:
            row = tx.row(
                "begin_revision",
                body=_json(revised.body),
                note=note[:LONGEST_NOTE],
                official=official.name,
                now=forms.stamp(now),
                restores=restores,
                **which,
            )
            if row is None:
                there = tx.row("open_revision", **which)
                raise NotDone(Why.OPEN, _revision(there) if there else None)
            made = _found(tx, row["id"])
            _audit(tx, "knowledge drafted", made, audit.official(official.name), now, restores=restores or 0)
            return made

        return await self._database.write(work)

    async def save(self, id: int, version: int, body: Body, official: Official, note: str) -> Revision:
        """A change of a draft. Raises NotDone(CHANGED) with what somebody else has made of it since."""

        def work(tx: Transaction, now: datetime, old: Revision) -> None:
            writers = dict.fromkeys([*old.writers, official.name])
            done = tx.run(
                "save_revision",
                id=id,
                version=version,
                body=_json(body),
                note=note[:LONGEST_NOTE],
                writers="\n".join(writers),
                official=official.name,
                now=forms.stamp(now),
            )
            _demand(tx, done, id)
            _audit(tx, "draft of knowledge changed", old, audit.official(official.name), now)

        return await self._changed(id, work)

    async def checked(self, id: int, version: int, faults: Sequence[Located]) -> None:
        """Keep what the checks found in this version; nothing where it has been changed since."""
        said = json.dumps([asdict(each) for each in faults], ensure_ascii=False)
        await self._database.write(lambda tx: tx.run("checked_revision", id=id, version=version, faults=said))

    async def ask(self, id: int, version: int, official: Official) -> Revision:
        """Have it wait for a second person. Raises NotDone: CHANGED, FAULTY."""

        def work(tx: Transaction, now: datetime, old: Revision) -> None:
            if old.version == version and old.state is State.DRAFT and old.faults != ():
                raise NotDone(Why.FAULTY, old)
            _demand(tx, tx.run("ask_revision", id=id, version=version, now=forms.stamp(now)), id)
            _audit(tx, "approval of knowledge asked", old, audit.official(official.name), now)

        return await self._changed(id, work)

    async def send_back(self, id: int, version: int, official: Official, remark: str) -> Revision:
        """Not yet, and why. Raises NotDone(CHANGED)."""

        def work(tx: Transaction, now: datetime, old: Revision) -> None:
            values = {"remark": remark[:LONGEST_REMARK], "now": forms.stamp(now)}
            _demand(tx, tx.run("return_revision", id=id, version=version, **values), id)
            _audit(tx, "knowledge sent back", old, audit.official(official.name), now)

        return await self._changed(id, work)

    async def drop(self, id: int, version: int, official: Official) -> Revision:
        """Give a draft up. Raises NotDone(CHANGED)."""

        def work(tx: Transaction, now: datetime, old: Revision) -> None:
            values = {"official": official.name, "now": forms.stamp(now)}
            _demand(tx, tx.run("drop_revision", id=id, version=version, **values), id)
            _audit(tx, "draft of knowledge dropped", old, audit.official(official.name), now)

        return await self._changed(id, work)

    async def approve(
        self, id: int, version: int, official: Official, before: Body | None, newest: int, content: str
    ) -> Revision:
        """Make it live, by somebody who wrote nothing of it. `before` is what it takes the place of, `newest` the number
        that was the newest when the checks ran, `content` the version of the knowledge that they made.
        Raises NotDone: CHANGED, OWN, MOVED (check again)."""

        def work(tx: Transaction, now: datetime, old: Revision) -> None:
            if official.name in old.writers:
                raise NotDone(Why.OWN, old)
            standing = int(tx.rows("newest_revision")[0]["newest"])
            if standing != newest:
                raise NotDone(Why.MOVED, old)
            if old.state is not State.ASKED or old.version != version:
                raise NotDone(Why.CHANGED, old)
            tx.run("retire_live_revision", kind=old.kind.value, name=old.name)
            done = tx.run(
                "approve_revision",
                id=id,
                version=version,
                before=_json(before) if before else "",
                official=official.name,
                now=forms.stamp(now),
                live_order=standing + 1,
            )
            _demand(tx, done, id)
            tx.tell(Topic.KNOWLEDGE, str(standing + 1))
            _audit(tx, "knowledge approved", old, audit.official(official.name), now, content=content)

        return await self._changed(id, work)

    async def refuse(self, id: int, faults: Sequence[str]) -> bool:
        """It was approved and cannot be used after all. Whether this call was the first to say so."""
        now = self.foundation.now()

        def work(tx: Transaction) -> bool:
            if not tx.run("refuse_revision", id=id, refused="\n".join(faults) or "?"):
                return False
            _audit(tx, "knowledge refused", _found(tx, id), HOUSE, now, faults=len(faults))
            return True

        return await self._database.write(work)

    async def accept(self, id: int) -> None:
        """It can be used again."""
        await self._database.write(lambda tx: tx.run("accept_revision", id=id))

    async def _changed(self, id: int, work: Callable[[Transaction, datetime, Revision], None]) -> Revision:
        now = self.foundation.now()

        def whole(tx: Transaction) -> Revision:
            work(tx, now, _found(tx, id))
            return _found(tx, id)

        return await self._database.write(whole)

    async def _one(self, query: str, **values: object) -> Revision | None:
        row = await self._database.read(lambda tx: tx.row(query, **values))
        return _revision(row) if row else None

    async def _many(self, query: str, **values: object) -> Sequence[Revision]:
        return [_revision(row) for row in await self._database.read(lambda tx: tx.rows(query, **values))]


def _demand(tx: Transaction, done: int, id: int) -> None:
    """A write that found its row as expected; else what stands there now."""
    if not done:
        raise NotDone(Why.CHANGED, _found(tx, id))


def _found(tx: Transaction, id: int) -> Revision:
    row = tx.row("revision", id=id)
    if row is None:
        raise NotDone(Why.CHANGED)
    return _revision(row)


def _audit(tx: Transaction, act: str, revision: Revision, actor: str, now: datetime, **detail: str | int) -> None:
    said = {"kind": revision.kind.value, "name": revision.name, **detail}
    audit.written(tx, Act(actor, act, f"revision:{revision.id}", said), now)


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(dict(body), ensure_ascii=False)


def _revision(row: Row) -> Revision:
    faults = row["faults"]
    return Revision(
        id=row["id"],
        kind=Kind(row["kind"]),
        name=row["name"],
        body=json.loads(row["body"]),
        before=json.loads(row["before"]) if row["before"] else None,
        state=State(row["state"]),
        version=row["version"],
        note=row["note"],
        remark=row["remark"],
        writers=tuple(row["writers"].split("\n")),
        changed_by=row["changed_by"],
        made_at=forms.moment(row["made_at"]),
        changed_at=forms.moment(row["changed_at"]),
        decided_by=row["decided_by"] or "",
        decided_at=forms.moment(row["decided_at"]) if row["decided_at"] else None,
        live_order=row["live_order"] or 0,
        restores=row["restores"],
        faults=None if faults is None else tuple(_located(each) for each in json.loads(faults)),
        refused=tuple(row["refused"].split("\n")) if row["refused"] else (),
    )


def _located(given: Mapping[str, Any]) -> Located:
    return Located(given["kind"], given["name"], tuple(given["loc"]), given["message"], given["file"])
