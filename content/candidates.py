"""Which entries a text may belong to, and what speaks for each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from content.evidence import Evidence
from content.knowledge import Knowledge
from content.models import ScamType, Weight
from content.verdict_types import Candidate

MOST_CANDIDATES = 5


def rank(evidence: Evidence, knowledge: Knowledge, score: float) -> tuple[Candidate, ...]:
    """The entries the text may belong to, best first, at most five; the first three are of different types."""
    scores = _entry_scores(evidence, knowledge)
    if not scores:
        return ()
    top = max(scores.values())
    order = sorted(scores, key=lambda name: (-scores[name], name))
    chosen: list[str] = []
    for name in order:
        kind = knowledge.entries[name].type
        if all(knowledge.entries[other].type is not kind for other in chosen):
            chosen.append(name)
        if len(chosen) == 3:
            break
    chosen += [name for name in order[:MOST_CANDIDATES] if name not in chosen][: MOST_CANDIDATES - len(chosen)]
    return tuple(
        Candidate(name, knowledge.entries[name].type, round(score * math.exp(max(-40.0, scores[name] - top)), 4))
        for name in chosen
    )


_SIGN_WORTH = {Weight.STRONG: 1.0, Weight.MEDIUM: 0.7, Weight.WEAK: 0.35}


EntryParts = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Speaking:
    """What speaks for types (signs, topics) and for single entries (matches, own signs, own topics)."""

    signs: Mapping[ScamType, float]
    topics: Mapping[ScamType, float]
    matched: Mapping[str, float]
    own: Mapping[str, float]
    topical: frozenset[str]


def _speaking(evidence: Evidence, knowledge: Knowledge) -> _Speaking | None:
    topics: dict[ScamType, float] = {}
    signs: dict[ScamType, float] = defaultdict(float)
    own: dict[str, float] = defaultdict(float)
    for hit in evidence.topics:
        for kind in knowledge.signs[hit.sign].types:
            topics[kind] = 1.0
    for kind in _imitated_types(evidence, knowledge):
        topics[kind] = 1.0
    for hit in evidence.hits:
        sign = knowledge.signs[hit.sign]
        worth = _SIGN_WORTH[sign.weight]
        for kind in sign.types:
            signs[kind] += worth / math.sqrt(len(sign.types))
        for name in knowledge.entries_with_sign.get(hit.sign, ()):
            own[name] += worth
    if not (evidence.hits or topics or evidence.entry_topics or evidence.matches or evidence.kinds):
        return None
    matched = {match.entry: match.score for match in evidence.matches}
    return _Speaking(signs, topics, matched, own, frozenset(hit.sign for hit in evidence.entry_topics))


def entry_evidence(evidence: Evidence, knowledge: Knowledge) -> dict[str, EntryParts]:
    """What speaks for each entry, in the order of `TypeWeights`: match, sign, topic, own sign, own topic, learnt."""
    said = _speaking(evidence, knowledge)
    if said is None:
        return {}
    return {
        name: (
            said.matched.get(name, 0.0),
            said.signs.get(kind, 0.0),
            said.topics.get(kind, 0.0),
            said.own.get(name, 0.0),
            float(name in said.topical),
            max(-6.0, evidence.kinds.get(kind, 0.0)),
        )
        for kind, names in knowledge.entries_of_type.items()
        for name in names
    }


# Whose address is imitated says what is played.
_PLAYED = {
    "bank": ScamType.BANK_IMPERSONATION,
    "bank-state": ScamType.BANK_IMPERSONATION,
    "payment": ScamType.BANK_IMPERSONATION,
    "e-wallet": ScamType.BANK_IMPERSONATION,
    "delivery": ScamType.PARCEL,
    "utility": ScamType.UTILITY_REFUND,
    "government": ScamType.TAX_LAND_GOV_APP,
    "platform": ScamType.PAGE_PHISHING,
    "e-commerce": ScamType.SHOPPING,
    "travel": ScamType.ACCOMMODATION_TOUR,
    "ticketing": ScamType.TICKET,
    "airline": ScamType.TICKET,
}


def _imitated_types(evidence: Evidence, knowledge: Knowledge) -> Iterable[ScamType]:
    for each in evidence.found:
        finding, _, domain = each.finding.partition(":")
        owner = knowledge.directory.official.get(domain, "") if finding == "lookalike" else ""
        if owner in knowledge.organisations and knowledge.organisations[owner].kind in _PLAYED:
            yield _PLAYED[knowledge.organisations[owner].kind]


def _entry_scores(evidence: Evidence, knowledge: Knowledge) -> dict[str, float]:
    """How much speaks for each entry in all: the parts of `entry_evidence`, weighed. Empty when nothing speaks."""
    said = _speaking(evidence, knowledge)
    if said is None:
        return {}
    worth = knowledge.scorecard.types
    scores: dict[str, float] = {}
    for kind, names in knowledge.entries_of_type.items():
        base = worth.sign * said.signs.get(kind, 0.0) + worth.topic * said.topics.get(kind, 0.0)
        base += worth.learnt * max(-6.0, evidence.kinds.get(kind, 0.0))
        for name in names:
            scores[name] = base
    for part, each in ((said.matched, worth.match), (said.own, worth.own_sign)):
        for name, value in part.items():
            if name in scores:
                scores[name] += each * value
    for name in said.topical:
        if name in scores:
            scores[name] += worth.own_topic
    return scores
