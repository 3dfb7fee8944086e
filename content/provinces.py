"""The provinces by the names people type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from content.models import Both, Slug, Strict
from content.words import bare

# So near, and so far ahead of the next one, that a typed name can mean no other: one slip in a name of six letters.
SURE = 82.0
AHEAD = 8.0
# What is less alike is no attempt at the name.
NEAR = 55.0
MOST_NEAR = 7
# The beginning of a name, so long that it is no chance.
SHORTEST_START = 3
_WRAPPING = re.compile(
    r"\A(?:อยู่ที่|อยู่)?\s*(?:จังหวัด|จ\.|จว\.)?\s*|\s*\b(?:province|changwat)\b\s*|(?:\s*(?:ค่ะ|ค่า|คะ|ครับ|คับ|จ้า|นะ))+\Z",
    re.IGNORECASE,
)


class Province(Strict):
    """A province, and what else people call it."""

    id: Slug
    name: Both
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """What a typed name may mean: the one province it must be, or those it may be, nearest first."""

    sure: Province | None = None
    near: tuple[Province, ...] = ()


def match(typed: str, provinces: Mapping[str, Province]) -> Match:
    """The provinces that a typed name is near to; nothing for what is no such name. Never raises."""
    said = bare(_WRAPPING.sub(" ", typed.strip()[:60]))
    if not said:
        return Match()
    names = {
        bare(name): each for each in provinces.values() for name in (each.id, each.name.th, each.name.en, *each.also)
    }
    if said in names:
        return Match(names[said])
    if len(said) >= SHORTEST_START:
        begun = tuple({each.id: each for name, each in names.items() if name.startswith(said)}.values())
        if begun:
            return Match(begun[0]) if len(begun) == 1 else Match(None, begun[:MOST_NEAR])
    return _nearest(said, names)


def _nearest(said: str, names: Mapping[str, Province]) -> Match:
    from rapidfuzz import fuzz, process

    best: dict[str, tuple[float, Province]] = {}
    for name, score, _ in process.extract(said, list(names), scorer=fuzz.ratio, score_cutoff=NEAR, limit=12):
        province = names[name]
        if province.id not in best:
            best[province.id] = (score, province)
    ranked = sorted(best.values(), key=lambda pair: -pair[0])[:MOST_NEAR]
    if not ranked:
        return Match()
    lead = ranked[0][0] - (ranked[1][0] if len(ranked) > 1 else 0.0)
    if ranked[0][0] >= SURE and lead >= AHEAD:
        return Match(ranked[0][1])
    return Match(None, tuple(province for _, province in ranked))
