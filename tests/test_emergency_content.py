"""The files of provinces and emergency steps: what is in them, and that every fault in them is named."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from content import loading
from content.lanes import Emergency
from content.loading import ContentError, Knowledge, load
from content.provinces import match

DAY = date(2026, 11, 22)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped content without its examples."""
    copy = tmp_path / "content"
    shutil.copytree(loading.FOLDER, copy, ignore=shutil.ignore_patterns("examples", "__pycache__", "*.py"))
    return copy


def fault_after(folder: Path, name: str, old: str, new: str) -> str:
    """What `load` says once `old` has become `new` in a file."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load(folder, cache=None, today=DAY)
    return str(raised.value)


# --- provinces ---------------------------------------------------------------------------------------------------------
def test_there_are_77_provinces_in_both_languages(knowledge: Knowledge) -> None:
    provinces = knowledge.provinces.values()
    assert len(provinces) == 77
    assert len({each.name.th for each in provinces}) == len({each.name.en for each in provinces}) == 77


def test_every_name_finds_its_own_province_also_with_what_people_put_around_it(knowledge: Knowledge) -> None:
    for each in knowledge.provinces.values():
        for name in (each.name.th, each.name.en, each.id, *each.also):
            assert match(name, knowledge.provinces).sure == each, name
        for typed in (
            f"จังหวัด{each.name.th}ค่ะ",
            f"จ.{each.name.th} ครับ",
            f"{each.name.en.upper()} province",
            f" {each.name.th} ",
        ):
            assert match(typed, knowledge.provinces).sure == each, typed


def test_one_wrong_letter_never_gives_another_province_without_asking(knowledge: Knowledge) -> None:
    """Every name of six letters or more with each of its letters left out: the right one, or a choice that holds it."""
    wrong, offered, sure = [], 0, 0
    for each in knowledge.provinces.values():
        for name in (each.name.th, each.name.en):
            for at in range(len(name)) if len(name) >= 6 else ():
                found = match(name[:at] + name[at + 1 :], knowledge.provinces)
                sure += found.sure == each
                offered += each in found.near
                if found.sure != each and each not in found.near:
                    wrong.append((name, name[:at] + name[at + 1 :], found))
    assert wrong == []
    assert sure > 5 * offered


@pytest.mark.parametrize("typed", ["", "   ", "ไม่อยากบอก", "12345", "🙂", "somewhere else entirely", "ๆๆๆ", "x" * 5000])
def test_what_is_no_province_is_none(knowledge: Knowledge, typed: str) -> None:
    assert match(typed, knowledge.provinces).sure is None


# --- faults ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("provinces.yaml", "en: Krabi", "eng: Krabi", "no such key"),
        ("provinces.yaml", "id: krabi", "id: bangkok", "already in provinces.yaml"),
        ("provinces.yaml", "also: [แปดริ้ว", "also: [โคราช", "is also a name of"),
        ("emergency.yaml", "steps: [close-page", "steps: [no-such-step", "no step 'no-such-step'"),
        ("emergency.yaml", "steps: [close-page, ", "steps: [", "no case has the step 'close-page'"),
        ("emergency.yaml", "late: [call-bank, police, ", "late: [police, ", "`late` has other steps"),
        ("emergency.yaml", "hotline: bank-kbank", "hotline: bank-nobody", "no hotline 'bank-nobody'"),
        ("emergency.yaml", "calls: [aoc-1441]", "calls: [aoc-1442]", "no hotline 'aoc-1442'"),
        ("emergency.yaml", "sources: [mental]", "sources: [hearsay]", "no source 'hearsay'"),
        ("emergency.yaml", "leads: [app, code", "leads: [apps, code", "no case 'apps'"),
    ],
)
@pytest.mark.slow
def test_a_fault_is_named_with_its_file(folder: Path, name: str, old: str, new: str, said: str) -> None:
    fault = fault_after(folder, name, old, new)
    assert said in fault and name in fault


@pytest.mark.parametrize("name", ["provinces.yaml", "emergency.yaml"])
def test_a_missing_file_is_a_fault(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ContentError) as raised:
        load(folder, cache=None, today=DAY)
    assert name in str(raised.value)


def test_the_banks_are_those_of_the_sourced_list_and_each_name_means_one(knowledge: Knowledge) -> None:
    emergency: Emergency = knowledge.emergency
    assert {each.hotline for each in emergency.banks} == {n for n, each in knowledge.hotlines.items() if each.bank}
    for bank in emergency.banks:
        for name in (bank.name.th, bank.name.en, *bank.also):
            assert emergency.bank_called(name) == bank.hotline, name
            assert emergency.bank_called(f"ธนาคาร{name}ค่ะ") == bank.hotline, name


@pytest.mark.parametrize(
    ("typed", "sure", "near"),
    [
        ("samut", "", {"samut-prakan", "samut-sakhon", "samut-songkhram"}),
        ("สมุทร", "", {"samut-prakan", "samut-sakhon", "samut-songkhram"}),
        ("สุพรร", "suphan-buri", set()),
        ("ubon r", "ubon-ratchathani", set()),
    ],
)
def test_the_beginning_of_a_name_is_enough_or_offers_all_that_begin_so(
    knowledge: Knowledge, typed: str, sure: str, near: set[str]
) -> None:
    found = match(typed, knowledge.provinces)
    assert (found.sure.id if found.sure else "", {each.id for each in found.near}) == (sure, near)
