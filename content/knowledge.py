"""Everything we know, frozen, with the name of exactly this knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from content.directory import Directory
from content.drills import Drill
from content.lanes import Emergency
from content.learnt import Learnt
from content.matching import PhraseIndex
from content.models import Both, Entry, Hotline, Organisation, ScamType, Sign
from content.provinces import Province
from content.scorecard import Scorecard
from content.signs import SignIndex
from content.takedown import NO_TAKEDOWN, Takedown
from content.words import Words


@dataclass(frozen=True)
class Knowledge:
    """The curated content and what is made of it at loading. `version` names the content files' exact words."""

    version: str
    entries: Mapping[str, Entry]
    signs: Mapping[str, Sign]
    organisations: Mapping[str, Organisation]
    hotlines: Mapping[str, Hotline]
    phrases: Mapping[str, Both]
    words: Words
    provinces: Mapping[str, Province]
    emergency: Emergency  # what to do when it has already happened
    drills: Mapping[str, Drill]  # invented messages to practise with
    tells: Mapping[str, Both]  # what is said about matches and identifiers
    scorecard: Scorecard
    directory: Directory
    wordings: SignIndex  # of all signs, and of the entries' topic words
    index: PhraseIndex
    learnt: Learnt | None
    entries_with_sign: Mapping[str, tuple[str, ...]]
    entries_of_type: Mapping[ScamType, tuple[str, ...]]
    takedown: Takedown = NO_TAKEDOWN  # who can take a scam down
