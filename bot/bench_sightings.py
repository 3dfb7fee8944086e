"""How fast and how surely a message is known again among many sightings, in the database and through the store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.bench_material import Maker, Phrase
from bot.store import SqlStore, forms
from content import fingerprints
from content.fingerprints import BANDS, HASHES, ROWS, Fingerprint, Fingerprinter
from handlers.messages import Address, Platform

ASKER = Address(Platform.WEB, "benchmark", "benchmark")


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Known:
    """One size: milliseconds of a look-up through the store; shares of copies found and of strangers joined."""

    sightings: int
    p50: float
    p99: float
    recall: float
    false_joins: float
    looked_up: int
    megabytes: float
    seconds_to_build: float


class Pool:
    """Messages in three parts: some make up the crowd, some are known and come back changed, some are strangers."""

    def __init__(self, maker: Maker, phrases: Sequence[Phrase], fingerprinter: Fingerprinter, number: int) -> None:
        usable = [phrase for phrase in phrases if fingerprinter.of(phrase.text) is not None]
        # Two wordings of one entry may rightly be taken for one message: strangers come from entries of their own.
        apart = set(sorted({phrase.entry for phrase in usable})[::3])
        self.strangers = [phrase for phrase in usable if phrase.entry in apart]
        inside = [phrase for phrase in usable if phrase.entry not in apart]
        self.crowd, self.known = inside[0::2], inside[1::2][:number]
        self.copies = [maker.copy(phrase, index) for index, phrase in enumerate(self.known)]
        self._fingerprinter = fingerprinter

    def signatures(self, number: int, seed: int) -> npt.NDArray[np.uint8]:
        """Signatures of a crowd: each message half of one phrase, half of another, and a few letters of its own.

        They share a third of their runs with either parent: closer to each other than honest messages are.
        """
        chance = np.random.default_rng(seed)
        runs = [fingerprints.runs_of(fingerprints.letters_of(phrase.text)) for phrase in self.crowd]
        hashed = [self._fingerprinter.hashed(each) for each in runs]
        halves = [part for each in hashed for part in (each[0::2], each[1::2])]
        chosen = chance.integers(0, len(halves), size=(number, 2))
        own = chance.integers(0, 2**63, size=(number, 6), dtype=np.uint64)
        made = np.empty((number, HASHES), dtype=np.uint8)
        for row in range(number):
            whole = np.concatenate((halves[chosen[row, 0]], halves[chosen[row, 1]], own[row]))
            made[row] = self._fingerprinter.least_bytes(whole)
        return made


def fill(path: Path, signatures: npt.NDArray[np.uint8]) -> None:
    """Put a crowd into an empty database, in the order of its keys: as fast as SQLite goes."""
    now = forms.stamp(datetime.now(UTC))
    number = len(signatures)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("pragma synchronous = off")
    raw.execute("pragma cache_size = -200000")
    raw.execute("begin")
    sql = "insert into sightings (id, signature, level, people, first_seen, last_seen) values (?, ?, 'not_known', 3, ?, ?)"
    raw.executemany(sql, ((row + 1, signatures[row].tobytes(), now, now) for row in range(number)))
    keys = np.ascontiguousarray(signatures).view(">u4").astype(np.int64)
    for band in range(BANDS):
        order = np.argsort(keys[:, band], kind="stable")
        rows = zip((keys[order, band] + (band << 32)).tolist(), (order + 1).tolist(), strict=True)
        raw.executemany("insert into sighting_bands (band, sighting) values (?, ?)", rows)
    raw.execute("commit")
    raw.execute("pragma wal_checkpoint(truncate)")
    raw.close()


async def measure(folder: Path, maker: Maker, phrases: Sequence[Phrase], size: int, lookups: int) -> Known:
    """Look up changed copies and strangers among `size` sightings; each look-up once before the clock runs."""
    path = folder / f"sightings-{size}.db"
    url = f"sqlite:///{path}"
    store = SqlStore.open(url, ["benchmark"], _Clock())
    pool = Pool(maker, phrases, store.fingerprinter, lookups)
    store.close()
    began = time.perf_counter()
    known = [_of(phrase.text, store.fingerprinter) for phrase in pool.known]
    raw = np.frombuffer(bytes.fromhex("".join(each.signature for each in known)), dtype=np.uint8)
    crowd = pool.signatures(size - len(known), seed=size)
    fill(path, np.concatenate((raw.reshape(-1, BANDS * ROWS), crowd)))
    seconds = time.perf_counter() - began
    store = SqlStore.open(url, ["benchmark"], _Clock())
    found, took = await _look(store, [store.fingerprinter.of(text) for text in pool.copies])
    joined, more = await _look(store, [store.fingerprinter.of(phrase.text) for phrase in pool.strangers])
    store.close()
    p50, p99 = np.percentile(took + more, [50, 99]).tolist()
    megabytes = path.stat().st_size / 1e6
    path.unlink()
    return Known(size, p50, p99, found, joined, len(took) + len(more), megabytes, seconds)


def _of(text: str, fingerprinter: Fingerprinter) -> Fingerprint:
    made = fingerprinter.of(text)
    if made is None:
        raise ValueError("the pool holds only texts long enough")
    return made


async def _look(store: SqlStore, asked: Sequence[Fingerprint | None]) -> tuple[float, list[float]]:
    """The share that was known, and the milliseconds of each look-up."""
    known, took = 0, []
    for each in asked:
        if each is None:
            continue
        await store.seen([each], ASKER)
        began = time.perf_counter()
        (found,) = await store.seen([each], ASKER)
        took.append((time.perf_counter() - began) * 1000)
        known += found is not None
    return known / max(1, len(asked)), took
