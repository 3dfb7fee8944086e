"""Evidence → calibrated score → Verdict, with its reasons. There is no level that means "safe"."""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from content import cleaning, reasons
from content.evidence import Evidence, gather
from content.identifiers import Kind
from content.knowledge import Knowledge
from content.models import Language, ScamType, Weight
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

WHAT_IT_WANTS = "what-it-wants"
WHICH_ONE = "which-one"

# What a tap is worth in log-odds: the answer to "what does it want you to do?". A scam that asks nothing yet is
# a scam still, so "nothing" calms only a little.
TAPS: Mapping[str, float] = {"transfer": 2.4, "code": 3.0, "link": 1.2, "line": 1.2, "nothing": -1.2}
# Once a person has said what is asked of them, we know more than any text shows: no need to wait for near certainty.
SETTLED = 0.6

# What a link or a number can prove without a word beside it, unless its name accuses it.
BARE = 0.4

MOST_CANDIDATES = 5
# Under this many letters without links, numbers and particles, a text means too little to be checked.
SHORTEST = 6
SHORT = 12
# A match this good is a resemblance that stands for itself.
STRONG_MATCH = 0.42

_GREETING = re.compile(
    r"\A(?:(?:สวัสดี|หวัดดี|ดีจ้า|ฮัลโหล|ขอบคุณ|ขอบใจ|โอเค|ทดสอบ|เมนู|ช่วยเหลือ|คุณเป็นใคร|เป็นบอทหรือ|ชื่ออะไร|hello|hi|hey|thanks?|thank you|"
    r"ok|okay|test|testing|menu|help|start|good (?:morning|evening|afternoon)|bye|who are you|สบายดี|555+)"
    r"(?:ครับ|คับ|ค่ะ|คะ|จ้า|จ้ะ|นะ|มาก|ๆ|บอท|bot|there|you|very much|so much|รู้ทัน|rutan|[\s!.?,]){0,6}){1,3}\Z",
    re.IGNORECASE,
)
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
    if not _is_check(evidence):
        return _verdict(name, Level.NOT_A_CHECK, 0.0, spoken, evidence, knowledge)
    logit = knowledge.scorecard.logit(evidence.features)
    if _is_bare(evidence) and not _accuses(evidence):
        logit = min(logit, BARE)
    score = probability(logit)
    band = knowledge.scorecard.band(len(evidence.text.skeleton))
    candidates = rank(evidence, knowledge, score)
    level = _level(evidence, knowledge, score, band, candidates)
    heard = hear(evidence.found, reported, knowledge.directory) if reported else ()
    if heard:
        level, score, candidates = _with_reports(heard, knowledge, level, logit, band, candidates)
    question = _question(evidence, knowledge, level, score, band, candidates)
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


def _is_check(evidence: Evidence) -> bool:
    """Whether there is something to check: words enough, or an identifier, or a sign in few words."""
    if any(each.identifier.kind not in (Kind.AMOUNT, Kind.CODE, Kind.HOTLINE) for each in evidence.found):
        return True
    plain = evidence.text.readable
    if _GREETING.match(plain[:80].strip()):
        return False
    words = [letter for letter in evidence.text.skeleton if letter < "\ue000"]
    if len(words) > 40:
        return True
    letters = len(cleaning.skeleton(cleaning.core(plain)).replace(cleaning.NUMBER, ""))
    if letters < SHORTEST:
        return False
    shown = evidence.hits or evidence.topics or (evidence.matches and evidence.matches[0].score > 0.3)
    return letters >= SHORT or bool(shown)


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


def _level(
    evidence: Evidence, knowledge: Knowledge, score: float, band: Band, candidates: Sequence[Candidate]
) -> Level:
    if score >= band.known and candidates and _names_entry(evidence, knowledge, candidates[0]):
        return Level.KNOWN_SCAM
    if score < band.warn or (_is_bare(evidence) and not _accuses(evidence)):
        return Level.NOT_KNOWN
    return Level.WARNING_SIGNS


def _accuses(evidence: Evidence) -> bool:
    """Whether anything but the bareness of a link speaks against it."""
    accusing = ("lookalike", "raw_ip", "punycode")
    return bool(evidence.hits) or any(each.finding.split(":", 1)[0] in accusing for each in evidence.found)


def _names_entry(evidence: Evidence, knowledge: Knowledge, best: Candidate) -> bool:
    """Whether curated evidence stands for an entry: a strong match, or strong signs that mark it.

    Never in a text that a frame calms or that speaks of scammers itself: warnings quote what scams say.
    """
    if not evidence.in_need and (evidence.counters or "warns" in evidence.features):
        return False
    if any(match.entry == best.entry and match.score >= STRONG_MATCH for match in evidence.matches):
        return True
    own = set(knowledge.entries[best.entry].signs)
    marking = [hit for hit in evidence.hits if hit.sign in own or best.type in knowledge.signs[hit.sign].types]
    strong = sum(knowledge.signs[hit.sign].weight is Weight.STRONG for hit in marking)
    medium = sum(knowledge.signs[hit.sign].weight is Weight.MEDIUM for hit in marking)
    return strong >= 2 or (strong == 1 and medium >= 1)


def _question(
    evidence: Evidence,
    knowledge: Knowledge,
    level: Level,
    score: float,
    band: Band,
    candidates: Sequence[Candidate],
) -> str | None:
    """The one question worth asking, or None. Only where the answer could change what we say."""
    if level is Level.KNOWN_SCAM:
        return None
    if level is Level.WARNING_SIGNS:
        return WHICH_ONE if _torn(knowledge, candidates) else None
    if band.ask <= score or _is_bare(evidence):
        return WHAT_IT_WANTS
    return None


def _is_bare(evidence: Evidence) -> bool:
    """A link, number or account with hardly a word beside it, and nobody genuine known behind it."""
    named = [each for each in evidence.found if each.identifier.kind not in (Kind.AMOUNT, Kind.CODE, Kind.HOTLINE)]
    if not named or all(each.finding.startswith("official") for each in named):
        return False
    words = sum(1 for letter in evidence.text.skeleton if letter < "\ue000")
    return words <= SHORT


def _torn(knowledge: Knowledge, candidates: Sequence[Candidate]) -> bool:
    if len(candidates) < 2:
        return False
    first, second = sorted(candidates, key=lambda each: -each.score)[:2]
    if second.score < 0.75 * first.score:
        return False
    return knowledge.entries[first.entry].do_now != knowledge.entries[second.entry].do_now


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
