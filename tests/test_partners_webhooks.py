"""Partners are told of confirmed warnings: signed, at least once, under one name; and given up in the end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import faults
from click.testing import CliRunner
from conftest import ROOT, house_of
from desk_cast import DESKTOP, PHONE, WIDER, at_desk, desk_page
from partner_cast import Receiver, Told, program, receiver, until
from playwright.async_api import Browser
from store_cast import SECRET, StandingClock, change, rows

from bot.cli import rutan
from bot.partners.herald import Herald
from bot.partners.scopes import Scope
from bot.partners.sending import Messenger
from bot.store import SqlStore
from bot.store.audit import OPERATOR
from bot.store.bulletins import Body, Bulletins
from bot.store.partner_hooks import LONGEST_FAILING, PAUSES, SECRET_PREFIX, News, WebhookBook
from bot.store.partners import PartnerBook, PartnerRefused
from content.knowledge import Knowledge
from content.models import Language
from handlers.officials import Role
from scheduler.alerts import correction_of, warning_of
from scheduler.bulletins import Kind
from scheduler.trends import Month

NOVEMBER = Month(2026, 11)
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


@pytest.fixture
async def partner() -> AsyncIterator[Receiver]:
    async with receiver() as it:
        yield it


async def webhook(store: SqlStore, url: str, *scopes: Scope, name: str = "Bank") -> str:
    """A partner with one webhook; its secret."""
    await PartnerBook(store.foundation).add(name, scopes or [Scope.ALERTS], 60, None, OPERATOR)
    return (await WebhookBook(store.foundation).add(name, url, OPERATOR)).secret


async def alert(store: SqlStore, knowledge: Knowledge, entry: str = "parcel-fee-link") -> int:
    """A warning that two officials signed."""
    bulletins = Bulletins(store.foundation)
    id = await bulletins.draft(NOVEMBER, Body(warning_of(entry, knowledge)), OPERATOR, kind=Kind.ALERT)
    return await signed(store, id)


async def signed(store: SqlStore, id: int) -> int:
    for name in ("Nat", "Mali"):
        await Bulletins(store.foundation).sign(id, name)
    return id


@pytest.fixture
def officials(url: str, store: SqlStore) -> None:
    for name in ("Nat", "Mali"):
        change(
            url,
            "insert into officials (name, name_key, role, made_at) "
            f"values ('{name}', '{name.lower()}', '{Role.APPROVER.value}', '2026-01-01')",
        )


def checked(told: Told, secret: str) -> str:
    """The name of the event, after its signature was looked at as docs/api.md has it."""
    name, at = told.headers["webhook-id"], told.headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + told.body, hashlib.sha256)).decode()
    assert hmac.compare_digest(told.headers["webhook-signature"], f"v1,{right}")
    assert told.event["id"] == name
    return name


@pytest.mark.usefixtures("officials")
async def test_who_is_told_hears_the_same_name_until_it_has_arrived(
    store: SqlStore, clock: StandingClock, knowledge: Knowledge, partner: Receiver, url: str
) -> None:
    """The partner's server answers 500, hangs, and is there again; our process dies in between."""
    secret = await webhook(store, partner.url)
    await webhook(store, partner.url, Scope.ENTRIES, name="not for alerts")
    partner.answers = [500, 0, 302]
    partner.redirect = partner.url

    def standing() -> tuple[object, object]:
        (row,) = rows(url, "partner_deliveries")
        return row["state"], row["why"]

    async with Messenger(inside=True, seconds=30) as messenger:
        herald = Herald(store.foundation, lambda: knowledge, messenger)
        await herald.tick()
        assert partner.told == [], "nothing was confirmed"
        id = await alert(store, knowledge)
        await herald.tick()
        await partner.until(1)
        await until(lambda: standing() == ("waiting", "HTTP 500"))
        await herald.tick()
        assert len(partner.told) == 1, "not before its time"
        clock.on(seconds=PAUSES[0].total_seconds())
        await herald.tick()
        await partner.until(2)
        # This process dies while the other end says nothing: after the lease another one takes it up.
        await herald.stop()
    async with Messenger(inside=True, seconds=30) as messenger:
        herald = Herald(store.foundation, lambda: knowledge, messenger)
        for state, why in (("waiting", "HTTP 302"), ("delivered", "")):
            clock.on(minutes=3)
            await herald.tick()
            await until(lambda end=(state, why): standing() == end)
        await herald.tick()
    assert len(partner.told) == 4 and len({checked(each, secret) for each in partner.told}) == 1
    assert len({each.body for each in partner.told}) == 1, "the same words at every try"
    event = partner.told[0].event
    assert (event["type"], event["data"]["id"], event["data"]["entry"]) == ("alert.confirmed", id, "parcel-fee-link")
    assert event["data"]["texts"]["th"]["do_now"] and "**" not in json.dumps(event, ensure_ascii=False)
    (delivery,) = rows(url, "partner_deliveries")
    assert (delivery["state"], delivery["tries"]) == ("delivered", 4)
    (shown, _) = [*await WebhookBook(store.foundation).of(1), None]
    assert shown is not None and shown.failing_since is None and shown.told_at == clock.now()


@pytest.mark.usefixtures("officials")
async def test_what_is_changed_or_cancelled_after_it_was_told_is_told_too(
    store: SqlStore, knowledge: Knowledge, url: str
) -> None:
    await webhook(store, "https://partner.example/x")
    bulletins, book = Bulletins(store.foundation), WebhookBook(store.foundation)
    async with Messenger() as messenger:
        herald = Herald(store.foundation, lambda: knowledge, messenger)
        id = await alert(store, knowledge)
        assert await herald.announce() == 1 and await herald.announce() == 0
        await bulletins.edit(id, 1, warning_of("fake-base-station-sms", knowledge), OPERATOR)
        assert await herald.announce() == 1
        await signed(store, id)
        assert await herald.announce() == 1
        await bulletins.cancel(id, OPERATOR)
        assert await herald.announce() == 1
        # A month's bulletin and what corrects it are no warnings.
        month = await bulletins.draft(NOVEMBER, Body(warning_of("parcel-fee-link", knowledge)), OPERATOR)
        await signed(store, month)
        change(url, f"update bulletins set started_at = made_at, state = 'sent' where id = {month}")
        wrong = await bulletins.get(month)
        body = Body(correction_of(wrong, knowledge))
        await signed(store, await bulletins.draft(NOVEMBER, body, OPERATOR, kind=Kind.CORRECTION, corrects=month))
        assert await herald.announce() == 0
    told = sorted(rows(url, "partner_events"), key=lambda row: int(str(row["id"])))
    assert [(row["kind"], row["version"]) for row in told] == [
        ("alert.confirmed", 1), ("alert.withdrawn", 1), ("alert.confirmed", 2), ("alert.withdrawn", 2),
    ]  # fmt: skip
    assert len(await book.due(50)) == 4


async def test_a_webhook_that_hears_nothing_for_long_is_switched_off_and_shown(tmp_path: Path) -> None:
    """And news of others (the early-warning feed) go to those with its scope alone."""
    clock = StandingClock()
    store = SqlStore.open(f"sqlite:///{tmp_path}/rutan.db", [SECRET], clock)
    book = WebhookBook(store.foundation)
    await webhook(store, "https://partner.example/hook?secret=of-the-partner", Scope.FEEDS)
    await webhook(store, "https://other.example/hook", Scope.ALERTS, name="Other")
    news = News("campaign.confirmed", "campaign:1", 1, {"id": 1})
    assert await book.announce(news) and not await book.announce(news)
    (delivery,) = await book.due(10)
    tries = 0
    while found := await book.due(10):
        assert await book.hold(found[0]) and not await book.hold(found[0]), "one process tries it"
        await book.missed(found[0], "HTTP 503")
        tries += 1
        clock.on(hours=17)
    assert tries == len(PAUSES) + 1 and sum(PAUSES, timedelta()) > LONGEST_FAILING
    (shown,) = await book.of_named("Bank")
    assert shown.disabled_at and (shown.host, shown.why, shown.waiting) == ("partner.example", "HTTP 503", 0)
    assert await book.announce(News("campaign.confirmed", "campaign:2", 1, {"id": 2})) and await book.due(10) == []
    assert (await book.of_named("Other"))[0].disabled_at is None
    await book.enable("Bank", shown.id, OPERATOR)
    assert await book.announce(News("campaign.revoked", "campaign:2", 2, {"id": 2}))
    (again,) = await book.due(10)
    assert again.event != delivery.event
    # 410: nothing is wanted there any more.
    await book.missed(again, "HTTP 410", gone=True)
    assert (await book.of_named("Bank"))[0].disabled_at == clock.now() and await book.due(10) == []
    clock.on(days=366)
    assert await book.remove_old() == 3
    acts = [row["act"] for row in rows(f"sqlite:///{tmp_path}/rutan.db", "audit")]
    assert acts.count("partner's webhook disabled") == 2
    store.close()


async def test_while_a_secret_is_changed_both_sign_and_nobody_misses_a_warning(
    store: SqlStore, clock: StandingClock, knowledge: Knowledge, partner: Receiver, url: str
) -> None:
    verify: dict[str, Any] = {}
    (written,) = re.findall(r"^```python\n([^`]*def verify[^`]*)^```$", API, re.MULTILINE)
    exec(written, verify)
    book, week = WebhookBook(store.foundation), timedelta(days=7)
    others = await webhook(store, partner.url, Scope.FEEDS, name="Other")

    async def who_signed(*known: str) -> list[bool]:
        """By which of these secrets a partner finds the next news to be ours."""
        told, number = len(partner.told), len(rows(url, "partner_events"))
        await book.announce(News("campaign.confirmed", f"campaign:{number}", 1, {"id": number}))
        await herald.tick()
        await partner.until(told + 2)
        await until(lambda: {row["state"] for row in rows(url, "partner_deliveries")} == {"delivered"})
        for each in partner.told[told:]:
            if verify["verify"](each.headers, each.body, others, 10**10):
                assert checked(each, others), "one signature, where nothing is being changed"
            else:
                ours = each
        found = [verify["verify"](ours.headers, ours.body, secret, 10**10) for secret in known]
        assert len(ours.headers["webhook-signature"].split(" ")) == found.count(True)
        return found

    async with Messenger(inside=True) as messenger:
        herald = Herald(store.foundation, lambda: knowledge, messenger)
        first = await webhook(store, partner.url, Scope.FEEDS)
        id = (await book.of_named("Bank"))[0].id
        assert await who_signed(first) == [True]
        second = (await book.rotate("Bank", id, week, OPERATOR)).secret
        assert (await book.of_named("Bank"))[0].older_until == clock.now() + week
        assert await who_signed(first, second) == [True, True]
        # Changed once more within the week: each older one has the time it was given, and none has longer.
        clock.on(days=5)
        third = (await book.rotate("Bank", id, week, OPERATOR)).secret
        assert await who_signed(first, second, third) == [True, True, True]
        clock.on(days=3)
        assert await who_signed(first, second, third) == [False, True, True]
        clock.on(days=5)
        assert await who_signed(first, second, third) == [False, False, True]
        assert await book.remove_old() == 0 and rows(url, "partner_webhook_secrets") == []
        # It has become known to others: the old one ends at once, and so would all before it.
        await book.rotate("Bank", id, week, OPERATOR)
        fifth = (await book.rotate("Bank", id, timedelta(), OPERATOR)).secret
        assert await who_signed(third, fifth) == [False, True]
        assert (await book.of_named("Bank"))[0].older_until is None
        await book.rotate("Bank", id, week, OPERATOR)
        assert [SECRET_PREFIX in str(row["secret"]) for row in rows(url, "partner_webhook_secrets")] == [False]
        for name, wrong in (("Bank", 99), ("Other", id)):
            with pytest.raises(PartnerRefused, match="has no webhook"):
                await book.rotate(name, wrong, week, OPERATOR)
        await book.remove("Bank", id, OPERATOR)
        assert rows(url, "partner_webhook_secrets") == []


async def test_no_webhook_reaches_into_our_own_network(
    store: SqlStore, clock: StandingClock, partner: Receiver
) -> None:
    """Not by a name that leads there, not by a number, not by a redirect; whatever stands in the database."""
    port = partner.url.rpartition(":")[2]
    book = WebhookBook(store.foundation)
    await webhook(store, f"https://localhost:{port}", Scope.FEEDS)
    for inside in ("https://2130706433", "https://127.0.0.1", "http://127.0.0.1", "https://[::ffff:127.0.0.1]"):
        await book.add("Bank", f"{inside}:{port}", OPERATOR)
    await book.announce(News("campaign.confirmed", "campaign:1", 1, {"id": 1}))
    async with Messenger(seconds=5) as messenger:
        for each in await book.due(10):
            outcome = await messenger.bring(each, clock.now())
            assert outcome.why and "localhost" not in outcome.why and "127" not in outcome.why
    assert partner.told == []


async def test_a_whole_house_tells_its_partners_and_the_desk_shows_how_they_fare(
    tmp_path: Path, partner: Receiver
) -> None:
    async with house_of(tmp_path, webhooks_inside=True) as house:
        bank = await program(house, Scope.ALERTS, Scope.REPORTS, name="ธนาคารทดสอบ")
        secret = (await WebhookBook(house.bot.store.foundation).add("ธนาคารทดสอบ", partner.url, OPERATOR)).secret
        async with at_desk(house, Role.APPROVER, "Nat"), at_desk(house, Role.APPROVER, "Mali"):
            id = await alert(house.bot.store, house.bot.ports.knowledge)
        await partner.until(1)
        checked(partner.told[0], secret)
        (listed,) = (await bank.get("/alerts")).body["items"]
        told = partner.told[0].event["data"]
        assert {**told, "sent_at": None} == listed and listed["id"] == id
        assert (await bank.get(f"/alerts/{id}?language=en")).body["texts"]["th"] is None
        assert (await bank.get(f"/alerts/{id + 1}")).trouble == "not-found"
        assert (await bank.get("/alerts?since=2999-01-01T00:00:00%2B07:00")).body["items"] == []
        assert (await bank.get("/alerts?since=2001-01-01T00:00:00Z")).body["items"] == [listed]
        for wrong in ("0.5", "2001-01-01", "2001-01-01T00:00:00", "x"):
            assert (await bank.get(f"/alerts?since={wrong}")).trouble == "invalid"

        env = {
            "DATABASE_URL": house.settings.database_url,
            "SECRET_KEY": "a key for tests only, long enough",
            "WEBHOOKS_INSIDE": "true",
        }
        done = await asyncio.to_thread(
            CliRunner().invoke, rutan, ["partners", "webhook", "test", "ธนาคารทดสอบ", "1"], env=env
        )
        assert done.exit_code == 0 and "It arrived." in done.output
        await partner.until(2)
        assert partner.told[1].event["type"] == "test" and checked(partner.told[1], secret)

        async with at_desk(house, Role.ADMIN, "Boss", Language.THAI) as boss:
            page = await boss.get("/desk/people")
            assert "ธนาคารทดสอบ" in page.words and "แจ้งข้อความหลอกลวง" in page.words
            assert "of-the-partner" not in page.text and bank.key not in page.text and "127.0.0.1" in page.words
            hint = re.search(r'name="which" value="(rtn_\w+)"', page.text)
            assert hint is not None and bank.key.startswith(hint[1])
            form = {"name": "ธนาคารทดสอบ", "do": "revoke_key"}
            assert (await boss.send("/desk/people/partners", form, page="/desk/people")).status == 400
            done_page = await boss.send("/desk/people/partners", form | {"which": hint[1]}, page="/desk/people")
            assert done_page.status == 200 and "ยกเลิกคีย์ของ" in done_page.words
        assert (await bank.get("/alerts")).trouble == "revoked-key"
        async with at_desk(house, Role.APPROVER, "Anan") as approver:
            assert (await approver.send("/desk/people/partners", form)).status == 403


@pytest.mark.slow
async def test_the_people_page_with_partners_is_fit_for_everybody(tmp_path: Path, browser: Browser, axe: str) -> None:
    async with house_of(tmp_path) as house:
        await program(house, name="ธนาคารทดสอบ")
        await PartnerBook(house.bot.store.foundation).add("Old", [Scope.CHECK], 1, None, OPERATOR)
        await PartnerBook(house.bot.store.foundation).revoke("Old", OPERATOR)
        book = WebhookBook(house.bot.store.foundation)
        for state in ("on", "failing", "off"):
            await book.add("ธนาคารทดสอบ", f"https://{state}.example/hook", OPERATOR)
        await book.announce(News("alert.confirmed", "alert:1", 1, {"id": 1}))
        for each in await book.due(3):
            if "on.example" not in each.url:
                await book.missed(each, "HTTP 503", gone="off.example" in each.url)
        for size in (PHONE, DESKTOP):
            async with desk_page(
                browser, house, Role.ADMIN, "/desk/people", size=size, name=f"Boss {size['width']}"
            ) as page:
                assert await faults(page, axe) == []
                wide, seen = await page.evaluate(WIDER)
                assert wide <= seen
