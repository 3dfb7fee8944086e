"""Test pictures that look like what people forward: an SMS, a LINE chat, a Facebook post, a bank's app, a poster.

    shot = made("line", "ข้อความ", font="Garuda", dark=True)      # a Pillow picture
    worn(shot, Wear(quality=40, scale=0.6, skew=2, blur=0.8))       # as it arrives after three forwards

Everything is drawn here; no picture of a real phone stands behind it. `python tests/picture_maker.py FOLDER` writes
one of each for the eye.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

TLWG = Path("/usr/share/fonts/truetype/tlwg")
FONTS = ("Garuda", "Loma", "Waree", "Sarabun", "Laksaman")
LOOKS = ("sms", "line", "facebook", "messenger", "bank", "poster")
Colour = tuple[int, int, int]


def fonts_there() -> bool:
    """Whether the five Thai fonts can be drawn with here."""
    return TLWG.is_dir() and all(_font_file(name).is_file() for name in FONTS)


def _font_file(name: str) -> Path:
    if name == "Sarabun":
        import fontpkg_sarabun

        return Path(fontpkg_sarabun.__file__).parent / "files" / "Sarabun-Regular.ttf"
    return TLWG / f"{name}.ttf"


@lru_cache(maxsize=64)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_font_file(name)), size, layout_engine=ImageFont.Layout.RAQM)


@lru_cache(maxsize=2048)
def _pieces(text: str) -> tuple[str, ...]:
    from pythainlp.tokenize import word_tokenize

    # A phone does not break an address where a new line has room for all of it.
    parts = re.split(r"(https?://[\w./-]+|@?[\w.-]+\.[\w./-]+|@\w+)", text)
    return tuple(
        piece
        for n, part in enumerate(parts)
        for piece in ([part] if n % 2 else word_tokenize(part, engine="newmm"))
        if piece
    )


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width`; Thai breaks between words, a long address anywhere."""
    lines: list[str] = [""]
    for piece in _pieces(text):
        while face.getlength(lines[-1] + piece) > width:
            if not lines[-1].strip():
                fits = next(n for n in range(len(piece), 0, -1) if face.getlength(piece[:n]) <= width or n == 1)
                lines[-1] = piece[:fits]
                piece = piece[fits:]
            lines.append("")
            if not piece:
                break
            piece = piece.lstrip() or ""
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]


class Screen:
    """A phone's screen that is drawn from the top downwards."""

    def __init__(self, width: int, height: int, ground: Colour, ink: Colour, face: str, size: int) -> None:
        self.picture = Image.new("RGB", (width, height), ground)
        self.draw = ImageDraw.Draw(self.picture)
        self.width, self.height, self.ink, self.face, self.size = width, height, ink, face, size
        self.top = 0

    def status_bar(self, ink: Colour, clock: str = "10:42") -> None:
        face = font(self.face, 30)
        self.draw.text((46, 16), clock, ink, face)
        self.draw.text((self.width - 250, 16), "5G  78%", ink, face)
        self.draw.rounded_rectangle((self.width - 100, 24, self.width - 46, 48), 6, outline=ink, width=3)
        self.draw.rectangle((self.width - 94, 30, self.width - 64, 42), fill=ink)
        self.top = 76

    def header(self, title: str, ground: Colour, ink: Colour) -> None:
        self.draw.rectangle((0, self.top, self.width, self.top + 110), fill=ground)
        self.draw.text((44, self.top + 34), "<", ink, font("Loma", 44))
        self.draw.text((120, self.top + 30), title, ink, font(self.face, 42))
        self.top += 130

    def middle(self, text: str, ink: Colour, size: int = 26) -> None:
        face = font(self.face, size)
        self.draw.text(((self.width - face.getlength(text)) / 2, self.top), text, ink, face)
        self.top += size * 2

    def bubble(self, text: str, fill: Colour, ink: Colour, *, mine: bool = False, clock: str = "", soft: Colour = (120,) * 3,
               indent: int = 40, share: float = 0.72, picture: bool = False) -> None:  # fmt: skip
        face = font(self.face, self.size)
        lines = wrapped(text, face, int(self.width * share) - 72)
        pitch = round(self.size * 1.55)
        wide = max(face.getlength(line) for line in lines) + 72
        tall = pitch * len(lines) + 40
        left = self.width - 40 - wide if mine else indent
        if picture and not mine:
            self.draw.ellipse((24, self.top, 24 + 76, self.top + 76), fill=(180, 160, 150))
        self.draw.rounded_rectangle((left, self.top, left + wide, self.top + tall), 34, fill=fill)
        for number, line in enumerate(lines):
            self.draw.text((left + 36, self.top + 18 + number * pitch), line, ink, face, language="th")
        if clock:
            small = font(self.face, 22)
            where = left - small.getlength(clock) - 14 if mine else left + wide + 14
            self.draw.text((where, self.top + tall - 34), clock, soft, small)
        self.top += round(tall) + 26

    def footer(self, hint: str, ground: Colour, ink: Colour, field: Colour) -> None:
        self.draw.rectangle((0, self.height - 130, self.width, self.height), fill=ground)
        self.draw.rounded_rectangle((120, self.height - 112, self.width - 120, self.height - 36), 38, fill=field)
        self.draw.text((156, self.height - 98), hint, ink, font(self.face, 32))

    def paragraph(self, text: str, ink: Colour, left: int, width: int, size: int) -> None:
        face = font(self.face, size)
        for line in wrapped(text, face, width):
            self.draw.text((left, self.top), line, ink, face, language="th")
            self.top += round(size * 1.55)


def sms(bubbles: Sequence[str], face: str, size: int, dark: bool, dice: random.Random) -> Image.Image:
    ground, ink, fill = (
        ((0, 0, 0), (240, 240, 240), (44, 44, 46)) if dark else ((255,) * 3, (20, 20, 20), (233, 233, 235))
    )
    screen = Screen(1080, 1920, ground, ink, face, size)
    screen.status_bar(ink)
    screen.header(dice.choice(("+66 80 000 1234", "ThaiPost", "SMS-INFO")), ground, ink)
    screen.middle(dice.choice(("ข้อความ SMS", "วันนี้ 10:38")), (140, 140, 145))
    for text in bubbles:
        screen.bubble(text, fill, ink)
    screen.footer("ข้อความ", ground, (140, 140, 145), (28, 28, 30) if dark else (245, 245, 245))
    return screen.picture


def line(bubbles: Sequence[str], face: str, size: int, dark: bool, dice: random.Random) -> Image.Image:
    ground = (17, 17, 17) if dark else dice.choice(((140, 171, 216), (127, 168, 200), (188, 208, 190)))
    ink, fill = ((235, 235, 235), (54, 54, 56)) if dark else ((17, 17, 17), (255, 255, 255))
    screen = Screen(1080, 1920, ground, ink, face, size)
    screen.status_bar(ink)
    screen.header(dice.choice(("เพื่อนใหม่", "ฝ่ายบริการ", "Somsri")), ground, ink)
    screen.middle("วันนี้", (235, 235, 235) if not dark else (150, 150, 150))
    screen.bubble(OWN_WORDS, (133, 226, 73), (17, 17, 17), mine=True, clock="10:30", soft=ink, share=0.6)
    for number, text in enumerate(bubbles):
        screen.bubble(text, fill, ink, clock=f"10:{31 + number}", soft=ink, indent=124, share=0.66, picture=number == 0)
    screen.footer("Aa", (255,) * 3 if not dark else (28,) * 3, (140, 140, 145), (240,) * 3 if not dark else (54,) * 3)
    return screen.picture


def facebook(bubbles: Sequence[str], face: str, size: int, dark: bool, dice: random.Random) -> Image.Image:
    ground, ink = ((36, 37, 38), (228, 230, 235)) if dark else ((255,) * 3, (5, 5, 5))
    screen = Screen(1080, 1920, ground, ink, face, size)
    screen.status_bar(ink)
    screen.draw.ellipse((36, screen.top + 20, 126, screen.top + 110), fill=(66, 103, 178))
    screen.draw.text((150, screen.top + 18), dice.choice(("เพจข่าวดีทุกวัน", "Happy Shop TH")), ink, font(face, 38))
    screen.draw.text(
        (150, screen.top + 70), dice.choice(("ได้รับการสนับสนุน", "2 ชม.", "Sponsored")), (130, 132, 136), font(face, 28)
    )
    screen.top += 150
    for text in bubbles:
        screen.paragraph(text, ink, 40, 1000, size)
        screen.top += 24
    _scenery(screen.picture, (0, screen.top + 10, 1080, min(screen.top + 560, 1700)), dice)
    screen.draw.text((60, 1760), "ถูกใจ", (130, 132, 136), font(face, 32))
    screen.draw.text((420, 1760), "แสดงความคิดเห็น", (130, 132, 136), font(face, 32))
    screen.draw.text((860, 1760), "แชร์", (130, 132, 136), font(face, 32))
    return screen.picture


def messenger(bubbles: Sequence[str], face: str, size: int, dark: bool, dice: random.Random) -> Image.Image:
    ground, ink = ((0, 0, 0), (228, 230, 235)) if dark else ((255,) * 3, (5, 5, 5))
    fill = dice.choice(((0, 132, 255), (134, 60, 220), (214, 64, 120)))
    screen = Screen(1080, 1920, ground, ink, face, size)
    screen.status_bar(ink)
    screen.header("Nid Noi", ground, ink)
    for text in bubbles:
        screen.bubble(text, fill, (255,) * 3, mine=True)
    screen.footer("Aa", ground, (140, 140, 145), (58, 59, 60) if dark else (240,) * 3)
    return screen.picture


def bank(bubbles: Sequence[str], face: str, size: int, dark: bool, dice: random.Random) -> Image.Image:
    top, low = dice.choice((((0, 110, 80), (0, 60, 70)), ((70, 40, 130), (30, 20, 80)), ((10, 60, 150), (0, 130, 190))))
    picture = _gradient(1080, 1920, top, low)
    screen = Screen(1080, 1920, top, (255,) * 3, face, size)
    screen.picture, screen.draw = picture, ImageDraw.Draw(picture)
    screen.status_bar((255,) * 3)
    screen.draw.text((60, 110), dice.choice(("ธนาคารสมมติ", "Sommut Bank")), (255,) * 3, font(face, 46))
    screen.draw.text((60, 190), "การแจ้งเตือน", (235,) * 3, font(face, 32))
    card, ink = ((32, 34, 40), (240,) * 3) if dark else ((255,) * 3, (30, 30, 40))
    lines = sum(len(wrapped(text, font(face, size), 880)) for text in bubbles)
    screen.draw.rounded_rectangle((50, 270, 1030, 330 + round(lines * size * 1.55) + 40 * len(bubbles)), 28, fill=card)
    screen.top = 310
    for text in bubbles:
        screen.paragraph(text, ink, 100, 880, size)
        screen.top += 24
    return picture


def poster(bubbles: Sequence[str], face: str, size: int, dark: bool, dice: random.Random) -> Image.Image:
    top, low, ink = (
        ((20, 20, 60), (90, 10, 60), (255, 240, 200)) if dark else ((255, 244, 200), (255, 214, 160), (120, 10, 20))
    )
    picture = _gradient(1080, 1350, top, low)
    screen = Screen(1080, 1350, top, ink, face, size + 8)
    screen.picture, screen.draw = picture, ImageDraw.Draw(picture)
    screen.top = 120
    for text in bubbles:
        screen.paragraph(text, ink, 90, 900, size + 8)
        screen.top += 40
    screen.draw.rectangle((30, 30, 1050, 1320), outline=ink, width=6)
    return picture


def _gradient(width: int, height: int, top: Colour, low: Colour) -> Image.Image:
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), low)
    return strip.resize((width, height), Image.Resampling.BILINEAR)


def _scenery(picture: Image.Image, box: tuple[int, int, int, int], dice: random.Random) -> None:
    """Something like a photo: soft blots of colour."""
    if box[3] - box[1] < 80:
        return
    small = Image.new("RGB", (12, 8))
    small.putdata([tuple(dice.randrange(40, 230) for _ in range(3)) for _ in range(96)])
    picture.paste(small.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BICUBIC), box[:2])


# What the phone's owner says in the LINE look: part of the conversation, so part of what is to be read.
OWN_WORDS = "สวัสดีค่ะ"
Look = Callable[[Sequence[str], str, int, bool, random.Random], Image.Image]
DRAWN: dict[str, Look] = {
    "sms": sms, "line": line, "facebook": facebook, "messenger": messenger, "bank": bank, "poster": poster,
}  # fmt: skip


def made(
    look: str, *bubbles: str, face: str = "Loma", size: int = 40, dark: bool = False, number: int = 0
) -> Image.Image:
    """A picture of these bubbles in that look; `number` varies names and colours."""
    return DRAWN[look](bubbles, face, size, dark, random.Random(number))


@dataclass(frozen=True)
class Wear:
    """What a picture went through: cut off at the edges, scaled, photographed from a screen, saved as JPEG."""

    quality: int = 85
    scale: float = 1.0
    crop: float = 0.0  # share of the height cut off, at the top and at the bottom
    skew: float = 0.0  # degrees
    blur: float = 0.0  # radius in pixels
    moire: bool = False  # a photo of a screen: uneven light, fine stripes, noise


def worn(picture: Image.Image, wear: Wear, number: int = 0) -> bytes:
    """The picture as JPEG after all of that."""
    if wear.crop:
        cut = round(picture.height * wear.crop)
        picture = picture.crop((0, cut, picture.width, picture.height - cut))
    if wear.scale != 1.0:
        size = round(picture.width * wear.scale), round(picture.height * wear.scale)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    if wear.skew:
        picture = picture.rotate(wear.skew, Image.Resampling.BICUBIC, expand=True, fillcolor=(60, 55, 50))
    if wear.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(wear.blur))
    if wear.moire:
        picture = _photographed(picture, random.Random(number))
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=wear.quality)
    return kept.getvalue()


def _photographed(picture: Image.Image, dice: random.Random) -> Image.Image:
    import numpy as np

    pixels = np.asarray(picture, dtype=np.float32)
    tall, wide = pixels.shape[:2]
    down, across = np.mgrid[0:tall, 0:wide].astype(np.float32)
    light = 0.8 + 0.25 * np.cos((across / wide - dice.random()) * 2) * np.cos((down / tall - dice.random()) * 2)
    stripes = 1 + 0.02 * np.sin(down * 2.1 + across * 0.3)
    noise = np.random.default_rng(dice.randrange(10**6)).normal(0, 4, pixels.shape)
    return Image.fromarray(np.clip(pixels * (light * stripes)[..., None] + noise, 0, 255).astype(np.uint8))


@dataclass(frozen=True)
class Planned:
    """One picture of the measured run."""

    number: int
    look: str
    face: str
    size: int
    dark: bool
    wear: Wear
    kind: str


def planned(number: int) -> Planned:
    """The plan of the run's picture of this number: looks, fonts and wear in turn, the same at every call."""
    dice = random.Random(number * 104729 + 5)
    look = LOOKS[number % len(LOOKS)]
    face = FONTS[(number // len(LOOKS)) % len(FONTS)]
    kind = dice.choice(("plain", "jpeg", "small", "cropped", "photo"))
    wear = {
        "plain": Wear(quality=90),
        "jpeg": Wear(quality=dice.randrange(40, 70)),
        "small": Wear(quality=dice.randrange(60, 90), scale=dice.choice((0.5, 0.6, 0.7))),
        "cropped": Wear(quality=dice.randrange(60, 90), crop=0.04 if look == "poster" else 0.045),
        "photo": Wear(quality=80, scale=0.9, skew=dice.uniform(-3, 3), blur=dice.uniform(0.4, 1.0), moire=True),
    }[kind]
    return Planned(number, look, face, dice.choice((32, 36, 40, 44, 52)), dice.random() < 0.4, wear, kind)


def pictured(number: int) -> tuple[Planned, tuple[str, ...], bytes]:
    """The run's picture of this number: its plan, the bubbles that are to be read, the file."""
    from picture_texts import invented

    plan, message = planned(number), invented(number)
    shot = made(plan.look, *message.bubbles, face=plan.face, size=plan.size, dark=plan.dark, number=number)
    shown = (OWN_WORDS, *message.bubbles) if plan.look == "line" else message.bubbles
    return plan, shown, worn(shot, plan.wear, number)


def main(folder: str) -> None:
    for number in range(12):
        plan, _, data = pictured(number)
        (Path(folder) / f"{number:03}-{plan.look}-{plan.face}-{plan.kind}.jpg").write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
