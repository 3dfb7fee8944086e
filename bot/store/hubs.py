"""Community hubs: who belongs to one, the codes that open them, what came in from them, and the tables they get back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from unicodedata import normalize
from zoneinfo import ZoneInfo

from bot.identity import Identity
from bot.sealing import Seal, SealBroken
from bot.store import audit, filing, forms
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from handlers.errors import RutanError
from handlers.hub_types import AtHub, Hub, HubAct, HubRole, Join, Leave, NewCode, OpenCases, Sheet, WrongCode
from handlers.messages import Address, Checked, HubTable, Outcome
from handlers.standing import Evidence

# Letters and digits that nobody mixes up when they are read aloud.
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8
CODE_HOLDS = timedelta(days=14)
# A member's own code, for somebody standing beside them.
MEMBERS_CODE_HOLDS = timedelta(days=3)
MOST_WRONG_CODES = 5
TRIES_STAY = timedelta(days=1)
TABLE_STAYS = timedelta(hours=24)
PAGE_LINK_HOLDS = timedelta(days=7)
WEEK = timedelta(days=7)
# So many cases fit a page of somebody who looks after one place.
MOST_CASES = 50


class HubRefused(RutanError):
    """A hub cannot be made or found; the message says why."""


@dataclass(frozen=True)
class Opened:
    """A code, this once: it is kept nowhere."""

    hub: Hub
    code: str
    until: datetime


@dataclass(frozen=True)
class Listed:
    """A hub as officials see it."""

    hub: Hub
    members: int
    made_at: datetime
    closed: bool


@dataclass(frozen=True)
class OpenCase:
    """A case that a hub's reports are in and that waits for an official."""

    id: int
    state: str
    promised_at: datetime
    type: str | None
    reporters: int
    reports: int


class HubBook:
    """The hubs of one house."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database
        self._identity = foundation.identity

    async def add(self, hub: Hub, made_by: str) -> Opened:
        """Make a hub (its `id` is given here) and its first code. Raises HubRefused for a name that is there already."""
        hub = _tidy(hub)
        if not hub.name:
            raise HubRefused("A hub needs a name.")
        now = self._foundation.now()

        def work(tx: Transaction) -> Opened:
            given = _details(hub) | {"name": hub.name, "name_key": _key(hub.name), "made_by": made_by}
            row = tx.row("add_hub", now=forms.stamp(now), **given)
            if row is None:
                raise HubRefused(f"There is a hub named {hub.name} already.")
            audit.written(tx, Act(made_by, "hub added", f"hub:{row['id']}", {"name": hub.name}), now)
            return self._code(tx, replace(hub, id=row["id"]), HubRole.MEMBER, CODE_HOLDS, now)

        return await self._database.write(work)

    async def code(self, name: str, role: HubRole, made_by: str) -> Opened:
        """A new code for an open hub; the older ones hold until their own end. Raises HubRefused."""
        now = self._foundation.now()

        def work(tx: Transaction) -> Opened:
            hub = _open_hub(tx, name)
            audit.written(tx, Act(made_by, "hub code made", f"hub:{hub.id}", {"role": role.value}), now)
            return self._code(tx, hub, role, CODE_HOLDS, now)

        return await self._database.write(work)

    def _code(self, tx: Transaction, hub: Hub, role: HubRole, holds: timedelta, now: datetime) -> Opened:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        hash, until = _hash(self._identity, code), now + holds
        tx.run("add_hub_code", hash=hash, hub=hub.id, role=role.value, now=forms.stamp(now), until=forms.stamp(until))
        return Opened(hub, shown(code), until)

    async def close(self, name: str, made_by: str) -> None:
        """End a hub: no members, no codes; its reports and figures stay. Raises HubRefused."""
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            hub = _open_hub(tx, name)
            tx.run("close_hub", id=hub.id, now=forms.stamp(now))
            members = tx.run("part_from_hub", hub=hub.id)
            tx.run("end_hub_codes", hub=hub.id)
            audit.written(tx, Act(made_by, "hub closed", f"hub:{hub.id}", {"members": members}), now)

        await self._database.write(work)

    async def edit(self, hub: Hub, made_by: str) -> None:
        """Change what is known of a hub, but not its name. Raises HubRefused where there is none."""
        hub, now = _tidy(hub), self._foundation.now()

        def work(tx: Transaction) -> None:
            if not tx.run("edit_hub", id=hub.id, **_details(hub)):
                raise HubRefused("There is no such hub.")
            audit.written(tx, Act(made_by, "hub changed", f"hub:{hub.id}"), now)

        await self._database.write(work)

    async def every(self) -> tuple[Listed, ...]:
        """All hubs, the open ones first."""
        rows = await self._database.read(lambda tx: tx.rows("hubs"))
        made = ((row, forms.moment(row["made_at"])) for row in rows)
        return tuple(Listed(_hub(row), row["members"], at, row["closed_at"] is not None) for row, at in made)

    async def hub(self, id: int) -> Hub | None:
        """An open hub by its number."""
        row = await self._database.read(lambda tx: tx.row("hub", id=id))
        return _hub(row) if row is not None and row["closed_at"] is None else None

    async def week(self, hub: Hub) -> dict[str, int]:
        """What came in from a hub in seven days, by level and by type ("level:known_scam", "type:parcel")."""
        since = self._foundation.today() - WEEK
        return await self._database.read(lambda tx: _week(tx, hub.id, since.isoformat()))

    async def open_cases(self, hub: Hub) -> tuple[OpenCase, ...]:
        """The hub's cases that wait for an official, the most urgent first."""
        rows = await self._database.read(lambda tx: tx.rows("hub_open_cases", hub=hub.name, page=MOST_CASES))
        return tuple(
            OpenCase(r["id"], r["state"], forms.moment(r["promised_at"]), r["type"], r["reporters"], r["reports"])
            for r in rows
        )

    async def standing(self, address: Address, code: str, home: str = "") -> AtHub:
        """Where somebody stands with hubs, and what the code in their hand opens ("" for none)."""
        person, now = self._identity.person(address), self._foundation.now()
        since = (self._foundation.today() - WEEK).isoformat()

        def work(tx: Transaction) -> AtHub:
            mine, offered = tx.row("hub_of_person", person=person), _offer(tx, self._identity, code, now)
            known = AtHub(
                offered=_hub(offered) if offered else None,
                as_role=HubRole(offered["role"]) if offered else HubRole.MEMBER,
                locked=_locked(tx, person, now),
            )
            if mine is None:
                return known
            week = _week(tx, mine["id"], since)
            page = f"{home}/hub/page/{self.page_token(mine['id'], now + PAGE_LINK_HOLDS)}" if home else ""
            role, sheet = HubRole(mine["role"]), bool(mine["sheet"])
            return replace(known, mine=_hub(mine), role=role, sheet=sheet, week=week, page=page)

        return await self._database.read(work)

    # Signed addresses

    def page_token(self, hub: int, until: datetime) -> str:
        """What opens a hub's page until then."""
        ends = int(until.timestamp())
        return f"{hub}.{ends}.{self._identity.identifier('hub page', f'{hub}.{ends}')}"

    async def page(self, token: str) -> Hub | None:
        """The hub whose page a token opens; None for a wrong or ended one."""
        hub, _, rest = token.partition(".")
        ends = rest.partition(".")[0]
        if not (hub.isascii() and hub.isdigit() and ends.isascii() and ends.isdigit() and len(token) < 100):
            return None
        until = min(int(ends), 2**40)
        right = f"{hub}.{ends}.{self._identity.identifier('hub page', f'{hub}.{ends}')}"
        if not secrets.compare_digest(right.encode(), token.encode()) or until < self._foundation.now().timestamp():
            return None
        return await self.hub(int(hub))

    async def table(self, token: str) -> HubTable | None:
        """The table that a token opens, while it is kept."""
        id = token.partition(".")[0]
        right = table_token(self._identity, int(id)) if id.isascii() and id.isdigit() and len(id) < 15 else ""
        if not right or not secrets.compare_digest(right.encode(), token.encode()):
            return None
        now = forms.stamp(self._foundation.now())
        row = await self._database.read(lambda tx: tx.row("hub_table", id=int(id), now=now))
        return _table(row, self._foundation.seal) if row else None


def shown(code: str) -> str:
    """A code as it is read aloud: in two halves."""
    return f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}"


def table_token(identity: Identity, table: int) -> str:
    """What opens a table, as long as it is kept."""
    return f"{table}.{identity.identifier('hub table', str(table))}"


# --- within the transaction of a turn ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AtTurn:
    """What a turn changes about hubs. `person` is the keyed hash of whoever wrote."""

    tx: Transaction
    seal: Seal
    identity: Identity
    now: datetime
    timezone: ZoneInfo
    address: Address

    @property
    def person(self) -> str:
        return self.identity.person(self.address)

    def mine(self) -> Hub | None:
        """The hub that they belong to."""
        row = self.tx.row("hub_of_person", person=self.person)
        return _hub(row) if row else None

    def act(self, act: HubAct | None) -> dict[str, str]:
        """Make it true; what it fills into the reply."""
        match act:
            case Join(code):
                self._join(code)
            case Leave():
                self.tx.run("leave_hub", person=self.person)
            case Sheet(on):
                self.tx.run("want_sheet", person=self.person, sheet=int(on))
            case WrongCode():
                since = forms.stamp(self.now - TRIES_STAY)
                self.tx.run("note_hub_try", person=self.person, now=forms.stamp(self.now), since=since)
            case NewCode():
                return self._new_code()
            case OpenCases(table):
                return self._open(table)
        return {}

    def _join(self, code: str) -> None:
        row = _offer(self.tx, self.identity, code, self.now)
        if row is not None and not _locked(self.tx, self.person, self.now):
            self.tx.run("join_hub", person=self.person, hub=row["id"], role=row["role"], now=forms.stamp(self.now))
            audit.written(self.tx, Act(audit.HOUSE, "hub joined", f"hub:{row['id']}", {"role": row["role"]}), self.now)

    def _new_code(self) -> dict[str, str]:
        row = self.tx.row("hub_of_person", person=self.person)
        if row is None or row["role"] != HubRole.LEAD:
            return {"hub_code": "-"}
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        until = forms.stamp(self.now + MEMBERS_CODE_HOLDS)
        hash, role = _hash(self.identity, code), HubRole.MEMBER.value
        self.tx.run("add_hub_code", hash=hash, hub=row["id"], role=role, now=forms.stamp(self.now), until=until)
        # By whom is not for the log: it never shrinks.
        audit.written(self.tx, Act(audit.HOUSE, "hub code made", f"hub:{row['id']}", {"role": role}), self.now)
        return {"hub_code": shown(code)}

    def _open(self, table: int) -> dict[str, str]:
        """Reports of the unknown messages of one's own table, once."""
        now = forms.stamp(self.now)
        row = self.tx.row("hub_table", id=table, now=now)
        kept = _table(row, self.seal) if row is not None and row["person"] == self.person else None
        hub = self.mine()
        if kept is None or hub is None or not self.tx.run("open_hub_table", id=table, person=self.person, now=now):
            return {"opened": "0", "numbers": "-"}
        desk = filing.Filing(self.tx, self.identity, self.now, self.timezone, Evidence.HUB, hub.name)
        numbers = [desk.file(self.address, report).number for report in kept.reports]
        ends = dict.fromkeys((numbers[0], numbers[-1])) if numbers else {"-": None}
        return {"opened": str(len(numbers)), "numbers": " – ".join(ends)}

    def keep(self, table: HubTable | None, hub: Hub | None) -> dict[str, str]:
        """Keep a table for a day; where it is found."""
        if table is None or hub is None:
            return {}
        row = self.tx.rows(
            "add_hub_table",
            person=self.person,
            hub=hub.id,
            body=self.seal.close(forms.write(table)),
            messages=table.messages,
            now=forms.stamp(self.now),
            until=forms.stamp(self.now + TABLE_STAYS),
        )[0]
        return {"hub_table": table_token(self.identity, row["id"]), "hub_table_id": str(row["id"])}

    def count(self, outcome: Outcome, hub: Hub) -> None:
        """What came in from a hub: levels and types."""
        day = self.now.astimezone(self.timezone).date().isoformat()
        for event in outcome.events:
            if isinstance(event, Checked):
                self.tx.run("count_hub", hub=hub.id, day=day, name="level", key=event.level.value)
                if event.type is not None:
                    self.tx.run("count_hub", hub=hub.id, day=day, name="type", key=event.type.value)


def forget(tx: Transaction, person: str) -> int:
    """What hubs know of a person beside their row, which takes the rest along."""
    return tx.run("forget_hub_tries", person=person)


def _offer(tx: Transaction, identity: Identity, code: str, now: datetime) -> Row | None:
    return tx.row("hub_of_code", hash=_hash(identity, code), now=forms.stamp(now)) if code else None


def _locked(tx: Transaction, person: str, now: datetime) -> bool:
    row = tx.row("hub_tries", person=person)
    fresh = row is not None and forms.moment(row["last_at"]) > now - TRIES_STAY
    return row is not None and fresh and row["failures"] >= MOST_WRONG_CODES


def _hash(identity: Identity, code: str) -> str:
    return identity.identifier("hub code", "".join(filter(str.isalnum, code)).upper())


def _week(tx: Transaction, hub: int, since: str) -> dict[str, int]:
    return {f"{row['name']}:{row['key']}": int(row["count"]) for row in tx.rows("hub_week", hub=hub, since=since)}


def _table(row: Row, seal: Seal) -> HubTable | None:
    try:
        return forms.read(HubTable, seal.open(row["body"]))
    except (SealBroken, forms.FormBroken):
        return None  # made by another version: it is sent again sooner than mended


def _open_hub(tx: Transaction, name: str) -> Hub:
    row = tx.row("hub_named", name_key=_key(name))
    if row is None or row["closed_at"] is not None:
        raise HubRefused(f"There is no open hub named {name}.")
    return _hub(row)


def _hub(row: Row) -> Hub:
    details = {name: row[name] for name in ("place", "province", "hours", "languages", "escalation")}
    return Hub(id=row["id"], name=row["name"], **details)


def _details(hub: Hub) -> dict[str, str]:
    return {name: getattr(hub, name) for name in ("place", "province", "hours", "languages", "escalation")}


def _tidy(hub: Hub) -> Hub:
    """Without blanks at the ends; a name is one line, whatever was pasted."""
    lines = {
        name: "\n".join(" ".join(e.split()) for e in text.strip().splitlines()) for name, text in _details(hub).items()
    }
    tidied = {name: text[:1_000] for name, text in lines.items()}
    return Hub(hub.id, " ".join(hub.name.split())[:80], **tidied)


def _key(name: str) -> str:
    return normalize("NFKC", " ".join(name.split())).casefold()
