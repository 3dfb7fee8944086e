"""From evidence and score to a level, and to the one question that could change it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from content import cleaning
from content.evidence import Evidence
from content.identifiers import Kind
from content.knowledge import Knowledge
from content.models import Weight
from content.scorecard import Band
from content.verdict_types import Candidate, Level

WHAT_IT_WANTS = "what-it-wants"
WHICH_ONE = "which-one"

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


def is_check(evidence: Evidence) -> bool:
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


def level_of(
    evidence: Evidence, knowledge: Knowledge, score: float, band: Band, candidates: Sequence[Candidate]
) -> Level:
    """What the score means in this band of lengths; a known scam only where an entry's own evidence stands for it."""
    if score >= band.known and candidates and _names_entry(evidence, knowledge, candidates[0]):
        return Level.KNOWN_SCAM
    if score < band.warn or (is_bare(evidence) and not accuses(evidence)):
        return Level.NOT_KNOWN
    return Level.WARNING_SIGNS


def accuses(evidence: Evidence) -> bool:
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


def question_of(
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
    if band.ask <= score or is_bare(evidence):
        return WHAT_IT_WANTS
    return None


def is_bare(evidence: Evidence) -> bool:
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
