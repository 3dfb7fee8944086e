"""Pictures in a conversation, end to end: fetched from the platform, read, judged, answered once, and not kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from conftest import House, needed
from desk_cast import stands_still
from doubles import Fault
from hub_cast import brought, joined, numbers_in, settled
from picture_maker import Wear, fonts_there, made, worn
from PIL import Image
from qr_maker import promptpay, slip, square
from store_cast import rows
from talk import unmarked

from bot.vision.reading import models
from handlers.messages import Platform

PARCEL = "แจ้งเตือนพัสดุตกค้าง กดลิงก์เพื่อยืนยันที่อยู่และจ่ายค่าจัดส่ง https://parcel-fee.example/pay"
READ = "เราอ่านจากรูปได้ว่า"


@pytest.fixture(scope="module")
def tesseract() -> Path:
    found: Path = needed(models(), "no models to read words with: apt-get install tesseract-ocr tesseract-ocr-tha")
    needed(fonts_there(), "no Thai fonts to draw with: apt-get install fonts-thai-tlwg")
    return found


@pytest.fixture(scope="module")
def parcel(tesseract: Path) -> bytes:
    """A screenshot of a LINE chat, as it comes after one forward."""
    return worn(made("line", PARCEL), Wear(quality=70))


def coded(*contents: str) -> bytes:
    """A picture with these codes in it, one under the other."""
    page = Image.new("L", (700, 60 + 520 * len(contents)), 255)
    for number, content in enumerate(contents):
        page.paste(square(content, 8).resize((480, 480)), (100, 40 + 520 * number))
    kept = BytesIO()
    page.save(kept, "PNG")
    return kept.getvalue()


async def upload(house: House, content: bytes, text: str = "", **fields: str) -> str:
    """The web page's form with a picture, as a browser sends it; the words of the answer."""
    form = aiohttp.FormData({"text": text, **fields})
    form.add_field("picture", content, filename="shot.jpg", content_type="image/jpeg")
    async with house.http.post(f"{house.url}/chat?lang=th", data=form) as answer:
        assert answer.status == 200, answer.status
        return unmarked(await answer.text())


async def on_line(house: House, content: bytes) -> str:
    return (await house.line.shows("Uaunt", content)).text


async def on_telegram(house: House, content: bytes) -> str:
    return (await house.telegram.shows(808, content)).text


async def on_the_web(house: House, content: bytes) -> str:
    return await upload(house, content, fragment="1")


WAYS: dict[str, Callable[[House, bytes], Awaitable[str]]] = {
    "line": on_line,
    "telegram": on_telegram,
    "web": on_the_web,
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_scam_in_a_screenshot_is_read_judged_and_answered_once(house: House, parcel: bytes, way: str) -> None:
    heard = await WAYS[way](house, parcel)
    assert READ in heard and "พัสดุตกค้าง" in heard
    assert "อันตราย" in heard and "1441" in heard and "อ่านผิด ขอแก้" in heard
    assert "parcel-fee[.]example" in heard, "a link from a stranger's picture cannot be tapped"
    await asyncio.sleep(0.3)
    platform = {"line": house.line, "telegram": house.telegram}.get(way)
    assert platform is None or (len(platform.answers) == 1 and platform.violations == [])


async def test_while_reading_the_person_sees_that_something_happens(house: House, parcel: bytes) -> None:
    await house.line.shows("Uaunt", parcel)
    await house.telegram.shows(808, parcel)
    assert len(house.line.called("start")) == 1
    assert len(house.telegram.called("sendChatAction")) == 1


async def test_what_was_misread_can_be_put_right(house: House, parcel: bytes) -> None:
    answer = await house.line.shows("Uaunt", parcel)
    asked = await house.line.presses("Uaunt", answer, "อ่านผิด")
    assert "พิมพ์ข้อความที่ถูกต้อง" in asked.text
    judged = await house.line.says("Uaunt", "แม่ เย็นนี้กลับบ้านดึกหน่อยนะ ไม่ต้องรอกินข้าว")
    assert "อันตราย" not in judged.text and READ not in judged.text
    again = await house.line.presses("Uaunt", answer, "อ่านผิด")
    assert "พิมพ์ข้อความที่ถูกต้อง" in again.text, "the button of an older answer works as well"
    assert "ยกเลิก" in (await house.line.says("Uaunt", "ยกเลิก")).text


async def test_what_scanning_would_do_is_said_first(house: House) -> None:
    pays = await house.line.shows("Uaunt", coded(promptpay("0810001234", amount="1500.00", merchant="SOMMUT SHOP")))
    lines = pays.text.splitlines()
    assert any("โอน 1,500 บาท" in each and "xxx-1234" in each for each in lines[:5]), lines[:6]
    assert "SOMMUT SHOP" in pays.text and "ดูชื่อผู้รับในแอป" in pays.text
    assert "0810001234" not in pays.text
    spoilt = await house.line.shows("Uaunt", coded(promptpay("0810001234", amount="20", spoilt=True)))
    assert "เลขตรวจสอบในคิวอาร์ไม่ตรง" in spoilt.text
    bank_slip = await house.line.shows("Uaunt", coded(slip()))
    assert "สลิปอย่างเดียวยังยืนยันไม่ได้" in bank_slip.text and "ไม่ได้บอกว่าโอนให้คุณ" in bank_slip.text
    login = await house.line.shows("Uaunt", coded("https://line.me/R/au/q/abcdefgh"))
    assert "อันตราย! อย่าสแกน" in login.text and "คนอื่นเข้าใช้บัญชี LINE ของคุณ" in login.text
    assert house.line.violations == []


async def test_links_in_codes_are_judged_as_links(house: House) -> None:
    lookalike = "https://thailandpost.co.th.parcel-fee.example/pay"
    heard = await house.telegram.shows(808, coded(lookalike, "https://line.me/R/ti/p/@jobthai88"))
    assert "thailandpost[.]co[.]th[.]parcel-fee[.]example" in heard.text
    assert "จะเปิดเว็บ" in heard.text and "เพิ่มเพื่อนไลน์ @jobthai88" in heard.text
    assert re.search("ระวัง!|อันตราย!", heard.text) and "คล้าย thailandpost.co.th" in heard.text, heard.text
    assert house.telegram.violations == []


@pytest.mark.slow
async def test_an_album_is_answered_as_one(house: House, parcel: bytes) -> None:
    line, telegram = house.line, house.telegram
    calm = worn(made("sms", "พรุ่งนี้นัดหมอฟัน 10 โมงครึ่ง อย่าลืมเอาบัตรประชาชนไปด้วยนะ"), Wear())
    for number, content in enumerate((calm, parcel, coded("https://lin.ee/AbCdEf1")), start=1):
        picture = line.picture(content, imageSet={"id": "S1", "index": number, "total": 3})
        await line.send(line.event("message", "Uaunt", message=picture))
    answer = await line.next_answer(0, "Uaunt", 20)
    assert "พัสดุตกค้าง" in answer.text and "นัดหมอฟัน" in answer.text and "lin[.]ee/AbCdEf1" in answer.text
    assert "อันตราย" in answer.text
    for content in (calm, parcel):
        await telegram.send(
            telegram.update(message=telegram.message(808, photo=telegram.photo(content), media_group_id="A"))
        )
    answer = await telegram.next_answer(0, "808", 20)
    assert "พัสดุตกค้าง" in answer.text and "นัดหมอฟัน" in answer.text
    await asyncio.sleep(0.5)
    assert len(line.answers) == len(telegram.answers) == 1


@pytest.mark.slow
async def test_pictures_and_texts_that_a_hub_passes_on_are_one_table(house: House, parcel: bytes) -> None:
    line = house.line
    await joined(house)
    calm = worn(made("sms", "พรุ่งนี้นัดหมอฟัน 10 โมงครึ่ง อย่าลืมเอาบัตรประชาชนไปด้วยนะ"), Wear())
    texts = brought(3)
    before = len(line.answers)
    pictures = [
        line.event("message", "Uhub", message=line.picture(each, imageSet={"id": "S1", "index": number, "total": 2}))
        for number, each in enumerate((calm, parcel), start=1)
    ]
    said = [line.text_event("Uhub", each) for each in texts]
    await line.send(*said[:2], *pictures, said[2])
    await settled(house)
    table = line.answers[-1]
    assert len(line.answers) - before == 1 and numbers_in(table.text) == {1, 2, 3, 4, 5}, table.text
    assert READ not in table.text and line.called("push") == [] and not line.violations


@pytest.mark.slow
async def test_a_caption_a_file_and_a_mention_bring_pictures_too(house: House, parcel: bytes) -> None:
    telegram, line = house.telegram, house.line
    captioned = await telegram.shows(808, parcel, "แม่ได้ข้อความนี้มา")
    assert READ in captioned.text and "อันตราย" in captioned.text
    telegram.files["sent"] = parcel
    document = {"file_id": "sent", "file_unique_id": "u", "file_name": "IMG.jpg", "mime_type": "image/jpeg"}
    assert READ in (await telegram.hears(telegram.update(message=telegram.message(808, document=document)), 808)).text
    line.content["77"] = parcel
    as_file = await line.sends("Uaunt", "file", id="77", fileName="IMG_1.JPG", fileSize=len(parcel))
    assert READ in as_file.text
    named = {"caption_entities": [{"type": "mention", "offset": 0, "length": 9}]}
    in_group = await telegram.shows(808, parcel, "@RutanBot จริงไหม", group=-100, **named)
    assert "พัสดุ" in in_group.text and READ not in in_group.text, "a group is not shown what was read"
    crisis = await telegram.shows(808, parcel, "ไม่อยากมีชีวิตอยู่แล้ว")
    assert "1323" in crisis.text and READ not in crisis.text


def every_byte(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_picture_can_be_reported_and_leaves_only_masked_words(
    house: House, tesseract: Path, tmp_path: Path
) -> None:
    text = "โอนเงินค่าธรรมเนียมพัสดุตกค้างมาที่บัญชี 123-0-00456-7 โทร 081-000-4567 ด่วนก่อนเที่ยงวันนี้"
    shot = worn(made("sms", text), Wear(quality=90))
    line = house.line
    answer = await line.shows("Uaunt", shot)
    await line.presses("Uaunt", answer, "รายงาน")
    done = await line.says("Uaunt", "ยินยอม")
    assert re.search(r"RT-\d{4}-\d{6}", done.text), done.text
    [report] = [row async for row in house.bot.store.export_reports()]
    assert "พัสดุตกค้าง" in report["text"] and "081" not in report["text"] and "00456" not in report["text"]
    kept = every_byte(tmp_path)
    assert all(shot[start : start + 64] not in kept for start in range(1000, len(shot) - 64, 5000)), (
        "the picture is kept nowhere"
    )


async def test_asked_for_the_message_of_a_report_a_picture_will_do(house: House, parcel: bytes) -> None:
    await house.line.says("Unew", "รายงาน")
    await house.line.says("Unew", "ยินยอม")
    answer = await house.line.shows("Unew", parcel)
    assert re.search(r"RT-\d{4}-\d{6}", answer.text), answer.text


@pytest.mark.slow
async def test_the_same_picture_is_known_again_however_it_was_saved(house: House, tesseract: Path) -> None:
    # No midnight comes between.
    stands_still(house)
    shot = made(
        "poster", "รับสมัครงานออนไลน์ ทำที่บ้าน กดไลก์กดแชร์ รายได้วันละพันบาท", "สนใจทักไลน์ @rich.team โอนทุนสำรองก่อนเริ่มงาน"
    )
    other = made("poster", "วันอาทิตย์นี้ทำบุญบ้านป้าแดง ไปกันกี่คน เดี๋ยวขับรถไปรับตอนเจ็ดโมงเช้า อย่าลืมเตรียมปิ่นโตไปด้วย")
    for number, wear in enumerate((Wear(quality=90), Wear(quality=45, scale=0.7))):
        assert "คนส่งรูปนี้" not in (await house.line.shows(f"U{number}", worn(shot, wear))).text
    await house.line.shows("U1", worn(shot, Wear()))
    assert "คนส่งรูปนี้" not in (await house.line.shows("U9", worn(other, Wear()))).text, "the same look, other words"
    third = await house.line.shows("U3", worn(shot, Wear(quality=60, scale=0.9)))
    assert "มี 3 คนส่งรูปนี้มาถามตั้งแต่วันนี้" in third.text or "มี 3 คนส่งรูปนี้มาถามวันนี้" in third.text, third.text
    counted = rows(house.settings.database_url, "pictures")
    assert sorted((row["people"], row["asked"]) for row in counted) == [(1, 1), (3, 4)]
    assert await house.bot.store.forget(Platform.LINE, "U9")
    assert [row["people"] for row in rows(house.settings.database_url, "pictures")] == [3]
    assert all(row["source"] != "U3" for row in rows(house.settings.database_url, "picture_sources"))


async def test_what_cannot_be_read_gets_a_kind_answer(house: House) -> None:
    line = house.line
    photo = Image.effect_noise((400, 300), 60)
    kept = BytesIO()
    photo.save(kept, "JPEG")
    moving = BytesIO()
    Image.new("RGB", (90, 90), "red").save(
        moving, "GIF", save_all=True, append_images=[Image.new("RGB", (90, 90), "blue")]
    )
    heard = {
        "ไม่เห็นตัวหนังสือ": kept.getvalue(),
        "ภาพเคลื่อนไหว": moving.getvalue(),
        "มาไม่ครบ": kept.getvalue()[:2000],
        "ไม่ใช่รูป": b"MZ this is no picture at all",
        "ซ่อนอย่างอื่น": kept.getvalue() + b"PK\x05\x06" + bytes(18),
        "ใหญ่เกินไป": bytes(10 * 1024 * 1024 + 1),
    }
    for words, content in heard.items():
        answer = await line.shows("Uaunt", content)
        assert words in answer.text, (words, answer.text)
    line.fault(Fault(status=404, only="content"))
    lost = await line.shows("Ulost", kept.getvalue())
    assert "รูปมาไม่ถึงเรา" in lost.text
    assert line.violations == []


async def test_very_many_pictures_in_a_minute_are_asked_to_wait(house: House) -> None:
    stands_still(house)
    picture = coded("https://lin.ee/AbCdEf1")
    texts = [(await house.line.shows("Ubusy", picture)).text for _ in range(11)]
    assert all("lin[.]ee" in text for text in texts[:10])
    assert "หลายรูปติดกัน" in texts[10]
    assert "lin[.]ee" in (await house.line.shows("Uother", picture)).text, "only who sends so many waits"


async def test_a_picture_that_had_to_wait_is_read_at_a_tap(house: House, parcel: bytes) -> None:
    number = house.line.picture(parcel)["id"]
    answer = await house.line.taps("Uaunt", f"picture_again:{number}")
    assert READ in answer.text
    gone = await house.line.taps("Uaunt", "picture_again:999")
    assert "ยังอ่านรูปไม่ได้" in gone.text


async def test_on_the_page_without_javascript(house: House, parcel: bytes) -> None:
    page = await upload(house, parcel, "แม่ได้ข้อความนี้มา")
    assert READ in page and "🖼 แม่ได้ข้อความนี้มา" in page and "พัสดุตกค้าง" in page
    assert READ not in await upload(house, b"", "สวัสดี"), "nothing chosen is nothing sent"
    form = aiohttp.FormData()
    form.add_field("picture", bytes(12 * 1024 * 1024), filename="x.jpg", content_type="image/jpeg")
    async with house.http.post(f"{house.url}/chat", data=form) as answer:
        assert answer.status == 413
