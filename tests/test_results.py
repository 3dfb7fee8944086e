"""The quarterly results: equal to the database, nothing to be worked out from what is hidden, nothing in our favour."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from browsing import faults
from click.testing import CliRunner
from conftest import House
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from store_cast import NOON, SECRET, StandingClock, change, rows

from bot.cli import rutan
from bot.results import SECTIONS, SHARES, TABLES, TIMES, Telling, measures, sentences
from bot.results_json import as_json
from bot.store import SqlStore
from bot.store.forms import stamp
from bot.store.results import COUNTED_BY, Results, ResultsBook
from bot.street.sheet import drawn
from content.models import Language
from scheduler.quarters import Quarter
from scheduler.trends import Month

BANGKOK = ZoneInfo("Asia/Bangkok")
Q3, Q4 = Quarter(2026, 3), Quarter(2026, 4)
OCTOBER = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)
AUGUST = datetime(2026, 8, 5, 3, 0, tzinfo=UTC)


class Story:
    """A database in which everything that happened is written down by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = StandingClock()
        self.store = SqlStore.open(url, [SECRET], self.clock, BANGKOK)
        self.book = ResultsBook(self.store.foundation)
        self._number = 0

    def many(self, count: int, table: str, /, **values: object) -> None:
        """So many rows; a {n} in a value is a number of its own."""
        lines = []
        for _ in range(count):
            self._number += 1
            told = [
                f"'{str(each).format(n=self._number)}'" if isinstance(each, str) else str(each)
                for each in values.values()
            ]
            lines.append(f"({', '.join(told)})")
        if lines:
            change(self.url, f"insert into {table} ({', '.join(values)}) values {', '.join(lines)}")

    def event(
        self, count: int, at: datetime, name: str, detail: str = "", level: str = "", platform: str = "line"
    ) -> None:
        of = {"level": level} if level else {}
        self.many(count, "events", at=stamp(at), name=name, detail=detail, platform=platform, chat_kind="private", **of)

    def letters(self, count: int, at: datetime, took_ms: int | None) -> None:
        sent = {} if took_ms is None else {"sent_at": stamp(at + timedelta(milliseconds=took_ms))}
        state = "failed" if took_ms is None else "sent"
        self.many(
            count, "outbox", answers=_Number(self), platform="line", chat="c", body="", retry_key="k{n}", received_at=stamp(at),
            due_at=stamp(at), state=state, **sent,
        )  # fmt: skip

    def reports(self, count: int, at: datetime, hub: str = "", **more: object) -> None:
        of = {"hub": hub} if hub else {}
        self.many(
            count, "reports", number="RT-{n}", person="p{n}", platform="line", text="x", came_by="sms", language="th",
            level="known_scam", state="received", reported_at=stamp(at), **of, **more,
        )  # fmt: skip


class _Number(int):
    """A number of its own in every row."""

    def __new__(cls, story: Story) -> _Number:
        made = super().__new__(cls, 0)
        made.story = story
        return made

    def __str__(self) -> str:
        return str(1_000_000 + self.story._number)


@pytest.fixture
async def story(url: str) -> AsyncIterator[Story]:
    opened = Story(url)
    yield opened
    opened.store.close()


def planted(story: Story) -> None:
    """October and November of a quarter that runs, and an August before it."""
    story.event(40, OCTOBER, "checked", level="known_scam")
    story.event(7, OCTOBER, "checked", level="not_known", platform="telegram")
    story.event(13, OCTOBER + timedelta(days=30), "checked", level="not_known")
    story.event(20, AUGUST, "checked", level="warning_signs")
    story.event(8, OCTOBER, "useful", "yes:a")
    story.event(6, OCTOBER, "useful", "no:a")
    story.event(9, OCTOBER, "emergency")
    story.event(6, OCTOBER, "emergency_kind", "transfer")
    story.event(2, OCTOBER, "emergency_kind", "code")
    story.event(7, OCTOBER, "follow_up", "yes")
    story.event(5, OCTOBER, "follow_up", "no")
    story.event(6, OCTOBER, "group_joined")
    story.event(2, OCTOBER, "group_left")
    story.event(12, OCTOBER, "subscribed")
    for name, count, platform in (("a", 11, "line"), ("b", 6, "telegram")):
        story.many(
            count, "people", key=f"{name}{{n}}", platform=platform, chat="c{n}", kind="private", first_seen=stamp(OCTOBER),
            last_seen=stamp(OCTOBER),
        )  # fmt: skip
    story.letters(18, OCTOBER, 400)
    story.letters(5, OCTOBER + timedelta(days=31), 400)
    story.letters(1, OCTOBER + timedelta(days=31), 7_310)
    story.letters(1, OCTOBER, None)
    story.reports(9, OCTOBER)
    story.reports(6, OCTOBER, "ศูนย์ตัวอย่าง", disputes=1)
    for level, decision, hours in (
        ("known_scam", "scam", 10),
        ("known_scam", "not_a_scam", 20),
        ("not_known", "scam", 80),
    ):
        decided = OCTOBER + timedelta(hours=hours)
        story.many(
            1, "cases", state="answered", level=level, decision=decision, reports=1, reporters=1, opened_at=stamp(OCTOBER),
            last_report_at=stamp(OCTOBER), promised_at=stamp(OCTOBER + timedelta(hours=72)), decided_at=stamp(decided),
        )  # fmt: skip
    story.many(1, "recalls_past", made_at=stamp(OCTOBER), told=5)
    story.many(1, "hubs", name="ศูนย์ตัวอย่าง", name_key="a", made_by="x", made_at=stamp(OCTOBER))
    story.many(1, "hubs", name="ศูนย์เก่า", name_key="b", made_by="x", made_at=stamp(AUGUST), closed_at=stamp(OCTOBER))
    story.many(1, "hub_counts", hub=1, day="2026-10-05", name="level", key="known_scam", count=31)
    story.many(1, "drill_totals", month="2026-10", hub=0, type="parcel", answer="ask", count=14)
    story.many(1, "drill_totals", month="2026-11", hub=0, type="parcel", answer="do", count=3)
    story.many(1, "drill_totals", month="2026-11", hub=0, type="parcel", answer="ignore", count=9)
    story.many(
        1, "bulletins", kind="monthly", month="2026-09", state="sent", made_at=stamp(OCTOBER), ended_at=stamp(OCTOBER)
    )
    story.many(8, "deliveries", bulletin=1, version=1, platform="line", language="th", state="sent")
    for kind, state, hours in (("registrar", "removed", 30), ("registrar", "sent", None), ("bank", "refused", 5)):
        ended = {} if hours is None else {"ended_at": stamp(OCTOBER + timedelta(hours=hours))}
        story.many(
            1, "takedowns", case_id=1, kind=kind, name="n{n}", way="a", asks="tell", state=state, prepared_by="x",
            prepared_at=stamp(OCTOBER), sent_at=stamp(OCTOBER), acknowledged_at=stamp(OCTOBER + timedelta(minutes=90)), **ended,
        )  # fmt: skip


async def test_a_planted_quarter_is_counted_as_by_hand(story: Story) -> None:
    planted(story)
    results = await story.book.quarter(Q4)
    told = measures(results)
    assert (results.so_far, results.until, results.began) == (True, NOON, AUGUST)
    expected = {
        "asked": 60, "warned": 40, "unknown": 20, "useful": 8, "not_useful": 6, "rated": 14, "emergencies": 9,
        "subscribed": 12, "unsubscribed": 0, "answers": 24, "failed_answers": 1, "reports": 15, "reporters": 15,
        "disputed": 6, "answered_cases": 3, "overturned": 2, "false_alarms": 1, "missed": 1, "promised": 3, "late": 1,
        "in_time": 2, "new_people": 17, "groups_joined": 6, "groups_left": None, "recalled": 5, "hubs_open": 1, "hub_asked": 31,
        "bulletins_monthly": 1, "bulletins_alert": 0, "letters_sent": 8, "letters_failed": 0, "hub_reports": 6,
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    # A third of 60, 1 of 3, 2 of 3: against us rounded up; 8 of 14 for us rounded down.
    assert (told["unknown_share"], told["late_share"], told["overturned_share"]) == (33.4, 33.4, 66.7)
    assert (told["useful_share"], told["said_share"], told["hub_share"]) == (57.1, 58.3, 40.0)
    # 23 of 25 within a little over 0.4 s; the next took 7.31 s, and the last never left.
    assert (told["answer_median"], told["answer_p95"]) == (410, 7_400)
    assert (told["review_median"], told["review_p95"]) == (20, 80)
    tables = {name: None if table is None else dict(table) for name, table in results.tables.items()}
    assert tables["asked_platform"] == {"line": 53, "telegram": 7}
    assert tables["new_people_platform"] == {"line": 11, "telegram": 6}
    assert tables["emergency_kind"] == {"code": None, "transfer": None}
    assert tables["follow_up"] == {"yes": 7, "no": 5}
    assert tables["drill_answers"] == {"ask": 14, "do": None, "ignore": None}
    taken = {each.kind.value: each for each in results.takedowns}
    registrar = taken["registrar"]
    assert (registrar.sent, len(registrar.acknowledged), registrar.removed, registrar.waiting) == (
        2,
        2,
        (timedelta(hours=30),),
        1,
    )
    assert (taken["bank"].refused, taken["bank"].removed, taken["telecom"].sent) == (1, (), 0)
    # The quarter before ran alone in August: nothing of October is in it.
    before = measures(await story.book.quarter(Q3))
    assert (before["asked"], before["warned"], before["new_people"], before["answer_p95"]) == (20, 20, 0, None)


async def test_a_quarter_before_the_first_word_says_so_and_one_to_come_is_refused(story: Story) -> None:
    empty = await story.book.quarter(Q4)
    assert empty.empty and empty.began is None
    planted(story)
    assert (await story.book.quarter(Quarter(2026, 2))).empty
    with pytest.raises(ValueError, match="2027-Q1 has not begun"):
        await story.book.quarter(Quarter(2027, 1))


async def test_letters_of_a_wave_stay_counted_when_the_wave_is_forgotten(story: Story) -> None:
    story.event(1, OCTOBER, "greeted")
    story.many(1, "sightings", signature="00", level="not_known", first_seen=stamp(OCTOBER), last_seen=stamp(OCTOBER))
    story.many(
        1, "recalls", sighting=1, decision="scam", state="done", told=41, made_at=stamp(OCTOBER), done_at=stamp(OCTOBER)
    )
    story.many(1, "recalls", sighting=1, decision="scam", state="waiting", told=3, made_at=stamp(OCTOBER))
    assert (await story.book.quarter(Q4)).counts["recalled"] == 44
    await story.store.retention.remove_old(180)
    assert len(rows(story.url, "recalls")) == 1 and (await story.book.quarter(Q4)).counts["recalled"] == 44
    change(story.url, "delete from recalls")
    assert (await story.book.quarter(Q4)).counts["recalled"] == 44


# What cannot be worked out


async def test_a_quarters_table_tells_nothing_that_its_months_do_not(story: Story) -> None:
    """October and November are told, December has three: the quarter's sum would give them away."""
    for month, counts in ((10, (30, 20, 9)), (11, (30, 20, 9)), (12, (30, 3, 9))):
        for platform, count in zip(("line", "telegram", "web"), counts, strict=True):
            story.event(count, datetime(2026, month, 5, 3, tzinfo=UTC), "checked", level="not_known", platform=platform)
    story.clock.moment = datetime(2027, 1, 5, 3, tzinfo=UTC)
    table = dict((await story.book.quarter(Q4)).tables["asked_platform"] or ())
    assert table == {"line": 90, "telegram": None, "web": None}


@pytest.mark.parametrize("counts", [(6, 7, 3), (1, 0, 0), (4, 4, 4)])
async def test_a_sum_that_would_give_a_small_month_away_is_hidden(story: Story, counts: tuple[int, ...]) -> None:
    for month, count in zip(Q4.months, counts, strict=True):
        story.event(count, month.start(BANGKOK) + timedelta(days=3), "emergency")
    story.clock.moment = datetime(2027, 1, 5, 3, tzinfo=UTC)
    assert (await story.book.quarter(Q4)).counts["emergencies"] is None


@pytest.mark.parametrize(
    ("few", "hidden"),
    [
        ({"not_useful": 3}, {"not_useful", "rated", "useful_share", "said_share"}),
        ({"unknown": 2}, {"unknown", "warned", "unknown_share"}),
        ({"answers": 1}, {"answers", "said_share", "answer_median", "answer_p95"}),
        ({"disputed": 4}, {"disputed"}),
    ],
)
async def test_nothing_is_shared_out_of_a_number_that_is_hidden(
    story: Story, few: dict[str, int], hidden: set[str]
) -> None:
    many = {"useful": 9, "not_useful": 8, "unknown": 7, "warned": 20, "answers": 30, "disputed": 6} | few
    story.event(many["useful"], OCTOBER, "useful", "yes:a")
    story.event(many["not_useful"], OCTOBER, "useful", "no:a")
    story.event(many["unknown"], OCTOBER, "checked", level="not_known")
    story.event(many["warned"], OCTOBER, "checked", level="known_scam")
    story.letters(many["answers"], OCTOBER, 400)
    story.letters(1, OCTOBER, None)
    story.reports(many["disputed"], OCTOBER, disputes=1)
    story.reports(20, OCTOBER)
    told = measures(await story.book.quarter(Q4))
    # Nothing was promised, decided or reviewed.
    none = {name for name in told if name.startswith(("late_share", "overturned_share", "review_"))}
    assert {name for name, value in told.items() if value is None} == hidden | none


async def test_how_many_reported_is_hidden_where_one_month_hides_it(story: Story) -> None:
    """Nine in October and twelve in the quarter would tell the three of December."""
    story.reports(9, OCTOBER)
    story.many(
        7, "reports", number="RT-{n}", person="p", platform="line", text="x", came_by="sms", language="th", level="known_scam",
        state="received", reported_at=stamp(OCTOBER + timedelta(days=61)),
    )  # fmt: skip
    story.clock.moment = datetime(2027, 1, 5, 3, tzinfo=UTC)
    counts = (await story.book.quarter(Q4)).counts
    assert (counts["reports"], counts["reporters"]) == (16, None)


# In words


def telling(now: Results, before: Results, language: Language, knowledge) -> Telling:
    return Telling(now, before, language, knowledge, BANGKOK, sentences())


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.slow
async def test_the_words_and_the_pdf_say_the_figures_how_and_what_they_cannot_show(
    story: Story, knowledge, language
) -> None:
    planted(story)
    now, before = await story.book.quarter(Q4), await story.book.quarter(Q3)
    told = telling(now, before, language, knowledge)
    assert [each.name for each in told.sections()] == list(SECTIONS)
    assert all(each.how and each.limits for each in told.sections())
    sheet = told.sheet()
    made = drawn(sheet)
    assert made == drawn(sheet), "equal content makes equal bytes"
    pdf = PdfReader(io.BytesIO(made))
    text = re.sub(r"\s+", " ", "".join(page.extract_text() for page in pdf.pages))
    assert pdf.metadata is not None and pdf.metadata.title == told.title
    fonts = {
        font.get_object()["/BaseFont"]
        for page in pdf.pages
        for font in page["/Resources"]["/Font"].get_object().values()  # type: ignore[index, union-attr]
    }
    assert fonts and all("Sarabun" in each for each in fonts)
    for said in ("33.4%", "7.40", "57.1%", "60") if language is Language.ENGLISH else ("33.4%", "60"):
        assert said in text, said
    said_all = " ".join(str(block) for block in sheet.blocks)
    assert "ปลอดภัย" not in said_all and not re.search(r"\bsafe", said_all)
    if language is Language.ENGLISH:
        assert "counted so far" in said_all and "not shown" in said_all


def test_every_sentence_stands_in_both_languages_and_is_said() -> None:
    import yaml

    from bot.results import HERE

    said = yaml.safe_load((HERE / "templates" / "results.yaml").read_text(encoding="utf-8"))
    for key, both in said.items():
        assert set(both) == {"th", "en"} and all(both.values()), key
        holes = [set(re.findall(r"\{(\w+)\}", text)) for text in both.values()]
        assert holes[0] == holes[1], key
        assert not re.search(r"ปลอดภัย|\bsafe(ly|ty)?\b", " ".join(both.values())), key
    for section, names in SECTIONS.items():
        for name in (*names, "title", "how", "limits"):
            assert f"{section}.{name}" in said


def test_every_figure_names_the_query_that_counts_it() -> None:
    told = {name for names in SECTIONS.values() for name in names}
    derived = (
        TIMES | set(SHARES) | {"asked_platform", "new_people_platform", "hub_reports", "letters_sent", "letters_failed"}
    )
    derived |= {"bulletins_monthly", "bulletins_alert", "bulletins_correction"}
    assert told - derived <= set(COUNTED_BY)


@given(st.integers(2000, 2999), st.integers(1, 4))
def test_quarters_follow_each_other(year: int, number: int) -> None:
    quarter = Quarter(year, number)
    assert Quarter.parse(quarter.text) == quarter == quarter.after().before() == quarter.before().after()
    assert quarter.months[2].after() == quarter.after().months[0]
    assert all(Quarter.of(each.first) == quarter for each in quarter.months)
    assert quarter.end(BANGKOK) == quarter.after().start(BANGKOK)


def test_a_quarter_is_said_in_both_languages() -> None:
    assert Q4.name(Language.THAI) == "ไตรมาส 4 พ.ศ. 2569 (ตุลาคม–ธันวาคม)"
    assert Q4.name(Language.ENGLISH) == "October–December 2026 (Q4)" and Q4.months[0] == Month(2026, 10)
    for wrong in ("2026", "2026-Q5", "2026-10", "Q4", ""):
        with pytest.raises(ValueError, match="2026-Q4"):
            Quarter.parse(wrong)


# At the command line and on the page


@pytest.mark.slow
def test_the_command_line_says_the_same_and_writes_the_pdf(tmp_path, monkeypatch) -> None:
    story = Story(f"sqlite:///{tmp_path}/rutan.db")
    planted(story)
    counted = asyncio.run(story.book.quarter(Q4))
    before = asyncio.run(story.book.quarter(Q3))
    story.store.close()
    monkeypatch.setenv("DATABASE_URL", story.url)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    run = CliRunner().invoke
    told = json.loads(
        run(rutan, ["results", "2026-q4", "--json", "--pdf", "results.pdf"], catch_exceptions=False).stdout
    )
    expected = as_json(counted, before)
    for name, value in told["quarter"]["figures"].items():
        # Whoever runs the test does so later than the story was told.
        assert name in ("promised", "late", "late_share") or value == expected["quarter"]["figures"][name], name  # type: ignore[index]
    assert set(told["quarter"]["tables"]) == set(TABLES)
    assert told["counted_by"]["asked"]["sql"].startswith("select count(*)")
    assert len(PdfReader(tmp_path / "results.pdf").pages) >= 2
    text = run(rutan, ["results", "2026-Q4"]).output
    assert "Share that we did not know" in text and "33.4%" in text and "What this cannot show" in text
    assert "There is no data of this quarter" in run(rutan, ["results", "2020-Q1"]).output
    for wrong in ("2099-Q1", "yesterday"):
        assert run(rutan, ["results", wrong]).exit_code == 2
    assert run(rutan, ["results"]).exit_code == 0


async def words(house: House, path: str) -> str:
    async with house.http.get(house.url + path) as answer:
        assert answer.status == 200, await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await answer.text())))


async def test_the_pages_show_it_to_everybody_in_both_languages_and_as_pdf(house: House) -> None:
    quarter = ResultsBook(house.bot.store.foundation).this_quarter()
    assert "There is no data of this quarter" in await words(house, "/results?lang=en")
    change(
        house.settings.database_url,
        "insert into events (at, name, level, platform, chat_kind) values "
        + ", ".join([f"('{stamp(house.bot.ports.clock.now())}', 'checked', 'not_known', 'web', 'private')"] * 6),
    )
    before = quarter.before()
    assert "There is no data" in await words(house, f"/results/{before}?lang=en")
    # What was counted a moment ago stays for a minute: another address of the same quarter is another counting only then.
    async with house.http.get(f"{house.url}/results/{quarter}.json") as answer:
        assert answer.status == 200 and (await answer.json())["quarter"]["quarter"] == quarter.text
    for wrong in ("2026-Q9", "x", f"{quarter.after()}", "2026-Q4'--"):
        async with house.http.get(f"{house.url}/results/{wrong}") as answer:
            assert answer.status == 404
    async with house.http.get(f"{house.url}/results/{quarter}/th.pdf") as answer:
        assert answer.status == 200 and answer.headers["Content-Type"] == "application/pdf"
        assert len(PdfReader(io.BytesIO(await answer.read())).pages) >= 1
    assert "The results of each quarter" in await words(house, "/score?lang=en")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "language"), [(360, "th"), (1366, "en")])
async def test_axe_finds_nothing_on_the_results(house: House, browser, axe, width, language) -> None:
    change(
        house.settings.database_url,
        f"insert into events (at, name, level, platform, chat_kind) values ('{stamp(house.bot.ports.clock.now())}', 'checked', 'not_known', 'web', 'private')",
    )
    quarter = ResultsBook(house.bot.store.foundation).this_quarter()
    opened = await browser.new_page(viewport={"width": width, "height": 740})
    await opened.goto(f"{house.url}/results/{quarter}?lang={language}")
    assert await opened.evaluate("document.documentElement.scrollWidth") <= width
    await opened.click("summary")
    assert await faults(opened, axe) == []
