"""The package of a take-down request: what is in it, what is never in it, and the addresses it may go to."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from store_cast import SECRET, StandingClock, change
from takedown_cast import DOMAIN, MALI, SCAM, found_scam, person, reported

from bot.desk import labels
from bot.desk.formats import defang
from bot.store import SqlStore
from bot.store.casebook import CaseBook
from bot.store.takedown_types import Wish
from bot.store.takedowns import Takedowns
from bot.street.sheet import Heading, Points, Sheet, Table, Text, drawn
from bot.takedown import package
from bot.takedown.facts import Facts, Office
from bot.takedown.letter import HERE
from bot.takedown.making import Maker
from bot.takedown.recipients import way, ways
from content.knowledge import Knowledge
from content.models import Language
from content.reported import Subject
from content.takedown import Ask, RecipientKind

BANGKOK = ZoneInfo("Asia/Bangkok")
DOCS = Path(__file__).parents[1] / "docs"
COPY = SCAM.replace("9 บาท", "19 บาท").replace("a1?id=77", "b7")


class Desk:
    """A store, a case that is a scam, a request on it."""

    def __init__(self, folder: Path, knowledge: Knowledge) -> None:
        self.url = f"sqlite:///{folder}/rutan.db"
        self.clock = StandingClock()
        self.knowledge = knowledge
        self.store = SqlStore.open(self.url, [SECRET], self.clock, BANGKOK)

    async def facts(self) -> Facts:
        wish = Wish(RecipientKind.BANK, (Ask.HOLD,), "ธนาคารตัวอย่าง", "สายด่วน", (Subject("account", "1230004567"),))
        row = (await CaseBook(self.store.foundation).queue("all")).rows[0]
        requests = Takedowns(self.store.foundation)
        id = await requests.prepare(row.id, wish, MALI)
        office = Office("สำนักงานตัวอย่าง · Example Office", "02-000-1234")
        return await Maker(self.store.foundation, self.knowledge, office).facts(id)


@pytest.fixture
async def desk(tmp_path: Path, knowledge: Knowledge) -> AsyncIterator[Desk]:
    opened = Desk(tmp_path, knowledge)
    yield opened
    opened.store.close()


async def test_wordings_are_counted_and_what_is_hidden_or_taken_back_is_not_there(desk: Desk) -> None:
    await reported(desk.store, desk.knowledge, 1, 2, 3)
    await reported(desk.store, desk.knowledge, 4, text=COPY, turn="copy")
    await reported(desk.store, desk.knowledge, 5, text=COPY.replace("19 บาท", "29 บาท"), turn="spam")
    change(desk.url, "update reports set note = 'ป้าศรีข้างบ้านโทรมาเล่า', province = 'khon-kaen', hub = 'ศูนย์ลับ'")
    change(desk.url, "update reports set hidden = 1 where text like '%29 บาท%'")
    await found_scam(desk.store)
    facts = await desk.facts()
    assert [(each.copies, "19 บาท" in each.text) for each in facts.texts] == [(3, False), (1, True)]
    assert facts.texts_left_out == 1
    assert {each.domain for each in facts.links} == {"parcel-pay-th[.]example"}
    order = package.order(facts)
    for said in (order.facts, order.evidence, str(order.letters)):
        for never in (
            "ป้าศรี",
            "ศูนย์ลับ",
            "khon-kaen",
            "ขอนแก่น",
            person(1).chat,
            "081-000-4321",
            DOMAIN,
            "http://",
            "https://",
        ):
            assert never not in said, never
        assert "1230004567" in said, "what the bank is asked about stands in it"


async def test_words_are_masked_once_more_before_they_leave(desk: Desk) -> None:
    await reported(desk.store, desk.knowledge, 1, 2, 3)
    # As if an older version had let it through.
    change(desk.url, "update reports set text = 'บัตร 4111 1111 1111 1111 ของป้า' where person is not null and id = 3")
    await found_scam(desk.store)
    facts = await desk.facts()
    evidence = package.order(facts).evidence
    assert "4111" not in evidence and "[บัตร/card" in evidence
    assert sum(each.copies for each in facts.texts) + facts.texts_left_out == 3


async def test_times_stand_on_two_clocks(desk: Desk) -> None:
    await reported(desk.store, desk.knowledge, 1)
    desk.clock.on(hours=20)
    await reported(desk.store, desk.knowledge, 2)
    await found_scam(desk.store)
    told = json.loads(package.order(await desk.facts()).facts)
    assert told["format"] == "rutan-takedown/1"
    assert told["counts"]["first_report"] == {"utc": "2026-11-22T05:00:00Z", "local": "2026-11-22T12:00:00+07:00"}
    assert told["counts"]["last_seen"] == {"utc": "2026-11-23T01:00:00Z", "local": "2026-11-23T08:00:00+07:00"}
    assert told["as_of"] == told["counts"]["last_seen"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["f.txt", "g.json", "h.pdf"]), st.binary(max_size=50)), unique_by=lambda each: each[0]
    )
)
def test_a_zip_is_a_function_of_its_files_and_lists_their_sums(files: list[tuple[str, bytes]]) -> None:
    made = package.zipped(dict(files))
    assert made == package.zipped(dict(files))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name, _ in files} == dict(files)
        assert len(archive.read("SHA256SUMS").splitlines()) == len(files)
        assert all(each.filename.isascii() and each.date_time[0] == 1980 for each in archive.infolist())


@given(
    st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=20),
    st.sampled_from(
        ["a.example", "b-c.co.th", "ทดสอบ.ไทย", "https://x.example/a?b=c", "HTTP://d.example", "192.0.2.1"]
    ),
    st.text(st.sampled_from("กขค.ๆ ธบ-/"), max_size=20),
)
def test_no_address_stays_one_whatever_stands_around_it(before: str, address: str, after: str) -> None:
    # With one more figure in front it is no address.
    assume(not (address[0].isdigit() and (before[-1:].isnumeric() or before.endswith("."))))
    said = defang(f"{before}{address}{after}")
    assert address not in said and not re.search(r"https?://", said, re.IGNORECASE)


# Letters


def test_the_letters_order_nothing_accuse_nobody_and_promise_nothing() -> None:
    known = labels.load(HERE)
    for language in Language:
        said = " ".join(known.text(key, language) for key in known)
        assert not re.search(r"ปลอดภัย|\bsafe|ผู้ต้องหา|อาชญากร|criminal|guilty|must\b|ต้องดำเนินการ", said)
    assert "no court order" in known.text("letter.no_order", Language.ENGLISH)
    assert "ไม่ใช่คำสั่งศาล" in known.text("letter.no_order", Language.THAI)


@pytest.mark.slow
def test_a_long_sheet_goes_over_pages_and_its_heads_are_repeated() -> None:
    from datetime import UTC, datetime

    from pypdf import PdfReader

    rows = tuple((f"แถวที่ {number}", "x" * 60, str(number)) for number in range(80))
    blocks = (
        Heading("ส่วนแรก"),
        Text("ย่อหน้า " * 40),
        Points(("ก", "ข")),
        Table(("หัวตาราง", "b", "c"), rows, (0.3, 0.5, 0.2)),
    )
    sheet = Sheet("ยาว", "th", "เหนือ", "ท้าย", datetime(2026, 11, 22, tzinfo=UTC), (*blocks, Heading("สุดท้าย")))
    made = drawn(sheet)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]
    assert len(pages) >= 3 and made == drawn(sheet)
    # Marks above and below letters come apart when a page is read back; these words have none.
    assert all(f"({number}/{len(pages)})" in page for number, page in enumerate(pages, start=1))
    assert sum(page.count(" b ") or page.count("b\n") for page in pages) >= len(pages) - 1


# Whom


def test_every_kind_has_what_may_be_asked_of_it_and_every_address_its_source(knowledge: Knowledge) -> None:
    known = knowledge.takedown
    assert [each.kind for each in known.kinds] == list(RecipientKind)
    assert set(known.asks) == set(Ask) == {ask for each in known.kinds for ask in each.asks}
    for each in known.kinds:
        assert each.hint.th and each.acknowledge_hours < each.finish_hours
        for found in ways(each.kind, knowledge):
            assert found.source and found.address and way(found.id, each.kind, knowledge) == found
    assert not ways(RecipientKind.PLATFORM, knowledge), "no address of a platform has a source"
    assert {each.id for each in ways(RecipientKind.BANK, knowledge)} == {
        each.id for each in knowledge.hotlines.values() if each.bank
    }
    assert way("bank-kbank", RecipientKind.TELECOM, knowledge) is None


def test_an_address_from_somebody_elses_list_says_that_it_is_to_be_checked(knowledge: Knowledge) -> None:
    found = [each for kind in RecipientKind for each in ways(kind, knowledge) if not each.verified]
    assert [each.id for each in found] == ["thaicert"] and all(each.note for each in found)


def test_the_guide_says_the_clocks_that_run(knowledge: Knowledge) -> None:
    page = (DOCS / "takedown.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\S+) \| (\d+) ชั่วโมง \| (\d+) ชั่วโมง \|$", page, re.MULTILINE)
    expected = [(each.acknowledge_hours, each.finish_hours) for each in knowledge.takedown.kinds]
    assert [(int(first), int(last)) for _, first, last in told] == expected
