"""Why we say so: each reason a sentence to the person and the exact words of theirs it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from content.evidence import Evidence, Found
from content.identifiers import Kind
from content.knowledge import Knowledge
from content.models import Both, Family, Weight
from content.reported import Heard
from content.signs import Hit
from content.verdict_types import Reason, ReasonKind

# As many as a frightened person reads.
MOST = 5
# A match below this is no resemblance that a person would see.
SEEN = 0.22

_RANK = {Weight.STRONG: 0, Weight.MEDIUM: 1, Weight.WEAK: 2}
_FAMILY = {Family.ASKS: 0, Family.PAYS: 1, Family.PRESSES: 2, Family.CLAIMS: 3, Family.TRAVELS: 4, Family.TOLD: 5}


def give(
    evidence: Evidence, knowledge: Knowledge, entry: str | None, heard: Sequence[Heard] = ()
) -> tuple[Reason, ...]:
    """Up to five reasons, best first, no two about the same words."""
    ranked = sorted(
        [
            *_of_reports(heard, evidence, knowledge),
            *_of_identifiers(evidence, knowledge),
            *_of_signs(evidence, knowledge),
            *_of_match(evidence, knowledge, entry),
        ],
        key=lambda pair: pair[0],
    )
    kept: list[Reason] = []
    for _, reason in ranked:
        if len(kept) < MOST and reason.quote and not any(_same(reason, other) for other in kept):
            kept.append(reason)
    return (*kept, *_of_counters(evidence, knowledge, room=MOST - len(kept)))


def _same(one: Reason, other: Reason) -> bool:
    if one.id == other.id and one.kind is other.kind:
        return True
    overlap = min(one.end, other.end) - max(one.start, other.start)
    return overlap > 0.8 * max(one.end - one.start, other.end - other.start)


def _reason(kind: ReasonKind, name: str, tell: Both, evidence: Evidence, span: tuple[int, int]) -> Reason:
    start, end = span
    return Reason(kind, name, tell, evidence.text.original[start:end], start, end)


def _filled(both: Both, th: str = "", en: str = "") -> Both:
    return Both(th=both.th.replace("{name}", th), en=both.en.replace("{name}", en))


def _of_signs(evidence: Evidence, knowledge: Knowledge) -> Iterable[tuple[float, Reason]]:
    for hit in evidence.hits:
        sign = knowledge.signs[hit.sign]
        rank = 1 + _RANK[sign.weight] * 2 + _FAMILY.get(sign.family, 6) / 10
        yield rank, _sign_reason(ReasonKind.SIGN, hit, evidence, knowledge)


def _sign_reason(kind: ReasonKind, hit: Hit, evidence: Evidence, knowledge: Knowledge) -> Reason:
    return _reason(
        kind, hit.sign, knowledge.signs[hit.sign].tell, evidence, evidence.text.quote_span(hit.start, hit.end)
    )


def _of_match(evidence: Evidence, knowledge: Knowledge, entry: str | None) -> Iterable[tuple[float, Reason]]:
    for match in evidence.matches[:3]:
        if match.entry != entry or match.score < SEEN:
            continue
        title = knowledge.entries[match.entry].title
        tell = _filled(knowledge.tells["told" if match.told else "match"], title.th, title.en)
        span = evidence.text.quote_span(match.start, match.end)
        yield (0.8 if match.score > 0.4 else 2.9), _reason(ReasonKind.MATCH, match.entry, tell, evidence, span)


_RANKS = {
    "lookalike": 0.0,
    "raw_ip": 0.5,
    "punycode": 0.5,
    "odd_ending": 2.0,
    "shortener": 3.5,
    "unknown": 4.5,
    "shared_host": 4.0,
}


# What is said of each kind of thing that was reported.
_CALLED = {"promptpay": "account", "page": "domain"}


def _of_reports(heard: Sequence[Heard], evidence: Evidence, knowledge: Knowledge) -> Iterable[tuple[float, Reason]]:
    """An official's word comes before all else, other people's before what we make of the words."""
    for found, said in heard:
        called = _CALLED.get(said.subject.kind, said.subject.kind)
        span = evidence.text.original_span(found.identifier.start, found.identifier.end)
        name = f"{'confirmed' if said.confirmed else 'reported'}_{called}"
        more = "+" if said.more else ""
        count = {
            "{times}": f"{said.times:,}{more}",
            "{people}": f"{said.reporters:,}{more}",
            "{date}": f"{said.last_on:%d/%m/%Y}",
        }
        tell = knowledge.tells[name]
        for place, value in count.items():
            tell = Both(th=tell.th.replace(place, value), en=tell.en.replace(place, value))
        yield (-1.0 if said.confirmed else -0.5), _reason(ReasonKind.IDENTIFIER, name, tell, evidence, span)


def _of_identifiers(evidence: Evidence, knowledge: Knowledge) -> Iterable[tuple[float, Reason]]:
    for each in evidence.found:
        told = _told_of(each, knowledge)
        if told is not None:
            rank, name, tell = told
            span = evidence.text.original_span(each.identifier.start, each.identifier.end)
            yield rank, _reason(ReasonKind.IDENTIFIER, name, tell, evidence, span)


def _told_of(each: Found, knowledge: Knowledge) -> tuple[float, str, Both] | None:
    finding, _, about = each.finding.partition(":")
    kind = each.identifier.kind
    tells = knowledge.tells
    if finding == "official":
        name = _owner(about, knowledge)
        key = "official" if kind is Kind.URL else "official_number"
        return 6.0, key, _filled(tells[key], name.th, name.en)
    if kind is Kind.URL and finding in _RANKS:
        return _RANKS[finding], finding, _filled(tells[finding], about, about)
    if kind is Kind.PHONE and each.identifier.value.startswith("+"):
        return 3.4, "foreign_phone", tells["foreign_phone"]
    simple = {Kind.LINE_ID: (3.6, "line_id"), Kind.ACCOUNT: (4.0, "account"), Kind.WALLET: (1.5, "wallet")}
    if kind in simple:
        rank, key = simple[kind]
        return rank, key, tells[key]
    return None


def _owner(name: str, knowledge: Knowledge) -> Both:
    if name in knowledge.organisations:
        return knowledge.organisations[name].name
    if name in knowledge.hotlines:
        return knowledge.hotlines[name].name
    return Both(th=name, en=name)


def _of_counters(evidence: Evidence, knowledge: Knowledge, room: int) -> tuple[Reason, ...]:
    strongest = sorted(evidence.counters, key=lambda hit: _RANK[knowledge.signs[hit.sign].weight])
    reasons = [_sign_reason(ReasonKind.COUNTER, hit, evidence, knowledge) for hit in strongest]
    return tuple(reason for reason in reasons[: max(0, min(2, room))] if reason.quote)
