"""Evidence → calibrated score → Verdict, with its reasons. There is no level that means "safe"."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from content import levels, reasons
from content.candidates import MOST_CANDIDATES, rank
from content.evidence import Evidence, gather
from content.identifiers import Kind
from content.knowledge import Knowledge
from content.levels import WHAT_IT_WANTS, WHICH_ONE
from content.models import Language, Weight
from content.recent import Recent, key_of
from content.reported import CONFIRMED, Heard, Standing, hear
from content.scorecard import Band, probability
from content.signs import Hit
from content.verdict_types import (
    Candidate,
    Entity,
    Level,
    Pending,
    Reason,
    ReasonKind,
    Verdict,
)

__all__ = [
    "TAPS",
    "WHAT_IT_WANTS",
    "WHICH_ONE",
    "Candidate",
    "Entity",
    "Level",
    "Pending",
    "Reason",
    "ReasonKind",
    "Verdict",
    "judge",
    "judged",
    "language_of",
    "settle",
]

# What a link or a number can prove without a word beside it, unless its name accuses it.
BARE = 0.4

# What a tap is worth in log-odds: the answer to "what does it want you to do?". A scam that asks nothing yet is
# a scam still, so "nothing" calms only a little.
TAPS: Mapping[str, float] = {"transfer": 2.4, "code": 3.0, "link": 1.2, "line": 1.2, "nothing": -1.2}
# Once a person has said what is asked of them, we know more than any text shows: no need to wait for near certainty.
SETTLED = 0.6

_THAI_LETTER = re.compile(r"[\u0e01-\u0e4e]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")


def judge(
    text: str, knowledge: Knowledge, language: Language | None = None, reported: Sequence[Standing] = ()
) -> Verdict:
    """What we may honestly say of one text. Pure and deterministic; never raises; bounded for any length.

    `reported` is what people's reports say of things that the text may name. They can raise "not known" to "warning
    signs" and no further; what an official confirmed is a known scam; nothing is ever said to be safe because of them.
    """
    evidence = gather(text, knowledge)
    spoken = language or language_of(text)
    name = _name(text, knowledge)
    if not levels.is_check(evidence):
        return _verdict(name, Level.NOT_A_CHECK, 0.0, spoken, evidence, knowledge)
    logit = knowledge.scorecard.logit(evidence.features)
    if levels.is_bare(evidence) and not levels.accuses(evidence):
        logit = min(logit, BARE)
    score = probability(logit)
    band = knowledge.scorecard.band(len(evidence.text.skeleton))
    candidates = rank(evidence, knowledge, score)
    level = levels.level_of(evidence, knowledge, score, band, candidates)
    heard = hear(evidence.found, reported, knowledge.directory) if reported else ()
    if heard:
        level, score, candidates = _with_reports(heard, knowledge, level, logit, band, candidates)
    question = levels.question_of(evidence, knowledge, level, score, band, candidates)
    return _verdict(name, level, score, spoken, evidence, knowledge, candidates, question, logit, heard)


# Some megabytes at most; a wave has a few dozen wordings. A longer text is a page, which nobody passes on by the thousand.
_LATELY: Recent[Verdict] = Recent(2_000)
_LONGEST_KEPT = 2_000


def judged(
    text: str, knowledge: Knowledge, language: Language | None = None, reported: Sequence[Standing] = ()
) -> Verdict:
    """What `judge` says, which may have been worked out a moment ago: for answers, where many ask the same."""
    if reported or len(text) > _LONGEST_KEPT:
        # What people report changes from one minute to the next.
        return judge(text, knowledge, language, reported)
    key = key_of(text, knowledge.version, str(id(knowledge)), language or "")
    return _LATELY.of(key, lambda: judge(text, knowledge, language))


def _with_reports(
    heard: Sequence[Heard],
    knowledge: Knowledge,
    level: Level,
    logit: float,
    band: Band,
    candidates: tuple[Candidate, ...],
) -> tuple[Level, float, tuple[Candidate, ...]]:
    """Level, score and candidates with what reports say: the strongest of them counts, not their sum."""
    score = probability(logit + _added(heard))
    confirmed = next((each.standing for each in heard if each.standing.confirmed), None)
    if confirmed is None:
        raised = level is Level.NOT_KNOWN and score >= band.warn
        return Level.WARNING_SIGNS if raised else level, score, candidates
    score = max(score, CONFIRMED)
    entry = knowledge.entries.get(confirmed.entry or "")
    if entry is not None:
        others = [each for each in candidates if each.entry != entry.id]
        return Level.KNOWN_SCAM, score, (Candidate(entry.id, entry.type, score), *others)[:MOST_CANDIDATES]
    # Where the words alone tell no kind of scam, the official's word does not make our guess a finding.
    return Level.KNOWN_SCAM, score, candidates if level is not Level.NOT_KNOWN else ()


def _added(heard: Sequence[Heard]) -> float:
    return max((each.standing.added for each in heard), default=0.0)


def settle(pending: Pending, tap: str, knowledge: Knowledge) -> Verdict:
    """The verdict that one tap makes of an unsure one: the tap is evidence like any other. Never another question.

    Taps: those of TAPS, or for "which-one" the id of an entry or "none". A tap we do not know changes nothing.
    """
    logit = pending.logit + pending.reported + TAPS.get(tap, 0.0)
    candidates = pending.candidates
    chosen = next((each for each in candidates if each.entry == tap), None)
    if chosen is None and tap in knowledge.entries:
        chosen = Candidate(tap, knowledge.entries[tap].type, 0.0)
    if chosen is not None:
        logit += 1.0
        candidates = (chosen, *(each for each in candidates if each.entry != chosen.entry))
    elif tap == "none":
        logit -= 0.3
    score = probability(logit)
    band = knowledge.scorecard.bands[-1]
    level = Level.WARNING_SIGNS if score >= min(band.warn, SETTLED) else Level.NOT_KNOWN
    if chosen is not None and probability(logit - pending.reported) >= band.known and pending.signs:
        level = Level.KNOWN_SCAM
    candidates = tuple(Candidate(each.entry, each.type, min(each.score, score)) for each in candidates)
    if chosen is not None:
        candidates = (Candidate(chosen.entry, chosen.type, score), *candidates[1:])
    best = candidates[0] if candidates and level is not Level.NOT_KNOWN and tap != "none" else None
    return Verdict(
        id=pending.verdict_id,
        level=level,
        score=round(score, 4),
        type=best.type if best else None,
        entry=best.entry if best else None,
        candidates=candidates,
        question=None,
        signs=pending.signs,
        entities=(),
        reasons=(),
        language=pending.language,
        content_version=knowledge.version,
    )


def language_of(text: str) -> Language:
    """Thai if a fair part of the letters is Thai (a Thai message is full of Latin brands and links) or none is Latin."""
    beginning = text[:2000]
    thai = len(_THAI_LETTER.findall(beginning))
    latin = len(_LATIN_LETTER.findall(beginning))
    if thai == 0:
        return Language.ENGLISH if latin else Language.THAI
    return Language.THAI if thai * 4 >= latin or thai >= 40 else Language.ENGLISH


def _name(text: str, knowledge: Knowledge) -> str:
    mixed = text.encode("utf-8", "replace") + b"\x00" + knowledge.version.encode()
    return hashlib.blake2b(mixed, digest_size=8).hexdigest()


def _frame(evidence: Evidence, knowledge: Knowledge) -> str:
    """The counter-sign that best says what the text is; a warning that quotes a scam is a warning."""
    if evidence.in_need:
        return ""
    order = {Weight.STRONG: 0, Weight.MEDIUM: 1, Weight.WEAK: 2}

    def key(hit: Hit) -> tuple[bool, int, int]:
        return (hit.sign != "scam-warning", order[knowledge.signs[hit.sign].weight], hit.start)

    return min(evidence.counters, key=key).sign if evidence.counters else ""


_SHOWN = (
    Kind.URL,
    Kind.PHONE,
    Kind.HOTLINE,
    Kind.ACCOUNT,
    Kind.PROMPTPAY,
    Kind.LINE_ID,
    Kind.EMAIL,
    Kind.WALLET,
    Kind.TRACKING,
)


def _entities(evidence: Evidence) -> tuple[Entity, ...]:
    entities = []
    for each in evidence.found:
        if each.identifier.kind in _SHOWN:
            start, end = evidence.text.original_span(each.identifier.start, each.identifier.end)
            kind = Kind.PHONE if each.identifier.kind is Kind.HOTLINE else each.identifier.kind
            entities.append(Entity(kind.value, each.identifier.value, each.finding, start, end))
    return tuple(entities)


def _verdict(
    name: str,
    level: Level,
    score: float,
    spoken: Language,
    evidence: Evidence,
    knowledge: Knowledge,
    candidates: tuple[Candidate, ...] = (),
    question: str | None = None,
    logit: float = 0.0,
    heard: Sequence[Heard] = (),
) -> Verdict:
    named = level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS) or question is not None
    best = candidates[0] if candidates and named else None
    signs = tuple(dict.fromkeys(hit.sign for hit in evidence.hits))
    why = () if level is Level.NOT_A_CHECK else reasons.give(evidence, knowledge, best.entry if best else None, heard)
    pending = Pending(name, logit, spoken, candidates, signs, _added(heard)) if question else None
    return Verdict(
        id=name,
        level=level,
        score=round(score, 4),
        type=best.type if best else None,
        entry=best.entry if best else None,
        candidates=candidates,
        question=question,
        signs=signs,
        entities=_entities(evidence),
        reasons=why,
        language=spoken,
        content_version=knowledge.version,
        frame="" if level is Level.KNOWN_SCAM else _frame(evidence, knowledge),
        pending=pending,
    )
