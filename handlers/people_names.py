"""People's names in a text, where something says that a name follows. Covers more rather than less."""

from __future__ import annotations

import re
from functools import lru_cache

NAME = "[ชื่อ]"
NAME_EN = "[name]"

# What stands between "name" and the name.
_GAP = r"[ \t]{0,2}[:：=–\-]?[ \t]{0,2}[\"'“”‘’(\[*_]{0,2}[ \t]{0,1}"
# A word of a name: whatever stands there up to a blank. Names with dots, hyphens, stars or brackets in them are names.
_WORD = r"[^\s\[\]…,;]{1,30}"
# After these stands a name, nearly always.
_TITLE = (
    r"(?:(?<!ท)(?<!เจ้า)(?<!คลิป)นาย|นางสาว|นาง|น\.\s?ส\.|(?<![ก-๎])นส\.|ด\.\s?[ชญ]\.|เด็กชาย|เด็กหญิง|ดร\.|ผศ\.|รศ\.|"
    r"ว่าที่\s?(?:ร้อยตรี|ร\.ต\.)|(?:พล|พ|ร|ส|จ)\.\s?[ตทอส]\.\s?(?:[ตทอ]\.)?|ชื่อ\s?[-–/]?\s?(?:นาม)?สกุล|ชื่อจริง|ชื่อเล่น|นามสกุล|"
    r"(?:ผม|ฉัน|ดิฉัน|หนู|เรา|กระผม|ข้าพเจ้า|ตัวเอง)\s?ชื่อ)"
)
# After these a name stands often; what does not begin like one is left.
_CALLED = r"(?:(?<!ขอบ)(?<!พระ)(?<!สรรพ)(?<!มี)คุณ|(?<!เ)(?<!ราย)(?<!ลง)(?<!มี)ชื่อ)"
_THAI = re.compile(rf"({_TITLE}|{_CALLED})({_GAP})({_WORD})(?:([ \t]{{1,2}})({_WORD}))?")
_STRONG = re.compile(rf"{_TITLE}\Z")
# Words that begin with a title and are no title.
_NOT_TITLES = re.compile(
    r"นาย(?:หน้า|จ้าง|ก(?=[ฯรเส]|อง|อบ)|ทุน|ตำรวจ|ทหาร|แบบ|แพทย์|ท่า|ช่าง|อำเภอ|ทะเบียน|สิบ|ร้อย|พัน|พล(?!อย)|ใหญ่)|นาง(?:แบบ|ฟ้า|เอก|ร้าย|สงกรานต์|พยาบาล|งาม(?=จักรวาล))"
)
# What goes on after "คุณ" or "ชื่อ" when no name follows, and what a sentence goes on with behind a name.
_GOES_ON = re.compile(
    r"(?:ได้|ถูก|มี|เป็น|คือ|จะ|ต้อง|ควร|สามารถ|กำลัง|อยู่|แล้ว|พร้อม|โดน|ส่ง|ผ่าน|เหลือ|ช่วย|ใส่|กด|ขึ้น|คุย|สมัคร|มา(?![ก-ฮ]{2})|ไป|ใกล้|จอง|หรือ|โดย|ถึง(?!ก)|จ่าย|เขียน|"
    r"เปิด|ปิด|ดูแล|ยิ้ม|คะ|ค่ะ|ครับ|คับ|นะ|จ้า|ตอน|ล้าสมัย|เรียบร้อย|วิดีโอ|หลุด|เปลี่ยน|คอมเมนต์|ละเมิด|บอก|เจ็บ|ก็|ค้าง|ติด|เฉี่ยว|ขับ|รู้|เข้า|วันนี้|เรียก|จาก|ลบ|"
    r"ทำ(?!นุ)|เรื่อง|ทุก|มาก|ด้วย|เจ้าของ|เจ้าหน้าที่|แอบ|สแกน|อนุมัติ|สมาชิก|แปรง|ยัง|เลย|เล่า|อยาก|พรุ่งนี้|ชำระ|ก่อน|ให้|ไม่|เดือน|รับ(?!ขวัญ)|เกี่ยวข้อง|เสีย|ดู(?!ลย)|หมด|"
    r"ว่า(?!ที่)|ใน|ที่|นี้|นั้น|ของ|กับ|และ|แต่|เพราะ|ถ้า|หาก|เมื่อ|กว่า|ผู้|ลูกค้า|ท่าน|คุณ(?=$|[^ก-ฮ])|คน|บัญชี|ธนาคาร|บริษัท|ร้าน|เพจ|เว็บ|แอ[ปพด]|กลุ่ม|ไลน์|เบอร์|เลข|โรง|วัด(?=$|ส)|"
    r"หน่วยงาน|สินค้า|โครงการ|อะไร|ไร|เดียว|เดิม|เหมือน|ตรง|ถูกต้อง|ใคร|ตาม|ผม(?=$|[^ก-ฮ])|ฉัน|หนู(?=$|ม|จ|ไ|ใ|ท)|เรา|เขา|เค้า|มัน|เต็ม|ออก(?!ญ)|บุคคล|อีก|แปลก|คล้าย|บน|ทาง|อาจ|สกุล|จริง|เล่น|เสียง|"
    r"แอดมิน|โทร|ติดต่อ|แจ้ง|ขอ(?!ง?ขวัญ)|โอน|ด่วน|ภายใน|จำนวน|ยอด|เงิน|ราคา|อายุ|บ้าน|ตำแหน่ง|แผนก|ฝ่าย|กสิกร|ไทยพาณิชย์|กรุงไทย|กรุงเทพ|กรุงศรี|ออมสิน|พร้อมเพย์|กรุณา|โปรด|ยืนยัน|"
    r"กรอก|เลือก|ใช้|ล็อก|ยกเลิก|อย่า|ห้าม|เจอ|พบ|ภาพ|ภาพ|สมบัติ|ธรรม(?=$|[^ก-๎])|ค่า|หมอ|ครู|ตำรวจ|พ่อ|แม่|พี่|น้อง|ลุง|ป้า|น้า(?=$|[^ก-ฮ])|เพื่อน|ลูก|หมา|แมว|คาด|เสนอ|ชนะ(?=ร|เ|กา)|"
    r"ค้ำ|ละ|ซื้อ|ขาย|ถอน|ฝาก|กู้|ยืม|ลง(?!กร)|เพิ่ม|เพียง|แค่|ต่อ|พลาด|เริ่ม|หยุด|ย้าย|เช็[กค]|ตรวจ|สั่ง|พัก|เพจ|ดำเนิน|ร่วม|เคย|เอง|ไว้|มั้ย|ไหม|บ้าง|ทั้ง|ระหว่าง|ระงับ|หน้า|บัตร|อัปเดต|อัพเดท|"
    r"ไทย(?=$|[^ก-๎])|เจ๊|เฮีย|ยาย(?=$|[^ก-ฮ])|พระ(?=$|ท)|เดียวกัน|ดัง|นาม)"
)
# Where a sentence goes on in the midst of a run of letters: longer words only, for names are made of short ones.
_GOES_ON_WITHIN = re.compile(
    r"(?<=[ก-๎]{2})(?:โทร(?:มา|หา|ไป|ศัพท์|เข้า)|ติดต่อ|บอกว่า|แจ้งว่า|อ้างว่า|ให้โอน|โอนเงิน|ธนาคาร|บัญชี|ครับ|ค่ะ|นะคะ|เป็นเจ้าหน้าที่|เจ้าหน้าที่|จากบริษัท|ได้รับ|ส่งลิงก์|ส่งข้อความ|ที่ธนาคาร|หลอก|มาหลอก|บอกให้)"
)
_ENDS = ".,;:!?)]}\"'“”’…ๆ"

_EN_WORD = r"[^\W\d_][^\s\[\]…,;]{0,30}"
_EN = re.compile(
    r"((?i:(?<![a-z])(?:my (?:full |real |first |last )?name(?: is|'s|’s|:)|i am called|i'm called|(?:full )?name\s?[:=])|"
    r"(?<![a-z])(?:mr|mrs|ms|miss|mister|dr|prof|khun)\b\.?))([ \t]{0,2}[\"'“(]?)"
    rf"({_EN_WORD})((?:[ \t]{{1,2}}[A-Z][^\s\[\]…,;]{{0,30}}){{0,3}})"
)
_CAPITAL = r"[A-Z][\w'’.\-]{1,30}"
_EN_SELF = re.compile(
    rf"((?i:\bi am|\bi'm|\bi’m|\bsigned,?|\bregards,?)\s{{1,3}})({_CAPITAL}[ ]{_CAPITAL}(?:[ ]{_CAPITAL})?)"
)
_EN_GREETED = re.compile(rf"((?i:\bdear|\bhi|\bhello|\bhey)[ ])({_CAPITAL}(?:[ ]{_CAPITAL})?)")

# Whom a letter greets that knows no name.
_NOBODY = frozenset((
    "customer", "customers", "client", "clients", "user", "users", "sir", "madam", "friend", "friends", "member",
    "members", "winner", "winners", "valued", "all", "team", "account", "applicant", "beneficiary", "candidate",
    "colleague", "colleagues", "parent", "parents", "student", "students", "there", "everyone", "guest", "shopper",
    "buyer", "seller", "taxpayer", "citizen", "resident", "passenger", "subscriber", "partner", "investor", "sirs",
    "dear", "mum", "mom", "dad", "son", "and", "is", "was", "the", "a", "an", "not", "on", "in", "of", "that",
    "this", "it",
))  # fmt: skip


def names_covered(text: str) -> str:
    """The text with every name that is announced, and every full Thai name of known words, covered."""
    text = _THAI.sub(_cover_thai, text)
    text = _full_names_covered(text)
    text = _EN.sub(_cover_english, text)
    text = _EN_SELF.sub(lambda found: found.group(1) + NAME_EN, text)
    return _EN_GREETED.sub(_cover_greeted, text)


def introduced_covered(text: str) -> str:
    """The text with every announced Latin name of two words and more covered."""
    return _EN.sub(lambda found: _cover_english(found) if found.group(4) else found.group(), text)


def _cover_thai(found: re.Match[str]) -> str:
    title, gap, first, blank, second = found.groups(default="")
    if _NOT_TITLES.match(title + first) or not _letters(first):
        return found.group()
    if not _STRONG.match(title) and _goes_on(first):
        return found.group()
    if _STRONG.match(title) and not gap and _no_name_at_all(first):
        return found.group()
    kept = _beyond(first)
    if kept or not second:
        return title + gap + NAME + kept + blank + second
    if _goes_on(second) or not _letters(second) or len(second) > _LONGEST_FAMILY or second[0] in '(“"':
        return title + gap + NAME + _ending(first) + blank + second
    return title + gap + NAME + _beyond(second)


# Longer runs are sentences: family names of more letters than this are a handful in the country.
_LONGEST_FAMILY = 24


def _letters(word: str) -> bool:
    return sum(letter.isalpha() for letter in word) >= 2


def _goes_on(word: str) -> bool:
    return _GOES_ON.match(word.lstrip("\"'“‘(*_")) is not None


def _no_name_at_all(word: str) -> bool:
    return re.match(r"(?:คน|ใคร|ไหน|อะไร|จะ|มา(?=$|ห)|กับ|และ|หรือ|ๆ|ใน|เอง)", word) is not None


def _beyond(word: str) -> str:
    """What of a run of letters is no name any more: it begins where a sentence plainly goes on."""
    found = _GOES_ON_WITHIN.search(word)
    return word[found.start() :] if found else _ending(word)


def _ending(word: str) -> str:
    return word[len(word.rstrip(_ENDS)) :]


def _cover_english(found: re.Match[str]) -> str:
    title, gap, first, rest = found.groups()
    if first.lower().strip(".'’") in _NOBODY:
        return found.group()
    return title + gap + NAME_EN + _ending(rest or first)


def _cover_greeted(found: re.Match[str]) -> str:
    greeted = found.group(2)
    return found.group() if greeted.split()[0].lower().strip(".,'") in _NOBODY else found.group(1) + NAME_EN


# --- full names that nothing announces -------------------------------------------------------------------------------
_PAIR = re.compile(r"([\u0e01-\u0e4e]{3,30})([ \t]{1,2})([\u0e01-\u0e4e]{4,30})")
_SHORTEST_GIVEN, _SHORTEST_FAMILY, _LONGEST = 4, 5, 20


@lru_cache(maxsize=1)
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """Given names and family names as they stand in Thailand's lists."""
    from pythainlp.corpus import thai_family_names, thai_female_names, thai_male_names

    given = {each for each in (*thai_female_names(), *thai_male_names()) if len(each) >= _SHORTEST_GIVEN}
    family = {each for each in thai_family_names() if len(each) >= _SHORTEST_FAMILY}
    return frozenset(given), frozenset(family)


def _full_names_covered(text: str) -> str:
    at = 0
    parts: list[str] = []
    while found := _PAIR.search(text, at):
        first, _, second = found.groups()
        given, family = _known()
        mine = next((n for n in range(min(_LONGEST, len(first)), _SHORTEST_GIVEN - 1, -1) if first[-n:] in given), 0)
        theirs = next(
            (n for n in range(min(_LONGEST, len(second)), _SHORTEST_FAMILY - 1, -1) if second[:n] in family), 0
        )
        # One of the two must stand alone: in the midst of two sentences such letters come together by chance.
        if mine and theirs and (mine == len(first) or theirs == len(second)):
            parts += (text[at : found.end(1) - mine], NAME)
            at = found.start(3) + theirs
        else:
            parts.append(text[at : found.start(3)])
            at = found.start(3)
    return "".join([*parts, text[at:]])
