"""From the bulletin to the street: what is printed, shown and read aloud, measured as it was drawn."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader
from street_cast import figures, told

from bot.street import chart, handout, picture, poster, script, thai_lines
from bot.street.materials import NAMES, Materials, made, order
from content.models import Language
from handlers.wording import Voice

LANGUAGES = tuple(Language)
# Names as long as any that there is, and a month with nothing to count.
LONG = tuple(
    (name, 90_000 - n, 8) for n, name in enumerate(("overseas_job_trafficking", "authority_call", "qr", "loan"))
)
NOTHING: tuple[tuple[str, int, int | None], ...] = ()
A4 = (595.28, 841.89)


def opened(png: bytes):
    from PIL import Image

    return Image.open(io.BytesIO(png)).convert("RGB")


def edge_is_clean(image, margin: int = 3) -> bool:
    """Whether the outermost dots on the left and right hold no letters: each row's edge is of one colour with its neighbours."""
    wide, high = image.size
    for x in (*range(margin), *range(wide - margin, wide)):
        column = [image.getpixel((x, y)) for y in range(high)]
        if len(set(column)) > 4:
            return False
    return True


@pytest.mark.parametrize("types", [None, LONG, NOTHING], ids=["usual", "large", "empty"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_holds_every_number_within_its_edges(knowledge, language, types):
    facts = told(knowledge, language, None if types is None else figures(types))
    image = opened(chart.chart(facts))
    assert image.width == 1200
    assert edge_is_clean(image)
    assert len(image.getcolors(1_000_000)) > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_poster_is_one_page_with_its_fonts_inside(knowledge, language):
    facts = told(knowledge, language)
    pdf = PdfReader(io.BytesIO(poster.poster(facts)))
    assert len(pdf.pages) == 1
    assert tuple(round(float(side), 1) for side in pdf.pages[0].mediabox[2:]) == tuple(round(side, 1) for side in A4)
    assert embedded(pdf) and all("Sarabun" in name for name in embedded(pdf))
    said = pdf.pages[0].extract_text()
    assert "1441" in said


def embedded(pdf: PdfReader) -> list[str]:
    """The names of the fonts of every page; fails where one is not embedded."""
    names = []
    for page in pdf.pages:
        for each in page["/Resources"]["/Font"].values():
            inner = each.get_object()
            descendant = inner["/DescendantFonts"][0].get_object() if "/DescendantFonts" in inner else inner
            assert "/FontFile2" in descendant["/FontDescriptor"].get_object(), inner["/BaseFont"]
            names.append(str(inner["/BaseFont"]))
    return names


@pytest.mark.parametrize("types", [None, LONG, NOTHING], ids=["usual", "large", "empty"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.slow
def test_the_handout_is_two_pages(knowledge, language, types):
    facts = told(knowledge, language, None if types is None else figures(types))
    drawn = chart.chart(facts) if facts.rows else b""
    pdf = PdfReader(io.BytesIO(handout.handout(facts, drawn)))
    assert len(pdf.pages) == 2
    assert embedded(pdf)
    assert "1441" in pdf.pages[1].extract_text()


@pytest.mark.parametrize("hashtag", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_is_a_square_with_nothing_cut(knowledge, language, hashtag):
    image = opened(picture.picture(told(knowledge, language), hashtag=hashtag))
    assert image.size == (1040, 1040)
    assert edge_is_clean(image)


def test_the_hashtag_is_a_choice(knowledge):
    facts = told(knowledge, Language.THAI)
    assert picture.picture(facts, hashtag=True) != picture.picture(facts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_loudspeaker_says_what_to_do_within_a_minute(knowledge, language):
    facts, voice = told(knowledge, language), Voice(knowledge, language)
    said = script.loudspeaker(facts, voice.say("street_loudspeaker_open"), voice.say("street_loudspeaker_close"))
    assert 35 <= said.seconds <= 60
    assert "1 4 4 1" in said.text()
    assert facts.warnings[0].title.split("(")[0].strip()[:10] in said.text()
    assert "(" not in said.text() and "http" not in said.text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_radio_has_half_of_that(knowledge, language):
    facts, voice = told(knowledge, language), Voice(knowledge, language)
    said = script.radio(facts, voice.say("street_radio_open"), voice.say("street_radio_close"))
    assert 10 <= said.seconds <= 30


# --- lines -----------------------------------------------------------------------------------------------------------
def test_thai_is_broken_between_words_and_loses_nothing():
    text = "อย่าโอนเงินให้ใครที่อ้างว่าเป็นเจ้าหน้าที่ตำรวจ โทร 1441 ทันที แม้เขาจะขู่ก็ตาม"
    lines = thai_lines.wrapped(text, 20, len)
    assert all(len(each) <= 20 for each in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert not any(each.startswith(("์", "่", "้", "ๆ", "ะ", "า")) for each in lines)
    assert all(not each.endswith("เ") for each in lines)


def test_an_address_and_a_number_stay_whole():
    lines = thai_lines.wrapped("ดูที่ thaipoliceonline.go.th หรือโทร 02-000-1234 ได้เลย", 22, len)
    assert any("thaipoliceonline.go.th" in each for each in lines)
    assert any("02-000-1234" in each for each in lines)


def test_a_word_wider_than_the_line_is_cut_before_a_letter_not_before_its_mark():
    lines = thai_lines.wrapped("ฎีกากตัญญูที่ปั๊มน้ำ" * 3, 3, len)
    assert lines and all(each for each in lines)
    assert not any("\u0e31" <= each[0] <= "\u0e4e" and each[0] not in "เแโใไ" for each in lines if each[0] != "\u0e32")


# --- drawn elsewhere -------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_materials_are_drawn_in_another_process_and_kept(knowledge):
    from street_cast import PAGE, bulletin

    materials = Materials()
    try:
        wanted = order("picture.png", bulletin(knowledge), Language.THAI, knowledge, PAGE)
        first = await materials.get(wanted)
        assert first.startswith(b"\x89PNG")
        assert await materials.get(wanted) is first
    finally:
        materials.close()


def test_a_table_of_figures_is_harmless_and_says_nothing_that_is_suppressed(knowledge):
    from street_cast import PAGE, bulletin

    table = made(order("figures.csv", bulletin(knowledge), Language.ENGLISH, knowledge, PAGE)).decode("utf-8-sig")
    rows = [line.split(",") for line in table.splitlines()]
    assert rows[1][1:] == ["412", "380"]
    assert rows[4][1:] == ["133", ""]


def test_a_name_that_there_is_not_is_refused(knowledge):
    from street_cast import PAGE, bulletin

    with pytest.raises(ValueError, match="no such material"):
        order("../secret", bulletin(knowledge), Language.THAI, knowledge, PAGE)
    assert set(NAMES) >= {"poster.pdf", "handout.pdf"}
