"""The public scorecard: true, in both languages, and nothing rounded in our favour."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from browsing import faults
from hypothesis import given
from hypothesis import strategies as st
from store_cast import ANSWER, NUMBERED, REPORT, answered, said, taken

from bot.score import COUNTED, STAYS, answered_within, at_most, waited
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.figures import Times
from content.models import Language, ScamType
from content.verdict import Level
from handlers.messages import Address, Checked, Outcome, Platform, Session
from handlers.officials import Official, Role
from handlers.ports import Sent

MALI = Official(1, "มาลี", Role.EDITOR)


async def page(house, language: str = "en") -> str:
    async with house.http.get(f"{house.url}/score?lang={language}") as answer:
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await answer.text())))


async def figures(house) -> dict:
    async with house.http.get(f"{house.url}/score.json") as answer:
        assert answer.status == 200
        return await answer.json()


async def asked(house, number: int, level: Level) -> None:
    known = level is not Level.NOT_KNOWN
    events = (Checked(level, ScamType.PARCEL if known else None, None, None, Language.THAI, "v"),)
    store, who = house.bot.store, Address(Platform.WEB, f"p{number}", f"p{number}")
    # This month, whichever it is.
    message = replace(said("จริงไหม", f"s{number}", who), received_at=house.bot.ports.clock.now())
    letter = await store.commit(await taken(store, message), Outcome(Session(), ANSWER, events))
    await store.sent(letter, Sent("m", "reply"))


async def test_the_page_says_what_was_asked_known_and_not_known(house):
    for number, level in enumerate([Level.KNOWN_SCAM] * 7 + [Level.NOT_KNOWN] * 5):
        await asked(house, number, level)
    words = await page(house)
    for told in (
        "Messages people asked about 12 0",
        "We warned 7 0",
        "We did not know them 5 0",
        "Answers that left 12 0",
    ):
        assert told in words, told
    assert "(so far)" in words and "We promise to look at every case within 3 days (72 hours)" in words
    thai = await page(house, "th")
    assert "ข้อความที่คนส่งมาถาม 12 0" in thai and "ถึงขณะนี้" in thai and "ปลอดภัย" not in thai


async def test_few_people_are_not_told_of_and_what_is_ours_is(house):
    for number, level in enumerate([Level.KNOWN_SCAM] * 7 + [Level.NOT_KNOWN] * 2):
        await asked(house, number, level)
    await answered(house.bot.store, "r1", Outcome(Session(), NUMBERED, report=REPORT))
    told = await figures(house)
    counts = told["this_month"]["counts"]
    assert (counts["asked"], counts["reports"], counts["missed"], told["hidden_under"]) == (9, None, 0, 5)
    # Beside the nine, seven would tell the two.
    assert counts["warned"] is None and counts["unknown"] is None
    words = await page(house)
    assert "We warned not shown 0" in words and "Reports not shown 0" in words and "under 5 are not shown" in words
    assert "ไม่แสดง" in await page(house, "th")


def test_no_time_tells_how_few_were_answered():
    assert answered_within(Times({100: 3}, 0, {}), 0.5, None) == 100
    # One that never left: with two answers half of all would have come, with none not.
    assert answered_within(Times({100: 3}, 1, {}), 0.5, None) is None
    assert answered_within(Times({100: 9}, 1, {}), 0.5, 9) == 100


async def test_what_we_got_wrong_stands_there(house):
    store = house.bot.store
    await answered(store, "r1", Outcome(Session(), NUMBERED, report=REPORT))
    cases = CaseBook(store.foundation)
    row = (await cases.queue()).rows[0]
    await cases.decide(row.id, row.version, Decision(DecisionKind.NOT_A_SCAM), MALI)
    told = (await figures(house))["this_month"]
    assert (told["counts"]["false_alarms"], told["counts"]["overturned"], told["counts"]["missed"]) == (1, 1, 0)
    assert told["review_median_hours"] == 1 and told["review_promise_hours"] == 72
    assert "False alarms: we warned of what was no scam 1 0" in await page(house)


async def test_every_figure_comes_with_the_query_that_counts_it(house):
    for number in range(5):
        await asked(house, number, Level.KNOWN_SCAM)
    told = await figures(house)
    assert set(told["counted_by"]) == set(told["this_month"]["counts"]) == set(COUNTED)
    sql = told["counted_by"]["asked"]["sql"]
    span = {"start": "2000-01-01", "end": "2999-01-01"}
    counted = await house.bot.store.foundation.database.read(lambda tx: tx._connection.execute(sql, span).fetchone()[0])
    assert counted == told["this_month"]["counts"]["asked"] == 5


async def test_the_same_figures_for_a_while_so_that_nobody_can_wear_the_database_out(house):
    for number in range(5):
        await asked(house, number, Level.KNOWN_SCAM)
    assert (await figures(house))["this_month"]["counts"]["asked"] == 5
    await asked(house, 6, Level.KNOWN_SCAM)
    assert (await figures(house))["this_month"]["counts"]["asked"] == 5
    assert timedelta() < STAYS <= timedelta(minutes=1)


@pytest.mark.parametrize("path", ["/score?lang='%3Cscript%3E", "/score?lang=", "/score?x=%00"])
async def test_nothing_in_the_address_becomes_part_of_the_page(house, path):
    async with house.http.get(house.url + path) as answer:
        assert answer.status == 200 and "<script" not in await answer.text()


async def test_nobody_is_on_the_page(house):
    await answered(house.bot.store, "r1", Outcome(Session(), NUMBERED, report=REPORT))
    words = await page(house)
    assert "โอนมาที่" not in words and "Usomchai" not in words


# Waits


def test_a_quantile_is_the_edge_that_covers_it():
    histogram = {100: 50, 200: 45, 900: 5}
    assert [at_most(histogram, share) for share in (0.5, 0.51, 0.95, 0.951, 1.0)] == [100, 200, 200, 900, 900]
    assert at_most({}, 0.5) is None


def test_answers_that_never_left_are_the_longest_waits():
    assert waited(Times({100: 19}, 0, {}), 0.95) == 100
    assert waited(Times({100: 19, 5000: 1}, 1, {}), 0.95) == 5000
    assert waited(Times({100: 9}, 9, {}), 0.5) == 100
    assert waited(Times({100: 9}, 1, {}), 0.95) is None
    assert waited(Times({}, 3, {}), 0.5) is None


@given(
    st.dictionaries(st.integers(1, 10_000), st.integers(1, 50), min_size=1), st.integers(0, 50), st.floats(0.01, 1.0)
)
def test_at_least_the_share_lies_under_its_edge_and_no_smaller_edge_would_do(histogram, endless, share):
    whole = sum(histogram.values()) + endless
    edge = at_most(histogram, share, endless)
    covered = lambda most: sum(times for each, times in histogram.items() if each <= most)  # noqa: E731
    if edge is None:
        assert covered(10_000) < share * whole
    else:
        assert covered(edge) >= share * whole - 1e-9
        assert covered(edge - 1) < share * whole


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("language", ["th", "en"])
async def test_axe_finds_nothing_on_the_scorecard(house, browser, axe, width, language):
    await asked(house, 1, Level.KNOWN_SCAM)
    opened = await browser.new_page(viewport={"width": width, "height": 740}, java_script_enabled=True)
    await opened.goto(f"{house.url}/score?lang={language}")
    assert await opened.evaluate("document.documentElement.scrollWidth") <= width
    await opened.click("summary")
    assert await faults(opened, axe) == []
