"""`rutan bench`: everything measured in one run, the same questions to each, one after the other in turn.

Times of finders are processor time of the thread that works, so that neighbours on the machine count for little; those
of look-ups through the store and of the cold start are by the clock on the wall.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bot.bench_material import Maker, Phrase, Query, lengths
from bot.bench_peers import Extract, Finder, Ours, Trigrams, index_of, megabytes_of
from bot.bench_sightings import Known, measure
from content.knowledge import Knowledge
from content.matching import PhraseIndex
from content.verdict import judge

Told = Callable[[str], None]
CHECK_LENGTHS = (120, 2_000)


@dataclass(frozen=True)
class Plan:
    """How much is measured: messages by number of phrases, texts a whole check is made of, sizes of the crowd of
    sightings, messages looked up in it, processes started cold."""

    sizes: Mapping[int, int]
    checks: int
    sightings: Sequence[int]
    lookups: int
    starts: int = 3


FULL = Plan({1_000: 200, 10_000: 100, 100_000: 60}, 60, (10_000, 100_000, 1_000_000), 500)
QUICK = Plan({1_000: 60, 10_000: 25}, 20, (1_000, 10_000), 500)


@dataclass(frozen=True)
class Found:
    """One way at one size: milliseconds for a message, and how often its first answer was the right entry."""

    name: str
    p50: float
    p99: float
    recall: float


@dataclass(frozen=True)
class AtSize:
    """All ways at one number of phrases."""

    phrases: int
    queries: int
    ways: tuple[Found, ...]
    build_seconds: float
    index_megabytes: float


@dataclass(frozen=True)
class Checked:
    """A whole verdict with the knowledge as it is, beside nothing but a WRatio scan of the same phrases."""

    letters: int
    texts: int
    p50: float
    p99: float
    scan_p50: float
    scan_p99: float


@dataclass(frozen=True)
class Cold:
    """A new process up to its first verdict: best of a few, in seconds, with its peak of memory."""

    phrases: int
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Report:
    """One run. `load` is the machine's load average before and after: over the number of cores, times are uncertain."""

    machine: str
    load: tuple[float, float]
    knowledge: str
    sizes: tuple[AtSize, ...]
    growth: float
    checks: tuple[Checked, ...]
    cold: tuple[Cold, ...]
    sightings: tuple[Known, ...]

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def run(knowledge: Knowledge, plan: Plan, told: Told) -> Report:
    """The whole benchmark; `told` hears what is being done."""
    before = os.getloadavg()[0]
    maker = Maker(knowledge)
    sizes = []
    for size, queries in plan.sizes.items():
        told(f"{size:,} phrases, {queries} messages")
        at_size, index = _at_size(knowledge, maker, maker.phrases(size), queries)
        sizes.append(at_size)
    told("whole checks")
    checks = [_checks(knowledge, maker, letters, plan.checks) for letters in CHECK_LENGTHS]
    told("cold start")
    own = len(knowledge.index.bones)
    colds = [_cold(own, None, plan.starts), _cold(len(index.bones), index, plan.starts)]
    sightings = _sightings(maker, plan, told)
    return Report(
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        load=(round(before, 2), round(os.getloadavg()[0], 2)),
        knowledge=knowledge.version,
        sizes=tuple(sizes),
        growth=_ours(sizes[-1]).p50 / _ours(sizes[0]).p50,
        checks=tuple(checks),
        cold=tuple(colds),
        sightings=tuple(sightings),
    )


def _ours(at_size: AtSize) -> Found:
    return next(way for way in at_size.ways if way.name == Ours.name)


def _at_size(knowledge: Knowledge, maker: Maker, phrases: Sequence[Phrase], queries: int) -> tuple[AtSize, PhraseIndex]:
    began = time.perf_counter()
    index = index_of(phrases, knowledge)
    seconds = time.perf_counter() - began
    ways: list[Finder] = [Ours(index), Extract(phrases, "WRatio"), Extract(phrases, "ratio"), Trigrams(phrases)]
    asked = maker.queries(phrases, queries)
    for way in ways:
        way.find(asked[0].text)
    return AtSize(len(phrases), queries, _in_turn(ways, asked), seconds, megabytes_of(index)), index


def _in_turn(ways: Sequence[Finder], asked: Sequence[Query]) -> tuple[Found, ...]:
    took: dict[str, list[float]] = {way.name: [] for way in ways}
    right = dict.fromkeys(took, 0)
    for query in asked:
        for way in ways:
            milliseconds, entry = _timed(lambda way=way, text=query.text: way.find(text))  # type: ignore[misc]
            took[way.name].append(milliseconds)
            right[way.name] += entry == query.entry
    return tuple(Found(name, *_cuts(times), right[name] / len(asked)) for name, times in took.items())


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    began = time.thread_time()
    result = work()
    return (time.thread_time() - began) * 1000, result


def _cuts(times: Sequence[float]) -> tuple[float, float]:
    p50, p99 = np.percentile(times, [50, 99]).tolist()
    return p50, p99


def _checks(knowledge: Knowledge, maker: Maker, letters: int, number: int) -> Checked:
    scan = Extract(maker.written, "WRatio")
    messages = [query.text for query in maker.queries(maker.written, number)]
    texts = list(lengths(messages, letters, number))
    judge(texts[0], knowledge)
    ours, theirs = [], []
    for text in texts:
        ours.append(_timed(lambda text=text: judge(text, knowledge))[0])  # type: ignore[misc]
        theirs.append(_timed(lambda text=text: scan.find(text))[0])  # type: ignore[misc]
    return Checked(letters, number, *_cuts(ours), *_cuts(theirs))


def _cold(phrases: int, index: PhraseIndex | None, starts: int) -> Cold:
    """Some processes, each from nothing; the knowledge's cache is there, as on any start but the first."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bot.bench_cold"]
        if index is not None:
            kept = Path(folder) / "index"
            kept.write_bytes(pickle.dumps(index, protocol=pickle.HIGHEST_PROTOCOL))
            command.append(str(kept))
        best, megabytes = float("inf"), 0.0
        for _ in range(starts):
            began = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
            best = min(best, time.perf_counter() - began)
            megabytes = json.loads(done.stdout)["megabytes"]
        return Cold(phrases, best, megabytes)


def _sightings(maker: Maker, plan: Plan, told: Told) -> list[Known]:
    known = []
    with tempfile.TemporaryDirectory() as folder:
        for size in plan.sightings:
            told(f"{size:,} sightings")
            known.append(asyncio.run(measure(Path(folder), maker, maker.written, size, plan.lookups)))
    return known


def render(report: Report) -> str:
    """The report as tables for a terminal; ratios say how many times as long the other way takes."""
    lines = [f"{report.machine}; load {report.load[0]} before, {report.load[1]} after; knowledge {report.knowledge}"]
    for at_size in report.sizes:
        ours = _ours(at_size)
        lines += ["", f"{at_size.phrases:,} phrases, {at_size.queries} messages (ms, processor time)"]
        lines.append(f"  {'way':<24}{'p50':>10}{'p99':>11}{'× p50':>9}{'× p99':>9}{'recall@1':>10}")
        for way in at_size.ways:
            ratios = f"{way.p50 / ours.p50:>9,.0f}{way.p99 / ours.p99:>9,.0f}"
            lines.append(f"  {way.name:<24}{way.p50:>10,.2f}{way.p99:>11,.2f}{ratios}{way.recall:>10.3f}")
        lines.append(f"  built in {at_size.build_seconds:.1f} s, {at_size.index_megabytes:.0f} MB")
    smallest, largest = report.sizes[0].phrases, report.sizes[-1].phrases
    lines += ["", f"growth of our p50 from {smallest:,} to {largest:,} phrases: {report.growth:.1f} ×"]
    lines += ["", "a whole check with the knowledge as it is, beside a WRatio scan of its phrases (ms)"]
    for each in report.checks:
        scan = f"scan {each.scan_p50:,.1f} / {each.scan_p99:,.1f}: {each.scan_p50 / each.p50:,.0f} × / {each.scan_p99 / each.p99:,.0f} ×"
        lines.append(f"  {each.letters:>5,} letters: p50 {each.p50:.2f}, p99 {each.p99:.2f}; {scan}")
    lines += ["", "a new process up to its first verdict, the knowledge's cache being there"]
    lines += [f"  {each.phrases:>8,} phrases: {each.seconds:.2f} s, {each.megabytes:.0f} MB" for each in report.cold]
    lines += ["", "a message known again, through the store (ms by the clock)"]
    for known in report.sightings:
        found = f"copies found {known.recall:.3f}, strangers joined {known.false_joins:.4f}"
        size = f"{known.megabytes:,.0f} MB, filled in {known.seconds_to_build:,.0f} s"
        lines.append(f"  {known.sightings:>9,} sightings: p50 {known.p50:.2f}, p99 {known.p99:.2f}; {found}; {size}")
    return "\n".join(lines)
