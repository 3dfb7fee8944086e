"""Which entry a text resembles: the best window, weighed by how rare the matched pieces are."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content import cleaning, matching
from content.loading import Knowledge
from content.matching import Match, PhraseIndex
from content.models import Entry


@pytest.fixture(scope="module")
def index(knowledge: Knowledge) -> PhraseIndex:
    return knowledge.index


def rank(text: str, index: PhraseIndex) -> tuple[Match, ...]:
    cleaned = cleaning.clean(cleaning.read(text))
    return index.rank(cleaned.codes, cleaned.skeleton)


def phrases(entry: Entry) -> list[str]:
    return [
        text for side in (entry.phrases.scammer, entry.phrases.victim) for lines in (side.th, side.en) for text in lines
    ]


def test_every_phrase_finds_its_own_entry_first(knowledge: Knowledge, index: PhraseIndex) -> None:
    wrong = [
        (entry.id, text)
        for entry in knowledge.entries.values()
        for text in phrases(entry)
        if not (found := rank(text, index)) or found[0].entry != entry.id
    ]
    assert wrong == []


def test_a_phrase_matches_itself_wholly(knowledge: Knowledge, index: PhraseIndex) -> None:
    entry = next(iter(knowledge.entries.values()))
    assert rank(entry.phrases.scammer.th[0], index)[0].score > 0.95


def test_a_phrase_is_found_inside_a_long_chat_and_its_window_is_told(knowledge: Knowledge, index: PhraseIndex) -> None:
    entry = knowledge.entries["parcel-fee-link"]
    phrase = entry.phrases.scammer.th[0]
    chat = "เมื่อวานไปตลาดกับแม่ ซื้อผักมาเยอะเลย " * 6
    text = chat + phrase + chat
    cleaned = cleaning.clean(cleaning.read(text))
    best = index.rank(cleaned.codes, cleaned.skeleton)[0]
    assert best.entry == entry.id
    assert best.score > 0.8
    start, end = cleaned.quote_span(best.start, best.end)
    assert cleaning.skeleton(text[start:end]) in cleaning.skeleton(" " + phrase) or phrase[:8] in text[start:end]


def test_everyday_words_match_nothing_much(index: PhraseIndex) -> None:
    for text in ("วันนี้กินข้าวกับอะไรดี ฝนตกทั้งวันเลย", "see you at the station at six, bring an umbrella"):
        assert all(match.score < 0.2 for match in rank(text, index))


def test_a_text_under_four_letters_matches_nothing(index: PhraseIndex) -> None:
    assert rank("กด", index) == ()
    assert rank("", index) == ()


def test_an_empty_index_answers_too() -> None:
    empty = matching.build([])
    assert rank("โอนเงินด่วน", empty) == ()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_ranking_never_raises_and_scores_stay_between_0_and_1(index: PhraseIndex, text: str) -> None:
    for match in rank(text, index):
        assert 0 <= match.score <= 1
        assert match.start <= match.end


def test_a_very_long_text_stays_quick(index: PhraseIndex) -> None:
    text = "กดลิงก์เพื่อรับสิทธิ์ " * 50_000
    began = time.process_time()
    rank(text, index)
    assert time.process_time() - began < 1.0
