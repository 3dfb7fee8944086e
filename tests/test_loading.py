"""Content files → Knowledge: every fault named with file, line and what to do; a cache that is never trusted blindly."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from content import loading
from content.loading import ContentError, load

SHIPPED = loading.FOLDER
DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def shipped() -> loading.Knowledge:
    return load(today=DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder of content that is all right: two entries of the shipped ones and what they name."""
    copy = tmp_path / "content"
    for path in loading.content_files(SHIPPED):
        if path.parent.name == "examples":
            continue
        target = copy / path.relative_to(SHIPPED)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (copy / "examples").mkdir()
    return copy


def faults(folder: Path) -> str:
    with pytest.raises(ContentError) as raised:
        load(folder, cache=None, today=DAY)
    return str(raised.value)


def change(path: Path, old: str, new: str, *, once: bool = True) -> int:
    """Replaces text in a file; the line (from 1) where the new text begins."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1 if once else -1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def add_line(path: Path, under: str, line: str) -> None:
    """Puts a line first into the list that follows the pattern `under`."""
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(
        rf"({under}\n)( *)- ", lambda found: f"{found[1]}{found[2]}- {line!r}\n{found[2]}- ", text, count=1
    )
    assert count == 1
    path.write_text(changed, encoding="utf-8")


def test_the_shipped_content_is_sound(shipped: loading.Knowledge) -> None:
    assert len(shipped.entries) >= 60
    assert len(shipped.signs) >= 200
    assert shipped.version


@pytest.mark.slow
def test_the_same_content_has_the_same_version(folder: Path) -> None:
    one = load(folder, cache=None, today=DAY)
    assert one.version == load(folder, cache=None, today=DAY).version
    change(folder / "reasons.yaml", "Anybody can make", "Anyone can make")
    assert load(folder, cache=None, today=DAY).version != one.version


def test_knowledge_is_frozen(shipped: loading.Knowledge) -> None:
    with pytest.raises(AttributeError):
        shipped.version = "other"  # type: ignore[misc]


def test_a_misspelt_key_is_named_with_its_line(folder: Path) -> None:
    path = folder / "entries" / "parcel-fee-link.yaml"
    line = change(path, "\ndo_now:", "\ndo_naw:") + 1
    said = faults(folder)
    assert f"parcel-fee-link.yaml:{line}: do_naw: no such key here" in said
    assert "do_now: missing" in said


def test_broken_yaml_is_named_with_its_line(folder: Path) -> None:
    path = folder / "hotlines.yaml"
    path.write_text(path.read_text(encoding="utf-8") + '\n- id: "unclosed\n', encoding="utf-8")
    assert "hotlines.yaml:" in faults(folder)


def test_every_fault_of_every_file_is_named_at_once(folder: Path) -> None:
    change(folder / "entries" / "parcel-fee-link.yaml", "\ndo_now:", "\ndo_naw:")
    change(folder / "entries" / "gambling-free-credit.yaml", "state: live", "state: alive")
    said = faults(folder)
    assert "parcel-fee-link.yaml" in said
    assert "gambling-free-credit.yaml" in said


def test_a_missing_language_is_named(folder: Path) -> None:
    path = folder / "reasons.yaml"
    change(path, "  en: Anybody can make a page at this address\n", "")
    assert "the English is missing" in faults(folder)


@pytest.mark.slow
def test_two_entries_may_not_claim_the_same_phrase(folder: Path) -> None:
    mine = load(folder, cache=None, today=DAY).entries["gambling-free-credit"].phrases.scammer.th[0]
    path = folder / "entries" / "parcel-fee-link.yaml"
    add_line(path, r"scammer:\n +th:", mine)
    assert "phrase also claimed by entry" in faults(folder)


@pytest.mark.slow
def test_a_phrase_may_not_be_an_honest_message(folder: Path) -> None:
    mine = load(folder, cache=None, today=DAY).entries["gambling-free-credit"].phrases.scammer.th[0]
    row = json.dumps({"text": mine, "label": "benign"}) + "\n"
    (folder / "examples" / "x.jsonl").write_text(row, encoding="utf-8")
    assert "phrase is an honest message in x.jsonl:1" in faults(folder)


def test_an_entry_that_has_expired_is_named(folder: Path) -> None:
    with pytest.raises(ContentError) as raised:
        load(folder, cache=None, today=date(2030, 1, 1))
    assert "expired on" in str(raised.value)


def test_an_unknown_sign_and_hotline_are_named(folder: Path) -> None:
    path = folder / "entries" / "parcel-fee-link.yaml"
    text = path.read_text(encoding="utf-8")
    assert "\nsigns:" in text
    path.write_text(text.replace("\nsigns:", "\nsigns: [no-such-sign]\nsings:", 1), encoding="utf-8")
    said = faults(folder)
    assert "sings: no such key here" in said
    path.write_text(
        "\n".join(_without_block(text.splitlines(), "signs")) + "\nsigns: [no-such-sign]\n", encoding="utf-8"
    )
    assert "no sign 'no-such-sign'" in faults(folder)


def _without_block(lines: list[str], key: str) -> list[str]:
    kept, inside = [], False
    for line in lines:
        if line.startswith(f"{key}:"):
            inside = True
            continue
        if inside and (line.startswith((" ", "-"))):
            continue
        inside = False
        kept.append(line)
    return kept


SIGN = """
- id: %s
  family: asks
  weight: weak
  types: %s
  tell: {th: ลอง, en: A trial}
  wordings:
    th: %s
    en: ["one two three"]
"""


@pytest.mark.parametrize(
    ("name", "types", "wording", "said"),
    [
        ("trial-digits", "[parcel]", '["1441"]', "has digits only"),
        ("trial-short", "[parcel]", '["กด"]', "has under three letters"),
        ("trial-hole", "[parcel]", '["โอน ~ <money>"]', "unknown placeholder"),
        ("trial-gap", "[parcel]", '["โอน ~"]', "an empty group"),
        ("trial-unused", "[]", '["คำที่ไม่มีใครใช้"]', "no entry names this sign"),
        ("trial-thai", "[parcel]", "[]", "no Thai wording"),
    ],
)
def test_a_bad_wording_is_named(folder: Path, name: str, types: str, wording: str, said: str) -> None:
    (folder / "signs" / "trial.yaml").write_text(SIGN % (name, types, wording), encoding="utf-8")
    assert said in faults(folder)


def test_the_same_id_twice_is_named(folder: Path) -> None:
    (folder / "signs" / "trial.yaml").write_text(SIGN % ("trial-a", "[qr]", '["ลองดูก่อน"]') * 2, encoding="utf-8")
    assert "sign 'trial-a' is already in trial.yaml:2" in faults(folder)


def test_a_key_twice_is_named(folder: Path) -> None:
    (folder / "reasons.yaml").open("a", encoding="utf-8").write("match: {th: ก, en: a}\n")
    assert "the key 'match' stands here twice" in faults(folder)


def test_different_placeholders_in_the_two_languages_are_named(folder: Path) -> None:
    change(folder / "reasons.yaml", "resembles a trick we know, “{name}”", "resembles a trick we know")
    assert "different {placeholders}" in faults(folder)


def test_a_link_that_the_directory_does_not_vouch_for_is_named(folder: Path) -> None:
    path = folder / "reasons.yaml"
    entry = folder / "entries" / "parcel-fee-link.yaml"
    add_line(entry, r"\ndo_now:\n +th:", "ดูที่ stranger-site-000.click/help")
    said = faults(folder)
    assert "link to 'stranger-site-000.click'" in said
    assert str(path) not in said


def test_a_weight_against_its_sign_is_named(folder: Path) -> None:
    path = folder / "scorecard.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("{name: lookalike, weight: ", "{name: lookalike, weight: -", 1)
    )
    assert "against its sign" in faults(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "directory.yaml").unlink()
    assert "directory.yaml: missing or empty" in faults(folder)


def test_a_cache_is_used_and_gives_the_same(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load(folder, cache=cache, today=DAY)
    assert len(list(cache.glob("*.pickle"))) == 1
    again = load(folder, cache=cache, today=DAY)
    assert again.version == first.version
    assert again.entries == first.entries


@pytest.mark.slow
def test_a_cache_of_other_content_is_not_used(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load(folder, cache=cache, today=DAY)
    (kept,) = cache.glob("*.pickle")
    key, knowledge = pickle.loads(kept.read_bytes())
    kept.write_bytes(pickle.dumps(("another-key", knowledge)))
    assert load(folder, cache=cache, today=DAY).version == knowledge.version
    change(folder / "reasons.yaml", "Anybody can make", "Anyone can make")
    assert load(folder, cache=cache, today=DAY).version != knowledge.version
    assert key


@pytest.mark.slow
def test_a_broken_or_forbidden_cache_is_no_fault(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load(folder, cache=cache, today=DAY)
    (kept,) = cache.glob("*.pickle")
    kept.write_bytes(b"not a pickle")
    assert load(folder, cache=cache, today=DAY).version
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    assert load(folder, cache=blocked / "cache", today=DAY).version


@pytest.mark.slow
def test_loading_is_quick_from_a_cold_start(tmp_path: Path) -> None:
    code = (
        "import sys,time; began=time.process_time(); from content.loading import load; from content.verdict import judge; "
        "from pathlib import Path; knowledge=load(cache=Path(sys.argv[1])); judge('กดลิงก์ด่วน', knowledge); "
        "print(time.process_time()-began)"
    )
    times = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    assert min(times[1:]) < 1.0


@pytest.mark.slow
def test_the_cached_load_is_quicker_than_reading(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    began = time.process_time()
    load(folder, cache=cache, today=DAY)
    read = time.process_time() - began
    began = time.process_time()
    load(folder, cache=cache, today=DAY)
    assert time.process_time() - began < read
