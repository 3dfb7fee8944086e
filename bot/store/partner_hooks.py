"""Webhooks of partners: where they are told, what happened, and who was told what. At least once, always under the same name."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.partners.scopes import Scope
from bot.sealing import SealBroken
from bot.store import audit, forms, partners
from bot.store.audit import Act
from bot.store.foundation import Foundation
from bot.store.partners import PartnerRefused
from bot.store.transaction import Row, Transaction

# Whoever tries a delivery has so long; then another may think that they died.
HELD = timedelta(minutes=1)
# So long a try is put off after each failure: soon at first, for it may be a restart; in all a day and a half.
PAUSES = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30),
    timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), timedelta(hours=8), timedelta(hours=16),
)  # fmt: skip
# A webhook at which nothing has arrived for so long is switched off when the next delivery is given up.
LONGEST_FAILING = timedelta(days=1)
# So far back it is looked whether what was told still holds.
_LOOKED_BACK = timedelta(days=60)
_EVENTS_STAY = timedelta(days=365)
# The prefix by which libraries that check signatures know such a secret.
SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of every secret, and none itself
_PAGE = 50
TEST = "test"


@dataclass(frozen=True)
class News:
    """Something that happened: `kind` as in "alert.confirmed", `subject` and `version` say of what, `data` what partners
    read. Nobody's personal data, no telephones and no accounts."""

    kind: str
    subject: str
    version: int
    data: Mapping[str, Any]

    @property
    def scope(self) -> Scope:
        """Who is told: partners with this scope."""
        return Scope.ALERTS if self.kind.startswith("alert.") else Scope.FEEDS


@dataclass(frozen=True)
class Webhook:
    """Where a partner is told. `host` is all of its address that is shown; `why` says why nothing arrives, or arrived last;
    `older_until`: an older secret signs too until then."""

    id: int
    partner: int
    host: str
    made_at: datetime
    failing_since: datetime | None
    told_at: datetime | None
    disabled_at: datetime | None
    why: str
    waiting: int
    older_until: datetime | None


@dataclass(frozen=True)
class Opened:
    """A webhook with a new secret that signs, this once."""

    id: int
    secret: str


@dataclass(frozen=True)
class Delivery:
    """One thing to be told at one place: `event` stays the same however often it is tried; `tries` were made before; `older`
    secrets sign beside the newest."""

    id: int
    webhook: int
    tries: int
    due_at: datetime
    url: str
    secret: str
    event: str
    body: str
    older: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """Where a delivery stands: "waiting", "delivered" or "failed", after how many tries, and why."""

    state: str
    tries: int
    why: str


def announce(tx: Transaction, news: News, now: datetime) -> bool:
    """Tell it to every partner with its scope, once, in this transaction; False where it was announced before."""
    event = _written(tx, news, now)
    if event is None:
        return False
    for row in tx.rows("webhooks_to_tell"):
        if news.scope.value in row["scopes"].split(","):
            tx.rows("add_partner_delivery", webhook=row["id"], event=event, due_at=forms.stamp(now))
    return True


def _written(tx: Transaction, news: News, now: datetime) -> int | None:
    name = f"evt_{secrets.token_hex(12)}"
    at = now.isoformat(timespec="seconds")
    body = json.dumps({"id": name, "type": news.kind, "at": at, "data": dict(news.data)}, ensure_ascii=False)
    what = {"kind": news.kind, "subject": news.subject, "version": news.version}
    row = tx.row("add_partner_event", event=name, body=body, now=forms.stamp(now), **what)
    return int(row["id"]) if row else None


class WebhookBook:
    """The webhooks of one house. What cannot be done raises PartnerRefused."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._database = foundation.database

    # Where

    async def add(self, name: str, url: str, made_by: str) -> Opened:
        """A webhook of the partner `name`. The address was looked at before."""
        now, secret = self._foundation.now(), _new_secret()

        def work(tx: Transaction) -> Opened:
            partner = partners.known(tx, name)
            values = {"partner": partner.id, "url": url, "secret": self._foundation.seal.close(secret)}
            row = tx.rows("add_partner_webhook", made_by=made_by, now=forms.stamp(now), **values)[0]
            detail = {"webhook": row["id"], "host": _host(url)}
            audit.written(tx, Act(made_by, "partner's webhook added", partners.subject(partner.id), detail), now)
            return Opened(row["id"], secret)

        return await self._database.write(work)

    async def rotate(self, name: str, id: int, grace: timedelta, made_by: str) -> Opened:
        """A new secret; the older ones sign beside it for `grace` yet, and none of them longer than before."""
        now, secret = self._foundation.now(), _new_secret()
        until = forms.stamp(now + grace)

        def work(tx: Transaction) -> Opened:
            partner = partners.known(tx, name)
            which = {"id": id, "partner": partner.id}
            if not tx.run("keep_webhook_secret", until=until, **which):
                raise PartnerRefused(f"{partner.name} has no webhook {id}.")
            tx.run("change_webhook_secret", secret=self._foundation.seal.close(secret), **which)
            tx.run("end_webhook_secrets", id=id, until=until)
            tx.run("remove_webhook_secrets", now=forms.stamp(now))
            subject = partners.subject(partner.id)
            audit.written(tx, Act(made_by, "partner's webhook secret rotated", subject, {"webhook": id}), now)
            return Opened(id, secret)

        return await self._database.write(work)

    async def remove(self, name: str, id: int, made_by: str) -> None:
        """Nothing is told there any more."""
        await self._change(name, id, made_by, "remove_partner_webhook", "partner's webhook removed")

    async def enable(self, name: str, id: int, made_by: str) -> None:
        """What happens from now on is told there again."""
        await self._change(name, id, made_by, "enable_partner_webhook", "partner's webhook enabled")

    async def _change(self, name: str, id: int, made_by: str, query: str, act: str) -> None:
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            partner = partners.known(tx, name, revoked=True)
            if not tx.run(query, id=id, partner=partner.id):
                raise PartnerRefused(f"{partner.name} has no webhook {id}.")
            audit.written(tx, Act(made_by, act, partners.subject(partner.id), {"webhook": id}), now)

        await self._database.write(work)

    async def of(self, partner: int) -> tuple[Webhook, ...]:
        """A partner's webhooks, by the partner's id."""
        rows = await self._database.read(lambda tx: tx.rows("partner_webhooks", partner=partner))
        return tuple(_webhook(row) for row in rows)

    async def of_named(self, name: str) -> tuple[Webhook, ...]:
        """The same by name."""
        found = await self._database.read(lambda tx: partners.known(tx, name, revoked=True))
        return await self.of(found.id)

    # What

    async def unannounced(self) -> Sequence[int]:
        """Confirmed warnings of which no partner was told, by the bulletin's id."""
        rows = await self._database.read(lambda tx: tx.rows("unannounced_alerts", page=_PAGE))
        return [row["id"] for row in rows]

    async def announce(self, news: News) -> bool:
        """`announce`, in a transaction of its own."""
        now = self._foundation.now()
        return await self._database.write(lambda tx: announce(tx, news, now))

    async def withdraw_alerts(self) -> int:
        """Tell of warnings that are no longer confirmed; how many."""
        now = self._foundation.now()
        since = forms.stamp(now - _LOOKED_BACK)
        rows = await self._database.read(lambda tx: tx.rows("unsaid_withdrawals", since=since))
        if not rows:
            return 0

        def work(tx: Transaction) -> int:
            return sum(announce(tx, _withdrawn(row), now) for row in tx.rows("unsaid_withdrawals", since=since))

        return await self._database.write(work)

    async def test(self, name: str, id: int) -> tuple[int, int]:
        """A test for one webhook; the webhook's and the event's row. Nobody else hears of it."""
        now = self._foundation.now()

        def work(tx: Transaction) -> tuple[int, int]:
            partner = partners.known(tx, name)
            rows = [row for row in tx.rows("partner_webhooks", partner=partner.id) if row["id"] == id]
            if not rows or rows[0]["disabled_at"]:
                raise PartnerRefused(f"{partner.name} has no webhook {id} that is on.")
            # Each test is an event of its own.
            news = News(
                TEST, f"webhook:{id}:{secrets.token_hex(6)}", 1, {"message": "This is a test. Nothing happened."}
            )
            event = _written(tx, news, now)
            # Whoever tests sends it, unless a running server is quicker.
            tx.rows("add_partner_delivery", webhook=id, event=event, due_at=forms.stamp(now))
            return id, event or 0

        return await self._database.write(work)

    # Who was told

    async def due(self, most: int, webhook: int = 0) -> Sequence[Delivery]:
        """What is to be tried now; `webhook`: only there."""
        now = forms.stamp(self._foundation.now())
        which = {"now": now, "webhook": webhook, "page": most}

        def work(tx: Transaction) -> tuple[Sequence[Row], Sequence[Row]]:
            rows = tx.rows("due_partner_deliveries", **which)
            return rows, tx.rows("older_webhook_secrets", now=now) if rows else ()

        rows, older = await self._database.read(work)
        return [each for row in rows if (each := self._delivery(row, older)) is not None]

    def _delivery(self, row: Row, older: Sequence[Row]) -> Delivery | None:
        opened = self._foundation.seal.open
        try:
            secret = opened(row["secret"])
            beside = tuple(opened(each["secret"]) for each in older if each["webhook"] == row["webhook"])
        except SealBroken:
            # Left where it is: with the right SECRET_KEY it can still be told.
            return None
        which = (row["id"], row["webhook"], row["tries"], forms.moment(row["due_at"]), row["url"], secret)
        return Delivery(*which, row["event"], row["body"], beside)

    async def hold(self, delivery: Delivery) -> bool:
        """Claim one attempt; False where another process was quicker."""
        until = forms.stamp(self._foundation.now() + HELD)
        values = {"id": delivery.id, "was": forms.stamp(delivery.due_at), "until": until}
        return await self._database.write(lambda tx: tx.run("hold_partner_delivery", **values)) == 1

    async def arrived(self, delivery: Delivery) -> None:
        """The other end took it; what else waits there is tried at once."""
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            tx.run("settle_partner_delivery", id=delivery.id, state="delivered", why="", now=forms.stamp(now))
            tx.run("reach_partner_webhook", id=delivery.webhook, now=forms.stamp(now))
            beyond = forms.stamp(now + HELD)
            tx.run("hasten_partner_deliveries", webhook=delivery.webhook, now=forms.stamp(now), beyond=beyond)

        await self._database.write(work)

    async def missed(self, delivery: Delivery, why: str, *, gone: bool = False) -> None:
        """It did not arrive: to be tried again, or given up. `gone`: the other end wants nothing any more."""
        now = self._foundation.now()
        last = delivery.tries >= len(PAUSES)

        def work(tx: Transaction) -> None:
            tx.run("miss_partner_webhook", id=delivery.webhook, now=forms.stamp(now), why=why)
            if gone:
                _switch_off(tx, delivery.webhook, why, now)
            elif last:
                tx.run("settle_partner_delivery", id=delivery.id, state="failed", why=why, now=forms.stamp(now))
                failing = tx.rows("partner_webhook", id=delivery.webhook)[0]["failing_since"]
                if failing and now - forms.moment(failing) >= LONGEST_FAILING:
                    _switch_off(tx, delivery.webhook, why, now)
            else:
                due = forms.stamp(now + PAUSES[delivery.tries])
                tx.run("put_off_partner_delivery", id=delivery.id, due_at=due, why=why)

        await self._database.write(work)

    async def ended(self, webhook: int, event: int) -> Ended:
        """Where a delivery stands."""
        row = (await self._database.read(lambda tx: tx.rows("partner_delivery", webhook=webhook, event=event)))[0]
        return Ended(row["state"], row["tries"], row["why"])

    async def remove_old(self) -> int:
        """Forget what was told long ago, and secrets that sign nothing any more; how many events."""
        now = self._foundation.now()
        before = forms.stamp(now - _EVENTS_STAY)

        def work(tx: Transaction) -> int:
            tx.run("remove_webhook_secrets", now=forms.stamp(now))
            return tx.run("remove_partner_events", before=before, page=500)

        return await self._database.write(work)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _switch_off(tx: Transaction, webhook: int, why: str, now: datetime) -> None:
    row = tx.rows("partner_webhook", id=webhook)[0]
    if tx.run("disable_partner_webhook", id=webhook, now=forms.stamp(now), why=why):
        act = Act(audit.HOUSE, "partner's webhook disabled", partners.subject(row["partner"]), {"webhook": webhook})
        audit.written(tx, act, now)
    tx.run("give_up_partner_deliveries", webhook=webhook, why="the webhook was switched off", now=forms.stamp(now))


def _withdrawn(row: Row) -> News:
    alert = int(row["subject"].partition(":")[2])
    return News("alert.withdrawn", row["subject"], row["version"], {"id": alert, "version": row["version"]})


def _webhook(row: Row) -> Webhook:
    moments = {
        name: forms.moment(row[name]) if row[name] else None
        for name in ("failing_since", "told_at", "disabled_at", "older_until")
    }
    return Webhook(
        row["id"],
        row["partner"],
        _host(row["url"]),
        forms.moment(row["made_at"]),
        why=row["why"],
        waiting=row["waiting"],
        **moments,
    )


def _host(url: str) -> str:
    # The rest of an address may be a secret of the partner's.
    return urlsplit(url).hostname or ""
