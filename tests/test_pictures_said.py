"""What is said of pictures, without a picture: every trouble, every code, both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from qr_maker import promptpay, slip

from content.loading import Knowledge
from content.models import Language
from handlers import pictures
from handlers.messages import Address, Kind, Message, Outcome, Platform, Reply, Seen, Session, Tone, plain
from handlers.picture_types import Picture, PictureTrouble
from handlers.sightings import Recall
from handlers.wording import Voice

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
AUNT = Address(Platform.LINE, "Uaunt", "Uaunt")
LOAN = "เงินกู้ด่วน อนุมัติไวใน 5 นาที วงเงิน 80,000 บาท\nแอดไลน์ @loan2go โอนค่ามัดจำ 500 บาทก่อนรับเงิน"


def sent(*shown: Picture, text: str = "", file_id: str = "123456") -> list[Message]:
    return [
        Message(AUNT, f"e{n}", Kind.IMAGE, NOW, text=text, file_id=file_id, picture=each)
        for n, each in enumerate(shown)
    ]


def said(
    knowledge: Knowledge, *shown: Picture, language: Language = Language.THAI, recall: Recall | None = None, **more: str
) -> Outcome:
    return pictures.answer(sent(*shown, **more), Session(), Voice(knowledge, language), NOW, recall or Recall())


def reply_of(outcome: Outcome) -> Reply:
    assert outcome.reply is not None
    return outcome.reply


def every_word(reply: Reply) -> str:
    lines = [plain(line) for section in reply.sections for line in (((),) if not section.lines else section.lines)]
    return "\n".join([reply.title, *(section.heading for section in reply.sections), *lines])


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("trouble", [*PictureTrouble, None])
def test_whatever_went_wrong_the_person_hears_what_to_do(
    knowledge: Knowledge, trouble: PictureTrouble | None, language: Language
) -> None:
    reply = reply_of(said(knowledge, Picture(trouble=trouble), language=language))
    assert reply.language is language and reply.sections and reply.quick
    assert "safe" not in every_word(reply).lower() and "ปลอดภัย" not in every_word(reply)


def test_who_had_to_wait_can_ask_for_the_result_with_one_tap(knowledge: Knowledge) -> None:
    [button] = reply_of(said(knowledge, Picture(trouble=PictureTrouble.BUSY))).buttons
    assert button.value == "picture_again:123456"
    tapped = Message(AUNT, "e", Kind.TAP, NOW, data=button.value, picture=Picture(trouble=PictureTrouble.TOO_SLOW))
    [again] = reply_of(pictures.answer([tapped], Session(), Voice(knowledge, Language.THAI), NOW)).buttons
    assert again.value == button.value
    long_name = said(knowledge, Picture(trouble=PictureTrouble.BUSY), file_id="AgACAgUAAxkBAAI" * 6)
    assert reply_of(long_name).buttons == (), "a name that fits into no button"


@pytest.mark.parametrize(
    ("mark", "thai", "english", "tone"),
    [
        (promptpay("0810001234", amount="99"), "โอน 99 บาท", "pay 99 baht", Tone.CAUTION),
        (promptpay("0810001234"), "ใส่ยอดเอง", "fill in the amount", Tone.CAUTION),
        (slip(), "แอปธนาคารใช้ตรวจ", "A bank app can look", Tone.CALM),
        ("https://line.me/R/au/q/abc", "เข้าใช้บัญชี LINE", "into your LINE account", Tone.ALARM),
        ("otpauth://totp/a?secret=AB&issuer=X", "รหัสยืนยันตัวตน", "one-time codes", Tone.ALARM),
        ("WIFI:S:Cafe;P:1;;", "ไวไฟชื่อ Cafe", "the Wi-Fi Cafe", Tone.CAUTION),
        ("8850000000010", "เป็นแค่ตัวเลข", "only a number", Tone.CAUTION),
        ("bitcoin:bc1qexample0000", "คริปโต", "crypto", None),
        ("https://get.example/bank.apk", "ดาวน์โหลดแอป", "downloads an app", None),
    ],
)
def test_every_code_says_first_what_scanning_it_does(
    knowledge: Knowledge, mark: str, thai: str, english: str, tone: Tone | None
) -> None:
    for language, words in ((Language.THAI, thai), (Language.ENGLISH, english)):
        reply = reply_of(said(knowledge, Picture(marks=(mark,)), language=language))
        assert words in "".join(plain(line) for line in reply.sections[0].lines), every_word(reply)
        assert tone is None or reply.tone is tone


def test_words_under_a_code_are_judged_with_it_and_kept_for_a_report(knowledge: Knowledge) -> None:
    outcome = said(knowledge, Picture(text=LOAN, sure=0.9, marks=("https://lin.ee/AbC1",), look="ab" * 32))
    reply = reply_of(outcome)
    assert reply.tone is Tone.ALARM and "lin.ee" in outcome.session.asked and "เงินกู้" in outcome.session.asked
    assert [each.look for each in outcome.pictures] == ["ab" * 32]
    assert reply.quick[0].value == "picture:fix" and len(reply.quick) <= 8
    only_code = said(knowledge, Picture(marks=(promptpay("0810001234", amount="99"),)))
    assert "0810001234" not in only_code.session.asked and "payment" in only_code.session.asked


def test_an_unsure_reading_and_pictures_left_out_are_said(knowledge: Knowledge) -> None:
    album = reply_of(said(knowledge, Picture(text=LOAN, sure=0.6), Picture(trouble=PictureTrouble.BROKEN)))
    assert "ไม่ค่อยชัด" in every_word(album) and "มี 1 รูปที่เราอ่านไม่ได้" in every_word(album)
    codes_only = reply_of(said(knowledge, Picture(marks=("https://x.example",), trouble=PictureTrouble.NO_MODELS)))
    assert "อ่านตัวหนังสือในรูปไม่ได้" in every_word(codes_only)


def test_a_scam_is_not_hidden_by_the_calm_pictures_beside_it(knowledge: Knowledge) -> None:
    calm = [Picture(text=f"ครูแจ้งผู้ปกครอง วันศุกร์นี้นักเรียนหยุดหนึ่งวัน ห้องที่ {n} เปิดเรียนปกติวันจันทร์", sure=0.95) for n in range(5)]
    assert reply_of(said(knowledge, *calm, Picture(text=LOAN, sure=0.95))).tone is Tone.ALARM
    assert reply_of(said(knowledge, *calm)).tone is Tone.CALM


def test_long_words_are_shown_short_first_and_whole_at_the_end(knowledge: Knowledge) -> None:
    text = LOAN + "\n" + "\n".join(f"บรรทัดที่ {n} ของข้อความที่ยาวมากในรูปนี้" for n in range(20))
    reply = reply_of(said(knowledge, Picture(text=text, sure=0.95)))
    first, last = reply.sections[0], reply.sections[-1]
    assert sum(len(plain(line)) for line in first.lines) < 300
    assert last.heading == "ข้อความทั้งหมดที่เราอ่านได้" and "บรรทัดที่ 19" in plain(last.lines[-1])


def test_a_picture_sent_by_many_is_told_instead_of_its_words(knowledge: Knowledge) -> None:
    recall = Recall(looks={"ab" * 32: Seen(36, NOW)})
    words = every_word(reply_of(said(knowledge, Picture(text=LOAN, sure=0.9, look="ab" * 32), recall=recall)))
    assert "มี 37 คนส่งรูปนี้มาถาม" in words
    few = Recall(looks={"ab" * 32: Seen(1, NOW)})
    assert "คนส่งรูปนี้" not in every_word(reply_of(said(knowledge, Picture(text=LOAN, look="ab" * 32), recall=few)))
