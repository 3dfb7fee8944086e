"""Everything that is public of the same months, taken together: the open data, `/trends`, the scorecard and the results of the
quarter. Whoever has all of it and knows how its numbers add up can work no small number out."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from conftest import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from partner_cast import program
from scipy.optimize import linprog
from scipy.sparse import csr_array
from store_cast import SECRET, StandingClock, add

from bot.open_data import gathered
from bot.open_data_files import files
from bot.partners.scopes import Scope
from bot.partners.trends import shown
from bot.results_json import as_json
from bot.score import scored
from bot.store import SqlStore
from bot.store.figures import SOURCES, TABLES, WHOLES, Figures
from bot.store.forms import stamp
from bot.store.results import SUMMED, ResultsBook
from content.loading import load
from content.models import ScamType
from scheduler.published import NO_LOSS, OF_OURS, OF_PEOPLE, hidden_totals
from scheduler.quarters import Quarter
from scheduler.trends import SMALLEST, Dimension, Month

KNOWN = load()
BANGKOK = ZoneInfo("Asia/Bangkok")
Q3 = Quarter(2026, 3)
AFTER = datetime(2026, 10, 5, 3, tzinfo=UTC)
TYPES = ("parcel", "loan", "job_task")
ENTRIES = {type_: KNOWN.entries_of_type[ScamType(type_)][:2] for type_ in TYPES}
HUBS = ("ศูนย์หนึ่ง", "ศูนย์สอง", "")
NUMBERED = count()

# (period, kind, key): kind is "total" or a dimension; a total of the sort "warnings" is what is left of two others.
Name = tuple[str, str, str]


@dataclass
class Plan:
    """A month that people had: how many of each."""

    entries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unknown: int = 0
    known: int = 0
    platforms: Sequence[int] = ()
    languages: Sequence[int] = ()
    losses: Mapping[str, int] = field(default_factory=dict)
    came_by: Sequence[int] = ()
    provinces: Sequence[int] = ()
    hubs: Sequence[int] = ()
    disputed: int = 0
    people: int = 1
    strangers: int = 0
    useful: int = 0
    not_useful: int = 0
    emergencies: int = 0
    subscribed: int = 0
    answers: int = 0
    failed: int = 0

    @property
    def warned(self) -> int:
        return sum(self.entries.values())

    @property
    def reports(self) -> int:
        return sum(self.losses.values())


PLATFORMS, LANGUAGES = ("line", "telegram", "web"), ("th", "en")
CAME_BY, PROVINCES = ("sms", "call", "other"), ("khon-kaen", "yala", "")
few = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 8, 20])


@st.composite
def plans(draw: Any) -> Plan:
    """Months with small numbers in every table."""

    def parts(whole: int, of: Sequence[str]) -> list[int]:
        cuts = sorted(draw(st.integers(0, whole)) for _ in of[1:])
        return [after - before for before, after in zip((0, *cuts), (*cuts, whole), strict=True)]

    entries = {(type_, entry): draw(few) for type_ in TYPES for entry in (*ENTRIES[type_], "")}
    losses = {key: draw(few) for key in ("none", "under_1k", "1k_10k", "")}
    entries["", ""] = draw(few)
    unknown, warned, reports = draw(few), sum(entries.values()), sum(losses.values())
    left = {name: draw(few) for name in ("useful", "not_useful", "emergencies", "subscribed", "answers", "failed")}
    return Plan(
        entries=entries, unknown=unknown, known=draw(st.integers(0, warned)),
        platforms=parts(warned + unknown, PLATFORMS), languages=parts(warned + unknown, LANGUAGES),
        losses=losses, came_by=parts(reports, CAME_BY), provinces=parts(reports, PROVINCES), hubs=parts(reports, HUBS),
        disputed=draw(st.integers(0, reports)), people=draw(st.integers(1, max(reports, 1))), strangers=draw(few), **left,
    )  # fmt: skip


def spread(keys: Sequence[str], counts: Sequence[int]) -> list[str]:
    return [key for key, many in zip(keys, counts, strict=True) for _ in range(many)]


def plant(url: str, month: Month, plan: Plan) -> None:
    """Write the month down as if it had happened."""
    at = stamp(month.start(BANGKOK) + timedelta(days=3))
    asked: list[tuple[str, str | None, str | None]] = []
    for (type_, entry), many in plan.entries.items():
        asked += [("", type_ or None, entry or None)] * many
    asked = [
        ("known_scam" if at < plan.known else "warning_signs", type_, entry)
        for at, (_, type_, entry) in enumerate(asked)
    ]
    asked += [("not_known", None, None)] * plan.unknown
    told = zip(asked, spread(PLATFORMS, plan.platforms), spread(LANGUAGES, plan.languages), strict=True)
    events = [(at, "checked", "", *each, platform, language) for each, platform, language in told]
    for name, detail, many in (
        ("useful", "yes:a", plan.useful), ("useful", "no:a", plan.not_useful), ("emergency", "", plan.emergencies),
        ("subscribed", "", plan.subscribed),
    ):  # fmt: skip
        events += [(at, name, detail, None, None, None, "line", "th")] * many
    columns = ("at", "name", "detail", "level", "type", "entry", "platform", "language", "chat_kind")
    add(url, "events", columns, [(*each, "private") for each in events])
    tables = [
        spread(list(plan.losses), list(plan.losses.values())), spread(CAME_BY, plan.came_by),
        spread(PROVINCES, plan.provinces), spread(HUBS, plan.hubs),
    ]  # fmt: skip
    add(
        url,
        "reports",
        ("number", "person", "platform", "text", "language", "level", "state", "reported_at", "disputes", "loss", "came_by", "province", "hub"),
        [
            (f"RT-{next(NUMBERED)}", f"p{plan.strangers + at_ % plan.people}", "line", "x", "th", "known_scam", "received", at, int(at_ < plan.disputed), *each)
            for at_, each in enumerate(zip(*tables, strict=True))
        ],
    )  # fmt: skip
    letters = [("sent", at)] * plan.answers + [("failed", None)] * plan.failed
    numbers = [next(NUMBERED) for _ in letters]
    add(
        url,
        "outbox",
        ("answers", "platform", "chat", "body", "retry_key", "received_at", "due_at", "state", "sent_at"),
        [(1_000_000 + n, "line", "c", "", f"k{n}", at, at, *each) for n, each in zip(numbers, letters, strict=True)],
    )


def true_numbers(months: Mapping[str, Plan], quarter: str) -> dict[Name, int]:
    """Every number there is, whether anybody is told it or not."""
    true: dict[Name, int] = {}
    for period, plan in months.items():
        people = {plan.strangers + at % plan.people for at in range(plan.reports)}
        totals = {
            "asked": plan.warned + plan.unknown, "warned": plan.warned, "unknown": plan.unknown, "known": plan.known,
            "warnings": plan.warned - plan.known, "reports": plan.reports, "reporters": len(people),
            "disputed": plan.disputed, "undisputed": plan.reports - plan.disputed,
            "lost_money": sum(many for key, many in plan.losses.items() if key not in NO_LOSS),
            "useful": plan.useful, "not_useful": plan.not_useful, "emergencies": plan.emergencies,
            "subscribed": plan.subscribed, "answers": plan.answers, "failed_answers": plan.failed,
        }  # fmt: skip
        true |= {(period, "total", name): many for name, many in totals.items()}
        for type_ in (*TYPES, ""):
            true[period, "type", type_] = sum(many for (of, _), many in plan.entries.items() if of == type_)
            true |= {(period, "entry", entry): plan.entries.get((type_, entry), 0) for entry in ENTRIES.get(type_, ())}
        true |= {(period, "loss", key): many for key, many in plan.losses.items()}
        for kind, keys, counts in (
            ("platform", PLATFORMS, plan.platforms), ("language", LANGUAGES, plan.languages), ("came_by", CAME_BY, plan.came_by),
            ("province", PROVINCES, plan.provinces), ("hub", HUBS, plan.hubs),
        ):  # fmt: skip
            true |= {(period, kind, key): many for key, many in zip(keys, counts, strict=True)}
    for _, kind, key in list(true):
        true[quarter, kind, key] = sum(true[period, kind, key] for period in months)
    everybody = {plan.strangers + at % plan.people for plan in months.values() for at in range(plan.reports)}
    return true | {(quarter, "total", "reporters"): len(everybody)}


# What anybody can read


@dataclass
class Told:
    """What is said of each number; None where it is named and hidden."""

    facts: dict[Name, int | None] = field(default_factory=dict)
    whole: set[tuple[str, str]] = field(default_factory=set)

    def say(self, name: Name, value: int | None) -> None:
        before = self.facts.setdefault(name, value)
        # What one publication tells no other one need hide; two that tell different numbers would be a fault.
        assert None in (before, value) or before == value, (name, before, value)
        if value is not None:
            self.facts[name] = value

    def table(self, period: str, kind: str, rows: Mapping[str, int | None]) -> None:
        for key, value in rows.items():
            self.say((period, kind, key), value)
        if rows and kind != "entry" and "Q" not in period:
            # Where anything of a month's table is named, what is not named is not there.
            self.whole.add((period, kind))

    def open_data(self, said: Mapping[str, Any]) -> None:
        for period, tables in said["periods"].items():
            for kind, rows in tables.items():
                if kind == "total":
                    for row in rows:
                        self.say((period, kind, row["key"]), row["count"])
                elif [row["key"] for row in rows] != ["*"]:
                    self.table(period, kind, {row["key"]: row["count"] for row in rows})

    def trends(self, said: Mapping[str, Any], before: str) -> None:
        for column, period in (("count", said["month"]), ("before", before)):
            for each in said["totals"]:
                self.say((period, "total", each["name"]), each[column])
            for table in said["tables"]:
                for row in table["rows"]:
                    if row[column] is not None or column == "count":
                        self.say((period, table["by"], row["key"]), row[column])

    def score(self, said: Mapping[str, Any]) -> None:
        for name, value in said["counts"].items():
            self.say((said["month"], "total", name), value)

    def results(self, said: Mapping[str, Any]) -> None:
        if said["no_data"]:
            return
        period, figures = said["quarter"], said["figures"]
        for name in (*SUMMED, "reporters"):
            self.say((period, "total", name), figures[name])
        if said["tables"]["asked_platform"] is not None:
            self.table(period, "platform", said["tables"]["asked_platform"])
        self.say((period, "total", "hub_reports"), figures["hub_reports"])


@dataclass
class Sums:
    """How the numbers add up: what anybody may know of them without any file."""

    place: dict[Name, int]
    equal: list[tuple[dict[Name, float], float]] = field(default_factory=list)
    at_most: list[dict[Name, float]] = field(default_factory=list)

    def adds_up(self, parts: Iterable[Name], whole: Name) -> None:
        self.equal.append(({**dict.fromkeys(parts, 1.0), whole: -1.0}, 0.0))

    def within(self, parts: Iterable[Name], whole: Name) -> None:
        self.at_most.append({**dict.fromkeys(parts, 1.0), whole: -1.0})

    def rows(self, terms: Sequence[Mapping[Name, float]]) -> csr_array:
        found = np.zeros((len(terms), len(self.place)))
        for at, each in enumerate(terms):
            for name, factor in each.items():
                found[at, self.place[name]] += factor
        return csr_array(found)


def sums(names: Sequence[Name], months: Sequence[str], quarter: str) -> Sums:
    of = Sums({name: at for at, name in enumerate(names)})

    def total(period: str, name: str) -> Name:
        return period, "total", name

    for period in (*months, quarter):
        for parts, whole in (
            (("warned", "unknown"), "asked"), (("known", "warnings"), "warned"), (("disputed", "undisputed"), "reports"),
        ):  # fmt: skip
            of.adds_up([total(period, part) for part in parts], total(period, whole))
        for dimension in TABLES:
            if dimension is not Dimension.ENTRY:
                rows = [name for name in names if name[:2] == (period, dimension.value)]
                of.adds_up(rows, total(period, WHOLES[dimension]))
        for type_, entries in ENTRIES.items():
            of.within([(period, "entry", entry) for entry in entries], (period, "type", type_))
        losses = [name for name in names if name[:2] == (period, "loss") and name[2] not in NO_LOSS]
        of.adds_up(losses, total(period, "lost_money"))
        of.within([total(period, "reporters")], total(period, "reports"))
    for _, kind, key in (name for name in names if name[0] == quarter and name[2] != "reporters"):
        of.adds_up([(period, kind, key) for period in months], (quarter, kind, key))
    everybody = total(quarter, "reporters")
    of.within([everybody], everybody)
    of.at_most[-1] = {everybody: 1.0, **{total(period, "reporters"): -1.0 for period in months}}
    for period in months:
        of.within([total(period, "reporters")], everybody)
    return of


def room(told: Told, true: Mapping[Name, int], months: Sequence[str], quarter: str) -> dict[Name, tuple[float, float]]:
    """Between what and what each small number must lie."""
    names = list(true)
    of = sums(names, months, quarter)
    bounds: list[tuple[float, float | None]] = []
    for name in names:
        value = told.facts.get(name, 0 if name[:2] in told.whole and name not in told.facts else None)
        named = name in told.facts and name[1] != "total"
        bounds.append((value, value) if value is not None else (1 if named else 0, None))
    if (hubs := told.facts.get((quarter, "total", "hub_reports"))) is not None:
        of.equal.append(({(quarter, "hub", key): 1.0 for key in HUBS if key}, float(hubs)))
    equal, under = of.rows([terms for terms, _ in of.equal]), of.rows(of.at_most)
    values = [value for _, value in of.equal]
    found = {}
    for name in names:
        if not (0 < true[name] < SMALLEST) or name[2] in OF_OURS:
            continue
        aim = np.zeros(len(names))
        aim[of.place[name]] = 1
        ends = [
            linprog(sign * aim, A_ub=under, b_ub=np.zeros(len(of.at_most)), A_eq=equal, b_eq=values, bounds=bounds, method="highs")
            for sign in (1, -1)
        ]  # fmt: skip
        assert all(each.status in (0, 3) for each in ends), "what is told is possible"
        found[name] = (ends[0].fun, float("inf") if ends[1].status == 3 else -ends[1].fun)
    return found


def assert_nothing_small_is_told(told: Told, true: Mapping[Name, int], months: Sequence[str], quarter: str) -> None:
    for name, value in told.facts.items():
        if value is not None and name in true:
            assert value == true[name], name
            assert value == 0 or value >= SMALLEST or name[2] in OF_OURS, f"{name} is told: {value}"
    for name, (least, most) in room(told, true, months, quarter).items():
        assert most - least >= SMALLEST - 1, f"{name} is {true[name]} and must lie between {least} and {most}"


# Planted quarters

# Losses that have been told apart by the number of those who lost money: 20 + 3 = 23.
ONCE = Plan(
    entries={("parcel", ENTRIES["parcel"][0]): 40, ("loan", ENTRIES["loan"][0]): 8}, unknown=2, known=47,
    platforms=(47, 3, 0), languages=(50, 0), losses={"none": 6, "under_1k": 20, "1k_10k": 3, "": 30}, came_by=(56, 3, 0),
    provinces=(0, 0, 59), hubs=(3, 9, 47), disputed=57, people=3, useful=6, not_useful=2, emergencies=3, subscribed=1,
    answers=4, failed=2,
)  # fmt: skip
LARGE = Plan(
    entries={("parcel", ENTRIES["parcel"][0]): 40, ("loan", ENTRIES["loan"][0]): 8}, unknown=20, known=30,
    platforms=(60, 8, 0), languages=(68, 0), losses={"none": 6, "under_1k": 20, "1k_10k": 7, "": 30}, came_by=(53, 10, 0),
    provinces=(0, 0, 63), hubs=(0, 9, 54), disputed=30, people=30, useful=9, not_useful=7, emergencies=9, subscribed=8,
    answers=60, failed=2,
)  # fmt: skip


async def published_of(store: SqlStore, quarter: Quarter) -> Told:
    """What the programs of all four say."""
    told, figures, foundation = Told(), Figures(store.foundation), store.foundation
    for name, body in files(await gathered(foundation, KNOWN), "x", "https://x.example").items():
        if name in ("rutan-monthly.json", "rutan-quarterly.json"):
            told.open_data(json.loads(body))
    for month in quarter.months:
        now, before = await figures.month(month), await figures.month(month.before())
        told.trends(shown(now, before).model_dump(mode="json"), month.before().text)
        told.score(asdict(scored(now, await figures.times(month))))
    book = ResultsBook(foundation)
    results = as_json(await book.quarter(quarter), await book.quarter(quarter.before()))["quarter"]
    assert isinstance(results, dict)
    told.results(results)
    return told


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("together") / "empty.db"
    SqlStore.open(f"sqlite:///{path}", [SECRET], StandingClock(AFTER), BANGKOK).close()
    yield path


def assert_a_quarter_of(empty: Path, months: Sequence[Plan]) -> None:
    path = empty.with_name(f"{next(NUMBERED)}.db")
    path.write_bytes(empty.read_bytes())
    plans = dict(zip((each.text for each in Q3.months), months, strict=True))
    for month, plan in zip(Q3.months, months, strict=True):
        plant(f"sqlite:///{path}", month, plan)
    store = SqlStore.open(f"sqlite:///{path}", [SECRET], StandingClock(AFTER), BANGKOK)
    try:
        told = asyncio.run(published_of(store, Q3))
    finally:
        store.close()
    assert_nothing_small_is_told(told, true_numbers(plans, Q3.text), list(plans), Q3.text)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.tuples(plans(), plans(), plans()))
def test_nothing_small_can_be_worked_out_of_all_that_is_public(empty: Path, months: tuple[Plan, ...]) -> None:
    assert_a_quarter_of(empty, months)


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.tuples(plans(), plans(), plans()))
def test_the_same_for_longer(empty: Path, months: tuple[Plan, ...]) -> None:
    assert_a_quarter_of(empty, months)


@pytest.mark.parametrize("at", range(3))
def test_a_month_of_small_numbers_stays_unknown_beside_two_of_large_ones(empty: Path, at: int) -> None:
    months = [LARGE] * 3
    months[at] = ONCE
    assert_a_quarter_of(empty, months)


def _told_but(*names: str) -> Callable[[Mapping[str, int]], frozenset[str]]:
    return lambda counts: hidden_totals(counts) - set(names)


@pytest.mark.parametrize(
    ("rule", "weaker"),
    [
        ("scheduler.published._losses_tell", lambda figures: True),
        ("bot.store.figures.unsummed", lambda table: table),
        ("scheduler.published.hidden_totals", _told_but("known")),
        ("scheduler.published.hidden_totals", _told_but("disputed")),
        ("scheduler.published.hidden_totals", _told_but("warned")),
    ],
)
def test_a_weaker_rule_is_found_out(
    empty: Path, monkeypatch: pytest.MonkeyPatch, rule: str, weaker: Callable[..., object]
) -> None:
    monkeypatch.setattr(rule, weaker)
    with pytest.raises(AssertionError, match="must lie between"):
        assert_a_quarter_of(empty, [LARGE, ONCE, LARGE])


def test_what_is_large_is_told(empty: Path) -> None:
    """A rule that hides everything would hold all of the above."""
    path = empty.with_name(f"{next(NUMBERED)}.db")
    path.write_bytes(empty.read_bytes())
    for month in Q3.months:
        plant(f"sqlite:///{path}", month, LARGE)
    store = SqlStore.open(f"sqlite:///{path}", [SECRET], StandingClock(AFTER), BANGKOK)
    try:
        told = asyncio.run(published_of(store, Q3))
    finally:
        store.close()
    true = true_numbers({each.text: LARGE for each in Q3.months}, Q3.text)
    for period in (Q3.months[0].text, Q3.text):
        for name in (*SUMMED, "reporters"):
            assert told.facts[period, "total", name] == true.get((period, "total", name), 0), (period, name)
    assert told.facts[Q3.text, "total", "lost_money"] == 81 and told.facts[Q3.text, "total", "hub_reports"] == 27


def test_every_total_is_either_of_people_or_of_ours() -> None:
    assert set(SOURCES) == OF_PEOPLE | OF_OURS and not OF_PEOPLE & OF_OURS


async def test_the_pages_of_a_house_tell_nothing_small_either(house: House) -> None:
    this = Month.of(house.bot.store.foundation.today())
    quarter = Quarter.of(this.first).before()
    # Letters of long ago a house that runs may have cleared away.
    large, once = (replace(each, answers=0, failed=0) for each in (LARGE, ONCE))
    plans = dict(zip((each.text for each in quarter.months), (large, large, once), strict=True))
    for month, plan in zip(quarter.months, plans.values(), strict=True):
        plant(house.settings.database_url, month, plan)
    if this.before() not in quarter.months:
        # The scorecard's month.
        plant(house.settings.database_url, this.before(), once)
    partner, told = await program(house, Scope.TRENDS), Told()

    async def said(path: str) -> Any:
        async with house.http.get(house.url + path) as answer:
            assert answer.status == 200
            return await answer.json(content_type=None)

    for month in quarter.months:
        told.open_data(await said(f"/open-data/rutan-{month}.json"))
        told.trends((await partner.get(f"/trends?month={month}")).body, month.before().text)
    told.open_data(await said("/open-data/rutan-quarterly.json"))
    told.results((await said(f"/results/{quarter}.json"))["quarter"])
    assert_nothing_small_is_told(told, true_numbers(plans, quarter.text), list(plans), quarter.text)
    counts = (await said("/score.json"))["last_month"]["counts"]
    assert {name for name, value in counts.items() if value is None} == {"warned", "unknown", "not_useful", "disputed"}
    for path, rows in (
        ("/score?lang=en", ("We warned 0 not shown", "Reports that we were wrong 0 not shown")),
        (
            f"/results/{quarter}?lang=en",
            ("Reports of lost money not shown", "Times urgent help was asked for not shown"),
        ),
    ):
        async with house.http.get(house.url + path) as answer:
            page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await answer.text()))
        assert all(each in page for each in rows), page
