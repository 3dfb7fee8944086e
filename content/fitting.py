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
from content.candidates import entry_evidence
from content.evaluation import Labelled, Outcome, Table, messages, outcome, table
from content.evidence import Evidence, gather
from content.knowledge import Knowledge
from content.learnt import BAG, BUCKETS, PAIRS, TYPE_BUCKETS, Learnt, bag_of, buckets_of, coarse, pairs_of, worths
from content.loading import FOLDER
from content.models import ScamType
from content.scorecard import Band, Scorecard, ScoreLine, TypeWeights, probability

Floats = npt.NDArray[np.float64]

# How hard the fit is drawn back: to nought for the learnt model, to the hand for the scorecard's lines, and harder for
# the weights of single signs, which see few messages each.
LEARNT_RIDGE = 0.1
CLASS_RIDGE = 0.05
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
    pairs: npt.NDArray[np.int64]
    worth: float = 1.0
    phrase: bool = False


@dataclass(frozen=True)
class Fitted:
    """What a fit makes: the scorecard and the learnt feature, and how they fare on sources left out."""

    scorecard: Scorecard
    learnt: Learnt
    left_out: Table | None = None


# A source of fewer messages than this says nothing as a source: such are taken together.
SMALL_SOURCE = 20


def pooled(found: Sequence[Labelled]) -> list[Labelled]:
    """The messages with small sources taken for one, so that a handful of messages never weighs as a source."""
    sizes = Counter(each.source for each in found)
    return [each if sizes[each.source] >= SMALL_SOURCE else replace(each, source="small sources") for each in found]


def lessons_of(found: Sequence[Labelled], knowledge: Knowledge, *, phrases: bool = True) -> list[Lesson]:
    """The evidence of every message, and of the entries' own phrases for the learnt feature."""
    bare = replace(knowledge, learnt=None)
    lessons = [_lesson(message, gather(message.text, bare)) for message in pooled(found)]
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
    buckets = buckets_of(evidence.text.codes)
    return Lesson(
        message,
        evidence,
        buckets,
        coarse(buckets),
        bag_of(evidence.bag),
        pairs_of(evidence.parts),
    )


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


def _matrix(lessons: Sequence[Lesson], size: int) -> Any:
    """A row a message: its letter runs (in a table of `size`), its fragments, its pairs, each worth what `Learnt`
    makes of it. The small table is that of the classes, which see no pairs."""
    from scipy import sparse

    heads, values, places = [0], [], []
    for each in lessons:
        row = each.buckets if size == BUCKETS else each.type_buckets
        pairs = each.pairs if size == BUCKETS else each.pairs[:0]
        run, word, pair = worths(len(row), len(each.words), len(pairs))
        values += [np.full(len(row), run), np.full(len(each.words), word), np.full(len(pairs), pair)]
        places += [row, size + each.words, size + BAG + pairs]
        heads.append(heads[-1] + len(row) + len(each.words) + len(pairs))
    width = size + BAG + (PAIRS if size == BUCKETS else 0)
    return sparse.csr_matrix((np.concatenate(values), np.concatenate(places), heads), shape=(len(lessons), width))


def _descend(loss: Callable[[Floats], tuple[float, Floats]], start: Floats, steps: int, bounds: Any = None) -> Floats:
    from scipy import optimize

    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    result: Floats = found.x
    return result


def fit_learnt(lessons: Sequence[Lesson]) -> Learnt:
    """The linear models over letter runs and fragments: one for scam or honest, one for the type or kind."""
    weights, bias = _fit_scam(lessons)
    small, scale = learnt.quantised(weights)
    class_weights, class_bias = _fit_classes(lessons)
    class_small, class_scale = learnt.quantised(class_weights)
    return Learnt(small, scale, bias, class_small, class_scale, class_bias.astype(np.float32), tuple(ScamType))


def _rarity(matrix: Any) -> Floats:
    """What each column is worth by how few messages show it; folded into the weights afterwards."""
    met = np.asarray((matrix > 0).sum(axis=0)).ravel()
    rarity: Floats = np.log((matrix.shape[0] + 10) / (met + 10)) / 4
    return rarity


def _fit_scam(lessons: Sequence[Lesson]) -> tuple[Floats, float]:
    from scipy import sparse

    plain = _matrix(lessons, BUCKETS)
    rarity = _rarity(plain)
    matrix = plain @ sparse.diags(rarity)
    truth = np.array([each.message.scam for each in lessons], dtype=np.float64)
    worth = balance(lessons)

    def loss(point: Floats) -> tuple[float, Floats]:
        logits = matrix @ point[:-1] + point[-1]
        chance = 1 / (1 + np.exp(-logits))
        value = float((worth * (np.logaddexp(0, logits) - truth * logits)).sum())
        pull = worth * (chance - truth)
        slope = np.append(matrix.T @ pull + LEARNT_RIDGE * point[:-1], pull.sum())
        return value + LEARNT_RIDGE * float(point[:-1] @ point[:-1]) / 2, slope

    point = _descend(loss, np.zeros(BUCKETS + BAG + PAIRS + 1), 45)
    return point[:-1] * rarity, float(point[-1])


def _classes(lessons: Sequence[Lesson]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The class of each lesson (-1 for a scam of no named type), and the classes: all types, then honest kinds."""
    honest = sorted({each.message.kind for each in lessons if not each.message.scam})
    names = [kind.value for kind in ScamType] + [f"honest {kind}" for kind in honest]
    places = {name: place for place, name in enumerate(names)}
    classes = [
        places.get(each.message.expect_type or "", -1) if each.message.scam else places[f"honest {each.message.kind}"]
        for each in lessons
    ]
    return np.array(classes), names


def _fit_classes(lessons: Sequence[Lesson]) -> tuple[Floats, Floats]:
    from scipy import sparse

    plain = _matrix(lessons, TYPE_BUCKETS)
    rarity = _rarity(plain)
    matrix = (plain @ sparse.diags(rarity)).tocsr()
    classes, names = _classes(lessons)
    types, count = len(ScamType), len(names)
    untyped = classes < 0
    truth = np.zeros((len(lessons), count))
    truth[np.nonzero(~untyped)[0], classes[~untyped]] = 1
    worth = balance(lessons)[:, None]
    shape = (TYPE_BUCKETS + BAG, count)

    def loss(point: Floats) -> tuple[float, Floats]:
        table = point[:-count].reshape(shape)
        logits = matrix @ table + point[-count:]
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        chance = raised / raised.sum(axis=1, keepdims=True)
        aim = truth
        if untyped.any():
            # A scam of no named type may be any of them: what the model thinks, among the types.
            aim = truth.copy()
            likely = chance[untyped, :types]
            aim[untyped, :types] = likely / (likely.sum(axis=1, keepdims=True) + 1e-12)
        value = -float((worth * aim * np.log(chance + 1e-12)).sum())
        pull = worth * (chance - aim)
        slope = np.concatenate(((matrix.T @ pull + CLASS_RIDGE * table).ravel(), pull.sum(axis=0)))
        return value + CLASS_RIDGE * float((table * table).sum()) / 2, slope

    point = _descend(loss, np.zeros(shape[0] * count + count), 35)
    return point[:-count].reshape(shape) * rarity[:, None], point[-count:]


def with_learnt(lessons: Sequence[Lesson], model: Learnt) -> list[Lesson]:
    """The same lessons, their evidence completed by a learnt feature."""
    done = []
    for each in lessons:
        value = model.scam(each.buckets, each.evidence.bag, each.evidence.parts)
        kinds, lean = model.kinds(each.buckets, each.evidence.bag)
        features = {**each.evidence.features, "learnt": value, "learnt_kinds": lean}
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
            done[int(index)] = with_learnt([lessons[int(index)]], model)[0]
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
    keep: npt.NDArray[np.bool_] = np.asarray(right.any(axis=1))
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


# Lengths of skeleton at which evidence gathers differently: a few words, an SMS, a long message, a letter.
LENGTHS = (35, 90, 220, 100_000)
FLAGGED, WORST_FLAGGED, ASKED, KNOWN = 0.04, 0.06, 0.11, 0.002


def choose_bands(unseen: Sequence[Lesson], card: Scorecard) -> tuple[Band, ...]:
    """Thresholds by length from left-out scores: FLAGGED of the honest may be warned of (WORST_FLAGGED in any one
    source), ASKED more may be asked about."""
    real = [each for each in unseen if not each.phrase]
    scores = np.zeros(len(real))
    numbers = np.arange(len(real)) % 4
    for part in range(4):
        one = fit_card([each for each, number in zip(real, numbers, strict=True) if number != part], card)
        for index in np.nonzero(numbers == part)[0]:
            scores[index] = probability(one.logit(real[int(index)].evidence.features))
    lengths = np.array([len(each.evidence.text.skeleton) for each in real])
    sources = np.array([each.message.source for each in real])
    honest = np.array([not each.message.scam for each in real])
    bands, shortest = [], 0
    for longest in LENGTHS:
        # Neighbouring lengths lend their messages, so that no band rests on a handful.
        inside = honest & (lengths > shortest * 0.7) & (lengths <= longest * 1.3)
        warn = max(
            _reached(scores[inside], sources[inside], FLAGGED, pooled=True),
            _reached(scores[inside], sources[inside], WORST_FLAGGED, pooled=False),
        )
        ask = _reached(scores[inside], sources[inside], FLAGGED + ASKED, pooled=True)
        known = max(0.93, warn, _reached(scores[inside], sources[inside], KNOWN, pooled=True))
        warn = min(0.92, max(0.4, warn))
        bands.append(
            Band(
                up_to=longest,
                ask=round(min(warn, max(0.12, ask)), 3),
                warn=round(warn, 3),
                known=round(min(0.99, known), 3),
            )
        )
        shortest = longest
    return tuple(bands)


def _reached(scores: Floats, sources: npt.NDArray[np.str_], share: float, *, pooled: bool) -> float:
    """The score that only `share` of the honest reach: of all, each source weighing the root of its size, or of the
    worst source that has enough messages to tell."""
    if not len(scores):
        return 0.5
    sizes = Counter(sources.tolist())
    if not pooled:
        big = [name for name, size in sizes.items() if size >= 60]
        return max((float(np.quantile(scores[sources == name], 1 - share)) for name in big), default=0.0)
    weight = np.array([sizes[name] ** -0.5 for name in sources.tolist()])
    order = np.argsort(-scores)
    over = np.cumsum(weight[order]) / weight.sum()
    return float(scores[order][min(len(order) - 1, int(np.searchsorted(over, share)))])


def fit(found: Sequence[Labelled], knowledge: Knowledge, *, left_out: bool = True) -> Fitted:
    """A new scorecard and learnt feature for `knowledge`, from `found` and the content's own examples.

    With `left_out`, also the table on sources left out.
    """
    own = messages(sorted((FOLDER / "examples").glob("*.jsonl")))
    lessons = lessons_of([*found, *own], knowledge)
    unseen = out_of_fold(lessons)
    card = _fit_both(unseen, knowledge)
    card = card.model_copy(update={"bands": choose_bands(unseen, card)})
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
        seen = [each for each in unseen if each.message.source != source]
        card = _fit_both(seen, knowledge)
        card = card.model_copy(update={"bands": choose_bands(seen, card)})
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
