"""Somebody has already paid: the steps come first, in the right order for exactly that, and nothing is promised or asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from conversing import BANGKOK, Conversation, calls, data_behind, labels, words

from content.loading import Knowledge
from content.models import Language
from handlers.emergency import WHAT_HAPPENED
from handlers.messages import ButtonKind, FollowUpKind, Happened, Reply, Tone
from handlers.places import AGO, LATE, NO_BANK, OTHER_BANK, Place, read
from handlers.wording import Voice

MONEY = ("transfer", "code", "app")
IN_BOTH = pytest.mark.parametrize(
    ("word", "done", "skip"), [("โอนเงินไปแล้ว", "ทำแล้ว", "ข้าม"), ("I paid", "Done", "Skip")]
)


@pytest.fixture
def talk(knowledge: Knowledge) -> Conversation:
    return Conversation(knowledge)


def walked(talk: Conversation, button: str = "ทำแล้ว") -> list[Reply]:
    """Every step from the one shown to the last, and what is said at the end."""
    shown = [talk.last]
    for _ in range(20):
        if not any(label.startswith(button) for label in labels(talk.last)):
            return shown
        shown.append(talk.presses(button))
    raise AssertionError("the steps never end")


# --- the first answer --------------------------------------------------------------------------------------------------
@IN_BOTH
def test_the_first_answer_alone_is_enough_to_act_on(talk: Conversation, word: str, done: str, skip: str) -> None:
    reply = talk.says(word)
    assert reply.tone is Tone.URGENT
    first = reply.sections[0]
    assert first.steps and len(first.lines) <= 3
    assert "1441" in calls(reply)
    assert any(b.kind is ButtonKind.OPEN and "thaipoliceonline.go.th" in b.value for b in reply.buttons)
    for needed in ("Bank Case ID", "72", "02-888-8888"):
        assert needed in words(reply)
    assert talk.outcome.events == (Happened("emergency"),)
    assert talk.outcome.follow_up is None


def test_it_can_be_reached_from_the_middle_of_a_report_which_then_goes_on(talk: Conversation) -> None:
    talk.says("รายงาน")
    talk.says("ยินยอม")
    talk.says("มีคนโทรมาให้โอนเงินค่าพัสดุ")
    number = talk.cases[0].number
    assert "ทำเดี๋ยวนี้" in words(talk.says("โอนเงินไปแล้ว"))
    talk.presses("แค่กดลิงก์")
    assert "รายงานต่อ" not in labels(talk.last)
    walked(talk)
    assert number in words(talk.presses("รายงานต่อ"))


# --- three taps --------------------------------------------------------------------------------------------------------
@IN_BOTH
@pytest.mark.parametrize("what", MONEY)
def test_three_taps_lead_to_the_steps(talk: Conversation, what: str, word: str, done: str, skip: str) -> None:
    talk.says(word)
    bank = talk.taps(f"paid:{what}")
    assert f"paid:{what}:bank-kbank" in [b.value for b in bank.buttons]
    assert bank.sections[0].steps, "what to do now stands above the question"
    ago = talk.taps(f"paid:{what}:bank-kbank")
    assert "028888888" in calls(ago) and "02-888-8888" in words(ago)
    first = talk.taps(f"paid:{what}:bank-kbank:hour")
    assert re.search(r"1 (?:จาก|of) \d", first.title)


@pytest.mark.parametrize("what", ["click", "photo", "threat"])
def test_nothing_is_asked_that_the_steps_do_not_need(talk: Conversation, what: str) -> None:
    talk.says("โอนเงินไปแล้ว")
    assert "ข้อ 1 จาก" in talk.taps(f"paid:{what}").title


@pytest.mark.parametrize("what", WHAT_HAPPENED)
@pytest.mark.parametrize("bank", ["bank-scb", OTHER_BANK, NO_BANK])
@pytest.mark.parametrize("ago", AGO)
@pytest.mark.parametrize("language", list(Language))
def test_every_case_has_all_its_steps_one_at_a_time(
    talk: Conversation, what: str, bank: str, ago: str, language: Language
) -> None:
    talk.taps(f"lang:{language}")
    talk.taps(f"paid:{what}:{bank}:{ago}")
    lane = talk.knowledge.emergency.lanes[what]
    shown = walked(talk, "ทำแล้ว" if language is Language.THAI else "Done")
    titles = [re.sub(r"^.*?\d+: ", "", each.title) for each in shown[:-1]]
    known = talk.knowledge.emergency.by_step
    order = lane.late if ago in LATE and lane.late else lane.steps
    assert titles == [known[each].title.in_(language) for each in order]
    assert talk.session.step == "" and "paid" not in talk.session.aside
    assert "{bank}" not in "".join(map(words, shown))


def test_with_an_app_on_the_phone_the_network_goes_first_and_calls_come_from_another_phone(talk: Conversation) -> None:
    talk.says("ฉุกเฉิน")
    app = talk.presses("ลงแอปไปแล้ว")
    assert words(app).index("ตัดอินเทอร์เน็ต") < words(app).index("1441")
    talk.taps("paid:app:bank-kbank:hour")
    titles = [each.title for each in walked(talk)]
    assert "ตัดอินเทอร์เน็ต" in titles[0]
    assert "เครื่องอื่น" in titles[2]
    assert all(not calls(each) for each in talk_replies(talk, titles[:2]))


def talk_replies(talk: Conversation, titles: list[str]) -> list[Reply]:
    return [each.reply for each in talk.outcomes if each.reply and each.reply.title in titles]


def test_a_day_later_the_police_report_comes_forward(talk: Conversation) -> None:
    def place_of_police(ago: str) -> int:
        talk.taps(f"paid:transfer:bank-kbank:{ago}")
        return next(i for i, each in enumerate(walked(talk)) if "แจ้งความ" in each.title)

    assert place_of_police("days") < place_of_police("hour")


# --- banks -------------------------------------------------------------------------------------------------------------
def test_every_line_of_a_bank_can_be_reached(talk: Conversation) -> None:
    """By its buttons, a page at a time; each shows the number of the sourced list and dials it."""
    talk.says("โอนเงินไปแล้ว")
    talk.presses("โอนเงินไปแล้ว")
    reached = []
    for _ in range(5):
        reached += [b.value.rpartition(":")[2] for b in talk.last.buttons]
        if "ธนาคารอื่น" not in labels(talk.last):
            break
        talk.presses("ธนาคารอื่น")
    lines = {name for name, each in talk.knowledge.hotlines.items() if each.bank}
    assert set(reached) == lines and len(reached) == len(lines)
    assert "ไม่มีในรายการ" in labels(talk.last)
    for name in lines:
        reply, known = talk.taps(f"paid:transfer:{name}"), talk.knowledge.hotlines[name]
        assert known.number in words(reply) and known.dial in calls(reply)


@pytest.mark.parametrize(
    ("typed", "number"), [("กสิกร", "02-888-8888"), ("ไทยพาณิชย์ค่ะ", "02-777-7575"), ("ธนาคารออมสิน", "1115"), ("KTB", "02-111-1111")]
)  # fmt: skip
def test_a_bank_can_be_typed(talk: Conversation, typed: str, number: str) -> None:
    talk.says("โอนเงินไปแล้ว")
    talk.presses("โอนเงินไปแล้ว")
    assert number in words(talk.says(typed))


def test_a_bank_without_a_line_of_ours_is_called_by_the_number_on_the_card(talk: Conversation) -> None:
    reply = talk.taps(f"paid:transfer:{OTHER_BANK}:today")
    assert "หลังบัตร" in words(reply) and calls(reply) == ["1441"]
    assert "เบอร์ในแอปของเขา" in words(talk.taps(f"paid:transfer:{NO_BANK}:today"))


# --- done, skip, all ---------------------------------------------------------------------------------------------------
@IN_BOTH
def test_done_and_skip_can_be_typed_and_what_was_skipped_is_named_at_the_end(
    talk: Conversation, word: str, done: str, skip: str
) -> None:
    talk.says(word)
    talk.taps("paid:transfer:bank-kbank:hour")
    skipped = talk.last.title
    talk.says(skip)
    for _ in range(6):
        talk.says(done)
    assert re.sub(r"^.*?\d+: ", "", skipped) in words(talk.last)
    assert talk.session.step == ""
    told = [e.detail for o in talk.outcomes for e in o.events if isinstance(e, Happened) and e.name == "emergency_step"]
    assert told[0].endswith(":skip") and all(each.endswith(":done") for each in told[1:]) and len(told) == 7


def test_all_steps_at_once_and_back_to_one_at_a_time(talk: Conversation) -> None:
    talk.taps("paid:transfer:bank-kbank:hour")
    talk.presses("ทำแล้ว")
    at = talk.last.title
    reply = talk.presses("ดูทุกข้อ")
    assert len(reply.sections[0].lines) == 7 and reply.sections[0].steps
    assert "028888888" in calls(reply) and "1441" in calls(reply)
    assert talk.presses("ทำทีละข้อ").title == at


def test_a_question_in_the_middle_is_answered_and_the_steps_wait(talk: Conversation) -> None:
    talk.taps("paid:transfer:bank-kbank:hour")
    talk.presses("ทำแล้ว")
    at = talk.last.title
    verdict = talk.says("พัสดุของท่านตกค้าง จ่ายค่าธรรมเนียม 38 บาท ที่ parcel-pay-th.example กรอกเลขบัตร")
    assert verdict.tone is Tone.ALARM
    assert talk.presses("กลับไปทำต่อ").title == at
    talk.says("เมนู")
    assert talk.says("ทำต่อ").title == at


def test_an_old_button_is_never_too_old(talk: Conversation) -> None:
    talk.taps("paid:transfer:bank-kbank:hour")
    old = data_behind(talk.last, "ทำแล้ว")
    talk.waits(days=5)
    talk.says("สวัสดี")
    assert "ข้อ 2 จาก 7" in talk.taps(old).title


@pytest.mark.parametrize(
    "odd", ["paid:nothing", "paid:transfer:nobody", "paid:transfer:bank-kbank:never", "paid:transfer:bank-kbank:hour:x", "paid:a:b:c:d:e:f"]
)  # fmt: skip
def test_a_button_that_we_do_not_know_gives_the_first_steps(talk: Conversation, odd: str) -> None:
    assert "ทำเดี๋ยวนี้" in words(talk.taps(odd))


def test_a_place_is_written_and_read_again(knowledge: Knowledge) -> None:
    voice = Voice(knowledge, Language.THAI)
    banks = ("", OTHER_BANK, NO_BANK, *knowledge.emergency.by_bank)
    for what in WHAT_HAPPENED:
        for bank in banks:
            for ago in ("", *AGO):
                for at, skipped in ((0, ""), (1, ""), (10, "abcdefghij")):
                    place = Place(what, bank, ago, at, skipped)
                    assert read(str(place), voice) == place
                    assert len(f"paid:{place}:done") <= 60


# --- words to read out -------------------------------------------------------------------------------------------------
def statement(talk: Conversation, what: str = "transfer") -> Reply:
    talk.taps(f"paid:{what}:bank-kbank:hour")
    for _ in range(12):
        if "ข้อความพร้อมอ่าน" in talk.last.title or "Words ready" in talk.last.title:
            return talk.last
        talk.taps(next(b.value for b in talk.last.buttons if b.value.endswith(":done")))
    raise AssertionError("no statement")


@pytest.mark.parametrize("what", MONEY)
def test_the_words_say_what_when_and_which_bank(talk: Conversation, what: str) -> None:
    told = talk.now.astimezone(BANGKOK)
    said = words(statement(talk, what))
    assert "กสิกรไทย" in said and "Bank Case ID" in said and "มิจฉาชีพ" in said
    earlier = told - timedelta(hours=1)
    assert f"{earlier:%d/%m/%Y %H:%M}" in said and f"{told:%H:%M}" in said


def test_the_sum_is_in_the_words_only_if_it_is_given_and_is_kept_nowhere(talk: Conversation) -> None:
    assert "ยอดเงิน:" not in words(statement(talk))
    assert "ยอดเงิน: 50,000 บาท" in words(talk.says("5 หมื่น"))
    assert "50,000" not in str(talk.session) and "5 หมื่น" not in str(talk.session)
    assert talk.outcome.report is None and talk.outcome.details is None


def test_a_longer_number_is_no_sum(talk: Conversation) -> None:
    statement(talk)
    for number in ("1101700230705", "4539 1488 0343 6467", "123-4-56789-0"):
        assert "ยอดเงิน:" not in words(talk.says(number))
        talk.taps("paid:transfer:bank-kbank:hour:4.")


def test_the_words_come_in_english_too(talk: Conversation) -> None:
    statement(talk)
    english = words(talk.presses("ภาษาอังกฤษ"))
    assert "I was tricked by a scammer" in english and "KBank" in english
    assert "ข้อความพร้อมอ่าน" in english


def test_who_reads_english_gets_thai_words_to_show_as_well(talk: Conversation) -> None:
    talk.taps("lang:en")
    said = words(statement(talk))
    assert "I was tricked by a scammer" in said and "ถูกมิจฉาชีพหลอกให้โอนเงิน" in said


def test_the_times_stay_those_at_which_it_was_told(talk: Conversation) -> None:
    first = statement(talk)
    talk.waits(hours=2)
    assert words(talk.says("500")).replace("ยอดเงิน: 500 บาท\n", "") == words(first)


# --- the next morning --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("now", "asked"),
    [
        (datetime(2026, 11, 22, 5, tzinfo=UTC), datetime(2026, 11, 23, 9)),
        (datetime(2026, 11, 22, 16, 59, tzinfo=UTC), datetime(2026, 11, 23, 9)),
        (datetime(2026, 11, 22, 19, tzinfo=UTC), datetime(2026, 11, 23, 9)),
        (datetime(2026, 11, 22, 23, tzinfo=UTC), datetime(2026, 11, 24, 9)),
    ],
    ids=["noon", "midnight", "two at night", "six in the morning"],
)
def test_the_next_morning_one_question_is_asked(talk: Conversation, now: datetime, asked: datetime) -> None:
    talk.now = now
    talk.taps("paid:transfer")
    follow_up = talk.outcome.follow_up
    assert follow_up is not None and follow_up.kind is FollowUpKind.BANK_CASE
    assert follow_up.due_at.astimezone(BANGKOK).replace(tzinfo=None) == asked


@pytest.mark.parametrize("what", ["click", "photo", "threat"])
def test_without_a_bank_nobody_is_asked_about_its_number(talk: Conversation, what: str) -> None:
    talk.taps(f"paid:{what}")
    assert talk.outcome.follow_up is None


# --- what is never said ------------------------------------------------------------------------------------------------
# What nobody may be asked for. In Thai a verb of giving, then the thing; a line that forbids it is none.
_THINGS = r"(?:OTP|PIN|รหัส(?!.{0,12}เปลี่ยน)|เลขบัตร|เลขหลังบัตร|เลขประจำตัว|password|pass ?code|CVV|card (?:number|no)|ID (?:number|card)|code)"
ASKING = re.compile(
    rf"(?:(?<!อย่า)(?<!ไม่)(?<!ไม่ต้อง)(?:บอก|ส่ง|พิมพ์|กรอก|แจ้ง|ขอ)(?:เรา|มา|ให้เรา)?{_THINGS}|\b(?:send|tell|give|type|enter|share)(?: us)?(?: your)? {_THINGS})",
    re.IGNORECASE,
)
FORBIDS = re.compile(
    r"อย่า|ไม่ต้อง|ไม่ถาม|จะไม่|หลุดไป|ไปแล้ว|เอารหัส|ในเว็บนั้นเท่านั้น|อยากให้คุณ|กลโกง|มิจฉาชีพ|เขาให้|ถ้ากรอก|ถ้า|กรอกรหัส หรือ|ตัวอย่าง|ปลอม"
    r"|never|don't|nothing|no code|not |already|tricked|scammer|if you|what they want|Gave a|out your own|there only",
    re.IGNORECASE,
)
PROMISE = re.compile(
    r"(?:จะได้|ได้)เงินคืน|คืนเงินให้|(?:will|can) get (?:it|your money|the money) back|refund", re.IGNORECASE
)
DENIED = re.compile(
    r"ไม่มีใครรับประกัน|เขาบอกว่า|ใครเสนอ|อ้าง|nobody can|whoever|even if|someone calls|fake|ปลอม|กลโกง", re.IGNORECASE
)


def spoken(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Every sentence of ours that a citizen may read in a dialogue, line by line."""
    for key, both in knowledge.phrases.items():
        if not key.startswith(("sample", "tap_", "bulletin_type_")):
            yield from ((key, each) for text in (both.th, both.en) for each in text.split("\n"))
    for step in knowledge.emergency.steps:
        for language in Language:
            yield from ((step.id, each) for each in (step.title.in_(language), *step.lines.in_(language)))


# Codes that Rutan itself makes, to join a hub or to link a relative: these may be typed. A bank's never.
OUR_CODES = ("trusted_", "hub_", "button_hub_")
BANKS_CODE = re.compile(r"OTP|PIN|password|CVV|เลขบัตร|เลขหลังบัตร|เลขประจำตัว|card|ID (?:number|card)", re.IGNORECASE)


def test_nobody_is_asked_for_a_code_a_pin_a_card_or_an_id(knowledge: Knowledge) -> None:
    asked = [
        (key, text)
        for key, text in spoken(knowledge)
        if ASKING.search(text)
        and not FORBIDS.search(text)
        and (not key.startswith(OUR_CODES) or BANKS_CODE.search(text))
    ]
    assert asked == []


def test_nobody_is_promised_money_back(knowledge: Knowledge) -> None:
    promised = [(key, text) for key, text in spoken(knowledge) if PROMISE.search(text) and not DENIED.search(text)]
    assert promised == []


def test_nothing_is_called_safe(knowledge: Knowledge) -> None:
    assert [text for _, text in spoken(knowledge) if re.search(r"ปลอดภัย|\bsafe", text, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    "asking", ["พิมพ์รหัส OTP มาที่นี่", "ส่งเลขบัตรมาให้เรา", "Send us your PIN", "type your card number", "ขอรหัส"]
)
def test_the_search_for_such_questions_finds_them(asking: str) -> None:
    assert ASKING.search(asking) and not FORBIDS.search(asking)


def test_every_fact_has_its_source(knowledge: Knowledge) -> None:
    emergency = knowledge.emergency
    for step in emergency.steps:
        assert step.sources and set(step.sources) <= set(emergency.sources), step.id
    used = {each for step in emergency.steps for each in step.sources}
    assert set(emergency.sources) == used


def test_a_step_fits_on_a_small_phone(knowledge: Knowledge) -> None:
    long = [
        (step.id, text)
        for step in knowledge.emergency.steps
        for language in Language
        for text in (step.title.in_(language), *step.lines.in_(language))
        if len(text) > 100
    ]
    assert long == []
    assert [step.id for step in knowledge.emergency.steps if len(step.lines.th) != len(step.lines.en)] == []


@pytest.mark.parametrize(("what", "ago"), [("ลงแอปไปแล้ว", "วันนี้"), ("Installed an app", "Today")])
def test_what_stands_on_a_button_can_be_typed_as_well(talk: Conversation, what: str, ago: str) -> None:
    talk.says("โอนเงินไปแล้ว")
    talk.says(what)
    talk.says("scb")
    talk.says(ago)
    assert "1" in talk.last.title and talk.session.data["place"] == "app:bank-scb:today:1."


@pytest.mark.parametrize("word", ["กดลิงก์ไปแล้ว", "โอนไปแล้วค่ะ", "I've paid", "i clicked", "/paid"])
def test_other_words_lead_there_too(talk: Conversation, word: str) -> None:
    assert "1441" in calls(talk.says(word)) and talk.last.tone is Tone.URGENT
