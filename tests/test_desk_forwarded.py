"""A list dropped at the desk: one table back, on the page or as a file; nothing of it stays."""

from __future__ import annotations

import io
import re
import zipfile

import aiohttp
import pytest
from browsing import faults
from conftest import House
from desk_cast import DESKTOP, PHONE, at_desk, desk_page
from openpyxl import load_workbook
from playwright.async_api import expect

from content.models import Language
from handlers.officials import Role

CHAT = """[LINE] ประวัติการแชทกับ สมชาย
บันทึกเมื่อ: 2569/11/22 09:00

2569/11/20(ศุกร์)
09:01\tสมชาย\tพัสดุของท่านตกค้างที่ศุลกากร ชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example
09:02\tมาลี\tเย็นนี้กินข้าวบ้านแม่นะ
"""


async def dropped(house: House, visitor, content: bytes, name: str = "chat.txt", form: str = "page"):
    """The file sent from the page, as a browser sends it: with the page's own proof."""
    page = await visitor.get("/desk/forwarded")
    proof = re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)
    data = aiohttp.FormData()
    data.add_field("csrf", proof)
    data.add_field("as", form)
    data.add_field("file", content, filename=name, content_type="application/octet-stream")
    return visitor.http.post(house.url + "/desk/forwarded/read", data=data)


async def test_a_saved_chat_comes_back_as_one_table_without_names(house: House) -> None:
    async with at_desk(house, Role.READER) as reader:
        async with await dropped(house, reader, CHAT.encode()) as answer:
            text = await answer.text()
            assert answer.status == 200
        assert "parcel-pay-th[.]example" in text and "สมชาย" not in text
        async with await dropped(house, reader, CHAT.encode(), form="xlsx") as answer:
            sheet = load_workbook(io.BytesIO(await answer.read())).active
            assert sheet.max_row == 3 and sheet.max_column == 6
        async with await dropped(house, reader, CHAT.encode(), form="csv") as answer:
            assert (await answer.read()).startswith(b"\xef\xbb\xbf")


async def test_nothing_of_the_file_stays(house: House, tmp_path) -> None:
    async with at_desk(house, Role.READER) as reader, await dropped(house, reader, CHAT.encode()) as answer:
        assert answer.status == 200
    await house.bot.store.alive()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("rutan.db*"))
    assert b"parcel-pay-th" not in kept and "กินข้าว".encode() not in kept


async def test_what_cannot_be_read_is_refused_in_words(house: House) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 60_000_000)
    async with at_desk(house, Role.READER) as reader:
        for content, name in (
            (bomb.getvalue(), "a.xlsx"),
            (b"MZ\x90", "a.exe"),
            (b"", "empty.txt"),
            (b"a" * 5_300_000, "big.txt"),
        ):
            async with await dropped(house, reader, content, name) as answer:
                assert answer.status == 422, name
                assert 'class="notice"' in await answer.text(), name


async def test_a_file_without_the_proof_or_for_another_page_is_refused(house: House) -> None:
    async with at_desk(house, Role.ADMIN) as admin:
        data = aiohttp.FormData()
        data.add_field("file", b"text", filename="a.txt")
        async with admin.http.post(house.url + "/desk/forwarded/read", data=data) as answer:
            assert answer.status == 403
        other = aiohttp.FormData()
        other.add_field("file", b"text", filename="a.txt")
        async with admin.http.post(house.url + "/desk/hubs/add", data=other) as answer:
            assert answer.status == 415


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "language"), [(PHONE, Language.THAI), (DESKTOP, Language.ENGLISH)], ids=["phone", "desktop"]
)
async def test_in_a_browser(house: House, browser, axe, size, language) -> None:
    async with desk_page(browser, house, Role.READER, "/desk/forwarded", language=language, size=size) as page:
        assert await faults(page, axe) == []
        await page.set_input_files("#file", {"name": "chat.txt", "mimeType": "text/plain", "buffer": CHAT.encode()})
        await page.locator("button[value=page]").click()
        await expect(page.locator("tbody tr")).to_have_count(2)
        assert await faults(page, axe) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
