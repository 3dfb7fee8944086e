"""The web chat's doors: who may post, which browser it is, what the page carries, and what is refused."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest
from conftest import House, house_of
from markupsafe import escape
from replies import ALARM, CALM, CAUTION, URGENT
from starlette.datastructures import Headers
from test_dialogue import ORDINARY, SCAM

from bot.browser_names import COOKIE
from bot.sealing import Seal
from bot.webchat import LONGEST_TEXT, SECURITY, Page, Turn, read, render, said, verify
from content.models import Language
from handlers.messages import Button, ButtonKind, Kind, Reply, Section, line

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOO_LONG = "ข้อความยาวเกินไป"
HISTORY = re.compile(r'name="history" value="([^"]*)"')


def browser() -> aiohttp.ClientSession:
    """Another browser: its own cookies."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def post(house: House, form: dict[str, str], **headers: str) -> tuple[int, str]:
    return await post_by(house.http, house, form, **headers)


async def post_by(who: aiohttp.ClientSession, house: House, form: dict[str, str], **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with who.post(f"{house.url}/chat?lang=th", data=form, headers=named) as answer:
        return answer.status, html.unescape(await answer.text())


# --- verify · read · render ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"host": "chat.example", "origin": "https://chat.example"}, True),
        ({"host": "chat.example:8080", "origin": "http://chat.example:8080", "sec-fetch-site": "same-origin"}, True),
        ({"host": "chat.example"}, True),
        ({"host": "chat.example", "origin": "https://evil.example"}, False),
        ({"host": "chat.example", "origin": "https://chat.example.evil.example"}, False),
        ({"host": "chat.example", "origin": "https://evilchat.example"}, False),
        ({"host": "chat.example", "origin": "null"}, False),
        ({"host": "chat.example", "sec-fetch-site": "cross-site"}, False),
        ({"host": "chat.example", "sec-fetch-site": "same-site"}, False),
    ],
)
def test_only_our_own_page_may_send_a_form(headers: dict[str, str], ours: bool) -> None:
    assert verify(Headers(headers)) is ours


async def test_a_foreign_form_is_refused_and_leaves_nothing(house: House) -> None:
    status, _ = await post(house, {"text": SCAM["th"]}, Origin="https://evil.example")
    assert status == 403
    status, _ = await post(house, {"text": SCAM["th"]}, Sec_Fetch_Site="cross-site")
    assert status == 403
    assert not list(await house.bot.store.waiting())


def test_a_tap_comes_before_a_text_and_a_line_end_is_one_letter() -> None:
    tapped = read({"tap": "report:1", "text": "x"}, "c", Language.THAI, NOW)
    assert (tapped.kind, tapped.data, tapped.text) == (Kind.TAP, "report:1", "")
    typed = read({"text": "a\r\nb"}, "c", Language.THAI, NOW)
    assert (typed.kind, typed.text) == (Kind.TEXT, "a\nb")
    assert read({}, "c", Language.THAI, NOW).text == ""


def test_no_line_begins_with_the_thai_repetition_mark() -> None:
    reply = Reply("เรื่องแปลก ๆ", "", Language.THAI, sections=(Section("", (line("ต่าง ๆ นานา"),)),))
    assert "แปลก\u00a0ๆ" in render(reply) and "ต่าง\u00a0ๆ" in render(reply)


def test_an_answer_is_html_in_which_everything_is_escaped() -> None:
    nasty = "<script>\"&'"
    reply = Reply(
        nasty,
        nasty,
        Language.ENGLISH,
        sections=(Section(nasty, (line(nasty),), steps=True),),
        buttons=(Button(nasty, ButtonKind.TAP, nasty), Button(nasty, ButtonKind.OPEN, nasty)),
    )
    drawn = render(reply)
    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;") == 8
    assert "<ol>" in drawn


def test_whom_to_call_stands_right_under_what_to_do() -> None:
    drawn = render(ALARM)
    assert drawn.index("</ol>") < drawn.index("tel:1441") < drawn.index("thaipoliceonline")
    after = replace(ALARM, sections=(*ALARM.sections, Section("ต่อไป", (line("อ่านต่อ"),))))
    assert render(after).index("tel:1441") < render(after).index("อ่านต่อ")
    for reply in (ALARM, after, CALM, CAUTION, URGENT):
        assert render(reply).count("tel:1441") == 1


# --- whom to write to ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("soc@rutan.example", "mailto:soc@rutan.example"),
        ("https://rutan.example/contact?a=1&b=2", "https://rutan.example/contact?a=1&b=2"),
        ("โทร 02-000-0000 <b>", ""),
        ("http://rutan.example", ""),
        ("javascript:alert(1)", ""),
        ("a@b.example?bcc=c@d.example", ""),
        ('https://rutan.example/"><script>', 'https://rutan.example/"><script>'),
        ("", ""),
    ],
)
async def test_the_foot_of_the_page_says_whom_to_write_to(tmp_path: Path, contact: str, link: str) -> None:
    async with house_of(tmp_path, publisher_contact=contact) as house:
        for language, label in (("th", "แจ้งช่องโหว่"), ("en", "report a weakness")):
            async with house.http.get(f"{house.url}/?lang={language}") as answer:
                foot = (await answer.text()).split("<footer>")[1].split("</footer>")[0]
            assert (label in foot) is bool(contact)
            assert re.findall(r'<a href="([^"]*)">([^<]*)</a>', foot) == (
                [(escape(link), escape(contact))] if link else []
            )
            assert str(escape(contact)) in foot and "<b>" not in foot and "<script" not in foot


# --- the cookie ------------------------------------------------------------------------------------------------------
async def cookie_of(house: House) -> SimpleCookie:
    async with browser() as fresh, fresh.get(house.url) as answer:
        return SimpleCookie(answer.headers["Set-Cookie"])


async def test_a_browser_gets_a_random_name_that_no_script_can_read(house: House) -> None:
    first, second = await cookie_of(house), await cookie_of(house)
    assert first[COOKIE].value != second[COOKIE].value
    assert first[COOKIE]["httponly"] is True
    assert first[COOKIE]["samesite"].lower() == "lax"
    assert first[COOKIE]["secure"] == ""
    assert not first[COOKIE]["max-age"] and not first[COOKIE]["expires"], "gone when the browser closes"


async def test_over_https_the_cookie_is_secure(tmp_path: Path) -> None:
    async with house_of(tmp_path, public_url="https://rutan.example") as house:
        assert (await cookie_of(house))[COOKIE]["secure"] is True


@pytest.mark.parametrize("forged", ["", "a" * 32, "0123456789abcdef" * 2, "x; y", "ก", "gAAAAA" + "A" * 90])
async def test_a_made_up_cookie_is_ignored(house: House, forged: str) -> None:
    async with browser() as fresh:
        sent = {"Cookie": f"{COOKIE}={forged}"}
        async with fresh.get(house.url, headers=sent) as answer:
            assert answer.status == 200
            given = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE].value
        assert given != forged
        async with fresh.get(f"{house.url}/chat/news", headers=sent) as answer:
            assert answer.status == 204


async def test_a_cookie_sealed_with_our_key_but_no_name_is_ignored(house: House) -> None:
    sealed = Seal(house.settings.keys()).close("../../somebody")
    async with browser() as fresh, fresh.get(house.url, headers={"Cookie": f"{COOKIE}={sealed}"}) as answer:
        assert COOKIE in answer.headers["Set-Cookie"]


async def test_two_browsers_are_two_people_and_one_stays_itself(house: House) -> None:
    async with browser() as other:
        await post(house, {"text": "รายงาน", "fragment": "1"})
        _, heard = await post(house, {"text": "ยินยอม", "fragment": "1"})
        assert "ส่งข้อความที่ได้รับมา" in heard
        _, stranger = await post_by(other, house, {"text": "ยินยอม", "fragment": "1"})
        assert "ส่งข้อความที่ได้รับมา" not in stranger


# --- what the page carries -------------------------------------------------------------------------------------------
async def test_the_conversation_travels_sealed(house: House) -> None:
    _, page = await post(house, {"text": SCAM["th"]})
    carried = HISTORY.findall(page)[0]
    assert "พัสดุ" not in carried and "parcel-pay" not in carried
    _, page = await post(house, {"text": ORDINARY["th"], "history": carried})
    assert page.index(SCAM["th"]) < page.index(ORDINARY["th"])


@pytest.mark.parametrize("broken", ["x", "", "gAAAAABkbroken", "ก" * 50, '[["rutan","<script>alert(1)</script>"]]'])
async def test_a_forged_conversation_is_an_empty_one(house: House, broken: str) -> None:
    status, page = await post(house, {"text": ORDINARY["th"], "history": broken})
    assert status == 200
    assert "alert(1)" not in page
    assert page.count('class="bubble you"') == 2  # what was just said, and the script's pattern


async def test_a_conversation_of_another_key_another_browser_or_another_form_is_an_empty_one(house: House) -> None:
    page = Page(house.bot, Seal(house.settings.keys()))
    drawn = page.draw([Turn("you", "<p>x</p>")], "a" * 32, Language.THAI)
    carried = HISTORY.findall(drawn)[0]
    assert page.turns(carried, "a" * 32) == [Turn("you", "<p>x</p>")]
    assert page.turns(carried, "b" * 32) == []
    assert Page(house.bot, Seal(["another key, long enough"])).turns(carried, "a" * 32) == []
    for old in ('[["you", "<p>x</p>"]]', "7", '["a", 5]', '["a", [[1]]]', "[]"):
        assert page.turns(Seal(house.settings.keys()).close(old), "a" * 32) == []


@pytest.mark.slow
async def test_however_long_the_conversation_the_next_form_is_taken_in(house: House) -> None:
    carried = ""
    for _ in range(4):
        status, page = await post(house, {"text": "กข " * 6_600, "history": carried})
        assert status == 200
        carried = HISTORY.findall(page)[0]
    assert len(carried) < 400_000


def test_without_javascript_the_bubble_shows_the_label_of_the_tapped_button() -> None:
    tapped = read({"tap": "paid"}, "c", Language.THAI, NOW)
    assert said(tapped, [Turn("rutan", render(ALARM))]).html == "<p>โอนเงินไปแล้ว</p>"
    assert said(tapped, []).html == "<p>…</p>"
    typed = read({"text": "<b>ก</b>"}, "c", Language.THAI, NOW)
    assert said(typed, []).html == "<p>&lt;b&gt;ก&lt;/b&gt;</p>"


# --- what is refused -------------------------------------------------------------------------------------------------
async def test_an_empty_form_is_answered_with_what_to_do(house: House) -> None:
    for form in ({}, {"text": ""}, {"text": " \r\n "}, {"text": "\u200b"}, {"unknown": "x"}):
        async with house.http.post(
            f"{house.url}/chat", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
        ) as answer:
            assert answer.status == 200
            assert "ส่งข้อความทั้งหมดที่ได้รับมาให้เราดู" in await answer.text()


async def test_a_text_over_twenty_thousand_letters_is_asked_to_be_shorter(house: House) -> None:
    status, heard = await post(house, {"text": "ก" * (LONGEST_TEXT + 1), "fragment": "1"})
    assert status == 200 and TOO_LONG in heard
    status, page = await post(house, {"text": "a" * (LONGEST_TEXT + 1)})
    assert status == 200 and "too long" in page
    status, heard = await post(house, {"text": ("ทดสอบ " * 4000)[:LONGEST_TEXT], "fragment": "1"})
    assert status == 200 and TOO_LONG not in heard


async def test_files_other_kinds_and_too_much_are_refused_clearly(house: House) -> None:
    files = aiohttp.FormData()
    files.add_field("text", b"x", filename="x.png", content_type="image/png")
    for data, kind, expected in (
        (files, None, 400),
        (b'{"text": "x"}', "application/json", 400),
        (b"text=x", "text/plain", 400),
        (b"--x\r\nbroken", "multipart/form-data", 400),
        (b"&".join(b"f%d=1" % n for n in range(50)), "application/x-www-form-urlencoded", 400),
        (b"text=" + b"a" * (1024 * 1024), "application/x-www-form-urlencoded", 413),
    ):
        headers = {"Content-Type": kind} if kind else {}
        async with house.http.post(f"{house.url}/chat", data=data, headers=headers) as answer:
            assert answer.status == expected, (kind, answer.status)
            assert "the form" in await answer.text()
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "body", [b"text=%ff%fe%00", b"text=%ED%A0%80", b"\xff\xfe=\x00", b"text=%zz", b"text", b"tap=%00"]
)
async def test_bytes_that_are_no_text_are_answered(house: House, body: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with house.http.post(f"{house.url}/chat", data=body, headers=form) as answer:
        assert answer.status == 200
        assert "<article" in await answer.text()


async def test_every_page_is_locked_down(house: House) -> None:
    for path in ("/", "/?lang=en", "/chat", "/chat/news"):
        async with house.http.get(house.url + path) as answer:
            assert answer.status in (200, 204)
            assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    async with house.http.post(f"{house.url}/chat", data={"text": "สวัสดี"}) as answer:
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY
        page = await answer.text()
    assert " style=" not in page and " onclick=" not in page and page.count("<script") == 1
    for file in ("webchat.css", "webchat.js", "icon.svg"):
        async with house.http.get(f"{house.url}/static/{file}") as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with house.http.get(f"{house.url}/static/../webchat.py") as answer:
        assert answer.status == 404


# --- news and tabs ---------------------------------------------------------------------------------------------------
async def test_news_are_handed_out_once_and_only_to_their_browser(house: House) -> None:
    async with house.http.get(house.url) as answer:
        sealed = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE].value
    name = Seal(house.settings.keys()).open(sealed)
    await house.bot.accept([read({"text": SCAM["th"]}, name, Language.THAI, NOW)])
    news = ""
    async with browser() as other, asyncio.timeout(30):
        while not news:
            await asyncio.sleep(0.1)
            async with other.get(f"{house.url}/chat/news") as answer:
                assert answer.status == 204
            async with house.http.get(f"{house.url}/chat/news") as answer:
                news = await answer.text()
    assert news.count("<article") == 1 and "1441" in news
    async with house.http.get(f"{house.url}/chat/news") as answer:
        assert answer.status == 204


async def test_two_tabs_of_one_browser_each_get_their_own_answer(house: House) -> None:
    await house.http.get(house.url)

    async def look() -> list[int]:
        statuses = []
        for _ in range(10):
            async with house.http.get(f"{house.url}/chat/news") as answer:
                statuses.append(answer.status)
            await asyncio.sleep(0.05)
        return statuses

    first, second, looked = await asyncio.gather(
        post(house, {"text": SCAM["th"], "fragment": "1"}), post(house, {"text": SCAM["en"], "fragment": "1"}), look()
    )
    assert first[0] == second[0] == 200
    assert 'lang="th"' in first[1] and first[1].count("<article") == 1
    assert 'lang="en"' in second[1] and second[1].count("<article") == 1
    assert set(looked) == {204}, "a tab that only looks must not take another tab's answer"
