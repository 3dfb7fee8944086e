"""The quick engine and the plain one give the same verdicts, word for word, on everything of the golden set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plain_matching import PlainIndex

from content import cleaning, matching
from content.loading import Knowledge
from content.matching import COMMON, LARGE
from content.models import Entry
from content.verdict import Verdict, judge

# The plain engine takes its time.
pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def texts() -> list[str]:
    lines = [line for file in sorted(GOLDEN.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


def said(verdict: Verdict) -> tuple[object, ...]:
    """All of a verdict but the last digits of its scores, which depend on the order of adding."""
    candidates = tuple(each.entry for each in verdict.candidates)
    return (verdict.level, verdict.type, verdict.entry, verdict.question, verdict.signs, verdict.reasons, candidates)


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_both_engines_give_the_same_verdicts(knowledge: Knowledge, texts: list[str], every: int) -> None:
    plain = replace(knowledge, index=PlainIndex(knowledge.index))  # type: ignore[arg-type]
    assert len(texts) >= 450
    for text in texts[::every]:
        quick, slow = judge(text, knowledge), judge(text, plain)
        assert said(quick) == said(slow), text
        assert quick.score == pytest.approx(slow.score, abs=2e-4)


def test_the_knowledge_is_below_the_size_at_which_anything_is_left_out(knowledge: Knowledge) -> None:
    """Up to LARGE phrases no gram is left out: the index is exact, and the test above stands for every text."""
    assert len(knowledge.index.bones) < LARGE
    assert knowledge.index.telling.all()


def test_the_same_phrases_in_thousands_of_copies_do_not_crowd_out_another_entry(knowledge: Knowledge) -> None:
    first, second = list(knowledge.entries.values())[:2]
    lines = tuple(f"{first.phrases.scammer.th[0]} {number}" for number in range(LARGE))
    crowd = _saying(first, lines)
    index = matching.build([crowd, second])
    text = first.phrases.scammer.th[0] + " " + second.phrases.scammer.th[0]
    cleaned = cleaning.clean(cleaning.read(text))
    assert {match.entry for match in index.rank(cleaned.codes, cleaned.skeleton)} == {first.id, second.id}


def test_common_grams_of_many_entries_are_left_out_and_the_phrase_is_found_all_the_same(knowledge: Knowledge) -> None:
    """Every phrase begins with the same words: their grams are in all, and only the rest tells them apart."""
    entries = list(knowledge.entries.values())[:5]
    words = [
        f"{chr(0x0E01 + n % 40)}{chr(0x0E01 + n // 40 % 40)}{chr(0x0E01 + n // 1600 % 40)}า" for n in range(LARGE // 4)
    ]
    lines = [tuple(f"กรุณากดลิงก์เพื่อรับสิทธิ์ของท่าน {word * 2}{own}" for word in words) for own in "กขคงจ"]
    index = matching.build(_saying(entry, some) for entry, some in zip(entries, lines, strict=True))
    assert int(np.diff(index.heads).max()) > len(index.bones) // COMMON
    assert not index.telling.all()
    cleaned = cleaning.clean(cleaning.read(lines[2][77]))
    best = index.rank(cleaned.codes, cleaned.skeleton)[0]
    assert best.entry == entries[2].id and best.score > 0.9


def _saying(entry: Entry, lines: tuple[str, ...]) -> Entry:
    """The entry with these Thai phrases and no others."""
    scammer = entry.phrases.scammer.model_copy(update={"th": lines, "en": ()})
    victim = entry.phrases.victim.model_copy(update={"th": (), "en": ()})
    phrases = entry.phrases.model_copy(update={"scammer": scammer, "victim": victim})
    return entry.model_copy(update={"phrases": phrases})
