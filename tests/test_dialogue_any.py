"""Whatever somebody types or presses, in whatever order: always an answer, within what every platform takes."""

from __future__ import annotations

from dataclasses import dataclass

from conversing import Conversation, calls, words
from hypothesis import given, settings
from hypothesis import strategies as st

from content.loading import load
from handlers import details, dialogue
from handlers.messages import Button, ButtonKind, CameBy, Kind, Loss, Message, Reply
from handlers.report import MESSAGE

# No fixture: what hypothesis shows of a failure must not hold all of our knowledge.
KNOWLEDGE = load()
WORDS = (
    "รายงาน", "report", "ยินยอม", "I agree", "ไม่ยินยอม", "ยกเลิก", "cancel", "โอนเงินไปแล้ว", "i paid", "สถานะ", "status",
    "ข้าม", "skip", "พอแค่นี้", "that's all", "ทำแล้ว", "done", "ทำต่อ", "go on", "ลบข้อมูล", "ยืนยันลบ", "ไม่ลบ", "ยืนยันถอน",
    "ถอน RT-2026-000017", "withdraw RT-2026-000017", "เมนู", "ภาษา", "ความเป็นส่วนตัว", "ติดตาม", "ขอบคุณค่ะ", "สวัสดี", "🙏",
    "ไลน์", "sms", "5000", "2 หมื่น", "ไม่เสีย", "เชียงใหม", "กทม", "กสิกร", "scb", "50,000 บาท", "1",
    "อยากตาย", "พัสดุตกค้าง กดลิงก์ parcel.example จ่าย 38 บาทก่อนเที่ยง", "Your parcel is held, pay at parcel.example now",
    "เบอร์ 081-000-1234 โกงไหม", "เลขบัตร 1101700230705 ของฉัน", "x" * 3000, "/report", "/report ได้รับข้อความแปลก ๆ ให้โอนเงิน",
    "/paid", "/nothing", "{case_number} {promised}", "**หนา** <b>", "ยืนยัน\u200b", "\u0e38",
)  # fmt: skip
ODD_TAPS = (
    "paid", "paid:", "paid:transfer", "paid:transfer:bank-kbank", "paid:transfer:bank-kbank:hour", "paid:app:other:days:3.ab",
    "paid:click", "paid:threat", "paid:photo:::99.zz", "paid:code:none:today:4.:en", "paid:code:none:today:4.:all", "paid:x:y:z",
    "paid:transfer:p2", "paid:transfer:p99", "paid:transfer:p0", "d:RT-2026-000017:came_by:sms", "d:RT-2026-000017:loss:none", "d:::",
    "d:RT-2026-000017:province:nowhere", "d:RT-2026-000017:note:end", "d:RT-2026-000017:came_by:skip", "consent:yes", "consent:no",
    "consent:other", "erase:yes", "erase:no", "withdraw:RT-2026-000017", "withdrawn:RT-2026-000017", "withdrawn:no", "resume:report",
    "resume:paid", "follow:bank_case:yes", "follow:bank_case:no", "follow:bank_case:help", "follow:", "why:abc:wrong", "why:abc:odd",
    "useful:abc:no", "useful:abc:yes", "dispute:abc", "asked", "report:abc", "share:abc:nothing", "lang:en", "sample", "q:abc:transfer", "", "?",
)  # fmt: skip
KINDS = (Kind.IMAGE, Kind.STICKER, Kind.AUDIO, Kind.FILE, Kind.LOCATION, Kind.OTHER)

ACTS = st.one_of(
    st.tuples(st.just("says"), st.sampled_from(WORDS)),
    st.tuples(st.just("forwards"), st.sampled_from(WORDS)),
    st.tuples(st.just("says"), st.text(max_size=60)),
    st.tuples(st.just("taps"), st.sampled_from(ODD_TAPS)),
    st.tuples(st.just("presses"), st.integers(0, 15)),
    st.tuples(st.just("sends"), st.sampled_from(KINDS)),
    st.tuples(st.just("waits"), st.integers(0, 30)),
)
TOWARDS_A_REPORT = st.one_of(
    st.tuples(st.just("says"), st.sampled_from((
        "รายงาน", "report", "ยินยอม", "I agree", "ไม่ยินยอม", "ยกเลิก", "เมนู", "รายงานต่อ", "go on", "ลบข้อมูล", "โอนเงินไปแล้ว",
        "พัสดุตกค้าง กดลิงก์ parcel.example จ่าย 38 บาทก่อนเที่ยง", "เลขบัตร 1101700230705 ของฉัน หายไปกับคนที่โทรมาหลอก",
        "/report ได้รับข้อความแปลก ๆ ให้โอนเงิน",
    ))),
    st.tuples(st.just("taps"), st.sampled_from((
        "report", "report:abc", "dispute:abc", "consent:yes", "consent:no", "consent:other", "asked", "resume:report",
        "why:abc:wrong", "erase:yes", "menu",
    ))),
    st.tuples(st.just("forwards"), st.just("Your parcel is held, pay at parcel.example now")),
    st.tuples(st.just("waits"), st.integers(0, 30)),
)  # fmt: skip


@dataclass
class Watched(Conversation):
    """A talk in which no report may be made but after a yes to a consent screen that was shown since the last one: the yes counts
    for that report alone, and only as long as its message is waited for."""

    shown: bool = False
    agreed: bool = False

    def _hears(self, message: Message) -> Reply:
        command = self.knowledge.words.command(message.text)[0]
        if self.shown and (message.data == "consent:yes" or command == "agree"):
            self.agreed = True
        if message.data == "consent:no" or command == "decline":
            self.agreed = False
        reply = super()._hears(message)
        if self.outcome.report is not None:
            assert self.agreed, "a report that nobody agreed to"
            self.shown = self.agreed = False
        elif dialogue.at_or_aside(self.session, MESSAGE, self.now) is None:
            self.agreed = False
        self.shown = self.shown or "consent:yes" in [each.value for each in reply.buttons]
        return reply


def act(talk: Conversation, what: str, with_what: object) -> None:
    if what in ("says", "forwards"):
        talk.says(str(with_what), forwarded=what == "forwards")
    elif what == "taps":
        talk.taps(str(with_what))
    elif what == "sends":
        talk.sends(Kind(str(with_what)))
    elif what == "waits":
        talk.waits(hours=int(str(with_what)))
    else:
        press(talk, int(str(with_what)))


def press(talk: Conversation, number: int) -> None:
    """One of the buttons that the last answer has."""
    taps: list[Button] = []
    if any(each.reply for each in talk.outcomes):
        taps = [b for b in (*talk.last.buttons, *talk.last.quick) if b.kind is ButtonKind.TAP]
    if taps:
        talk.taps(taps[number % len(taps)].value)


@settings(max_examples=150, deadline=None)
@given(acts=st.lists(ACTS, max_size=14))
def test_any_sequence_of_words_and_buttons_is_answered(acts: list[tuple[str, object]]) -> None:
    talk = Watched(KNOWLEDGE)
    for what, with_what in acts:
        act(talk, what, with_what)
    for outcome in talk.outcomes:
        assert outcome.reply is not None
        assert "{case_number}" not in words(outcome.reply) or "{case_number} {promised}" in str(acts)
        assert len([each for each in (outcome.report, outcome.withdraw, outcome.details) if each]) <= 1
        if outcome.details:
            assert isinstance(outcome.details.came_by, CameBy | None) and isinstance(outcome.details.loss, Loss | None)


@settings(max_examples=150, deadline=None)
@given(acts=st.lists(TOWARDS_A_REPORT, min_size=2, max_size=14))
def test_no_report_is_made_without_a_yes_of_its_own(acts: list[tuple[str, object]]) -> None:
    """Out of few words that lead to reports again and again: out of all words hardly any sequence gets as far as one."""
    talk = Watched(KNOWLEDGE)
    for what, with_what in acts:
        act(talk, what, with_what)


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(ACTS, max_size=10), english=st.booleans())
def test_from_any_point_two_words_lead_to_the_steps_and_to_a_number(
    acts: list[tuple[str, object]], english: bool
) -> None:
    talk = Watched(KNOWLEDGE)
    for what, with_what in acts:
        act(talk, what, with_what)
    steps = talk.says("i paid" if english else "โอนเงินไปแล้ว")
    assert "1441" in calls(steps) and "Bank Case ID" in words(steps)
    talk.waits(hours=25)
    before = len(talk.cases)
    talk.says("รายงาน")
    talk.says("ยินยอม")
    talk.says("มีคนโทรมาหลอกว่าเป็นเจ้าหน้าที่ไฟฟ้า จะคืนเงินมิเตอร์ ให้โหลดแอป")
    assert talk.outcome.report is not None and len(talk.cases) == before + 1
    assert talk.session.step == details.step(details.ORDER[0]), "and after the number comes the first question"
    assert talk.session.step_at is not None and talk.session.step_at < talk.now
