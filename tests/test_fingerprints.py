"""A message is known again in any disguise, two messages are told apart, and nobody can read a word back."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from corruptions import CORRUPTIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from content.fingerprints import BANDS, SHORTEST, Fingerprint, Fingerprinter, alike, letters_of, likeness, siphash

GOLDEN = Path(__file__).parent / "golden"
KEY = bytes(range(32))
SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท ภายในวันนี้ ที่ https://parcel-pay.example/th มิฉะนั้นพัสดุจะถูกส่งกลับ"


@pytest.fixture(scope="module")
def maker() -> Fingerprinter:
    return Fingerprinter(KEY)


@pytest.fixture(scope="module")
def messages() -> list[str]:
    lines = [line for file in sorted(GOLDEN.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    return [row["text"] for row in rows if not row.get("tags")]


def of(text: str, maker: Fingerprinter) -> Fingerprint:
    made = maker.of(text)
    assert made is not None
    return made


def known_again(one: Fingerprint, other: Fingerprint | None) -> bool:
    """As the store decides it: found by a band, then compared."""
    return other is not None and bool(set(one.bands) & set(other.bands)) and alike(one.signature, other.signature)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_copy_is_known_again_at_least_95_times_in_100(
    name: str, maker: Fingerprinter, messages: Sequence[str]
) -> None:
    chance = random.Random(name)
    pairs = [(text, CORRUPTIONS[name](text, chance)) for text in messages]
    changed = [(one, copy) for text, copy in pairs if copy != text and (one := maker.of(text)) is not None]
    found = sum(known_again(one, maker.of(copy)) for one, copy in changed)
    assert len(changed) > 50
    assert found / len(changed) >= 0.95


@pytest.mark.slow
def test_a_message_is_joined_to_another_at_most_once_in_a_thousand(
    maker: Fingerprinter, messages: Sequence[str]
) -> None:
    made = [one for text in messages if (one := maker.of(text)) is not None]
    joined = [
        (one, other)
        for place, one in enumerate(made)
        for other in made[:place]
        if set(one.bands) & set(other.bands) and alike(one.signature, other.signature)
    ]
    assert len(made) > 400
    assert len(joined) / len(made) <= 0.001


def test_other_links_amounts_and_names_leave_it_the_same(maker: Fingerprinter) -> None:
    copy = SCAM.replace("38", "1,250").replace("parcel-pay.example/th", "ems-th.example/x9")
    assert of(SCAM, maker) == of(copy, maker)
    named = of("คุณสมชาย " + SCAM, maker)
    assert known_again(named, maker.of("คุณมะลิ " + SCAM))


def test_a_short_text_has_no_fingerprint(maker: Fingerprinter) -> None:
    assert maker.of("") is None
    assert maker.of("จริงไหมคะ") is None
    assert maker.of("https://a-very-long-address-with-many-letters.example/and/a/path 081-000-1234") is None
    assert maker.of("ก" + "ขคงจฉชซญ" * 4) is not None


def test_without_the_key_words_cannot_be_tried_out() -> None:
    mine, guess = of(SCAM, Fingerprinter(KEY)), of(SCAM, Fingerprinter(b"another key of thirty-two bytes!"))
    assert not set(mine.bands) & set(guess.bands)
    assert likeness(mine.signature, guess.signature) < 0.1


def test_the_key_shows_nowhere() -> None:
    assert KEY.hex() not in repr(Fingerprinter(KEY)) and repr(KEY) not in repr(Fingerprinter(KEY))
    with pytest.raises(ValueError, match="32 bytes"):
        Fingerprinter(b"short")


def test_the_keyed_hash_is_siphash() -> None:
    """The vector for the bytes 0 to 7 under the key 0 to 15, from the paper's reference program."""
    word = np.array([int.from_bytes(bytes(range(8)), "little")], dtype=np.uint64)
    key = bytes(range(16))
    made = siphash(word, int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little"))
    assert int(made[0]).to_bytes(8, "little").hex() == "6224939a79f5f593"


def test_the_same_text_gives_the_same_fingerprint_for_ever(maker: Fingerprinter) -> None:
    """What is stored must be found by the next version too: change this only with a migration that starts anew."""
    assert of(SCAM, maker).signature.startswith(FIRST_BYTES)
    assert len(of(SCAM, maker).bands) == BANDS


FIRST_BYTES = "d6fb3383cfe14e63"


def test_signatures_of_another_size_are_not_alike() -> None:
    assert likeness("00" * 96, "00" * 95) == 0
    assert likeness("", "") == 0


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=400))
def test_no_text_makes_it_raise(text: str) -> None:
    made = Fingerprinter(KEY).of(text)
    assert (made is None) == (len(letters_of(text)) < SHORTEST)
    assert made is None or all(0 <= band < 2**37 for band in made.bands)
