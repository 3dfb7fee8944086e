"""Who is whose trusted relative: codes, links, wrong tries, and the letters to the other side.

People stand here as keyed hashes beside each other, which is the most that the house knows of two of them: so a link goes
at once when either side ends it, blocks us or is forgotten, and a letter is gone as soon as it is written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.identity import Identity
from bot.sealing import Seal, SealBroken
from bot.store import forms, outbox
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.models import Language
from handlers.messages import Address, Outcome, Platform, Reply
from handlers.trusted_types import (
    ASKING_STAYS,
    CODE_STAYS,
    MOST_WRONG,
    WRONG_STAYS,
    Agreed,
    Alert,
    AlertKind,
    Claimed,
    Ended,
    Joined,
    Kin,
    Known,
    Link,
    NewCode,
    NewsKind,
    Released,
    Told,
    Typed,
    Watch,
    Words,
    WrongCode,
)
from scheduler.trusted_news import News

DAY = timedelta(days=1)
# A relative who hears of every message stops looking: so many a day, and so far apart, of each kind.
MOST_ALERTS = {AlertKind.SCAM: (3, timedelta(minutes=10)), AlertKind.PAID: (2, timedelta(hours=1))}
# Drawn again where the number is somebody else's: with ten million live codes nine in ten would still be free.
_DRAWS = 20
_PAGE = 200


class TrustedBook:
    """The links of one house: what a turn must know of them, and the `Newsroom` of the scheduler."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    async def known(self, address: Address, code: str = "") -> Known:
        """The links of whoever writes from there, and what the code is that they typed, if any."""
        identity, now = self._foundation.identity, self._foundation.now()
        return await self._database.read(lambda tx: known(tx, identity, identity.person(address), code, now))

    async def watch(self, address: Address) -> Watch | None:
        """Whom to tell when it gets dangerous for whoever writes from there; None for nobody."""
        person, now = self._foundation.identity.person(address), self._foundation.now()
        return await self._database.read(lambda tx: watch(tx, person, now))

    # The newsroom

    async def due(self, most: int) -> Sequence[News]:
        rows = await self._database.read(lambda tx: tx.rows("trusted_news", page=most))
        return [self._news(row) for row in rows]

    def _news(self, row: Row) -> News:
        language = Language(row["language"]) if row["language"] in set(Language) else Language.THAI
        told = Told(NewsKind(row["kind"]), Kin(row["kin"]), row["link"] or 0, self._opened(row["quote"]))
        return News(row["id"], row["person"], language, told, row["elder"] or "")

    def _opened(self, quote: str) -> str:
        try:
            return self._foundation.seal.open(quote) if quote else ""
        except SealBroken:
            # The alert itself must not be lost over a quote that nobody can read any more.
            return ""

    async def tell(self, letters: Sequence[tuple[News, Reply]]) -> int:
        now = self._foundation.now()
        return await self._database.write(lambda tx: sum(self._tell(tx, news, reply, now) for news, reply in letters))

    def _tell(self, tx: Transaction, news: News, reply: Reply, now: datetime) -> bool:
        if not tx.run("trusted_take_news", id=news.id):
            return False
        row = tx.row("reachable", key=news.person)
        if row is None:
            self._lost(tx, news, now)
            return False
        address = Address(Platform(row["platform"]), row["chat"], row["chat"])
        # What quotes the older person goes with them when they are forgotten.
        whose = news.elder if news.told.quote and news.elder else news.person
        draft = outbox.Draft(address, reply, received_at=now, due_at=now, person=whose)
        outbox.post(tx, self._foundation.seal, draft)
        return True

    def _lost(self, tx: Transaction, news: News, now: datetime) -> None:
        """A relative who cannot be reached protects nobody: the older person should know."""
        if news.told.kind in (NewsKind.SCAM, NewsKind.PAID, NewsKind.AGREED) and news.elder:
            for row in tx.rows("trusted_end", id=news.told.link, person=news.elder):
                _tell(tx, row["elder"], NewsKind.LOST, row["kin"], now)

    # As time goes by

    async def remove_old(self) -> int:
        """Codes, questions, wrong tries and counts that are over; how many."""
        now = self._foundation.now()
        ends = {
            "trusted_old_codes": now,
            "trusted_old_asks": now - ASKING_STAYS,
            "trusted_old_alerts": now - DAY,
            "trusted_old_tries": now - WRONG_STAYS,
        }
        removed = 0
        for query, before in ends.items():
            while gone := await self._database.write(_removing(query, before)):
                removed += gone
        return removed


def _removing(query: str, before: datetime) -> Callable[[Transaction], int]:
    return lambda tx: tx.run(query, before=forms.stamp(before), page=_PAGE)


# --- what is known ------------------------------------------------------------------------------------------------------
def known(tx: Transaction, identity: Identity, person: str, code: str, now: datetime) -> Known:
    """The links of one person, and what a code is that they typed."""
    rows = tx.rows("trusted_links_of", person=person, asked_after=forms.stamp(now - ASKING_STAYS))
    links = tuple(
        Link(row["id"], Kin(row["kin"]), bool(row["mine"]), bool(row["agreed"]), bool(row["words"]))
        for row in rows
        # To a relative a question that is not answered is no link.
        if row["mine"] or row["agreed"]
    )
    claimed = tx.row("trusted_claim", person=person, now=forms.stamp(now)) is not None
    return Known(links, claimed, _typed(tx, identity, person, code, now) if code else None)


def _typed(tx: Transaction, identity: Identity, person: str, code: str, now: datetime) -> Typed:
    wrong = tx.row("trusted_wrong", person=person, after=forms.stamp(now - WRONG_STAYS))
    if wrong is not None and wrong["failures"] >= MOST_WRONG:
        return Typed.TOO_MANY
    row = tx.row("trusted_code", hash=_hash(identity, code), now=forms.stamp(now))
    if row is None or row["relative"] not in (None, person):
        return Typed.WRONG
    return Typed.OWN if row["person"] == person else Typed.OPEN


def _hash(identity: Identity, code: str) -> str:
    return identity.identifier("trusted code", code)


def watch(tx: Transaction, person: str, now: datetime) -> Watch | None:
    """The relative of one person, and what about they may be told now."""
    row = tx.row("trusted_watch", person=person)
    if row is None:
        return None
    kinds = frozenset(kind for kind in AlertKind if _may(tx, row["id"], kind, now))
    return Watch(row["id"], bool(row["words"]), kinds)


def _may(tx: Transaction, link: int, kind: AlertKind, now: datetime) -> bool:
    most, apart = MOST_ALERTS[kind]
    told = tx.rows("trusted_alerted", link=link, kind=kind.value, after=forms.stamp(now - DAY))[0]
    return bool(told["times"] < most and told["last"] <= forms.stamp(now - apart))


# --- what a turn changes ------------------------------------------------------------------------------------------------
def follow(
    tx: Transaction,
    seal: Seal,
    identity: Identity,
    address: Address,
    outcome: Outcome,
    reply: Reply | None,
    now: datetime,
) -> Reply | None:
    """Make what a turn decided true; the reply, with a new code filled in. Who blocked us has no links any more."""
    person = identity.person(address)
    if outcome.unreachable:
        end_all(tx, person, now)
        return reply
    act = outcome.trusted
    if isinstance(act, NewCode):
        code = _new_code(tx, identity, person, now)
        return reply and reply.filled({"trusted_code": f"{code[:4]} {code[4:]}"})
    if isinstance(act, Claimed):
        tx.run("trusted_take_code", hash=_hash(identity, act.code), person=person, now=forms.stamp(now))
    elif isinstance(act, WrongCode):
        tx.run("trusted_count_wrong", person=person, now=forms.stamp(now), after=forms.stamp(now - WRONG_STAYS))
    elif isinstance(act, Released):
        tx.run("trusted_release", person=person)
    elif isinstance(act, Joined):
        _join(tx, person, act.kin, now)
    elif isinstance(act, Agreed):
        _agree(tx, person, act, now)
    elif isinstance(act, Words):
        tx.run("trusted_set_words", elder=person, words=int(act.shown))
    elif isinstance(act, Ended):
        _end(tx, person, act.links, now)
    elif isinstance(act, Alert):
        _alert(tx, seal, person, act, now)
    return reply


def _new_code(tx: Transaction, identity: Identity, person: str, now: datetime) -> str:
    tx.run("trusted_drop_ask", person=person)
    for _ in range(_DRAWS):
        code = str(10_000_000 + secrets.randbelow(90_000_000))
        if tx.row("trusted_code", hash=_hash(identity, code), now="") is None:
            break
    tx.run("trusted_new_code", person=person, hash=_hash(identity, code), until=forms.stamp(now + CODE_STAYS))
    return code


def _join(tx: Transaction, relative: str, kin: Kin, now: datetime) -> None:
    claim = tx.row("trusted_claim", person=relative, now=forms.stamp(now))
    if claim is None or not tx.rows("trusted_spend", person=claim["person"]):
        return
    elder = claim["person"]
    for row in tx.rows("trusted_ask", elder=elder, relative=relative, kin=kin.value, now=forms.stamp(now)):
        _tell(tx, elder, NewsKind.ASKED, kin.value, now, row["id"])


def _agree(tx: Transaction, elder: str, act: Agreed, now: datetime) -> None:
    if act.yes:
        after = forms.stamp(now - ASKING_STAYS)
        for row in tx.rows("trusted_agree", id=act.link, elder=elder, asked_after=after):
            _tell(tx, row["relative"], NewsKind.AGREED, row["kin"], now, act.link)
        return
    for row in tx.rows("trusted_refuse", id=act.link, elder=elder):
        _tell(tx, row["relative"], NewsKind.REFUSED, row["kin"], now)


def _end(tx: Transaction, person: str, links: Sequence[int], now: datetime) -> None:
    tx.rows("trusted_spend", person=person)
    for link in links:
        for row in tx.rows("trusted_end", id=link, person=person):
            other = row["relative"] if row["elder"] == person else row["elder"]
            # Who was only asked about has nothing to miss; a relative who waits should know.
            if row["agreed"] or other == row["relative"]:
                _tell(tx, other, NewsKind.ENDED, row["kin"], now)


def end_all(tx: Transaction, person: str, now: datetime) -> int:
    """End every link of a person who goes, and tell the other sides; how many there were."""
    links = [row["id"] for row in tx.rows("trusted_ends_of", person=person)]
    _end(tx, person, links, now)
    return len(links)


def _alert(tx: Transaction, seal: Seal, elder: str, act: Alert, now: datetime) -> None:
    values = {"link": act.link, "kind": act.kind.value, "elder": elder, "now": forms.stamp(now)}
    if not tx.rows("trusted_count_alert", **values):
        return
    row = tx.row("trusted_relative", link=act.link)
    if row is not None:
        _tell(
            tx,
            row["relative"],
            NewsKind(act.kind.value),
            row["kin"],
            now,
            act.link,
            seal.close(act.quote) if act.quote else "",
        )


def _tell(
    tx: Transaction, person: str, kind: NewsKind, kin: str, now: datetime, link: int | None = None, quote: str = ""
) -> None:
    tx.run("trusted_tell", person=person, link=link, kind=kind.value, kin=kin, quote=quote, now=forms.stamp(now))
