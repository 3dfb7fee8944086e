"""Ways to find the phrase that stands in a message: ours, and what one would try first."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from typing import Protocol

from rapidfuzz import fuzz, process

from bot.bench_material import Phrase
from content import cleaning, matching
from content.knowledge import Knowledge
from content.matching import PhraseIndex
from content.models import BothLines, Entry, Phrases

# What the trigram search hands on to be compared, as its manual suggests for ranking.
RERANKED = 50


class Finder(Protocol):
    """One way: made of phrases, asked with a message, answers with the entry it takes it for ("" for none)."""

    name: str

    def find(self, text: str) -> str: ...


class Ours:
    """The index of content/matching.py, from the raw message on: cleaning is part of the time."""

    name = "rutan"

    def __init__(self, index: PhraseIndex) -> None:
        self.index = index

    def find(self, text: str) -> str:
        cleaned = cleaning.clean(cleaning.read(text))
        found = self.index.rank(cleaned.codes, cleaned.skeleton)
        return found[0].entry if found else ""


class Extract:
    """`rapidfuzz.process.extract` over every phrase, with one of its scorers."""

    def __init__(self, phrases: Sequence[Phrase], scorer: str) -> None:
        self.name = f"extract({scorer})"
        self._texts = [phrase.text.lower() for phrase in phrases]
        self._entries = [phrase.entry for phrase in phrases]
        self._scorer = getattr(fuzz, scorer)

    def find(self, text: str) -> str:
        found = process.extract(text.lower(), self._texts, scorer=self._scorer, limit=5)
        return self._entries[found[0][2]] if found else ""


class Trigrams:
    """SQLite FTS5 with its trigram tokenizer, in memory; the best by BM25 are compared by `partial_ratio`."""

    name = "fts5 trigram + rerank"

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._entries = [phrase.entry for phrase in phrases]
        self._database = sqlite3.connect(":memory:")
        self._database.execute("create virtual table phrases using fts5 (text, tokenize = 'trigram')")
        rows = ((number, phrase.text.lower()) for number, phrase in enumerate(phrases))
        self._database.executemany("insert into phrases (rowid, text) values (?, ?)", rows)

    def find(self, text: str) -> str:
        lower = text.lower()
        grams = {lower[at : at + 3].replace('"', '""') for at in range(len(lower) - 2)}
        asked = " OR ".join(f'"{gram}"' for gram in sorted(grams) if "\x00" not in gram)
        if not asked:
            return ""
        query = "select rowid, text from phrases where phrases match ? order by rank limit ?"
        rows = self._database.execute(query, (asked, RERANKED)).fetchall()
        best = max(rows, key=lambda row: fuzz.partial_ratio(row[1], lower), default=None)
        return self._entries[best[0]] if best is not None else ""


def index_of(phrases: Sequence[Phrase], knowledge: Knowledge) -> PhraseIndex:
    """Our index of these phrases, as if they stood in the knowledge: built by the same code."""
    by_entry: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        by_entry.setdefault(phrase.entry, []).append(phrase)
    entries = [_with(knowledge.entries[entry], some) for entry, some in by_entry.items()]
    return matching.build(entries)


def _with(entry: Entry, phrases: Sequence[Phrase]) -> Entry:
    lines = BothLines.model_construct(th=tuple(phrase.text for phrase in phrases), en=())
    none = BothLines.model_construct(th=(), en=())
    return entry.model_copy(update={"phrases": Phrases.model_construct(scammer=lines, victim=none)})


def megabytes_of(index: PhraseIndex) -> float:
    """What an index takes in memory."""
    arrays = sum(getattr(getattr(index, name), "nbytes", 0) for name in index.__dataclass_fields__)
    return (arrays + sum(map(sys.getsizeof, index.bones))) / 1e6
