"""How a text is told: by somebody who has paid, about a third person, as a warning, as a question."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Telling:
    """A way of telling: Thai words, found as they stand, and an English pattern, tried where there is English."""

    thai: tuple[str, ...]
    english: re.Pattern[str]

    def found(self, plain: str, latin: bool) -> bool:
        return any(word in plain for word in self.thai) or (latin and self.english.search(plain) is not None)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_WE = r"\b(?:i|we|he|she|mum|mom|dad|wife|husband|friend|they)(?:'ve| have| has|'d)? (?:already |just )?"
PAID = Telling(
    _words(
        "โอนไปแล้ว โอนเงินไปแล้ว โอนไปให้ โอนให้ไป โอนเงินไป โอนไปก่อน โอนให้มันไป โอนให้เขาไป "
        "โอนให้เค้าไป โอนไปเต็ม โอนไปเป็น เผลอกด เผลอโอน เผลอบอก เผลอให้ เผลอกรอก "
        "เผลอสแกน หลงโอน บอกรหัสไป บอกเลขไป บอกotpไป กดลิงก์ไป กดลิงค์ไป กดไปแล้ว กรอกไปแล้ว "
        "กรอกข้อมูลไป กรอกเลขบัตรไป ใส่รหัสไป โดนหลอก โดนโกง ถูกหลอก ถูกโกง เงินหาย หายหมด "
        "หายเกลี้ยง เสียไป สูญไป จ่ายไปแล้ว ให้รหัสไป ให้เลขไป ให้บัตรไป ติดตั้งไปแล้ว "
        "โหลดไปแล้ว สแกนไปแล้ว ส่งรหัสไป ส่งบัตรไป ส่งรูปบัตรไป"
    ),
    re.compile(
        _WE + r"(?:paid|sent|transferred|wired|lost|gave|clicked|installed|scanned|typed|entered|deposited)\b"
        r"|\b(?:got scammed|was scammed|scammed me|money is gone|money gone)\b|\blost (?:all|my|our|over|about|around|\d)"
    ),
)
THIRD = Telling(
    tuple(
        first + then
        for first in ("เขา", "เค้า", "มัน")
        for then in ("บอก", "ว่า", "ให้", "ขอ", "อ้าง", "จะ", "ขู่", "ส่ง", "โทร", "ชวน", "เอา", "ก็", "พูด", "ถาม")
    )
    + _words(
        "เปิ้นว่า เปิ้นบอก เปิ้นขอ เปิ้นหื้อ เพิ่นว่า เพิ่นบอก มีคนโทร มีคนทัก มีคนแอด มีคนอ้าง "
        "มีคนส่ง มีคนมา มีคนชวน มีคนบอก มีสาย มีเบอร์ มีผู้หญิง มีผู้ชาย แอดมินบอก ปลายสาย "
        "คนขายบอก ร้านบอก บอกว่า อ้างว่า"
    ),
    re.compile(
        r"\b(?:he|she|they|someone|somebody|the (?:seller|caller|man|woman|guy|agent|officer|admin|shop|page))(?:'s|'re)? (?:\w{1,12} )?"
        r"(?:say|says|said|ask|asks|asked|want|wants|wanted|claim|claims|claimed|told|call|called|demand|demands|keep|keeps|insist|insists|sent|offered|promised|threaten\w{0,4})\b"
        r"|\bclaiming\b|\bpretend\w{0,4}\b|\bsays (?:he|she|they|i|my|it)\b"
    ),
)
WARNING = Telling(
    _words(
        "อย่าหลง อย่าเชื่อ อย่ากด อย่าโอน อย่าให้ อย่าบอก อย่าเพิ่ง อย่าโหลด อย่าสแกน อย่าแอด "
        "อย่ารับ อย่าส่ง อย่ากรอก อย่าไปเชื่อ อย่าไปกด อย่าทำตาม ระวัง เตือนภัย เตือนว่า "
        "เตือนกัน รู้ทัน ไม่มีนโยบาย ไม่เคยขอ จะไม่ขอ แอบอ้าง มิจฉาชีพ แก๊งคอล"
    ),
    re.compile(
        r"\b(?:beware|watch out|warn(?:s|ed|ing)?|scammers?|fraudsters?|criminals?|will never|phishing|impersonat\w{1,4})\b"
        r"|\bnever (?:ask|call|send|share|request|contact|demand)"
        r"|\b(?:do not|don't) (?:click|share|give|send|transfer|install|tap|scan|open|fall)\b"
    ),
)
ASKING = re.compile(
    r"[?？]\s*\Z|(?:ไหม|มั้ย|มัย|ไม๊|ป่าว|เปล่า|หรือไม่|รึยัง|หรือยัง|ยังไง|อย่างไร|ทำไง|บ่|บ่อ|ก่อ|ม้าย)(?:คะ|ค่ะ|ครับ|คับ|นะ|จ๊ะ|จ้ะ|ฮะ|เนี่ย|\s|[.!?]){0,6}\Z",
    re.IGNORECASE,
)
ENGLISH = re.compile(r"[a-z] [a-z]")
