"""A hub in a chat: joining by a code, its page, roles, leaving; on LINE and on Telegram, in both languages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import ROOT, House, house_of
from hub_cast import HUB, NAME, brought, joined, open_hub
from store_cast import NUMBERED, REPORT, SOMCHAI, StandingClock, answered, rows
from talk import OnLine, OnTelegram, presses
from test_webchat import post

from bot.store.hubs import CODE_HOLDS, HubRefused
from bot.store.store import SqlStore
from handlers.hub import code_in
from handlers.hub_types import Hub, HubRole, Join, OpenCases
from handlers.messages import Address, HubTable, Outcome, Platform, Session


@pytest.mark.parametrize("platform", ["line", "telegram"])
async def test_a_member_joins_in_thai_sees_the_page_and_leaves(house: House, platform: str) -> None:
    code = await open_hub(house)
    person = OnLine(house) if platform == "line" else OnTelegram(house)
    asked = await person.says(f"ศูนย์ {code}")
    assert NAME in asked.text and "ออกได้ทุกเมื่อ" in asked.text
    assert rows(house.settings.database_url, "hub_members") == [], "nothing is kept before they agree"
    welcome = await person.taps(presses(asked, "ยินยอม"))
    assert f"ยินดีต้อนรับสู่ {NAME}" in welcome.text
    page = await person.says("ศูนย์")
    assert NAME in page.text and "บ้านโนนตัวอย่าง" in page.text and "1441" in page.text
    sure = await person.taps(presses(page, "ออกจากศูนย์"))
    left = await person.taps(presses(sure, "ออกเลย"))
    assert "ออกจากศูนย์แล้ว" in left.text
    assert rows(house.settings.database_url, "hub_members") == []
    assert "ยังไม่ได้อยู่ศูนย์ไหน" in (await person.says("ศูนย์")).text


async def test_in_english_by_command_and_by_a_telegram_link(house: House) -> None:
    code = await open_hub(house)
    telegram = OnTelegram(house)
    asked = await telegram.says(f"/hub {code.lower()}")
    assert "Join" in asked.text or "เข้าร่วม" in asked.text
    typed = await telegram.says("I agree")
    assert "Welcome to" in typed.text
    other = OnTelegram(house, 700_002)
    assert NAME in (await other.says(f"/start hub-{code.replace('-', '')}")).text


@pytest.mark.slow
async def test_a_wrong_code_opens_nothing_and_five_close_the_door_for_a_day(house: House) -> None:
    code = await open_hub(house)
    person = OnLine(house)
    for _ in range(5):
        assert "รหัสนี้ใช้ไม่ได้" in (await person.says("ศูนย์ AAAA-BBBB")).text
    assert "ลองรหัสผิดหลายครั้ง" in (await person.says(f"ศูนย์ {code}")).text
    assert NAME in (await OnLine(house, "Uother").says(f"ศูนย์ {code}")).text, "others may"


async def test_who_says_no_is_remembered_nowhere(house: House) -> None:
    code = await open_hub(house)
    person = OnLine(house)
    asked = await person.says(f"ศูนย์ {code}")
    assert "ไม่ได้จำอะไรไว้" in (await person.taps(presses(asked, "ไม่เข้าร่วม"))).text
    assert rows(house.settings.database_url, "hub_members") == []


async def test_forget_me_ends_it(house: House) -> None:
    member = await joined(house)
    await member.person.says("ลบข้อมูล")
    await member.person.says("ยืนยันลบ")
    assert rows(house.settings.database_url, "hub_members") == []
    assert "ยังไม่ได้อยู่ศูนย์ไหน" in (await member.person.says("ศูนย์")).text


async def test_a_lead_gives_codes_and_a_member_does_not(house: House) -> None:
    await open_hub(house)
    opened = await house.bot.store.hubs.code(NAME, HubRole.LEAD, "operator")
    lead, member = OnLine(house, "Ulead"), OnLine(house, "Umember")
    await lead.says(f"ศูนย์ {opened.code}")
    await lead.taps("hub:join:yes")
    given = await lead.taps("hub:code")
    code = given.text.split("รหัสสำหรับสมาชิกใหม่: ")[1][:9]
    assert code_in(f"ศูนย์ {code}")
    await member.says(f"ศูนย์ {code}")
    await member.taps("hub:join:yes")
    roles = sorted(row["role"] for row in rows(house.settings.database_url, "hub_members"))
    assert roles == ["lead", "member"]
    assert "รหัสสำหรับสมาชิกใหม่" not in (await member.taps("hub:code")).text


async def test_buttons_of_hubs_do_nothing_for_others(house: House) -> None:
    person = OnLine(house)
    for data in ("hub:join:yes", "hub:leave:yes", "hub:open:1", "hub:code", "hub:sheet:off", "hub:", "hub:open:x"):
        heard = await person.taps(data)
        assert heard.text
    assert rows(house.settings.database_url, "hub_members") == []


async def test_codes_end_and_closed_hubs_open_for_nobody(url: str) -> None:
    clock = StandingClock()
    store = SqlStore.open(url, ["a key for tests only, long enough"], clock)
    try:
        opened = await store.hubs.add(HUB, "operator")
        somebody = Address(Platform.LINE, "Usomebody", "Usomebody")
        assert (await store.hubs.standing(somebody, opened.code)).offered is not None
        clock.moment += CODE_HOLDS + timedelta(seconds=1)
        assert (await store.hubs.standing(somebody, opened.code)).offered is None
        fresh = await store.hubs.code(NAME, HubRole.MEMBER, "operator")
        (listed,) = await store.hubs.every()
        assert (listed.members, listed.closed) == (0, False)
        assert await store.hubs.week(listed.hub) == {} and await store.hubs.open_cases(listed.hub) == ()
        await answered(store, "e1", Outcome(Session(), hub=Join(fresh.code)))
        assert (await store.session(SOMCHAI)).hub == NAME
        table = HubTable((("a",), ("b",)), 1, (REPORT,))
        await answered(store, "e2", Outcome(Session(), NUMBERED, table=table, group_mode=None))
        opened_cases = await answered(store, "e3", Outcome(Session(), NUMBERED, hub=OpenCases(1)))
        assert opened_cases is not None and len(await store.hubs.open_cases(listed.hub)) == 1
        assert (await store.retention.remove_old(180)).hub_tables == 0
        await store.hubs.close(NAME, "operator")
        assert (await store.hubs.standing(somebody, fresh.code)).offered is None
        with pytest.raises(HubRefused):
            await store.hubs.code(NAME, HubRole.MEMBER, "operator")
        with pytest.raises(HubRefused):
            await store.hubs.add(Hub(0, f"  {NAME} "), "operator")
    finally:
        store.close()


async def test_no_code_stands_in_the_database(house: House) -> None:
    code = await open_hub(house)
    content = b"".join(file.read_bytes() for file in house.settings.database_path.parent.glob("rutan.db*"))
    assert code.encode() not in content and code.replace("-", "").encode() not in content


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ศูนย์ K7QM-4XTP", "K7QM4XTP"), ("ศูนย์k7qm4xtp", "K7QM4XTP"), ("/hub K7QM 4XTP", "K7QM4XTP"), ("hub K7QM-4XTP", "K7QM4XTP"),
        ("/start hub-K7QM4XTP", "K7QM4XTP"), ("ศูนย์", ""), ("ศูนย์ดิจิทัลอยู่ที่ไหน", ""), ("hub", ""), ("ศูนย์ K7QM-4XTP จริงไหม", ""), ("K7QM-4XTP", ""),
    ],
)  # fmt: skip
def test_a_code_is_known_by_the_word_before_it(text: str, code: str) -> None:
    assert code_in(text) == code


async def test_the_page_opens_by_its_signed_address_alone(tmp_path: Path) -> None:
    async with house_of(tmp_path) as house:
        house.bot.ports.home = "https://rutan.example"
        member = await joined(house)
        page = await member.person.says("ศูนย์")
        link = presses(page, "เปิดหน้าของศูนย์")
        path = link.removeprefix("https://rutan.example")
        async with house.http.get(house.url + path) as answer:
            shown = await answer.text()
            assert (
                answer.status == 200
                and NAME in shown
                and "1441" in shown
                and "no-store" in answer.headers["Cache-Control"]
            )
        async with house.http.get(house.url + path + "?lang=en") as answer:
            assert "Who to call for what" in await answer.text()
        for wrong in (path[:-1] + ("0" if path[-1] != "0" else "1"), "/hub/page/1.99999999999.abc", "/hub/page/x"):
            async with house.http.get(house.url + wrong) as answer:
                assert answer.status == 404 and NAME not in await answer.text()
        book = house.bot.store.hubs
        over = book.page_token(1, datetime.now(UTC) - timedelta(seconds=1))
        async with house.http.get(f"{house.url}/hub/page/{over}") as answer:
            assert answer.status == 404


@pytest.mark.slow
def test_an_operator_adds_lists_and_closes(tmp_path: Path) -> None:
    def rutan(*words: str) -> subprocess.CompletedProcess[str]:
        here = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/rutan.db", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "bot", "hubs", *words]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=here, cwd=tmp_path, timeout=60
        )

    added = rutan("add", NAME, "--province", "ขอนแก่น", "--hours", "9–16", "--json")
    assert added.returncode == 0, added.stderr
    code = json.loads(added.stdout)["code"]
    assert code_in(f"/hub {code}")
    twice = rutan("add", NAME)
    assert twice.returncode == 1 and "already" in twice.stderr
    assert rutan("add", "Another", "--province", "Atlantis").returncode == 2
    assert "/hub " in rutan("code", NAME, "--lead").stdout
    listed = json.loads(rutan("list", "--json").stdout)
    assert [(each["name"], each["province"], each["state"]) for each in listed] == [(NAME, "khon-kaen", "open")]
    assert rutan("close", NAME).returncode == 0
    assert "closed" in rutan("list").stdout


async def test_a_member_in_a_browser_joins_asks_and_leaves(house: House) -> None:
    code = await open_hub(house)
    _, asked = await post(house, {"text": f"ศูนย์ {code}"})
    assert NAME in asked and rows(house.settings.database_url, "hub_members") == []
    _, welcome = await post(house, {"tap": "hub:join:yes"})
    assert f"ยินดีต้อนรับสู่ {NAME}" in welcome
    (member,) = rows(house.settings.database_url, "hub_members")
    assert member["role"] == "member"
    # In a browser nothing comes in bursts: each question has its own answer.
    _, answer = await post(house, {"text": brought(1)[0]})
    assert "1441" in answer and "ข้อความที่ 1" not in answer
    _, page = await post(house, {"text": "ศูนย์"})
    assert NAME in page and HUB.place in page
    await post(house, {"tap": "hub:leave"})
    _, left = await post(house, {"tap": "hub:leave:yes"})
    assert "ออกจากศูนย์แล้ว" in left and rows(house.settings.database_url, "hub_members") == []
