"""Test pictures with QR and barcodes in them: payments, slips, links, turned, small, damaged, inverted, two in one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFilter

from handlers.codes import check_sum


def _field(name: str, value: str) -> str:
    return f"{name}{len(value):02}{value}"


def promptpay(payee: str, *, amount: str = "", merchant: str = "", kind: str = "01", spoilt: bool = False) -> str:
    """A PromptPay payment as banks' apps make it; `kind` 01 phone, 02 national id, 03 wallet."""
    number = "0066" + payee[1:] if kind == "01" else payee
    text = _field("00", "01") + _field("01", "12" if amount else "11")
    text += _field("29", _field("00", "A000000677010111") + _field(kind, number))
    text += _field("53", "764") + (_field("54", amount) if amount else "") + _field("58", "TH")
    text += _field("59", merchant) if merchant else ""
    text += "6304"
    return text + ("0000" if spoilt else check_sum(text))


def bill_payment(biller: str, reference: str, amount: str = "") -> str:
    text = _field("00", "01") + _field("01", "12")
    text += _field("30", _field("00", "A000000677010112") + _field("01", biller) + _field("02", reference))
    text += _field("53", "764") + (_field("54", amount) if amount else "") + _field("58", "TH") + "6304"
    return text + check_sum(text)


def slip(bank: str = "014", reference: str = "2026112200001234567890") -> str:
    """The small QR on a transfer slip."""
    text = (
        _field("00", _field("00", "000001") + _field("01", bank) + _field("02", reference))
        + _field("51", "TH")
        + "9104"
    )
    return text + check_sum(text)


def square(content: str, scale: int = 8, border: int = 4, error: str = "m") -> Image.Image:
    kept = BytesIO()
    segno.make(content, error=error, micro=False).save(kept, kind="png", scale=scale, border=border)
    kept.seek(0)
    return Image.open(kept).convert("L")


CONTENTS = (
    "https://parcel-fee.example/pay?id=99887",
    "https://line.me/R/ti/p/@jobthai88",
    "https://lin.ee/AbCdEf1",
    promptpay("0810001234", amount="1500.00"),
    promptpay("1100000000000", kind="02", amount="20"),
    promptpay("0890004321", merchant="SOMMUT SHOP"),
    bill_payment("010753600010286", "REF0001", "350.50"),
    slip(),
    "WIFI:T:WPA;S:Cafe Sommut;P:12345678;;",
    "BEGIN:VCARD\nVERSION:3.0\nN:Jaikla;Sommut\nFN:Sommut Jaikla\nTEL:0810001234\nEND:VCARD",
    "tel:0810001234",
    "https://kbank-secure.example/login",
    "otpauth://totp/Sommut:me?secret=JBSWY3DPEHPK3PXP&issuer=Sommut",
    "ข้อความภาษาไทยในคิวอาร์โค้ด",
)
WAYS = ("plain", "turned", "small", "damaged", "inverted", "two", "jpeg", "blurred", "logo", "poster")


@dataclass(frozen=True)
class Shown:
    """A picture and what its codes hold."""

    way: str
    contents: tuple[str, ...]
    data: bytes


def shown(number: int) -> Shown:
    """The run's picture of this number: the same at every call."""
    dice = random.Random(number * 15485863 + 3)
    way, content = WAYS[number % len(WAYS)], CONTENTS[(number // len(WAYS)) % len(CONTENTS)]
    other = CONTENTS[(number // len(WAYS) + 5) % len(CONTENTS)]
    page = Image.new("L", (1080, 1350), dice.choice((255, 240, 225)))
    code, quality, contents = square(content, dice.choice((6, 8, 10))), 85, (content,)
    if way == "turned":
        code = code.rotate(dice.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    elif way == "small":
        # Three pixels a module: a screenshot of a poster on a phone.
        code = square(content, 3)
        page = page.resize((540, 675))
    elif way == "damaged":
        _scratched(code, dice)
    elif way == "inverted":
        code = Image.eval(code, lambda value: 255 - value)
        page = Image.new("L", page.size, dice.choice((0, 20, 40)))
    elif way == "two":
        second = square(other, 6)
        page = Image.new("L", (1080, 1900), 250)
        page.paste(second, (60, 1900 - second.height - 40))
        contents = (content, other)
    elif way == "jpeg":
        quality = dice.randrange(20, 40)
    elif way == "logo":
        code = square(content, 8, error="h")
        side = code.width // 6
        draw = ImageDraw.Draw(code)
        middle = code.width // 2
        draw.rectangle((middle - side // 2, middle - side // 2, middle + side // 2, middle + side // 2), fill=90)
    elif way == "poster":
        page = _textured(page, dice)
    where = (
        dice.randrange(20, max(21, page.width - code.width - 10)),
        dice.randrange(20, max(21, min(page.height, 1000) - code.height)),
    )
    page.paste(code, where)
    if way == "blurred":
        page = page.filter(ImageFilter.GaussianBlur(dice.uniform(0.8, 2.0)))
    kept = BytesIO()
    page.convert("RGB").save(kept, "JPEG", quality=quality)
    return Shown(way, contents, kept.getvalue())


def _scratched(code: Image.Image, dice: random.Random) -> None:
    """Lines and a stain: less than the code can mend."""
    draw = ImageDraw.Draw(code)
    for _ in range(3):
        ends = [(dice.randrange(code.width), dice.randrange(code.height)) for _ in range(2)]
        draw.line(ends, fill=dice.choice((60, 200)), width=2)
    side = code.width // 14
    left, top = (
        dice.randrange(code.width // 2, code.width - 4 * side),
        dice.randrange(code.height // 2, code.height - 4 * side),
    )
    draw.ellipse((left, top, left + side, top + side), fill=128)


def _textured(page: Image.Image, dice: random.Random) -> Image.Image:
    noise = np.random.default_rng(dice.randrange(10**6)).integers(120, 255, (17, 14)).astype(np.uint8)
    return Image.fromarray(noise).resize(page.size, Image.Resampling.BICUBIC)
