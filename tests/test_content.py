"""What every sentence of the shipped content keeps to: both languages, sources, counts, and no promise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from conftest import ROOT

from content.loading import Knowledge
from content.models import Both, BothLines, Entry, Family, ScamType, State

THAI_LETTER = re.compile(r"[\u0e01-\u0e5b]")
HOLE = re.compile(r"\{([a-z_]+)\}")
ADVICE = ("how_it_works", "do_now", "if_paid", "if_clicked", "if_gave_code", "check_yourself")

# The scammer's own words, quoted so that people know them: "move it to a safe account".
QUOTED = re.compile(r"บัญชีปลอดภัย|safe[” \"]{1,2} ?account", re.IGNORECASE)
# A sentence may say that nobody can promise, that we cannot confirm, or that the scammer claims it.
DENIES = re.compile(
    r"ไม่มีใคร|ไม่ได้ว่า|หรือไม่|อาจเป็น|อ้าง|เขาบอกว่า|nobody can|no real investment|cannot confirm|whether|it insists|claims|it says|it guarantees",
    re.IGNORECASE,
)
PROMISES = re.compile(
    r"ได้เงินคืนแน่|คืนแน่นอน|จะได้เงินคืน|รับรองว่า|(?<!เงิน)รับประกัน|เป็นของจริง|เป็นของแท้|ไม่ใช่มิจฉาชีพ|ไม่ใช่กลโกง|เชื่อถือได้|ไว้ใจได้เลย|วางใจได้"
    r"|\b(?:will get (?:your|the|all) .{0,12}money back|will be refunded|guaranteed refund|is genuine|are genuine|is legit\w*"
    r"|not a scam|can be trusted|is trustworthy|nothing to worry)\b",
    re.IGNORECASE,
)

# One word of the other language on purpose: the names of the languages, each in its own letters.
OTHER_LETTERS_ON_PURPOSE = {"phrases.language_title", "phrases.language_thai", "phrases.language_english"}


def spoken(knowledge: Knowledge) -> Iterator[tuple[str, Both]]:
    """Every sentence that a person may read, by where it stands."""
    for name, both in knowledge.phrases.items():
        yield f"phrases.{name}", both
    for name, both in knowledge.tells.items():
        yield f"reasons.{name}", both
    for sign in knowledge.signs.values():
        yield f"signs.{sign.id}", sign.tell
    for organisation in knowledge.organisations.values():
        if organisation.policy:
            yield f"directory.{organisation.id}", organisation.policy
    for hotline in knowledge.hotlines.values():
        yield f"hotlines.{hotline.id}.purpose", hotline.purpose
    for entry in knowledge.entries.values():
        yield f"entries.{entry.id}.title", entry.title
        for name in ADVICE:
            lines: BothLines | None = getattr(entry, name)
            if lines:
                yield f"entries.{entry.id}.{name}", Both(th="\n".join(lines.th), en="\n".join(lines.en))


@pytest.fixture(scope="module")
def sentences(knowledge: Knowledge) -> tuple[tuple[str, Both], ...]:
    return tuple(spoken(knowledge))


# --- what there is ----------------------------------------------------------------------------------------------------
def test_there_is_as_much_as_was_asked_for(knowledge: Knowledge) -> None:
    counters = [sign for sign in knowledge.signs.values() if sign.family is Family.COUNTER]
    assert len(knowledge.entries) >= 60
    assert len(knowledge.signs) - len(counters) >= 200
    assert len(counters) >= 30


def test_every_type_has_a_live_entry(knowledge: Knowledge) -> None:
    live = {entry.type for entry in knowledge.entries.values() if entry.state is State.LIVE}
    assert set(ScamType) - live == set()


def test_every_entry_has_phrases_enough_of_both_sides_in_both_languages(knowledge: Knowledge) -> None:
    def counts(entry: Entry) -> tuple[int, ...]:
        both = entry.phrases
        return len(both.scammer.th), len(both.scammer.en), len(both.victim.th), len(both.victim.en)

    few = {
        entry.id: counts(entry)
        for entry in knowledge.entries.values()
        if any(count < least for count, least in zip(counts(entry), (10, 6, 5, 3), strict=True))
    }
    assert few == {}


def test_every_entry_tells_how_it_works_in_three_lines(knowledge: Knowledge) -> None:
    wrong = [e.id for e in knowledge.entries.values() if (len(e.how_it_works.th), len(e.how_it_works.en)) != (3, 3)]
    assert wrong == []


def test_advice_has_as_many_lines_in_both_languages(knowledge: Knowledge) -> None:
    uneven = [
        f"{entry.id}.{name}"
        for entry in knowledge.entries.values()
        for name in ("do_now", "if_paid", "if_clicked", "if_gave_code")
        if (lines := getattr(entry, name)) and len(lines.th) != len(lines.en)
    ]
    assert uneven == []


def test_every_entry_has_sources_hotlines_and_a_review_that_runs_out(knowledge: Knowledge) -> None:
    for entry in knowledge.entries.values():
        assert entry.sources, entry.id
        assert set(entry.call) <= set(knowledge.hotlines), entry.id
        assert date(2026, 1, 1) <= entry.reviewed_on < entry.expires_on, entry.id


def test_every_sign_has_words_in_both_languages(knowledge: Knowledge) -> None:
    wordless = [s.id for s in knowledge.signs.values() if not s.wordings.th or not s.wordings.en]
    assert wordless == []


# --- what no sentence says --------------------------------------------------------------------------------------------
def test_no_sentence_says_safe(sentences: tuple[tuple[str, Both], ...]) -> None:
    said = [
        (where, text)
        for where, both in sentences
        for text in (both.th, both.en)
        if re.search(r"ปลอดภัย|\bsafe(?:ly)?\b", QUOTED.sub("", text), re.IGNORECASE)
    ]
    assert said == []


def test_no_sentence_promises_a_refund_or_that_anything_is_genuine(sentences: tuple[tuple[str, Both], ...]) -> None:
    # How it works tells what the scammer promises; everything else is our own word.
    promised = [
        (where, line)
        for where, both in sentences
        for text in (both.th, both.en)
        for line in text.split("\n")
        if PROMISES.search(line) and not DENIES.search(line) and not where.endswith(".how_it_works")
    ]
    assert promised == []


@pytest.mark.parametrize(
    "promise",
    [
        "ร้านนี้เชื่อถือได้",
        "คุณจะได้เงินคืน",
        "ลิงก์นี้เป็นของจริง",
        "This link is genuine.",
        "You will get your money back.",
        "It is not a scam.",
    ],
)
def test_the_search_for_promises_finds_them(promise: str) -> None:
    assert PROMISES.search(promise) and not DENIES.search(promise)


# --- two languages ----------------------------------------------------------------------------------------------------
def test_both_languages_have_the_same_placeholders(sentences: tuple[tuple[str, Both], ...]) -> None:
    uneven = [where for where, both in sentences if set(HOLE.findall(both.th)) != set(HOLE.findall(both.en))]
    assert uneven == []


def test_english_holds_no_thai_letters(sentences: tuple[tuple[str, Both], ...]) -> None:
    found = [where for where, both in sentences if THAI_LETTER.search(both.en)]
    assert set(found) <= OTHER_LETTERS_ON_PURPOSE


def test_every_thai_line_is_thai(sentences: tuple[tuple[str, Both], ...]) -> None:
    found = [
        (where, line)
        for where, both in sentences
        for line in both.th.split("\n")
        if re.search("[A-Za-z]", HOLE.sub("", line)) and not THAI_LETTER.search(line)
    ]
    assert {where for where, _ in found} <= OTHER_LETTERS_ON_PURPOSE, found


# --- the keys by which code speaks -------------------------------------------------------------------------------------
FILES = [
    path
    for folder in ("handlers", "bot", "scheduler")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".html", ".js")
]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
SAYS = re.compile(r"""\b(?:say|lines|tap|short|ask|line_of)\(\s*((?:f?"[a-z0-9_{}.\[\]()]+"(?:,\s*)?)+)""")
STRING = re.compile(r"""(?<![\w])(f?)["']([a-z0-9_]*(?:\{[^{}"']+\}[a-z0-9_]*)*)["']""")


def shapes() -> tuple[set[str], list[re.Pattern[str]]]:
    """All plain strings of the code, and a pattern for each made-up one: f"paid_{case}" → paid_.+"""
    plain, made = set(), []
    for is_made, text in STRING.findall(CODE):
        if is_made and "{" in text:
            parts = re.split(r"\{[^{}]+\}", text)
            if max(map(len, parts)) >= 4:  # f"{a}{b}" would be any key
                made.append(re.compile("[a-z0-9_]+".join(map(re.escape, parts))))
        else:
            plain.add(text)
    return plain, made


def test_every_key_that_code_says_exists(knowledge: Knowledge) -> None:
    keys = {
        key
        for call in SAYS.findall(CODE)
        for is_made, key in re.findall(r'(f?)"([a-z0-9_]+)"', call)
        if not is_made and "{" not in key
    }
    assert len(keys) >= 60
    # `tap` names a button by its key and then what it sends back, which is no key.
    unknown = {key for key in keys if key not in knowledge.phrases}
    assert unknown <= sent_back(), unknown - sent_back()


def sent_back() -> set[str]:
    """What buttons send back: the second string of `tap(key, data)`."""
    return set(re.findall(r'\btap\(\s*f?"[^"]+",\s*"([^"]+)"', CODE))


def test_every_key_is_said_somewhere(knowledge: Knowledge) -> None:
    plain, made = shapes()
    unused = [key for key in knowledge.phrases if key not in plain and not any(one.fullmatch(key) for one in made)]
    assert unused == []
