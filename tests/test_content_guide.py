"""The content guide's examples are tried as an editor would: they are sound, and they do what the guide says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from content import cleaning, identifiers, loading, reading, signs
from content.identifiers import Kind
from content.models import Both, Entry, Family, Sign, State, Weight, Wordings
from content.verdict import Level, judge

GUIDE = (ROOT / "docs" / "content-guide.md").read_text(encoding="utf-8")
THAI, ENGLISH = GUIDE.split("\n# English\n")
DAY = date(2026, 11, 22)

BLOCKS = {
    match[1]: match[2]
    for match in re.finditer(r"^```yaml\n# trial/(\S+\.yaml)[^\n]*\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
}
MARKS = {"พบ": True, "found": True, "ไม่พบ": False, "not found": False}


def wording_examples() -> Iterator[tuple[str, str, bool]]:
    """Each wording of the guide with a message and whether the guide says that it is found."""
    for block in re.findall(r"^```wordings\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL):
        wording = ""
        for line in block.splitlines():
            if line.startswith("  "):
                mark, _, text = line.strip().partition(": ")
                yield wording, text, MARKS[mark]
            else:
                wording = line


EXAMPLES = tuple(wording_examples())


def found(wording: str, text: str) -> bool:
    """Whether a sign with this one wording is found, and not cancelled, in the text."""
    form = cleaning.read(text)
    named = identifiers.find(form.readable)
    masks = [(each.start, each.end) for each in named if each.kind not in (Kind.AMOUNT, Kind.CODE, Kind.HOTLINE)]
    trial = Sign(
        id="trial",
        family=Family.ASKS,
        weight=Weight.MEDIUM,
        tell=Both(th="ลอง", en="A trial"),
        wordings=Wordings(th=(wording,)),
    )
    hits, _ = signs.build([trial]).find(cleaning.clean(form, masks), named)
    return any(not hit.negated for hit in hits)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the content in which every example of the guide has been written, as the guide says where."""
    folder = tmp_path_factory.mktemp("guide") / "trial"
    for path in loading.content_files(loading.FOLDER):
        target = folder / path.relative_to(loading.FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for name, text in BLOCKS.items():
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(("\n" if file.tell() else "") + text)
    return folder


def gathered(folder: Path) -> reading.Gathered:
    return reading.read(folder, loading.content_files(folder), DAY)


def said_of(read: reading.Gathered) -> set[tuple[str, int, str]]:
    return {(fault.path.name, fault.line, fault.message) for fault in read.faults}


def test_both_halves_have_the_same_chapters() -> None:
    chapters = [re.findall(r"^## (\d+)\. ", half, re.MULTILINE) for half in (THAI, ENGLISH)]
    assert chapters[0] == chapters[1] == [str(number) for number in range(1, 10)]


def test_both_halves_show_the_same_commands() -> None:
    commands = [sorted(set(re.findall(r"`?(rutan [a-z]+ ?[^\"`\n]*)", half))) for half in (THAI, ENGLISH)]
    assert commands[0] == commands[1]


def test_every_file_that_the_guide_names_is_there() -> None:
    for name in set(re.findall(r"`((?:content|tests)/[\w./-]*)`", GUIDE)):
        assert (ROOT / name).exists(), name


def test_the_links_inside_the_guide_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\u0e00-\u0e7f -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(#([^)]+)\)", GUIDE):
        assert target in anchors


def test_the_guide_shows_one_of_each() -> None:
    folders = ["entries/free-aircon-wash.yaml", "signs/tricks.yaml", "signs/counter.yaml", "directory.yaml"]
    assert list(BLOCKS) == folders


def test_the_example_entry_is_an_entry() -> None:
    entry = Entry.model_validate(yaml.safe_load(BLOCKS["entries/free-aircon-wash.yaml"]))
    assert entry.state is State.DRAFT
    assert set(re.findall(r"^\| `(\w+)`", THAI, re.MULTILINE)) <= set(Entry.model_fields)


def test_every_line_of_an_entry_is_explained_in_both_halves() -> None:
    for half in (THAI, ENGLISH):
        assert [name for name in Entry.model_fields if f"`{name}`" not in half and f"`{name}:" not in half] == ["title"]


@pytest.mark.slow
def test_the_examples_are_sound_among_the_shipped_content(trial: Path) -> None:
    taught = gathered(trial)
    assert said_of(taught) - said_of(gathered(loading.FOLDER)) == set()
    assert "free-aircon-wash" in taught.entries
    assert taught.signs["claims-free-aircon-wash"].family is Family.CLAIMS
    assert taught.signs["aircon-service-reminder"].family is Family.COUNTER
    assert taught.organisations["khong-than-aircon"].verified is False


@pytest.mark.slow
def test_the_example_entry_is_recognised_once_it_is_live(trial: Path, tmp_path: Path) -> None:
    folder = tmp_path / "live"
    shutil.copytree(trial, folder)
    path = folder / "entries" / "free-aircon-wash.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("state: draft", "state: live"), encoding="utf-8")
    known, _ = loading.load_what_validates(folder)
    for text in re.findall(r'rutan check "([^"]+)"', GUIDE):
        verdict = judge(text, known)
        assert verdict.entry == "free-aircon-wash", text
        assert verdict.level in (Level.WARNING_SIGNS, Level.KNOWN_SCAM), text


def test_the_fault_that_the_guide_shows_is_what_the_check_says(trial: Path, tmp_path: Path) -> None:
    said = re.findall(r"^content/(entries/\S+?):(\d+): (.+)$", GUIDE, re.MULTILINE)
    assert said and len(set(said)) == 1
    name, line, message = said[0]
    path = tmp_path / name
    path.parent.mkdir()
    head = "# trial/entries/free-aircon-wash.yaml\n"
    text = BLOCKS[name].replace("  en: Free air-conditioner wash, but pay to book\n", "")
    path.write_text(head + text, encoding="utf-8")
    assert (path.name, int(line), message) in said_of(reading.read(tmp_path, (path,), DAY))


def test_there_are_wordings_that_match_and_some_that_do_not_in_both_halves() -> None:
    assert len(EXAMPLES) >= 16
    assert {expected for _, _, expected in EXAMPLES} == {True, False}
    for half in (THAI, ENGLISH):
        assert half.count("```wordings") >= 2


@pytest.mark.parametrize(("wording", "text", "expected"), EXAMPLES)
def test_a_wording_of_the_guide_does_what_the_guide_says(wording: str, text: str, expected: bool) -> None:
    assert not signs.faults_of(wording)
    assert found(wording, text) is expected


def test_the_reaches_that_the_guide_names_are_the_real_ones() -> None:
    assert f"ไม่เกิน {signs.NEAR} ตัวอักษร" in THAI and f"ไม่เกิน {signs.FAR} ตัวอักษร" in THAI
    assert f"up to {signs.NEAR} letters" in ENGLISH and f"up to {signs.FAR} letters" in ENGLISH


def test_every_placeholder_stands_in_both_halves() -> None:
    for holder in signs.PLACEHOLDERS:
        assert f"`{holder}`" in THAI and f"`{holder}`" in ENGLISH


def test_the_wording_that_is_called_too_short_is_refused_or_far_too_wide() -> None:
    assert signs.faults_of("1441")
    benign = ["โอนให้แม่แล้วนะ", "เดี๋ยวโอนค่าข้าวให้ พรุ่งนี้ไปกินอีก"]
    assert all(found("โอน", text) for text in benign)
