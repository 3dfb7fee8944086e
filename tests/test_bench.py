"""`rutan bench`: the same questions to everybody, the same phrases on every run, and figures that mean what they say."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from bot import bench
from bot.bench_material import Maker, lengths, phrases_of
from bot.bench_peers import Extract, Ours, Trigrams, index_of, megabytes_of
from bot.cli import rutan
from content.loading import Knowledge

# Every way of comparing is asked the same thousands.
pytestmark = pytest.mark.slow

TINY = bench.Plan({200: 6, 400: 6}, checks=3, sightings=(1_200,), lookups=60, starts=1)


@pytest.fixture(scope="module")
def report(knowledge: Knowledge) -> bench.Report:
    return bench.run(knowledge, TINY, lambda what: None)


def test_phrases_and_messages_are_the_same_on_every_run(knowledge: Knowledge) -> None:
    one, other = Maker(knowledge), Maker(knowledge)
    many = len(phrases_of(knowledge)) + 500
    assert one.phrases(many) == other.phrases(many)
    assert one.queries(one.written, 20) == other.queries(other.written, 20)
    assert Maker(knowledge, seed=1).phrases(50) != one.phrases(50)


def test_made_phrases_differ_from_those_they_are_made_of(knowledge: Knowledge) -> None:
    written = {phrase.text for phrase in phrases_of(knowledge)}
    made = Maker(knowledge).phrases(len(written) + 1_000)
    new = [phrase.text for phrase in made if phrase.text not in written]
    assert len(set(new)) > 900
    assert {phrase.entry for phrase in made} <= set(knowledge.entries)


def test_messages_have_the_lengths_asked_for() -> None:
    assert [len(text) for text in lengths(["กขค", "งจ"], 120, 3)] == [120, 120, 120]


def test_every_way_finds_a_phrase_that_is_asked_for_word_for_word(knowledge: Knowledge) -> None:
    phrases = Maker(knowledge).phrases(120)
    ways = (
        Ours(index_of(phrases, knowledge)),
        Extract(phrases, "WRatio"),
        Extract(phrases, "ratio"),
        Trigrams(phrases),
    )
    for way in ways:
        assert all(way.find(phrase.text) == phrase.entry for phrase in phrases[::12]), way.name


def test_all_ways_are_asked_the_same(report: bench.Report) -> None:
    for at_size in report.sizes:
        assert [way.name for way in at_size.ways] == [
            "rutan",
            "extract(WRatio)",
            "extract(ratio)",
            "fts5 trigram + rerank",
        ]
        assert at_size.queries == 6
        for way in at_size.ways:
            assert 0 < way.p50 <= way.p99
            assert 0 <= way.recall <= 1
        assert at_size.index_megabytes > 0


def test_our_way_is_quicker_than_wratio_and_finds_no_less(report: bench.Report) -> None:
    ours, wratio = report.sizes[-1].ways[:2]
    assert ours.p50 < wratio.p50
    assert ours.recall >= wratio.recall


def test_copies_are_known_and_strangers_are_not(report: bench.Report) -> None:
    (known,) = report.sightings
    assert known.sightings == 1_200
    assert known.recall >= 0.95
    assert known.false_joins <= 0.001


def test_whole_checks_and_cold_starts_are_measured(report: bench.Report) -> None:
    assert [each.letters for each in report.checks] == [120, 2_000]
    assert all(0 < each.p50 <= each.p99 and each.scan_p50 > 0 for each in report.checks)
    assert [each.phrases for each in report.cold][1] == 400
    assert all(0 < each.seconds < 30 and 20 < each.megabytes < 2_000 for each in report.cold)


def test_the_report_reads_as_tables_and_as_json(report: bench.Report) -> None:
    table = bench.render(report)
    for piece in (
        "200 phrases",
        "extract(WRatio)",
        "recall@1",
        "growth of our p50",
        "1,200 sightings",
        "2,000 letters",
    ):
        assert piece in table
    told = json.loads(report.as_json())
    assert told["sizes"][0]["ways"][0]["name"] == "rutan"
    assert set(told) == {"machine", "load", "knowledge", "sizes", "growth", "checks", "cold", "sightings"}


def test_an_index_knows_its_weight(knowledge: Knowledge) -> None:
    maker = Maker(knowledge)
    small, large = (index_of(maker.phrases(number), knowledge) for number in (100, 1_000))
    assert 0 < megabytes_of(small) < megabytes_of(large) < 50


def test_the_command_is_told_of_in_the_help() -> None:
    said = CliRunner().invoke(rutan, ["bench", "--help"])
    assert said.exit_code == 0
    assert "--json" in said.output and "--quick" in said.output
