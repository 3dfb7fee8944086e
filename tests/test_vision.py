"""Reading pictures: what is opened and refused, what is read, and processes that survive whatever they are given."""

from __future__ import annotations

import asyncio
import struct
import sys
import time
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import needed
from picture_maker import Wear, fonts_there, made, pictured, worn
from PIL import Image
from qr_maker import CONTENTS, square
from rapidfuzz.distance import Levenshtein

from bot.vision import layout
from bot.vision.flattening import flattened
from bot.vision.layout import Line
from bot.vision.looks import look
from bot.vision.opening import LARGEST_FILE, Refused, opened
from bot.vision.pool import Pool
from bot.vision.reading import Reader, models, tidied
from content.loading import Knowledge
from content.verdict import judge
from handlers.picture_types import Picture, PictureTrouble

INSTALL = "no models to read words with: apt-get install tesseract-ocr tesseract-ocr-tha"


@pytest.fixture(scope="module")
def tesseract() -> Path:
    found: Path = needed(models(), INSTALL)
    needed(fonts_there(), "no Thai fonts to draw with: apt-get install fonts-thai-tlwg")
    return found


def saved(picture: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    kept = BytesIO()
    picture.save(kept, kind, **more)
    return kept.getvalue()


def trouble_with(data: bytes) -> PictureTrouble | None:
    try:
        opened(data)
    except Refused as refused:
        return refused.trouble
    return None


# --- opening -----------------------------------------------------------------------------------------------------------
def png_of(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that says how large it is and has that body: no picture needs to stand behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


RED = Image.new("RGB", (300, 200), "red")
HUNDRED_MEGAPIXELS = saved(Image.new("RGB", (10_000, 10_000)), "JPEG", quality=20)
NASTY = {
    "a PNG of 100 megapixels": (png_of(10_000, 10_000, bytes(1000)), PictureTrouble.TOO_LARGE),
    "a JPEG of 100 megapixels": (HUNDRED_MEGAPIXELS, PictureTrouble.TOO_LARGE),
    "four billion pixels": (png_of(65_500, 65_500), PictureTrouble.TOO_LARGE),
    "a very long strip": (png_of(30_000, 20), PictureTrouble.TOO_LARGE),
    "more behind a small picture than it says": (png_of(100, 100, bytes(30_000_000)), None),
    "cut off": (saved(Image.effect_noise((900, 900), 50), "JPEG")[:5_000], PictureTrouble.BROKEN),
    "only a head": (b"\x89PNG\r\n\x1a\n", PictureTrouble.BROKEN),
    "nothing": (b"", PictureTrouble.NO_PICTURE),
    "a program": (b"MZ\x90\x00" + bytes(500), PictureTrouble.NO_PICTURE),
    "a PostScript file": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", PictureTrouble.NO_PICTURE),
    "a drawing with a script": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", PictureTrouble.NO_PICTURE),
    "an app behind a picture": (saved(RED, "JPEG") + b"PK\x05\x06" + bytes(18), PictureTrouble.DISGUISED),
    "a page in a GIF": (saved(RED, "GIF", comment=b"<script>alert(1)</script>"), PictureTrouble.DISGUISED),
    "a document behind a picture": (saved(RED) + b"%PDF-1.7\n", PictureTrouble.DISGUISED),
    "scans without end": (saved(RED, "JPEG") + b"\xff\xda" * 1000, PictureTrouble.BROKEN),
    "an animated GIF": (saved(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (300, 200), "blue")]), PictureTrouble.MOVING),
    "an animated PNG": (saved(RED, save_all=True, append_images=[Image.new("RGB", (300, 200), "blue")]), PictureTrouble.MOVING),
    "an animated WebP": (saved(RED, "WEBP", save_all=True, append_images=[Image.new("RGB", (300, 200), "blue")]), PictureTrouble.MOVING),
    "two pixels": (saved(Image.new("RGB", (2, 2))), PictureTrouble.BROKEN),
    "eleven megabytes": (bytes(LARGEST_FILE + 1), PictureTrouble.TOO_LARGE),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, (_, trouble) in NASTY.items() if trouble])
def test_what_is_no_honest_picture_is_refused_by_its_name(name: str) -> None:
    data, trouble = NASTY[name]
    assert trouble_with(data) is trouble


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_every_honest_kind_is_opened_in_rgb(kind: str, mode: str) -> None:
    page = (
        Image.new("RGB", (120, 80), (250, 250, 250)).convert(mode)
        if mode != "I;16"
        else Image.new(mode, (120, 80), 60_000)
    )
    try:
        data = saved(page, kind)
    except (OSError, KeyError, ValueError):  # no such mode in files of that kind
        data = saved(page.convert("RGB"), kind)
    picture = opened(data)
    assert picture.mode == "RGB" and picture.size == (120, 80)


def test_a_photo_is_turned_upright_made_small_and_what_is_see_through_lies_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(saved(Image.new("RGB", (400, 200)), "JPEG", exif=exif.tobytes())).size == (200, 400)
    large = opened(saved(Image.new("L", (6_000, 4_000), 200), "JPEG", quality=30))
    assert large.width * large.height < 5_000_000 and round(large.width / large.height, 2) == 1.5
    assert opened(saved(Image.new("RGBA", (90, 90), (0, 0, 0, 0)))).getpixel((4, 4)) == (255, 255, 255)


# --- from colours to words -----------------------------------------------------------------------------------------------
def test_dark_light_and_coloured_bubbles_all_become_dark_ink_on_white(tesseract: Path) -> None:
    for name, dark in (("sms", True), ("sms", False), ("messenger", False), ("messenger", True), ("line", False)):
        shot = made(name, "กรุณาโอนเงินด่วนภายในวันนี้", dark=dark)
        ink = flattened(np.asarray(shot.convert("L")))
        assert ink.shape == (1920, 1080) and ink.dtype == np.uint8
        assert (ink > 200).mean() > 0.97 and (ink < 80).sum() > 1_500, (name, dark)


def at(text: str, top: int, left: int = 80, wide: int = 600, tall: int = 40, sure: float = 0.95) -> Line:
    return Line(text, left, top, left + wide, top + tall, sure)


def message_of(*lines: Line) -> str:
    return "\n".join(block.text for block in layout.message(layout.blocks(lines, 1080, 1920)))


def test_clock_battery_names_dates_and_buttons_are_left_out() -> None:
    assert message_of(
        at("10:42", 30, tall=25), at("5G 78%", 30, 830, 110, 25), at("ฝ่ายบริการ", 130),
        at("วันนี้ 10:38", 220, 480, 90, 25), at("กรุณาโอนเงินด่วน", 300), at("ภายในวันนี้เท่านั้น", 360),
        at("10:39", 380, 760, 60, 20), at("อ่านแล้ว 10:40", 420, 760, 60, 20), at("Aa", 1840, 160, 40, 30),
        at("ถูกใจ แสดงความคิดเห็น แชร์", 1760),
    ) == "กรุณาโอนเงินด่วนภายในวันนี้เท่านั้น"  # fmt: skip


def test_a_day_that_belongs_to_the_message_stays() -> None:
    assert message_of(at("Transfer it to the safe account for inspection", 600), at("today.", 660, wide=90)).endswith(
        "today."
    )
    assert message_of(at("เปิดเรียนปกติ", 600), at("วันจันทร์", 660, wide=200)) == "เปิดเรียนปกติวันจันทร์"


def test_bubbles_keep_their_order_and_a_broken_address_is_whole_again() -> None:
    text = message_of(
        at("แล้วโอนค่ามัดจำ 500 บาท", 900), at("ก่อนรับเงิน", 960), at("เงินกู้ด่วน อนุมัติไว", 300), at("สมัครที่ https://loan-", 360), at("fast.example/th ได้เลย", 420)
    )  # fmt: skip
    assert text == "เงินกู้ด่วน อนุมัติไว สมัครที่ https://loan-fast.example/th ได้เลย\nแล้วโอนค่ามัดจำ 500 บาทก่อนรับเงิน".replace(
        "ไว สมัคร", "ไวสมัคร"
    )


def test_noise_is_no_word_and_an_unsure_address_beside_sure_words_is() -> None:
    sure = at("กดลิงก์เพื่อยืนยันที่อยู่ของท่าน", 500)
    assert message_of(sure, at("-- | ==", 800), at("๓๒ ก ๓", 1000, sure=0.3)) == sure.text
    assert "bit.ly/3xAmple" in message_of(sure, at("bit.ly/3xAmple", 560, sure=0.0))


def test_a_line_is_tidied_as_a_person_would_type_it() -> None:
    assert tidied("| ค่าดํ าเนินการ  29 บาท ]\n") == "ค่าดำเนินการ 29 บาท"
    assert tidied("นํ้าท่วม") == tidied("น้ําท่วม") == "น้ำท่วม"


# --- the same picture again ------------------------------------------------------------------------------------------------
def bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_a_picture_saved_anew_keeps_its_look_and_another_has_another(tesseract: Path) -> None:
    shot = made("poster", "รับสมัครงานออนไลน์ รายได้วันละพันบาท สนใจทักไลน์")
    first = look(opened(worn(shot, Wear(quality=90))))
    assert len(first) == 64
    for wear in (Wear(quality=40), Wear(quality=70, scale=0.5), Wear(quality=40, scale=0.7)):
        assert bits_apart(first, look(opened(worn(shot, wear)))) <= 12, wear
    assert bits_apart(first, look(made("line", "รับสมัครงานออนไลน์"))) > 40
    assert look(Image.new("RGB", (90, 90), "red")) == ""


# --- the processes -----------------------------------------------------------------------------------------------------------
@pytest.fixture
async def pool(tesseract: Path) -> AsyncIterator[Pool]:
    made_pool = Pool(tesseract, size=1)
    yield made_pool
    await made_pool.close()


def most_memory(pool: Pool) -> int:
    """Megabytes that the process ever held."""
    [worker] = pool._all
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def worked(pool: Pool) -> float:
    """Seconds that the process has computed: how long it takes on an idle machine."""
    [worker] = pool._all
    spent = psutil.Process(worker.process.pid).cpu_times()
    return spent.user + spent.system


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is looked up in /proc")
async def test_bombs_are_refused_in_time_and_memory_and_the_process_goes_on(pool: Pool) -> None:
    before = await pool.read(saved(square(CONTENTS[0])))
    assert before.marks == (CONTENTS[0],)
    [worker] = pool._all
    for name, (data, trouble) in NASTY.items():
        began = worked(pool)
        heard = await pool.read(data)
        assert trouble is None or heard.trouble is trouble, name
        assert pool.lost == 0 and worked(pool) - began < 2, name
    assert most_memory(pool) < 200
    after = await pool.read(saved(square(CONTENTS[1])))
    assert after.marks == (CONTENTS[1],) and pool._all == {worker} and pool.lost == 0


HANGS = "import sys,time; print('{\"ready\": true}', flush=True); sys.stdin.buffer.read(9); {}"


@pytest.mark.parametrize(
    "does", ["time.sleep(60)", "sys.exit(1)", "print('[1, 2', flush=True)", "print('[]', flush=True)"]
)
async def test_a_process_that_hangs_dies_or_babbles_is_ended_and_replaced(does: str) -> None:
    pool = Pool(None, size=1, command=(sys.executable, "-c", HANGS.replace("{}", does)), open_seconds=0.5)
    first = await pool.read(b"\x89PNG picture")
    assert first.trouble is PictureTrouble.TOO_SLOW and pool.lost == 1 and not pool._all
    pool.command = (sys.executable, "-m", "bot.vision.worker")
    pool.open_seconds = 5
    second = await pool.read(saved(square(CONTENTS[0])))
    assert second.marks == (CONTENTS[0],)
    await pool.close()
    assert not pool._all


async def test_a_process_that_lies_cannot_say_more_than_a_picture_may() -> None:
    lies = '{"look": "<b>", "marks": [1, {"a": 2}], "sure": "high", "text": 7, "more": false, "trouble": ""}'
    said = f"import sys; print('{{\"ready\": true}}', flush=True); sys.stdin.buffer.read(9); print('{lies}', flush=True); sys.stdin.read()"
    pool = Pool(None, size=1, command=(sys.executable, "-c", said))
    heard = await pool.read(b"\x89PNG picture")
    assert heard == Picture(text="7", marks=("1", "{'a': 2}"), trouble=PictureTrouble.NO_MODELS)
    await pool.close()


async def test_words_that_take_too_long_still_leave_the_codes(tesseract: Path) -> None:
    pool = Pool(tesseract, size=1, words_seconds=0.001)
    shot = made("poster", "สแกนเพื่อรับเงินคืนภาษีภายในวันนี้")
    shot.paste(square(CONTENTS[0]).convert("RGB"), (300, 700))
    heard = await pool.read(saved(shot))
    assert heard.marks == (CONTENTS[0],) and heard.trouble is PictureTrouble.TOO_SLOW and heard.look
    await pool.close()


async def test_without_models_codes_are_read_and_words_are_not() -> None:
    pool = Pool(None, size=1)
    heard = await pool.read(saved(square(CONTENTS[0])))
    assert heard.marks == (CONTENTS[0],) and heard.trouble is PictureTrouble.NO_MODELS and heard.text == ""
    await pool.close()


async def test_too_long_a_queue_is_said_instead_of_waited_for() -> None:
    pool = Pool(None, size=1, command=(sys.executable, "-c", HANGS.replace("{}", "time.sleep(60)")), open_seconds=1.0)
    waiting = [asyncio.create_task(pool.read(b"\x89PNG picture")) for _ in range(6)]
    await asyncio.sleep(0.05)
    assert (await pool.read(b"\x89PNG picture")).trouble is PictureTrouble.BUSY
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await pool.close()
    assert not pool._all, "what was given up is ended, too"


def told_to(process: int) -> bytes:
    """The environment that a process was given."""
    return Path(f"/proc/{process}/environ").read_bytes()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the environment is looked up in /proc")
async def test_the_process_knows_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINE_CHANNEL_ACCESS_TOKEN", "very secret indeed")
    pool = Pool(None, size=1)
    await pool.read(saved(RED))
    [worker] = pool._all
    assert b"very secret" not in told_to(worker.process.pid)
    await pool.close()


# --- how well ------------------------------------------------------------------------------------------------------------------
def tight(text: str) -> str:
    return "".join(text.split())


@pytest.mark.slow
def test_six_pictures_of_every_look_are_read_as_they_were_written(tesseract: Path, knowledge: Knowledge) -> None:
    """A sample of the run in tests/benchmarks/vision.py, which has 300."""
    reader = Reader(tesseract)
    wrong, letters, same = 0, 0, 0
    for number in range(12, 18):
        _, bubbles, data = pictured(number)
        true = "\n".join(bubbles)
        read = reader.words(opened(data)).text
        wrong += Levenshtein.distance(tight(read), tight(true))
        letters += len(tight(true))
        same += judge(read, knowledge).level is judge(true, knowledge).level
    assert wrong / letters < 0.08, wrong / letters
    assert same >= 5


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_verdict_on_three_hundred_pictures_is_that_on_their_words(tesseract: Path, knowledge: Knowledge) -> None:
    reader, same, seconds = Reader(tesseract), 0, []
    for number in range(300):
        _, bubbles, data = pictured(number)
        began = time.process_time()
        read = reader.words(opened(data)).text
        seconds.append(time.process_time() - began)
        same += judge(read, knowledge).level is judge("\n".join(bubbles), knowledge).level
    assert same >= 0.95 * 300
    assert sorted(seconds)[285] <= 4
