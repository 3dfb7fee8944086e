"""How well and how fast pictures are read: 300 drawn screenshots, 300 QR codes, and one-pass Tesseract beside it.

    PYTHONPATH=tests python tests/benchmarks/vision.py [--first 0] [--words 300] [--codes 300] [--naive]

Every picture is the same at every run. Seconds are those that the process had a core: neighbours do not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from statistics import mean, median

import tesserocr
from picture_maker import pictured
from PIL import Image
from qr_maker import shown
from rapidfuzz.distance import Levenshtein

from bot.vision.marks import marks
from bot.vision.opening import opened
from bot.vision.reading import LANGUAGES, Reader, models
from content.loading import load
from content.verdict import judge


def tight(text: str) -> str:
    return "".join(text.split())


def errors(read: str, true: str) -> float:
    """Letters to change, put in or take out, of those that should be there; blanks do not count."""
    return float(Levenshtein.distance(tight(read), tight(true)) / len(tight(true)))


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def words(first: int, count: int, naive: bool) -> None:
    folder = models()
    if folder is None:
        sys.exit("no models: apt-get install tesseract-ocr tesseract-ocr-tha")
    reader, knowledge = Reader(folder), load()
    plain = tesserocr.PyTessBaseAPI(path=str(folder), lang=LANGUAGES, psm=tesserocr.PSM.SINGLE_BLOCK) if naive else None
    found: dict[str, list[float]] = defaultdict(list)
    before: dict[str, list[float]] = defaultdict(list)
    seconds: list[float] = []
    same, same_before, scams_missed = 0, 0, []
    for number in range(first, first + count):
        plan, bubbles, data = pictured(number)
        true = "\n".join(bubbles)
        level = judge(true, knowledge).level
        began = time.process_time()
        picture = opened(data)
        read = reader.words(picture).text
        seconds.append(time.process_time() - began)
        now = judge(read, knowledge).level
        same += now is level
        if now is not level:
            scams_missed.append(
                f"{number} {plan.look} {plan.kind} {plan.face} {plan.size}: {level.value} -> {now.value}"
            )
        kinds = ("all", f"look {plan.look}", f"wear {plan.kind}", f"font {plan.face}", "dark" if plan.dark else "light")
        for kind in kinds:
            found[kind].append(errors(read, true))
        if plain is not None:
            old = naively(plain, picture)
            same_before += judge(old, knowledge).level is level
            for kind in kinds:
                before[kind].append(errors(old, true))
    print(f"words of {count} pictures: the verdict is the same in {same} ({same / count:.1%})")
    if naive:
        print(f"  one pass over the whole picture: the same in {same_before} ({same_before / count:.1%})")
    print(
        f"  seconds of one core: median {median(seconds):.2f}, p95 {share(seconds, 0.95):.2f}, longest {max(seconds):.2f}"
    )
    for kind in sorted(found):
        beside = f"   before {mean(before[kind]):6.1%}" if naive else ""
        print(
            f"  {kind:16} {len(found[kind]):4} errors mean {mean(found[kind]):6.1%} median {median(found[kind]):6.1%}{beside}"
        )
    print(*(f"  other verdict: {each}" for each in scams_missed), sep="\n")


def naively(api: tesserocr.PyTessBaseAPI, picture: Image.Image) -> str:
    """What Tesseract makes of the picture as it is."""
    api.SetImage(picture)
    text: str = api.GetUTF8Text()
    return text


def codes(first: int, count: int) -> None:
    seconds, missed = [], Counter[str]()
    for number in range(first, first + count):
        picture = shown(number)
        began = time.process_time()
        read = {each.text for each in marks(opened(picture.data))}
        seconds.append(time.process_time() - began)
        if not set(picture.contents) <= read:
            missed[picture.way] += 1
    good = count - sum(missed.values())
    print(f"codes of {count} pictures: read {good} ({good / count:.1%}), missed {dict(missed)}")
    print(
        f"  seconds of one core: median {median(seconds):.3f}, p95 {share(seconds, 0.95):.3f}, longest {max(seconds):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="the number of the first picture")
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--codes", type=int, default=300)
    parser.add_argument("--naive", action="store_true", help="one-pass Tesseract beside it")
    chosen = parser.parse_args()
    if chosen.codes:
        codes(chosen.first, chosen.codes)
    if chosen.words:
        words(chosen.first, chosen.words, chosen.naive)


if __name__ == "__main__":
    main()
