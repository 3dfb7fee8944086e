"""Fits the learnt feature and the scorecard: shrunk towards the hand-set weights, sign-constrained, balanced by source.

Only this module imports scipy, and only inside functions: nothing that answers people needs it.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from content import learnt
from content.evaluation import Labelled, Outcome, Table, outcome, table
from content.evidence import Evidence, gather
from content.knowledge import Knowledge
from content.learnt import BAG, BUCKETS, TYPE_BUCKETS, Learnt, bag_of, buckets_of, worths
from content.models import ScamType
from content.scorecard import Scorecard, ScoreLine, TypeWeights
from content.verdict import entry_evidence

Floats = npt.NDArray[np.float64]

# How hard the fit is drawn back: to nought for the learnt model, to the hand for the scorecard's lines, and harder for
# the weights of single signs, which see few messages each.
LEARNT_RIDGE = 1.0
TYPE_RIDGE = 1.0
LINE_RIDGE = 2.0
SIGN_RIDGE = 4.0
# No single sign may move further than this from what its family and weight class say.
SIGN_REACH = 1.5
# A phrase of an entry teaches less than a message: it is shorter and purer than what people send.
PHRASE_WORTH = 0.5


@dataclass(frozen=True)
class Lesson:
    """One training message with its evidence (gathered without the learnt feature) and its buckets."""

    message: Labelled
    evidence: Evidence
    buckets: npt.NDArray[np.int64]
    type_buckets: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
    worth: float = 1.0
    phrase: bool = False


@dataclass(frozen=True)
class Fitted:
    """What a fit makes: the scorecard and the learnt feature, and how they fare on sources left out."""

    scorecard: Scorecard
    learnt: Learnt
    left_out: Table | None = None


def lessons_of(found: Sequence[Labelled], knowledge: Knowledge, *, phrases: bool = True) -> list[Lesson]:
    """The evidence of every message, and of the entries' own phrases for the learnt feature."""
    bare = replace(knowledge, learnt=None)
    lessons = [_lesson(message, gather(message.text, bare)) for message in found]
    if phrases:
        for entry in knowledge.entries.values():
            for side in (entry.phrases.scammer, entry.phrases.victim):
                for language, lines in (("th", side.th), ("en", side.en)):
                    for text in lines:
                        kind = entry.type.value
                        message = Labelled(entry.id, text, True, kind, frozenset({kind}), "phrase", language, "phrases")
                        lessons.append(replace(_lesson(message, gather(text, bare)), worth=PHRASE_WORTH, phrase=True))
    return lessons


def _lesson(message: Labelled, evidence: Evidence) -> Lesson:
    codes = evidence.text.codes
    return Lesson(message, evidence, buckets_of(codes), buckets_of(codes, TYPE_BUCKETS), bag_of(evidence.bag))


def balance(lessons: Sequence[Lesson]) -> Floats:
    """A weight a lesson: big sources count more, but only with the root of their size; scam and benign weigh the same."""
    groups = Counter((each.message.source, each.message.scam) for each in lessons)
    weights = np.array(
        [each.worth / groups[each.message.source, each.message.scam] ** 0.5 for each in lessons], dtype=np.float64
    )
    scam = np.array([each.message.scam for each in lessons])
    for side in (scam, ~scam):
        if side.any():
            weights[side] *= len(lessons) / 2 / weights[side].sum()
    return weights


def _matrix(rows: Sequence[npt.NDArray[np.int64]], words: Sequence[npt.NDArray[np.int64]], size: int) -> Any:
    """A row a message: its letter runs, then its fragments, each worth what `Learnt` makes of it."""
    from scipy import sparse

    heads = np.concatenate(([0], np.cumsum([len(row) + len(bag) for row, bag in zip(rows, words, strict=True)])))
    values, places = [], []
    for row, bag in zip(rows, words, strict=True):
        run, word = worths(len(row), len(bag))
        values += [np.full(len(row), run), np.full(len(bag), word)]
        places += [row, size + bag]
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(places), heads), shape=(len(rows), size + BAG)
    )


def _descend(
    loss: Callable[[Floats], tuple[float, Floats]], start: Floats, steps: int, bounds: Any = None
) -> Floats:
    from scipy import optimize

    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    result: Floats = found.x
    return result


def fit_learnt(lessons: Sequence[Lesson], *, types: bool = True) -> Learnt:
    """The linear models over letter runs, one for scam or benign and one for the type."""
    weights, bias = _fit_scam(lessons)
    small, scale = learnt.quantised(weights)
    kinds = tuple(ScamType)
    if types:
        type_weights, type_bias = _fit_types(lessons, kinds)
    else:
        type_weights, type_bias = np.zeros((TYPE_BUCKETS + BAG, len(kinds))), np.zeros(len(kinds))
    type_small, type_scale = learnt.quantised(type_weights)
    return Learnt(small, scale, bias, type_small, type_scale, type_bias.astype(np.float32), kinds)


def _rarity(matrix: Any) -> Floats:
    """What each column is worth by how few messages show it; folded into the weights afterwards."""
    met = np.asarray((matrix > 0).sum(axis=0)).ravel()
    rarity: Floats = np.log((matrix.shape[0] + 10) / (met + 10)) / 4
    return rarity


def _fit_scam(lessons: Sequence[Lesson]) -> tuple[Floats, float]:
    from scipy import sparse

    plain = _matrix([each.buckets for each in lessons], [each.words for each in lessons], BUCKETS)
    rarity = _rarity(plain)
    matrix = plain @ sparse.diags(rarity)
    truth = np.array([each.message.scam for each in lessons], dtype=np.float64)
    worth = balance(lessons)

    def loss(point: Floats) -> tuple[float, Floats]:
        logits = matrix @ point[:-1] + point[-1]
        chance = 1 / (1 + np.exp(-logits))
        value = float((worth * (np.logaddexp(0, logits) - truth * logits)).sum())
        pull = worth * (chance - truth)
        slope = np.append(matrix.T @ pull + LEARNT_RIDGE * point[:-1] / 8, pull.sum())
        return value + LEARNT_RIDGE * float(point[:-1] @ point[:-1]) / 16, slope

    point = _descend(loss, np.zeros(BUCKETS + BAG + 1), 45)
    return point[:-1] * rarity, float(point[-1])


def _fit_types(lessons: Sequence[Lesson], kinds: Sequence[ScamType]) -> tuple[Floats, Floats]:
    from scipy import sparse

    typed = [each for each in lessons if each.message.scam and each.message.expect_type]
    if not typed:
        return np.zeros((TYPE_BUCKETS + BAG, len(kinds))), np.zeros(len(kinds))
    plain = _matrix([each.type_buckets for each in typed], [each.words for each in typed], TYPE_BUCKETS)
    rarity = _rarity(plain)
    matrix = plain @ sparse.diags(rarity)
    truth = np.zeros((len(typed), len(kinds)))
    names = [kind.value for kind in kinds]
    for row, each in enumerate(typed):
        truth[row, names.index(str(each.message.expect_type))] = 1
    sizes = truth.sum(axis=0)
    worth = np.array([each.worth for each in typed]) / np.sqrt(sizes[truth.argmax(axis=1)])
    worth *= len(typed) / worth.sum()
    shape = (TYPE_BUCKETS + BAG, len(kinds))

    def loss(point: Floats) -> tuple[float, Floats]:
        table = point[: -len(kinds)].reshape(shape)
        logits = matrix @ table + point[-len(kinds) :]
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        chance = raised / raised.sum(axis=1, keepdims=True)
        value = -float((worth[:, None] * truth * np.log(chance + 1e-12)).sum())
        pull = worth[:, None] * (chance - truth)
        slope = np.concatenate(((matrix.T @ pull + TYPE_RIDGE * table / 8).ravel(), pull.sum(axis=0)))
        return value + TYPE_RIDGE * float((table * table).sum()) / 16, slope

    point = _descend(loss, np.zeros((TYPE_BUCKETS + BAG + 1) * len(kinds)), 30)
    return point[: -len(kinds)].reshape(shape) * rarity[:, None], point[-len(kinds) :]


def with_learnt(lessons: Sequence[Lesson], model: Learnt) -> list[Lesson]:
    """The same lessons, their evidence completed by a learnt feature."""
    done = []
    for each in lessons:
        codes, bag = each.evidence.text.codes, each.evidence.bag
        value, kinds = model.scam(codes, bag), model.kinds(codes, bag)
        features = {**each.evidence.features, "learnt": value}
        done.append(replace(each, evidence=replace(each.evidence, learnt=value, kinds=kinds, features=features)))
    return done


def folds_of(lessons: Sequence[Lesson], parts: int = 4) -> list[npt.NDArray[np.bool_]]:
    """Which lessons to leave out together: every second source as a whole, the others message by message.

    A learnt feature tried on its own training messages looks too good; one tried on other sources looks as it will
    to a new source. The scorecard is fitted on both kinds of left-out scores, since both kinds of message come.
    """
    numbers = np.arange(len(lessons)) % parts
    for index, each in enumerate(lessons):
        name = sum(each.message.source.encode())
        if name % 2 == 0 and not each.phrase:
            numbers[index] = name // 2 % parts
    return [numbers == part for part in range(parts)]


def out_of_fold(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Every lesson with the learnt feature of a model that has not seen it."""
    done: list[Lesson | None] = [None] * len(lessons)
    for held in folds_of(lessons):
        model = fit_learnt([each for each, out in zip(lessons, held, strict=True) if not out])
        for index in np.nonzero(held)[0]:
            done[index] = with_learnt([lessons[index]], model)[0]
    return [each if each is not None else lessons[index] for index, each in enumerate(done)]


def fit_card(lessons: Sequence[Lesson], card: Scorecard) -> Scorecard:
    """The scorecard's weights from lessons that bear left-out learnt features. Bands stay as they are."""
    real = [each for each in lessons if not each.phrase]
    names = [line.name for line in card.lines]
    signs = sorted({name for each in real for name in each.evidence.features if name.startswith("sign:")})
    columns = {name: index for index, name in enumerate([*names, *signs])}
    matrix = np.zeros((len(real), len(columns)))
    for row, each in enumerate(real):
        for name, value in each.evidence.features.items():
            if name in columns:
                matrix[row, columns[name]] = value
    truth = np.array([each.message.scam for each in real], dtype=np.float64)
    worth = balance(real)
    hand = np.array([line.hand for line in card.lines] + [0.0] * len(signs))
    ridge = np.array([LINE_RIDGE] * len(names) + [SIGN_RIDGE] * len(signs))
    bounds: list[tuple[float | None, float | None]] = [
        (0.0, None) if line.sign > 0 else (None, 0.0) if line.sign < 0 else (None, None) for line in card.lines
    ]
    bounds += [(-SIGN_REACH, SIGN_REACH)] * len(signs)

    def loss(point: Floats) -> tuple[float, Floats]:
        logits = matrix @ point[:-1] + point[-1]
        chance = 1 / (1 + np.exp(-logits))
        away = point[:-1] - hand
        value = float((worth * (np.logaddexp(0, logits) - truth * logits)).sum())
        pull = worth * (chance - truth)
        return value + float((ridge * away * away).sum()) / 2, np.append(matrix.T @ pull + ridge * away, pull.sum())

    point = _descend(loss, np.append(hand, card.intercept), 300, [*bounds, (None, None)])
    lines = tuple(
        ScoreLine(**{**line.model_dump(), "weight": round(float(point[columns[line.name]]), 3)}) for line in card.lines
    )
    own = {name[5:]: round(float(point[columns[name]]), 2) for name in signs}
    return card.model_copy(
        update={
            "intercept": round(float(point[-1]), 3),
            "lines": lines,
            "signs": {name: value for name, value in own.items() if abs(value) >= 0.05},
        }
    )


def fit_types(lessons: Sequence[Lesson], knowledge: Knowledge, card: Scorecard) -> TypeWeights:
    """How much each kind of evidence counts for the entry, by the likelihood of the right type."""
    names = [entry for some in knowledge.entries_of_type.values() for entry in some]
    kinds = np.array([knowledge.entries[name].type.value for name in names])
    typed = [each for each in lessons if each.message.scam and each.message.accepted and not each.phrase]
    fields = list(TypeWeights.model_fields)
    cube = np.zeros((len(typed), len(names), len(fields)))
    right = np.zeros((len(typed), len(names)), dtype=bool)
    for row, each in enumerate(typed):
        parts = entry_evidence(each.evidence, knowledge)
        for column, name in enumerate(names):
            if name in parts:
                cube[row, column] = parts[name]
        right[row] = np.isin(kinds, list(each.message.accepted))
    keep = right.any(axis=1)
    cube, right = cube[keep], right[keep]
    sizes = Counter(str(each.message.expect_type) for each, kept in zip(typed, keep, strict=True) if kept)
    worth = np.array(
        [sizes[str(each.message.expect_type)] ** -0.5 for each, kept in zip(typed, keep, strict=True) if kept]
    )
    worth *= len(worth) / worth.sum()
    hand = np.array([getattr(card.types, name) for name in fields])

    def loss(point: Floats) -> tuple[float, Floats]:
        scores = cube @ point
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        chance = raised / raised.sum(axis=1, keepdims=True)
        inside = np.where(right, chance, 0.0)
        share = inside.sum(axis=1, keepdims=True) + 1e-12
        pull = worth[:, None] * (chance - inside / share)
        slope = np.einsum("me,mef->f", pull, cube)
        return -float((worth * np.log(share[:, 0])).sum()), slope + 0.5 * (point - hand)

    point = _descend(loss, hand.copy(), 200, [(0.0, None)] * len(fields))
    return TypeWeights(**{name: round(float(value), 3) for name, value in zip(fields, point, strict=True)})


def fit(found: Sequence[Labelled], knowledge: Knowledge, *, left_out: bool = True) -> Fitted:
    """A new scorecard and learnt feature for `knowledge`; with `left_out`, also the table on sources left out."""
    lessons = lessons_of(found, knowledge)
    unseen = out_of_fold(lessons)
    card = _fit_both(unseen, knowledge)
    made = table(left_out_outcomes(lessons, unseen, knowledge)) if left_out else None
    return Fitted(card, fit_learnt(lessons), made)


def _fit_both(unseen: Sequence[Lesson], knowledge: Knowledge) -> Scorecard:
    card = fit_card(unseen, knowledge.scorecard)
    return card.model_copy(update={"types": fit_types(unseen, knowledge, card)})


def left_out_outcomes(
    lessons: Sequence[Lesson], unseen: Sequence[Lesson], knowledge: Knowledge, smallest: int = 40
) -> list[Outcome]:
    """The outcomes of every message of every source of `smallest` messages or more, by fits without that source."""
    sizes = Counter(each.message.source for each in lessons if not each.phrase)
    outcomes: list[Outcome] = []
    for source in sorted(name for name, size in sizes.items() if size >= smallest):
        others = [each for each in lessons if each.message.source != source]
        card = _fit_both([each for each in unseen if each.message.source != source], knowledge)
        other = replace(knowledge, scorecard=card, learnt=fit_learnt(others))
        outcomes += [outcome(each.message, other) for each in lessons if each.message.source == source]
    return outcomes


def write(fitted: Fitted, folder: Path) -> None:
    """Puts the scorecard and the learnt feature where `load` finds them; the scorecard keeps its head comment."""
    path = folder / "scorecard.yaml"
    head = "".join(line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("#"))
    path.write_text(head + scorecard_text(fitted.scorecard), encoding="utf-8")
    learnt.dump(fitted.learnt, folder / "learnt.npz")


def scorecard_text(card: Scorecard) -> str:
    """The scorecard as YAML, one line a weight."""
    out = io.StringIO()
    out.write(f"intercept: {card.intercept}\nlines:\n")
    for line in card.lines:
        out.write(f"- {_flow(line.model_dump())}\n")
    out.write("signs:" + (" {}\n" if not card.signs else "\n"))
    for name, value in sorted(card.signs.items()):
        out.write(f"  {name}: {value}\n")
    out.write("bands:\n")
    for band in card.bands:
        out.write(f"- {_flow(band.model_dump())}\n")
    out.write(f"types: {_flow(card.types.model_dump())}\n")
    return out.getvalue()


def _flow(values: Mapping[str, object]) -> str:
    text: str = yaml.safe_dump(dict(values), default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.strip()
