"""The words a person can type, the words we must never miss, and what is covered before a text is kept."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.th import pin

from content.loading import Knowledge
from content.words import Words
from handlers.errors import NotMasked
from handlers.languages import script
from handlers.masking import masked

# As the contract has them; the words of content must at least hold these.
COMMANDS = {
    "menu": ["เมนู", "ช่วยเหลือ", "menu", "help", "/start", "/help"],
    "report": ["รายงาน", "report", "/report"],
    "cancel": ["ยกเลิก", "cancel", "/cancel"],
    "paid": ["โอนเงินไปแล้ว", "ฉุกเฉิน", "i paid", "emergency", "/paid"],
    "status": ["สถานะ", "status", "/status"],
    "subscribe": ["ติดตาม", "subscribe", "/subscribe"],
    "unsubscribe": ["เลิกติดตาม", "unsubscribe", "/unsubscribe"],
    "language": ["ภาษา", "language", "/language"],
    "forget": ["ลบข้อมูล", "forget me", "/forget"],
    "privacy": ["ความเป็นส่วนตัว", "privacy", "/privacy"],
    "agree": ["ยินยอม", "i agree"],
    "erase": ["ยืนยันลบ", "yes, erase"],
}
EVERY = [(name, word) for name, words in COMMANDS.items() for word in words]
PLAIN = [(name, word) for name, word in EVERY if not word.startswith("/")]


@pytest.fixture(scope="module")
def words(knowledge: Knowledge) -> Words:
    return knowledge.words


@pytest.mark.parametrize(("name", "word"), EVERY)
@pytest.mark.parametrize("case", [str, str.upper, str.title, str.swapcase])
def test_a_command_counts_in_any_case(words: Words, name: str, word: str, case: Callable[[str], str]) -> None:
    assert words.command(case(word))[0] == name
    assert words.command(f"  {case(word)} \n")[0] == name


@pytest.mark.parametrize(("name", "word"), PLAIN)
def test_a_command_counts_with_particles_and_marks_behind_it(words: Words, name: str, word: str) -> None:
    particles = (
        [" ค่ะ", "ครับ", "นะคะ", " จ้า", "ค่ะ 🙏", "ครับ!!", "เลยค่ะ"] if word > "z" else [" please", "!", "...", " pls."]
    )
    for tail in (*particles, "?", "\u200b", "."):
        assert words.command(word + tail)[0] == name, word + tail


def test_a_slash_command_may_name_the_bot_and_carry_words(words: Words) -> None:
    assert words.command("/check@rutan_bot กดลิงก์รับเงิน") == ("check", "กดลิงก์รับเงิน")
    assert words.command("/HELP@Rutan_Bot") == ("menu", "")
    assert words.command("/nothing") == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "รายงานให้แม่ดูหน่อยว่าเว็บนี้จริงไหม", "i paid the seller 500 baht", "ยกเลิกพัสดุต้องกดลิงก์นี้ไหม", "help me check this link",
        "ภาษาอังกฤษ", "ติดตามพัสดุที่นี่", "สถานะพัสดุ: ค้างชำระ", "subscribe to my channel", "", "ค่ะ", "menus", "/ ", "ไม่ยกเลิก",
    ],
)  # fmt: skip
def test_a_word_inside_a_message_is_a_question_and_no_command(words: Words, text: str) -> None:
    assert words.command(text)[0] == ""


def test_no_word_means_two_things(knowledge: Knowledge, words: Words) -> None:
    for name, word in EVERY:
        assert words.small_talk(word) == "", (name, word)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("สวัสดีค่ะ", "hello"), ("หวัดดีครับบ", ""), ("สวัสดีครับผม", ""), ("Hello!!", "hello"), ("hi there 😊", "hello"), ("ดีจ้า", "hello"),
        ("ขอบคุณมากๆ นะคะ", "thanks"), ("THANK YOU", "thanks"), ("โอเคค่ะ", "thanks"), ("ok.", "thanks"), ("bye bye", "goodbye"),
        ("บาย", "goodbye"), ("นี่ใครคะ", "who"), ("Who are you?", "who"), ("ใช้ยังไงครับ", "who"),
        ("สวัสดีค่ะ คุณได้รับรางวัล", ""), ("hello dear, i have money for you", ""), ("ขอบคุณที่สั่งซื้อ กดลิงก์", ""), ("โอเคโอนเลย", ""), ("", ""),
    ],
)  # fmt: skip
def test_small_talk_is_a_whole_message(words: Words, text: str, kind: str) -> None:
    assert words.small_talk(text) == kind


# --- crisis -----------------------------------------------------------------------------------------------------------
CRIES = [
    "อยากตาย", "หนูไม่อยากอยู่แล้ว", "เงินหมดแล้ว จะฆ่าตัวตาย", "ไม่ไหวแล้ว คิดสั้นไปแล้ว", "โดนโกงหมดตัว ไม่อยากมีชีวิตอยู่แล้ว",
    "ขอตายดีกว่า", "อยากหายไปจากโลกนี้", "อยู่ไปก็ไม่มีประโยชน์", "อ ย า ก ต า ย", "อยาก\u200bตาย", "ผมอยากจบชีวิต", "คืนนี้จะผูกคอ",
    "กินยาตายดีไหม", "อยากตายๆ ไปเลย", "ไม่อยากตื่นมาอีกแล้ว", "อยากโดดตึก", "จะโดดสะพาน", "อยากฆ่าตัวเอง", "ไม่รู้จะอยู่ต่อไปทำไม",
    "ไม่มีเหตุผลที่จะอยู่ต่อ", "มันไม่หยุดขู่ หนูไม่อยากอยู่แล้ว", "แม่โดนหลอกหมดตัว แม่บอกจะฆ่าตัวตาย ทำไงดี", "ขำจนอยากตาย แต่จริง ๆ อยากตายจริง ๆ",
    "i want to die", "I WANT TO DIE!!", "i wanna kill myself", "I can't go on like this", "I don't want to live anymore",
    "i dont want to be here anymore", "thinking about ending it all", "they would be better off without me", "im gonna kms",
    "I don’t see a reason to live", "I lost all my savings and want\nto die", "kill my self", "I just want to end it",
]  # fmt: skip
NO_CRIES = [
    "หิวจะตาย", "ขำจนตาย", "ขำจนอยากตาย", "ร้อนจะตาย", "ตายแล้ว ลืมกุญแจ", "เหนื่อยจะตาย", "น่ารักอยากตาย", "อยากตายแทนพระเอก หล่อมาก",
    "ข่าว: ชายวัย 40 ฆ่าตัวตายหลังถูกหลอกลงทุน", "ตำรวจเผยหญิงสาวโดนแก๊งคอลเซ็นเตอร์หลอกจนคิดสั้น", "พบศพชายผูกคอตายในบ้าน คาดเครียดหนี้",
    "สาวจบชีวิตตัวเองหลังโดนหลอก ตำรวจเร่งสอบ", "เขาขู่ว่าจะฆ่าฉัน", "แฟนเก่าขู่ว่าจะฆ่าตัวตายถ้าไม่ส่งเงิน", "คิดสั้น ๆ ว่าควรซื้อไหม",
    "กรีดแขนเสื้อ", "ไม่อยากอยู่ต่อในกลุ่มนี้", "กินยาตามหมอสั่ง", "โทรศัพท์ตาย", "ผมไม่อยากตายโดยไม่ได้เห็นหน้าคุณ", "ขอตายายไปด้วย",
    "suicide squad tickets for sale", "This cake is to die for", "dying of laughter", "my phone died", "He threatened to kill me",
    "Police: man takes his own life after investment scam", "I want to diet", "how do I upskill myself", "I hurt myself at the gym",
    "I want to end my life insurance policy", "kms activation for windows", "I can't go on the website",
]  # fmt: skip


@pytest.mark.parametrize("text", CRIES)
def test_a_cry_for_help_is_heard(words: Words, text: str) -> None:
    assert words.crisis_in(text)


@pytest.mark.parametrize("text", NO_CRIES)
def test_everyday_exaggeration_news_and_threats_are_no_cry(words: Words, text: str) -> None:
    assert not words.crisis_in(text)


@pytest.mark.parametrize("text", CRIES)
def test_a_cry_is_heard_inside_a_long_story(words: Words, text: str) -> None:
    assert words.crisis_in("เขาบอกให้โอนเงินก่อน แล้วบล็อกหนูไปเลย " * 20 + text + " they took everything " * 20)


# --- nothing that arrives breaks them ----------------------------------------------------------------------------------
ODD = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="กขคงตายอยาก ๆะาิีุูเแโไั่้๊๋์ํ/\u200b\u200d\u202e0๑๙@.:?#-+", max_size=200),
    st.text(alphabet=st.characters(categories=("Cs", "Cf", "Mn", "Nd", "Co")), max_size=100),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ODD)
def test_no_text_breaks_the_words(words: Words, text: str) -> None:
    assert isinstance(words.command(text)[0], str)
    assert isinstance(words.small_talk(text), str)
    assert isinstance(words.crisis_in(text), bool)
    script(text)


@settings(deadline=None)
@given(text=ODD)
def test_masking_gives_text_or_says_that_it_could_not(text: str) -> None:
    try:
        assert isinstance(masked(text), str)
    except NotMasked as trouble:
        assert text not in str(trouble) or not text


@settings(deadline=None)
@given(text=ODD)
def test_what_is_masked_may_be_masked_again(text: str) -> None:
    try:
        once = masked(text)
    except NotMasked:
        return
    assert isinstance(masked(once), str)


@pytest.mark.parametrize("piece", ["1", "1 ", "a@", "นาย ", "๐-", "?x", "Mr. A", "(", "\u200b1"])
def test_long_texts_are_masked_in_good_time(piece: str) -> None:
    began = time.process_time()
    with suppress(NotMasked):
        masked(piece * (50_000 // len(piece)))
    assert time.process_time() - began < 2


# --- masking: planted and looked for -----------------------------------------------------------------------------------
FIRST = ["สมหญิง", "ประเสริฐ", "มะลิวัลย์", "ณัฐกฤตา", "วิโรจน์", "กัญญารัตน์"]
LAST = ["ใจดีงาม", "ทองสุขศรี", "แสนสบายดี", "รุ่งเรืองทรัพย์"]
ENGLISH_NAMES = ["Somchai Jaidee", "Malee Thongsuk", "Peter O'Brien", "Nattakrit Saensabai"]
TITLES = ["นาย", "นางสาว", "นาง", "น.ส.", "ชื่อ ", "คุณ", "ชื่อจริง "]
ENGLISH_TITLES = ["my name is ", "Mr. ", "Ms. ", "Name: ", "MRS. "]
BEFORE = [
    "",
    "โอนมาที่ ",
    "(",
    "บัตรเลขที่",
    "โทร.",
    "no:",
    "ติดต่อ ",
    "ID ",
    "🔥",
    "เลข=",
    "[",
    "“",
    "id:",
    "ปชช",
    "x\n",
    "\u200b",
]
AFTER = ["", " ด่วน", ")", "ค่ะ", " now", "!", "\n", " ขอบคุณ", "😊", "]", "”", ",ภายในวันนี้", ".", "\u200b"]
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
WIDE_DIGITS = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}


def thai_id(chance: random.Random) -> str:
    twelve = str(chance.randrange(1, 9)) + "".join(str(chance.randrange(10)) for _ in range(11))
    whole = twelve + pin.calc_check_digit(twelve)
    return whole if pin.is_valid(whole) else thai_id(chance)


def card(chance: random.Random) -> str:
    digits = "".join(str(chance.randrange(10)) for _ in range(14))
    fifteen = (chance.choice(("4", "51", "53", "35")) + digits)[:15]
    return fifteen + luhn.calc_check_digit(fifteen)


def phone(chance: random.Random) -> str:
    return chance.choice(("081000", "062000", "+6681000")) + f"{chance.randrange(10_000):04d}"


def mail(chance: random.Random) -> str:
    return chance.choice(("som.chai", "malee_t", "a.b+c", "n4t")) + str(chance.randrange(999)) + "@mail.example"


def apart(number: str, chance: random.Random) -> str:
    """The digits as people write them: in one piece, in groups, with Thai digits, with invisible letters between."""
    how = chance.randrange(8)
    if how == 0:
        return number
    if how == 1:
        return number.translate(THAI_DIGITS)
    if how == 2:
        return number.translate(WIDE_DIGITS)
    if how == 3:
        return "\u200b".join(number)
    if how == 4:
        return " ".join(number)
    mark = chance.choice(("-", " ", ".", " - ", "–"))
    return mark.join(number[at : at + 4] for at in range(0, len(number), 4))


def planted(chance: random.Random) -> tuple[str, list[str]]:
    """A message, and what must not be left in it: digit strings and words."""
    secrets, parts = [], []
    for _ in range(chance.randrange(1, 4)):
        kind = chance.choice(("id", "card", "phone", "mail", "name", "name_en"))
        if kind in ("id", "card", "phone"):
            number = {"id": thai_id, "card": card, "phone": phone}[kind](chance)
            secrets.append(re.sub(r"\D", "", number))
            shown = apart(number, chance)
        elif kind == "mail":
            shown = mail(chance)
            secrets.append(shown)
        elif kind == "name":
            first, last = chance.choice(FIRST), chance.choice(LAST)
            shown = chance.choice(TITLES) + chance.choice(("", " ")) + first + " " + last
            secrets += [first, last]
        else:
            name = chance.choice(ENGLISH_NAMES)
            shown = chance.choice(ENGLISH_TITLES) + name
            secrets += name.split()
        # A name ends where its letters end: what follows it stands apart.
        after = chance.choice(
            [each for each in AFTER if not kind.startswith("name") or not re.match(r"[\u0e00-\u0e7f]", each)]
        )
        parts.append(chance.choice(BEFORE) + shown + after)
    return chance.choice(("\n", " / ", " แล้วก็ ", "; ")).join(parts), secrets


def left(kept: str, secrets: list[str]) -> list[str]:
    """What of the secrets can still be read, whatever stands between the digits."""
    digits = re.sub(r"\D", "", kept)
    return [one for one in secrets if (one in digits if one.isdigit() else one in kept)]


@pytest.mark.slow
def test_two_thousand_planted_messages_keep_nothing_personal() -> None:
    chance = random.Random(41)
    leaks, refused = [], 0
    for _ in range(2000):
        text, secrets = planted(chance)
        try:
            kept = masked(text)
        except NotMasked:
            refused += 1  # nothing is kept then
            continue
        if found := left(kept, secrets):
            leaks.append((text, kept, found))
    assert leaks == []
    assert refused < 20, "covering is better than refusing"


def test_what_is_not_personal_stays_readable() -> None:
    text = "พัสดุของท่านค้างชำระ 38 บาท ภายใน 24 ชั่วโมง กดลิงก์ post-th.example/pay โทร 1441"
    assert masked(text) == text


@pytest.mark.parametrize("word", ["นายหน้า", "นายจ้างให้โอนก่อน", "นางแบบ", "คุณภาพดี", "ชื่อเสียง", "นายกรัฐมนตรี"])
def test_words_that_only_look_like_titles_stay(word: str) -> None:
    assert masked(word) == word
