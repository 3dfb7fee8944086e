"""The directory and the hotlines hold what the facts say, once, with a source."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from content.models import Hotline, Organisation

CONTENT = Path(__file__).parents[1] / "content"
FACTS = Path(__file__).parents[2] / "shared" / "facts" / "official_domains.csv"

# Verified as services, yet anyone can make a link there: they must never speak for a message.
OPEN_TO_ANYONE = {"lin.ee", "bit.ly"}
# Without a source, or with two that disagree: never printed.
LEFT_OUT_NUMBERS = {"1200", "1130", "1185", "1545", "025550555"}


def read(name: str) -> Any:
    return yaml.safe_load((CONTENT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def organisations() -> list[Organisation]:
    return [Organisation(**each) for each in read("directory.yaml")]


@pytest.fixture(scope="module")
def hotlines() -> list[Hotline]:
    return [Hotline(**each) for each in read("hotlines.yaml")]


@pytest.fixture(scope="module")
def fact_rows() -> list[dict[str, str]]:
    if not FACTS.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the facts (official_domains.csv) are needed beside the project")
        pytest.skip("needs ../shared/facts/official_domains.csv beside the project")
    with FACTS.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_every_confirmed_domain_stands_under_a_verified_organisation(
    organisations: list[Organisation], fact_rows: list[dict[str, str]]
) -> None:
    verified = {domain for each in organisations if each.verified for domain in (*each.domains, *each.link_domains)}
    confirmed = {row["domain"] for row in fact_rows if row["verified"] == "yes"} - OPEN_TO_ANYONE
    assert len(confirmed) > 100
    assert confirmed - verified == set()


def test_an_unconfirmed_domain_is_verified_only_by_the_organisations_own_page(
    organisations: list[Organisation], fact_rows: list[dict[str, str]]
) -> None:
    unconfirmed = {row["domain"] for row in fact_rows if row["verified"] == "no"}
    for each in organisations:
        if not each.verified:
            continue
        for domain in unconfirmed.intersection(each.domains):
            pages = [source.where for source in each.sources]
            assert any(domain in page for page in pages), f"{each.id}: no page of {domain} is named"


def test_unverified_organisations_say_so_in_their_id(organisations: list[Organisation]) -> None:
    assert {each.id for each in organisations if not each.verified} == {
        each.id for each in organisations if each.id.endswith("-unverified")
    }


def test_no_domain_stands_twice(organisations: list[Organisation]) -> None:
    count = Counter(domain for each in organisations for domain in (*each.domains, *each.link_domains))
    assert [domain for domain, times in count.items() if times > 1] == []


def test_hosts_below_an_own_domain_are_link_domains(organisations: list[Organisation]) -> None:
    """The first label of a domain becomes a brand word; `eservice` or `track` would accuse many."""
    for each in organisations:
        below = [one for one in each.domains for other in each.domains if one.endswith("." + other)]
        assert below == [], each.id


def test_domains_are_bare_lower_case_names(organisations: list[Organisation]) -> None:
    for each in organisations:
        for domain in (*each.domains, *each.link_domains):
            assert domain == domain.lower().strip("./ ")
            assert "." in domain and "/" not in domain and ":" not in domain


def test_no_nickname_belongs_to_two_organisations(organisations: list[Organisation]) -> None:
    count = Counter(
        word for each in organisations if each.nicknames for word in (*each.nicknames.th, *each.nicknames.en)
    )
    assert [word for word, times in count.items() if times > 1] == []


def test_every_source_is_filled(organisations: list[Organisation], hotlines: list[Hotline]) -> None:
    everything: list[Organisation | Hotline] = [*organisations, *hotlines]
    for each in everything:
        assert each.sources, each.id
        for source in each.sources:
            assert len(source.title) > 3 and len(source.where) > 3, each.id


def test_a_policy_names_where_it_was_said(organisations: list[Organisation]) -> None:
    for each in organisations:
        if each.policy is not None:
            dated = [source for source in each.sources if "third-party" not in source.title.lower()]
            assert dated, each.id


def test_ids_are_unique(organisations: list[Organisation], hotlines: list[Hotline]) -> None:
    for ids in ([each.id for each in organisations], [each.id for each in hotlines]):
        assert len(ids) == len(set(ids))


def test_services_open_to_anyone_are_no_organisation(organisations: list[Organisation]) -> None:
    named = {domain for each in organisations for domain in (*each.domains, *each.link_domains)}
    assert named.isdisjoint(OPEN_TO_ANYONE)
    assert set(read("link_hosts.yaml")["shorteners"]) >= OPEN_TO_ANYONE


def test_a_hotline_dials_what_it_shows(hotlines: list[Hotline]) -> None:
    for each in hotlines:
        assert each.dial == each.number.replace("-", ""), each.id
        assert each.dial.isdigit() or each.id == "own-bank", each.id


def test_the_key_to_press_is_said_in_both_languages(hotlines: list[Hotline]) -> None:
    for each in hotlines:
        if each.press:
            assert f"กด {each.press}" in each.purpose.th, each.id
            assert f"ress {each.press}" in each.purpose.en, each.id


def test_no_doubtful_number_is_given_out(hotlines: list[Hotline]) -> None:
    assert {each.dial for each in hotlines}.isdisjoint(LEFT_OUT_NUMBERS)
    assert "bank-baac" not in {each.id for each in hotlines}
    cimb = next(each for each in hotlines if each.id == "bank-cimb")
    assert "press" not in cimb.purpose.en.lower() and "กด" not in cimb.purpose.th


def test_the_bank_lines_are_marked_and_always_open(hotlines: list[Hotline]) -> None:
    banks = [each for each in hotlines if each.id.startswith("bank-") or each.id == "truemoney"]
    assert len(banks) == 17
    assert all(each.bank and each.always_open for each in banks)


def test_numbers_in_the_directory_agree_with_the_hotlines(
    organisations: list[Organisation], hotlines: list[Hotline]
) -> None:
    listed = {number.replace("-", "") for each in organisations for number in each.numbers}
    given = {each.dial for each in hotlines if each.id != "own-bank"}
    assert given - listed <= {"1669"}, "a line we give out belongs to nobody in the directory"


def test_lists_of_link_hosts_hold_no_double_and_no_clash() -> None:
    hosts = read("link_hosts.yaml")
    assert set(hosts) == {"shorteners", "shared_hosts", "odd_endings"}
    count = Counter(name for names in hosts.values() for name in names)
    assert [name for name, times in count.items() if times > 1] == []
    assert all("." not in ending for ending in hosts["odd_endings"])


def test_an_odd_ending_is_no_ending_of_the_directory(organisations: list[Organisation]) -> None:
    odd = set(read("link_hosts.yaml")["odd_endings"])
    endings = {domain.rsplit(".", 1)[1] for each in organisations if each.verified for domain in each.domains}
    assert odd.isdisjoint(endings)


def test_every_sentence_of_a_hotline_is_in_its_language(hotlines: list[Hotline]) -> None:
    for each in hotlines:
        assert any("ก" <= letter <= "๛" for letter in each.purpose.th), each.id
        assert not any("ก" <= letter <= "๛" for letter in each.purpose.en), each.id
