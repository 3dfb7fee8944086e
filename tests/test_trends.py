"""Months, comparing, and numbers under five: hidden, and not to be worked out."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from itertools import combinations, pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.trends import daily
from content.models import Language
from scheduler.trends import (
    SMALLEST,
    Counted,
    DayCounts,
    Month,
    Shown,
    compared,
    fastest,
    suppressed,
    suppressed_within,
    unsummed,
)

BANGKOK = ZoneInfo("Asia/Bangkok")

# Months


def test_a_month_is_written_read_and_named_in_both_languages():
    october = Month.parse("2026-10")
    assert (october, str(october), october.text) == (Month(2026, 10), "2026-10", "2026-10")
    assert october.name(Language.THAI) == "ตุลาคม 2569" and october.name(Language.ENGLISH) == "October 2026"


@pytest.mark.parametrize(
    "wrong", ["2026-13", "2026-1", "2026-00", "0000-01", "1999-12", "october", "2026-10-01", "", "٢٠٢٦-10"]
)
def test_what_is_no_month_is_refused(wrong):
    with pytest.raises(ValueError, match="2026-10"):
        Month.parse(wrong)


def test_a_month_begins_at_midnight_on_the_wall():
    assert Month(2026, 10).start(BANGKOK) == datetime(2026, 9, 30, 17, tzinfo=UTC)
    assert Month(2026, 10).end(BANGKOK) == datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert Month.of(datetime(2026, 10, 31, 17, tzinfo=UTC).astimezone(BANGKOK)) == Month(2026, 11)


@given(st.dates(min_value=date(2000, 2, 1), max_value=date(2999, 11, 30)))
def test_before_and_after_undo_each_other_and_months_follow_without_a_gap(day):
    month = Month.of(day)
    assert month.before().after() == month == month.after().before() == Month.parse(month.text)
    assert month.before() < month < month.after() and month.end(BANGKOK) == month.after().start(BANGKOK)


# Suppression

TABLES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40), max_size=8)


def room(shown: Shown, total: int) -> tuple[int, int] | None:
    """Between what and what each hidden number must lie, as anybody can work out; None where nothing is hidden."""
    hidden = [key for key, count in shown.rows if count is None]
    if not hidden:
        return None
    left = total - sum(count for _, count in shown.rows if count is not None)
    others = len(hidden) - 1
    return max(1, 1 if others else left), left - others


@given(TABLES, st.integers(0, 20))
def test_no_small_number_is_shown_nor_can_be_worked_out_from_the_total(table, unsaid):
    total = sum(table.values()) + unsaid
    shown = suppressed(list(table.items()), total)
    assert all(count is None or count >= SMALLEST for _, count in shown.rows)
    least_and_most = room(shown, total)
    if least_and_most and not shown.withheld:
        least, most = least_and_most
        assert least == 1 and most >= SMALLEST


@given(TABLES, st.integers(0, 20))
def test_what_is_shown_is_true_and_nothing_large_is_hidden_without_need(table, unsaid):
    shown = suppressed(list(table.items()), sum(table.values()) + unsaid)
    whole = {**table, "": unsaid}
    assert all(count is None or count == whole[key] for key, count in shown.rows)
    if all(count == 0 or count >= SMALLEST for count in whole.values()):
        assert not shown.withheld and dict(shown.rows) == {key: count for key, count in whole.items() if count}


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=10))
def test_no_small_number_of_a_day_is_shown_nor_can_be_worked_out_from_the_month(days):
    counted = [
        DayCounts(date(2026, 10, place), {"asked": warned + unknown, "warned": warned, "unknown": unknown})
        for place, (warned, unknown) in enumerate(days, start=1)
    ]
    sums = {name: sum(each.counts[name] for each in counted) for name in ("asked", "warned", "unknown")}
    hidden_totals = {name: None if 0 < count < SMALLEST else count for name, count in sums.items()}
    told = daily(counted, hidden_totals)
    shown = [count for each in told if each.counts for count in each.counts.values()]
    assert all(count == 0 or count >= SMALLEST for count in shown)
    hidden = [each for each, seen in zip(counted, told, strict=True) if seen.counts is None]
    busy = [each for each in counted if each.counts["asked"]]
    if None in hidden_totals.values():
        assert hidden == busy
    elif hidden != busy:
        assert len(hidden) != 1
        together = [sum(each.counts[name] for each in hidden) for name in sums]
        assert all(count == 0 or count >= SMALLEST for count in together)
    if all(count == 0 or count >= SMALLEST for each in counted for count in each.counts.values()):
        assert hidden == [], "nothing is hidden without need"


def test_even_who_knows_the_rule_cannot_name_a_hidden_number():
    """Every small table there is, by what is shown of it: each hidden number could still be another."""
    could_be: dict[tuple, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for size, total in product(range(1, 5), range(1, 25)):
        for cuts in combinations(range(1, total), size - 1):
            counts = [after - before for before, after in pairwise((0, *cuts, total))]
            table = dict(zip("abcd", counts, strict=False))
            rows = suppressed(list(table.items()), total).rows
            for key, count in rows:
                if count is None:
                    could_be[total, rows][key].add(table[key])
    assert len(could_be) > 100
    for (total, rows), hidden in could_be.items():
        assert min(map(len, hidden.values())) >= 2, (total, rows, hidden)


def test_one_small_number_takes_the_next_smallest_with_it():
    shown = suppressed([("a", 40), ("b", 3), ("c", 9), ("d", 20)], 72)
    assert shown.rows == (("a", 40), ("d", 20), ("b", None), ("c", None))


def test_its_equals_are_hidden_with_it():
    # Which of two equals is hidden would tell something of the small one.
    assert suppressed([("a", 40), ("b", 1), ("c", 8), ("d", 8)], 57).rows == (
        ("a", 40), ("b", None), ("c", None), ("d", None),
    )  # fmt: skip


def test_several_small_numbers_are_hidden_behind_a_larger_one():
    # Two of one each: that they are two would say all.
    assert suppressed([("a", 40), ("b", 1), ("c", 1), ("d", 8)], 50).rows == (
        ("a", 40), ("b", None), ("c", None), ("d", None),
    )  # fmt: skip


def test_what_nobody_said_counts_as_a_row():
    assert suppressed([("a", 40), ("b", 30)], 73).rows == (("a", 40), ("", None), ("b", None))


def test_a_table_that_cannot_be_protected_is_withheld():
    assert suppressed([("a", 3)], 3) == Shown((), withheld=True)
    assert suppressed([("a", 1), ("b", 1)], 2) == Shown((), withheld=True)
    assert suppressed([], 0) == Shown(())


def test_a_table_with_more_than_its_total_is_a_fault():
    with pytest.raises(ValueError, match="total"):
        suppressed([("a", 9)], 8)


@given(TABLES)
def test_where_the_total_is_not_to_be_known_the_numbers_that_are_shown_do_not_add_up_to_it(table):
    shown = suppressed(list(table.items()), sum(table.values()))
    without = unsummed(shown)
    assert not without.rows or None in dict(without.rows).values() or not table
    assert all(count in (None, dict(shown.rows)[key]) for key, count in without.rows)
    assert without.withheld or len(without.rows) == len(shown.rows)
    if None in dict(shown.rows).values():
        assert without == shown


@given(TABLES)
def test_the_order_of_hidden_rows_tells_nothing(table):
    shown = suppressed(list(table.items()), sum(table.values()))
    hidden = [key for key, count in shown.rows if count is None]
    visible = [count for _, count in shown.rows if count is not None]
    assert hidden == sorted(hidden) and visible == sorted(visible, reverse=True)
    assert [count is None for _, count in shown.rows] == sorted(count is None for _, count in shown.rows)


# Two tables that add up to each other

NESTED = st.dictionaries(
    st.sampled_from(["loan", "parcel", "qr", "prize"]),
    st.dictionaries(st.sampled_from("xyz"), st.integers(1, 15), max_size=3),
    max_size=4,
)


@given(NESTED, st.integers(0, 7))
def test_a_hidden_number_cannot_be_worked_out_from_the_finer_table(nested, without_entry):
    types = {kind: sum(entries.values()) + without_entry for kind, entries in nested.items()}
    coarse = suppressed(list(types.items()), sum(types.values()))
    rows = [(kind, f"{kind}-{entry}", count) for kind, entries in nested.items() for entry, count in entries.items()]
    fine = suppressed_within(coarse, rows)
    named = dict(fine.rows)
    assert all(count is None or count >= SMALLEST for count in named.values())
    for kind, entries in nested.items():
        of_kind = {key: named[key] for key in (f"{kind}-{entry}" for entry in entries) if key in named}
        total = dict(coarse.rows).get(kind)
        if total is None:
            # Not even their number may be told: each of them would raise the least that the type can be.
            assert of_kind == {}
        elif None in of_kind.values():
            left = total - sum(count for count in of_kind.values() if count is not None)
            others = sum(count is None for count in of_kind.values()) - 1
            assert left - others >= SMALLEST and (others or without_entry)


# Month to month


def test_a_month_stands_beside_the_one_before_each_hidden_by_itself():
    now = suppressed([("a", 40), ("b", 3), ("c", 9), ("d", 20)], 72)
    before = suppressed([("a", 30), ("b", 12), ("e", 8)], 50)
    assert compared(now, before) == (
        Counted("a", 40, 30), Counted("d", 20, 0), Counted("b", None, 12), Counted("c", None, 0), Counted("e", 0, 8),
    )  # fmt: skip


def test_beside_a_withheld_month_nothing_is_called_nothing():
    withheld = suppressed([("a", 1)], 1)
    assert compared(suppressed([("a", 40)], 40), withheld) == (Counted("a", 40, None),)
    assert compared(withheld, suppressed([("a", 40)], 40)) == ()


@given(TABLES, TABLES)
def test_no_month_tells_what_the_other_hides(now, before):
    shown, earlier = (suppressed(list(table.items()), sum(table.values())) for table in (now, before))
    for row in compared(shown, earlier):
        assert row.count is None or row.count == now.get(row.key, 0)
        assert row.before is None or row.before == before.get(row.key, 0)
        assert row.count is None or row.count == 0 or row.count >= SMALLEST
        assert row.before is None or row.before == 0 or row.before >= SMALLEST


# What rose


def test_the_fastest_riser_has_enough_and_is_known_in_both_months():
    rows = (
        Counted("parcel", 60, 50),
        Counted("qr", 30, 6),
        Counted("loan", 9, 0),
        Counted("prize", 12, None),
        Counted("", 90, 5),
    )
    assert fastest(rows) == Counted("qr", 30, 6)
    assert fastest((Counted("parcel", 40, 50), Counted("loan", 9, 0))) is None
