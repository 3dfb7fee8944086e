"""How the shipped knowledge answers: floors a little under today's figures, so that no change makes it worse unseen.

The golden messages are never taught. Each is judged once; the figures are those of `rutan evaluate tests/golden/*.jsonl`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from conftest import ROOT
from corruptions import CORRUPTIONS, Corruption

from content.evaluation import Labelled, Outcome, Table, messages, outcome, table
from content.loading import FOLDER, Knowledge
from content.models import Entry
from content.verdict import Level, Verdict, judge

GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.jsonl"))
FOUND = (Level.KNOWN_SCAM, Level.WARNING_SIGNS)


@pytest.fixture(scope="session")
def golden(knowledge: Knowledge) -> Table:
    return table([outcome(message, knowledge) for message in messages(GOLDEN)])


@pytest.fixture(scope="session")
def examples(knowledge: Knowledge) -> Table:
    return table([outcome(message, knowledge) for message in messages(sorted((FOLDER / "examples").glob("*.jsonl")))])


def few(outcomes: Sequence[Outcome]) -> list[str]:
    """The first of them, for a failing test to show."""
    return [f"{each.message.id} {each.score:.2f} {each.level.value}" for each in outcomes[:12]]


# --- the golden set ---------------------------------------------------------------------------------------------------
def test_the_whole_set_is_judged(golden: Table) -> None:
    assert golden.overall.scams + golden.overall.benign >= 690


@pytest.mark.parametrize(
    ("figure", "floor"),
    [
        ("auc", 0.98),
        ("recall_at_5", 0.91),
        ("flagged", 0.85),
        ("type_first", 0.85),
        ("type_three", 0.965),
    ],
)
def test_as_much_is_found_as_before(golden: Table, figure: str, floor: float) -> None:
    assert getattr(golden.overall, figure) >= floor


@pytest.mark.parametrize(
    ("figure", "ceiling"),
    [
        ("missed", 0.045),
        ("false_alarm", 0.025),
        ("benign_known", 0.0),
        ("benign_asked", 0.11),
        ("calibration", 0.04),
    ],
)
def test_no_more_goes_wrong_than_before(golden: Table, figure: str, ceiling: float) -> None:
    assert getattr(golden.overall, figure) <= ceiling


def test_both_languages_are_served(golden: Table) -> None:
    for row in golden.by["language"]:
        assert row.flagged is not None and row.missed is not None and row.false_alarm is not None
        assert row.flagged >= 0.83, row
        assert row.missed <= 0.05, row
        assert row.false_alarm <= 0.04, row


def test_no_type_is_missed_outright_too_often(golden: Table) -> None:
    """The aim is .15. One type is known to fall short and is held at what was measured, 3 of its 11 messages."""
    short = {"overseas_job_trafficking": 0.28}
    worst = {row.name: row.missed for row in golden.by["type"] if (row.missed or 0.0) > short.get(row.name, 0.25)}
    assert worst == {}


def test_notices_warnings_and_questions_are_never_called_a_known_scam(golden: Table) -> None:
    kinds = {
        "otp",
        "transaction",
        "delivery",
        "gov_notice",
        "scam_warning",
        "question",
        "bank_marketing_real",
        "donation_real",
    }
    called = [o for o in golden.outcomes if o.message.kind in kinds and o.level is Level.KNOWN_SCAM]
    assert few(called) == []


# --- the entries' own phrases ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Own:
    """A phrase of an entry, and what the bot says of it."""

    entry: str
    text: str
    verdict: Verdict


def phrases(entry: Entry) -> list[str]:
    sides = (entry.phrases.scammer, entry.phrases.victim)
    return [text for side in sides for lines in (side.th, side.en) for text in lines]


@pytest.fixture(scope="session")
def own(knowledge: Knowledge) -> tuple[Own, ...]:
    return tuple(
        Own(entry.id, text, judge(text, knowledge)) for entry in knowledge.entries.values() for text in phrases(entry)
    )


def test_every_phrase_has_its_entry_among_the_candidates(own: Sequence[Own]) -> None:
    astray = [(o.entry, o.text) for o in own if o.entry not in {each.entry for each in o.verdict.candidates}]
    assert astray == []


def test_every_phrase_has_its_entry_first(own: Sequence[Own]) -> None:
    second = [(o.entry, o.text) for o in own if o.verdict.candidates and o.verdict.candidates[0].entry != o.entry]
    assert len(second) <= len(own) * 0.005, second[:10]


def test_every_phrase_is_found_or_at_least_asked_about(own: Sequence[Own]) -> None:
    passed = [(o.entry, o.text) for o in own if o.verdict.level not in FOUND and o.verdict.question is None]
    assert len(passed) <= len(own) * 0.005, passed[:10]


def test_nearly_every_phrase_is_flagged(own: Sequence[Own]) -> None:
    found = sum(o.verdict.level in FOUND for o in own)
    assert found >= 0.97 * len(own)


# --- the content's own examples -------------------------------------------------------------------------------------------
def test_honest_examples_are_left_in_peace(examples: Table) -> None:
    overall = examples.overall
    assert overall.benign >= 1500
    assert overall.benign_known is not None and overall.false_alarm is not None and overall.benign_asked is not None
    assert overall.benign_known <= 0.003
    assert overall.false_alarm <= 0.03
    assert overall.benign_asked <= 0.08


def test_no_source_of_honest_examples_is_alarmed_more_than_others(examples: Table) -> None:
    worst = {
        row.name: row.false_alarm
        for row in examples.by["source"]
        if row.benign >= 40 and (row.false_alarm or 0.0) > 0.07
    }
    assert worst == {}


# --- disguises ----------------------------------------------------------------------------------------------------------
def between_words(text: str, chance: random.Random) -> str:
    """An emoji where there is a blank."""
    return "".join(chance.choice(("🔥", " ✅ ", "💰 ")) if c == " " else c for c in text)


def upper(text: str, chance: random.Random) -> str:
    return text.upper()


# The least share of the found scams that is found in disguise as well, and is found or at least asked about. Letters spaced
# out have lost where English words begin and end, so that fewer signs are sure; those scams are asked about instead.
DISGUISES: Mapping[str, tuple[Corruption, float, float]] = {
    "zero_width": (CORRUPTIONS["zero_width"], 0.99, 0.99),
    "spaced": (CORRUPTIONS["spaced"], 0.88, 0.97),
    "homoglyph": (CORRUPTIONS["homoglyph"], 0.89, 0.98),
    "full_width": (CORRUPTIONS["full_width"], 0.99, 0.99),
    "thai_digits": (CORRUPTIONS["thai_digits"], 0.99, 0.99),
    "defanged": (CORRUPTIONS["defanged"], 0.98, 0.99),
    "emoji_between_words": (between_words, 0.97, 0.99),
    "upper_case": (upper, 0.99, 0.99),
}


@pytest.fixture(scope="session")
def found_scams(golden: Table) -> tuple[Labelled, ...]:
    """Scams in words that are found as they stand and are not disguised yet.

    A bare link is no sentence: its letters are its identity, and to space them out is to write another text.
    """
    return tuple(
        each.message
        for each in golden.outcomes
        if each.message.scam and each.flagged and each.message.id.split("-")[1] not in ("links", "obfuscated")
    )


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_scam_is_found_as_the_plain_one_is(
    found_scams: Sequence[Labelled], knowledge: Knowledge, name: str
) -> None:
    change, found_floor, answered_floor = DISGUISES[name]
    chance = random.Random(7)
    pairs = [(message.id, message.text, change(message.text, chance)) for message in found_scams]
    verdicts = {id: judge(after, knowledge) for id, before, after in pairs if after != before}
    assert len(verdicts) >= 15
    lost = [id for id, verdict in verdicts.items() if verdict.level not in FOUND]
    unanswered = [id for id in lost if verdicts[id].question is None]
    assert 1 - len(lost) / len(verdicts) >= found_floor, lost
    assert 1 - len(unanswered) / len(verdicts) >= answered_floor, unanswered


def test_a_disguise_makes_no_honest_message_a_known_scam(golden: Table, knowledge: Knowledge) -> None:
    chance = random.Random(7)
    honest = [o.message for o in golden.outcomes if not o.message.scam and o.level is not Level.KNOWN_SCAM]
    called = [
        (message.id, name)
        for name, (change, _, _) in DISGUISES.items()
        for message in honest
        if judge(change(message.text, chance), knowledge).level is Level.KNOWN_SCAM
    ]
    assert len(called) <= 0.003 * len(honest) * len(DISGUISES), called
