"""How well the knowledge answers on labelled messages: the error table, as plain numbers and as text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from content.knowledge import Knowledge
from content.verdict import Level, judge

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message with what it should be found to be. `accepted` are all types that count as right."""

    id: str
    text: str
    scam: bool
    expect_type: str | None
    accepted: frozenset[str]
    kind: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the verdict on one message was."""

    message: Labelled
    score: float
    level: Level
    question: str | None
    types: tuple[str, ...]

    @property
    def flagged(self) -> bool:
        return self.level in (Level.WARNING_SIGNS, Level.KNOWN_SCAM)

    @property
    def abstained(self) -> bool:
        """Whether we asked instead of judging."""
        return not self.flagged and self.question is not None

    @property
    def missed(self) -> bool:
        return not self.flagged and self.question is None


@dataclass(frozen=True)
class Row:
    """The figures of one group of messages; a share is None where nothing can be said (no scams, no benign). Of scams, `flagged`,
    `asked` and `missed` make one; `abstained` is the share of all messages that were asked about instead of judged."""

    name: str
    scams: int
    benign: int
    auc: float | None
    recall_at_5: float | None
    flagged: float | None
    asked: float | None
    missed: float | None
    abstained: float | None
    false_alarm: float | None
    benign_known: float | None
    benign_asked: float | None
    type_first: float | None
    type_three: float | None
    calibration: float | None


@dataclass(frozen=True)
class Table:
    """The error table: `overall`, and the same row by language, kind, type and source."""

    overall: Row
    by: Mapping[str, tuple[Row, ...]]
    outcomes: tuple[Outcome, ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "overall": asdict(self.overall),
            "by": {name: [asdict(row) for row in rows] for name, rows in self.by.items()},
        }


def messages(paths: Iterable[Path]) -> tuple[Labelled, ...]:
    """The messages of JSON-lines files. Raises ValueError naming file and line of the first bad one."""
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                try:
                    found.append(_labelled(json.loads(line), path, number))
                except (ValueError, KeyError, TypeError, AttributeError) as fault:
                    raise ValueError(f"{path}:{number}: needs text and label (scam or benign): {fault}") from fault
    return tuple(found)


def _labelled(row: Mapping[str, Any], path: Path, number: int) -> Labelled:
    label = row["label"]
    if label not in ("scam", "benign"):
        raise ValueError(f"label {label!r}")
    tags = row.get("tags") or ()
    expected = row.get("expect_type")
    also = {tag[4:] for tag in tags if tag.startswith("alt_")}
    return Labelled(
        str(row.get("id", number)),
        str(row["text"]),
        label == "scam",
        expected,
        frozenset(also | {expected}) if expected else frozenset(),
        str(row.get("kind", "")),
        str(row.get("lang", "")),
        str(row.get("source", path.stem)),
    )


def evaluate(found: Sequence[Labelled], knowledge: Knowledge) -> Table:
    """Every message judged as shipped."""
    return table([outcome(message, knowledge) for message in found])


def outcome(message: Labelled, knowledge: Knowledge) -> Outcome:
    verdict = judge(message.text, knowledge)
    types = tuple(dict.fromkeys(candidate.type.value for candidate in verdict.candidates))
    return Outcome(message, verdict.score, verdict.level, verdict.question, types)


def table(outcomes: Sequence[Outcome]) -> Table:
    """The error table of outcomes that are there already."""
    groups: dict[str, Callable[[Outcome], str]] = {
        "source": lambda each: each.message.source,
        "language": lambda each: each.message.language,
        "kind": lambda each: each.message.kind,
        "type": lambda each: each.message.expect_type or "",
    }
    by = {}
    for name, key in groups.items():
        parts: dict[str, list[Outcome]] = defaultdict(list)
        for each in outcomes:
            if key(each):
                parts[key(each)].append(each)
        by[name] = tuple(row(part, parts[part]) for part in sorted(parts))
    return Table(row("all", outcomes), by, tuple(outcomes))


def row(name: str, outcomes: Sequence[Outcome]) -> Row:
    scams = [each for each in outcomes if each.message.scam]
    benign = [each for each in outcomes if not each.message.scam]
    typed = [each for each in scams if each.message.expect_type]
    scores = np.array([each.score for each in outcomes], dtype=np.float64)
    labels = np.array([each.message.scam for each in outcomes], dtype=bool)
    return Row(
        name,
        len(scams),
        len(benign),
        auc(scores, labels),
        recall_at(scores, labels, 0.05),
        _share(scams, lambda each: each.flagged),
        _share(scams, lambda each: each.abstained),
        _share(scams, lambda each: each.missed),
        _share(outcomes, lambda each: each.abstained),
        _share(benign, lambda each: each.flagged),
        _share(benign, lambda each: each.level is Level.KNOWN_SCAM),
        _share(benign, lambda each: each.abstained),
        _share(typed, lambda each: bool(each.types[:1]) and each.types[0] in each.message.accepted),
        _share(typed, lambda each: any(one in each.message.accepted for one in each.types[:3])),
        calibration_error(scores, labels) if len(scams) and len(benign) else None,
    )


def _share(part: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float | None:
    return sum(map(holds, part)) / len(part) if part else None


def auc(scores: Scores, labels: npt.NDArray[np.bool_]) -> float | None:
    """The chance that a scam scores above a benign message; ties count half. None without both."""
    scams, benign = np.sort(scores[labels]), np.sort(scores[~labels])
    if not len(scams) or not len(benign):
        return None
    below = np.searchsorted(benign, scams, side="left")
    upto = np.searchsorted(benign, scams, side="right")
    return float((below + upto).sum() / 2 / len(scams) / len(benign))


def recall_at(scores: Scores, labels: npt.NDArray[np.bool_], false_alarm: float) -> float | None:
    """The share of scams above the score that `false_alarm` of the benign reach. None without both."""
    scams, benign = scores[labels], np.sort(scores[~labels])[::-1]
    if not len(scams) or not len(benign):
        return None
    threshold = benign[min(len(benign) - 1, int(false_alarm * len(benign)))]
    return float((scams > threshold).mean())


def calibration_error(scores: Scores, labels: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """How far score and truth lie apart, averaged over ten equal bands of score, weighed by how full each is."""
    which = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = 0.0
    for index in range(bins):
        inside = which == index
        if inside.any():
            gaps += inside.sum() * abs(float(scores[inside].mean()) - float(labels[inside].mean()))
    return gaps / max(1, len(scores))


_COLUMNS = (
    ("scams", "scams"),
    ("benign", "benign"),
    ("auc", "AUC"),
    ("recall_at_5", "rec@5%"),
    ("flagged", "flagged"),
    ("asked", "asked"),
    ("missed", "missed"),
    ("abstained", "abstained"),
    ("false_alarm", "false"),
    ("benign_known", "b.known"),
    ("benign_asked", "b.asked"),
    ("type_first", "type1"),
    ("type_three", "type3"),
    ("calibration", "calib"),
)


# What the columns mean whose names are cut.
_LEGEND = (
    "shares of scams: flagged, asked, missed (neither flagged nor asked about) · of all: abstained (asked instead of judged)",
    "of benign: false alarm, called a known scam (b.known), asked (b.asked) · of scams with a type: type right (type1), "
    "among three (type3)",
    "calibration (calib): how far score and truth lie apart",
)


def render(made: Table) -> str:
    """The table as text, for a terminal or a file."""
    width = max(12, *(len(row.name) for rows in made.by.values() for row in rows)) if made.by else 12
    width = min(width, 44)
    lines = [" " * width + "".join(f"{title:>{_wide(title)}}" for _, title in _COLUMNS), _line(made.overall, width)]
    for name, rows in made.by.items():
        lines += ["", f"by {name}"]
        lines += [_line(each, width) for each in rows]
    return "\n".join([*lines, "", *_LEGEND])


def _line(each: Row, width: int) -> str:
    cells = []
    for name, title in _COLUMNS:
        value = getattr(each, name)
        cell = "-" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
        cells.append(f"{cell:>{_wide(title)}}")
    return f"{each.name[:width]:<{width}}" + "".join(cells)


def _wide(title: str) -> int:
    return max(9, len(title) + 1)


@dataclass(frozen=True)
class Change:
    """A message that two knowledges answer differently."""

    id: str
    scam: bool
    before: str
    after: str
    score_before: float
    score_after: float


def compare(found: Sequence[Labelled], before: Knowledge, after: Knowledge) -> tuple[Table, Table, tuple[Change, ...]]:
    """Both tables, and each message whose level or question changed."""
    old, new = evaluate(found, before), evaluate(found, after)
    changes = tuple(
        Change(one.message.id, one.message.scam, _said(one), _said(other), one.score, other.score)
        for one, other in zip(old.outcomes, new.outcomes, strict=True)
        if _said(one) != _said(other)
    )
    return old, new, changes


def _said(each: Outcome) -> str:
    return each.level.value + (f"+{each.question}" if each.question else "")


def render_changes(changes: Sequence[Change]) -> str:
    """What `--compare` prints: better and worse apart."""
    lines = []
    for title, better in (("better", True), ("worse", False)):
        part = [each for each in changes if ((each.score_after > each.score_before) == each.scam) is better]
        lines.append(f"{title}: {len(part)}")
        lines += [
            f"  {each.id}  {'scam' if each.scam else 'benign'}  {each.before} → {each.after}"
            f"  {each.score_before:.2f} → {each.score_after:.2f}"
            for each in part[:40]
        ]
    return "\n".join(lines)


def sign_hits(found: Sequence[Labelled], knowledge: Knowledge) -> tuple[tuple[str, int, int], ...]:
    """For each sign, how many scams and how many benign messages it stands in; under 2:1 it is weak or wrong."""
    from content.evidence import gather

    counts: dict[str, list[int]] = {name: [0, 0] for name in knowledge.signs}
    for message in found:
        evidence = gather(message.text, knowledge)
        for hit in (*evidence.hits, *evidence.topics, *evidence.counters):
            counts[hit.sign][0 if message.scam else 1] += 1
    return tuple((name, scams, benign) for name, (scams, benign) in sorted(counts.items()))
