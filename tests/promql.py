"""As much of PromQL as our alarms and dashboard use, over scrapes that a test has taken: to see that an alarm means what it says.

    found = evaluate('max(rutan_inbox_oldest_seconds) > 60', [Scrape(text, at=0.0), Scrape(later, at=60.0)])
    assert found  # it fires: a vector with at least one sample

Ranges are taken as all scrapes there are. `increase` and `rate` are the plain difference (Prometheus extends it to the
edges of the range).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e\d+)?)|(?P<name>[a-zA-Z_:][\w:]*)|(?P<text>\"[^\"]*\")|(?P<range>\[\w+\])"
    r"|(?P<sign>=~|!=|>=|<=|==|[-+*/(){},=<>]))"
)
_OVER_TIME = ("increase", "rate", "changes")
_GATHERING = ("sum", "max", "min", "count")


@dataclass(frozen=True)
class Scrape:
    """What /metrics said at a moment, in seconds."""

    text: str
    at: float
    # What Prometheus itself adds to each sample.
    job: str = "rutan"

    def samples(self) -> Iterator[tuple[str, Labels, float]]:
        yield "up", frozenset({("job", self.job)}), 1.0 if self.text else 0.0
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                yield sample.name, frozenset({*sample.labels.items(), ("job", self.job)}), sample.value


class Wrong(Exception):
    """This is no expression that we understand."""


def names(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    asked: set[str] = set()
    _Reader(expression, lambda name, wanted, over: asked.add(name) or {}, 0.0).whole()
    return asked


def evaluate(expression: str, scrapes: Sequence[Scrape]) -> Vector:
    """What the expression gives at the last scrape; {} where it gives nothing, so that no alarm fires."""

    def select(name: str, wanted: Callable[[Mapping[str, str]], bool], over: str) -> Vector:
        taken = [{labels: value for each, labels, value in one.samples() if each == name} for one in scrapes]
        newest = {labels: value for labels, value in taken[-1].items() if wanted(dict(labels))}
        if not over:
            return newest
        series = {labels: [one[labels] for one in taken if labels in one] for labels in newest}
        seconds = scrapes[-1].at - scrapes[0].at
        return {labels: _over(over, values, seconds) for labels, values in series.items() if len(values) > 1}

    return _Reader(expression, select, scrapes[-1].at).whole()


def _over(function: str, values: Sequence[float], seconds: float) -> float:
    if function == "changes":
        return float(sum(left != right for left, right in pairwise(values)))
    # A counter that fell began anew.
    rise = sum(right - left if right >= left else right for left, right in pairwise(values))
    return rise if function == "increase" else rise / seconds


Select = Callable[[str, Callable[[Mapping[str, str]], bool], str], Vector]


class _Reader:
    """Reads from left to right, weakest binding first. A number is a vector of one sample without labels."""

    def __init__(self, expression: str, select: Select, now: float) -> None:
        self._tokens = list(_tokens(expression))
        self._select = select
        self._now = now

    def whole(self) -> Vector:
        result = self._either()
        if self._tokens:
            raise Wrong(f"left over: {self._tokens}")
        return result

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, wanted: str = "") -> str:
        if not self._tokens or (wanted and self._tokens[0] != wanted):
            raise Wrong(f"{wanted or 'more'} expected, found {self._peek()!r}")
        return self._tokens.pop(0)

    def _either(self) -> Vector:
        left = self._compared()
        while self._peek() in ("and", "or"):
            word, right = self._take(), self._compared()
            # `max(…)` has no labels, and neither has what stands beside it in our rules.
            left = {k: v for k, v in left.items() if k in right} if word == "and" else {**right, **left}
        return left

    def _compared(self) -> Vector:
        left = self._added()
        while self._peek() in (">", "<", ">=", "<=", "==", "!="):
            sign, right = self._take(), self._added()
            left = {k: v for k, v, limit in _beside(left, right) if _COMPARE[sign](v, limit)}
        return left

    def _added(self) -> Vector:
        left = self._multiplied()
        while self._peek() in ("+", "-"):
            left = _joined(left, self._take(), self._multiplied())
        return left

    def _multiplied(self) -> Vector:
        left = self._one()
        while self._peek() in ("*", "/"):
            left = _joined(left, self._take(), self._one())
        return left

    def _one(self) -> Vector:
        token = self._take()
        if token == "(":
            inner = self._either()
            self._take(")")
            return inner
        if re.fullmatch(r"[\d.e]+", token):
            return {frozenset(): float(token)}
        if token in _GATHERING:
            return self._gathered(token)
        if token in (*_OVER_TIME, "abs", "time", "histogram_quantile"):
            return self._called(token)
        return self._selected(token, "")

    def _gathered(self, how: str) -> Vector:
        by = self._by()
        self._take("(")
        inner = self._either()
        self._take(")")
        groups: dict[Labels, list[float]] = {}
        for labels, value in inner.items():
            groups.setdefault(frozenset(each for each in labels if each[0] in by), []).append(value)
        combine: Callable[[list[float]], float] = {"sum": sum, "max": max, "min": min, "count": len}[how]  # type: ignore[assignment]
        return {labels: float(combine(values)) for labels, values in groups.items()}

    def _by(self) -> set[str]:
        if self._peek() != "by":
            return set()
        self._take("by")
        self._take("(")
        found = {self._take()}
        while self._peek() == ",":
            self._take(",")
            found.add(self._take())
        self._take(")")
        return found

    def _called(self, function: str) -> Vector:
        self._take("(")
        if function == "time":
            self._take(")")
            return {frozenset(): self._now}
        if function == "histogram_quantile":
            self._take()
            self._take(",")
        inner = self._selected(self._take(), function) if function in _OVER_TIME else self._either()
        self._take(")")
        return {labels: abs(value) for labels, value in inner.items()} if function == "abs" else inner

    def _selected(self, name: str, over: str) -> Vector:
        if not re.fullmatch(r"[a-zA-Z_:][\w:]*", name):
            raise Wrong(f"{name!r} is no metric")
        tests: list[tuple[str, str, str]] = []
        if self._peek() == "{":
            self._take()
            while self._peek() != "}":
                tests.append((self._take(), self._take(), self._take().strip('"')))
                if self._peek() == ",":
                    self._take()
            self._take("}")
        ranged = self._peek().startswith("[")
        if ranged != bool(over):
            raise Wrong(f"{name}: a range belongs to increase, rate and changes, and to nothing else")
        if ranged:
            self._take()
        return self._select(name, lambda labels: all(_fits(labels, *test) for test in tests), over)


_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _tokens(expression: str) -> Iterator[str]:
    at = 0
    while at < len(expression.rstrip()):
        found = _TOKEN.match(expression, at)
        if found is None:
            raise Wrong(f"not understood: {expression[at:]!r}")
        yield found.group(found.lastgroup or 0)
        at = found.end()


def _fits(labels: Mapping[str, str], label: str, sign: str, wanted: str) -> bool:
    value = labels.get(label, "")
    if wanted == "$job":
        return True
    if sign == "=~":
        return re.fullmatch(wanted, value) is not None
    return (value == wanted) == (sign == "=")


def _beside(left: Vector, right: Vector) -> Iterator[tuple[Labels, float, float]]:
    """Each sample on the left with its partner: the one with the same labels, or the only number."""
    number = right.get(frozenset()) if len(right) == 1 else None
    for labels, value in left.items():
        if (partner := right.get(labels, number)) is not None:
            yield labels, value, partner


def _joined(left: Vector, sign: str, right: Vector) -> Vector:
    if set(left) == {frozenset()} and set(right) != {frozenset()}:
        left = dict.fromkeys(right, left[frozenset()])
    told = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b if b else math.nan,
    }[sign]
    return {labels: told(a, b) for labels, a, b in _beside(left, right)}
