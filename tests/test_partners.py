"""Partners in the store: keys, scopes, rates; where webhooks may go; and who passes first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from store_cast import SECRET, StandingClock, rows

from bot.cli import rutan as whole
from bot.partners import addresses, keys
from bot.partners.scopes import Partner, Refusal, Scope
from bot.store import SqlStore
from bot.store.audit import OPERATOR, AuditLog
from bot.store.partners import PartnerBook, PartnerRefused
from bot.turnstile import Turnstile

SOME = (Scope.CHECK, Scope.REPORTS)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


@pytest.fixture
def book(store: SqlStore) -> PartnerBook:
    return PartnerBook(store.foundation)


def test_a_key_proves_that_none_of_its_letters_is_wrong() -> None:
    made = {keys.new() for _ in range(200)}
    assert len(made) == 200 and all(keys.whole(each) and each.startswith("rtn_") for each in made)
    key = made.pop()
    for place in range(len(key)):
        other = "x" if key[place] != "x" else "y"
        assert not keys.whole(key[:place] + other + key[place + 1 :])
    assert not keys.whole("") and not keys.whole(key[:-1]) and not keys.whole(key + "0") and not keys.whole("rtn_ก" * 9)
    assert key.startswith(keys.hint(key)) and len(keys.hint(key)) < 12


async def test_a_partner_comes_by_their_key_until_it_ends(
    book: PartnerBook, store: SqlStore, clock: StandingClock
) -> None:
    end = clock.now() + timedelta(days=30)
    issued = await book.add("  Bank  of  Tests ", SOME, 60, end, OPERATOR)
    found = await book.of_key(issued.key)
    assert isinstance(found, Partner)
    assert (found.name, found.scopes, found.rate) == ("Bank of Tests", frozenset(SOME), 60)
    assert found.may(Scope.CHECK) and not found.may(Scope.CHECK, Scope.FEEDS)
    with pytest.raises(PartnerRefused, match="already"):
        await book.add("BANK of tests", SOME, 60, None, OPERATOR)
    assert await book.of_key(keys.new()) is Refusal.UNKNOWN

    await book.used(found)
    (listed,) = await book.every()
    assert listed.used_at == clock.now() and listed.keys[0].hint == keys.hint(issued.key)
    clock.on(days=30)
    assert await book.of_key(issued.key) is Refusal.EXPIRED

    log = [row async for row in AuditLog(store.foundation).rows()]
    assert [row["act"] for row in log] == ["partner added"] and issued.key not in str(log)


async def test_a_new_key_leaves_the_older_one_time_and_revoking_leaves_none(
    book: PartnerBook, clock: StandingClock
) -> None:
    first = await book.add("Bank", SOME, 60, None, OPERATOR)
    second = await book.rotate("bank", None, timedelta(days=7), OPERATOR)
    assert {type(await book.of_key(each.key)) for each in (first, second)} == {Partner}
    clock.on(days=7)
    assert await book.of_key(first.key) is Refusal.EXPIRED and isinstance(await book.of_key(second.key), Partner)
    third = await book.rotate("Bank", None, timedelta(days=90), OPERATOR)
    assert await book.revoke("Bank", OPERATOR, keys.hint(second.key)) == 1
    assert await book.of_key(second.key) is Refusal.REVOKED and isinstance(await book.of_key(third.key), Partner)
    with pytest.raises(PartnerRefused, match="no key"):
        await book.revoke("Bank", OPERATOR, keys.hint(second.key))
    changed = await book.change("Bank", [Scope.FEEDS], None, OPERATOR)
    assert await book.of_key(third.key) == Partner(changed.id, "Bank", frozenset({Scope.FEEDS}), 60, third.partner.key)
    # The one that has expired ends as well: it opens nothing even where a clock goes back.
    assert await book.revoke("Bank", OPERATOR) == 2
    assert await book.of_key(third.key) is Refusal.REVOKED and (await book.every())[0].revoked_at == clock.now()
    with pytest.raises(PartnerRefused, match="revoked"):
        await book.rotate("Bank", None, timedelta(0), OPERATOR)


async def test_a_rate_is_one_for_all_processes(url: str, book: PartnerBook, clock: StandingClock) -> None:
    issued = await book.add("Bank", SOME, 100, None, OPERATOR)
    partner = issued.partner
    other = SqlStore.open(url, [SECRET], clock)
    second = PartnerBook(other.foundation)
    took = await asyncio.gather(
        *(each.take(partner, 7, "2026-10-22T08:05") for each in (book, second) for _ in range(12))
    )
    assert sum(each is not None for each in took) == 14 and max(each or 0 for each in took) == 98
    assert await second.take(partner, 2, "2026-10-22T08:05") == 100
    assert await book.take(partner, 1, "2026-10-22T08:05") is None
    assert await book.take(partner, 1, "2026-10-22T08:06") == 1, "the next minute is a new one"
    assert await second.take(partner, 100, "2026-10-22T08:05") is None, "a clock that is late gets no second minute"
    other.close()


async def test_what_is_no_partner_is_refused(book: PartnerBook) -> None:
    for name, scopes, rate in (("", SOME, 1), ("x" * 81, SOME, 1), ("a", (), 1), ("a", SOME, 0)):
        with pytest.raises(PartnerRefused):
            await book.add(name, scopes, rate, None, OPERATOR)
    assert await book.every() == ()


# --- where a webhook may go -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hook", "ftp://partner.example", "https://", "https:///x", "//partner.example", "hook",
        "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.7/", "https://2130706433/", "https://0x7f.1/", "https://0x7f000001/",
        "https://user:pass@partner.example/", "https://partner.example/#x", "https://partner.example:0/", "https://partner.example:99999/",
        "https://partner.example/a b", "https://partner.example/\r\nX: y", "https://ธนาคาร.example/", "https://partner.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_an_address_that_a_webhook_may_not_have(url: str) -> None:
    assert addresses.fault(url)


def test_an_address_that_a_webhook_may_have() -> None:
    assert addresses.fault("https://partner.example:8443/hook?token=x") == ""
    assert addresses.fault("http://127.0.0.1:80/hook") and not addresses.fault("http://127.0.0.1:80/hook", inside=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2002:a00:1::", "::127.0.0.1", "2001:db8::1", "192.0.2.1",
    ],
)  # fmt: skip
def test_an_address_of_our_own_network_is_not_outside(address: str) -> None:
    assert not addresses.outside(address)


def test_an_address_of_the_world_is_outside() -> None:
    assert (
        addresses.outside("8.8.8.8") and addresses.outside("2606:4700::1111") and addresses.outside("64:ff9b::808:808")
    )


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    for host in ("localhost", "2130706433", "0x7f.1"):
        with pytest.raises(OSError, match=r"private|not known|No address"):
            await addresses.Resolver().resolve(host, 443)


# --- who passes first -------------------------------------------------------------------------------------------------
async def test_whoever_is_answered_passes_before_a_batch_and_the_batch_passes_too() -> None:
    turnstile, passed = Turnstile(), []

    async def batch() -> None:
        for _ in range(5):
            await turnstile.behind()
            passed.append("batch")

    async def citizen(name: str) -> None:
        await turnstile.through()
        passed.append(name)

    async with asyncio.timeout(30):
        await asyncio.gather(batch(), *(citizen(f"c{n}") for n in range(20)))
    assert passed.count("batch") == 5 and len(passed) == 25
    # One text may have been before them: it was there first.
    assert [each for each in passed[:21] if each == "batch"] in ([], ["batch"])


async def test_a_batch_is_never_kept_out_for_good() -> None:
    turnstile, over = Turnstile(), False

    async def flood() -> None:
        while not over:
            await turnstile.through()

    floods = [asyncio.create_task(flood()) for _ in range(3)]
    async with asyncio.timeout(30):
        for _ in range(3):
            await turnstile.behind()
    over = True
    await asyncio.gather(*floods)


# --- the command line -------------------------------------------------------------------------------------------------
def rutan(folder: Path, *words: str) -> Result:
    """In this process: the commands themselves take a tenth of what starting Python does."""
    env = {"DATABASE_URL": f"sqlite:///{folder}/rutan.db", "SECRET_KEY": SECRET}
    return CliRunner().invoke(whole, ["partners", *words], env=env)


def test_an_operator_adds_rotates_lists_and_revokes(tmp_path: Path) -> None:
    given = ("--scope", "check", "--scope", "alerts", "--rate", "900/min", "--expires", "2999-01-31", "--json")
    added = json.loads(rutan(tmp_path, "add", "ธนาคารทดสอบ", *given).stdout)
    assert keys.whole(added["key"]) and added["until"] == "2999-02-01T00:00:00+07:00"
    assert (added["name"], added["scopes"]) == ("ธนาคารทดสอบ", ["alerts", "check"])
    rotated = rutan(tmp_path, "rotate", "ธนาคารทดสอบ", "--grace", "1").stdout.splitlines()
    assert keys.whole(rotated[-1]) and rotated[-1] != added["key"]
    hook = json.loads(
        rutan(tmp_path, "webhook", "add", "ธนาคารทดสอบ", "https://partner.example/x?t=1", "--json").stdout
    )
    assert hook["secret"].startswith("whsec_")
    anew = json.loads(
        rutan(tmp_path, "webhook", "rotate", "ธนาคารทดสอบ", str(hook["id"]), "--grace", "1", "--json").stdout
    )
    assert anew["id"] == hook["id"] and anew["secret"].startswith("whsec_") and anew["secret"] != hook["secret"]
    at_once = rutan(tmp_path, "webhook", "rotate", "ธนาคารทดสอบ", str(hook["id"]), "--grace", "0").stdout
    assert "signs nothing any more" in at_once and anew["secret"] not in at_once
    unknown = rutan(tmp_path, "webhook", "rotate", "ธนาคารทดสอบ", "99")
    assert unknown.exit_code == 1 and "has no webhook 99" in unknown.stderr
    refused = rutan(tmp_path, "webhook", "add", "ธนาคารทดสอบ", "https://127.0.0.1/x")
    assert refused.exit_code == 2 and "must name a host" in refused.stderr
    (listed,) = json.loads(rutan(tmp_path, "list", "--json").stdout)
    assert (listed["state"], listed["rate"], listed["used_at"], len(listed["keys"])) == ("open", 900, None, 2)
    (shown,) = json.loads(rutan(tmp_path, "webhook", "list", "ธนาคารทดสอบ", "--json").stdout)
    assert (shown["host"], shown["state"]) == ("partner.example", "on")
    assert "2 key(s) revoked" in rutan(tmp_path, "revoke", "ธนาคารทดสอบ").stdout
    assert "revoked" in rutan(tmp_path, "list").stdout
    url = f"sqlite:///{tmp_path}/rutan.db"
    kept = str(rows(url, "partner_keys") + rows(url, "partner_webhooks") + rows(url, "audit"))
    assert added["key"] not in kept and rotated[-1] not in kept and hook["secret"] not in kept
    assert anew["secret"] not in kept and rows(url, "partner_webhook_secrets") == []
    assert [row["act"] for row in rows(url, "audit")] == [
        "partner added", "partner's key rotated", "partner's webhook added", "partner's webhook secret rotated",
        "partner's webhook secret rotated", "partner revoked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "x"), 2), (("add", "x", "--scope", "everything"), 2), (("add", "x", "--scope", "check", "--rate", "many"), 2),
        (("add", "x", "--scope", "check", "--expires", "2001-01-01"), 2), (("revoke", "nobody"), 1), (("webhook", "test", "nobody", "1"), 1),
    ],
)  # fmt: skip
def test_a_wrong_call_is_told(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    done = rutan(tmp_path, *words)
    assert done.exit_code == code and done.stderr and "Traceback" not in done.stderr
