"""What a text shows: identifiers, signs, matches, how it is told; and all of it as named numbers for the scorecard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from content import cleaning, identifiers
from content.cleaning import Cleaned
from content.identifiers import Identifier, Kind
from content.matching import Match
from content.models import Family, ScamType, Sign, Weight
from content.signs import Hit, mark_of

if TYPE_CHECKING:
    from content.knowledge import Knowledge

# One counter-sign halves what the words say, a second one thirds it; measured on benign look-alikes.
DAMPING = (1.0, 0.55, 0.35)

_TOPIC = "topic-"
_PAID = re.compile(
    r"โอน(?:เงิน)?(?:ให้)?(?:มัน|เขา|เค้า)?ไป(?:แล้ว|ให้|ก่อน)?|โอนแล้ว|เผลอ(?:กด|โอน|บอก|ให้|กรอก|สแกน)|หลงโอน|บอก(?:รหัส|เลข|otp)\S{0,12}ไป|กดลิงก์?ไปแล้ว"
    r"|กดไปแล้ว|กรอก\S{0,20}ไป(?:แล้ว)?|โดนหลอก|โดนโกง|ถูกหลอก|ถูกโกง|เงินหาย|หายหมด|เสียไป|สูญ|จ่ายไปแล้ว|ให้(?:รหัส|เลข|บัตร)\S{0,10}ไป(?:แล้ว)?|ติดตั้งไปแล้ว|สแกนไปแล้ว|ยืมไปแล้ว"
    r"|\b(?:i|we|he|she|mum|mom|dad|wife|husband|friend|they)(?:'ve| have| has|'d)? (?:already |just )?(?:paid|sent|transferred|wired|lost|gave|clicked|installed|scanned|typed|entered|deposited)\b"
    r"|\bgot scammed\b|\bwas scammed\b|\bscammed me\b|\bmoney (?:is )?gone\b|\blost (?:all|my|our|over|about|around|\d)",
    re.IGNORECASE,
)
_THIRD = re.compile(
    r"เขา(?:บอก|ว่า|ให้|ขอ|อ้าง|จะ|ขู่|ส่ง|โทร|ชวน|เอา|ก็|พูด|ถาม)|เค้า(?:บอก|ว่า|ให้|ขอ|อ้าง|จะ|ขู่|ส่ง|โทร|ชวน|เอา|ก็)|มัน(?:บอก|ว่า|ให้|ขอ|อ้าง|ขู่|โทร|จะ)|เปิ้น(?:ว่า|บอก|ขอ|หื้อ)|เพิ่น(?:ว่า|บอก)"
    r"|มีคน(?:โทร|ทัก|แอด|อ้าง|ส่ง|มา|ชวน|บอก)|มีสาย|มีเบอร์|มีผู้(?:หญิง|ชาย)|แอดมินบอก|ปลายสาย|คนขายบอก|ร้านบอก|บอกว่า|อ้างว่า"
    r"|\b(?:he|she|they|someone|somebody|the (?:seller|caller|man|woman|guy|agent|officer|admin|shop|page))(?:'s|'re)? (?:\w+ )?(?:say|says|said|ask|asks|asked|want|wants|wanted|claim|claims|claimed|told|call|called|demand|demands|keep|keeps|insist|insists|sent|offered|promised|threaten\w*)\b"
    r"|\bclaiming\b|\bpretend\w*\b|\bsays (?:he|she|they|i|my|it)\b",
    re.IGNORECASE,
)
_WARNING = re.compile(
    r"อย่าหลง|อย่าเชื่อ|อย่ากด|อย่าโอน|อย่าให้|อย่าบอก|อย่าเพิ่ง|อย่าโหลด|อย่าสแกน|อย่าแอด|อย่ารับ|อย่าส่ง|อย่ากรอก|อย่าไปเชื่อ|อย่าไปกด|อย่าทำตาม|ระวัง|เตือนภัย|เตือนว่า|เตือนกัน|รู้ทัน|ไม่มีนโยบาย|ไม่เคยขอ|จะไม่ขอ|แอบอ้าง|มิจฉาชีพ|แก๊งคอล"
    r"|\bbeware\b|\bwatch out\b|\bwarn(?:s|ed|ing)?\b|\bscammers?\b|\bfraudsters?\b|\bcriminals?\b|\bnever (?:ask|call|send|share|request|contact|demand)\w*|\bdo not (?:click|share|give|send|transfer|install|tap|scan|open)\b|\bdon't (?:click|share|give|send|transfer|install|tap|scan|fall)\b|\bwill never\b|\bimpersonat\w+|\bphishing\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"[?？]\s*\Z|(?:ไหม|มั้ย|มัย|ไม๊|ป่าว|เปล่า|หรือไม่|รึยัง|หรือยัง|ยังไง|อย่างไร|ทำไง|ดีไหม|ได้ไหม|บ่|บ่อ|ก่อ|ม้าย)(?:คะ|ค่ะ|ครับ|คับ|นะ|จ๊ะ|จ้ะ|ฮะ|เนี่ย|\s|[.!?])*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """An identifier and what the directory says of it ("" where it has nothing to say)."""

    identifier: Identifier
    finding: str


@dataclass(frozen=True)
class Evidence:
    """Everything a verdict rests on. `hits` accuse, `counters` calm, `denied` are signs that the text forbids."""

    text: Cleaned
    found: tuple[Found, ...]
    hits: tuple[Hit, ...]
    topics: tuple[Hit, ...]
    entry_topics: tuple[Hit, ...]  # its "signs" are entry ids
    counters: tuple[Hit, ...]
    denied: tuple[Hit, ...]
    matches: tuple[Match, ...]
    damping: float
    in_need: bool
    learnt: float
    kinds: Mapping[ScamType, float]
    bag: frozenset[int]  # what the learnt feature sees beside letters: the fragments and signs found
    features: Mapping[str, float]


def gather(text: str, knowledge: Knowledge) -> Evidence:
    """All evidence in a text. Never raises, deterministic."""
    form = cleaning.read(text)
    named = identifiers.find(form.readable)
    masks = [(each.start, each.end) for each in named if each.kind not in (Kind.AMOUNT, Kind.CODE, Kind.HOTLINE)]
    cleaned = cleaning.clean(form, masks)
    found = tuple(Found(each, _finding(each, knowledge)) for each in named)
    every, words = knowledge.wordings.find(cleaned, named)
    topics = tuple(hit for hit in every if hit.sign.startswith(_TOPIC))
    denied = tuple(hit for hit in every if hit.negated)
    told = [hit for hit in every if not hit.negated and not hit.sign.startswith(_TOPIC)]
    hits = tuple(hit for hit in told if knowledge.signs[hit.sign].family is not Family.COUNTER)
    counters = tuple(hit for hit in told if knowledge.signs[hit.sign].family is Family.COUNTER)
    own, own_words = knowledge.entry_topics.find(cleaned, ())
    marks = knowledge.wordings.marks_of(words) | knowledge.entry_topics.marks_of(own_words)
    bag = marks | {mark_of(f"not {hit.sign}" if hit.negated else hit.sign) for hit in every}
    matches = knowledge.index.rank(cleaned.codes, cleaned.skeleton)
    in_need = bool(_PAID.search(form.readable))
    damping = 1.0 if in_need else DAMPING[min(2, _loudness(counters, knowledge.signs))]
    part = Evidence(
        cleaned, found, hits, topics, own, counters, denied, matches, damping, in_need, 0.0, {}, frozenset(bag), {}
    )
    features = features_of(part, knowledge.signs)
    bag |= {mark_of(name) for name in features if name in _BAG_FEATURES}
    learnt, kinds = 0.0, {}
    if knowledge.learnt is not None:
        learnt, kinds = knowledge.learnt.scam(cleaned.codes, bag), knowledge.learnt.kinds(cleaned.codes, bag)
        features["learnt"] = learnt
    return replace(part, learnt=learnt, kinds=kinds, bag=frozenset(bag), features=features)


# Of the features, those that the learnt model may see too: how a text is told, and what stands in it.
_BAG_FEATURES = frozenset(
    "lookalike shortener odd_ending raw_address unknown_link shared_host official_link line_id account wallet "
    "foreign_phone official_number code phone amount third_person question paid disguise warns".split()
)


def _loudness(counters: Sequence[Hit], signs: Mapping[str, Sign]) -> int:
    """How many frames calm the text; weak ones are only half a frame."""
    halves = sum(1 if signs[hit.sign].weight is Weight.WEAK else 2 for hit in counters)
    return halves // 2


def _finding(each: Identifier, knowledge: Knowledge) -> str:
    directory = knowledge.directory
    if each.kind is Kind.URL:
        return directory.judge_link(each.value)
    if each.kind in (Kind.PHONE, Kind.HOTLINE):
        return directory.judge_number(each.value)
    if each.kind is Kind.LINE_ID:
        return directory.judge_line(each.value)
    return ""


def features_of(evidence: Evidence, signs: Mapping[str, Sign]) -> dict[str, float]:
    """The evidence as named numbers, words already damped; names are those of the scorecard's lines."""
    features = _word_features(evidence, signs)
    if evidence.damping < 1:
        features = {name: value * evidence.damping for name, value in features.items()}
    features |= _identifier_features(evidence.found)
    for hit in evidence.counters:
        name = f"counter_{signs[hit.sign].weight.value}"
        features[name] = min(2.0, features.get(name, 0.0) + 1.0) * (0.4 if evidence.in_need else 1.0)
    if evidence.denied:
        features["negated"] = float(min(2, len(evidence.denied)))
    features |= _telling_features(evidence)
    return features


def _word_features(evidence: Evidence, signs: Mapping[str, Sign]) -> dict[str, float]:
    features: dict[str, float] = {}
    scam = max((match.score for match in evidence.matches if not match.told), default=0.0)
    told = max((match.score for match in evidence.matches if match.told), default=0.0)
    features["match"] = max(0.0, scam - 0.08)
    features["match_told"] = max(0.0, told - 0.08)
    for hit in evidence.hits:
        sign = signs[hit.sign]
        name = f"{sign.family.value}_{sign.weight.value}"
        # The second of a kind adds half, the third a quarter: three ways to press are not three proofs.
        features[name] = features.get(name, 0.0) + 0.5 ** features.get(name + "#", 0.0)
        features[name + "#"] = features.get(name + "#", 0.0) + 1
        features["sign:" + hit.sign] = 1.0
    if evidence.topics:
        features["topic"] = min(2.0, float(len(evidence.topics)))
        asked = any(
            signs[hit.sign].family in (Family.ASKS, Family.PAYS, Family.PRESSES) and signs[hit.sign].weight is not Weight.WEAK
            for hit in evidence.hits
        )
        features["topic_ask"] = 1.0 if asked else 0.0
    if evidence.entry_topics:
        features["entry_topic"] = min(2.0, 0.5 + 0.5 * len(evidence.entry_topics))
    return {name: value for name, value in features.items() if value and not name.endswith("#")}


_FINDINGS = {
    "lookalike": "lookalike",
    "shortener": "shortener",
    "odd_ending": "odd_ending",
    "raw_ip": "raw_address",
    "punycode": "raw_address",
    "unknown": "unknown_link",
    "shared_host": "shared_host",
}


def _identifier_features(found: Sequence[Found]) -> dict[str, float]:
    features: dict[str, float] = {}
    links = [each for each in found if each.identifier.kind is Kind.URL]
    for each in links:
        name = _FINDINGS.get(each.finding.split(":", 1)[0])
        if name:
            features[name] = 1.0
    if links and all(each.finding.startswith("official") for each in links):
        features["official_link"] = 1.0
    for each in found:
        kind, official = each.identifier.kind, each.finding.startswith("official")
        if kind is Kind.LINE_ID and not official:
            features["line_id"] = 1.0
        elif kind in (Kind.ACCOUNT, Kind.PROMPTPAY):
            features["account"] = 1.0
        elif kind is Kind.WALLET:
            features["wallet"] = 1.0
        elif kind is Kind.PHONE and each.identifier.value.startswith("+"):
            features["foreign_phone"] = 1.0
        elif kind in (Kind.PHONE, Kind.HOTLINE) and official:
            features["official_number"] = 1.0
        elif kind is Kind.AMOUNT:
            features["amount"] = 1.0
        elif kind is Kind.CODE:
            features["code"] = 1.0
        elif kind is Kind.PHONE:
            features["phone"] = 1.0
    return features


def _telling_features(evidence: Evidence) -> dict[str, float]:
    features: dict[str, float] = {}
    plain = evidence.text.readable
    if _THIRD.search(plain):
        features["third_person"] = 1.0
    if _ASKING.search(plain[-200:]):
        features["question"] = 1.0
    if evidence.in_need:
        features["paid"] = 1.0
    if _WARNING.search(plain):
        features["warns"] = 1.0
    if _disguised(evidence.text):
        features["disguise"] = 1.0
    letters = len(evidence.text.skeleton)
    if letters < 40:
        features["short"] = (40 - letters) / 40
    if letters > 300:
        features["long"] = min(1.0, (letters - 300) / 600)
    return features


_INVISIBLE = re.compile(r"[\u200b-\u200f\u00ad\u2060\ufeff]")
_SPACED_OUT = re.compile(r"(?:(?<!\S)[ก-ฮa-z][\u0e31-\u0e4e]*[ ._-]){5,}", re.IGNORECASE)
_COSTUMED = re.compile(r"[\U0001d400-\U0001d7ff\uff21-\uff5a\u0410-\u044f]")


def _disguised(text: Cleaned) -> bool:
    original = text.original[: cleaning.HEAD]
    return bool(_SPACED_OUT.search(text.readable) or _COSTUMED.search(original)) or (
        len(_INVISIBLE.findall(original[:2000])) >= 2
    )
