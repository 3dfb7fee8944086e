"""What the store forgets, and what cannot be read on its disk."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from store_cast import (
    ANSWER,
    BROWSER,
    FAMILY,
    MALI,
    NOON,
    NUMBERED,
    REPORT,
    SECRET,
    SOMCHAI,
    StandingClock,
    answered,
    rows,
    said,
    taken,
)

from bot.store import SqlStore
from bot.store.case_numbers import case_number
from handlers.messages import (
    Address,
    Happened,
    Outcome,
    Platform,
    Section,
    Session,
    Span,
)
from handlers.ports import Sent


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


def every_byte(url: str) -> bytes:
    """All that a file holds; of a server every value of every table, for its files are not ours to read."""
    if url.startswith("postgresql"):
        tables = [row["table_name"] for row in rows(url, "information_schema.tables where table_schema = 'public'")]
        values = [value for table in tables for row in rows(url, str(table)) for value in row.values()]
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
    path = url.removeprefix("sqlite:///")
    files = [Path(path + end) for end in ("", "-wal", "-shm")]
    return b"".join(file.read_bytes() for file in files if file.exists())


def hidden_in(words: str, data: bytes) -> bool:
    plain = (
        words.encode(),
        words.encode("utf-16-le"),
        words.encode("utf-16-be"),
        ascii(words)[1:-1].encode(),
    )
    # Base64 of the same words at each of the three places where they can begin.
    coded = [base64.b64encode(b"x" * shift + words.encode())[4:-4] for shift in range(3)]
    return not any(form in data for form in (*plain, *coded))


# Forgetting


async def test_erasing_leaves_counts_and_no_word(store, url):
    await answered(store, "e1", Outcome(Session(asked="ความลับของฉัน", asked_at=NOON), ANSWER, (Happened("asked"),)))
    await answered(store, "e2", Outcome(Session(), NUMBERED, report=replace(REPORT, text="planted masked text")))
    assert b"planted masked text" in every_byte(url), "the search itself must find what is there"
    farewell = await answered(store, "e3", Outcome(Session(), ANSWER, (Happened("erased"),), erase=True))
    assert await store.cases(SOMCHAI) == [] and await store.session(SOMCHAI) == Session()
    assert await store.letters() == [farewell], "earlier answers are dropped, the farewell goes out"
    assert rows(url, "people") == rows(url, "sessions") == []
    [report] = rows(url, "reports")
    assert report["person"] is None and report["text"] == "" and report["type"] == "parcel"
    assert len(rows(url, "events")) == 2
    assert farewell is not None
    await store.sent(farewell, Sent("m", "reply"))
    await store.retention.remove_old(180)
    store.close()
    assert b"planted masked text" not in every_byte(url)
    assert b"Usomchai" not in every_byte(url)


async def test_erasing_in_a_group_erases_the_person_and_not_the_group(store):
    await answered(store, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT), FAMILY)
    await answered(store, "e2", Outcome(Session(greeted=True), ANSWER, erase=True), FAMILY)
    assert await store.cases(SOMCHAI) == []
    assert (await store.session(FAMILY)).greeted


async def test_an_operator_forgets_a_person_with_what_still_waits(store, url):
    await answered(store, "e1", Outcome(Session(greeted=True), NUMBERED, report=REPORT))
    await answered(store, "m1", Outcome(Session(greeted=True), ANSWER), MALI)
    await taken(store, said("ยังไม่ได้ตอบ", "e2"))
    assert await store.forget(Platform.LINE, "Usomchai")
    assert await store.waiting() == [] and await store.cases(SOMCHAI) == []
    assert [letter.address for letter in await store.letters()] == [MALI]
    assert (await store.session(MALI)).greeted
    assert not await store.forget(Platform.LINE, "Usomchai"), "nothing of them is left"
    assert not await store.forget(Platform.LINE, "700000001"), "an id belongs to its platform"


async def test_time_takes_asked_texts_dialogues_and_report_texts(store, clock, url):
    session = Session(greeted=True, asked="ข้อความ", asked_at=NOON, step="report", step_at=NOON, data={"text": "ก"})
    letter = await answered(store, "e1", Outcome(session, NUMBERED, report=REPORT))
    assert letter is not None
    await store.sent(letter, Sent("m", "reply"))
    await answered(store, "w1", Outcome(Session(), ANSWER), BROWSER)
    clock.on(minutes=59)
    assert (await store.retention.remove_old(180)).asked == 0
    clock.on(minutes=2)
    assert (await store.retention.remove_old(180)).asked == 1
    assert await store.session(SOMCHAI) == replace(session, asked="", asked_at=None)
    clock.on(hours=24)
    removed = await store.retention.remove_old(180)
    assert (removed.steps, removed.not_collected) == (1, 1)
    assert await store.session(SOMCHAI) == Session(greeted=True)
    assert await store.collect(BROWSER) == [], "a closed browser's answer is not kept for ever"
    clock.on(days=40)
    removed = await store.retention.remove_old(180)
    assert (removed.messages, removed.letters, removed.report_texts) == (2, 2, 0)
    clock.on(days=140)
    assert (await store.retention.remove_old(180)).report_texts == 1
    [kept] = [row async for row in store.export_reports()]
    assert kept["text"] == "" and kept["type"] == "parcel"
    assert (await store.retention.remove_old(180)) == replace(removed, messages=0, letters=0), "twice does no harm"


async def test_upkeep_goes_page_by_page_to_the_end(store, clock):
    session = Session(asked="ข้อความ", asked_at=NOON)
    people = [Address(Platform.LINE, f"U{n}", f"U{n}") for n in range(520)]
    waiting = await taken(store, *(said("จริงไหม", f"e{n}", who) for n, who in enumerate(people)))
    outcome = Outcome(session, NUMBERED, report=REPORT)
    await asyncio.gather(*(store.commit([each], outcome) for each in waiting))
    clock.on(days=200)
    removed = await store.retention.remove_old(180)
    assert (removed.asked, removed.report_texts, removed.messages) == (520, 520, 520)
    assert len([row async for row in store.export_reports()]) == 520


async def test_an_export_names_nobody(store):
    for n in range(3):
        await answered(store, f"e{n}", Outcome(Session(), NUMBERED, report=REPORT))
    exported = [row async for row in store.export_reports()]
    assert [row["number"] for row in exported] == [case_number(2026, n) for n in (1, 2, 3)]
    assert set(exported[0]) == {
        "number", "reported_at", "state", "type", "entry", "level", "came_by", "language", "platform", "case", "loss",
        "province", "evidence", "disputes", "hidden", "decision", "decided_entry", "text", "note",
    }  # fmt: skip
    assert exported[0]["text"] == REPORT.text
    assert "somchai" not in str(exported)


# What lies on the disk


async def test_no_word_of_a_citizen_is_readable_on_the_disk(store, url):
    planted = ["โอนเงินให้ป้าสมศรี", "grandmother's savings", "reply-token-secret", "คำถามก่อนหน้า", "บัญชีของยาย"]
    told, english, token, quoted, gathered = planted
    message = said(f"{told} {english}", "e1", reply_token=token, quoted=quoted, callback_id="cb")
    quoting = replace(ANSWER, title=told, sections=(Section(english, (((Span(gathered, bold=True)),),)),))
    session = Session(asked=told, asked_at=NOON, step="s", step_at=NOON, data={"account": gathered})
    waiting = await taken(store, message)
    assert all(hidden_in(words, every_byte(url)) for words in planted), "while it waits"
    letter = await store.commit(waiting, Outcome(session, quoting, report=REPORT))
    assert all(hidden_in(words, every_byte(url)) for words in planted), "while the answer waits"
    assert REPORT.text.encode() in every_byte(url), "masked reports are kept to be read"
    await store.sent(letter, Sent("m", "reply"))
    store.close()
    assert all(hidden_in(words, every_byte(url)) for words in planted), "in the end"


def test_the_byte_search_finds_what_is_hidden_in_other_clothes():
    for words in ("โอนเงินให้ป้า", "grandmother's savings"):
        assert not hidden_in(words, b"..." + words.encode() + b"...")
        assert not hidden_in(words, base64.b64encode(b"and " + words.encode() + b" more"))
        assert not hidden_in(words, words.encode("utf-16-le"))


def test_the_file_is_for_its_owner_only(tmp_path, clock):
    SqlStore.open(f"sqlite:///{tmp_path}/rutan.db", [SECRET], clock).close()
    assert (tmp_path / "rutan.db").stat().st_mode & 0o077 == 0
