"""How long a verdict takes, beside naive peers on the same phrases. CPU time of one thread.

    python tests/benchmarks/matching.py [FILE.jsonl…] [--json]

Messages: those given, or the content's own examples. Peers: rapidfuzz over all phrases, whole text against phrase.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz, process

from content.loading import FOLDER, load
from content.verdict import judge


def texts(paths: Sequence[Path]) -> list[str]:
    return [
        json.loads(line)["text"]
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def lengthened(some: Sequence[str], length: int, count: int) -> list[str]:
    """`count` texts of `length` letters, made of messages one after another."""
    whole = " ".join(some)
    step = max(1, (len(whole) - length) // count)
    return [whole[start : start + length] for start in range(0, len(whole) - length, step)][:count]


def timed(work: Callable[[str], object], some: Sequence[str]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    times = []
    for text in some:
        began = time.process_time()
        work(text)
        times.append((time.process_time() - began) * 1000)
    times.sort()
    return statistics.median(times), times[min(len(times) - 1, int(0.99 * len(times)))]


def main(arguments: Sequence[str]) -> None:
    paths = [Path(each) for each in arguments if not each.startswith("-")]
    some = texts(paths or sorted((FOLDER / "examples").glob("*.jsonl")))
    knowledge = load()
    phrases = [
        text
        for entry in knowledge.entries.values()
        for side in (entry.phrases.scammer, entry.phrases.victim)
        for text in (*side.th, *side.en)
    ]
    # Read once more while cold caches fill: the first verdicts pay for imports.
    for text in some[:50]:
        judge(text, knowledge)
    found = {}
    for length, count in ((120, 600), (500, 200), (2000, 200)):
        sample = lengthened(some, length, count)
        found[f"verdict@{length}"] = timed(lambda text: judge(text, knowledge), sample)
        peers = sample[:60]
        found[f"rapidfuzz ratio@{length}"] = timed(
            lambda text: process.extractOne(text, phrases, scorer=fuzz.ratio), peers
        )
        found[f"rapidfuzz WRatio@{length}"] = timed(
            lambda text: process.extractOne(text, phrases, scorer=fuzz.WRatio), peers
        )
    if "--json" in arguments:
        print(json.dumps({name: {"p50_ms": p50, "p99_ms": p99} for name, (p50, p99) in found.items()}))
        return
    print(f"{len(phrases)} phrases, {len(knowledge.signs)} signs")
    for name, (p50, p99) in found.items():
        print(f"{name:<24} p50 {p50:8.3f} ms   p99 {p99:8.3f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
