"""`rutan line setup`: the rich menu is made once and kept; the webhook's state is told in words."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator

import platform_specs
import pytest
from doubles import FakeLine, Fault

from bot import line_setup
from handlers.errors import RutanError

PUBLIC = "https://rutan.example"
WEBHOOK = f"{PUBLIC}/webhooks/line"


@pytest.fixture
async def fake() -> AsyncIterator[FakeLine]:
    async with FakeLine() as fake:
        yield fake
        assert fake.violations == []


async def set_up(fake: FakeLine, public_url: str = PUBLIC) -> str:
    return "\n".join(await line_setup.run("access-token", public_url, fake.url))


def test_the_areas_cover_the_picture_and_line_takes_the_menu() -> None:
    platform_specs.require()
    menu = line_setup.menu()
    assert platform_specs.line_errors("POST", "/v2/bot/richmenu", menu) == []
    bounds = [area["bounds"] for area in menu["areas"]]
    assert sum(each["width"] * each["height"] for each in bounds) == line_setup.WIDTH * line_setup.HEIGHT
    assert max(each["x"] + each["width"] for each in bounds) == line_setup.WIDTH
    assert max(each["y"] + each["height"] for each in bounds) == line_setup.HEIGHT


def test_the_picture_is_what_line_takes() -> None:
    picture = line_setup.IMAGE.read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (line_setup.WIDTH, line_setup.HEIGHT)
    assert len(picture) <= 1024 * 1024


def test_every_area_says_a_word_of_the_contract_or_dials() -> None:
    said = {area.says for area in line_setup.AREAS if area.says}
    assert said == {"เมนู", "โอนเงินไปแล้ว", "รายงาน", "สถานะ", "ภาษา"}
    assert [area.dials for area in line_setup.AREAS if area.dials] == ["1441"]


async def test_the_first_run_makes_everything(fake: FakeLine) -> None:
    told = await set_up(fake)
    (menu,) = fake.rich_menus
    assert fake.default_menu == menu
    assert fake.images[menu] == line_setup.IMAGE.read_bytes()
    assert fake.endpoint == WEBHOOK
    assert "@000rutan" in told and "Rich menu: made" in told and f"set to {WEBHOOK}" in told


async def test_the_second_run_changes_nothing(fake: FakeLine) -> None:
    await set_up(fake)
    menus = dict(fake.rich_menus)
    told = await set_up(fake)
    assert fake.rich_menus == menus
    assert "already up to date" in told and f"Webhook: {WEBHOOK}" in told
    assert "LINE called it and was answered 200" in told
    assert "switched off" not in told


async def test_an_older_menu_of_ours_goes_and_other_peoples_stay(fake: FakeLine) -> None:
    area = {"bounds": {"x": 0, "y": 0, "width": 1, "height": 1}, "action": {"type": "message", "text": "x"}}
    shape = {"size": {"width": 2500, "height": 843}, "selected": True, "chatBarText": "x", "areas": [area]}
    fake.rich_menus = {"old": {"name": "rutan-0000", **shape}, "theirs": {"name": "summer sale", **shape}}
    fake.images, fake.default_menu = {"old": b"x"}, "old"
    told = await set_up(fake)
    assert "old" not in fake.rich_menus and "theirs" in fake.rich_menus
    assert len(fake.rich_menus) == 2
    assert "1 older of ours removed" in told


async def test_a_run_that_broke_after_making_the_menu_is_mended_by_the_next(fake: FakeLine) -> None:
    fake.fault(Fault(status=500, only="content"))
    with pytest.raises(RutanError):
        await set_up(fake)
    await set_up(fake)
    assert list(fake.rich_menus) == [fake.default_menu]


async def test_another_webhook_is_replaced_and_named(fake: FakeLine) -> None:
    fake.endpoint = "https://old.example/callback"
    assert "(it was https://old.example/callback)" in await set_up(fake)


async def test_a_webhook_that_is_switched_off_says_where_the_switch_is(fake: FakeLine) -> None:
    assert "switched off" not in await set_up(fake)
    fake.endpoint_active = False
    assert "“Use webhook”" in await set_up(fake)


async def test_a_failing_webhook_is_explained(fake: FakeLine) -> None:
    fake.endpoint_test = {"success": False, "statusCode": 401, "reason": "ERROR_STATUS_CODE", "detail": "401"}
    assert "LINE_CHANNEL_SECRET" in await set_up(fake)
    fake.endpoint_test = {"success": False, "statusCode": 0, "reason": "COULD_NOT_CONNECT", "detail": "x"}
    assert "certificate" in await set_up(fake)


async def test_without_https_the_menu_is_made_and_the_webhook_left(fake: FakeLine) -> None:
    told = await set_up(fake, "http://127.0.0.1:8080")
    assert fake.default_menu and not fake.endpoint
    assert "set PUBLIC_URL" in told


async def test_a_wrong_token_or_no_line_at_all_is_told_plainly(fake: FakeLine) -> None:
    fake.fault(Fault(status=401))
    with pytest.raises(RutanError, match="LINE_CHANNEL_ACCESS_TOKEN"):
        await set_up(fake)
    with pytest.raises(RutanError, match="cannot be reached"):
        await line_setup.run("access-token", PUBLIC, "http://127.0.0.1:9")
