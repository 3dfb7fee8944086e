"""The work with revisions that takes seconds, in a process of its own so that no answer waits behind it.

`python -m content.workbench` reads one job as JSON on its standard input and writes its result to standard output:

    {"do": "check", "root": …, "day": …, "revised": […], "draft": {…}}      → {"faults": […]}
    {"do": "build", "root": …, "chains": [[…], …], "cache": …, "into": …}   → {"version": …, "used": […], "refused": […]}
    {"do": "try", … as check …, "cache": …, "messages": […], "reports": […], "golden": …}   → {"messages": […], …}
    {"do": "prove", "root": …, "revised": […], "draft": {…}, "cache": …}    → {"faults": […], "version": …}
    {"do": "export", "root": …, "revised": […], "into": …}                  → {"version": …}

`bot.live_knowledge` is its caller.
"""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from content import compiling, loading, reading, revising
from content.knowledge import Knowledge
from content.revising import Located, Revised
from content.verdict import judge
from content.verdict_types import Level, Verdict

# An entry past its day goes on warning people until somebody has reviewed it: the desk says which are overdue.
NEVER = date.min
# So often a broken revision may be put aside before what is live simply stays.
MOST_REFUSED = 5


class NothingSound(Exception):
    """Even without any revision the content cannot be used."""


def main() -> None:
    """One job from standard input."""
    job = json.load(sys.stdin)
    work: Mapping[str, Callable[..., dict[str, Any]]] = {
        "check": check,
        "build": build,
        "prove": prove,
        "try": try_out,
        "export": export,
    }
    result = work[job.pop("do")](**job)
    json.dump(result, sys.stdout, ensure_ascii=False)


def check(root: str, day: str, revised: Sequence[Any], draft: Any) -> dict[str, Any]:
    """The faults that a draft makes: its own, and those elsewhere that are not there without it."""
    mine = _revised(draft)
    others = [each for each in map(_revised, revised) if (each.kind, each.name) != (mine.kind, mine.name)]
    faults = _faults(Path(root), [*others, mine], date.fromisoformat(day))
    elsewhere = [each for each in faults if (each.kind, each.name) != (mine.kind, mine.name)]
    if elsewhere:
        before = {
            (each.file, each.message)
            for each in _faults(Path(root), [*map(_revised, revised)], date.fromisoformat(day))
        }
        elsewhere = [each for each in elsewhere if (each.file, each.message) not in before]
    own = [each for each in faults if (each.kind, each.name) == (mine.kind, mine.name)]
    return {"faults": [asdict(each) for each in (*own, *elsewhere)]}


def _faults(root: Path, revised: Sequence[Revised], day: date) -> list[Located]:
    with tempfile.TemporaryDirectory() as made:
        # macOS and others have a temporary folder behind a link; faults name the real one.
        folder = Path(made).resolve()
        revising.lay(root, revised, folder)
        return revising.located(folder, reading.read(folder, loading.content_files(folder), day).faults)


def build(root: str, chains: Sequence[Sequence[Any]], cache: str | None, into: str) -> dict[str, Any]:
    """The knowledge of the newest sound revision of each object, kept as a pickle in the file `into`.

    `chains` has for each object its revisions, the newest first, each with its `id`. A revision that breaks the content
    is put aside (and named in `refused`) for the one before it, or for what is shipped. Raises NothingSound.
    """
    standing = [list(chain) for chain in chains]
    refused: list[dict[str, Any]] = []
    while True:
        used = [chain[0] for chain in standing if chain]
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made).resolve()
            revising.lay(Path(root), [_revised(each) for each in used], folder)
            try:
                knowledge = loading.load(folder, cache=Path(cache) if cache else None, today=NEVER)
            except loading.ContentError as broken:
                refused.append(_put_aside(standing, revising.located(folder, broken.faults)))
                if len(refused) > MOST_REFUSED:
                    raise NothingSound from None
                continue
        Path(into).write_bytes(pickle.dumps(knowledge, protocol=pickle.HIGHEST_PROTOCOL))
        return {"version": knowledge.version, "used": [each["id"] for each in used], "refused": refused}


def _put_aside(standing: list[list[Any]], faults: Sequence[Located]) -> dict[str, Any]:
    """Take away the revision to blame: the newest that a fault lies in, or the newest of all."""
    left = [chain for chain in standing if chain]
    if not left:
        raise NothingSound
    named = {(each.kind, each.name) for each in faults}
    blamed = [chain for chain in left if (chain[0]["kind"], chain[0]["name"]) in named] or left
    chain = max(blamed, key=lambda one: int(one[0]["id"]))
    return {"id": chain.pop(0)["id"], "faults": [f"{each.file}: {each.message}" for each in faults][:20]}


def prove(root: str, revised: Sequence[Any], draft: Any, cache: str | None) -> dict[str, Any]:
    """The last look before a draft goes live: what breaks, or the version of the knowledge that it makes. That knowledge
    is left in the cache, so that every process has it the sooner."""
    mine = _revised(draft)
    others = [each for each in map(_revised, revised) if (each.kind, each.name) != (mine.kind, mine.name)]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        revising.lay(Path(root), [*others, mine], folder)
        try:
            knowledge = loading.load(folder, cache=Path(cache) if cache else None, today=NEVER)
        except loading.ContentError as broken:
            return {"version": "", "faults": [asdict(each) for each in revising.located(folder, broken.faults)]}
    return {"version": knowledge.version, "faults": []}


def export(root: str, revised: Sequence[Any], into: str) -> dict[str, Any]:
    """The content as the repository holds it, written into the folder `into`."""
    folder = Path(into).resolve()
    revising.lay(Path(root), [*map(_revised, revised)], folder)
    return {"version": loading.load(folder, cache=None, today=NEVER).version}


def try_out(
    root: str,
    revised: Sequence[Any],
    draft: Any,
    cache: str | None,
    messages: Sequence[str],
    reports: Sequence[str],
    golden: str | None,
) -> dict[str, Any]:
    """What the draft would change: each of `messages` as it is answered and as it would be; of `reports` and of the
    labelled messages in the folder `golden` those that would be answered differently. None for a golden set that is
    not there; `unusable` alone where the draft cannot be read."""
    mine = _revised(draft)
    others = [each for each in map(_revised, revised) if (each.kind, each.name) != (mine.kind, mine.name)]
    after = _drafted(Path(root), others, mine)
    if after is None:
        return {"unusable": True}
    before = _live(Path(root), [*map(_revised, revised)], cache)
    return {
        "unusable": False,
        "messages": [_compared(text, before, after) for text in messages],
        "reports": {"of": len(reports), "changed": _changed(reports, before, after)},
        "golden": _golden(golden, before, after),
    }


def _live(root: Path, revised: Sequence[Revised], cache: str | None) -> Knowledge:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        revising.lay(root, revised, folder)
        return loading.load(folder, cache=Path(cache) if cache else None, today=NEVER)


def _drafted(root: Path, others: Sequence[Revised], mine: Revised) -> Knowledge | None:
    """For judging only, whatever its faults; None where the draft cannot be read at all."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        revising.lay(root, [*others, mine], folder)
        gathered = reading.read(folder, loading.content_files(folder), NEVER)
        known = gathered.entries if mine.kind is revising.Kind.ENTRY else gathered.organisations
        return compiling.compile_(gathered, "draft") if mine.name in known else None


def _compared(text: str, before: Knowledge, after: Knowledge) -> dict[str, Any]:
    now, then = judge(text, before), judge(text, after)
    return {"text": text, "before": _told(now), "after": _told(then), "changed": _answer(now) != _answer(then)}


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "level": verdict.level.value,
        "score": round(verdict.score, 3),
        "type": verdict.type.value if verdict.type else "",
        "entry": verdict.entry or "",
        "asks": verdict.question is not None,
    }


def _answer(verdict: Verdict) -> tuple[Any, ...]:
    """What a person would hear otherwise; a score a little higher is the same answer."""
    return verdict.level, verdict.type, verdict.entry, verdict.question


def _changed(texts: Iterable[str], before: Knowledge, after: Knowledge) -> list[dict[str, Any]]:
    return [each for each in (_compared(text, before, after) for text in texts) if each["changed"]]


def _golden(folder: str | None, before: Knowledge, after: Knowledge) -> dict[str, Any] | None:
    if folder is None:
        return None
    changed, of, right_before, right_after = [], 0, 0, 0
    for path in sorted(Path(folder).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row: Mapping[str, Any] = json.loads(line)
            made = _compared(str(row["text"]), before, after)
            was, will = (_right(row, made[side]) for side in ("before", "after"))
            of, right_before, right_after = of + 1, right_before + was, right_after + will
            if made["changed"]:
                changed.append({**made, "label": row["label"], "was_right": was, "will_be_right": will})
    return {"of": of, "right_before": right_before, "right_after": right_after, "changed": changed}


def _right(row: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    warned = told["level"] in (Level.KNOWN_SCAM, Level.WARNING_SIGNS)
    return warned == (row["label"] == "scam") or (row["label"] == "scam" and bool(told["asks"]))


def _revised(given: Mapping[str, Any]) -> Revised:
    return Revised(revising.Kind(given["kind"]), str(given["name"]), given["body"])


if __name__ == "__main__":
    main()
