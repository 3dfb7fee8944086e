"""Every secret is changed while the house serves: two are good at a time, and nobody and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from aiohttp.client import URL
from click.testing import CliRunner, Result
from conftest import ROOT, House, free_port, house_of, served
from databases import named
from desk_cast import account, visitor
from doubles import FakeLine, FakeTelegram, Fault
from store_cast import NUMBERED, REPORT, SOMCHAI, StandingClock, answered, change, rows, said, taken
from talk import OnLine, presses

from bot import cli
from bot.sealing import Seal
from bot.settings import Settings, load
from bot.store import SqlStore
from bot.store.opening import queries_text
from bot.store.resealing import PARTS, Resealed, reseal
from bot.store.transaction import named_queries
from handlers.messages import Outcome, Session
from handlers.officials import Role

PUT_OFF = 'rutan_send_failures_total{cause="put_off",platform="line"}'
OLD, NEW = "the key of the first year", "the key of the second year"
SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example ภายในวันนี้"


# --- SECRET_KEY --------------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_a_new_secret_key_signs_nobody_out_and_interrupts_nobody(tmp_path: Path) -> None:
    """An official at the desk, a browser in the midst of a talk, a person in the midst of a report: through three restarts."""
    async with house_of(tmp_path, secret_key=OLD) as house:
        person = OnLine(house, "Usomchai")
        consent = await person.says("รายงาน")
        await person.taps(presses(consent, "ยินยอม"))
        known = await account(house, Role.EDITOR, "Mali")
        async with visitor(house) as mali:
            fields = {"name": "Mali", "password": known.password, "code": known.code(house), "next": "/desk/me"}
            assert (await mali.send("/desk/sign-in", fields)).url.endswith("/desk/me")
            session = mali.cookie()
            async with mali.http.post(f"{house.url}/chat?lang=th", data={"text": SCAM}) as page:
                history = re.findall(r'name="history" value="([^"]*)"', await page.text())[0]
            chat = mali.cookie("rutan_chat")
    jar = {"rutan_desk": session, "rutan_chat": chat}

    async with house_of(tmp_path, secret_key=NEW, secret_key_old=OLD) as house:
        async with visitor(house) as mali:
            mali.http.cookie_jar.update_cookies(jar, URL(house.url))
            assert (await mali.get("/desk/me")).url.endswith("/desk/me"), "signed in as before"
            form = {"text": "เมนู", "history": history}
            async with mali.http.post(f"{house.url}/chat?lang=th", data=form) as page:
                assert "parcel-pay-th" in await page.text(), "the page that an old key sealed is opened"
            jar = {"rutan_desk": session, "rutan_chat": mali.cookie("rutan_chat")}
            assert jar["rutan_chat"] != chat and Seal([NEW]).open(jar["rutan_chat"]) == Seal([OLD]).open(chat)
        assert (await reseal(house.bot.store.foundation)).rows > 0
        assert await reseal(house.bot.store.foundation) == Resealed()

    async with house_of(tmp_path, secret_key=NEW) as house:
        assert "เลขที่รับเรื่อง" in (await OnLine(house, "Usomchai").says(SCAM)).text, "the report goes on where it was"
        async with visitor(house) as mali:
            mali.http.cookie_jar.update_cookies(jar, URL(house.url))
            assert (await mali.get("/desk/me")).url.endswith("/desk/me")
            await mali.get("/")
            assert mali.cookie("rutan_chat") == jar["rutan_chat"], "the browser is known without the old key"
        async with visitor(house) as mali:
            fields = {"name": "Mali", "password": known.password, "code": known.code(house, 1), "next": "/desk/me"}
            assert (await mali.send("/desk/sign-in", fields)).url.endswith("/desk/me"), (
                "the second factor was taken over"
            )


async def test_processes_with_the_keys_in_either_order_read_each_other(url: str) -> None:
    """Several processes change one after the other: first all know both keys, then each seals with the new one."""
    clock = StandingClock()
    early = SqlStore.open(url, [OLD, NEW], clock)
    late = SqlStore.open(url, [NEW, OLD], clock)
    for store, other, event in ((early, late, "e1"), (late, early, "e2")):
        await answered(store, event, Outcome(Session(greeted=True, data={"by": event}), NUMBERED, report=REPORT))
        assert (await other.session(SOMCHAI)).data == {"by": event}
    waiting = await taken(early, said("รอ", "e3"))
    assert (await reseal(late.foundation)).rows > 0
    await taken(early, said("รออีก", "e4"))
    assert (await reseal(late.foundation)).rows == 1, "a process that still seals with the old key is found out"
    early.close()
    assert await reseal(late.foundation) == Resealed()
    late.close()
    alone = SqlStore.open(url, [NEW], clock)
    assert {each.message.text for each in await alone.waiting()} >= {waiting[0].message.text}
    alone.close()


def test_every_module_that_seals_into_the_database_is_known_to_the_resealing() -> None:
    """Whoever seals in a new place adds its table to `resealing.PARTS` (or says here why it is none)."""
    elsewhere = {
        "bot/browser_names.py", "bot/webchat.py", "bot/desk/frame.py", "bot/desk/signin.py",  # cookies, and what a page carries
        "bot/store/opening.py",  # sealed anew at each start
        "bot/store/resealing.py",
    }  # fmt: skip
    tables = {
        "bot/store/outbox.py": "outbox",
        "bot/store/store.py": "inbox",
        "bot/store/turn.py": "sessions",
        "bot/store/hubs.py": "hub_tables",
        "bot/store/trusted.py": "trusted_news",
        "bot/store/officials.py": "officials official_links",
        "bot/store/own_account.py": "official_links",
        "bot/store/campaigns.py": "campaign_identifiers",
        "bot/store/takedowns.py": "takedown_targets",
        "bot/store/partner_hooks.py": "partner_webhooks partner_webhook_secrets",
    }
    sealing = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if re.search(r"seal\.close\(", path.read_text(encoding="utf-8"))
    }
    assert sealing - elsewhere == set(tables), "does `rutan reseal` know what this seals?"
    assert {name for each in tables.values() for name in each.split()} == {name for name, _ in PARTS}


async def test_every_table_that_holds_something_sealed_is_sealed_anew(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path}/rutan.db", StandingClock()
    SqlStore.open(url, [OLD], clock).close()
    for name, _ in PARTS:
        planted(tmp_path / "rutan.db", name, Seal([OLD]).close("a secret"))
    store = SqlStore.open(url, [NEW, OLD], clock)
    done = await reseal(store.foundation)
    store.close()
    assert done == Resealed(len(PARTS))
    found = {name for name in tables(url) for row in rows(url, name) for value in row.values() if sealed_by(NEW, value)}
    assert found == {name for name, _ in PARTS} | {"meta"}
    left = [name for name in tables(url) for row in rows(url, name) for value in row.values() if sealed_by(OLD, value)]
    assert left == []


def planted(path: Path, table: str, sealed: str) -> None:
    """One row with something sealed; the rest of it means nothing."""
    query = named_queries(queries_text())[f"sealed_{table}"]
    column = (re.findall(r"(\w+) as body", query) or ["body"])[0]
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma ignore_check_constraints=on")
        needed = [
            (name, kind)
            for _, name, kind, needs, default, key in database.execute(f"pragma table_info({table})")
            if (needs or key)
            and default is None
            and name != column
            and not (key and kind.lower() == "integer" and name == "id")
        ]
        names = ", ".join([column, *(name for name, _ in needed)])
        values = [sealed, *(1 if kind.lower() == "integer" else "x" for _, kind in needed)]
        database.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(values))})", values)
        database.commit()


def tables(url: str) -> list[str]:
    return [str(row["name"]) for row in rows(url, "sqlite_master") if row["type"] == "table"]


def sealed_by(secret: str, value: object) -> bool:
    return isinstance(value, str) and value.startswith("gAAAA") and Seal([secret]).is_newest(value)


def test_the_command_says_when_the_old_key_can_go(tmp_path: Path) -> None:
    def rutan(*words: str, **given: str) -> Result:
        return CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path}/rutan.db"} | given).invoke(cli.rutan, words)

    asyncio.run(lived_in(f"sqlite:///{tmp_path}/rutan.db"))
    alone = rutan("reseal", SECRET_KEY=NEW)
    assert alone.exit_code == 1 and "SECRET_KEY does not open this database" in alone.stderr
    (tmp_path / "old").write_text(f"{OLD}\n")
    both = rutan("reseal", SECRET_KEY=NEW, SECRET_KEY_OLD_FILE=str(tmp_path / "old"))
    assert both.exit_code == 0, both.stderr
    assert re.search(r"Sealed anew: [1-9]\d* rows", both.stdout) and "SECRET_KEY_OLD can go" in both.stdout
    after = rutan("reseal", "--json", SECRET_KEY=NEW)
    assert json.loads(after.stdout) == {"rows": 0, "unreadable": 0, "old_key_can_go": True}
    change(f"sqlite:///{tmp_path}/rutan.db", "update sessions set body = 'gAAAAAforged'")
    odd = rutan("reseal", SECRET_KEY=NEW)
    assert odd.exit_code == 1 and "open with no key given here" in odd.stderr
    whole = "".join(each.output for each in (alone, both, after, odd))
    assert OLD not in whole and NEW not in whole


async def lived_in(url: str) -> None:
    store = SqlStore.open(url, [OLD], StandingClock())
    await answered(store, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT))
    store.close()


# --- what the platforms know us by ---------------------------------------------------------------------------------------
async def test_both_webhook_secrets_are_taken_while_they_are_changed(tmp_path: Path) -> None:
    both = {"line_channel_secret_old": "the line secret before", "telegram_webhook_secret_old": "before"}
    async with house_of(tmp_path, **both) as house:
        for secret, status in ((house.line.secret, 200), ("the line secret before", 200), ("guessed", 401), ("", 401)):
            house.line.secret = secret
            assert await house.line.send(house.line.text_event("U1", "เมนู")) == status
        for secret, status in ((house.telegram.secret, 200), ("before", 200), ("guessed", 401), ("", 401)):
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            assert await house.telegram.post({"update_id": 1}, headers) == status


@asynccontextmanager
async def serving(folder: Path, line: FakeLine, telegram: FakeTelegram, **given: Any) -> AsyncIterator[House]:
    """A house beside platforms that were there before it."""
    port = free_port()
    values: dict[str, Any] = {
        "database_url": f"sqlite:///{folder}/rutan.db", "port": port, "secret_key": OLD,
        "line_channel_secret": line.secret, "line_channel_access_token": "line-token", "line_api_url": line.url,
        "telegram_bot_token": telegram.token, "telegram_webhook_secret": telegram.secret,
        "telegram_mode": "webhook", "telegram_api_url": telegram.url, "log_level": "error",
    }  # fmt: skip
    settings = Settings(_env_file=None, **(values | given))  # type: ignore[call-arg]
    line.webhook, telegram.webhook = (f"http://127.0.0.1:{port}/webhooks/{each}" for each in ("line", "telegram"))
    async with served(settings) as bot:
        yield cast(House, SimpleNamespace(bot=bot, line=line, telegram=telegram))


@pytest.mark.slow
async def test_answers_wait_for_the_new_access_tokens_and_leave_once(tmp_path: Path) -> None:
    """Both tokens were taken back by their platforms: what is answered meanwhile leaves after the restart with the new ones."""
    async with FakeLine() as line, FakeTelegram() as telegram:
        async with serving(tmp_path, line, telegram) as house:
            old = telegram.token
            telegram.token = "700:new"
            line.fault(Fault(status=401), times=1_000)
            await line.send(line.text_event("U1", SCAM))
            await telegram.send(telegram.update(message=telegram.message(7, SCAM)))
            await line.until_called("reply")
            await telegram.until_called("sendMessage")
            assert line.answers == telegram.answers == []
            # Counted once the refusal has come back to us.
            async with asyncio.timeout(30):
                while PUT_OFF not in (text := (await house.bot.measured()).decode()):  # noqa: ASYNC110 - nobody tells when
                    await asyncio.sleep(0.05)
            assert "line-token" not in text and old not in text
        line.clear_faults()
        async with serving(tmp_path, line, telegram, line_channel_access_token="line-token-2"):
            await line.next_answer(0, "U1", 40)
            await telegram.next_answer(0, "7", 40)
        assert len(line.answers) == len(telegram.answers) == 1
        (sent,) = [call for call in line.called("reply") if call.status == 200]
        assert sent.headers["Authorization"] == "Bearer line-token-2"


async def test_the_databases_password_is_changed_by_a_second_role(postgres_server: str) -> None:
    """Two roles that both act as the owner: the one in use keeps working while the other gets a new password."""
    with psycopg.connect(postgres_server, autocommit=True) as server:
        for words in (
            "create role rutan_owner nologin",
            "create role rutan_a login in role rutan_owner",
            "create role rutan_b login in role rutan_owner",
            "alter role rutan_a set role rutan_owner",
            "alter role rutan_b set role rutan_owner",
            "create database of_two_roles owner rutan_owner",
        ):
            server.execute(words.encode())
    address = named(postgres_server, "of_two_roles")
    first, second = (address.replace("//postgres:", f"//rutan_{each}:") for each in "ab")
    clock = StandingClock()
    before = SqlStore.open(first, [OLD], clock)
    await answered(before, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT))
    after = SqlStore.open(second, [OLD], clock)
    await answered(after, "e2", Outcome(Session(), NUMBERED, report=REPORT))
    assert len(await before.cases(SOMCHAI)) == 2
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(b"alter role rutan_a nologin")
    assert len(await before.cases(SOMCHAI)) == 2, "a connection that stands goes on"
    before.close()
    after.close()


def test_a_secret_by_file_may_be_named_in_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{NEW}\n")
    (tmp_path / ".env").write_text(f"SECRET_KEY_FILE={tmp_path}/key\nSECRET_KEY_OLD={OLD}\n")
    assert load().keys() == (NEW, OLD)
