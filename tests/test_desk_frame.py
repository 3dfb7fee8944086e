"""The frame: labels in both languages, how moments and links are written, what a page is given."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import ROOT, House, house_of
from desk_cast import Visitor, at_desk, visitor
from starlette.requests import Request
from starlette.responses import Response

from bot import desk
from bot.desk import formats, labels
from bot.desk.frame import Desk, Form, Refused
from content.models import Language
from handlers.officials import Official, Role

BANGKOK = ZoneInfo("Asia/Bangkok")
PAGES = ROOT / "bot" / "desk"


def sources() -> str:
    """Every template and module of the desk."""
    found = (path for path in sorted(PAGES.rglob("*")) if path.suffix in (".html", ".py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


# --- labels ----------------------------------------------------------------------------------------------------------
def test_every_label_that_a_page_says_is_written() -> None:
    known = labels.load()
    said = set(re.findall(r"""\bt\(\s*["']([\w.-]+)["']\s*[,)]""", sources()))
    assert said and sorted(key for key in said if key not in known) == []


def test_every_label_is_said_somewhere() -> None:
    text = sources()
    whole = set(re.findall(r"""["']([a-z_]+(?:\.[\w-]+)+)["']""", text))
    begun = tuple(re.findall(r"""["']([a-z_]+(?:\.[\w-]+)*\.[a-z_]*)["']\s*(?:~|\+)""", text))
    begun += tuple(re.findall(r"""f["']([a-z_]+(?:\.[\w-]+)*\.[a-z_]*)\{""", text))
    unsaid = [key for key in labels.load() if key not in whole and not key.startswith(begun)]
    assert unsaid == []


def test_both_languages_take_the_same_values() -> None:
    known = labels.load()
    holes = re.compile(r"\{(\w+)\}")
    for key in known:
        thai, english = [set(holes.findall(known.text(key, language))) for language in Language]
        assert thai == english, key


def test_thai_labels_are_thai_and_english_ones_are_not() -> None:
    known = labels.load()
    thai = re.compile("[\u0e00-\u0e7f]")
    for key in known:
        if known.text(key, Language.ENGLISH) not in ("LINE", "Telegram"):
            assert thai.search(known.text(key, Language.THAI)) or not re.search(
                "[A-Za-z]{4}", known.text(key, Language.ENGLISH)
            ), key
        assert not thai.search(known.text(key, Language.ENGLISH).replace("รู้ทัน", "")), key


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('a.b: {th: "ก", en: "a"}\n', "another file"),
        ('c.d: {th: "ก"}\n', "needs a text"),
        ('c.d: {th: "ก", en: ""}\n', "needs a text"),
    ],
)
def test_a_faulty_file_of_labels_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "labels.yaml").write_text('a.b: {th: "ก", en: "a"}\n', encoding="utf-8")
    (tmp_path / "labels_more.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"labels_more\.yaml.*{fault}"):
        labels.load(tmp_path)


# --- formats ---------------------------------------------------------------------------------------------------------
def test_a_moment_is_said_on_bangkoks_clock_and_calendar() -> None:
    late = datetime(2026, 12, 31, 18, 5, tzinfo=UTC)
    assert formats.when(late, Language.THAI, BANGKOK) == "1 ม.ค. 2570 01:05 น."
    assert formats.when(late, Language.ENGLISH, BANGKOK) == "1 Jan 2027, 01:05"
    assert formats.day(date(2026, 11, 22), Language.THAI, BANGKOK) == "22 พ.ย. 2569"
    assert formats.when(None, Language.THAI, BANGKOK) == formats.number(None) == "–"
    assert formats.number(1234567) == "1,234,567" and formats.number(12.345, 1) == "12.3"


@pytest.mark.parametrize(
    ("text", "defanged"),
    [
        ("ไปที่ https://parcel-pay-th.example/pay?x=1", "ไปที่ hxxps://parcel-pay-th[.]example/pay?x=1"),
        ("HTTP://BIG.EXAMPLE", "hxxp://BIG[.]EXAMPLE"),
        ("www.a.b.example and t.me/scam", "www[.]a[.]b[.]example and t[.]me/scam"),
        ("http://192.0.2.7/x", "hxxp://192[.]0[.]2[.]7/x"),
        ("คดี.ตำรวจ.ไทย ok", "คดี[.]ตำรวจ[.]ไทย ok"),
        ("pay 3.50 baht. Now", "pay 3.50 baht. Now"),
        ("a@mail.example", "a@mail[.]example"),
        ("ธ.รัฐ ธ.ก.ส. ม.ค. 2569 พ.ร.บ.คอมพิวเตอร์ ธ.ไทยพาณิชย์", "ธ.รัฐ ธ.ก.ส. ม.ค. 2569 พ.ร.บ.คอมพิวเตอร์ ธ.ไทยพาณิชย์"),
        ("กดที่ทดสอบ.ไทยเลย", "กดที่ทดสอบ[.]ไทยเลย"),
        ("a.example.กรุณากด b.exampleคลิก โทร.c.example", "a[.]example[.]กรุณากด b[.]exampleคลิก โทร[.]c[.]example"),
    ],
)
def test_a_link_is_written_so_that_nobody_taps_it(text: str, defanged: str) -> None:
    assert formats.defang(text) == defanged


# --- pages -----------------------------------------------------------------------------------------------------------
def request_of(path: str = "/desk/x") -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "server": ("x", 80)}
    )


async def test_a_page_that_is_there_twice_is_refused(house: House) -> None:
    mine = Desk(house.bot)

    @mine.page("/x")
    async def first(request: Request, official: Official) -> Response:
        return Response("first")

    with pytest.raises(ValueError, match="GET /desk/x is there twice"):
        mine.page("/x")(first)
    mine.page("/x", role=Role.EDITOR, methods=("POST",))(first)
    assert {(page.path, page.method, page.role) for page in mine.pages} == {
        ("/desk/x", "GET", Role.READER),
        ("/desk/x", "POST", Role.EDITOR),
    }


async def test_a_named_page_stands_before_a_numbered_one(house: House) -> None:
    mine = Desk(house.bot)

    async def page(request: Request, official: Official) -> Response:
        return Response()

    for path in ("/case/{id}", "/case/new", "/{anything}/new"):
        mine.page(path)(page)
    paths = [route.path for route in mine.routes()]  # type: ignore[attr-defined]
    assert paths == [
        "/desk/static", "/desk/case/new", "/desk/case/{id}", "/desk/{anything}/new", "/desk/{rest:path}", "/desk",
    ]  # fmt: skip


async def test_the_demonstration_says_so_on_every_page(house: House) -> None:
    told = desk.furnished(house.bot, demo=True)
    official = Official(1, "Mali", Role.ADMIN, Language.ENGLISH)
    for page in ("refused.html",):
        assert (
            "all data on this page are invented"
            in told.draw(page, request_of(), official, why="refused.404").body.decode()
        )
    plain = desk.furnished(house.bot).draw("refused.html", request_of(), official, why="refused.404")
    assert "invented" not in bytes(plain.body).decode()


async def test_a_page_refuses_in_words_of_its_own_or_of_the_frame(house: House) -> None:
    mine = desk.furnished(house.bot)
    for refused, words in (
        (Refused(404), "There is no such page"),
        (Refused(410, "welcome.over"), "too old"),
        (Refused(418), "incomplete"),
    ):
        drawn = mine._refusal(request_of(), Official(1, "Mali", Role.READER, Language.ENGLISH), refused)
        assert drawn.status_code == refused.status and words in bytes(drawn.body).decode()


def test_a_form_gives_the_last_value_and_all_of_them() -> None:
    form = Form([("part", "line"), ("part", "web"), ("x", "")])
    assert form["part"] == "web" and form.every("part") == ("line", "web") and form.every("y") == ()
    assert form.get("y", "none") == "none" and form["x"] == ""


async def test_a_word_said_once_is_said_once_and_only_ours(house: House) -> None:
    async with at_desk(house, Role.READER) as reader:
        out = await reader.send("/desk/sign-out", page="/desk/me")
        assert "You are signed out" in out.words or "ออกจากระบบแล้ว" in out.words
        assert "rutan_desk_flash" not in {each.key for each in reader.http.cookie_jar}
    async with visitor(house) as person:
        for forged in ("sign_in.out", '["sign_in.out", {}]', "x" * 300):
            person.http.cookie_jar.update_cookies({"rutan_desk_flash": forged})
            assert 'class="flash"' not in (await person.get("/desk/sign-in")).text


async def test_the_navigation_shows_where_one_is_and_only_where_one_may_go(house: House) -> None:
    async def here(person: Visitor, path: str) -> list[str]:
        text = (await person.get(path)).text
        return re.findall(r'<nav class="places".*?</nav>', text, re.DOTALL)

    async with at_desk(house, Role.ADMIN) as admin:
        (nav,) = await here(admin, "/desk/people")
        assert re.findall(r'href="([^"]+)" aria-current="page"', nav) == ["/desk/people"]
    async with at_desk(house, Role.READER) as reader:
        (nav,) = await here(reader, "/desk/me")
        assert "/desk/people" not in nav and "aria-current" not in nav


async def test_the_desk_is_served_behind_a_public_address(tmp_path: Path) -> None:
    async with house_of(tmp_path, public_url="http://desk.example") as house, visitor(house) as person:
        proof = await person.proof()
        fields = {"name": "Mali", "password": "x", "code": "1"}
        assert (await person.send("/desk/sign-in", fields, csrf=proof, Origin="http://desk.example")).status == 401
        assert (await person.send("/desk/sign-in", fields, csrf=proof, Origin="http://other.example")).status == 403
