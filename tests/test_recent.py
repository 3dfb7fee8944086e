"""What was worked out a moment ago: the same results as working them out, and never more of them than agreed."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from content.models import Language
from content.recent import Recent, key_of
from content.verdict import judge, judged

GOLDEN = Path(__file__).with_name("golden")


def test_the_least_lately_asked_for_goes_first():
    made: list[int] = []
    recent: Recent[int] = Recent(2)

    def ask(number: int) -> int:
        return recent.of(key_of(str(number)), lambda: made.append(number) or number)

    assert [ask(number) for number in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2], "1 was asked for again and stayed, 2 went when 3 came"
    assert len(recent) == 2


def test_nothing_is_a_result_too():
    calls: list[None] = []
    recent: Recent[None] = Recent(2)
    for _ in range(3):
        assert recent.of(b"k", lambda: calls.append(None)) is None
    assert len(calls) == 1


def test_no_two_lists_of_strings_share_a_key():
    lists = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ("\ud800",), ("ก",)]
    assert len({key_of(*each) for each in lists}) == len(lists)


def test_several_threads_may_ask_at_once():
    recent: Recent[int] = Recent(50)
    wrong: list[int] = []

    def work(seed: int) -> None:
        for step in range(3_000):
            number = (seed * 31 + step * 7) % 90
            if recent.of(key_of(str(number)), lambda number=number: number) != number:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(recent) <= 50


def test_a_verdict_of_a_moment_ago_is_the_same_verdict(knowledge):
    texts = [json.loads(line)["text"] for path in sorted(GOLDEN.glob("*.jsonl")) for line in path.open()][::6]
    fresh = [judge(text, knowledge) for text in texts]
    assert [judged(text, knowledge) for text in texts] == fresh
    assert [judged(text, knowledge) for text in texts] == fresh, "from memory this time"


def test_another_language_is_another_verdict(knowledge):
    text = "พัสดุตกค้าง โอนค่าธรรมเนียมก่อน http://parcel-fee.example"
    for language in (Language.THAI, Language.ENGLISH, Language.THAI):
        assert judged(text, knowledge, language).language is language
